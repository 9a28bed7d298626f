"""Gaussian smoothing whose width may differ from row to row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.compiled import helper, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["REACH", "blur_into", "blur_rows"]

REACH = 4.0
"""Standard deviations after which the kernel ends."""


@helper()
def _extents(field, low, high):
    """Write the first and last+1 column that is not 0 in each row; columns outside are skipped."""
    height, width = field.shape
    for y in range(height):
        low[y], high[y] = width, 0
        for x in range(width):
            if field[y, x] != 0:
                low[y] = x
                break
        for x in range(width - 1, low[y] - 1, -1):
            if field[y, x] != 0:
                high[y] = x + 1
                break


@helper()
def _add(target, source, tap):
    """Add tap * source to target: a loop that the compiler can turn into vector instructions."""
    for x in range(target.shape[0]):
        target[x] += tap * source[x]


def blur_rows(
    field: NDArray[np.float32],
    sigma: NDArray[np.float64],
    halo: int,
    unit_peak: bool,
    first: int,
    last: int,
    out: NDArray[np.float32],
) -> None:
    """Smooth rows `first` to `last` of a field with a Gaussian; outside of the field there is nothing.

    Each output row is smoothed with its own width, across and along. Every pixel's sum is taken in one
    fixed order that depends on the row's width alone, so that overlapping windows agree to the last bit.

    Parameters
    ----------
    field : ndarray of float32 (height + 2 * halo, width + 2 * halo)
        Values to smooth, with their halo.
    sigma : ndarray of float64 (height,)
        Standard deviation for each output row, pixels; 0 copies.
    halo : int
        Pixels, at least ceil(REACH * sigma) everywhere.
    unit_peak : bool
        Divide by the one-dimensional kernel's value at its centre, so that the middle of a straight line of
        ones keeps the value 1. Otherwise sums are conserved.
    first, last : int
        Output rows to fill.
    out : ndarray of float32 (height, width)
        Is overwritten in rows first to last.
    """
    extents = np.empty((2, last - first + 2 * halo), np.int64)
    column, taps = np.zeros(field.shape[1], np.float32), np.zeros(halo + 1, np.float32)
    blur_into(field, sigma, halo, unit_peak, first, last, extents, column, taps, out)


@kernel(
    "const f4[:, :]", "const f8[:]", "i8", "b1", "i8", "i8", "i8[:, :]", "f4[:]", "f4[:]", "f4[:, :]",
    error_model="numpy",
)  # fmt: skip
def blur_into(field, sigma, halo, unit_peak, first, last, extents, column, taps, out):
    """Do what `blur_rows` does; `extents`, `column` and `taps` are its scratch arrays."""
    width = out.shape[1]
    low, high = extents[0], extents[1]
    _extents(field[first : last + 2 * halo], low, high)
    for y in range(first, last):
        radius = min(halo, math.ceil(REACH * sigma[y]))
        total = 1.0
        for k in range(1, radius + 1):
            total += 2.0 * math.exp(-0.5 * (k / sigma[y]) ** 2)
        taps[0] = 1.0 / total
        for k in range(1, radius + 1):
            taps[k] = math.exp(-0.5 * (k / sigma[y]) ** 2) / total
        left, right = field.shape[1], 0
        for k in range(-radius, radius + 1):
            row = y - first + halo + k
            left, right = min(left, low[row]), max(right, high[row])
        target = out[y]
        target[:] = 0
        if left >= right:
            continue
        column[left:right] = 0
        for k in range(-radius, radius + 1):
            row = y - first + halo + k
            if low[row] < high[row]:
                _add(column[low[row] : high[row]], field[row + first, low[row] : high[row]], taps[abs(k)])
        for k in range(-radius, radius + 1):
            begin, end = max(left - halo - k, 0), min(right - halo - k, width)
            if begin < end:
                _add(target[begin:end], column[begin + halo + k : end + halo + k], taps[abs(k)])
        if unit_peak:
            peak = np.float32(1.0) / taps[0]
            for x in range(width):
                target[x] *= peak
