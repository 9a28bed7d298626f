"""Describe the columns of a table: their types, how they are read, and examples of their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from heatlas.core.errors import SourceFailed
from heatlas.sources.tables.cells.text import numbers
from heatlas.sources.tables.columns import CRS, PointColumns
from heatlas.sources.tables.settled import settled
from heatlas.sources.tables.table import RAW

if TYPE_CHECKING:
    from heatlas.sources.tables.table import Table

__all__ = ["column_facts"]

_LONGEST = 40
_TYPES = (
    (pa.types.is_boolean, "yes or no"),
    (pa.types.is_integer, "whole number"),
    (lambda kind: pa.types.is_floating(kind) or pa.types.is_decimal(kind), "number"),
    (pa.types.is_timestamp, "moment"),
    (pa.types.is_date, "day"),
    (pa.types.is_time, "time of the day"),
    (pa.types.is_duration, "span of time"),
    (lambda kind: pa.types.is_binary(kind) or pa.types.is_large_binary(kind), "bytes"),
    (pa.types.is_nested, "nested"),
    (pa.types.is_null, "nothing"),
)


def column_facts(table: Table, columns: PointColumns | None = None) -> list[dict[str, Any]]:
    """Describe the columns of a table by its first rows.

    Parameters
    ----------
    table : Table
        As it was opened. No rows are read of a table that can be read only once.
    columns : PointColumns, optional
        Roles of its columns, if known.

    Returns
    -------
    list of dict
        For each column: name; type, in words; reading, if it is unusual, else None; example, from the first row that
        has one; range, the least and greatest number of the first rows.
    """
    names = [name for name in table.schema.names if table.schema.names.count(name) == 1]
    batch = None if table.once else _first(table, columns or PointColumns(), names)
    facts = []
    for field in table.schema:
        fact: dict[str, Any] = {"name": field.name, "type": _type(field), "reading": table.readings.get(field.name)}
        if batch is not None and field.name in names:
            written, read = batch.column(RAW + field.name), batch.column(field.name)
            fact |= {"example": _example(written), "range": _range(read)}
        facts.append(fact)
    return facts


def _first(table: Table, columns: PointColumns, names: list[str]) -> pa.RecordBatch | None:
    """First rows, as written and as read; reading them fills `table.readings`."""
    try:
        known = table if table.raw else settled(table, columns)
        batches = known.read([*names, *(RAW + name for name in names)])
        return next((batch for batch in batches if batch.num_rows), None)
    except SourceFailed:
        return None  # reported when all rows are read


def _type(field: pa.Field) -> str:
    kind = field.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if CRS in (field.metadata or {}) or isinstance(field.type, pa.BaseExtensionType):
        return "geometry"
    return next((word for test, word in _TYPES if test(kind)), "text")


def _example(column: pa.Array) -> str | None:
    for value in column[:1000]:
        found = value.as_py() if value.is_valid else None
        if found is None or found == "":
            continue
        if isinstance(found, dict) and {"x", "y"} <= found.keys():
            return f"{found['y']}, {found['x']}"
        text = f"({len(found):,} bytes)" if isinstance(found, bytes) else " ".join(str(found).split())
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    return None


def _range(column: pa.Array) -> list[float] | None:
    """Least and greatest value of a column of numbers, or of text that holds only numbers."""
    if pa.types.is_temporal(column.type) or pa.types.is_boolean(column.type):
        return None
    values, bad = numbers(column)
    known = values[np.isfinite(values)]
    return [float(known.min()), float(known.max())] if bad is None and len(known) else None
