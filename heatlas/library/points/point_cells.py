"""Cells of a quadtree: number and weights of the points in each.

At level n the world is 2**n cells wide. The cells of a level are the tiles of that zoom, and the pixels of the tiles
eight zooms coarser. Cells are in Morton order (G. M. Morton, A computer oriented geodetic data base, 1966): those of a
tile are one run at every finer level, and the four parts of a coarser cell follow each other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.mercator import from_lonlat, to_lonlat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.core.points import Points

__all__ = [
    "FINEST", "PIXELS", "Cells", "cells_at", "cells_of", "coarser", "in_morton_order", "joined", "morton", "same_cells",
    "unmorton",
]  # fmt: skip

FINEST = 30
"""Level at which points are put into cells: the pixels of zoom 22, 4 cm at the equator."""
PIXELS = 8
"""Levels between a tile and its pixels."""


@frozen
class Cells:
    """Cells that hold points, in Morton order."""

    code: NDArray[np.int64]
    """(n,) Morton numbers, ascending."""
    count: NDArray[np.int64]
    """(n,) number of points in each."""
    total: NDArray[np.float64] | None = None
    """(n,) sum of their weights, added in the order of the points; None without weights."""
    least: NDArray[np.float64] | None = None
    greatest: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        """Number of cells."""
        return len(self.code)

    def part(self, first: int, last: int) -> Cells:
        """Cells from index `first` to before `last`."""
        return Cells(*(None if plane is None else plane[first:last] for plane in self._planes()))  # type: ignore[arg-type]

    def _planes(self) -> tuple[NDArray[np.int64] | NDArray[np.float64] | None, ...]:
        return self.code, self.count, self.total, self.least, self.greatest


def joined(parts: list[Cells]) -> Cells:
    """Cells of runs that follow each other."""
    if len(parts) == 1:
        return parts[0]
    columns = zip(*(part._planes() for part in parts), strict=True)
    return Cells(*(None if column[0] is None else np.concatenate(column) for column in columns))  # type: ignore[arg-type]


def same_cells(one: Cells, other: Cells) -> bool:
    """Whether two runs of cells are equal to the last bit."""
    pairs = zip(one._planes(), other._planes(), strict=True)
    return all(a is b is None or (a is not None and b is not None and np.array_equal(a, b)) for a, b in pairs)


def morton(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Morton numbers of columns and rows (below 2**31): the even bits are those of x."""
    return _spread(x) | _spread(y) << 1


def unmorton(code: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and rows of Morton numbers."""
    return _gathered(code), _gathered(code >> 1)


_STEPS = (
    (16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)  # fmt: skip
_WHOLE = 0x00000000FFFFFFFF


def _spread(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    for shift, mask in _STEPS:
        bits = (bits | bits << shift) & mask
    return bits


def _gathered(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    bits = bits & _STEPS[-1][1]
    for (shift, _), (_, mask) in zip(_STEPS[::-1], (*_STEPS[-2::-1], (0, _WHOLE)), strict=True):
        bits = (bits | bits >> shift) & mask
    return bits


def cells_of(points: Points) -> Cells:
    """Cells of the finest level that hold points; points beyond the map are left out.

    Cells are those of `heatlas.raster.bin_points.bin_points`, which compares latitudes with those of the edges of rows.
    The edges of a coarser level are also edges of the finer ones, so cells nest exactly.
    """
    code, order = in_morton_order(points)
    return cells_at(code, None if points.weight is None else points.weight[order])


def in_morton_order(points: Points) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Morton numbers of points on the map at the finest level, ascending, and the number of each point."""
    column, row, known = _located(points.lon, points.lat)
    code = morton(column, row)
    order = np.argsort(code, kind="stable")
    return code[order], np.flatnonzero(known)[order]


def cells_at(code: NDArray[np.int64], weight: NDArray[np.float64] | None) -> Cells:
    """Cells of points whose Morton numbers ascend, of any level."""
    begins = np.flatnonzero(np.diff(code, prepend=-1))
    count = np.diff(begins, append=len(code))
    if weight is None:
        return Cells(code[begins], count)
    if not len(weight):
        return Cells(code, count, weight, weight, weight)
    # bincount adds the weights one by one, in the order of the points.
    total = np.bincount(np.repeat(np.arange(len(begins)), count), weight, len(begins)).astype(np.float64, copy=False)
    least, greatest = np.minimum.reduceat(weight, begins), np.maximum.reduceat(weight, begins)
    return Cells(code[begins], count, total, least, greatest)


def _located(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Columns and rows of points on the map, at the finest level; and whether each point is on the map."""
    across = 1 << FINEST
    (north, south) = to_lonlat(0, np.array([0.0, 1.0]))[1]
    known = (lat > south) & (lat <= north)
    lat = lat[known]
    turns = lon[known] / 360.0 + 0.5
    column = np.floor(np.where(turns >= 1.0, turns - 1.0, turns) * across).astype(np.int64)
    row = np.clip(from_lonlat(0, lat)[1] * across, 0, across - 1).astype(np.int64)
    # Projection may be wrong by its last bits at an edge, so latitudes are compared with those of the edges.
    for _ in range(4):
        upper, lower = (to_lonlat(0, (row + step) / across)[1] for step in (0, 1))
        wrong = (lower >= lat).astype(np.int64) - (lat > upper)
        if not wrong.any():
            break
        row = np.clip(row + wrong, 0, across - 1)
    return column, row, known


def coarser(cells: Cells, levels: int = 1) -> Cells:
    """Cells of a level that is coarser by `levels`, added up 2 x 2 at a time in Morton order."""
    for _ in range(levels):
        code = cells.code >> 2
        begins = np.flatnonzero(np.diff(code, prepend=-1))
        if len(begins) == len(code):
            cells = replace(cells, code=code)
            continue
        # Most cells have no neighbour to add. Only the others are touched.
        lengths = np.diff(begins, append=len(code))
        several = [np.flatnonzero(lengths > k) for k in (1, 2, 3)]
        cells = Cells(
            code[begins],
            *(
                None if plane is None else _folded(plane, begins, several, fold)  # type: ignore[arg-type]
                for plane, fold in zip(cells._planes()[1:], (np.add, np.add, np.minimum, np.maximum), strict=True)
            ),
        )
    return cells


def _folded(
    plane: NDArray[Any], begins: NDArray[np.int64], several: Sequence[NDArray[np.int64]], fold: np.ufunc
) -> NDArray[Any]:
    """Fold runs of up to four values, which start at `begins`; `several` are the runs with a second, third, fourth."""
    folded = plane[begins]
    for k, runs in enumerate(several, 1):
        folded[runs] = fold(folded[runs], plane[begins[runs] + k])
    return folded
