"""The difference of a mean between two choices, as one asks for it on the live page."""

from __future__ import annotations

import numpy as np
import pytest
from browsing import WAIT, Visit, served, visit
from compared import LAT, LON
from library_made import made
from test_differences import years
from test_page_metrics import until

from heatlas.library.file.settings import Settings

PLACE = f"#map=15,{LAT},{LON + 0.0027}"
GEAR = "Road / 'gravel'; 50 %"
YEARS = "diff(pace; year = 2019; year = 2020)"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("difference") / "made.db"
    tracks = [*years(20, gear=GEAR), *years(40, gear="Spikes")[20:]]
    made(path, tracks, group=50, settings=Settings(zooms=(10, 16))).close()
    return path


@pytest.fixture(scope="module")
def address(path, driver):  # only where there is a browser
    with served(path, lasting=True) as url:
        yield url


def measure(seen) -> str:
    return seen.query()["measure"][0]


def slower(seen) -> int:
    """Pixels of the map in the colours of what is above 0."""
    from io import BytesIO

    from PIL import Image

    shot = np.asarray(Image.open(BytesIO(seen.page.screenshot())).convert("RGB"), np.int16)[100:-160, 350:-90]
    return int((shot[..., 0] - shot[..., 2] > 60).sum())


def words(seen, side: str) -> str:
    return seen.page.eval_on_selector(f"#side-{side}", "one => one.selectedOptions[0].textContent")


def test_two_years_are_compared_and_a_link_restores_them(browser, plain_browser, address):
    with visit(browser, f"{address}{PLACE}&measure=passes") as seen:
        page = seen.page
        assert not page.is_visible("#relation")
        page.select_option("#measure", "pace")
        assert not page.is_visible("#difference")
        page.select_option("#relation", "diff")
        seen.settle()
        # The two years with the most activities, the later less the earlier.
        assert measure(seen) == YEARS
        assert (words(seen, "second"), words(seen, "first")) == ("2020", "2019")
        assert not page.is_visible("#other")
        assert "What changed between two choices" in page.inner_text("#measure-about")
        until(page, "document.getElementById('legend').textContent.includes('Mean pace: 2020 less 2019')")
        assert "opaque where |t| > 2" in page.inner_text("#legend")
        assert slower(seen) > 50
        page.click("#difference-swap")
        seen.settle()
        assert measure(seen) == "diff(pace; year = 2020; year = 2019)"
        assert slower(seen) == 0
        # Another measure keeps the sides; one that has none drops them.
        page.select_option("#measure", "heart_rate")
        assert measure(seen) == "diff(heart_rate; year = 2020; year = 2019)"
        page.select_option("#measure", "bearing")
        assert measure(seen) == "bearing"
        assert not page.is_visible("#against-field")
        link = f"{address}{PLACE}&measure={YEARS.replace(' ', '%20')}"
    with visit(plain_browser, link, fresh=True) as seen:
        assert seen.page.input_value("#measure") == "pace"
        assert seen.page.input_value("#relation") == "diff"
        assert (words(seen, "second"), words(seen, "first")) == ("2020", "2019")
        assert slower(seen) > 50


def test_gear_with_any_letters_and_all_others(plain_browser, address):
    with visit(plain_browser, f"{address}{PLACE}&measure={YEARS.replace(' ', '%20')}&theme=light") as seen:
        page = seen.page
        quoted = "gear = '{}'".format(GEAR.replace("'", "''"))
        page.select_option("#side-second", label=GEAR)
        page.select_option("#side-first", label="All others")
        seen.settle()
        assert measure(seen) == f"diff(pace; others; {quoted})"
        until(page, "document.getElementById('legend').textContent.includes('50 %')")
        assert page.input_value("#relation") == "diff"
        # All others follow the side that they are the rest of.
        page.select_option("#side-second", label="Spikes")
        assert measure(seen) == "diff(pace; others; gear = 'Spikes')"
        assert words(seen, "first") == "All others"
        until(page, "document.getElementById('legend').textContent.includes('Mean pace: Spikes less all others')")
        assert "All others" not in page.inner_text("#side-second")
        page.click("#difference-swap")
        assert measure(seen) == "diff(pace; gear = 'Spikes'; others)"
        assert words(seen, "second") == "All others"


def test_what_the_filters_choose_against_all_others(plain_browser, address):
    with visit(plain_browser, f"{address}{PLACE}&measure={YEARS.replace(' ', '%20')}") as seen:
        page = seen.page
        assert not page.is_visible("#difference-chosen")
        page.click("#spans button:nth-child(2)")
        page.click("#difference-chosen")
        seen.settle()
        text = "start >= DATE('2020-01-01')"
        assert measure(seen) == f"diff(pace; others; {text})"
        assert "after" not in seen.query()
        assert (words(seen, "second"), words(seen, "first")) == ("Own filter…", "All others")
        assert page.input_value("#side-second-text") == text
        assert slower(seen) > 50
        page.go_back()
        until(page, "document.getElementById('side-second').selectedOptions[0].textContent === '2020'")
        assert "after" in seen.query()


def test_filters_of_ones_own_are_tried_before_they_are_taken(plain_browser, address):
    link = f"{address}{PLACE}&measure={YEARS.replace(' ', '%20')}"
    seen = Visit(plain_browser, link)
    seen.read_notes()
    page = seen.page
    page.select_option("#side-first", "own")
    assert page.input_value("#side-first-text") == "year = 2019"
    for wrong, said in (
        ("distance >", "distance >"),
        ("yeer = 1", "did you mean year"),
        ("year = 1999", "no activity"),
    ):
        page.fill("#side-first-text", wrong)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"#difference-error:has-text('{said}')", timeout=WAIT)
        assert measure(seen) == YEARS
    page.fill("#side-first-text", "year = 2019 AND name <> 'a;b'")
    page.keyboard.press("Enter")
    until(page, "location.hash.includes('a%3Bb')")
    assert page.inner_text("#difference-error") == ""
    assert measure(seen) == "diff(pace; year = 2019 AND name <> 'a;b'; year = 2020)"
    seen.settle()
    assert slower(seen) > 50
    seen.context.close()  # what is refused the browser says too


def test_a_public_map_compares_whole_groups(plain_browser, path):
    with served(path, public=True) as url, visit(plain_browser, f"{url}{PLACE}&measure=pace") as seen:
        relations = seen.page.eval_on_selector_all("#relation option", "all => all.map((one) => one.value)")
        assert relations == ["", "diff"]
        seen.page.select_option("#relation", "diff")
        seen.settle()
        assert measure(seen) == YEARS
        assert "Gear" not in seen.page.inner_text("#side-second")
        assert slower(seen) > 50
