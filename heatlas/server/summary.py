"""What is in a library, as the page shows it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.colormaps import colormap, names
from heatlas.grid import POINT_REDUCTIONS, parse_point_measure
from heatlas.report import place_data
from heatlas.server.query import LAST_ZOOM
from heatlas.tiling.facts import measures_of_tracks, name_of, places_in, start_of
from heatlas.tiling.fields import first_zoom
from heatlas.tiling.point_places import box_of, spots_of
from heatlas.tiling.scales import hex_colours, point_title, title_of
from heatlas.tone import CURVES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heatlas.batch import Activity
    from heatlas.library.point_sets import StoredPoints
    from heatlas.library.store import Library
    from heatlas.places import Place
    from heatlas.server.site import Site
    from heatlas.tiling.snapshot import Snapshot

__all__ = ["day_of", "library_data", "measures_of", "point_measures"]

_SPOTS = 12
"""Spots of each point set that are named."""
_STOPS = 11


def library_data(site: Site, snapshot: Snapshot) -> dict[str, Any]:
    """What is in a library, as plain data; of a public one nothing that tells one activity from another."""
    activities = list(snapshot.activities.values())
    days = _days(activities, site.public)
    return {
        "activities": len(activities),
        "fixes": snapshot.fixes,
        "distance": sum(activity.distance or 0.0 for activity in activities),
        "sports": _sports(activities),
        "first": days[0][0] if days else None,
        "last": days[-1][0] if days else None,
        "days": days,
        "places": [_place(place) for place in places_in(site.view, snapshot)],
        "gear": [] if site.public else sorted({activity.gear for activity in activities if activity.gear}),
        "measures": measures_of(site.view.library, snapshot),
        "point_sets": [_point_set(site.view.library, stored) for stored in snapshot.point_sets.values()],
        "colormaps": [{"name": name, "colors": _stops(name)} for name in names()],
        "tones": list(CURVES),
        "minzoom": first_zoom(snapshot),
        "maxzoom": LAST_ZOOM,
        "public": site.public,
        "version": snapshot.version,
        "import": not site.public,
        "token": site.token is not None,
        "basemap": None if site.basemap is None else dict(site.basemap),
    }


def day_of(activity: Activity, public: bool) -> str | None:
    """Day on which an activity began (UTC), as 2024-05-01; on a public map the first of its month."""
    start = start_of(activity)
    if start is None:
        return None
    day = start.date()
    return (day.replace(day=1) if public else day).isoformat()


def _days(activities: Iterable[Activity], public: bool) -> list[list[Any]]:
    counts = Counter(day_of(activity, public) for activity in activities)
    counts.pop(None, None)
    return [[day, count] for day, count in sorted(counts.items(), key=lambda item: str(item[0]))]


def _sports(activities: Iterable[Activity]) -> list[dict[str, Any]]:
    found: dict[str, list[float]] = {}
    for activity in activities:
        of_sport = found.setdefault(activity.sport, [0, 0.0])
        of_sport[0] += 1
        of_sport[1] += activity.distance or 0.0
    ordered = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    return [{"sport": sport, "activities": int(count), "distance": metres} for sport, (count, metres) in ordered]


def _place(place: Place) -> dict[str, Any]:
    data = place_data(place)
    return {name: data[name] for name in ("center", "bbox", "activities")}


def _point_set(library: Library, stored: StoredPoints) -> dict[str, Any]:
    """A point set as the page shows it; what it was made from is not told."""
    spots = spots_of(library, stored, _SPOTS)
    return {
        "name": stored.name,
        "title": stored.name.replace("_", " "),
        "points": stored.points,
        "weight": stored.weight,
        "signed": stored.signed,
        "bbox": list(box_of(stored)),
        "places": [{"center": list(spot.center), "bbox": list(spot.bbox), "points": spot.points} for spot in spots],
    }


def point_measures(snapshot: Snapshot) -> list[dict[str, str]]:
    """Measures of the point sets: of those without weights the count alone."""
    found = []
    for name, stored in snapshot.point_sets.items():
        for reduction in POINT_REDUCTIONS if stored.weight is not None else ("count",):
            title = point_title(name, title_of(parse_point_measure(reduction, stored.weight)))
            found.append({"name": f"{reduction}({name})", "title": title, "points": name})
    return found


def measures_of(library: Library, snapshot: Snapshot) -> list[dict[str, str]]:
    """Measures that the library can show: metrics only where something was recorded."""
    if snapshot.point_sets and not snapshot.activities:
        return point_measures(snapshot)
    of_tracks = [
        {"name": name_of(measure), "title": title_of(measure)} for measure in measures_of_tracks(library, snapshot)
    ]
    return of_tracks + point_measures(snapshot)


def _stops(name: str) -> list[str]:
    return hex_colours(colormap(name)[np.rint(np.linspace(0, 255, _STOPS)).astype(int)])
