"""The main ways through the maps in Firefox: those of Chromium are tested beside."""

from __future__ import annotations

import json
import os

import pytest
from browsing import near, until
from firefox import WAIT, Firefox, lacking
from page_library import HOME, MIDDLE, RIDE, RUN, made_library, two_years
from street_tiles import write_town
from test_page_alive import Server

import heatlas


@pytest.fixture(scope="module")
def firefox():
    if lacking():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lacking())
    one = Firefox()
    yield one
    one.close()


@pytest.fixture(scope="module")
def server(firefox, tmp_path_factory):
    one = Server(made_library(tmp_path_factory.mktemp("firefox") / "made.db", two_years()))
    one.start()
    yield one
    one.stop()


def settle(firefox) -> None:
    firefox.wait("document.body.classList.contains('ready')")
    firefox.wait("document.getElementById('busy').hidden && !document.body.classList.contains('stale')")
    firefox.run("await new Promise((done) => setTimeout(done, 700))")


def heat(firefox):
    """Which pixels of the map glow; panels are left out."""
    shot = firefox.shot()
    glows = (shot[..., 0] > 110) & (shot[..., 0] - shot[..., 2] > 60)
    glows[-140:] = glows[:, :350] = glows[:, -80:] = False
    return glows


def where(firefox, lat: float, lon: float) -> tuple[int, int]:
    x, y = firefox.run(
        f"const at = (await import('./static/maps.js')).main().project([{lon}, {lat}]); return [at.x, at.y];"
    )
    return round(x), round(y)


def press(firefox, selector: str) -> None:
    firefox.run(f"document.querySelector({selector!r}).click()")


def test_the_live_map(firefox, server):
    firefox.open(server.url + MIDDLE)
    settle(firefox)
    assert firefox.run("return (await import('./static/maps.js')).main().flat ?? false") is False  # with WebGL
    seen = heat(firefox)
    assert near(seen, where(firefox, *RUN))
    assert near(seen, where(firefox, *RIDE))
    assert not near(seen, where(firefox, HOME[0] + 0.005, RUN[1]))
    firefox.click(*where(firefox, *RIDE))
    firefox.wait("!document.getElementById('who').hidden", 4 * WAIT)  # kernels may have to be compiled first
    assert "5 activities passed here" in firefox.text("#who")
    firefox.press("Escape")
    firefox.wait("document.getElementById('who').hidden")
    press(firefox, "[data-sport=Ride]")
    firefox.wait("document.getElementById('legend').innerText.includes('5 in view')")
    settle(firefox)
    seen = heat(firefox)
    assert near(seen, where(firefox, *RIDE))
    assert not near(seen, where(firefox, *RUN))
    press(firefox, "#compare")
    firefox.wait("document.querySelectorAll('.map canvas').length > 1")
    settle(firefox)
    assert firefox.seen("#divider")
    press(firefox, "#compare")
    press(firefox, "#reset")
    settle(firefox)
    assert firefox.troubles() == []
    assert firefox.away() == []


def test_a_restart_of_the_server(firefox, server):
    firefox.open(server.url + MIDDLE)
    settle(firefox)
    server.stop()
    try:
        press(firefox, "[data-sport=Run]")
        firefox.wait("document.getElementById('connection').innerText.includes('Reconnecting')")
        firefox.wait("document.body.classList.contains('stale')")
        assert "13 in view" in firefox.text("#legend")
    finally:
        server.start()
    firefox.wait("document.getElementById('connection').hidden")
    firefox.wait("document.getElementById('legend').innerText.includes('8 in view')")
    settle(firefox)
    seen = heat(firefox)
    assert near(seen, where(firefox, *RUN))
    assert not near(seen, where(firefox, *RIDE))


def test_a_page_in_one_file_opens_from_disk(firefox, server, tmp_path):
    town = write_town(tmp_path / "town.pmtiles", 47.805, 10.91, zooms=(8, 12))
    heatlas.render(server.path, output=tmp_path / "page.html", zoom="8-13", layers="sport", basemap=str(town))
    firefox.open((tmp_path / "page.html").as_uri() + "#map=12.00,47.80500,10.91000")
    settle(firefox)
    assert firefox.run("return document.querySelector('.maplibregl-map') !== null")  # with WebGL
    whole = heat(firefox).sum()
    firefox.run("[...document.querySelectorAll('#layers input')].at(-1).click()")
    settle(firefox)
    assert 0 < heat(firefox).sum() < whole
    press(firefox, "#base")
    settle(firefox)
    bare = firefox.shot()
    press(firefox, "#base")  # streets again, whenever they are drawn
    until(lambda: 0.02 < (abs(bare - firefox.shot()).max(axis=2)[:540, 360:-90] > 6).mean() < 0.7)
    assert firefox.troubles() == []
    assert firefox.away() == []


def test_a_folder_of_tiles_opens_from_disk(firefox, server, tmp_path):
    heatlas.render(server.path, output=tmp_path / "tiles", zoom="8-13")
    firefox.open((tmp_path / "tiles" / "index.html").as_uri() + "#11/47.805/10.91")
    firefox.wait("document.querySelector('.plain-zooms')")
    firefox.wait("document.getElementById('legend').checkVisibility()")
    firefox.run("await new Promise((done) => setTimeout(done, 1500))")
    assert heat(firefox).any()
    assert "Opened from disk" in firefox.text(".plain-words")
    assert not firefox.seen("#trouble")
    assert firefox.away() == []


USE = """
const key = (one) => `${one.tagName.toLowerCase()}#${one.id}.${one.className} ` +
  (one.getAttribute("aria-label") ?? one.textContent ?? "").trim().slice(0, 40);
const shown = [...document.querySelectorAll("button, select, input, summary")].filter((one) =>
  one.checkVisibility() && !one.disabled && one.type !== "file" && !one.matches(SKIPPED) &&
  one.textContent !== "Show streets" && !TRIED.includes(key(one)));
// What lies in an open dialog comes first: it covers the rest.
const one = shown.find((each) => each.closest("dialog[open]")) ?? shown[0];
if (!one) return null;
const said = key(one);
const change = () => ["input", "change"].forEach((name) => one.dispatchEvent(new Event(name, { bubbles: true })));
if (one.tagName === "SELECT") {
  one.selectedIndex = (one.selectedIndex + 1) % one.options.length;
  change();
} else if (one.type === "range" || one.type === "number") {
  one.stepUp();
  change();
} else if (one.tagName === "INPUT" && !["checkbox", "radio", "submit", "button"].includes(one.type)) {
  one.value = one.type === "date" ? "2024-03-01" : one.id.includes("where") ? "distance > 1 km" : "Run";
  change();
} else one.click();
await new Promise((done) => setTimeout(done, 40));
return said;
"""
SKIPPED = "#share-make, [data-make], .make, [download], #full, #base, #base-url, #base-credit"
"""Controls that have the server draw for long, take the whole screen, or ask another host for streets."""


@pytest.mark.parametrize(("size", "least"), [((1100, 700), 90), ((390, 844), 60)], ids=["desktop", "phone"])
def test_every_control_can_be_used(firefox, server, size, least):
    """Each control that is shown, and each that another one brings up, once: nothing goes wrong, and nothing away."""
    firefox.resize(*size)
    tried, troubles = [], []
    try:
        with firefox.without_webgl():
            for _ in range(5):  # what one control hides is shown again by a new page
                firefox.open(server.url + MIDDLE)
                settle(firefox)
                before = len(tried)
                use_all(firefox, tried)
                troubles += firefox.troubles() + firefox.away()
                if len(tried) == before:
                    break
        assert troubles == [], troubles[:5]
        assert len(tried) > least, tried
    finally:
        firefox.run("localStorage.clear()")
        firefox.resize(1100, 700)


def use_all(firefox, tried: list[str]) -> None:
    """Use what is shown and was not tried, until nothing is left."""
    if not firefox.seen("#measure"):
        press(firefox, "#fold")
    for _ in range(200):
        one = firefox.run(USE.replace("SKIPPED", json.dumps(SKIPPED)).replace("TRIED", json.dumps(tried)))
        if one is not None:
            tried.append(one)
        elif firefox.run("return document.querySelector('dialog[open]') !== null"):
            firefox.press("Escape")
        else:
            return
