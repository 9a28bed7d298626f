"""Paint frames: only changed pixels are smoothed and coloured again, and new heat glows for a short time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.window import Window
from heatlas.raster.draw_tracks import draw
from heatlas.raster.gaussian import Smoothing, halo, smooth
from heatlas.raster.grid import Grid
from heatlas.raster.measure import Measure
from heatlas.rendering.film.activities import box_of
from heatlas.style.colour import Style, colour, palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch
    from heatlas.style.tone import Tone
    from heatlas.tracks.metrics.model import Model

__all__ = ["COOLING", "FramePainter", "flash_on"]

COOLING = 0.2
"""Half-life of a glow, seconds."""
_STRENGTH = np.float32(1.4)
"""Initial strength of a glow; colours saturate at 1, so that it lasts some frames before it fades."""
_LEAST = np.float32(0.015)
"""Strength below which a glow ends."""
_AURA, _AURA_SHARE = 0.0045, np.float32(0.14)
"""Standard deviation of the aura around new heat, as a share of the picture's longer side, and its strength."""


@dataclass(frozen=True, slots=True)
class FramePainter:
    """Current state of the map of a film."""

    window: Window
    smoothing: Smoothing
    style: Style
    tone: Tone
    settled: NDArray[np.uint8]
    """(height, width, 3) colours of the heat."""
    steps: NDArray[np.uint8] | None
    """(height, width) the same as palette indices; None for means, which have more colours."""
    glow: NDArray[np.float32]
    """(height, width) strength of the glow; 0 where there is none."""
    aura: bool
    """Whether new heat also lights the pixels around it."""
    workers: int | None

    @classmethod
    def begin(
        cls,
        window: Window,
        smoothing: Smoothing,
        style: Style,
        tone: Tone,
        *,
        sums: bool,
        aura: bool,
        workers: int | None,
    ) -> FramePainter:
        """Begin with the background; `sums`: pixels are sums, not means or extremes."""
        shape = (window.height, window.width)
        settled = np.empty((*shape, 3), np.uint8)
        settled[:] = np.array(style.background, np.uint8)
        steps = np.zeros(shape, np.uint8) if sums else None
        # Where the lowest colours do not fade in, an aura would have an edge.
        aura = aura and (not sums or tone.fade > 0)
        return cls(window, smoothing, style, tone, settled, steps, np.zeros(shape, np.float32), aura, workers)

    def update(self, counted: Grid, box: Window) -> None:
        """Smooth and colour again a rectangle of the counted grid, with the pixels that smoothing reaches."""
        part = self._near(box, halo(self.smoothing, self.window))
        if part is None:
            return
        # A rectangle's own halo may be narrower: widths differ from row to row.
        grown = counted.part(part.grown(halo(self.smoothing, part)))
        smoothed = smooth(grown, self.smoothing, part, self.workers)
        picture = colour(smoothed, self.tone, self.style.colours, self.style.background)
        place = self._place(part)
        self.settled[place] = picture.rgba[..., :3]
        if self.steps is not None:
            self.steps[place] = picture.pixels

    def light(self, tracks: Sequence[Batch], measure: Measure, model: Model | None = None) -> None:
        """Light the pixels to which tracks added something and, more faintly, those around them."""
        from heatlas.kernels.highlight import light

        aura = Smoothing(pixels=_AURA * max(self.window.width, self.window.height))
        margin = max(halo(self.smoothing, self.window), halo(aura, self.window))
        box = box_of(tracks, self.window.grown(margin))
        part = None if box is None else self._near(box, margin)
        if part is None:
            return
        passes = Measure("passes")
        what = Measure("mean", measure.metric) if measure.simple else measure if measure.metric else passes
        counted = draw(tracks, part.grown(margin), what, self.workers, model=model)
        touched = Grid.of(counted.window, passes, counted.filled.astype(np.float32))
        shapes = [(self.smoothing, _STRENGTH), (aura, _STRENGTH * _AURA_SHARE)]
        for smoothing, strength in shapes if self.aura else shapes[:1]:
            near = smooth(touched.part(part.grown(halo(smoothing, part))), smoothing, part, self.workers).total
            light(self.glow, near, strength, part.y - self.window.y, part.x - self.window.x)

    def show(self, out: NDArray[np.uint8], rate: float) -> None:
        """Paint the map into (height, width, 3), and reduce the glow to `rate` of its strength."""
        from heatlas.kernels.highlight import glow_in, glow_over

        np.copyto(out, self.settled)
        if self.steps is None:
            glow_over(flash_on(self.style.background), self.glow, np.float32(rate), _LEAST, out)
        else:
            colours = palette(self.style.colours, self.tone, self.style.background)[:, :3]
            glow_in(self.steps, np.ascontiguousarray(colours), self.glow, np.float32(rate), _LEAST, out)

    def _place(self, part: Window) -> tuple[slice, slice]:
        top, left = part.y - self.window.y, part.x - self.window.x
        return slice(top, top + part.height), slice(left, left + part.width)

    def _near(self, box: Window, margin: int) -> Window | None:
        """Pixels of the window that smoothing reaches from a rectangle."""
        window = self.window
        left, top = max(box.x - margin, window.x), max(box.y - margin, window.y)
        right = min(box.x + box.width + margin, window.x + window.width)
        bottom = min(box.y + box.height + margin, window.y + window.height)
        if left >= right or top >= bottom:
            return None
        return Window(window.scale, left, top, right - left, bottom - top)


def flash_on(background: tuple[int, int, int] | None) -> NDArray[np.float32]:
    """Colour of new heat where the palette has no hottest colour: white on dark backgrounds, ink on bright ones."""
    dark = background is None or sum(background) < 3 * 128
    return np.array((255, 252, 242) if dark else (20, 24, 40), np.float32)
