"""Arrow batches as drivers give them, brought to the plain types that heatlas works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["plain_batch", "plain_schema"]


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Types that `plain_batch` gives."""
    return pa.schema([pa.field(field.name, _plain_type(field)) for field in schema])


def plain_batch(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """Keep the named columns in this order: decimals as float64, no extension types, no dictionaries."""
    fields = [batch.schema.field(column) for column in columns]
    return pa.RecordBatch.from_arrays(
        [_plain(batch.column(field.name), _plain_type(field)) for field in fields], names=list(columns)
    )


def _plain_type(field: pa.Field) -> pa.DataType:
    kind = field.type.storage_type if isinstance(field.type, pa.BaseExtensionType) else field.type
    if isinstance(kind, pa.DictionaryType):
        kind = kind.value_type
    # PostgreSQL's numeric arrives as text, as it may be longer than any number.
    numeric = (field.metadata or {}).get(b"ADBC:postgresql:typname") == b"numeric"
    return pa.float64() if numeric or pa.types.is_decimal(kind) else kind


def _plain(array: pa.Array, kind: pa.DataType) -> pa.Array:
    storage = array.storage if isinstance(array, pa.ExtensionArray) else array
    if pa.types.is_decimal(storage.type):
        storage = storage.cast(pa.string())  # as a text it becomes the nearest number, by a direct cast not always
    return storage if storage.type == kind else storage.cast(kind)
