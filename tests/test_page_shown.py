"""How pages look and read: pictures in both themes at three sizes for whoever looks at them, and axe on each state."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from browsing import WAIT, near, served, until, violations, visit
from chromium import Glass
from page_library import MIDDLE, RUN, made_library, two_years
from published import opened
from test_page_alive import hosted

import heatlas

SIZES = ((1440, 900), (1024, 768), (390, 844))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return made_library(tmp_path_factory.mktemp("shown") / "made.db", two_years())


@pytest.fixture(scope="module")
def address(path, driver):  # only where there is a browser
    with served(path, lasting=True) as url:
        yield url


@pytest.fixture(scope="module")
def pictures() -> Path | None:
    """Where pictures are put: CI keeps them, and elsewhere nobody looks."""
    if not os.environ.get("CI"):
        return None
    folder = Path(__file__).parents[1] / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def looked_at(page, glass: Glass, pictures: Path | None, name: str) -> None:
    """Keep a picture as most people see it, and have axe look at it without what shines through."""
    if pictures:
        glass.show(True)
        page.screenshot(path=pictures / f"{name}.png")
        glass.show(False)
    assert violations(page) == [], name


def test_the_live_map_in_both_themes_at_three_sizes(browser, address, pictures):
    with visit(browser, address + MIDDLE, size=SIZES[0]) as seen:
        page = seen.page
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            if width < 700 and "panel-folded" not in page.get_attribute("body", "class"):
                page.click("#fold")
            for theme in ("dark", "light"):
                page.evaluate("(said) => (location.hash = said)", f"{MIDDLE}&measure=passes&theme={theme}")
                seen.settle()
                until(lambda: page.evaluate("innerWidth") == width)  # noqa: B023 - called at once
                looked_at(page, seen.glass, pictures, f"live-{width}x{height}-{theme}")
                if width < 700:
                    assert page.evaluate("document.documentElement.scrollWidth") == width
        page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
        page.click("#fold")
        assert near(seen.heat(), seen.where(*RUN))


def test_what_one_opens_on_the_live_map(browser, address, pictures):
    """By the keyboard alone: the finder, the style, a share dialog, a year; each is left by Escape."""
    with visit(browser, address + MIDDLE, size=SIZES[0]) as seen:
        page = seen.page
        page.select_option("#speed", "4")  # of the year that is played
        page.set_viewport_size({"width": SIZES[1][0], "height": SIZES[1][1]})

        def press(selector: str, *keys: str) -> None:
            page.focus(selector)
            for key in keys:
                page.keyboard.press(key)

        for theme in ("dark", "light"):
            page.evaluate("(said) => (location.hash = said)", f"{MIDDLE}&measure=passes&theme={theme}")
            seen.settle()
            press("#find-open", "Enter")
            page.keyboard.type("elev")
            page.wait_for_selector("#found [aria-selected=true]", timeout=WAIT)
            looked_at(page, seen.glass, pictures, f"finder-{theme}")
            page.keyboard.press("Escape")
            if theme == "dark":
                press("#more summary", "Enter")
                press("#jump summary", "Enter")
            looked_at(page, seen.glass, pictures, f"panel-{theme}")
            press("#share", "Enter")
            until(lambda: "activities begin or end around" in page.inner_text("#files-home"))
            looked_at(page, seen.glass, pictures, f"share-{theme}")
            page.keyboard.press("Escape")
            if theme == "light":
                break  # a year is played, which takes seconds, and has the same colours
            press("#present-open", "Enter")
            until(lambda: "activities" in page.inner_text("#present-numbers"))
            seen.settle()
            looked_at(page, seen.glass, pictures, f"year-{theme}")
            page.keyboard.press("Escape")
            assert page.evaluate("document.activeElement.id") == "present-open"


def test_published_pages(browser, path, pictures, tmp_path):
    heatlas.render(path, output=tmp_path / "page.html", zoom="8-11", layers="sport", explorer=14)
    heatlas.render(path, output=tmp_path / "tiles", zoom="8-11", explorer=14)
    with opened(browser, tmp_path / "page.html", "#map=11.00,47.80500,10.91000") as seen:
        for theme in ("dark", "light"):
            with seen.at(f"#map=11.00,47.80500,10.91000&theme={theme}"):
                assert seen.page.get_attribute("html", "data-theme") == theme
                looked_at(seen.page, seen.glass, pictures, f"one-file-{theme}")
    with hosted(tmp_path) as url:
        for theme in ("dark", "light"):
            page = browser.new_page(viewport={"width": 900, "height": 600}, color_scheme=theme)
            glass = Glass(page, theme)
            page.goto(url + "tiles/#11/47.805/10.91")
            page.wait_for_selector("#explorer-line:not([hidden])", timeout=WAIT)
            page.wait_for_timeout(700)
            looked_at(page, glass, pictures, f"folder-{theme}")
            page.close()
