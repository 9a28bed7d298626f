"""A small base map: vector tiles (MVT 2.1) in Protomaps' schema, of a made-up town, in a PMTiles file."""

from __future__ import annotations

import gzip
import math
from types import MappingProxyType
from typing import TYPE_CHECKING

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

if TYPE_CHECKING:
    from pathlib import Path

EXTENT = 4096
_KINDS = {"point": 1, "line": 2, "area": 3}


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def _packed(numbers: list[int]) -> bytes:
    return b"".join(map(varint, numbers))


def _commands(kind: str, parts: list[list[tuple[int, int]]]) -> list[int]:
    """Geometry of a feature: moves and lines as differences, zigzag."""
    out, x, y = [], 0, 0
    for part in parts:
        points = part[:-1] if kind == "area" else part
        for k, (px, py) in enumerate(points):
            if k == 0:
                out.append(1 << 3 | 1)
            elif k == 1:
                out.append((len(points) - 1) << 3 | 2)
            out += [(dx << 1) ^ (dx >> 31) for dx in (px - x, py - y)]
            x, y = px, py
        if kind == "area":
            out.append(1 << 3 | 7)
    return out


def _value(value: str | int) -> bytes:
    return _field(1, value.encode()) if isinstance(value, str) else varint(4 << 3) + varint(value)


def layer(name: str, features: list[tuple[str, list[list[tuple[int, int]]], dict[str, str | int]]]) -> bytes:
    """A layer: features of a kind, with parts in pixels of `EXTENT` and properties."""
    keys = sorted({key for _, _, properties in features for key in properties})
    values = sorted({value for _, _, properties in features for value in properties.values()}, key=str)
    body = _field(1, name.encode())
    for kind, parts, properties in features:
        tags = [n for key, value in properties.items() for n in (keys.index(key), values.index(value))]
        body += _field(
            2,
            _field(2, _packed(tags))
            + varint(3 << 3)
            + varint(_KINDS[kind])
            + _field(4, _packed(_commands(kind, parts))),
        )
    body += b"".join(_field(3, key.encode()) for key in keys) + b"".join(_field(4, _value(value)) for value in values)
    return _field(3, body + varint(5 << 3) + varint(EXTENT) + varint(15 << 3) + varint(2))


def _project(zoom: int, x: int, y: int, lon: float, lat: float) -> tuple[int, int]:
    u = (lon / 360 + 0.5) * 2**zoom
    v = (0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)) * 2**zoom
    return round((u - x) * EXTENT), round((v - y) * EXTENT)


def town_tile(zoom: int, x: int, y: int, lat: float, lon: float) -> bytes:
    """A tile of a town around a place: earth, a lake to its south, a grid of streets, a park."""

    def at(east: float, north: float) -> tuple[int, int]:
        """Place so many kilometres from the middle."""
        return _project(zoom, x, y, lon + east / (111.2 * math.cos(math.radians(lat))), lat + north / 111.2)

    def box(west: float, south: float, east: float, north: float) -> list[list[tuple[int, int]]]:
        return [[at(west, north), at(east, north), at(east, south), at(west, south), at(west, north)]]

    streets = []
    for k in range(-12, 13):
        kind = (
            {"kind": "major_road", "kind_detail": "secondary"}
            if k % 4 == 0
            else {"kind": "minor_road", "kind_detail": "residential"}
        )
        named = {**kind, "name": f"Street {k}", "min_zoom": 5, "sort_rank": 400}
        streets += [("line", [[at(k / 4, -3), at(k / 4, 3)]], named), ("line", [[at(-3, k / 4), at(3, k / 4)]], named)]
    streets.append(
        ("line", [[at(-6, -4), at(6, 4)]], {"kind": "highway", "kind_detail": "motorway", "name": "A 1", "min_zoom": 3})
    )
    return b"".join(
        (
            layer("earth", [("area", box(-9, -9, 9, 9), {"kind": "earth"})]),
            layer("landuse", [("area", box(1, 1, 2, 2), {"kind": "park"})]),
            layer("water", [("area", box(-5, -6, 5, -3.3), {"kind": "lake", "name": "Long Lake"})]),
            layer("roads", streets),
            layer(
                "places",
                [
                    (
                        "point",
                        [[at(0.5, 1.5)]],
                        {"kind": "neighbourhood", "name": "Upper End", "min_zoom": 8, "population_rank": 3},
                    )
                ],
            ),
        )
    )


def write_town(
    path: Path, lat: float, lon: float, zooms: tuple[int, int] = (8, 14), *, layers=("earth", "water", "roads"),
    kind=TileType.MVT, more=MappingProxyType({}),
) -> Path:  # fmt: skip
    """Write a base map of the town around a place; `more` are further tiles of lower zooms, by number."""
    edge = 0.03
    box = (lon - 2 * edge, lat - edge, lon + 2 * edge, lat + edge)
    with path.open("wb") as file:
        writer = Writer(file)
        for number, data in more.items():
            writer.write_tile(number, data)
        for zoom in range(zooms[0], zooms[1] + 1):
            (left, top), (right, bottom) = (
                [n // EXTENT for n in _project(zoom, 0, 0, *corner)] for corner in ((box[0], box[3]), (box[2], box[1]))
            )
            for x in range(left, right + 1):
                for y in range(top, bottom + 1):
                    writer.write_tile(
                        zxy_to_tileid(zoom, x, y), gzip.compress(town_tile(zoom, x, y, lat, lon), mtime=0)
                    )
        west, south, east, north = (round(edge * 1e7) for edge in box)
        writer.finalize(
            {
                "tile_type": kind, "tile_compression": Compression.GZIP,
                "min_zoom": 0 if more else zooms[0], "max_zoom": zooms[1],
                "min_lon_e7": west, "min_lat_e7": south, "max_lon_e7": east, "max_lat_e7": north,
                "center_zoom": zooms[1], "center_lon_e7": round(lon * 1e7), "center_lat_e7": round(lat * 1e7),
            },
            {"vector_layers": [{"id": name} for name in layers], "attribution": "<a href=x>&copy; OpenStreetMap</a>"},
        )  # fmt: skip
    return path
