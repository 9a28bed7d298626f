"""Rhythm of a recording: its usual steps, and the length from which a step stands out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.mercator import ground_metres

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Gaps", "constant_speed", "find_rhythm", "is_wrong_clock"]

_TIMES = 5.0
"""A step stands out when it is longer than this many times the usual value."""
_FEW, _SHARE = 5, 0.05
"""A value is usual when at least so many steps, or that share of them, reach it."""
_MOVED = 100.0
"""Least metres of a step that shows the rhythm of travelling: at rest many recorders report less often."""
_LONG, _SAME, _ROUNDED, _MOST = 10.0, 0.03, 1.0, 0.9
_IMPOSSIBLE = 0.25
"""Least share of steps faster than an airliner, or backwards in time, that means a wrong clock."""
_ONWARDS = 0.9
"""Least ratio of the straight length of two steps to their sum, where a track goes on in its direction."""


@frozen
class Gaps:
    """Longest steps that are drawn, as given by the user, instead of a recording's own rhythm."""

    time: float | None = None
    """Seconds."""
    distance: float | None = None
    """Metres."""

    @property
    def numbers(self) -> tuple[float, float]:
        """Both; NaN where none was given."""
        return (math.nan if self.time is None else self.time, math.nan if self.distance is None else self.distance)


def _usual(values: NDArray[np.float64], steps: int) -> float:
    """Greatest value that enough of all steps reach; 0 where too few do."""
    need = min(max(_FEW, math.ceil(_SHARE * steps)), steps // 2 + 1)
    if len(values) < need or not need:
        return 0.0
    return float(np.partition(values, len(values) - need)[len(values) - need])


def find_rhythm(
    metres: NDArray[np.float64], lapse: NDArray[np.float64], patience: float, near: float
) -> tuple[float, float, float, float, float]:
    """Find the limits from which a step stands out.

    Parameters
    ----------
    metres, lapse : ndarray of float64 (n,)
        Length and time of each step; metres below 0 between segments of the file, lapse NaN without times.
    patience, near : float
        Seconds and metres of a step that never stands out by its time, or by its length.

    Returns
    -------
    tuple of float
        `patience` and `near`, as given; the longest lapse that does not stand out, in seconds, at least `patience`; the
        longest step without times that does not stand out, in metres, at least `near`; the constant speed from which
        the times were computed, m/s, or NaN.
    """
    longest, farthest, pace = patience, near, math.nan
    wide = metres > near
    if wide.any():
        timed = (metres >= 0) & (lapse > 0)
        usual = _usual(lapse[timed & (metres >= _MOVED)], int(np.count_nonzero(timed)))
        longest = max(patience, _TIMES * usual)
        pace = constant_speed(metres[timed], lapse[timed])
    if (wide & np.isnan(lapse)).any():
        untimed = metres[(metres >= 0) & np.isnan(lapse)]
        farthest = max(near, _TIMES * _usual(untimed, len(untimed)))
    return patience, near, longest, farthest, pace


def constant_speed(metres: NDArray[np.float64], lapse: NDArray[np.float64]) -> float:
    """Speed from which the times of a planned route were computed, m/s; NaN when they were recorded.

    Recorded times have a rhythm, and the speed varies. Computed times have a constant speed and no rhythm.
    """
    long = (lapse >= _LONG) & (metres > 0)
    if np.count_nonzero(long) < _FEW:
        return math.nan
    low, high = np.quantile(lapse, (0.1, 0.9))
    speed = float(np.median(metres[long] / lapse[long]))
    off = np.abs(lapse[long] - metres[long] / speed)
    steady = np.count_nonzero(off <= _ROUNDED + _SAME * lapse[long]) >= _MOST * np.count_nonzero(long)
    return speed if steady and high >= 2 * low else math.nan


def is_wrong_clock(
    u: NDArray[np.float64],
    v: NDArray[np.float64],
    steps: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    airliner: float,
    slack: float,
) -> int:
    """Count impossible steps, when they are so many that the clock is wrong, not the track; else 0.

    With a wrong clock the track itself is sound: most impossible steps go on in the direction of the step before. Where
    positions jump to and fro, the positions are wrong. `steps` are those of `heatlas.kernels.breaks.steps_into`.
    """
    metres, lapse, free = steps
    timed = (metres >= 0) & ~np.isnan(lapse)
    bad = timed & ((lapse < 0) | (metres > airliner * free + slack))
    count = int(np.count_nonzero(bad))
    if count < 3 or count < _IMPOSSIBLE * np.count_nonzero(timed):
        return 0
    at = np.flatnonzero(bad[:-1] & bad[1:])
    if not len(at):
        return 0
    step = u[at + 2] - u[at]
    east, north = ground_metres(v[at + 1])
    crow = np.hypot((step - np.rint(step)) * east, (v[at + 2] - v[at]) * north)
    onwards = np.count_nonzero(crow >= _ONWARDS * (metres[at] + metres[at + 1]))
    return count if 2 * onwards >= len(at) else 0
