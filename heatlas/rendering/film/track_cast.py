"""Tracks as a film shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import NothingToDraw
from heatlas.core.frozen import frozen
from heatlas.raster.draw_passages import model_of
from heatlas.raster.measure import Measure
from heatlas.raster.pipeline import counted, heat
from heatlas.raster.softening import Softening
from heatlas.raster.threshold import NO_THRESHOLD
from heatlas.rendering.film.activities import box_of, film_activities, in_crowds
from heatlas.rendering.film.running_grid import RunningGrid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.context import Context
    from heatlas.core.window import Window
    from heatlas.dataset.tracks import Tracks
    from heatlas.raster.gaussian import Smoothing
    from heatlas.raster.grid import Grid
    from heatlas.raster.pipeline import Drawn
    from heatlas.raster.threshold import Threshold
    from heatlas.rendering.film.activities import FilmActivities
    from heatlas.rendering.film.cast import Part
    from heatlas.tracks.metrics.model import Model

__all__ = ["TrackCast"]


@frozen
class TrackCast:
    """Activities that come near a window, ordered by start (see `heatlas.rendering.film.cast`)."""

    window: Window
    measure: Measure
    softening: Softening
    activities: FilmActivities
    model: Model | None
    """Of the heart rate, for a residual: fitted to all tracks of the film."""
    aura: bool = True
    threshold: Threshold = NO_THRESHOLD

    @classmethod
    def of(
        cls,
        tracks: Tracks,
        window: Window,
        measure: Measure,
        smoothing: Smoothing,
        workers: int | None = None,
        least: int = 0,
        threshold: Threshold = NO_THRESHOLD,
    ) -> TrackCast | None:
        """Choose what comes near a window; None: nothing does.

        Parameters
        ----------
        tracks : Tracks
            Activities with a start and with time zones filled in.
        window : Window
            The shown window.
        measure : Measure
            What is counted.
        smoothing : Smoothing
            How it is smoothed.
        workers : int, optional
            Threads; by default one for each processor.
        least : int
            Least number of activities that appear at once; 0: no limit.
        threshold : Threshold
            Least number of people of pixels that are shown in a frame.

        Raises
        ------
        NothingToDraw
            When fewer than `least` are to be seen.
        """
        softening = Softening(smoothing, workers)
        activities = film_activities(tracks.batches, window, softening.grown(window))
        if not activities.tracks:
            return None
        if least:
            crowded = in_crowds(activities, least, window, measure.recorded, threshold.people)
            if crowded is None:
                of = f" of {threshold.people} people" if threshold.people else ""
                having = f" with {measure.metric}" if measure.metric else ""
                raise NothingToDraw(
                    f"fewer than {least} activities{having}{of} are to be seen, and --public shows no fewer: take a "
                    "wider filter or window, or another --public-least"
                )
            activities = crowded
        return cls(window, measure, softening, activities, model_of(tracks.batches, measure), threshold=threshold)

    @property
    def starts(self) -> NDArray[np.float64]:
        """(k,) seconds in local time, ascending."""
        return self.activities.starts

    @property
    def amounts(self) -> NDArray[np.int64]:
        """(k + 1,) fixes in the window of all tracks before the k-th."""
        return self.activities.fixes

    def drawn(self, part: Part, context: Context) -> Drawn:
        """Heat of some tracks."""
        smoothing: Smoothing = self.softening.of  # type: ignore[assignment]
        tracks = self.activities.tracks[slice(*part)]
        return heat(tracks, self.window, self.measure, smoothing, context, self.model, self.threshold)

    def running(self) -> _RunningTracks:
        """Begin to count, with nothing."""
        workers = self.softening.workers
        grown = self.softening.grown(self.window)
        return _RunningTracks(self, RunningGrid.empty(grown, self.measure, workers, self.model, self.threshold))

    def near(self, part: Part, margin: int) -> Window | None:
        """Smallest rectangle that holds what some tracks touch of the window, grown by a margin."""
        return box_of(self.activities.tracks[slice(*part)], self.window.grown(margin))

    def touched(self, part: Part, box: Window) -> NDArray[np.bool_]:
        """(h, w) pixels of a rectangle to which some tracks add something; of these alone enough people, if need be."""
        wanted = self.measure
        what = Measure("mean", wanted.metric) if wanted.simple else wanted if wanted.metric else Measure("passes")
        tracks = self.activities.tracks[slice(*part)]
        return counted(tracks, box, what, self.softening.workers, self.model, replace(self.threshold, step=1)).filled

    def words(self, part: Part, days: int | None) -> list[tuple[str, str]]:
        """Activities, kilometres and hours of some tracks; none with a threshold, which does not show all of them."""
        if self.threshold.people:
            return []
        first, last = part
        return _words(self.activities.totals[last] - self.activities.totals[first], days)

    def most_words(self, parts: list[Part], days: int | None) -> list[tuple[str, str]]:
        """The most activities, kilometres and hours of any part."""
        if self.threshold.people:
            return []
        first, last = np.array(parts).T
        return _words((self.activities.totals[last] - self.activities.totals[first]).max(axis=0), days)


@dataclass(slots=True)
class _RunningTracks:
    """Tracks that are added and subtracted."""

    cast: TrackCast
    counted: RunningGrid

    @property
    def grid(self) -> Grid:
        """Counts of the tracks that are shown."""
        return self.counted.grid

    def step(self, before: Part, now: Part) -> Window | None:
        """Update the counts."""
        tracks, (first, last), (low, high) = self.cast.activities.tracks, before, now
        # Tracks that appear and disappear between two frames are never shown.
        return self.counted.step(tracks[max(last, low) : high], tracks[first : min(low, last)], tracks[low:high])


def _words(totals: NDArray[np.float64], days: int | None) -> list[tuple[str, str]]:
    activities, metres, seconds = totals.tolist()
    return [
        (f"{activities:,.0f}", "activities" if days is None else f"activities in {days} days"),
        (f"{metres / 1000:,.0f}", "km"),
        (f"{seconds / 3600:,.0f}", "hours"),
    ]
