"""Numbers of tiles along a Hilbert curve, as in PMTiles: consecutive numbers are neighbouring tiles.

All tiles of a zoom precede those of the next. Format: PMTiles Version 3 Specification, section 4.1. Curve: H. S.
Warren, Hacker's Delight, 2nd edition (2012), chapter 16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["first_number", "number_of", "numbers_of", "places_at", "zoom_of"]


def first_number(zoom: int) -> int:
    """Number of the first tile of a zoom, which follows the last one of the zoom before."""
    return ((1 << (2 * zoom)) - 1) // 3


def zoom_of(number: int) -> int:
    """Zoom of a tile."""
    return ((3 * number + 1).bit_length() - 1) // 2


def numbers_of(zoom: int, x: ArrayLike, y: ArrayLike) -> NDArray[np.int64]:
    """Number tiles.

    Parameters
    ----------
    zoom : int
        0 to 30.
    x, y : array_like of int (n,)
        Columns and rows, from the north-west.

    Returns
    -------
    ndarray of int64 (n,)
    """
    x, y = np.array(x, np.int64), np.array(y, np.int64)
    along = np.zeros_like(x)
    for bit in range(zoom - 1, -1, -1):
        side = np.int64(1 << bit)
        right, lower = (x & side) != 0, (y & side) != 0
        along += side * side * ((3 * right) ^ lower)
        x, y = _turned(side, x & (side - 1), y & (side - 1), right, lower)
    return along + first_number(zoom)


def number_of(zoom: int, x: int, y: int) -> int:
    """Number one tile, as `numbers_of` does; a hundred times quicker for one."""
    along = first_number(zoom)
    for bit in range(zoom - 1, -1, -1):
        side = 1 << bit
        right, lower = (x >> bit) & 1, (y >> bit) & 1
        along += side * side * ((3 * right) ^ lower)
        x, y = x & (side - 1), y & (side - 1)
        if not lower:
            x, y = (side - 1 - y, side - 1 - x) if right else (y, x)
    return along


def places_at(zoom: int, numbers: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and rows of tiles of one zoom; the inverse of `numbers_of`."""
    along = np.array(numbers, np.int64) - first_number(zoom)
    x, y = np.zeros_like(along), np.zeros_like(along)
    for bit in range(zoom):
        side = np.int64(1 << bit)
        quarter = (along >> (2 * bit)) & 3
        right, lower = quarter >= 2, (quarter == 1) | (quarter == 2)
        x, y = _turned(side, x, y, right, lower)
        x, y = x + side * right, y + side * lower
    return x, y


def _turned(
    side: np.int64, x: NDArray[np.int64], y: NDArray[np.int64], right: NDArray[np.bool_], lower: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Turn places in the upper two quarters as the curve does; its own inverse."""
    flipped = right & ~lower
    x, y = np.where(flipped, side - 1 - x, x), np.where(flipped, side - 1 - y, y)
    return np.where(lower, x, y), np.where(lower, y, x)
