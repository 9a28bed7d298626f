"""Draw windows of tiles fast, with the same result as `heatlas.tiles.fields.field_window`.

Tiles of the index are counted once and cached.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from heatlas.raster.gaussian import smooth
from heatlas.style.colour import colour
from heatlas.tiles.busy_tiles import census_for
from heatlas.tiles.cache import Cache
from heatlas.tiles.fields import SIDE, as_drawn, count_tiles, field_window, margins, mosaic

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.grid import Grid
    from heatlas.raster.tile_pixels import TilePixels
    from heatlas.style.image import Picture
    from heatlas.style.tone import Tone
    from heatlas.tiles.fields import Field

__all__ = ["TilePainter"]

_CACHE = 64 << 20
"""Bytes of cached tiles of the index."""


@dataclass(frozen=True)
class TilePainter:
    """Draws the tiles of one zoom; thread-safe."""

    field: Field
    zoom: int
    tone: Tone
    colours: NDArray[np.uint8]
    """(256, 4) RGBA."""

    def paint(self, window: Window) -> Picture | None:
        """Draw a window of the zoom; None if it is empty."""
        grid = self._smoothed(window) if self._is_plain else field_window(self.field, window)
        if grid is None or not grid.filled.any():
            return None
        return colour(grid, self.tone, self.colours, None)

    @cached_property
    def _is_plain(self) -> bool:
        """Whether the tiles are of tracks that are indexed and smoothed at this zoom."""
        drawn = as_drawn(self.field, self.zoom)[1]
        return self.field.look.kernel is None and drawn == self.zoom and self.field.look.smoothing.pixels > 0

    @cached_property
    def _held(self) -> frozenset[tuple[int, int]] | None:
        """Columns and rows of tiles of the index that hold anything; None where tiles are counted elsewhere."""
        if self.field.counted is not None:
            return None
        tile_counts = census_for(self.field, self.zoom)
        return frozenset(zip(tile_counts.x.tolist(), tile_counts.y.tolist(), strict=True))

    @cached_property
    def _counted(self) -> Cache[TilePixels | None]:
        return Cache(_CACHE, lambda tile: 0 if tile is None else tile.nbytes)

    def _smoothed(self, window: Window) -> Grid | None:
        """Equal to `heatlas.tiles.fields.smoothed`."""
        margin = margins(self.field, window)[0]
        bare = mosaic(self.field, window.grown(margin), self._tiles, single=True)
        return None if bare is None else smooth(bare, self.field.look.smoothing, window, 1)

    def _tiles(self, places: Sequence[tuple[int, int]]) -> Sequence[TilePixels | None]:
        """Count tiles of the index, each once; None for those that are empty."""
        held = [place for place in places if self._held is None or place in self._held]
        counted = self._counted.get_all(held, lambda missing: count_tiles(self.field, SIDE * 2.0**self.zoom, missing))
        found = dict(zip(held, counted, strict=True))
        return [found.get(place) for place in places]
