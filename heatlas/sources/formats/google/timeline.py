"""Read Timeline.json, which a phone exports: the object of Android, and the list of iOS.

No official description was published. The fields are those that people who parse their exports describe.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import Activity
from heatlas.core.errors import Unreadable
from heatlas.sources.accuracy import GREATEST, INACCURATE
from heatlas.sources.formats.google.stays import (
    HISTORY,
    NO_FIX,
    Fix,
    Trip,
    make_recording,
    moment,
    number,
    place,
    recordings_of,
    sport_of,
    utc_offset,
)
from heatlas.sources.formats.json_lists import JsonLists

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.batch import Recording
    from heatlas.sources.blobs import Content

__all__ = ["read_timeline"]

_BEGIN = ("startTime", "endTime", "position", "wifiScan", "activityRecord")
"""First keys of segments and raw signals; iOS writes the end first."""
_DENSE = 900.0
"""Seconds between two raw positions within which these stand for the path."""


def _numbers() -> array[float]:
    return array("d")


@dataclass(slots=True)
class _History:
    path: array[float] = field(default_factory=_numbers)
    """The values of one `Fix` after the other: objects would take five times the memory."""
    raw: array[float] = field(default_factory=_numbers)
    trips: list[Trip] = field(default_factory=list)
    visits: list[tuple[float, float]] = field(default_factory=list)
    offsets: dict[float, float] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)


def read_timeline(data: Content, source: str) -> list[Recording]:
    """Read a Timeline: each activity is a recording, and so is the way between activities; visits are none.

    Positions are those of timelinePath. Where raw positions follow each other within 15 minutes, these stand for it:
    both tell the same way.

    Parameters
    ----------
    data : Content
        The file; it is read in slices.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When it holds neither positions nor activities.
    """
    lists = JsonLists(data, ("semanticSegments", "rawSignals"), _BEGIN)
    history = _History()
    for item in lists:
        if isinstance(item, dict):
            (_raw if "position" in item else _segment)(history, item)
    warnings = lists.warnings
    del lists  # and with it the text
    found = recordings_of(source, _ways(history), history.trips, history.visits, history.dropped)
    dropped = +history.dropped
    if not found and not dropped:
        kind = "visited places" if history.visits or not warnings else ""
        raise Unreadable(f"a Timeline without a way{f': {warnings[-1]}' if warnings else ''}", kind=kind)
    if not found:
        found = [make_recording(Activity(source=source, device=HISTORY), NO_FIX)]
    return [replace(found[0], warnings=warnings, dropped=dropped), *found[1:]]


def _segment(history: _History, item: dict[str, Any]) -> None:
    start, end = moment(item.get("startTime")), moment(item.get("endTime"))
    path = item.get("timelinePath")
    if isinstance(path, list):
        for point in path:
            if isinstance(point, dict) and (at := place(point.get("point"))) is not None:
                when = moment(point["time"]) if "time" in point else start + 60 * _minutes(point)
                if not math.isnan(when):
                    history.path.extend(Fix(when, *at))
    if not start <= end:
        return
    activity = item.get("activity")
    if isinstance(activity, dict):
        best = activity.get("topCandidate")
        distance = number(activity.get("distanceMeters"))
        history.trips.append(
            Trip(
                start,
                end,
                sport_of(best.get("type") if isinstance(best, dict) else None),
                None if math.isnan(distance) else distance,
                place(activity.get("start")),
                place(activity.get("end")),
                utc_offset(item.get("startTime")),
            )
        )
    elif "visit" in item:
        history.visits.append((start, end))


def _minutes(point: dict[str, Any]) -> float:
    return number(point.get("durationMinutesOffsetFromStartTime"))


def _raw(history: _History, item: dict[str, Any]) -> None:
    position = item.get("position")
    if not isinstance(position, dict):
        return
    at, when = place(position), moment(position.get("timestamp"))
    if at is None or math.isnan(when):
        return
    if number(position.get("accuracyMeters")) > GREATEST:
        history.dropped[INACCURATE] += 1
        return
    speed, elevation = number(position.get("speedMetersPerSecond")), number(position.get("altitudeMeters"))
    history.raw.extend(Fix(when, *at, elevation, speed))


def _ways(history: _History) -> NDArray[np.float64]:
    """All positions, without those of the path where raw ones tell the same way."""
    path, raw = (np.frombuffer(values).reshape(-1, len(Fix._fields)) for values in (history.path, history.raw))
    if not len(raw):
        return path
    raw = raw[np.argsort(raw[:, 0], kind="stable")]
    after = np.searchsorted(raw[:, 0], path[:, 0], "left")
    inside = (after > 0) & (after < len(raw))
    after = after.clip(1, max(len(raw) - 1, 1))
    told = np.zeros(len(path), np.bool_)
    if len(raw) > 1:
        told = inside & (raw[after, 0] - raw[after - 1, 0] <= _DENSE)
    told |= np.isin(path[:, 0], raw[:, 0])
    return np.concatenate([path[~told], raw])
