"""Activities of each of the small pictures that stand side by side: by month, year, sport, weekday or gear."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import select
from heatlas.core.frozen import frozen
from heatlas.core.words import counted
from heatlas.tracks.local_time import start_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity, Batch
    from heatlas.core.window import Window
    from heatlas.dataset.tracks import Tracks

__all__ = ["FACETS", "MOST", "Part", "counted_or_none", "split"]

MOST = 24
"""Pictures of a sheet, at most."""
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _of_start(name: str) -> Callable[[Activity], Any]:
    def value(activity: Activity) -> Any:
        start = start_of(activity)
        return None if start is None else getattr(start, name)

    return value


def _weekday(activity: Activity) -> Any:
    start = start_of(activity)
    return None if start is None else start.isoweekday()


@frozen
class _Facet:
    """How activities are split."""

    value: Callable[[Activity], Any]
    """None where it is unknown."""
    unknown: str
    """What activities without a value are."""
    names: tuple[str, ...] = ()
    """Names of the values 1, 2 ..., all of which are shown; empty: values are shown as they occur."""


FACETS = {
    "month": _Facet(_of_start("month"), "without a date", _MONTHS),
    "year": _Facet(_of_start("year"), "without a date"),
    "sport": _Facet(lambda activity: activity.sport or None, "without a sport"),
    "weekday": _Facet(_weekday, "without a date", _WEEKDAYS),
    "gear": _Facet(lambda activity: activity.gear or None, "without gear"),
}
"""Word of --facet -> how activities are split by it."""


@frozen
class Part:
    """Activities of one picture."""

    title: str
    batches: tuple[Batch, ...]
    seen: int
    """Activities with a fix in the window."""


def counted_or_none(activities: int) -> str:
    """Number of activities in words."""
    if not activities:
        return "none"
    return counted(activities, "activities")


def split(tracks: Tracks, by: str, window: Window) -> tuple[list[Part], list[str]]:
    """Activities of each picture, and sentences on those that are left out."""
    facet = FACETS[by]
    values = [[facet.value(activity) for activity in batch.activities] for batch in tracks.batches]
    seen = [_seen(batch, window) for batch in tracks.batches]
    counts: Counter[Any] = Counter()
    unknown = 0
    for of_batch, inside in zip(values, seen, strict=True):
        for value, there in zip(of_batch, inside.tolist(), strict=True):
            unknown += there and value is None
            counts[value] += there and value is not None
    left_out = []
    if unknown:
        left_out.append(f"{counted(unknown, 'activities')} {facet.unknown} {'is' if unknown == 1 else 'are'} left out")
    found = {value: count for value, count in counts.items() if count}
    chosen, others = _chosen(found, by)
    if others:
        many = sum(found[value] for value in others)
        left_out.append(
            f"{len(others)} more by {by} with {counted(many, 'activities')} are left out: at most {MOST} are shown"
        )
    parts = []
    for value in chosen:
        kept = [
            select(batch, [one == value for one in of_batch])
            for batch, of_batch in zip(tracks.batches, values, strict=True)
        ]
        title = facet.names[value - 1] if facet.names else str(value)
        parts.append(Part(title, tuple(batch for batch in kept if len(batch)), found.get(value, 0)))
    return parts, left_out


def _chosen(found: dict[Any, int], by: str) -> tuple[list[Any], list[Any]]:
    """Values to show, in their order, and those for which there is no room."""
    if not found:
        return [], []
    if FACETS[by].names:
        return list(range(1, len(FACETS[by].names) + 1)), []
    if by == "year":
        years = sorted(found)[-MOST:]
        whole = list(range(years[0], years[-1] + 1))
        return (whole if len(whole) <= MOST else years), sorted(set(found) - set(years))
    ordered = sorted(found, key=lambda value: (-found[value], str(value)))
    return ordered[:MOST], ordered[MOST:]


def _seen(batch: Batch, window: Window) -> NDArray[np.bool_]:
    """(tracks,) whether any fix of each lies in a window."""
    column = (batch.u * window.scale - window.x) % window.scale
    row = batch.v * window.scale - window.y
    inside = (column < window.width) & (row >= 0) & (row < window.height)
    running = np.concatenate([np.zeros(1, np.int64), np.cumsum(inside)])
    return np.asarray(np.diff(running[batch.segments[batch.tracks]]) > 0)
