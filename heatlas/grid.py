"""Measures and grids: what is counted, and the counts over a window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.errors import BadOption
from heatlas.metrics import METRICS, metric_named

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from heatlas.window import Window

__all__ = ["COUNTS", "POINT_REDUCTIONS", "SPENT", "Grid", "Measure", "parse_measure", "parse_point_measure"]

COUNTS = ("passes", "activities", "fixes")
"""Measures that are whole numbers."""
SPENT = {"seconds": 0, "metres": 1}
"""Measures that are sums over passages -> their column in what `heatlas.kernels.trace.list_passages` gives."""
_REDUCTIONS = ("mean", "min", "max", "std")
POINT_REDUCTIONS = ("sum", "count", "mean", "min", "max")
"""Measures of points; all but count are taken of their weights."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A reduction of passages, or of points, per pixel."""

    reduction: str
    """passes, activities, fixes, seconds, metres; or mean, min, max, std of a metric over passages. Of points: count,
    or sum, mean, min, max of their weights."""
    metric: str = ""
    """A name of heatlas.metrics.METRICS, the column of a table, or empty."""
    density: bool = False
    """Per square kilometre (points only)."""
    points: bool = False
    """Of points: then the metric is a column of a table, whatever it is called."""

    def __str__(self) -> str:
        """As it is written on the command line."""
        name = f"{self.reduction}({self.metric})" if self.metric else self.reduction
        return f"{name} per km2" if self.density else name

    @property
    def columns(self) -> frozenset[str]:
        """Columns of a batch that the measure reads."""
        if not self.metric:
            return frozenset()
        return metric_named(self.metric).columns

    @property
    def of_lines(self) -> bool:
        """Whether one pass counts 1 in every pixel of a line, however wide the pixel is."""
        return self.reduction not in {"fixes", "seconds", "metres", "sum", "count"}

    @property
    def signed(self) -> bool:
        """Whether 0 is the middle: up and down hill."""
        return self.metric == "grade" and self.reduction != "std" and not self.points

    @property
    def bytes_per_pixel(self) -> int:
        """Memory that drawing, smoothing and colouring one pixel takes at most."""
        return 72 if self.metric and self.reduction != "sum" else 32


def parse_point_measure(text: str | None, weight: str | None, density: bool = False) -> Measure:
    """Read a measure of points: sum, count, mean, min, max; the sum of the weights when nothing is said.

    Parameters
    ----------
    text : str, optional
        As it is written; the column may stand in brackets.
    weight : str, optional
        Column of the weights; None: there is none, and points are counted.
    density : bool
        Per square kilometre; for sums and counts.

    Raises
    ------
    BadOption
        For another word, or where weights are needed.
    """
    word, _, column = (text or ("sum" if weight else "count")).strip().rstrip(")").partition("(")
    reduction = word.strip().lower()
    if reduction not in POINT_REDUCTIONS or (column and column.strip() != weight):
        hint = f"; --weight {column.strip()} says what it is taken of" if column and column.strip() != weight else ""
        raise BadOption(f"points have no measure {text!r}: take one of {', '.join(POINT_REDUCTIONS)}{hint}")
    if reduction != "count" and weight is None:
        raise BadOption(f"the {reduction} needs weights: say --weight COLUMN, or take --measure count")
    if density and reduction not in {"sum", "count"}:
        raise BadOption(f"--density makes sense for sum and count, not for {reduction}")
    return Measure(reduction, "" if reduction == "count" or weight is None else weight, density, points=True)


def parse_measure(text: str, others: Collection[str] = ()) -> Measure:
    """Read a measure as it is written: "passes", "seconds", "max(power)"; a bare metric means its mean.

    Parameters
    ----------
    text : str
        As it is written.
    others : collection of str
        Metrics beside those of `heatlas.metrics.METRICS`: columns of a table whose rows are tracks.

    Raises
    ------
    BadOption
        Naming what is close to an unknown word.
    """
    word = text.strip().lower().replace(" ", "").replace("-", "_")
    if word in COUNTS or word in SPENT:
        return Measure(word)
    reduction, _, metric = word.rstrip(")").rpartition("(")
    reduction = reduction or "mean"
    metrics = [*METRICS, *others]
    if reduction in _REDUCTIONS and metric in metrics and word.count("(") == word.count(")"):
        return Measure(reduction, metric)
    known = [*COUNTS, *SPENT, *metrics, *(f"{r}({m})" for r in _REDUCTIONS for m in metrics)]
    close = get_close_matches(word, known, 3)
    hint = f"did you mean {' or '.join(close)}?" if close else ""
    raise BadOption(
        f"there is no measure {text!r}: {hint or 'take one'} of {', '.join([*COUNTS, *SPENT])}, or "
        f"{'|'.join(_REDUCTIONS)}(METRIC) with a metric of {', '.join(metrics)}"
        if not hint
        else f"there is no measure {text!r}: {hint}"
    )


@dataclass(frozen=True, slots=True)
class Grid:
    """A measure over a window."""

    window: Window
    measure: Measure
    total: NDArray[Any]
    """(height, width): the counts or sums; for a metric the sum over passages, or the extreme where
    there is one and 0 elsewhere."""
    count: NDArray[Any] | None = None
    """(height, width): for a metric the passages (for an extreme: 1 where there is one)."""
    square: NDArray[Any] | None = None
    """(height, width): for std, the sum of squares over passages."""
    signed: bool = False
    """Whether a sum may be below 0: then 0 alone, not what is below, is nothing."""

    @property
    def values(self) -> NDArray[np.float32]:
        """(height, width) the measure itself, NaN where nothing was."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.count is None:
                values: NDArray[np.float32] = self.total.astype(np.float32)
                values[~self.filled] = np.nan
                return values
            mean = self.total / self.count
            if self.square is not None:
                mean = np.sqrt(np.maximum(self.square / self.count - mean * mean, 0))
            mean[self.count <= 0] = np.nan
            return np.asarray(mean, np.float32)

    @property
    def filled(self) -> NDArray[np.bool_]:
        """(height, width) where there is anything."""
        if self.signed:
            return np.asarray(self.total != 0)
        return np.asarray((self.total if self.count is None else self.count) > 0)

    def cropped(self, columns: int, rows: int | None = None) -> Grid:
        """Undo `Window.grown`."""
        rows = columns if rows is None else rows
        inner = slice(rows, self.window.height - rows), slice(columns, self.window.width - columns)
        planes = {
            name: None if plane is None else plane[inner]
            for name, plane in (("total", self.total), ("count", self.count), ("square", self.square))
        }
        return replace(self, window=self.window.grown(-columns, -rows), **planes)  # type: ignore[arg-type]
