"""Where the tracks are: the busiest place, the others, and windows over them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatlas.errors import BadOption, NothingToDraw
from heatlas.mercator import CIRCUMFERENCE, MAX_LATITUDE, from_lonlat, ground_metres, to_lonlat
from heatlas.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.batch import Batch

__all__ = ["MAX_SIDE", "Place", "around", "bbox_window", "extent", "find_places", "padded"]

MAX_SIDE = 4096
"""Pixels of the longer side of a picture whose size nobody asked for."""
FINEST = 1.0
"""Metres per pixel below which no picture goes whose size nobody asked for."""
_CELL = 1 / 2048
"""World units: 20 km at the equator."""
_LINKS = 0.02
"""Cells with less than this share of the busiest cell's activities do not link places."""
_SAMPLES = 300
"""Fixes of a track that are looked at, about."""
_SLENDER = 0.4
"""The shorter side of a place is at least this share of the longer one."""
_CORE = (0.01, 0.99)
_LEAST = 400.0
"""Metres: a place is never narrower."""


@dataclass(frozen=True, slots=True)
class Place:
    """A region that holds activities."""

    bbox: tuple[float, float, float, float]
    """West, south, east, north, degrees, without the outermost percent of fixes on each side."""
    activities: int
    fixes: int
    """About: counted on a sample."""


def padded(u: NDArray[np.float64], v: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Bounding box in degrees around world coordinates, with some air and a least size."""
    west, east, north, south = float(u.min()), float(u.max()), float(v.min()), float(v.max())
    least = max(_LEAST / float(ground_metres((north + south) / 2)[0]), _SLENDER * max(east - west, south - north))
    air_u = max(0.03 * (east - west), (least - (east - west)) / 2)
    air_v = max(0.03 * (south - north), (least - (south - north)) / 2)
    lon, lat = to_lonlat(
        np.array([west - air_u, east + air_u]), np.clip(np.array([south + air_v, north - air_v]), 0, 1)
    )
    return float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1])


def find_places(batches: Sequence[Batch]) -> list[Place]:
    """Find the regions that hold activities, the busiest first.

    Cells of some 20 km that are visited often enough are joined to regions with their neighbours; a
    single long trip between two of them does not make them one.
    """
    sampled = [_samples(batch) for batch in batches if batch.fixes]
    if not sampled:
        return []
    u, v = (np.concatenate(part) for part in zip(*(sample[:2] for sample in sampled), strict=True))
    step, many = (np.concatenate(part) for part in zip(*(sample[2:] for sample in sampled), strict=True))
    cell = (u / _CELL).astype(np.int64) << 32 | (v / _CELL).astype(np.int64)
    # Tracks stay in a cell for long: what follows looks at stays, not at samples.
    begins = np.append(True, cell[1:] != cell[:-1])
    begins[np.cumsum(many)[:-1]] = True
    first = np.flatnonzero(begins)
    stay = np.diff(first, append=len(cell))
    track = np.searchsorted(np.cumsum(many), first, side="right")
    visited: list[set[int]] = [set() for _ in many]
    for one, key in zip(track.tolist(), cell[first].tolist(), strict=True):
        visited[one].add(key)
    region = _regions([frozenset(cells) for cells in visited])
    name = np.array([region.get(key, -1) for key in cell[first].tolist()])
    places = []
    for k in range(max(region.values()) + 1):
        here = np.repeat(name == k, stay)
        activities = len(np.unique(track[name == k]))
        fixes = int((stay * step[track])[name == k].sum())
        places.append(Place(_core_bbox(u[here], v[here]), activities, fixes))
    return sorted(places, key=lambda place: (-place.activities, -place.fixes, place.bbox))


def _samples(batch: Batch) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Every n-th fix of each track that has any: u, v; and for each track n, and how many of them there are."""
    offsets = batch.segments[batch.tracks]
    lengths = np.diff(offsets)
    first, lengths = offsets[:-1][lengths > 0], lengths[lengths > 0]
    step = np.maximum(1, lengths // _SAMPLES)
    many = -(-lengths // step)
    ordinal = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    at = np.repeat(first, many) + ordinal * np.repeat(step, many)
    return batch.u[at] % 1.0, batch.v[at], step, many


def _regions(tracks: Sequence[frozenset[int]]) -> dict[int, int]:
    """Join neighbouring cells to regions: cell -> number of its region.

    Cells that few tracks visit belong to no region, so that a trip does not link the places at its ends; but
    tracks that would be in no region at all form regions of their own.
    """
    region: dict[int, int] = {}
    remaining = tracks
    while remaining:
        visits = Counter(cell for cells in remaining for cell in cells)
        busiest = max(visits.values())
        enough = max(_LINKS * busiest, min(2, busiest))
        _join({cell for cell, n in visits.items() if n >= enough} - region.keys(), region)
        remaining = [cells for cells in remaining if not cells & region.keys()]
    return region


def _join(cells: set[int], region: dict[int, int]) -> None:
    """Number the connected components of some cells."""
    for cell in sorted(cells):
        if cell in region:
            continue
        name = len(set(region.values()))
        region[cell] = name
        stack = [cell]
        while stack:
            x, y = stack[-1] >> 32, stack.pop() & 0xFFFFFFFF
            for i, j in ((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if y + j >= 0):
                near = (x + i) % round(1 / _CELL) << 32 | (y + j)
                if near in cells and near not in region:
                    region[near] = name
                    stack.append(near)


def _core_bbox(u: NDArray[np.float64], v: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Box around most fixes: without the outermost in either direction, and tight around the rest."""
    u = _unwrapped(u)
    (west, east), (north, south) = np.quantile(u, _CORE), np.quantile(v, _CORE)
    core = (u >= west) & (u <= east) & (v >= north) & (v <= south)
    return padded(u[core], v[core]) if core.any() else padded(u, v)


def _unwrapped(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shift what lies east of the widest empty gap, so that the antimeridian does not stretch the extent."""
    order = np.sort(u % 1.0)
    gaps = np.diff(order, append=order[0] + 1)
    start = order[(int(np.argmax(gaps)) + 1) % len(order)]
    unwrapped: NDArray[np.float64] = (u - start) % 1.0 + start
    return unwrapped


def extent(batches: Sequence[Batch]) -> tuple[float, float, float, float]:
    """Bounding box of all fixes, degrees; the shorter way round the world."""
    sound = [batch for batch in batches if batch.fixes]
    if not sound:
        raise NothingToDraw("there is no track with a position")
    u = np.concatenate([batch.u[:: max(1, batch.fixes // 2000)] for batch in sound])
    ends = np.array([[batch.u.min(), batch.u.max()] for batch in sound]).ravel()
    v = np.array([[batch.v.min(), batch.v.max()] for batch in sound]).ravel()
    return padded(_unwrapped(np.concatenate((u, ends))), v)


def around(lat: float, lon: float, radius: float) -> tuple[float, float, float, float]:
    """Bounding box of a circle: degrees, degrees, metres.

    Raises
    ------
    BadOption
        When it is no place on the map.
    """
    if not (abs(lat) <= MAX_LATITUDE and abs(lon) <= 180 and 0 < radius <= CIRCUMFERENCE / 2):
        raise BadOption(f"no place at {lat},{lon} with a radius of {radius} m: give latitude,longitude,metres")
    u, v = (float(x) for x in from_lonlat(lon, lat))
    east, north = (float(x) for x in ground_metres(v))
    (west, right), (south, top) = to_lonlat(
        np.array([u - radius / east, u + radius / east]),
        np.clip(np.array([v + radius / north, v - radius / north]), 0, 1),
    )
    return float(west), float(south), float(right), float(top)


def bbox_window(
    bbox: tuple[float, float, float, float],
    zoom: float | None = None,
    resolution: float | None = None,
    width: int | None = None,
) -> Window:
    """Make the window over a bounding box.

    Parameters
    ----------
    bbox : (float, float, float, float)
        West, south, east, north, degrees; west > east crosses the antimeridian.
    zoom : float, optional
        Zoom of 256 px tiles.
    resolution : float, optional
        True metres per pixel at the centre.
    width : int, optional
        Pixels. Of the three at most one; with none the longer side has at most MAX_SIDE pixels, not
        finer than FINEST.

    Raises
    ------
    BadOption
        When the box is empty or off the map.
    """
    west, south, east, north = bbox
    if west > east:
        east += 360
    if not (-360 <= west < east <= west + 360 and -90 <= south < north <= 90):
        raise BadOption(
            f"the box {','.join(f'{x:g}' for x in bbox)} is empty or off the map: give west,south,east,north in degrees"
        )
    (left, right), (top, bottom) = from_lonlat(
        np.array([west, east]), np.clip(np.array([north, south]), -MAX_LATITUDE, MAX_LATITUDE)
    )
    if bottom <= top:
        raise BadOption("the box lies beyond 85.05 degrees, where Mercator ends")
    ground = math.prod(float(g) for g in ground_metres((top + bottom) / 2)) ** 0.5
    if zoom is not None:
        scale = 256 * 2.0**zoom
    elif resolution is not None:
        scale = ground / resolution
    elif width is not None:
        scale = width / (right - left)
    else:
        scale = min(MAX_SIDE / max(right - left, bottom - top), ground / FINEST)
    scale = float(scale)  # NumPy's own numbers would write their type into world files
    x, y = math.floor(left * scale + 1e-6), math.floor(top * scale + 1e-6)
    columns = width or math.ceil(right * scale - 1e-6) - x
    # One pixel more from rounding both edges outwards must not exceed what is promised.
    limit = MAX_SIDE if zoom is None and resolution is None and width is None else math.inf
    rows = math.ceil(bottom * scale - 1e-6) - y
    return Window(scale, x, y, max(1, int(min(columns, limit))), max(1, int(min(rows, limit))))
