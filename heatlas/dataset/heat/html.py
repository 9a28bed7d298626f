"""Collections in a notebook: a few facts and a small table. Nothing is downloaded."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.units import Unit
from heatlas.tracks.local_time import start_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.core.batch import Activity, Batch

__all__ = ["card", "dates_of", "lengths_of", "sports_of", "sports_table"]

_DISTANCE = Unit("m", style="distance")


def dates_of(activities: Sequence[Activity]) -> str:
    """First and last local day on which activities started; empty where none is known."""
    days = [start.date() for start in map(start_of, activities) if start is not None]
    if not days:
        return ""
    first, last = min(days), max(days)
    return str(first) if first == last else f"{first} to {last}"


def sports_of(activities: Sequence[Activity], most: int = 4) -> str:
    """Count sports, the most frequent first: "84 Run, 50 Ride, 7 others"."""
    counts = Counter(activity.sport for activity in activities).most_common()
    named = [f"{count:,} {sport}" for sport, count in counts[:most]]
    rest = sum(count for _, count in counts[most:])
    return ", ".join([*named, *([f"{rest:,} others"] if rest else [])])


def sports_table(
    activities: Sequence[Activity], lengths: Sequence[float | None] | None = None
) -> list[tuple[str, str, str]]:
    """Sport, number and distance of activities; the most frequent sport first.

    Distances are those that the sources state. Where something was cut, they are the `lengths` (metres) of the shown
    parts: a notebook may be shared, and the difference would reveal the length that was cut.
    """
    counts = Counter(activity.sport for activity in activities)
    metres = dict.fromkeys(counts, 0.0)
    stated = [activity.distance for activity in activities] if lengths is None else lengths
    for activity, length in zip(activities, stated, strict=True):
        metres[activity.sport] += length or 0.0
    return [
        (sport, f"{count:,}", _DISTANCE.format(metres[sport]) if metres[sport] else "")
        for sport, count in counts.most_common()
    ]


def card(title: str, facts: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> str:
    """Format a title, facts and table rows as HTML for light and dark notebooks."""
    cells = "".join(
        "<tr>"
        + "".join(
            f'<td style="text-align:{"right" if column else "left"};padding:1px 24px 1px 0">{escape(text)}</td>'
            for column, text in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    table = f'<table style="border-collapse:collapse;margin:6px 0 0;font-size:13px">{cells}</table>' if rows else ""
    return (
        '<div style="font:13px/1.5 system-ui,sans-serif">'
        f'<div style="font-weight:600">{escape(title)}</div>'
        f'<div style="opacity:.75">{escape(" · ".join(fact for fact in facts if fact))}</div>{table}</div>'
    )


def lengths_of(batches: Sequence[Batch]) -> list[float]:
    """Metres of the shown part of each activity."""
    from heatlas.kernels.path import metres_along

    found: list[float] = []
    for batch in batches:
        along = np.append(0.0, np.cumsum(metres_along(batch.u, batch.v, batch.segments)))
        found += np.diff(along[batch.segments[batch.tracks]]).tolist()
    return found
