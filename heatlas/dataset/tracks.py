"""Tracks: filter them, hide private parts, find their places, draw their heat."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from heatlas.core.batch import Activity, Batch, select
from heatlas.core.context import Context
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.memory import check_whole
from heatlas.core.report import Report
from heatlas.core.spill import is_spilled, spilled_if
from heatlas.dataset.places import bbox_window, extent, find_places, visits_of
from heatlas.dataset.viewport import area_of, check_drawing, scale_of
from heatlas.options.parsing import parse_smoothing
from heatlas.options.renamed import takes_old_names
from heatlas.raster.gaussian import Smoothing
from heatlas.raster.left_out import why_no_value
from heatlas.raster.threshold import NO_THRESHOLD, Limits, Threshold
from heatlas.tracks.athlete import athlete_from, refuse_without_athlete
from heatlas.tracks.filters import EFFORT, names_in, needs_local_time, test_of
from heatlas.tracks.local_time import in_utc, parse_moment, seconds_after
from heatlas.tracks.metrics.means import with_efforts
from heatlas.tracks.people import numbers_of, refuse_nobody
from heatlas.tracks.privacy import Privacy, hide

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from heatlas.core.window import Window
    from heatlas.dataset.heat import Heat
    from heatlas.dataset.heat.resmooth import Width
    from heatlas.dataset.places import Place
    from heatlas.raster.measure import Measure
    from heatlas.raster.pipeline import Drawn
    from heatlas.tracks.athlete import Athlete

__all__ = ["Tracks"]

_INTERNAL = frozenset({"localised", "refuse_unknown", "timed_for"})
"""Names that completion leaves out: steps of other modules."""


@dataclass(frozen=True, slots=True, repr=False)
class Tracks:
    """Activities with their tracks, and the report of reading them."""

    batches: tuple[Batch, ...]
    """Each holds many tracks, ordered by start."""
    report: Report = field(default_factory=Report)

    def __len__(self) -> int:
        """Count the activities."""
        return sum(len(batch) for batch in self.batches)

    @property
    def activities(self) -> list[Activity]:
        """Attributes of each activity."""
        return [activity for batch in self.batches for activity in batch.activities]

    @property
    def fixes(self) -> int:
        """Number of fixes."""
        return sum(batch.fixes for batch in self.batches)

    def to_pandas(self) -> Any:
        """Make a pandas.DataFrame with a row for each activity and a column for each attribute.

        Starts are in UTC; distances in metres, times in seconds. Attributes that a source added are columns too.

        Raises
        ------
        MissingExtra
            Without pandas.
        """
        from heatlas.dataset.frames import frame_of

        return frame_of(self.localised().activities)

    def data(self) -> dict[str, Any]:
        """Plain data: the report, and the numbers of activities and fixes."""
        return {**self.report.data(), "activities": len(self), "fixes": self.fixes}

    def where(self, text: str | Callable[[Activity], bool]) -> Tracks:
        """Keep the activities that pass a filter.

        Parameters
        ----------
        text : str or callable
            CQL2 (see `heatlas.tracks.filters.parse_where`), in which times are local; or a function that takes an
            `Activity` and says whether to keep it.

        Raises
        ------
        BadOption
            For a filter that is not understood.
        """
        if callable(text):
            return self.localised()._kept(text)
        if not isinstance(text, str):
            raise BadOption("a filter is text, such as distance > 5000, or a function of an activity")
        tracks = self.localised() if needs_local_time(text) else self
        tracks = tracks._with_efforts((text,))
        return tracks._kept(test_of(text, tracks.activities))

    @takes_old_names
    def select(
        self,
        sport: Collection[str] = (),
        after: str | dt.date | None = None,
        before: str | dt.date | None = None,
    ) -> Tracks:
        """Keep activities of some sports that start at or after one date and before another.

        Dates are text, "2024-05-01" or "2024-05-01T08:30:00Z", or objects of `datetime`. A date without an offset is
        in local time at the place where each activity began.

        Raises
        ------
        BadOption
            For an invalid date, or when no activity has any of the sports.
        """
        from heatlas.sources.sports import sport_name

        words = {sport_name(name) for name in ([sport] if isinstance(sport, str) else sport)}
        known = {activity.sport for activity in self.activities}
        if words and known and not words & known:
            raise BadOption(f"no activity is a {' or '.join(sorted(words))}: there are {', '.join(sorted(known))}")
        first, last = (parse_moment(text) if text else None for text in (after, before))
        local = any(moment is not None and moment.tzinfo is None for moment in (first, last))

        def keep(activity: Activity) -> bool:
            return (
                (not words or activity.sport in words)
                and (first is None or seconds_after(activity, first) >= 0)
                and (last is None or seconds_after(activity, last) < 0)
            )

        tracks = self.localised() if local else self
        return tracks._kept(keep) if words or after or before else self

    def localised(self) -> Tracks:
        """Fill in the time zones that give local time (see `heatlas.tracks.local_time.start_of`)."""
        from heatlas.sources.time_zones import with_time_zones

        return replace(self, batches=tuple(map(with_time_zones, self.batches)))

    def in_utc(self) -> Tracks:
        """Treat UTC as the local time everywhere: for filters, dates and films."""
        return replace(
            self, batches=tuple(replace(b, activities=tuple(map(in_utc, b.activities))) for b in self.batches)
        )

    def timed_for(self, measure: Measure) -> Tracks:
        """Fill in time zones where a measure needs local time, and efforts where it or its filters read them."""
        tracks = self.localised() if measure.needs_local_time else self
        return tracks._with_efforts((*measure.sides, *(measure.reads & {*EFFORT})))

    def with_athlete(self, athlete: Athlete | Mapping[str, Any] | str | Path) -> Tracks:
        """Say what is known of the athlete, for measures such as heart_rate_reserve and share(zone >= 4).

        Parameters
        ----------
        athlete : Athlete, mapping, or path of a file of JSON
            Such as ``{"rest": 48, "max": {"2015-01-01": 192, "2024-01-01": 186}, "zones": [115, 135, 150, 165]}``: see
            `heatlas.tracks.athlete.parse_athlete`.

        Raises
        ------
        BadOption
            For what cannot be.
        """
        known = athlete_from(athlete)
        local = self.localised()
        batches = tuple(replace(batch, activities=tuple(known.known(batch.activities))) for batch in local.batches)
        return replace(local, batches=batches)

    def refuse_unknown(self, measure: Measure) -> None:
        """Refuse a measure that needs to know of the athlete, or whose activities are, what nobody said (BadOption)."""
        refuse_without_athlete(measure.reads, str(measure), self.activities)
        if measure.reduction == "people" and self.batches:
            refuse_nobody(str(measure), self.activities)

    def _with_efforts(self, filters: Iterable[str]) -> Tracks:
        """Fill in what filters ask of efforts, if they do."""
        if not any(names_in(text) & {*EFFORT} for text in filters):
            return self
        return replace(self, batches=tuple(map(with_efforts, self.batches)))

    def _kept(self, test: Callable[[Activity], bool]) -> Tracks:
        large = any(map(is_spilled, self.batches))
        chosen = (select(batch, [bool(test(activity)) for activity in batch.activities]) for batch in self.batches)
        kept = spilled_if(chosen, large)
        out = len(self) - sum(len(batch) for batch in kept)
        dropped = self.report.dropped + Counter({"activities that the filter left out": out} if out else {})
        return Tracks(tuple(batch for batch in kept if len(batch)), replace(self.report, dropped=dropped))

    def hidden(self, privacy: Privacy) -> Tracks:
        """Cut out private parts."""
        large = any(map(is_spilled, self.batches))
        batches = spilled_if((hide(batch, privacy) for batch in self.batches), large)
        dropped = sum((batch.dropped for batch in batches), self.report.dropped)
        shown = spilled_if((select(batch, np.diff(batch.segments[batch.tracks]) > 0) for batch in batches), large)
        gone = len(self) - sum(len(batch) for batch in shown)
        if gone:
            dropped = dropped + Counter({"activities hidden for privacy": gone})
        return Tracks(
            tuple(replace(batch, dropped=Counter()) for batch in shown if len(batch)),
            replace(self.report, dropped=dropped),
        )

    def places(self, threshold: Threshold = NO_THRESHOLD) -> list[Place]:
        """Regions that hold activities, the busiest first; with a threshold of cells that enough people visit."""
        visits = visits_of(self.batches)
        if threshold.people:
            visits = visits.of_enough(numbers_of(self.activities), threshold)
        return find_places(visits)

    def window(
        self,
        bbox: tuple[float, float, float, float] | str | Any | None = None,
        zoom: float | None = None,
        resolution: float | str | None = None,
        width: int | None = None,
        around: str | Sequence[float | str] | None = None,
        *,
        all: bool = False,  # noqa: A002 - as the option is called
    ) -> Window:
        """Make a window over a box (west, south, east, north), by default over the busiest place.

        `bbox` may also be a GeoDataFrame, a GeoSeries or a geometry of shapely; `around` is a circle, "60.17,24.94,5km"
        or (60.17, 24.94, "5km"); `all` takes all activities. Of `zoom` (0 to 24), `resolution` (true metres per pixel)
        and `width` (pixels) at most one is given.

        Raises
        ------
        BadOption
            For an invalid value.
        NothingToDraw
            When there is no track.
        """
        scale, box = scale_of(zoom, resolution, width), area_of(bbox, around, all)
        if box is None:
            places = self.places()
            if not places:
                from heatlas.dataset.shown_tracks import why_nothing

                raise NothingToDraw(why_nothing(self.report))
            box = extent(self.batches) if all else places[0].bbox
        return bbox_window(box, *scale)

    @takes_old_names
    def heat(
        self,
        measure: str | Measure = "passes",
        window: Window | None = None,
        smooth: str | Literal[0] | Smoothing = "auto",
        workers: int | None = None,
        *,
        at_least: int = 0,
    ) -> Heat:
        """Count a measure over a window and smooth it.

        Parameters
        ----------
        measure : str or Measure
            passes, seconds, pace, max(power), corr(pace, heart_rate) ... (see `heatlas.raster.measure.parse_measure`).
        window : Window, optional
            By default the busiest place, at most 4096 px wide and high. To compare heats, draw them over one window.
        smooth : str, 0 or Smoothing
            Standard deviation of the Gaussian: "4m", "2px", 0 for none, "auto" for 4 m and at least 1 px.
        workers : int, optional
            Threads; by default one for each processor.
        at_least : int
            Show only pixels that at least so many different people passed, from zoom 15 on with the pixels around.

        Raises
        ------
        BadOption, TooLarge, NothingToDraw
            In one sentence that says what to do.
        """
        from heatlas.dataset.heat import Heat
        from heatlas.raster.measure import Measure, parse_measure
        from heatlas.raster.pipeline import heat

        check_drawing(measure, window)
        over = window or self.window()
        wanted = measure if isinstance(measure, Measure) else parse_measure(measure)
        width = smooth if isinstance(smooth, Smoothing) else parse_smoothing(str(smooth))
        check_whole(over, wanted.bytes_per_pixel)
        self.refuse_unknown(wanted)

        batches = self.timed_for(wanted).batches
        if lacking := why_no_value(wanted, batches):
            raise NothingToDraw(lacking)
        threshold = Threshold.of(Limits(at_least), public=False, activities=self.activities)

        def again(width: Width, measure: Measure = wanted) -> Drawn:
            assert isinstance(width, Smoothing)
            return heat(batches, over, measure, width, Context(workers), threshold=threshold)

        voices = None
        if wanted.reduction in {"mean", "share"}:
            voices = partial(again, measure=Measure("voices", str(wanted)))
        return Heat.of(again(width), width, again, voices)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self)} - _INTERNAL)

    def __repr__(self) -> str:
        from heatlas.dataset.shown_tracks import in_words

        return in_words(self.localised().activities, self.fixes, self.report)

    def _repr_html_(self) -> str:
        from heatlas.dataset.shown_tracks import as_html

        return as_html(self.localised().activities, self.batches, self.report)
