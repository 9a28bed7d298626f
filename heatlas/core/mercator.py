"""Web Mercator (EPSG:3857) between degrees and world coordinates, and true distances on the ground.

World coordinates u, v run over [0, 1): u eastwards from the antimeridian, v southwards from
85.0511 degrees north. Formulas: J. P. Snyder, Map Projections - A Working Manual (USGS Professional
Paper 1395, 1987), equations 7-1, 7-2 and 7-4 on the sphere, 4-20 and 4-18 for the radii of curvature.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CIRCUMFERENCE",
    "EARTH_RADIUS",
    "ECCENTRICITY2",
    "MAX_LATITUDE",
    "from_lonlat",
    "ground_metres",
    "to_lonlat",
]

EARTH_RADIUS = 6378137.0
"""Semi-major axis of WGS 84, the radius of the Web Mercator sphere, metres."""
CIRCUMFERENCE = 2 * math.pi * EARTH_RADIUS
"""Width of the projected world, metres at the equator."""
ECCENTRICITY2 = 0.00669437999014
"""First eccentricity of WGS 84, squared."""
MAX_LATITUDE = math.degrees(math.atan(math.sinh(math.pi)))
"""85.0511... degrees: the latitude at which the projected world is square."""


def from_lonlat(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Project degrees to world coordinates.

    Parameters
    ----------
    lon, lat : array_like of float
        Degrees, WGS 84. Latitudes beyond MAX_LATITUDE land outside [0, 1).

    Returns
    -------
    u, v : ndarray of float64
        World coordinates; u is not wrapped.
    """
    u = np.asarray(lon, np.float64) / 360 + 0.5
    v = 0.5 - np.arctanh(np.sin(np.radians(np.asarray(lat, np.float64)))) / (2 * math.pi)
    return u, v


def to_lonlat(u: ArrayLike, v: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Undo `from_lonlat`: world coordinates to degrees, WGS 84."""
    lon = (np.asarray(u, np.float64) - 0.5) * 360
    lat = np.degrees(np.arctan(np.sinh((0.5 - np.asarray(v, np.float64)) * 2 * math.pi)))
    return lon, lat


def ground_metres(v: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """True metres on the WGS 84 ellipsoid per world unit, east-west and north-south, at southing v.

    Web Mercator projects ellipsoidal latitudes with the formula of the sphere, so the two differ by up to 0.7 %.
    """
    cos = 1 / np.cosh((0.5 - np.asarray(v, np.float64)) * 2 * math.pi)
    w = 1 - ECCENTRICITY2 * (1 - cos * cos)
    east = CIRCUMFERENCE * cos / np.sqrt(w)
    return east, east * (1 - ECCENTRICITY2) / w
