"""The live map in a browser: Debian's Chromium, driven through playwright, against a real server.

A page costs seconds of CPU where the graphics are drawn by software: MapLibre is compiled, and so are its shaders. So
tests share one where they can: `visit` gives the page of the visit before at another link, as long as all that a link
does not say (what is unfolded, which dialogs are open) is as it was in the beginning.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from chromium import Glass, driving, launched
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

WAIT = 30_000
SIZE = (1100, 700)


# One for each file, not for all of them: threads of the driver would keep imports of other tests from forking.
@pytest.fixture(scope="module")
def driver():
    with driving() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def browser(driver):
    with launched(driver) as chromium:
        yield chromium
        _forget(chromium)


@pytest.fixture(scope="module")
def plain_browser(driver):
    """A browser without WebGL. Its pages take less than half the time: enough where a test is not about the map."""
    with launched(driver, webgl=False) as chromium:
        yield chromium
        _forget(chromium)


_lasting: set[str] = set()
"""Addresses of servers that more than one test asks."""
_shared: dict[tuple[str, object, str], Visit] = {}
"""Pages that were left as they were, the last ones, by address, browser and options."""


@contextmanager
def served(path: Path, prefix: str = "", lasting: bool = False, **options):
    """A server in a thread, the map mounted under a prefix of another app if there is one; yields its address.

    Pages of a `lasting` one are shared by tests.
    """
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from heatlas.server.app import create_app

    app = create_app(path, **options)
    if prefix:
        app = Starlette(routes=[Mount(prefix, app)])
    link = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [link]}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{link.getsockname()[1]}{prefix}/"
    try:
        with share_pages(url) if lasting else nullcontext():
            yield url
    finally:
        server.should_exit = True
        thread.join(10)
        link.close()


def _forget(browser) -> None:
    """Forget the pages of a browser that is closed."""
    for key in [key for key in _shared if key[1] is browser]:
        del _shared[key]


@contextmanager
def share_pages(url: str):
    """Let tests share pages of a server."""
    _lasting.add(url)
    try:
        yield
    finally:
        _lasting.discard(url)
        for key in [key for key in _shared if key[0] == url]:
            _shared.pop(key).context.close()


# What a link does not say. A page that differs in it from what it was is not shared.
_FURNITURE = """() => [
    document.querySelectorAll("dialog[open], details[open], .folded, [popover]:popover-open").length,
    ...[...document.body.classList].filter((name) => !["stale", "asking", "points"].includes(name)).sort(),
    ...["panel", "who", "list", "scatter", "finder", "facet", "import", "notes", "connection", "welcome"]
        .filter((id) => document.getElementById(id)?.checkVisibility({ opacityProperty: true })),
].join()"""
# 200 ms without anything that is awaited: longer than the page waits for more to come before it asks.
_CALM = """async () => {
    const calm = () => document.body.classList.contains("ready") && !document.body.classList.contains("stale")
        && document.getElementById("busy").hidden;
    const begun = performance.now();
    for (let since = begun; performance.now() - since < 220; ) {
        await new Promise((done) => setTimeout(done, 20));
        if (!calm()) since = performance.now();
        if (performance.now() - begun > 30000) throw new Error("the map does not come to rest");
    }
}"""


class Visit:
    """A page, and all that went wrong or away while it was open."""

    def __init__(self, browser, url: str, size=SIZE, scheme="dark", **options) -> None:
        width, height = size
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", **options
        )
        self.page = self.context.new_page()
        self.glass = Glass(self.page, scheme)
        self.glass.show(False)
        self.troubles: list[str] = []
        self.away: list[str] = []
        self.asked: set = set()
        """Requests without an answer."""
        self.page.on("console", lambda said: said.type == "error" and self.troubles.append(said.text))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on("requestfinished", lambda request: self.asked.discard(request))
        self.page.on("requestfailed", lambda request: self.asked.discard(request))
        self._go(url)

    def _go(self, url: str) -> None:
        self.page.goto(url)
        self.settle()
        self.furniture = self.page.evaluate(_FURNITURE)

    def _asked(self, request) -> None:
        self.asked.add(request)
        if urlsplit(request.url).scheme not in {"data", "blob"} and urlsplit(request.url).hostname != "127.0.0.1":
            self.away.append(request.url)

    def again(self, url: str) -> bool:
        """Bring the page to another link; False where it is no longer the page that it was."""
        page, (address, _, said) = self.page, url.partition("#")
        if page.url.partition("#")[0] != address or page.evaluate(_FURNITURE) != self.furniture:
            return False
        if "measure=" not in said:  # what is counted stays where a link does not say it
            said += f"&measure={page.eval_on_selector('#measure option', 'one => one.value')}"
        self._leave()
        page.evaluate(
            """(said) => {
                document.activeElement.blur();
                location.hash = said;
            }""",
            said,
        )
        self.settle()
        return True

    def anew(self, url: str) -> None:
        """Load the page at a link as if nobody had been there; what it consists of is not fetched again."""
        self._leave()
        self.page.goto("about:blank")
        self.asked.clear()
        self.troubles, self.away = [], []
        self._go(url)

    def read_notes(self) -> None:
        """Close what says that there is no WebGL: it covers some of the map, in colours of heat."""
        self.page.evaluate("document.querySelector('#notes button')?.click()")
        self.furniture = self.page.evaluate(_FURNITURE)

    def _leave(self) -> None:
        self.troubles, self.away = [], []
        self.page.unroute_all(behavior="ignoreErrors")
        self.page.evaluate("[localStorage, sessionStorage].forEach((kept) => kept.clear())")

    def settle(self) -> None:
        """Wait until the page is there and the heat drawn."""
        self.page.wait_for_selector("body.ready", timeout=WAIT)
        until = time.monotonic() + WAIT / 1000
        self.page.evaluate(_CALM)
        while self.asked and time.monotonic() < until:
            self.page.evaluate(_CALM)

    def shot(self) -> np.ndarray:
        """Pixels of the page, (height, width, 3)."""
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"), np.int16)

    def heat(self) -> np.ndarray:
        """Which pixels of the map glow; panels are left out."""
        shot = self.shot()
        glows = (shot[..., 0] > 110) & (shot[..., 0] - shot[..., 2] > 60)
        glows[-140:] = glows[:, :350] = glows[:, -80:] = False
        return glows

    def where(self, lat: float, lon: float) -> tuple[int, int]:
        """Pixel of a place."""
        x, y = self.page.evaluate(
            "async (at) => { const m = (await import('./static/maps.js')).main().project(at); return [m.x, m.y]; }",
            [lon, lat],
        )
        return round(x), round(y)

    def scrub(self, thousandths: int) -> None:
        """Drag the head of the time slider."""
        self.page.evaluate(
            """(to) => {
                const head = document.getElementById("scrub");
                head.value = to;
                head.dispatchEvent(new Event("input"));
            }""",
            str(thousandths),
        )

    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.page.url).fragment)

    def check(self, may: tuple[str, ...] = ()) -> None:
        """Nothing went wrong but what `may`, and nothing away."""
        troubles = [said for said in self.troubles if not any(words in said for words in may)]
        assert not troubles, troubles
        assert not self.away, self.away

    def close(self) -> None:
        self.context.close()
        self.check()


@contextmanager
def visit(browser, url, fresh=False, may=(), **options):
    """A page at a link: loaded `fresh`, or as a test before has left it if it can be; `may` is what may go wrong."""
    address, _, said = url.partition("#")
    key = address, browser, repr(sorted(options.items()))
    seen = _shared.pop(key, None)
    try:
        if not seen:
            seen = Visit(browser, url, **options)
            seen.read_notes()
        elif fresh or "map=" not in said or not seen.again(url):
            seen.anew(url)
            seen.read_notes()
        yield seen
        seen.check(may)
    except BaseException:
        if seen:
            seen.context.close()
        raise
    if address not in _lasting:
        return seen.context.close()
    _shared[key] = seen
    if len(_shared) > 2:
        _shared.pop(next(iter(_shared))).context.close()


def until(call) -> None:
    """Wait until a call gives something; the page's policy forbids what playwright does for this."""
    ending = time.monotonic() + WAIT / 1000
    while not call():
        assert time.monotonic() < ending
        time.sleep(0.1)


def violations(page) -> list[str]:
    """What axe finds that keeps people from using a page."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


def near(heat: np.ndarray, place: tuple[int, int]) -> bool:
    x, y = place
    return bool(heat[y - 4 : y + 5, x - 4 : x + 5].any())


DROP = """(files) => {
    const data = new DataTransfer();
    for (const [name, text] of files) data.items.add(new File([text], name));
    for (const kind of ["dragenter", "drop"])
        dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""
