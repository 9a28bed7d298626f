"""Extent of the heat: the box of all tiles, and the first view of a map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import MAX_LATITUDE, to_lonlat
from heatlas.pmtiles.hilbert import places_at
from heatlas.tiles.busy_tiles import census_for
from heatlas.tiles.metadata import first_view, places_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.tiles.fields import Field

__all__ = ["beginning_of", "bounds_of"]

_FINE = 14
"""Zoom of the tiles from which the middle of points is taken: 1.6 km in the middle of Europe."""
_REGION = 5
"""Zooms by which a region of points is coarser; the busiest region is shown first."""
_BEGIN = 12
"""Zoom at which a map of points begins."""


def bounds_of(zoom: int, numbers: NDArray[np.int64]) -> tuple[float, float, float, float]:
    """West, south, east and north edges of tiles, degrees; of the world if there are none."""
    if not len(numbers):
        return -180.0, -MAX_LATITUDE, 180.0, MAX_LATITUDE
    x, y = places_at(zoom, numbers)
    west, north = to_lonlat(x.min() / (1 << zoom), y.min() / (1 << zoom))
    east, south = to_lonlat((x.max() + 1) / (1 << zoom), (y.max() + 1) / (1 << zoom))
    return float(west), float(south), float(east), float(north)


def beginning_of(field: Field) -> tuple[float, float, int] | None:
    """Longitude, latitude and zoom of the first view; None if there is no heat.

    For tracks it is the box that a picture of them would show. Hidden parts are not in the index, so this does not
    reveal them.
    """
    if field.look.point_set:
        return _busiest_points(field)
    places = places_in(field.view, field.snapshot, field.chosen)
    if not places:
        return None
    return first_view(places[0].bbox)


def _busiest_points(field: Field) -> tuple[float, float, int] | None:
    """Mean place of the points in the busiest region, as longitude, latitude and zoom."""
    tile_counts = census_for(field, _FINE)
    if not len(tile_counts.x):
        return None
    x, y, points = tile_counts.x.astype(np.int64), tile_counts.y.astype(np.int64), tile_counts.passages
    _, region = np.unique((y >> _REGION) << 32 | (x >> _REGION), return_inverse=True)
    inside = region == np.bincount(region, points).argmax()
    u = np.average(x[inside] + 0.5, weights=points[inside]) / (1 << _FINE)
    v = np.average(y[inside] + 0.5, weights=points[inside]) / (1 << _FINE)
    lon, lat = to_lonlat(u, v)
    return float(lon), float(lat), _BEGIN
