"""Passages of activities with the columns that a measure reads, and how they are added to its planes.

Tracing and the index of a library fill in the columns, each in its own way; what becomes of them is the same.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.kernels.operations import UNUSED, Adding, Voicing
from heatlas.raster.measure import RELATIONS, related
from heatlas.tracks.metrics import METRICS, leaves, metric_named
from heatlas.tracks.metrics.evaluation import Columns
from heatlas.tracks.metrics.expression import parse_condition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.raster.measure import Measure
    from heatlas.raster.reductions import NamedPlanes
    from heatlas.tracks.metrics.evaluation import Cells, What
    from heatlas.tracks.metrics.model import Model

__all__ = ["Columns", "Passages", "add_passages"]

_SHARES = 10
"""Binary digits behind the point to which shares, 0 to 100, are rounded whose squares are added up."""
_LEFT_OVER = 1024.0
"""Parts of a beat per minute to which residuals are rounded."""


@frozen
class Passages:
    """Passages through the pixels of a window, activity after activity."""

    cells: Cells
    """(k,) pixel of each, row * width + column; uint16 of a tile of an index."""
    bounds: NDArray[np.int64]
    """(r + 1,) offsets of the activities."""
    columns: Columns
    """Of the passages; of activities as many values as there are passages."""
    means: Columns
    """(r,) means of columns over each activity, for relations."""
    model: Model | None = None
    """For a residual; None: there is nothing to fit one to."""
    level: NDArray[np.float64] = field(default_factory=lambda: UNUSED)
    """(r,) what each activity's heart rate is above the model's on the whole."""
    sides: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None = None
    """(r,) each: whether an activity counts on either side of a difference."""

    def add_voices(self, whats: Sequence[What], slots: NDArray[np.int32], voicing: Voicing) -> None:
        """Add voices of one or two metrics or formulas, as `heatlas.kernels.voices.add_voices` says."""
        self.columns.add_voices(whats, self.cells, self.bounds, slots, voicing)


def add_passages(passages: Passages, measure: Measure, planes: NamedPlanes, slots: NDArray[np.int32]) -> None:
    """Add passages to the planes (pixels,) of a measure, in place.

    Parameters
    ----------
    passages : Passages
        With all columns of `measure.reads`.
    measure : Measure
        No count, amount or simple metric: these have faster ways.
    planes : mapping of str to ndarray of float64 (pixels,)
        Of the measure's layout; extremes are NaN where there is none.
    slots : ndarray of int32 (pixels,)
        Room to work in, -1 throughout; is left so.
    """
    if measure.reduction in {"diff", "voices"}:
        _add_sides(passages, measure, planes, slots)
    elif measure.reduction in RELATIONS:
        _add_relation(passages, measure, planes, slots)
    else:
        passages.columns.add(_valued(measure), passages.cells, _adding(measure, planes))


def _adding(measure: Measure, planes: NamedPlanes) -> Adding:
    """How the values of a measure are added to its planes."""
    if measure.reduction in {"circular", "concentration"}:
        period = float(metric_named(measure.metric).period)
        return Adding(1.0, planes["n"], planes["x"], across=planes["y"], period=period)
    scale = 2.0 ** metric_named(measure.metric).exact
    if measure.layout.extremes:
        greatest = measure.reduction == "max"
        return Adding(scale, planes.get("m", UNUSED), UNUSED, extremes=planes["x"], greatest=greatest)
    factor = 100.0 if measure.reduction == "share" else 1.0
    return Adding(scale, planes.get("n", UNUSED), planes["x"], planes.get("xx", UNUSED), factor=factor)


def _valued(measure: Measure) -> What:
    """What is taken of each passage: a metric, or for a share a condition, 1 or 0."""
    return parse_condition(measure.metric) if measure.reduction == "share" else measure.metric


def _add_relation(passages: Passages, measure: Measure, planes: NamedPlanes, slots: NDArray[np.int32]) -> None:
    """Add a voice of each activity in each pixel, less the activity's own means where the relation takes them off."""
    y = related(measure.other or measure.metric)
    none = np.zeros(len(passages.bounds) - 1)
    if measure.reduction == "residual":
        if passages.model is not None:
            levels = np.stack([passages.level, none + np.nan])
            voicing = Voicing(levels, _LEFT_OVER, 1.0, planes["n"], planes["x"])
            passages.add_voices((passages.model.left_over,), slots, voicing)
        return
    x = related(measure.metric)
    scales = 2.0 ** metric_named(x).exact, 2.0 ** metric_named(y).exact
    levels = np.stack([_level(passages.means, name) if measure.centred else none for name in (x, y)])
    named: dict[str, Any] = {name: planes[name] for name in measure.layout.names}
    passages.add_voices((x, y), slots, Voicing(levels, *scales, **named))


def _level(means: Columns, name: str) -> NDArray[np.float64]:
    """Level of a metric on each activity (r,), which is taken off from its values; NaN where it is not known.

    It is what the metric's formula makes of the activity's means. Where that is nothing, as the formula needs seconds,
    metres or a place, or holds uphill only, values are taken as they are; but not where a mean is missing, as of an
    activity that was indexed before there were any.
    """
    level = np.nan_to_num(means[name])
    for leaf in leaves(name):
        metric = METRICS.get(leaf)
        if metric is not None and metric.at_fixes is not None and not metric.cyclic:
            level = np.where(np.isnan(means[leaf]), np.nan, level)
    return level


def _add_sides(passages: Passages, measure: Measure, planes: NamedPlanes, slots: NDArray[np.int32]) -> None:
    """Add a voice of each activity in each pixel; for a difference to the planes of the side, or both, it is on."""
    mean = measure.mean
    digits, factor = (_SHARES, 100.0) if mean.reduction == "share" else (metric_named(mean.metric).exact, 1.0)
    count = len(passages.bounds) - 1
    sides = passages.sides or (np.ones(count, np.bool_), np.zeros(count, np.bool_))
    levels = np.where(np.stack(sides), 0.0, np.nan)
    named: dict[str, Any] = {name: planes[name] for name in measure.layout.names}
    passages.add_voices((_valued(mean),), slots, Voicing(levels, 2.0**digits, 1.0, factor=factor, **named))
