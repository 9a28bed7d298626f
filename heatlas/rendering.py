"""The one chain: batches -> grid -> smooth -> tone -> colour -> picture."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heatlas.colour import colour
from heatlas.measures import draw
from heatlas.smooth import Smoothing, default_smoothing, halo, smooth
from heatlas.tone import Scale, Tone, fit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.batch import Batch
    from heatlas.grid import Grid, Measure
    from heatlas.picture import Picture
    from heatlas.window import Window

__all__ = ["Heat", "Style", "heat", "paint"]


@dataclass(frozen=True, slots=True)
class Style:
    """How a grid becomes a picture."""

    smoothing: Smoothing = field(default_factory=default_smoothing)
    scale: Scale = field(default_factory=lambda: Scale("log"))
    background: tuple[int, int, int] | None = None
    """None is transparent."""


@dataclass(frozen=True, slots=True)
class Heat:
    """A measure over a window, before and after smoothing."""

    bare: Grid
    """As counted, over the window."""
    smoothed: Grid
    """As shown."""
    seconds: dict[str, float]
    """Stage -> how long it took."""

    @property
    def total(self) -> float:
        """Sum of the unsmoothed measure over the window; for a mean the number of passages behind it."""
        plane = self.bare.total if self.bare.count is None else self.bare.count
        return float(plane.sum(dtype=float))


def heat(
    batches: Sequence[Batch],
    window: Window,
    measure: Measure,
    smoothing: Smoothing,
    workers: int | None = None,
    progress: Callable[[str], None] = lambda stage: None,
) -> Heat:
    """Count a measure over a window and smooth it.

    Parameters
    ----------
    batches : sequence of Batch
        Clean tracks, already filtered and with what is private taken out.
    window : Window
        What to draw.
    measure : Measure
        What to count.
    smoothing : Smoothing
        How wide to smooth.
    workers : int, optional
        Threads; by default one for each processor.
    progress : callable, optional
        Is told the name of each stage as it begins.

    Returns
    -------
    Heat
    """
    margin = halo(smoothing, window)
    started = time.perf_counter()
    progress("tracing")
    grown = draw(batches, window.grown(margin), measure, workers)
    traced = time.perf_counter()
    progress("smoothing")
    smoothed = smooth(grown, smoothing, window, workers)
    done = time.perf_counter()
    return Heat(grown.cropped(margin), smoothed, {"trace": traced - started, "smooth": done - traced})


def paint(heat: Heat, style: Style, colours: NDArray[np.uint8], tone: Tone | None = None) -> tuple[Picture, Tone]:
    """Give heat its tone and its colours.

    Parameters
    ----------
    heat : Heat
        What `heat` gave.
    style : Style
        Scale and background.
    colours : ndarray of uint8 (256, 4)
        RGBA from the lowest to the highest value.
    tone : Tone, optional
        A tone that was fitted before; by default it is fitted to this heat.

    Returns
    -------
    Picture, Tone
    """
    tone = tone or fit(style.scale, heat.smoothed, heat.bare)
    return colour(heat.smoothed, tone, colours, style.background), tone
