"""Plain functions that open and describe recordings and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from heatlas.core.batch import COLUMNS
from heatlas.core.context import NOBODY, Context, silent
from heatlas.core.errors import BadOption, Undecided
from heatlas.core.frozen import frozen
from heatlas.core.wording import worded, worded_report
from heatlas.dataset.tracks import Tracks
from heatlas.options import GapOptions, InspectOptions, OpenOptions, TableOptions, gather, refuse
from heatlas.options.signature import with_keywords
from heatlas.sources.resolve import GivenLibrary, GivenPoints, resolve, resolve_tables, resolve_tracks
from heatlas.tracks.filters import EFFORT, names_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from heatlas.core.batch import Recording
    from heatlas.core.context import Progress
    from heatlas.dataset.points import PointSet
    from heatlas.options.keywords import InspectKeywords, OpenKeywords, TableKeywords
    from heatlas.raster.measure import Measure
    from heatlas.sources.resolve import GivenTracks

__all__ = ["Needs", "inspect", "open_points", "open_sources", "tracks_from"]


@frozen
class Needs:
    """The parts of tracks that will be used; fewer take less memory and time."""

    columns: Collection[str] = COLUMNS
    """Columns of fixes."""
    times: bool = True
    """Whether times of fixes are used; else they are unknown, if that saves reading them."""
    attributes: Collection[str] | None = None
    """Attributes of the activities of tables; None: all."""
    measure: str = "passes"
    """Measure that will be drawn; a first run compiles its kernels meanwhile."""

    @classmethod
    def of(cls, measure: Measure, where: str | None) -> Needs:
        """Needs of a measure, of the activities that a filter passes."""
        names = names_in(where).union(*map(names_in, measure.sides))
        columns = measure.columns | ({"heart_rate", "power"} if names & {*EFFORT} else set())
        return cls(columns, attributes=names, measure=str(measure))


_NOTHING, _ALL = GapOptions(), Needs()


@with_keywords(OpenOptions)
def open_sources(
    *sources: Any,
    columns: Collection[str] = COLUMNS,
    attributes: Collection[str] | None = None,
    workers: int | None = None,
    measure: str = "passes",
    progress: Progress = silent,
    **options: Unpack[OpenKeywords],
) -> Tracks:
    """Read recordings: Strava exports, folders, archives, files; tables of fixes or of lines; a library.

    Parameters
    ----------
    *sources : str, Path or object
        Paths or objects to read.
    columns : collection of str
        Columns of fixes to hold in memory; fewer take less.
    attributes : collection of str, optional
        Attributes of activities that are needed of tables; other columns are not read. By default all.
    workers : int, optional
        Processes for reading; by default one for each processor.
    measure : str
        Measure that will be drawn; a first run compiles its kernels meanwhile.
    progress : callable, optional
        Called with the stage, the number done and the total.
    **options
        For tables: the options of `open_points`, and `track`. `track` names the column that separates tracks, or is
        "all" where all rows are one track, or names a column of encoded polylines. A column of polylines is found by
        its name; other tables need `track`. For all sources: `max_gap` and `max_gap_distance`, the longest time
        ("10min", or seconds) and length ("2km", or metres) between two fixes over which a line is drawn. By default a
        step that stands out of the rhythm of its recording is a gap. `routes` reads planned routes, too. `read_as` says
        what maps and tables of geometries are: "tracks", of which lines are drawn, or "points".

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
    asked = gather(OpenOptions, options, "open_sources")
    given = resolve_tracks(sources, asked.tables, asked.read)
    needs = Needs(columns, attributes=attributes, measure=measure)
    return tracks_from(given, asked.gaps, needs, Context(workers, progress))


def tracks_from(
    given: GivenTracks | GivenLibrary, gaps: GapOptions = _NOTHING, needs: Needs = _ALL, context: Context = NOBODY
) -> Tracks:
    """Read the tracks of resolved sources, as `open_sources` does."""
    if isinstance(given, GivenLibrary):
        from heatlas.library.manage.reading import library_tracks, refuse_gaps

        refuse_gaps(gaps)
        context.progress("reading", 0, 0)
        return library_tracks(given.path, needs.columns, needs.times)
    from heatlas.dataset.warm_up import warm_up
    from heatlas.options.parsing import parse_gaps
    from heatlas.sources.load import load

    longest = parse_gaps(gaps.max_gap, gaps.max_gap_distance)

    def ready(names: list[str]) -> None:
        context.progress("compiling, only this once", 0, 0)
        warm_up(names, needs.measure)

    batches, report = load(
        given.paths, needs.columns, context, ready, _recordings(given, needs), longest, given.routes, given.person
    )
    for each in given.tables:
        report.read += each.table.files
        report.dropped.update(each.table.dropped)
        report.warnings += [(each.table.name, text) for text in each.table.warnings]
    report.warnings = [(name, worded(text)) for name, text in report.warnings]
    return Tracks(tuple(batches), report)


def _recordings(given: GivenTracks, needs: Needs) -> Iterator[Recording]:
    if not given.tables:
        return
    from heatlas.sources.tables.tracks.of_tables import recordings_of_tables

    metrics = needs.columns if needs.attributes is not None else None
    yield from recordings_of_tables(given, metrics, needs.attributes)


@with_keywords(InspectOptions)
def inspect(
    *sources: Any, workers: int | None = None, progress: Progress = silent, **options: Unpack[InspectKeywords]
) -> dict[str, Any]:
    """Describe sources, as plain data.

    For recordings, and for tables that hold tracks: files, activities by sport, dates, columns and places. For other
    tables: rows, columns, where the points are and their weights. The options are those of `open_points`, with
    `track`, `read_as` and `routes`.

    Where the columns of the positions, or their format, cannot be found out, "undecided" says what to do.
    """
    return worded_report(_described(sources, gather(InspectOptions, options, "inspect"), Context(workers, progress)))


def _described(sources: tuple[Any, ...], request: InspectOptions, context: Context) -> dict[str, Any]:
    from heatlas.dataset.summary import describe_columns, describe_points, describe_tracks
    from heatlas.library.manage import point_sets_of, renewal_of

    asked = request.tables
    given = resolve(sources, asked, request.read)
    if not isinstance(given, GivenPoints):
        described = describe_tracks(tracks_from(given, context=context))
        if not isinstance(given, GivenLibrary):
            return described
        described.pop("nothing", None)  # a library may be empty, or hold points alone
        old = renewal_of(given.path)
        return described | {"point_sets": point_sets_of(given.path)} | ({"outdated": old} if old else {})
    from heatlas.dataset.points import PointSet

    tables = [each.table for each in given.tables]
    try:
        points = PointSet.given(given.tables)
        return describe_points(points, lambda rows: context.progress("reading", rows, points.size))
    except BadOption as error:
        if any((asked.lat, asked.lon, asked.geometry, asked.place, asked.crs, asked.weight)):
            raise
        return describe_columns(tables, str(error))
    except Undecided as error:
        return describe_columns(tables, str(error))


@with_keywords(TableOptions)
def open_points(*sources: Any, **options: Unpack[TableKeywords]) -> PointSet:
    """Open tables of points: files, databases, and frames in memory. Rows are read when they are needed.

    Parameters
    ----------
    *sources : str, Path or object
        CSV, Parquet, GeoJSON ...; a database URL; a frame of pandas, polars, pyarrow or GeoPandas; a mapping of arrays.
    **options
        `query` or `table`: the part of a database to read; `table` is also the layer of a file that has several.
        `lat`, `lon`, `geometry`, `weight` and `time`: columns, by default found by their names; `weight` may
        also be a Series or an array with a number for each row of one frame. `geometry` holds WKB,
        WKT, GeoJSON or text such as "60.17, 24.94", and replaces `lat` and `lon`. `crs`: the coordinate system of
        positions that state none, "EPSG:32635" when they are easting and northing in UTM. `decimal`: how numbers in
        text are written, "point" or "comma". `dates`: the order of dates in numbers, "dmy", "mdy" or "ymd". Both are
        by default found out for each column as a whole.

    Returns
    -------
    PointSet

    Raises
    ------
    BadOption, SourceFailed, MissingExtra
        With one sentence that says what to do.
    """
    from heatlas.sources.tables.files.array_weights import with_array_weights

    sources, given = with_array_weights(sources, options)
    asked = gather(TableOptions, given, "open_points")
    refuse(asked, "tracks, and this opens points: open(..., track=...) reads tracks", "track")
    from heatlas.dataset.points import PointSet

    return PointSet.given(resolve_tables(sources, asked).tables)
