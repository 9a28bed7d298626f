"""Attributes of the activities, and the values of one with counts: what filters can choose."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.server.site.query import FILTER, checked, only, parse_filter_of
from heatlas.server.views.summary import is_told, told_metres
from heatlas.tiles.snapshot import choose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.datastructures import QueryParams

    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["BINS", "KINDS", "attributes_data", "values_data"]

KINDS = ("text", "whole", "number", "flag", "moment")
BINS = 24
"""Bins of numbers at most."""
_MOST = 200
"""Values that are listed at most."""
_EXAMPLES = 5
_WHOLE = frozenset({"year", "month", "weekday", "hour"})
_HIDDEN = frozenset({"utc_offset", "planned"})
"""Attributes that are not offered; filters know them all the same."""


def attributes_data(_: ServedLibrary, snapshot: Snapshot, query: QueryParams) -> dict[str, Any]:
    """Attributes that any activity has, with their kind and how many have them, as plain data."""
    only(query)
    names = dict.fromkeys(name for values in snapshot.attributes[:1] for name in values if name not in _HIDDEN)
    found = []
    for name in sorted(names):
        known = [values[name] for values in snapshot.attributes if values.get(name) not in (None, "")]
        if known:
            kind = _kind(name, known)
            common = Counter(map(str, known)).most_common(_EXAMPLES) if kind == "text" and _is_common(known) else []
            found.append(
                {
                    "name": name,
                    "kind": kind,
                    "known": len(known),
                    "distinct": len(set(map(str, known))),
                    "examples": [text for text, _ in common],
                }
            )
    return {"attributes": found, "activities": len(snapshot.activities)}


def values_data(site: ServedLibrary, snapshot: Snapshot, query: QueryParams) -> dict[str, Any]:
    """Values of an attribute among the activities that a filter chooses, with exact counts, as plain data.

    Texts come the most frequent first, whole numbers ascending; numbers are counted in bins with even edges. Others
    than the owner of a library that hides something get no amounts of whole activities.

    Raises
    ------
    BadOption
        For parameters that cannot be used, and an attribute that no activity has.
    """
    only(query, "attribute", *FILTER)
    name = checked("attribute", query.get("attribute")) or ""
    if not snapshot.attributes or name not in snapshot.attributes[0]:
        raise BadOption(f"no activity has an attribute {name[:40]!r}: /api/attributes.json lists them")
    keep = choose(snapshot, parse_filter_of(query, site.public)).keep[snapshot.numbers]
    values = _values(site, snapshot, name)
    kind = _kind(name, [value for value in values if value not in (None, "")])
    known = [value for value, kept in zip(values, keep.tolist(), strict=True) if kept and value not in (None, "")]
    data: dict[str, Any] = {
        "attribute": name, "kind": kind, "activities": int(keep.sum()), "known": len(known), "values": [],
        "left_out": 0,
    }  # fmt: skip
    if kind == "number":
        return {**data, "bins": _bins(known)}
    if kind != "moment":
        ordered = _counted(kind, known)
        data |= {"values": [list(pair) for pair in ordered[:_MOST]], "left_out": max(len(ordered) - _MOST, 0)}
    return {**data, "bins": None}


def _values(site: ServedLibrary, snapshot: Snapshot, name: str) -> list[Any]:
    values = [one[name] for one in snapshot.attributes]
    if not is_told(site, snapshot) or name in _WHOLE:
        return values
    if name == "distance":
        return [told_metres(site, snapshot, number) for number in snapshot.activities]
    return [None if isinstance(value, int | float) and not isinstance(value, bool) else value for value in values]


def _kind(name: str, known: list[Any]) -> str:
    if name in _WHOLE:
        return "whole"
    if known and all(isinstance(value, bool) for value in known):
        return "flag"
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return "number"
    return "moment" if name == "start" else "text"


def _is_common(known: list[Any]) -> bool:
    """Whether values are shared by activities, so that examples are of many."""
    return 2 * len(set(map(str, known))) <= max(len(known), 2)


def _counted(kind: str, known: Iterable[Any]) -> list[tuple[Any, int]]:
    counts = Counter(known if kind != "text" else map(str, known))
    if kind == "text":
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return sorted(counts.items())


def _bins(known: list[Any]) -> dict[str, Any] | None:
    """Counts in bins whose edges are whole multiples of 1, 2 or 5 times a power of ten; None without values."""
    found = np.array([value for value in known if math.isfinite(value)], np.float64)
    if not len(found):
        return None
    low, high = float(found.min()), float(found.max())
    rough = max((high - low) / BINS, abs(high) * 1e-6, 1e-9)
    power = 10.0 ** math.floor(math.log10(rough))
    width = next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= rough * (1 - 1e-9))
    first = math.floor(low / width)
    last = max(math.floor(high / width), first)
    place = np.clip(np.floor(found / width).astype(np.int64) - first, 0, last - first)
    return {
        "low": first * width, "high": (last + 1) * width, "width": width,
        "counts": np.bincount(place, minlength=last - first + 1).tolist(),
    }  # fmt: skip
