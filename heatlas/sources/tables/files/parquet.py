"""Read Parquet: files, folders and patterns of files, on disks and in buckets."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from heatlas.core.errors import SourceFailed, printable
from heatlas.core.filesystems import is_address, locate
from heatlas.core.threads import side_by_side
from heatlas.sources.contract.columns import is_partition
from heatlas.sources.contract.partitions import partition_of
from heatlas.sources.tables.files.arrow import failing, with_crs
from heatlas.sources.tables.files.parquet_files import ENDING
from heatlas.sources.tables.table import Dataset, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from heatlas.core.filesystems import Location

__all__ = ["read_dataset", "read_parquet"]

_ROWS = 1 << 17
"""Rows of a batch: three columns of doubles stay in the processor's cache."""
_BUFFER = 1 << 20
"""Bytes read ahead in each column; reading whole row groups at once takes ten times the memory and time."""
_THREADS = 16
"""Footers that are read from a bucket at once."""


def read_parquet(path: Path) -> Table:
    """Open a Parquet file, or a folder of such files.

    Raises
    ------
    SourceFailed
        When it is not Parquet, or damaged: a truncated file has lost its table of contents.
    """
    location = locate(path)
    files = tuple(location.files(ENDING)) if path.is_dir() else (location,)
    if not files:
        raise SourceFailed(f"{path} holds no .parquet file")
    return read_dataset(Dataset(str(path), files))


def read_dataset(dataset: Dataset) -> Table:
    """Open files of Parquet as one table; only the requested columns are read, row group by row group.

    Raises
    ------
    SourceFailed
        When one is not Parquet, or damaged.
    """
    local = all(file.is_local for file in dataset.files)
    parts = side_by_side(_part, dataset.files, 1 if local else _THREADS)
    if len(parts) == 1 and not is_address(dataset.name):
        return replace(parts[0], name=dataset.name)
    first = parts[0]

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for part in parts:
            yield from part.read(columns)

    def bounds(column: str) -> tuple[float, float] | None:
        found = [part.bounds(column) for part in parts if part.size]
        known = [each for each in found if each is not None]
        if not known or len(known) < len(found):
            return None
        return min(low for low, _ in known), max(high for _, high in known)

    table = replace(first, name=printable(dataset.name), read=read, bounds=bounds, partition=None)
    table = replace(table, size=sum(part.size or 0 for part in parts))
    # What the parts count and say is counted and said of the whole.
    together = {name: getattr(table, name) for name in ("dropped", "names", "readings", "beyond", "warnings")}
    return replace(table, parts=tuple(replace(part, **together) for part in parts))


def _part(location: Location) -> Table:
    """Open one file."""
    name = location.uri
    with (
        failing(name, "it is damaged or cut off"),
        location.filesystem.open_input_file(location.path) as source,
        pq.ParquetFile(source) as file,
    ):
        # Metadata only: the file is opened again to read its rows.
        head, schema = file.metadata, file.schema_arrow

    def read(columns: Sequence[str], coded: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
        with failing(name, "reading breaks off"), location.filesystem.open_input_file(location.path) as source:
            how = {"buffer_size": _BUFFER} if location.is_local else {}
            with pq.ParquetFile(source, pre_buffer=not location.is_local, read_dictionary=list(coded), **how) as file:
                # Checked before: pyarrow would take a name with a dot for a field of a struct.
                missing = set(columns) - set(schema.names)
                if missing:
                    raise SourceFailed(f"{name}: this part of the table has no column {min(missing)}")
                yield from file.iter_batches(_ROWS, columns=list(columns))

    def coded(column: str) -> Iterator[pa.Array]:
        for batch in read([column], [column] if _is_coded(head, schema, column) else []):
            yield batch.column(0)

    return Table(
        name=name,
        schema=with_crs(schema),
        read=read,
        repeatable=True,
        bounds=partial(_bounds, head),
        size=head.num_rows,
        coded=coded,
        partition=partition_of(location, head, schema) if is_partition(schema) else None,
    )


def _is_coded(head: pq.FileMetaData, schema: pa.Schema, column: str) -> bool:
    """Whether a column of text is stored as a dictionary."""
    if column not in schema.names or not head.num_row_groups:
        return False
    kind = schema.field(column).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return False
    index = next(k for k in range(head.num_columns) if head.schema.column(k).path == column)
    encodings = head.row_group(0).column(index).encodings
    return "RLE_DICTIONARY" in encodings or "PLAIN_DICTIONARY" in encodings


def _bounds(head: pq.FileMetaData, column: str) -> tuple[float, float] | None:
    """Least and greatest value of all row groups; None if one of them does not state both, or states NaN."""
    least, greatest = math.inf, -math.inf
    index = next((k for k in range(head.num_columns) if head.schema.column(k).path == column), None)
    if index is None or head.schema.column(index).physical_type in {"BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"}:
        return None  # text is compared by its letters
    for k in range(head.num_row_groups):
        if not head.row_group(k).num_rows:
            continue
        statistics = head.row_group(k).column(index).statistics
        if statistics is None:
            return None
        if not statistics.has_min_max:
            if statistics.has_null_count and statistics.null_count == head.row_group(k).num_rows:
                continue
            return None
        try:
            low, high = float(statistics.min), float(statistics.max)
        except (TypeError, ValueError):
            return None
        if not (math.isfinite(low) and math.isfinite(high)):
            return None
        least, greatest = min(least, low), max(greatest, high)
    return (least, greatest) if least <= greatest else None
