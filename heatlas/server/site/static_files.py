"""Files of the page, compressed for the wire: text by Brotli or gzip, once for each version of a file."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pyarrow as pa
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from starlette.types import Scope

__all__ = ["PageFiles"]

_TEXT = frozenset({".css", ".html", ".js", ".json", ".mjs", ".svg", ".txt"})
_SMALL = 600
"""Bytes below which compression gains nothing."""
_GZIP, _BROTLI = 8, 9
"""Levels. Measured with MapLibre, its worker and the world: gzip 603 kB in 0.2 s, Brotli 556 kB in 0.2 s; its level 11
would give 505 kB in 3.4 s, and gzip's level 9 0.1 % less in twice the time."""


class PageFiles(StaticFiles):
    """Static files, of which clients that can unpack it are sent text compressed.

    The compressed bytes of all files of the page are some 0.8 MB for either way, and stay in memory. Browsers take
    Brotli over HTTPS and from this machine, gzip always.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, check_dir=False)
        self._packed: dict[tuple[str, str, str], bytes] = {}

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Respond with a file; a 304 needs no bytes of it."""
        response = await super().get_response(path, scope)
        if Path(path).suffix not in _TEXT or response.status_code not in {200, 304}:
            return response
        response.headers["Vary"] = "Accept-Encoding"
        if not isinstance(response, FileResponse) or int(response.headers["content-length"]) < _SMALL:
            return response
        asked = Headers(scope=scope)
        way = _way(asked.get("accept-encoding", ""))
        if way is None or "range" in asked:
            return response
        file = Path(response.path)
        key = str(file), response.headers["etag"], way
        body = self._packed.get(key)
        if body is None:
            body = self._packed[key] = await anyio.to_thread.run_sync(_pack, file, way)
        headers = {name: response.headers[name] for name in ("etag", "last-modified", "vary")}
        # Weak: the same file may be sent compressed or not.
        headers["etag"] = f"W/{headers['etag']}"
        return Response(body, 200, {**headers, "Content-Encoding": way}, response.media_type)


def _way(accepted: str) -> str | None:
    """Choose the compression that a client takes: br, gzip or none; one with a weight of 0 is refused."""
    offered = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        offered[name.strip()] = not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight)
    ways = ["br"] if pa.Codec.is_available("brotli") else []
    return next((way for way in (*ways, "gzip") if offered.get(way)), None)


def _pack(file: Path, way: str) -> bytes:
    data = file.read_bytes()
    if way == "gzip":
        return gzip.compress(data, _GZIP, mtime=0)
    packed: bytes = pa.Codec("brotli", compression_level=_BROTLI).compress(data, asbytes=True)
    return packed
