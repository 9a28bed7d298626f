"""Read the trips of a partition, row group by row group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from heatlas.core.batch import COLUMNS, Activity, Recording
from heatlas.core.errors import SourceFailed, printable
from heatlas.core.frozen import frozen
from heatlas.sources.contract.columns import ATTRIBUTES, E7, REQUIRED, STATES, hash_of, mending
from heatlas.sources.contract.partitions import opened, person_texts
from heatlas.sources.sports import sport_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.sources.contract.partitions import Partition

__all__ = ["read_trips"]

_ROWS = 1 << 17
"""Rows that are read at once."""
_TEXTS = ("person", "trip", *(name for name, kind in ATTRIBUTES.items() if pa.types.is_string(kind)))
_TICKS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


def read_trips(
    partition: Partition, columns: Collection[str] = COLUMNS, *, lenient: bool = False
) -> Iterator[tuple[str, Recording]]:
    """Stream the trips of a partition in its order, each with its person.

    Memory holds a row group of the columns that are needed, and one trip.

    Parameters
    ----------
    partition : Partition
        As `heatlas.sources.contract.partitions.find_partitions` found it.
    columns : collection of str
        Sensors that are needed, of `heatlas.core.batch.COLUMNS`; those that the partition has are read.
    lenient : bool
        Whether a trip that comes again is another one of the same name, as in files that are being prepared.

    Yields
    ------
    str
        The person.
    Recording
        The trip, with its rows in the order of the file. In a file that heatlas did not write they are sorted by time,
        as in any table.

    Raises
    ------
    SourceFailed
        When reading breaks off, or the rows of a trip do not stand together.
    """
    names = partition.schema.names
    sensors = [name for name in COLUMNS if name in columns and name in names]
    wanted = [*REQUIRED, *(name for name in (*ATTRIBUTES, *STATES) if name in names), *sensors]
    seen: set[int] = set()
    waiting: list[_Rows] = []
    key: tuple[str, str] | None = None
    with opened(partition.location, [name for name in _TEXTS if name in names]) as file:
        for batch in file.iter_batches(_ROWS, columns=wanted):
            if not batch.num_rows:
                continue
            rows = _Rows.of(batch, sensors, partition.uri)
            starts, keys = _runs(batch, partition.uri)
            for start, end, found in zip(starts, [*starts[1:], batch.num_rows], keys, strict=True):
                if found != key:
                    if key is not None:
                        yield key[0], _recording(partition, *key, waiting)
                    waiting, key = [], found
                    if not lenient:
                        _refuse_again(seen, found, partition.uri)
                waiting.append(rows.cut(start, end))
    if key is not None:
        yield key[0], _recording(partition, *key, waiting)


@frozen
class _Rows:
    """Some rows of a partition as arrays."""

    fixes: dict[str, NDArray[Any]]
    """"lon", "lat", "time", sensors, and "segment" if there is such a column."""
    said: dict[str, pa.Array]
    """Columns of attributes and flags."""

    @classmethod
    def of(cls, batch: pa.RecordBatch, sensors: Sequence[str], name: str) -> _Rows:
        """Take rows as they are in the file."""
        held = {column: batch.column(column) for column in batch.schema.names}
        fixes: dict[str, NDArray[Any]] = {column: _degrees(held[column]) for column in ("lon", "lat")}
        fixes["time"] = _times(held["time"], name)
        fixes |= {column: _values(held[column]).astype(np.float32) for column in sensors}
        if "segment" in held:
            fixes["segment"] = _values(held["segment"])
        said = {column: held[column] for column in (*ATTRIBUTES, "drawn", "logged") if column in held}
        return cls(fixes, said)

    def cut(self, start: int, end: int) -> _Rows:
        """Rows from one to before another."""
        return _Rows(
            {name: values[start:end] for name, values in self.fixes.items()},
            {name: column.slice(start, end - start) for name, column in self.said.items()},
        )


def _runs(batch: pa.RecordBatch, name: str) -> tuple[list[int], list[tuple[str, str]]]:
    """First rows of the runs of one trip, and their persons and trips."""
    codes, values = [], []
    for column in ("person", "trip"):
        held = batch.column(column)
        if not pa.types.is_dictionary(held.type):
            held = held.dictionary_encode()
        if held.null_count:
            person_texts(held, name)
        values.append(person_texts(held.dictionary, name))
        codes.append(held.indices.to_numpy(zero_copy_only=False))
    changes = np.flatnonzero(np.diff(codes[0]).astype(bool) | np.diff(codes[1]).astype(bool)) + 1
    starts = [0, *changes.tolist()]
    return starts, [(values[0][codes[0][k]], values[1][codes[1][k]]) for k in starts]


def _refuse_again(seen: set[int], key: tuple[str, str], name: str) -> None:
    number = hash_of("\0".join(key))
    if number in seen:
        raise SourceFailed(
            f"{name}: the rows of the trip {key[1]} of {key[0]} do not stand together: {mending(name)}, sorted"
        )
    seen.add(number)


def _recording(partition: Partition, person: str, trip: str, pieces: Sequence[_Rows]) -> Recording:
    """Make a recording of the rows of a trip."""
    fixes = pieces[0].fixes
    if len(pieces) > 1:
        fixes = {name: np.concatenate([piece.fixes[name] for piece in pieces]) for name in fixes}
    segment, time = fixes.pop("segment", None), fixes["time"]
    segments = np.zeros(0, np.int64) if segment is None else np.flatnonzero(np.diff(segment, prepend=np.nan) != 0)
    if partition.stated is None and len(segments) <= 1 and (np.diff(time) < 0).any() and not np.isnan(time).any():
        order = np.argsort(time, kind="stable")
        fixes = {name: values[order] for name, values in fixes.items()}
    said = {name: _only([piece.said[name] for piece in pieces]) for name in pieces[0].said}
    private = any(piece.said["private"].true_count for piece in pieces) if "private" in said else False
    numbers: dict[str, Any] = {name: said.get(name) for name, kind in ATTRIBUTES.items() if pa.types.is_floating(kind)}
    lon, lat, time = (fixes.pop(name) for name in ("lon", "lat", "time"))
    return Recording(
        activity=Activity(
            source=f"{printable(partition.uri)}/{person}/{trip}",
            id=trip,
            name=said.get("name") or trip,
            sport=sport_name(said["sport"]) if said.get("sport") else "Unknown",
            gear=said.get("gear") or "",
            person=printable(person),
            device=said.get("device") or "",
            commute=bool(said.get("commute")),
            private=private,
            **numbers,
        ),
        lon=lon,
        lat=lat,
        time=time,
        columns={name: values for name, values in fixes.items() if not np.isnan(values).all()},
        segments=segments,
        drawn=bool(said.get("drawn")),
        logged=bool(said.get("logged")),
    )


def _only(pieces: Sequence[pa.Array]) -> Any:
    """First value that is known."""
    for piece in pieces:
        known = piece if piece[0].is_valid else piece.drop_null()
        if len(known):
            return known[0].as_py()
    return None


def _values(column: pa.Array) -> NDArray[np.float64]:
    """Numbers; NaN where unknown."""
    if column.null_count == len(column):
        return np.full(len(column), np.nan)
    found: NDArray[np.float64] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _degrees(column: pa.Array) -> NDArray[np.float64]:
    values = _values(column)
    return values / E7 if pa.types.is_integer(column.type) else values


def _times(column: pa.Array, name: str) -> NDArray[np.float64]:
    """Unix seconds; NaN where unknown."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _values(column.cast(pa.int64())) / _TICKS[kind.unit]
    seconds = _values(column)
    if len(seconds) and np.nanmax(np.nan_to_num(seconds)) > 1e11:
        raise SourceFailed(f"{name}: time is no Unix seconds, but beyond the year 5000: {mending(name)}")
    return seconds
