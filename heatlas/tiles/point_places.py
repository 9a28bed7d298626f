"""Places of points: a box that shows nearly all, and the busiest spots in it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.mercator import to_lonlat
from heatlas.library.points.point_drawing import points_in_tiles
from heatlas.library.points.point_times import PointIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.library.file.store import Library
    from heatlas.library.points.stored_points import StoredPoints

__all__ = ["PointPlace", "box_of", "spots_of"]

_ACROSS = 30
"""Tiles across the box that holds nearly all points; the busiest tiles are spots."""
_FINER = 5
"""Zooms finer: tiles by which the centre and box of a spot are found."""
_CORE = (0.05, 0.95)
_COARSEST, _FINEST = 2, 15

Box = tuple[float, float, float, float]


@frozen
class PointPlace:
    """A tile in which many points lie."""

    center: tuple[float, float]
    """Longitude and latitude in the middle of its points."""
    bbox: Box
    """West, south, east, north of most of them, degrees."""
    points: int


def box_of(stored: StoredPoints) -> Box:
    """Box that holds nearly all points, with a margin."""
    from heatlas.dataset.point_extent import framed  # it loads what reads tables

    return framed(stored.crowd or stored.bbox)


def spots_of(library: Library, stored: StoredPoints, most: int) -> list[PointPlace]:
    """Find the busiest spots: tiles of a zoom that suits the extent, the busiest first, no two of them neighbours."""
    west, _, east, _ = stored.crowd or stored.bbox
    zoom = min(_FINEST, max(_COARSEST, round(math.log2(360 / max(east - west, 1e-4) * _ACROSS))))
    x, y, points = points_in_tiles(PointIndex(library, stored), zoom + _FINER)
    tile, of = np.unique((y >> _FINER) << 32 | x >> _FINER, return_inverse=True)
    held = np.bincount(of, points)
    across = 1 << zoom
    spots: list[PointPlace] = []
    taken: set[tuple[int, int]] = set()
    for k in np.argsort(-held, kind="stable").tolist():
        column, row = int(tile[k]) & 0xFFFFFFFF, int(tile[k]) >> 32
        if (column, row) in taken:
            continue
        taken |= {((column + i) % across, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
        here = of == k
        spots.append(_spot(x[here], y[here], points[here], across << _FINER))
        if len(spots) == most:
            break
    return spots


def _spot(x: NDArray[np.int64], y: NDArray[np.int64], points: NDArray[np.int64], across: int) -> PointPlace:
    """Centre and box of most points of a spot, from the finer tiles in it."""
    (west, middle, east), (north, centre, south) = (_quantiles(side, points) for side in (x, y))
    lon, lat = to_lonlat(
        np.array([west, middle + 0.5, east + 1]) / across, np.array([south + 1, centre + 0.5, north]) / across
    )
    west, middle, east = lon.tolist()
    south, centre, north = lat.tolist()
    return PointPlace((middle, centre), (west, south, east, north), int(points.sum()))


def _quantiles(side: NDArray[np.int64], points: NDArray[np.int64]) -> tuple[int, int, int]:
    """Columns, or rows, up to which 5, 50 and 95 % of the points lie."""
    order = np.argsort(side, kind="stable")
    share = np.cumsum(points[order]) / points.sum()
    low, half, high = (int(side[order][np.searchsorted(share, at)]) for at in (_CORE[0], 0.5, _CORE[1]))
    return low, half, high
