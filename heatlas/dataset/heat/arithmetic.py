"""Arithmetic of heats: this year less last, laps per activity, two regions' sums.

All results are computed from the shown values, pixel by pixel. In counts and sums (passes, seconds,
sum(weight) ...) a missing value is 0. In means and extremes it is unknown, and so is every result from it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.units import Unit
from heatlas.dataset.heat.labels import Labels, is_amount
from heatlas.raster.differences import fit_variance, welch
from heatlas.raster.grid import Grid
from heatlas.raster.measure import RELATIONS, Measure
from heatlas.raster.pipeline import Drawn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.reductions import NamedPlanes

__all__ = ["LabelledHeat", "difference", "ratio", "scaled", "significance", "significance_of", "total"]


@frozen
class LabelledHeat:
    """A measure over a window with its labels: operand and result of arithmetic."""

    drawn: Drawn
    labels: Labels

    @property
    def measure(self) -> Measure:
        """Measure of the values."""
        return self.drawn.smoothed.measure

    @property
    def amounts(self) -> NDArray[np.float32]:
        """(height, width) values, 0 where there are none."""
        return np.nan_to_num(self.drawn.smoothed.values, copy=False, nan=0.0)


def difference(a: LabelledHeat, b: LabelledHeat) -> LabelledHeat:
    """`a` less `b`."""
    _same_window(a, b)
    _refuse_classes(a)
    if str(a.measure) != str(b.measure):
        raise BadOption(
            f"{a.measure} less {b.measure} means nothing: take two heats of one measure (a ratio, a / b, may be of two)"
        )
    values = a.amounts - b.amounts if is_amount(a.measure) else a.drawn.smoothed.values - b.drawn.smoothed.values
    title = a.labels.title
    if title != b.labels.title:  # somebody named them
        title = f"{title} less {b.labels.title}"
    elif a.labels.middle != 0:
        title = f"{title}: difference"
    labels = replace(a.labels, title=title, middle=0.0)
    return LabelledHeat(_of_two(a, b, values, _both(a, b), _bare_total(a, b, -1.0)), labels)


def total(a: LabelledHeat, b: LabelledHeat) -> LabelledHeat:
    """`a` plus `b`, of counts and sums."""
    _same_window(a, b)
    if str(a.measure) != str(b.measure) or not is_amount(a.measure):
        raise BadOption(
            f"{a.measure} and {b.measure} do not add up: take two heats of one count or sum, such as passes or metres"
        )
    values = a.amounts + b.amounts
    if 0.0 in {a.labels.middle, b.labels.middle}:
        labels = a.labels if a.labels.middle == 0 else b.labels
        return LabelledHeat(_of_two(a, b, values, _both(a, b), _bare_total(a, b, 1.0)), labels)
    signed = a.drawn.smoothed.signed or b.drawn.smoothed.signed
    window = a.drawn.smoothed.window
    grid, bare = (Grid.of(window, a.measure, sums, signed=signed) for sums in (values, _bare_total(a, b, 1.0)))
    return LabelledHeat(Drawn(bare, grid, {}), a.labels)


def ratio(a: LabelledHeat, b: LabelledHeat) -> LabelledHeat:
    """`a` divided by `b`; NaN where `b` is 0 or missing."""
    _same_window(a, b)
    for heat in (a, b):
        _refuse_classes(heat)
        if heat.measure.reduction in RELATIONS:
            raise BadOption(f"{a.measure} / {b.measure} means nothing, as {heat.measure} may be 0: take a difference")
    above = a.amounts if is_amount(a.measure) else a.drawn.smoothed.values
    below = b.drawn.smoothed.values
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values = above / below
    values[~np.isfinite(values)] = np.nan
    evidence = _evidence(b) if is_amount(a.measure) else np.minimum(_evidence(a), _evidence(b))
    alike = str(a.measure) == str(b.measure)
    names = f"{a.measure} / {b.measure}".replace("(", " ").replace(")", "")
    unit = Unit() if alike else Unit(f"{a.labels.unit.symbol or 1}/{b.labels.unit.symbol or 1}")
    # Counts have no unit to write: the title names them.
    counts = all(heat.labels.unit.whole and not heat.measure.metric for heat in (a, b))
    title = f"{a.labels.title} / {b.labels.title[:1].lower()}{b.labels.title[1:]}"
    labels = Labels(title, unit, "" if alike or counts else unit.symbol, 1.0 if alike else None)
    return LabelledHeat(_of_two(a, b, values, evidence, None, Measure("ratio", names)), labels)


def scaled(a: LabelledHeat, factor: float) -> LabelledHeat:
    """`a` times a factor; a factor below 0 turns counts into a difference from 0."""
    _refuse_classes(a)
    if not math.isfinite(factor):
        raise BadOption(f"a heat cannot be multiplied by {factor}: take a finite number")
    drawn, labels = a.drawn, a.labels
    if labels.middle == 1:
        labels = replace(labels, middle=None)
    if drawn.smoothed.sums and (factor >= 0 or drawn.smoothed.signed):
        bare, shown = (
            Grid.of(grid.window, a.measure, sums, signed=grid.signed)
            for grid, sums in (
                (drawn.bare, drawn.bare.total * factor),
                (drawn.smoothed, a.amounts * np.float32(factor)),
            )
        )
        return LabelledHeat(Drawn(bare, shown, {}), labels)
    if drawn.smoothed.sums:
        labels = replace(labels, middle=0.0)
    values = drawn.smoothed.values * np.float32(factor)
    grid = Grid.weighed(drawn.smoothed.window, a.measure, values, _evidence(a))
    return LabelledHeat(Drawn(_scaled_bare(drawn.bare, factor), grid, {}), labels)


def significance(first: Drawn, second: Drawn, labels: Labels) -> LabelledHeat:
    """Welch's t of a difference, of the moments of what was subtracted and of what it was subtracted from."""
    one, other = first.smoothed.planes, second.smoothed.planes
    planes = {"n": one["n"], "x": one["x"], "xx": one["xx"], "m": other["n"], "y": other["x"], "yy": other["xx"]}
    on_path = first.bare.filled
    fitted = fit_variance({name: plane[on_path] for name, plane in planes.items()})
    behind = _passages(first.bare) + _passages(second.bare)
    return _significance(first.smoothed, planes, fitted, behind, labels)


def significance_of(difference: LabelledHeat) -> LabelledHeat:
    """Welch's t of a difference that was drawn as one: diff(pace; ...)."""
    grid, bare = difference.drawn.smoothed, difference.drawn.bare
    fitted = grid.fit(bare.filled) if grid.fitted is None else grid.fitted
    assert fitted is not None
    return _significance(grid, grid.planes, fitted, bare.planes["n"] + bare.planes["m"], difference.labels)


def _significance(
    grid: Grid, planes: NamedPlanes, fitted: tuple[float, ...], behind: NDArray[Any], labels: Labels
) -> LabelledHeat:
    measure = Measure("t", grid.measure.metric)
    values = welch(planes, fitted).astype(np.float32)
    shown = Grid.weighed(grid.window, measure, values, np.minimum(planes["n"], planes["m"]))
    bare = Grid.means(grid.window, measure, np.zeros_like(behind), behind)
    return LabelledHeat(Drawn(bare, shown, {}), Labels(f"{labels.title}: t", Unit(), "", 0.0))


def _refuse_classes(heat: LabelledHeat) -> None:
    if heat.measure.reduction == "both":
        raise BadOption(f"{heat.measure} has classes, and there is no arithmetic of those: take the two means apart")


def _scaled_bare(bare: Grid, factor: float) -> Grid:
    behind = _passages(bare)
    if is_amount(bare.measure):
        return Grid.means(bare.window, bare.measure, bare.total * factor, behind)
    return Grid.weighed(bare.window, bare.measure, bare.values * np.float32(factor), behind)


def _same_window(a: LabelledHeat, b: LabelledHeat) -> None:
    first, second = a.drawn.smoothed.window, b.drawn.smoothed.window
    if first != second:
        raise BadOption(
            f"these heats have two windows, {_said(first)} and {_said(second)}: "
            "draw both over one, as in b = tracks.heat(window=a.window)"
        )


def _said(window: Window) -> str:
    box = ",".join(f"{x:.6g}" for x in window.bbox)
    return f"{window.width} x {window.height} px of zoom {window.zoom:.4g} over {box}"


def _of_two(
    a: LabelledHeat,
    b: LabelledHeat,
    values: NDArray[np.float32],
    evidence: NDArray[np.float32],
    bare: NDArray[Any] | None,
    measure: Measure | None = None,
) -> Drawn:
    """Combine shown values with the unsmoothed passages of both heats, which fitting a tone needs."""
    measure = measure or a.measure
    grid = Grid.weighed(a.drawn.smoothed.window, measure, values, evidence)
    behind = _passages(a.drawn.bare) + _passages(b.drawn.bare)
    return Drawn(Grid.means(grid.window, measure, np.zeros_like(behind) if bare is None else bare, behind), grid, {})


def _passages(grid: Grid) -> NDArray[np.float64]:
    return np.asarray(grid.filled if grid.count is None else grid.count, np.float64)


def _bare_total(a: LabelledHeat, b: LabelledHeat, sign: float) -> NDArray[np.float64]:
    """Sum or difference before smoothing; 0 for means, which have none."""
    if not is_amount(a.measure):
        return np.zeros(a.drawn.bare.total.shape)
    summed: NDArray[np.float64] = a.drawn.bare.total + sign * b.drawn.bare.total
    return summed


def _both(a: LabelledHeat, b: LabelledHeat) -> NDArray[np.float32]:
    """Evidence of a result of two heats: amounts need either of them, means need both."""
    if is_amount(a.measure):
        either = a.drawn.smoothed.filled | b.drawn.smoothed.filled
        return np.asarray(either, np.float32)
    return np.minimum(_evidence(a), _evidence(b))


def _evidence(a: LabelledHeat) -> NDArray[np.float32]:
    """Approximate number of passes behind each value; a fraction where smoothing spread it."""
    grid = a.drawn.smoothed
    if grid.count is not None:
        return np.asarray(grid.count, np.float32)
    if grid.signed:
        return np.asarray(grid.filled, np.float32)
    on_path = grid.total[a.drawn.bare.filled]
    least = 1.0 if a.measure.of_lines or not len(on_path) else float(np.quantile(on_path, 0.03))
    return np.asarray(np.maximum(grid.total, 0) / max(least, 1e-30), np.float32)
