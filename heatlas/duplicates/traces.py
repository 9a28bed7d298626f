"""What of a track is compared with others: its way, the times that can be trusted, and what tells it apart."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatlas.batch import Activity
from heatlas.clean import sane_times
from heatlas.mercator import ground_metres

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.batch import Batch

__all__ = ["PART", "Trace", "is_part", "metres_between", "poverty", "trace_of"]

PART = 0.8
"""A copy that takes less than this share of the other's time is but a part of it."""
_ATTRIBUTES = tuple(
    f.name for f in dataclasses.fields(Activity) if f.name not in {"source", "extra", "told", "time_zone"}
)


@dataclass(frozen=True, slots=True)
class Trace:
    """One track, ready to be compared."""

    u: NDArray[np.float64]
    """(n,) all fixes, in order."""
    v: NDArray[np.float64]
    time: NDArray[np.float64]
    """(m,) not decreasing; empty where times are missing, constant, or of a clock that was never set."""
    timed_u: NDArray[np.float64]
    """(m,) where it was at these times."""
    timed_v: NDArray[np.float64]
    start: float | None
    """Any time at all that can be trusted."""
    said: float | None
    """The same, or what a table beside the recording says."""
    span: tuple[float, float] | None
    """Least and greatest time of all fixes."""
    box: tuple[float, float, float, float]
    """West, east, north, south: world coordinates."""
    wide: float
    """Metres across the box."""
    table: str
    """The table in which ids tell tracks apart; empty for a recording in a file of its own."""
    id: str

    def apart(self, other: Trace) -> bool:
        """Whether one table says of both that they are different ones."""
        return self.table != "" and self.table == other.table and self.id != other.id


def trace_of(batch: Batch) -> Trace:
    """Make a batch of one track ready to be compared."""
    activity, known = batch.activities[0], batch.time[~np.isnan(batch.time)]
    time, u, v, start = _timed(batch)
    west, east, north, south = (float(side) for side in batch.bounds[0])
    wide = 0.0
    if batch.fixes:
        across, down = ground_metres(np.float64((north + south) / 2))
        wide = float(np.hypot((east - west) * across, (south - north) * down))
    named = activity.id != "" and activity.source.endswith(f"/{activity.id}")
    return Trace(
        u=batch.u, v=batch.v, time=time, timed_u=u, timed_v=v, start=start,
        said=activity.start if start is None and "start" in activity.told else start,
        span=(float(known.min()), float(known.max())) if len(known) else None,
        box=(west, east, north, south), wide=wide,
        table=activity.source.removesuffix(activity.id) if named else "", id=activity.id,
    )  # fmt: skip


def _timed(
    batch: Batch,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float | None]:
    """Times that can be trusted, with the positions at them; and any time at all."""
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
    if 2 * len(time) < batch.fixes or last - first < 1.0:
        return nothing, nothing, nothing, first
    if (time[1:] < time[:-1]).any():
        order = np.argsort(time, kind="stable")
        u, v, time = u[order], v[order], time[order]
    return time, u, v, first


def metres_between(
    u: NDArray[np.float64], v: NDArray[np.float64], u2: NDArray[np.float64], v2: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Ground metres between positions that are near each other, the short way around the world."""
    east, north = ground_metres(v)
    away = u2 - u
    away = away - np.round(away)
    return np.hypot(away * east, (v2 - v) * north)


def is_part(span: tuple[float, float] | None, whole: tuple[float, float] | None) -> bool:
    """Whether a copy takes so much less time than the other one that it is but a piece of it."""
    return span is not None and whole is not None and span[1] - span[0] < PART * (whole[1] - whole[0])


def poverty(activity: Activity, fixes: int, timed: int, columns: int) -> tuple[float, int, str, float, str]:
    """Sort key of copies: the richest first.

    Parameters
    ----------
    activity : Activity
        What its own source says.
    fixes, timed, columns : int
        How many fixes it has, how many of them with a time, and how many columns.
    """
    # A column is worth an eighth of the fixes: a whole copy beats its half with four columns more.
    wealth = (fixes + timed) * (8.0 + columns)
    values = [getattr(activity, name) for name in _ATTRIBUTES]
    said = sum(value not in (None, "", "Unknown", False) for value in values) + len(activity.extra)
    start = np.inf if activity.start is None else activity.start
    return -wealth, -said, activity.source, float(start), activity.name
