"""Draw tracks into files, with options that are checked before any work."""

from __future__ import annotations

import time
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import NothingToDraw
from heatlas.core.frozen import frozen
from heatlas.core.memory import check_memory
from heatlas.dataset.selection import Selection, drawn_places, extent_of, refuse_unshown, threshold_of, why_nowhere
from heatlas.dataset.shown_tracks import why_nothing
from heatlas.options import PublicOptions
from heatlas.options.parsing import parse_smoothing
from heatlas.raster.draw_passages import model_of
from heatlas.raster.gaussian import Smoothing, halo
from heatlas.raster.left_out import left_out_of_tracks
from heatlas.raster.pipeline import heat
from heatlas.raster.threshold import Threshold, nowhere_enough
from heatlas.rendering.bands import draw_in_bands

if TYPE_CHECKING:
    from heatlas.core.window import Window
    from heatlas.dataset.tracks import Tracks
    from heatlas.dataset.viewport import Viewport
    from heatlas.options import RenderOptions
    from heatlas.raster.measure import Measure
    from heatlas.raster.pipeline import Drawn
    from heatlas.rendering.finish import Finish
    from heatlas.rendering.poster import Figures

__all__ = ["TrackJob"]


@frozen
class TrackJob:
    """A drawing of tracks with checked options."""

    measure: Measure
    frame: Viewport
    finish: Finish
    smoothing: Smoothing
    choice: Selection
    limits: PublicOptions = field(default_factory=PublicOptions)

    @classmethod
    def parse(cls, measure: Measure, frame: Viewport, finish: Finish, options: RenderOptions) -> TrackJob:
        """Check all options; a window that is already known must fit into memory.

        Raises
        ------
        BadOption, TooLarge
            Before anything is read.
        """
        choice = Selection.parse(options.filter, options.hiding)
        Threshold(step=options.public.round or 1).check(measure)
        smoothing = parse_smoothing(options.smooth or "auto")
        if finish.poster is not None and options.smooth in {None, "auto"}:
            smoothing = finish.poster.smoothing()
        job = cls(measure, frame, finish, smoothing, choice, options.public)
        if frame.bbox is not None:
            job._on_paper(frame.bbox)[0]._window(frame.bbox)
        return job

    def _on_paper(
        self, box: tuple[float, float, float, float], tracks: Tracks | None = None
    ) -> tuple[TrackJob, tuple[float, float, float, float]]:
        """Lay the paper of a poster, and compose its map around tracks or, without any, around the box."""
        poster = self.finish.poster
        if poster is None:
            return self, box
        laid, found = (poster.laid(box), box) if tracks is None else poster.composed(tracks.batches, box)
        return replace(self, finish=replace(self.finish, poster=laid)), found

    def _window(self, box: tuple[float, float, float, float]) -> tuple[Window, int]:
        """Make the window over a box; return it with the number of rows to draw at once."""
        poster = self.finish.poster
        window = self.frame.window(box) if poster is None else poster.window(box)
        need = self.measure.bytes_per_pixel + Threshold(self.limits.at_least or 0).bytes_per_pixel
        check_memory(window, 0, 0, need)  # before the halo is computed row by row
        self.finish.check(window)
        margin = halo(self.smoothing, window)
        return window, check_memory(window, margin, margin, need)

    def _figures(self, tracks: Tracks, window: Window, threshold: Threshold) -> Figures:
        """Figures below a poster that has them; a map of at least so many people tells none."""
        if self.finish.poster is None or not self.finish.poster.figures or threshold:
            return ()
        from heatlas.rendering.poster import figures_of

        return figures_of(tracks, window)

    @property
    def reads_times(self) -> bool:
        """Whether anything but the start of each activity is read of times: passes follow from positions."""
        limits = self.limits
        counts = self.measure.reduction == "passes" and not (limits.at_least or limits.round or limits.public)
        return not counts or self.choice.hides or bool(self.choice.filter.where) or self.finish.poster is not None

    def run(self, tracks: Tracks, context: Context = NOBODY) -> dict[str, Any]:
        """Filter, hide, count, paint and write; return the report as plain data.

        Raises
        ------
        NothingToDraw
            When nothing is left, or nothing lies in the window.
        """
        started = time.perf_counter()
        whole = self.choice.filtered(tracks)
        tracks = self.choice.hidden(whole)
        if not tracks.batches:
            raise NothingToDraw(why_nothing(tracks.report))
        tracks.refuse_unknown(self.measure)
        threshold = threshold_of(self.limits, tracks.activities)
        places = tracks.places(threshold)
        refuse_unshown(places, threshold, tracks.activities)
        busiest = self.frame.choice == "busiest place"
        box = self.frame.bbox or (places[0].bbox if busiest else extent_of(tracks, places, threshold))
        job, box = self._on_paper(box, tracks if busiest and self.frame.bbox is None else None)
        window, rows = job._window(box)
        model = model_of(tracks.batches, self.measure)
        chosen = time.perf_counter()

        batches = tracks.timed_for(self.measure).batches
        left_out = left_out_of_tracks(self.measure, batches)

        def make(part: Window, context: Context) -> Drawn:
            return heat(batches, part, self.measure, self.smoothing, context, model, threshold)

        with draw_in_bands(make, window, rows, context) as drawn:
            if not drawn.filled and threshold.people:
                raise NothingToDraw(nowhere_enough(threshold, tracks.activities))
            if not drawn.filled:
                raise NothingToDraw(why_nowhere(self.measure, places, left_out))
            finished = job.finish.write(drawn, context, job._figures(tracks, window, threshold))
        seconds = {**tracks.report.seconds, "choose": chosen - started, **finished.pop("seconds")}
        return {
            **tracks.data(),
            "places": drawn_places(places, window),
            "choice": self.frame.choice,
            "window": window.data(),
            **finished,
            "warnings": [*finished["warnings"], *left_out, *threshold.words(span=self.choice.spans)],
            **({} if model is None else {"model": str(model)}),
            **self.choice.open_places(whole, tracks),
            "seconds": seconds,
        }
