"""Counting from frame to frame: what comes is added, what goes is taken away, and nothing is left behind.

After each step the planes equal, to the last bit, a drawing of the tracks that are shown, in their order, made from
nothing. Whole numbers can be taken away again; where sums are rounded, and where extremes are, the rectangle that
what goes has touched is drawn anew from what stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heatlas.raster.draw_tracks import draw
from heatlas.raster.grid import Grid
from heatlas.rendering.film.activities import box_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.core.batch import Batch
    from heatlas.core.window import Window
    from heatlas.raster.grid import Measure

__all__ = ["RunningGrid"]


@dataclass(slots=True)
class RunningGrid:
    """A measure over a window, of the tracks that are shown."""

    grid: Grid
    """Is changed from step to step."""
    workers: int | None

    @classmethod
    def empty(cls, window: Window, measure: Measure, workers: int | None = None) -> RunningGrid:
        """Begin with nothing."""
        return cls(Grid.empty(window, measure), workers)

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
            part = draw(come, box, measure, self.workers, self.grid.part(box))
        elif measure.layout.reversible:
            part = draw(come, box, measure, self.workers, self.grid.part(box))
            part = part.without(draw(gone, box, measure, self.workers))
        else:
            part = draw(shown, box, measure, self.workers)
        self.grid = self.grid.put(part)
        return box
