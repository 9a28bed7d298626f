"""From recorded positions to sound segments in world coordinates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.mercator import CIRCUMFERENCE, MAX_LATITUDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["REASONS", "clean_into", "clean_track"]

REASONS = (
    "fixes without a position",
    "fixes out of range",
    "fixes at 0, 0",
    "fixes beyond 85.0511 degrees",
    "times that cannot be",
    "breaks: clock runs backwards",
    "breaks: gap in time",
    "breaks: gap in distance",
    "breaks: jump",
    "fixes astray between jumps",
)
"""What `clean_track` counts, in this order."""
(
    _NO_POSITION, _RANGE, _NULL_ISLAND, _POLAR, _TIME, _BACKWARDS, _GAP_TIME, _GAP_DISTANCE, _JUMP, _LONE
) = range(10)  # fmt: skip


@helper(error_model="numpy")
def _judge(step_u, v, next_v, lapse, max_speed, slack, max_gap, max_step):
    """Say why no line may be drawn between two fixes, as an index into REASONS, or -1."""
    if lapse > max_gap:
        return _GAP_TIME
    allowed, reason = (max_speed * lapse + slack, _JUMP) if lapse == lapse else (max_step, _GAP_DISTANCE)
    # As long as it would be at the equator; on the ground it is shorter, and seldom worth working out.
    step = CIRCUMFERENCE * math.sqrt(step_u * step_u + (next_v - v) * (next_v - v))
    if step <= allowed:
        return -1
    # Plain Mercator on the sphere, a little too fast for the ellipsoid: limits have their slack.
    e = math.exp((1.0 - next_v - v) * math.pi)
    return reason if step * 2.0 / (e + 1.0 / e) > allowed else -1


def clean_track(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    time: NDArray[np.float64],
    starts: NDArray[np.int64],
    max_speed: float,
    slack: float,
    max_gap: float,
    max_step: float,
    earliest: float,
    latest: float,
) -> tuple[
    NDArray[np.int64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.int64],
]:
    """Drop what cannot be true, and break the track where no line should be drawn.

    Parameters
    ----------
    lon, lat : ndarray of float64 (n,)
        Degrees; NaN where the record has no position.
    time : ndarray of float64 (n,)
        Unix seconds; NaN where unknown.
    starts : ndarray of int64 (m,)
        Records at which the file begins a new segment, ascending.
    max_speed, slack : float
        A step of more than max_speed (m/s) * seconds + slack (m) is a jump.
    max_gap : float
        Seconds without a position after which a new segment begins.
    max_step : float
        Metres between two fixes without times after which a new segment begins.
    earliest, latest : float
        Times outside are dropped, the positions kept.

    Returns
    -------
    kept : ndarray of int64 (k,)
        Records that are kept.
    u, v, seconds : ndarray of float64 (k,)
        World coordinates (u without jumps at the antimeridian) and times.
    segments : ndarray of int64 (s + 1,)
        Offsets of the segments into what is kept.
    tally : ndarray of int64 (10,)
        Count of each of REASONS.
    """
    n = len(lon)
    tally = np.zeros(10, np.int64)
    kept, segments = np.empty(n, np.int64), np.empty(n + 1, np.int64)
    u, v, seconds = np.empty(n), np.empty(n), np.empty(n)
    limits = float(max_speed), float(slack), float(max_gap), float(max_step), float(earliest), float(latest)
    k, s = clean_into(lon, lat, time, starts, limits, kept, u, v, seconds, segments, np.zeros(n + 2, np.bool_), tally)
    return kept[:k], u[:k], v[:k], seconds[:k], segments[: s + 1], tally


@kernel(error_model="numpy")
def clean_into(lon, lat, time, starts, limits, kept, u, v, seconds, segments, jumped, tally):
    """Write what `clean_track` returns; `jumped` is room for whether a segment begins after a jump.

    Returns how many fixes are kept, and how many segments there are.
    """
    max_speed, slack, max_gap, max_step, earliest, latest = limits
    k, s, next_start = 0, 0, 0
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
        if t == t and not (earliest <= t <= latest):
            tally[_TIME] += 1
            t = np.nan
        sine = math.sin(math.radians(y))
        here_u = x / 360.0 + 0.5
        here_v = 0.5 - math.log((1.0 + sine) / (1.0 - sine)) / (4.0 * math.pi)
        if t < clock:
            tally[_BACKWARDS] += 1
            broken = True
        jump = False
        while not broken:
            step_u = here_u - u[k - 1]
            step_u -= np.rint(step_u)
            reason = _judge(step_u, v[k - 1], here_v, t - seconds[k - 1], max_speed, slack, max_gap, max_step)
            if reason < 0:
                here_u = u[k - 1] + step_u
                break
            jump = reason == _JUMP or reason == _GAP_DISTANCE
            if jump and s > 1 and k - segments[s - 1] == 1 and jumped[s - 1]:
                # A single fix with a jump on either side is a stray: the track goes on without it.
                tally[_LONE] += 1
                tally[_JUMP] -= 1
                k -= 1
                s -= 1
                continue
            tally[reason] += 1
            broken = True
        if broken:
            segments[s] = k
            jumped[s] = jump
            s += 1
            broken = False
            here_u -= math.floor(here_u)
        kept[k], u[k], v[k], seconds[k] = i, here_u, here_v, t
        if t == t:
            clock = t
        k += 1
    segments[s] = k
    return k, s
