"""Rows of the points of a set: positions, weights and times as they were read, to the last bit."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import SourceFailed
from heatlas.core.points import Points
from heatlas.library.file.digests import points_part
from heatlas.library.file.number_columns import Reader, decimals_bytes
from heatlas.library.file.packing import pack, unpack
from heatlas.library.file.sound_blobs import paired_with_digests
from heatlas.library.file.sound_rows import damaged, has_digests

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from heatlas.library.points.stored_points import StoredPoints

__all__ = ["concatenated", "points_digest", "read_points", "write_rows"]

_CHUNK = 1 << 16
_LEVEL = 6
_WORLD = 180.0


def points_digest(points: Points, weight: str | None) -> bytes:
    """Digest of positions, weights and times, 16 bytes."""
    digest = hashlib.blake2b(f"{weight!r}".encode(), digest_size=16)
    for column in (points.lon, points.lat, points.weight, points.time):
        if column is not None:
            digest.update(np.ascontiguousarray(column).data)
    return digest.digest()


def write_rows(connection: sqlite3.Connection, number: int, points: Points) -> None:
    """Write the points of a set."""
    for chunk, first in enumerate(range(0, len(points), _CHUNK)):
        columns = [column for column in (points.lon, points.lat, points.weight, points.time) if column is not None]
        part = [np.ascontiguousarray(column[first : first + _CHUNK]) for column in columns]
        data = pack(b"".join(map(decimals_bytes, part)), _LEVEL)
        connection.execute("INSERT INTO points VALUES (?, ?, ?, ?)", (number, chunk, len(part[0]), data))


def read_points(connection: sqlite3.Connection, stored: StoredPoints) -> Iterator[Points]:
    """Read the points of a set, in their order and exact to the last bit.

    Raises
    ------
    SourceFailed
        When they are damaged.
    """
    left = stored.points
    for key, data in _rows_of(connection, stored):
        count = key & ((1 << 20) - 1)
        reader = Reader(unpack(data))
        if not 0 < count <= min(_CHUNK, left):
            raise SourceFailed(f"the library is damaged: the points of {stored.name} are not as many as were kept")
        lon, lat = reader.decimals(count), reader.decimals(count)
        weight = None if stored.weight is None else reader.decimals(count)
        if not ((np.abs(lon) <= _WORLD).all() and (np.abs(lat) <= _WORLD / 2).all()):
            raise SourceFailed(f"the library is damaged: points of {stored.name} lie off the globe")
        left -= count
        yield Points(lon=lon, lat=lat, weight=weight, time=None if stored.time is None else reader.decimals(count))
    if left:
        raise SourceFailed(f"the library is damaged: {left:,} points of {stored.name} are missing")


def _rows_of(connection: sqlite3.Connection, stored: StoredPoints) -> Iterator[tuple[int, bytes]]:
    """Rows of a set's points: chunk << 20 | count, and blob."""
    rows = connection.execute(
        "SELECT chunk << 20 | count, data FROM points WHERE point_set = ? ORDER BY chunk", (stored.number,)
    )
    if not has_digests(connection):
        yield from rows.fetchall()
        return
    for key, data, sound in paired_with_digests(connection, points_part(stored.number), rows):
        if not sound or data is None:
            raise damaged(connection, f"points of {stored.name} are not what was read")
        yield key, data


def concatenated(chunks: list[Points]) -> Points:
    """Points of all chunks."""
    weights = [chunk.weight for chunk in chunks if chunk.weight is not None]
    times = [chunk.time for chunk in chunks if chunk.time is not None]
    return Points(
        lon=np.concatenate([chunk.lon for chunk in chunks]),
        lat=np.concatenate([chunk.lat for chunk in chunks]),
        weight=np.concatenate(weights) if weights else None,
        time=np.concatenate(times) if times else None,
    )
