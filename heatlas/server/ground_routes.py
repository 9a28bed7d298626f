"""Routes of the ground below the heat: names of towns."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.routing import Route

from heatlas.core.errors import BadOption
from heatlas.gazetteer.towns import labels, tile_box
from heatlas.server.query import only, whole
from heatlas.server.responses import JSON, answer, packed_json

if TYPE_CHECKING:
    from starlette.requests import Request

    from heatlas.server.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["NAMES_ZOOM", "ground_routes", "place_in"]

NAMES_ZOOM = 8
"""Last zoom of tiles of names: 160 km wide at the equator. A map that shows less takes its names from the tile of 8."""
_MOST = 300
"""Names of a tile at most, those of the largest towns: more than find room on it."""


def ground_routes() -> list[Route]:
    """Make the routes."""
    return [Route("/names/{z}/{x}/{y}.json", partial(answer, media_type=JSON, make=_names))]


def place_in(request: Request, last: int, y: str = "") -> tuple[int, int, int]:
    """Zoom, column and row of the tile that an address names; `y` is the row where it stands in no part of its own.

    Raises
    ------
    HTTPException
        404 where there is no such tile.
    """
    named = request.path_params
    try:
        zoom = whole("z", named["z"], 0, last)
        column, row = (whole("x or y", text, 0, 2**zoom - 1) for text in (named["x"], y or named["y"]))
    except BadOption as error:
        raise HTTPException(404, f"there is no such tile: {error}") from None
    return zoom, column, row


def _names(site: ServedLibrary, snapshot: Snapshot, request: Request) -> bytes:  # noqa: ARG001 - the same for all
    """Names of the largest towns of a tile: longitude, latitude, name and people of each, the largest first."""
    only(request.query_params)
    return packed_json({"names": labels(tile_box(*place_in(request, NAMES_ZOOM)), _MOST)})
