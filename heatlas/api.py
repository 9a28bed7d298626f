"""heatlas as plain functions: open recordings and tables, and look into them."""

from __future__ import annotations

import os
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.batch import COLUMNS
from heatlas.errors import BadOption, Undecided
from heatlas.tracks import Tracks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from heatlas.batch import Recording
    from heatlas.point_set import PointSet
    from heatlas.sources.tables.table import Table

__all__ = ["inspect", "is_table", "only_tables", "open_points", "open_sources", "refuse_odd"]


def open_sources(
    *sources: Any,
    columns: Collection[str] = COLUMNS,
    attributes: Collection[str] | None = None,
    track: str | None = None,
    query: str | None = None,
    table: str | None = None,
    lat: str | None = None,
    lon: str | None = None,
    geometry: str | None = None,
    crs: str | None = None,
    decimal: str | None = None,
    dates: str | None = None,
    time: str | None = None,
    max_gap: str | float | None = None,
    max_gap_distance: str | float | None = None,
    workers: int | None = None,
    measure: str = "passes",
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Tracks:
    """Read recordings: Strava exports, folders, archives, files of .gpx, .fit, .tcx; tables of fixes; a library.

    Parameters
    ----------
    *sources : str, Path or object
        What to read.
    columns : collection of str
        Columns of fixes to keep in memory; fewer take less.
    attributes : collection of str, optional
        Of tables, the attributes of activities that are needed, so that other columns are not read; by default all.
    track : str, optional
        Column of tables that tells tracks apart, "all" where all rows are one track, or a column of encoded polylines,
        which is found by its name. Other tables need it.
    query, table, lat, lon, geometry, crs, decimal, dates, time : str, optional
        As for `open_points`.
    max_gap, max_gap_distance : str or float, optional
        Longest time ("10min", or seconds) and length ("2km", or metres) between two fixes over which a line is drawn;
        by default what stands out of the rhythm of each recording is a gap.
    workers : int, optional
        Processes for reading; by default one for each processor.
    measure : str
        What will be drawn from it, so that a first run can compile that meanwhile.
    progress : callable, optional
        Is told the stage, and how much of how much is done.

    Returns
    -------
    Tracks

    Raises
    ------
    BadOption
        When a path does not exist, or a table has no such column.
    SourceFailed, MissingExtra
        When a table cannot be read.
    """
    from heatlas.keeping import is_library, library_tracks, refuse_gaps
    from heatlas.parsing import parse_gaps
    from heatlas.sources.load import load
    from heatlas.sources.tables import open_table
    from heatlas.sources.tables.track_tables import track_option
    from heatlas.warm import warm_up

    refuse_odd(sources)
    gaps = parse_gaps(max_gap, max_gap_distance)
    if any(map(is_library, sources)):
        refuse_gaps(max_gap, max_gap_distance)
        if len(sources) > 1:
            raise BadOption("a library goes alone: heatlas import SOURCE... -l LIBRARY brings more into it")
        progress("reading", 0, 0)
        return library_tracks(sources[0], columns)

    def ready(names: list[str]) -> None:
        progress("compiling, only this once", 0, 0)
        warm_up(names, measure)

    of_tables = [is_table(source) for source in sources]
    track = track_option(
        list(compress(sources, of_tables)), track, query=query, table=table, lat=lat, lon=lon, geometry=geometry
    )
    tables = [open_table(s, query=query, table=table) for s, yes in zip(sources, of_tables, strict=True) if yes]
    batches, report = load(
        [Path(source) for source, yes in zip(sources, of_tables, strict=True) if not yes],
        columns,
        workers,
        lambda done, total: progress("reading", done, total),
        ready,
        _recordings(
            tables,
            columns if attributes is not None else None,
            attributes,
            lat=lat,
            lon=lon,
            geometry=geometry,
            crs=crs,
            decimal=decimal,
            dates=dates,
            time=time,
            track=track,
        ),
        gaps,
    )
    for found in tables:
        report.read += 1
        report.dropped.update(found.dropped)
        report.warnings += [(found.name, text) for text in found.warnings]
    return Tracks(tuple(batches), report)


def _recordings(
    tables: Collection[Table],
    metrics: Collection[str] | None,
    attributes: Collection[str] | None,
    track: str | None,
    **named: str | None,
) -> Iterator[Recording]:
    for table in tables:
        from heatlas.sources.tables.track_tables import recordings_of

        yield from recordings_of(table, track, table.name, metrics, attributes, **named)


def inspect(
    *sources: Any,
    query: str | None = None,
    table: str | None = None,
    lat: str | None = None,
    lon: str | None = None,
    geometry: str | None = None,
    crs: str | None = None,
    decimal: str | None = None,
    dates: str | None = None,
    weight: str | None = None,
    time: str | None = None,
    track: str | None = None,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Say what is in some sources, as plain data.

    Of recordings, and of tables that hold tracks: files, activities by sport, dates, columns and places. Of other
    tables: rows, columns, where the points are and what they weigh. The options are those of `open_points` and
    `open_sources`.

    Where nobody can tell which columns are the positions, or how they are read, "undecided" says what to do.
    """
    from heatlas.inspection import describe_columns, describe_points, describe_tracks
    from heatlas.keeping import is_library, point_sets_of
    from heatlas.sources.tables.track_tables import track_option

    refuse_odd(sources)
    if not any(map(is_table, sources)):
        described = describe_tracks(open_sources(*sources, workers=workers, progress=progress))
        if not any(map(is_library, sources)):
            return described
        described.pop("nothing", None)  # a library may be empty, or hold points alone
        return described | {"point_sets": point_sets_of(sources[0])}
    how: dict[str, Any] = {
        "query": query, "table": table, "lat": lat, "lon": lon, "geometry": geometry, "crs": crs, "decimal": decimal,
        "dates": dates, "time": time,
    }  # fmt: skip
    track = track_option([source for source in sources if is_table(source)], track, weight=weight, **how)
    if track is not None:
        return describe_tracks(open_sources(*sources, track=track, workers=workers, progress=progress, **how))
    only_tables(sources)
    from heatlas.point_set import PointSet
    from heatlas.sources.tables import open_table

    tables = [open_table(source, query=query, table=table) for source in sources]
    named = {"lat": lat, "lon": lon, "geometry": geometry, "crs": crs, "weight": weight}
    try:
        points = PointSet.of(tables, **named, decimal=decimal, dates=dates, time=time)
        return describe_points(points, lambda rows: progress("reading", rows, points.size))
    except BadOption as error:
        if any(named.values()):
            raise
        return describe_columns(tables, str(error))
    except Undecided as error:
        return describe_columns(tables, str(error))


def open_points(
    *sources: Any,
    query: str | None = None,
    table: str | None = None,
    lat: str | None = None,
    lon: str | None = None,
    geometry: str | None = None,
    crs: str | None = None,
    decimal: str | None = None,
    dates: str | None = None,
    weight: str | None = None,
    time: str | None = None,
) -> PointSet:
    """Look at tables of points: files, databases, and frames in memory. Rows are read when something is asked of them.

    Parameters
    ----------
    *sources : str, Path or object
        CSV, Parquet, GeoJSON ...; a database URL; a frame of pandas, polars, pyarrow or GeoPandas; a mapping of arrays.
    query, table : str, optional
        What to read of a database; the layer of a file that has several.
    lat, lon, geometry, weight, time : str, optional
        Columns; by default found by their names. `geometry` holds WKB, WKT, GeoJSON or text such as "60.17, 24.94", and
        stands for the first two.
    crs : str, optional
        Coordinate system of positions that state none: "EPSG:32635" when they are easting and northing in UTM.
    decimal : str, optional
        How numbers in text are written, "point" or "comma"; by default found out for each column as a whole.
    dates : str, optional
        How dates in numbers are written, "dmy", "mdy" or "ymd"; by default found out likewise.

    Returns
    -------
    PointSet

    Raises
    ------
    BadOption, SourceFailed, MissingExtra
        With one sentence that says what to do.
    """
    from heatlas.point_set import PointSet
    from heatlas.sources.tables import open_table

    refuse_odd(sources)
    tables = [open_table(source, query=query, table=table) for source in sources]
    return PointSet.of(
        tables, lat=lat, lon=lon, geometry=geometry, crs=crs, decimal=decimal, dates=dates, weight=weight, time=time
    )


def is_table(source: object) -> bool:
    """Tell tables from recordings; a library is a database, but none of tables."""
    from heatlas.keeping import is_library
    from heatlas.sources.tables import is_table as looks_like_one

    return looks_like_one(source) and not is_library(source)


def refuse_odd(sources: Collection[Any]) -> None:
    """Refuse what is neither a path nor a table, and paths that are not given one by one.

    Raises
    ------
    BadOption
        Saying how to write it.
    """
    if not sources or any(isinstance(source, (list, tuple, set, frozenset)) for source in sources):
        raise BadOption("give one source or more, one by one, such as open('a.gpx', 'b.gpx'); of a list open(*paths)")
    for source in sources:
        if not isinstance(source, (str, os.PathLike)) and not is_table(source):
            raise BadOption(
                f"{source!r:.60} is no source: give a path, the URL of a database, or a table such as a DataFrame"
            )


def only_tables(sources: Collection[Any]) -> None:
    """Refuse tables of points together with recordings.

    Raises
    ------
    BadOption
        When not all are tables.
    """
    if not all(map(is_table, sources)):
        raise BadOption("tables of points and recordings make two maps: name the one or the other")
