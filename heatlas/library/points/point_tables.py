"""Import tables as named point sets of a library, and open point sets as tables, to be drawn like any other."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption
from heatlas.library.file.opening import open_library
from heatlas.library.points.stored_points import are, list_point_sets
from heatlas.options import TableOptions
from heatlas.raster.measure import POINT_REDUCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from heatlas.dataset.points import PointSet
    from heatlas.library.file.store import Library
    from heatlas.library.points.stored_points import StoredPoints
    from heatlas.options import PointSetOptions
    from heatlas.sources.resolve import GivenPoints
    from heatlas.sources.tables.given import GivenTable
    from heatlas.sources.tables.table import Table

__all__ = [
    "chosen_points", "import_tables", "named_tables", "opened_points", "split_measure", "stored_points",
]  # fmt: skip


def named_tables(given: GivenPoints, rows: PointSetOptions) -> dict[str, PointSet]:
    """Open tables and name each after its file; with a given name they form one point set. No row is read yet.

    Parameters
    ----------
    given : GivenPoints
        The resolved tables.
    rows : PointSetOptions
        Name of the point set, and filters of rows.

    Raises
    ------
    BadOption
        For an invalid option or name, or two tables of one name.
    SourceFailed, MissingExtra
        When a table cannot be opened.
    """
    from heatlas.dataset.points import PointSet
    from heatlas.library.points.point_sets import check_name

    named: dict[str, list[GivenTable]] = {}
    word = None if rows.name is None else check_name(rows.name)
    for each in given.tables:
        own = word or _name_of(each)
        if own in named and word is None:
            raise BadOption(f"two tables would be called {own}: bring them in one by one, or together with --name NAME")
        named.setdefault(own, []).append(each)
    return {own: PointSet.given(group).where(rows.where, rows.after, rows.before) for own, group in named.items()}


def _name_of(given: GivenTable) -> str:
    from heatlas.library.points.point_sets import name_from

    if given.is_stdin:
        raise BadOption("what comes in on stdin has no name: say --name NAME")
    text, options = str(given.source), given.options
    if options.table is not None and options.query is None:
        return name_from(options.table.rpartition(".")[2])
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text):
        if options.query is not None:
            raise BadOption("what a --query reads has no name: say --name NAME")
        text = re.split(r"[?#]", text.partition("://")[2])[0]
    return name_from(text)


def import_tables(library: Library, tables: Mapping[str, PointSet], context: Context = NOBODY) -> list[dict[str, Any]]:
    """Import tables into a library, each in its own transaction; returns a report of each, as plain data."""
    from heatlas.library.points.point_sets import import_points

    reports, told = [], context.counting("reading points")
    for name, points in tables.items():
        size = points.size
        stored, tally, changed = import_points(library, name, points, lambda rows, size=size: told(rows, size))  # type: ignore[misc]
        read = points.data(tally)
        if stored.time is not None:
            read["columns"]["time"] = stored.time
        hints = points.hints() if points.weight is None else []
        warnings = read["files"]["warnings"] + [{"file": points.name, "reason": text} for text in hints]
        kept = {key: read[key] for key in ("rows", "points", "columns", "dropped")}
        reports.append({"name": name, "changed": changed, **kept, "warnings": warnings, "total": stored.total})
    return reports


def split_measure(text: str) -> tuple[str, str] | None:
    """Split "sum(NAME)" into reduction, in lower case, and name, empty without brackets; None for other text."""
    match = re.fullmatch(rf"\s*({'|'.join(POINT_REDUCTIONS)})\s*(?:\(\s*([^()]+?)\s*\))?\s*", text, re.IGNORECASE)
    return None if match is None else (match[1].lower(), match[2] or "")


def chosen_points(path: str | Path, measure: str | None) -> tuple[PointSet, str | None] | None:
    """Open the point set of a library that a measure names, and return it with the reduction; see `stored_points`."""
    found = stored_points(path, measure)
    return None if found is None else (opened_points(path, found[0]), found[1])


def stored_points(path: str | Path, measure: str | None) -> tuple[StoredPoints, str | None] | None:
    """Find the point set of a library that a measure names.

    Parameters
    ----------
    path : str or Path
        The library.
    measure : str, optional
        "sum(NAME)"; or "sum", "count" ... or None if there is only one point set. In a library without tracks, whose
        metrics have names of this form, the column of the weights may stand for the name.

    Returns
    -------
    (StoredPoints, str or None) or None
        What is known of the points, and the measure without the name, as `heatlas.raster.measure.parse_point_measure`
        takes it; None: tracks are meant.

    Raises
    ------
    BadOption
        When several point sets fit, or none has that name, or a measure of tracks is given and there are only points.
    """
    with open_library(path) as library, library.read() as connection:
        known = list_point_sets(connection)
        tracks = connection.execute("SELECT 1 FROM activities LIMIT 1").fetchone() is not None
    if not known or (measure is None and tracks):
        return None
    parts = ("", "") if measure is None else split_measure(measure)
    if parts is None:
        if tracks:
            return None
        raise BadOption(f"{path} holds no tracks, but points: take --measure={_measures(known)}")
    reduction, name = parts
    alike = [name] if name in known else [one for one in known if not name or one.casefold() == name.casefold()]
    if not alike and not tracks:
        alike = [one for one, stored in known.items() if stored.weight == name]
    if len(alike) == 1:
        return known[alike[0]], reduction or None
    if name and tracks and reduction not in {"sum", "count"}:
        return None
    if name:
        raise BadOption(f"there is no point set {name!r} in {path}: there {are(list(known))}")
    raise BadOption(f"{path} holds several point sets: say which with --measure={_measures(known)}")


def _measures(known: Mapping[str, StoredPoints]) -> str:
    default = [f'"{"count" if stored.weight is None else "sum"}({name})"' for name, stored in known.items()]
    return " or ".join(default[:6])


def opened_points(path: str | Path, stored: StoredPoints) -> PointSet:
    """Open a point set of a library; its points are read when they are needed."""
    from heatlas.dataset.points import PointSet

    taken = {stored.weight, stored.time}
    lat, lon = ("lat", "lon") if taken.isdisjoint({"lat", "lon"}) else ("latitude of point", "longitude of point")
    asked = TableOptions(lat=lat, lon=lon, weight=stored.weight, time=stored.time)
    return PointSet.of([_table_of(path, stored, lat, lon)], asked)


def _table_of(path: str | Path, stored: StoredPoints, lat: str, lon: str) -> Table:
    import pyarrow as pa

    from heatlas.library.points.point_rows import read_points
    from heatlas.sources.tables.cells.text import timestamps
    from heatlas.sources.tables.table import Table

    dropped: Counter[str] = Counter()
    kinds = {lat: pa.float64(), lon: pa.float64()}
    kinds |= {} if stored.weight is None else {stored.weight: pa.float64()}
    kinds |= {} if stored.time is None else {stored.time: pa.timestamp("us")}

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with open_library(path) as library, library.read() as connection:
            for points in read_points(connection, stored):
                known = {lat: points.lat, lon: points.lon}
                known |= {} if points.weight is None or stored.weight is None else {stored.weight: points.weight}
                made = {name: pa.array(column) for name, column in known.items()}
                if points.time is not None and stored.time is not None and stored.time in columns:
                    made[stored.time] = timestamps(points.time)
                yield pa.RecordBatch.from_arrays([made[name] for name in columns], list(columns))
        dropped.update(stored.dropped)  # rows left out at the import are reported again

    return Table(
        name=stored.name,
        schema=pa.schema(list(kinds.items())),
        read=read,
        repeatable=True,
        size=stored.points,
        dropped=dropped,
    )
