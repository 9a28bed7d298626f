"""Read the chunks of tiles of a zoom: their pixels, and columns, by few statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.library.file.columns import COLUMNS, PIXELS
from heatlas.library.file.keys import CHUNKS, chunk_of, key, tile_number, tile_of
from heatlas.library.file.pixels import ChunkPixels
from heatlas.library.file.settings import read_settings
from heatlas.library.index.sound_tiles import columns_of_chunks, rows_of_few

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from heatlas.library.index.coded_columns import ColumnBytes

__all__ = ["TileChunk", "pixels_at", "tiles_at"]

_END = CHUNKS - 1
"""Greatest number of a chunk."""
_TILES = 32
"""Tiles from which on no more are read at once."""


class TileChunk:
    """Chunk of a tile as it is read: not decoded."""

    __slots__ = ("columns", "pixels")

    def __init__(self, pixels: ChunkPixels) -> None:
        self.pixels = pixels
        self.columns: ColumnBytes = {}
        """Columns that were asked for."""


def tiles_at(
    connection: sqlite3.Connection, zoom: float, places: Sequence[tuple[int, int]], columns: Sequence[str] = ()
) -> Iterator[tuple[int, int, Sequence[TileChunk]]]:
    """Tiles of a zoom that hold passages: x and y, and their chunks.

    Parameters
    ----------
    connection : Connection
        Of the library.
    zoom : float
        A zoom of the index.
    places : sequence of (int, int)
        Column, which may lie beyond the antimeridian, and row of each tile. A few tiles are read by one statement, best
        where neighbours of one column follow each other.
    columns : sequence of str
        Columns that are read beside the pixels.

    Raises
    ------
    BadOption
        When the library does not hold the zoom.
    SourceFailed
        When the file is damaged.
    """
    zoom = _checked(connection, zoom, columns)
    numbers, across = [COLUMNS[name] for name in columns], 1 << zoom
    for stretches in _together(_stretches(places)):
        found: dict[tuple[int, int], list[TileChunk]] = {}
        read: dict[tuple[tuple[int, int, int], int], TileChunk] = {}
        for k, data in _rows(connection, zoom, stretches).items():
            tile, chunk = tile_of(k), TileChunk(ChunkPixels(data))
            read[tile, chunk_of(k)] = chunk
            found.setdefault(tile[1:], []).append(chunk)
        if numbers:
            wanted = [(*whose, chunk.pixels) for whose, chunk in read.items()]
            for chunk, values in zip(read.values(), columns_of_chunks(connection, numbers, wanted), strict=True):
                chunk.columns = {number: values.get(number) for number in numbers}
        for x, top, bottom in stretches:
            for y in range(top, bottom + 1):
                if (chunks := found.get((x % across, y))) is not None:
                    yield x, y, chunks


def pixels_at(
    connection: sqlite3.Connection, zoom: float, places: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, Sequence[bytes]]]:
    """Tiles as of `tiles_at`, without columns: x and y, and the blobs of their chunks' pixels, which are not unpacked.

    Little is done for each chunk, as that of a small tile is counted in a few microseconds.
    """
    zoom = _checked(connection, zoom, ())
    across = 1 << zoom
    for stretches in _together(_stretches(places)):
        found: dict[int, list[bytes]] = {}
        for k, data in _rows(connection, zoom, stretches).items():
            found.setdefault(tile_number(k), []).append(data)
        for x, top, bottom in stretches:
            first = tile_number(key(PIXELS, zoom, x % across, top))
            for y in range(top, bottom + 1):
                if (blobs := found.get(first + y - top)) is not None:
                    yield x, y, blobs


def _rows(connection: sqlite3.Connection, zoom: int, stretches: Iterable[tuple[int, int, int]]) -> dict[int, bytes]:
    """Key and blob of the pixels of all chunks of some stretches, each once."""
    across = 1 << zoom
    ranges = {
        (key(PIXELS, zoom, x % across, top), key(PIXELS, zoom, x % across, bottom, _END)): None
        for x, top, bottom in stretches
    }
    return dict(rows_of_few(connection, [*ranges]))


def _checked(connection: sqlite3.Connection, zoom: float, columns: Sequence[str]) -> int:
    settings = read_settings(connection)
    first, last = settings.zooms
    if not (float(zoom).is_integer() and first <= zoom <= last):
        raise BadOption(f"the library holds zooms {first} to {last}, not {zoom:g}")
    settings.demand(int(zoom), columns)
    return int(zoom)


def _stretches(places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Column, first and last row of tiles that follow each other downwards."""
    for k, (x, y) in enumerate(places):
        if k == 0 or places[k - 1] != (x, y - 1):
            top = y
        if k + 1 == len(places) or places[k + 1] != (x, y + 1):
            yield x, top, y


def _together(stretches: Iterable[tuple[int, int, int]]) -> Iterator[list[tuple[int, int, int]]]:
    """Stretches that are read at once: those of a tile with its surroundings, but not those of a poster."""
    some: list[tuple[int, int, int]] = []
    held = 0
    for x, top, bottom in stretches:
        some.append((x, top, bottom))
        held += bottom - top + 1
        if held >= _TILES:
            yield some
            some, held = [], 0
    if some:
        yield some
