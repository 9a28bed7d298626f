"""Find activities that may touch a tile, by their boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from heatlas.library.index.chunks import Tile
    from heatlas.library.rows.activities import ActivityRow

__all__ = ["boxes_of", "meet", "near"]

_MARGIN = 2 / 256
"""Tiles around a tile within which an activity's box may lie, as lines are rounded to pixels."""


def near(rows: Mapping[int, ActivityRow], tiles: Sequence[Tile]) -> list[int]:
    """Numbers of the activities whose boxes reach one of some tiles of one zoom."""
    boxes = boxes_of(rows.values())
    found = np.zeros(len(rows), bool)
    for tile in tiles:
        found |= meet(boxes, *tile)
    return [int(number) for number in np.array(list(rows), np.int64)[found]]


def boxes_of(rows: Iterable[ActivityRow]) -> NDArray[np.float64]:
    """(4, n) west, east, north and south of activities in worlds."""
    return np.array([(row.west, row.east, row.north, row.south) for row in rows], np.float64).reshape(-1, 4).T


def meet(boxes: NDArray[np.float64], zoom: int, x: int, y: int) -> NDArray[np.bool_]:
    """(n,) whether boxes reach a tile, on whichever turn around the world."""
    side = 2.0**zoom
    west, east, north, south = boxes * side
    # The first turn on which this tile does not end before the box begins.
    column = x + side * np.ceil((west - _MARGIN - 1 - x) / side)
    met: NDArray[np.bool_] = (column <= east + _MARGIN) & (north - _MARGIN <= y + 1) & (south + _MARGIN >= y)
    return met
