"""Read TCX, Garmin's training centre format, and its ActivityExtension (speed, watts, run cadence).

The format: https://www8.garmin.com/xmlschemas/TrainingCenterDatabasev2.xsd. Extensions are recognised by local
names, whatever their prefix.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import Activity
from heatlas.kernels import xml as kernel
from heatlas.sources.formats.planned import as_planned
from heatlas.sources.formats.xml import (
    Document,
    Format,
    attribute,
    children,
    first_text,
    local_name,
    make_recording,
    read_document,
)
from heatlas.sources.sports import sport_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from heatlas.core.batch import Recording
    from heatlas.sources.formats.xml_values import Values

__all__ = ["read_tcx"]

LAP_STEP = 60.0
"""Seconds within which the first track of a lap continues the last track of the lap before."""

_TCX = Format.of(
    "TCX",
    "trainingcenterdatabase",
    {
        "Activity": kernel.ACTIVITY,
        "Course": kernel.PLANNED,
        "Lap": kernel.LAP,
        "Track": kernel.SEGMENT,
        "Trackpoint": kernel.POINT,
        "Time": kernel.TIME | kernel.TOP,
        "LatitudeDegrees": kernel.LATITUDE,
        "LongitudeDegrees": kernel.LONGITUDE,
        "AltitudeMeters": kernel.ELEVATION | kernel.TOP,
        "HeartRateBpm": kernel.HEART_RATE | kernel.HOLDS_VALUE,
        "Value": kernel.HEART_RATE | kernel.VALUE,
        "Speed": kernel.SPEED,
        "Cadence": kernel.CADENCE,
        "RunCadence": kernel.CADENCE,
        "Watts": kernel.POWER,
        "Temperature": kernel.TEMPERATURE,
    },
)


def read_tcx(data: bytes, source: str) -> list[Recording]:
    """Read a TCX file: each activity is one recording, also those of multisport sessions.

    A track begins a segment, unless it is the first of a lap and begins within `LAP_STEP` of the end of the lap before:
    pressing the lap button is no pause. Courses follow the activities, marked as planned; course points are no track.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Returns
    -------
    list of Recording
        Activities without points are left out. If none has any, one recording without fixes holds the known attributes.

    Raises
    ------
    Unreadable
        When it is no XML, no TCX, or declares a DOCTYPE.
    """
    document = read_document(data, _TCX)
    found: dict[str, list[Any]] = {"activity": [], "course": []}
    for element in () if document.root is None else document.root.iter():
        name = local_name(element).lower()
        if name in found:
            found[name].append(element)
    recordings = []
    courses = []
    for code, number, first, last, segments in _parts(document):
        fields = document.fields[first:last]
        if code == kernel.PLANNED:
            course = found["course"][number] if 0 <= number < len(found["course"]) else None
            activity = Activity(source=source, name="" if course is None else first_text(course, "name"))
            courses.append(as_planned(make_recording(activity, fields, segments, document.warnings)))
            continue
        known = found["activity"]
        activity = _activity(known[number] if 0 <= number < len(known) else None, fields, source, document.values)
        if activity.start is not None:
            activity = replace(activity, utc_offset=document.offsets.get(activity.start))
        recordings.append(make_recording(activity, fields, segments, document.warnings))
    if recordings or courses:
        return [*recordings, *courses]
    fields = document.fields[:0]
    activity = _activity(found["activity"][0] if found["activity"] else None, fields, source, document.values)
    course = ("a planned course without points, not a recording",) if found["course"] else ()
    return [make_recording(activity, fields, (), (*document.warnings, *course))]


def _parts(document: Document) -> Iterator[tuple[int, int, int, int, list[int]]]:
    """List activities and courses that have points.

    Yields the code, the number among those of the code, the first point, the last point + 1, and the first
    points of segments, counted from the first point.
    """
    time = document.fields[:, kernel.TIME]
    numbers = {kernel.ACTIVITY: -1, kernel.PLANNED: -1}
    code, first = kernel.ACTIVITY, 0  # points before the first activity form one
    segments = [0]
    new_lap = False
    for mark, point in [*document.marks, [kernel.ACTIVITY, len(time)]]:
        if mark == kernel.LAP:
            new_lap = True
        elif mark == kernel.SEGMENT:
            if not (new_lap and first < point < len(time) and 0 <= time[point] - time[point - 1] <= LAP_STEP):
                segments.append(point - first)
            new_lap = False
        else:
            if point > first:
                yield code, numbers[code], first, point, [s for s in segments if s < point - first]
            code, first, segments = mark, point, [0]
            numbers[code] += 1


def _activity(element: Any, fields: NDArray[np.float64], source: str, values: Values) -> Activity:
    """Attributes of an activity; its element is None if it was lost."""
    times = fields[:, kernel.TIME]
    times = times[np.isfinite(times)]
    start = float(times[0]) if len(times) else nan
    if element is None:
        return Activity(source=source, start=start if isfinite(start) else None)
    if not isfinite(start):
        start = values.time(first_text(element, "id"))
    return Activity(
        source=source,
        sport=sport_name(attribute(element, "sport")),
        name=first_text(element, "name") or first_text(element, "notes"),
        start=start if isfinite(start) else None,
        distance=_sum_of_laps(element, "distancemeters", values),
        elapsed_time=_sum_of_laps(element, "totaltimeseconds", values),
        device=first_text(element, "creator", "name"),
    )


def _sum_of_laps(element: Any, name: str, values: Values) -> float | None:
    """Sum of a value over the laps of an activity; None if no lap states it."""
    stated = [values.number(first_text(lap, name)) for lap in children(element, "lap")]
    stated = [value for value in stated if isfinite(value)]
    return sum(stated) if stated else None
