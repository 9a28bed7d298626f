"""Draw a film of tracks into a file, with options that are checked before any work."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from heatlas.core.batch import select
from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.frozen import frozen
from heatlas.dataset.selection import Selection, drawn_places, extent_of, refuse_unshown, threshold_of, why_nowhere
from heatlas.dataset.shown_tracks import why_nothing
from heatlas.dataset.tracks import Tracks
from heatlas.options import PublicOptions, least_of
from heatlas.options.parsing import parse_smoothing
from heatlas.raster.left_out import left_out_of_tracks
from heatlas.raster.softening import Softening
from heatlas.raster.threshold import NO_THRESHOLD, Threshold
from heatlas.rendering.film.order import FilmOrder
from heatlas.rendering.film.storyboard import Storyboard
from heatlas.rendering.film.track_cast import TrackCast
from heatlas.tracks.clean import is_believable

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.core.window import Window
    from heatlas.dataset.viewport import Viewport
    from heatlas.options import RenderOptions
    from heatlas.raster.gaussian import Smoothing
    from heatlas.raster.measure import Measure

__all__ = ["FilmJob"]

_UNDATED = "activities whose start is unknown or cannot be"


@frozen
class FilmJob:
    """A film of tracks with checked options."""

    order: FilmOrder
    smoothing: Smoothing
    choice: Selection
    least: int = 0
    """Public film: no private activities, by whole months, at least so many at once; 0: not public."""
    limits: PublicOptions = field(default_factory=PublicOptions)

    @classmethod
    def parse(cls, output: Path, measure: Measure, frame: Viewport, options: RenderOptions) -> FilmJob:
        """Check all options; a window that is already known must fit into memory.

        Parameters
        ----------
        output, measure, frame
            As for `FilmOrder.parse`.
        options : RenderOptions
            Films use smooth, and the groups style, filter, hiding, film and public.

        Raises
        ------
        BadOption, TooLarge, MissingExtra
            Before anything is read.
        """
        order, public = FilmOrder.parse(output, measure, frame, options), options.public
        if measure.sides:
            raise BadOption(f"a film shows activities as they come, and {measure} compares two choices: draw a picture")
        Threshold(step=public.round or 1).check(measure)
        job = cls(
            order, parse_smoothing(options.smooth or "auto"), Selection.parse(options.filter, options.hiding),
            least_of(public) if public.public else 0, public,
        )  # fmt: skip
        if frame.bbox is not None:
            job.window(frame.bbox)
        return job

    def window(self, box: tuple[float, float, float, float], tracks: Tracks | None = None) -> Window:
        """Make the window over a box (see `FilmOrder.window`)."""
        return self.order.window(box, Softening(self.smoothing), () if tracks is None else tracks.batches)

    def plan(
        self, tracks: Tracks, window: Window, context: Context = NOBODY, threshold: Threshold = NO_THRESHOLD
    ) -> Storyboard | None:
        """Plan the film of tracks that have starts; None: nothing lies in the window."""
        cast = TrackCast.of(tracks, window, self.order.measure, self.smoothing, context.workers, self.least, threshold)
        return None if cast is None else Storyboard.plan(cast, self.order.script, Context(context.workers))

    def run(self, tracks: Tracks, context: Context = NOBODY) -> dict[str, Any]:
        """Filter, hide, count, paint and encode; return the report as plain data.

        Raises
        ------
        NothingToDraw
            When nothing is left, or nothing lies in the window.
        """
        started = time.perf_counter()
        order, measure = self.order, self.order.measure
        whole = self.choice.filtered(tracks)
        tracks = self.choice.hidden(whole)
        tracks = _dated(tracks.where("private = FALSE") if self.least else tracks).localised()
        if not tracks.batches:
            left = tracks.report.dropped[_UNDATED]
            raise NothingToDraw(
                f"none of {left} activities says when it was, as a film needs to know"
                if left
                else why_nothing(tracks.report)
            )
        tracks.refuse_unknown(measure)
        tracks = tracks.timed_for(measure)
        threshold = threshold_of(self.limits, tracks.activities)
        places = tracks.places(threshold)
        refuse_unshown(places, threshold, tracks.activities)
        busiest = order.frame.choice == "busiest place"
        box = order.frame.bbox or (places[0].bbox if busiest else extent_of(tracks, places, threshold))
        window = self.window(box, tracks)
        left_out = left_out_of_tracks(measure, tracks.batches)
        storyboard = self.plan(tracks, window, context, threshold)
        if storyboard is None:
            raise NothingToDraw(why_nowhere(measure, places, left_out))
        chosen = time.perf_counter()
        order.write(storyboard, context)
        done = time.perf_counter()
        filmed = order.report(storyboard)
        model = getattr(storyboard.cast, "model", None)
        return {
            **tracks.data(),
            "places": drawn_places(places, window),
            **filmed,
            **({} if model is None else {"model": str(model)}),
            "warnings": [*filmed["warnings"], *left_out, *threshold.words(span=self.choice.spans)],
            **self.choice.open_places(whole, tracks, public=bool(self.least)),
            "seconds": {**tracks.report.seconds, "choose": chosen - started, "film": done - chosen},
        }


def _dated(tracks: Tracks) -> Tracks:
    """Leave out activities without a believable start: one broken clock would make a film of thousands of years."""
    kept = [
        select(b, [a.start is not None and is_believable(a.start, a.elapsed_time or 0) for a in b.activities])
        for b in tracks.batches
    ]  # fmt: skip
    out = len(tracks) - sum(len(batch) for batch in kept)
    dropped = tracks.report.dropped + Counter({_UNDATED: out} if out else {})
    return Tracks(tuple(batch for batch in kept if len(batch)), replace(tracks.report, dropped=dropped))
