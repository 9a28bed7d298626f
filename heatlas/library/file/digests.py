"""Digests of all rows of a library, by which damage is found when a row is read, and copies of small rows.

Disks and copies of files fail one byte at a time, and SQLite finds only what breaks its own pages. So the table
`digests` has a row for each row of the other tables: its digest, and, of tables with few bytes, the row itself once
more. It lies in pages of its own: one damaged page leaves either the row or its digest and copy.

Triggers of the connections that write make both, so that no statement can forget them. Rows of the index are many:
whoever writes them (`write_passages`) digests them beforehand, which is quicker, and the trigger finds that done. A
damaged row is never given a new digest: changing it is refused.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from heatlas.core.context import NOBODY
from heatlas.core.hashing import blake2b

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from heatlas.core.context import Context

__all__ = [
    "BLOBS", "DIGESTED", "LATER", "SMALL", "Blobs", "blob_tables", "digest_of", "point_cells_part", "points_part",
    "row_of", "stamp", "text_of", "unwatch", "watch", "write_passages",
]  # fmt: skip

_STEP = 200
"""Rows between two reports of progress."""

DIGESTED = 8
"""Step of the schema from which a library has digests."""

SMALL: dict[str, tuple[int, tuple[str, ...]]] = {
    "meta": (0, ("name", "value")),
    "zones": (1, ("name", "lat", "lon", "radius", "rule", "person")),
    "files": (2, ("number", "name", "size", "changed", "digest", "said", "outcome")),
    "activities": (
        3,
        (
            "number", "file", "same_as", "source", "id", "sport", "name", "start", "distance", "elapsed_time",
            "moving_time", "gear", "commute", "private", "device", "extra", "fixes", "timed", "first", "last", "west",
            "east", "north", "south", "fingerprint", "told", "private_by", "utc_offset", "time_zone", "person",
        ),
    ),
    "point_sets": (
        4,
        (
            "number", "name", "source", "weight", "points", "total", "lightest", "heaviest", "west", "south", "east",
            "north", "digest", "outcome",
        ),
    ),
}  # fmt: skip
"""Table of which each row is stored once more -> number of its part, and its columns, the key first."""

LATER: dict[str, tuple[Any, ...]] = {"zones": ("",), "activities": ("",)}
"""Table -> defaults of its last columns, which came after the digests. A row's text ends before those that are their
defaults, so rows that were digested without these columns are as they were."""


class Blobs(NamedTuple):
    """SQL of a table whose rows hold a blob, `data`; {} stands for nothing, "old." or "new."."""

    part: str
    key: str


BLOBS = {
    "tracks": Blobs("5", "{}key"),
    "passages": Blobs("6", "{}key"),
    "activity_means": Blobs("7", "{}number"),
    "activity_marks": Blobs("8", "{}number"),
    "points": Blobs("32 * {}point_set + 31", "({}chunk << 20 | {}count)"),
    "point_cells": Blobs("32 * {}point_set + {}level", "{}first"),
}
"""Tables of which only digests are stored."""


def blob_tables(connection: sqlite3.Connection) -> list[str]:
    """Tables of `BLOBS` that a library has: an older one lacks those that came later."""
    there = {name for (name,) in connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")}
    return [table for table in BLOBS if table in there]


def points_part(number: int) -> int:
    """Part of the rows of a set's points; the key is chunk << 20 | count."""
    return 32 * number + 31


def point_cells_part(number: int, level: int) -> int:
    """Part of the rows of a level of a set's cells; the key is their first cell."""
    return 32 * number + level


_WRITER = json.JSONEncoder(default=lambda data: {"blob": bytes(data).hex()})
"""Made once: `json.dumps` makes one for each row."""


def text_of(table: str, row: Iterable[Any]) -> str:
    """Row as JSON text, exact to the last bit; blobs are written as {"blob": hex digits}."""
    values, defaults = list(row), LATER.get(table, ())
    first = len(SMALL[table][1]) - len(defaults)
    while len(values) > first and values[-1] == defaults[len(values) - 1 - first]:
        values.pop()
    return _WRITER.encode(values)


def row_of(table: str, text: str) -> tuple[Any, ...]:
    """Undo `text_of`.

    Raises
    ------
    ValueError
        When the text is damaged.
    """
    row = json.loads(text)
    if not isinstance(row, list) or not row:
        raise ValueError("no row")
    missing = len(SMALL[table][1]) - len(row)
    defaults = LATER.get(table, ())
    if missing > 0:
        row += defaults[max(len(defaults) - missing, 0) :]
    return tuple(bytes.fromhex(value["blob"]) if isinstance(value, dict) else value for value in row)


def digest_of(part: int, key: Any, content: str | bytes) -> bytes:
    """Digest of a row, 8 bytes: of its part, its key, and its text (`text_of`) or its blob."""
    digest = blake2b(f"{part} {key} ".encode("utf-8", "replace"), digest_size=8)
    if not isinstance(content, bytes):  # a damaged row may hold a number for a blob
        content = str(content).encode("utf-8", "replace")
    digest.update(content)
    return digest.digest()


def watch(connection: sqlite3.Connection) -> None:
    """See to it that whatever a connection writes gets its digests; inside a transaction that writes."""
    connection.create_function("heatlas_text", -1, lambda table, *row: text_of(table, row), deterministic=True)
    connection.create_function("heatlas_digest", 3, digest_of, deterministic=True)
    if connection.execute("SELECT 1 FROM sqlite_temp_schema LIMIT 1").fetchone() is None:
        for statement in _triggers(connection):
            connection.execute(statement)


def unwatch(connection: sqlite3.Connection) -> None:
    """Drop the triggers, which know the columns that there were; `watch` makes them anew."""
    for (name,) in connection.execute("SELECT name FROM sqlite_temp_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER temp.{name}")


def stamp(connection: sqlite3.Connection, context: Context = NOBODY) -> None:
    """Make the digests of all rows that are there, of a library that had none.

    The context receives the rows done so far and in all.
    """
    watch(connection)
    tables = (*SMALL, *blob_tables(connection))
    total = sum(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)  # noqa: S608 - its own
    told, done = context.counting("making digests of all rows"), itertools.count(1)

    def counted(part: int, key: Any, content: str | bytes) -> bytes:
        if (count := next(done)) % _STEP == 0:
            told(count, total)
        return digest_of(part, key, content)

    told(0, total)
    connection.create_function("heatlas_digest", 3, counted, deterministic=True)
    try:
        connection.execute("DELETE FROM digests")
        for table in tables:
            connection.execute(f"INSERT INTO digests {_entry(connection, table, '')} FROM {table}")
    finally:
        connection.create_function("heatlas_digest", 3, digest_of, deterministic=True)
    told(total, total)


def write_passages(connection: sqlite3.Connection, rows: Sequence[tuple[int, bytes]]) -> None:
    """Insert rows of the index, by key and blob, with their digests."""
    part = int(BLOBS["passages"].part)
    digests = [(part, key, digest_of(part, key, data)) for key, data in rows]
    connection.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?, ?, NULL)", digests)
    connection.executemany("INSERT INTO passages VALUES (?, ?)", rows)


def _entry(connection: sqlite3.Connection, table: str, row: str) -> str:
    """SELECT of the row of `digests` for a row of a table: `row` is "new.", "old." or empty."""
    part, key, content, copy = _parts(connection, table, row)
    return f"SELECT {part}, {key}, heatlas_digest({part}, {key}, {content}), {copy}"


def _parts(connection: sqlite3.Connection, table: str, row: str) -> tuple[str, str, str, str]:
    """SQL of part, key, what is digested, and the copy, of a row of a table."""
    if table in SMALL:
        part, columns = SMALL[table]
        there = {found[1] for found in connection.execute(f"PRAGMA main.table_info({table})")}
        text = f"heatlas_text('{table}', {', '.join(row + column for column in columns if column in there)})"
        return str(part), row + columns[0], text, text
    part_sql, key = (text.replace("{}", row) for text in BLOBS[table])
    return part_sql, key, f"{row}data", "NULL"


def _triggers(connection: sqlite3.Connection) -> Iterator[str]:
    for table in (*SMALL, *blob_tables(connection)):
        part, key, content, _ = _parts(connection, table, "old.")
        # Without the + the key would be compared as the type of its column, for which no index serves.
        mine = f"FROM digests WHERE part = +{part} AND key = +{key}"
        delete, insert = f"DELETE {mine};", f"INSERT OR REPLACE INTO digests {_entry(connection, table, 'new.')};"
        on = f"ON main.{table} BEGIN"
        digested = ""
        if table == "passages":  # which nobody replaces: that would leave the digest of the old row
            digested = f"WHEN NOT EXISTS (SELECT 1 {mine.replace('old.', 'new.')}) "
        yield f"CREATE TEMP TRIGGER heatlas_insert_{table} AFTER INSERT ON main.{table} {digested}BEGIN {insert} END"
        yield f"CREATE TEMP TRIGGER heatlas_delete_{table} AFTER DELETE {on} {delete} END"
        yield f"CREATE TEMP TRIGGER heatlas_update_{table} AFTER UPDATE {on} {delete} {insert} END"
        yield (
            f"CREATE TEMP TRIGGER heatlas_refuse_{table} BEFORE UPDATE {on} "
            f"SELECT RAISE(ABORT, 'a row of {table} is damaged') "
            f"WHERE NOT EXISTS (SELECT 1 {mine} AND digest = heatlas_digest({part}, {key}, {content})); END"
        )
