"""Which layers of a public page have enough activities, so that none, and no difference of them, is of a few."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from heatlas.tiling.crowds import alone, grouped
from heatlas.where import start_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from heatlas.batch import Activity

__all__ = ["titles_of"]


def _year(activity: Activity) -> str:
    start = start_of(activity)
    return "" if start is None else str(start.year)


def _month(activity: Activity) -> str:
    start = start_of(activity)
    return "" if start is None else start.strftime("%b %Y")


LABELS: dict[str, Callable[[Activity], str]] = {
    "sport": lambda activity: activity.sport,
    "year": _year,
    "month": _month,
    "gear": lambda activity: activity.gear,
}
"""Title of the layer of a group in which an activity is; empty: in none."""


def titles_of(activities: Sequence[Activity], groups: Collection[str], least: int) -> dict[str, set[str]]:
    """Titles of the layers of each group that have enough activities.

    Those of all activities that are in no such layer of the group are 0, or at least as many: what is left of the
    layer of everything, when all others are taken from it, is then no few either.
    """
    found: dict[str, set[str]] = {}
    for word in groups:
        labels = [LABELS[word](activity) for activity in activities]
        paths = [(label,) for label in labels]
        found[word] = set(alone(grouped(paths, least), labels)) - {""}
    if {"year", "month"} <= found.keys():
        _without_rests(activities, found, least)
    return found


def _without_rests(activities: Sequence[Activity], found: dict[str, set[str]], least: int) -> None:
    """Leave out months of a year that is shown, until the rest of that year is none or enough."""
    years = np.array([_year(activity) for activity in activities])
    months = np.array([_month(activity) for activity in activities])
    for year in found["year"]:
        of_year = Counter(months[years == year].tolist())
        while True:
            shown = {month: count for month, count in of_year.items() if month in found["month"]}
            rest = sum(of_year.values()) - sum(shown.values())
            if not 0 < rest < least or not shown:
                break
            found["month"].discard(min(shown, key=lambda month: (shown[month], month)))
