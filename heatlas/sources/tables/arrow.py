"""Read Parquet and Arrow IPC, with the coordinate systems that GeoParquet states."""

from __future__ import annotations

import json
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from heatlas.core.errors import SourceFailed
from heatlas.sources.tables.columns import CRS
from heatlas.sources.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["read_arrow", "read_parquet", "with_crs"]

_ROWS = 1 << 17
"""Rows of a batch: three columns of doubles stay in the processor's cache."""
_BUFFER = 1 << 20
"""Bytes read ahead in each column; reading whole row groups at once takes ten times the memory and time."""


def read_parquet(path: Path) -> Table:
    """Open a Parquet file, or a folder of such files of one schema.

    Only the requested columns are read, row group by row group.

    Raises
    ------
    SourceFailed
        When it is not Parquet, or damaged: a truncated file has lost its table of contents.
    """
    name = str(path)
    paths = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not paths:
        raise SourceFailed(f"{name} holds no .parquet file")
    with _failing(name, "it is damaged or cut off"):
        # Metadata only: the files are opened again, one at a time, to read the rows.
        heads = [pq.read_metadata(part) for part in paths]
        schema = pq.read_schema(paths[0])

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for part in paths:
            with (
                _failing(str(part), "reading breaks off"),
                pq.ParquetFile(part, pre_buffer=False, buffer_size=_BUFFER) as file,
            ):
                # Checked before: pyarrow would take a name with a dot for a field of a struct.
                yield from file.iter_batches(_ROWS, columns=_paths(file, columns))

    return Table(
        name=name,
        schema=with_crs(schema),
        read=read,
        repeatable=True,
        bounds=lambda column: _bounds(heads, column),
        size=sum(head.num_rows for head in heads),
    )


def _paths(file: pq.ParquetFile, columns: Sequence[str]) -> list[str]:
    missing = set(columns) - set(file.schema_arrow.names)
    if missing:
        raise SourceFailed(f"a part of the table has no column {min(missing)}")
    return list(columns)


@contextmanager
def _failing(name: str, what: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).strip().splitlines() or ["unknown"])[0]
        raise SourceFailed(f"{name}: {what} ({reason[:160]})") from None


def _bounds(heads: Sequence[pq.FileMetaData], column: str) -> tuple[float, float] | None:
    """Least and greatest value of all row groups; None if one of them does not state both, or states NaN."""
    least, greatest = math.inf, -math.inf
    for head in heads:
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


def with_crs(schema: pa.Schema) -> pa.Schema:
    """Add the coordinate system that GeoParquet or GeoArrow states to the metadata of each geometry column."""
    stated: dict[str, Any] = {}
    try:
        geo = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
        primary = geo.get("primary_column")
        for column, about in sorted(geo.get("columns", {}).items(), key=lambda item: item[0] != primary):
            stated[column] = about.get("crs")
    except (ValueError, AttributeError, TypeError):
        stated = {}  # damaged metadata; the column may still be found by its name
    for field in schema:
        extension = (field.metadata or {}).get(b"ARROW:extension:name", b"")
        if extension.startswith(b"geoarrow.") and field.name not in stated:
            try:
                about = json.loads(field.metadata.get(b"ARROW:extension:metadata", b"{}") or b"{}")
                stated[field.name] = about.get("crs") if isinstance(about, dict) else None
            except ValueError:
                stated[field.name] = None
    if not stated:
        return schema
    # The geometry columns come first, the primary one before the others.
    order = {column: rank for rank, column in enumerate(stated)}
    fields = [
        field.with_metadata({**(field.metadata or {}), CRS: _written(stated[field.name])})
        if field.name in stated
        else field
        for field in schema
    ]
    return pa.schema(sorted(fields, key=lambda field: order.get(field.name, len(order))))


def _written(crs: Any) -> bytes:
    """Write a coordinate system as text; empty for None, which means WGS 84."""
    return b"" if crs is None else (crs if isinstance(crs, str) else json.dumps(crs)).encode()


def read_arrow(path: Path) -> Table:
    """Open an Arrow IPC file or stream (Feather is such a file).

    Raises
    ------
    SourceFailed
        When it is neither, or damaged.
    """
    name = str(path)
    with _failing(name, "it is damaged or no Arrow file"), pa.memory_map(name) as file:
        opener: Callable[[pa.NativeFile], Any] = pa.ipc.open_file
        if file.read(6) != b"ARROW1":
            opener = pa.ipc.open_stream
        file.seek(0)
        schema = opener(file).schema

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with _failing(name, "reading breaks off"), pa.memory_map(name) as file:
            reader = opener(file)
            batches = map(reader.get_batch, range(reader.num_record_batches)) if opener is pa.ipc.open_file else reader
            for batch in batches:
                chosen = batch.select(list(columns))
                for start in range(0, max(chosen.num_rows, 1), _ROWS):
                    yield chosen.slice(start, _ROWS)

    return Table(name=name, schema=with_crs(schema), read=read, repeatable=True)
