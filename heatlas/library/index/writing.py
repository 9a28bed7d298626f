"""Write passages of activities to the index as chunks of tiles."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.encode import encode_amounts, encode_headers, encode_pixels, encode_values, find_stretches
from heatlas.kernels.index import UNKNOWN, decode_header
from heatlas.library.file.columns import AMOUNTS, COLUMNS, PIXELS
from heatlas.library.file.digests import write_passages
from heatlas.library.file.keys import key
from heatlas.library.file.packing import pack_columns
from heatlas.library.index.chunks import chunks_of, merge

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from heatlas.library.index.chunks import Tile
    from heatlas.library.rows.passages import Passages, PreparedTrack

__all__ = ["append", "encoded_runs", "tiles_of"]

_FEW, _PIXELS = 64, 1 << 18
"""Tracks, and pixels that they are long, from which they are traced apart from the next ones."""
_AHEAD = 2
"""Results that may wait until they are written: those of all zooms take much more memory than the tracks."""
_MANY = 16
"""Number of chunks of a tile from which small ones are merged."""


def append(
    connection: sqlite3.Connection,
    tracks: Mapping[int, PreparedTrack],
    zooms: Iterable[int],
    workers: int = 1,
    only: Collection[Tile] | None = None,
    columns: Callable[[int], Collection[str] | None] = lambda zoom: None,
) -> None:
    """Add activities to the index: one chunk for each tile that they touch.

    Parameters
    ----------
    connection : Connection
        Inside a transaction.
    tracks : mapping of int to PreparedTrack
        Number of each activity -> its track, from which private parts were cut.
    zooms : iterable of int
        Zooms to trace.
    workers : int
        Threads that trace and compress; the bytes written are the same for any number.
    only : collection of Tile, optional
        Tiles to write; by default all that the tracks touch.
    columns : callable
        Returns the columns to write beside the pixels of a zoom; None, as by default: all.
    """

    def encode(zoom: int, numbers: Sequence[int]) -> list[tuple[Tile, list[tuple[int, bytes]]]]:
        found = _encoded(zoom, numbers, [tracks[number].at(zoom, columns(zoom)) for number in numbers])
        return [(tile, pack_columns(data)) for tile, data in found if only is None or tile in only]

    # The finest zooms take longest. They come first, so that the threads end at about the same time.
    jobs = ((zoom, numbers) for zoom in sorted(zooms, reverse=True) for numbers in _at_once(zoom, tracks))
    waiting: deque[Future[list[tuple[Tile, list[tuple[int, bytes]]]]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for zoom, numbers in jobs:
            waiting.append(pool.submit(encode, zoom, numbers))
            if len(waiting) > workers + _AHEAD:
                _insert(connection, waiting.popleft().result())
        while waiting:
            _insert(connection, waiting.popleft().result())


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


def _insert(connection: sqlite3.Connection, tiles: Sequence[tuple[Tile, list[tuple[int, bytes]]]]) -> None:
    """Add a chunk to each of some tiles; if a tile has many, merge small ones."""
    rows: list[tuple[int, bytes]] = []
    full = []
    for tile, columns in tiles:
        present = chunks_of(connection, tile)
        chunk = 1 + max((number for number, _ in present), default=-1)
        rows += [(key(column, *tile, chunk), data) for column, data in columns]
        if len(present) >= _MANY:
            full.append((tile, _to_merge([*present, (chunk, len(columns[0][1]))])))
    write_passages(connection, rows)
    for tile, chunks in full:
        merge(connection, tile, chunks)


def _encoded(zoom: int, numbers: Sequence[int], found: Sequence[Passages]) -> Iterator[tuple[Tile, dict[int, bytes]]]:
    """Encode passages of one zoom: each tile, and the bytes of its columns."""
    counts = [len(passages.tile) for passages in found]
    if not sum(counts):
        return
    tile = np.concatenate([passages.tile for passages in found])
    stretches, track = find_stretches(tile, np.append(0, np.cumsum(counts)))
    # A track goes many pixels in a tile: sorting its stretches is much quicker than sorting passages.
    tile = tile[stretches[:, 0]]
    order = np.argsort(tile, kind="stable")
    tile, owner, stretches = tile[order], np.array(numbers, np.int64)[track[order]], stretches[order]
    changes = np.append(True, tile[1:] != tile[:-1])
    begins = np.flatnonzero(changes | np.append(True, owner[1:] != owner[:-1]))
    runs = np.append(begins, len(tile))
    tiles = np.append(np.flatnonzero(changes[begins]), len(begins))
    lengths = np.add.reduceat(stretches[:, 1] - stretches[:, 0], begins)
    header, heads = encode_headers(owner[begins], lengths, tiles)
    body, bodies = encode_pixels(np.concatenate([passages.pixel for passages in found]), stretches, runs, tiles)
    columns = []
    for name in sorted({name for passages in found for name in passages.columns}, key=COLUMNS.__getitem__):
        encode = encode_amounts if name in AMOUNTS else encode_values
        data, at, some = encode(_joined(name, found, counts), stretches, runs, tiles)
        columns.append((COLUMNS[name], data.tobytes(), at.tolist(), some.tolist()))
    # Bytes rather than arrays or views of them: the garbage collector does not look at bytes.
    header, body, heads, bodies = header.tobytes(), body.tobytes(), heads.tolist(), bodies.tolist()
    for t, where in enumerate(tile[begins[tiles[:-1]]].tolist()):
        pixels = header[heads[t] : heads[t + 1]] + body[bodies[t] : bodies[t + 1]]
        others = {column: data[at[t] : at[t + 1]] for column, data, at, some in columns if some[t]}
        yield (zoom, where & 0xFFFFF, where >> 20), {PIXELS: pixels, **others}


def _joined(name: str, found: Sequence[Passages], counts: Sequence[int]) -> NDArray[np.int64] | NDArray[np.int32]:
    nothing = (0, np.int64) if name in AMOUNTS else (UNKNOWN, np.int32)
    return np.concatenate(
        [
            passages.columns[name] if name in passages.columns else np.full(count, *nothing)
            for passages, count in zip(found, counts, strict=True)
        ]
    )


def tiles_of(track: PreparedTrack, zooms: Iterable[int]) -> set[Tile]:
    """Tiles that a track touches."""
    tiles: set[Tile] = set()
    for zoom in zooms:
        found = np.unique(track.at(zoom, ()).tile)
        tiles |= {(zoom, where & 0xFFFFF, where >> 20) for where in found.tolist()}
    return tiles


def _to_merge(present: Sequence[tuple[int, int]]) -> list[int]:
    """Numbers of the newest chunks, after the last one that is more than twice as large as all later ones.

    So the number of times that a byte is written again grows only with the logarithm of the tile's size.
    """
    total = present[-1][1]
    first = len(present) - 1
    while first > 0 and present[first - 1][1] <= 2 * total:
        first -= 1
        total += present[first][1]
    return [chunk for chunk, _ in present[first:]]


def encoded_runs(zoom: int, number: int, passages: Passages) -> Iterator[tuple[Tile, dict[int, bytes]]]:
    """Bytes of an activity's runs at a zoom, tile by tile, as `heatlas.library.index.chunks.runs_of` reads them."""
    for tile, columns in _encoded(zoom, [number], [passages]):
        _, _, at = decode_header(np.frombuffer(columns[PIXELS], np.uint8))
        columns[PIXELS] = columns[PIXELS][at:]
        yield tile, columns
