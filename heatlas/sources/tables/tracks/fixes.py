"""Convert the rows of a table to recordings: one for each track, in the order of time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from heatlas.core.batch import Activity, Recording
from heatlas.core.errors import BadOption
from heatlas.sources.sports import sport_name
from heatlas.sources.tables.cells.flags import says_yes, unnumbered
from heatlas.sources.tables.cells.text import seconds
from heatlas.sources.tables.columns import plain_name
from heatlas.sources.tables.rows import REASONS, positions
from heatlas.sources.tables.table import RAW
from heatlas.sources.tables.tracks.columns import ALWAYS, COMMUTE, GEAR, NAMES, SPORTS, described, metric_name, snake
from heatlas.sources.tables.tracks.groups import Groups, as_texts, grouped
from heatlas.sources.tables.tracks.times import are_moments, looks_like_time, unread

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from heatlas.sources.tables.columns import PointColumns
    from heatlas.sources.tables.table import Table
    from heatlas.sources.tables.tracks.columns import Described

__all__ = ["UNTRACKED", "read_tracks"]

UNTRACKED = "rows without a track"
"""Reason under which rows that name no track are counted."""


def read_tracks(
    table: Table,
    columns: PointColumns,
    source_name: str,
    *,
    whole: bool = False,
    guessed: bool = False,
    metrics: Collection[str] | None = None,
    attributes: Collection[str] | None = None,
) -> list[Recording]:
    """Read a whole table whose rows are fixes.

    Rows with the same value in the track column are one recording, ordered by time if there is a time column (rows of
    the same time, or without, keep their order), else in the table's order. Heart rate, elevation and the like are
    found by their names, which may hold units ("speed (km/h)"); all other columns of numbers keep their own names. A
    column with one value in a track also describes the activity: sport and name, or an attribute of its own. One
    row marked as private makes its track private (see `heatlas.sources.tables.tracks.columns.described`).

    Only rows without a track are dropped, and counted in `table.dropped`; `heatlas.tracks.clean` checks the fixes.

    Parameters
    ----------
    table : Table
        Read once.
    columns : PointColumns
        With a track, unless `whole`.
    source_name : str
        Prefix of the recordings' source; the track's value follows after a slash.
    whole : bool
        Whether all rows are one track.
    guessed : bool
        Whether the column of times was found by an uncertain name, so that its values decide.
    metrics, attributes : collection of str, optional
        Names of the metrics and attributes that are needed; other columns are not read. By default all. Columns of
        sport, gear, commute and privacy are always read.

    Returns
    -------
    list of Recording
        In the order in which the tracks first occur.

    Raises
    ------
    SourceFailed
        When reading breaks off.
    BadOption
        When no track column was found.
    """
    if columns.track is None and not whole:
        raise BadOption(
            f"{table.name}: rows that are points are opened by {_as_points(table, columns)}; of fixes say with --track "
            "which column tells the tracks apart, or --track=all where all rows are one track"
        )
    if columns.track is not None and columns.track in {columns.lat, columns.lon}:
        raise BadOption(f"{table.name}: {columns.track} says where fixes are; say with --track what tells tracks apart")
    lon, lat, held = _read(table, columns, _needed(table, metrics, attributes))
    if not len(lon):
        return []
    time = np.full(len(lon), np.nan) if columns.time is None else _times(table, columns, held, guessed)
    if columns.track is None:
        groups = grouped(pa.DictionaryArray.from_arrays(np.zeros(len(lon), np.int32), [_stem(table.name)]), time)
    else:
        groups = grouped(held.pop(columns.track), time)
    lost = len(lon) - len(groups.order)
    if lost:
        table.dropped[UNTRACKED] += lost
    if not groups.keys:
        return []
    used = (columns.lat, columns.lon, columns.geometry, *columns.place)
    said = described(held, groups, used, table)
    fixes = (groups.ordered(lon), groups.ordered(lat), groups.ordered(time))
    return [_recording(groups, k, fixes, said, source_name) for k in range(len(groups.keys))]


def _times(table: Table, columns: PointColumns, held: dict[str, pa.Array], guessed: bool) -> NDArray[np.float64]:
    """Times of the rows, Unix seconds; warn of values that cannot be read."""
    name = columns.time
    assert name is not None
    written = [held.pop(RAW + name, held[name])]
    time, _ = seconds(held[name])
    if guessed and not are_moments(written, time):
        table.warnings.append(looks_like_time([name]))
        return np.full(len(time), np.nan)
    if name != columns.track:
        del held[name]
    if guessed:
        table.warnings.append(f"times are read from {name!r}; --time names another column")
    if odd := unread(name, written, time):
        table.warnings.append(odd)
    return time


def _as_points(table: Table, columns: PointColumns) -> str:
    """Call of Python that opens the rows as points, with the first column that can weigh them."""
    taken = {columns.lat, columns.lon, columns.time}
    numbers = (one.name for one in table.schema if pa.types.is_floating(one.type) or pa.types.is_integer(one.type))
    weight = columns.weight or next((name for name in numbers if name not in taken), None)
    what = repr(table.name) if "." in table.name else "df"
    return f"open_points({what})" if weight is None else f'open_points({what}, weight="{weight}")'


def _stem(name: str) -> str:
    """Name of a table without its folder and ending."""
    return re.split(r"[/\\]", name)[-1].partition(".")[0] or name


def _needed(table: Table, metrics: Collection[str] | None, attributes: Collection[str] | None) -> list[str]:
    """Columns that hold requested metrics or attributes; duplicate names are left out as ambiguous."""
    names = [name for name in table.schema.names if table.schema.names.count(name) == 1]
    if metrics is None or attributes is None:
        return names
    return [
        name for name in names
        if (metric_name(name)[0] or snake(name)) in metrics or snake(name) in {*metrics, *attributes}
        or unnumbered(name) in ALWAYS
    ]  # fmt: skip


def _read(
    table: Table, columns: PointColumns, names: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64], dict[str, pa.Array]]:
    """Read positions, NaN where there is none, and the named columns."""
    position = (columns.lat, columns.lon, columns.geometry, *columns.place)
    said = [name for name in (*position, columns.track, columns.time) if name]
    as_written = [RAW + columns.time] if columns.time and table.raw else []
    wanted = list(dict.fromkeys((*said, *as_written, *names)))
    places: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = [(np.zeros(0), np.zeros(0))]
    pieces: dict[str, list[pa.Array]] = {name: [] for name in wanted}
    senseless = np.array(["number" in reason or "cannot be read" in reason for reason in REASONS])
    for batch in table.read(wanted):
        lon, lat, codes, _ = positions(batch, columns, table)
        if codes is not None and (lost := senseless[codes]).any():
            lon, lat = np.where(lost, np.nan, lon), np.where(lost, np.nan, lat)
        places.append((lon, lat))
        for name, held in pieces.items():
            if name not in {columns.lat, columns.lon, columns.geometry}:
                held.append(batch.column(name))
    table.warnings.extend(table.names.sentences())
    longitudes, latitudes = (np.concatenate(part) for part in zip(*places, strict=True))
    return longitudes, latitudes, {name: _joined(held) for name, held in pieces.items() if held}


def _joined(pieces: Sequence[pa.Array]) -> pa.Array:
    """Concatenate arrays; as text if they differ in type."""
    kinds = {piece.type for piece in pieces}
    if any(pa.types.is_dictionary(kind) for kind in kinds):
        pieces = [piece.dictionary_decode() if pa.types.is_dictionary(piece.type) else piece for piece in pieces]
        kinds = {piece.type for piece in pieces}
    if len(kinds) > 1:
        pieces = [as_texts(piece) for piece in pieces]
    return pa.concat_arrays(pieces)


def _recording(
    groups: Groups,
    k: int,
    fixes: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    said: Described,
    source_name: str,
) -> Recording:
    rows = slice(int(groups.starts[k]), int(groups.starts[k + 1]))
    key = str(groups.keys[k])
    sport, name, extra = "Unknown", key, dict(_extra(said.attributes, k))
    commute = False
    gear = ""
    for column in list(extra):
        if plain_name(column) in COMMUTE:
            commute |= says_yes(extra.pop(column))
        elif plain_name(column) in GEAR:
            gear = str(extra.pop(column))
        elif plain_name(column) in SPORTS and isinstance(extra[column], str) and sport == "Unknown":
            sport = sport_name(extra.pop(column))
        elif plain_name(column) in NAMES and isinstance(extra[column], str):
            name = extra.pop(column)
    lon, lat, time = (values[rows] for values in fixes)
    return Recording(
        activity=Activity(
            source=f"{source_name}/{key}",
            id=key,
            name=name,
            sport=sport,
            gear=gear,
            private=bool(said.private[k]),
            commute=commute,
            extra={snake(column): value for column, value in extra.items()},
        ),
        lon=lon,
        lat=lat,
        time=time,
        columns={name: part for name, values in said.metrics.items() if not np.isnan(part := values[rows]).all()},
    )


def _extra(attributes: Mapping[str, list[Any]], k: int) -> Iterator[tuple[str, Any]]:
    for name, values in attributes.items():
        value = values[k]
        if isinstance(value, (str, bool, int, float)):
            yield name, value
        elif value is not None:
            yield name, str(value)
