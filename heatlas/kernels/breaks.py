"""Find where no line may be drawn: stray fixes, jumps, gaps, and clocks that run backwards.

A track is judged by its own clock: the recorded times without those that are out of order, interpolated in between.
Steps are judged one by one, by the rhythm that `heatlas.tracks.clean.rhythm` found in all of them.
"""

from __future__ import annotations

import math

import numpy as np

from heatlas.core.mercator import CIRCUMFERENCE
from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.path import _ground

__all__ = ["BACKWARDS", "BREAKS", "GAP_DISTANCE", "GAP_TIME", "JUMP", "NONE", "OWN"]
__all__ += ["clock_into", "join_into", "judge_into", "stays_into", "steps_into", "strays_into"]

BREAKS = ("breaks: clock runs backwards", "breaks: gap in time", "breaks: gap in distance", "breaks: jump")
"""Reasons why no line is drawn, by number."""
BACKWARDS, GAP_TIME, GAP_DISTANCE, JUMP = range(4)
NONE, OWN = -1, -2
"""A step that is drawn; the file's own end of a segment."""

_REPEATED = 16
"""Fixes at the very same place that may be stray together: a receiver repeats its last position."""
_STILL = 2e-11
"""World units below which two places are the same: less than a millimetre."""
_BRIEF = 30.0
"""Seconds between fixes in which no movement turns around fast enough to look like a stray."""
_AROUND = 5
"""Steps on either side that may show that a long one is in the rhythm of its neighbours."""
_ENOUGH = 3
_SPARSE = 5.0
"""Factor by which a step must be longer than others to stand out."""
_MOVED = 100.0
"""Metres from which a step shows the rhythm of travelling; at rest many recorders write fewer fixes."""
_STRAIGHT = 0.7
"""Least length of two steps as the crow flies, to that along them, for a movement in one direction."""
_ROUNDED, _STEADY = 1.0, 0.03
"""Seconds, and share, by which a time that was computed from a constant speed may be off."""


@helper(error_model="numpy")
def _metres(u, v, a, b):
    """Ground distance between two fixes, the short way around the world."""
    step_u = u[b] - u[a]
    step_u -= np.rint(step_u)
    east, north = _ground((v[a] + v[b]) * 0.5)
    east, north = step_u * east, (v[b] - v[a]) * north
    return math.sqrt(east * east + north * north)


@helper()
def _is_still(u, v, a, b):
    """Whether two fixes are at the very same place."""
    return abs(u[b] - u[a]) < _STILL and abs(v[b] - v[a]) < _STILL


@kernel("f8[:]", "const b1[:]", "f8[:]")
def clock_into(seconds, fresh, clock):
    """Remove single times that are out of order, and interpolate between known ones.

    Parameters
    ----------
    seconds : ndarray of float64 (n,)
        Times. A time becomes NaN when its neighbours' times are in order and it is not between them.
    fresh : ndarray of bool (n,)
        Whether a segment of the file begins at each fix.
    clock : ndarray of float64 (n,)
        Receives the times, evenly interpolated; NaN before the first and after the last known time of a segment.

    Returns
    -------
    int
        Number of times that were removed.
    """
    n = seconds.shape[0]
    odd = 0
    for i in range(1, n - 1):
        before, here, after = seconds[i - 1], seconds[i], seconds[i + 1]
        if not (fresh[i] or fresh[i + 1]) and before <= after and (here < before or here > after):
            seconds[i] = np.nan
            odd += 1
    last = -1
    for i in range(n):
        if fresh[i]:
            last = -1
        clock[i] = seconds[i]
        if seconds[i] == seconds[i]:
            if last >= 0:
                lapse = max(seconds[i] - seconds[last], 0.0)
                for j in range(last + 1, i):
                    clock[j] = seconds[last] + lapse * (j - last) / (i - last)
            last = i
    return odd


@helper(error_model="numpy")
def _is_far(u, v, clock, a, b, max_speed, slack, max_step):
    """Whether a fix disagrees with another one: too far for the time, or, without times, farther than `max_step`."""
    lapse = clock[b] - clock[a]
    allowed = max_speed * max(lapse, 0.0) + slack if lapse == lapse else max_step
    step_u, step_v = u[b] - u[a], v[b] - v[a]
    # The length at the equator, the longest there can be: mostly that is enough.
    if CIRCUMFERENCE * CIRCUMFERENCE * (step_u * step_u + step_v * step_v) <= allowed * allowed:
        return False
    return _metres(u, v, a, b) > allowed


@helper(error_model="numpy")
def _is_astray(u, v, clock, before, here, after, max_speed, slack, max_step):
    """Whether a fix disagrees with those before and after, which agree with each other."""
    return (
        _is_far(u, v, clock, before, here, max_speed, slack, max_step)
        and _is_far(u, v, clock, here, after, max_speed, slack, max_step)
        and not _is_far(u, v, clock, before, after, max_speed, slack, max_step)
    )


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]", "b1[:]", "i8[:]", ("f8", "f8"), "f8", "f8", error_model="numpy")
def strays_into(u, v, seconds, clock, fresh, kept, speeds, slack, max_step):
    """Drop fixes that disagree with both their neighbours while these agree with each other.

    Repeats of a position count as one fix. All arrays (n,) are moved together.

    Parameters
    ----------
    u, v, seconds, clock, fresh, kept : ndarray (n,)
        As of `clean_into` and `clock_into`.
    speeds : tuple of float
        Greatest speed of the sport, m/s; and a lower one for fixes within seconds of each other, between which nothing
        goes there and back.
    slack : float
        Metres by which a fix may be wrong.
    max_step : float
        Metres between neighbours without times.

    Returns
    -------
    int
        Number of fixes that are left.
    """
    n = u.shape[0]
    k, i, since = 0, 0, 0
    while i < n:
        j = i + 1
        while j < n and j - i < _REPEATED and not fresh[j] and _is_still(u, v, i, j):
            j += 1
        if k > 0 and not fresh[i] and j < n and not fresh[j]:
            brief = clock[i] - clock[k - 1] <= _BRIEF and clock[j] - clock[j - 1] <= _BRIEF
            if _is_astray(u, v, clock, since, i, j, speeds[0], slack, max_step) or (
                brief and _is_astray(u, v, clock, since, i, j, speeds[1], slack, max_step)
            ):
                i = j
                continue
        u[k], v[k], seconds[k], clock[k], fresh[k], kept[k] = u[i], v[i], seconds[i], clock[i], fresh[i], kept[i]
        if k == 0 or fresh[k] or clock[since] != clock[since] or not _is_still(u, v, k - 1, k):
            since = k
        k += 1
        i += 1
    return k


@kernel("const f8[:]", "const f8[:]", "const f8[:]", "const b1[:]", "f8[:]", "f8[:]", "f8[:]")
def steps_into(u, v, clock, fresh, metres, lapse, free):
    """Measure each step to the next fix.

    Parameters
    ----------
    u, v, clock, fresh : ndarray (n,)
        As of `clean_into` and `clock_into`.
    metres, lapse : ndarray of float64 (n - 1,)
        Receive ground metres and seconds; -1 and NaN where a segment of the file ends, NaN seconds without times.
    free : ndarray of float64 (n - 1,)
        Receives the seconds since the position was new: receivers that have lost the signal repeat their last one.
    """
    since = 0
    for i in range(u.shape[0] - 1):
        if fresh[i] or clock[since] != clock[since] or (i > 0 and not _is_still(u, v, i - 1, i)):
            since = i
        if fresh[i + 1]:
            metres[i], lapse[i], free[i] = -1.0, np.nan, np.nan
        else:
            metres[i], lapse[i], free[i] = _metres(u, v, i, i + 1), clock[i + 1] - clock[i], clock[i + 1] - clock[since]


@helper()
def _is_fast(metres, free, i, max_speed, airliner, slack):
    """Whether a step is too fast for the sport, but not for an airliner."""
    return 0 <= i < metres.shape[0] and max_speed * free[i] + slack < metres[i] <= airliner * free[i] + slack


@helper(error_model="numpy")
def _goes_on(u, v, metres, free, i, max_speed, airliner, slack):
    """Whether a fast step lies between two as fast in the same direction: a vehicle, not an error."""
    return (
        _is_fast(metres, free, i - 1, max_speed, airliner, slack)
        and _is_fast(metres, free, i, max_speed, airliner, slack)
        and _is_fast(metres, free, i + 1, max_speed, airliner, slack)
        and _metres(u, v, i - 1, i + 1) >= _STRAIGHT * (metres[i - 1] + metres[i])
        and _metres(u, v, i, i + 2) >= _STRAIGHT * (metres[i] + metres[i + 1])
    )


@helper()
def _as_sparse(values, value, metres, i, least):
    """Whether several of the steps around one are nearly as long; those below `least` metres do not count."""
    found = 0
    for j in range(max(i - _AROUND, 0), min(i + _AROUND + 1, values.shape[0])):
        if j != i and metres[j] >= least and _SPARSE * values[j] >= value:
            found += 1
    return found >= _ENOUGH


@helper(error_model="numpy")
def _judge(u, v, steps, i, speeds, slack, rhythm, gaps):
    """Give the reason why no line may be drawn along a step, or that it is drawn."""
    metres, lapse, free = steps
    long = metres[i]
    patience, near, longest, farthest, pace = rhythm
    max_gap, max_step = gaps
    if long < 0.0:
        return OWN
    if lapse[i] < 0.0:
        return BACKWARDS
    if long > max_step:
        return GAP_DISTANCE
    if lapse[i] != lapse[i]:  # no times: by distance alone
        wide = max_step != max_step and long > farthest and not _as_sparse(metres, long, metres, i, 0.0)
        return GAP_DISTANCE if wide else NONE
    if long > speeds[0] * free[i] + slack and not _goes_on(u, v, metres, free, i, speeds[0], speeds[2], slack):
        return JUMP
    if max_gap == max_gap:
        return GAP_TIME if lapse[i] > max_gap else NONE
    # The last lapse counts if it is long enough for the step: the fix before is then true. Else that fix is a repeat.
    seconds = lapse[i] if long <= speeds[0] * lapse[i] + slack else free[i]
    if max_step == max_step or seconds <= patience or long <= near or seconds <= longest:
        return NONE
    if abs(seconds - long / pace) <= _ROUNDED + _STEADY * seconds:
        return NONE
    return NONE if _as_sparse(lapse, seconds, metres, i, _MOVED) else GAP_TIME


@kernel(
    "const f8[:]", "const f8[:]", ("const f8[:]", "const f8[:]", "const f8[:]"), ("f8", "f8", "f8"), "f8",
    ("f8", "f8", "f8", "f8", "f8"), ("f8", "f8"), "i1[:]", error_model="numpy",
)  # fmt: skip
def judge_into(u, v, steps, speeds, slack, rhythm, gaps, reasons):
    """Judge each step.

    Parameters
    ----------
    u, v : ndarray of float64 (n,)
        World coordinates.
    steps : tuple of ndarray of float64 (n - 1,)
        Result of `steps_into`.
    speeds : tuple of float
        Greatest speeds of the sport, of strays and of an airliner, m/s.
    slack : float
        Metres by which a fix may be wrong.
    rhythm : tuple of float
        Seconds and metres of a step that is always drawn; the longest lapse and the farthest step (without times) that
        are in the recording's rhythm; the constant speed from which the times were computed, else NaN.
    gaps : tuple of float
        Longest lapse and step that are drawn, in place of the rhythm; NaN where not given.
    reasons : ndarray of int8 (n - 1,)
        Receives an index into `BREAKS`, or `NONE`, or `OWN`.
    """
    for i in range(reasons.shape[0]):
        reasons[i] = _judge(u, v, steps, i, speeds, slack, rhythm, gaps)


@kernel("f8[:]", "const i1[:]")
def join_into(u, reasons):
    """Unwrap u again: each segment begins in [0, 1), and goes on by the short way."""
    for i in range(u.shape[0]):
        if i == 0 or reasons[i - 1] != NONE:
            u[i] -= math.floor(u[i])
        else:
            u[i] -= np.rint(u[i] - u[i - 1])


@kernel("const f8[:]", "const f8[:]", "const f8[:]", "f8", "f8", "b1[:]", "f8[:]", error_model="numpy")
def stays_into(u, v, seconds, least, reach, cuts, stayed):
    """Find where stops end: a long silence, or a long time within reach of one place.

    Parameters
    ----------
    u, v, seconds : ndarray of float64 (n,)
        World coordinates and times, not decreasing.
    least, reach : float
        Seconds, and metres, of a stop.
    cuts : ndarray of bool (n,)
        In: False. Out: True at the fixes with which a new part of the track begins.
    stayed : ndarray of float64 (n,)
        In: 0. Out: the seconds of each stop, where it ends.
    """
    anchor = 0
    for i in range(1, seconds.shape[0]):
        silent = seconds[i] - seconds[i - 1] >= least
        if not silent and _metres(u, v, anchor, i) <= reach:
            continue
        # The stop, if any, ended with the fix before.
        if seconds[i - 1] - seconds[anchor] >= least:
            cuts[i - 1] = True
            stayed[i - 1] = seconds[i - 1] - seconds[anchor]
        if silent:
            cuts[i] = True
            stayed[i] = seconds[i] - seconds[i - 1]
        anchor = i
