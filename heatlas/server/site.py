"""What a running server has: the library, who may see what, and the threads that draw."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from heatlas.tiling.view import View, close, now, unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from heatlas.tiling.snapshot import Snapshot

__all__ = ["Site", "current", "in_pool", "shut", "site_of"]

T = TypeVar("T")


@dataclass(slots=True)
class Site:
    """A library as it is served."""

    view: View
    public: bool
    token: str | None
    hosts: tuple[str, ...]
    basemap: Mapping[str, str] | None
    """`url` and `attribution`, or None."""
    largest_upload: int
    """Bytes."""
    public_measures: frozenset[str] = frozenset()
    """What a public map shows besides (`heatlas.server.openness`)."""
    threads: ThreadPoolExecutor | None = None
    importing: asyncio.Lock = field(default_factory=asyncio.Lock)


def site_of(request: Request) -> Site:
    """The site that a request came to."""
    site: Site = request.app.state.site
    return site


async def in_pool(site: Site, work: Callable[..., T], *values: Any) -> T:
    """Work in one of as many threads as there are processors."""
    if site.threads is None:
        site.threads = ThreadPoolExecutor(os.cpu_count() or 1, "heatlas")
    return await asyncio.get_running_loop().run_in_executor(site.threads, work, *values)


async def current(site: Site) -> Snapshot:
    """The library as it is now."""
    if unchanged(site.view):
        return site.view.snapshot
    return await in_pool(site, now, site.view)


def shut(site: Site) -> None:
    """Let the threads end and close the library; the next use starts both again."""
    threads, site.threads = site.threads, None
    if threads is not None:
        threads.shutdown()
    close(site.view)
