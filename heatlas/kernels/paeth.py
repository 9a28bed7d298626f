"""Rows of pictures as differences from Paeth's prediction, and whether these compress better.

Formula: Portable Network Graphics (PNG) Specification, Third Edition, W3C, 9.4, filter type 4.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel

__all__ = ["SOME", "paeth_pays", "paeth_rows"]

SOME = 8
"""One row in so many is looked at."""
_CLEARLY = 4
"""How many times smaller differences from the prediction are where they pay."""


@helper(forceinline=True)
def _apart(a, b):
    """Distance of two uint8."""
    return np.uint8(max(a, b) - min(a, b))


@helper(forceinline=True)
def _predicted(a, b, c):
    """Of left, above and above left (uint8), that which is nearest to a + b - c; the first of equals.

    Distances fit in 8 bits, so that one vector holds many: c is that far only if it lies between a and b, as otherwise
    it is no nearer than either.
    """
    by_a, by_b = _apart(b, c), _apart(a, c)
    by_c = _apart(by_a, by_b) if (a > c) != (b > c) else np.uint8(255)
    other = b if by_b <= by_c else c
    return a if (by_a <= by_b and by_a <= by_c) else other


@helper(forceinline=True)
def _size(difference):
    """Size of a difference of bytes (uint8), which wraps around."""
    return min(difference, np.uint8(-difference))


@kernel("const u1[:, :]", "const u1[:]", "i8", "u1[:, :]")
def paeth_rows(rows, above, step, out):
    """Write the filter type of Paeth, 4, before each row, and its bytes less what is predicted of them.

    Parameters
    ----------
    rows : ndarray of uint8 (h, w)
        Rows of bytes.
    above : ndarray of uint8 (w,)
        The row above the first.
    step : int
        Bytes of a pixel, at most w.
    out : ndarray of uint8 (h, w + 1)
        Is overwritten.
    """
    for y in range(rows.shape[0]):
        row, over, into = rows[y], rows[y - 1] if y > 0 else above, out[y]
        into[0] = 4
        for x in range(step):
            into[1 + x] = np.uint8(row[x] - over[x])
        # Slices, as indices below 0 would be looked for otherwise, one by one.
        value, rest = row[step:], into[1 + step :]
        left, over, before = row[: row.shape[0] - step], over[step:], over[: over.shape[0] - step]
        for x in range(value.shape[0]):
            rest[x] = np.uint8(value[x] - _predicted(left[x], over[x], before[x]))


@kernel("const u1[:, :]", "const u1[:]", "i8[:]")
def paeth_pays(rows, above, counts):
    """Whether rows of one byte a pixel compress better as differences from Paeth's prediction than as they are.

    They do where the differences are in sum less than a quarter of those from the ground, the most frequent byte:
    smooth heat is predicted well, and thin lines are not. One row in `SOME` is looked at, and for the ground one pixel
    in `SOME` of it. Of tiles of real tracks, smooth and bare, on any ground, what is so chosen is in all up to 1 %
    larger than the smaller of both.

    Parameters
    ----------
    rows : ndarray of uint8 (h, w)
        Rows of pixels, one at least.
    above : ndarray of uint8 (w,)
        The row above the first.
    counts : ndarray of int64 (256,)
        Is overwritten.
    """
    first = min(SOME // 2, rows.shape[0] - 1)
    counts[:] = 0
    predicted = 0
    for y in range(first, rows.shape[0], SOME):
        row, over = rows[y], rows[y - 1] if y > 0 else above
        for x in range(0, row.shape[0], SOME):
            counts[row[x]] += 1
        value, left, over, before = row[1:], row[:-1], over[1:], over[:-1]
        part = np.uint32(0)  # half as wide as the sum: a vector holds more; enough for rows of 33 MB
        for x in range(value.shape[0]):
            part = np.uint32(part + _size(np.uint8(value[x] - _predicted(left[x], over[x], before[x]))))
        predicted += np.int64(part)
    ground, plain = np.argmax(counts), 0
    for byte in range(256):
        plain += counts[byte] * _size(np.uint8(byte - ground))
    return _CLEARLY * predicted < SOME * plain
