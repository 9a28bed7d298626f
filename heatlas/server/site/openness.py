"""Measures that a public map shows: pictures of place and speed; measures of the body and numbers only if named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from heatlas.core.errors import BadOption
from heatlas.library.points.point_tables import split_measure
from heatlas.options.parsing import split_list
from heatlas.raster.measure import Measure, parse_measure

if TYPE_CHECKING:
    from collections.abc import Collection

    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.look import Look

__all__ = ["is_open_measure", "parse_public_measures", "refuse_closed", "shows"]


def parse_public_measures(given: Collection[str]) -> frozenset[str]:
    """Parse further measures that a public map shows and gives as numbers, also from one text with commas.

    A metric such as heart_rate stands for all of its measures; measures of points are written as "sum(clinics)".

    Raises
    ------
    BadOption
        For an invalid measure.
    """
    words = split_list(given) if isinstance(given, str) else given
    found = set()
    for word in filter(None, (word.strip() for word in words)):
        parts = split_measure(word)
        try:
            found.add(str(parse_measure(word)))
        except BadOption:
            if parts is None or not parts[1]:
                raise
            found.add(f"{parts[0]}({parts[1]})")
    return frozenset(found)


def is_open_measure(site: ServedLibrary, measure: Measure) -> bool:
    """Whether a measure of tracks may be seen on this map, as a picture."""
    return not site.public or shows(measure, site.public_measures)


def shows(measure: Measure, named: frozenset[str]) -> bool:
    """Whether a public map shows a measure of tracks, as a picture."""
    if not measure.metric and measure.reduction != "days":
        return True
    entry = measure.mean.entry if measure.sides else measure.entry
    return (entry is not None and entry.public) or _is_named(named, measure)


def _is_open(site: ServedLibrary, look: Look, raw: bool) -> bool:
    """Whether a look may be seen on this map, as a picture or, with `raw`, as numbers."""
    if raw and site.public:
        return _is_named(site.public_measures, look.measure, look.point_set)
    return bool(look.point_set) or is_open_measure(site, look.measure)


def _is_named(named: frozenset[str], measure: Measure, point_set: str = "") -> bool:
    if point_set:
        return f"{measure.reduction}({point_set})" in named
    names = {str(measure)}
    if measure.metric:
        names.add(str(measure.mean if measure.sides else Measure("mean", measure.metric)))
    return bool(names & named)


def refuse_closed(site: ServedLibrary, look: Look, raw: bool = False) -> None:
    """Refuse a look that may not be seen on this map.

    Raises
    ------
    HTTPException
        403, with the reason.
    """
    if not _is_open(site, look, raw=False):
        raise HTTPException(403, f"this map is public, and does not show {look.measure}")
    if raw and not _is_open(site, look, raw=True):
        raise HTTPException(403, "this map is public, and shows pictures (.png, .webp), not numbers")
