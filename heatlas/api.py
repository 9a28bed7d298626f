"""heatlas as plain functions: open recordings and tables, and look into them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.batch import COLUMNS
from heatlas.errors import BadOption, Undecided
from heatlas.sources.resolve import GivenLibrary, GivenPoints, resolve, resolve_tables, resolve_tracks
from heatlas.sources.tables.given import TableOptions
from heatlas.tracks import Tracks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from heatlas.batch import Recording
    from heatlas.point_set import PointSet
    from heatlas.sources.resolve import GivenTracks
    from heatlas.sources.tables.given import GivenTable

__all__ = ["inspect", "open_points", "open_sources", "tracks_from"]


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
    options = TableOptions(
        query=query, table=table, lat=lat, lon=lon, geometry=geometry, crs=crs, decimal=decimal, dates=dates, time=time,
        track=track,
    )  # fmt: skip
    return tracks_from(
        resolve_tracks(sources, options), columns=columns, attributes=attributes, max_gap=max_gap,
        max_gap_distance=max_gap_distance, workers=workers, measure=measure, progress=progress,
    )  # fmt: skip


def tracks_from(
    given: GivenTracks | GivenLibrary,
    *,
    columns: Collection[str] = COLUMNS,
    attributes: Collection[str] | None = None,
    max_gap: str | float | None = None,
    max_gap_distance: str | float | None = None,
    workers: int | None = None,
    measure: str = "passes",
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Tracks:
    """Read the tracks of sources that were resolved; everything else is as for `open_sources`."""
    from heatlas.keeping import library_tracks, refuse_gaps
    from heatlas.parsing import parse_gaps
    from heatlas.sources.load import load
    from heatlas.warm import warm_up

    gaps = parse_gaps(max_gap, max_gap_distance)
    if isinstance(given, GivenLibrary):
        refuse_gaps(max_gap, max_gap_distance)
        progress("reading", 0, 0)
        return library_tracks(given.path, columns)

    def ready(names: list[str]) -> None:
        progress("compiling, only this once", 0, 0)
        warm_up(names, measure)

    tables = [each.table for each in given.tables]
    batches, report = load(
        given.paths,
        columns,
        workers,
        lambda done, total: progress("reading", done, total),
        ready,
        _recordings(given.tables, given.track, columns if attributes is not None else None, attributes),
        gaps,
    )
    for found in tables:
        report.read += 1
        report.dropped.update(found.dropped)
        report.warnings += [(found.name, text) for text in found.warnings]
    return Tracks(tuple(batches), report)


def _recordings(
    tables: Collection[GivenTable],
    track: str | None,
    metrics: Collection[str] | None,
    attributes: Collection[str] | None,
) -> Iterator[Recording]:
    for given in tables:
        from heatlas.sources.tables.track_tables import recordings_of

        named = given.options.positions
        yield from recordings_of(given.table, track, given.table.name, metrics, attributes, **named)


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
    from heatlas.keeping import point_sets_of

    given = resolve(
        sources,
        TableOptions(
            query=query, table=table, lat=lat, lon=lon, geometry=geometry, crs=crs, decimal=decimal, dates=dates,
            weight=weight, time=time, track=track,
        ),
    )  # fmt: skip
    if not isinstance(given, GivenPoints):
        described = describe_tracks(tracks_from(given, workers=workers, progress=progress))
        if not isinstance(given, GivenLibrary):
            return described
        described.pop("nothing", None)  # a library may be empty, or hold points alone
        return described | {"point_sets": point_sets_of(given.path)}
    from heatlas.point_set import PointSet

    tables = [each.table for each in given.tables]
    try:
        points = PointSet.given(given.tables)
        return describe_points(points, lambda rows: progress("reading", rows, points.size))
    except BadOption as error:
        if any((lat, lon, geometry, crs, weight)):
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
    options = TableOptions(
        query=query, table=table, lat=lat, lon=lon, geometry=geometry, crs=crs, decimal=decimal, dates=dates,
        weight=weight, time=time,
    )  # fmt: skip
    from heatlas.point_set import PointSet

    return PointSet.given(resolve_tables(sources, options).tables)
