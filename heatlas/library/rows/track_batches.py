"""Read many tracks at once, as one batch: in a few calls of kernels, not some for each column of each track."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import COLUMNS, Batch, join
from heatlas.core.errors import SourceFailed
from heatlas.kernels.stored import are_tracks, read_doubles, read_singles
from heatlas.library.file.packing import is_marked, unpack_each
from heatlas.library.rows.tracks import ALWAYS, column_names, sound_tracks, stored_columns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity

__all__ = ["read_batch"]

_COUNT = struct.Struct("<I")
"""Number of fixes, with which positions on a grid begin (`heatlas.library.rows.grids`)."""
_TERMS = 256
"""Numbers of which a polynomial has fewer."""


def read_batch(
    connection: sqlite3.Connection,
    activities: Mapping[int, Activity],
    columns: Collection[str] = COLUMNS,
    times: bool = True,
) -> Batch | None:
    """Read the tracks of some activities, in their order: what `heatlas.core.batch.join` makes of `sound_tracks`.

    Without `times` those of all fixes are unknown (NaN), and are not read.

    Returns
    -------
    Batch or None
        Damaged tracks are said and left out; None where nothing is left.
    """
    names = [name for name in column_names(columns) if times or name != "time"]
    found = _read(connection, activities, names)
    if found is not None:
        return found
    singles = [track for _, track in sound_tracks(connection, activities, columns)]
    if not singles:
        return None
    joined = join(singles)
    return joined if times else replace(joined, time=_unknown(joined.fixes))


def _unknown(count: int) -> NDArray[np.float64]:
    """Times that nobody knows, which take no memory."""
    return np.broadcast_to(np.nan, count)


def _read(connection: sqlite3.Connection, activities: Mapping[int, Activity], names: Collection[str]) -> Batch | None:
    """Read tracks that are all sound; None where one is not, or there is none."""
    stored = stored_columns(connection, activities, names)
    tracks = [stored[number] for number in activities]
    every = [data for track in tracks for data in track.values()]
    needed = ALWAYS.keys() & set(names)
    if not tracks or None in every or not all(needed <= track.keys() for track in tracks):
        return None
    try:
        return _decoded([_Column(name, tracks) for name in names], tuple(activities.values()))
    except (SourceFailed, _Damaged):
        return None


class _Damaged(Exception):
    """A track is not what was written; which one, and why, is found by reading each by itself."""


class _Column:
    """A column of many tracks, unpacked."""

    def __init__(self, name: str, tracks: Collection[Mapping[str, bytes | None]]) -> None:
        self.name = name
        stored = [track.get(name) for track in tracks]
        self.is_there = any(data is not None for data in stored)
        parts = unpack_each(stored)
        if any(data is not None and not part for data, part in zip(stored, parts, strict=True)):
            raise _Damaged  # a track without fixes has a column of none, which is read by itself
        self.parts = parts
        self.ends = _offsets(list(map(len, parts)))
        self.marked = np.array([data is not None and is_marked(data) for data in stored])

    def counts(self) -> list[int]:
        """Number of values of each track, of positions or offsets."""
        return [_count(part, bool(marked)) for part, marked in zip(self.parts, self.marked, strict=True)]

    @property
    def data(self) -> NDArray[np.uint8]:
        return np.frombuffer(b"".join(self.parts), np.uint8)


def _count(part: bytes, marked: bool) -> int:
    if not marked:
        count, rest = divmod(len(part), 8)
        if rest:
            raise _Damaged
        return count
    if len(part) < _COUNT.size:
        raise _Damaged
    (count,) = _COUNT.unpack_from(part)
    if count > len(part):
        raise _Damaged
    return int(count)


def _offsets(counts: list[int]) -> NDArray[np.int64]:
    return np.cumsum([0, *counts])


def _decoded(columns: list[_Column], activities: tuple[Activity, ...]) -> Batch:
    """Make the batch of columns, of which those of `ALWAYS` come first."""
    named = {column.name: column for column in columns}
    counts, ends = named["u"].counts(), named["segments"].counts()
    fixes, lines = _offsets(counts), _offsets(ends)
    most = max(*counts, *ends)
    room = np.empty(most, np.uint64), np.empty(most, np.uint64), np.empty(_TERMS)
    u, v = (_doubles(named[name], fixes, room) for name in ("u", "v"))
    time = _doubles(named["time"], fixes, room) if "time" in named else _unknown(len(u))
    offsets = _doubles(named["segments"], lines, room).view(np.int64)
    if not are_tracks(u, v, fixes, offsets, lines):
        raise _Damaged
    segments = np.delete(offsets + np.repeat(fixes[:-1], ends), lines[1:-1])
    found = {
        column.name: _singles(column, fixes, (u, v), room)
        for column in columns
        if column.is_there and column.name not in {"u", "v", "time", "segments"}
    }
    return Batch(
        u=u, v=v, time=time, progress=found.pop("progress"), columns={name: found[name] for name in sorted(found)},
        segments=segments, tracks=_offsets([end - 1 for end in ends]), activities=activities,
    )  # fmt: skip


def _doubles(column: _Column, offsets: NDArray[np.int64], room: tuple[Any, ...]) -> NDArray[np.float64]:
    found = np.empty(int(offsets[-1]))
    if not read_doubles(column.data, column.ends, column.marked, offsets, room, (found, found.view(np.uint64))):
        raise _Damaged
    return found


def _singles(
    column: _Column, fixes: NDArray[np.int64], path: tuple[Any, ...], room: tuple[Any, ...]
) -> NDArray[np.float32]:
    found = np.empty(int(fixes[-1]), np.float32)
    is_progress, out = column.name == "progress", (found, found.view(np.uint32))
    if not read_singles(column.data, column.ends, column.marked, fixes, path, is_progress, room, out):
        raise _Damaged
    return found
