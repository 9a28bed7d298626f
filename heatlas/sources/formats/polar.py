"""Read training-session-*.json of the data download of Polar Flow, in both of its versions.

No official description was published. The fields are those that people who parse their downloads describe: until
about 2023 lists of values with local times (samples.recordedRoute), since then way points with milliseconds since the
start, and values at a fixed interval.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from heatlas.core.batch import Activity
from heatlas.core.errors import Unreadable
from heatlas.core.regex import regex
from heatlas.sources.formats.json_lists import JsonLists
from heatlas.sources.formats.sampled import Fix, clock, number, sampled_recording, text_of
from heatlas.sources.sniff import decode
from heatlas.sources.sports import sport_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.core.batch import Recording

__all__ = ["read_polar"]

_BEGIN = ("identifier", "startTime", "created")
_NAME = regex(r'"name"\s*:\s*("(?:[^"\\]|\\.){0,500}")')
_SHIFT = regex(r'"time[zZ]oneOffset(?:Minutes)?"\s*:\s*"?(-?\d{1,4})\b')
_SENSORS = {"heartRate": "heart_rate", "HEART_RATE": "heart_rate", "cadence": "cadence", "CADENCE": "cadence"}
_SPEED = {"speed", "SPEED"}
"""Lists of km/h."""
_SPORTS = {
    1: "Run", 2: "Ride", 3: "Walk", 4: "Run", 5: "MountainBikeRide", 7: "AlpineSki", 8: "Rowing", 9: "Walk",
    11: "Hike", 27: "TrailRun", 38: "Ride",
}  # fmt: skip
"""Numbers of the most common sports, which newer files write in place of words."""


def read_polar(data: bytes, source: str) -> list[Recording]:
    """Read a training session: each exercise with a route is a recording.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When no exercise has a route.
    """
    head = decode(data).partition('"exercises"')[0]
    shift = _SHIFT.search(head)
    lists = JsonLists(data, ("exercises",), _BEGIN)
    about = Activity(source=source, name=_name(head), device="Polar")
    found = [
        recording
        for exercise in lists
        if isinstance(exercise, dict)
        for recording in _exercise(exercise, about, number(shift[1]) if shift else math.nan)
    ]
    if not found:
        if lists.warnings:
            raise Unreadable(f"a session of Polar Flow without a route: {lists.warnings[-1]}")
        raise Unreadable("a session of Polar Flow without a route", kind="sessions without a route")
    return [replace(found[0], warnings=lists.warnings), *found[1:]]


def _name(head: str) -> str:
    found = _NAME.search(head)
    try:
        return text_of(json.loads(found[1])) if found else ""
    except ValueError:
        return ""


def _exercise(exercise: dict[str, Any], about: Activity, shift: float) -> Iterator[Recording]:
    for key in ("timezoneOffset", "timezoneOffsetMinutes", "timeZoneOffset"):
        own = number(exercise.get(key))
        shift = own if math.isfinite(own) else shift
    offset = 60 * shift if math.isfinite(shift) and abs(shift) <= 24 * 60 else 0.0
    start = clock(exercise.get("startTime"), offset)
    samples = exercise.get("samples") if isinstance(exercise.get("samples"), dict) else {}
    fixes = _route(exercise, samples, start, offset)
    if not fixes:
        return
    sport = exercise.get("sport")
    sport = sport.get("id", sport.get("name")) if isinstance(sport, dict) else sport
    code = number(sport)
    word = text_of(sport).replace("_", " ")
    distance = number(exercise.get("distance", exercise.get("distanceMeters")))
    yield sampled_recording(
        replace(
            about,
            sport=_SPORTS.get(int(code), "Unknown") if math.isfinite(code) else sport_name(word) if word else "Unknown",
            start=start if math.isfinite(start) else None,
            utc_offset=offset if math.isfinite(shift) else None,
            distance=distance if distance > 0 else None,
        ),
        fixes,
        _sensors(samples, start, offset),
    )


def _route(exercise: dict[str, Any], samples: Any, start: float, offset: float) -> list[Fix]:
    points = samples.get("recordedRoute")
    begin = start
    if not isinstance(points, list):
        routes = exercise.get("routes")
        route = routes.get("route") if isinstance(routes, dict) else None
        route = route if isinstance(route, dict) else {}
        points = route.get("wayPoints")
        said = clock(route.get("startTime"), offset)
        begin = said if math.isfinite(said) else start
    return [
        (
            clock(point["dateTime"], offset)
            if "dateTime" in point
            else begin + number(point.get("elapsedMillis")) / 1000,
            number(point.get("latitude")),
            number(point.get("longitude")),
            number(point.get("altitude")),
        )
        for point in (points if isinstance(points, list) else ())
        if isinstance(point, dict)
    ]


def _sensors(samples: Any, start: float, offset: float) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for name, values in samples.items():
        column, factor = ("speed", 1 / 3.6) if name in _SPEED else (_SENSORS.get(name, ""), 1.0)
        if column and isinstance(values, list):
            found[column] = [
                (clock(item.get("dateTime"), offset), number(item.get("value")) * factor)
                for item in values
                if isinstance(item, dict)
            ]
    even = samples.get("samples")
    for item in even if isinstance(even, list) else ():
        name, values = (item.get("type"), item.get("values")) if isinstance(item, dict) else ("", None)
        column, factor = ("speed", 1 / 3.6) if str(name) in _SPEED else (_SENSORS.get(str(name), ""), 1.0)
        step = number(item.get("intervalMillis")) / 1000 if isinstance(item, dict) else math.nan
        if column and isinstance(values, list):
            found.setdefault(column, [(start + k * step, number(value) * factor) for k, value in enumerate(values)])
    return found
