"""The ASGI app."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from heatlas.core.errors import HeatlasError
from heatlas.library.file.opening import open_library
from heatlas.options import SiteOptions, gather, least_of
from heatlas.options.signature import with_keywords
from heatlas.pmtiles.basemap import parse_basemap
from heatlas.raster.threshold import Limits
from heatlas.server.adding.uploads import tidy
from heatlas.server.routes import all_routes
from heatlas.server.site.openness import parse_public_measures
from heatlas.server.site.responses import failed
from heatlas.server.site.security import guarded
from heatlas.server.site.state import ServedLibrary, ready, shut
from heatlas.tiles.view import open_view

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from heatlas.options.keywords import SiteKeywords


__all__ = ["LOOPBACK", "create_app"]

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Host names of this machine."""
_LARGEST_UPLOAD = 4 << 30


@with_keywords(SiteOptions)
def create_app(
    library_path: str | Path,
    *,
    allowed_hosts: Sequence[str] = LOOPBACK,
    largest_upload: int = _LARGEST_UPLOAD,
    makes: str | Path | None = None,
    **options: Unpack[SiteKeywords],
) -> Starlette:
    """Make an ASGI app that serves a library: the live map, tiles for any client, and a summary of its contents.

    It can be mounted under any prefix of another app, which must call ``app.state.close()`` at its end. It opens no
    network connection, and reads only the library and its own static files.

    A `public` map shows no names, gear, or days finer than months, nothing about single activities, and takes no
    import. Its totals are of what is shown. Measures of the body and numbers (.npy) are refused unless they are named.

    Parameters
    ----------
    library_path : str or Path
        The library.
    allowed_hosts : sequence of str
        Host names of the server, without ports; "*" for any. This keeps other sites from pointing a name of their own
        here and reading the library through their visitors' browsers.
    largest_upload : int
        Bytes of one import at most.
    makes : str or Path, optional
        File of a library that is made when the first import gives something, and shown from then on; until then
        `library_path`, an empty one, is shown.
    **options
        Who may see what, as listed below. A `token` is given by requests as ``?token=`` or ``Authorization: Bearer``;
        a `basemap` may have a `url` and an `attribution`.

    Raises
    ------
    BadOption, SourceFailed
        When there is no library, or the token, base map or another option cannot be used.
    """
    asked = gather(SiteOptions, options, "create_app").check()
    named = parse_public_measures(asked.public_measures or "")
    base = None if asked.basemap is None else parse_basemap(asked.basemap)
    library = open_library(library_path)
    tidy(library)
    site = ServedLibrary(
        view=open_view(library, asked.public, least=least_of(asked), utc=asked.utc, limits=Limits(asked.at_least)),
        public=asked.public,
        token=asked.token,
        hosts=tuple(host.lower().rstrip(".") for host in allowed_hosts),
        basemap=base,
        largest_upload=largest_upload,
        public_measures=named,
        makes=None if makes is None else Path(makes),
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001 - Starlette's signature
        ready(site)
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
