"""The live page's pickers, rings and scatter panel, and rings on published pages, in a browser."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import WAIT, served, visit
from page_library import HOME, MIDDLE, made_library, two_years
from published import opened

from heatlas.options import RenderOptions, ViewportOptions
from heatlas.publish.layers import publish_html


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return made_library(tmp_path_factory.mktemp("metrics") / "made.db", two_years())


@pytest.fixture(scope="module")
def address(path, driver):  # only where there is a browser
    with served(path, lasting=True) as url:
        yield url


def until(page, condition: str) -> None:
    """Wait for a condition; the page's policy forbids what playwright does for this."""
    for _ in range(WAIT // 50):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(condition)


def test_one_metric_is_set_against_another_and_a_link_restores_it(plain_browser, address):
    with visit(plain_browser, address + MIDDLE + "&measure=passes") as seen:
        page = seen.page
        groups = page.eval_on_selector_all("#measure optgroup", "all => all.map(one => one.label)")
        assert groups == ["Visits", "Movement", "Terrain", "Time", "Direction"]
        assert page.inner_text("#measure-about") == "How often a place was passed."
        assert not page.is_visible("#relation")
        page.select_option("#measure", "pace")
        assert page.is_visible("#relation")
        assert not page.is_visible("#other")
        page.select_option("#relation", "slope")
        assert seen.query()["measure"] == ["slope(pace~speed)"]
        page.select_option("#other", "grade")
        assert seen.query()["measure"] == ["slope(pace~grade)"]
        assert "changes with the other" in page.inner_text("#measure-about")
        page.wait_for_timeout(1500)  # a step of the history ends
        page.select_option("#relation", "")
        assert seen.query()["measure"] == ["pace"]
        page.go_back()
        until(page, "document.getElementById('relation').value === 'slope'")
        assert (page.input_value("#measure"), page.input_value("#other")) == ("pace", "grade")
        page.select_option("#measure", "bearing")
        assert not page.is_visible("#relation")


def test_the_legend_says_once_what_a_measure_leaves_out(plain_browser, address):
    rides = "Makes sense of runs and walks alone: 5 activities of other sports are left out (5 Ride)."
    notes = "[...document.querySelectorAll('.legend-note')].map((one) => one.textContent)"
    notes = f"{notes}.filter((one) => !one.startsWith('paler'))"
    with visit(plain_browser, address + MIDDLE + "&measure=flat_pace") as seen:
        assert seen.page.evaluate(notes) == [rides]
        seen.page.click("[data-sport=Run]")
        until(seen.page, f"{notes}.length === 0")
        seen.page.select_option("#measure", "passes")
        assert seen.page.evaluate(notes) == []
    with visit(plain_browser, address + MIDDLE + "&measure=flat_pace&split=0.5") as seen:
        assert seen.page.evaluate(notes) == [rides]
    with visit(plain_browser, address + MIDDLE + "&measure=flat_pace&sport=Run&split=0.5") as seen:
        assert seen.page.evaluate(notes) == [f"Right: {rides}"]


RING = """(box) => ({
    said: box.getAttribute("aria-label"),
    wheel: getComputedStyle(box.firstElementChild).backgroundImage.slice(0, 14),
    labels: [...box.querySelectorAll("span + span")].map((one) => {
        const [at, whole] = [one.getBoundingClientRect(), box.getBoundingClientRect()];
        const x = (at.left + at.right - whole.left - whole.right) / 2;
        const y = (at.top + at.bottom - whole.top - whole.bottom) / 2;
        return [one.textContent, Math.abs(x) > Math.abs(y) ? (x > 0 ? "right" : "left") : y > 0 ? "below" : "above"];
    }),
})"""
COMPASS = [["N", "above"], ["E", "right"], ["S", "below"], ["W", "left"]]


def test_what_goes_round_has_a_ring(plain_browser, address):
    with visit(plain_browser, address + MIDDLE + "&measure=bearing") as seen:
        ring = seen.page.eval_on_selector("#legend-bar", RING)
        assert (ring["wheel"], ring["labels"]) == ("conic-gradient", COMPASS)
        assert ring["said"].startswith("Direction of travel, clockwise from the top: N, E")
        assert "paler = more mixed" in seen.page.inner_text("#legend")
        seen.page.select_option("#measure", "pace")
        until(seen.page, "!document.getElementById('legend-bar').children.length")
        assert "paler = more mixed" not in seen.page.inner_text("#legend")


def test_a_published_page_has_the_ring_too(plain_browser, path, tmp_path):
    page = tmp_path / "map.html"
    publish_html(path, page, RenderOptions(measure="bearing", frame=ViewportOptions(zoom="11-12")))
    with opened(plain_browser, page) as seen:
        ring = seen.page.eval_on_selector("#legend-bar", RING)
        assert (ring["wheel"], ring["labels"]) == ("conic-gradient", COMPASS)
        assert "paler = more mixed" in seen.page.inner_text("#legend")


def test_cells_of_a_square_choose_what_is_shown(plain_browser, address):
    with visit(plain_browser, address + MIDDLE + "&measure=both(pace,elevation)&theme=light") as seen:
        page = seen.page
        until(page, "document.querySelectorAll('#legend-bar button').length === 9")
        assert page.inner_text("#legend-title") == "Pace and elevation"
        assert "Elevation, m" in page.inner_text("#legend-bar")
        asked = []
        page.on("request", lambda one: "classes=" in one.url and asked.append(one.url))
        page.locator("#legend-bar button").nth(2).click()  # the upper right: class 8
        until(page, "document.querySelector('#legend-bar button[aria-pressed=true]')")
        assert seen.query()["classes"] == ["8"]
        seen.settle()
        assert any("/tiles/" in url and "classes=8" in url for url in asked)
        page.locator("#legend-bar button").nth(6).click()
        until(page, "document.querySelectorAll('#legend-bar button[aria-pressed=true]').length === 2")
        assert seen.query()["classes"] == ["0,8"]
        page.select_option("#relation", "")
        until(page, "!document.querySelector('#legend-bar button')")
        assert "leave" not in page.inner_text("#legend")


def test_two_maps_of_two_metrics_share_their_thirds(plain_browser, address):
    link = f"{address}{MIDDLE}&measure=both(pace,elevation)&sport=Run&b.sport=Ride&split=0.5"
    tones = {}

    def note(request):
        asked = parse_qs(urlsplit(request.url).query)
        if "/tiles/" in request.url:
            tones.setdefault(asked["sport"][0], set()).update(asked.get("tone", [""]))

    with visit(plain_browser, f"{address}{MIDDLE}&measure=pace") as seen:
        seen.page.on("request", note)
        assert seen.again(link)
        until(seen.page, "document.querySelectorAll('#legend-bar button').length === 9")
        assert "halfway between the thirds of each" in seen.page.inner_text("#legend")
        assert tones["Run"] == tones["Ride"]
        (tone,) = tones["Run"]
        assert re.fullmatch(r"[\d.]+:[\d.]+,[\d.]+:[\d.]+", tone)
        # One map has thirds of its own again.
        tones.clear()
        seen.page.click("#compare")
        seen.settle()
        assert tones == {"Run": {""}}
        assert "halfway" not in seen.page.inner_text("#legend")


def test_the_scatter_and_the_map_follow_each_other(plain_browser, address):
    with visit(plain_browser, address + MIDDLE + "&measure=pace", size=(1400, 900)) as seen:
        page = seen.page
        shares = []
        page.on("request", lambda one: "share(" in one.url and shares.append(one.url))
        page.click("#scatter-open")
        until(page, "document.getElementById('scatter-count').textContent.includes('13 activities')")
        assert (page.input_value("#scatter-x"), page.input_value("#scatter-y")) == ("pace", "grade")
        page.select_option("#scatter-y", "elevation")
        page.wait_for_selector("#scatter-y-name:has-text('Elevation')")
        box = page.locator("#scatter-plot").bounding_box()
        x, y = box["x"], box["y"]
        page.mouse.move(x + 5, y + 5)
        page.mouse.down()
        page.mouse.move(x + box["width"] - 5, y + box["height"] - 5, steps=3)
        page.mouse.up()
        until(page, "location.hash.includes('brush=')")
        assert page.is_visible("#scatter-brush")
        page.wait_for_selector("#legend-title:has-text('Brushed passes, %')", timeout=WAIT)
        seen.settle()
        assert shares
        whole = page.inner_text("#scatter-count")
        # A box on the map, drawn with Shift, narrows the histogram and asks nobody who passed.
        left, top = seen.where(HOME[0] + 0.004, HOME[1] - 0.003)
        right, bottom = seen.where(HOME[0] - 0.003, HOME[1] + 0.008)
        page.keyboard.down("Shift")
        page.mouse.move(left, top)
        page.mouse.down()
        page.mouse.move(right, bottom, steps=3)
        page.mouse.up()
        page.keyboard.up("Shift")
        until(page, "document.getElementById('scatter-count').textContent.includes('8 activities')")
        assert page.inner_text("#scatter-count") != whole
        assert "box" in seen.query()
        assert not page.is_visible("#who")
        page.click("#scatter-clear")
        assert not {"box", "brush"} & seen.query().keys()
        page.click("#scatter-close")
        assert not page.is_visible("#scatter")
        page.wait_for_selector("#legend-title:has-text('Mean pace')", timeout=WAIT)
