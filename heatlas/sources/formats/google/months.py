"""Read months of the Semantic Location History of Takeout (2024_MAY.json): trips with their ways.

No official description was published. The fields are those that people who parse their exports describe, in all
versions: times in milliseconds or of ISO 8601, ways as simplifiedRawPath (measured) or waypointPath (laid on roads).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import Activity
from heatlas.core.errors import Unreadable
from heatlas.sources.accuracy import GREATEST, INACCURATE
from heatlas.sources.formats.google.stays import (
    ENDS_ONLY,
    HISTORY,
    NEAR,
    NO_FIX,
    Fix,
    degrees_e7,
    make_recording,
    metres,
    moment,
    number,
    sport_of,
)
from heatlas.sources.formats.json_lists import JsonLists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.core.batch import Recording

__all__ = ["read_month"]


def read_month(data: bytes, source: str) -> list[Recording]:
    """Read a month: each activity segment is a recording; visits of places are none.

    The way of a segment is whichever of simplifiedRawPath, waypointPath and transitPath has most positions, between
    its start and end. Positions of waypointPath and transitPath have no times.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When it holds no activity.
    """
    lists = JsonLists(data, ("timelineObjects",), ("activitySegment", "placeVisit"))
    dropped: Counter[str] = Counter()
    found = []
    visits = 0
    for item in lists:
        segment = item.get("activitySegment") if isinstance(item, dict) else None
        if isinstance(segment, dict):
            recording = _trip(segment, source, dropped)
            found += [] if recording is None else [recording]
        elif isinstance(item, dict) and "placeVisit" in item:
            visits += 1
    if not found:
        if dropped:
            found = [make_recording(Activity(source=source, device=HISTORY), NO_FIX)]
        elif lists.warnings and not visits:
            raise Unreadable(f"a month of a Semantic Location History without any activity: {lists.warnings[-1]}")
        else:
            raise Unreadable("a month of a Semantic Location History without any activity", kind="visited places")
    return [replace(found[0], warnings=lists.warnings, dropped=+dropped), *found[1:]]


def _trip(segment: dict[str, Any], source: str, dropped: Counter[str]) -> Recording | None:
    duration = _object(segment.get("duration"))
    start, end = (moment(duration.get(f"{k}Timestamp", duration.get(f"{k}TimestampMs"))) for k in ("start", "end"))
    first, last = (_location(segment.get(f"{k}Location")) for k in ("start", "end"))
    way = max((list(_measured(segment, dropped)), list(_waypoints(segment)), list(_stops(segment))), key=len)
    ends = [at for at in (first, last) if at is not None]
    if not way and (len(ends) < 2 or not metres(*ends) <= NEAR):
        dropped[ENDS_ONLY] += 1
        return None
    fixes = [
        *([] if first is None else [Fix(start, *first)]),
        *way,
        *([] if last is None else [Fix(end, *last)]),
    ]
    distance = number(segment.get("distance"))
    activity = Activity(
        source=source,
        sport=sport_of(segment.get("activityType")),
        start=None if math.isnan(start) else start,
        distance=None if math.isnan(distance) else distance,
        device=HISTORY,
    )
    return make_recording(activity, np.array(fixes))


def _measured(segment: dict[str, Any], dropped: Counter[str]) -> Iterator[Fix]:
    for point in _list(_object(segment.get("simplifiedRawPath")).get("points")):
        at = degrees_e7(point.get("latE7"), point.get("lngE7"))
        if at is None:
            continue
        if number(point.get("accuracyMeters", point.get("accuracy"))) > GREATEST:
            dropped[INACCURATE] += 1
            continue
        yield Fix(moment(point.get("timestamp", point.get("timestampMs"))), *at)


def _waypoints(segment: dict[str, Any]) -> Iterator[Fix]:
    for point in _list(_object(segment.get("waypointPath")).get("waypoints")):
        at = degrees_e7(point.get("latE7"), point.get("lngE7"))
        if at is not None:
            yield Fix(math.nan, *at)


def _stops(segment: dict[str, Any]) -> Iterator[Fix]:
    for stop in _list(_object(segment.get("transitPath")).get("transitStops")):
        at = _location(stop)
        if at is not None:
            yield Fix(math.nan, *at)


def _location(value: Any) -> tuple[float, float] | None:
    value = _object(value)
    return degrees_e7(value.get("latitudeE7"), value.get("longitudeE7"))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    """Objects of a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
