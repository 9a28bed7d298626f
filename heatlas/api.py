"""heatlas as plain functions: open recordings, filter and hide, look at the arrays, draw.

>>> tracks = heatlas.open("export.zip").where("sport = 'Run'")
>>> heat = tracks.heat("pace", tracks.window())
>>> heat.smoothed.values  # (height, width) float32, seconds per metre
>>> heatlas.render("export.zip", "heat.png", background="dark")
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.batch import COLUMNS, Activity, Batch
from heatlas.errors import BadOption, NothingToDraw
from heatlas.options import parse_around, parse_bbox, parse_length, parse_smoothing, parse_zone
from heatlas.places import around as around_bbox
from heatlas.places import bbox_window, check_memory, extent, find_places
from heatlas.privacy import Privacy, hide, owner_secret
from heatlas.report import Report
from heatlas.where import attributes, parse_date, parse_where

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from heatlas.measures import Measure
    from heatlas.places import Place
    from heatlas.render import Heat
    from heatlas.smooth import Smoothing
    from heatlas.window import Window

__all__ = ["Tracks", "open_sources", "render"]


@dataclass(frozen=True, slots=True)
class Tracks:
    """Activities with their tracks, and the report of how they came here."""

    batches: tuple[Batch, ...]
    """One track each, ordered by start."""
    report: Report = field(default_factory=Report)

    @property
    def activities(self) -> list[Activity]:
        """What is known of each activity."""
        return [activity for batch in self.batches for activity in batch.activities]

    @property
    def fixes(self) -> int:
        """Number of fixes."""
        return sum(batch.fixes for batch in self.batches)

    def where(self, text: str) -> Tracks:
        """Keep the activities that a CQL2 filter passes (see `heatlas.where.parse_where`)."""
        test = parse_where(text)
        names = dict.fromkeys(name for activity in self.activities for name in activity.extra)
        return self._kept(lambda activity: test({**names, **attributes(activity)}))

    def select(
        self, sports: Collection[str] = (), after: str | None = None, before: str | None = None
    ) -> Tracks:
        """Keep activities of some sports that start at or after one date and before another.

        Raises
        ------
        BadOption
            For a date that is none, or a sport that no activity has.
        """
        from heatlas.sources.sports import sport_name

        words = {sport_name(sport) for sport in sports}
        known = {activity.sport for activity in self.activities}
        if words and known and not words & known:
            raise BadOption(f"no activity is a {' or '.join(sorted(words))}: there are {', '.join(sorted(known))}")
        first = parse_date(after).timestamp() if after else None
        last = parse_date(before).timestamp() if before else None

        def keep(activity: Activity) -> bool:
            start = activity.start
            return (
                (not words or activity.sport in words)
                and (first is None or (start is not None and start >= first))
                and (last is None or (start is not None and start < last))
            )

        return self._kept(keep) if words or after or before else self

    def _kept(self, test: Callable[[Activity], bool]) -> Tracks:
        kept = tuple(batch for batch in self.batches if test(batch.activities[0]))
        out = len(self.batches) - len(kept)
        dropped = self.report.dropped + Counter({"activities that the filter left out": out} if out else {})
        return Tracks(kept, replace(self.report, dropped=dropped))

    def hidden(self, privacy: Privacy) -> Tracks:
        """Cut out what must not be seen."""
        batches = [hide(batch, privacy) for batch in self.batches]
        dropped = sum((batch.dropped for batch in batches), self.report.dropped)
        gone = sum(1 for batch in batches if not batch.fixes)
        if gone:
            dropped = dropped + Counter({"activities hidden for privacy": gone})
        return Tracks(
            tuple(replace(batch, dropped=Counter()) for batch in batches if batch.fixes),
            replace(self.report, dropped=dropped),
        )

    def places(self) -> list[Place]:
        """Regions that hold activities, the busiest first."""
        return find_places(self.batches)

    def window(
        self,
        bbox: tuple[float, float, float, float] | None = None,
        zoom: float | None = None,
        resolution: float | None = None,
        width: int | None = None,
    ) -> Window:
        """Make a window over a box (west, south, east, north), by default over the busiest place.

        Raises
        ------
        NothingToDraw
            When there is no track.
        """
        if bbox is None:
            places = self.places()
            if not places:
                raise NothingToDraw(_why_nothing(self))
            bbox = places[0].bbox
        return bbox_window(bbox, zoom, resolution, width)

    def heat(
        self,
        measure: str | Measure = "passes",
        window: Window | None = None,
        smoothing: str | Smoothing = "auto",
        workers: int | None = None,
    ) -> Heat:
        """Count a measure over a window and smooth it; the arrays are in the result."""
        from heatlas.measures import Measure, parse_measure
        from heatlas.render import heat

        return heat(
            self.batches,
            window or self.window(),
            measure if isinstance(measure, Measure) else parse_measure(measure),
            parse_smoothing(smoothing) if isinstance(smoothing, str) else smoothing,
            workers,
        )


def _why_nothing(tracks: Tracks) -> str:
    report = tracks.report
    if left := report.dropped["activities that the filter left out"]:
        return f"the filter leaves none of {left} activities"
    if report.dropped["activities hidden for privacy"]:
        return "hiding the ends and zones leaves nothing to draw"
    if report.failed:
        first = report.failed[0]
        return f"nothing could be read: {first.file}: {first.reason}"
    return "there is no track with a position in what was given"


def open_sources(
    *sources: str | Path,
    columns: Collection[str] = COLUMNS,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tracks:
    """Read recordings: Strava exports, folders, archives, and files of .gpx, .fit and .tcx.

    Parameters
    ----------
    *sources : str or Path
        What to read.
    columns : collection of str
        Columns of fixes to keep in memory; fewer take less.
    workers : int, optional
        Threads; by default one for each processor.
    progress : callable, optional
        Is told the bytes read so far and in all.

    Returns
    -------
    Tracks

    Raises
    ------
    BadOption
        When a path does not exist.
    """
    from heatlas.sources.load import load

    batches, report = load([Path(source) for source in sources], columns, workers, progress)
    return Tracks(tuple(batches), report)
