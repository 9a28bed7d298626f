"""Read geometry columns as positions: well-known binary and text, GeoJSON, text "lat, lon"."""

from __future__ import annotations

import binascii
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heatlas.core.frozen import frozen
from heatlas.sources.tables.geometry.parts import centre, geojson_parts, wkb_parts, wkt_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from heatlas.sources.tables.geometry.parts import Part

__all__ = ["CENTRE", "LINE", "MISSING", "PLACE", "UNREADABLE", "RowPlaces", "places", "state_of"]

PLACE, CENTRE, MISSING, UNREADABLE, LINE = range(5)
"""States of a row: a point; the centre of a larger geometry; empty; not a geometry; a line.

A line has no position, as a dot in its middle would not show its course."""

_Z, _M, _SRID = 0x80000000, 0x40000000, 0x20000000
_SIZES = (21, 25, 29, 33, 37, 41)
"""Bytes of a point: header of 5 or 9 (with SRID), and 2 to 4 doubles."""
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_XY = rf"\(\s*(?P<x>{_NUMBER})\s+(?P<y>{_NUMBER})[^()]*\)"
_POINT = rf"(?i)^\s*(?:SRID=(?P<srid>\d+);)?\s*POINT\s*(?:ZM|Z|M)?\s*{_XY}\s*$"
_PAIR = rf"^\s*[(\[]?\s*(?P<y>{_NUMBER})\s*[,;\s]\s*(?P<x>{_NUMBER})\s*[)\]]?\s*$"
_HEX = r"^(?:00|01)[0-9A-Fa-f]{16,}$"


@frozen
class RowPlaces:
    """Positions of the rows of a column."""

    x: NDArray[np.float64]
    """(n,) longitude, or easting in another coordinate system; valid where PLACE, CENTRE or LINE."""
    y: NDArray[np.float64]
    """(n,) latitude or northing, likewise."""
    state: NDArray[np.uint8]
    """(n,) PLACE, CENTRE, MISSING, UNREADABLE or LINE."""
    srid: NDArray[np.int64]
    """(n,) EPSG code that the row itself states; 0 if none."""

    @classmethod
    def none(cls, n: int) -> RowPlaces:
        """Make `n` rows without positions."""
        nowhere = np.full((2, n), np.nan)
        return cls(nowhere[0], nowhere[1], np.full(n, MISSING, np.uint8), np.zeros(n, np.int64))


def places(column: pa.Array) -> RowPlaces:
    """Read a column of geometries.

    Points are read in bulk. Polygons and collections are placed at their centre
    (`heatlas.sources.tables.geometry.parts`). Lines get a state of their own.

    Parameters
    ----------
    column : pyarrow.Array
        WKB or EWKB (binary, or hexadecimal text), WKT or EWKT, GeoJSON text, text "lat, lon", or a struct of
        x and y.
    """
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind, found = column.type, RowPlaces.none(len(column))
    if pa.types.is_struct(kind) and {"x", "y"} <= {field.name for field in kind}:
        _from_struct(column, found)
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        _from_wkb(column, found)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        _from_text(column.cast(pa.large_string()), found)
    elif not pa.types.is_null(kind):
        found.state[:] = np.where(_known(column), UNREADABLE, MISSING)
    return found


def _known(column: pa.Array) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = column.is_valid().to_numpy(zero_copy_only=False)
    return known


def _set(found: RowPlaces, rows: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    real = np.isfinite(x) & np.isfinite(y)
    found.x[rows], found.y[rows] = x, y
    found.state[rows] = np.where(real, PLACE, MISSING)


def _from_struct(column: pa.StructArray, found: RowPlaces) -> None:
    rows = np.flatnonzero(_known(column))
    x, y = (
        pc.struct_field(column, name).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False) for name in "xy"
    )
    _set(found, rows, x[rows], y[rows])
    if any(field.name == "state" for field in column.type):  # set by the JSON reader
        state = pc.fill_null(pc.struct_field(column, "state"), MISSING).to_numpy(zero_copy_only=False)
        special = (state != PLACE) & (found.state != MISSING)
        found.state[special] = state[special]
        found.state[state == UNREADABLE] = UNREADABLE


def _from_wkb(column: pa.Array, found: RowPlaces) -> None:
    column = column.cast(pa.large_binary())
    n, first = len(column), column.offset
    _, offsets_buffer, data_buffer = column.buffers()
    if not n or data_buffer is None:
        return
    offsets = np.frombuffer(offsets_buffer, np.int64)[first : first + n + 1]
    data = np.frombuffer(data_buffer, np.uint8)
    known, sizes = _known(column), np.diff(offsets)
    done = ~known | (sizes == 0)
    for size in _SIZES:
        rows = np.flatnonzero(known & (sizes == size))
        if not len(rows):
            continue
        together = len(rows) == n
        records = (
            data[offsets[0] : offsets[-1]].reshape(n, size) if together else data[offsets[rows, None] + np.arange(size)]
        )
        done[rows] = _wkb_points(records, rows, found)
    _one_by_one(np.flatnonzero(~done), lambda row: wkb_parts(column[int(row)].as_py()), found)


def _wkb_points(records: NDArray[np.uint8], rows: NDArray[np.int64], found: RowPlaces) -> NDArray[np.bool_]:
    """Read the points among records of one size; return which records were points."""
    done = np.zeros(len(rows), bool)
    for order, sign in ((1, "<"), (0, ">")):
        mine = records[:, 0] == order
        if not mine.any():
            continue
        codes = np.zeros(len(rows), np.int64)
        codes[mine] = np.ascontiguousarray(records[mine, 1:5]).view(f"{sign}u4").ravel()
        for code in np.unique(codes[mine]).tolist():
            base, has_srid = code & 0x0FFFFFFF, bool(code & _SRID)
            dimensions = 2 + bool(code & _Z) + bool(code & _M)
            if base >= 1000:
                dimensions, base = (2, 3, 3, 4)[min(base // 1000, 3)], base % 1000
            start = 9 if has_srid else 5
            if base != 1 or start + 8 * dimensions != records.shape[1]:
                continue
            these = mine & (codes == code)
            mine_all = bool(these.all())
            chosen = records if mine_all else records[these]
            xy = np.ascontiguousarray(chosen[:, start : start + 16]).view(f"{sign}f8").astype(np.float64, copy=False)
            targets = rows if mine_all else rows[these]
            _set(found, targets, xy[:, 0], xy[:, 1])
            if has_srid:
                found.srid[targets] = np.ascontiguousarray(chosen[:, 5:9]).view(f"{sign}u4").ravel()
            done |= these
    return done


def _from_text(column: pa.Array, found: RowPlaces) -> None:
    blank = ~pc.fill_null(pc.match_substring_regex(column, r"\S"), False).to_numpy(zero_copy_only=False)
    left = np.flatnonzero(~blank)
    for pattern in (_POINT, _PAIR):
        if not len(left):
            return
        parts = pc.extract_regex(column.take(pa.array(left)), pattern)
        hit = _known(parts)
        if hit.any():
            parts = parts.filter(pa.array(hit))
            x, y = (pc.struct_field(parts, name).cast(pa.float64()).to_numpy() for name in "xy")
            _set(found, left[hit], x, y)
            if pattern == _POINT:
                srid = pc.struct_field(parts, "srid")
                found.srid[left[hit]] = [int(text or 0) % (1 << 31) for text in srid.to_pylist()]
            left = left[~hit]
    coded = pc.match_substring_regex(column.take(pa.array(left)), _HEX).to_numpy(zero_copy_only=False)
    if coded.any():
        rows = left[coded]
        texts = column.take(pa.array(rows)).to_pylist()
        inner = RowPlaces.none(len(rows))
        codes = [binascii.unhexlify(text[: len(text) // 2 * 2]) for text in texts]
        _from_wkb(pa.array(codes, pa.large_binary()), inner)
        for name in ("x", "y", "state", "srid"):
            getattr(found, name)[rows] = getattr(inner, name)
    _one_by_one(left[~coded], lambda row: _text_parts(column[int(row)].as_py()), found)


def _text_parts(text: str) -> list[Part]:
    return geojson_parts(json.loads(text)) if text.lstrip().startswith("{") else wkt_parts(text)


def _one_by_one(rows: NDArray[np.int64], parts_of: Callable[[Any], list[Part]], found: RowPlaces) -> None:
    """Read rows that are not plain points."""
    for row in rows:
        try:
            parts = parts_of(row)
        except (ValueError, IndexError, RecursionError):
            found.state[row] = UNREADABLE
            continue
        found.state[row] = state_of(parts)
        if (place := centre(parts)) is not None:
            found.x[row], found.y[row] = place


def state_of(parts: list[Part]) -> int:
    """State of a geometry with these parts."""
    if centre(parts) is None:
        return MISSING
    if max(dimension for dimension, *_ in parts) == 1:
        return LINE
    return PLACE if len(parts) == 1 and parts[0][0] == 0 and len(parts[0][1]) == 1 else CENTRE
