"""Values of a heat at positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.dataset.heat.styled import StyledGrid

__all__ = ["sampled"]


def sampled(heat: StyledGrid, points: Any, lat: Any = None) -> NDArray[np.float32]:
    """Read values; see `Heat.sample`.

    Raises
    ------
    BadOption
        For what has no positions.
    """
    lon, lat = _positions(points, lat)
    window = heat.window
    found = np.full(len(lon), np.nan, np.float32)
    sound = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) < 90)
    u, v = from_lonlat(lon[sound], lat[sound])
    # A window across the antimeridian goes on beyond the world's edge.
    world = round(window.scale)
    column = (np.floor(u * window.scale).astype(np.int64) - window.x) % world
    row = np.floor(v * window.scale).astype(np.int64) - window.y
    inside = (column < window.width) & (row >= 0) & (row < window.height)
    values = np.full(len(u), np.nan, np.float32)
    values[inside] = heat.values[row[inside], column[inside]]
    found[sound] = values
    return found


def _positions(points: Any, lat: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes and latitudes, (n,) degrees each."""
    if hasattr(points, "geometry") or hasattr(points, "geom_type"):
        series = getattr(points, "geometry", points)
        if getattr(series, "crs", None) is None:
            raise BadOption("positions need a coordinate system: .set_crs('EPSG:4326') says that they are in degrees")
        series = series.to_crs("EPSG:4326")
        points, lat = series.x, series.y
    try:
        if lat is None:
            points, lat = np.asarray(points, np.float64).reshape(-1, 2).T
        lon, lat = np.atleast_1d(np.asarray(points, np.float64)), np.atleast_1d(np.asarray(lat, np.float64))
    except (TypeError, ValueError):
        lon, lat = np.empty((1, 1)), np.empty(0)
    if lon.ndim != 1 or lon.shape != lat.shape:
        raise BadOption("positions are (n, 2) longitudes and latitudes, n of each, or the points of a GeoDataFrame")
    return lon, lat
