"""Whose the activities of a library are: what is known of files that are read again, and what their owner says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from heatlas.core.batch import Batch

__all__ = ["people_of", "with_person"]


def people_of(connection: sqlite3.Connection, files: Collection[int]) -> dict[int, set[str]]:
    """Persons of the activities of some files, by number of the file; files without activities are left out."""
    found: dict[int, set[str]] = {}
    query = "SELECT DISTINCT file, person FROM activities WHERE file IN (SELECT value FROM json_each(?))"
    for file, person in connection.execute(query, (json.dumps(sorted(files)),)):
        found.setdefault(file, set()).add(person)
    return found


def with_person(track: Batch, people: Collection[str]) -> Batch:
    """Track of a file that was read again: whose it was, it stays, unless its source now says another."""
    if len(people) != 1 or track.activities[0].person:
        return track
    return replace(track, activities=(replace(track.activities[0], person=next(iter(people))),))
