"""Convert Arrow batches of drivers to the plain types that heatlas uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["plain_batch", "plain_schema"]


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Types of the batches that `plain_batch` returns."""
    return pa.schema([pa.field(field.name, _plain_type(field)) for field in schema])


def plain_batch(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """Select columns in this order: decimals as float64, no extension types, no dictionaries."""
    fields = [batch.schema.field(column) for column in columns]
    return pa.RecordBatch.from_arrays(
        [_plain(batch.column(field.name), _plain_type(field)) for field in fields], names=list(columns)
    )


def _plain_type(field: pa.Field) -> pa.DataType:
    kind = field.type.storage_type if isinstance(field.type, pa.BaseExtensionType) else field.type
    if isinstance(kind, pa.DictionaryType):
        kind = kind.value_type
    # PostgreSQL's numeric arrives as text, as it may have more digits than any number type.
    numeric = (field.metadata or {}).get(b"ADBC:postgresql:typname") == b"numeric"
    return pa.float64() if numeric or pa.types.is_decimal(kind) else kind


def _plain(array: pa.Array, kind: pa.DataType) -> pa.Array:
    storage = array.storage if isinstance(array, pa.ExtensionArray) else array
    if pa.types.is_decimal(storage.type):
        storage = storage.cast(pa.string())  # by way of text the result is the nearest double; a cast may miss it
    return storage if storage.type == kind else storage.cast(kind)
