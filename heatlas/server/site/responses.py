"""Responses: bodies that are made once for each state of the library, with headers for caches; errors as JSON."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from heatlas.core.errors import BadOption, HeatlasError, SourceFailed, unworded
from heatlas.core.regex import regex
from heatlas.core.wording import worded
from heatlas.server.site.query import EVERYWHERE
from heatlas.server.site.state import current, in_pool_while_there, say, site_of
from heatlas.tracks.metrics import METRICS
from heatlas.tracks.metrics.own import definitions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from starlette.requests import Request

    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["JSON", "answer", "asked_of", "failed", "packed_json", "refuse"]

JSON = "application/json"
_SMALL = 600
"""Bytes below which compression gains nothing."""
_GZIPPED = regex(r"application/(json|xml)")


async def answer(
    request: Request,
    media_type: str,
    make: Callable[[ServedLibrary, Snapshot, Request], bytes],
    linked: bool = False,
    kind: Hashable = None,
) -> Response:
    """Respond with bytes that depend only on the library and the URL.

    Parameters
    ----------
    request : Request
        A GET or HEAD.
    media_type : str
        Media type of the response.
    make : callable
        Site, snapshot, request -> bytes; may raise HeatlasError. It is called in a thread, once for each URL and state
        of the library, as long as the cache holds the result.
    linked : bool
        Whether the response holds links with the token of the URL; it is then shared only among equal tokens.
    kind : hashable, optional
        Responses of one kind take about as long as each other. Where that is short, it is called in this thread.
    """
    site = site_of(request)
    here, snapshot = await current(site)
    asked = asked_of(request)
    if linked:
        asked = f"{asked} {request.query_params.get('token')}"
    if _has(request.headers.get("if-none-match", ""), etag := _etag(snapshot.version, asked, site)):
        return Response(status_code=304, headers=_headers(site, request, snapshot, etag))
    try:
        body = await _body(here, snapshot, request, asked, make, kind)
    except SourceFailed:
        if here.view.library.whereabouts == "there":
            raise
    if here.view.library.whereabouts != "there":  # replaced meanwhile: what was made may be of both files
        here, snapshot = await current(site)
        etag = _etag(snapshot.version, asked, site)
        body = await _body(here, snapshot, request, asked, make, kind)
    headers = _headers(site, request, snapshot, etag)
    if _GZIPPED.match(media_type):
        headers["Vary"] = "Accept-Encoding"
        if len(body) >= _SMALL and "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = gzip.compress(body, 5, mtime=0), "gzip"
    return Response(body, 200, headers, media_type)


async def _body(
    here: ServedLibrary,
    snapshot: Snapshot,
    request: Request,
    asked: str,
    make: Callable[[ServedLibrary, Snapshot, Request], bytes],
    kind: Hashable,
) -> bytes:
    key = (snapshot.version, asked)
    body = here.view.answers.look(key)
    if body is not None:
        return body
    answers, site = here.view.answers, site_of(request)

    def made() -> bytes:
        return answers.get(key, lambda: make(here, snapshot, request))

    def in_pool(work: Callable[[], bytes]) -> Awaitable[bytes]:
        return in_pool_while_there(site, request, work)

    if kind is None:
        return await in_pool(made)
    return await site.quick.run((snapshot.version, kind), made, in_pool)


def _headers(site: ServedLibrary, request: Request, snapshot: Snapshot, etag: str) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": _caching(site, request, snapshot)}


def asked_of(request: Request) -> str:
    """URL without token and version, as the key of a response; the origin counts, as some responses hold links."""
    scope = request.scope  # `request.url` takes as long to make as all of this
    query = [(name, value) for name, value in request.query_params.multi_items() if name not in EVERYWHERE]
    said = urlencode(query) if query else ""
    return f"{scope.get('scheme', 'http')}://{request.headers['host']}{scope['path']}?{said}"


def _etag(version: str, asked: str, site: ServedLibrary) -> str:
    # Weak: the same body may be compressed or not.
    said = f"{version} {site.public} {site.token is None} {sorted(site.public_measures)} {asked} {definitions(METRICS)}"
    digest = hashlib.blake2b(said.encode("utf-8", "surrogateescape"), digest_size=12)
    return f'W/"{digest.hexdigest()}"'


def _has(given: str, etag: str) -> bool:
    """Whether If-None-Match holds a tag, by the weak comparison of RFC 9110, 13.1.2."""
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    return etag.removeprefix("W/") in tags or "*" in tags


def _caching(site: ServedLibrary, request: Request, snapshot: Snapshot) -> str:
    """Cache-Control: a URL with its version is immutable; others are requested again, which costs a 304."""
    owner = "public" if site.public and site.token is None else "private"
    if request.query_params.get("v") == snapshot.version:
        return f"{owner}, max-age=604800, immutable"
    return f"{owner}, max-age=60" if site.public else f"{owner}, no-cache"


def packed_json(data: Any) -> bytes:
    """Write data as compact JSON; NaN and infinity raise ValueError."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def refuse(status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
    """Respond with an error and its reason as JSON."""
    return Response(packed_json({"error": reason}), status, headers, JSON)


async def failed(request: Request, error: Exception) -> Response:
    """Turn any exception into one sentence of JSON; messages that may name local files go to the owner only."""
    if isinstance(error, HTTPException):
        return refuse(error.status_code, error.detail, dict(error.headers or {}))
    if isinstance(error, BadOption):
        return refuse(400, worded(unworded(error), "url"))
    if isinstance(error, HeatlasError):
        site = site_of(request)
        if not (site.public or site.token is not None):
            return refuse(503, worded(unworded(error), "url"))
        say(site, str(error))
        return refuse(503, "the library cannot be read now; the server's own output says why")
    return refuse(500, "something went wrong here; the server's own output says what")
