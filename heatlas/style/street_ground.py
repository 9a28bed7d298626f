"""Streets and water below the heat of a picture, painted in strips of rows from a file of vector tiles."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.pmtiles.vector_tiles import LINE, POLYGON, Feature, read_layers
from heatlas.style.image import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from PIL import ImageDraw

    from heatlas.core.window import Window
    from heatlas.pmtiles.streets import Streets
    from heatlas.style.image import Pixels

    Colour = tuple[int, int, int]

__all__ = ["OnStreets", "StreetGround"]

_LAYERS = ("earth", "landuse", "water", "roads")
_GREEN = frozenset({"park", "forest", "wood", "nature_reserve", "national_park", "golf_course", "cemetery", "grass"})
_WIDTHS = {"minor_road": 0.9, "other": 0.7, "path": 0.6, "rail": 0.7, "major_road": 1.7, "highway": 2.4}
"""Kind of a road -> width on a map of zoom 14, pixels; others have that of minor roads. The wider are drawn later."""
_SHARES = {"minor_road": 0.10, "other": 0.07, "path": 0.06, "rail": 0.08, "major_road": 0.16, "highway": 0.22}
"""Kind of a road -> how far its colour lies from the ground's to white, on a light ground to black."""
_WATER_DARK, _WATER_LIGHT, _GREEN_TINT = (4, 8, 16), (176, 199, 216), (90, 140, 90)
_STRIP = 1 << 22
"""Pixels of a strip that is painted at once."""
_FINER = 2
"""Pixels of the painting for each of the picture, a side: edges are smooth."""
_HELD = 96
"""Tiles that are remembered."""
_TILE = 512
"""Pixels of a tile at its own zoom, as styles of vector tiles count them."""


@dataclass(slots=True)
class StreetGround:
    """The ground of a window: land in one colour, and what the file has, faint against it."""

    streets: Streets
    window: Window
    land: Colour
    strip: tuple[int, NDArray[np.uint8]] | None = None
    """First row and pixels of the strip that was painted last."""
    tiles: OrderedDict[tuple[int, int, int], dict[str, list[Feature]]] = field(default_factory=OrderedDict)

    def rows(self, first: int, last: int) -> NDArray[np.uint8]:
        """(last - first, width, 3) RGB of rows `first` to `last`; cheapest from the top downwards."""
        high = max(64, _STRIP // self.window.width)
        parts, row = [], first
        while row < last:
            top = row // high * high
            if self.strip is None or self.strip[0] != top:
                height = min(high, self.window.height - top)
                self.strip = top, self._painted(replace(self.window, y=self.window.y + top, height=height))
            end = min(last, top + high)
            parts.append(self.strip[1][row - top : end - top])
            row = end
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _painted(self, window: Window) -> NDArray[np.uint8]:
        from PIL import Image, ImageDraw

        size = window.width * _FINER, window.height * _FINER
        image = Image.new("RGB", size, self.land)
        pen = ImageDraw.Draw(image)
        placed = list(self._features(window))
        for name, colour in (("water", self._water), ("landuse", self._mixed(_GREEN_TINT, 0.12))):
            for feature, place in placed:
                if feature[0] == name:
                    self._fill(pen, feature[1], place, colour)
        roads = [(feature[1], place) for feature, place in placed if feature[0] == "roads"]
        for kind in sorted(_WIDTHS, key=_WIDTHS.__getitem__):
            self._lines(pen, roads, kind)
        return np.asarray(image.resize((window.width, window.height), Image.Resampling.BOX))

    @property
    def _dark(self) -> bool:
        return sum(self.land) < 3 * 128

    @property
    def _water(self) -> Colour:
        return self._mixed(_WATER_DARK, 0.6) if self._dark else self._mixed(_WATER_LIGHT, 0.6)

    def _mixed(self, other: Colour, share: float) -> Colour:
        red, green, blue = (round(a + share * (b - a)) for a, b in zip(self.land, other, strict=True))
        return red, green, blue

    def _features(self, window: Window) -> Iterator[tuple[tuple[str, Feature], tuple[float, float, float]]]:
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

    def _fill(
        self, pen: ImageDraw.ImageDraw, feature: Feature, place: tuple[float, float, float], colour: Colour
    ) -> None:
        """Fill a polygon: outer rings in a colour, holes in that of the land."""
        if feature.kind != POLYGON:
            return
        left, top, side = place
        for ring in feature.parts:
            if len(ring) > 2:
                corners = [(left + x * side, top + y * side) for x, y in ring]
                pen.polygon(corners, fill=colour if _area(ring) >= 0 else self.land)

    def _lines(
        self, pen: ImageDraw.ImageDraw, roads: list[tuple[Feature, tuple[float, float, float]]], kind: str
    ) -> None:
        share = _SHARES[kind]
        colour = self._mixed((255, 255, 255) if self._dark else (0, 0, 0), share)
        grown = min(max(2 ** ((self.window.zoom - 15) / 2), 0.6), 4.0)
        width = max(1, round(_WIDTHS[kind] * grown * _FINER))
        for feature, (left, top, side) in roads:
            if feature.kind != LINE or _kind_of(feature) != kind:
                continue
            for line in feature.parts:
                pen.line([(left + x * side, top + y * side) for x, y in line], fill=colour, width=width, joint="curve")


def _kind_of(road: Feature) -> str:
    kind = str(road.properties.get("kind"))
    return kind if kind in _WIDTHS else "minor_road"


def _area(ring: list[tuple[float, float]]) -> float:
    """Twice the signed area; outer rings are positive as y goes down (section 4.3.3.3 of the specification)."""
    return sum(x * other[1] - other[0] * y for (x, y), other in zip(ring, [*ring[1:], ring[0]], strict=True))


@dataclass(frozen=True, slots=True)
class OnStreets:
    """A transparent picture on a ground of streets, painted row by row (see `heatlas.style.image.Pixels`)."""

    picture: Pixels
    ground: StreetGround

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.picture.shape

    @property
    def palette(self) -> NDArray[np.uint8] | None:
        """None: there are more colours than a palette can hold."""
        return None

    @property
    def opaque(self) -> bool:
        """Whether every pixel is opaque."""
        return True

    def rows(self, first: int, last: int) -> Picture:
        """Paint rows `first` to `last`."""
        heat = self.picture.rows(first, last).rgba
        below = self.ground.rows(first, last)
        alpha = heat[..., 3:].astype(np.uint16)
        pixels = np.empty_like(heat)
        pixels[..., :3] = (heat[..., :3] * alpha + below * (255 - alpha) + 127) // 255
        pixels[..., 3] = 255
        return Picture(pixels)
