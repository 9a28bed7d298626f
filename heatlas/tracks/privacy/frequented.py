"""Find places that should be hidden: where many activities begin or end, and where anyone stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.mercator import from_lonlat, ground_metres, to_lonlat
from heatlas.tracks.privacy.advice import ADVISED, covering
from heatlas.tracks.privacy.gathering import CLUSTER, gather, metres_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch
    from heatlas.tracks.privacy.cuts import Zone

__all__ = ["Frequented", "Marks", "find_open", "frequented", "marks_of", "shown_near"]

FREQUENT = 5
"""Activities that must begin or end at a place to make it worth hiding."""
_STOP = 180.0
"""Seconds within some _STEP metres that are a stop; a red light is shorter."""
_STEP = 30.0
_THERE = 50.0
"""Metres around a place that a zone hides already, or at which someone stops, within which nothing should be shown."""
_MOST = 200
"""Most places that are checked, those of the most activities first."""


@frozen
class Marks:
    """Positions where activities begin, end and stop, without cuts."""

    ends: NDArray[np.float64]
    """(k, 2) world coordinates."""
    ends_of: NDArray[np.int64]
    """(k,) number of the activity."""
    stops: NDArray[np.float64]
    """(s, 2) world coordinates."""
    stops_of: NDArray[np.int64]
    """(s,) number of the activity."""


@frozen
class Frequented:
    """A place that should perhaps be hidden."""

    lat: float
    """Degrees."""
    lon: float
    """Degrees."""
    activities: int
    """Number of activities that begin or end here; 0 at a place with stops only."""
    stops: int
    """Number of activities that stop here for three minutes or more, also at their beginning or end."""

    def data(self) -> dict[str, Any]:
        """Return the place as plain data."""
        return {"lat": self.lat, "lon": self.lon, "activities": self.activities, "stops": self.stops}

    def words(self) -> str:
        """Describe the place in words: activities or stops, and the position."""
        if not self.activities:
            many = "an activity stops" if self.stops == 1 else f"{self.stops:,} activities stop"
        else:
            many = f"{self.activities:,} activities begin or end"
        return f"{many} around {self.lat:.5f},{self.lon:.5f}"


def marks_of(batches: Iterable[Batch]) -> Marks:
    """Collect the positions where activities begin, end and stop."""
    parts, count = [Marks(np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros(0, np.int64))], 0
    for batch in batches:
        if batch.fixes:
            offsets = batch.segments[batch.tracks]
            filled = np.flatnonzero(np.diff(offsets))
            index = np.concatenate((offsets[:-1][filled], offsets[1:][filled] - 1))
            stops, of = _stops(batch, offsets)
            parts.append(Marks(_at(batch, index), count + np.tile(filled, 2), _at(batch, stops), count + of))
        count += len(batch)
    return Marks(
        np.concatenate([part.ends for part in parts]), np.concatenate([part.ends_of for part in parts]),
        np.concatenate([part.stops for part in parts]), np.concatenate([part.stops_of for part in parts]),
    )  # fmt: skip


def _at(batch: Batch, index: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.column_stack((batch.u[index] % 1.0, batch.v[index]))


def _stops(batch: Batch, offsets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First fixes of stops, and their tracks; at a stop, time goes on without progress."""
    track = np.repeat(np.arange(len(batch)), np.diff(offsets))
    lapse = np.diff(batch.time)
    step = np.hypot(np.diff(batch.u), np.diff(batch.v)) * batch.ground[0][track[:-1]]
    # A pause of the recording counts when it resumes at the same place; when it resumes elsewhere, it is no stop.
    stood = np.append(np.where((np.diff(track) == 0) & (lapse > 0) & (step <= _STEP), lapse, 0.0), 0.0)
    cell = np.floor(batch.progress / np.float32(_STEP / 2)).astype(np.int64)
    first = np.flatnonzero(np.append(True, (np.diff(cell) != 0) | (np.diff(track) != 0)))
    seconds = np.add.reduceat(stood, first)
    # A stop may begin in one stretch of 15 m and end in the next.
    follows = (np.diff(cell[first]) == 1) & (np.diff(track[first]) == 0)
    both = seconds + np.append(np.where(follows, seconds[1:], 0.0), 0.0)
    longest = first[both >= _STOP]
    return longest, track[longest]


def frequented(marks: Marks) -> list[Frequented]:
    """Group marks into places, those of the most activities first."""
    found, left = [], np.ones(len(marks.stops), np.bool_)
    for centre, members in gather(marks.ends, FREQUENT):
        activities = len(np.unique(marks.ends_of[members]))
        if activities < FREQUENT:
            continue
        near = left & (np.hypot(*metres_from(marks.stops, centre).T) <= CLUSTER)
        left &= ~near
        found.append(_place(centre, activities, marks.stops_of[near]))
    stops, of = marks.stops[left], marks.stops_of[left]
    if len(stops):
        east, _ = ground_metres(np.round(stops[:, 1], 4))
        cells = np.floor(stops * east[:, None] / CLUSTER)
        _, group = np.unique(cells, axis=0, return_inverse=True)
        order = np.argsort(group.reshape(-1), kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(group.reshape(-1)[order])) + 1)
        found += [_place(np.median(stops[members], axis=0), 0, of[members]) for members in groups]
    return sorted(found, key=lambda place: (-place.activities, -place.stops, place.lat, place.lon))


def _place(centre: NDArray[np.float64], activities: int, stops: NDArray[np.int64]) -> Frequented:
    lon, lat = to_lonlat(*centre)
    return Frequented(round(float(lat), 5), round(float(lon), 5), activities, len(np.unique(stops)))


def find_open(
    marks: Marks, zones: Mapping[str, Zone], shown: Callable[[float, float, float], bool]
) -> list[Frequented]:
    """Find places that should be hidden and near which something is shown.

    Parameters
    ----------
    marks : Marks
        Of all that is drawn, without cuts.
    zones : mapping of str to Zone
        Zones by name.
    shown : callable
        Called with latitude, longitude and metres; returns whether anything is shown within such a circle.
    """

    def is_open(place: Frequented) -> bool:
        # Clipping leaves ends around a place, so a wide circle is checked; inside a zone, only the place itself.
        bare = place.activities and covering(place.lat, place.lon, zones) is None
        return shown(place.lat, place.lon, ADVISED if bare else _THERE)

    return [place for place in frequented(marks)[:_MOST] if is_open(place)]


def shown_near(batches: Sequence[Batch], lat: float, lon: float, radius: float) -> bool:
    """Whether a fix of some batches lies within `radius` metres of a place."""
    centre = np.array(from_lonlat(lon, lat))
    east, _ = ground_metres(centre[1])
    reach = 1.02 * radius / float(east)  # the scale north and south differs by up to 0.7 %
    for batch in batches:
        bounds = batch.bounds
        near = (bounds[:, 2] <= centre[1] + reach) & (bounds[:, 3] >= centre[1] - reach)
        if not near.any():
            continue
        fixes = np.flatnonzero(np.abs(batch.v - centre[1]) <= reach)
        away = metres_from(np.column_stack((batch.u[fixes], batch.v[fixes])), centre)
        if len(away) and np.hypot(*away.T).min() <= radius:
            return True
    return False
