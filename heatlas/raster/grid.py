"""Measures, and grids: planes of a measure over a window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.raster.reductions import LAYOUTS, WORKED, merged
from heatlas.tracks.metrics import METRICS, metric_named

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.reductions import Layout, NamedPlanes

__all__ = ["COUNTS", "POINT_REDUCTIONS", "SPENT", "Grid", "Measure", "parse_measure", "parse_point_measure", "paste"]

COUNTS = ("passes", "activities", "fixes")
"""Measures that are whole numbers."""
SPENT = {"seconds": 0, "metres": 1}
"""Measures that are sums over passages -> their column of `spent` in `heatlas.kernels.trace.list_passages`."""
_REDUCTIONS = ("mean", "min", "max", "std")
POINT_REDUCTIONS = ("sum", "count", "mean", "min", "max")
"""Measures of points. All but count use their weights."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A reduction of passages, or of points, per pixel."""

    reduction: str
    """passes, activities, fixes, seconds, metres; or mean, min, max, std of a metric over passages. Of points: count,
    or sum, mean, min, max of their weights."""
    metric: str = ""
    """A name of heatlas.tracks.metrics.METRICS, the column of a table, or empty."""
    density: bool = False
    """Per square kilometre (points only)."""
    points: bool = False
    """Whether it is a measure of points. The metric is then a column of a table, whatever its name."""

    def __str__(self) -> str:
        """Write it as on the command line."""
        name = f"{self.reduction}({self.metric})" if self.metric else self.reduction
        return f"{name} per km2" if self.density else name

    @property
    def columns(self) -> frozenset[str]:
        """Columns of a batch that the measure reads."""
        if not self.metric:
            return frozenset()
        return metric_named(self.metric).columns

    @property
    def layout(self) -> Layout:
        """Planes that it is counted in, and their values."""
        return LAYOUTS[self.reduction]

    @property
    def of_lines(self) -> bool:
        """Whether one pass counts 1 in every pixel of a line, however wide the pixel is."""
        return self.layout.of_lines

    @property
    def signed(self) -> bool:
        """Whether 0 is the middle of the values, as between uphill and downhill."""
        return self.metric == "grade" and self.reduction != "std" and not self.points

    @property
    def bytes_per_pixel(self) -> int:
        """Memory that drawing, smoothing and colouring one pixel takes at most."""
        return self.layout.bytes_per_pixel


def parse_point_measure(text: str | None, weight: str | None, density: bool = False) -> Measure:
    """Parse a measure of points: sum, count, mean, min or max. The default is the sum with weights, else the count.

    Parameters
    ----------
    text : str, optional
        Name of the measure; the column may follow in brackets.
    weight : str, optional
        Column of the weights; None without weights.
    density : bool
        Per square kilometre; for sums and counts.

    Raises
    ------
    BadOption
        For another word, for missing weights, or for a density that is no sum or count.
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
    """Parse a measure: "passes", "seconds", "max(power)". A bare metric means its mean.

    Parameters
    ----------
    text : str
        Name of the measure.
    others : collection of str
        Metrics beside those of `heatlas.tracks.metrics.METRICS`: columns of a table whose rows are tracks.

    Raises
    ------
    BadOption
        For an unknown measure; the message names similar ones.
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
    """A measure over a window: named planes, of which `heatlas.raster.reductions` makes values.

    Examples
    --------
    >>> grid = Grid.of(Window(256.0, 0, 0, 2, 1), Measure("passes"), np.array([[0, 3]], np.uint8))
    >>> grid.merge(grid).values
    array([[nan,  6.]], dtype=float32)
    """

    window: Window
    measure: Measure
    planes: NamedPlanes
    """Name -> array (height, width), 0 where there is nothing. Counts and sums have n or x alone. Means have n, the
    passages, and x, the sum of their values; std also xx, the sum of squares. Extremes have n, 1 where there is one,
    and x."""
    signed: bool = False
    """Whether a sum may be below 0. A pixel is then empty only at exactly 0."""
    worked: bool = False
    """Whether values were computed from other grids. They are then means by n, whatever the measure is."""

    def __post_init__(self) -> None:
        names, shape = self.layout.names, (self.window.height, self.window.width)
        if self.planes.keys() != set(names) or any(plane.shape != shape for plane in self.planes.values()):
            shapes = {name: plane.shape for name, plane in self.planes.items()}
            raise ValueError(f"a grid of {self.measure} has planes {', '.join(names)} of shape {shape}, not {shapes}")

    @classmethod
    def of(cls, window: Window, measure: Measure, amounts: NDArray[Any], *, signed: bool = False) -> Grid:
        """Make a grid of counts or sums from their array (height, width)."""
        return cls(window, measure, {measure.layout.total: amounts}, signed)

    @classmethod
    def empty(cls, window: Window, measure: Measure) -> Grid:
        """Make an empty grid."""
        shape = (window.height, window.width)
        return cls(window, measure, {plane.name: np.zeros(shape, plane.dtype) for plane in measure.layout.planes})

    @classmethod
    def means(cls, window: Window, measure: Measure, total: NDArray[Any], count: NDArray[Any]) -> Grid:
        """Make a grid of means from sums and counts (height, width) that were computed from other grids."""
        return cls(window, measure, {"n": count, "x": total}, worked=True)

    @classmethod
    def weighed(cls, window: Window, measure: Measure, values: NDArray[Any], weight: NDArray[Any]) -> Grid:
        """Make a grid of computed values (height, width); empty where the weight is 0 or the value NaN.

        Parameters
        ----------
        window : Window
            Window of the values.
        measure : Measure
            Name of the values.
        values : ndarray of float32 (height, width)
            The property `values` returns them to the last bit.
        weight : ndarray (height, width)
            Approximate number of passages behind each.
        """
        count = np.where(np.isnan(values), 0, weight)
        # In double precision, so that dividing by the weight restores the same values.
        return cls.means(window, measure, np.where(count > 0, values, 0) * count.astype(np.float64), count)

    @property
    def layout(self) -> Layout:
        """Planes, and how values are made of them."""
        return WORKED if self.worked else self.measure.layout

    @property
    def sums(self) -> bool:
        """Whether a pixel is a count or a sum, not a mean or an extreme."""
        return self.layout.sums

    @property
    def total(self) -> NDArray[Any]:
        """(height, width) the counts or sums; for a metric the sum over passages, or the extreme where there is one."""
        return self.planes[self.layout.total]

    @property
    def count(self) -> NDArray[Any] | None:
        """(height, width) passages behind each mean, 1 where there is an extreme; None for counts and sums."""
        return None if self.sums else self.planes["n"]

    @property
    def square(self) -> NDArray[Any] | None:
        """(height, width) for std the sum of squares over passages, else None."""
        return self.planes.get("xx")

    @property
    def values(self) -> NDArray[np.float32]:
        """(height, width) the measure itself, NaN where there is nothing."""
        with np.errstate(divide="ignore", invalid="ignore"):
            values = self.layout.finish(self.planes)
            values[~self.filled] = np.nan
            return np.asarray(values, np.float32)

    @property
    def filled(self) -> NDArray[np.bool_]:
        """(height, width) whether there is anything."""
        if self.signed:
            return np.asarray(self.total != 0)
        return np.asarray((self.total if self.sums else self.planes["n"]) > 0)

    @property
    def nbytes(self) -> int:
        """Bytes of all planes."""
        return sum(plane.nbytes for plane in self.planes.values())

    def map(self, change: Callable[[NDArray[Any]], NDArray[Any]], window: Window | None = None) -> Grid:
        """Change every plane in the same way.

        Parameters
        ----------
        change : callable
            Function from a plane to a plane, which is 0 where there is nothing.
        window : Window, optional
            Window of the result, where it differs.
        """
        planes = {name: change(plane) for name, plane in self.planes.items()}
        return Grid(window or self.window, self.measure, planes, self.signed, self.worked)

    def part(self, window: Window) -> Grid:
        """Views of the pixels of a window that lies inside this grid's."""
        top, left = window.y - self.window.y, window.x - self.window.x
        assert min(top, left) >= 0
        place = slice(top, top + window.height), slice(left, left + window.width)
        return self.map(lambda plane: plane[place], window)

    def rows(self, first: int, last: int) -> Grid:
        """Views of rows `first` to `last`, or to the end."""
        window = self.window
        height = min(last, window.height) - first
        return self.map(lambda plane: plane[first:last], replace(window, y=window.y + first, height=height))

    def cropped(self, columns: int, rows: int | None = None) -> Grid:
        """Undo `Window.grown`."""
        return self.part(self.window.grown(-columns, -(columns if rows is None else rows)))

    def put(self, part: Grid) -> Grid:
        """Write another grid's pixels into the planes, as far as they lie inside.

        Returns
        -------
        Grid
            With the same planes, or copies of a wider type where the part needs one.
        """
        planes = dict(self.planes)
        paste(planes, part, part.window.x - self.window.x, part.window.y - self.window.y)
        return replace(self, planes=planes)

    def merge(self, *others: Grid) -> Grid:
        """Merge grids of other tracks or points over the same window, as if all had been drawn together.

        Counts and extremes are exact in any order and grouping. Counts widen only where their type is too narrow. Sums
        are exact where all terms are multiples of one power of two, such as those of a library; else they are rounded
        as one addition rounds. Each activity must lie in only one of the grids.

        Parameters
        ----------
        *others : Grid
            Of the same window and measure.
        """
        planes, signed = self.planes, self.signed
        for other in others:
            if (other.window, other.measure, other.worked) != (self.window, self.measure, self.worked):
                ours, theirs = (f"{grid.measure} over {grid.window}" for grid in (self, other))
                raise ValueError(f"{theirs} does not merge into {ours}")
            planes, signed = merged(self.layout, planes, other.planes), signed or other.signed
        return replace(self, planes=planes, signed=signed)

    def without(self, other: Grid) -> Grid:
        """Subtract a grid that was merged. The layout must be reversible."""
        assert self.layout.reversible
        planes = {name: np.subtract(plane, other.planes[name]) for name, plane in self.planes.items()}
        return replace(self, planes=planes)


def paste(planes: dict[str, NDArray[Any]], part: Grid, left: int, top: int) -> None:
    """Write a grid into planes of a larger window, with its upper left corner at column `left` and row `top`."""
    window = part.window
    rows, columns = slice(max(top, 0), max(top + window.height, 0)), slice(max(left, 0), max(left + window.width, 0))
    for name, plane in planes.items():
        new = part.planes[name][
            max(-top, 0) : max(plane.shape[0] - top, 0), max(-left, 0) : max(plane.shape[1] - left, 0)
        ]
        if plane.dtype != new.dtype:
            planes[name] = plane.astype(np.result_type(plane, new), copy=False)
        planes[name][rows, columns] = new
