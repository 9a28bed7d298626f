"""Read Arrow IPC, and the coordinate systems that GeoParquet and GeoArrow state."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from heatlas.core.errors import SourceFailed
from heatlas.sources.tables.columns import CRS
from heatlas.sources.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["failing", "read_arrow", "with_crs"]

_ROWS = 1 << 17
"""Rows of a batch: three columns of doubles stay in the processor's cache."""


@contextmanager
def failing(name: str, what: str) -> Iterator[None]:
    """Turn errors of Arrow into one sentence of a table, and of what is wrong with it."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).strip().splitlines() or ["unknown"])[0]
        raise SourceFailed(f"{name}: {what} ({reason[:160]})") from None


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
    with failing(name, "it is damaged or no Arrow file"), pa.memory_map(name) as file:
        opener: Callable[[pa.NativeFile], Any] = pa.ipc.open_file
        if file.read(6) != b"ARROW1":
            opener = pa.ipc.open_stream
        file.seek(0)
        schema = opener(file).schema

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with failing(name, "reading breaks off"), pa.memory_map(name) as file:
            reader = opener(file)
            batches = map(reader.get_batch, range(reader.num_record_batches)) if opener is pa.ipc.open_file else reader
            for batch in batches:
                chosen = batch.select(list(columns))
                for start in range(0, max(chosen.num_rows, 1), _ROWS):
                    yield chosen.slice(start, _ROWS)

    return Table(name=name, schema=with_crs(schema), read=read, repeatable=True)
