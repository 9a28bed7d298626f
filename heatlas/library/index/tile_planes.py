"""Planes of one tile of the index after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.raster.accumulators import begun, ended
from heatlas.raster.tile_pixels import SIDE, PixelTaker

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.raster.reductions import Layout
    from heatlas.raster.tile_pixels import TilePixels

__all__ = ["TilePlanes"]


class TilePlanes:
    """Planes to which the passages of a tile are added, and cleared for the next one when they are taken."""

    __slots__ = ("_layout", "_taker", "tile")

    def __init__(self, layout: Layout, dtype: str | None) -> None:
        self._layout, self._taker = layout, PixelTaker()
        self.tile: dict[str, NDArray[Any]] = begun(layout, SIDE * SIDE, dtype)
        """Name -> (65536,)."""

    def take(self) -> TilePixels | None:
        """Pixels of the tile; None where there is nothing."""
        found = self._taker.take(ended(self._layout, self.tile))
        for plane in self._layout.planes:
            if plane.extreme:
                self.tile[plane.name].fill(np.nan)
        return found
