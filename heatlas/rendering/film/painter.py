"""Paint frames: only changed pixels are smoothed and coloured again, and new heat glows for a short time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.raster.gaussian import Smoothing
from heatlas.raster.grid import Grid
from heatlas.raster.measure import Measure
from heatlas.raster.softening import Softening
from heatlas.style.colour import Style, colour, palette

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.rendering.film.cast import Cast, Part
    from heatlas.style.tone import Tone

__all__ = ["COOLING", "FramePainter", "flash_on"]

COOLING = 0.2
"""Half-life of a glow, seconds."""
_STRENGTH = np.float32(1.4)
"""Initial strength of a glow; colours saturate at 1, so that it lasts some frames before it fades."""
_LEAST = np.float32(0.015)
"""Strength below which a glow ends."""
_AURA, _AURA_SHARE = 0.0045, np.float32(0.14)
"""Standard deviation of the aura around new heat, as a share of the picture's longer side, and its strength."""


@frozen
class FramePainter:
    """Current state of the map of a film."""

    window: Window
    softening: Softening
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

    @classmethod
    def begin(
        cls, window: Window, softening: Softening, style: Style, tone: Tone, *, sums: bool, aura: bool
    ) -> FramePainter:
        """Begin with the background; `sums`: pixels are sums, not means or extremes."""
        shape = (window.height, window.width)
        settled = np.empty((*shape, 3), np.uint8)
        settled[:] = np.array(style.background, np.uint8)
        steps = np.zeros(shape, np.uint8) if sums else None
        # Where the lowest colours do not fade in, an aura would have an edge.
        aura = aura and (not sums or tone.fade > 0)
        return cls(window, softening, style, tone, settled, steps, np.zeros(shape, np.float32), aura)

    def update(self, counted: Grid, box: Window) -> None:
        """Smooth and colour again a rectangle of the counted grid, with the pixels that smoothing reaches."""
        part = self._near(box, *self.softening.halo(self.window)) if self.softening.local else self.window
        if part is None:
            return
        picture = colour(self.softening.soften(counted, part), self.tone, self.style.colours, self.style.background)
        place = self._place(part)
        self.settled[place] = picture.rgba[..., :3]
        if self.steps is not None:
            self.steps[place] = picture.pixels

    def light(self, cast: Cast, come: Part) -> None:
        """Light the pixels to which new items add something and, more faintly, those around them."""
        from heatlas.kernels.highlight import light

        aura = Softening(Smoothing(pixels=_AURA * max(self.window.width, self.window.height)), self.softening.workers)
        lights = [(self.softening, _STRENGTH), (aura, _STRENGTH * _AURA_SHARE)][: 1 + self.aura]
        margin = max(max(softening.halo(self.window)) for softening, _ in lights)
        box = cast.near(come, margin)
        part = None if box is None else self._near(box, margin) if self.softening.local else self.window
        if part is None:
            return
        around = part.grown(margin)
        once = Measure("passes") if isinstance(self.softening.of, Smoothing) else Measure("count")
        touched = Grid.of(around, once, cast.touched(come, around).astype(np.float32))
        for softening, strength in lights:
            near = np.asarray(softening.soften(touched, part).total, np.float32)
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

    def _near(self, box: Window, columns: int, rows: int | None = None) -> Window | None:
        """Pixels of the window that softening reaches from a rectangle."""
        return self.window.meeting(box.grown(columns, rows))


def flash_on(background: tuple[int, int, int] | None) -> NDArray[np.float32]:
    """Colour of new heat where the palette has no hottest colour: white on dark backgrounds, ink on bright ones."""
    dark = background is None or sum(background) < 3 * 128
    return np.array((255, 252, 242) if dark else (20, 24, 40), np.float32)
