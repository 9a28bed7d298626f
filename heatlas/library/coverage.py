"""Record the columns with which the whole passage index was made.

A metric that is added later is unknown for activities that were indexed before. `meta` names the columns that every
activity has, so that checking requires only these, and rebuilding the index adds the others.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from heatlas.library.columns import COLUMNS

if TYPE_CHECKING:
    import sqlite3

__all__ = ["covered", "is_complete", "note_columns"]

_FIRST = frozenset(range(12))
"""Columns of an index that does not name its columns."""


def covered(connection: sqlite3.Connection) -> frozenset[int]:
    """Numbers of the columns with which every activity was indexed; a newer heatlas may have written others."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'columns'").fetchone()
    return _FIRST if row is None else frozenset(json.loads(row[0]))


def is_complete(connection: sqlite3.Connection) -> bool:
    """Whether every activity was indexed with all columns of this version."""
    return covered(connection) >= set(COLUMNS.values())


def note_columns(connection: sqlite3.Connection) -> None:
    """Store which columns every activity will have, before activities are added to the index."""
    before, ours = covered(connection), frozenset(COLUMNS.values())
    empty = connection.execute("SELECT 1 FROM passages LIMIT 1").fetchone() is None
    after = ours if empty else before & ours
    if after != before:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('columns', ?)", (json.dumps(sorted(after)),))
