"""The live map speaks of what is in view, and makes files of it: in Chromium, against a real server."""

from __future__ import annotations

import io

import pytest
from browsing import SIZE, served, visit
from page_library import HOME, made_library, two_years
from PIL import Image

ALL = f"#map=12.6,{HOME[0] + 0.005},{HOME[1] + 0.01}"
RIDES = f"#map=16,{HOME[0] + 0.01},{HOME[1] + 0.013}"


@pytest.fixture(scope="module")
def address(tmp_path_factory, driver):
    with served(made_library(tmp_path_factory.mktemp("view") / "made.db", two_years()), lasting=True) as url:
        yield url


def said(page, name, words):
    """Wait until an element says something."""
    page.wait_for_function(f"document.getElementById({name!r}).innerText.includes({words!r})")


def test_legend_timeline_and_player_speak_of_what_is_in_view(plain_browser, address):
    with visit(plain_browser, address + ALL, bypass_csp=True) as seen:
        page = seen.page
        said(page, "legend-count", "13 in view")
        said(page, "time-count", "13 activities in view")
        page.select_option("#measure", "pace")
        said(page, "legend-ticks", "2 sports are mixed here, 62 % are Run.")
        page.click("[data-act=only-sport]")
        said(page, "legend-count", "8 in view")
        assert seen.query()["sport"] == ["Run"]
        page.click("#reset")
        page.evaluate("(hash) => { location.hash = hash; }", RIDES)
        said(page, "legend-count", "5 in view")
        said(page, "time-count", "5 activities in view")
        page.click("#play")
        page.wait_for_function("!document.getElementById('time-label').textContent.includes('–')")
        first = page.inner_text("#time-label")
        assert first.endswith("2025"), f"it begins with the first ride, not with the first run: {first}"
        page.click("#play")


def test_colours_fit_the_view_or_everything(plain_browser, address):
    with visit(plain_browser, address + ALL + "&measure=elevation", bypass_csp=True) as seen:
        page = seen.page
        page.select_option("#measure", "passes")
        said(page, "legend-ticks", "Fit colours to this view")
        ticks = page.eval_on_selector_all("#legend-ticks .ticks span", "all => all.map(one => one.style.left)")
        assert ticks[-1] == "100%", "the top has its number"
        page.click("[data-act=fit-view]")
        said(page, "legend-ticks", "Colours fit this view.")
        tone = seen.query()["tone"][0]
        assert tone.startswith("log:1:")
        page.click("#zoom-in")
        said(page, "legend-ticks", "Colours fit another view.")
        assert seen.query()["tone"] == [tone], "colours stay while one moves"
        page.keyboard.press("Shift+Tab")
        page.focus("[data-act=fit-all]")
        page.keyboard.press("Enter")
        page.wait_for_function("!location.hash.includes('tone')")
        page.click("[data-act=fit-view]")
        said(page, "legend-ticks", "Colours fit this view.")
        page.select_option("#measure", "activities")
        page.wait_for_function("!location.hash.includes('fit')")


def test_comparing_gives_back_what_was_there(plain_browser, address):
    with visit(plain_browser, address + ALL + "&sport=Run&after=2024-01-10", bypass_csp=True) as seen:
        page = seen.page
        page.click("#compare")
        seen.settle()
        page.wait_for_function("location.hash.includes('b.sport')")
        said(page, "legend-count", " | ")
        page.click("#compare")
        page.click("#zoom-in")
        page.wait_for_function("!location.hash.includes('split')")
        assert (seen.query()["sport"], seen.query()["after"]) == (["Run"], ["2024-01-10"])
        assert "before" not in seen.query()


def test_a_file_is_made_of_the_view_and_saved(plain_browser, address):
    with visit(plain_browser, address + ALL, bypass_csp=True) as seen:
        page = seen.page
        page.click("#share")
        said(page, "files-home", "activities begin or end around")
        assert page.is_visible("#share-alone")
        page.fill("#files-title", "My year")
        page.select_option("#files-size", "story")
        with page.expect_download(timeout=60_000) as coming:
            page.click("#files-begin")
        coming.value.save_as(path := coming.value.path().with_suffix(".png"))
        with Image.open(path) as picture:
            assert abs(picture.height / picture.width - 16 / 9) < 0.01
        assert coming.value.suggested_filename == "heatlas-passes.png"
        page.focus("[data-kind=picture]")
        page.keyboard.press("ArrowRight")
        assert not page.is_visible("#files-title-field")
        page.click("#files-begin")
        page.wait_for_selector("#files-jobs .quiet")
        page.click("#files-jobs .quiet")
        page.wait_for_selector("#files-jobs .quiet", state="detached")
        assert page.inner_text("#files-error") == ""


def test_a_public_map_makes_no_files_and_counts_no_parts(plain_browser, tmp_path):
    path = made_library(tmp_path / "public.db", two_years())
    with served(path, public=True) as url, visit(plain_browser, url + ALL, bypass_csp=True) as seen:
        page = seen.page
        said(page, "legend-count", "13 activities")
        assert "Fit colours" not in page.inner_text("#legend")
        page.click("#share")
        assert page.is_visible("#files-public")
        assert not page.is_visible("#files-form")
        assert Image.open(io.BytesIO(page.screenshot())).width == SIZE[0]


def test_measures_relations_and_layers_are_found_by_words(plain_browser, address):
    with visit(plain_browser, address + ALL, bypass_csp=True) as seen:
        page = seen.page
        page.click("#find-open")
        page.keyboard.type("pace")
        page.wait_for_selector("#found [aria-selected=true]")
        assert page.inner_text("#found [aria-selected=true] strong") == "Mean pace", "not what begins with it"
        page.fill("#find", "")
        page.keyboard.type("elevation pace correl")
        page.wait_for_selector("#found [aria-selected=true]")
        assert page.inner_text("#found [aria-selected=true] strong") == "Correlation of pace and elevation"
        page.keyboard.press("Enter")
        page.wait_for_function("location.hash.includes('corr(pace')")
        assert not page.is_visible("#finder")
        assert (page.input_value("#relation"), page.input_value("#other")) == ("corr", "elevation")
        page.click("#find-open")
        assert page.inner_text("#found .group >> nth=0") == "Recently used"
        page.keyboard.type("explorer 14")
        page.keyboard.press("Enter")  # before the list is that of the words
        page.wait_for_function("location.hash.includes('explorer=14')")
        page.click("#find-open")
        page.keyboard.type("nothing of the kind")
        said(page, "find-said", "Nothing has these words")
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.id") == "find-open"
        assert "Movement" in page.eval_on_selector_all("#other optgroup", "all => all.map((one) => one.label)")


def test_a_year_is_presented_and_all_is_as_before(plain_browser, address):
    with visit(plain_browser, address + ALL + "&sport=Run", bypass_csp=True) as seen:
        page = seen.page
        page.select_option("#speed", "4")
        page.click("#present-open")
        said(page, "present-numbers", "activities")
        assert page.inner_text("#present-title") == "2024", "the last year with a run"
        assert not page.is_visible("#panel")
        said(page, "present-last", "The longest: Run")
        assert "8 activities" in page.inner_text("#present-numbers")
        page.keyboard.press("Escape")
        assert page.is_visible("#panel")
        assert "before" not in seen.query()
        assert page.evaluate("document.activeElement.id") == "present-open"
