"""Compare the rows of a library with their digests: all of them, or some at each import."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

from heatlas.core.context import NOBODY
from heatlas.library.file.digests import BLOBS, SMALL, blob_tables, digest_of, points_part
from heatlas.library.file.sound_blobs import paired, paired_with_digests
from heatlas.library.file.sound_rows import has_digests, how_to_repair, sort_rows
from heatlas.library.index.chunks import tile_name
from heatlas.library.rows.tracks import activity_of_key

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from heatlas.core.context import Context
    from heatlas.library.file.store import Library

__all__ = ["check_digests", "glance", "wrong_blobs"]

Row = TypeVar("Row")

_ROWS = 2000
"""Rows that an import compares: some hundredths of a second."""
_STEP = 200
"""Rows between two reports of progress."""
_POINTS = 32
"""First part of point sets."""


def check_digests(connection: sqlite3.Connection, context: Context = NOBODY) -> list[str]:
    """Find all rows that are not what was written; a sentence for each table, activity and tile.

    The context receives the rows compared so far and in all.
    """
    if not has_digests(connection):
        return []
    faults = []
    seen = _Seen(connection, context)
    for table in SMALL:
        found = sort_rows(connection, table)
        seen.add(len(found.sound))
        faults += [f"row {key} of {table} is damaged; there is a sound copy of it" for key in found.healed]
        faults += [f"row {key} of {table} is damaged, and so is its copy" for key in found.lost]
        faults += [f"the copy of row {key} of {table} is damaged; the row is sound" for key in found.uncopied]
    named: Counter[str] = Counter()
    for table in [table for table in blob_tables(connection) if BLOBS[table].part.isdigit()]:
        named.update(_name(table, key) for key in wrong_blobs(connection, table, seen.add))
    for number, wrong in _wrong_points(connection, seen.add):
        named[f"points of set {number}" if wrong else f"the index of points of set {number}"] += 1
    faults += [f"{what} {'is' if count == 1 else f'({count} rows) is'} damaged" for what, count in named.items()]
    return faults + _strangers(connection)


def _name(table: str, key: int) -> str:
    if table == "passages":
        return tile_name(key)
    if table == "tracks":
        return f"the track of activity {activity_of_key(key)}"
    return f"the {'means' if table == 'activity_means' else 'marks'} of activity {key}"


class _Seen:
    """Count of rows that were compared, reported now and then."""

    def __init__(self, connection: sqlite3.Connection, context: Context) -> None:
        (self.total,) = connection.execute("SELECT count(*) FROM digests").fetchone()
        self.done, self.told = 0, context.counting("comparing rows with their digests")
        self.told(0, self.total)

    def add(self, rows: int) -> None:
        """Report so many rows more."""
        self.done += rows
        self.told(min(self.done, self.total), self.total)


def _some(rows: Iterator[Row], seen: Callable[[int], None]) -> Iterator[Row]:
    """Pass rows on, and say how many, some at a time."""
    count = 0
    for count, row in enumerate(rows, 1):
        if count % _STEP == 0:
            seen(_STEP)
        yield row
    seen(count % _STEP)


def wrong_blobs(
    connection: sqlite3.Connection, table: str, seen: Callable[[int], None] = lambda rows: None
) -> Iterator[int]:
    """Keys of the rows of a table of `BLOBS`, but for those of points, that are damaged or missing.

    `seen` is called with numbers of rows that were compared since the last call.
    """
    key, part = BLOBS[table].key.format(""), int(BLOBS[table].part)
    rows = connection.execute(f"SELECT {key}, data FROM {table} ORDER BY {key}")  # noqa: S608 - names of this package
    pairs = _some(paired_with_digests(connection, part, rows), seen)
    yield from (number for number, _, sound in pairs if not sound)


def _wrong_points(connection: sqlite3.Connection, seen: Callable[[int], None]) -> Iterator[tuple[int, bool]]:
    """Number of a point set, and whether it is its points that are damaged, for each damaged row."""
    parts = {row[0] for row in connection.execute("SELECT part FROM digests WHERE part >= ? GROUP BY part", (_POINTS,))}
    for query in (
        "SELECT 32 * point_set + 31 FROM points GROUP BY 1",
        "SELECT 32 * point_set + level FROM point_cells GROUP BY 1",
    ):
        parts |= {row[0] for row in connection.execute(query)}
    for part in sorted(part for part in parts if isinstance(part, int)):
        number, level = divmod(part, 32)
        points = part == points_part(number)
        query = "SELECT first, data FROM point_cells WHERE point_set = ? AND level = ? ORDER BY first"
        if points:
            query = "SELECT chunk << 20 | count, data FROM points WHERE point_set = ? ORDER BY chunk"
        rows = connection.execute(query, (number,) if points else (number, level))
        pairs = _some(paired_with_digests(connection, part, rows), seen)
        yield from ((number, points) for _, _, sound in pairs if not sound)


def _strangers(connection: sqlite3.Connection) -> list[str]:
    """Faults of digests that belong to no table."""
    known = sorted([*(part for part, _ in SMALL.values()), *(int(b.part) for b in BLOBS.values() if b.part.isdigit())])
    query = f"SELECT count(*) FROM digests WHERE part < {_POINTS} AND part NOT IN ({', '.join(map(str, known))})"  # noqa: S608
    (count,) = connection.execute(query).fetchone()
    return [f"{count} digests belong to no table"] if count else []


def glance(library: Library, rows: int = _ROWS, chance: random.Random | None = None) -> list[str]:
    """Compare some rows of a library with their digests, others each time.

    An import does this, so that damage is found while there are backups from before. It also trusts the trees and
    indexes of small tables, by which files and copies are found again: these are looked at as a whole.

    Returns
    -------
    list of str
        A sentence where anything is damaged.
    """
    with library.read() as connection:
        if not has_digests(connection):
            return []
        (count,) = connection.execute("SELECT count(*) FROM digests").fetchone()
        start = (chance or random.Random()).randrange(max(count - rows, 0) + 1)  # noqa: S311 - no secret
        query = "SELECT part, key, digest, copy FROM digests ORDER BY part, key LIMIT ? OFFSET ?"
        known = connection.execute(query, (rows, start)).fetchall()
        wrong = sum(not _is_sound(connection, *each) for each in known)
        trees = [table for table in SMALL if not _is_whole(connection, table)]
    found = [f"{wrong:,} of {len(known):,} rows that were looked at are damaged"] if wrong else []
    found += [f"the table {table} is damaged where SQLite looks rows up" for table in trees]
    return [f"{what}: keep the backups that you have, and type {how_to_repair(library.path)}" for what in found]


def _is_whole(connection: sqlite3.Connection, table: str) -> bool:
    """Whether the pages of a table and of its indexes are sound, and indexes hold all its rows."""
    rows: list[tuple[str]] = connection.execute(f"PRAGMA integrity_check('{table}')").fetchall()
    return rows == [("ok",)]


def _is_sound(connection: sqlite3.Connection, part: int, key: Any, digest: bytes, copy: str | None) -> bool:
    if copy is not None:
        return digest_of(part, key, copy) == digest
    number, level = divmod(part, 32)
    values: tuple[int, ...] = (number, level, key)
    query = "SELECT first, data FROM point_cells WHERE point_set = ? AND level = ? AND first = ?"
    if part < _POINTS:
        table = next((table for table, blob in BLOBS.items() if blob.part == str(part)), None)
        if table is None:
            return False
        name = BLOBS[table].key.format("")
        query, values = f"SELECT {name}, data FROM {table} WHERE {name} = ?", (key,)  # noqa: S608
    elif part == points_part(number):
        query = "SELECT chunk << 20 | count, data FROM points WHERE point_set = ? AND chunk = ?"
        values = (number, key >> 20)
    rows = connection.execute(query, values)
    return all(sound for _, _, sound in paired(part, rows, iter([(key, digest)])))
