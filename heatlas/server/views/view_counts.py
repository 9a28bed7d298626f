"""Counts of what lies in a part of the map, for the page's legend, timeline and player."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from heatlas.server.site.query import FILTER, box_in, only, parse_filter_of, request_of, whole
from heatlas.tiles.fields import Field
from heatlas.tiles.in_view import activities_in, days_of_points_in, points_in
from heatlas.tiles.look import Filter
from heatlas.tiles.request import LAST_ZOOM, read_look
from heatlas.tiles.snapshot import choose
from heatlas.tiles.view import known_in
from heatlas.tracks.metrics import METRICS
from heatlas.tracks.metrics.sports import SPORTS_OF, UNCERTAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from starlette.datastructures import QueryParams

    from heatlas.raster.measure import Measure
    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["view_data"]

_SPORTS = 12
"""Sports that are told at most, the most frequent first."""
_ALIKE = 0.97
"""Share of one way of moving from which on a speed is that of this way."""


def view_data(site: ServedLibrary, snapshot: Snapshot, query: QueryParams) -> dict[str, Any]:
    """Count what a box shows, as plain data.

    Of tracks: `activities` that pass the filter and of which anything is shown in the box; `known`, those of them that
    have what the measure is made of, which `needs` names; `days` of all that pass the filter but for its dates; sports;
    and `mixed`, the most frequent sport where a measure of speed mixes ways to move. Of points: `points` and `days`.

    Raises
    ------
    BadOption
        For parameters that cannot be used.
    HTTPException
        403 on a public map: the difference of two boxes could be a single activity.
    """
    only(query, "measure", "bbox", "z", *FILTER)
    if site.public:
        raise HTTPException(403, "this map is public: it does not count parts of the map")
    box, zoom = box_in(query), whole("z", query.get("z"), 0, LAST_ZOOM)
    look = read_look(request_of(query, query.get("measure")), snapshot)
    if look.point_set:
        field = Field(site.view, snapshot, choose(snapshot, Filter()), look)
        told = days_of_points_in(field, box, zoom)
        return {
            "points": points_in(field, box, zoom),
            "days": [[(dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoformat(), count] for day, count in told],
        }
    wanted = parse_filter_of(query, site.public)
    here = activities_in(site.view, snapshot, box, zoom)[snapshot.numbers]
    of_any_day = here & _chosen(snapshot, Filter(wanted.where, wanted.sports))
    shown = here & _chosen(snapshot, wanted)
    recorded = look.measure.recorded
    sports = snapshot.sports[shown].tolist()
    days = Counter(snapshot.days[of_any_day].tolist())
    undated = days.pop("", 0)
    return {
        "activities": int(shown.sum()),
        "known": int((shown & known_in(site.view, snapshot, recorded)).sum()),
        "needs": _words(recorded),
        "days": [list(pair) for pair in sorted(days.items())],
        "undated": undated,
        "sports": [list(pair) for pair in Counter(sports).most_common(_SPORTS)],
        "mixed": _mixed(look.measure, sports),
    }


def _chosen(snapshot: Snapshot, wanted: Filter) -> NDArray[np.bool_]:
    """(n,) activities that pass a filter, in the order of the snapshot."""
    return choose(snapshot, wanted).keep[snapshot.numbers]


def _words(recorded: frozenset[str]) -> str:
    """What a measure is made of, in words: "heart rate", "heart rate and pace"."""
    titles = sorted(METRICS[name].title.lower() or name.replace("_", " ") for name in recorded if name in METRICS)
    return " and ".join([", ".join(titles[:-1]), titles[-1]] if len(titles) > 1 else titles)


def _mixed(measure: Measure, sports: Sequence[str]) -> dict[str, Any] | None:
    """Most frequent sport where a mean speed would be that of several ways to move; else None.

    A ride and a run over one bridge have no common pace: the colours would say who passes there, not how fast.
    """
    entry = METRICS.get(measure.metric)
    if (
        entry is None
        or measure.other
        or measure.sides
        or not (entry.unit.style == "pace" or entry.unit.symbol == "m/s")
    ):
        return None
    known = [sport for sport in sports if sport not in UNCERTAIN and not measure.reads & SPORTS_OF.keys()]
    ways = Counter(map(_way, known))
    if not known or max(ways.values()) >= _ALIKE * len(known):
        return None
    sport, count = Counter(known).most_common(1)[0]
    return {"sport": sport, "share": count / len(sports), "sports": len(set(known))}


def _way(sport: str) -> str:
    return next((name for name in ("on_foot", "by_bike") if sport in SPORTS_OF[name][0]), sport)
