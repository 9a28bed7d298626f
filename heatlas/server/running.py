"""Serve a library until it is stopped."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import socket
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Unpack

from heatlas.core.errors import BadOption, MissingExtra
from heatlas.core.stopping import Stopped, handling_stops, note_stop
from heatlas.options import SiteOptions, gather
from heatlas.options.signature import with_keywords

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import FrameType

    import uvicorn

    from heatlas.options.keywords import SiteKeywords

__all__ = ["serve"]


@with_keywords(SiteOptions)
def serve(
    library_path: str | Path,
    host: str = "127.0.0.1",
    port: int = 8765,
    *,
    allowed_hosts: Sequence[str] | None = None,
    quiet: bool = False,
    makes: str | Path | None = None,
    **site: Unpack[SiteKeywords],
) -> None:
    """Serve a library over HTTP until Ctrl-C or another signal that ends programs.

    Parameters
    ----------
    library_path : str or Path
        The library.
    host : str
        Address to listen at. Any but a loopback address needs a token, or `public`.
    port : int
        TCP port; 0 takes a free one.
    allowed_hosts : sequence of str, optional
        Host names of the server. By default those of this machine; any name if there is a token or the map is public.
    quiet : bool
        Do not print the URL.
    makes : str or Path, optional
        File of a library that the first import makes, as for `heatlas.server.create_app`.
    **site
        public, utc, token, basemap, public_measures, public_least and at_least, as for `heatlas.server.create_app`.

    Raises
    ------
    BadOption
        When others could read the library, or the address cannot be used.
    MissingExtra
        Without Starlette or uvicorn.
    """
    try:
        import uvicorn

        from heatlas.server.app import LOOPBACK, create_app
        from heatlas.server.site.state import shut
    except ImportError:
        raise MissingExtra("serving", "server") from None
    wanted = gather(SiteOptions, site, "serve")
    token, public = wanted.token, wanted.public
    if not _is_loopback(host) and token is None and not public:
        raise BadOption(f"at {host} others could read the library: give a --token, or serve it --public")
    if not 0 <= port <= 65535:
        raise BadOption(f"there is no port {port}")
    if allowed_hosts is None:
        allowed_hosts = ("*",) if token is not None or public else LOOPBACK
    app = create_app(library_path, allowed_hosts=allowed_hosts, makes=makes, **site)
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", access_log=False, server_header=False, date_header=True,
        timeout_graceful_shutdown=3, proxy_headers=False,
    )  # fmt: skip
    bare = host.strip("[]")
    listening = _listen(bare, port)
    if not quiet:
        if makes is not None:
            print(f"there is no library yet: what is dropped on the page goes to {makes}", file=sys.stderr)  # noqa: T201
        shown = f"[{bare}]" if ":" in bare else bare
        asked = f"?token={token}" if token is not None else ""
        print(f"http://{shown}:{listening.getsockname()[1]}/{asked}   (Ctrl-C ends)", file=sys.stderr, flush=True)  # noqa: T201
    try:
        _until_stopped(uvicorn.Server(config), listening)
    except KeyboardInterrupt:
        shut(app.state.site, at_once=True)
        raise
    finally:
        listening.close()


def _until_stopped(server: uvicorn.Server, listening: socket.socket) -> None:
    """Serve until a signal; answer what was asked until then. A second signal ends at once."""
    quiet = logging.getLogger("uvicorn.error")

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of handlers
        quiet.setLevel(logging.CRITICAL + 1)  # requests that are cut off from now on are no errors
        if server.should_exit:
            server.force_exit = True
            note_stop(number)
            raise Stopped
        server.should_exit = True

    # Its own handlers know no SIGHUP, and raise each signal again in the end.
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
    level = quiet.level
    try:
        with handling_stops(stop):
            server.run([listening])
    finally:
        quiet.setLevel(level)


def _listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; uvicorn would print an error of its own besides ours."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise BadOption(
                f"{host} is no address of this machine: listen at 127.0.0.1, or at 0.0.0.0 for all"
            ) from None
        taken = error.errno == errno.EADDRINUSE
        reason = "another program has it, take another" if taken else os.strerror(error.errno or 0)
        raise BadOption(f"port {port} at {host} cannot be used: {reason}") from None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
