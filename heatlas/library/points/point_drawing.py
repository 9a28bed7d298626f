"""Draw tiles of a point set from its index, and count points in tiles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import from_lonlat
from heatlas.library.points.point_cells import unmorton
from heatlas.library.points.point_times import PointIndex
from heatlas.raster.tile_pixels import SIDE, TilePixels
from heatlas.style.sample import both_signs_matter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.library.file.store import Library
    from heatlas.library.points.point_cells import Cells
    from heatlas.library.points.stored_points import StoredPoints
    from heatlas.raster.measure import Measure

__all__ = ["DEEPEST_TILES", "both_signs", "draw_tile", "points_in_tiles"]

DEEPEST_TILES = 22
"""Finest zoom of tiles whose pixels are cells of the index."""
_PLACES = np.add(*(part * step for part, step in zip(unmorton(np.arange(SIDE**2)), (1, SIDE), strict=True))).astype(
    np.uint16
)
"""Morton number of a pixel within its tile -> its place, row by row."""


def draw_tile(index: PointIndex, zoom: int, x: int, y: int, measure: Measure) -> TilePixels | None:
    """Reduce the points in each pixel of a tile, as `bin_points` does from the points themselves.

    Counts and extremes are equal. Sums differ by the order of additions, so they are equal where the weights are whole
    numbers.

    Parameters
    ----------
    index : PointIndex
        Cells of the point set.
    zoom, x, y : int
        Tile; the zoom is at most DEEPEST_TILES.
    measure : Measure
        count; or sum, mean, min, max of the weights, if there are any.

    Returns
    -------
    TilePixels or None
        Planes of float64; None for a tile without points.
    """
    cells = index.tile(zoom, x, y)
    if cells is None:
        return None
    places = _PLACES[cells.code]
    order = np.argsort(places)
    return TilePixels(places[order], {name: values[order] for name, values in _values(cells, measure).items()})


def both_signs(library: Library, stored: StoredPoints) -> bool:
    """Whether negative sums matter on maps of a point set: one answer for all zooms and kernels.

    It is computed from sums over squares, of which some 64 lie across the box of nearly all points.
    """
    if not stored.signed:
        return False
    west, south, east, north = stored.crowd or stored.bbox
    (left, right), (top, bottom) = from_lonlat(np.array([west, east]), np.array([north, south]))
    across = max(right - left, bottom - top, 2.0**-24)
    cells = PointIndex(library, stored).level(max(0, math.ceil(math.log2(64 / across))))
    return cells is not None and cells.total is not None and both_signs_matter(cells.total)


def _values(cells: Cells, measure: Measure) -> dict[str, NDArray[np.float64]]:
    """Make the planes of a measure, at the cells."""
    count, reduction = cells.count.astype(np.float64), measure.reduction
    if reduction == "count" or cells.total is None or cells.least is None or cells.greatest is None:
        return {measure.layout.total: count}
    if reduction == "sum":
        return {"x": cells.total}
    if reduction == "mean":
        return {"n": count, "x": cells.total}
    return {"n": np.ones(len(cells)), "x": cells.least if reduction == "min" else cells.greatest}


def points_in_tiles(index: PointIndex, zoom: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Columns, rows and numbers of points (t,) of a zoom's tiles that hold any, in Morton order.

    A tile is a cell of the level of its zoom, so about as many cells are read as there are such tiles.
    """
    cells = index.level(zoom)
    if cells is None:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing
    return *unmorton(cells.code), cells.count
