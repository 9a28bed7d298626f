"""Single activities as the owner's page tells them; a public map tells none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from heatlas.core.regex import regex
from heatlas.server.views.summary import is_told, told_metres
from heatlas.tracks.local_time import start_of

if TYPE_CHECKING:
    from heatlas.core.batch import Activity
    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["PRIVATE", "link_of", "refuse_public", "start_text", "told_activity", "told_seconds"]

PRIVATE = "this map is public: it does not tell single activities"
_GARMIN_FILE = regex(r"(?:^|/)(?:(\d{8,12})_ACTIVITY|activity_(\d{8,12}))\.(?:fit|gpx|tcx)(?:\.gz)?$", re.ASCII)
_ID = regex(r"[1-9]\d{4,15}", re.ASCII)


def refuse_public(site: ServedLibrary) -> None:
    """Refuse on a public map.

    Raises
    ------
    HTTPException
        403.
    """
    if site.public:
        raise HTTPException(403, PRIVATE)


def told_activity(site: ServedLibrary, snapshot: Snapshot, number: int) -> dict[str, Any]:
    """Name, sport, person, start, length, duration and the term by which a filter chooses it, as plain data."""
    activity = snapshot.activities[number]
    attribute, value = snapshot.terms[number]
    return {
        "number": number, "name": activity.name, "sport": activity.sport, "person": activity.person,
        "start": start_text(activity),
        "distance": told_metres(site, snapshot, number), "duration": told_seconds(site, snapshot, number),
        "term": {"attribute": attribute, "value": value},
    }  # fmt: skip


def start_text(activity: Activity) -> str | None:
    """Local time at which an activity began, as 2024-05-01T08:30:00+02:00."""
    start = start_of(activity)
    return None if start is None else start.isoformat(timespec="seconds").replace("+00:00", "Z")


def told_seconds(site: ServedLibrary, snapshot: Snapshot, number: int) -> float | None:
    """Time in motion, else from start to end; for others than the owner None, as it is that of the whole activity."""
    activity = snapshot.activities[number]
    if is_told(site, snapshot):
        return None
    return activity.moving_time if activity.moving_time is not None else activity.elapsed_time


def link_of(activity: Activity) -> dict[str, str] | None:
    """Page of an activity at Strava or Garmin, where its export or the name of its file tells its id there."""
    source, known = activity.source, _ID.fullmatch(activity.id) is not None
    match = _GARMIN_FILE.search(source)
    if match is not None or (known and "DI_CONNECT" in source):
        number = (match[1] or match[2]) if match is not None else activity.id
        return {"name": "Garmin Connect", "url": f"https://connect.garmin.com/modern/activity/{number}"}
    # The table of a Strava export names files in its folder `activities`, and has ids of Strava's own.
    if known and activity.told and "/activities/" in f"/{source}":
        return {"name": "Strava", "url": f"https://www.strava.com/activities/{activity.id}"}
    return None
