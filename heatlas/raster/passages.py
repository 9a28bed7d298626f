"""Passages of activities with the columns that a measure reads, and how they are added to its planes.

Tracing and the index of a library fill in the columns, each in its own way; what becomes of them is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from heatlas.raster.accumulators import UNUSED
from heatlas.raster.measure import RELATIONS, related
from heatlas.tracks.metrics import METRICS, leaves, metric_named
from heatlas.tracks.metrics.expression import parse_condition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from heatlas.raster.measure import Measure
    from heatlas.raster.reductions import NamedPlanes
    from heatlas.tracks.metrics.model import Model

__all__ = ["Columns", "Passages", "add_passages"]

_SHARES = 10
"""Binary digits behind the point to which shares, 0 to 100, are rounded whose squares are added up."""
_LEFT_OVER = 1024.0
"""Parts of a beat per minute to which residuals are rounded."""


class Columns(Mapping[str, "NDArray[np.float64]"]):
    """Columns of k passages by name; formulas are worked out when they are first asked for."""

    __slots__ = ("_count", "_known")

    def __init__(self, known: Mapping[str, NDArray[np.float64]], count: int) -> None:
        """Take the columns that are known, (k,) each, NaN where unknown; all others are unknown throughout."""
        self._known, self._count = dict(known), count

    def with_more(self, more: Mapping[str, NDArray[np.float64]]) -> Columns:
        """The same and other columns."""
        return Columns({**self._known, **more}, self._count)

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Values of a column or metric, (k,)."""
        if name not in self._known:
            metric = METRICS.get(name)
            formula = None if metric is None else metric.formula
            if formula is None:
                self._known[name] = np.full(self._count, np.nan)
            else:
                with np.errstate(all="ignore"):
                    found = formula(self)
                assert metric is not None
                self._known[name] = np.where(self[metric.sports] > 0, found, np.nan) if metric.sports else found
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


@dataclass(frozen=True, slots=True)
class Passages:
    """Passages through the pixels of a window, activity after activity."""

    cells: NDArray[np.int64]
    """(k,) pixel of each, row * width + column."""
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


def add_passages(passages: Passages, measure: Measure, planes: NamedPlanes, slots: NDArray[np.int64]) -> None:
    """Add passages to the planes (pixels,) of a measure, in place.

    Parameters
    ----------
    passages : Passages
        With all columns of `measure.reads`.
    measure : Measure
        No count, amount or simple metric: these have faster ways.
    planes : mapping of str to ndarray of float64 (pixels,)
        Of the measure's layout; extremes are NaN where there is none.
    slots : ndarray of int64 (pixels,)
        Room to work in, -1 throughout; is left so.
    """
    from heatlas.kernels.values import add_points_of_turn, add_values_at

    if measure.reduction in {"diff", "voices"}:
        _add_sides(passages, measure, planes, slots)
        return
    if measure.reduction in RELATIONS:
        _add_relation(passages, measure, planes, slots)
        return
    cells, values = passages.cells, _values(passages, measure)
    if measure.reduction in {"circular", "concentration"}:
        add_points_of_turn(cells, values, metric_named(measure.metric).period, planes["n"], planes["x"], planes["y"])
        return
    scale = 2.0 ** metric_named(measure.metric).exact
    if measure.layout.extremes:
        greatest = measure.reduction == "max"
        add_values_at(cells, values, scale, planes.get("m", UNUSED), UNUSED, UNUSED, planes["x"], greatest)
        return
    add_values_at(cells, values, scale, planes.get("n", UNUSED), planes["x"], planes.get("xx", UNUSED), UNUSED, False)


def _values(passages: Passages, measure: Measure) -> NDArray[np.float64]:
    """(k,) value of each passage."""
    if measure.reduction == "share":
        return 100 * parse_condition(measure.metric)(passages.columns)
    return passages.columns[measure.metric]


def _add_relation(passages: Passages, measure: Measure, planes: NamedPlanes, slots: NDArray[np.int64]) -> None:
    """Add a voice of each activity in each pixel, less the activity's own means where the relation takes them off."""
    from heatlas.kernels.values import add_pairs, add_values_at, voices

    y_name = related(measure.other or measure.metric)
    y = passages.columns[y_name]
    if measure.reduction == "residual":
        if passages.model is not None:
            expected = passages.model.predicted(passages.columns)
            cells, owner, x, y = voices(passages.cells, passages.bounds, expected, y, slots)
            left_over = y - x - passages.level[owner]
            add_values_at(cells, left_over, _LEFT_OVER, planes["n"], planes["x"], UNUSED, UNUSED, False)
        return
    x_name = related(measure.metric)
    cells, owner, x, y = voices(passages.cells, passages.bounds, passages.columns[x_name], y, slots)
    scale_x, scale_y = 2.0 ** metric_named(x_name).exact, 2.0 ** metric_named(y_name).exact
    if measure.reduction == "both":
        add_values_at(cells, x, scale_x, planes["n"], planes["x"], UNUSED, UNUSED, False)
        add_values_at(cells, y, scale_y, UNUSED, planes["y"], UNUSED, UNUSED, False)
        return
    level_x, level_y = _level(passages.means, x_name), _level(passages.means, y_name)
    add_pairs(
        cells, owner, x, y, level_x, level_y, scale_x, scale_y,
        planes["n"], planes["x"], planes["y"], planes["xx"], planes["yy"], planes["xy"],
    )  # fmt: skip


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


def _add_sides(passages: Passages, measure: Measure, planes: NamedPlanes, slots: NDArray[np.int64]) -> None:
    """Add a voice of each activity in each pixel; for a difference to the planes of the side, or both, it is on."""
    from heatlas.kernels.values import add_values_at, voices

    mean = measure.mean
    values = _values(passages, mean)
    cells, owner, values, _ = voices(passages.cells, passages.bounds, values, values, slots)
    scale = 2.0 ** (_SHARES if mean.reduction == "share" else metric_named(mean.metric).exact)
    if not measure.sides:
        add_values_at(cells, values, scale, planes["n"], planes["x"], planes["xx"], UNUSED, False)
        return
    assert passages.sides is not None
    for chosen, (count, total, square) in zip(passages.sides, (("n", "x", "xx"), ("m", "y", "yy")), strict=True):
        here = chosen[owner]
        add_values_at(cells[here], values[here], scale, planes[count], planes[total], planes[square], UNUSED, False)
