"""Find the box to show of a region: the part that most of its activities share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.dataset.places.connected import connected

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SLENDER", "frame"]

SLENDER = 0.4
"""The shorter side of a box is at least this share of the longer one."""
_WORTH = 4.0
"""A box shrinks where one percent of the heat takes up more than this many percent of the area."""
_CUT = 4.0
"""Natural logarithm of the factor by which a box may grow rather than cut the ways of all activities."""
_LEAST = 4.0
"""Cells a side below which shrinking a box gains nothing."""
_ROUNDS = 40
"""Rounds of moving the sides at most; about five are usual."""
_GROUP = 4
"""Zooms by which the squares that form groups are coarser than cells."""
_GROUPS = 4
"""Groups from which the search starts."""


@frozen
class _Sums:
    """Number of activities at each place of a lattice."""

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    n: NDArray[np.int64]

    @classmethod
    def of(cls, places: NDArray[np.int64]) -> _Sums:
        """Count equal places, y << 32 | x; they are sorted in place, because they may be many."""
        places.sort()
        first = np.flatnonzero(np.append(True, places[1:] != places[:-1])[: len(places)])
        counts = np.diff(np.append(first, len(places)))
        places = places[first]
        return cls(places & 0xFFFFFFFF, places >> 32, counts)

    @property
    def turned(self) -> _Sums:
        """The same with x and y exchanged."""
        return _Sums(self.y, self.x, self.n)

    def along_x(self, of: NDArray[np.bool_], size: int) -> NDArray[np.float64]:
        """(size,) sums by x over the places `of`."""
        return np.bincount(self.x[of], self.n[of], size).astype(np.float64)


def frame(
    activity: NDArray[np.int64], column: NDArray[np.int64], row: NDArray[np.int64], activities: int
) -> tuple[int, int, int, int]:
    """Find the box that shows much heat on little area and cuts few ways.

    The heat of a box is the number of visits in it. The box maximises
    ``_WORTH * log(heat) - log(area) - _CUT * ways cut / activities``. The search moves one side after the other to its
    best place until nothing changes. It starts from the box of all cells and from those of the largest groups. The
    area is that of the box widened to the proportions of `SLENDER`.

    Parameters
    ----------
    activity, column, row : ndarray of int64 (k,)
        Visits, each pair of activity and cell once. Columns continue eastwards where the region crosses the
        antimeridian.
    activities : int
        Number of activities in the region.

    Returns
    -------
    tuple of int
        First column, first row, last column + 1, last row + 1.
    """
    left, top = int(column.min()), int(row.min())
    x, y = (column - left).astype(np.int32), (row - top).astype(np.int32)
    cells = _Sums.of(y.astype(np.int64) << 32 | x)
    across, down = _steps(activity, x, y), _steps(activity, y, x)
    del x, y
    # For each axis: heat, ways across lines between columns (or rows), and ways across the other lines.
    views = (cells, across, down.turned), (cells.turned, down, across.turned)
    tried = [_settled(box, views, activities) for box in _starts(cells)]
    _, box = max(tried, key=lambda one: one[0])  # of equally good ones the first
    return box[0] + left, box[1] + top, box[2] + left, box[3] + top


def _steps(activity: NDArray[np.int64], x: NDArray[np.int32], y: NDArray[np.int32]) -> _Sums:
    """Count ways between neighbouring columns; x is the eastern one of two neighbouring cells of one activity."""
    key = activity << 20
    key |= y
    key <<= 20
    key |= x
    key.sort()
    # Sorted, a cell follows its western neighbour. The last cell of a row and the first of the next differ by more.
    later = key[1:][key[1:] - key[:-1] == 1]
    del key
    places = later >> 20
    places &= (1 << 20) - 1
    places <<= 32
    later &= (1 << 20) - 1
    places |= later
    del later
    return _Sums.of(places)


def _starts(cells: _Sums) -> list[list[int]]:
    """Boxes to start from: that of all cells, and those of the groups with the most visits."""
    squares, which = np.unique((cells.y >> _GROUP) << 32 | (cells.x >> _GROUP), return_inverse=True)
    names = np.array(connected(squares.tolist(), 1 << 32))[which.reshape(-1)]
    largest = np.argsort(-np.bincount(names, cells.n), kind="stable")[:_GROUPS]
    return [_around(cells, slice(None)), *(_around(cells, names == name) for name in largest)]


def _around(cells: _Sums, of: NDArray[np.bool_] | slice) -> list[int]:
    x, y = cells.x[of], cells.y[of]
    return [int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1]


def _settled(box: list[int], views: tuple[tuple[_Sums, _Sums, _Sums], ...], activities: int) -> tuple[float, list[int]]:
    """Move the sides of a box until no move improves it; return its value and the box."""
    value = -np.inf
    for _ in range(_ROUNDS):
        before = list(box)
        for axis in (0, 1):
            for end in (0, 1):
                sides = box[axis + 2 - 2 * end], box[1 - axis], box[3 - axis]
                value, box[axis + 2 * end] = _best(end, sides, views[axis], activities)
        if box == before:
            break
    return value, box


def _best(
    end: int, sides: tuple[int, int, int], view: tuple[_Sums, _Sums, _Sums], activities: int
) -> tuple[float, int]:
    """Find the best place of one side of a box while the other three stay.

    Parameters
    ----------
    end : int
        Side to move. 0: the western, 1: the eastern (on the other axis the northern, the southern).
    sides : tuple of int
        Places of the opposite side and of the two adjacent ones.
    view : tuple of _Sums
        Heat of cells, ways across lines between columns, and ways across lines between rows.

    Returns
    -------
    float, int
        Value and place.
    """
    cells, across, down = view
    opposite, low, high = sides
    size = int(cells.x.max()) + 1
    heat = _before(cells.along_x((cells.y >= low) & (cells.y < high), size))
    beside = _before(down.along_x((down.y == low) | (down.y == high), size))
    crossed = across.along_x((across.y >= low) & (across.y < high), size + 1)
    lines = np.arange(opposite) if end == 0 else np.arange(opposite + 1, size + 1)
    first, last = np.minimum(lines, opposite), np.maximum(lines, opposite)
    cut = crossed[first] + crossed[last] + beside[last] - beside[first]
    long, wide = np.maximum(last - first, _LEAST), max(high - low, _LEAST)
    area = np.log(np.maximum(long, SLENDER * wide)) + np.log(np.maximum(wide, SLENDER * long))
    with np.errstate(divide="ignore"):
        value = np.round(_WORTH * np.log(heat[last] - heat[first]) - area - _CUT * cut / activities, 9)
    best = np.flatnonzero(value == value.max())
    at = best[0] if end == 0 else best[-1]  # the outermost of equally good places
    return float(value[at]), int(lines[at])


def _before(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n + 1,) sums of everything before each line."""
    return np.concatenate(([0.0], np.cumsum(sums)))
