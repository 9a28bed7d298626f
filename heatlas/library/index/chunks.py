"""Read and merge chunks of tiles, and remove runs from them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import SourceFailed
from heatlas.core.frozen import frozen
from heatlas.kernels.encode import encode_headers
from heatlas.kernels.index import pixel_bytes
from heatlas.kernels.numbers import number_bytes
from heatlas.library.file.bundles import unpack_columns
from heatlas.library.file.columns import PIXELS
from heatlas.library.file.digests import write_passages
from heatlas.library.file.folding import pack_columns, unfold
from heatlas.library.file.keys import CHUNKS, chunk_of, column_of, key, other_keys, tile_of
from heatlas.library.file.pixels import ChunkPixels, head_of
from heatlas.library.file.sound_blobs import blobs
from heatlas.library.file.sound_rows import say

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

__all__ = [
    "Chunk", "Tile", "chunks_of", "compact_tiles", "merge", "remove_runs", "runs_of", "tile_name",
]  # fmt: skip

Tile = tuple[int, int, int]
"""Zoom, x, y."""


def chunks_of(connection: sqlite3.Connection, tile: Tile) -> list[tuple[int, int]]:
    """Number of each chunk of a tile and size of its pixels in bytes, the oldest first."""
    rows = connection.execute(
        "SELECT key, length(data) FROM passages WHERE key BETWEEN ? AND ? ORDER BY key",
        (key(PIXELS, *tile), key(PIXELS, *tile, CHUNKS - 1)),
    )
    return [(chunk_of(k), size) for k, size in rows]


def tile_name(number: int) -> str:
    """Name the tile of a key, for errors."""
    zoom, x, y = tile_of(number)
    return f"tile {zoom}/{x}/{y} of its index"


@frozen
class Chunk:
    """Chunk of a tile, decompressed and unfolded but not decoded."""

    ids: NDArray[np.int64]
    lengths: NDArray[np.int64]
    columns: Mapping[int, bytes]
    """Number of the column -> bytes of all runs, one after the other."""

    @classmethod
    def of(cls, rows: Sequence[tuple[int, bytes]]) -> Chunk:
        """Decompress the rows of all columns of a chunk, in any order."""
        packed = {column_of(k): data for k, data in rows}
        pixels = ChunkPixels(packed.pop(PIXELS))
        ids, lengths = pixels.header
        columns = unpack_columns(packed.items())
        plain = unfold(columns, columns, pixels)
        return cls(ids, lengths, {PIXELS: pixels.plain(), **{column: bytes(data) for column, data in plain.items()}})

    def column(self, column: int) -> bytes:
        """Bytes of a column; for a missing one a 0 for each passage, which means nothing or unknown."""
        found = self.columns.get(column)
        return bytes(int(self.lengths.sum())) if found is None else found

    def runs(self, column: int) -> list[bytes]:
        """Bytes of each run of a column."""
        data = self.column(column)
        found = np.frombuffer(data, np.uint8)
        cuts = pixel_bytes(found, 0, self.lengths) if column == PIXELS else number_bytes(found, self.lengths)
        return [data[first:last] for first, last in pairwise(cuts.tolist())]


def _rows(connection: sqlite3.Connection, tile: Tile, chunk: int) -> list[tuple[int, bytes]]:
    """Rows of all columns of a chunk, the pixels first."""
    pixels = key(PIXELS, *tile, chunk)
    first, last, widest, last_wide = other_keys(tile, chunk)
    return [
        row
        for keys in ((pixels, pixels), (first, last), (widest, last_wide))
        for row in blobs(connection, "passages", keys, tile_name)
    ]


def _merged(
    tile: Tile, chunks: Sequence[Sequence[tuple[int, bytes]]], without: Collection[int]
) -> list[tuple[int, bytes]]:
    """Rows of one chunk made of several, without the runs of some activities; its number is that of the first."""
    parts = [Chunk.of(rows) for rows in chunks]
    number = chunk_of(chunks[0][0][0])
    ids, lengths = (np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "lengths"))
    order = None
    if without or (ids[1:] < ids[:-1]).any():
        order = np.argsort(ids, kind="stable")
        order = order[~np.isin(ids[order], np.array(sorted(without), np.int64))]
        ids, lengths = ids[order], lengths[order]
    if not len(ids):
        return []
    header, _ = encode_headers(ids, lengths, np.array([0, len(ids)]))
    columns: dict[int, bytes] = {}
    for column in sorted({column for part in parts for column in part.columns}):
        if order is None:
            data = b"".join([part.column(column) for part in parts])
        else:
            runs = [run for part in parts for run in part.runs(column)]
            data = b"".join([runs[r] for r in order.tolist()])
        if column == PIXELS or data.count(0) < len(data):  # a column of zeros is left out
            columns[column] = data
    return [(key(column, *tile, number), data) for column, data in pack_columns(header.tobytes(), columns, lengths)]


def _replace(
    connection: sqlite3.Connection, before: Iterable[Sequence[tuple[int, bytes]]], after: Sequence[tuple[int, bytes]]
) -> None:
    connection.executemany("DELETE FROM passages WHERE key = ?", [(k,) for rows in before for k, _ in rows])
    write_passages(connection, after)


def merge(connection: sqlite3.Connection, tile: Tile, chunks: Sequence[int]) -> None:
    """Merge chunks of a tile into one; those of a damaged tile are left as they are."""
    if len(chunks) > 1 and (before := _sound(connection, tile, chunks)):
        _replace(connection, before, _merged(tile, before, ()))


def _sound(connection: sqlite3.Connection, tile: Tile, chunks: Iterable[int]) -> list[list[tuple[int, bytes]]]:
    """Rows of some chunks of a tile; nothing where one is damaged, which is reported."""
    try:
        return [_rows(connection, tile, chunk) for chunk in chunks]
    except SourceFailed:
        say(connection, f"{tile_name(key(PIXELS, *tile))} is not what was written, and its chunks are not merged")
        return []


def compact_tiles(connection: sqlite3.Connection, tiles: Sequence[Tile], workers: int = 1) -> None:
    """Merge all chunks of each of some tiles; damaged tiles are left as they are."""
    found = [(tile, _sound(connection, tile, [chunk for chunk, _ in chunks_of(connection, tile)])) for tile in tiles]
    sound = [(tile, rows) for tile, rows in found if rows]
    with ThreadPoolExecutor(workers) as pool:
        made = pool.map(lambda part: _merged(part[0], part[1], ()), sound)
        for (_, rows), after in zip(sound, made, strict=True):
            _replace(connection, rows, after)


def remove_runs(connection: sqlite3.Connection, tiles: Iterable[Tile], numbers: Collection[int]) -> None:
    """Remove activities from some tiles.

    Raises
    ------
    SourceFailed
        When a tile is damaged.
    """
    wanted = np.array(sorted(numbers), np.int64)
    for tile in tiles:
        for chunk, _ in chunks_of(connection, tile):
            pixels = key(PIXELS, *tile, chunk)
            ((_, data),) = blobs(connection, "passages", (pixels, pixels), tile_name)
            if np.isin(head_of(data)[0], wanted).any():
                rows = _rows(connection, tile, chunk)
                _replace(connection, [rows], _merged(tile, [rows], numbers))


def runs_of(connection: sqlite3.Connection, tile: Tile, number: int) -> dict[int, bytes]:
    """Bytes of an activity's runs in a tile, by column; columns without a value are left out."""
    for chunk, _ in chunks_of(connection, tile):
        part = Chunk.of(_rows(connection, tile, chunk))
        for r in np.flatnonzero(part.ids == number).tolist():
            runs = {column: part.runs(column)[r] for column in part.columns}
            return {column: run for column, run in runs.items() if column == PIXELS or any(run)}
    return {}
