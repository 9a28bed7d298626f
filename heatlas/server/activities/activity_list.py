"""A list of activities: those of a view, searched, sorted and in pages."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.regex import regex
from heatlas.server.activities.single import start_text, told_activity, told_seconds
from heatlas.server.site.query import FILTER, box_in, checked, only, parse_filter_of, whole
from heatlas.server.views.summary import told_metres
from heatlas.tiles.in_view import activities_in
from heatlas.tiles.request import LAST_ZOOM
from heatlas.tiles.snapshot import choose
from heatlas.tracks.filters import without_accents
from heatlas.tracks.quantities import QUANTITY, parse_quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.datastructures import QueryParams

    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

    Test = Callable[[int], bool]
    """Whether an activity is found, by its number."""

__all__ = ["MOST", "SORTS", "list_data", "search_of"]

SORTS = ("start", "name", "sport", "distance", "duration")
MOST = 200
"""Activities of a page at most."""
_TEXTS = frozenset({"name", "sport"})
"""Columns that begin with the first of the alphabet; others with the largest."""
_PAGE = 50
_ZOOM = 14
"""Zoom of a box that comes without one."""
_DATE = regex(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)
_BEFORE = regex(r"(>=|<=|>|<)?\s*$")


def list_data(site: ServedLibrary, snapshot: Snapshot, query: QueryParams) -> dict[str, Any]:
    """One page of the activities that a filter chooses, that pass a box and that are found, as plain data.

    Raises
    ------
    BadOption
        For parameters that cannot be used.
    """
    only(query, "bbox", "z", "q", "sort", "order", "offset", "limit", *FILTER)
    sort, order = query.get("sort", "start"), query.get("order")
    if sort not in SORTS:
        raise BadOption(f"sort is one of {', '.join(SORTS)}")
    if order not in {None, "asc", "desc"}:
        raise BadOption("order is asc or desc")
    offset = whole("offset", query.get("offset"), 0, 999_999_999, 0)
    limit = whole("limit", query.get("limit"), 1, MOST, _PAGE)
    numbers = _chosen(site, snapshot, query)
    found = search_of(checked("q", query.get("q")) or "", site, snapshot)
    numbers = [number for number in numbers if found(number)]
    numbers = _sorted(numbers, sort, order == "desc" or (not order and sort not in _TEXTS), site, snapshot)
    page = [told_activity(site, snapshot, number) for number in numbers[offset : offset + limit]]
    metres = math.fsum(told_metres(site, snapshot, number) or 0.0 for number in numbers)
    return {"activities": page, "total": len(numbers), "distance": metres, "offset": offset}


def _chosen(site: ServedLibrary, snapshot: Snapshot, query: QueryParams) -> list[int]:
    """Numbers of activities that pass the filter and the box, if there is one."""
    keep = choose(snapshot, parse_filter_of(query, site.public)).keep
    numbers = snapshot.numbers[keep[snapshot.numbers]]
    zoom = whole("z", query.get("z"), 0, LAST_ZOOM, _ZOOM)
    if "bbox" in query:
        numbers = numbers[activities_in(site.view, snapshot, box_in(query), zoom)[numbers]]
    return list(map(int, numbers))


def search_of(text: str, site: ServedLibrary, snapshot: Snapshot) -> Test:
    """Turn a search into a test: all of its words must be found.

    2024, 2024-05 and 2024-05-01 are found in the local day of the start; ``10 km``, ``1h30`` and the like in distance
    or duration as far as they are written (10 km is from 9.5 to 10.5 km), and with <, <=, >, >= as limits; all other
    words in name, sport and person, whatever their case and accents.
    """
    tests: list[Test] = []
    rest, at = [], 0
    for match in QUANTITY.finditer(text):
        sign = _BEFORE.search(text[at : match.start()])
        assert sign is not None
        rest.append(text[at : at + sign.start()])
        at = match.end()
        tests.append(_measured(parse_quantity(match), sign[1] or "", site, snapshot))
    words = " ".join([*rest, text[at:]]).split()
    tests += [_dated(word, snapshot) if _DATE.fullmatch(word) else _named(word, snapshot) for word in words]
    return lambda number: all(test(number) for test in tests)


def _measured(quantity: Any, sign: str, site: ServedLibrary, snapshot: Snapshot) -> Test:
    amount = told_metres if quantity.kind == "distance" else told_seconds
    low, high = {
        "": (quantity.value - quantity.step / 2, quantity.value + quantity.step / 2),
        ">": (math.nextafter(quantity.value, math.inf), math.inf),
        ">=": (quantity.value, math.inf),
        "<": (-math.inf, math.nextafter(quantity.value, -math.inf)),
        "<=": (-math.inf, quantity.value),
    }[sign]

    def found(number: int) -> bool:
        value = amount(site, snapshot, number)
        return value is not None and low <= value <= high

    return found


def _dated(word: str, snapshot: Snapshot) -> Test:
    named = _named(word, snapshot)  # a year may stand in a name, too
    return lambda number: (start_text(snapshot.activities[number]) or "").startswith(word) or named(number)


def _named(word: str, snapshot: Snapshot) -> Test:
    wanted = _plain(word)

    def found(number: int) -> bool:
        activity = snapshot.activities[number]
        return any(wanted in _plain(said) for said in (activity.name, activity.sport, activity.person))

    return found


def _plain(text: str) -> str:
    return (text if text.isascii() else without_accents(text)).casefold()


def _sorted(numbers: list[int], sort: str, down: bool, site: ServedLibrary, snapshot: Snapshot) -> list[int]:
    """Sort by a column; activities of which it is unknown come last, equal ones stay in the order of their numbers."""

    def value(number: int) -> Any:
        activity = snapshot.activities[number]
        if sort == "distance":
            return told_metres(site, snapshot, number)
        if sort == "duration":
            return told_seconds(site, snapshot, number)
        return _plain(getattr(activity, sort)) or None if sort in _TEXTS else activity.start

    known = {number: value(number) for number in numbers}
    there = sorted((number for number in numbers if known[number] is not None), key=known.__getitem__, reverse=down)
    return there + [number for number in numbers if known[number] is None]
