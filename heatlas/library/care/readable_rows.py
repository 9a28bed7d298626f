"""Small rows that can still be read where pages of a table are damaged or missing, as at a truncated file's end."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple

from heatlas.library.file.digests import SMALL, digest_of, text_of
from heatlas.library.file.sound_rows import chosen_columns, from_copy, is_corrupt

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Readable", "readable_rows"]


class Readable(NamedTuple):
    """Rows of a table that can be read; how many others there are, nobody can tell."""

    rows: dict[Any, tuple[Any, ...]]
    """Key -> row. A row whose digest cannot be read is taken as it is."""
    healed: int
    """Rows that came from their copies."""
    lost: int
    """Rows that are damaged, as are their copies."""


def readable_rows(connection: sqlite3.Connection, table: str) -> Readable:
    """Read the rows of a table from both of its ends, up to the damage, and those of which copies can be read."""
    part, columns = SMALL[table]
    names, key = chosen_columns(connection, table), columns[0]
    there = {row[0]: row for row in _from_both_ends(connection, f"SELECT {names} FROM {table} NOT INDEXED", key)}  # noqa: S608
    known = _from_both_ends(connection, f"SELECT key, digest, copy FROM digests WHERE part = {part}", "key")  # noqa: S608
    rows, healed, lost = dict(there), 0, 0
    for number, digest, copy in known:
        row = there.get(number)
        if row is not None and digest_of(part, number, text_of(table, row)) == digest:
            continue
        if (again := from_copy(table, digest, copy)) is not None:
            rows[again[0]] = again
            healed += 1
        elif row is not None and text_of(table, row) != copy:
            del rows[number]
            lost += 1
    return Readable(rows, healed, lost)


def _from_both_ends(connection: sqlite3.Connection, query: str, key: str) -> Iterator[tuple[Any, ...]]:
    seen = set()
    for order in ("", " DESC"):
        try:
            for row in connection.execute(f"{query} ORDER BY {key}{order}"):
                if row[0] in seen:
                    return
                seen.add(row[0])
                yield row
        except sqlite3.Error as error:
            if not (is_corrupt(error) or isinstance(error, sqlite3.OperationalError)):
                raise
        else:
            return
