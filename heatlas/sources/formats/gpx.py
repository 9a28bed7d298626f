"""Read GPX, the exchange format of recorded tracks: 1.0 and 1.1, and the extensions in use.

The format: https://www.topografix.com/GPX/1/1/. Extensions are recognised by local names, whatever their prefix:
those of Garmin (TrackPointExtension 1 and 2), ClueTrust, Strava, Apple and others.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import Activity
from heatlas.kernels import xml as kernel
from heatlas.sources.formats.gpx_routes import planned_routes
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
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from heatlas.core.batch import Recording

__all__ = ["read_gpx"]

CONTINUATION = 900.0
"""Seconds within which the next <trk> of the same name continues the activity of the last one."""

_GPX = Format.of(
    "GPX",
    "gpx",
    {
        "trk": kernel.ACTIVITY,
        "trkseg": kernel.SEGMENT,
        "trkpt": kernel.POINT,
        "ele": kernel.ELEVATION | kernel.TOP,
        "time": kernel.TIME | kernel.TOP,
        **dict.fromkeys(("hr", "heartrate", "heart_rate", "heartratebpm"), kernel.HEART_RATE),
        "speed": kernel.SPEED,
        **dict.fromkeys(("cad", "cadence", "runcadence"), kernel.CADENCE),
        **dict.fromkeys(("power", "powerinwatts", "watts", "pwr"), kernel.POWER),
        **dict.fromkeys(("atemp", "temp", "temperature"), kernel.TEMPERATURE),
    },
)


def read_gpx(data: bytes, source: str) -> list[Recording]:
    """Read a GPX file: each track is one recording.

    Tracks whose names differ by a number only ("ACTIVE LOG", "ACTIVE LOG #2") and that follow each other
    within `CONTINUATION` are one recording of several segments: handheld devices write a new track after
    each loss of reception. Waypoints are no recordings; routes come last, marked
    as planned.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Returns
    -------
    list of Recording
        Tracks without points are left out. Without any point, one recording without fixes holds the known attributes.

    Raises
    ------
    Unreadable
        When it is no XML, no GPX, or declares a DOCTYPE.
    """
    document = read_document(data, _GPX)
    root = document.root
    tracks = [] if root is None else [e for e in root.iter() if local_name(e).lower() == "trk"]
    about = _about(document, source)
    found: list[tuple[Activity, int, int, list[int]]] = []
    for number, first, last, segments in _tracks(document):
        track = tracks[number] if 0 <= number < len(tracks) else None
        activity = _activity(about, track, document.fields[first:last], document.offsets)
        if found and _goes_on(found[-1][0], activity, document.fields[first - 1 : first + 1]):
            # The points of consecutive tracks follow each other.
            activity, first_of_all, _, earlier = found.pop()
            earlier.extend(segments)
            found.append((activity, first_of_all, last, earlier))
        else:
            found.append((activity, first, last, segments))
    if not found:
        activity = _activity(about, tracks[0] if tracks else None, document.fields, document.offsets)
        routes = list(planned_routes(root, about, document.values))
        if routes:
            return [replace(routes[0], warnings=document.warnings), *routes[1:]]
        return [make_recording(activity, document.fields, (), (*document.warnings, *_what_else(root)))]
    recordings = [
        make_recording(activity, document.fields[first:last], (s - first for s in segments), document.warnings)
        for activity, first, last, segments in found
    ]
    return [*recordings, *planned_routes(root, about, document.values)]


def _tracks(document: Document) -> list[tuple[int, int, int, list[int]]]:
    """List the tracks that have points: number, first point, last point + 1, first points of segments."""
    tracks = []
    number, first = -1, 0  # points before the first track form one
    segments = [0]
    for code, point in [*document.marks, [kernel.ACTIVITY, len(document.fields)]]:
        if code == kernel.SEGMENT:
            segments.append(point)
        elif code == kernel.ACTIVITY:
            if point > first:
                tracks.append((number, first, point, [s for s in segments if s < point]))
            number, first, segments = number + 1, point, [point]
    return tracks


def _about(document: Document, source: str) -> Activity:
    """Attributes that the file states for all its tracks."""
    root = document.root
    if root is None:
        return Activity(source=source)
    start = document.values.time(first_text(root, "metadata", "time") or first_text(root, "time"))
    return Activity(
        source=source,
        name=first_text(root, "metadata", "name") or first_text(root, "name"),
        start=start if isfinite(start) else None,
        device=attribute(root, "creator"),
    )


def _activity(about: Activity, track: Any, fields: NDArray[np.float64], offsets: Mapping[float, float]) -> Activity:
    """Add the attributes of a track; its element is None if it was lost."""
    sport = name = ""
    if track is not None:
        sport = first_text(track, "type") or first_text(track, "extensions", "activity")
        name = first_text(track, "name")
    times = fields[:, kernel.TIME]
    times = times[np.isfinite(times)]
    start = float(times[0]) if len(times) else about.start
    offset = None if start is None else offsets.get(start)
    return replace(about, sport=sport_name(sport), name=name or about.name, start=start, utc_offset=offset)


def _goes_on(before: Activity, after: Activity, seam: NDArray[np.float64]) -> bool:
    """Tell whether a track continues the last one; the seam is the last point before and the first after."""
    stem = _stem(before.name)
    if not stem or stem != _stem(after.name) or before.sport != after.sport:
        return False
    return bool(0 <= seam[1, kernel.TIME] - seam[0, kernel.TIME] <= CONTINUATION)


def _stem(name: str) -> str:
    """Take the number off a name such as "ACTIVE LOG #2"."""
    stem, sharp, number = name.rpartition("#")
    return stem.strip() if sharp and number.isdecimal() else name


def _what_else(root: Any) -> tuple[str, ...]:
    """Say what a file without track points holds."""
    if next(children(root, "rte"), None) is not None:
        return ("a planned route without points, not a recording",)
    if next(children(root, "wpt"), None) is not None:
        return ("waypoints, not a recording: to draw it all the same, save it as a track",)
    return ()
