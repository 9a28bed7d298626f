"""From the rows of a table to recordings: those of one track, in the order of time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heatlas.batch import Activity, Recording
from heatlas.errors import BadOption
from heatlas.sources.sports import sport_name
from heatlas.sources.tables.cells import numbers, seconds
from heatlas.sources.tables.columns import plain_name
from heatlas.sources.tables.rows import REASONS, positions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from heatlas.sources.tables.columns import PointColumns
    from heatlas.sources.tables.table import Table

__all__ = ["UNTRACKED", "metric_names", "read_tracks"]

UNTRACKED = "rows without a track"
"""Reason under which rows are counted that say of no track that they belong to it."""

_METRICS = {
    "elevation": "elevation ele alt altitude height elevationm altitudem elev enhancedaltitude hoehe",
    "heart_rate": "heartrate hr bpm heartratebpm pulse heartbeat puls",
    "speed": "speed velocity velocitysmooth speedms speedmps enhancedspeed groundspeed",
    "cadence": "cadence cad rpm runcadence cadencerpm",
    "power": "power watts watt pwr powerw powerinwatts",
    "temperature": "temperature temp atemp tempc temperaturec airtemperature",
}
_CONVERTED = {
    **dict.fromkeys(("speedkmh", "speedkph", "velocitykmh", "kmh", "kph"), ("speed", 1 / 3.6)),
    **dict.fromkeys(("speedmph", "mph"), ("speed", 0.44704)),
    **dict.fromkeys(("speedknots", "speedkn", "knots", "sog"), ("speed", 1852 / 3600)),
    **dict.fromkeys(("elevationft", "altitudeft", "elevationfeet", "altitudefeet"), ("elevation", 0.3048)),
}
_UNITS = re.compile(r"\b(km/h|kmh|kph|mph|knots|kn|ft|feet)\b", re.IGNORECASE)
_SPORTS = ("sport", "sporttype", "activitytype", "workouttype", "type", "activity")
_PRIVATE, _COMMUTE, _GEAR = ("private", "isprivate"), ("commute", "iscommute"), ("gear", "gearname")
_ALWAYS = frozenset((*_SPORTS, *_PRIVATE, *_COMMUTE, *_GEAR, "indoor", "trainer", "virtual"))
"""Names of columns that decide what is drawn, or who may see it."""
_NAMES = ("name", "title", "activityname", "trackname")


@dataclass(frozen=True, slots=True)
class _Groups:
    """Rows of each track, one after the other."""

    order: NDArray[np.int64]
    """(n,) rows of the table that belong to a track, track by track, each in the order of time."""
    starts: NDArray[np.int64]
    """(number of tracks + 1,) offsets into `order`."""
    keys: list[Any]
    sorted: bool = False
    """Whether that is the order of the table, all of it."""

    def ordered(self, values: NDArray[Any]) -> NDArray[Any]:
        """Bring values of the table's rows into this order."""
        return values if self.sorted else values[self.order]


def metric_names(table: Table) -> list[str]:
    """Names that the columns of a table have as metrics, as far as they hold numbers."""
    return [_metric(name)[0] or _snake(name) for name in table.schema.names]


def read_tracks(
    table: Table,
    columns: PointColumns,
    source_name: str,
    *,
    whole: bool = False,
    metrics: Collection[str] | None = None,
    attributes: Collection[str] | None = None,
) -> list[Recording]:
    """Read a whole table whose rows are fixes.

    Rows of one value of the track's column are one recording, ordered by time if there is such a column (rows of the
    same time, or without, keep their order), else as they come. Heart rate, elevation and their like are found by
    their names, with units in them ("speed (km/h)"); all other columns of numbers are kept under their own names. A
    column that has one value in each track also describes the activity: sport and name, or an attribute of its own.

    Nothing is dropped but rows without a track, which `table.dropped` counts: see `heatlas.clean`.

    Parameters
    ----------
    table : Table
        Read once.
    columns : PointColumns
        With a track.
    source_name : str
        What the recordings' source begins with; the track's value follows after a slash.
    whole : bool
        Whether all rows are one track.
    metrics, attributes : collection of str, optional
        Names of the metrics and attributes that are needed, so that other columns are not read; by default all. Sport,
        name, gear and whether it is private are always read.

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
            f"{table.name}: say with --track which column tells the tracks apart, or --track all where its rows are one"
        )
    lon, lat, held = _read(table, columns, _needed(table, metrics, attributes))
    if not len(lon):
        return []
    time = np.full(len(lon), np.nan)
    if columns.time is not None:
        time, _ = seconds(held[columns.time] if columns.time == columns.track else held.pop(columns.time))
    if columns.track is None:
        groups = _grouped(pa.DictionaryArray.from_arrays(np.zeros(len(lon), np.int32), [_stem(table.name)]), time)
    else:
        groups = _grouped(held.pop(columns.track), time)
    lost = len(lon) - len(groups.order)
    if lost:
        table.dropped[UNTRACKED] += lost
    measured, said = _described(held, groups, used=(columns.lat, columns.lon, columns.geometry))
    fixes = (groups.ordered(lon), groups.ordered(lat), groups.ordered(time))
    return [_recording(groups, k, fixes, measured, said, source_name) for k in range(len(groups.keys))]


def _stem(name: str) -> str:
    """Name of a table without its folder and ending."""
    return re.split(r"[/\\]", name)[-1].partition(".")[0] or name


def _needed(table: Table, metrics: Collection[str] | None, attributes: Collection[str] | None) -> list[str]:
    """Columns that say something that was asked for; of duplicate names nobody could say which is meant."""
    names = [name for name in table.schema.names if table.schema.names.count(name) == 1]
    if metrics is None or attributes is None:
        return names
    return [
        name for name in names
        if (_metric(name)[0] or _snake(name)) in metrics or _snake(name) in {*metrics, *attributes}
        or plain_name(name) in _ALWAYS
    ]  # fmt: skip


def _read(
    table: Table, columns: PointColumns, names: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64], dict[str, pa.Array]]:
    """Positions, NaN where there is none, and some other columns."""
    said = [name for name in (columns.lat, columns.lon, columns.geometry, columns.track, columns.time) if name]
    wanted = list(dict.fromkeys((*said, *names)))
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
    longitudes, latitudes = (np.concatenate(part) for part in zip(*places, strict=True))
    return longitudes, latitudes, {name: _joined(held) for name, held in pieces.items() if held}


def _joined(pieces: Sequence[pa.Array]) -> pa.Array:
    """One array; where the batches differ in type it is text."""
    kinds = {piece.type for piece in pieces}
    if any(pa.types.is_dictionary(kind) for kind in kinds):
        pieces = [piece.dictionary_decode() if pa.types.is_dictionary(piece.type) else piece for piece in pieces]
        kinds = {piece.type for piece in pieces}
    if len(kinds) > 1:
        pieces = [_as_texts(piece) for piece in pieces]
    return pa.concat_arrays(pieces)


def _as_texts(piece: pa.Array) -> pa.Array:
    try:
        return piece.cast(pa.large_string())
    except pa.ArrowException:
        return pa.array([None if value is None else str(value) for value in piece.to_pylist()], pa.large_string())


def _grouped(tracks: pa.Array, time: NDArray[np.float64]) -> _Groups:
    """Sort rows by track and time, both stable; what is sorted stays as it is."""
    codes, keys = _codes(tracks)
    steps = np.diff(codes)
    if len(codes) and codes[0] >= 0 and (steps >= 0).all():
        starts = np.concatenate(([0], np.flatnonzero(steps) + 1, [len(codes)]))
        if (np.diff(time)[steps == 0] >= 0).all() or np.isnan(time).all():
            return _Groups(np.arange(len(codes)), starts, keys, sorted=True)
    rows = np.flatnonzero(codes >= 0)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    sorted_codes = codes[rows]
    starts = np.searchsorted(sorted_codes, np.arange(len(keys) + 1))
    moments = time[rows]
    if np.isnan(moments).any():
        # A row without a time stays behind the one before it.
        known = np.where(np.isnan(moments), -1, np.arange(len(rows)))
        last = np.maximum.accumulate(known)
        within = last >= starts[sorted_codes]
        moments = np.where(within, moments[np.maximum(last, 0)], -np.inf)
    # Within a track by time; lexsort is stable.
    return _Groups(rows[np.lexsort((moments, sorted_codes))], starts, keys)


def _codes(values: pa.Array) -> tuple[NDArray[np.int64], list[Any]]:
    """Number of each value in the order of first occurrence, -1 where there is none; and the values."""
    if pa.types.is_nested(values.type):
        values = _as_texts(values)
    coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    codes = pc.fill_null(coded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False).copy()
    keys = [_scalar(value) for value in coded.dictionary]
    for k, key in enumerate(keys):
        if key is None or key == "" or key != key:
            codes[codes == k] = -1
    used = np.unique(codes[codes >= 0])
    renumbered = np.full(len(keys) + 1, -1)
    renumbered[used] = np.arange(len(used))
    return renumbered[codes], [keys[k] for k in used]


def _scalar(value: Any) -> Any:
    """A value as Python has it; bytes that are no UTF-8 become text all the same."""
    try:
        found = value.as_py()
    except UnicodeDecodeError:
        return value.as_buffer().to_pybytes().decode("utf-8", "replace")
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else found


def _described(
    held: dict[str, pa.Array], groups: _Groups, used: Sequence[str | None]
) -> tuple[dict[str, NDArray[np.float32]], dict[str, list[Any]]]:
    """Metrics of the fixes, in the order of the groups, and attributes of the tracks, one value for each."""
    metrics: dict[str, NDArray[np.float32]] = {}
    attributes: dict[str, list[Any]] = {}
    firsts = groups.starts[:-1]
    for name in [name for name in held if name not in used]:
        column = held.pop(name)
        known, factor = _metric(name)
        if pa.types.is_boolean(column.type) or pa.types.is_temporal(column.type):
            bad: NDArray[np.bool_] | None = np.ones(len(column), bool)
        else:
            values, bad = numbers(column)
        if bad is None and known and known not in metrics:
            metrics[known] = (groups.ordered(values) * factor).astype(np.float32)
        elif bad is None and np.isfinite(values).any():
            ordered = groups.ordered(values)
            low, high = np.fmin.reduceat(ordered, firsts), np.fmax.reduceat(ordered, firsts)
            if np.all((low == high) | np.isnan(low)):
                attributes[name] = [_number(value) for value in low.tolist()]
            with np.errstate(over="ignore"):
                metrics.setdefault(_snake(name), ordered.astype(np.float32))
        elif bad is not None:
            codes, keys = _codes(column)
            ordered_codes = groups.ordered(codes)
            first, last = np.minimum.reduceat(ordered_codes, firsts), np.maximum.reduceat(ordered_codes, firsts)
            if np.all(first == last):
                attributes[name] = [None if code < 0 else keys[code] for code in first.tolist()]
    return metrics, attributes


def _metric(name: str) -> tuple[str, float]:
    """Column of `heatlas.batch.COLUMNS` that a name stands for, and the factor to its unit; else an empty name."""
    plain = plain_name(name)
    unit = _UNITS.search(name)
    if unit:
        plain = plain_name(f"{re.sub(_UNITS, ' ', name)} {unit[1].replace('/', '')}")
    if plain in _CONVERTED:
        return _CONVERTED[plain]
    return next((metric for metric, names in _METRICS.items() if plain in names.split()), ""), 1.0


def _number(value: float) -> float | int | None:
    if np.isnan(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 1 << 53 else value


def _snake(name: str) -> str:
    words = re.findall(r"[^\W_]+", re.sub(r"([a-z\d])([A-Z])", r"\1 \2", name))
    return "_".join(words).lower() or "column"


def _recording(
    groups: _Groups,
    k: int,
    fixes: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    metrics: Mapping[str, NDArray[np.float32]],
    attributes: Mapping[str, list[Any]],
    source_name: str,
) -> Recording:
    rows = slice(int(groups.starts[k]), int(groups.starts[k + 1]))
    key = str(groups.keys[k])
    sport, name, extra = "Unknown", key, dict(_extra(attributes, k))
    private = commute = False
    gear = ""
    for column in list(extra):
        if plain_name(column) in _PRIVATE:
            private = _flag(extra.pop(column))
        elif plain_name(column) in _COMMUTE:
            commute = _flag(extra.pop(column))
        elif plain_name(column) in _GEAR:
            gear = str(extra.pop(column))
        elif plain_name(column) in _SPORTS and isinstance(extra[column], str) and sport == "Unknown":
            sport = sport_name(extra.pop(column))
        elif plain_name(column) in _NAMES and isinstance(extra[column], str):
            name = extra.pop(column)
    lon, lat, time = (values[rows] for values in fixes)
    return Recording(
        activity=Activity(
            source=f"{source_name}/{key}",
            id=key,
            name=name,
            sport=sport,
            gear=gear,
            private=private,
            commute=commute,
            extra={_snake(column): value for column, value in extra.items()},
        ),
        lon=lon,
        lat=lat,
        time=time,
        columns={name: part for name, values in metrics.items() if not np.isnan(part := values[rows]).all()},
    )


def _flag(value: Any) -> bool:
    return str(value).casefold() in {"true", "1", "1.0", "yes", "y", "t"}


def _extra(attributes: Mapping[str, list[Any]], k: int) -> Iterator[tuple[str, Any]]:
    for name, values in attributes.items():
        value = values[k]
        if isinstance(value, (str, bool, int, float)):
            yield name, value
        elif value is not None:
            yield name, str(value)
