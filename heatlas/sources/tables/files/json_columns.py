"""Find the columns of JSON objects and convert them to Arrow arrays, by Arrow's JSON reader or Python's."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as arrow_json

from heatlas.core.frozen import frozen
from heatlas.sources.tables.geometry.parts import centre, geojson_parts
from heatlas.sources.tables.geometry.positions import PLACE, UNREADABLE, state_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["JsonField", "as_batch", "fields_of", "parse_block", "shape_of"]

_SMALL_BLOCK = 1 << 19
_PLACE = pa.struct([("x", pa.float64()), ("y", pa.float64()), ("state", pa.uint8())])
_POINT = pa.struct([("type", pa.string()), ("coordinates", pa.list_(pa.float64()))])


@frozen
class JsonField:
    """Place of a column in an object."""

    path: tuple[str, ...]
    """Keys that lead to the value."""
    kind: pa.DataType
    geometry: bool = False
    height: bool = False
    """Whether the column is the third coordinate of the geometry at `path`."""


def fields_of(sample: Sequence[dict[str, Any]]) -> dict[str, JsonField]:
    """Find the columns of some objects, in order of first occurrence."""
    if sample and sample[0].get("type") == "Feature":
        properties = [held for each in sample if isinstance(held := each.get("properties"), dict)]
        fields = {"geometry": JsonField(("geometry",), _PLACE, geometry=True)}
        named = _flat(properties, ("properties",))
        if any(_height(each.get("geometry")) is not None for each in sample):
            fields["z" if "elevation" in named else "elevation"] = JsonField(("geometry",), pa.float64(), height=True)
        if "id" not in named and any("id" in each for each in sample):
            named["id"] = JsonField(("id",), _kind([each.get("id") for each in sample]))
        return {**named, **fields}
    return _flat(sample, ())


def _flat(sample: Sequence[dict[str, Any]], before: tuple[str, ...]) -> dict[str, JsonField]:
    fields: dict[str, JsonField] = {}
    for name in dict.fromkeys(key for each in sample for key in each):
        values = [each.get(name) for each in sample]
        inner = [value for value in values if isinstance(value, dict)]
        if inner and all("coordinates" in value and "type" in value for value in inner):
            fields[name] = JsonField((*before, name), _PLACE, geometry=True)
            continue
        if inner:
            for key in dict.fromkeys(key for value in inner for key in value):
                kind = _kind([value.get(key) for value in inner])
                fields.setdefault(f"{name}.{key}", JsonField((*before, name, key), kind))
        plain = [value for value in values if not isinstance(value, dict)]
        if not inner or any(value is not None for value in plain):
            fields[name] = JsonField((*before, name), _kind(plain))
    return fields


def _kind(values: Iterable[Any]) -> pa.DataType:
    """Type of some values; text where they differ."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        return pa.int64()
    if kinds and kinds <= {int, float}:
        return pa.float64()
    return pa.string()


def _height(geometry: Any) -> float | None:
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        place = geometry.get("coordinates")
        if isinstance(place, list) and len(place) > 2 and isinstance(place[2], (int, float)):
            return float(place[2])
    return None


def shape_of(chosen: Mapping[str, JsonField]) -> pa.Schema | None:
    """Schema for Arrow's JSON reader; None if it cannot read these columns."""
    top: dict[str, Any] = {}
    for field in chosen.values():
        kind = _POINT if field.geometry or field.height else field.kind
        place = top
        for key in field.path[:-1]:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                return None
        if isinstance(place.get(field.path[-1]), dict):
            return None
        place[field.path[-1]] = kind
    return pa.schema([pa.field(name, _nested(kind)) for name, kind in top.items()])


def _nested(kind: Any) -> pa.DataType:
    if isinstance(kind, dict):
        return pa.struct([(name, _nested(inner)) for name, inner in kind.items()])
    assert isinstance(kind, pa.DataType)
    return kind


def parse_block(block: bytes, chosen: Mapping[str, JsonField], shape: pa.Schema) -> list[pa.RecordBatch] | None:
    """Read a block of objects without commas between them; None if an object differs from the sample."""
    try:
        table = arrow_json.read_json(
            io.BytesIO(block),
            read_options=arrow_json.ReadOptions(block_size=_SMALL_BLOCK),
            parse_options=arrow_json.ParseOptions(
                explicit_schema=shape, unexpected_field_behavior="ignore", newlines_in_values=True
            ),
        )
    except pa.ArrowException:
        return None
    batches = []
    for batch in table.to_batches():
        arrays = []
        for field in chosen.values():
            column = batch.column(field.path[0])
            for key in field.path[1:]:
                column = pc.struct_field(column, key)
            if field.geometry or field.height:
                column = _points(column, field.height)
                if column is None:
                    return None
            arrays.append(column)
        batches.append(pa.RecordBatch.from_arrays(arrays, list(chosen)))
    return batches


def _points(column: pa.StructArray, height: bool) -> pa.Array | None:
    """Positions, or heights, of GeoJSON points; None if one of them is not a plain point."""
    kinds, coordinates = column.field("type"), column.field("coordinates")
    if column.null_count or kinds.null_count or coordinates.null_count or coordinates.values.null_count:
        return None
    if not pc.all(pc.equal(kinds, "Point")).as_py():
        return None
    sizes = np.diff(coordinates.offsets.to_numpy())
    if not len(sizes) or sizes.min() != sizes.max() or sizes[0] < 2:
        return None
    values = coordinates.flatten().to_numpy().reshape(len(sizes), int(sizes[0]))
    if height:
        return pa.array(values[:, 2]) if values.shape[1] > 2 else pa.nulls(len(values), pa.float64())
    arrays = [pa.array(values[:, 0]), pa.array(values[:, 1]), pa.array(np.full(len(values), PLACE, np.uint8))]
    return pa.StructArray.from_arrays(arrays, fields=list(_PLACE))


def as_batch(held: Sequence[dict[str, Any]], chosen: Mapping[str, JsonField]) -> pa.RecordBatch:
    """Convert some objects to columns; a column of several types becomes text."""
    arrays = []
    for field in chosen.values():
        values = [_value(each, field.path) for each in held]
        if field.geometry:
            arrays.append(_placed(values))
        elif field.height:
            arrays.append(pa.array([_height(value) for value in values], pa.float64()))
        else:
            arrays.append(_column(values))
    return pa.RecordBatch.from_arrays(arrays, list(chosen))


def _value(each: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        each = each.get(key) if isinstance(each, dict) else None
    return each


def _placed(geometries: Sequence[Any]) -> pa.StructArray:
    x, y, state = np.full((3, len(geometries)), np.nan)
    for k, geometry in enumerate(geometries):
        try:
            x[k], y[k] = _plain_point(geometry)
            state[k] = PLACE
        except (TypeError, ValueError, KeyError):
            try:
                parts = geojson_parts(geometry)
            except (ValueError, RecursionError):
                state[k] = UNREADABLE
                continue
            state[k] = state_of(parts)
            if (place := centre(parts)) is not None:
                x[k], y[k] = place
    arrays = [pa.array(x), pa.array(y), pa.array(state.astype(np.uint8))]
    return pa.StructArray.from_arrays(arrays, fields=list(_PLACE))


def _plain_point(geometry: Any) -> tuple[float, float]:
    """Coordinates of a plain point: the fast path, as nearly all rows are points."""
    if geometry["type"] != "Point":
        raise ValueError
    x, y, *_ = geometry["coordinates"]
    return x, y


def _column(values: Sequence[Any]) -> pa.Array:
    """Arrow array of values from JSON; text where their types differ."""
    if not any(isinstance(value, (dict, list)) for value in values):
        with suppress(pa.ArrowException, OverflowError, TypeError):
            return pa.array(values)
    return pa.array(
        [value if value is None or isinstance(value, str) else json.dumps(value) for value in values], pa.string()
    )
