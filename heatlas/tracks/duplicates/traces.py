"""Tracks prepared for comparison: the way, the times that can be trusted, and the identity."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import Activity
from heatlas.core.frozen import frozen
from heatlas.core.mercator import ground_metres
from heatlas.tracks.clean import sane_times
from heatlas.tracks.clean.outings import REACH, STOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch

__all__ = [
    "HISTORY", "PART", "Trace", "is_part", "is_shorter", "metres_between", "poverty", "shared_lines",
    "trace_of",
]  # fmt: skip

HISTORY = "Google location history"
"""`Activity.device` of recordings that a location history was cut into; several exports tell the same history."""
PART = 0.8
"""A copy that takes less than this share of the other's time is only a part of it."""
_ATTRIBUTES = tuple(
    f.name
    for f in dataclasses.fields(Activity)
    if f.name not in {"source", "extra", "told", "time_zone", "facts", "claimed"}
)


@frozen
class Trace:
    """One track, prepared for comparison."""

    u: NDArray[np.float64]
    """(n,) world coordinates of all fixes, in order."""
    v: NDArray[np.float64]
    time: NDArray[np.float64]
    """(m,) Unix seconds, not decreasing; empty where times are missing, constant, or of a clock that was never set."""
    timed_u: NDArray[np.float64]
    """(m,) positions at these times."""
    timed_v: NDArray[np.float64]
    start: float | None
    """Earliest time that can be trusted."""
    said: float | None
    """The same, else the start that a table beside the recording states."""
    span: tuple[float, float] | None
    """Least and greatest time of all fixes."""
    under_way: tuple[float, float] | None
    """The same without hours of rest at either end, which outings of a phone's log have."""
    box: tuple[float, float, float, float]
    """West, east, north, south: world coordinates."""
    wide: float
    """Metres across the box."""
    table: str
    """The table whose ids distinguish tracks; empty for a recording in a file of its own."""
    id: str
    planned: bool
    """Whether it is a planned route, which is never a copy of a recording."""
    person: str
    """Whose it is; empty when unknown."""
    history: str
    """The file of a location history that it is a piece of; empty for other recordings."""
    lines: NDArray[np.float64]
    """(k, 2) first and last time of each unbroken line of such a piece, in order; empty for other recordings."""

    def apart(self, other: Trace) -> bool:
        """Whether one table lists both, as different tracks."""
        return self.table != "" and self.table == other.table and self.id != other.id


def trace_of(batch: Batch) -> Trace:
    """Prepare a batch of one track for comparison."""
    activity, known = batch.activities[0], batch.time[~np.isnan(batch.time)]
    time, u, v, start = _timed(batch)
    span = (float(known.min()), float(known.max())) if len(known) else None
    west, east, north, south = (float(side) for side in batch.bounds[0])
    wide = 0.0
    if batch.fixes:
        across, down = ground_metres(np.float64((north + south) / 2))
        wide = float(np.hypot((east - west) * across, (south - north) * down))
    named = activity.id != "" and activity.source.endswith(f"/{activity.id}")
    return Trace(
        u=batch.u, v=batch.v, time=time, timed_u=u, timed_v=v, start=start,
        said=activity.start if start is None and "start" in activity.told else start,
        span=span, under_way=_under_way(time, u, v) or span,
        box=(west, east, north, south), wide=wide,
        table=activity.source.removesuffix(activity.id) if named else "", id=activity.id, planned=activity.planned,
        person=activity.person,
        history=activity.source if activity.device == HISTORY else "",
        lines=_lines(batch) if activity.device == HISTORY and len(time) else np.zeros((0, 2)),
    )  # fmt: skip


def _timed(
    batch: Batch,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float | None]:
    """Times that can be trusted, their positions u and v, and the earliest plausible time, if there is any."""
    u, v, time = batch.u, batch.v, sane_times(batch.time)[0]
    nothing = time[:0]
    if not len(time):
        return nothing, u, v, None
    first, last = float(time.min()), float(time.max())
    if first != first:  # there are NaN
        usable = time == time
        if not usable.any():
            return nothing, nothing, nothing, None
        u, v, time = u[usable], v[usable], time[usable]
        first, last = float(time.min()), float(time.max())
    sparse = 2 * len(time) < batch.fixes and batch.activities[0].device != HISTORY  # ways of histories lack times
    if sparse or last - first < 1.0:
        return nothing, nothing, nothing, first
    if (time[1:] < time[:-1]).any():
        order = np.argsort(time, kind="stable")
        u, v, time = u[order], v[order], time[order]
    return time, u, v, first


def _lines(batch: Batch) -> NDArray[np.float64]:
    """(k, 2) first and last time of each line between two breaks; lines without a time are left out."""
    time = sane_times(batch.time)[0]
    first, last = (
        extreme.reduceat(np.append(time, np.nan), batch.segments[:-1]) if len(batch.segments) > 1 else time[:0]
        for extreme in (np.fmin, np.fmax)
    )
    lines = np.stack([first, last], axis=1)[~np.isnan(first)]
    return np.maximum.accumulate(lines[np.argsort(lines[:, 0], kind="stable")].ravel()).reshape(-1, 2)


def _under_way(time: NDArray[np.float64], u: NDArray[np.float64], v: NDArray[np.float64]) -> tuple[float, float] | None:
    """Times of departure from the first place and of arrival at the last one; None where neither is a stop."""
    if not len(time) or time[-1] - time[0] < STOP:
        return None
    left = np.flatnonzero(_away(u, v, time <= time[0] + STOP))
    came = np.flatnonzero(_away(u, v, time >= time[-1] - STOP))
    if not len(left) or not len(came):
        return None
    start, end = float(time[max(left[0] - 1, 0)]), float(time[min(came[-1] + 1, len(time) - 1)])
    rests = max(start - time[0], time[-1] - end) >= STOP
    return (start, end) if rests and start < end else None


def _away(u: NDArray[np.float64], v: NDArray[np.float64], there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each fix is beyond REACH of the median position of the fixes `there`, which errors hardly move."""
    first = u[there][0]
    away = u[there] - first
    place_u, place_v = first + np.median(away - np.round(away)), np.median(v[there])
    return metres_between(u, v, np.full(len(u), place_u), np.full(len(v), place_v)) > REACH


def metres_between(
    u: NDArray[np.float64], v: NDArray[np.float64], u2: NDArray[np.float64], v2: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Ground metres between positions that are near each other, by the short way around the world."""
    east, north = ground_metres(v)
    away = u2 - u
    away = away - np.round(away)
    return np.hypot(away * east, (v2 - v) * north)


def shared_lines(a: Trace, b: Trace) -> float:
    """Share of the time of the shorter lines, without their breaks, in which both pieces have one; NaN without lines.

    A history is cut into trips and the rest, which has a break where a trip was taken out, and a fix on either side of
    it that is the trip's as well. Such a rest goes on at the time of the trip, but tells nothing of it.
    """
    lengths = [np.diff(trace.lines, axis=1)[:, 0] for trace in (a, b)]
    shorter = min(float(length.sum()) for length in lengths)
    if not shorter > 0:
        return np.nan
    passed = np.repeat(np.cumsum(lengths[1]), 2)
    passed[::2] -= lengths[1]
    common = np.diff(np.interp(a.lines, b.lines.ravel(), passed), axis=1)
    return float(common.sum()) / shorter


def is_shorter(span: tuple[float, float] | None, whole: tuple[float, float] | None) -> bool:
    """Whether one takes less than four fifths of the other's time."""
    return span is not None and whole is not None and span[1] - span[0] < PART * (whole[1] - whole[0])


def is_part(
    spans: tuple[tuple[float, float] | None, tuple[float, float] | None],
    under_way: Callable[[], tuple[tuple[float, float] | None, tuple[float, float] | None]],
) -> bool:
    """Whether a copy takes so much less time than the other one that it is only a piece of it.

    Parameters
    ----------
    spans : tuple
        `Trace.span` of the copy and of the other one.
    under_way : callable
        Returns `Trace.under_way` of both; called only where spans differ much and one lasts hours.
    """
    if not (is_shorter(*spans) or is_shorter(*spans[::-1])):
        return False
    if max(span[1] - span[0] for span in spans if span is not None) >= STOP:
        spans = under_way()
    return is_shorter(*spans)


def poverty(activity: Activity, fixes: int, timed: int, columns: int) -> tuple[float, int, str, float, str]:
    """Sort key of copies: the richest first.

    Parameters
    ----------
    activity : Activity
        Attributes as stated by its own source.
    fixes, timed, columns : int
        Number of fixes, of fixes with a time, and of columns.
    """
    # A column is worth an eighth of the fixes: a whole copy beats its half with four columns more.
    wealth = (fixes + timed) * (8.0 + columns)
    values = [getattr(activity, name) for name in _ATTRIBUTES]
    said = sum(value not in (None, "", "Unknown", False) for value in values) + len(activity.extra)
    start = np.inf if activity.start is None else activity.start
    return -wealth, -said, activity.source, float(start), activity.name
