"""Read tables of tracks, whose rows are fixes of one or several tracks, or one polyline each."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption, HeatlasError
from heatlas.sources.tables.columns import PointColumns, find_columns, plain_name
from heatlas.sources.tables.settled import settled
from heatlas.sources.tables.tracks.columns import snake
from heatlas.sources.tables.tracks.fixes import read_tracks
from heatlas.sources.tables.tracks.lines import LINES, has_lines, read_lines
from heatlas.sources.tables.tracks.person import of_column, person_column
from heatlas.sources.tables.tracks.polylines import is_polyline_name, polyline_column, read_polylines
from heatlas.sources.tables.tracks.row_activity import start_column
from heatlas.sources.tables.tracks.times import looks_like_time, may_be_times
from heatlas.sources.tables.tracks.whole import whole_tracks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import pyarrow as pa

    from heatlas.core.batch import Recording
    from heatlas.options import ReadingOptions, TableOptions
    from heatlas.sources.tables.given import GivenTable
    from heatlas.sources.tables.table import Table
    from heatlas.sources.tables.tracks.several_files import Across

__all__ = [
    "ALL", "PARTITION_TRACK", "columns_of_tracks", "hint", "is_ours", "recordings_of", "track_option",
]  # fmt: skip

ALL = "all"
"""Value of the track option for a table whose rows are all fixes of one track."""
PARTITION_TRACK = "trip"
"""Column of tracks in partitions of large data (`heatlas.sources.contract`)."""
_IDS = """
    track trackid trip tripid journey journeyid session sessionid activity activityid workoutid ride rideid run runid
    segment trajectory trajid mmsi imo vessel vesselid ship icao24 icao flight flightid callsign device deviceid
    vehicle vehicleid taxi taxiid bus car user userid person personid individual individuallocalidentifier animal
    animalid tag tagid storm stormid sid driver driverid id name
"""


def track_option(tables: Sequence[GivenTable], options: TableOptions, read: ReadingOptions) -> str | None:
    """Choose the track column: the one that the user gave, else a column of encoded polylines if there is one.

    `LINES` stands for tables whose geometries are lines.

    Parameters
    ----------
    tables : sequence of GivenTable
        Searched in order until one has a column of polylines.
    options : TableOptions
        With any of lat, lon and weight the rows are points, unless a track is given; with geometry, unless it is lines.
    read : ReadingOptions
        Whether lines or points of geometries are read.

    Raises
    ------
    BadOption
        When a weight is given with a track: it would be ignored.
    """
    track = options.track
    if track is not None and options.weight is not None:
        raise BadOption(f"--weight is for points, and with --track={quote(track)} rows are tracks: leave it out")
    if track is not None:
        if read.read_as == "points":
            raise BadOption(f"--read-as=points and --track={quote(track)} contradict each other: leave one of them out")
        return track
    if read.read_as == "points":
        return None
    if any(map(_is_prepared, tables)):
        return PARTITION_TRACK
    pointed = options.lat or options.lon or options.place or options.weight
    if read.read_as == "tracks":
        if pointed:
            raise BadOption(
                "--read-as=tracks reads lines, which have no --lat, --lon, --place and --weight: leave one of them out"
            )
        polylines = None if options.geometry else _polylines(tables, options)
        return polylines or LINES
    if pointed:
        return None
    if not options.geometry and (found := _polylines(tables, options)) is not None:
        return found
    return LINES if any(map(has_lines, tables)) else None


def is_ours(table: Table) -> bool:
    """Whether `heatlas prepare` wrote the files of a table, so that its rows are fixes."""
    return any(part.partition is not None and part.partition.stated is not None for part in table.parts or (table,))


def _is_prepared(given: GivenTable) -> bool:
    with contextlib.suppress(HeatlasError, OSError):  # reported when it is opened for reading
        return given.is_parquet and is_ours(given.table)
    return False


def _polylines(tables: Sequence[GivenTable], options: TableOptions) -> str | None:
    """Column of encoded polylines, of the first table that has one."""
    query = options.query
    if query is not None and "polyline" not in query.lower() and "*" not in query:
        return None
    for given in tables:
        if given.is_stdin:
            continue
        with contextlib.suppress(HeatlasError, OSError):  # reported when it is opened for reading
            schema = given.table.schema
            found = polyline_column(schema, _has_positions(schema))
            if found is not None:
                return found
    return None


def _has_positions(schema: pa.Schema) -> bool:
    try:
        find_columns(schema, name="")
    except BadOption:
        return False
    return True


def recordings_of(
    table: Table,
    asked: TableOptions,
    source_name: str,
    metrics: Collection[str] | None = None,
    attributes: Collection[str] | None = None,
    person: str | None = None,
    across: Across | None = None,
    *,
    again: bool = False,
) -> Iterator[Recording]:
    """Read a table as recordings; of a large one whose rows are fixes, some tracks at a time.

    Parameters
    ----------
    table : Table
        Read once.
    asked : TableOptions
        `track` is the column that separates tracks or holds encoded polylines; `ALL` for one track; `LINES` where
        each geometry is one. Other options as
        for `heatlas.sources.tables.columns.find_columns`.
    source_name : str
        Prefix of the recordings' sources.
    metrics, attributes : collection of str, optional
        Names of the metrics and attributes that are needed; by default all.
    person : str, optional
        Column that says whose they are, else a name for all.
    across : Across, optional
        Takes the rows of tracks that lie in other files, too.
    again : bool
        Whether the rows come from `across`, so that their columns are in plain form.
    """
    if attributes is not None and (column := person_column(table.schema.names, person, table.name)) is not None:
        attributes = {*attributes, snake(column)}
    found = _recordings(table, asked, source_name, metrics, attributes, across, again=again)
    yield from of_column(found, table, person, asked.track)


def _recordings(
    table: Table,
    asked: TableOptions,
    source_name: str,
    metrics: Collection[str] | None,
    attributes: Collection[str] | None,
    across: Across | None,
    *,
    again: bool,
) -> Iterator[Recording]:
    names, track = table.schema.names, asked.track
    if track == LINES:
        yield from read_lines(table, asked, source_name)
        return
    if track is not None and is_polyline_name(track):
        alike = [name for name in names if plain_name(name) == plain_name(track)]
        meant = track if track in names else next(iter(alike), polyline_column(table.schema, positions=False))
        if meant is not None:
            said = PointColumns(time=start_column(names), dates=asked.dates, decimal=asked.decimal)
            yield from read_polylines(settled(table, said), meant, source_name)
            return
    columns, guessed = columns_of_tracks(table, asked)
    whole = columns.track is None and track == ALL
    if columns.time is None and len(able := may_be_times(names, columns)) > 1:
        table.warnings.append(looks_like_time(able))
    if not again:
        table = settled(table, columns)
        if across is not None and columns.track is not None:
            table = across.without(table, columns.track, source_name)
    for part in [table] if whole or again or columns.track is None else whole_tracks(table, columns.track):
        yield from read_tracks(
            part, columns, source_name, whole=whole, guessed=guessed, metrics=metrics, attributes=attributes
        )


def columns_of_tracks(table: Table, asked: TableOptions) -> tuple[PointColumns, bool]:
    """Find the columns of a table of fixes.

    Returns
    -------
    PointColumns
        Without a track where all rows are one.
    bool
        Whether the column of times was found by an uncertain name, so that its values decide.

    Raises
    ------
    BadOption
        When a column is missing.
    """
    names = table.schema.names
    whole = asked.track == ALL and ALL not in names
    columns = find_columns(table.schema, replace(asked, track=None) if whole else asked, name=table.name)
    able = may_be_times(names, columns) if columns.time is None else []
    guessed = len(able) == 1
    if whole:
        columns = replace(columns, track=None)
    return replace(columns, time=able[0]) if guessed else columns, guessed


def hint(schema: pa.Schema, time: str | None) -> str:
    """Suggest the --track option for a table whose rows have times and so may be fixes; empty if there are none."""
    shorter = may_be_times(schema.names)
    if time is None and not shorter:
        return ""
    more = "" if time is not None else f" --time={quote(shorter[0])}"
    words = _IDS.split()
    ranked = sorted((words.index(plain_name(name)), name) for name in schema.names if plain_name(name) in words)
    if ranked:
        name = ranked[0][1]
        written = f"'{name}'" if not name.isidentifier() else name
        return f"rows with a time look like fixes of tracks: draw lines with --track={written}{more}"
    one = f"draw one line with --track=all{more}"
    return f"rows with a time may be fixes: {one}, or name the column that tells tracks apart"
