"""Filters and privacy of a drawing. Everything that draws tracks uses them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import NothingToDraw
from heatlas.core.frozen import frozen
from heatlas.dataset.places import extent, places_data
from heatlas.options.parsing import parse_length, parse_zone
from heatlas.raster.offered import name_of
from heatlas.raster.threshold import Limits, Threshold, nowhere_enough
from heatlas.tracks.filters import parse_where
from heatlas.tracks.local_time import parse_moment
from heatlas.tracks.privacy import Privacy, owner_secret

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from heatlas.core.batch import Activity
    from heatlas.core.window import Window
    from heatlas.dataset.places import Place
    from heatlas.dataset.tracks import Tracks
    from heatlas.options import FilterOptions, HidingOptions, PublicOptions
    from heatlas.raster.measure import Measure

__all__ = ["Selection", "drawn_places", "extent_of", "refuse_unshown", "threshold_of", "why_nowhere"]


@frozen
class Selection:
    """Checked options of filters and privacy."""

    filter: FilterOptions
    privacy: Privacy

    @classmethod
    def parse(cls, asked: FilterOptions, hiding: HidingOptions) -> Selection:
        """Check the options.

        Raises
        ------
        BadOption
            For an invalid date, filter, length or circle.
        """
        for date in filter(None, (asked.after, asked.before)):
            parse_moment(date)
        if asked.where is not None:
            parse_where(asked.where)
        clip = parse_length(hiding.clip_ends, "--clip-ends") if hiding.clip_ends else 0.0
        circles = tuple(parse_zone(zone) for zone in hiding.zone)
        return cls(asked, Privacy(clip, circles, owner_secret() if clip or circles else b""))

    @property
    def spans(self) -> bool:
        """Whether a span of time is chosen."""
        return bool(self.filter.after or self.filter.before)

    @property
    def hides(self) -> bool:
        """Whether anything is hidden."""
        return bool(self.privacy.clip_ends or self.privacy.zones)

    def filtered(self, tracks: Tracks) -> Tracks:
        """Filter tracks without hiding anything; the report says what was left out."""
        asked = self.filter
        if asked.utc:
            tracks = tracks.in_utc()
        tracks = tracks.select(asked.sport, asked.after, asked.before)
        return tracks if asked.where is None else tracks.where(asked.where)

    def hidden(self, tracks: Tracks) -> Tracks:
        """Cut out private parts; the report says how much was cut."""
        return tracks.hidden(self.privacy) if self.hides else tracks

    def open_places(self, whole: Tracks, shown: Tracks, public: bool = False) -> dict[str, Any]:
        """Find places that should be hidden and are not, with the option that hides each; for the owner only.

        Empty unless others will see the drawing: something is hidden, or the drawing is public.
        """
        if not (self.hides or public):
            return {}
        from heatlas.tracks.privacy.advice import as_option
        from heatlas.tracks.privacy.frequented import find_open, marks_of, shown_near

        zones = {str(k): zone for k, zone in enumerate(self.privacy.zones)}
        found = find_open(marks_of(whole.batches), zones, partial(shown_near, shown.batches))
        return {"open_places": [{**place.data(), "hide": as_option(place.lat, place.lon)} for place in found]}


def threshold_of(asked: PublicOptions, activities: Collection[Activity]) -> Threshold:
    """Choose the threshold of people for a drawing of some activities.

    Raises
    ------
    BadOption
        When it is asked for, and nobody is named.
    """
    return Threshold.of(Limits(asked.at_least, asked.round), public=asked.public, activities=activities)


def refuse_unshown(places: Sequence[Place], threshold: Threshold, activities: Iterable[Activity]) -> None:
    """Say what to do where no place is shown, as too few people passed any.

    Raises
    ------
    NothingToDraw
    """
    if threshold.people and not places:
        raise NothingToDraw(nowhere_enough(threshold, activities))


def extent_of(tracks: Tracks, places: Sequence[Place], threshold: Threshold) -> tuple[float, float, float, float]:
    """Box of all that is shown, degrees: of all tracks, or with a threshold of the places that enough people visit."""
    if not threshold.people:
        return extent(tracks.batches)
    west, south, east, north = zip(*(place.bbox for place in places), strict=True)
    return min(west), min(south), max(east), max(north)


def drawn_places(places: Sequence[Place], window: Window) -> list[dict[str, Any]]:
    """Places as plain data; `drawn` says whether the centre of each lies in a window."""
    named = places_data(places)
    return [{**data, "drawn": _is_centred(place, window)} for place, data in zip(places, named, strict=True)]


def _is_centred(place: Place, window: Window) -> bool:
    west, south, east, north = window.bbox
    lon, lat = (place.bbox[0] + place.bbox[2]) / 2, (place.bbox[1] + place.bbox[3]) / 2
    return south <= lat <= north and any(west <= lon + turn <= east for turn in (-360, 0, 360))


def why_nowhere(measure: Measure, places: list[Place], left_out: Sequence[str] = ()) -> str:
    """Say why a window is empty although there are tracks; `left_out` is what the measure leaves out."""
    because = "".join(f"; {sentence}" for sentence in left_out)
    if measure.layout.needs:
        return f"no pixel of the window holds the {measure.layout.needs} that {name_of(measure)} needs{because}"
    if measure.metric or measure.reads:
        return f"no track in the window has what {name_of(measure)} needs{because}"
    busiest = places[0].bbox
    lat, lon = (busiest[1] + busiest[3]) / 2, (busiest[0] + busiest[2]) / 2
    return f"no track goes through the window; the busiest place is around {lat:.3f},{lon:.3f} (latitude,longitude)"
