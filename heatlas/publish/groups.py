"""Split activities, or points that have times, into the groups of --layers."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.options import FilterOptions
from heatlas.tracks.local_time import parse_date, parse_moment, start_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heatlas.core.batch import Activity
    from heatlas.library.points.point_times import Span
    from heatlas.library.points.stored_points import StoredPoints

__all__ = ["GROUPS", "parts_of_points", "refuse_groups_of_points"]

Parts = list[tuple[str, FilterOptions]]
"""Titles, and the filter of each."""


def _by_sport(activities: list[Activity], chosen: FilterOptions) -> Parts:
    counts = Counter(one.sport for one in activities)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(sport, replace(chosen, sport=(sport,))) for sport, _ in ordered]


def _by_gear(activities: list[Activity], chosen: FilterOptions) -> Parts:
    counts = Counter(one.gear for one in activities if one.gear)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(gear, _also(chosen, "gear = '{}'".format(gear.replace("'", "''")))) for gear, _ in ordered]


def _also(chosen: FilterOptions, test: str) -> FilterOptions:
    return replace(chosen, where=f"({chosen.where}) AND {test}" if chosen.where else test)


def _by_year(activities: list[Activity], chosen: FilterOptions) -> Parts:
    return _years(_starts(activities), chosen)


def _years(days: Sequence[dt.date], chosen: FilterOptions) -> Parts:
    years = sorted({day.year for day in days})
    return [(str(year), _span(chosen, f"{year:04}-01-01", f"{year + 1:04}-01-01", f"year = {year}")) for year in years]


def _by_month(activities: list[Activity], chosen: FilterOptions) -> Parts:
    return _months(_starts(activities), chosen)


def _months(days: Sequence[dt.date], chosen: FilterOptions) -> Parts:
    parts = []
    for year, month in sorted({(day.year, day.month) for day in days}):
        following = f"{year + month // 12:04}-{month % 12 + 1:02}-01"
        name = dt.date(year, month, 1).strftime("%b %Y")
        test = f"year = {year} AND month = {month}"
        parts.append((name, _span(chosen, f"{year:04}-{month:02}-01", following, test)))
    return parts


def _starts(activities: list[Activity]) -> list[dt.datetime]:
    return [start for start in map(start_of, activities) if start is not None]


def refuse_groups_of_points(words: Sequence[str]) -> None:
    """Refuse groups that split tracks alone.

    Raises
    ------
    BadOption
        Naming the first.
    """
    for word in words:
        if word not in {"year", "month"}:
            raise BadOption(f"--layers={word} splits tracks, and points are shown: take year, month or measures")


def parts_of_points(stored: StoredPoints, during: Span | None, word: str, chosen: FilterOptions) -> Parts:
    """Split the points of a set by year or month.

    Parameters
    ----------
    stored : StoredPoints
        The set.
    during : (float, float), optional
        Span of time of which years or months are wanted.
    word : str
        "year" or "month".
    chosen : FilterOptions
        The filter that is split further.

    Raises
    ------
    BadOption
        When the points have no times.
    """
    if stored.time is None:
        raise BadOption(
            f"the points of {stored.name} have no times, which --layers={word} asks for: heatlas import FILE --time "
            "COLUMN reads them"
        )
    after, before = during or (-math.inf, math.inf)
    days = [day for day, _ in stored.days if 86400 * (day + 1) > after and 86400 * day < before]
    first, last = (None if text is None else _in_utc(text) for text in (chosen.after, chosen.before))
    split = _years if word == "year" else _months
    dates = [dt.date(1970, 1, 1) + dt.timedelta(days=day) for day in days]
    return split(dates, replace(chosen, after=first, before=last))


def _in_utc(text: str) -> str:
    return parse_date(text).astimezone(dt.UTC).replace(tzinfo=None).isoformat()


def _span(chosen: FilterOptions, after: str, before: str, test: str) -> FilterOptions:
    """Intersect the chosen range of time with another; `test` is a filter equal to `after` and `before`."""
    given = [parse_moment(text) for text in (chosen.after, chosen.before) if text]
    if any(moment.tzinfo for moment in given):
        return _also(chosen, test)  # moments in UTC and months in local time cannot be compared
    first = max((text for text in (after, chosen.after) if text), key=parse_moment)
    last = min((text for text in (before, chosen.before) if text), key=parse_moment)
    return replace(chosen, after=first, before=last)


GROUPS: dict[str, tuple[str, Callable[[list[Activity], FilterOptions], Parts]]] = {
    "sport": ("Sport", _by_sport),
    "year": ("Year", _by_year),
    "month": ("Month", _by_month),
    "gear": ("Gear", _by_gear),
}
"""Word of --layers -> the name of the group, and the function that splits activities by it."""
