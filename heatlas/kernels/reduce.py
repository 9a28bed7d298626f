"""Add passages to the pixels that they go through."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.lattice import FRAME, place

__all__ = ["add_activities", "add_metric", "add_spent", "add_value", "count_fixes", "spend"]


@kernel("const i8[:]", "i8", "i4[:]", "u4[:]")
def add_activities(cells, ordinal, stamps, counts):
    """Count each pixel of `cells` once for the activity `ordinal`.

    Parameters
    ----------
    cells : ndarray of int64 (k,)
        Pixels of the activity's passages.
    ordinal : int
        Differs from activity to activity, greater than 0.
    stamps : ndarray of int32 (pixels,)
        Latest activity that was counted in each pixel.
    counts : ndarray of uint32 (pixels,)
        Is increased.
    """
    for cell in cells:
        if stamps[cell] != ordinal:
            stamps[cell] = ordinal
            counts[cell] += 1


@kernel("const i8[:]", "const f8[:, :]", "i8", "f8[:]")
def add_spent(cells, spent, which, total):
    """Add column `which` of `spent` (k, 4) to `total` (pixels,)."""
    for k in range(cells.shape[0]):
        total[cells[k]] += spent[k, which]


@kernel("const i8[:]", "const f8[:, :]", "b1", "f8[:]", "f8[:]", "f8[:]", "f8[:]", "b1")
def add_metric(cells, spent, inverse, count, total, square, extreme, greatest):
    """Add the passages' means of a metric to the pixels.

    Parameters
    ----------
    cells, spent
        As `heatlas.kernels.trace.list_passages` gives them. Passages without a known metric are left out.
    inverse : bool
        Take the reciprocal of each passage's mean (speed -> pace).
    count : ndarray of float64 (pixels,)
        Number of passages.
    total, square : ndarray of float64 (pixels,) or (0,)
        Sums of the means and of their squares; not touched when empty.
    extreme : ndarray of float64 (pixels,) or (0,)
        Least or greatest mean; NaN before the first; not touched when empty.
    greatest : bool
        Whether `extreme` holds the greatest.
    """
    for k in range(cells.shape[0]):
        if spent[k, 3] <= 0:
            continue
        value = spent[k, 2] / spent[k, 3]
        if inverse:
            if value <= 0:
                continue
            value = 1.0 / value
        cell = cells[k]
        add_value(cell, value, count, total, square, extreme, greatest)


@helper(forceinline=True)
def add_value(cell, value, count, total, square, extreme, greatest):
    """Add one value to the planes (pixels,) of a pixel; planes that are empty are not touched (see `add_metric`)."""
    if count.shape[0] > 0:
        count[cell] += 1
    if total.shape[0] > 0:
        total[cell] += value
    if square.shape[0] > 0:
        square[cell] += value * value
    if extreme.shape[0] > 0:
        old = extreme[cell]
        if np.isnan(old) or (value > old) == greatest:
            extreme[cell] = value


@kernel("const f8[:]", "const f8[:]", FRAME, "u4[:]")
def count_fixes(u, v, frame, counts):
    """Add 1 to `counts` (height * width, uint32) for every fix inside the window."""
    bits, size, left, top, width, height = frame
    for i in range(u.shape[0]):
        column, row = place(u[i], size, left) >> bits, place(v[i], size, top) >> bits
        if 0 <= column < width and 0 <= row < height:
            counts[row * width + column] += 1


@helper()
def spend(spent, k, entered, until, i, time, metres, metric):
    """Credit passage k with its share of the line from fix i to the next."""
    share = until - entered
    length = metres[i] * share
    weight = (time[i + 1] - time[i]) * share
    if weight == weight:
        spent[k, 0] += weight
    else:
        weight = length
    spent[k, 1] += length
    if metric.shape[0] > 0:
        # The mean of a linear course over the visit is its value at the middle.
        here, there = metric[i], metric[i + 1]
        value = here + (there - here) * 0.5 * (entered + until)
        if value != value:
            value = there if here != here else here
        if value == value:
            weight += 1e-9  # a visit that took no time still has a value
            spent[k, 2] += value * weight
            spent[k, 3] += weight
