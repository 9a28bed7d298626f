"""Record the columns with which the whole passage index was made.

A metric that is added later is unknown for activities that were indexed before. `meta` names the columns that every
activity has, so that checking requires only these, and rebuilding the index adds the others.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from heatlas.library.columns import COLUMNS
from heatlas.library.settings import read_meta
from heatlas.library.sound_rows import damaged

if TYPE_CHECKING:
    import sqlite3

__all__ = ["covered", "is_complete", "note_columns"]

_FIRST = frozenset(range(12))
"""Columns of an index that does not name its columns."""


def covered(connection: sqlite3.Connection) -> frozenset[int]:
    """Numbers of the columns with which every activity was indexed; a newer heatlas may have written others."""
    known = read_meta(connection, "columns")
    try:
        return _FIRST if known is None else frozenset(map(int, known))
    except (TypeError, ValueError):
        raise damaged(connection, "its list of columns is none") from None


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
