"""Turn batches or points into heat: count over a window and its halo, then smooth."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from heatlas.core.context import NOBODY, Context
from heatlas.core.frozen import frozen
from heatlas.raster.count_people import people_around
from heatlas.raster.draw_tracks import draw
from heatlas.raster.gaussian import halo, smooth
from heatlas.raster.threshold import NO_THRESHOLD, is_shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from heatlas.core.batch import Batch
    from heatlas.core.points import Points
    from heatlas.core.window import Window
    from heatlas.raster.gaussian import Smoothing
    from heatlas.raster.grid import Grid
    from heatlas.raster.measure import Measure
    from heatlas.raster.point_kernel import Kernel
    from heatlas.raster.threshold import Threshold
    from heatlas.tracks.metrics.model import Model

__all__ = ["Drawn", "counted", "heat", "point_heat"]


@frozen
class Drawn:
    """A measure over a window, before and after smoothing."""

    counted: Grid
    """As counted, over the window and its halo."""
    smoothed: Grid
    """As smoothed, over the window."""
    seconds: dict[str, float]
    """Stage -> its duration."""

    @property
    def bare(self) -> Grid:
        """As counted, over the window without its halo."""
        outer, inner = self.counted.window, self.smoothed.window
        return self.counted.cropped(inner.x - outer.x, inner.y - outer.y)

    def with_fit(self) -> Drawn:
        """The same with what holds of all pixels on paths, where the measure needs it."""
        if self.smoothed.layout.fit is None:
            return self
        return replace(self, smoothed=replace(self.smoothed, fitted=self.smoothed.fit(self.bare.filled)))

    @property
    def total(self) -> float:
        """Sum of the unsmoothed measure over the window; for a mean the number of passages, or of voices, behind it."""
        bare = self.bare
        if bare.measure.reduction == "diff" and not bare.worked:
            return float(bare.planes["n"].sum(dtype=float) + bare.planes["m"].sum(dtype=float))
        return float((bare.total if bare.count is None else bare.count).sum(dtype=float))


def heat(
    batches: Sequence[Batch],
    window: Window,
    measure: Measure,
    smoothing: Smoothing,
    context: Context = NOBODY,
    model: Model | None = None,
    threshold: Threshold = NO_THRESHOLD,
) -> Drawn:
    """Count a measure over a window and smooth it.

    Parameters
    ----------
    batches : sequence of Batch
        Clean tracks, already filtered and without their private parts.
    window : Window
        Pixels to draw.
    measure : Measure
        Measure to count.
    smoothing : Smoothing
        Width of the smoothing.
    context : Context
        Receives each stage as it begins.
    model : Model, optional
        Of the heart rate, for a residual; by default it is fitted to the batches.
    threshold : Threshold
        Least number of people of pixels that are shown.

    Returns
    -------
    Drawn
    """
    margin = halo(smoothing, window)
    started = time.perf_counter()
    context.progress("tracing", 0, 0)
    grown = counted(batches, window.grown(margin), measure, context.workers, model, threshold)
    traced = time.perf_counter()
    context.progress("smoothing", 0, 0)
    smoothed = smooth(grown, smoothing, window, context.workers)
    drawn = Drawn(grown, smoothed, {}).with_fit()
    done = time.perf_counter()
    return replace(drawn, seconds={"trace": traced - started, "smooth": done - traced})


def counted(
    batches: Sequence[Batch],
    window: Window,
    measure: Measure,
    workers: int | None = None,
    model: Model | None = None,
    threshold: Threshold = NO_THRESHOLD,
) -> Grid:
    """Count a measure over a window, and leave out what too few people passed."""
    grid = draw(batches, window, measure, workers, model=model)
    if not threshold:
        return grid
    shown = is_shown(people_around(batches, window, workers), threshold.people) if threshold.people else None
    return threshold.applied(grid, shown)


def point_heat(
    chunks: Iterable[Points],
    window: Window,
    measure: Measure,
    kernel: Kernel,
    context: Context = NOBODY,
) -> Drawn:
    """Count points over a window and spread them.

    Parameters
    ----------
    chunks : iterable of Points
        Points; read once, and never in memory as a whole.
    window : Window
        Pixels to draw.
    measure : Measure
        What to count (see `heatlas.raster.measure.parse_point_measure`).
    kernel : Kernel
        Shape and radius in which points spread.
    context : Context
        Receives the number of rows that are spread, and their total.

    Returns
    -------
    Drawn
    """
    from heatlas.raster.bin_points import bin_points
    from heatlas.raster.point_kernel import halo as kernel_halo
    from heatlas.raster.point_kernel import spread

    columns, rows = kernel_halo(kernel, window)
    started = time.perf_counter()
    grown = bin_points(chunks, window.grown(columns, rows), measure, context.workers)
    counted = time.perf_counter()
    progress = context.counting("spreading")
    progress(0, window.height)
    smoothed = spread(grown, kernel, window, context.workers, progress)
    done = time.perf_counter()
    return Drawn(grown, smoothed, {"count": counted - started, "spread": done - counted})
