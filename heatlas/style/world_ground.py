"""Land, coasts and borders below the heat of a picture: Natural Earth, which pages show as well."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.mercator import MAX_LATITUDE, from_lonlat
from heatlas.style.ground import Ground
from heatlas.web import STATIC

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window

    Line = NDArray[np.float64]
    """(n, 2) world coordinates."""

__all__ = ["LAST_ZOOM", "WorldGround"]

LAST_ZOOM = 9.5
"""Zoom from which on nothing is painted: nearer, straight coasts would put ways on land into the sea."""
_FADES = 8.0
"""Zoom from which on it fades."""
_COAST, _BORDER = 0.22, 0.14
"""How far lines lie from the ground's colour to white, on a light ground to black."""
_FINER = 2
"""Pixels of the painting for each of the picture, a side: edges are smooth."""
_EDGE, _SOUTH = 179.97, -83.0
"""Longitude and latitude of the cuts at the edges of the map, which are no coast."""


@dataclass(slots=True)
class WorldGround(Ground):
    """The ground of a window: land in one colour, the sea, coasts and borders faint against it."""

    def _painted(self, window: Window) -> NDArray[np.uint8]:
        from PIL import Image, ImageDraw

        strength = min(max((LAST_ZOOM - window.zoom) / (LAST_ZOOM - _FADES), 0.0), 1.0)
        sea = self._mixed(self._water, strength)
        image = Image.new("RGB", (window.width * _FINER, window.height * _FINER), sea)
        if not strength:
            return np.asarray(image.resize((window.width, window.height)))
        pen = ImageDraw.Draw(image)
        land, coasts, borders = _world()
        for ring in land:
            for placed in _placed(ring, window):
                pen.polygon(placed.ravel().tolist(), fill=self.land)
        to = (255, 255, 255) if self._dark else (0, 0, 0)
        width = max(1, round(_FINER * max(1.0, math.sqrt(window.width / 1200))))
        for lines, share in ((borders, _BORDER), (coasts, _COAST)):
            colour = self._mixed(to, share * strength)
            for line in lines:
                for placed in _placed(line, window):
                    pen.line(placed.ravel().tolist(), fill=colour, width=width, joint="curve")
        return np.asarray(image.resize((window.width, window.height), Image.Resampling.BOX))


def _placed(line: Line, window: Window) -> list[Line]:
    """Pixels of a line in all copies of the world in which it meets a window."""
    x, y = line[:, 0] * window.scale - window.x, line[:, 1] * window.scale - window.y
    if float(y.max()) < -_FINER or float(y.min()) > window.height + _FINER:
        return []
    first = math.ceil((-_FINER - float(x.max())) / window.scale)
    last = math.floor((window.width + _FINER - float(x.min())) / window.scale)
    # Whole numbers: strips that begin anywhere round alike.
    return [np.floor(np.stack((x + copy * window.scale, y), axis=1) * _FINER) for copy in range(first, last + 1)]


@cache
def _world() -> tuple[list[Line], list[Line], list[Line]]:
    """Outlines of land, coasts, and borders."""
    file: dict[str, Any] = json.loads((STATIC / "vendor" / "world.json").read_text(encoding="utf-8"))
    scale, translate = (np.array(file["transform"][name], float) for name in ("scale", "translate"))
    arcs = [np.cumsum(np.array(arc, float), axis=0) * scale + translate for arc in file["arcs"]]
    used = np.zeros(len(arcs), int)
    land = []
    for parts in file["countries"]:
        for part in parts:
            for k, numbers in enumerate(part):
                used[[~number if number < 0 else number for number in numbers]] += 1
                if k == 0:  # holes are other countries, or lakes too small to matter
                    ring = [arcs[~number][::-1] if number < 0 else arcs[number] for number in numbers]
                    land.append(_on_map(np.concatenate(ring)))
    coasts = [_on_map(line) for k in np.flatnonzero(used == 1) for line in _away_from_edges(arcs[k])]
    return land, coasts, [_on_map(arcs[k]) for k in np.flatnonzero(used > 1)]


def _away_from_edges(arc: Line) -> list[Line]:
    """Parts of a coast without the cuts at the antimeridian and at the edge of the map."""
    edge, south = np.abs(arc[:, 0]) > _EDGE, arc[:, 1] < _SOUTH
    cut = (edge[1:] & edge[:-1]) | (south[1:] & south[:-1])
    return [part for part in np.split(arc, np.flatnonzero(cut) + 1) if len(part) > 1]


def _on_map(lonlat: Line) -> Line:
    u, v = from_lonlat(lonlat[:, 0], np.clip(lonlat[:, 1], -MAX_LATITUDE, MAX_LATITUDE))
    return np.stack((u, v), axis=1)
