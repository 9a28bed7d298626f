"""Write passages of activities to the index as chunks of tiles."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from heatlas.core.resources import give_back
from heatlas.core.workspace import Workspace
from heatlas.library.file.digests import write_passages
from heatlas.library.file.keys import key, pixel_keys
from heatlas.library.index.chunks import chunks_of, merge
from heatlas.library.index.encoding import EncodedTiles
from heatlas.library.index.gathering import GatheredTiles
from heatlas.library.index.joining import join_tiles
from heatlas.library.rows.passages import PreparedTracks

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from heatlas.library.index.chunks import Tile
    from heatlas.library.index.joining import JoinedTiles
    from heatlas.library.rows.passages import PreparedTrack

    _Rows = tuple[list[Tile], list[tuple[int, int, bytes]]]

__all__ = ["append", "tiles_of"]

_FIXES, _LONG = 1 << 17, 1 << 20
"""Fixes, and pixels of the finest zoom, from which tracks are prepared and traced apart from the next ones: with their
metrics they take half a kilobyte a fix, and as encoded bytes some 40 a pixel."""
_FEW, _PIXELS = 8, 1 << 17
"""Tracks, and pixels that they are long, from which they are traced at once: a hundred bytes a pixel."""
_AHEAD = 2
"""Results that may wait until they are used: those of all zooms take much more memory than the tracks."""
_GROWTH = 5, 10
"""Chunks of a tile are merged where the one that is made is this many times as large as the largest of them: for each
tile another whole number from the first to below the second, or all tiles of a town would be merged in the same group
of an import."""
_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


def append(
    connection: sqlite3.Connection,
    tracks: Iterable[tuple[int, PreparedTrack]],
    zooms: Iterable[int],
    workers: int = 1,
    only: Collection[Tile] | None = None,
    columns: Callable[[int], Collection[str] | None] = lambda zoom: None,
) -> None:
    """Add activities to the index: a chunk for each tile that they touch, and more where they are very many.

    Parameters
    ----------
    connection : Connection
        Inside a transaction.
    tracks : iterable of (int, PreparedTrack)
        Number of each activity, ascending, and its track, from which private parts were cut. Few are held at a time.
    zooms : iterable of int
        Zooms to trace.
    workers : int
        Threads that trace and compress; the bytes written are the same for any number.
    only : collection of Tile, optional
        Tiles to write; by default all that the tracks touch.
    columns : callable
        Returns the columns to write beside the pixels of a zoom; None, as by default: all.
    """
    # The finest zooms take longest. They come first, so that the threads end at about the same time.
    zooms = sorted(zooms, reverse=True)
    lines, spaces = Workspace(), deque(Workspace() for _ in range(workers))
    with GatheredTiles(zooms) as gathered, ThreadPoolExecutor(workers) as pool:
        ahead = _Ahead(pool, workers + _AHEAD)
        for k, some in enumerate(_in_groups(tracks, zooms[0] if zooms else 0)):
            if k:
                give_back()  # each thread keeps a heap of its own
            for zoom, part in ahead.map(partial(_encode, spaces), _jobs(some, zooms, columns, lines)):
                if part is not None:
                    gathered.add(zoom, part)
            if gathered.is_full:
                some.clear()
                _write(connection, gathered, ahead, only)
        _write(connection, gathered, ahead, only)


class _Ahead:
    """Results of threads in the order of the jobs, of which few are begun before the results are used."""

    def __init__(self, pool: ThreadPoolExecutor, most: int) -> None:
        self._pool, self._most = pool, most

    def map(self, work: Callable[[_Job], _Result], jobs: Iterable[_Job]) -> Iterator[_Result]:
        """Yield what `work` makes of each job."""
        waiting: deque[Future[_Result]] = deque()
        for job in jobs:
            waiting.append(self._pool.submit(work, job))
            if len(waiting) > self._most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _in_groups(tracks: Iterable[tuple[int, PreparedTrack]], finest: int) -> Iterator[dict[int, PreparedTrack]]:
    """Tracks that are held at once: one file may hold tens of thousands."""
    group: dict[int, PreparedTrack] = {}
    fixes, pixels = 0, 0.0
    for number, track in tracks:
        group[number] = track
        fixes += track.batch.fixes
        pixels += track.length * 256 * 2.0**finest
        if fixes >= _FIXES or pixels >= _LONG:
            yield group
            group, fixes, pixels = {}, 0, 0.0
    if group:
        yield group


def _at_once(zoom: int, tracks: Mapping[int, PreparedTrack]) -> Iterator[list[int]]:
    """Numbers of tracks that are traced at once at a zoom, so that their passages fit into memory."""
    numbers: list[int] = []
    pixels = 0.0
    for number in sorted(tracks):
        numbers.append(number)
        pixels += tracks[number].length * 256 * 2.0**zoom
        if len(numbers) >= _FEW and pixels > _PIXELS:
            yield numbers
            numbers, pixels = [], 0.0
    if numbers:
        yield numbers


def _jobs(
    tracks: Mapping[int, PreparedTrack],
    zooms: Iterable[int],
    columns: Callable[[int], Collection[str] | None],
    lines: Workspace,
) -> Iterator[tuple[int, Collection[str] | None, PreparedTracks, list[int], int]]:
    """Zoom, columns, tracks, and of those that are traced at once the numbers and the place of the first."""
    together = PreparedTracks([tracks[number] for number in sorted(tracks)], lines)
    for zoom in zooms:
        begin = 0
        for numbers in _at_once(zoom, tracks):
            yield zoom, columns(zoom), together, numbers, begin
            begin += len(numbers)


def _encode(
    spaces: deque[Workspace],
    job: tuple[int, Collection[str] | None, PreparedTracks, list[int], int],
) -> tuple[int, EncodedTiles | None]:
    zoom, columns, tracks, numbers, begin = job
    space = spaces.pop()  # there is one for each thread
    try:
        passages = tracks.at(zoom, columns, range(begin, begin + len(numbers)), space)
        return zoom, EncodedTiles.of(numbers, passages, space)
    finally:
        spaces.append(space)


def _pack(joined: JoinedTiles) -> _Rows:
    return joined.tiles, joined.rows()


def _write(
    connection: sqlite3.Connection,
    gathered: GatheredTiles,
    ahead: _Ahead,
    only: Collection[Tile] | None,
) -> None:
    """Write what was gathered of each zoom, and forget it."""
    query = "SELECT 1 FROM passages WHERE key BETWEEN ? AND ? LIMIT 1"
    there: dict[int, bool] = {}
    pieces = (piece for zoom, parts in gathered.take() for piece in join_tiles(zoom, parts, only))
    for tiles, rows in ahead.map(_pack, pieces):
        zoom = tiles[0][0]
        if zoom not in there:  # pieces of a zoom follow each other
            there[zoom] = connection.execute(query, pixel_keys(zoom)).fetchone() is not None
        _insert(connection, tiles, rows, there[zoom])


def _insert(
    connection: sqlite3.Connection, tiles: list[Tile], rows: list[tuple[int, int, bytes]], anything: bool
) -> None:
    """Add a chunk to each of some tiles; where they have many, merge some. `anything`: whether any is there."""
    present = [chunks_of(connection, tile) if anything else [] for tile in tiles]
    chunks = [1 + max((number for number, _ in there), default=-1) for there in present]
    # In the order of keys, so that pages are filled one after the other.
    write_passages(connection, sorted((key(column, *tiles[t], chunks[t]), data) for t, column, data in rows))
    sizes = {t: len(data) for t, column, data in reversed(rows)}  # of the pixels, which come first
    for t, there in enumerate(present):
        if there:
            merge(connection, tiles[t], _to_merge(tiles[t], [*there, (chunks[t], sizes[t])]))


def tiles_of(track: PreparedTrack, zooms: Iterable[int]) -> set[Tile]:
    """Tiles that a track touches."""
    tiles: set[Tile] = set()
    for zoom in zooms:
        found = np.unique(track.at(zoom, ()).tile)
        tiles |= {(zoom, where & 0xFFFFF, where >> 20) for where in found.tolist()}
    return tiles


def _to_merge(tile: Tile, present: Sequence[tuple[int, int]]) -> list[int]:
    """Numbers of the newest chunks that are to be merged: as many as make a chunk much larger than each of them.

    So the number of times that a byte is written again grows only with the logarithm of the tile's size.

    Parameters
    ----------
    tile : Tile
        The tile, by which the growth is chosen (`_GROWTH`).
    present : sequence of (int, int)
        Number and size of each of its chunks, the oldest first.
    """
    least, most = _GROWTH
    growth = least + sum(tile) % (most - least)
    first, total, largest = len(present), 0, 0
    for k in range(len(present) - 1, -1, -1):
        total += present[k][1]
        largest = max(largest, present[k][1])
        if total >= growth * largest:
            first = k
    return [chunk for chunk, _ in present[first:]]
