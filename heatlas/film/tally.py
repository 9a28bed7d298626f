"""Counting from frame to frame: what comes is added, what goes is taken away, and nothing is left behind.

After each step the planes equal, to the last bit, a drawing of the tracks that are shown, in their order, made from
nothing. Whole numbers can be taken away again; where sums are rounded, and where extremes are, the rectangle that
what goes has touched is drawn anew from what stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from heatlas.film.cast import box_of
from heatlas.grid import COUNTS, Grid
from heatlas.measures import draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.batch import Batch
    from heatlas.grid import Measure
    from heatlas.window import Window

__all__ = ["Tally", "cut"]


@dataclass(slots=True)
class Tally:
    """A measure over a window, of the tracks that are shown."""

    grid: Grid
    """Is changed from step to step."""
    workers: int | None

    @classmethod
    def empty(cls, window: Window, measure: Measure, workers: int | None = None) -> Tally:
        """Begin with nothing."""
        nothing = draw([], window, measure, 1)
        return cls(draw([], window, measure, 1, nothing), workers)

    def step(self, come: Sequence[Batch], gone: Sequence[Batch], shown: Sequence[Batch]) -> Window | None:
        """Go on to the next frame.

        Parameters
        ----------
        come, gone : sequence of Batch
            Tracks that are shown from now on, and no more.
        shown : sequence of Batch
            All that are shown now, in their order.

        Returns
        -------
        Window or None
            The rectangle outside of which nothing changed; None: nothing changed at all.
        """
        measure = self.grid.measure
        box = box_of([*come, *gone], self.grid.window)
        if box is None:
            return None
        if not gone:
            part = draw(come, box, measure, self.workers, cut(self.grid, box))
        elif measure.reduction in COUNTS:
            part = draw(come, box, measure, self.workers, cut(self.grid, box))
            part = replace(part, total=part.total - draw(gone, box, measure, self.workers).total)
        else:
            part = draw(shown, box, measure, self.workers)
        self._put(part)
        return box

    def _put(self, part: Grid) -> None:
        outer, inner = self.grid.window, part.window
        place = (
            slice(inner.y - outer.y, inner.y - outer.y + inner.height),
            slice(inner.x - outer.x, inner.x - outer.x + inner.width),
        )
        for plane, new in (
            (self.grid.total, part.total), (self.grid.count, part.count), (self.grid.square, part.square),
        ):  # fmt: skip
            if plane is not None:
                plane[place] = new


def cut(grid: Grid, window: Window) -> Grid:
    """Part of a grid, as views; what lies outside of the grid is not to be asked for."""
    top, left = window.y - grid.window.y, window.x - grid.window.x
    part = slice(top, top + window.height), slice(left, left + window.width)
    assert min(top, left) >= 0
    return replace(
        grid,
        window=window,
        total=grid.total[part],
        count=None if grid.count is None else grid.count[part],
        square=None if grid.square is None else grid.square[part],
    )
