"""Routes of the ground below the heat: names of towns, and streets out of a file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from heatlas.core.errors import BadOption
from heatlas.gazetteer.towns import NAMES_ZOOM, labels_of_tile
from heatlas.pmtiles.streets import Streets
from heatlas.server.site.query import only, whole
from heatlas.server.site.responses import JSON, answer, packed_json
from heatlas.server.site.state import in_pool, site_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["STREETS_ZOOM", "basemap_data", "ground_routes", "place_in"]

STREETS_ZOOM = 24
"""Last zoom of tiles of streets that can be asked for; those of a file end earlier."""


def ground_routes() -> list[Route]:
    """Make the routes."""
    return [
        Route("/names/{z}/{x}/{y}.json", partial(answer, media_type=JSON, make=_names)),
        Route("/streets/{z}/{x}/{y}.mvt", _streets),
    ]


def basemap_data(site: ServedLibrary) -> dict[str, Any] | None:
    """Base map that the page is told of: somebody's tiles, or those of a file that is served here."""
    base = site.basemap
    if base is None:
        return None
    if not isinstance(base, Streets):
        return {name: base[name] for name in ("url", "attribution")}
    first, last = base.zooms
    return {
        "url": "streets/{z}/{x}/{y}.mvt", "attribution": base.attribution, "streets": True, "minzoom": first,
        "maxzoom": last, "bounds": list(base.bounds),
    }  # fmt: skip


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
    return packed_json({"names": labels_of_tile(*place_in(request, NAMES_ZOOM))})


async def _streets(request: Request) -> Response:
    """A vector tile of the base map, as it is stored; an empty one where there is none."""
    only(request.query_params)
    site = site_of(request)
    streets = site.streets
    if streets is None:
        raise HTTPException(404, "there are no streets here: heatlas serve --basemap FILE.pmtiles gives them")
    data = await in_pool(site, streets.tile, *place_in(request, STREETS_ZOOM))
    headers = {"Cache-Control": f"{'public' if site.public and site.token is None else 'private'}, max-age=3600"}
    if data and streets.packed:
        headers["Content-Encoding"] = "gzip"
    return Response(data or b"", 200, headers, "application/vnd.mapbox-vector-tile")
