"""Cut long logs, such as a phone's year in one track, into outings at stops of hours."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import Batch, split
from heatlas.core.mercator import ground_metres
from heatlas.kernels.breaks import stays_into
from heatlas.kernels.path import TOLERANCE, progress_along

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["REACH", "STOP", "outings"]

_DAY = 86400.0
STOP = 3 * 3600.0
"""Seconds without moving, or without a fix, that end an outing."""
REACH = 250.0
"""Metres within which a person stays at one place."""
_NOWHERE = 100.0
"""Metres by which positions wander indoors: a piece that goes no farther is not an outing."""
_SHORTEST, _LONG = 2 * _DAY, 14 * _DAY
"""Seconds; a recording of up to 2 days is never cut, one of more than 14 days always."""
_IDLE = 0.9
"""Least share of stops in a recording of 2 to 14 days that is cut; with less it is one journey."""
_RHYTHM = 5.0
"""A stop is longer than this many times the usual lapse between fixes: a bird's tag may report daily."""


def outings(batch: Batch, logged: bool = False) -> list[Batch]:
    """Cut a track of many days at its stops, so that dates and counts are meaningful.

    A race with a sleep, a journey of a week with its nights, and a ship that reports hourly stay whole: a recording of
    up to two days is not cut, and one of up to fourteen only when nine tenths of it are stops. A stop lasts three hours
    without a fix, or within 250 m, and at least five times the usual lapse between fixes. A stop belongs to the outing
    before it, so an outing begins at departure. A piece between two stops that goes nowhere belongs to it too.

    Parameters
    ----------
    batch : Batch
        Of one track, clean.
    logged : bool
        Whether a device wrote it all day, so that a log of a day is cut as one of a month is.

    Returns
    -------
    list of Batch
        Of one track each, in order of time; the batch itself where nothing is cut.
    """
    time = batch.time
    known = np.flatnonzero(~np.isnan(time))
    if len(known) < 2 or not time[known[-1]] - time[known[0]] > (STOP if logged else _SHORTEST):
        return [batch]
    moments = time[known]
    lapse = np.diff(moments)
    if (lapse < 0).any():
        return [batch]
    span = float(moments[-1] - moments[0])
    least = max(STOP, _RHYTHM * float(np.median(lapse)))
    cuts, stayed = np.zeros(len(known), np.bool_), np.zeros(len(known))
    stays_into(batch.u[known], batch.v[known], moments, least, REACH, cuts, stayed)
    if not logged and span <= _LONG and stayed.sum() < _IDLE * span:
        return [batch]
    starts = _that_move(batch, known[cuts])
    return _cut(batch, starts) if len(starts) else [batch]


def _that_move(batch: Batch, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Leave out cuts before pieces that go nowhere: these stay with the piece before them."""
    bounds = np.array([0, *starts, batch.fixes])
    moves = np.array([_extent(batch, first, last) > _NOWHERE for first, last in pairwise(bounds)])
    if not moves.any():
        return starts[:0]
    moves[: int(np.argmax(moves)) + 1] = False  # the pieces before the first that moves belong to it
    kept: NDArray[np.int64] = starts[moves[1:]]
    return kept


def _extent(batch: Batch, first: int, last: int) -> float:
    """Metres from corner to corner of the box around some fixes."""
    u, v = batch.u[first:last], batch.v[first:last]
    east, north = ground_metres(v[0])
    return float(np.hypot(np.ptp(u) * east, np.ptp(v) * north))


def _cut(batch: Batch, starts: NDArray[np.int64]) -> list[Batch]:
    """Make a separate track from each start to the next."""
    segments = np.union1d(batch.segments, starts)
    tracks = np.searchsorted(segments, np.array([0, *starts, batch.fixes]))
    (activity,) = batch.activities
    own = [
        replace(activity, id=f"{activity.id}#{k + 1}", start=None, distance=None, elapsed_time=None, moving_time=None)
        for k in range(len(tracks) - 1)
    ]
    progress = progress_along(batch.u, batch.v, segments[tracks], TOLERANCE)
    whole = replace(batch, progress=progress, segments=segments, tracks=tracks, activities=tuple(own))
    return split(whole, [tuple(batch.columns)] * len(own))
