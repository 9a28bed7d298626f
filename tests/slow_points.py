"""Slow, obviously right twins of how points are counted and spread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from pyproj import Geod

from heatlas.core.mercator import to_lonlat

if TYPE_CHECKING:
    from heatlas.core.window import Window

GEOD = Geod(ellps="WGS84")


def pixel_of(lon: float, lat: float, window: Window) -> list[tuple[int, int]]:
    """All pixels (row, column) of a window in which a position lies: more than one where the world repeats."""
    u = (lon / 360 + 0.5) % 1.0
    v = 0.5 - math.atanh(math.sin(math.radians(lat))) / (2 * math.pi)
    row = math.floor(v * window.scale) - window.y
    columns = [math.floor((u + turn) * window.scale) - window.x for turn in range(-3, 4)]
    return [(row, column) for column in columns if 0 <= row < window.height and 0 <= column < window.width]


def centre(window: Window, row: int, column: int) -> tuple[float, float]:
    lon, lat = to_lonlat((window.x + column + 0.5) / window.scale, (window.y + row + 0.5) / window.scale)
    return float(lon), float(lat)


def falls(shape: str, d: float) -> float:
    """Kernel at a distance, as a share of the radius."""
    if shape == "gaussian":
        return math.exp(-((3 * d) ** 2) / 2) if d <= 4 / 3 else 0.0
    if d > 1:
        return 0.0
    return {"uniform": 1.0, "linear": 1 - d, "epanechnikov": 1 - d * d, "quartic": (1 - d * d) ** 2}[shape]


def distances(window: Window, lon: float, lat: float, metres: bool) -> np.ndarray:
    """(height, width): from the middle of the pixel that holds a position to the middle of each pixel."""
    size = window.scale
    u = (lon / 360 + 0.5) % 1.0
    v = 0.5 - math.atanh(math.sin(math.radians(lat))) / (2 * math.pi)
    row, column = math.floor(v * size), math.floor(u * size)
    rows = window.y + np.arange(window.height)
    columns = window.x + np.arange(window.width)
    if not metres:
        across = np.abs(columns - column)
        across = np.minimum(across % size, size - across % size)
        return np.hypot((rows - row)[:, None], across[None, :])
    here = to_lonlat((column + 0.5) / size, (row + 0.5) / size)
    lons, lats = to_lonlat((columns + 0.5) / size, (rows + 0.5) / size)
    lons2, lats2 = np.meshgrid(lons, lats)
    _, _, far = GEOD.inv(np.full_like(lons2, float(here[0])), np.full_like(lats2, float(here[1])), lons2, lats2)
    return far


def spread_slowly(
    points: list[tuple[float, float, float]], window: Window, shape: str, metres: float = 0.0, pixels: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Sum of K times weight, and sum of K, at every pixel."""
    total, count = np.zeros((window.height, window.width)), np.zeros((window.height, window.width))
    kernel = np.vectorize(lambda d: falls(shape, d))
    for lon, lat, weight in points:
        shares = kernel(distances(window, lon, lat, bool(metres)) / (metres or pixels))
        total += weight * shares
        count += shares
    return total, count
