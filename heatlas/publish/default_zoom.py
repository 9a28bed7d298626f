"""Default last zoom of points: the finer the zoom, the more tiles show a single dot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import CIRCUMFERENCE
from heatlas.library.points.point_cells import PIXELS
from heatlas.publish.dirty_tiles import marks_of, occupied
from heatlas.tiles.fields import SIDE, as_drawn, index_in

if TYPE_CHECKING:
    from heatlas.raster.point_kernel import Kernel
    from heatlas.tiles.fields import Field

__all__ = ["last_zoom_of_points"]

_FINEST = 14
"""Finest default zoom: a pixel of 9.6 m at the equator."""
_MOST = 2 / 3
"""Share of the places that must stand alone."""
_LEAST_PX = 16.0
"""Pixels that the eye needs between two dots, however small they are."""
_FEW_TILES = 1000
"""Tiles in all that are drawn even if points stand alone already: a few seconds."""


def last_zoom_of_points(field: Field) -> int:
    """Zoom from which most points stand alone, at most 14, or less where finer tiles would be enlarged.

    A point stands alone if no other lies in a square as wide as its kernel. A finer zoom is taken if there are no more
    than 1,000 tiles up to it: ten towns stand alone on a map of the world, and viewers still zoom in on them.
    """
    last = as_drawn(field, _FINEST)[1]
    return max(_apart(field, last), _cheap(field, last))


def _apart(field: Field, last: int) -> int:
    """First zoom at which most places stand alone, or the last one."""
    kernel = field.look.kernel
    cells = index_in(field).level(last + PIXELS)
    if cells is None or kernel is None:
        return last
    for zoom in range(last):
        # Cells are in Morton order, so those of a square are adjacent.
        begins = np.flatnonzero(np.diff(cells.code >> 2 * (last - zoom + _levels(kernel, zoom)), prepend=-1))
        alone = np.count_nonzero(np.diff(begins, append=len(cells)) == 1)
        if alone >= _MOST * len(cells):
            return zoom
    return last


def _levels(kernel: Kernel, zoom: int) -> int:
    """Levels of the quadtree from a pixel to a square as wide as the kernel."""
    radius = kernel.metres * SIDE * 2**zoom / CIRCUMFERENCE if kernel.metres else kernel.pixels
    return round(math.log2(max(2 * radius, _LEAST_PX)))


def _cheap(field: Field, last: int) -> int:
    """Zoom up to which there are at most `_FEW_TILES` tiles in all."""
    marks, tiles = marks_of(field), 0
    for zoom in range(last + 1):
        tiles += len(occupied(field, zoom, marks).numbers)
        if tiles > _FEW_TILES:
            return max(zoom - 1, 0)
    return last
