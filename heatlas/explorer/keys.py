"""Tiles as whole numbers, and where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import to_lonlat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = [
    "Box", "boxes_of", "columns_of", "key_at", "key_of", "middles_of", "neighbours", "pairs_of", "place_of", "rows_of",
    "square_box", "square_keys",
]  # fmt: skip

_BITS = 25
_COLUMN = (1 << _BITS) - 1

Box = tuple[float, float, float, float]
"""West, south, east, north, degrees."""


def key_of(column: NDArray[np.int64], row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Key of tiles: row << 25 | column, so that ascending keys go from north to south, then from west to east."""
    return row << _BITS | column


def columns_of(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Column of tiles, eastwards from the antimeridian."""
    return keys & _COLUMN


def rows_of(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row of tiles, southwards from 85.0511 N."""
    return keys >> _BITS


def neighbours(keys: NDArray[np.int64], zoom: int, east: int, south: int) -> NDArray[np.int64]:
    """Index of the tile so many columns east and rows south of each; the number of tiles where there is none.

    Parameters
    ----------
    keys : ndarray of int64 (n,)
        Ascending, each once.
    zoom : int
        Of the tiles: the last column lies beside the first.
    east, south : int
        Steps; below 0 to the west and north.
    """
    across, count = 1 << zoom, len(keys)
    rows = rows_of(keys) + south
    wanted = key_of((columns_of(keys) + east) % across, rows)
    found = np.searchsorted(keys, wanted)
    there = (rows >= 0) & (rows < across) & (found < count)
    there[there] = keys[found[there]] == wanted[there]
    return np.where(there, found, count)


def boxes_of(keys: NDArray[np.int64], zoom: int) -> NDArray[np.float64]:
    """(n, 4) west, south, east and north edge of tiles, degrees."""
    across, x, y = 1 << zoom, columns_of(keys), rows_of(keys)
    west, north = to_lonlat(x / across, y / across)
    east, south = to_lonlat((x + 1) / across, (y + 1) / across)
    return np.stack([west, south, east, north], axis=1)


def middles_of(keys: NDArray[np.int64], zoom: int) -> NDArray[np.float64]:
    """(n, 2) longitude and latitude of the middle of tiles, degrees."""
    across = 1 << zoom
    return np.stack(to_lonlat((columns_of(keys) + 0.5) / across, (rows_of(keys) + 0.5) / across), axis=1)


def place_of(key: int) -> tuple[int, int]:
    """Column and row of a tile."""
    return key & _COLUMN, key >> _BITS


def key_at(column: int, row: int) -> int:
    """Key of one tile."""
    return row << _BITS | column


def square_keys(key: int, size: int, zoom: int) -> NDArray[np.int64]:
    """(size * size,) keys of the tiles of a square, by its north-western tile, ascending within each row."""
    column, row = place_of(key)
    steps = np.arange(size, dtype=np.int64)
    return key_of((column + steps)[None] % (1 << zoom), (row + steps)[:, None]).ravel()


def square_box(key: int, size: int, zoom: int) -> Box:
    """West, south, east and north edge of a square; east exceeds 180 across the antimeridian."""
    across, (column, row) = 1 << zoom, place_of(key)
    west, north = to_lonlat(column / across, row / across)
    east, south = to_lonlat((column + size) / across, (row + size) / across)
    return float(west), float(south), float(east), float(north)


def pairs_of(keys: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Column and row of each tile."""
    return zip(columns_of(keys).tolist(), rows_of(keys).tolist(), strict=True)
