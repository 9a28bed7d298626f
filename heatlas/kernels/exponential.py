"""The exponential function by a polynomial: two fifths of the time of the general one, and the same on any machine."""

from __future__ import annotations

import math

from heatlas.kernels.compiled import helper
from heatlas.kernels.instructions import bits_of, float64_of

__all__ = ["exponentials"]

_PER_LN2 = 1 / math.log(2)
_LN2_HIGH, _LN2_LOW = float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")
"""ln 2 in two parts: the first has so few bits that its multiples up to 2**11 are exact (Cody & Waite 1980)."""
_A, _B, _C, _D, _E, _F, _G, _H, _I, _J, _K, _L = (1 / math.factorial(k) for k in range(13, 1, -1))  # Taylor's series
_ROUNDS = 1.5 * 2.0**52
"""Added and taken off again, it leaves a whole number; its lowest bits are that number as long as it is added."""
_MOST, _LEAST = 720.0, -760.0
"""Beyond these the result is infinite, or 0."""
_ONE = 1023 << 52
"""Bits of 1.0."""


@helper()
def exponentials(values, found, count):
    """Fill `found` with e to the power of the first `count` values; wrong by at most 1 unit in the last place.

    With n = x / ln 2 as a whole number, e**x is 2**n e**r, |r| <= ln 2 / 2. As 2**n may be no float64 of its own where
    the product is one, it is multiplied in two steps.

    Parameters
    ----------
    values : ndarray of float64
        Any; NaN gives NaN.
    found : ndarray of float64
        Is filled; may not overlap `values`.
    count : int
        How many are worked out.
    """
    for j in range(count):
        x = values[j]
        x = _MOST if x > _MOST else x  # noqa: FURB136 - min and max would lose NaN
        x = _LEAST if x < _LEAST else x  # noqa: FURB136
        n = (x * _PER_LN2 + _ROUNDS) - _ROUNDS
        r = (x - n * _LN2_HIGH) - n * _LN2_LOW
        tail = _A
        for coefficient in (_B, _C, _D, _E, _F, _G, _H, _I, _J, _K, _L):
            tail = tail * r + coefficient
        half = n * 0.5 + _ROUNDS
        rest = (n - (half - _ROUNDS)) + _ROUNDS
        first, second = float64_of((bits_of(half) << 52) + _ONE), float64_of((bits_of(rest) << 52) + _ONE)
        found[j] = (1.0 + (r + r * r * tail)) * first * second
