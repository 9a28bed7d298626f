"""Requests of the share dialog: what an output would show of home, and outputs that are made and downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from heatlas.core.words import counted
from heatlas.library.file.settings import read_zones
from heatlas.library.zone_suggestions import open_places
from heatlas.server.making.orders import KINDS, parse_order
from heatlas.server.site.query import FILTER, box_in, only, parse_filter_of
from heatlas.server.site.responses import JSON, packed_json
from heatlas.server.site.state import current, in_pool, site_of
from heatlas.tiles.in_view import activities_in
from heatlas.tiles.snapshot import choose

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams
    from starlette.requests import Request

    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot
    from heatlas.tracks.privacy.frequented import Frequented

__all__ = ["begin_output", "cancel_output", "give_file", "give_state", "home_data"]

_ZOOM = 14
"""Zoom of the index in which activities of a box are counted."""
_TYPES = {
    ".png": "image/png", ".webp": "image/webp", ".pdf": "application/pdf", ".mp4": "video/mp4", ".gif": "image/gif",
    ".html": "text/html", ".pmtiles": "application/vnd.pmtiles", ".mbtiles": "application/vnd.sqlite3",
}  # fmt: skip


def home_data(site: ServedLibrary, snapshot: Snapshot, query: QueryParams) -> dict[str, Any]:
    """Say what an output of a filter and a box would show of home, as plain data; without a box, of all of the map.

    `words` are sentences, the gravest first; `open` says whether home can be seen in it.

    Raises
    ------
    BadOption
        For parameters that cannot be used.
    HTTPException
        403 on a public map.
    """
    only(query, "bbox", *FILTER)
    _refuse_public(site)
    chosen = choose(snapshot, parse_filter_of(query, site.public)).keep
    box = box_in(query) if "bbox" in query else None
    places = _places(site, snapshot)
    if box is not None:
        places = [place for place in places if box[0] <= place.lon <= box[2] and box[1] <= place.lat <= box[3]]
        here = activities_in(site.view, snapshot, box, _ZOOM)
        chosen = chosen & here[: len(chosen)]
    private = sum(activity.private for number, activity in snapshot.activities.items() if chosen[number])
    words = [_gives_away(site, places)] if places else []
    if private:
        words.append(f"In it: {counted(private, 'activities that are marked as private')}.")
    words.append(_hidden(site, snapshot, bool(places)))
    return {"open": bool(places), "private": private, "words": words}


def _places(site: ServedLibrary, snapshot: Snapshot) -> list[Frequented]:
    """Places that should be hidden and are not, looked for once for each state of the library."""
    known = site.open_places.get(snapshot.version)
    if known is None:
        known = open_places(site.view.library)
        site.open_places.clear()
        site.open_places[snapshot.version] = known
    return known


def _gives_away(site: ServedLibrary, places: list[Frequented]) -> str:
    """Who needs a token is told no positions: they are worked out from whole tracks."""
    if site.token is not None:
        number = counted(len(places), "places where many activities begin, end or stop")
        return f"What it shows gives away {number}."
    more = f" So are {counted(len(places) - 1, 'more such places')}." if len(places) > 2 else ""
    more = " So is 1 more such place." if len(places) == 2 else more
    return (
        f"{places[0].words()}, and what it shows gives that away.{more} "
        "To hide them first: heatlas zones suggest says what to type."
    )


def _hidden(site: ServedLibrary, snapshot: Snapshot, is_open: bool) -> str:
    with site.view.library.read() as connection:
        zones = len(read_zones(connection))
    cut = [counted(zones, "zones")] if zones else []
    if snapshot.settings.clip_ends:
        cut.append(f"some {snapshot.settings.clip_ends:.0f} m at both ends of each activity")
    if cut:
        return f"Hidden in it: {' and '.join(cut)}."
    return (
        "No zone and no end of an activity is hidden."
        if is_open
        else ("No place is shown where many activities begin, end or stop; no zone is hidden.")
    )


def _refuse_public(site: ServedLibrary) -> None:
    if site.public:
        raise HTTPException(403, "this map is public: it makes no files; save the picture that you see, or copy a link")


async def begin_output(request: Request) -> Response:
    """Begin to make an output, and give its id.

    Raises
    ------
    BadOption
        For an order that cannot be made.
    HTTPException
        403 on a public map.
    """
    _refuse_public(site_of(request))
    here, snapshot = await current(site_of(request))

    def begin() -> str:
        return here.outputs.start(here.view.library.path, parse_order(here.view, snapshot, request.query_params))

    number = await in_pool(site_of(request), begin)
    return Response(packed_json({"id": number}), 202, {"Cache-Control": "no-store"}, JSON)


async def give_state(request: Request) -> Response:
    """Say how far an output is."""
    only(request.query_params)
    found = site_of(request).outputs.look(request.path_params["number"])
    if found is None:
        raise HTTPException(404, "there is no such output (any more)")
    return Response(packed_json(found), headers={"Cache-Control": "no-store"}, media_type=JSON)


async def cancel_output(request: Request) -> Response:
    """Stop an output and remove it."""
    only(request.query_params)
    if not site_of(request).outputs.cancel(request.path_params["number"]):
        raise HTTPException(404, "there is no such output (any more)")
    return Response(packed_json({"state": "cancelled"}), headers={"Cache-Control": "no-store"}, media_type=JSON)


async def give_file(request: Request) -> Response:
    """Send a finished output, to be saved and not to be shown under this address: a page would run as one of ours."""
    only(request.query_params)
    found = site_of(request).outputs.file(request.path_params["number"])
    if found is None:
        raise HTTPException(404, "there is no such output (any more)")
    path, name = found
    assert any(path.suffix in endings for endings in KINDS.values())
    headers = {"Cache-Control": "no-store"}
    return FileResponse(path, headers=headers, media_type=_TYPES[path.suffix], filename=name)
