"""Convert recorded positions to world coordinates; impossible fixes are dropped, steps to judge are counted."""

from __future__ import annotations

import math

import numpy as np

from heatlas.core.mercator import CIRCUMFERENCE, MAX_LATITUDE
from heatlas.kernels.compiled import helper, kernel

__all__ = ["FIXES", "clean_into"]

FIXES = ("fixes without a position", "fixes out of range", "fixes at 0, 0", "fixes beyond 85.0511 degrees")
"""Fixes that `clean_into` drops and counts, in this order."""
_NO_POSITION, _RANGE, _NULL_ISLAND, _POLAR = range(4)


@helper(error_model="numpy")
def _is_plain(step_u, v, next_v, lapse, limits):
    """Whether a step is so short and quick that no rule may break it."""
    max_speed, slack, _, max_step = limits
    allowed = min(max_step, max_speed * lapse + slack) if lapse == lapse else min(max_step, slack)
    # The length at the equator. The true length is shorter, and seldom worth computing.
    step = CIRCUMFERENCE * math.sqrt(step_u * step_u + (next_v - v) * (next_v - v))
    if step <= allowed:
        return True
    # Plain Mercator on the sphere, up to 0.7 % off the ellipsoid, on which the other rules measure.
    e = math.exp((1.0 - next_v - v) * math.pi)
    return step * 2.0 / (e + 1.0 / e) <= allowed * 0.99


@kernel(
    "const f8[:]", "const f8[:]", "const f8[:]", "const i8[:]", ("f8", "f8", "f8", "f8"), "i8[:]", "f8[:]", "f8[:]",
    "f8[:]", "b1[:]", "i8[:]", error_model="numpy",
)  # fmt: skip
def clean_into(lon, lat, time, starts, limits, kept, u, v, seconds, fresh, tally):
    """Drop impossible fixes, and project the rest.

    Parameters
    ----------
    lon, lat : ndarray of float64 (n,)
        Degrees; NaN where the record has no position.
    time : ndarray of float64 (n,)
        Unix seconds; NaN where unknown.
    starts : ndarray of int64 (m,)
        Records at which the file begins a new segment, ascending.
    limits : tuple of float
        Greatest speed (m/s), slack (m), greatest lapse (s) and length (m) of a step that needs no judgement.
    kept : ndarray of int64 (n,)
        Receives the numbers of the records that are kept.
    u, v, seconds : ndarray of float64 (n,)
        Receive world coordinates (u without jumps at the antimeridian) and times.
    fresh : ndarray of bool (n,)
        Receives whether a segment of the file begins at each fix.
    tally : ndarray of int64
        Counts of `FIXES` are added.

    Returns
    -------
    int, int
        Number of fixes that are kept, and of steps that must be judged (`heatlas.kernels.breaks`).
    """
    k, odd, next_start = 0, 0, 0
    broken = True
    clock = np.nan
    for i in range(lon.shape[0]):
        while next_start < starts.shape[0] and starts[next_start] <= i:
            broken = True
            next_start += 1
        x, y, t = lon[i], lat[i], time[i]
        if x != x or y != y:
            tally[_NO_POSITION] += 1
            continue
        if not (abs(x) <= 180.0 and abs(y) <= 90.0):
            tally[_RANGE] += 1
            continue
        if x == 0.0 and y == 0.0:
            tally[_NULL_ISLAND] += 1
            continue
        if abs(y) > MAX_LATITUDE:
            tally[_POLAR] += 1
            continue
        sine = math.sin(math.radians(y))
        here_u = x / 360.0 + 0.5
        here_v = 0.5 - math.log((1.0 + sine) / (1.0 - sine)) / (4.0 * math.pi)
        if broken:
            here_u -= math.floor(here_u)
            clock = np.nan
        else:
            step_u = here_u - u[k - 1]
            step_u -= np.rint(step_u)
            here_u = u[k - 1] + step_u
            # Since the last known time, which may be that of an earlier fix.
            late = t < clock or t - clock > limits[2]
            if late or not _is_plain(step_u, v[k - 1], here_v, t - seconds[k - 1], limits):
                odd += 1
        fresh[k] = broken
        broken = False
        kept[k], u[k], v[k], seconds[k] = i, here_u, here_v, t
        if t == t:
            clock = t
        k += 1
    return k, odd
