"""Boxes in degrees, and windows over them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.mercator import CIRCUMFERENCE, MAX_LATITUDE, from_lonlat, ground_metres, to_lonlat
from heatlas.core.window import Window
from heatlas.dataset.places.framing import SLENDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch

__all__ = ["MAX_SIDE", "around", "bbox_window", "extent", "padded", "window_filling"]

MAX_SIDE = 4096
"""Pixels of the longer side of a picture when no size is requested."""
FINEST = 1.0
"""Metres per pixel: the finest resolution when no size is requested."""
_LEAST = 400.0
"""Least width of a place, metres."""


def padded(u: NDArray[np.float64], v: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Bounding box in degrees around world coordinates, with a margin and a least size."""
    west, east, north, south = float(u.min()), float(u.max()), float(v.min()), float(v.max())
    least = max(_LEAST / float(ground_metres((north + south) / 2)[0]), SLENDER * max(east - west, south - north))
    air_u = max(0.03 * (east - west), (least - (east - west)) / 2)
    air_v = max(0.03 * (south - north), (least - (south - north)) / 2)
    lon, lat = to_lonlat(
        np.array([west - air_u, east + air_u]), np.clip(np.array([south + air_v, north - air_v]), 0, 1)
    )
    return float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1])


def _unwrapped(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shift coordinates so that the widest empty gap lies outside: the antimeridian must not stretch the extent."""
    order = np.sort(u % 1.0)
    gaps = np.diff(order, append=order[0] + 1)
    start = order[(int(np.argmax(gaps)) + 1) % len(order)]
    unwrapped: NDArray[np.float64] = (u - start) % 1.0 + start
    return unwrapped


def extent(batches: Sequence[Batch]) -> tuple[float, float, float, float]:
    """Bounding box of all fixes, degrees; the shorter way around the world."""
    sound = [batch for batch in batches if batch.fixes]
    if not sound:
        raise NothingToDraw("there is no track with a position")
    u = np.concatenate([batch.u[:: max(1, batch.fixes // 2000)] for batch in sound])
    ends = np.array([[batch.u.min(), batch.u.max()] for batch in sound]).ravel()
    v = np.array([[batch.v.min(), batch.v.max()] for batch in sound]).ravel()
    return padded(_unwrapped(np.concatenate((u, ends))), v)


def around(lat: float, lon: float, radius: float) -> tuple[float, float, float, float]:
    """Bounding box in degrees of a circle: latitude and longitude in degrees, radius in metres.

    Raises
    ------
    BadOption
        When the circle is not on the map.
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
        Pixels. At most one of the three is given. With none the longer side has at most MAX_SIDE pixels, not
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
    # Rounding both edges outwards may add one pixel, which must not exceed MAX_SIDE.
    limit = MAX_SIDE if zoom is None and resolution is None and width is None else math.inf
    rows = math.ceil(bottom * scale - 1e-6) - y
    return Window(scale, x, y, max(1, int(min(columns, limit))), max(1, int(min(rows, limit))))


def window_filling(bbox: tuple[float, float, float, float], columns: int, rows: int) -> Window:
    """Make the window of a given size that holds a bounding box, in its middle.

    Parameters
    ----------
    bbox : (float, float, float, float)
        West, south, east, north, degrees; west > east crosses the antimeridian.
    columns, rows : int
        Pixels.
    """
    west, south, east, north = bbox
    (left, right), (top, bottom) = from_lonlat(
        np.array([west, east + 360 * (west > east)]), np.clip(np.array([north, south]), -MAX_LATITUDE, MAX_LATITUDE)
    )
    scale = float(min(columns / (right - left), rows / (bottom - top)))
    x, y = (left + right) / 2 * scale - columns / 2, (top + bottom) / 2 * scale - rows / 2
    return Window(scale, round(x), round(y), columns, rows)
