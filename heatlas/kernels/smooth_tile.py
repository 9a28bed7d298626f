"""Smooth one plane of a tile and find the steps of its palette, in one pass: nothing is written in between."""

from __future__ import annotations

import math

import numpy as np

from heatlas.kernels.blur import REACH, weigh
from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.instructions import trailing_zeros, weigh_sixteen
from heatlas.kernels.steps import step_of
from heatlas.kernels.tiles import first_from

__all__ = ["BLOCK", "WIDEST", "smooth_tile"]

BLOCK = 16
"""Columns that are smoothed together."""
WIDEST = 64 * BLOCK
"""Columns of a tile with its halo at most: a row has a bit for each block."""
_SIDE = 256
_ONCE = np.float32(1.0)
_ONE, _FOUR, _LAST = np.uint64(1), np.uint64(4), np.uint64(63)


@kernel(
    "const u2[:]", "const u4[:] | const f8[:]", "const i8[:]", ("i8", "i8", "i8"), "const f8[:]", "i8", "b1",
    ("const f4[:]", "const u1[:]", "i8"), ("f4[:]", "u8[:]", "f8[:]", "f4[:]", "f4[:]", "f4[:]", "const i4[:]"),
    "u1[:, :]",
    error_model="numpy",
)  # fmt: skip
def smooth_tile(pixels, values, bounds, where, sigma, halo, unit_peak, begins, scratch, out):
    """Smooth the plane of a tile as `heatlas.kernels.blur.blur_rows` does, and find steps as `step_of_values` does.

    Sums are taken in the same order, so all bits are equal. Blocks of columns are left out where a row and those that
    reach into it have nothing: what they would add is 0.

    Parameters
    ----------
    pixels : ndarray of uint16 (n,)
        Row * 256 + column of the pixels that hold anything, ascending in each tile, tile after tile.
    values : ndarray of uint32 or float64 (n,)
        What they hold, above 0.
    bounds : ndarray of int64 (t + 1,)
        Offsets of the tiles into both. Tiles lie column after column, from the top down.
    where : (int, int, int)
        Tiles of a column; column and row of the first tile's corner, in the tile with its halo.
    sigma : ndarray of float64 (256,)
        Standard deviation for each row, pixels, above 0.
    halo : int
        Pixels, at least ceil(REACH * sigma) everywhere; with it the tile has at most `WIDEST` columns.
    unit_peak : bool
        As for `blur_rows`.
    begins : (ndarray of float32 (256,), ndarray of uint8 (places,), int)
        Where steps begin: `begins`, `table` and `least` of `step_of_values`.
    scratch : tuple of ndarray
        A plane of float32 (rows * columns,), whose columns are the least multiple of `BLOCK` that holds the tile with
        its halo, and uint64 (rows,), both 0 before and after; float64 (halo + 1,), float32 (2 * halo + 1,) and
        (columns,); all of them or larger. And float32 (BLOCK,), twice: the latter as int32.
    out : ndarray of uint8 (256, 256)
        Is overwritten with the steps.

    Returns
    -------
    int
        The greatest step.
    """
    plane, marks, taps, weights, _, _, _ = scratch
    columns = (_SIDE + 2 * halo + BLOCK - 1) // BLOCK * BLOCK
    _place(pixels, values, bounds, where, columns, halo, plane, marks)
    radius, most = 0, np.uint8(0)
    for y in range(_SIDE):
        if y == 0 or sigma[y] != sigma[y - 1]:
            radius = min(halo, math.ceil(REACH * sigma[y]))
            weigh(taps, sigma[y], radius)
            for k in range(2 * radius + 1):
                weights[k] = np.float32(taps[abs(k - radius)])
        most = max(most, _row(y, radius, halo, columns, scratch, unit_peak, begins, out[y]))
    for row in range(_SIDE + 2 * halo):
        left, marks[row] = marks[row], 0
        while left != 0:
            at = row * columns + (trailing_zeros(left) << 4)
            left &= left - _ONE
            plane[at : at + BLOCK] = 0
    return np.int64(most)


@helper()
def _place(pixels, values, bounds, where, columns, halo, plane, marks):
    """Write what the pixels hold into the plane (rows * columns,), and mark their blocks in each row."""
    down, left, top = where
    side = _SIDE + 2 * halo
    for t in range(bounds.shape[0] - 1):
        x, y = left + _SIDE * (t // down), top + _SIDE * (t % down)
        here = pixels[bounds[t] : bounds[t + 1]]
        held = values[bounds[t] : bounds[t + 1]]
        k, end = first_from(here, -y << 8), first_from(here, (side - y) << 8)
        while k < end:
            row, mark = here[k] >> 8, np.uint64(0)
            to = (np.int64(row) + y) * columns
            while k < end and here[k] >> 8 == row:
                column = np.int64(here[k] & 255) + x
                if 0 <= column < side:
                    plane[np.uint64(to + column)] = np.float32(held[k])
                    mark |= _ONE << np.uint64(column >> 4)
                k += 1
            marks[np.int64(row) + y] |= mark


@helper()
def _row(y, radius, halo, columns, scratch, unit_peak, begins, out):
    """Smooth row `y` and find its steps; returns the greatest."""
    plane, marks, _, weights, line, values, bits = scratch
    top, count, most = y + halo - radius, np.uint64(2 * radius + 1), np.uint8(0)
    mark = np.uint64(0)
    for row in range(top, top + 2 * radius + 1):
        mark |= marks[row]
    if mark == 0:
        out[:] = 0
        return most
    for b in range(columns >> 4):
        at = np.uint64(b << 4)
        if mark >> np.uint64(b) & _ONE:
            weigh_sixteen(line, at, plane, np.uint64(top * columns) + at, np.uint64(columns), weights, count, _ONCE)
        else:
            line[at : at + np.uint64(BLOCK)] = 0
    factor = np.float32(1.0) / weights[radius] if unit_peak else _ONCE
    for x in range(0, _SIDE, BLOCK):
        first, last = np.uint64(x + halo - radius), np.uint64(x + BLOCK - 1 + halo + radius)
        reached = mark >> (first >> _FOUR) << (_LAST - ((last >> _FOUR) - (first >> _FOUR)))
        if reached == 0:
            out[x : x + BLOCK] = 0
            continue
        weigh_sixteen(values, np.uint64(0), line, first, _ONE, weights, count, factor)
        for k in range(BLOCK):
            step = step_of(values[k], bits[k], *begins)
            out[x + k] = step
            most = max(most, step)
    return most
