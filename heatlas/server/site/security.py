"""Access control: hosts, origins, tokens; and the security headers of every response.

Another site's page must not read a private library through its visitor's browser: neither by a cross-origin request
(origins), nor under a name of its own that resolves to this machine (hosts). Map programs on the same machine send no
origin and are served. A token given with the request opens the library to anyone who has it, from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response

from heatlas.core.regex import regex
from heatlas.pmtiles.streets import Streets
from heatlas.server.site.responses import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from heatlas.server.site.state import ServedLibrary

__all__ = ["content_policy", "guarded", "host_name"]

_OPEN = frozenset({"/health"})
"""Paths that need no token."""
_HOST = regex(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?", re.IGNORECASE | re.ASCII)


def guarded(app: ASGIApp, site: ServedLibrary) -> ASGIApp:
    """Wrap an app with access control and security headers."""
    policy = content_policy(site.basemap)
    always = _raw(
        {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "content-security-policy": policy}
    )

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        # The first of equal names counts.
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
        origin = headers.get("origin")
        shared = _opens(site, headers, scope) or _asks_for_bearer(site, scope, headers)
        refusal = _refusal(site, scope, headers, shared)

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = _SHARED if site.public or shared else _OURS
                message["headers"] = [*message.get("headers", ()), *always, *more]
                if more is _SHARED and origin is not None:
                    message["headers"] += _ANYWHERE
            await send(message)

        if refusal is not None:
            await refusal(scope, receive, send_on)
        elif scope["method"] == "OPTIONS" and origin is not None and (site.public or shared):
            await _preflight()(scope, receive, send_on)
        elif shared and scope["method"] == "GET" and _path(scope) == "/" and "token" in _query(scope):
            await _welcome(site, scope)(scope, receive, send_on)
        else:
            await app(scope, receive, send_on)

    return serve


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI has them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


_OURS = _raw({"cross-origin-resource-policy": "same-origin"})
_SHARED = _raw({"cross-origin-resource-policy": "cross-origin"})
# With "*" browsers send no cookies, and no response here needs any.
_ANYWHERE = _raw({"access-control-allow-origin": "*", "access-control-expose-headers": "ETag"})


def _query(scope: Scope) -> QueryParams:
    return QueryParams(scope["query_string"])


def _refusal(site: ServedLibrary, scope: Scope, headers: Mapping[str, str], shared: bool) -> Response | None:
    host = headers.get("host", "")
    if not _HOST.fullmatch(host) or not ("*" in site.hosts or host_name(host) in site.hosts):
        return refuse(421, "this server does not answer to that name: use the address that it printed when it started")
    foreign = _foreign(headers, host)
    if foreign and scope["method"] not in {"GET", "HEAD", "OPTIONS"}:
        return refuse(403, "another site's page may not change anything here")
    if foreign and not (site.public or shared):
        return refuse(403, "another site's page may not read this library without its token")
    if site.token is not None and not shared and _path(scope) not in _OPEN and not _has_cookie(site.token, headers):
        return refuse(403, "this library needs its token: ?token=... or Authorization: Bearer ...")
    return None


def host_name(host: str) -> str:
    """Host without its port, in lower case; empty if it is invalid."""
    match = _HOST.fullmatch(host)
    return match[1].lower().rstrip(".") if match else ""


def _path(scope: Scope) -> str:
    """Path below the prefix under which the app is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(root) else path


def _foreign(headers: Mapping[str, str], host: str) -> bool:
    """Whether a browser reports that the request comes from another origin's page."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc.lower() != host.lower()
    # Pictures and scripts are requested without an Origin, but modern browsers send Sec-Fetch-Site.
    fetch_site = headers.get("sec-fetch-site", "none")
    return fetch_site in {"cross-site", "same-site"} and headers.get("sec-fetch-mode") != "navigate"


def _opens(site: ServedLibrary, headers: Mapping[str, str], scope: Scope) -> bool:
    """Whether the request holds the token itself, not only the cookie."""
    if site.token is None:
        return False
    kind, _, given = headers.get("authorization", "").partition(" ")
    kind = kind.lower()
    said = given.strip() if kind == "bearer" else _password(given) if kind == "basic" else None
    found = [_query(scope).get("token"), said]
    return any(text is not None and _same(text, site.token) for text in found)


def _password(given: str) -> str | None:
    """Password of HTTP Basic authentication (RFC 7617), whoever the user: apps of phones can send a token only so."""
    try:
        return base64.b64decode(given.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return None


def _asks_for_bearer(site: ServedLibrary, scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether this is a CORS preflight of a request with a bearer token; a preflight never holds the token."""
    asked = headers.get("access-control-request-headers", "").lower().split(",")
    wanted = scope["method"] == "OPTIONS" and "origin" in headers and site.token is not None
    return wanted and "authorization" in map(str.strip, asked)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def _name(token: str) -> str:
    """Name of the cookie; different for each token, as all ports of a host share their cookies."""
    return f"heatlas-{hmac.digest(token.encode(), b'heatlas cookie name', hashlib.sha256).hex()[:12]}"


def _cookie(token: str) -> str:
    """Value of the cookie, which the browser stores instead of the token."""
    return hmac.digest(token.encode(), b"heatlas cookie", hashlib.sha256).hex()


def _has_cookie(token: str, headers: Mapping[str, str]) -> bool:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(_name(token))
    except CookieError:
        return False
    return cookie is not None and _same(cookie.value, _cookie(token))


def _welcome(site: ServedLibrary, scope: Scope) -> Response:
    """Set the cookie, and redirect to the page without the token in its URL."""
    assert site.token is not None
    root = scope.get("root_path", "").rstrip("/") + "/"
    response = RedirectResponse(root, 303)
    response.set_cookie(_name(site.token), _cookie(site.token), path=root, httponly=True, samesite="lax")
    return response


def _preflight() -> Response:
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": "GET, HEAD",
            "Access-Control-Allow-Headers": "Authorization, If-None-Match",
            "Access-Control-Allow-Private-Network": "true",
            "Access-Control-Max-Age": "600",
        },
    )


def content_policy(basemap: Mapping[str, Any] | Streets | None) -> str:
    """Content Security Policy of the page: its own files, and pictures over https from any base map a viewer chooses.

    A configured base map may also be on this machine or network, without encryption.
    """
    host = ""
    if basemap is not None and not isinstance(basemap, Streets):
        host = " {0.scheme}://{0.netloc}".format(urlsplit(basemap["url"]))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; manifest-src 'self'; "
        f"img-src 'self' data: blob: https:{host}; connect-src 'self'{host}; worker-src 'self' blob:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
