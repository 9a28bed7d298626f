"""Painting from frame to frame: only what changed is smoothed and coloured again, and what is new glows for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.window import Window
from heatlas.raster.draw_tracks import draw
from heatlas.raster.gaussian import Smoothing, halo, smooth
from heatlas.raster.grid import Grid, Measure
from heatlas.rendering.film.activities import box_of
from heatlas.style.colour import Style, colour, palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch
    from heatlas.style.tone import Tone

__all__ = ["COOLING", "FramePainter", "flash_on"]

COOLING = 0.2
"""Seconds in which a glow falls to a half."""
_STRENGTH = np.float32(1.4)
"""Of a glow at first; from 1 on nothing gets hotter, so that it stays for some frames before it fades."""
_LEAST = np.float32(0.015)
"""Strength below which a glow is out."""
_AURA, _AURA_SHARE = 0.0045, np.float32(0.14)
"""Standard deviation of the shine around what is new, as a share of the picture's longer side, and its strength."""


@dataclass(frozen=True, slots=True)
class FramePainter:
    """The map of a film as it stands."""

    window: Window
    smoothing: Smoothing
    style: Style
    tone: Tone
    settled: NDArray[np.uint8]
    """(height, width, 3) colours of the heat."""
    steps: NDArray[np.uint8] | None
    """(height, width) the same as steps of the palette; None for means, which have more colours."""
    glow: NDArray[np.float32]
    """(height, width) how new a pixel is: 0 for what has cooled down."""
    aura: bool
    """Whether what is new shines on what is around."""
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
        """Begin with the background alone; `sums` says whether pixels add up, or are means or extremes."""
        shape = (window.height, window.width)
        settled = np.empty((*shape, 3), np.uint8)
        settled[:] = np.array(style.background, np.uint8)
        steps = np.zeros(shape, np.uint8) if sums else None
        # Where the lowest colours do not fade in, an aura would have an edge.
        aura = aura and (not sums or tone.fade > 0)
        return cls(window, smoothing, style, tone, settled, steps, np.zeros(shape, np.float32), aura, workers)

    def update(self, counted: Grid, box: Window) -> None:
        """Smooth and colour again what lies in a rectangle of the counted grid, and around it."""
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

    def light(self, tracks: Sequence[Batch], measure: Measure) -> None:
        """Let the pixels glow to which some tracks added something, and, more faintly, those around."""
        from heatlas.kernels.highlight import light

        aura = Smoothing(pixels=_AURA * max(self.window.width, self.window.height))
        margin = max(halo(self.smoothing, self.window), halo(aura, self.window))
        box = box_of(tracks, self.window.grown(margin))
        part = None if box is None else self._near(box, margin)
        if part is None:
            return
        passes = Measure("passes")
        what = Measure("mean", measure.metric) if measure.metric else passes
        counted = draw(tracks, part.grown(margin), what, self.workers)
        touched = Grid.of(counted.window, passes, counted.filled.astype(np.float32))
        shapes = [(self.smoothing, _STRENGTH), (aura, _STRENGTH * _AURA_SHARE)]
        for smoothing, strength in shapes if self.aura else shapes[:1]:
            near = smooth(touched.part(part.grown(halo(smoothing, part))), smoothing, part, self.workers).total
            light(self.glow, near, strength, part.y - self.window.y, part.x - self.window.x)

    def show(self, out: NDArray[np.uint8], rate: float) -> None:
        """Paint the map into (height, width, 3), and let the glow cool to `rate` of what it is."""
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
    """Colour of what is new where heat has no hottest colour: white on dark, ink on bright backgrounds."""
    dark = background is None or sum(background) < 3 * 128
    return np.array((255, 252, 242) if dark else (20, 24, 40), np.float32)
