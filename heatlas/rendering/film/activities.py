"""Activities of a film: single tracks in the order of their starts, with running totals."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import split
from heatlas.core.frozen import frozen
from heatlas.core.window import Window
from heatlas.rendering.film.timeline import utc
from heatlas.tracks.local_time import offset_of
from heatlas.tracks.metrics import Motion, metric_named
from heatlas.tracks.people import numbers_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch

__all__ = ["FilmActivities", "box_of", "film_activities", "in_crowds", "inside_of", "union"]


@frozen
class FilmActivities:
    """Tracks that come near a window, ordered by start."""

    tracks: list[Batch]
    """(k) One activity each; views of the original batches."""
    starts: NDArray[np.float64]
    """(k,) seconds in local time (see `heatlas.tracks.local_time.offset_of`), ascending. Starts of tracks without a
    fix in the window are clipped to the range of the others, so that the film covers the time of what it shows."""
    totals: NDArray[np.float64]
    """(k + 1, 3) totals of all tracks before the k-th: activities with a fix in the window, and metres and seconds
    there."""
    fixes: NDArray[np.int64]
    """(k + 1,) fixes in the window of all tracks before the k-th."""


def film_activities(batches: Iterable[Batch], window: Window, grown: Window) -> FilmActivities:
    """Split batches into single tracks, and leave out those that do not come near the window.

    Parameters
    ----------
    batches : iterable of Batch
        Activities with a start and with time zones filled in.
    window, grown : Window
        The shown window; the same with the halo that smoothing reads.
    """
    singles = [one for batch in batches for one in split(batch, [tuple(batch.columns)] * len(batch))]
    singles = [one for one in singles if box_of([one], grown) is not None]
    singles.sort(key=_start)
    sums = np.array([inside_of(one, window) for one in singles]).reshape(-1, 4)
    starts = np.array([_start(one) for one in singles])
    seen = sums[:, 0] > 0
    if seen.any():
        starts = np.clip(starts, starts[seen][0], starts[seen][-1])
    running = np.concatenate((np.zeros((1, 4)), np.cumsum(sums, axis=0)))
    return FilmActivities(singles, starts, running[:, :3], running[:, 3].astype(np.int64))


def in_crowds(
    activities: FilmActivities, least: int, window: Window, reads: Collection[str] = (), people: int = 0
) -> FilmActivities | None:
    """Let tracks start by whole months, at least `least` at once, and of at least so many `people`.

    Months with fewer are merged with the next ones.

    Only activities that are seen in the window count. When a metric is shown, they must have it there. None when
    there are fewer in all.
    """
    seen = np.diff(activities.totals[:, 0]) > 0
    if reads:
        known = [(_within(one, window) & _knows(one, reads)).any() for one in activities.tracks]
        seen &= np.array(known, np.bool_)
    whose = numbers_of([one.activities[0] for one in activities.tracks])

    def are_enough(first: int, last: int) -> bool:
        there = seen[first:last]
        return bool(there.sum() >= least) and len(set(whose[first:last][there].tolist()) - {-1}) >= people

    if not are_enough(0, len(seen)):
        return None
    months = np.array([_first_of_month(start) for start in activities.starts.tolist()])
    starts = np.empty_like(activities.starts)
    begin = 0
    ends = np.flatnonzero(np.append(months[1:] != months[:-1], True)) + 1
    for end in ends.tolist():
        if are_enough(begin, end) and (end == len(seen) or are_enough(end, len(seen))):
            starts[begin:end] = months[end - 1]
            begin = end
    return replace(activities, starts=starts)


def _knows(batch: Batch, reads: Collection[str]) -> NDArray[np.bool_]:
    """(n,) fixes at which all metrics are known that are there at fixes."""
    known = np.ones(batch.fixes, np.bool_)
    motion = Motion(batch)
    for take in (metric_named(name).at_fixes for name in reads):
        if take is not None:
            known &= ~np.isnan(take(motion)).reshape(batch.fixes, -1).any(axis=1)
    return known


def _first_of_month(moment: float) -> float:
    day = utc(moment)
    return dt.datetime(day.year, day.month, 1, tzinfo=dt.UTC).timestamp()


def _start(track: Batch) -> float:
    activity = track.activities[0]
    assert activity.start is not None
    return activity.start + offset_of(activity)


def inside_of(track: Batch, window: Window) -> tuple[float, float, float, float]:
    """1 if any fix lies in a window, metres and seconds of the lines that begin there, and the number of its fixes."""
    from heatlas.kernels.path import metres_along

    inside = _within(track, window)
    metres = metres_along(track.u, track.v, track.segments)
    seconds = np.append(np.diff(track.time), 0.0) if track.fixes else np.zeros(0)
    seconds[track.segments[1:][track.segments[1:] > 0] - 1] = 0
    fixes = int(inside.sum())
    return float(fixes > 0), float(metres[inside].sum()), float(np.nansum(seconds[inside])), fixes


def _within(track: Batch, window: Window) -> NDArray[np.bool_]:
    """(n,) which fixes lie in a window."""
    column = (track.u * window.scale - window.x) % window.scale
    row = track.v * window.scale - window.y
    inside: NDArray[np.bool_] = (column < window.width) & (row >= 0) & (row < window.height)
    return inside


def box_of(tracks: Sequence[Batch], window: Window) -> Window | None:
    """Smallest rectangle of a window's pixels that holds all pixels that tracks can touch; None: there are none."""
    found: Window | None = None
    for track in tracks:
        if not track.fixes:
            continue
        west, east, north, south = (track.bounds[0] * window.scale).tolist()
        top, bottom = math.floor(north) - window.y, math.floor(south) - window.y
        for world in range(
            math.ceil((window.x - east - 1) / window.scale),
            math.floor((window.x + window.width - west + 1) / window.scale) + 1,
        ):
            left, right = (math.floor(edge + world * window.scale) - window.x for edge in (west, east))
            # Positions are rounded before they are traced, hence one pixel more on either side.
            corner = window.x + left - 1, window.y + top - 1
            found = union(found, window.meeting(Window(window.scale, *corner, right - left + 3, bottom - top + 3)))
    return found


def union(one: Window | None, other: Window | None) -> Window | None:
    """Smallest rectangle that holds both."""
    if one is None or other is None:
        return one or other
    x, y = min(one.x, other.x), min(one.y, other.y)
    right = max(one.x + one.width, other.x + other.width)
    bottom = max(one.y + one.height, other.y + other.height)
    return Window(one.scale, x, y, right - x, bottom - y)
