"""Values of Google's location histories, and positions cut by what was done: trips are tracks, visits are none."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from heatlas.core.batch import Activity, Recording
from heatlas.core.frozen import frozen
from heatlas.core.mercator import from_lonlat, ground_metres
from heatlas.core.regex import regex
from heatlas.sources.formats.xml_text import parse_time
from heatlas.sources.sports import sport_name
from heatlas.tracks.duplicates.traces import HISTORY

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "ENDS_ONLY", "HISTORY", "NEAR", "NO_FIX", "VISITED", "Fix", "Trip", "degrees_e7", "make_recording", "metres",
    "moment", "number", "place", "recordings_of", "sport_of", "utc_offset",
]  # fmt: skip

VISITED = "fixes at places that were visited"
ENDS_ONLY = "activities of which only both ends are known"
"""Reasons under which is counted what makes no track."""
NEAR = 500.0
"""Metres up to which the line between both ends of a trip is taken for its way."""
_SPORTS = {
    **dict.fromkeys(("still", "tilting", "unknown", "unknown activity type", "exiting vehicle", "in parked car"), ""),
    **dict.fromkeys(("on foot", "walking nordic"), "Walk"),
    "on bicycle": "Ride",
    "in wheelchair": "Wheelchair",
    **dict.fromkeys(
        ("in vehicle", "in road vehicle", "in four wheeler vehicle", "in two wheeler vehicle", "in passenger vehicle"),
        "Driving",
    ),
    **dict.fromkeys(("in car", "in taxi", "in bus"), "Driving"),
    **dict.fromkeys(("in rail vehicle", "in train", "in subway", "in tram"), "Train"),
    **dict.fromkeys(("in cablecar", "in gondola lift", "in funicular"), "CableCar"),
    "in ferry": "Boating",
}
"""Types that are no words of `heatlas.sources.sports`; others are looked up there."""
_PLACE = regex(r"\s*(?:geo:)?\s*(-?\d{1,3}(?:\.\d+)?)[^\d.,+-]*,\s*(-?\d{1,3}(?:\.\d+)?)", re.IGNORECASE)
_OFFSET = regex(r"([+-])(\d\d):?(\d\d)\Z")
_OVERFLOW = 2**32
"""What some exports add to negative degrees, times 10 million."""


class Fix(NamedTuple):
    """One position; NaN where a value is unknown."""

    time: float
    """Unix seconds."""
    lat: float
    lon: float
    """Degrees."""
    elevation: float = math.nan
    """Metres."""
    speed: float = math.nan
    """Metres per second."""


NO_FIX = np.zeros((0, 5))
"""No positions, as an array (n, 5) of the fields of `Fix`."""


@frozen
class Trip:
    """Something that was done on the way, with its times."""

    start: float
    """Unix seconds."""
    end: float
    sport: str
    distance: float | None = None
    """Metres, as stated."""
    first: tuple[float, float] | None = None
    """Latitude and longitude at the start, degrees."""
    last: tuple[float, float] | None = None
    """The same at the end."""
    utc_offset: float | None = None
    """Seconds by which local time was ahead of UTC, as stated."""


def number(value: Any) -> float:
    """Return a number, also one written as text; NaN for all else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return math.nan
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return math.nan
    return found if math.isfinite(found) else math.nan


def moment(value: Any) -> float:
    """Return a time, of ISO 8601 or milliseconds, as Unix seconds; NaN for all else."""
    if isinstance(value, str) and not value.lstrip("-").isdigit():
        try:
            return parse_time(value)
        except OverflowError:
            return math.nan
    return number(value) / 1000


def utc_offset(value: Any) -> float | None:
    """Seconds by which the time zone of a time is ahead of UTC; None for "Z" and without one."""
    found = _OFFSET.search(value) if isinstance(value, str) and "T" in value else None
    if found is None:
        return None
    seconds = int(found[2]) * 3600.0 + int(found[3]) * 60.0
    return (seconds if found[1] == "+" else -seconds) or None


def place(value: Any) -> tuple[float, float] | None:
    """Latitude and longitude of "47.5°, 11.0°", "geo:47.5,11.0", or an object that holds one of these; else None."""
    if isinstance(value, dict):
        value = value.get("latLng", value.get("LatLng"))
    found = _PLACE.match(value) if isinstance(value, str) else None
    return None if found is None else (float(found[1]), float(found[2]))


def degrees_e7(lat: Any, lon: Any) -> tuple[float, float] | None:
    """Latitude and longitude of whole numbers, degrees times 10 million; None where they are none."""
    found = number(lat), number(lon)
    if any(math.isnan(value) for value in found):
        return None
    north, east = (value - _OVERFLOW if value > most else value for value, most in zip(found, (9e8, 18e8), strict=True))
    return north / 1e7, east / 1e7


def sport_of(kind: Any) -> str:
    """Sport of an activity type such as IN_PASSENGER_VEHICLE or "in passenger vehicle"."""
    word = " ".join(kind.lower().replace("_", " ").split())[:60] if isinstance(kind, str) else ""
    return (_SPORTS[word] or "Unknown") if word in _SPORTS else sport_name(word)


def recordings_of(
    source: str,
    fixes: NDArray[np.float64],
    trips: Sequence[Trip],
    visits: Sequence[tuple[float, float]],
    dropped: Counter[str],
) -> list[Recording]:
    """Cut positions by what was done: each trip is a recording, and so is the rest of the way; visits are left out.

    Parameters
    ----------
    source : str
        Path of the file.
    fixes : ndarray of float64 (n, 5)
        Fields of `Fix`, in any order.
    trips : sequence of Trip
        Where two overlap, positions belong to the one that began first.
    visits : sequence of (float, float)
        First and last times of visits; a trip at the same time has precedence.
    dropped : Counter
        What is left out is added to it.
    """
    fixes = fixes[np.argsort(fixes[:, 0], kind="stable")]
    time = fixes[:, 0]
    owner = np.full(len(fixes), -1)
    bounds = []
    trips = sorted(trips, key=lambda trip: (trip.start, trip.end))
    for k, trip in enumerate(trips):
        first, last = np.searchsorted(time, (trip.start, np.nextafter(trip.end, np.inf)))
        mine = owner[first:last]
        mine[mine == -1] = k
        bounds.append((int(first), int(last)))
    found = []
    for k, (trip, (first, last)) in enumerate(zip(trips, bounds, strict=True)):
        mine = owner[first:last] == k
        rows = _with_ends(trip, fixes[first:last][mine], dropped)
        if len(rows) > 1:
            activity = Activity(
                source=source, sport=trip.sport, start=trip.start, distance=trip.distance, device=HISTORY,
                utc_offset=trip.utc_offset,
            )  # fmt: skip
            found.append(make_recording(activity, rows))
        else:
            owner[first:last][mine] = -1
    for start, end in visits:
        first, last = np.searchsorted(time, (start, np.nextafter(end, np.inf)))
        mine = owner[first:last]
        mine[mine == -1] = -2
    dropped[VISITED] += int(np.count_nonzero(owner == -2))
    rest = np.flatnonzero(owner == -1)
    if len(rest):
        begins = np.append(0, np.flatnonzero(np.diff(rest) > 1) + 1)
        whole = make_recording(Activity(source=source, device=HISTORY), fixes[rest], begins)
        found.append(replace(whole, logged=True))
    return found


def _with_ends(trip: Trip, rows: NDArray[np.float64], dropped: Counter[str]) -> NDArray[np.float64]:
    """Positions of a trip with both its ends; none where nothing tells the way between them."""
    ends = [
        [Fix(when, *at)]
        for when, at in ((trip.start, trip.first), (trip.end, trip.last))
        if at is not None and not np.any(rows[:, 0] == when)
    ]
    if not len(rows) and trip.first is not None and trip.last is not None and metres(trip.first, trip.last) > NEAR:
        dropped[ENDS_ONLY] += 1
        return NO_FIX
    whole = np.concatenate([rows, *(np.array(end) for end in ends)])
    return np.asarray(whole[np.argsort(whole[:, 0], kind="stable")])


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Metres between two positions (latitude, longitude) that are near each other; NaN where one is no position."""
    if max(abs(a[0]), abs(b[0])) >= 90:
        return math.nan
    (u, u2), (v, v2) = from_lonlat([a[1], b[1]], [a[0], b[0]])
    east, north = ground_metres(v)
    return float(np.hypot((u2 - u - round(u2 - u)) * east, (v2 - v) * north))


def make_recording(
    activity: Activity, rows: NDArray[np.float64], segments: NDArray[np.int64] | None = None
) -> Recording:
    """Make a recording of rows (n, 5) of the fields of `Fix`."""
    columns = {}
    for name, values in (("elevation", rows[:, 3]), ("speed", rows[:, 4])):
        with np.errstate(over="ignore"):
            column = values.astype(np.float32)
        column[~np.isfinite(column)] = np.nan
        if not np.isnan(column).all():
            columns[name] = column
    time, lat, lon = (np.ascontiguousarray(rows[:, k]) for k in range(3))
    return Recording(
        activity=activity, lon=lon, lat=lat, time=time, columns=columns,
        segments=np.zeros(0, np.int64) if segments is None else segments,
    )  # fmt: skip
