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
from heatlas.kernels.steps import SHIFT, colour_means, ordered, step_of_values
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
"""Rank of infinity among the numbers of float32 (`heatlas.kernels.steps.ordered`)."""
_FIRST = -_INFINITE - 1
"""Rank of -infinity."""
_PLAIN = ("mean", "min", "max")
"""Reductions whose values are sums by counts."""


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
        return None if grid is None or not grid.filled.any() else self.coloured(grid)

    def coloured(self, grid: Grid) -> Picture:
        """Colour a smoothed grid; equal to `heatlas.style.colour.colour`."""
        if self._steps is None or any(plane.dtype != np.float32 for plane in grid.planes.values()):
            return colour(grid, self.tone, self.colours, None)
        begins, table, least = self._steps
        values = grid.total.reshape(-1)
        if grid.sums:
            steps = np.empty(grid.total.shape, np.uint8)
            step_of_values(values, values.view(np.int32), begins, table, least, steps.reshape(-1))
            return Picture(steps, self._palette)
        means, pixels = np.empty_like(values), np.empty(values.shape, np.uint32)
        colours, alphas = self._opaque_palette
        colour_means(
            grid.planes["n"].reshape(-1), values, means, means.view(np.int32), begins, table, least, colours, alphas,
            pixels,
        )  # fmt: skip
        return Picture(pixels.view(np.uint8).reshape(*grid.total.shape, 4))

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
    def _opaque_palette(self) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Colours of the steps of a mean, without their opacity, and that (`heatlas.kernels.steps.colour_means`)."""
        table = self._palette.copy()
        table[0] = self.colours[0]  # what is empty is none of the steps
        alphas = table[:, 3].copy()
        table[:, 3] = 0
        return table.view(np.uint32).ravel(), alphas

    @cached_property
    def _steps(self) -> tuple[NDArray[np.float32], NDArray[np.uint8], int] | None:
        """Arguments of the kernels: where steps begin, a table of steps, and the table's first place.

        None unless the measure is a sum of passages, or a plain mean or extreme, and its tone neither diverging nor
        local. The first array is (256,): the least value that falls on step 1, 2, ... 255, and infinity; of means, NaN.
        """
        tone, measure = self.tone, self.field.look.measure
        layout = measure.layout
        plain = not measure.metric if layout.sums else measure.simple and measure.reduction in _PLAIN
        if tone.diverging or tone.local is not None or tone.fitted is not None or not plain:
            return None
        # Bisection on the bits of float32, by which numbers are ordered.
        first = 0 if layout.sums else _FIRST
        steps = np.arange(1, 256)
        low, high = np.full(255, first), np.full(255, _INFINITE)
        for _ in range(31 if layout.sums else 32):
            middle = (low + high) >> 1
            reached = np.rint(np.nan_to_num(tone(ordered(middle)), nan=0.0) * 255) >= steps
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        high = np.append(np.maximum.accumulate(high), _INFINITE)
        least, last = int(high[0]) >> SHIFT, min(int(high[254]), _INFINITE - 1) >> SHIFT
        table = np.searchsorted(high, np.arange(least, last + 1) << SHIFT, side="right").astype(np.uint8)
        begins = ordered(high)
        if not layout.sums:
            begins[255] = np.nan  # infinite means have the last step too
        return begins, table, least

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
