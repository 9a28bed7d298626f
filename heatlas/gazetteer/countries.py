"""The country of a position, from the outlines that maps are drawn with (Natural Earth, 1:50 million)."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import starmap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["country_at"]


class _Part(NamedTuple):
    """A polygon of a country, with its holes."""

    country: str
    box: tuple[float, float, float, float]
    rings: list[NDArray[np.float64]]
    """(n, 2) longitude, latitude of each ring."""


def country_at(lon: float, lat: float) -> str | None:
    """Name of the country at a position in degrees, or None at sea."""
    lon = (lon + 180) % 360 - 180
    for country, (west, south, east, north), rings in _parts():
        if west <= lon <= east and south <= lat <= north and sum(_crossings(ring, lon, lat) for ring in rings) % 2:
            return country
    return None


def _crossings(ring: NDArray[np.float64], lon: float, lat: float) -> int:
    """Edges of a ring that lie to the east of a position."""
    (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
    across = (y0 > lat) != (y1 > lat)
    x0, y0, x1, y1 = x0[across], y0[across], x1[across], y1[across]
    return int((lon < (x1 - x0) * (lat - y0) / (y1 - y0) + x0).sum())


@lru_cache(1)
def _parts() -> list[_Part]:
    from heatlas.web import STATIC

    file = json.loads((STATIC / "vendor" / "world.json").read_text(encoding="utf-8"))
    scale, origin = (np.array(file["transform"][name]) for name in ("scale", "translate"))
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + origin for arc in file["arcs"]]
    return list(starmap(_part, _outlines(file, arcs)))


def _outlines(file: dict[str, Any], arcs: list[NDArray[np.float64]]) -> list[tuple[str, list[NDArray[np.float64]]]]:
    """Name and rings of each polygon; ~k means arc k backwards, as in TopoJSON."""
    return [
        (name, [np.concatenate([arcs[k] if k >= 0 else arcs[~k][::-1] for k in ring]) for ring in part])
        for name, parts in zip(file["names"], file["countries"], strict=True)
        for part in parts
    ]


def _part(country: str, rings: list[NDArray[np.float64]]) -> _Part:
    (west, south), (east, north) = rings[0].min(axis=0), rings[0].max(axis=0)
    return _Part(country, (float(west), float(south), float(east), float(north)), rings)
