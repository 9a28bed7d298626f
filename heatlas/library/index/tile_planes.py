"""Planes of a window that is filled tile by tile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.raster.accumulators import begun, ended

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.reductions import Layout

__all__ = ["SIDE", "TilePlanes"]

SIDE = 256
"""Pixels of a side of a tile."""


class TilePlanes:
    """Planes of one tile at a time, to which passages are added, and of the window.

    A window that is one tile, as those of maps are, is added to directly: planes are cleared and copied once less.
    """

    __slots__ = ("_corner", "_fresh", "_layout", "_window", "tile")

    def __init__(self, layout: Layout, window: Window, dtype: str | None) -> None:
        self._layout, self._corner, self._fresh = layout, (0, 0), True
        self._window = begun(layout, (window.height, window.width), dtype)
        self.tile: dict[str, NDArray[Any]]
        """Name -> (65536,)."""
        if window.x % SIDE == window.y % SIDE == 0 and window.width == window.height == SIDE:
            self.tile = {name: plane.reshape(-1) for name, plane in self._window.items()}
        else:
            self.tile = begun(layout, SIDE * SIDE, dtype)

    def begin(self, left: int, top: int) -> None:
        """Begin a tile, whose corner lies at a column and a row of the window."""
        if not self._fresh:
            for plane in self._layout.planes:
                self.tile[plane.name].fill(np.nan if plane.extreme else 0)
        self._corner, self._fresh = (left, top), False

    def put(self) -> None:
        """Copy the tile into the window, as far as it lies inside."""
        left, top = self._corner
        for name, plane in self._window.items():
            if np.may_share_memory(plane, self.tile[name]):
                continue
            height, width = plane.shape
            rows, columns = slice(max(top, 0), min(top + SIDE, height)), slice(max(left, 0), min(left + SIDE, width))
            plane[rows, columns] = self.tile[name].reshape(SIDE, SIDE)[
                rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
            ]

    def ended(self) -> dict[str, NDArray[Any]]:
        """Planes of the window as a grid has them; nothing may be added afterwards."""
        return ended(self._layout, self._window)
