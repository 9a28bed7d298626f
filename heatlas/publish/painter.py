"""Blocks of tiles drawn with as little work as possible, to what the general way gives.

Tiles of the index are counted once and kept as single precision, which is what they are smoothed in; and the values at
which each step of the palette begins are found beforehand, so that no logarithm is taken of a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.colour import colour, palette
from heatlas.grid import Grid
from heatlas.kernels.blur import blur_rows
from heatlas.kernels.steps import SHIFT, step_of_values
from heatlas.library.drawing import draw
from heatlas.picture import Picture
from heatlas.tiling.cache import Cache
from heatlas.tiling.fields import SIDE, as_drawn, field_window, margins
from heatlas.tiling.tiles import census_for
from heatlas.window import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.tiling.fields import Field
    from heatlas.tone import Tone

__all__ = ["Painter"]

_CACHE = 64 << 20
"""Bytes of tiles of the index that are kept."""
_INFINITE = 0x7F80_0000
"""Bits of the infinite float32."""
_PLANES = ("total", "count", "square")
_Planes = dict[str, "NDArray[np.float32]"]


@dataclass(frozen=True)
class Painter:
    """What the tiles of one zoom are drawn with; safe for threads."""

    field: Field
    zoom: int
    tone: Tone
    colours: NDArray[np.uint8]
    """(256, 4) RGBA."""

    def paint(self, window: Window) -> Picture | None:
        """Draw a window of the zoom; None where there is nothing."""
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
        """Whether tracks are smoothed at the zoom at which they are indexed."""
        drawn = as_drawn(self.field, self.zoom)[1]
        return self.field.look.kernel is None and drawn == self.zoom and self.field.look.smoothing.pixels > 0

    @cached_property
    def _held(self) -> frozenset[tuple[int, int]]:
        """Tiles of the index in which there is anything."""
        census = census_for(self.field, self.zoom)
        return frozenset(zip(census.x.tolist(), census.y.tolist(), strict=True))

    @cached_property
    def _counted(self) -> Cache[_Planes | None]:
        return Cache(_CACHE, lambda planes: sum(p.nbytes for p in planes.values()) if planes else 0)

    @cached_property
    def _palette(self) -> NDArray[np.uint8]:
        return palette(self.colours, self.tone, None)

    @cached_property
    def _steps(self) -> tuple[NDArray[np.float32], NDArray[np.uint8], int] | None:
        """What `step_of_values` looks in: where steps begin, the table and its first place; None but for sums.

        (256,): the least value above 0 that lands on step 1, 2, ... 255, and infinity.
        """
        if self.tone.diverging or self.field.look.measure.metric:
            return None
        # Halving: the bits of numbers above 0 ascend as they do.
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
        """As `heatlas.tiling.fields.smoothed`."""
        smoothing, measure = self.field.look.smoothing, self.field.look.measure
        margin = margins(self.field, window)[0]
        bare = self._bare(window.grown(margin))
        if not bare:
            return None
        sigma, planes = smoothing.sigma(window), {}
        for name, plane in bare.items():
            planes[name] = np.empty((window.height, window.width), np.float32)
            blur_rows(plane, sigma, margin, measure.of_lines, 0, window.height, planes[name])
        return Grid(window, measure, planes["total"], planes.get("count"), planes.get("square"))

    def _bare(self, window: Window) -> _Planes:
        """Put a window together from tiles of the index; empty: there is nothing in it."""
        across = 1 << self.zoom
        rows = range(max(window.y // SIDE, 0), min((window.y + window.height - 1) // SIDE, across - 1) + 1)
        columns = range(window.x // SIDE, (window.x + window.width - 1) // SIDE + 1)
        there = [(x, y) for y in rows for x in columns if (x % across, y) in self._held]
        planes: _Planes = {}
        for x, y in there:
            tile = self._tile(x % across, y)
            left, top = x * SIDE - window.x, y * SIDE - window.y
            inner = slice(max(-top, 0), window.height - top), slice(max(-left, 0), window.width - left)
            outer = slice(max(top, 0), top + SIDE), slice(max(left, 0), left + SIDE)
            for name, plane in (tile or {}).items():
                if name not in planes:
                    planes[name] = np.zeros((window.height, window.width), np.float32)
                planes[name][outer] = plane[inner]
        return planes

    def _tile(self, x: int, y: int) -> _Planes | None:
        def count() -> _Planes | None:
            window = Window(SIDE * 2.0**self.zoom, x * SIDE, y * SIDE, SIDE, SIDE)
            grid = draw(self.field.view.library, window, self.field.look.measure, self.field.chosen.keep)
            if not grid.filled.any():
                return None
            found: dict[str, NDArray[Any] | None] = {name: getattr(grid, name) for name in _PLANES}
            return {name: plane.astype(np.float32) for name, plane in found.items() if plane is not None}

        return self._counted.get((x, y), count)
