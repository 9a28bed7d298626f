"""The route of one activity, and the activities that go the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.exceptions import HTTPException

from heatlas.library.index.shown_routes import read_route
from heatlas.server.activities.single import link_of, told_activity
from heatlas.server.site.query import only, whole
from heatlas.server.views.summary import is_told
from heatlas.tiles.same_way import same_way
from heatlas.tracks.filters import EFFORT

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["route_data", "same_way_data"]

_LARGEST = 999_999_999
_MOST = 200
"""Activities that are listed at most; the total counts all."""


def route_data(site: ServedLibrary, snapshot: Snapshot, query: QueryParams) -> dict[str, Any]:
    """Lines, profile and details of an activity as it is shown, as plain data; empty lines where all of it is hidden.

    Raises
    ------
    BadOption
        For parameters that cannot be used.
    HTTPException
        404 for an activity that is not there.
    """
    number = _number(snapshot, query)
    activity = snapshot.activities[number]
    route = read_route(site.view.library, number, activity)
    told = is_told(site, snapshot)
    return {
        **told_activity(site, snapshot, number),
        "gear": activity.gear,
        "device": activity.device,
        "file": activity.source.rpartition("/")[2],
        "commute": activity.commute,
        "private": activity.private,
        "moving_time": None if told else activity.moving_time,
        "elapsed_time": None if told else activity.elapsed_time,
        **{name: snapshot.effort.get(number, {}).get(name) for name in EFFORT},
        "link": link_of(activity),
        "shown": 0.0 if route is None else round(route.metres, 1),
        "lines": [] if route is None else [np.round(line, 6).tolist() for line in route.lines],
        "profile": {}
        if route is None
        else {name: [_number_or_none(value) for value in values.tolist()] for name, values in route.profile.items()},
    }


def same_way_data(site: ServedLibrary, snapshot: Snapshot, query: QueryParams) -> dict[str, Any]:
    """Activities that go the same way as one (`heatlas.tiles.same_way`), the latest first, as plain data.

    Raises
    ------
    BadOption, HTTPException
        As `route_data` does.
    """
    number = _number(snapshot, query)
    found = same_way(site.view, snapshot, number)
    starts = {k: snapshot.activities[k].start for k in found}
    ordered = sorted(found, key=lambda k: (starts[k] is None, -(starts[k] or 0.0), k))
    return {
        "activities": [
            {**told_activity(site, snapshot, k), "share": round(found[k], 3)} for k in ordered[:_MOST]
        ],
        "total": len(found),
    }  # fmt: skip


def _number(snapshot: Snapshot, query: QueryParams) -> int:
    only(query, "number")
    number = whole("number", query.get("number"), 0, _LARGEST)
    if number not in snapshot.activities:
        raise HTTPException(404, f"there is no activity {number}")
    return number


def _number_or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.4g}")
