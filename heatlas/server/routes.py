"""Addresses of the app, and what they answer."""

from __future__ import annotations

import re
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount, Route

from heatlas import web
from heatlas.core.regex import regex
from heatlas.server.activities.single_routes import single_routes
from heatlas.server.adding.dropped_tables import ANSWERS
from heatlas.server.adding.phones import receive_fixes
from heatlas.server.adding.uploads import receive
from heatlas.server.making.sharing import begin_output, cancel_output, give_file, give_state, home_data
from heatlas.server.openapi.description import description
from heatlas.server.site.openness import refuse_closed
from heatlas.server.site.query import SHOWN, box_in, check_sides, only, parse_filter_of, request_of, whole, without
from heatlas.server.site.responses import JSON, answer, packed_json
from heatlas.server.site.state import ServedLibrary, site_of
from heatlas.server.site.static_files import PageFiles
from heatlas.server.views.explorer_tiles import explorer_data
from heatlas.server.views.ground_routes import ground_routes, place_in
from heatlas.server.views.histograms import histogram_data
from heatlas.server.views.services import capabilities, legend_png, tile_json
from heatlas.server.views.summary import library_data
from heatlas.server.views.view_counts import view_data
from heatlas.server.views.years import years_data
from heatlas.tiles.encoding import TYPES
from heatlas.tiles.fields import Field
from heatlas.tiles.look import Filter
from heatlas.tiles.metadata import point_measures
from heatlas.tiles.notes import legend_data
from heatlas.tiles.painting import tile_bytes
from heatlas.tiles.request import (
    LAST_ZOOM,
    OF_POINTS,
    OF_TIME,
    OF_TRACKS,
    named_points,
    parse_kernel_of,
    read_look,
    unfit_for,
)
from heatlas.tiles.snapshot import choose
from heatlas.tiles.view import choose_in
from heatlas.tracks.metrics import METRICS
from heatlas.tracks.metrics.own import definitions

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams
    from starlette.requests import Request

    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["STATIC", "all_routes"]

STATIC = Path(__file__).with_name("static")
_PAGE = PageFiles(STATIC)
_TILE = regex(r"([0-9]{1,9})(@2x)?\.(png|webp|npy)", re.ASCII)


def all_routes() -> list[Route | Mount]:
    """Make the routes."""
    return [
        # First, as most are asked for. A measure may hold slashes: they stand in the filters of a difference, and
        # proxies decode %2F.
        Route("/tiles/{measure:path}/{z}/{x}/{tile}", _tile),
        Route("/", _page),
        Route("/health", _health),
        Route("/scale.json", partial(answer, media_type=JSON, make=_scale)),
        Route("/legend.png", partial(answer, media_type="image/png", make=_legend)),
        Route("/tiles.json", partial(answer, media_type=JSON, make=_tile_json, linked=True)),
        Route(
            "/WMTSCapabilities.xml",
            partial(answer, media_type="application/xml", make=_capabilities, linked=True),
        ),
        Route("/openapi.json", partial(answer, media_type=JSON, make=_description)),
        Route("/histogram.json", partial(answer, media_type=JSON, make=_histogram)),
        Route("/view.json", partial(answer, media_type=JSON, make=_view)),
        Route("/explorer.json", partial(answer, media_type=JSON, make=_explorer)),
        *single_routes(),
        *ground_routes(),
        Route("/api/library.json", partial(answer, media_type=JSON, make=_library)),
        Route("/api/years.json", partial(answer, media_type=JSON, make=_years)),
        Route("/api/home.json", partial(answer, media_type=JSON, make=_home)),
        Route("/api/outputs", begin_output, methods=["POST"]),
        Route("/api/outputs/{number}", give_state),
        Route("/api/outputs/{number}", cancel_output, methods=["DELETE"]),
        Route("/api/outputs/{number}/file", give_file),
        Route("/api/import", _import, methods=["POST"]),
        Route("/api/importing", _importing),
        Route("/api/phones/owntracks", partial(_phone, form="owntracks"), methods=["POST"]),
        Route("/api/phones/overland", partial(_phone, form="overland"), methods=["POST"]),
        Route("/api/phones/gpslogger", partial(_phone, form="gpslogger"), methods=["GET", "POST"]),
        Mount("/static/web", PageFiles(web.STATIC)),
        Mount("/static", _PAGE),
    ]


async def _page(request: Request) -> Response:
    only(request.query_params)
    return await _PAGE.get_response("index.html", request.scope)


async def _health(request: Request) -> Response:
    only(request.query_params)
    return Response(packed_json({"status": "ok"}), media_type=JSON, headers={"Cache-Control": "no-store"})


def _library(site: ServedLibrary, snapshot: Snapshot, request: Request) -> bytes:
    only(request.query_params)
    return packed_json(library_data(site, snapshot))


def _field_of(site: ServedLibrary, snapshot: Snapshot, query: QueryParams, measure: str | None) -> Field:
    """Field of a request."""
    if measure is None and snapshot.point_sets and not snapshot.activities:
        measure = point_measures(snapshot)[0]["name"]
    look = read_look(request_of(query, measure, site.public), snapshot)
    check_sides(look.measure, site.public)
    if look.point_set:
        return Field(site.view, snapshot, choose(snapshot, Filter()), look)
    refuse_closed(site, look)
    wanted = parse_filter_of(query, site.public)
    return Field(site.view, snapshot, choose_in(site.view, snapshot, wanted, recorded=look.measure.recorded), look)


def _scale(site: ServedLibrary, snapshot: Snapshot, request: Request) -> bytes:
    if "bbox" not in request.query_params:
        return packed_json(legend_data(*_field_and_zoom(site, snapshot, request)))
    if site.public:
        raise HTTPException(403, "this map is public: it does not tell the numbers of a part of it")
    field, zoom = _field_and_zoom(site, snapshot, request, "bbox")
    return packed_json(legend_data(field, zoom, box_in(request.query_params)))


def _legend(site: ServedLibrary, snapshot: Snapshot, request: Request) -> bytes:
    return legend_png(*_field_and_zoom(site, snapshot, request))


def _field_and_zoom(site: ServedLibrary, snapshot: Snapshot, request: Request, *more: str) -> tuple[Field, int]:
    query = request.query_params
    only(query, "measure", "z", *more, *SHOWN)
    zoom = whole("z", query.get("z"), 0, LAST_ZOOM)
    return _field_of(site, snapshot, query, query.get("measure")), zoom


def _tile_json(site: ServedLibrary, snapshot: Snapshot, request: Request) -> bytes:
    query = request.query_params
    only(query, "measure", *SHOWN)
    field = _field_of(site, snapshot, query, query.get("measure"))
    return packed_json(tile_json(site, snapshot, request, field))


def _capabilities(site: ServedLibrary, snapshot: Snapshot, request: Request) -> bytes:
    query = request.query_params
    only(query, *SHOWN)
    # Refuse invalid parameters here, not in each tile; each kind of layer is checked with the parameters that suit it.
    _field_of(site, snapshot, without(query, OF_POINTS), "passes")
    parse_kernel_of(request_of(without(query, (*OF_TRACKS, *OF_TIME)), None))
    for measure in point_measures(snapshot):
        _field_of(site, snapshot, without(query, unfit_for(named_points(snapshot, measure["name"]))), measure["name"])
    return capabilities(site, snapshot, request)


def _description(site: ServedLibrary, snapshot: Snapshot, request: Request) -> bytes:
    only(request.query_params)
    return packed_json(
        description(site.public, [one["name"] for one in point_measures(snapshot)], site.public_measures)
    )


def _explorer(site: ServedLibrary, snapshot: Snapshot, request: Request) -> bytes:
    return packed_json(explorer_data(site, snapshot, request.query_params))


def _histogram(site: ServedLibrary, snapshot: Snapshot, request: Request) -> bytes:
    return packed_json(histogram_data(site, snapshot, request.query_params))


def _view(site: ServedLibrary, snapshot: Snapshot, request: Request) -> bytes:
    return packed_json(view_data(site, snapshot, request.query_params))


def _years(site: ServedLibrary, snapshot: Snapshot, request: Request) -> bytes:
    return packed_json(years_data(site, snapshot, request.query_params))


def _home(site: ServedLibrary, snapshot: Snapshot, request: Request) -> bytes:
    return packed_json(home_data(site, snapshot, request.query_params))


async def _import(request: Request) -> Response:
    only(request.query_params, *ANSWERS)
    return Response(packed_json(await receive(request)), media_type=JSON, headers={"Cache-Control": "no-store"})


async def _importing(request: Request) -> Response:
    """How far the import is that runs; null where none does."""
    only(request.query_params)
    if site_of(request).public:
        raise HTTPException(403, "this map is public: nothing can be imported here")
    progress = site_of(request).progress
    body = packed_json({"import": None if progress is None else asdict(progress)})
    return Response(body, media_type=JSON, headers={"Cache-Control": "no-store"})


async def _phone(request: Request, form: str) -> Response:
    found = packed_json(await receive_fixes(request, form))
    return Response(found, media_type=JSON, headers={"Cache-Control": "no-store"})


async def _tile(request: Request) -> Response:
    match = _TILE.fullmatch(request.path_params["tile"])
    if match is None:
        raise HTTPException(404, "tiles are called {y}.png, {y}@2x.png, {y}.webp or {y}.npy")
    only(request.query_params, *SHOWN)
    place = place_in(request, LAST_ZOOM, match[1])
    kind = request.path_params["measure"], place[0], *match.groups()[1:], request.scope["query_string"]
    make = partial(_draw, place=place, twice=match[2] is not None, form=match[3])
    return await answer(request, TYPES[match[3]], make, kind=kind)


def _draw(
    site: ServedLibrary, snapshot: Snapshot, request: Request, place: tuple[int, int, int], twice: bool, form: str
) -> bytes:
    """Draw a tile; `twice` is for screens of double density."""
    measure = request.path_params["measure"]
    field: Field = site.view.fields.get(
        (snapshot.version, measure, request.scope["query_string"], definitions(METRICS)),
        lambda: _field_of(site, snapshot, request.query_params, measure),
    )
    refuse_closed(site, field.look, raw=form == "npy")
    return tile_bytes(field, *place, dense=twice, form=form)
