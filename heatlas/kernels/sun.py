"""Where the sun stands."""

from __future__ import annotations

import math

import numpy as np

from heatlas.kernels.compiled import helper
from heatlas.kernels.turns import cosine_of_turn, sine_of_turn

__all__ = ["sines_of_sun"]

_STEP = 600.0
"""Seconds for which the sun has one place among the stars: it moves by 0.007 degrees."""
_NOON = 10957.5
"""Days from 1970 to noon of 1 January 2000, UTC."""


@helper()
def _among_stars(slot):
    """Sine and cosine of the sun's declination, and its right ascension in turns, in a step of time."""
    days = (slot + 0.5) * _STEP / 86400 - _NOON
    anomaly = math.radians(357.528 + 0.9856003 * days)
    ecliptic = 280.460 + 0.9856474 * days + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly)
    ecliptic, tilt = math.radians(ecliptic), math.radians(23.439 - 4e-7 * days)
    north = math.sin(tilt) * math.sin(ecliptic)
    ascension = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
    return north, math.sqrt(1 - north * north), ascension / (2 * math.pi)


@helper()
def sines_of_sun(time, longitude, latitude, found, count):
    """Sines of the elevation of the sun above the horizon, without refraction.

    Low-precision formulas for the sun's position, The Astronomical Almanac, section C: within 0.02 degrees until 2050.

    Parameters
    ----------
    time : ndarray of float64
        Unix seconds; NaN where unknown.
    longitude, latitude : ndarray of float64
        Degrees.
    found : ndarray of float64
        Is filled; NaN where the time is unknown.
    count : int
        The first so many are worked out.
    """
    k = 0
    while k < count:
        slot = np.floor(time[k] / _STEP)
        end = k + 1
        while end < count and np.floor(time[end] / _STEP) == slot:
            end += 1
        if slot == slot:
            north, along, ascension = _among_stars(slot)
            moments, lons, lats, out = time[k:end], longitude[k:end], latitude[k:end], found[k:end]
            for j in range(out.shape[0]):
                days = moments[j] * (1 / 86400) - _NOON
                turn = (280.46062 + lons[j] + 360.98564737 * days) * (1 / 360) - ascension
                place = lats[j] * (1 / 360)
                out[j] = sine_of_turn(place) * north + cosine_of_turn(place) * along * cosine_of_turn(turn)
        else:
            found[k] = np.nan
        k = end
