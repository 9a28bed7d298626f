"""Place of the next larger square that takes the fewest tiles.

Where the largest square has n tiles a side, one of n + 1 lacks at most 2 n + 1 tiles: a row and a column beside it. So
the best place has at least n * n visited tiles. The world is cut into blocks that are wider than the square, and only
blocks that have so many with those east and south of them are looked at, by sums over all rectangles
(F. Crow, Summed-Area Tables for Texture Mapping, 1984).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.explorer.keys import columns_of, key_at, rows_of, square_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["NextSquare", "find_next_square"]

_LEAST = 32
"""Tiles a side of a block, at least."""


@frozen
class NextSquare:
    """A square that is not there yet."""

    key: int
    """Its north-western tile."""
    size: int
    """Tiles a side."""
    missing: NDArray[np.int64]
    """(k,) tiles of it that are not visited, ascending."""


def find_next_square(keys: NDArray[np.int64], zoom: int, size: int) -> NextSquare | None:
    """Find the place of a square of a size that takes the fewest tiles: of several the northernmost, then westernmost.

    A square lies inside the world, or across the antimeridian if tiles are visited on both sides of it.

    Parameters
    ----------
    keys : ndarray of int64 (n,)
        Visited tiles, ascending, each once; there is a square of `size` - 1 among them, and none of `size`.
    zoom : int
        Of the tiles.
    size : int
        Tiles a side.

    Returns
    -------
    NextSquare or None
        None when nothing is visited, or the world is too small.
    """
    across = 1 << zoom
    if not len(keys) or size > across:
        return None
    seam = _seam(columns_of(keys), across)
    x, y = (columns_of(keys) - seam) % across, rows_of(keys)
    block = max(_LEAST, size)
    best: tuple[int, int, int] | None = None
    for column, row, inside in _candidates(x // block, y // block, least=(size - 1) ** 2):
        left, top = column * block, row * block
        found = _fullest(x[inside] - left, y[inside] - top, block, size, (across - left, across - top))
        if found is not None:
            count, dy, dx = found
            place = (-count, top + dy, left + dx)
            best = place if best is None or place < best else best
    if best is None:
        return None
    _, row, column = best
    key = key_at((column + seam) % across, row)
    wanted = square_keys(key, size, zoom)
    return NextSquare(key, size, np.sort(wanted[~np.isin(wanted, keys)]))


def _seam(columns: NDArray[np.int64], across: int) -> int:
    """Column from which columns are counted: just behind the middle of the widest gap, 0 if that does no harm."""
    there = np.unique(columns)
    gaps = np.diff(there, append=there[0] + across)
    if gaps[-1] >= gaps.max() // 2:
        return 0
    widest = int(np.argmax(gaps))
    return int(there[widest] + gaps[widest] // 2) % across


def _candidates(
    column: NDArray[np.int64], row: NDArray[np.int64], least: int
) -> Iterator[tuple[int, int, NDArray[np.int64]]]:
    """Blocks that have, with those east, south and south-east of them, at least so many tiles; and these tiles."""
    blocks, which = np.unique(row << 32 | column, return_inverse=True)
    members = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
    tiles = {(int(block) & 0xFFFFFFFF, int(block) >> 32): of for block, of in zip(blocks, members, strict=True)}
    places = {(i - east, j - south) for i, j in tiles for east in (0, 1) for south in (0, 1)}
    for i, j in sorted(place for place in places if min(place) >= 0):
        found = [tiles[near] for near in ((i, j), (i + 1, j), (i, j + 1), (i + 1, j + 1)) if near in tiles]
        if sum(map(len, found)) >= least:
            yield i, j, np.concatenate(found)


def _fullest(
    x: NDArray[np.int64], y: NDArray[np.int64], block: int, size: int, room: tuple[int, int]
) -> tuple[int, int, int] | None:
    """Count, row and column of the fullest square that begins in a block; of several the northernmost, westernmost.

    `room` is how many columns and rows of the world there are from the block's corner on.
    """
    sums = np.zeros((2 * block + 1, 2 * block + 1), np.int32)
    sums[y + 1, x + 1] = 1
    sums = sums.cumsum(axis=0).cumsum(axis=1)
    wide, high = (min(block, side - size + 1) for side in room)
    if wide <= 0 or high <= 0:
        return None
    inside = (
        sums[size : size + high, size : size + wide]
        - sums[:high, size : size + wide]
        - sums[size : size + high, :wide]
        + sums[:high, :wide]
    )
    at = int(np.argmax(inside))
    return int(inside.flat[at]), at // wide, at % wide
