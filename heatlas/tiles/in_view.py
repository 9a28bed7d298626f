"""What lies in a part of the map: its activities or points, counted exactly from the index."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.library.index.owners import owners_in
from heatlas.library.points.point_cells import FINEST, unmorton
from heatlas.library.points.point_cells import PIXELS as LEVELS
from heatlas.library.points.point_drawing import DEEPEST_TILES
from heatlas.library.points.point_times import read_timed
from heatlas.tiles.fields import SIDE, index_in
from heatlas.tiles.view import census_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.tiles.fields import Field
    from heatlas.tiles.snapshot import Snapshot
    from heatlas.tiles.view import View

    Box = tuple[float, float, float, float]
    """West, south, east, north, degrees; east is above west and may be above 180."""

__all__ = ["activities_in", "days_of_points_in", "is_wide", "points_in", "window_of"]

_ACROSS = 64
"""Tiles across and down that are read at most."""


def window_of(box: Box, zoom: int) -> Window:
    """Pixels of a zoom whose middles lie in a box; at least one."""
    west, south, east, north = box
    scale = SIDE * 2.0**zoom
    (left, right), (top, bottom) = from_lonlat(np.array([west, min(east, west + 360)]), np.array([north, south]))
    x0, x1, y0, y1 = (math.ceil(edge * scale - 0.5) for edge in (left, right, top, bottom))
    return Window(scale, x0, y0, max(x1 - x0, 1), max(y1 - y0, 1))


def is_wide(window: Window) -> bool:
    """Whether a window has more tiles across or down than are read."""
    return max(window.width, window.height) > _ACROSS * SIDE


def activities_in(view: View, snapshot: Snapshot, box: Box, zoom: int) -> NDArray[np.bool_]:
    """Find the activities of which anything is shown in a box.

    It is exact to a pixel of the zoom. Tiles that lie inside as a whole are known from the headers of the index; those
    that the edge of the box crosses are decoded, for the activities alone that no inner tile has shown.

    Parameters
    ----------
    view, snapshot
        Library and its state.
    box : (float, float, float, float)
        West, south, east, north, degrees.
    zoom : int
        Zoom of 256 px tiles; a zoom that the index lacks, or that has too many tiles in the box, gives way to the
        nearest that it has.

    Returns
    -------
    ndarray of bool (n,)
        By number; n is above the greatest number of the snapshot.
    """
    first, last = snapshot.settings.zooms
    zoom = min(max(zoom, first), last)
    while zoom > first and is_wide(window_of(box, zoom)):
        zoom -= 1
    window, counts = window_of(box, zoom), census_of(view, snapshot, zoom)
    x, y = (counts.x - window.x // SIDE) % (1 << zoom) + window.x // SIDE, counts.y.astype(np.int64)
    right, bottom = window.x + window.width, window.y + window.height
    inner = (x * SIDE >= window.x) & ((x + 1) * SIDE <= right) & (y * SIDE >= window.y) & ((y + 1) * SIDE <= bottom)
    touched = (x * SIDE < right) & ((y + 1) * SIDE > window.y) & (y * SIDE < bottom)
    # A box that is nearly as wide as the world has a tile at either end.
    touched |= ((x + (1 << zoom)) * SIDE < right) & ((y + 1) * SIDE > window.y) & (y * SIDE < bottom)
    held = counts.passages > 0
    found = _numbered(snapshot, counts.number[held & inner[counts.tile]])
    edge = _numbered(snapshot, counts.number[held & touched[counts.tile]]) & ~found
    for strip in _edges(window):
        if edge.any():
            seen = owners_in(view.library, strip, edge)
            found, edge = found | seen, edge & ~seen
    return found


def _numbered(snapshot: Snapshot, numbers: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Activities by number, of those of a snapshot."""
    here = np.zeros(int(snapshot.numbers.max(initial=0)) + 1, np.bool_)
    here[numbers[numbers < len(here)]] = True
    known = np.zeros_like(here)
    known[snapshot.numbers] = True
    return here & known


def _edges(window: Window) -> list[Window]:
    """Parts of a window that lie in tiles which its edge crosses; together with the tiles inside they are all of it."""
    scale, right, bottom = window.scale, window.x + window.width, window.y + window.height
    left, top = -(-window.x // SIDE) * SIDE, -(-window.y // SIDE) * SIDE
    east, south = right // SIDE * SIDE, bottom // SIDE * SIDE
    if left >= east or top >= south:  # no tile lies inside
        return [window]
    parts = [
        (window.x, window.y, window.width, top - window.y),
        (window.x, south, window.width, bottom - south),
        (window.x, top, left - window.x, south - top),
        (east, top, right - east, south - top),
    ]
    return [Window(scale, x, y, width, height) for x, y, width, height in parts if width > 0 and height > 0]


def points_in(field: Field, box: Box, zoom: int) -> int:
    """Count the points of a field in a box, exact to a pixel of the zoom; those of its span of time, if it has one."""
    zoom = min(zoom, DEEPEST_TILES)
    while zoom and is_wide(window_of(box, zoom)):
        zoom -= 1
    window, across, index, total = window_of(box, zoom), 1 << zoom, index_in(field), 0
    for y in range(max(window.y // SIDE, 0), min((window.y + window.height - 1) // SIDE, across - 1) + 1):
        for x in range(window.x // SIDE, (window.x + window.width - 1) // SIDE + 1):
            cells = index.tile(zoom, x % across, y)
            if cells is None:
                continue
            column, row = unmorton(cells.code)
            column, row = column + x * SIDE - window.x, row + y * SIDE - window.y
            inside = (column >= 0) & (column < window.width) & (row >= 0) & (row < window.height)
            total += int(cells.count[inside].sum())
    return total


def days_of_points_in(field: Field, box: Box, zoom: int) -> list[tuple[int, int]]:
    """Days since 1970 on which points of the set of a field lie in a box, whatever the field's span, and how many."""
    stored = field.snapshot.point_sets[field.look.point_set]
    if stored.time is None:
        return []
    timed = field.view.timed.get((stored.number,), lambda: read_timed(field.view.library, stored))
    zoom = min(zoom, DEEPEST_TILES)
    window = window_of(box, zoom)
    column, row = (pixels >> (FINEST - LEVELS - zoom) for pixels in unmorton(timed.code))
    column = (column - window.x) % (SIDE << zoom)
    inside = (column < window.width) & (row >= window.y) & (row < window.y + window.height) & np.isfinite(timed.time)
    days, counts = np.unique(np.floor(timed.time[inside] / 86400).astype(np.int64), return_counts=True)
    return list(zip(days.tolist(), counts.tolist(), strict=True))
