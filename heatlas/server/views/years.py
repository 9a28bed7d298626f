"""Numbers of each year, and how they grew, for the page's presentation."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from heatlas.server.site.query import FILTER, only, parse_filter_of
from heatlas.server.views.summary import told_metres
from heatlas.tiles.snapshot import choose

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from heatlas.core.batch import Activity
    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["years_data"]

_CLIMBS = ("elevation_gain", "total_ascent", "ascent")
"""Attributes that services and devices give for the metres climbed."""
_ENOUGH = 0.5
"""Share of the activities of a year of which a number must be known to be told."""


def years_data(site: ServedLibrary, snapshot: Snapshot, query: QueryParams) -> dict[str, Any]:
    """Numbers of each year with activities that a filter chooses, the last year first, as plain data.

    `grown` holds a row for each day with an activity: the day, and what there was in the year up to its end, as
    activities, days, metres, seconds in motion and metres climbed; a number of which too little is known is None.
    Others than the owner are told the lengths that are shown, and no single activity.

    Raises
    ------
    BadOption
        For a filter that cannot be used.
    HTTPException
        403 on a public map.
    """
    only(query, *FILTER)
    if site.public:
        raise HTTPException(403, "this map is public: it does not tell the numbers of a year")
    keep = choose(snapshot, parse_filter_of(query, site.public)).keep
    years: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, day in zip(snapshot.activities, snapshot.days.tolist(), strict=True):
        if day and keep[number]:
            years[day[:4]][day].append(number)
    return {"years": [_year(site, snapshot, year, years[year]) for year in sorted(years, reverse=True)]}


def _year(site: ServedLibrary, snapshot: Snapshot, year: str, days: dict[str, list[int]]) -> dict[str, Any]:
    numbers = [number for day in sorted(days) for number in days[day]]
    activities = [snapshot.activities[number] for number in numbers]
    metres = {number: told_metres(site, snapshot, number) for number in numbers}
    known = {
        "metres": metres,
        "seconds": {n: _positive(a.moving_time or a.elapsed_time) for n, a in zip(numbers, activities, strict=True)},
        "climbed": {n: _climbed(a) for n, a in zip(numbers, activities, strict=True)},
    }
    told = [name for name, values in known.items() if _is_told(list(values.values()))]
    grown, sums, count = [], dict.fromkeys(known, 0.0), 0
    for k, day in enumerate(sorted(days)):
        for number in days[day]:
            count += 1
            for name in told:
                sums[name] += known[name][number] or 0.0
        grown.append([day, count, k + 1, *(round(sums[name]) if name in told else None for name in known)])
    return {
        "year": int(year),
        "sports": [list(pair) for pair in Counter(activity.sport for activity in activities).most_common(4)],
        "longest": None if site.token is not None else _longest(snapshot, metres),
        "grown": grown,
    }


def _positive(value: float | None) -> float | None:
    return value if value is not None and 0 < value < math.inf else None


def _climbed(activity: Activity) -> float | None:
    found = next((activity.extra[name] for name in _CLIMBS if name in activity.extra), None)
    if not isinstance(found, int | float) or isinstance(found, bool):
        return None
    return float(found) if 0 <= found < math.inf else None


def _is_told(values: list[float | None]) -> bool:
    return sum(value is not None for value in values) >= _ENOUGH * len(values)


def _longest(snapshot: Snapshot, metres: dict[int, float | None]) -> dict[str, Any] | None:
    number = max(metres, key=lambda number: metres[number] or 0.0)
    activity = snapshot.activities[number]
    if not metres[number]:
        return None
    day = snapshot.days[list(snapshot.activities).index(number)]
    return {"name": activity.name, "sport": activity.sport, "metres": metres[number], "day": str(day)}
