"""Read lines of geometries with all their coordinates: elevations (Z), and measures (M) that may be times.

Formats: OGC 06-103r4 (well-known text and binary), EWKB and EWKT of PostGIS, RFC 7946 (GeoJSON).
"""

from __future__ import annotations

import binascii
import json
import re
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.regex import regex
from heatlas.sources.formats.geojson import line_parts
from heatlas.sources.formats.ways import AREAS, OTHERS, POINTS

if TYPE_CHECKING:
    from collections import Counter

    from numpy.typing import NDArray

__all__ = ["lines_of"]

_DEEPEST = 8
_Z, _M, _SRID = 0x80000000, 0x40000000, 0x20000000
_WKT = regex(
    r"\s*(?:SRID=(\d+);)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)\s*(ZM|Z|M)?\s*(\(.*\))\s*", re.IGNORECASE | re.DOTALL
)
_GROUP = regex(r"\(([^()]*)\)")
_HEX = regex(r"0[01][0-9A-Fa-f]{16,}")
_SHAPES = {1: POINTS, 4: POINTS, 3: AREAS, 6: AREAS}
_NAMES = {"POINT": POINTS, "POLYGON": AREAS}


def lines_of(value: Any, others: Counter[str]) -> tuple[list[NDArray[np.float64]], int]:
    """Lines of one geometry.

    Parameters
    ----------
    value : bytes or str
        WKB or EWKB (also as hexadecimal text), WKT or EWKT, or GeoJSON.
    others : Counter
        Kind of shape that is no line -> their number; increased. A geometry that cannot be read counts as unknown.

    Returns
    -------
    list of ndarray of float64 (n, 4)
        x, y, z, m; NaN where there is none.
    int
        EPSG code that the geometry states; 0 if none.
    """
    try:
        if isinstance(value, str):
            text = value.strip()
            if text.startswith("{"):
                return line_parts(json.loads(text), others), 0
            if not _HEX.fullmatch(text):
                return _wkt(text, others)
            value = binascii.unhexlify(text[: len(text) // 2 * 2])
        parts, _, srid = _wkb(bytes(value), 0, 0, others)
    except (ValueError, IndexError, RecursionError, struct.error, TypeError):
        others[OTHERS] += 1
        return [], 0
    return [part for part in parts if len(part)], srid


def _wkb(data: bytes, at: int, depth: int, others: Counter[str]) -> tuple[list[NDArray[np.float64]], int, int]:
    """Lines that begin at a byte, the byte after them, and the SRID."""
    if depth > _DEEPEST or data[at] > 1:
        raise ValueError("no well-known binary")
    order = "<>"[1 - data[at]]
    (code,) = struct.unpack_from(order + "I", data, at + 1)
    srid = struct.unpack_from(order + "I", data, at + 5)[0] if code & _SRID else 0
    at += 9 if code & _SRID else 5
    base, height, measure = code & 0x0FFFFFFF, bool(code & _Z), bool(code & _M)
    if base >= 1000:
        height, measure, base = base // 1000 in {1, 3}, base // 1000 in {2, 3}, base % 1000
    width = 2 + height + measure
    if base == 1:
        others[POINTS] += depth == 0
        return [], at + 8 * width, srid
    (count,) = struct.unpack_from(order + "I", data, at)
    at += 4
    if base == 2:
        values = np.frombuffer(data, order + "f8", count * width, at).reshape(count, width)
        part = np.full((count, 4), np.nan)
        part[:, [0, 1, *([2] if height else []), *([3] if measure else [])]] = values
        part[np.isinf(part)] = np.nan
        return [part], at + values.nbytes, srid
    if base not in {3, 4, 5, 6, 7}:
        raise ValueError("another type of geometry")
    found: list[NDArray[np.float64]] = []
    for _ in range(count):
        if base == 3:
            (points,) = struct.unpack_from(order + "I", data, at)
            at += 4 + 8 * width * points
        else:
            parts, at, _ = _wkb(data, at, depth + 1, others)
            found += parts
    if base in _SHAPES and (depth == 0 or base == 3):
        others[_SHAPES[base]] += base != 6
    return found, at, srid


def _wkt(text: str, others: Counter[str]) -> tuple[list[NDArray[np.float64]], int]:
    found = _WKT.fullmatch(text)
    if found is None:
        others[OTHERS] += 1
        return [], 0
    srid, _, kind, letters, inside = found.groups()
    if kind.upper() != "LINESTRING":
        others[_NAMES[kind.upper()]] += 1
        return [], 0
    parts = []
    for group in _GROUP.findall(inside):
        rows = [[float(number) for number in place.split()] for place in group.split(",")]
        values = np.array(rows, np.float64)
        if values.ndim != 2 or not 2 <= values.shape[1] <= 4:
            raise ValueError("no line")
        part = np.full((len(values), 4), np.nan)
        third = [3] if (letters or "").upper() == "M" else [2]
        part[:, [0, 1, *third, 3][: values.shape[1]]] = values
        part[np.isinf(part)] = np.nan
        parts.append(part)
    return parts, int(srid or 0) % (1 << 31)
