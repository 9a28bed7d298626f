"""heatlas as plain functions: open recordings, look into them, draw them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.batch import COLUMNS
from heatlas.errors import BadOption
from heatlas.tracks import Tracks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from heatlas.batch import Recording
    from heatlas.point_set import PointSet
    from heatlas.sources.tables.table import Table
    from heatlas.spread import Kernel

__all__ = ["inspect", "open_points", "open_sources", "render"]


def open_sources(
    *sources: Any,
    columns: Collection[str] = COLUMNS,
    track: str | None = None,
    query: str | None = None,
    table: str | None = None,
    lat: str | None = None,
    lon: str | None = None,
    time: str | None = None,
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
    track : str, optional
        Column of tables that tells tracks apart; tables need it.
    query, table, lat, lon, time : str, optional
        As for `open_points`.
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
    from heatlas.keeping import is_library, library_tracks
    from heatlas.sources.load import load
    from heatlas.sources.tables import open_table
    from heatlas.warm import warm_up

    if any(map(is_library, sources)):
        if len(sources) > 1:
            raise BadOption("a library goes alone: heatlas import SOURCE... -l LIBRARY brings more into it")
        progress("reading", 0, 0)
        return library_tracks(sources[0], columns)

    def ready(names: list[str]) -> None:
        progress("compiling, only this once", 0, 0)
        warm_up(names, measure)

    of_tables = [_is_table(source) for source in sources]
    tables = [open_table(s, query=query, table=table) for s, yes in zip(sources, of_tables, strict=True) if yes]
    batches, report = load(
        [Path(source) for source, yes in zip(sources, of_tables, strict=True) if not yes],
        columns,
        workers,
        lambda done, total: progress("reading", done, total),
        ready,
        _recordings(tables, lat, lon, time, track),
    )
    for found in tables:
        report.read += 1
        report.dropped.update(found.dropped)
        report.warnings += [(found.name, text) for text in found.warnings]
    return Tracks(tuple(batches), report)


def _recordings(
    tables: Collection[Table], lat: str | None, lon: str | None, time: str | None, track: str | None
) -> Iterator[Recording]:
    for table in tables:
        from heatlas.sources.tables.columns import find_columns
        from heatlas.sources.tables.tracks import read_tracks

        columns = find_columns(table.schema, name=table.name, lat=lat, lon=lon, time=time, track=track)
        yield from read_tracks(table, columns, table.name)


def inspect(
    *sources: Any,
    query: str | None = None,
    table: str | None = None,
    lat: str | None = None,
    lon: str | None = None,
    weight: str | None = None,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Say what is in some sources, as plain data.

    Of recordings: files, activities by sport, dates, columns and places. Of tables: rows, columns, where the points
    are and what they weigh; the options are those of `open_points`.
    """
    from heatlas.inspection import describe_points, describe_tracks

    if not any(map(_is_table, sources)):
        return describe_tracks(open_sources(*sources, workers=workers, progress=progress))
    _only_tables(sources)
    points = open_points(*sources, query=query, table=table, lat=lat, lon=lon, weight=weight)
    return describe_points(points, lambda rows: progress("reading", rows, points.size))


def open_points(
    *sources: Any,
    query: str | None = None,
    table: str | None = None,
    lat: str | None = None,
    lon: str | None = None,
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
    lat, lon, weight, time : str, optional
        Columns; by default found by their names.

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

    tables = [open_table(source, query=query, table=table) for source in sources]
    return PointSet.of(tables, lat=lat, lon=lon, weight=weight, time=time)


def render(
    *sources: Any,
    output: str | Path,
    measure: str | None = None,
    bbox: str | None = None,
    around: str | None = None,
    everything: bool = False,
    zoom: float | None = None,
    resolution: str | None = None,
    width: int | None = None,
    tone: str | None = None,
    colormap: str | None = None,
    background: str = "none",
    legend: bool = False,
    rgba: bool = False,
    smooth: str | None = None,
    where: str | None = None,
    sports: Collection[str] = (),
    after: str | None = None,
    before: str | None = None,
    clip_ends: str | None = None,
    zones: Collection[str] = (),
    query: str | None = None,
    table: str | None = None,
    lat: str | None = None,
    lon: str | None = None,
    weight: str | None = None,
    time: str | None = None,
    track: str | None = None,
    radius: str | None = None,
    kernel: str | None = None,
    density: bool = False,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Draw recordings or points as a heat map; the options are those of the command line.

    Parameters
    ----------
    *sources : str, Path or object
        Strava exports, folders, archives, and files of .gpx, .fit and .tcx; or tables (see `open_points`), whose rows
        are points, or, with `track`, the fixes of tracks.
    output : str or Path
        What to write; its ending decides how.
    measure : str, optional
        What to count (see `heatlas.grid.parse_measure` and `parse_point_measure`): by default passes; of points the
        sum of the weights.
    bbox, around, everything
        What to draw: "W,S,E,N" in degrees, "LAT,LON,RADIUS", or all; by default the busiest place, or all points.
    zoom, resolution, width
        How finely, at most one of them: zoom of web maps, true metres per pixel ("1m"), or pixels across.
    tone : str, optional
        "log", "linear", "sqrt", "rank", "LO:HI" or "log:LO:HI" in the unit of the legend.
    colormap : str, optional
        A name or stops (see `heatlas.colormaps.colormap`).
    background : str
        "none", "dark", "light" or "#rrggbb".
    legend : bool
        Draw a bar with numbers.
    rgba : bool
        Colours instead of values in a GeoTIFF.
    smooth : str, optional
        Standard deviation of the Gaussian: "4m", "2px", "0", or "auto".
    where, sports, after, before
        Which activities (see `Tracks.where` and `Tracks.select`), or which rows (see `PointSet.where`).
    clip_ends, zones
        What of tracks to hide: a length, and circles "LAT,LON,RADIUS".
    query, table : str, optional
        What to read of a database; the layer of a file that has several.
    lat, lon, weight, time, track : str, optional
        Columns of a table; by default found by their names. Only with `track` are rows tracks.
    radius, kernel, density
        How far and in which shape a point is felt: "15px", "500m"; "gaussian", "linear", "quartic", "epanechnikov",
        "uniform"; whether values are per square kilometre.
    workers : int, optional
        Threads; by default one for each processor.
    progress : callable, optional
        Is told the stage, and how much of how much is done.

    Returns
    -------
    dict
        The report: what was read, drawn and written, as plain data.

    Raises
    ------
    HeatlasError
        With one sentence that says what to do.
    """
    from heatlas.finish import Finish
    from heatlas.frame import Frame
    from heatlas.grid import parse_measure, parse_point_measure

    of_tables = [_is_table(source) for source in sources]
    points = any(of_tables) and track is None
    look = {"tone": tone, "colormap_name": colormap, "background": background, "legend": legend, "rgba": rgba}
    frame = Frame.parse(
        bbox=bbox, around=around, everything=everything, zoom=zoom, resolution=resolution, width=width,
        default="all" if points else "busiest place",
    )  # fmt: skip
    of_points = {"--weight": weight, "--radius": radius, "--kernel": kernel, "--density": density or None}
    columns = {"query": query, "table": table, "lat": lat, "lon": lon}
    if points:
        _refuse(
            {
                "--sport": sports or None, "--clip-ends": clip_ends, "--zone": zones or None,
            },
            "tracks, and a table's rows are points: leave it out, or say --track COLUMN",
        )  # fmt: skip
        _only_tables(sources)
        from heatlas.point_job import PointJob
        from heatlas.warm import compile_points, points_are_cold

        opened = open_points(*sources, **columns, weight=weight, time=time).where(where, after, before)
        what = parse_point_measure(measure, opened.weight, density)
        finish = Finish.parse(output=Path(output), measure=what, **look)  # type: ignore[arg-type]
        job = PointJob(what, frame, finish, _kernel(radius, kernel, smooth), kernel or "gaussian")
        if points_are_cold():
            progress("compiling, only this once", 0, 0)
            compile_points(what, kernel or "gaussian")
        return job.run(opened, workers, progress)
    _refuse(of_points, "points in a table, and these are tracks: leave it out")
    if not any(of_tables):
        _refuse({**{f"--{name}": value for name, value in columns.items()}, "--track": track, "--time": time},
                "tables, such as a .csv or a database: leave it out")  # fmt: skip
    from heatlas.job import Job

    what = parse_measure(measure or "passes", _other_metrics(sources, of_tables, query, table))
    tracks_job = Job.parse(
        what, frame, Finish.parse(output=Path(output), measure=what, **look), smooth=smooth or "auto",  # type: ignore[arg-type]
        where=where, sports=sports, after=after, before=before, clip_ends=clip_ends, zones=zones,
    )  # fmt: skip
    tracks = open_sources(
        *sources, columns=what.columns, track=track, time=time, **columns, workers=workers, measure=str(what),
        progress=progress,
    )  # fmt: skip
    return tracks_job.run(tracks, workers, progress)


def _other_metrics(
    sources: Sequence[Any], of_tables: Sequence[bool], query: str | None, table: str | None
) -> list[str]:
    """Names of all columns of tables whose rows are fixes: any of them may be a metric."""
    if not any(of_tables):
        return []
    from heatlas.sources.tables import open_table
    from heatlas.sources.tables.tracks import metric_names

    tables = [source for source, yes in zip(sources, of_tables, strict=True) if yes and source != "-"]
    return [name for source in tables for name in metric_names(open_table(source, query=query, table=table))]


def _is_table(source: object) -> bool:
    """Tell tables from recordings; a library is a database, but of recordings."""
    from heatlas.keeping import is_library
    from heatlas.sources.tables import is_table

    return is_table(source) and not is_library(source)


def _only_tables(sources: Collection[Any]) -> None:
    if not all(map(_is_table, sources)):
        raise BadOption("tables of points and recordings make two maps: name the one or the other")


def _refuse(given: dict[str, Any], reason: str) -> None:
    """Refuse options that would be ignored."""
    for name, value in given.items():
        if value is not None:
            raise BadOption(f"{name} is for {reason}")


def _kernel(radius: str | None, shape: str | None, smooth: str | None) -> Kernel | None:
    """Kernel of points: a radius and a shape, or the width of a Gaussian; None where its radius is left open."""
    from heatlas.frame import at_most_one
    from heatlas.options import kernel_of_smoothing, parse_kernel

    at_most_one({"--radius": radius, "--smooth": smooth})
    at_most_one({"--kernel": shape, "--smooth": smooth})
    if smooth is not None and smooth.strip().lower() != "auto":
        return kernel_of_smoothing(smooth)
    return None if radius is None else parse_kernel(radius, shape or "gaussian")
