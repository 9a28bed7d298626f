"""Decide whether two tracks are one activity: the same places at the same times, or the same way without times.

Nobody is at two places, so a recording of another device along the same way at the same time is the same activity,
unless both are known to be of different people, who ride side by side. Tracks to which one table gives different ids
must agree to the metre.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import ground_metres
from heatlas.tracks.duplicates.traces import PART, Trace, metres_between, shared_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CLOCK", "FARTHEST", "QUARTER", "same"]

_SAMPLES = 50
_SAME = 1.5
"""Most metres between copies of one recording: coordinates rounded to five digits, twice. Two devices differ more."""
_ALIKE = 12.0
"""Most metres between copies that begin and end in the same seconds, which a service may have resampled."""
_DEVICES = 25.0
"""Most metres between two devices of one person, each with its own error; in town the error may be larger."""
_PHONE = 300.0
"""Most metres between two exports of one location history, whose positions are up to 200 m off."""
_TURNED = 0.25
"""Share of the step between two fixes by which the way between them may lie beside the straight line."""
_SAME_SECONDS = 1.5
_SHARE = 0.8
_HALF = 0.5
"""Least share of the longer way that the other device recorded too, and of the shorter lines of two exports."""
_DENSITY = 4
"""With two devices, the longer recording is at most so many times sparser than the one that it replaces."""
_MOVES = 100.0
"""Metres across below which a recording hardly moves, so that being near is no evidence for two devices."""
_STAYS = 50.0
"""Metres across below which ways at the same place cannot be distinguished, nor tracks with different ids."""
_SHIFTS = np.array([0.0, -0.5, 0.5, -1.0, 1.0])  # sub-second clocks are rounded up, down, or to the nearest second
CLOCK = 40.0
"""Seconds by which clocks may differ: leap seconds that a device does not know (37 since 2017), or a manual setting."""
QUARTER = 900.0
"""Seconds of which offsets of time zones are multiples."""
FARTHEST = 57 * QUARTER
"""Most seconds between local time and UTC, 14 hours and a quarter; a day later is another day."""
_SHIFTED = 2.0
_SHIFTED_SHARE = 0.95
_SHIFTED_MOVES = 200.0
_SHIFTED_SECONDS = 20.0
"""Seconds by which thinning may shorten either end."""
_WAY = 2.0
"""Most metres from a fix of a copy without times to the line of the other: both are rounded."""
_WAY_SAMPLES = 64
_WAY_MISSES = 20
"""One in so many samples may lie off."""
_GLANCES = (0.37, 0.62, 0.81)
"""Places along a way that are checked first, as shares of its fixes: they rule out most other ways."""
_ENDS, _CUT = 120.0, 0.1
"""Metres, and share of the way, that a copy without times may lack at its ends."""
_SHORTER = (0.8, 1.02)
"""Least and greatest ratio of the length of a thinned line to the full one."""


def same(a: Trace, b: Trace) -> bool:
    """Whether two tracks are copies of one activity; one may be a part of the other."""
    if a.planned != b.planned or (a.person and b.person and a.person != b.person):
        return False
    if a.history and b.history and len(a.time) and len(b.time):
        shared = shared_lines(a, b)
        if a.history == b.history:
            if not shared >= PART:  # a trip, and the rest of the way that it was taken out of
                return False
        elif shared < _HALF:  # the same, of two exports, which cut the way at slightly other times
            return False
        elif _same_history(a, b):
            return True
    apart = a.apart(b)
    if apart and min(a.wide, b.wide) < _STAYS:
        return False  # two ships at one berth
    if len(a.time) and len(b.time):
        return _same_times(a, b, apart) or (not apart and _same_shifted(a, b))
    if _differ(a.start, b.start, _SAME_SECONDS) or _differ(a.said, b.said, FARTHEST):
        return False
    if apart or len(a.u) == len(b.u):
        if _same_fixes(a, b):
            return True
        if apart:
            return False
    return min(a.wide, b.wide) >= _STAYS and _same_way(*sorted((a, b), key=lambda trace: len(trace.u)))


def _differ(a: float | None, b: float | None, seconds: float) -> bool:
    return a is not None and b is not None and abs(a - b) > seconds


def _same_times(a: Trace, b: Trace, apart: bool) -> bool:
    start, end = max(a.time[0], b.time[0]), min(a.time[-1], b.time[-1])
    if end - start < -CLOCK:
        return False
    # Samples are fixes of the track that is sparser there: a thinned copy holds some of the fixes of the other.
    counts = [np.searchsorted(t.time, end, "right") - np.searchsorted(t.time, start, "left") for t in (a, b)]
    if counts[0] > counts[1]:
        a, b = b, a
    pair = _Pair(a, b)
    metres = pair.metres(_SHIFTS)
    if pair.share(metres, _SHIFTS, _SAME).max() >= _SHARE:
        return True
    if apart:
        return False
    same_ends = abs(a.time[0] - b.time[0]) <= _SAME_SECONDS and abs(a.time[-1] - b.time[-1]) <= _SAME_SECONDS
    if same_ends and pair.share(metres[:1], _SHIFTS[:1], _ALIKE)[0] >= _SHARE:
        return True
    if min(a.wide, b.wide) < _MOVES:
        return False
    if pair.share(metres[:1], _SHIFTS[:1], _DEVICES)[0] >= _SHARE and _mostly(a, b, 0.0):
        return True
    shifts = np.arange(-CLOCK, CLOCK + 1)
    metres = pair.metres(shifts)
    shares = pair.share(metres, shifts, _DEVICES)
    best = int(np.argmax(shares))
    if shares[best] < _SHARE:
        return False
    with np.errstate(invalid="ignore"):
        middles = np.nanmedian(np.where(shares[:, None] >= _SHARE, metres, np.nan)[shares >= _SHARE], axis=1)
    best = int(np.flatnonzero(shares >= _SHARE)[np.argmin(middles)])
    fine = shifts[best] + np.linspace(-1, 1, 5)
    return bool(pair.share(pair.metres(fine), fine, _SAME).max() >= _SHARE) or _mostly(a, b, float(shifts[best]))


def _same_history(a: Trace, b: Trace) -> bool:
    """Whether two exports of one location history tell the same piece of it, however sparsely.

    Positions of such histories are some 100 m off, and one may hold a fix in ten of the other. Between fixes that lie
    far apart, the way is unknown by as much as it may have turned.
    """
    if len(a.time) < 2 or len(b.time) < 2:
        return False
    start, end = max(a.time[0], b.time[0]), min(a.time[-1], b.time[-1])
    if end - start < PART * min(a.time[-1] - a.time[0], b.time[-1] - b.time[0]):
        return False
    if len(_within(a, start, end)) > len(_within(b, start, end)):
        a, b = b, a
    inside = _within(a, start, end)
    if len(inside) < 2:
        return False
    at = inside[np.arange(_SAMPLES) * (len(inside) - 1) // (_SAMPLES - 1)]
    when = a.time[at]
    u, v = (np.interp(when, b.time, line) for line in (b.timed_u, b.timed_v))
    after = np.searchsorted(b.time, when).clip(1, len(b.time) - 1)
    steps = metres_between(b.timed_u[after - 1], b.timed_v[after - 1], b.timed_u[after], b.timed_v[after])
    near = metres_between(a.timed_u[at], a.timed_v[at], u, v) <= _PHONE + _TURNED * steps
    return float(near.mean()) >= _SHARE


def _within(trace: Trace, start: float, end: float) -> NDArray[np.int64]:
    """Indices of the fixes between two times."""
    first, last = np.searchsorted(trace.time, start, "left"), np.searchsorted(trace.time, end, "right")
    return np.arange(first, last)


class _Pair:
    """Fixes of one track, and the positions of the other one at their times."""

    __slots__ = ("a", "b", "shorter", "u", "v", "when")

    def __init__(self, a: Trace, b: Trace) -> None:
        first = np.searchsorted(a.time, b.time[0] - CLOCK, "left")
        last = np.searchsorted(a.time, b.time[-1] + CLOCK, "right")
        at = first + np.arange(_SAMPLES) * (last - 1 - first) // (_SAMPLES - 1) if last > first else np.zeros(0, int)
        self.a, self.b = a, b
        self.when, self.u, self.v = a.time[at], a.timed_u[at], a.timed_v[at]
        self.shorter = min(a.time[-1] - a.time[0], b.time[-1] - b.time[0])

    def metres(self, shifts: NDArray[np.float64]) -> NDArray[np.float64]:
        """(shifts, samples) metres between both with the first clock put forward; NaN outside of the other's times."""
        when = self.when + shifts[:, None]
        u, v = (np.interp(when, self.b.time, line) for line in (self.b.timed_u, self.b.timed_v))
        found = metres_between(np.broadcast_to(self.u, when.shape), np.broadcast_to(self.v, when.shape), u, v)
        found[(when < self.b.time[0]) | (when > self.b.time[-1])] = np.nan
        return found

    def share(self, metres: NDArray[np.float64], shifts: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
        """(shifts,) share of the samples inside that are near; 0 where the two hardly overlap."""
        inside = np.count_nonzero(~np.isnan(metres), axis=1)
        near = np.count_nonzero(metres <= tolerance, axis=1)
        overlap = np.minimum(self.a.time[-1] + shifts, self.b.time[-1]) - np.maximum(
            self.a.time[0] + shifts, self.b.time[0]
        )
        sound = (overlap >= PART * self.shorter) & (inside >= 2)
        return np.where(sound, near / np.maximum(inside, 1), 0.0)


def _mostly(a: Trace, b: Trace, shift: float) -> bool:
    """Whether both devices recorded most of the longer way, and densely enough to replace the other."""
    start, end = max(a.time[0] + shift, b.time[0]), min(a.time[-1] + shift, b.time[-1])
    long, other, moved = (a, b, shift) if a.time[-1] - a.time[0] > b.time[-1] - b.time[0] else (b, a, 0.0)
    when = np.linspace(long.time[0], long.time[-1], 2 * _SAMPLES)
    u, v = np.interp(when, long.time, long.timed_u), np.interp(when, long.time, long.timed_v)
    steps = metres_between(u[:-1], v[:-1], u[1:], v[1:])
    middle = (when[:-1] + when[1:]) / 2 + moved
    common = float(steps[(middle >= start) & (middle <= end)].sum())
    if _covers(b, a, shift) and _covers(a, b, -shift):
        return True
    held = np.searchsorted(long.time, end - moved, "right") - np.searchsorted(long.time, start - moved, "left")
    return common >= _HALF * float(steps.sum()) and held * _DENSITY >= len(other.time)


def _covers(one: Trace, other: Trace, shift: float) -> bool:
    """Whether one lasted most of the time that the other one was under way, without its rest at home."""
    if other.under_way is None:
        return False
    start, end = other.under_way[0] + shift, other.under_way[1] + shift
    return bool(min(end, one.time[-1]) - max(start, one.time[0]) >= PART * (end - start))


def _same_shifted(a: Trace, b: Trace) -> bool:
    """Whether one is the other with the clock of another time zone: the same fixes, in the same rhythm."""
    if len(a.time) > len(b.time):
        a, b = b, a
    away = b.time[0] - a.time[0]
    shift = QUARTER * round(away / QUARTER)
    lengths = sorted(float(t.time[-1] - t.time[0]) for t in (a, b))
    if shift == 0 or abs(shift) > FARTHEST or abs(away - shift) > _SHIFTED_SECONDS:
        return False
    if lengths[1] - lengths[0] > 2 * _SHIFTED_SECONDS or min(a.wide, b.wide) < _SHIFTED_MOVES:
        return False
    # Samples lie evenly along the way: standing still at one place is no evidence.
    steps = metres_between(a.timed_u[:-1], a.timed_v[:-1], a.timed_u[1:], a.timed_v[1:])
    way = np.concatenate(([0.0], np.cumsum(steps)))
    at = np.unique(np.searchsorted(way, np.linspace(0, way[-1], _SAMPLES)).clip(0, len(way) - 1))
    when = a.time[at] + shift + _SHIFTS[:, None]
    inside = (when >= b.time[0] - 1) & (when <= b.time[-1] + 1)
    u, v = (np.interp(when, b.time, line) for line in (b.timed_u, b.timed_v))
    near = metres_between(np.broadcast_to(a.timed_u[at], u.shape), np.broadcast_to(a.timed_v[at], v.shape), u, v)
    return bool((((near <= _SHIFTED) & inside).mean(axis=1) >= _SHIFTED_SHARE).any())


def _same_fixes(a: Trace, b: Trace) -> bool:
    """Whether two have equally many fixes, at the same places in the same order."""
    if len(a.u) != len(b.u):
        return False
    if min(a.wide, b.wide) < _STAYS and (a.start is None or b.start is None):
        return False  # a few fixes at one place prove nothing
    at = np.linspace(0, max(len(a.u) - 1, 0), _SAMPLES).astype(np.intp)
    near = metres_between(a.u[at], a.v[at], b.u[at], b.v[at]) <= _SAME
    return float(near.mean()) >= _SHARE


def _same_way(thin: Trace, full: Trace) -> bool:
    """Whether the fixes of one lie on the line of the other, in order, from its beginning to its end."""
    for k in (len(thin.u) * np.array(_GLANCES)).astype(int):
        if _first_near(thin.u[k], thin.v[k], full, 0, len(full.u) - 1) < 0 and len(thin.u) > _WAY_MISSES:
            return False
    along, way = _way(thin), _way(full)
    if not _SHORTER[0] * way[-1] <= along[-1] <= _SHORTER[1] * way[-1] + 10:
        return False
    samples = np.unique(np.linspace(0, len(thin.u) - 1, _WAY_SAMPLES).astype(np.intp))
    misses, here, passed = 0, 0, 0.0
    # A copy may be cut at both ends; but planned routes, which have no times, may begin at different places.
    ends = max(_ENDS, _CUT * float(way[-1]))
    reach = ends if len(thin.time) or len(full.time) else _ENDS
    for k in samples:
        # Standing still makes the full line longer than the thinned one.
        far = np.searchsorted(way, way[here] + 1.3 * (along[k] - passed) + reach, "right")
        found = _first_near(thin.u[k], thin.v[k], full, here, min(int(far), len(way) - 1))
        if found < 0:
            misses += 1
            if misses * _WAY_MISSES > len(samples):
                return False
        else:
            here, passed, reach = found, along[k], _ENDS
    return bool(way[-1] - way[here] <= ends)


def _way(trace: Trace) -> NDArray[np.float64]:
    """(n,) metres along the line up to each fix."""
    steps = metres_between(trace.u[:-1], trace.v[:-1], trace.u[1:], trace.v[1:])
    return np.concatenate(([0.0], np.cumsum(steps)))


def _first_near(u: float, v: float, line: Trace, first: int, last: int) -> int:
    """Index of the first step of a line, between the fixes `first` and `last`, that comes near a place; -1 if none."""
    east, north = ground_metres(v)
    x = line.u[first : last + 1] - u
    x = (x - np.round(x)) * east
    y = (line.v[first : last + 1] - v) * north
    dx, dy = np.diff(x), np.diff(y)
    length2 = dx * dx + dy * dy
    nearest = np.clip(-(x[:-1] * dx + y[:-1] * dy) / np.where(length2 > 0, length2, 1), 0, 1)
    near = np.hypot(x[:-1] + nearest * dx, y[:-1] + nearest * dy) <= _WAY
    found = int(np.argmax(near)) if near.any() else -1
    return first + found if found >= 0 else -1
