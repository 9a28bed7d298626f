"""Read encoded polylines: tracks as one word, as used by Google Maps, Strava's API and running_page.

Algorithm: developers.google.com/maps/documentation/utilities/polylinealgorithm.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from heatlas.core.batch import Recording
from heatlas.core.errors import BadOption
from heatlas.sources.tables.cells.text import numbers, seconds
from heatlas.sources.tables.columns import plain_name
from heatlas.sources.tables.tracks.row_activity import row_activity, start_column
from heatlas.sources.tables.tracks.times import unread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity
    from heatlas.sources.tables.table import Table

__all__ = ["EMPTY", "decode", "is_polyline_name", "polyline_column", "read_polylines"]

EMPTY = "rows without a track"
"""Reason under which rows with an empty polyline are counted, such as those of indoor activities."""
_SURE = frozenset((
    "summarypolyline", "mapsummarypolyline", "mappolyline", "encodedpolyline", "polylineencoded", "encodedpath",
    "overviewpolyline", "detailedpolyline", "encodedroute", "routepolyline", "polyline5", "polyline6",
))  # fmt: skip


_PORTO = {"tripid", "taxiid", "timestamp", "missingdata", "polyline"}
_PORTO_STEP = 15.0
"""Seconds between positions of the taxis of Porto (Moreira-Matias et al., 2013)."""


def is_polyline_name(name: str) -> bool:
    """Whether a column's name is one for encoded polylines."""
    return plain_name(name) in _SURE or plain_name(name) == "polyline"


def polyline_column(schema: pa.Schema, positions: bool) -> str | None:
    """Name of the column of encoded polylines; beside `positions` a column named just "polyline" does not count."""
    able = [field.name for field in schema if _may_hold_text(field.type)]
    sure = [name for name in able if plain_name(name) in _SURE]
    return next(iter(sure or ([] if positions else [name for name in able if is_polyline_name(name)])), None)


def _may_hold_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    return any(test(kind) for test in tests)


def positions_of(text: str) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Read a list of positions, ``[[lon, lat], ...]`` in JSON, as the taxis of Porto are published.

    Returns
    -------
    two ndarrays of float64 (n,), or None
        Longitudes and latitudes in degrees; None when the text is no such list, or an empty one.
    """
    try:
        found = np.array([pair[:2] for pair in json.loads(text)], np.float64)
    except (ValueError, TypeError):
        return None
    return (found[:, 0], found[:, 1]) if found.ndim == 2 and found.shape[1] == 2 else None


def decode(text: str, precision: int = 5) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Decode an encoded polyline.

    Parameters
    ----------
    text : str
        Characters "?" to "~".
    precision : int
        Decimals of a degree.

    Returns
    -------
    two ndarrays of float64 (n,), or None
        Longitudes and latitudes in degrees; None when the text is not a polyline.
    """
    codes = np.frombuffer(text.encode("utf-8", "replace"), np.uint8).astype(np.int64) - 63
    if not len(codes) or codes.min() < 0 or codes.max() > 63 or codes[-1] >= 32:
        return None
    ends = np.flatnonzero(codes < 32)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if len(ends) % 2 or lengths.max() > 7:
        return None
    place = np.arange(len(codes)) - np.repeat(starts, lengths)
    values = np.add.reduceat((codes & 31) << (5 * place), starts)
    steps = np.where(values & 1, ~(values >> 1), values >> 1)
    lat, lon = np.cumsum(steps[::2]) / 10.0**precision, np.cumsum(steps[1::2]) / 10.0**precision
    return lon, lat


def read_polylines(table: Table, column: str, source_name: str) -> Iterator[Recording]:
    """Read a table in which each row is a track; all other columns are its attributes.

    The fixes have no times; the start of the activity comes from its row. Rows without a polyline are counted in
    `table.dropped`. Polylines have 5 decimals, or 6 if with 5 one of them would lie off the globe.

    Raises
    ------
    SourceFailed
        When reading breaks off.
    BadOption
        When the column holds no polylines.
    """
    names = list(dict.fromkeys((column, *table.schema.names)))
    batches = list(table.read(names))
    held = {name: [batch.column(name) for batch in batches] for name in names}
    rows = [value or "" for piece in held.pop(column) for value in piece.to_pylist()]
    texts = [text.strip() for text in rows]
    texts = ["" if text == "[]" else text for text in texts]
    precision = 5 if all(map(_on_globe, (decode(text) for text in texts if text[:1] != "["))) else 6
    facts = _facts({name: pieces for name, pieces in held.items() if pieces})
    start = start_column(held)
    if start is not None and "start" in facts:
        moments = np.array([np.nan if moment is None else moment for moment in facts["start"]], np.float64)
        if odd := unread(start, held[start], moments):
            table.warnings.append(odd)
    porto = {plain_name(name) for name in names} >= _PORTO
    if porto:
        table.warnings.append(f"its columns are those of the taxis of Porto: positions are {_PORTO_STEP:.0f} s apart")
    found = 0
    for k, text in enumerate(texts):
        track = positions_of(text) if text[:1] == "[" else decode(text, precision)
        if track is None or not _on_globe(track):
            table.dropped["rows whose polyline cannot be read" if text else EMPTY] += 1
            continue
        found += 1
        lon, lat = track
        activity = _activity({name: values[k] for name, values in facts.items()}, source_name, k)
        time = np.full(len(lon), np.nan)
        if porto and activity.start is not None:
            time = activity.start + _PORTO_STEP * np.arange(len(lon))
        yield Recording(activity=activity, lon=lon, lat=lat, time=time)
    if not found and any(texts):
        raise BadOption(f"{table.name}: the column {column} holds no encoded polylines")


def _on_globe(track: tuple[NDArray[np.float64], NDArray[np.float64]] | None) -> bool:
    return track is None or bool(np.abs(track[0]).max() <= 180.0001 and np.abs(track[1]).max() <= 90)


def _facts(held: Mapping[str, Sequence[pa.Array]]) -> dict[str, list[Any]]:
    """Values of the rows for each column: numbers, including those written as text; "start" as Unix seconds."""
    facts: dict[str, list[Any]] = {}
    columns = {name: pa.chunked_array(pieces).combine_chunks() for name, pieces in held.items()}
    columns = {name: c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c for name, c in columns.items()}
    start = start_column(columns)
    for name, column in columns.items():
        if name == start:
            moments = seconds(column)[0].tolist()
            facts["start"] = [None if moment != moment else moment for moment in moments]
        elif not pa.types.is_nested(column.type):
            values, bad = (None, True) if pa.types.is_boolean(column.type) else numbers(column)
            facts[name] = column.to_pylist() if values is None or bad is not None else [
                None if value != value else value for value in values.tolist()
            ]  # fmt: skip
    return facts


def _activity(facts: dict[str, Any], source_name: str, k: int) -> Activity:
    """Activity of a row; its source is named after its id, else after the number of the row."""
    activity = row_activity(facts, source_name, facts.pop("start", None))
    key = activity.id or str(k + 1)
    return replace(activity, source=f"{source_name}/{key}", id=key)
