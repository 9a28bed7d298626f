"""State of a running server: the library, access settings, and the threads that draw."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.exceptions import HTTPException

from heatlas.core.errors import HeatlasError, SourceFailed
from heatlas.core.resources import processors
from heatlas.explorer.chosen import VisitsCache
from heatlas.library.file.settings import read_settings
from heatlas.pmtiles.streets import Streets
from heatlas.server.site.outputs import Outputs
from heatlas.server.site.quick import Quick
from heatlas.tiles.view import View, close, now, renewed, unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from starlette.requests import Request

    from heatlas.tiles.snapshot import Snapshot
    from heatlas.tracks.privacy.frequented import Frequented

__all__ = [
    "ImportProgress", "ServedLibrary", "current", "in_pool", "in_pool_while_there", "ready", "say", "shut", "site_of",
]  # fmt: skip

T = TypeVar("T")


@dataclass(slots=True)
class ImportProgress:
    """How far an import is."""

    file: str
    """Name of what was sent."""
    done: int = 0
    """Recordings in it that were read, or rows of a table."""
    of: int = 0
    """Recordings in it, or rows; 0: unknown."""


@dataclass(slots=True)
class ServedLibrary:
    """A library that is served, with its settings and threads."""

    view: View
    public: bool
    token: str | None
    hosts: tuple[str, ...]
    basemap: Mapping[str, Any] | Streets | None
    """Somebody's tiles (`heatlas.pmtiles.basemap`), or a file of streets that is served here, or None."""
    largest_upload: int
    """Bytes."""
    public_measures: frozenset[str] = frozenset()
    """Further measures that a public map shows (`heatlas.server.site.openness`)."""
    threads: ThreadPoolExecutor | None = None
    importing: asyncio.Lock = field(default_factory=asyncio.Lock)
    imports: list[threading.Thread] = field(default_factory=list)
    """Imports that are running."""
    reopening: threading.Lock = field(default_factory=threading.Lock)
    visits: VisitsCache = field(default_factory=VisitsCache)
    """Explorer tiles of all activities."""
    quick: Quick = field(default_factory=Quick)
    outputs: Outputs = field(default_factory=Outputs)
    """Pictures, films, pages and tiles that are being made to be downloaded."""
    open_places: dict[str, list[Frequented]] = field(default_factory=dict)
    """Version of the last snapshot of which somebody asked -> places that it should hide and does not."""
    makes: Path | None = None
    """File of the library that the first import makes; until then an empty one is shown. None: the library is there."""
    progress: ImportProgress | None = None
    """How far the import is that runs."""
    said: str = ""
    """Last message to the owner of the server."""

    @property
    def streets(self) -> Streets | None:
        """Base map that is served out of a file, or None."""
        return self.basemap if isinstance(self.basemap, Streets) else None


def site_of(request: Request) -> ServedLibrary:
    """Served library of a request."""
    site: ServedLibrary = request.app.state.site
    return site


async def in_pool(site: ServedLibrary, work: Callable[..., T], *values: Any) -> T:
    """Run a function in a pool of as many threads as there are processors."""
    return await _begun(site, work, *values)


def _begun(site: ServedLibrary, work: Callable[..., T], *values: Any) -> asyncio.Future[T]:
    if site.threads is None:
        site.threads = ThreadPoolExecutor(processors(), "heatlas")
    return asyncio.get_running_loop().run_in_executor(site.threads, work, *values)


async def in_pool_while_there(site: ServedLibrary, request: Request, work: Callable[[], T]) -> T:
    """Run a function as `in_pool` does, unless the client goes away before its turn has come.

    Raises
    ------
    HTTPException
        499 when the client has gone.
    """
    making = _begun(site, work)
    gone = asyncio.ensure_future(_gone(request))
    gone.add_done_callback(lambda _: making.cancel())  # what has begun is finished, for the next who asks
    try:
        return await making
    except asyncio.CancelledError:
        if gone.done():
            raise HTTPException(499, "the client has gone") from None
        raise
    finally:
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def current(site: ServedLibrary) -> tuple[ServedLibrary, Snapshot]:
    """Copy of the site with its present view, and the snapshot of that view.

    Raises
    ------
    SourceFailed
        When the file was removed, or replaced by something that cannot be served.
    """
    if site.view.library.whereabouts != "there":
        await in_pool(site, _look_again, site)
    elif site.said:
        site.said = ""  # it is back
    here = replace(site)
    if unchanged(here.view):
        return here, here.view.snapshot
    return here, await in_pool(site, now, here.view)


def _look_again(site: ServedLibrary) -> None:
    """Open the library that replaced the served one; report once what happened."""
    with site.reopening:
        old = site.view
        if old.library.whereabouts == "there":
            return
        try:
            site.view = renewed(old)
        except SourceFailed as error:
            say(site, str(error))
            raise
        say(site, f"the library {old.library.path} was replaced: from now on the new one is shown")
        site.said = ""


def say(site: ServedLibrary, words: str) -> None:
    """Log a message for the owner of the server, unless it was the last one."""
    if words != site.said:
        logging.getLogger("heatlas.server").warning("heatlas: %s", words)
        site.said = words


def ready(site: ServedLibrary) -> None:
    """Read what each tile reads of the library once, by the connection of this thread, before anybody waits for it."""
    with suppress(HeatlasError), site.view.library.read() as connection:  # whoever asks is told what is wrong
        read_settings(connection)


def shut(site: ServedLibrary, at_once: bool = False) -> None:
    """End the threads and close the library; the next use starts both again.

    An import that is running is finished first, unless all is to end `at_once`.
    """
    running = [thread for thread in site.imports if thread.is_alive() and not at_once]
    if running:
        say(site, "an import is being finished; a second Ctrl-C ends it where it is, and importing again goes on there")
    for thread in running:
        thread.join()
    site.imports.clear()
    site.outputs.close()
    threads, site.threads = site.threads, None
    if threads is not None:
        threads.shutdown(wait=not at_once, cancel_futures=at_once)
    close(site.view)
