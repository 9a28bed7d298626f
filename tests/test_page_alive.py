"""Maps when things go wrong: a server that restarts, tiles that are slow or fail, no WebGL, odd files."""

from __future__ import annotations

import io
import socket
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from browsing import SIZE, WAIT, Visit, near, share_pages, visit
from page_library import FIRST, HOME, MIDDLE, RIDE, RUN, gpx, made_library, two_years
from PIL import Image


class Server:
    """A live map at one port, which can go and come back."""

    def __init__(self, path, **options) -> None:
        self.path, self.options = path, options
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        import uvicorn

        from heatlas.server.app import create_app

        link = socket.create_server(("127.0.0.1", self.port))
        self.server = uvicorn.Server(
            uvicorn.Config(create_app(self.path, **self.options), log_level="error", timeout_graceful_shutdown=1)
        )
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [link]}, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(15)


@pytest.fixture(scope="module")
def server(tmp_path_factory, driver):
    one = Server(made_library(tmp_path_factory.mktemp("alive") / "made.db", two_years()))
    one.start()
    with share_pages(one.url):
        yield one
    one.stop()


def troubled(browser, url):
    """A page on which requests may fail; nothing else may go wrong."""
    return visit(browser, url, may=("Failed to load resource",), size=(960, 600))


def test_a_restart_of_the_server_heals_by_itself(browser, server):
    with troubled(browser, server.url + MIDDLE) as seen:
        page = seen.page
        before = seen.heat()
        server.stop()
        try:
            page.click("[data-sport=Ride]")
            page.wait_for_selector("#connection:has-text('Reconnecting')", timeout=WAIT)
            page.wait_for_selector("body.stale", timeout=WAIT)
            page.wait_for_timeout(2500)
            assert "13 in view" in page.inner_text("#legend")  # what is drawn stays, with its numbers
            assert "does not answer" not in page.inner_text("#legend")
            page.evaluate("async () => (await import('./static/maps.js')).main().panBy([60, 0], { duration: 0 })")
            page.wait_for_timeout(500)
            page.evaluate("async () => (await import('./static/maps.js')).main().panBy([-60, 0], { duration: 0 })")
        finally:
            server.start()
        page.wait_for_selector("#connection", state="hidden", timeout=WAIT)
        page.wait_for_selector("#legend:has-text('5 in view')", timeout=WAIT)
        seen.settle()
        heat = seen.heat()
        assert near(before, seen.where(*RUN))
        assert near(heat, seen.where(*RIDE))
        assert not near(heat, seen.where(*RUN))
        assert not page.evaluate("document.body.classList.contains('stale')")


def test_a_page_that_opens_before_the_server_waits_for_the_library(plain_browser, server):
    context = plain_browser.new_context()
    page = context.new_page()
    page.route("**/api/library.json", lambda route: route.abort())
    page.goto(server.url)
    page.wait_for_selector("#connection:has-text('Reconnecting')", timeout=WAIT)
    page.unroute("**/api/library.json")
    page.wait_for_selector("body.ready", timeout=WAIT)
    context.close()


def test_slow_tiles_dim_what_is_old_and_the_legend_waits_for_them(browser, server):
    from playwright.sync_api import Error

    with troubled(browser, server.url + MIDDLE) as seen:
        page = seen.page
        bright = seen.heat().sum()
        held, given_up = [], []
        page.on("requestfailed", lambda request: "/tiles/" in request.url and given_up.append(request.url))
        page.route("**/tiles/**", lambda route: held.append(route))  # tiles that take until the test lets them go
        page.click("[data-sport=Ride]")
        page.wait_for_selector("body.stale", timeout=WAIT)
        assert page.is_visible("#busy")
        assert "13 in view" in page.inner_text("#legend")
        page.click("[data-sport=Run]")  # rides and runs: what was asked before is given up
        page.click("[data-sport=Ride]")
        page.wait_for_timeout(400)
        assert "13 in view" in page.inner_text("#legend")
        page.unroute("**/tiles/**")
        for route in held:
            with suppress(Error):  # given up meanwhile
                route.continue_()
        page.wait_for_selector("#legend:has-text('8 in view')", timeout=WAIT)
        assert not page.evaluate("document.body.classList.contains('stale')")
        seen.settle()
        heat = seen.heat()
        assert near(heat, seen.where(*RUN))
        assert not near(heat, seen.where(*RIDE))
        assert bright > heat.sum() > 0
        assert given_up


def test_tiles_that_fail_are_asked_for_again_and_are_not_taken_for_empty(browser, server):
    with troubled(browser, server.url + MIDDLE) as seen:
        page = seen.page
        tries: dict[str, int] = {}

        def answer(route) -> None:
            name = route.request.url.split("?")[0]
            tries[name] = tries.get(name, 0) + 1
            route.fulfill(status=500, body="") if tries[name] < 3 else route.continue_()

        page.route("**/tiles/**", answer)
        page.click("[data-sport=Ride]")
        page.wait_for_timeout(400)
        assert "13 in view" in page.inner_text("#legend")
        page.wait_for_selector("#legend:has-text('5 in view')", timeout=WAIT)
        seen.settle()
        assert near(seen.heat(), seen.where(*RIDE))
        assert sorted(tries.values())[-4:] == [3] * 4  # and none more often; one may have left the view meanwhile
        page.unroute("**/tiles/**")
        # One tile of many that fails for long: the others are shown, and it is said that one is missing.
        broken = []

        def mostly(route) -> None:
            if not broken or route.request.url.split("?")[0] == broken[0]:
                broken[:] = [route.request.url.split("?")[0]]
                route.fulfill(status=500, body="")
            else:
                route.continue_()

        page.route("**/tiles/**", mostly)
        page.click("[data-sport=Run]")
        page.wait_for_selector("#missing:has-text('1 tile missing')", timeout=WAIT)
        assert "13 in view" in page.inner_text("#legend")
        page.unroute("**/tiles/**")
        page.wait_for_selector("#missing", state="hidden", timeout=WAIT)


def test_quick_changes_ask_for_few_tiles(browser, server):
    with troubled(browser, server.url + MIDDLE) as seen:
        page = seen.page
        asked = []
        page.on("request", lambda request: "/tiles/" in request.url and asked.append(request.url))
        page.evaluate("""async () => {
            const { setFilter } = await import("./static/state.js");
            for (let k = 0; k < 20; k += 1) {
                setFilter({ where: `distance > ${k}` });
                await new Promise((done) => setTimeout(done, 60));
            }
        }""")
        seen.settle()
        assert len(asked) <= 60
        assert np.any(["distance" in url for url in asked])


def test_without_webgl_the_live_map_is_plain_and_works(plain_browser, server):
    seen = Visit(plain_browser, server.url + MIDDLE, size=(1200, 800))
    page = seen.page
    assert "no WebGL 2" in page.inner_text("#notes")
    page.click("#notes button")
    assert near(seen.heat(), seen.where(*RUN))
    assert near(seen.heat(), seen.where(*RIDE))
    page.mouse.click(*seen.where(*RIDE))
    page.wait_for_selector("#who", timeout=2 * WAIT)
    assert "5 activities passed here" in page.inner_text("#who")
    page.keyboard.press("Escape")
    page.click("[data-sport=Run]")
    page.wait_for_selector("#legend:has-text('8 in view')", timeout=WAIT)
    assert not near(seen.heat(), seen.where(*RIDE))
    # Moved by keys, a drag, the wheel and buttons.
    page.focus("#map-a canvas")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("-")
    page.mouse.move(700, 300)
    page.mouse.down()
    page.mouse.move(760, 340, steps=3)
    page.mouse.up()
    page.mouse.wheel(0, -300)
    page.click("#zoom-in")
    seen.settle()
    zoom, lat, lng = map(float, seen.query()["map"][0].split(","))
    assert zoom == pytest.approx(13.6, abs=0.01)
    assert lat > 47.806
    assert lng == pytest.approx(10.9145, abs=5e-4)  # west by the drag, east by the wheel, which keeps what is under it
    page.click("#zoom-out")
    page.click("#zoom-out")
    seen.settle()
    assert near(seen.heat(), seen.where(*RUN))
    with page.expect_download() as loading:
        page.click("#picture")
    with Image.open(loading.value.path()) as picture:
        assert picture.size == (1200, 800)
    page.click("#compare")
    seen.settle()
    assert page.is_visible("#divider")
    seen.close()


def test_without_webgl_published_pages_are_plain_and_work(plain_browser, server, tmp_path):
    import heatlas

    heatlas.render(server.path, output=tmp_path / "page.html", zoom="8-13")
    heatlas.render(server.path, output=tmp_path / "tiles", zoom="8-13")
    with hosted(tmp_path) as url:
        seen = Visit(plain_browser, (tmp_path / "page.html").as_uri() + "#map=12.00,47.80500,10.91000", offline=True)
        assert "no WebGL 2" in seen.page.inner_text("#notes")
        assert seen.heat().any()
        seen.page.click("#zoom-out")
        seen.settle()
        assert seen.heat().any()
        seen.context.close()
        assert seen.troubles == []
        assert all(url.startswith("file:") for url in seen.away)
        context = plain_browser.new_context(viewport={"width": 900, "height": 700}, color_scheme="dark")
        page = context.new_page()
        page.goto(url + "tiles/#11/47.805/10.91")
        page.wait_for_selector(".plain-zooms", timeout=WAIT)
        page.wait_for_timeout(1500)
        shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"), np.int16)
        assert ((shot[..., 0] > 110) & (shot[..., 0] - shot[..., 2] > 60))[:500, 300:].any()
        page.click(".plain-zooms button >> nth=0")
        assert page.url.endswith("#12.00/47.80500/10.91000")
        # From disk, where nothing can be fetched.
        page.goto((tmp_path / "tiles" / "index.html").as_uri() + "#11/47.805/10.91")
        page.wait_for_selector(".plain-words:has-text('Opened from disk')", timeout=WAIT)
        page.wait_for_timeout(1500)
        shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"), np.int16)
        assert ((shot[..., 0] > 110) & (shot[..., 0] - shot[..., 2] > 60))[:500, 300:].any()
        assert not page.is_visible("#trouble")
        assert "At this zoom" in page.inner_text("#legend")
        context.close()


@contextmanager
def hosted(folder):
    """A plain server of files."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    files = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=files.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{files.server_port}/"
    files.shutdown()
    files.server_close()


DROP = """(files) => {
    const data = new DataTransfer();
    for (const [name, text] of files) data.items.add(new File([text], name));
    for (const kind of ["dragenter", "drop"])
        dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""
TABLE = "town,latitude,longitude,beds\n" + "".join(f"t{k},{47.8 + k / 500},{10.9 + k / 400},{k}\n" for k in range(12))


def covered(page, one: str) -> list[str]:
    """What an element covers of the page's other parts."""
    return page.evaluate(
        """(one) => {
            const box = (id) => document.getElementById(id).getBoundingClientRect();
            const mine = box(one);
            return ["timeline", "legend", "tools", "who", "controls", "welcome"].filter((id) => {
                const other = box(id);
                return other.width && mine.left < other.right - 1 && mine.right > other.left + 1
                    && mine.top < other.bottom - 1 && mine.bottom > other.top + 1;
            });
        }""",
        one,
    )


@pytest.mark.parametrize("size", [SIZE, (390, 844)])
def test_a_drop_makes_the_library_and_says_what_failed_where_it_covers_nothing(plain_browser, tmp_path, size):
    from heatlas.library.file.opening import open_library

    open_library(tmp_path / "empty.db", create=True).close()
    (tmp_path / "here").mkdir()
    one = Server(tmp_path / "empty.db", makes=tmp_path / "here" / "heatlas.db")
    one.start()
    seen = Visit(plain_browser, one.url, size=size)
    page = seen.page
    assert page.is_visible("#welcome")
    assert "here/heatlas.db" in page.inner_text("#makes")
    # Slow answers, so that one can see how far it is.
    page.route("**/api/import", lambda route: (time.sleep(0.25), route.continue_()))
    texts = page.evaluate_handle(
        """() => {
            const seen = [];
            new MutationObserver(() => seen.push(document.getElementById("import-text").textContent))
                .observe(document.getElementById("import-text"), { childList: true });
            return seen;
        }"""
    )
    files = [[f"{k}.gpx", gpx(f"Run {k}", "running", FIRST + k * 86400, *HOME).decode()] for k in range(3)]
    page.evaluate(DROP, [*files, ["note.txt", "hello"], ["cut.gpx", "<gpx><trk>"]])
    page.wait_for_selector("#import-close:not([hidden])", timeout=2 * WAIT)
    assert any("(2 of 5)" in text for text in texts.json_value())
    assert page.inner_text("#import-text") == "3 activities added. 1 file could not be read. 1 warning"
    faults = page.inner_text("#import-faults")
    assert "note.txt: plain text, not a recording" in faults
    assert "cut.gpx: cut off" in faults
    page.wait_for_selector("#welcome", state="hidden", timeout=WAIT)
    seen.settle()
    assert covered(page, "import") == []
    assert (tmp_path / "here" / "heatlas.db").exists()
    page.click("#import-close")
    assert not page.is_visible("#import")
    seen.close()
    one.stop()


def test_a_table_of_points_is_asked_what_weighs(plain_browser, tmp_path):
    one = Server(made_library(tmp_path / "made.db", {}))
    one.start()
    seen = Visit(plain_browser, one.url)
    page = seen.page
    page.evaluate(DROP, [["clinics.csv", TABLE]])
    page.wait_for_selector("#table-dialog[open]", timeout=WAIT)
    assert page.inner_text("#table-title") == "Points of clinics.csv"
    offered = page.eval_on_selector_all("#table-weight option", "all => all.map((one) => one.textContent)")
    assert offered == ["Nothing: each row counts 1", "beds (0 to 11)"]
    assert (page.input_value("#table-lat"), page.input_value("#table-lon")) == ("latitude", "longitude")
    page.select_option("#table-lat", "town")  # a mistake is told, and asked again
    page.click("#table-yes")
    page.wait_for_selector("#table-error:not(:empty)", timeout=WAIT)
    page.select_option("#table-lat", "latitude")
    page.select_option("#table-weight", "beds")
    page.click("#table-yes")
    page.wait_for_selector("#legend-title:has-text('Clinics: sum of beds')", timeout=WAIT)
    assert page.inner_text("#summary") == "12 points"
    page.evaluate(DROP, [["clinics.csv", TABLE]])
    page.wait_for_selector("#table-dialog[open]", timeout=WAIT)
    page.click("#table-no")
    page.wait_for_selector("#toast:has-text('was left out')", timeout=WAIT)
    seen.context.close()
    assert [said for said in seen.troubles if "400" not in said] == []
    one.stop()
