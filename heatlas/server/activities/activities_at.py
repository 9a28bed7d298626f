"""Activities that pass a place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.mercator import MAX_LATITUDE
from heatlas.library.index.passages_at import passing
from heatlas.server.activities.single import told_activity
from heatlas.server.site.query import FILTER, only, parse_filter_of, within
from heatlas.tiles.metadata import latest_first
from heatlas.tiles.snapshot import choose
from heatlas.tracks.filters import EFFORT

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from heatlas.library.index.passages_at import PassingActivity
    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["FARTHEST", "passing_data"]

FARTHEST = 2000.0
"""Largest radius of a request in metres."""
_MOST = 200
"""Activities that are listed at most; the total counts all."""


def passing_data(site: ServedLibrary, snapshot: Snapshot, query: QueryParams) -> dict[str, Any]:
    """Activities that pass through a circle, the latest first, as plain data; hidden parts are never used.

    Raises
    ------
    BadOption
        For parameters that cannot be used.
    """
    only(query, "lat", "lon", "radius", *FILTER)
    lat = within("lat", query.get("lat"), -MAX_LATITUDE + 1e-6, MAX_LATITUDE - 1e-6)
    lon = within("lon", query.get("lon"), -180.0, 180.0)
    radius = within("radius", query.get("radius"), 0.1, FARTHEST, 25.0)
    keep = choose(snapshot, parse_filter_of(query, site.public)).keep
    found = latest_first(passing(site.view.library, lat, lon, radius, keep))
    return {"activities": [_told(site, snapshot, one) for one in found[:_MOST]], "total": len(found)}


def _told(site: ServedLibrary, snapshot: Snapshot, one: PassingActivity) -> dict[str, Any]:
    activity = one.activity
    return {
        **told_activity(site, snapshot, one.number),
        "id": activity.id or str(one.number),
        "pace": one.pace,
        "speed": one.speed,
        "flat_pace": one.flat_pace,
        "heart_rate": one.heart_rate,
        "power": one.power,
        "waited": one.waited,
        **{name: one.effort.get(name) for name in EFFORT},
        "gear": activity.gear,
        "passes": max(1, len(one.visits)),
        "seconds": one.seconds,
        "metres": one.metres,
    }
