"""Compose a picture of a given form around tracks: most of what is drawn on as little paper as possible."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import from_lonlat, to_lonlat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch

    Box = tuple[float, float, float, float]

__all__ = ["composed", "emptiness"]

_CELLS = 160
"""Cells of the longer side of the box that is looked at."""
_AROUND = 0.35
"""How far beyond the box on each side, as a share of its longer side."""
_SHARES = (0.98, 0.96, 0.94, 0.92)
"""Shares of the passes that a picture may hold: the first with little empty space is taken."""
_EMPTY, _BLOCKS = 0.25, 6
"""Share of a picture that may be empty, as counted in blocks of so many rows and columns."""
_AIR = 0.03
"""Room left free on each side, as a share of the picture."""


def composed(batches: Sequence[Batch], box: Box, aspects: Iterable[float]) -> tuple[Box, float]:
    """Find the box of one of some forms that holds most passes of a place with least empty space.

    Parameters
    ----------
    batches : sequence of Batch
        Tracks that are drawn.
    box : (float, float, float, float)
        The place: west, south, east, north, degrees.
    aspects : iterable of float
        Widths by heights, on the map; of equally good ones the first is taken.

    Returns
    -------
    (float, float, float, float), float
        The box, degrees, and its aspect.
    """
    lattice = _Lattice(box)
    passes = lattice.passes(batches)
    found = [_smallest(passes, aspect) for aspect in aspects]
    best = min(found, key=lambda one: (round(one[0], 2), -one[2], one[1][2] * one[1][3]))
    _, (left, top, width, height), _ = best
    grown = _AIR * math.sqrt(width * height)
    aspect = width / height
    return lattice.box(left - grown * aspect, top - grown, width + 2 * grown * aspect, height + 2 * grown), aspect


class _Lattice:
    """Square cells around a box."""

    def __init__(self, box: Box) -> None:
        west, south, east, north = box
        (left, right), (top, bottom) = from_lonlat(
            np.array([west, east + 360 * (west > east)]), np.array([north, south])
        )
        longer = max(right - left, bottom - top)
        self._cell = longer / _CELLS
        around = _AROUND * longer
        self._left, self._top = left - around, max(top - around, 0.0)
        self.columns = math.ceil((right + around - self._left) / self._cell)
        self.rows = math.ceil((min(bottom + around, 1.0) - self._top) / self._cell)

    def passes(self, batches: Sequence[Batch]) -> NDArray[np.float64]:
        """(rows, columns) number of tracks with a fix in each cell."""
        counts = np.zeros(self.rows * self.columns)
        for batch in batches:
            column = np.floor(((batch.u - self._left) % 1.0) / self._cell).astype(np.int64)
            row = np.floor((batch.v - self._top) / self._cell).astype(np.int64)
            inside = (column < self.columns) & (row >= 0) & (row < self.rows)
            track = np.repeat(np.arange(len(batch)), np.diff(batch.segments[batch.tracks]))
            keys = (track * self.rows + row)[inside] * self.columns + column[inside]
            counts += np.bincount(np.unique(keys) % len(counts), minlength=len(counts))
        return counts.reshape(self.rows, self.columns)

    def box(self, left: float, top: float, width: float, height: float) -> Box:
        """Box in degrees of a rectangle in cells."""
        u = self._left + self._cell * np.array([left, left + width])
        v = np.clip(self._top + self._cell * np.array([top + height, top]), 0, 1)
        lon, lat = to_lonlat(u, v)
        return float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1])


def _smallest(passes: NDArray[np.float64], aspect: float) -> tuple[float, tuple[float, float, float, float], float]:
    """Emptiness beyond what is allowed, rectangle (left, top, width, height) and share of the best picture."""
    sums = np.zeros((passes.shape[0] + 1, passes.shape[1] + 1))
    sums[1:, 1:] = passes.cumsum(axis=0).cumsum(axis=1)
    tried = []
    for share in _SHARES:
        left, top, width, height = _holding(sums, aspect, share * float(sums[-1, -1]))
        empty = emptiness(passes, left, top, width, height)
        tried.append((max(empty - _EMPTY, 0.0), (left, top, width, height), share))
        if empty <= _EMPTY:
            break
    return min(tried, key=lambda one: one[0])


def _holding(sums: NDArray[np.float64], aspect: float, wanted: float) -> tuple[float, float, float, float]:
    """Smallest rectangle of a form that holds so many passes, with what it holds in its middle."""
    rows, columns = sums.shape[0] - 1, sums.shape[1] - 1
    height = rows
    for tall in range(1, max(rows, math.ceil(columns / aspect)) + 1):
        held = _sums_of(sums, min(round(tall * aspect) or 1, columns), min(tall, rows))
        if held.max() >= wanted - 1e-9:
            height = tall
            break
    wide, tall = min(round(height * aspect) or 1, columns), min(height, rows)
    held = _sums_of(sums, wide, tall)
    top, left = np.argwhere(held == held.max()).mean(axis=0)
    # Where the form is longer than all that is looked at, it reaches beyond on both sides.
    width = height * aspect
    return float(left) - (width - wide) / 2, float(top) - (height - tall) / 2, width, float(height)


def _sums_of(sums: NDArray[np.float64], wide: int, tall: int) -> NDArray[np.float64]:
    """Sums of all rectangles of one size, by their upper left cells."""
    return np.asarray(sums[tall:, wide:] - sums[:-tall, wide:] - sums[tall:, :-wide] + sums[:-tall, :-wide])


def emptiness(passes: NDArray[np.float64], left: float, top: float, width: float, height: float) -> float:
    """Share of the blocks of a rectangle in which there is no pass."""
    row, column = np.nonzero(passes)
    across, down = (column + 0.5 - left) / width * _BLOCKS, (row + 0.5 - top) / height * _BLOCKS
    inside = (across >= 0) & (across < _BLOCKS) & (down >= 0) & (down < _BLOCKS)
    filled = np.unique(np.floor(down[inside]) * _BLOCKS + np.floor(across[inside]))
    return float(1 - len(filled) / _BLOCKS**2)
