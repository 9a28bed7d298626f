"""Planes of one tile of the index after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.kernels.tiles import mark_pixels
from heatlas.raster.accumulators import ended
from heatlas.raster.tile_pixels import MARKS, SIDE, take_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.raster.reductions import Layout
    from heatlas.raster.tile_pixels import TilePixels

__all__ = ["TilePlanes"]


class TilePlanes:
    """Planes to which the passages of a tile are added, and cleared for the next one when they are taken."""

    __slots__ = ("_layout", "_planes", "_words", "tile")

    def __init__(self, layout: Layout, dtype: str) -> None:
        self._layout = layout
        self._planes = np.zeros((len(layout.planes), SIDE * SIDE), dtype)
        self._words = np.zeros(MARKS, np.uint64)
        self.tile: dict[str, NDArray[Any]] = dict(zip(layout.names, self._planes, strict=True))
        """Name -> (65536,)."""
        self._begin()

    def mark(self, pixels: NDArray[np.uint16]) -> None:
        """Note pixels to which something may be added: no others are looked at."""
        mark_pixels(pixels, self._words.view(np.uint8))

    def take(self) -> TilePixels | None:
        """Pixels of the tile; None where there is nothing."""
        ended(self._layout, self.tile)
        found = take_pixels(self._layout.names, self._planes, self._words)
        self._begin()
        return found

    def _begin(self) -> None:
        """Extremes begin as NaN, as those of `heatlas.raster.accumulators.begun`."""
        for plane in self._layout.planes:
            if plane.extreme:
                self.tile[plane.name].fill(np.nan)
