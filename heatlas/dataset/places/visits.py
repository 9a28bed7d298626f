"""Visits of activities to the cells of a worldwide lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.distinct import distinct
from heatlas.core.frozen import frozen
from heatlas.raster.threshold import is_shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch
    from heatlas.raster.threshold import Threshold

__all__ = ["ZOOM", "Visits", "visits_of"]

ZOOM = 10
"""Cells are the pixels of this zoom: 153 m at the equator, some 100 m in the middle of Europe."""
_ACROSS = 1 << (ZOOM + 8)


@frozen
class Visits:
    """Cells that activities go through. Each pair is there once, ordered by activity, row and column."""

    activity: NDArray[np.int64]
    """(k,) ordinal or number of the activity, ascending."""
    column: NDArray[np.int64]
    """(k,) column of the cell, eastwards, 0 to 2^18 - 1."""
    row: NDArray[np.int64]
    """(k,) row of the cell, southwards, 0 to 2^18 - 1."""
    fixes: NDArray[np.int64] | None = None
    """(k,) fixes of the activity in the cell; None where unknown."""

    @classmethod
    def of(
        cls,
        activity: NDArray[np.int64],
        column: NDArray[np.int64],
        row: NDArray[np.int64],
        fixes: NDArray[np.int64] | None = None,
    ) -> Visits:
        """Sort visits and merge those of one activity to one cell.

        Columns beyond the world wrap around; rows outside of it are left out.
        """
        inside = (row >= 0) & (row < _ACROSS)
        key = (activity << 36 | row << 18 | column % _ACROSS)[inside]
        if fixes is None:
            keys, sums = distinct(key), None
        else:
            keys, which = np.unique(key, return_inverse=True)
            sums = np.bincount(which, fixes[inside], len(keys)).astype(np.int64)
        return cls(keys >> 36, keys & (_ACROSS - 1), keys >> 18 & (_ACROSS - 1), sums)

    def of_enough(self, people: NDArray[np.int64], threshold: Threshold) -> Visits:
        """Visits to cells that enough people go through.

        Parameters
        ----------
        people : ndarray of int64 (n,)
            Number of the person of each activity, by its ordinal or number; -1: nobody's.
        threshold : Threshold
            How many are enough.
        """
        cell, person = self.row << 18 | self.column, people[self.activity]
        pairs = np.unique(np.stack([cell, person])[:, person >= 0], axis=1)
        cells, count = np.unique(pairs[0], return_counts=True)
        shown = np.isin(cell, cells[is_shown(count, threshold.people)])
        fixes = None if self.fixes is None else self.fixes[shown]
        return Visits(self.activity[shown], self.column[shown], self.row[shown], fixes)


def visits_of(batches: Sequence[Batch]) -> Visits:
    """Find the cells that the tracks of batches go through; tracks are numbered across all batches."""
    from heatlas.kernels.cells import list_cells
    from heatlas.kernels.lattice import frame_of

    frame = frame_of(float(_ACROSS), 0, 0, _ACROSS, _ACROSS)
    columns: list[list[NDArray[np.int64]]] = [[np.zeros(0, np.int64)] for _ in range(4)]
    first = 0
    for batch in batches:  # merged one by one, so that memory is needed for what is left
        track, *rest = list_cells(batch.u, batch.v, batch.segments, batch.tracks, frame)
        part = Visits.of(track + first, *rest)
        assert part.fixes is not None
        for column, values in zip(columns, (part.activity, part.column, part.row, part.fixes), strict=True):
            column.append(values)
        first += len(batch)
    columns.reverse()
    return Visits(*(np.concatenate(columns.pop()) for _ in range(4)))
