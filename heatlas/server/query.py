"""What is asked for, read from the parameters of a request and held to limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from heatlas.colormaps import colormap
from heatlas.errors import BadOption
from heatlas.finish import in_base_unit, measure_unit
from heatlas.grid import parse_measure
from heatlas.parsing import parse_smoothing
from heatlas.tiling.look import Filter, Look
from heatlas.tone import parse_scale
from heatlas.where import moment_seconds, parse_filter, parse_moment

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.datastructures import QueryParams

    from heatlas.grid import Measure
    from heatlas.tone import Scale

__all__ = [
    "FILTER", "LAST_ZOOM", "LIMITS", "OF_POINTS", "OF_TRACKS", "SHOWN", "checked", "only", "parse_colours",
    "parse_filter_of", "parse_look", "whole", "within", "without",
]  # fmt: skip

LAST_ZOOM = 22
"""Finest zoom of tiles that are served."""
LIMITS = {
    "where": 1000, "sport": 60, "after": 40, "before": 40, "measure": 80, "colormap": 400, "tone": 60, "smooth": 20,
    "radius": 20, "kernel": 20, "density": 5,
}  # fmt: skip
"""Characters of each parameter at most."""
_SPORTS = 40
_WIDEST_PX, _WIDEST_M = 16.0, 100_000.0
_WILDCARDS = 4
"""Wildcards of a LIKE at most: each multiplies the time it may take."""
_PUBLIC = frozenset({"sport", "year", "month"})
"""What a public map may be filtered by with `where`: nothing that tells one activity from another."""
FILTER = ("where", "sport", "after", "before")
"""Parameters that say which activities count."""
OF_TRACKS = (*FILTER, "smooth")
"""What cannot be asked of points."""
OF_POINTS = ("radius", "kernel", "density")
"""What cannot be asked of tracks."""
SHOWN = (*OF_TRACKS, *OF_POINTS, "colormap", "tone")
"""What counts, and how it is shown."""
EVERYWHERE = ("token", "v")
"""Parameters that any request may have: who asks, and for which state of the library."""


def only(query: QueryParams, *allowed: str) -> None:
    """Refuse parameters that would be ignored, and those that are said twice.

    Raises
    ------
    BadOption
        Naming them.
    """
    known = {*allowed, *EVERYWHERE}
    for name in dict.fromkeys(name for name, _ in query.multi_items()):
        if name not in known:
            there = ", ".join(sorted(allowed)) or "none"
            raise BadOption(f"there is no parameter {name[:40]!r} here: there are {there}")
        if name != "sport" and len(query.getlist(name)) > 1:
            raise BadOption(f"{name} is given twice")


def without(query: QueryParams, names: Collection[str]) -> QueryParams:
    """The same parameters without some."""
    return type(query)([(name, value) for name, value in query.multi_items() if name not in names])


def parse_filter_of(query: QueryParams, public: bool) -> Filter:
    """Read where, sport, after and before.

    On a public map dates are taken to whole months (after to the first of its month, before to the first of the
    next), and `where` may ask for sport, year and month alone: else whoever asks often enough would learn of each
    activity when exactly it was and what it is called.

    Raises
    ------
    BadOption
        For what is no filter, too long, or too much to ask.
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
    """Hold a parameter to its limit.

    Raises
    ------
    BadOption
        When it is too long, or holds what cannot be printed.
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
            # Without its offset too: months that begin at any minute would tell to the minute when activities were.
            date = date.replace(tzinfo=None)
            first = date.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            if name == "before" and date > first:
                first = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
            date = first
    except (ValueError, OverflowError):
        raise BadOption(f"{name} {text!r} is no date: write it as 2024-05-01 or 2024-05-01T08:30:00Z") from None
    return date.isoformat()


def _check_where(text: str, public: bool) -> None:
    """Refuse what takes too long to work out, and on a public map what tells too much."""
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


def parse_look(query: QueryParams, measure: str | None) -> Look:
    """Read colormap, tone and smooth for a measure of tracks.

    Raises
    ------
    BadOption
        For what is none, or too wide or too long.
    """
    text = checked("measure", measure)
    parsed = parse_measure("passes" if text is None else text)
    smoothing = parse_smoothing(checked("smooth", query.get("smooth")) or "auto")
    if smoothing.pixels > _WIDEST_PX or smoothing.metres > _WIDEST_M:
        raise BadOption(f"smooth is too wide: at most {_WIDEST_PX:.0f}px or {_WIDEST_M / 1000:.0f}km")
    for unfit in OF_POINTS:
        if unfit in query:
            raise BadOption(f"{unfit} is for points, and {parsed} is of tracks: they take smooth")
    scale, name = parse_colours(query, parsed)
    return Look(parsed, smoothing, scale, name)


def parse_colours(query: QueryParams, measure: Measure) -> tuple[Scale | None, str | None]:
    """Read tone and colormap, None where they are left open.

    Raises
    ------
    BadOption
        For what is none.
    """
    tone = checked("tone", query.get("tone"))
    name = checked("colormap", query.get("colormap")) or None
    if name is not None:
        colormap(name)
    scale = in_base_unit(parse_scale(tone), measure_unit(measure)) if tone else None
    if scale is not None and scale.range is not None and not _sound(scale.curve, *scale.range):
        raise BadOption(f"the range of tone {tone!r} is too wide or too narrow to be drawn")
    return scale, name


def _sound(curve: str, low: float, high: float) -> bool:
    """Whether single precision tells the values of a range apart."""
    least, most = 1e-9, 1e12
    return max(abs(low), abs(high)) <= most and high - low >= least and (curve != "log" or low >= least)


def whole(name: str, text: str | None, low: int, high: int, default: int | None = None) -> int:
    """Read a whole number.

    Raises
    ------
    BadOption
        When it is none, or outside of `low` to `high`.
    """
    if text is None and default is not None:
        return default
    if text is None or not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise BadOption(f"{name} must be a whole number from {low} to {high}")
    return int(text)


def within(name: str, text: str | None, low: float, high: float, default: float | None = None) -> float:
    """Read a number.

    Raises
    ------
    BadOption
        When it is none, or outside of `low` to `high`.
    """
    if text is None and default is not None:
        return default
    if text is None or not re.fullmatch(r"[+-]?([0-9]{1,12}\.?[0-9]{0,20}|\.[0-9]{1,20})(e[+-]?[0-9]{1,3})?", text):
        raise BadOption(f"{name} must be a number from {low:g} to {high:g}")
    number = float(text)
    if not low <= number <= high:
        raise BadOption(f"{name} must be a number from {low:g} to {high:g}")
    return number
