"""Count from frame to frame: tracks that appear are added, tracks that disappear are subtracted.

After each step the planes equal, to the last bit, a new drawing of the shown tracks in their order. Whole numbers can
be subtracted exactly. For rounded sums and extremes the rectangle of the changed tracks is drawn again from the shown
ones; so are days and people, as two tracks of one day count once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heatlas.raster.draw_tracks import draw
from heatlas.raster.grid import Grid
from heatlas.raster.measure import LABELLED
from heatlas.raster.pipeline import counted
from heatlas.raster.threshold import NO_THRESHOLD, reach_of
from heatlas.rendering.film.activities import box_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.core.batch import Batch
    from heatlas.core.window import Window
    from heatlas.raster.measure import Measure
    from heatlas.raster.threshold import Threshold
    from heatlas.tracks.metrics.model import Model

__all__ = ["RunningGrid"]


@dataclass(slots=True)
class RunningGrid:
    """A measure of the shown tracks over a window."""

    grid: Grid
    """Counts after the last step; replaced by each step."""
    workers: int | None
    model: Model | None = None
    """Of all tracks of the film, for a residual: one of those that come would differ from step to step."""
    threshold: Threshold = NO_THRESHOLD

    @classmethod
    def empty(
        cls,
        window: Window,
        measure: Measure,
        workers: int | None = None,
        model: Model | None = None,
        threshold: Threshold = NO_THRESHOLD,
    ) -> RunningGrid:
        """Begin without tracks."""
        return cls(Grid.empty(window, measure), workers, model, threshold)

    def step(self, come: Sequence[Batch], gone: Sequence[Batch], shown: Sequence[Batch]) -> Window | None:
        """Update the counts to the next frame.

        Parameters
        ----------
        come, gone : sequence of Batch
            Tracks that are shown from now on; tracks that are no longer shown.
        shown : sequence of Batch
            All tracks that are shown now, in their order.

        Returns
        -------
        Window or None
            The rectangle that holds all changes; None: nothing changed.
        """
        measure = self.grid.measure
        window = self.grid.window
        # People count for the pixels around, too.
        reach = reach_of(window) if self.threshold.people else 0
        box = box_of([*come, *gone], window.grown(reach))
        box = None if box is None else box.grown(reach).meeting(window)
        if box is None:
            return None
        alone = measure.reduction not in LABELLED and not self.threshold
        """Whether what a track adds does not depend on others."""
        if alone and not gone:
            part = draw(come, box, measure, self.workers, self.grid.part(box), self.model)
        elif alone and measure.layout.reversible:
            part = draw(come, box, measure, self.workers, self.grid.part(box))
            part = part.without(draw(gone, box, measure, self.workers))
        else:
            part = counted(shown, box, measure, self.workers, self.model, self.threshold)
        self.grid = self.grid.put(part)
        return box
