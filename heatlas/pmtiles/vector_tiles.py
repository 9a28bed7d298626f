"""Read vector tiles (Mapbox Vector Tile Specification 2.1): layers, features, lines and rings."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from heatlas.core.errors import SourceFailed
from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["LINE", "POLYGON", "Feature", "read_layers"]

LINE, POLYGON = 2, 3
"""Kinds of features."""
_MOVE, _LINE_TO, _CLOSE = 1, 2, 7
_EXTENT = 4096
Value = str | int | float | bool
Part = list[tuple[float, float]]


@frozen
class Feature:
    """A feature of a layer."""

    kind: int
    """1: points, 2: lines, 3: polygons."""
    properties: dict[str, Value]
    parts: list[Part]
    """Lines or rings: x and y of each corner, 0 to 1 in the tile from the north-west. Rings are not closed."""


def read_layers(data: bytes, wanted: Collection[str]) -> dict[str, list[Feature]]:
    """Read some layers of a tile; others are skipped.

    Raises
    ------
    SourceFailed
        When the bytes are no vector tile.
    """
    try:
        found: dict[str, list[Feature]] = {}
        for number, value in _fields(data):
            if number == 3 and isinstance(value, bytes):
                name = next((v.decode() for n, v in _fields(value) if n == 1 and isinstance(v, bytes)), "")
                if name in wanted:
                    found.setdefault(name, []).extend(_features(value))
    except (IndexError, ValueError, struct.error, TypeError):
        raise SourceFailed("a tile of the base map is damaged") from None
    return found


def _features(layer: bytes) -> Iterator[Feature]:
    keys: list[str] = []
    values: list[Value] = []
    features: list[bytes] = []
    extent = _EXTENT
    for number, value in _fields(layer):
        if number == 5 and isinstance(value, int):
            extent = value or _EXTENT
        elif isinstance(value, bytes):
            if number == 2:
                features.append(value)
            elif number == 3:
                keys.append(value.decode())
            elif number == 4:
                values.append(_value(value))
    for feature in features:
        tags: list[int] = []
        geometry: list[int] = []
        kind = 0
        for number, value in _fields(feature):
            if number == 3 and isinstance(value, int):
                kind = value
            elif isinstance(value, bytes) and number == 2:
                tags = _packed(value)
            elif isinstance(value, bytes) and number == 4:
                geometry = _packed(value)
        pairs = zip(tags[::2], tags[1::2], strict=True)
        yield Feature(kind, {keys[key]: values[k] for key, k in pairs}, _parts(geometry, extent))


def _parts(commands: list[int], extent: int) -> list[Part]:
    parts: list[Part] = []
    x = y = at = 0
    while at < len(commands):
        command, count = commands[at] & 7, commands[at] >> 3
        at += 1
        if command == _CLOSE:
            continue
        if command not in {_MOVE, _LINE_TO}:
            raise ValueError(command)
        for _ in range(count):
            right, down = commands[at], commands[at + 1]
            at += 2
            x += (right >> 1) ^ -(right & 1)
            y += (down >> 1) ^ -(down & 1)
            if command == _MOVE:
                parts.append([])
            parts[-1].append((x / extent, y / extent))
    return parts


def _value(data: bytes) -> Value:
    for number, value in _fields(data):
        if isinstance(value, bytes):
            if number == 1:
                return value.decode()
            return float(struct.unpack("<f" if number == 2 else "<d", value)[0])
        return bool(value) if number == 7 else (value >> 1) ^ -(value & 1) if number == 6 else value
    return ""


def _packed(data: bytes) -> list[int]:
    found = []
    value = shift = 0
    for byte in data:
        value |= (byte & 127) << shift
        if byte < 128:
            found.append(value)
            value = shift = 0
        else:
            shift += 7
    return found


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Fields of a message of Protocol Buffers: number, and a whole number or bytes (also those of 32 and 64 bits)."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        else:
            size = {1: 8, 5: 4}[wire] if wire in {1, 5} else -1
        if size < 0 or at + size > len(data):
            raise ValueError(wire)
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
