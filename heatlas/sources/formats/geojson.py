"""Read the lines of GeoJSON as tracks: LineString and MultiLineString, in a collection, one a line, or alone.

Formats: RFC 7946 (GeoJSON), RFC 8142 (GeoJSON text sequences). Times are where programs that convert GPX and KML put
them: ``properties.coordTimes``, ``properties.coordinateProperties.times`` and ``properties.times``.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import TABLES
from heatlas.core.errors import SourceFailed, Unreadable
from heatlas.core.regex import regex
from heatlas.core.words import counted
from heatlas.sources.formats.line_values import add_values, plain_facts
from heatlas.sources.formats.text_window import TextWindow
from heatlas.sources.formats.ways import AREAS, OTHERS, POINTS, Way, recordings_of_ways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from heatlas.core.batch import Recording
    from heatlas.sources.blobs import Content

__all__ = ["line_parts", "read_geojson"]

_PIECE = 1 << 20
_HEAD = 1 << 18
_LARGEST = 1 << 26
"""Bytes from the end in which a feature that was cut off is looked for."""
_DEEPEST = 8
_SHAPES = {"Point": POINTS, "MultiPoint": POINTS, "Polygon": AREAS, "MultiPolygon": AREAS}
_OLD_CRS = regex(r'"crs"\s*:\s*\{[^{}]*\{[^{}]*"name"\s*:\s*"([^"]+)"')
_BEGIN = regex(r'\{\s*"type"\s*:\s*"Feature"\s*,')
_TOKEN = regex(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_CLOSING = {"[": "]", "{": "}"}


def read_geojson(data: Content, source: str) -> list[Recording]:
    """Read GeoJSON: the lines of each feature are one recording; its properties are attributes of the activity.

    Parameters
    ----------
    data : Content
        The file, which is read in slices: a collection, a feature, a geometry, or features one after the other.
    source : str
        Path of the file, for ``Activity.source``.

    Returns
    -------
    list of Recording
        In the order of the file. The first bears the warnings of what is not drawn.

    Raises
    ------
    Unreadable
        When it holds no line; its kind then says what it holds.
    """
    ways: list[Way] = []
    others: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    crs = _OLD_CRS.search(data[:_HEAD].decode("utf-8", "replace"))
    for feature in _features(data, faults):
        properties = feature.get("properties")
        way = Way(plain_facts(properties))
        if isinstance(feature.get("id"), (str, int)):
            way.facts.setdefault("id", feature["id"])
        for part in line_parts(feature.get("geometry"), others):
            way.add(part)
        if len(way):
            add_values(way, properties)
            ways.append(way)
    if not ways:
        if others:
            raise Unreadable("a table of places (GeoJSON), not a recording", TABLES)
        if faults:
            raise Unreadable("damaged or cut off before its first line")
        raise Unreadable("GeoJSON without lines and places, not a recording", "maps without lines")
    if crs is not None:
        _place(ways, crs[1], source)
    warnings = []
    if faults["cut"]:
        warnings.append(f"cut off in the middle: {sum(map(len, ways))} complete points were kept")
    if faults["odd"]:
        warnings.append(f"{counted(faults['odd'], 'features')} that are no JSON objects")
    return recordings_of_ways(ways, source, others, warnings)


def _features(data: Content, faults: Counter[str]) -> Iterator[dict[str, Any]]:
    """Features in the order of the file, one at a time; damage is counted."""
    from heatlas.sources.tables.files.json_objects import LINES, Broken, form_of, objects
    from heatlas.sources.tables.streams import encoding_of

    encoding, mark = encoding_of(data[:_HEAD])
    form = form_of(data[mark:_HEAD].decode(encoding, "replace"), len(data) < _HEAD)
    if form == LINES:
        for line in _lines(data):
            try:
                yield from _within(json.loads(line), faults, 0)
            except (ValueError, RecursionError):
                faults["odd"] += 1
        return
    found = 0
    pieces = (data[at : at + _PIECE] for at in range(0, len(data), _PIECE))
    try:
        for each in objects(pieces, data[:_HEAD], form):
            found += 1
            yield from _within(each, faults, 0)
    except (Broken, ValueError):
        faults["cut"] += 1
        for each in _cut_off(data[-_LARGEST:].decode(encoding, "replace"), not found):
            yield from _within(each, faults, 0)


def _lines(data: Content) -> Iterator[str]:
    """Lines that hold anything."""
    window, at = TextWindow(data), 0
    while True:
        end = window.text.find("\n", at)
        if end < 0:
            at = window.drop(at)
            if window.more():
                continue
            end = len(window.text)
        text = window.text[at:end].strip(" \t\r\x1e\ufeff")
        if text:
            yield text
        elif end == len(window.text):
            return
        at = window.drop(min(end + 1, len(window.text)))


def _within(each: Any, faults: Counter[str], depth: int) -> Iterator[dict[str, Any]]:
    """Features of an object: itself, those of a collection, or one made of a geometry."""
    if not isinstance(each, dict) or depth > 1:
        faults["odd"] += 1
    elif isinstance(each.get("features"), list):
        for inner in each["features"]:
            yield from _within(inner, faults, depth + 1)
    elif "geometry" in each or each.get("type") == "Feature":
        yield each
    elif name := next((name for name, value in each.items() if isinstance(value, dict) and "coordinates" in value), ""):
        yield {"geometry": each[name], "properties": {key: value for key, value in each.items() if key != name}}
    else:
        yield {"geometry": each, "properties": {}}


def _cut_off(text: str, only: bool) -> Iterator[dict[str, Any]]:
    """Feature that the file breaks off in, up to the last position that is whole; `only` if none stands before it."""
    begins = [found.start() for found in _BEGIN.finditer(text)]
    start = begins[-1] if begins else text.find("{") if only else -1
    if start < 0:
        return
    open_brackets: list[str] = []
    end, closing = start, ""
    for token in _TOKEN.finditer(text, start):
        char = token[0]
        if char in _CLOSING:
            open_brackets.append(_CLOSING[char])
        elif char in "]}":
            if not open_brackets or open_brackets.pop() != char or not open_brackets:
                return  # damaged, or whole and known already
            end, closing = token.end(), "".join(reversed(open_brackets))
    try:
        found = json.loads(text[start:end] + closing)
    except (ValueError, RecursionError):
        return
    if not begins or found.get("geometry"):
        yield found


def line_parts(geometry: Any, others: Counter[str], depth: int = 0) -> list[NDArray[np.float64]]:
    """Lines of a GeoJSON geometry, each (n, 4): x, y, elevation, and NaN for the time; other shapes are counted."""
    if not isinstance(geometry, dict) or depth > _DEEPEST:
        others[OTHERS] += 1
        return []
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "GeometryCollection" and isinstance(geometry.get("geometries"), list):
        return [part for inner in geometry["geometries"] for part in line_parts(inner, others, depth + 1)]
    if kind not in {"LineString", "MultiLineString"} or not isinstance(coordinates, list):
        others[_SHAPES.get(str(kind), OTHERS)] += 1
        return []
    lines = [coordinates] if kind == "LineString" else coordinates
    return [part for line in lines if isinstance(line, list) and len(part := _positions(line))]


def _positions(line: list[Any]) -> NDArray[np.float64]:
    try:
        values = np.array(line, np.float64)
    except (ValueError, TypeError, OverflowError):
        values = np.zeros(0)
    if values.ndim != 2 or values.shape[1] < 2:
        values = np.array([_position(each) for each in line], np.float64).reshape(-1, 3)
    found = np.full((len(values), 4), np.nan)
    found[:, : min(values.shape[1], 3)] = values[:, :3]
    found[np.isinf(found)] = np.nan
    return found


def _position(each: Any) -> tuple[float, float, float]:
    if not isinstance(each, list) or len(each) < 2:
        return (np.nan,) * 3
    x, y, z = (_number(value) for value in [*each[:3], None][:3])
    return x, y, z


def _number(value: Any) -> float:
    if isinstance(value, (int, float)) and abs(value) < 1e300:
        return float(value)
    return np.nan


def _place(ways: list[Way], crs: str, source: str) -> None:
    """Convert positions from the coordinate system that an older file states."""
    from heatlas.core.errors import HeatlasError
    from heatlas.sources.tables.systems import as_wgs84

    for way in ways:
        for part in way.parts:
            try:
                part[:, 0], part[:, 1] = as_wgs84(part[:, 0], part[:, 1], crs, source)
            except (HeatlasError, SourceFailed) as error:
                raise Unreadable(str(error)) from None
