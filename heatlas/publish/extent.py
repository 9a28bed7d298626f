"""Where the heat lies: the box of all tiles, and where a map had best begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.mercator import MAX_LATITUDE, to_lonlat
from heatlas.publish.hilbert import places_at
from heatlas.publish.tones import kept_passages
from heatlas.tiling.tiles import census_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.tiling.fields import Field

__all__ = ["bounds_of", "middle_of"]

_FINE = 14
"""Zoom by whose tiles the middle is told, 1.6 km in the middle of Europe."""
_REGION = 5
"""So many zooms coarser is a region, of which the busiest is shown first."""


def bounds_of(zoom: int, numbers: NDArray[np.int64]) -> tuple[float, float, float, float]:
    """West, south, east and north of the outer edges of tiles, degrees; of the world where there are none."""
    if not len(numbers):
        return -180.0, -MAX_LATITUDE, 180.0, MAX_LATITUDE
    x, y = places_at(zoom, numbers)
    west, north = to_lonlat(x.min() / (1 << zoom), y.min() / (1 << zoom))
    east, south = to_lonlat((x.max() + 1) / (1 << zoom), (y.max() + 1) / (1 << zoom))
    return float(west), float(south), float(east), float(north)


def middle_of(field: Field) -> tuple[float, float] | None:
    """Longitude and latitude of the middle of the heat in the busiest region; None where there is no heat.

    What the library hides is not in its index, so that this does not tell of it.
    """
    first, last = (0, _FINE) if field.look.point_set else field.snapshot.settings.zooms
    zoom = min(max(_FINE, first), last)
    census = census_for(field, zoom)
    passages = np.bincount(census.tile, kept_passages(field, census), len(census.x))
    held = np.flatnonzero(passages > 0)
    if not len(held):
        return None
    x, y, passages = census.x[held].astype(np.int64), census.y[held].astype(np.int64), passages[held]
    _, region = np.unique((y >> _REGION) << 32 | (x >> _REGION), return_inverse=True)
    inside = region == np.bincount(region, passages).argmax()
    u = np.average(x[inside] + 0.5, weights=passages[inside]) / (1 << zoom)
    v = np.average(y[inside] + 0.5, weights=passages[inside]) / (1 << zoom)
    lon, lat = to_lonlat(u, v)
    return float(lon), float(lat)
