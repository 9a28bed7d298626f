"""Servers that tests start for themselves."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager

import anyio
import httpx2
import numpy as np
from library_made import walks
from starlette.testclient import TestClient

from heatlas.core.mercator import from_lonlat
from heatlas.server import create_app

PLACE = (47.8, 10.9)


def named(count=12, seed=1, **place):
    """Walks with names, gear and distances that must not be told to everybody."""
    from dataclasses import replace

    tracks = walks(seed, count, **place)
    return [
        replace(
            track,
            activities=(
                replace(
                    track.activities[0], name=f"Secret errand {k}", gear=f"Hidden shoes {k % 2}", id=f"id-{seed}-{k}",
                    distance=1000.0 * (k + 1), private=k % 2 == 0, device=f"Watch {k}", extra={"weather": f"rain {k}"},
                ),
            ),
        )
        for k, track in enumerate(tracks)
    ]  # fmt: skip


def tile_of(zoom, lat=PLACE[0], lon=PLACE[1]):
    u, v = from_lonlat(lon, lat)
    return int(u * 2**zoom), int(v * 2**zoom)


class _AtOnce(httpx2.BaseTransport):
    """Has a request answered in one go; Starlette's own hands each message of it from thread to thread and back.

    What it is not made for is left to Starlette's: websockets, and bodies that are sent while they are made.
    """

    def __init__(self, web: TestClient) -> None:
        self._web, self._usual = web, web._transport
        self._app = httpx2.ASGITransport(web.app, client=("testclient", 50000))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.scheme.startswith("ws") or not isinstance(request.stream, httpx2.AsyncByteStream):
            return self._usual.handle_request(request)
        # A client that was entered has a loop, in which its server lives; any other has a loop for each request.
        status, headers, body = (self._web.portal.call if self._web.portal else anyio.run)(self._answer, request)
        return httpx2.Response(status, headers=headers, stream=httpx2.ByteStream(body))

    async def _answer(self, request: httpx2.Request) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        answer = await self._app.handle_async_request(request)
        return answer.status_code, answer.headers.raw, b"".join([part async for part in answer.stream])


def client(path, **options):
    web = TestClient(create_app(path, **options), base_url="http://127.0.0.1", follow_redirects=False)
    web._transport = _AtOnce(web)
    return web


def values(client, address):
    import io

    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return np.load(io.BytesIO(answer.content))


def pixels(data):
    import io

    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


@contextmanager
def running(path, **options):
    """A real server on a free port; gives its address."""
    import uvicorn

    app = create_app(path, **options)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        try:
            assert server.started
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
