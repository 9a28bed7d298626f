"""Metrics at fixes: what was measured there, or follows from the fixes around."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import ground_metres
from heatlas.kernels.path import change_over, mean_between
from heatlas.tracks.metrics.sports import BY_BIKE, ON_FOOT, OWN_POWER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.tracks.metrics.motion import AtFixes, Motion

__all__ = [
    "CLIMBING", "FASTEST_ASCENT", "STOPPED", "bearing", "column", "elapsed", "grade", "moving_speed", "speed",
    "steady", "trusted_grade",
]  # fmt: skip

STOPPED = 0.5
"""m/s below which someone stands."""
CLIMBING = 3.0
"""Percent above which someone climbs, over 100 m of the way."""
FASTEST_ASCENT = 2000.0
"""Metres an hour; over 100 m of the way nobody climbs faster by their own power."""
_TESTED = (ON_FOOT | BY_BIKE) & OWN_POWER
"""Sports whose elevations are tested: in others lifts, wings and motors climb."""
_ROUGH, _ROUGH_SECONDS = 0.05, 30.0
"""Share and seconds of the time uphill beyond which impossible ascents tell of bad elevations, not of one jump."""
_LIFT = 60.0
"""Seconds of impossible ascent without a break that tell of a lift: errors of elevations are shorter."""
_LONGEST_STEP = 30.0
"""Seconds to the next fix that count at most."""
_HALF_COURSE = 10.0
"""Metres on either side of a fix over which the direction of travel is taken."""
_LEAST_COURSE = 0.3
"""Share of the way that must be straight: who turns on the spot has no direction."""


def column(name: str) -> AtFixes:
    """Take a column of the batch as it is."""

    def at_fixes(motion: Motion) -> NDArray[np.float64]:
        values = motion.batch.columns.get(name)
        return np.full(motion.batch.fixes, np.nan) if values is None else values.astype(np.float64)

    return at_fixes


def speed(motion: Motion) -> NDArray[np.float64]:
    """Speed over the ground from positions and times, m/s, over some 10 s."""
    return motion.speed.copy()


def moving_speed(motion: Motion) -> NDArray[np.float64]:
    """As `speed`, but unknown where someone stands: a stop has no pace."""
    found = speed(motion)
    found[found < STOPPED] = np.nan
    return found


def grade(half: float) -> AtFixes:
    """Slope in percent from elevations, over twice `half` metres of the way."""

    def at_fixes(motion: Motion) -> NDArray[np.float64]:
        batch = motion.batch
        elevation = batch.columns.get("elevation")
        if elevation is None:
            return np.full(batch.fixes, np.nan)
        slope: NDArray[np.float64] = change_over(motion.along, elevation.astype(np.float64), batch.segments, half)
        return slope * 100

    return at_fixes


def trusted_grade(half: float) -> AtFixes:
    """As `grade`, but unknown throughout a track whose elevations cannot be trusted.

    That is one which climbs faster than anybody can for more than 5 % of its time uphill, by leaps: a phone without a
    barometer. Formulas that are not linear would make hills of its noise.
    """
    take = grade(half)

    def at_fixes(motion: Motion) -> NDArray[np.float64]:
        slope = take(motion)
        rough = _rough_tracks(motion, slope)
        if rough.any():
            fixes = np.diff(motion.batch.segments[motion.batch.tracks])
            slope[np.repeat(rough, fixes)] = np.nan
        return slope

    return at_fixes


def _rough_tracks(motion: Motion, slope: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(tracks,) whether elevations rise by leaps, from slopes (n,) in percent."""
    batch = motion.batch
    tested = np.array([activity.sport in _TESTED for activity in batch.activities], np.bool_)
    uphill = slope > CLIMBING
    if not tested.any() or not uphill.any():
        return np.zeros(len(batch), np.bool_)
    seconds = np.diff(batch.time, append=np.nan)
    seconds[batch.segments[1:][np.diff(batch.segments) > 0] - 1] = 0.0
    seconds = np.clip(np.nan_to_num(seconds), 0.0, _LONGEST_STEP) * uphill
    leaping = uphill & (slope / 100 * motion.speed * 3600 > FASTEST_ASCENT)
    track = np.repeat(np.arange(len(batch)), np.diff(batch.segments[batch.tracks]))
    # Neighbouring fixes that leap, in one track, are one run.
    run = np.cumsum(np.diff(leaping, prepend=False) | (np.diff(track, prepend=track[0]) > 0))
    leaps = leaping & (np.bincount(run, seconds)[run] <= _LIFT)
    whole, in_leaps = (np.bincount(track, weight, len(batch)) for weight in (seconds, seconds * leaps))
    return np.asarray(tested & (in_leaps > np.maximum(_ROUGH * whole, _ROUGH_SECONDS)))


def bearing(motion: Motion) -> NDArray[np.float64]:
    """(n, 2) direction of travel over some 20 m as a unit vector: northwards, eastwards; NaN without a direction."""
    batch, along = motion.batch, motion.along
    east, north = ground_metres(batch.v)
    eastwards = change_over(along, batch.u, batch.segments, _HALF_COURSE) * east
    northwards = -change_over(along, batch.v, batch.segments, _HALF_COURSE) * north
    length = np.hypot(eastwards, northwards)
    length[~(length > _LEAST_COURSE)] = np.nan
    return np.stack([northwards / length, eastwards / length], axis=1)


def elapsed(motion: Motion) -> NDArray[np.float64]:
    """Seconds since the first known time of the track, breaks included."""
    batch = motion.batch
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

    def at_fixes(motion: Motion) -> NDArray[np.float64]:
        batch = motion.batch
        if name not in batch.columns:
            return np.full(batch.fixes, np.nan)
        first, last = lead - seconds / 2, lead + seconds / 2
        found: NDArray[np.float64] = mean_between(batch.time, take(motion), batch.segments, first, last)
        return found

    return at_fixes
