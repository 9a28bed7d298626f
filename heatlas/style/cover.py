"""Where a picture holds heat, coarsely: decorations are put where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["CELL", "Cover", "cells_of"]

CELL = 8
"""Pixels of a cell, a side."""


def cells_of(filled: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the cells (ceil(height / CELL), ceil(width / CELL)) of which any pixel (height, width) is filled."""
    height, width = filled.shape
    rows, columns = -(-height // CELL), -(-width // CELL)
    if (height, width) != (rows * CELL, columns * CELL):
        padded = np.zeros((rows * CELL, columns * CELL), np.bool_)
        padded[:height, :width] = filled
        filled = padded
    across = np.logical_or.reduce(filled.reshape(rows, CELL, columns * CELL), axis=1)
    return np.asarray(np.logical_or.reduce(across.reshape(rows, columns, CELL), axis=2))


@frozen
class Cover:
    """Cells of a picture that hold heat, ready to be counted in any rectangle."""

    sums: NDArray[np.int64]
    """(rows + 1, columns + 1) numbers of cells with heat above and to the left."""

    @classmethod
    def of(cls, parts: Sequence[NDArray[np.bool_]]) -> Cover:
        """Join cells (see `cells_of`) from the top downwards; all parts but the last have whole cells."""
        cells = np.concatenate(parts)
        sums = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1), np.int64)
        sums[1:, 1:] = cells.cumsum(axis=0).cumsum(axis=1)
        return cls(sums)

    def under(self, left: int, top: int, width: int, height: int) -> int:
        """Count the cells with heat that a rectangle touches, in pixels; 0: it covers no pixel of heat."""
        rows, columns = self.sums.shape[0] - 1, self.sums.shape[1] - 1
        first, last = min(max(top // CELL, 0), rows), min(max(-(-(top + height) // CELL), 0), rows)
        begin, end = min(max(left // CELL, 0), columns), min(max(-(-(left + width) // CELL), 0), columns)
        return int(self.sums[last, end] - self.sums[first, end] - self.sums[last, begin] + self.sums[first, begin])
