"""Tiles around a place that nobody has visited."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.mercator import from_lonlat, ground_metres
from heatlas.dataset.places import around as around_bbox
from heatlas.explorer.keys import key_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Missing", "missing_around"]

_MOST = 1_000_000
"""Tiles that are looked at."""


@frozen
class Missing:
    """Tiles in a circle that are not visited, the nearest first."""

    tiles: NDArray[np.int64]
    """(k,) keys."""
    metres: NDArray[np.float64]
    """(k,) from the place to the middle of each."""
    of: int
    """Tiles whose middle lies in the circle, visited or not."""


def missing_around(keys: NDArray[np.int64], zoom: int, circle: tuple[float, float, float]) -> Missing:
    """Find the tiles whose middle lies in a circle and that are not visited, the nearest first.

    Parameters
    ----------
    keys : ndarray of int64 (n,)
        Visited tiles, ascending.
    zoom : int
        Of the tiles.
    circle : (float, float, float)
        Latitude and longitude of its middle, degrees, and its radius, metres on the ground.

    Returns
    -------
    Missing
        Of equally far ones the northernmost, then westernmost first.

    Raises
    ------
    BadOption
        When there is no such place, or the circle holds too many tiles or none.
    """
    across, (lat, lon, radius) = 1 << zoom, circle
    west, south, east, north = around_bbox(lat, lon, radius)
    (left, right), (top, bottom) = from_lonlat(np.array([west, east]), np.array([north, south]))
    first, last = math.floor(left * across), min(math.floor(right * across), math.floor(left * across) + across - 1)
    upper, lower = max(math.floor(top * across), 0), min(math.floor(bottom * across), across - 1)
    tiles = (last - first + 1) * (lower - upper + 1)
    if tiles > _MOST:
        raise BadOption(f"--around={_written(circle)} holds some {tiles:,} tiles of zoom {zoom}: take a smaller radius")
    column, row = np.meshgrid(np.arange(first, last + 1), np.arange(upper, lower + 1))
    u, v = (float(world) for world in from_lonlat(lon, lat))
    eastwards, northwards = ground_metres((v + (row + 0.5) / across) / 2)
    off = np.hypot(((column + 0.5) / across - u) * eastwards, ((row + 0.5) / across - v) * northwards).ravel()
    tile = key_of(column.ravel() % across, row.ravel())
    inside = off <= radius
    if not inside.any():
        raise BadOption(f"--around={_written(circle)} holds the middle of no tile of zoom {zoom}: take a larger radius")
    wanted = inside & ~np.isin(tile, keys)
    order = np.lexsort((tile[wanted], off[wanted]))
    return Missing(tile[wanted][order], off[wanted][order], int(inside.sum()))


def _written(circle: tuple[float, float, float]) -> str:
    """A circle as people write it."""
    lat, lon, radius = circle
    return f"{lat:g},{lon:g},{radius:.0f}m" if radius < 1000 else f"{lat:g},{lon:g},{radius / 1000:g}km"
