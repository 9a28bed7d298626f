"""Points as a film shows them: each appears at its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.points import Points
from heatlas.core.window import Window
from heatlas.core.words import counted
from heatlas.raster.bin_points import binned, pixels_of
from heatlas.raster.pipeline import Drawn
from heatlas.raster.softening import Softening
from heatlas.rendering.film.activities import union

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from heatlas.core.context import Context
    from heatlas.raster.grid import Grid
    from heatlas.raster.measure import Measure
    from heatlas.raster.point_kernel import Kernel
    from heatlas.rendering.film.cast import Part

__all__ = ["UNDATED", "PointCast", "crowded", "in_order"]

UNDATED = "points whose time is unknown or cannot be"
_FEW, _WIDE, _ENOUGH = 0.05, 10.0, 100
"""Share of the points at either end of time without which a film is so many times shorter that this is worth a word,
from so many points on."""
_FIRST, _LAST = -30_610_224_000.0, 32_503_680_000.0
"""Unix seconds of the years 1000 and 3000: what lies outside stands for an unknown day, such as 9999-12-31."""


def in_order(chunks: Iterable[Points]) -> tuple[Points, int]:
    """Hold points in memory, in the order of their times, those of one time in the order of the table.

    Returns
    -------
    Points
        Those whose time is known.
    int
        Number of the others.
    """
    parts = [(points, points.time) for points in chunks if points.time is not None and len(points)]
    if not parts:
        nothing = np.zeros(0)
        return Points(lon=nothing, lat=nothing, time=nothing), 0
    weights = [points.weight for points, _ in parts if points.weight is not None]
    time = np.concatenate([time for _, time in parts])
    whole = Points(
        lon=np.concatenate([points.lon for points, _ in parts]),
        lat=np.concatenate([points.lat for points, _ in parts]),
        weight=np.concatenate(weights) if weights else None,
        time=time,
    )
    known = (time >= _FIRST) & (time < _LAST)
    order = np.argsort(time[known], kind="stable")
    return whole.chosen(np.flatnonzero(known)[order]), int(len(time) - known.sum())


def crowded(time: NDArray[np.float64]) -> str | None:
    """Sentence on a few times far from all others, such as 1900-01-01, which make a film of nothing; None without.

    Parameters
    ----------
    time : ndarray of float64 (n,)
        Unix seconds, ascending.
    """
    first, last = (float(time[int(share * (len(time) - 1))]) for share in (_FEW, 1 - _FEW))
    span = max(last - first, 86_400.0)
    if len(time) < _ENOUGH or time[-1] - time[0] < _WIDE * span:
        return None
    after, before = (np.datetime64(int(moment), "s").astype("datetime64[D]") for moment in (first - span, last + span))
    begin, end = (float(day.astype("datetime64[s]").astype(np.int64)) for day in (after, before))
    outside = int(np.count_nonzero((time < begin) | (time >= end)))
    verb = "is" if outside == 1 else "are"
    return (
        f"{counted(outside, 'points')} {verb} far from all others in time, and the film spans them: "
        f"--after={after} --before={before} films the rest"
    )


@frozen
class PointCast:
    """Points near a window, in the order of their times (see `heatlas.rendering.film.cast`)."""

    window: Window
    measure: Measure
    softening: Softening
    starts: NDArray[np.float64]
    """(k,) Unix seconds of each pixel that a point falls into, ascending."""
    cells: NDArray[np.int32]
    """(k,) pixels of the window and its halo, row by row; a place that is in it twice has two."""
    weight: NDArray[np.float64] | None
    amounts: NDArray[np.int64]
    """(k + 1,) points in the window of all before the k-th."""
    totals: NDArray[np.float64]
    """(k + 1,) sum of their weights."""
    unit: str | None
    """What weights are called; None where totals are not told."""
    aura: bool = False

    @classmethod
    def of(
        cls,
        points: Points,
        window: Window,
        measure: Measure,
        kernel: Kernel,
        workers: int | None = None,
        weight: str | None = None,
    ) -> PointCast | None:
        """Find the pixels of points that lie in a window or its halo; None: no point lies in the window.

        Parameters
        ----------
        points : Points
            As `in_order` returns them.
        window, measure, kernel, workers
            As for `heatlas.raster.pipeline.point_heat`.
        weight : str, optional
            Name of the weights.
        """
        softening = Softening(kernel, workers)
        grown = softening.grown(window)
        owners, cells = pixels_of(points, grown)
        column, row = cells % grown.width, cells // grown.width
        left, top = window.x - grown.x, window.y - grown.y
        inside = (column >= left) & (column < left + window.width) & (row >= top) & (row < top + window.height)
        if not inside.any() or points.time is None:
            return None
        weights = None if points.weight is None else points.weight[owners]
        amounts = np.append(0, np.cumsum(inside))
        seen = np.where(inside, 1.0 if weights is None else weights, 0.0)
        summed = weight if weights is not None and measure.reduction == "sum" else None
        return cls(
            window, measure, softening, points.time[owners], cells, weights, amounts, np.append(0.0, np.cumsum(seen)),
            summed,
        )  # fmt: skip

    def _binned(self, part: Part) -> Grid:
        rows = slice(*part)
        weight = None if self.weight is None else self.weight[rows]
        return binned(self.softening.grown(self.window), self.measure, [(self.cells[rows], weight)])

    def drawn(self, part: Part, context: Context) -> Drawn:  # noqa: ARG002 - tracks tell how far they are
        """Heat of some points."""
        counted = self._binned(part)
        return Drawn(counted, self.softening.soften(counted, self.window), {})

    def running(self) -> _RunningPoints:
        """Begin to count, with nothing."""
        return _RunningPoints(self, self._binned((0, 0)))

    def near(self, part: Part, margin: int) -> Window | None:
        """Smallest rectangle that holds the pixels of some points, within the window grown by a margin."""
        box = self.pixels(part)
        return None if box is None else self.window.grown(margin).meeting(box)

    def pixels(self, part: Part) -> Window | None:
        """Smallest rectangle that holds the pixels of some points."""
        grown = self.softening.grown(self.window)
        cells = self.cells[slice(*part)]
        if not len(cells):
            return None
        column, row = cells % grown.width, cells // grown.width
        left, top = int(column.min()) + grown.x, int(row.min()) + grown.y
        right, bottom = int(column.max()) + grown.x + 1, int(row.max()) + grown.y + 1
        return Window(grown.scale, left, top, right - left, bottom - top)

    def touched(self, part: Part, box: Window) -> NDArray[np.bool_]:
        """(h, w) pixels of a rectangle in which some points lie."""
        grown = self.softening.grown(self.window)
        found = np.zeros((box.height, box.width), np.bool_)
        cells = self.cells[slice(*part)]
        column, row = cells % grown.width + grown.x - box.x, cells // grown.width + grown.y - box.y
        inside = (column >= 0) & (column < box.width) & (row >= 0) & (row < box.height)
        found[row[inside], column[inside]] = True
        return found

    def words(self, part: Part, days: int | None) -> list[tuple[str, str]]:
        """Number of points, and the sum of their weights where these are summed."""
        first, last = part
        return self._words(float(self.amounts[last] - self.amounts[first]), self._total(part), days)

    def most_words(self, parts: list[Part], days: int | None) -> list[tuple[str, str]]:
        """The same with the most of any part."""
        first, last = np.array(parts).T
        most = max((self._total(part) for part in parts), key=abs)
        return self._words(float((self.amounts[last] - self.amounts[first]).max()), most, days)

    def _total(self, part: Part) -> float:
        first, last = part
        return float(self.totals[last] - self.totals[first])

    def _words(self, points: float, total: float, days: int | None) -> list[tuple[str, str]]:
        said = [(f"{points:,.0f}", "points" if days is None else f"points in {days} days")]
        return said if self.unit is None else [*said, (f"{total:,.0f}", self.unit)]


@dataclass(slots=True)
class _RunningPoints:
    """Points that are counted anew for each frame, so that each is a drawing of its moment to the last bit."""

    cast: PointCast
    grid: Grid
    """Counts of the points that are shown; replaced by each step."""

    def step(self, before: Part, now: Part) -> Window | None:
        """Update the counts."""
        (first, last), (low, high) = before, now
        box = union(self.cast.pixels((max(last, low), high)), self.cast.pixels((first, min(low, last))))
        if box is not None:
            self.grid = self.cast._binned(now)
        return box
