"""Parse the parameters of requests, and check their limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.mercator import MAX_LATITUDE
from heatlas.tiles.look import Filter
from heatlas.tiles.request import OF_POINTS, OF_TIME, OF_TRACKS, TileRequest
from heatlas.tracks.filters import parse_filter
from heatlas.tracks.local_time import moment_seconds, parse_moment

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.datastructures import QueryParams

    from heatlas.raster.measure import Measure

__all__ = [
    "FILTER", "LIMITS", "SHOWN", "box_in", "check_sides", "checked", "only", "parse_filter_of", "request_of",
    "whole", "within", "without",
]  # fmt: skip

LIMITS = {
    "where": 4000, "sport": 60, "after": 40, "before": 40, "measure": 1000, "colormap": 400, "tone": 60, "smooth": 20,
    "radius": 20, "kernel": 20, "density": 5, "classes": 20, "x": 40, "y": 40, "bbox": 120, "q": 100,
    "attribute": 100, "title": 120,
}  # fmt: skip
"""Maximum characters of each parameter."""
_SPORTS = 40
_WILDCARDS = 4
"""Maximum wildcards of a LIKE: each multiplies the time it may take."""
_PUBLIC = frozenset({"sport", "year", "month"})
"""Attributes that `where` may use on a public map: none that identifies a single activity."""
FILTER = ("where", "sport", "after", "before")
"""Parameters that choose activities."""
SHOWN = (*OF_TRACKS, *OF_TIME, *OF_POINTS, "colormap", "tone", "classes")
"""Parameters of filter, smoothing or kernel, and style."""
_DEGREES = r"[+-]?[0-9]{1,3}(?:\.[0-9]{1,20})?"
_TEXTS = ("where", "smooth", "radius", "kernel", "tone", "colormap", "classes")
EVERYWHERE = ("token", "v")
"""Parameters that any request may have: the token, and the version of the library."""


def only(query: QueryParams, *allowed: str) -> None:
    """Refuse parameters that would be ignored, and those that are given twice.

    Raises
    ------
    BadOption
        Naming the parameter.
    """
    known = {*allowed, *EVERYWHERE}
    for name in dict.fromkeys(name for name, _ in query.multi_items()):
        if name not in known:
            there = ", ".join(sorted(allowed)) or "none"
            raise BadOption(f"there is no parameter {name[:40]!r} here: there are {there}")
        if name != "sport" and len(query.getlist(name)) > 1:
            raise BadOption(f"{name} is given twice")


def without(query: QueryParams, names: Collection[str]) -> QueryParams:
    """Copy of the parameters without some."""
    return type(query)([(name, value) for name, value in query.multi_items() if name not in names])


def parse_filter_of(query: QueryParams, public: bool) -> Filter:
    """Parse where, sport, after and before.

    On a public map dates are rounded to whole months (after to the first of its month, before to the first of the
    next), and `where` may use only sport, year and month. Otherwise repeated requests would reveal the exact time and
    the name of each activity.

    Raises
    ------
    BadOption
        For a filter that is invalid, too long, or too expensive.
    """
    sports = query.getlist("sport")
    if len(sports) > _SPORTS:
        raise BadOption(f"sport is given {len(sports)} times: at most {_SPORTS}")
    for sport in sports:
        checked("sport", sport)
    where = checked("where", query.get("where")) or None
    if where is not None:
        _check_where(where, public)
    dates = {name: _date(name, query.get(name), public) for name in ("after", "before")}
    return Filter(where, tuple(sorted({sport for sport in sports if sport})), dates["after"], dates["before"])


def checked(name: str, text: str | None) -> str | None:
    """Check the length and characters of a parameter.

    Raises
    ------
    BadOption
        When it is too long, or holds characters that cannot be printed.
    """
    if text is not None and (len(text) > LIMITS[name] or not text.isprintable()):
        raise BadOption(f"{name} must be at most {LIMITS[name]} printable characters")
    return text


def _date(name: str, text: str | None, public: bool) -> str | None:
    if not checked(name, text):
        return None
    assert text is not None
    month = re.fullmatch(r"[0-9]{4}-[0-9]{2}", text.strip())
    try:
        date = parse_moment(f"{text.strip()}-01" if month else text)
        moment_seconds(date)
        if public:
            # The offset is dropped too: months that begin at any minute would reveal times to the minute.
            date = date.replace(tzinfo=None)
            first = date.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            if name == "before" and date > first:
                first = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
            date = first
    except (ValueError, OverflowError):
        raise BadOption(f"{name} {text!r} is no date: write it as 2024-05-01 or 2024-05-01T08:30:00Z") from None
    return date.isoformat()


def check_sides(measure: Measure, public: bool) -> None:
    """Check the filters of a difference as `parse_filter_of` checks `where`.

    Raises
    ------
    BadOption
        For a filter that is too expensive, or tells too much on a public map.
    """
    for text in measure.sides:
        _check_where(text, public)


def _check_where(text: str, public: bool) -> None:
    """Refuse filters that take too long to evaluate, and on a public map those that reveal too much."""
    try:
        nodes = _nodes(parse_filter(text))
    except RecursionError:
        raise BadOption("the filter is nested too deeply") from None
    for node in nodes:
        if node.get("op") == "^":
            raise BadOption("the filter uses '^', which cannot be asked here")
        if node.get("op") == "like" and str(node["args"][1:]).count("%") > _WILDCARDS:
            raise BadOption(f"a LIKE may have at most {_WILDCARDS} wildcards here")
        if public and node.get("property", "sport") not in _PUBLIC:
            raise BadOption(f"this map is public: it can be filtered by {', '.join(sorted(_PUBLIC))}")


def _nodes(tree: Any) -> list[dict[str, Any]]:
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            found.append(node)
            waiting += node.values()
    return found


def request_of(query: QueryParams, measure: str | None, public: bool = False) -> TileRequest:
    """Build a TileRequest from parameters, and check the length of each; dates as in `parse_filter_of`.

    Raises
    ------
    BadOption
        For a parameter that is too long, and a density that is neither 0 nor 1.
    """
    texts = {name: checked(name, query.get(name)) for name in _TEXTS}
    density = checked("density", query.get("density"))
    if density not in {None, "0", "1"}:
        raise BadOption("density is 1, for values per square kilometre, or 0")
    return TileRequest(
        measure=checked("measure", measure),
        sports=tuple(query.getlist("sport")),
        density=None if density is None else density == "1",
        **{name: _date(name, query.get(name), public) for name in OF_TIME},
        **texts,
    )


def box_in(query: QueryParams) -> tuple[float, float, float, float]:
    """Parse the parameter bbox: west, south, east, north; a box across the antimeridian goes beyond 180 or -180.

    Raises
    ------
    BadOption
        When it is not given, or no box.
    """
    text = checked("bbox", query.get("bbox"))
    if text is None or not re.fullmatch(rf"{_DEGREES}(?:,{_DEGREES}){{3}}", text):
        raise BadOption("bbox must be west,south,east,north in degrees")
    west, south, east, north = map(float, text.split(","))
    south, north = max(south, -MAX_LATITUDE), min(north, MAX_LATITUDE)
    if not (west < east and south < north and abs(west) <= 540 and abs(east) <= 540):
        raise BadOption("bbox must be west,south,east,north in degrees: west below east, south below north")
    return west, south, east, north


def whole(name: str, text: str | None, low: int, high: int, default: int | None = None) -> int:
    """Parse a whole number.

    Raises
    ------
    BadOption
        When it is not one, or not from `low` to `high`.
    """
    if text is None and default is not None:
        return default
    if text is None or not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise BadOption(f"{name} must be a whole number from {low} to {high}")
    return int(text)


def within(name: str, text: str | None, low: float, high: float, default: float | None = None) -> float:
    """Parse a number.

    Raises
    ------
    BadOption
        When it is not one, or not from `low` to `high`.
    """
    if text is None and default is not None:
        return default
    if text is None or not re.fullmatch(r"[+-]?([0-9]{1,12}\.?[0-9]{0,20}|\.[0-9]{1,20})(e[+-]?[0-9]{1,3})?", text):
        raise BadOption(f"{name} must be a number from {low:g} to {high:g}")
    number = float(text)
    if not low <= number <= high:
        raise BadOption(f"{name} must be a number from {low:g} to {high:g}")
    return number
