"""The ASGI app."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from heatlas.core.errors import BadOption, HeatlasError
from heatlas.library.file.opening import open_library
from heatlas.pmtiles.streets import Streets, is_file_of_tiles, open_streets
from heatlas.raster.threshold import Limits
from heatlas.server.adding.uploads import tidy
from heatlas.server.routes import all_routes
from heatlas.server.site.openness import parse_public_measures
from heatlas.server.site.responses import failed
from heatlas.server.site.security import guarded
from heatlas.server.site.state import ServedLibrary, shut
from heatlas.tiles.crowds import LEAST
from heatlas.tiles.view import open_view

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence


__all__ = ["LOOPBACK", "create_app"]

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Host names of this machine."""
_LARGEST_UPLOAD = 4 << 30


def create_app(
    library_path: str | Path,
    *,
    public: bool = False,
    utc: bool = False,
    token: str | None = None,
    allowed_hosts: Sequence[str] = LOOPBACK,
    basemap: Mapping[str, str] | str | None = None,
    public_measures: Collection[str] = (),
    public_least: int = LEAST,
    at_least: int | None = None,
    largest_upload: int = _LARGEST_UPLOAD,
    makes: str | Path | None = None,
) -> Starlette:
    """Make an ASGI app that serves a library: the live map, tiles for any client, and a summary of its contents.

    It can be mounted under any prefix of another app, which must call ``app.state.close()`` at its end. It opens no
    network connection, and reads only the library and its own static files.

    Parameters
    ----------
    library_path : str or Path
        The library.
    public : bool
        Serve it to everybody: no names, gear, or days finer than months, nothing about single activities, no import.
        Totals are of what is shown. Measures of the body and numbers (.npy) are refused unless they are named.
    utc : bool
        Give days and hours in UTC; else in the time of the place where each activity began.
    token : str, optional
        Token that requests must give, as ``?token=`` or ``Authorization: Bearer``.
    allowed_hosts : sequence of str
        Host names of the server, without ports; "*" for any. This keeps other sites from pointing a name of their own
        here and reading the library through their visitors' browsers.
    basemap : mapping or str, optional
        Tiles to show below: a URL with {z}, {x} and {y}, or `url` and `attribution`; or a file of streets, `.pmtiles`
        (`heatlas.pmtiles.streets`), which is served from here.
    public_measures : collection of str, or str with commas
        Further measures that a public map shows and gives as numbers, such as heart_rate or max(power).
    public_least : int
        Minimum number of activities of a group that a filter of a public map can show (`heatlas.tiles.crowds`).
    at_least : int, optional
        People who must have passed a pixel of a public map (`heatlas.raster.threshold`); 0: no threshold. By default 5
        if persons are named.
    largest_upload : int
        Bytes of one import at most.
    makes : str or Path, optional
        File of a library that is made when the first import gives something, and shown from then on; until then
        `library_path`, an empty one, is shown.

    Raises
    ------
    BadOption, SourceFailed
        When there is no library, or the token, base map or another option cannot be used.
    """
    if token is not None and not (token and token.isascii() and token.isprintable()):
        raise BadOption("a token must be printable ASCII, and not empty")
    named = parse_public_measures(public_measures)
    if named and not public:
        raise BadOption("--public-measures is for a --public map: any other shows all that there is")
    if at_least is not None and not public:
        raise BadOption("--at-least is for a --public map: any other shows what anybody passed")
    library = open_library(library_path)
    tidy(library)
    site = ServedLibrary(
        view=open_view(library, public, least=public_least, utc=utc, limits=Limits(at_least)),
        public=public,
        token=token,
        hosts=tuple(host.lower().rstrip(".") for host in allowed_hosts),
        basemap=_basemap(basemap),
        streets=_streets(basemap),
        largest_upload=largest_upload,
        public_measures=named,
        makes=None if makes is None else Path(makes),
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001 - Starlette's signature
        yield
        shut(site)

    app = Starlette(
        routes=all_routes(),
        middleware=[Middleware(guarded, site=site)],
        exception_handlers={HTTPException: failed, HeatlasError: failed, Exception: failed},
        lifespan=lifespan,
    )
    app.state.site, app.state.close = site, partial(shut, site)
    return app


def _basemap(given: Mapping[str, str] | str | None) -> dict[str, str] | None:
    if given is None or (isinstance(given, str) and is_file_of_tiles(given)):
        return None
    known = {"url": given} if isinstance(given, str) else dict(given)
    url = known.get("url", "")
    if not re.match(r"https?://[^\s'\";]+$", url) or set(known) - {"url", "attribution"}:
        raise BadOption(
            "a base map is a URL such as https://example.org/{z}/{x}/{y}.png, or a file such as town.pmtiles"
        )
    return {"url": url, "attribution": known.get("attribution", "")}


def _streets(given: Mapping[str, str] | str | None) -> Streets | None:
    return open_streets(given) if isinstance(given, str) and is_file_of_tiles(given) else None
