"""Reduce the passages of batches to a grid, in threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.resources import processors
from heatlas.core.threads import side_by_side
from heatlas.kernels.operations import UNUSED
from heatlas.raster.accumulators import Accumulators
from heatlas.raster.count_passes import draw_passes
from heatlas.raster.draw_passages import add_labels, model_of, reducer
from heatlas.raster.measure import LABELLED, SPENT, Measure
from heatlas.raster.partition import near, strips
from heatlas.tracks.metrics import Motion, metric_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity, Batch
    from heatlas.core.window import Window
    from heatlas.raster.draw_passages import Reducer
    from heatlas.raster.grid import Grid
    from heatlas.raster.partition import NearbyBatch
    from heatlas.tracks.metrics.model import Model

__all__ = ["draw"]


def draw(
    batches: Sequence[Batch],
    window: Window,
    measure: Measure,
    workers: int | None = None,
    onto: Grid | None = None,
    model: Model | None = None,
) -> Grid:
    """Reduce the passages of all tracks to a grid.

    Threads share out the rows, and every pixel gets the batches in the order given, so the number of workers changes
    nothing. The order of batches changes only the rounding of sums.

    Parameters
    ----------
    batches : sequence of Batch
        Clean tracks.
    window : Window
        Pixels to draw.
    measure : Measure
        Reduction of the passages.
    workers : int, optional
        Threads, at most; by default one for each processor.
    onto : Grid, optional
        Grid of the same window and measure, with other activities. The tracks are added as if they had been drawn
        after those. It is not changed.
    model : Model, optional
        Of the heart rate, for a residual; by default it is fitted to the batches.

    Returns
    -------
    Grid
        Counts as uint32 (passes as uint8 or uint16 where no pixel has more), sums as float64.
    """
    if onto is not None and measure.reduction == "passes":
        return onto.merge(draw(batches, window, measure, workers))
    workers = workers or processors()
    within = near(batches, window)
    if measure.reduction == "passes":
        return draw_passes(within, window, measure, workers)
    planes = Accumulators.of(window, measure, onto)
    among = [activity for batch in batches for activity in batch.activities] if measure.sides else []
    reduce = _reducer(within, measure, model or model_of(batches, measure), among)
    side_by_side(
        lambda strip: reduce(within, strip, planes.rows(strip, window), measure),
        strips(within, window, workers),
        workers,
    )
    return planes.grid(window, measure, ())


def _reducer(
    within: Sequence[NearbyBatch], measure: Measure, model: Model | None, among: Sequence[Activity]
) -> Reducer:
    """Choose how batches are added to the planes of a strip."""
    if measure.simple or measure.reduction in {"activities", *SPENT}:
        return _draw_strip
    if measure.reduction == "fixes":
        return _count_fixes
    return add_labels if measure.reduction in LABELLED else reducer(within, measure, model, among)


def _count_fixes(within: Sequence[NearbyBatch], window: Window, planes: Accumulators, _: Measure) -> None:
    """Count the fixes of all batches inside one strip."""
    from heatlas.kernels.reduce import count_fixes

    for traced in within:
        for frame, _touching in traced.over(window):
            count_fixes(traced.batch.u, traced.batch.v, frame, planes.counts)


def _draw_strip(within: Sequence[NearbyBatch], window: Window, planes: Accumulators, measure: Measure) -> None:
    """Add all batches to the planes of one strip."""
    ordinal = 0
    for traced in within:
        batch = traced.batch
        columns = _columns(batch, measure)
        places = list(traced.over(window))
        for k in range(len(batch)):
            ordinal += 1
            segments = batch.segments[batch.tracks[k] : batch.tracks[k + 1] + 1]
            for frame, touching in places:
                if touching[k]:
                    place = (frame, traced.least[k], traced.bits[k])
                    _reduce(batch, columns, segments, place, ordinal, planes, measure)


def _columns(batch: Batch, measure: Measure) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Metres to the next fix, and the metric (empty without one), of all fixes."""
    from heatlas.kernels.path import metres_along

    take = metric_named(measure.metric).at_fixes if measure.metric else None
    return metres_along(batch.u, batch.v, batch.segments), np.zeros(0) if take is None else take(Motion(batch))


def _reduce(
    batch: Batch,
    columns: tuple[NDArray[np.float64], NDArray[np.float64]],
    segments: NDArray[np.int64],
    place: tuple[Any, ...],
    ordinal: int,
    planes: Accumulators,
    measure: Measure,
) -> None:
    """List the passages of one track and add them up."""
    from heatlas.kernels.reduce import add_activities, add_metric, add_spent
    from heatlas.kernels.trace import list_passages

    cells, spent = list_passages(batch.u, batch.v, batch.progress, batch.time, *columns, segments, *place)
    if measure.reduction == "activities":
        add_activities(cells, ordinal, planes.stamps, planes.counts)
    elif measure.reduction in SPENT:
        add_spent(cells, spent, SPENT[measure.reduction], planes.named["x"])
    else:
        n, x, xx = planes.named["n"], planes.named["x"], planes.named.get("xx", UNUSED)
        sums, extremes = (UNUSED, x) if measure.reduction in {"min", "max"} else (x, UNUSED)
        inverse = metric_named(measure.metric).inverse
        add_metric(cells, spent, inverse, n, sums, xx, extremes, measure.reduction == "max")
