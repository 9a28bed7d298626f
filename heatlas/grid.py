"""Measures and grids: what is counted, and the counts over a window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.errors import BadOption
from heatlas.metrics import METRICS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.window import Window

__all__ = ["COUNTS", "SPENT", "Grid", "Measure", "parse_measure"]

COUNTS = ("passes", "activities", "fixes")
"""Measures that are whole numbers."""
SPENT = {"seconds": 0, "metres": 1}
"""Measures that are sums over passages -> their column in what `heatlas.kernels.trace.list_passages` gives."""
_REDUCTIONS = ("mean", "min", "max", "std")


@dataclass(frozen=True, slots=True)
class Measure:
    """A reduction of passages per pixel."""

    reduction: str
    """passes, activities, fixes, seconds, metres; or mean, min, max, std of a metric over passages."""
    metric: str = ""
    """A name of heatlas.metrics.METRICS, or empty."""

    def __str__(self) -> str:
        """As it is written on the command line."""
        return f"{self.reduction}({self.metric})" if self.metric else self.reduction

    @property
    def columns(self) -> frozenset[str]:
        """Columns of a batch that the measure reads."""
        return METRICS[self.metric].columns if self.metric else frozenset()

    @property
    def of_lines(self) -> bool:
        """Whether one pass counts 1 in every pixel of a line, however wide the pixel is."""
        return self.reduction not in {"fixes", "seconds", "metres"}

    @property
    def signed(self) -> bool:
        """Whether 0 is the middle: up and down hill."""
        return self.metric == "grade" and self.reduction != "std"

    @property
    def bytes_per_pixel(self) -> int:
        """Memory that drawing, smoothing and colouring one pixel takes at most."""
        return 72 if self.metric else 32


def parse_measure(text: str) -> Measure:
    """Read a measure as it is written: "passes", "seconds", "max(power)"; a bare metric means its mean.

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
    if reduction in _REDUCTIONS and metric in METRICS and word.count("(") == word.count(")"):
        return Measure(reduction, metric)
    known = [*COUNTS, *SPENT, *METRICS, *(f"{r}({m})" for r in _REDUCTIONS for m in METRICS)]
    close = get_close_matches(word, known, 3)
    hint = f"did you mean {' or '.join(close)}?" if close else ""
    raise BadOption(
        f"there is no measure {text!r}: {hint or 'take one'} of {', '.join([*COUNTS, *SPENT])}, or "
        f"{'|'.join(_REDUCTIONS)}(METRIC) with a metric of {', '.join(METRICS)}"
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

    @property
    def values(self) -> NDArray[np.float32]:
        """(height, width) the measure itself, NaN where nothing was."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.count is None:
                values: NDArray[np.float32] = self.total.astype(np.float32)
                values[values <= 0] = np.nan
                return values
            mean = self.total / self.count
            if self.square is not None:
                mean = np.sqrt(np.maximum(self.square / self.count - mean * mean, 0))
            mean[self.count <= 0] = np.nan
            return np.asarray(mean, np.float32)

    @property
    def weight(self) -> NDArray[Any]:
        """(height, width) how much a pixel is worth showing: its counts, or those behind its mean."""
        return self.total if self.count is None else self.count

    def cropped(self, margin: int) -> Grid:
        """Undo `Window.grown`."""
        if not margin:
            return self
        inner = slice(margin, -margin)
        planes = {
            name: None if plane is None else plane[inner, inner]
            for name, plane in (("total", self.total), ("count", self.count), ("square", self.square))
        }
        return replace(self, window=self.window.grown(-margin), **planes)  # type: ignore[arg-type]
