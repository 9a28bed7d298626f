"""Gaussian smoothing whose width may differ from row to row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import CIRCUMFERENCE, ECCENTRICITY2
from heatlas.kernels.compiled import helper, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LEAST", "REACH", "blur_into", "blur_rows", "weigh", "widths_of_rows"]

REACH = 4.0
"""Standard deviations after which the kernel ends."""


LEAST = 0.2
"""Pixels; a narrower Gaussian copies, as its nearest tap is under one in a hundred thousand."""
_SOME = 16
"""Pixels that are looked at together, by vector instructions."""


@helper()
def _count(row):
    """Count the pixels that are not 0."""
    found = 0
    for x in range(row.shape[0]):
        found += row[x] != 0
    return found


@helper()
def _extents(field, low, high):
    """Write the first and last+1 column that is not 0 in each row, or the width and 0; columns outside are skipped."""
    height, width = field.shape
    for y in range(height):
        row, begin, end = field[y], 0, width
        while begin + _SOME <= width and _count(row[begin : begin + _SOME]) == 0:
            begin += _SOME
        while begin < width and row[begin] == 0:
            begin += 1
        while end - _SOME >= begin and _count(row[end - _SOME : end]) == 0:
            end -= _SOME
        while end > begin and row[end - 1] == 0:
            end -= 1
        low[y], high[y] = begin, end if begin < width else 0


@helper()
def weigh(taps, sigma, radius):
    """Write the weights of a row's kernel, from its centre on; their sum over both sides is 1."""
    taps[0] = total = 1.0
    for k in range(1, radius + 1):
        taps[k] = math.exp(-0.5 * (k / sigma) ** 2)
        total += 2.0 * taps[k]
    for k in range(radius + 1):
        taps[k] /= total


@helper()
def _add(target, source, tap):
    """Add tap * source to target: a loop that the compiler can turn into vector instructions."""
    for x in range(target.shape[0]):
        target[x] += tap * source[x]


@helper()
def _multiply(target, factor):
    """Multiply all of target: another such loop, as an index that counts from another place gets no vectors."""
    for x in range(target.shape[0]):
        target[x] *= factor


@helper()
def _add_four(target, sources, taps):
    """Add four taps, in their order; the target is read and written once."""
    (a, b, c, d), (of_a, of_b, of_c, of_d) = sources, taps
    for x in range(target.shape[0]):
        target[x] = target[x] + of_a * a[x] + of_b * b[x] + of_c * c[x] + of_d * d[x]


@helper()
def _tap(taps, k, radius):
    return np.float32(taps[abs(k - radius)])


@helper()
def _add_rows(target, field, top, left, taps, radius):
    """Add weighted rows of a field, the upper first, from a column on.

    They are cut from the field one by one: rows of a cut field have a stride, and get no vector instructions.
    """
    right, k = left + len(target), 0
    while k + 4 <= 2 * radius + 1:
        y = top + k
        four = field[y, left:right], field[y + 1, left:right], field[y + 2, left:right], field[y + 3, left:right]
        _add_four(target, four, _four_taps(taps, k, radius))
        k += 4
    while k < 2 * radius + 1:
        _add(target, field[top + k, left:right], _tap(taps, k, radius))
        k += 1


@helper()
def _add_columns(target, row, taps, radius):
    """Add a row (n + 2 radius,) to (n,) at all places that taps reach, from the left."""
    n, k = len(target), 0
    while k + 4 <= 2 * radius + 1:
        four = row[k : k + n], row[k + 1 : k + n + 1], row[k + 2 : k + n + 2], row[k + 3 : k + n + 3]
        _add_four(target, four, _four_taps(taps, k, radius))
        k += 4
    while k < 2 * radius + 1:
        _add(target, row[k : k + n], _tap(taps, k, radius))
        k += 1


@helper()
def _four_taps(taps, k, radius):
    return _tap(taps, k, radius), _tap(taps, k + 1, radius), _tap(taps, k + 2, radius), _tap(taps, k + 3, radius)


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
    column, taps = np.zeros(field.shape[1], np.float32), np.zeros(halo + 1)
    blur_into(field, sigma, halo, unit_peak, first, last, extents, column, taps, out)


@kernel(
    "const f4[:, :]", "const f8[:]", "i8", "b1", "i8", "i8", "i8[:, :]", "f4[:]", "f8[:]", "f4[:, :]",
    error_model="numpy",
)  # fmt: skip
def blur_into(field, sigma, halo, unit_peak, first, last, extents, column, taps, out):
    """Do what `blur_rows` does; `extents`, `column` and `taps` are its scratch arrays."""
    width, radius = out.shape[1], 0
    low, high = extents[0], extents[1]
    _extents(field[first : last + 2 * halo], low, high)
    for y in range(first, last):
        if y == first or sigma[y] != sigma[y - 1]:
            radius = min(halo, math.ceil(REACH * sigma[y]))
            weigh(taps, sigma[y], radius)
        top = y + halo - radius
        left, right = field.shape[1], 0
        for row in range(top - first, top - first + 2 * radius + 1):
            left, right = min(left, low[row]), max(right, high[row])
        target = out[y]
        target[:] = 0
        if left >= right:
            continue
        # What lies outside adds 0, which changes no sum: all taps have the same columns.
        begin, end = max(left - halo - radius, 0), min(right - halo + radius, width)
        if begin >= end:
            continue
        column[begin + halo - radius : end + halo + radius] = 0
        left, right = max(left, begin + halo - radius), min(right, end + halo + radius)
        _add_rows(column[left:right], field, top, left, taps, radius)
        _add_columns(target[begin:end], column[begin + halo - radius : end + halo + radius], taps, radius)
        if unit_peak:
            _multiply(target[begin:end], np.float32(1.0) / np.float32(taps[0]))


def widths_of_rows(
    metres: float, pixels: float, scale: float, first: int, height: int
) -> tuple[NDArray[np.float64], float]:
    """Standard deviations of rows (height,), pixels, and the greatest of them.

    To the bit what `heatlas.core.mercator.ground_metres` gives, in three calls in place of twenty.

    Parameters
    ----------
    metres, pixels : float
        Width on the ground and on the screen, of which the greater counts; below `LEAST` it is 0.
    scale : float
        Pixels around the world.
    first, height : int
        First row, counted from 85.0511 N, and number of rows.
    """
    widths = np.empty(height)
    fill_northings(first, scale, widths)
    np.cosh(widths, out=widths)  # of NumPy, as the last bit differs from that of others
    return widths, fill_widths(metres * scale, pixels, widths)


@kernel("i8", "f8", "f8[:]", error_model="numpy")
def fill_northings(first, scale, out):
    """Write the northing of the middle of each row (n,) in radii of the sphere."""
    for k in range(out.shape[0]):
        out[k] = (0.5 - (np.float64(first + k) + 0.5) / scale) * 2 * math.pi


@kernel("f8", "f8", "f8[:]", error_model="numpy")
def fill_widths(reach, pixels, widths):
    """Write the standard deviation of each row (n,) in place of the hyperbolic cosine of its northing.

    `reach` is that on the ground as it were where a metre of the ground is one of the world. Returns the greatest.
    """
    greatest = 0.0
    for k in range(widths.shape[0]):
        cos = 1 / widths[k]
        w = 1 - ECCENTRICITY2 * (1 - cos * cos)
        east = CIRCUMFERENCE * cos / math.sqrt(w)
        width = max(reach / math.sqrt(east * (east * (1 - ECCENTRICITY2) / w)), pixels)
        widths[k] = 0.0 if width < LEAST else width
    for k in range(widths.shape[0]):
        greatest = max(greatest, widths[k])
    return greatest
