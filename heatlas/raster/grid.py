"""Grids: a measure over a window, as named planes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.raster.reductions import WORKED, merged

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.measure import Measure
    from heatlas.raster.reductions import Layout, NamedPlanes

__all__ = ["Grid", "filled_rows", "paste"]

_ROWS = 64
"""Rows that `filled_rows` looks at in one go."""


@frozen
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
    and x. Passes that nothing smoothed are uint16, of more than 12 * 2^20 pixels uint8, and wider where a pixel has
    more; convert them before calculating, as `values` does."""
    signed: bool = False
    """Whether a sum may be below 0. A pixel is then empty only at exactly 0."""
    worked: bool = False
    """Whether values were worked out of other grids: then they are means by n, whatever the measure is."""
    fitted: tuple[float, ...] | None = None
    """What holds of all pixels of a map, for measures whose layout has a `fit`; None: it is fitted to this grid."""

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
            if self.layout.sparse or self.layout.fit is not None:
                return self._sparse_values()
            values = self.layout.finish(self.planes)
            if self.measure.period and not self.worked:
                values *= self.measure.period
            values[~self.filled] = np.nan
            return np.asarray(values, np.float32)

    def _sparse_values(self) -> NDArray[np.float32]:
        """Values worked out where there is anything alone, as this takes a while."""
        filled = self.filled
        some = {name: plane[filled] for name, plane in self.planes.items()}
        fitted = () if self.layout.fit is None else (self.fit() if self.fitted is None else self.fitted,)
        values = np.full(filled.shape, np.nan, np.float32)
        values[filled] = self.layout.finish(some, *fitted)
        return values

    def fit(self, on_path: NDArray[np.bool_] | None = None) -> tuple[float, ...] | None:
        """Find what holds of all pixels, or of those (height, width) on paths; None where the measure needs no such."""
        if self.layout.fit is None:
            return None
        counted = self.filled if on_path is None else on_path
        return self.layout.fit({name: plane[counted] for name, plane in self.planes.items()})

    @property
    def shown(self) -> NDArray[np.bool_]:
        """(height, width) where there is a value: not where too little is known to say anything."""
        return np.isfinite(self.values) if self.layout.sparse else self.filled

    @property
    def opacity(self) -> NDArray[Any] | None:
        """(height, width) how sure the values are, 0 to 1; None: sure wherever there are any, as of points."""
        if self.layout.opacity is None or self.measure.points:
            return None
        fitted = () if self.layout.fit is None else (self.fit() if self.fitted is None else self.fitted,)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.nan_to_num(self.layout.opacity(self.planes, *fitted)))

    @property
    def filled(self) -> NDArray[np.bool_]:
        """(height, width) whether there is anything: of a difference on either side."""
        if self.signed:
            return np.asarray(self.total != 0)
        if self.measure.sides and not self.worked:
            return np.asarray((self.planes["n"] > 0) | (self.planes["m"] > 0))
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
        return Grid(window or self.window, self.measure, planes, self.signed, self.worked, self.fitted)

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
        return replace(self, planes=planes, signed=signed, fitted=None)

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


def filled_rows(plane: NDArray[Any]) -> tuple[int, int]:
    """Find the first row of a plane with a pixel that is not 0, and the row after the last; (0, 0) where there is none.

    Rows are looked at by the dozen, and a few empty ones may be among those found. Both ends are looked for from
    outside: little is read of a plane that is filled everywhere, and empty memory that was never written to is quick.
    """
    tops = range(0, len(plane), _ROWS)
    first = next((top for top in tops if plane[top : top + _ROWS].any()), None)
    if first is None:
        return 0, 0
    last = next(top for top in reversed(tops) if plane[top : top + _ROWS].any())
    return first, min(last + _ROWS, len(plane))
