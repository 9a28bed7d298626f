"""Read the tracks of all tables of one command: of each file, and of tracks that lie in several of them."""

from __future__ import annotations

import os
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

from heatlas.core.batch import COLUMNS
from heatlas.core.errors import BadOption, SourceFailed, printable
from heatlas.core.filesystems import is_address
from heatlas.sources.contract.columns import ATTRIBUTES, REQUIRED, STATES, check_schema
from heatlas.sources.contract.reading import read_trips
from heatlas.sources.tables import is_path
from heatlas.sources.tables.tracks.lines import LINES
from heatlas.sources.tables.tracks.polylines import is_polyline_name
from heatlas.sources.tables.tracks.reader import ALL, PARTITION_TRACK, columns_of_tracks, is_ours, recordings_of
from heatlas.sources.tables.tracks.several_files import Across, shared_tracks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from heatlas.core.batch import Recording
    from heatlas.options import TableOptions
    from heatlas.sources.contract.partitions import Partition
    from heatlas.sources.resolve import GivenTracks
    from heatlas.sources.tables.given import GivenTable
    from heatlas.sources.tables.table import Table

__all__ = ["recordings_of_tables"]


def recordings_of_tables(
    tracks: GivenTracks,
    metrics: Collection[str] | None = None,
    attributes: Collection[str] | None = None,
    *,
    absolute: bool = False,
) -> Iterator[Recording]:
    """Read the tracks of tables, one table after the other.

    Parameters
    ----------
    tracks : GivenTracks
        As they were resolved.
    metrics, attributes : collection of str, optional
        Names of the metrics and attributes that are needed; by default all.
    absolute : bool
        Whether sources of recordings begin with absolute paths, as a library stores them.

    Raises
    ------
    BadOption, SourceFailed
        As `heatlas.sources.tables.tracks.reader.recordings_of` does.
    """
    plain: list[tuple[Table, TableOptions, str]] = []
    for given in tracks.tables:
        asked = replace(given.options, track=tracks.track)
        for table in given.table.parts or (given.table,):
            name = _name(given, table, absolute)
            if table.partition is not None and (is_ours(table) or tracks.track == PARTITION_TRACK):
                yield from _trips(table, table.partition, name, metrics, tracks.person)
            else:
                plain.append((table, asked, name))
    across = _across(plain)
    try:
        for table, asked, name in plain:
            yield from recordings_of(table, asked, name, metrics, attributes, tracks.person, across)
        if across is not None:
            yield from _of_several(across, *plain[0][:2], metrics, attributes, tracks.person)
    finally:
        if across is not None:
            across.close()


def _name(given: GivenTable, table: Table, absolute: bool) -> str:
    """Prefix of the sources of recordings."""
    name, source, layer = table.name, given.source, given.options.table
    of_file = is_path(source) or (table is not given.table and not is_address(name))
    if absolute and of_file:
        name = os.path.abspath(source if is_path(source) else name)  # noqa: PTH100 - a name, kept in the library
        if layer:
            name = f"{name}/{layer}"
    return printable(str(name))


def _trips(
    table: Table, partition: Partition, name: str, metrics: Collection[str] | None, person: str | None
) -> Iterator[Recording]:
    """Trips of a partition of large data."""
    if person is not None and person != "person":
        raise BadOption(
            f"--person={quote(person)} is for other tables: {name} says in its column person whose its trips are"
        )
    check_schema(table.schema, table.name)
    known = {*REQUIRED, *ATTRIBUTES, *STATES, *COLUMNS}
    others = [column for column in table.schema.names if column not in known]
    if others:
        table.warnings.append(f"{len(others):,} columns are none of a partition and are not read: {', '.join(others)}")
    for whose, recording in read_trips(partition, COLUMNS if metrics is None else metrics):
        source = f"{name}/{printable(whose)}/{printable(recording.activity.id)}"
        yield replace(recording, activity=replace(recording.activity, source=source))


def _across(plain: Sequence[tuple[Table, TableOptions, str]]) -> Across | None:
    """What puts rows of tracks in several files aside; None where no track lies in several."""
    parts = []
    for table, asked, _ in plain:
        track = asked.track
        if table.coded is None or track in {None, LINES, ALL} or is_polyline_name(str(track)):
            continue
        found = columns_of_tracks(table, asked)[0].track
        if found is not None:
            parts.append((table, found))
    if len(parts) < 2:
        return None
    shared = shared_tracks(parts)
    if not len(shared):
        return None
    one = {(tuple(sorted(table.schema.names)), columns_of_tracks(table, asked)[0]) for table, asked, _ in plain}
    if len(one) > 1:
        raise SourceFailed(
            f"{len(shared):,} tracks have rows in several files whose columns differ, such as {plain[0][0].name} and "
            f"{plain[-1][0].name}: heatlas prepare, with the same options, brings them together"
        )
    return Across(shared, sum(table.size or 0 for table, _ in parts))


def _of_several(
    across: Across,
    first: Table,
    asked: TableOptions,
    metrics: Collection[str] | None,
    attributes: Collection[str] | None,
    person: str | None,
) -> Iterator[Recording]:
    """Tracks that lie in several files."""
    columns, _ = columns_of_tracks(first, asked)
    assert columns.track is not None
    for table, name in across.tables(first, columns.track, columns.time):
        yield from recordings_of(table, asked, name, metrics, attributes, person, again=True)
    first.warnings.extend(across.said())
