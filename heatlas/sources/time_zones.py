"""Find the time zone of the place where an activity began, offline.

Outlines of zones come with tzfpy (from OpenStreetMap, simplified, with those of the seas); their rules come with the
system or with tzdata. The outlines take 0.15 s to load, so they are loaded only when local time is requested.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from heatlas.core.mercator import from_lonlat, to_lonlat

if TYPE_CHECKING:
    from heatlas.core.batch import Activity, Batch, Recording

__all__ = ["local_seconds", "with_time_zones", "zone_at"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def with_time_zones(batch: Batch) -> Batch:
    """Fill in the time zones of activities that state no offset from UTC, by the first fix of each track.

    Zones that are filled in already stay.
    """
    unknown = [k for k, activity in enumerate(batch.activities) if _is_open(activity)]
    if not unknown:
        return batch
    activities = list(batch.activities)
    offsets = batch.segments[batch.tracks]
    for k in unknown:
        first = int(offsets[k])
        if first < offsets[k + 1]:
            name = zone_at(float(batch.u[first]), float(batch.v[first]))
            activities[k] = replace(activities[k], time_zone=name)
    return replace(batch, activities=tuple(activities))


def _is_open(activity: Activity) -> bool:
    return activity.utc_offset is None and not activity.time_zone


def local_seconds(recording: Recording, moment: float) -> float:
    """Local time at the first position of a recording, as if it were UTC; the moment itself where that is unknown."""
    if recording.activity.utc_offset is not None:
        return moment + recording.activity.utc_offset
    known = np.flatnonzero(np.isfinite(recording.lon) & np.isfinite(recording.lat))
    if not len(known):
        return moment
    u, v = from_lonlat(recording.lon[known[0]], recording.lat[known[0]])
    with suppress(Exception):  # a zone that the system does not know, or a year that no calendar has
        away = (_EPOCH + dt.timedelta(seconds=moment)).astimezone(ZoneInfo(zone_at(float(u), float(v)))).utcoffset()
        return moment + (0.0 if away is None else away.total_seconds())
    return moment


def zone_at(u: float, v: float) -> str:
    """Name of the time zone at a place in world coordinates; u outside [0, 1) wraps around the world."""
    from tzfpy import get_tz

    lon, lat = to_lonlat(u % 1.0, v)
    return get_tz(float(lon), float(lat))
