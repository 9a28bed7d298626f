"""Split geometries other than plain points into parts, one geometry at a time, and find their centres.

Formats: OGC 06-103r4 (well-known text and binary), EWKB and EWKT of PostGIS, RFC 7946 (GeoJSON).
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Part", "centre", "geojson_parts", "wkb_parts", "wkt_parts"]

Part = tuple[int, "NDArray[np.float64]"]
"""Dimension (0 points, 1 a line, 2 an outer ring) and (n, 2) coordinates x, y."""

_MAX_DEPTH = 8
_Z, _M, _SRID = 0x80000000, 0x40000000, 0x20000000
_WKT = regex(
    r"\s*(?:SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)\s*(?:ZM|Z|M)?\s*(\(.*\))\s*", re.IGNORECASE | re.DOTALL
)
_GROUP = regex(r"\(([^()]*)\)")
_OUTER = regex(r"\(\s*\(([^()]*)\)")
_DIMENSIONS = {"Point": 0, "LineString": 1, "Polygon": 2}


def centre(parts: list[Part]) -> tuple[float, float] | None:
    """Find the centre of a geometry.

    This is the centroid of the outer rings, weighted by area; without rings the centroid of the lines,
    weighted by length; else the mean of the points. Holes do not count. None when there is no coordinate.
    """
    parts = [(dimension, xy) for dimension, xy in parts if len(xy)]
    if not parts:
        return None
    highest = max(dimension for dimension, _ in parts)
    rings = [xy for dimension, xy in parts if dimension == highest]
    weighted = [_weighed(highest, xy) for xy in rings]
    total = sum(weight for weight, _ in weighted)
    if total > 0:
        x, y = sum((weight * place for weight, place in weighted), np.zeros(2)) / total
    else:
        x, y = np.concatenate(rings).mean(0)
    return (float(x), float(y)) if np.isfinite((x, y)).all() else None


def _weighed(dimension: int, xy: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Number of points, length or area of one part, and its centre."""
    mean = xy.mean(0)
    if dimension == 0:
        return float(len(xy)), mean
    a, b = xy[:-1] - mean, xy[1:] - mean  # near zero, so that products lose no digits
    if dimension == 1:
        lengths = np.hypot(*(b - a).T)
        total = float(lengths.sum())
        return total, mean + (((a + b) / 2 * lengths[:, None]).sum(0) / total if total else 0)
    doubled = a[:, 0] * b[:, 1] - b[:, 0] * a[:, 1]
    total = float(doubled.sum())
    return abs(total) / 2, mean + (((a + b) * doubled[:, None]).sum(0) / (3 * total) if total else 0)


def wkb_parts(data: bytes) -> list[Part]:
    """Split well-known binary, ISO or EWKB, of any type built of points, lines and polygons.

    Raises
    ------
    ValueError
        When it is damaged or of another type.
    """
    try:
        parts, _ = _wkb(data, 0, 0)
    except struct.error:
        raise ValueError("cut off") from None
    return parts


def _wkb(data: bytes, at: int, depth: int) -> tuple[list[Part], int]:
    if depth > _MAX_DEPTH or data[at] > 1:
        raise ValueError("no well-known binary")
    order = "<>"[1 - data[at]]
    (code,) = struct.unpack_from(order + "I", data, at + 1)
    at += 9 if code & _SRID else 5
    dimensions = 2 + bool(code & _Z) + bool(code & _M)
    base = code & 0x0FFFFFFF
    if base >= 1000:
        dimensions, base = (2, 3, 3, 4)[min(base // 1000, 3)], base % 1000

    def coordinates(count: int, at: int) -> tuple[NDArray[np.float64], int]:
        values = np.frombuffer(data, order + "f8", count * dimensions, at)
        xy = values.reshape(count, dimensions)[:, :2].astype(np.float64)
        return xy[np.isfinite(xy).all(1)], at + values.nbytes

    if base == 1:
        xy, at = coordinates(1, at)
        return [(0, xy)], at
    (count,) = struct.unpack_from(order + "I", data, at)
    at += 4
    if base == 2:
        xy, at = coordinates(count, at)
        return [(1, xy)], at
    parts: list[Part] = []
    for k in range(count):
        if base == 3:
            (points,) = struct.unpack_from(order + "I", data, at)
            xy, at = coordinates(points, at + 4)
            parts += [] if k else [(2, xy)]
        elif base in {4, 5, 6, 7}:
            inner, at = _wkb(data, at, depth + 1)
            parts += inner
        else:
            raise ValueError("another type of geometry")
    return parts, at


def wkt_parts(text: str) -> list[Part]:
    """Split well-known text: points, lines, polygons, or several of one of them.

    Raises
    ------
    ValueError
        When it is damaged or of another type.
    """
    found = _WKT.fullmatch(text)
    if found is None:
        if re.fullmatch(r"\s*(?:SRID=\d+;)?\s*[A-Z]+\s*(?:ZM|Z|M)?\s*EMPTY\s*", text, re.IGNORECASE):
            return []
        raise ValueError("no well-known text")
    several, kind, inside = found.groups()
    dimension = ("POINT", "LINESTRING", "POLYGON").index(kind.upper())
    groups = _OUTER.findall(inside) if dimension == 2 else _GROUP.findall(inside)
    if dimension == 0 and several and not groups:
        raise ValueError("no well-known text")
    return [
        (dimension, np.array([[float(n) for n in pair.split()[:2]] for pair in group.split(",")], float).reshape(-1, 2))
        for group in groups
    ]


def geojson_parts(geometry: Any) -> list[Part]:
    """Split a GeoJSON geometry; None and empty geometries have no parts.

    Raises
    ------
    ValueError
        When it is not a geometry.
    """
    return list(_geojson(geometry, 0))


def _geojson(geometry: Any, depth: int) -> Iterator[Part]:
    if geometry is None:
        return
    if not isinstance(geometry, dict) or depth > _MAX_DEPTH:
        raise ValueError("no geometry")
    kind = str(geometry.get("type"))
    if kind == "GeometryCollection":
        for inner in geometry.get("geometries") or ():
            yield from _geojson(inner, depth + 1)
        return
    dimension = _DIMENSIONS.get(kind.removeprefix("Multi"))
    coordinates = geometry.get("coordinates")
    if dimension is None or not isinstance(coordinates, list):
        raise ValueError("no geometry")
    try:
        if kind == "Point":
            rings = [[coordinates]] if coordinates else []
        elif kind in {"MultiPoint", "LineString"}:
            rings = [coordinates]
        elif kind == "MultiPolygon":
            rings = [polygon[0] for polygon in coordinates if polygon]
        else:
            rings = coordinates[:1] if kind == "Polygon" else coordinates
        for ring in rings:
            yield dimension, np.array([point[:2] for point in ring], np.float64).reshape(-1, 2)
    except (TypeError, IndexError, KeyError):
        raise ValueError("no geometry") from None
