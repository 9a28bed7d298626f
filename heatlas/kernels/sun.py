"""Where the sun stands."""

from __future__ import annotations

import math

import numpy as np

from heatlas.kernels.compiled import kernel

__all__ = ["elevations"]

_STEP = 600.0
"""Seconds for which the sun has one place among the stars: it moves by 0.007 degrees."""


@kernel(allocates=True)
def elevations(time, longitude, latitude):
    """Elevation of the sun above the horizon, without refraction.

    Low-precision formulas for the sun's position, The Astronomical Almanac, section C: within 0.02 degrees until 2050.

    Parameters
    ----------
    time : ndarray of float64 (k,)
        Unix seconds; NaN where unknown.
    longitude, latitude : ndarray of float64 (k,)
        Degrees.

    Returns
    -------
    ndarray of float64 (k,)
        Degrees; NaN where the time is unknown.
    """
    found = np.empty(time.shape[0])
    before, north, along, ascension = np.nan, 0.0, 0.0, 0.0
    for k in range(time.shape[0]):
        slot = math.floor(time[k] / _STEP) if time[k] == time[k] else np.nan
        if slot != slot:
            found[k] = np.nan
            continue
        if slot != before:
            before = slot
            days = (slot + 0.5) * _STEP / 86400 - 10957.5  # since noon of 1 January 2000, UTC
            anomaly = math.radians(357.528 + 0.9856003 * days)
            ecliptic = 280.460 + 0.9856474 * days + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly)
            ecliptic, tilt = math.radians(ecliptic), math.radians(23.439 - 4e-7 * days)
            north = math.sin(tilt) * math.sin(ecliptic)
            along = math.sqrt(1 - north * north)
            ascension = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
        turned = 280.46062 + 360.98564737 * (time[k] / 86400 - 10957.5)
        hour = math.radians(turned % 360 + longitude[k]) - ascension
        place = math.radians(latitude[k])
        height = math.sin(place) * north + math.cos(place) * along * math.cos(hour)
        found[k] = math.degrees(math.asin(min(max(height, -1.0), 1.0)))
    return found
