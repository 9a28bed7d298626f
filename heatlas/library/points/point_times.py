"""Cells of the points of a set that lie in a span of time, while somebody looks.

The index of a set adds up all of its points. For a span of time the points themselves are held in memory, in Morton
order with their times, 24 bytes each: those of a tile are then one run, of which the span is taken and added up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.resources import free_memory
from heatlas.library.points.point_cells import FINEST, PIXELS, Cells, cells_at, in_morton_order, morton
from heatlas.library.points.point_index import read_level, read_tile
from heatlas.library.points.point_rows import concatenated, read_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.library.file.store import Library
    from heatlas.library.points.stored_points import StoredPoints

__all__ = ["PointIndex", "Span", "TimedPoints", "read_timed"]

Span = tuple[float, float]
"""Unix seconds: from the first to before the second; either may be infinite."""
_BYTES = 100
"""Bytes of a point while it is put in order."""


@frozen
class TimedPoints:
    """Points of a set with their times, in Morton order."""

    code: NDArray[np.int64]
    """(n,) Morton numbers at the finest level, ascending."""
    time: NDArray[np.float64]
    """(n,) Unix seconds; NaN lies in no span."""
    weight: NDArray[np.float64] | None

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return sum(column.nbytes for column in (self.code, self.time, self.weight) if column is not None)

    def count(self, span: Span) -> int:
        """Number of the points in a span."""
        return int(((self.time >= span[0]) & (self.time < span[1])).sum())

    def cells(self, level: int, first: int, end: int, span: Span) -> Cells | None:
        """Cells of a level, from a Morton number to before another, of the points in a span; None without any."""
        finer = 2 * (FINEST - level)
        low, high = np.searchsorted(self.code, (first << finer, end << finer))
        time = self.time[low:high]
        kept = (time >= span[0]) & (time < span[1])
        if not kept.any():
            return None
        weight = None if self.weight is None else self.weight[low:high][kept]
        return cells_at(self.code[low:high][kept] >> finer, weight)


def read_timed(library: Library, stored: StoredPoints) -> TimedPoints:
    """Read the points of a set that has times.

    Raises
    ------
    BadOption
        When they do not fit into memory.
    SourceFailed
        When they are damaged.
    """
    needed, free = _BYTES * stored.points, free_memory()
    if needed > free:
        raise BadOption(
            f"to choose among {stored.points:,} points by time takes {needed / 2**30:.1f} GB of memory, and "
            f"{free / 2**30:.1f} GB are free: import some of {stored.name}, with --after or --where"
        )
    with library.read() as connection:
        points = concatenated(list(read_points(connection, stored)))
    code, order = in_morton_order(points)
    assert points.time is not None
    return TimedPoints(code, points.time[order], None if points.weight is None else points.weight[order])


@frozen
class PointIndex:
    """The cells of a set: of all points from the library, or of those in a span of time."""

    library: Library
    stored: StoredPoints
    span: Span | None = None
    timed: TimedPoints | None = None
    """Where there is a span."""

    @property
    def points(self) -> int:
        """Number of the points."""
        if self.timed is None or self.span is None:
            return self.stored.points
        return self.timed.count(self.span)

    def tile(self, zoom: int, x: int, y: int) -> Cells | None:
        """Pixels of a tile that hold points (see `heatlas.library.points.point_index.read_tile`)."""
        if self.timed is None or self.span is None:
            with self.library.read() as connection:
                return read_tile(connection, self.stored.number, zoom, x, y)
        tile, inner = int(morton(np.array(x), np.array(y))), 2 * PIXELS
        found = self.timed.cells(zoom + PIXELS, tile << inner, (tile + 1) << inner, self.span)
        return None if found is None else replace(found, code=found.code & ((1 << inner) - 1))

    def level(self, level: int) -> Cells | None:
        """All cells of a level; None without any."""
        if self.timed is None or self.span is None:
            with self.library.read() as connection:
                return read_level(connection, self.stored.number, level)
        return self.timed.cells(level, 0, 1 << 2 * level, self.span)
