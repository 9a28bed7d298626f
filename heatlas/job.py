"""Draw tracks: options that were checked before any work, and the way from tracks to written files."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heatlas.errors import NothingToDraw
from heatlas.finish import Finish, window_data
from heatlas.options import parse_length, parse_smoothing, parse_zone
from heatlas.places import check_memory, extent
from heatlas.privacy import Privacy, owner_secret
from heatlas.rendering import heat
from heatlas.report import place_data
from heatlas.smooth import Smoothing, halo
from heatlas.tracks import Tracks, why_nothing
from heatlas.where import parse_date, parse_where

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from heatlas.frame import Frame
    from heatlas.grid import Measure
    from heatlas.places import Place
    from heatlas.window import Window

__all__ = ["Job"]


@dataclass(frozen=True, slots=True)
class Job:
    """A drawing of tracks whose options are sound."""

    measure: Measure
    frame: Frame
    finish: Finish
    smoothing: Smoothing
    privacy: Privacy
    sports: Collection[str]
    where: str | None
    after: str | None
    before: str | None

    @classmethod
    def parse(
        cls,
        measure: Measure,
        frame: Frame,
        finish: Finish,
        *,
        smooth: str,
        where: str | None,
        sports: Collection[str],
        after: str | None,
        before: str | None,
        clip_ends: str | None,
        zones: Collection[str],
    ) -> Job:
        """Check all options; a window that is known already must fit into memory.

        Raises
        ------
        BadOption, TooLarge
            Before anything was read.
        """
        for date in filter(None, (after, before)):
            parse_date(date)
        if where is not None:
            parse_where(where)
        clip = parse_length(clip_ends, "--clip-ends") if clip_ends else 0.0
        circles = tuple(parse_zone(zone) for zone in zones)
        privacy = Privacy(clip, circles, owner_secret() if clip or circles else b"")
        job = cls(measure, frame, finish, parse_smoothing(smooth), privacy, sports, where, after, before)
        if frame.bbox is not None:
            job._window(frame.bbox)
        return job

    def _window(self, box: tuple[float, float, float, float]) -> Window:
        window = self.frame.window(box)
        check_memory(window, 0, self.measure.bytes_per_pixel)  # before the halo is worked out row by row
        check_memory(window, halo(self.smoothing, window), self.measure.bytes_per_pixel)
        return window

    def run(
        self,
        tracks: Tracks,
        workers: int | None = None,
        progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    ) -> dict[str, Any]:
        """Filter, hide, count, paint and write; return the report as plain data.

        Raises
        ------
        NothingToDraw
            When nothing is left, or nothing lies in the window.
        """
        started = time.perf_counter()
        tracks = self._chosen(tracks)
        if not tracks.batches:
            raise NothingToDraw(why_nothing(tracks))
        places = tracks.places()
        busiest = self.frame.choice == "busiest place"
        box = self.frame.bbox or (places[0].bbox if busiest else extent(tracks.batches))
        window = self._window(box)
        chosen = time.perf_counter()
        warm = heat(
            tracks.batches, window, self.measure, self.smoothing, workers, lambda stage: progress(stage, 0, 0)
        )  # fmt: skip
        if not warm.bare.filled.any():
            raise NothingToDraw(_nowhere(self.measure, places))
        finished = self.finish.write(warm, progress)
        seconds = {**tracks.report.seconds, "choose": chosen - started, **finished.pop("seconds")}
        return {
            **tracks.data(),
            "places": [{**place_data(place), "drawn": _centred(place, window)} for place in places],
            "choice": self.frame.choice,
            "window": window_data(window),
            **finished,
            "seconds": seconds,
        }

    def _chosen(self, tracks: Tracks) -> Tracks:
        tracks = tracks.select(self.sports, self.after, self.before)
        if self.where is not None:
            tracks = tracks.where(self.where)
        if self.privacy.clip_ends or self.privacy.zones:
            tracks = tracks.hidden(self.privacy)
        return tracks


def _centred(place: Place, window: Window) -> bool:
    """Whether the middle of a place lies in a window."""
    west, south, east, north = window.bbox
    lon, lat = (place.bbox[0] + place.bbox[2]) / 2, (place.bbox[1] + place.bbox[3]) / 2
    return south <= lat <= north and any(west <= lon + turn <= east for turn in (-360, 0, 360))


def _nowhere(measure: Measure, places: list[Place]) -> str:
    if measure.metric:
        return f"no track in the window has what {measure} needs"
    busiest = places[0].bbox
    lat, lon = (busiest[1] + busiest[3]) / 2, (busiest[0] + busiest[2]) / 2
    return f"no track goes through the window; the busiest place is around {lat:.3f},{lon:.3f}"
