"""Read tables whose geometries are lines: each row is a track, and its other columns are attributes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from heatlas.core.errors import BadOption, HeatlasError
from heatlas.sources.formats.line_values import add_values, plain_facts
from heatlas.sources.formats.ways import POINTS, Way, recordings_of_ways
from heatlas.sources.tables.cells.text import seconds
from heatlas.sources.tables.columns import CRS, find_columns
from heatlas.sources.tables.geometry.lines import lines_of
from heatlas.sources.tables.geometry.positions import LINE, places
from heatlas.sources.tables.systems import as_wgs84
from heatlas.sources.tables.tracks.row_activity import start_column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from heatlas.core.batch import Recording
    from heatlas.options import TableOptions
    from heatlas.sources.tables.columns import PointColumns
    from heatlas.sources.tables.given import GivenTable
    from heatlas.sources.tables.table import Table

__all__ = ["LINES", "NoLines", "has_lines", "read_lines"]

LINES = "\0lines"
"""In place of a column of tracks: each row with a line is a track."""
_SAMPLE = 1000
"""Rows of a table in which lines are looked for."""
_CREDIBLE = (315_532_800.0, 4_102_444_800.0)
"""Unix seconds, 1980 to 2100, between which measures that never fall are times."""


class NoLines(BadOption):
    """No row of a table is a line."""


def has_lines(given: GivenTable) -> bool:
    """Tell whether some of the first rows of a table are lines.

    False for what can be read only once, and for databases by URL, in which a query may take long.
    """
    source = given.source
    if isinstance(source, str) and (source == "-" or "://" in source):
        return False
    try:
        table = given.table
        if table.once:
            return False
        column = find_columns(table.schema, given.options, name=table.name).geometry
        if column is None or not _may_be_lines(table.schema.field(column).type):
            return False
        with _unread(table):
            batches = iter(table.read([column]))
            first = next(batches, None)
            if isinstance(batches, Generator):
                batches.close()
        return first is not None and bool((places(first.column(0).slice(0, _SAMPLE)).state == LINE).any())
    except (HeatlasError, OSError):  # reported when it is opened for reading
        return False


@contextmanager
def _unread(table: Table) -> Iterator[None]:
    """Undo what reading a sample adds to the counts and warnings of a table: it is read again."""
    before = Counter(table.dropped), dict(table.readings), list(table.warnings)
    try:
        yield
    finally:
        table.dropped.clear()
        table.dropped.update(before[0])
        table.readings.clear()
        table.readings.update(before[1])
        table.warnings[:] = before[2]


def _may_be_lines(kind: pa.DataType) -> bool:
    """Whether a column holds whole geometries, not only their positions."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    return not pa.types.is_nested(kind)


def read_lines(table: Table, asked: TableOptions, source_name: str) -> Iterator[Recording]:
    """Read a table in which each row with a line is a track; all other columns are its attributes.

    Times are those of columns such as coordTimes, or measures (M) that can be nothing else; elevations are those of Z.

    Parameters
    ----------
    table : Table
        Read once.
    asked : TableOptions
        Names of columns, and the coordinate system where the table states none.
    source_name : str
        Prefix of the recordings' sources; the id of the row, or its number, follows after a slash.

    Raises
    ------
    NoLines
        When the table has no column of geometries, or no row is a line.
    SourceFailed
        When reading breaks off.
    """
    columns = find_columns(table.schema, replace(asked, track=None), name=table.name)
    if columns.geometry is None or not _may_be_lines(table.schema.field(columns.geometry).type):
        where = "a file that is named by itself" if table.once else "columns of geometries"
        raise NoLines(f"{table.name} has no lines that can be read: --read-as=tracks is for {where}")
    names = list(dict.fromkeys((columns.geometry, *table.schema.names)))
    names = [name for name in names if table.schema.names.count(name) == 1]
    others: Counter[str] = Counter()
    ways: list[tuple[Way, str]] = []
    rows = 0
    for batch in table.read(names):
        geometries = _values(batch.column(columns.geometry))
        held = {name: _facts(name, batch.column(name), names) for name in names if name != columns.geometry}
        for k, value in enumerate(geometries):
            rows += 1
            if value is None:
                table.dropped["rows without a position"] += 1
                continue
            parts, srid = lines_of(value, others)
            if not parts:
                continue
            properties = {name: values[k] for name, values in held.items() if values[k] is not None}
            way = Way(plain_facts(properties))
            for part in parts:
                way.add(_placed(part, srid, columns, table))
            _timed(way, table)
            add_values(way, properties)
            ways.append((way, str(rows)))
    if not ways:
        what = f"its rows are {POINTS}" if others[POINTS] else "no row is a line"
        raise NoLines(f"{table.name} has no lines, {what}: leave out --read-as=tracks")
    used: Counter[str] = Counter()
    recordings = recordings_of_ways([way for way, _ in ways], source_name, others)
    for recording, (_, number) in zip(recordings, ways, strict=True):
        table.warnings.extend(recording.warnings)
        key = recording.activity.id or number
        used[key] += 1
        key = key if used[key] == 1 else f"{key} ({used[key]})"
        activity = replace(recording.activity, id=key, source=f"{source_name}/{key}")
        yield replace(recording, activity=activity, warnings=())


def _values(column: pa.Array) -> list[Any]:
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return list(column.to_pylist())


def _facts(name: str, column: pa.Array, names: list[str]) -> list[Any]:
    """Values of a column: dates as text, the start as Unix seconds."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if name == start_column(names) and pa.types.is_temporal(column.type):
        return [None if moment != moment else moment for moment in seconds(column)[0].tolist()]
    if pa.types.is_temporal(column.type):
        return [None if value is None else str(value) for value in column.to_pylist()]
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return [None] * len(column)
    return [value if value == value else None for value in column.to_pylist()]


def _placed(part: NDArray[np.float64], srid: int, columns: PointColumns, table: Table) -> NDArray[np.float64]:
    """The same line in WGS 84."""
    stated = (table.schema.field(columns.geometry).metadata or {}).get(CRS, b"").decode() or columns.crs or ""
    crs = f"EPSG:{srid}" if srid else stated
    if crs and srid != 4326:
        part[:, 0], part[:, 1] = as_wgs84(part[:, 0], part[:, 1], crs, table.name)
    return part


def _timed(way: Way, table: Table) -> None:
    """Keep measures that are times, as seconds or milliseconds since 1970; others are taken out."""
    known = np.concatenate([part[:, 3] for part in way.parts])
    known = known[np.isfinite(known)]
    if not len(known):
        return
    unit = 1.0 if known.max() < _CREDIBLE[1] else 1000.0
    able = known.min() >= _CREDIBLE[0] * unit and known.max() < _CREDIBLE[1] * unit
    able = able and all((np.diff(part[:, 3][np.isfinite(part[:, 3])]) >= 0).all() for part in way.parts)
    for part in way.parts:
        part[:, 3] = part[:, 3] / unit if able else np.nan
    note = "measures (M) of lines are no times since 1970, and are not taken"
    if not able and note not in table.warnings:
        table.warnings.append(note)
