"""Filters of PNG: rows of pictures as differences from what is predicted of them, and which of these suit.

Formulas: Portable Network Graphics (PNG) Specification, Third Edition, W3C, 9.2 and 9.4.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel

__all__ = ["NONE", "PAETH", "SOME", "UP", "WEIGHTS", "best_filter", "filter_rows"]

NONE, UP, PAETH = 0, 2, 4
"""Types of filters, as the specification numbers them."""
SOME = 8
"""One row in so many is looked at."""
WEIGHTS = (10, 18, 14)
"""What a byte of NONE, UP and PAETH counts that neither repeats the byte before it nor follows a repetition."""


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


@helper()
def _filter_row(row, over, step, kind, out):
    """Write the bytes of a row less what a filter predicts of them."""
    if kind == NONE:
        for x in range(row.shape[0]):
            out[x] = row[x]
    elif kind == UP:
        for x in range(row.shape[0]):
            out[x] = np.uint8(row[x] - over[x])
    else:
        for x in range(step):
            out[x] = np.uint8(row[x] - over[x])
        # Slices, as indices below 0 would be looked for otherwise, one by one.
        value, rest = row[step:], out[step:]
        left, over, before = row[: row.shape[0] - step], over[step:], over[: over.shape[0] - step]
        for x in range(value.shape[0]):
            rest[x] = np.uint8(value[x] - _predicted(left[x], over[x], before[x]))


@kernel("const u1[:, :]", "const u1[:]", "i8", "i8", "u1[:, :]")
def filter_rows(rows, above, step, kind, out):
    """Write the type of a filter before each row, and its bytes less what the filter predicts of them.

    Parameters
    ----------
    rows : ndarray of uint8 (h, w)
        Rows of bytes.
    above : ndarray of uint8 (w,)
        The row above the first.
    step : int
        Bytes of a pixel, at most w.
    kind : int
        NONE, UP or PAETH.
    out : ndarray of uint8 (h, w + 1)
        Is overwritten.
    """
    for y in range(rows.shape[0]):
        out[y, 0] = kind
        _filter_row(rows[y], rows[y - 1] if y > 0 else above, step, kind, out[y, 1:])


@kernel("const u1[:, :]", "const u1[:]", "u1[:]")
def best_filter(rows, above, room):
    """Choose the filter by which rows of one byte a pixel compress best: NONE, UP or PAETH.

    A byte that repeats the one before it costs next to nothing, and so does one after a repetition. The others are
    counted, in one row of `SOME`, and weighed: without a filter whole lines and letters come again, which
    differences from the row above seldom do. Of tiles of real tracks and points, smooth and bare, what is so chosen is
    in all 1 to 6 % larger than the smallest of the three.

    Parameters
    ----------
    rows : ndarray of uint8 (h, w)
        Rows of pixels, one at least.
    above : ndarray of uint8 (w,)
        The row above the first.
    room : ndarray of uint8 (w,)
        Is overwritten.
    """
    first = min(SOME // 2, rows.shape[0] - 1)
    best, least = NONE, np.int64(0)
    for n in range(3):
        kind = 2 * n
        total = np.int64(0)
        for y in range(first, rows.shape[0], SOME):
            _filter_row(rows[y], rows[y - 1] if y > 0 else above, 1, kind, room)
            here, before, first_of_three = room[2:], room[1:-1], room[:-2]
            part = np.uint32(0)  # half as wide as the sum: a vector holds more
            for x in range(here.shape[0]):
                part = np.uint32(part + np.uint32((here[x] != before[x]) & (before[x] != first_of_three[x])))
            total += np.int64(part)
        if n == 0 or total * WEIGHTS[n] < least:
            best, least = kind, total * WEIGHTS[n]
    return best
