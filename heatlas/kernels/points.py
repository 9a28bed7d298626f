"""Put positions into pixels, and add up their weights."""

from __future__ import annotations

import math

import numpy as np

from heatlas.kernels.compiled import kernel

__all__ = ["add_counts", "add_extremes", "add_weights", "locate"]


@kernel("const f8[:]", "const f8[:]", "const f8[:]", "const i4[:]", "f8", "i8", "i8", "i8", "i4[:]")
def locate(lon, lat, edges, guesses, scale, x, width, turn, cells):
    """Find the pixels of some positions.

    Rows are found by comparing latitudes with those of the pixels' edges. The result is that of projecting each
    position, at a tenth of the cost.

    Parameters
    ----------
    lon, lat : ndarray of float64 (n,)
        Degrees, finite.
    edges : ndarray of float64 (height + 1,)
        Latitudes of the upper edges of all rows from north to south, then the lower edge of the last.
    guesses : ndarray of int32 (k,)
        For k even steps from the first to the last edge, the row in which each begins.
    scale : float
        Pixels across the world.
    x : int
        Column of the window's left edge, counted from the antimeridian.
    width : int
        Pixels.
    turn : int
        Number of worlds by which positions are shifted east.
    cells : ndarray of int32 (at least n,)
        Is filled with the pixels, counted row by row, or -1 where a position is not in the window.
    """
    north, south = edges[0], edges[edges.shape[0] - 1]
    steps = guesses.shape[0]
    steepness = steps / (north - south) if south < north else 0.0
    for i in range(lon.shape[0]):
        cells[i] = -1
        if not south < lat[i] <= north:
            continue
        row = guesses[min(int((north - lat[i]) * steepness), steps - 1)]
        while edges[row] < lat[i]:
            row -= 1
        while edges[row + 1] >= lat[i]:
            row += 1
        u = lon[i] / 360.0 + 0.5
        if u >= 1.0:
            u -= 1.0
        column = math.floor((u + turn) * scale) - x
        if 0 <= column < width:
            cells[i] = row * width + column


@kernel("const i4[:]", "i8", "f8[:]")
def add_counts(cells, n, count):
    """Count the first n of `cells` in `count` (pixels,); -1 stands for none."""
    for i in range(n):
        if cells[i] >= 0:
            count[cells[i]] += 1.0


@kernel("const i4[:]", "const f8[:]", "f8[:]")
def add_weights(cells, weight, total):
    """Add weights (n,) to `total` (pixels,) at `cells`; -1 stands for none."""
    for i in range(weight.shape[0]):
        if cells[i] >= 0:
            total[cells[i]] += weight[i]


@kernel("const i4[:]", "const f8[:]", "b1", "f8[:]")
def add_extremes(cells, weight, greatest, extreme):
    """Keep the least or greatest weight in `extreme` (pixels,) at `cells`; NaN stands for none yet."""
    for i in range(weight.shape[0]):
        if cells[i] >= 0:
            old = extreme[cells[i]]
            if np.isnan(old) or (weight[i] > old) == greatest:
                extreme[cells[i]] = weight[i]
