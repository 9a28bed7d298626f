"""Interpret the messages of a FIT file: definitions become rows for ``decode``, rare messages become dicts.

A definition is represented by its bytes in the file. Equal bytes have the same meaning, so files of one device share
the cached results.
"""

from __future__ import annotations

import math
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.core.batch import COLUMNS
from heatlas.core.frozen import frozen
from heatlas.sources.formats.fit.profile import (
    BASE_TYPES,
    FIELDS,
    NAMES,
    PACKED,
    PACKED_PARTS,
    POSITION,
    RARE,
    RECORD,
    STRING,
    UNITS,
    Value,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EVERYTHING", "DeveloperField", "Plan", "developer_field", "global_number", "make_plan", "read_message"]


class DeveloperField(NamedTuple):
    """A field that an app added and that replaces a field of the record."""

    owner: int
    """Index of the app that added it."""
    number: int
    base_type: int
    column: str
    scale: float
    """value = raw / scale - offset, in the units of the column."""
    offset: float


@frozen
class Plan:
    """Plan to decode the records of one file into columns."""

    columns: tuple[str, ...]
    """Names of the rows of the output."""
    spans: NDArray[np.int64]
    """(d, 2) first and last row + 1 of each definition."""
    rows: NDArray[np.int64]
    """(r, 9), see ``heatlas.kernels.fit.decode``."""
    scales: NDArray[np.float64]
    """(r, 2) scale and offset."""


EVERYTHING = frozenset({*COLUMNS, "lat", "lon", "distance", "wrapped_distance", "fractional_cadence"})
"""All columns that a record may give."""
_DEVELOPER_RANK = -1  # a developer field is used where the native one has no value

_Row = tuple[int, str, tuple[int, ...], tuple[float, float]]


def global_number(definition: bytes) -> int:
    """Global number of the message that a definition defines."""
    return int.from_bytes(definition[3:5], "big" if definition[2] == 1 else "little")


@lru_cache(maxsize=256)
def make_plan(
    definitions: tuple[bytes, ...],
    developer: tuple[DeveloperField, ...] = (),
    wanted: frozenset[str] = EVERYTHING,
) -> Plan:
    """Make the plan to decode records into columns.

    Parameters
    ----------
    definitions
        Definitions of records, as bytes.
    developer
        The developer fields that replace fields of the record.
    wanted
        Names of the columns to decode.

    Returns
    -------
    Plan
        Its spans are in the order of ``definitions``.
    """
    columns: dict[str, int] = {}
    spans: list[tuple[int, int]] = []
    rows: list[tuple[int, ...]] = []
    scales: list[tuple[float, float]] = []
    for definition in definitions:
        first = len(rows)
        for _, column, row, scale in sorted(_rows(definition, developer), key=lambda row: row[0]):
            if column in wanted:
                rows.append((*row, columns.setdefault(column, len(columns))))
                scales.append(scale)
        spans.append((first, len(rows)))
    return Plan(
        tuple(columns),
        np.array(spans, np.int64).reshape(-1, 2),
        np.array(rows, np.int64).reshape(-1, 9),
        np.array(scales, np.float64).reshape(-1, 2),
    )


def _rows(definition: bytes, developer: tuple[DeveloperField, ...]) -> list[_Row]:
    """List the fields to read of a record: rank, column, row without its column, scale."""
    big = definition[2] == 1
    rows: list[_Row] = []
    own, added = _layout(definition)
    for at, field, size, base in own:
        if field == PACKED and size == 3:
            for shift, part in PACKED_PARTS:
                row = (at, 3, 0, 0, 0xFFFFFF, shift, 0xFFF, 0)
                rows.append((part.rank, part.column, row, (part.scale, part.offset)))
        elif field in FIELDS:
            meaning = FIELDS[field]
            found = _row(at, size, base, big=big)
            # A position in anything but signed 32-bit semicircles would be a guess.
            if found and (meaning.column not in POSITION or base & 31 == 5):
                rows.append((meaning.rank, meaning.column, found, (meaning.scale, meaning.offset)))
    if added:
        native = {(field.owner, field.number): field for field in developer}
        for at, field, size, index in added:
            if stand_in := native.get((index, field)):
                found = _row(at, size, stand_in.base_type, big=big)
                if found:
                    scale = (stand_in.scale, stand_in.offset)
                    rows.append((_DEVELOPER_RANK, stand_in.column, found, scale))
    return rows


def _row(at: int, size: int, base: int, *, big: bool) -> tuple[int, ...] | None:
    """Make the row of a number, or of the first one of an array. None if the type cannot be read or does not fit."""
    kind = BASE_TYPES.get(base & 31)
    if kind is None or size < kind.width or size % kind.width:
        return None
    return (at, kind.width, int(big), kind.sign, kind.invalid, 0, -1, int(kind.floating))


_Place = tuple[int, int, int, int]


def _layout(definition: bytes) -> tuple[list[_Place], list[_Place]]:
    """Lay out native and developer fields: offset, number, size, and base type or developer index."""
    end = 6 + 3 * definition[5]
    lists: tuple[list[_Place], list[_Place]] = ([], [])
    at = 0
    for fields, part in zip(lists, (definition[6:end], definition[end + 1 :]), strict=True):
        for i in range(0, len(part), 3):
            number, size, kind = part[i : i + 3]
            fields.append((at, number, size, kind))
            at += size
    return lists


_Slot = tuple[str, int, int, str, int | None, float]


@lru_cache(maxsize=1024)
def _slots(definition: bytes) -> tuple[_Slot, ...]:
    """List the fields to read of a rare message: name, offset, size, struct format, invalid value, scale."""
    known = RARE[global_number(definition)]
    order = ">" if definition[2] == 1 else "<"
    slots: list[_Slot] = []
    for at, number, size, base in _layout(definition)[0]:
        if number not in known:
            continue
        name, scale = known[number]
        kind = BASE_TYPES.get(base & 31)
        if base & 31 == STRING:
            slots.append((name, at, size, "", None, scale))
        elif kind and size >= kind.width and size % kind.width == 0:
            invalid = None if kind.floating else kind.invalid
            slots.append((name, at, size, order + kind.code, invalid, scale))
    return tuple(slots)


def read_message(data: bytes, content: int, definition: bytes) -> dict[str, Value]:
    """Read one rare message.

    Parameters
    ----------
    data
        The file.
    content
        First byte of the message after its header; all of it must lie within the file.
    definition
        Bytes of its definition.

    Returns
    -------
    dict
        Name -> value; fields that are invalid, empty or of a type that does not fit are left out.
    """
    values: dict[str, Value] = {}
    for name, at, size, code, invalid, scale in _slots(definition):
        if not code:
            raw = data[content + at : content + at + size].split(b"\0", 1)[0]
            text = "".join(c for c in raw.decode("utf-8", "replace") if c.isprintable()).strip()
            if text:
                values[name] = text
            continue
        (value,) = struct.unpack_from(code, data, content + at)
        if value != invalid and math.isfinite(value):
            values[name] = value / scale if scale != 1 else value
    return values


def developer_field(values: dict[str, Value]) -> DeveloperField | None:
    """Make a developer field from its description; None if it replaces no column of the record.

    It replaces one if it declares a native field of the record in a known unit (or in none), or if it is
    plainly named after a column and states its unit. Positions are never taken from developer fields.
    """
    index, number, base = (values.get(key) for key in ("index", "number", "base_type"))
    if not isinstance(index, int) or not isinstance(number, int) or not isinstance(base, int):
        return None
    unit = str(values.get("units", "")).lower()
    native = values.get("native_field")
    if native is not None:
        meaning = FIELDS.get(int(native)) if isinstance(native, int | float) else None
        column = meaning.column if meaning and values.get("native_message", RECORD) == RECORD else ""
        factor = UNITS.get(column, {}).get(unit, 1.0 if not unit and column in UNITS else 0.0)
    else:
        column = NAMES.get(str(values.get("name", "")).lower().replace("_", " "), "")
        factor = UNITS.get(column, {}).get(unit, 0.0)
    if not factor:
        return None
    scale, offset = (values.get(key, default) for key, default in (("scale", 1), ("offset", 0)))
    if not isinstance(scale, int | float) or not isinstance(offset, int | float) or not scale:
        return None
    return DeveloperField(index, number, base, column, scale * factor, offset / factor)
