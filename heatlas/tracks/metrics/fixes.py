"""Metrics at fixes: what was measured there, or follows from the fixes around."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import ground_metres
from heatlas.kernels.path import change_over, mean_between, metres_along

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.batch import Batch
    from heatlas.tracks.metrics.metric import AtFixes

__all__ = ["STOPPED", "bearing", "column", "elapsed", "grade", "moving_speed", "speed", "steady"]

STOPPED = 0.5
"""m/s below which someone stands."""
_HALF_SECONDS = 5.0
_HALF_COURSE = 10.0
"""Metres on either side of a fix over which the direction of travel is taken."""
_LEAST_COURSE = 0.3
"""Share of the way that must be straight: who turns on the spot has no direction."""


def column(name: str) -> AtFixes:
    """Take a column of the batch as it is."""

    def at_fixes(batch: Batch) -> NDArray[np.float64]:
        values = batch.columns.get(name)
        return np.full(batch.fixes, np.nan) if values is None else values.astype(np.float64)

    return at_fixes


def _along(batch: Batch) -> NDArray[np.float64]:
    """Metres from the batch's first fix; only differences inside a segment mean anything."""
    metres = metres_along(batch.u, batch.v, batch.segments)
    return np.concatenate(([0.0], np.cumsum(metres[:-1])))


def speed(batch: Batch) -> NDArray[np.float64]:
    """Speed over the ground from positions and times, m/s, over some 10 s."""
    found: NDArray[np.float64] = change_over(batch.time, _along(batch), batch.segments, _HALF_SECONDS)
    return found


def moving_speed(batch: Batch) -> NDArray[np.float64]:
    """As `speed`, but unknown where someone stands: a stop has no pace."""
    found = speed(batch)
    found[found < STOPPED] = np.nan
    return found


def grade(half: float) -> AtFixes:
    """Slope in percent from elevations, over twice `half` metres of the way."""

    def at_fixes(batch: Batch) -> NDArray[np.float64]:
        elevation = batch.columns.get("elevation")
        if elevation is None:
            return np.full(batch.fixes, np.nan)
        slope: NDArray[np.float64] = change_over(_along(batch), elevation.astype(np.float64), batch.segments, half)
        return slope * 100

    return at_fixes


def bearing(batch: Batch) -> NDArray[np.float64]:
    """(n, 2) direction of travel over some 20 m as a unit vector: northwards, eastwards; NaN without a direction."""
    east, north = ground_metres(batch.v)
    along = _along(batch)
    eastwards = change_over(along, batch.u, batch.segments, _HALF_COURSE) * east
    northwards = -change_over(along, batch.v, batch.segments, _HALF_COURSE) * north
    length = np.hypot(eastwards, northwards)
    length[~(length > _LEAST_COURSE)] = np.nan
    return np.stack([northwards / length, eastwards / length], axis=1)


def elapsed(batch: Batch) -> NDArray[np.float64]:
    """Seconds since the first known time of the track, breaks included."""
    offsets = batch.segments[batch.tracks]
    known = np.where(np.isnan(batch.time), np.inf, batch.time)
    begins = np.full(len(batch), np.nan)
    filled = np.flatnonzero(np.diff(offsets))
    if len(filled):
        begins[filled] = np.minimum.reduceat(known, offsets[filled])
    since: NDArray[np.float64] = batch.time - np.repeat(begins, np.diff(offsets))
    return since


def steady(name: str, seconds: float, lead: float) -> AtFixes:
    """Mean of a column over `seconds` around the time that is `lead` later: what a body answers to an effort with."""
    take = column(name)

    def at_fixes(batch: Batch) -> NDArray[np.float64]:
        if name not in batch.columns:
            return np.full(batch.fixes, np.nan)
        first, last = lead - seconds / 2, lead + seconds / 2
        found: NDArray[np.float64] = mean_between(batch.time, take(batch), batch.segments, first, last)
        return found

    return at_fixes
