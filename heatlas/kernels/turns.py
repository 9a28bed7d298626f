"""Sines and cosines of turns, by polynomials: a third of the time of the general ones, and the same on any machine."""

from __future__ import annotations

import math

import numpy as np

from heatlas.kernels.compiled import helper

__all__ = ["cosine_of_turn", "sine_of_turn"]

_A, _B, _C, _D, _E, _F, _G, _H = (
    (-1) ** k * (2 * math.pi) ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(8)
)  # Taylor's series of sin(2 pi x)


@helper(forceinline=True)
def cosine_of_turn(turn):
    """Cosine of an angle in whole turns; wrong by at most 1e-11, NaN where the angle is.

    The angle is brought between 0 and half a turn, where its cosine is the sine of what lies between it and a quarter.
    """
    x = 0.25 - abs(turn - np.floor(turn + 0.5))
    y = x * x
    return x * (_A + y * (_B + y * (_C + y * (_D + y * (_E + y * (_F + y * (_G + y * _H)))))))


@helper(forceinline=True)
def sine_of_turn(turn):
    """Sine of an angle in whole turns, as `cosine_of_turn`."""
    return cosine_of_turn(turn - 0.25)
