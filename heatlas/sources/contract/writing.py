"""Write partitions: Parquet of fixes, streamed by row group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from heatlas.core.batch import COLUMNS
from heatlas.core.frozen import frozen
from heatlas.sources.contract.columns import ATTRIBUTES, E7, MARK, STATES, Stated, hashes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.core.batch import Recording

__all__ = ["Form", "PartitionWriter", "form_of", "is_whole"]

ROWS = 1 << 18
"""Rows of a row group: some 1 MB of each column, packed."""
_LEVEL = 6
"""Level of zstd: 12 takes twice the time and saves 1 %."""
_WIDEST = 214.0
"""Degrees that a whole number of 32 bits may hold, at 1e-7."""
_DELTAS, _SPLIT = "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"


@frozen
class Form:
    """Columns of a partition, and how they are stored."""

    whole: bool = False
    """Whether positions are whole numbers of 1e-7 degrees, not doubles."""
    unit: str = "us"
    """Unit of times: "ms" or "us"."""
    said: tuple[str, ...] = (*ATTRIBUTES, *STATES)
    """Columns of attributes and states."""
    sensors: tuple[str, ...] = COLUMNS

    def schema(self) -> pa.Schema:
        """Names and types of the columns."""
        coded = pa.dictionary(pa.int32(), pa.string())
        place = pa.int32() if self.whole else pa.float64()
        kinds = {**ATTRIBUTES, **STATES}
        fields = [("person", coded), ("trip", coded), ("time", pa.timestamp(self.unit, "UTC"))]
        fields += [("lat", place), ("lon", place)]
        fields += [(name, coded if pa.types.is_string(kinds[name]) else kinds[name]) for name in self.said]
        return pa.schema([*fields, *((name, pa.float32()) for name in self.sensors)])


def is_whole(degrees: NDArray[np.float64]) -> bool:
    """Whether whole numbers of 1e-7 degrees hold positions without a loss."""
    return bool((np.abs(degrees) < _WIDEST).all() and (np.round(degrees * E7) / E7 == degrees).all())


def form_of(recordings: Iterable[Recording]) -> Form:
    """The smallest form that loses nothing of some recordings."""
    whole = milliseconds = True
    said: set[str] = set()
    sensors: set[str] = set()
    for each in recordings:
        whole = whole and is_whole(each.lat) and is_whole(each.lon)
        known = each.time[np.isfinite(each.time)]
        milliseconds = milliseconds and bool((np.round(known * 1e3) / 1e3 == known).all())
        said.update(name for name in ATTRIBUTES if getattr(each.activity, name) not in {None, "", False})
        said.update(name for name in ("drawn", "logged") if getattr(each, name))
        if len(each.segments) > 1:
            said.add("segment")
        sensors.update(each.columns)
    return Form(
        whole,
        "ms" if milliseconds else "us",
        tuple(name for name in (*ATTRIBUTES, *STATES) if name in said | {"sport", "private"}),
        tuple(name for name in COLUMNS if name in sensors),
    )


class PartitionWriter:
    """Writer of one partition; memory holds one row group.

    Parameters
    ----------
    path : Path
        File to write.
    form : Form
        Its columns.
    rows : int
        Rows of a row group, at least; a trip is not cut.
    """

    def __init__(self, path: Path, form: Form, rows: int = ROWS) -> None:
        schema = form.schema()
        places = dict.fromkeys(("lat", "lon"), _DELTAS if form.whole else _SPLIT)
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            compression_level=_LEVEL,
            use_dictionary=["person", "trip", *(name for name in form.said if name not in {"private", "commute"})],
            column_encoding={"time": _DELTAS, **places, **dict.fromkeys(form.sensors, _SPLIT)},
        )
        self._form, self._schema, self._rows = form, schema, rows
        self._held: list[tuple[str, str, Recording]] = []
        self._waiting = 0
        self._persons: set[str] = set()
        self.trips = self.fixes = 0

    def add(self, person: str, trip: str, recording: Recording) -> None:
        """Add a trip, all of whose fixes have a position."""
        self._held.append((person, trip, recording))
        self._persons.add(person)
        self._waiting += len(recording.lon)
        self.fixes += len(recording.lon)
        self.trips += 1
        if self._waiting >= self._rows:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the footer that says which persons are in the file."""
        self._flush()
        stated = Stated(self.trips, hashes_of(self._persons))
        self._writer.add_key_value_metadata({MARK.decode(): stated.written().decode()})
        self._writer.close()

    def give_up(self) -> None:
        """Close the file as it is."""
        self._writer.close()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(_table(self._held, self._form, self._schema), row_group_size=1 << 30)
        self._held, self._waiting = [], 0


def _table(trips: list[tuple[str, str, Recording]], form: Form, schema: pa.Schema) -> pa.Table:
    """Rows of some trips."""
    lengths = np.array([len(each.lon) for _, _, each in trips])
    recordings = [each for _, _, each in trips]

    def texts(values: Iterable[str | None]) -> pa.Array:
        coded = pa.array(values, pa.string()).dictionary_encode()
        codes = coded.indices.fill_null(0).to_numpy()
        known = np.repeat(coded.is_valid().to_numpy(zero_copy_only=False), lengths)
        return pa.DictionaryArray.from_arrays(pa.array(np.repeat(codes, lengths), mask=~known), coded.dictionary)

    def column(values: Callable[[Recording], NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([values(each) for each in recordings])

    made: dict[str, pa.Array] = {
        "person": texts(person for person, _, _ in trips),
        "trip": texts(trip for _, trip, _ in trips),
        "time": _ticks(column(lambda each: each.time), form.unit),
        "lat": _degrees(column(lambda each: each.lat), form.whole),
        "lon": _degrees(column(lambda each: each.lon), form.whole),
    }
    for name in form.said:
        kind = {**ATTRIBUTES, **STATES}[name]
        if name == "segment":
            made[name] = pa.array(column(_segments), kind)
            continue
        values = [getattr(each if name in STATES else each.activity, name) for each in recordings]
        if pa.types.is_string(kind):
            made[name] = texts([value or None for value in values])
        else:
            unknown = np.repeat([value is None for value in values], lengths)
            made[name] = pa.array(np.repeat([value or 0 for value in values], lengths), mask=unknown).cast(kind)
    for name in form.sensors:
        found = column(lambda each, name=name: each.columns.get(name, np.full(len(each.lon), np.nan, np.float32)))  # type: ignore[misc]
        made[name] = pa.array(found.astype(np.float32), from_pandas=True)
    return pa.Table.from_arrays([made[name] for name in schema.names], schema=schema)


def _segments(recording: Recording) -> NDArray[np.int32]:
    """Number of the segment of each fix."""
    starts = np.zeros(len(recording.lon), np.int32)
    starts[recording.segments[recording.segments > 0]] = 1
    return np.cumsum(starts, dtype=np.int32)


def _degrees(values: NDArray[np.float64], whole: bool) -> pa.Array:
    return pa.array(np.round(values * E7).astype(np.int32) if whole else values)


def _ticks(seconds: NDArray[np.float64], unit: str) -> pa.Array:
    per_second = 1e3 if unit == "ms" else 1e6
    known = np.abs(seconds) < 1e12  # false for NaN, too
    ticks = np.round(np.where(known, seconds, 0.0) * per_second).astype(np.int64)
    return pa.array(ticks, mask=~known).cast(pa.timestamp(unit, "UTC"))
