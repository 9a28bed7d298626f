"""Tables that are sent to the server: their columns, for the page to ask what weighs, and their import as points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption, Undecided
from heatlas.core.frozen import frozen
from heatlas.options import ImportOptions, PointSetOptions, TableOptions

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.datastructures import QueryParams

    from heatlas.core.context import Context
    from heatlas.library.file.store import Library
    from heatlas.sources.resolve import GivenPoints, GivenTracks
    from heatlas.sources.tables.given import GivenTable

__all__ = ["ANSWERS", "Answers", "answers_of", "import_table", "question", "sorted_file"]

ANSWERS = ("weight", "lat", "lon", "name")
"""Parameters that say how the rows of a table are read as points."""
_LONGEST = 200
_COLUMNS = 200
_EXAMPLE = 60
"""Most characters of a parameter, columns that are told, and characters of an example."""


@frozen
class Answers:
    """How the rows of a table are read as points."""

    weight: str | None = None
    """Column; "": each row counts 1; None: nobody was asked yet."""
    lat: str | None = None
    lon: str | None = None
    name: str | None = None
    """Name of the point set; by default that of the file."""


def answers_of(query: QueryParams) -> Answers:
    """Parse the answers.

    Raises
    ------
    BadOption
        For text that is too long, or an answer without `weight`, which may be empty.
    """
    said = {name: query[name] for name in ANSWERS if name in query}
    for name, text in said.items():
        if len(text) > _LONGEST or not text.isprintable():
            raise BadOption(f"{name} must be at most {_LONGEST} printable characters")
    if said and "weight" not in said:
        raise BadOption("say weight, too: the column that weighs, or nothing where each row counts 1")
    return Answers(said.get("weight"), *(said.get(name) or None for name in ANSWERS[1:]))


def sorted_file(path: Path, answers: Answers) -> tuple[GivenTracks, GivenPoints]:
    """Tell what a file holds.

    Raises
    ------
    BadOption, SourceFailed
        When it is a table that cannot be opened.
    """
    from heatlas.sources.resolve import resolve_import

    weight = answers.weight or None
    return resolve_import((path,), TableOptions(lat=answers.lat, lon=answers.lon, weight=weight))


def question(given: GivenTable) -> dict[str, Any] | None:
    """Describe a table, so that somebody can say which column weighs; None where it has no two columns of numbers.

    Returns
    -------
    dict, optional
        `columns`: `name`, `example` and, of numbers, `range`; `lat`, `lon` and `geometry`: columns that were found
        or None; `weight`: the column that weighs unless another is chosen; `left`: columns that are not told.
    """
    from heatlas.dataset.points import PointSet
    from heatlas.sources.tables.facts import column_facts

    table = given.table
    try:
        found = PointSet.given([given]).parts[0][1]
    except (BadOption, Undecided):
        found = None
    facts = column_facts(table, found)
    if found is None and sum(fact.get("range") is not None for fact in facts) < 2:
        return None
    columns = [
        {"name": fact["name"], "example": str(fact.get("example") or "")[:_EXAMPLE], "range": fact.get("range")}
        for fact in facts[:_COLUMNS]
    ]
    where = {name: getattr(found, name, None) for name in ("lat", "lon", "geometry", "weight")}
    return {"columns": columns, **where, "left": max(0, len(facts) - _COLUMNS)}


def import_table(
    library: Library, tracks: GivenTracks, points: GivenPoints, answers: Answers, context: Context
) -> dict[str, Any]:
    """Import a table: as tracks where its rows are those of tracks, else as a point set.

    Raises
    ------
    BadOption, SourceFailed
        When a column is not there or cannot be read so.
    """
    from heatlas.library.manage.importing import bring
    from heatlas.library.points.point_tables import named_tables

    named = named_tables(points, PointSetOptions(name=answers.name))
    report = bring(library.path, tracks, named, ImportOptions(), context)
    for private in ("library", "open_places"):
        report.pop(private, None)
    return report
