"""Streets and water below the heat of a picture, painted in strips of rows from a file of vector tiles."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from heatlas.pmtiles.vector_tiles import LINE, POLYGON, Feature, read_layers
from heatlas.style.ground import Ground

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from PIL import Image, ImageDraw

    from heatlas.core.window import Window
    from heatlas.pmtiles.streets import Streets

    Colour = tuple[int, int, int]
    Place = tuple[float, float, float]
    """Left, upper edge and side of a tile, pixels."""

__all__ = ["StreetGround"]

_LAYERS = ("earth", "landuse", "water", "roads")
_GREEN = frozenset({
    "park", "forest", "wood", "nature_reserve", "national_park", "protected_area", "golf_course", "cemetery", "grass",
    "grassland", "scrub", "village_green", "allotments", "playground",
})  # fmt: skip
_STREAMS = {"river": 1.6, "canal": 1.2, "stream": 0.7}
"""Kind of a line of water -> width on a map of zoom 14, pixels."""
_WIDTHS = {"minor_road": 0.9, "other": 0.7, "path": 0.6, "rail": 0.7, "major_road": 1.7, "highway": 2.4}
"""Kind of a road -> width on a map of zoom 14, pixels; others have that of minor roads. The wider are drawn later."""
_SHARES = {"minor_road": 0.10, "other": 0.07, "path": 0.06, "rail": 0.08, "major_road": 0.16, "highway": 0.22}
"""Kind of a road -> how far its colour lies from the ground's to white, on a light ground to black."""
_GREEN_TINT = (90, 140, 90)
_FINER = 2
"""Pixels of the painting for each of the picture, a side: edges are smooth."""
_HELD = 96
"""Tiles that are remembered."""
_TILE = 512
"""Pixels of a tile at its own zoom, as styles of vector tiles count them."""


@dataclass(slots=True, kw_only=True)
class StreetGround(Ground):
    """The ground of a window: land in one colour, and what the file has, faint against it."""

    streets: Streets
    tiles: OrderedDict[tuple[int, int, int], dict[str, list[Feature]]] = field(default_factory=OrderedDict)

    def _painted(self, window: Window) -> NDArray[np.uint8]:
        from PIL import Image, ImageDraw

        size = window.width * _FINER, window.height * _FINER
        image = Image.new("RGB", size, self.land)
        pen = ImageDraw.Draw(image)
        placed = list(self._features(window))
        # Lakes lie in reserves, and never the other way: as in Protomaps' styles, water is painted above greens.
        for name, colour in (("landuse", self._mixed(_GREEN_TINT, 0.12)), ("water", self._water)):
            for feature, place in placed:
                if feature[0] == name and feature[1].kind == POLYGON:
                    _fill(image, pen, _rings(feature[1], place), colour)
        streams = [(feature[1], place) for feature, place in placed if feature[0] == "water"]
        for kind, width in _STREAMS.items():
            self._lines(pen, streams, kind, width, self._water)
        roads = [(feature[1], place) for feature, place in placed if feature[0] == "roads"]
        to = (255, 255, 255) if self._dark else (0, 0, 0)
        for kind in sorted(_WIDTHS, key=_WIDTHS.__getitem__):
            self._lines(pen, roads, kind, _WIDTHS[kind], self._mixed(to, _SHARES[kind]))
        return np.asarray(image.resize((window.width, window.height), Image.Resampling.BOX))

    def _features(self, window: Window) -> Iterator[tuple[tuple[str, Feature], Place]]:
        """Layer and feature of all tiles that meet a window; left, upper edge and side of their tile in its pixels."""
        first, last = self.streets.zooms
        zoom = min(max(round(math.log2(window.scale / _TILE)), first), last)
        side, across = window.scale / 2**zoom, 2**zoom
        for x in range(math.floor(window.x / side), math.floor((window.x + window.width - 1) / side) + 1):
            for y in range(max(math.floor(window.y / side), 0), math.floor((window.y + window.height - 1) / side) + 1):
                if y >= across:
                    continue
                place = (x * side - window.x) * _FINER, (y * side - window.y) * _FINER, side * _FINER
                for name, features in self._tile(zoom, x % across, y).items():
                    yield from (((name, feature), place) for feature in features)

    def _tile(self, zoom: int, x: int, y: int) -> dict[str, list[Feature]]:
        key = zoom, x, y
        if key in self.tiles:
            self.tiles.move_to_end(key)
            return self.tiles[key]
        data = self.streets.vector_tile(zoom, x, y)
        found = {} if data is None else read_layers(data, _LAYERS)
        found["landuse"] = [one for one in found.get("landuse", []) if one.properties.get("kind") in _GREEN]
        self.tiles[key] = found
        if len(self.tiles) > _HELD:
            self.tiles.popitem(last=False)
        return found

    def _lines(
        self, pen: ImageDraw.ImageDraw, features: list[tuple[Feature, Place]], kind: str, wide: float, colour: Colour
    ) -> None:
        grown = min(max(2 ** ((self.window.zoom - 15) / 2), 0.6), 4.0)
        width = max(1, round(wide * grown * _FINER))
        for feature, (left, top, side) in features:
            if feature.kind != LINE or _kind_of(feature) != kind:
                continue
            for line in feature.parts:
                pen.line([(left + x * side, top + y * side) for x, y in line], fill=colour, width=width, joint="curve")


def _rings(feature: Feature, place: Place) -> list[tuple[list[tuple[float, float]], bool]]:
    """Rings of a polygon in pixels, and whether each is a hole."""
    left, top, side = place
    return [
        ([(left + x * side, top + y * side) for x, y in ring], _area(ring) < 0)
        for ring in feature.parts
        if len(ring) > 2
    ]


def _fill(
    image: Image.Image, pen: ImageDraw.ImageDraw, rings: list[tuple[list[tuple[float, float]], bool]], colour: Colour
) -> None:
    """Fill a polygon; through its holes one sees what was there before."""
    from PIL import Image, ImageDraw

    if not any(hole for _, hole in rings):
        for corners, _ in rings:
            pen.polygon(corners, fill=colour)
        return
    x, y = zip(*(corner for corners, _ in rings for corner in corners), strict=True)
    left, top = max(math.floor(min(x)), 0), max(math.floor(min(y)), 0)
    right, bottom = min(math.ceil(max(x)) + 1, image.width), min(math.ceil(max(y)) + 1, image.height)
    if right <= left or bottom <= top:
        return
    mask = Image.new("1", (right - left, bottom - top))
    cutter = ImageDraw.Draw(mask)
    for corners, hole in rings:
        cutter.polygon([(u - left, v - top) for u, v in corners], fill=0 if hole else 1)
    image.paste(colour, (left, top), mask)


def _kind_of(line: Feature) -> str:
    kind = str(line.properties.get("kind"))
    return kind if kind in _WIDTHS or kind in _STREAMS else "minor_road"


def _area(ring: list[tuple[float, float]]) -> float:
    """Twice the signed area; outer rings are positive as y goes down (section 4.3.3.3 of the specification)."""
    return sum(x * other[1] - other[0] * y for (x, y), other in zip(ring, [*ring[1:], ring[0]], strict=True))
