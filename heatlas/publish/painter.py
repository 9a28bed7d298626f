"""Draw windows of tiles fast, with the same result as `heatlas.tiles.fields.field_window`.

Tiles of the index are counted once and cached in single precision, in which they are smoothed. The value at which each
step of the palette begins is found beforehand, so that no logarithm is taken per pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.window import Window
from heatlas.kernels.blur import blur_rows
from heatlas.kernels.steps import SHIFT, step_of_values
from heatlas.style.colour import colour, palette
from heatlas.style.image import Picture
from heatlas.tiles.busy_tiles import census_for
from heatlas.tiles.cache import Cache
from heatlas.tiles.fields import SIDE, as_drawn, count_tile, field_window, margins, mosaic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.raster.grid import Grid
    from heatlas.style.tone import Tone
    from heatlas.tiles.fields import Field

__all__ = ["TilePainter"]

_CACHE = 64 << 20
"""Bytes of cached tiles of the index."""
_INFINITE = 0x7F80_0000
"""Bits of float32 infinity."""


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
        if self._steps is None or grid.total.dtype != np.float32:
            return colour(grid, self.tone, self.colours, None)
        begins, table, least = self._steps
        steps, values = np.empty(grid.total.shape, np.uint8), grid.total.reshape(-1)
        step_of_values(values, values.view(np.int32), begins, table, least, steps.reshape(-1))
        return Picture(steps, self._palette)

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
    def _counted(self) -> Cache[Grid | None]:
        return Cache(_CACHE, lambda grid: 0 if grid is None else grid.nbytes)

    @cached_property
    def _palette(self) -> NDArray[np.uint8]:
        return palette(self.colours, self.tone, None)

    @cached_property
    def _steps(self) -> tuple[NDArray[np.float32], NDArray[np.uint8], int] | None:
        """Arguments of `step_of_values`: where steps begin, its table, and the table's first place.

        None unless the measure is a sum, and its tone neither diverging nor local. The first array is (256,): the least
        value above 0 that falls on step 1, 2, ... 255, and infinity.
        """
        if self.tone.diverging or self.tone.local is not None or self.field.look.measure.metric:
            return None
        # Bisection on the bits of float32: above 0 they are ordered as the numbers are.
        steps = np.arange(1, 256)
        low, high = np.zeros(255, np.int64), np.full(255, _INFINITE)
        for _ in range(31):
            middle = (low + high) // 2
            reached = np.rint(self.tone(middle.astype(np.int32).view(np.float32)) * 255) >= steps
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        high = np.append(np.maximum.accumulate(high), _INFINITE)
        least, last = int(high[0]) >> SHIFT, min(int(high[254]), _INFINITE - 1) >> SHIFT
        table = np.searchsorted(high, np.arange(least, last + 1) << SHIFT, side="right").astype(np.uint8)
        return high.astype(np.int32).view(np.float32), table, least

    def _smoothed(self, window: Window) -> Grid | None:
        """Equal to `heatlas.tiles.fields.smoothed`."""
        smoothing, measure = self.field.look.smoothing, self.field.look.measure
        margin = margins(self.field, window)[0]
        bare = mosaic(window.grown(margin), measure, self._tile)
        if bare is None:
            return None
        sigma = smoothing.sigma(window)

        def blur(plane: NDArray[np.float32]) -> NDArray[np.float32]:
            out = np.empty((window.height, window.width), np.float32)
            blur_rows(plane, sigma, margin, measure.of_lines, 0, window.height, out)
            return out

        return bare.map(blur, window)

    def _tile(self, x: int, y: int) -> Grid | None:
        """Count a tile of the index, once, in single precision; None if it is empty."""

        def count() -> Grid | None:
            window = Window(SIDE * 2.0**self.zoom, x * SIDE, y * SIDE, SIDE, SIDE)
            grid = count_tile(self.field, window)
            return None if grid is None else grid.map(lambda plane: plane.astype(np.float32))

        return self._counted.get((x, y), count) if self._held is None or (x, y) in self._held else None
