"""Explorer tiles on the live page and on published pages, in a browser."""

from __future__ import annotations

import io

import numpy as np
import pytest
from browsing import WAIT, served, visit
from page_library import FIRST, HOME, gpx, made_library, two_years
from PIL import Image

import heatlas

MIDDLE = f"#map=13,{HOME[0] + 0.005},{HOME[1] + 0.013}"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    north = gpx("Ride 9", "cycling", FIRST + 500 * 86400, HOME[0] + 0.02, HOME[1])
    return made_library(tmp_path_factory.mktemp("explorer") / "made.db", {**two_years(), "b9.gpx": north})


@pytest.fixture(scope="module")
def address(path, driver):
    with served(path, lasting=True) as url:
        yield url


def blue(seen) -> np.ndarray:
    """Where the map is tinted by tiles, or framed."""
    shot = np.asarray(Image.open(io.BytesIO(seen.page.screenshot())).convert("RGB"), np.int16)
    tinted = shot[..., 2] - shot[..., 0] > 25
    tinted[-140:] = tinted[:, :350] = tinted[:, -80:] = False
    return tinted


def numbers(seen, without="…") -> str:
    seen.page.wait_for_function(
        "before => !['', '…', before].includes(document.getElementById('explorer-numbers').textContent)",
        arg=without, timeout=WAIT,
    )  # fmt: skip
    seen.page.wait_for_timeout(800)
    return seen.page.text_content("#explorer-numbers")


def said(report) -> str:
    return f"{report['total']} tiles · square {report['square']['size']} × {report['square']['size']}"


@pytest.mark.parametrize(("scheme", "kind"), [("dark", "browser"), ("light", "plain_browser")])
def test_tiles_are_drawn_counted_and_part_of_the_link(request, address, path, scheme, kind):
    with visit(request.getfixturevalue(kind), address + MIDDLE, scheme=scheme) as seen:
        before = blue(seen).mean()
        assert seen.page.text_content("#explorer-numbers") == ""
        seen.page.select_option("#explorer", "17")
        text = numbers(seen)
        assert text.startswith(said(heatlas.explore(path, zoom=17)))
        assert text.endswith("(whole tracks)")
        assert blue(seen).mean() > before + 0.01
        assert seen.query()["explorer"] == ["17"]
        seen.page.select_option("#explorer", "14")
        assert numbers(seen, text).startswith(said(heatlas.explore(path, zoom=14)))
        seen.page.wait_for_timeout(1300)  # else it is one step for "back"
        seen.page.select_option("#explorer", "")
        seen.page.wait_for_timeout(500)
        assert "explorer" not in seen.query()
        assert abs(blue(seen).mean() - before) < 0.002
        seen.page.go_back()
        assert numbers(seen).startswith(said(heatlas.explore(path, zoom=14)))


def test_tiles_follow_the_filter_and_the_theme(plain_browser, address, path):
    with visit(plain_browser, f"{address}{MIDDLE}&explorer=17") as seen:
        everything = numbers(seen)
        seen.page.click("[data-sport=Ride]")
        assert numbers(seen, everything).startswith(said(heatlas.explore(path, zoom=17, sport="Ride")))
        seen.page.click("#theme")
        seen.settle()
        assert blue(seen).mean() > 0.01
        seen.page.click("#reset")
        seen.settle()
        assert seen.page.text_content("#explorer-numbers") == ""


def test_two_maps_have_tiles_of_their_own(plain_browser, address, path):
    with visit(plain_browser, f"{address}{MIDDLE}&explorer=17&sport=Run&b.sport=Ride&split=0.5") as seen:
        left = numbers(seen)
        assert left.startswith(said(heatlas.explore(path, zoom=17, sport="Run")))
        seen.page.click("#sides button:nth-child(2)")
        assert numbers(seen, left).startswith(said(heatlas.explore(path, zoom=17, sport="Ride")))


def test_a_phone_shows_them_too_and_odd_links_do_no_harm(plain_browser, address):
    with visit(plain_browser, f"{address}{MIDDLE}&explorer=17", size=(390, 780)) as seen:
        assert "tiles" in numbers(seen)
        seen.page.click("#fold")
        seen.page.wait_for_timeout(400)
        seen.page.locator("#explorer").scroll_into_view_if_needed()
        box = seen.page.locator("#explorer").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    with visit(plain_browser, f"{address}{MIDDLE}&explorer=<b>99", fresh=True) as seen:
        assert seen.page.input_value("#explorer") == ""


def test_a_public_map_says_what_it_counts(plain_browser, path):
    with served(path, public=True) as url, visit(plain_browser, f"{url}{MIDDLE}&explorer=17") as seen:
        assert numbers(seen).endswith("(what is shown)")
