"""Budgets of the live page, measured in Chromium against a real server: exits with 1 when one is missed.

    python benchmarks/live_page.py LIBRARY [--json] [--pans 500]

=====================  ==========================================================================================
first view             bytes on the wire until the heat is seen, without streets: at most 900 kB
filter changes         tile requests for 20 filter changes, 120 ms apart: at most 60, or 12 more than the view has
                       tiles, where these are more than 48
long tasks             the longest task of the main thread while panning, ms: at most 200; of it on the processor, ms:
                       at most 50
heap                   JavaScript heap after so many pans, each collected before: at most 25 % above that after 50
list                   ms until the list of activities is sorted, on its next page and searched; MB that it leaves
=====================  ==========================================================================================

Times depend on the machine: with software rendering, as in a container, and beside other programs, tasks wait for the
graphics and for a processor. Milliseconds on the processor are what the page itself works. Bytes and requests do not
depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, CDPSession, Page

FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
BUDGETS = {
    "first_view_kb": 900, "tiles_of_20_filters": 60, "longest_task_ms": 200, "longest_task_cpu_ms": 50,
    "heap_growth": 1.25,
}  # fmt: skip
_TRACED = ["toplevel", "devtools.timeline"]
_WAIT = 120_000
_SPORTS_AND_SPANS = """(k) => {
    const all = document.querySelectorAll('#sports [data-sport], #spans .chip');
    const chips = [...all].filter((one) => one.offsetParent);
    chips[k % chips.length].click();
}"""


@contextmanager
def served(path: str) -> Iterator[str]:
    """Serve a library on a free port; gives its address."""
    import uvicorn

    from heatlas.server import create_app

    link = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(path), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [link]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{link.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(10)


class Wire:
    """Bytes that came over the wire, by address, and the requests of tiles."""

    def __init__(self, session: CDPSession) -> None:
        self.bytes: dict[str, float] = {}
        self.tiles: list[str] = []
        self._named: dict[str, str] = {}
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)

    def _sent(self, event: dict[str, Any]) -> None:
        self._named[event["requestId"]] = event["request"]["url"]
        if "/tiles/" in event["request"]["url"]:
            self.tiles.append(event["request"]["url"])

    def _finished(self, event: dict[str, Any]) -> None:
        name = self._named.get(event["requestId"], "?").partition("?")[0]
        self.bytes[name] = self.bytes.get(name, 0) + event["encodedDataLength"]

    @property
    def kilobytes(self) -> float:
        """All bytes, headers included."""
        return sum(self.bytes.values()) / 1e3


def settle(page: Page) -> None:
    """Wait until the heat that was asked for is seen."""
    page.wait_for_selector("body.ready", timeout=_WAIT)
    page.wait_for_timeout(500)
    page.wait_for_selector("#busy", state="hidden", timeout=_WAIT)
    page.wait_for_timeout(500)


def workers_bytes(wire: Wire, page: Page) -> float:
    """Kilobytes of MapLibre's worker, whose own requests a page's session may not see."""
    if any("maplibre-gl-worker" in name for name in wire.bytes):
        return 0.0
    size = page.evaluate(
        """() => performance.getEntriesByType('resource').filter((one) => one.name.includes('worker'))
              .reduce((sum, one) => sum + one.transferSize, 0)"""
    )
    return float(size) / 1e3


def first_view(page: Page, wire: Wire, address: str) -> float:
    """Kilobytes until the heat of the first view is seen."""
    page.goto(address)
    settle(page)
    return wire.kilobytes + workers_bytes(wire, page)


def filter_changes(page: Page, wire: Wire, changes: int = 20) -> int:
    """Requests of tiles for quick changes of the filter."""
    before = len(wire.tiles)
    for k in range(changes):
        page.evaluate(_SPORTS_AND_SPANS, k)
        page.wait_for_timeout(120)
    settle(page)
    return len(wire.tiles) - before


def pan(page: Page, times: int) -> None:
    """Drag the map to and fro."""
    size = page.viewport_size
    assert size is not None
    x, y = size["width"] * 0.6, size["height"] * 0.4
    for k in range(times):
        away = 160 if k % 2 else -160
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + away, y + away / 3, steps=4)
        page.mouse.up()


def jump(page: Page, times: int) -> None:
    """Move the map to and fro without dragging it: each move is drawn, and asks for tiles."""
    page.evaluate(
        """async (times) => {
            const map = (await import('./static/maps.js')).main();
            for (let k = 0; k < times; k += 1) {
                map.panBy(k % 2 ? [-230, 90] : [230, -90], { duration: 0 });
                await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 20)));
            }
        }""",
        times,
    )


def longest_task(browser: Browser, page: Page) -> tuple[float, float]:
    """Milliseconds of the longest task of the main thread while the map is dragged, and of the one that works most."""
    browser.start_tracing(page=page, categories=_TRACED)
    pan(page, 20)
    settle(page)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    threads: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for event in events:
        if event.get("ph") == "X" and event["name"].endswith("RunTask"):
            threads.setdefault((event["pid"], event["tid"]), []).append(event)
    mains = {
        (one["pid"], one["tid"])
        for one in events
        if one["name"] == "thread_name" and one["args"]["name"] == "CrRendererMain"
    }
    tasks = max((threads[thread] for thread in mains & threads.keys()), key=len)
    return tuple(max(task.get(name, 0) for task in tasks) / 1e3 for name in ("dur", "tdur"))  # type: ignore[return-value]


def list_of_activities(page: Page, session: CDPSession) -> dict[str, Any]:
    """Milliseconds of what one does in the list of the whole map, and the megabytes that it adds to the heap."""

    def took(act: Callable[[], object], changes: str) -> int:
        before, started = page.inner_text(changes), time.perf_counter()
        act()
        while page.inner_text(changes) == before:
            page.wait_for_timeout(10)
        return round(1e3 * (time.perf_counter() - started))

    begun = heap(session)
    page.click("#list-open")
    page.uncheck("#list-view")
    page.wait_for_selector("#list-rows tr", timeout=_WAIT)
    settle(page)
    found = {
        "sorted": took(lambda: page.click("#list-head >> text=Distance"), "#list-rows"),
        "next": took(lambda: page.click("#list-on"), "#list-page"),
        "searched": took(lambda: page.fill("#list-search", "a"), "#list-count"),
    }
    said = page.inner_text("#list-count")
    page.click("#list-close")
    settle(page)
    return {"list_ms": found, "list_heap_mb": round(heap(session) - begun, 1), "list_of": said}


def heap(session: CDPSession) -> float:
    """Megabytes of JavaScript that is in use, after collecting."""
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    metrics = session.send("Runtime.getHeapUsage")
    return float(metrics["usedSize"]) / 1e6


def say(words: str) -> None:
    """Say how far it is."""
    print(words, file=sys.stderr, flush=True)


def measure(library: str, chromium: str, pans: int) -> dict[str, Any]:
    """Measure all budgets."""
    with served(library) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        session = page.context.new_cdp_session(page)
        wire = Wire(session)
        found: dict[str, Any] = {"first_view_kb": round(first_view(page, wire, address), 1)}
        say(f"first view: {found['first_view_kb']} kB")
        largest = sorted(wire.bytes.items(), key=lambda pair: -pair[1])[:8]
        found["largest_kb"] = {name.removeprefix(address): round(size / 1e3, 1) for name, size in largest}
        page.select_option("#tone", index=1, force=True)
        before = len(wire.tiles)
        settle(page)
        found["tiles_of_view"] = len(wire.tiles) - before
        found["tiles_of_20_filters"] = filter_changes(page, wire)
        say(f"tiles of 20 changes: {found['tiles_of_20_filters']}, of a view: {found['tiles_of_view']}")
        page.click("#reset")
        settle(page)
        found["longest_task_ms"], found["longest_task_cpu_ms"] = map(round, longest_task(browser, page))
        say(f"longest task: {found['longest_task_ms']} ms, on the processor {found['longest_task_cpu_ms']} ms")
        if page.is_visible("#list-open"):
            found |= list_of_activities(page, session)
        if pans:
            jump(page, 50)
            settle(page)
            begun = heap(session)
            jump(page, pans)
            settle(page)
            ended = heap(session)
            found |= {"heap_mb": [round(begun, 1), round(ended, 1)], "heap_growth": round(ended / begun, 3)}
        browser.close()
    return found


def main() -> int:
    """Measure, print, and compare with the budgets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("--chromium", default=os.environ.get("HEATLAS_CHROMIUM") or shutil.which("chromium"))
    parser.add_argument("--pans", type=int, default=500, help="for the heap; 0 leaves it out")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.library, asked.chromium, asked.pans)
    budgets = {**BUDGETS, "tiles_of_20_filters": max(BUDGETS["tiles_of_20_filters"], found["tiles_of_view"] + 12)}
    missed = [name for name, most in budgets.items() if name in found and found[name] > most]
    if asked.json:
        print(json.dumps({**found, "missed": missed}))
    else:
        for name, value in found.items():
            most = f"  (at most {budgets[name]})" if name in budgets else ""
            print(f"{name}: {value}{most}{'  MISSED' if name in missed else ''}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
