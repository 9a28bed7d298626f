"""Answers: bytes that were made once for each state of the library, with what caches need to know."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from heatlas.core.errors import BadOption, HeatlasError
from heatlas.server.query import EVERYWHERE
from heatlas.server.state import current, in_pool, say, site_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from heatlas.server.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["JSON", "answer", "asked_of", "failed", "packed_json", "refuse"]

JSON = "application/json"
_SMALL = 600
"""Bytes below which compressing gains nothing."""
_GZIPPED = re.compile(r"application/(json|xml)")


async def answer(
    request: Request, media_type: str, make: Callable[[ServedLibrary, Snapshot, Request], bytes], linked: bool = False
) -> Response:
    """Answer with bytes that depend on nothing but the library and the URL.

    Parameters
    ----------
    request : Request
        A GET or HEAD.
    media_type : str
        Of the answer.
    make : callable
        Site, snapshot, request -> bytes, in a thread; raises HeatlasError. Is called once for each URL and
        state of the library, as far as memory goes.
    linked : bool
        Whether the answer holds links, with the token that the URL has: then it is for those alone who gave the same.
    """
    site = site_of(request)
    here, snapshot = await current(site)
    asked = asked_of(request)
    if linked:
        asked = f"{asked} {request.query_params.get('token')}"
    etag = _etag(snapshot.version, asked, site)
    headers = {"ETag": etag, "Cache-Control": _caching(site, request, snapshot)}
    if _has(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    key = (snapshot.version, asked)
    body = here.view.answers.look(key)
    if body is None:
        body = await in_pool(site, lambda: here.view.answers.get(key, lambda: make(here, snapshot, request)))
    if _GZIPPED.match(media_type):
        headers["Vary"] = "Accept-Encoding"
        if len(body) >= _SMALL and "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = gzip.compress(body, 5, mtime=0), "gzip"
    return Response(body, 200, headers, media_type)


def asked_of(request: Request) -> str:
    """Path and query, without who asks and for which version; origins count, as some answers hold links."""
    query = [(name, value) for name, value in parse_qsl(request.url.query, True) if name not in EVERYWHERE]
    return f"{request.url.scheme}://{request.headers['host']}{request.scope['path']}?{urlencode(query)}"


def _etag(version: str, asked: str, site: ServedLibrary) -> str:
    # Weak: the same bytes may come compressed or not.
    said = f"{version} {site.public} {site.token is None} {sorted(site.public_measures)} {asked}"
    digest = hashlib.blake2b(said.encode("utf-8", "surrogateescape"), digest_size=12)
    return f'W/"{digest.hexdigest()}"'


def _has(given: str, etag: str) -> bool:
    """Weak comparison of RFC 9110, 13.1.2."""
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    return etag.removeprefix("W/") in tags or "*" in tags


def _caching(site: ServedLibrary, request: Request, snapshot: Snapshot) -> str:
    """What names its version may be kept; all else is asked for again, which costs a 304."""
    owner = "public" if site.public and site.token is None else "private"
    if request.query_params.get("v") == snapshot.version:
        return f"{owner}, max-age=604800, immutable"
    return f"{owner}, max-age=60" if site.public else f"{owner}, no-cache"


def packed_json(data: Any) -> bytes:
    """Write data as JSON; numbers that JSON has no word for are refused."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def refuse(status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
    """Say why not."""
    return Response(packed_json({"error": reason}), status, headers, JSON)


async def failed(request: Request, error: Exception) -> Response:
    """Turn whatever went wrong into one sentence of JSON; what names files of this machine is for its owner alone."""
    if isinstance(error, HTTPException):
        return refuse(error.status_code, error.detail, dict(error.headers or {}))
    if isinstance(error, BadOption):
        return refuse(400, str(error))
    if isinstance(error, HeatlasError):
        site = site_of(request)
        if not (site.public or site.token is not None):
            return refuse(503, str(error))
        say(site, str(error))
        return refuse(503, "the library cannot be read now; the server's own output says why")
    return refuse(500, "something went wrong here; the server's own output says what")
