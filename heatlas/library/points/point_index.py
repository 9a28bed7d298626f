"""Index a point set: store its cells at some levels, from which other levels are added up.

The finest level is stored, and each coarser one that has markedly fewer cells than the last stored one. If points
lie far apart, many levels have equally many cells, and storing each would gain nothing. A level that is not stored is
added up from the next finer stored one, 2 x 2 at a time, when it is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import SourceFailed
from heatlas.library.file.digests import point_cells_part
from heatlas.library.file.number_columns import Reader, decimals_bytes, whole_bytes
from heatlas.library.file.packing import pack, unpack
from heatlas.library.file.sound_blobs import paired_with_digests
from heatlas.library.file.sound_rows import damaged, has_digests
from heatlas.library.points.point_cells import FINEST, PIXELS, Cells, coarser, joined, morton

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

__all__ = ["kept_levels", "read_level", "read_tile", "write_index"]

_SHARE = 2 / 3
"""Greatest ratio of cells to those of the last stored level at which a coarser level is stored."""
_BLOCK = 4096
"""Cells of a row."""
_COUNTED, _WEIGHED = 1, 2
_LEVEL = 6


def kept_levels(cells: Cells) -> dict[int, Cells]:
    """Levels of a point set to store -> their cells, computed from the cells of its finest level."""
    kept = {FINEST: cells}
    last = len(cells)
    for level in range(FINEST - 1, -1, -1):
        cells = coarser(cells)
        if len(cells) <= _SHARE * last:
            kept[level], last = cells, len(cells)
    return kept


def write_index(connection: sqlite3.Connection, point_set: int, cells: Cells) -> None:
    """Store the levels of a point set, computed from the cells of its finest level."""
    for level, at_level in kept_levels(cells).items():
        connection.executemany(
            "INSERT INTO point_cells VALUES (?, ?, ?, ?)",
            (
                (point_set, level, int(at_level.code[first]), _bytes(at_level.part(first, first + _BLOCK)))
                for first in range(0, len(at_level), _BLOCK)
            ),
        )


def _bytes(cells: Cells) -> bytes:
    """Bytes of cells: counts only if any is above 1, extremes only of cells with several points."""
    several = cells.count > 1
    flags = _COUNTED * bool(several.any()) | _WEIGHED * (cells.total is not None)
    parts = [len(cells).to_bytes(4, "little"), bytes([flags]), whole_bytes(cells.code)]
    if flags & _COUNTED:
        parts.append(whole_bytes(cells.count))
    if cells.total is not None and cells.least is not None and cells.greatest is not None:
        parts.append(decimals_bytes(cells.total))
        if flags & _COUNTED:
            parts += [decimals_bytes(cells.least[several]), decimals_bytes(cells.greatest[several])]
    return pack(b"".join(parts), _LEVEL)


def _cells(data: bytes) -> Cells:
    whole = unpack(data)
    size, reader = int.from_bytes(whole[:4].tobytes(), "little"), Reader(whole[4:])
    if size > _BLOCK:
        raise SourceFailed("the library is damaged: cells of points are none")
    flags = reader.byte()
    code = reader.whole(size)
    count = reader.whole(size) if flags & _COUNTED else np.ones(size, np.int64)
    if not size or code[0] < 0 or (np.diff(code) <= 0).any() or (count < 1).any():
        raise SourceFailed("the library is damaged: cells of points are out of order")
    if not flags & _WEIGHED:
        return Cells(code, count)
    total = reader.decimals(size)
    least, greatest = total, total
    if flags & _COUNTED:
        several = count > 1
        least, greatest = total.copy(), total.copy()
        least[several], greatest[several] = (reader.decimals(int(several.sum())) for _ in range(2))
    return Cells(code, count, total, least, greatest)


def read_tile(connection: sqlite3.Connection, point_set: int, zoom: int, x: int, y: int) -> Cells | None:
    """Pixels of a tile that hold points, with Morton numbers within the tile, below 65,536; None without any.

    Parameters
    ----------
    connection : Connection
        Connection of the library.
    point_set : int
        Number of the point set.
    zoom, x, y : int
        Tile; the zoom is at most 22.
    """
    tile = int(morton(np.array(x), np.array(y)))
    found = _read(connection, point_set, zoom + PIXELS, tile << 2 * PIXELS, (tile + 1) << 2 * PIXELS)
    if found is None:
        return None
    return Cells(found.code & ((1 << 2 * PIXELS) - 1), found.count, found.total, found.least, found.greatest)


def read_level(connection: sqlite3.Connection, point_set: int, level: int) -> Cells | None:
    """All cells of a level; None without any."""
    return _read(connection, point_set, level, 0, 1 << 2 * level)


def _sound(
    connection: sqlite3.Connection, point_set: int, level: int, rows: list[tuple[int, bytes]], end: int
) -> Iterator[bytes]:
    """Blobs of some rows of a level, which hold all cells before `end`, if they are what was written."""
    if has_digests(connection):
        part = point_cells_part(point_set, level)
        begin = rows[0][0] if rows else 0
        known = paired_with_digests(connection, part, iter(rows), (begin, end - 1))
        if not all(sound for _, _, sound in known):
            raise damaged(connection, "the index of a point set is not what was written")
    yield from (data for _, data in rows)


def _read(connection: sqlite3.Connection, point_set: int, level: int, first: int, end: int) -> Cells | None:
    """Cells of a level with Morton numbers from `first` to before `end`; None without any."""
    (kept,) = connection.execute(
        "SELECT min(level) FROM point_cells WHERE point_set = ? AND level >= ?", (point_set, level)
    ).fetchone()
    if has_digests(connection):
        least, most = point_cells_part(point_set, level), point_cells_part(point_set, FINEST)
        known = connection.execute("SELECT min(part) FROM digests WHERE part BETWEEN ? AND ?", (least, most)).fetchone()
        if known[0] != (None if kept is None else point_cells_part(point_set, kept)):
            raise damaged(connection, "the index of a point set is not what was written")
    if kept is None:
        return None
    deeper = kept - level
    first, end = first << 2 * deeper, end << 2 * deeper
    rows = connection.execute(
        "SELECT first, data FROM point_cells WHERE point_set = ?1 AND level = ?2 AND first < ?4 AND first >= coalesce("
        "(SELECT max(first) FROM point_cells WHERE point_set = ?1 AND level = ?2 AND first <= ?3), ?3) ORDER BY first",
        (point_set, kept, first, end),
    )
    parts = []
    for data in _sound(connection, point_set, kept, rows.fetchall(), end):
        cells = _cells(data)
        low, high = np.searchsorted(cells.code, (first, end))
        if low < high:
            parts.append(cells.part(low, high))
    return coarser(joined(parts), deeper) if parts else None
