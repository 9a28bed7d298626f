"""Routes of what is told of single activities; a public map refuses them all."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from heatlas.server.activities.activities_at import passing_data
from heatlas.server.activities.activity_list import list_data
from heatlas.server.activities.activity_route import route_data, same_way_data
from heatlas.server.activities.attribute_values import attributes_data, values_data
from heatlas.server.activities.single import refuse_public
from heatlas.server.site.responses import JSON, answer, packed_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.datastructures import QueryParams
    from starlette.requests import Request

    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

    Data = Callable[[ServedLibrary, Snapshot, QueryParams], dict[str, Any]]

__all__ = ["PATHS", "single_routes"]

PATHS: dict[str, Data] = {
    "/at": passing_data,
    "/activities.json": list_data,
    "/route.json": route_data,
    "/same-way.json": same_way_data,
    "/api/attributes.json": attributes_data,
    "/api/values.json": values_data,
}
"""Address -> what answers it."""


def single_routes() -> list[Route]:
    """Make the routes."""
    return [
        Route(path, partial(answer, media_type=JSON, make=partial(_closed, data=data))) for path, data in PATHS.items()
    ]


def _closed(site: ServedLibrary, snapshot: Snapshot, request: Request, data: Data) -> bytes:
    """Answer, but not on a public map: so that no address forgets to refuse."""
    refuse_public(site)
    return packed_json(data(site, snapshot, request.query_params))
