"""Summary of a library, as the page shows it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import path_name
from heatlas.dataset.places import places_data
from heatlas.gazetteer import names_of
from heatlas.raster.measure import Measure
from heatlas.raster.offered import about, group_of, related_metrics
from heatlas.server.site.openness import is_open_measure
from heatlas.server.views.ground_routes import basemap_data
from heatlas.style.colormaps import colormap, names
from heatlas.style.defaults import bright_colours
from heatlas.style.tone import CURVES, LOCAL
from heatlas.tiles.crowds import whole_in
from heatlas.tiles.fields import first_zoom
from heatlas.tiles.look import Filter
from heatlas.tiles.metadata import measures_of_tracks, name_of, places_in, point_measures, recorded_in
from heatlas.tiles.point_places import box_of, spots_of
from heatlas.tiles.request import LAST_ZOOM
from heatlas.tiles.scales import hex_colours, title_of
from heatlas.tiles.shown_totals import ShownTotals, shown_totals
from heatlas.tiles.snapshot import choose
from heatlas.tiles.view import choose_in, crowds_in, signs_matter
from heatlas.tracks.local_time import start_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from heatlas.core.batch import Activity
    from heatlas.dataset.places import Place
    from heatlas.library.points.stored_points import StoredPoints
    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot
    from heatlas.tiles.view import View
    from heatlas.tracks.metrics import Metric

__all__ = ["is_told", "library_data", "measures_of", "metrics_of", "told_metres"]

_SPOTS = 12
"""Spots of each point set, at most."""
_STOPS = 11
_RELATIONS = {
    "corr": Measure("corr", "pace", other="heart_rate"),
    "slope": Measure("slope", "pace", other="heart_rate"),
    "both": Measure("both", "pace", other="heart_rate"),
    "diff": Measure("diff", "pace", sides=("year = 2019", "year = 2023")),
}
"""Relation of metrics, or of two sides of one -> an example."""
_TITLES = {"corr": "Correlation", "slope": "Slope", "both": "Both", "diff": "Difference"}
"""Names of relations in menus."""


def library_data(site: ServedLibrary, snapshot: Snapshot) -> dict[str, Any]:
    """Summary of a library as plain data; on a public map nothing that identifies a single activity.

    With a threshold of people, totals are of what enough people passed at one zoom.
    Others than the owner get totals of what is shown: totals of whole tracks, less what the map shows, would reveal
    what was cut off. A public map leaves out sports and months with too few activities to be shown by a filter.
    """
    activities = snapshot.activities
    metres = {number: told_metres(site, snapshot, number) or 0.0 for number in activities}
    fixes = snapshot.fixes
    if is_told(site, snapshot):
        fixes = sum(snapshot.shown[number].fixes for number in activities if number in snapshot.shown)
    days = _public_days(site, snapshot) if site.public else _days(activities.values())
    totals = ShownTotals(len(activities), fixes, sum(metres.values()))
    if snapshot.threshold.people:
        totals = shown_totals(site.view, snapshot, choose(snapshot, Filter()))
    return {
        "activities": totals.activities,
        "fixes": totals.fixes,
        "distance": totals.metres,
        "sports": _sports(site, snapshot, metres),
        "first": days[0][0] if days else None,
        "last": days[-1][0] if days else None,
        "days": days,
        "years": _years(site, snapshot),
        "places": [_place(place) for place in places_data(_places(site, snapshot))],
        "gear": [] if site.public else sorted({one.gear for one in activities.values() if one.gear}),
        "people": [] if site.public else sorted({one.person for one in activities.values() if one.person}),
        "measures": measures_of(site, snapshot),
        "metrics": _metrics(site, snapshot),
        "relations": _relations(site),
        "point_sets": [_point_set(site.view, stored) for stored in snapshot.point_sets.values()],
        "colormaps": [{"name": name, "colors": _stops(name)} for name in names()],
        "tones": [*CURVES, LOCAL],
        "minzoom": first_zoom(snapshot),
        "maxzoom": LAST_ZOOM,
        "public": site.public,
        "version": snapshot.version,
        "import": not site.public,
        "token": site.token is not None,
        "makes": None if site.makes is None else _told_path(site),
        "basemap": basemap_data(site),
    }


def _told_path(site: ServedLibrary) -> str:
    """Where the first import makes a library: whoever sits at the machine is told the folder, too."""
    assert site.makes is not None
    return path_name(Path(site.makes.name) if site.token is not None or site.public else site.makes.absolute())


def is_told(site: ServedLibrary, snapshot: Snapshot) -> bool:
    """Whether a library hides something and may be seen by others than the owner."""
    return snapshot.hides and (site.public or site.token is not None)


def told_metres(site: ServedLibrary, snapshot: Snapshot, number: int) -> float | None:
    """Length of an activity as its source states it; for others than the owner, the length that is shown."""
    if not is_told(site, snapshot):
        return snapshot.activities[number].distance
    shown = snapshot.shown.get(number)
    return 0.0 if shown is None else shown.metres


def day_of(activity: Activity) -> str | None:
    """Local date on which an activity began, as 2024-05-01."""
    start = start_of(activity)
    return None if start is None else start.date().isoformat()


def _days(activities: Iterable[Activity]) -> list[list[Any]]:
    counts = Counter(map(day_of, activities))
    counts.pop(None, None)
    return [[day, count] for day, count in sorted(counts.items(), key=lambda item: str(item[0]))]


def _public_days(site: ServedLibrary, snapshot: Snapshot) -> list[list[Any]]:
    """First days of the months for which a filter shows anything, and the number of activities it shows."""
    months = [(values["year"], values["month"]) for values in snapshot.attributes]
    seen = whole_in(crowds_in(site.view, snapshot), months).tolist()
    counts = Counter(month for month, whole in zip(months, seen, strict=True) if whole and None not in month)
    return [[f"{year:04}-{month:02}-01", count] for (year, month), count in sorted(counts.items())]


def _years(site: ServedLibrary, snapshot: Snapshot) -> list[list[int]]:
    """Years, and the activities of each; on a public map as a filter shows them."""
    years = [values["year"] for values in snapshot.attributes]
    seen = whole_in(crowds_in(site.view, snapshot), years).tolist() if site.public else [True] * len(years)
    counts = Counter(year for year, whole in zip(years, seen, strict=True) if whole and year is not None)
    return [[year, count] for year, count in sorted(counts.items())]


def _sports(site: ServedLibrary, snapshot: Snapshot, metres: Mapping[int, float]) -> list[dict[str, Any]]:
    """Sports, the most frequent first; on a public map as a filter shows them."""
    seen = np.ones(len(snapshot.activities), np.bool_)
    if site.public:
        seen = whole_in(crowds_in(site.view, snapshot), snapshot.sports.tolist())
    found: dict[str, list[float]] = {}
    for (number, activity), whole in zip(snapshot.activities.items(), seen.tolist(), strict=True):
        if whole:
            of_sport = found.setdefault(activity.sport, [0, 0.0])
            of_sport[0] += 1
            of_sport[1] += metres[number]
    if snapshot.threshold.people:
        for sport, of_sport in found.items():
            chosen = choose_in(site.view, snapshot, Filter(sports=(sport,)))
            totals = shown_totals(site.view, snapshot, chosen)
            of_sport[:] = totals.activities, totals.metres
    ordered = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    return [{"sport": sport, "activities": int(count), "distance": length} for sport, (count, length) in ordered]


def _places(site: ServedLibrary, snapshot: Snapshot) -> list[Place]:
    """Regions that hold activities; on a public map the busiest, and others with enough activities."""
    found = places_in(site.view, snapshot)
    if not site.public:
        return found
    return [place for k, place in enumerate(found) if not k or place.activities >= site.view.least]


def _place(place: dict[str, Any]) -> dict[str, Any]:
    return {name: place[name] for name in ("name", "center", "bbox", "activities")}


def _point_set(view: View, stored: StoredPoints) -> dict[str, Any]:
    """Summary of a point set; its source is not reported."""
    spots = spots_of(view.library, stored, _SPOTS)
    return {
        "name": stored.name,
        "title": stored.name.replace("_", " "),
        "points": stored.points,
        "weight": stored.weight,
        "signed": signs_matter(view, stored),
        "days": _days_of_points(stored, view.public),
        "bbox": list(box_of(stored)),
        "places": [
            {"name": name, "center": list(spot.center), "bbox": list(spot.bbox), "points": spot.points}
            for name, spot in zip(names_of(spot.bbox for spot in spots), spots, strict=True)
        ],
    }


def _days_of_points(stored: StoredPoints, public: bool) -> list[list[Any]]:
    """Days on which there are points, and how many; of a public map the first days of months. Empty without times."""
    counts: Counter[str] = Counter()
    for number, count in stored.days:
        day = dt.date(1970, 1, 1) + dt.timedelta(days=number)
        counts[(day.replace(day=1) if public else day).isoformat()] += count
    return [list(pair) for pair in sorted(counts.items())]


def measures_of(site: ServedLibrary, snapshot: Snapshot) -> list[dict[str, Any]]:
    """Measures that may be seen: metrics only if any were recorded."""
    if snapshot.point_sets and not snapshot.activities:
        return point_measures(snapshot)
    of_tracks = [
        {
            "name": name_of(measure), "title": title_of(measure), "group": group_of(measure), "about": about(measure),
            "bright": bright_colours(measure), "difference": measure.reduction in {"mean", "share"},
        }
        for measure in measures_of_tracks(site.view, snapshot)
        if is_open_measure(site, measure)
    ]  # fmt: skip
    return of_tracks + point_measures(snapshot)


def metrics_of(site: ServedLibrary, snapshot: Snapshot) -> list[Metric]:
    """Metrics of passages that can be set against each other, and may be seen."""
    if snapshot.point_sets and not snapshot.activities:
        return []
    found = related_metrics(recorded_in(site.view, snapshot))
    return [metric for metric in found if is_open_measure(site, Measure(metric.reduction, metric.name))]


def _metrics(site: ServedLibrary, snapshot: Snapshot) -> list[dict[str, str]]:
    return [
        {
            "name": metric.name,
            "title": metric.title or metric.name.replace("_", " ").capitalize(),
            "about": metric.about,
            "group": metric.group,
        }
        for metric in metrics_of(site, snapshot)
    ]


def _relations(site: ServedLibrary) -> list[dict[str, str]]:
    """Relations that metrics can have; on a public map the difference of a measure that it shows."""
    return [
        {"name": name, "title": _TITLES[name], "about": about(measure), "bright": bright_colours(measure)}
        for name, measure in _RELATIONS.items()
        if not site.public or measure.sides
    ]


def _stops(name: str) -> list[str]:
    return hex_colours(colormap(name)[np.rint(np.linspace(0, 255, _STOPS)).astype(int)])
