"""What a public map shows of what was measured: pictures of where and how fast; bodies and raw numbers when named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from heatlas.core.errors import BadOption
from heatlas.library.point_tables import split_measure
from heatlas.raster.grid import Measure, parse_measure

if TYPE_CHECKING:
    from collections.abc import Collection

    from heatlas.server.state import ServedLibrary
    from heatlas.tiles.look import Look

__all__ = ["is_open_measure", "parse_public_measures", "refuse_closed", "shows"]

_OF_THE_WAY = frozenset({"", "pace", "speed", "grade", "elevation"})
"""Metrics that a public map shows unasked: they tell of the way and how fast it was gone. All others, such as what a
body did, are shown when they are named; so what is measured one day and not thought of here is not."""


def parse_public_measures(given: Collection[str]) -> frozenset[str]:
    """Read measures, also as one text with commas, that a public map is to show besides, and to give as numbers.

    A metric such as heart_rate stands for all that is made of it; of points a name such as "sum(clinics)" is taken.

    Raises
    ------
    BadOption
        For what is no measure.
    """
    words = given.split(",") if isinstance(given, str) else given
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
    """Whether a measure of tracks may be seen here, as a picture."""
    return not site.public or shows(measure, site.public_measures)


def shows(measure: Measure, named: frozenset[str]) -> bool:
    """Whether a public map shows a measure of tracks, as a picture."""
    return measure.metric in _OF_THE_WAY or _is_named(named, measure)


def _is_open(site: ServedLibrary, look: Look, raw: bool) -> bool:
    """Whether something may be seen here, as a picture or as numbers."""
    if raw and site.public:
        return _is_named(site.public_measures, look.measure, look.point_set)
    return bool(look.point_set) or is_open_measure(site, look.measure)


def _is_named(named: frozenset[str], measure: Measure, point_set: str = "") -> bool:
    if point_set:
        return f"{measure.reduction}({point_set})" in named
    names = {str(measure)}
    if measure.metric:
        names.add(str(Measure("mean", measure.metric)))
    return bool(names & named)


def refuse_closed(site: ServedLibrary, look: Look, raw: bool = False) -> None:
    """Refuse what may not be seen here.

    Raises
    ------
    HTTPException
        403, with a sentence.
    """
    if not _is_open(site, look, raw=False):
        raise HTTPException(403, f"this map is public, and does not show {look.measure}")
    if raw and not _is_open(site, look, raw=True):
        raise HTTPException(403, "this map is public, and shows pictures (.png, .webp), not numbers")
