"""Convert rows of Python drivers to Arrow batches."""

from __future__ import annotations

import struct
from decimal import Decimal
from itertools import starmap
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["ROWS", "batches_of", "infer_schema"]

ROWS = 10_000
_CODES = {pa.float64(): "d", pa.int64(): "q"}


def batches_of(fetch: Callable[[int], Sequence[Sequence[Any]]], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Convert the rows that a cursor's `fetchmany` returns to batches, until it returns none.

    A column has the type of the schema if its values allow it. Else the batch has a wider type
    (SQLite stores values of all types in one column, and the first rows may all be NULL).
    """
    codes = [_CODES.get(kind) for kind in schema.types]
    # One call packs a whole row of numbers, three times as fast as one array for each column.
    packer = struct.Struct("=" + "".join(code for code in codes if code)) if codes and all(codes) else None
    while rows := fetch(ROWS):
        if packer is not None:
            try:
                packed = b"".join(starmap(packer.pack, rows))
            except struct.error:  # a NULL or a text among the numbers
                pass
            else:
                yield _unpacked(packed, schema)
                continue
        columns = [_column(values, kind) for values, kind in zip(zip(*rows, strict=True), schema.types, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, names=schema.names)


def infer_schema(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Schema:
    """Infer the types of columns from the first rows; null for a column whose values are all NULL."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.schema([pa.field(name, _column(values, None).type) for name, values in zip(names, columns, strict=True)])


def _unpacked(packed: bytes, schema: pa.Schema) -> pa.RecordBatch:
    words = np.frombuffer(packed, np.int64).reshape(-1, len(schema)).T.copy()
    arrays = [
        pa.array(row if kind == pa.int64() else row.view(np.float64))
        for row, kind in zip(words, schema.types, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=schema.names)


def _column(values: Sequence[Any], kind: pa.DataType | None) -> pa.Array:
    """Array of the values: of this type if it holds them exactly, else of the narrowest type that holds them all."""
    try:
        # With an integer type, Arrow would truncate 2.5 to 2.
        array = pa.array(values, pa.float64() if kind == pa.float64() else None)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return _mixed(values)
    if pa.types.is_decimal(array.type):
        return _mixed(values)
    return array.cast(kind) if kind is not None and pa.types.is_null(array.type) else array


def _mixed(values: Sequence[Any]) -> pa.Array:
    """Numbers of several kinds as float64, anything else as text or bytes."""
    held = [value for value in values if value is not None]
    if all(isinstance(value, int | float | Decimal) for value in held):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if all(isinstance(value, bytes | bytearray | memoryview) for value in held):
        return pa.array([None if value is None else bytes(value) for value in values], pa.binary())
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: Any) -> str:
    return bytes(value).hex() if isinstance(value, bytes | bytearray | memoryview) else str(value)
