"""Tiles as rows of a Parquet file: partials of one partition, or merged ones, sorted along the Hilbert curve."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from heatlas.core.frozen import frozen
from heatlas.scale.sealed import opened_rows, seal_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.core.filesystems import Location

__all__ = ["RowGroup", "RowWriter", "TileRows", "concatenated", "read_summary", "row_groups", "written"]

_SCHEMA = pa.schema(
    [
        ("number", pa.int64()), ("passages", pa.int64()), ("persons", pa.int64()), ("pixels", pa.int32()),
        ("data", pa.large_binary()),
    ]
)  # fmt: skip
_GROUP = 1 << 20
"""Bytes of a row group, about: what is read at once of a range."""
_SUMMARY = b"heatlas.summary"
"""Key in the footer: what the task found, as JSON."""


@frozen
class TileRows:
    """Tiles, ascending by number; a number may come several times until it is merged."""

    numbers: NDArray[np.int64]
    """(n,) along the Hilbert curve (`heatlas.pmtiles.hilbert`)."""
    passages: NDArray[np.int64]
    """(n,) of each, also those in pixels that a threshold leaves out: tones follow from them (`heatlas.tiles`)."""
    persons: NDArray[np.int64]
    """(n,) who passed each; 0 where there is no threshold."""
    pixels: NDArray[np.int32]
    """(n,) pixels of each that hold anything."""
    offsets: NDArray[np.int64]
    """(n + 1,) into the bytes."""
    data: NDArray[np.uint8]
    """As `heatlas.kernels.partials` writes them."""

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.numbers)

    def between(self, low: int, high: int) -> TileRows:
        """Rows whose numbers are from one to below another; views."""
        first, last = np.searchsorted(self.numbers, [low, high])
        offsets = self.offsets[first : last + 1]
        data = self.data[offsets[0] : offsets[-1]]
        return TileRows(
            self.numbers[first:last], self.passages[first:last], self.persons[first:last], self.pixels[first:last],
            offsets - offsets[0], data,
        )  # fmt: skip

    def chosen(self, kept: NDArray[np.bool_]) -> TileRows:
        """Some of the rows (n,), without their bytes."""
        return TileRows(
            self.numbers[kept], self.passages[kept], self.persons[kept], self.pixels[kept],
            np.zeros(int(kept.sum()) + 1, np.int64), np.zeros(0, np.uint8),
        )  # fmt: skip


def concatenated(parts: Sequence[TileRows]) -> TileRows:
    """Put rows one after the other, in the order of the parts."""
    if not parts:
        nothing = np.zeros(0, np.int64)
        return TileRows(nothing, nothing, nothing, np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros(0, np.uint8))
    starts = np.cumsum([0, *(len(part.data) for part in parts)])
    offsets = [part.offsets[:-1] + start for part, start in zip(parts, starts, strict=False)]
    return TileRows(
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.passages for part in parts]),
        np.concatenate([part.persons for part in parts]),
        np.concatenate([part.pixels for part in parts]),
        np.concatenate([*offsets, starts[-1:]]),
        np.concatenate([part.data for part in parts]),
    )


class RowWriter:
    """Writes rows as one object, some at a time; it appears, whole, when it is closed.

    Parameters
    ----------
    location : Location
        The object.
    summary : dict
        What the task found, for `read_summary`.
    """

    def __init__(self, location: Location, summary: dict[str, Any]) -> None:
        self._location, self._sink = location, pa.BufferOutputStream()
        self._schema = _SCHEMA.with_metadata({_SUMMARY: json.dumps(summary).encode()})
        self._writer = pq.ParquetWriter(
            self._sink, self._schema, compression="zstd", compression_level=1, use_dictionary=False,
            column_encoding={"number": "DELTA_BINARY_PACKED"}, write_statistics=["number"], write_page_checksum=True,
        )  # fmt: skip
        self.rows = 0
        """Number of rows so far."""

    def add(self, rows: TileRows) -> None:
        """Write more rows, whose numbers are above those so far."""
        if not len(rows):
            return
        data = pa.Array.from_buffers(
            pa.large_binary(), len(rows), [None, pa.py_buffer(rows.offsets), pa.py_buffer(rows.data)]
        )
        columns = [*map(pa.array, (rows.numbers, rows.passages, rows.persons, rows.pixels)), data]
        size = max(1, len(rows) * _GROUP // max(len(rows.data), 1))
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema), row_group_size=min(size, 1 << 16))
        self.rows += len(rows)

    def close(self) -> None:
        """Write the object."""
        self._location.write(seal_table(self._sink, self._writer))


def read_summary(location: Location) -> dict[str, Any]:
    """Read what the task found that wrote an object."""
    with opened_rows(location) as file:
        head = file.metadata
        return {**json.loads(head.metadata[_SUMMARY]), "rows": head.num_rows}


class RowGroup(NamedTuple):
    """Rows of an object that are read together."""

    first: int
    """Number of the first tile."""
    rows: int
    bytes: int


def row_groups(location: Location) -> list[RowGroup]:
    """List the row groups of an object, from its footer."""
    with opened_rows(location) as file:
        head = file.metadata
        groups = [head.row_group(k) for k in range(head.num_row_groups)]
    return [RowGroup(int(g.column(0).statistics.min), g.num_rows, g.total_byte_size) for g in groups if g.num_rows]


def written(location: Location, low: int = 0, high: int | None = None, *, bare: bool = False) -> TileRows:
    """Read the rows of an object whose numbers lie in a range; only row groups that may hold any are read.

    Parameters
    ----------
    location : Location
        The object.
    low, high : int
        First number, and the one after the last; None: to the end.
    bare : bool
        Whether to leave out the bytes.
    """
    names = ["number", "passages", "persons"] if bare else _SCHEMA.names
    with opened_rows(location) as file:
        groups = [k for k in range(file.num_row_groups) if _overlaps(file.metadata.row_group(k), low, high)]
        table = file.read_row_groups(groups, columns=names, use_threads=False).combine_chunks()
    numbers = table["number"].to_numpy()
    first, last = np.searchsorted(numbers, [low, 2**62 if high is None else high])
    table = table.slice(first, last - first)
    passages, persons = table["passages"].to_numpy(), table["persons"].to_numpy()
    if bare:
        no_pixels, no_bytes = np.zeros(last - first, np.int32), np.zeros(last - first + 1, np.int64)
        return TileRows(numbers[first:last], passages, persons, no_pixels, no_bytes, np.zeros(0, np.uint8))
    if not len(table):
        return concatenated([])
    blobs = table["data"].chunk(0)
    offsets = np.frombuffer(blobs.buffers()[1], np.int64)[blobs.offset : blobs.offset + len(blobs) + 1]
    data = np.frombuffer(blobs.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    return TileRows(numbers[first:last], passages, persons, table["pixels"].to_numpy(), offsets - offsets[0], data)


def _overlaps(group: Any, low: int, high: int | None) -> bool:
    known = group.column(0).statistics
    return known is None or (known.max >= low and (high is None or known.min < high))
