"""Distance, progress, speed and grade along a path on the ground."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import CIRCUMFERENCE, ECCENTRICITY2
from heatlas.kernels.compiled import helper, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "TOLERANCE", "change_over", "fill_metres", "fill_progress", "guess", "guess_progress", "mean_between",
    "metres_along", "progress_along",
]  # fmt: skip

TOLERANCE = 10.0
"""Metres within which a wandering position counts as standing still."""


@helper(error_model="numpy")
def _ground(v):
    """True metres per world unit at southing v, east-west and north-south (as mercator.ground_metres)."""
    e = math.exp((0.5 - v) * 2.0 * math.pi)
    cos = 2.0 * e / (e * e + 1.0)
    w = 1.0 - ECCENTRICITY2 * (1.0 - cos * cos)
    east = CIRCUMFERENCE * cos / math.sqrt(w)
    return east, east * (1.0 - ECCENTRICITY2) / w


def metres_along(u: NDArray[np.float64], v: NDArray[np.float64], segments: NDArray[np.int64]) -> NDArray[np.float64]:
    """Ground distance from each fix to the next of its segment, 0 at a segment's last fix.

    Parameters
    ----------
    u, v : ndarray of float64 (n,)
        World coordinates.
    segments : ndarray of int64 (m + 1,)
        Offsets of the segments.

    Returns
    -------
    ndarray of float64 (n,)
        Metres, by the radii of curvature of WGS 84 at the middle of each step.
    """
    metres = np.zeros(u.shape[0])
    fill_metres(u, v, segments, metres)
    return metres


@kernel("const f8[:]", "const f8[:]", "const i8[:]", "f8[:]")
def fill_metres(u, v, segments, metres):
    """Write what `metres_along` returns over zeros."""
    for s in range(segments.shape[0] - 1):
        for i in range(segments[s], segments[s + 1] - 1):
            east, north = _ground((v[i] + v[i + 1]) * 0.5)
            du, dv = (u[i + 1] - u[i]) * east, (v[i + 1] - v[i]) * north
            metres[i] = math.sqrt(du * du + dv * dv)


def progress_along(
    u: NDArray[np.float64], v: NDArray[np.float64], tracks: NDArray[np.int64], tolerance: float
) -> NDArray[np.float32]:
    """Distance covered, less the jitter of standing still.

    Progress grows with the largest distance from an anchor, which moves on to the present fix once
    that is farther than `tolerance`. Someone who waits at a light makes no progress, however long the
    recorded position wanders about. By construction two places of a track never lie farther apart than the
    progress between them plus twice the tolerance. A break between segments counts as the straight
    line across it.

    Parameters
    ----------
    u, v : ndarray of float64 (n,)
        World coordinates.
    tracks : ndarray of int64 (k + 1,)
        Offsets of the tracks into the fixes; progress begins again with each.
    tolerance : float
        Metres.

    Returns
    -------
    ndarray of float32 (n,)
        Metres since the first fix of the track, not decreasing.
    """
    progress = np.empty(u.shape[0], np.float32)
    fill_progress(u, v, tracks, tolerance, progress)
    return progress


@kernel("const f8[:]", "const f8[:]", "const i8[:]", "f8", "f4[:]")
def fill_progress(u, v, tracks, tolerance, progress):
    """Write what `progress_along` returns."""
    for k in range(tracks.shape[0] - 1):
        base, reach = 0.0, 0.0
        anchor = tracks[k]
        for i in range(tracks[k], tracks[k + 1]):
            if i == anchor:
                east, north = _ground(v[i])
            du, dv = (u[i] - u[anchor]) * east, (v[i] - v[anchor]) * north
            reach = max(reach, math.sqrt(du * du + dv * dv))
            progress[i] = base + reach
            if reach > tolerance:
                base += reach
                reach = 0.0
                anchor = i
                east, north = _ground(v[i])


@helper(error_model="numpy")
def _ground_nearly(v, head):
    """True metres per world unit at southing v, by the polynomials of `guess_progress`."""
    along, east, north = (v - head[1]) / head[2], 0.0, 0.0
    terms = (head.shape[0] - 3) // 2
    for k in range(terms - 1, -1, -1):
        east = east * along + head[3 + k]
        north = north * along + head[3 + terms + k]
    return east, north


@kernel("const f8[:]", "const f8[:]", "const f8[:]", "f4[:]")
def guess_progress(u, v, head, progress):
    """Write nearly what `progress_along` returns for one track.

    All is additions, multiplications, divisions and square roots, which are rounded alike everywhere: a guess is the
    same on any machine.

    Parameters
    ----------
    u, v : ndarray of float64 (n,)
        World coordinates.
    head : ndarray of float64 (3 + 2 * t,)
        Metres of standing still; a southing and half of a way, so that (v - southing) / half is from -1 to 1; terms of
        two polynomials in that, the constant ones first, which give the metres per world unit to the east and north.
    progress : ndarray of float32 (n,)
        Overwritten.
    """
    guess(u, v, head, progress)


@helper(error_model="numpy")
def guess(u, v, head, progress):
    """Do what `guess_progress` does."""
    base, reach, anchor, east, north = 0.0, 0.0, 0, 0.0, 0.0
    for i in range(u.shape[0]):
        if i == anchor:
            east, north = _ground_nearly(v[i], head)
        du, dv = (u[i] - u[anchor]) * east, (v[i] - v[anchor]) * north
        reach = max(reach, math.sqrt(du * du + dv * dv))
        progress[i] = base + reach
        if reach > head[0]:
            base += reach
            reach, anchor = 0.0, i
            east, north = _ground_nearly(v[i], head)


@kernel("const f8[:]", "const f8[:]", "const i8[:]", "f8", allocates=True)
def change_over(along, value, segments, half):
    """Mean rate of change of `value` along `along` around each fix.

    Parameters
    ----------
    along : ndarray of float64 (n,)
        Not decreasing inside a segment: seconds, or metres from the segment's start.
    value : ndarray of float64 (n,)
        The changing value; NaN where unknown.
    segments : ndarray of int64 (m + 1,)
        Offsets of the segments.
    half : float
        The rate is taken from the last known fix at least `half` before to the first one at least
        `half` after, or to the ends of the segment.

    Returns
    -------
    ndarray of float64 (n,)
        Change per unit of `along`; NaN where nothing is known around the fix.
    """
    rate = np.full(along.shape[0], np.nan)
    for s in range(segments.shape[0] - 1):
        first, last = segments[s], segments[s + 1]
        known = np.empty(last - first, np.int64)
        n = 0
        for i in range(first, last):
            if value[i] == value[i] and along[i] == along[i]:
                known[n] = i
                n += 1
        a, b = 0, 0
        for k in range(n):
            i = known[k]
            b = max(b, k)
            while a + 1 < k and along[i] - along[known[a + 1]] >= half:
                a += 1
            while b + 1 < n and along[known[b]] - along[i] < half:
                b += 1
            p, q = known[a], known[b]
            if along[q] > along[p]:
                rate[i] = (value[q] - value[p]) / (along[q] - along[p])
    return rate


@kernel("const f8[:]", "const f8[:]", "const i8[:]", "f8", "f8", allocates=True)
def mean_between(time, value, segments, first, last):
    """Mean of `value` over the time from `first` to `last` seconds after each fix.

    Parameters
    ----------
    time : ndarray of float64 (n,)
        Not decreasing inside a segment; NaN where unknown.
    value : ndarray of float64 (n,)
        NaN where unknown.
    segments : ndarray of int64 (m + 1,)
        Offsets of the segments.
    first, last : float
        Seconds, first below last.

    Returns
    -------
    ndarray of float64 (n,)
        Mean of the known fixes of the segment in that time, each with half of the time to its neighbours on either
        side, at most 15 s; NaN where they cover less than half of it.
    """
    mean = np.full(time.shape[0], np.nan)
    longest = 15.0
    for s in range(segments.shape[0] - 1):
        begin, end = segments[s], segments[s + 1]
        known = np.empty(end - begin, np.int64)
        n = 0
        for i in range(begin, end):
            if value[i] == value[i] and time[i] == time[i]:
                known[n] = i
                n += 1
        amount, weight = np.zeros(n + 1), np.zeros(n + 1)
        for k in range(n):
            own = 0.0
            if k > 0:
                own += 0.5 * min(time[known[k]] - time[known[k - 1]], longest)
            if k + 1 < n:
                own += 0.5 * min(time[known[k + 1]] - time[known[k]], longest)
            weight[k + 1] = weight[k] + own
            amount[k + 1] = amount[k] + own * value[known[k]]
        a, b = 0, 0
        for i in range(begin, end):
            if time[i] != time[i]:
                continue
            while a < n and time[known[a]] < time[i] + first:
                a += 1
            b = max(a, b)
            while b < n and time[known[b]] <= time[i] + last:
                b += 1
            covered = weight[b] - weight[a]
            if covered >= 0.5 * (last - first):
                mean[i] = (amount[b] - amount[a]) / covered
    return mean
