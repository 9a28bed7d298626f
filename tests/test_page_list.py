"""Single activities on the live page: who passed, the list of the view, and filters as chips."""

from __future__ import annotations

import io
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from browsing import WAIT, served, until, violations, visit
from library_made import made
from PIL import Image
from test_single_activities import LAT, LON, line

VIEW = f"#map=13.2,{LAT + 0.006},{LON + 0.012}"
LOOP = ((0, 0), (1500, 0), (1500, 900))
LONG = ((0, 0), (0, 1200), (2600, 1200))
SIGNAL = (127, 231, 255)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """60 runs round a corner and 6 rides on a longer way, each ten days after the other."""
    tracks = []
    for k in range(66):
        ride = k % 11 == 10
        track = line(
            *(LONG if ride else LOOP), noise=3, seed=k, k=10 * k, sport="Ride" if ride else "Run", name=f"Tour {k}"
        )
        activity = replace(
            track.activities[0], id=str(50_000_000 + k), gear="" if ride else f"Shoes {k % 2}", commute=ride,
            distance=3800.0 if ride else 2400.0 + 5 * k, moving_time=900.0 + 10 * k, elapsed_time=1000.0 + 10 * k,
            source=f"export_1/activities/{k}.gpx", told=("name",),
        )  # fmt: skip
        n = track.fixes
        columns = {
            "elevation": np.linspace(600, 640, n).astype(np.float32),
            "heart_rate": np.linspace(120, 160, n).astype(np.float32),
        }
        tracks.append(replace(track, activities=(activity,), columns=columns))
    path = tmp_path_factory.mktemp("list") / "made.db"
    made(path, tracks, group=66).close()
    return path


@pytest.fixture(scope="module")
def address(path, driver):  # only where there is a browser
    with served(path, lasting=True) as url:
        yield url


def signal(seen) -> int:
    """Pixels in the colour of a route that is lit."""
    shot = np.asarray(Image.open(io.BytesIO(seen.page.screenshot())).convert("RGB"), np.int16)[20:-160, 350:820]
    return int((np.abs(shot - SIGNAL).max(axis=-1) < 40).sum())


def where(seen) -> str:
    # Asked of the page: the driver learns of a new address only while it waits for something.
    return parse_qs(urlsplit(seen.page.evaluate("location.href")).fragment).get("where", [""])[0]


def listed(page) -> list[str]:
    return page.locator("#list .activity").all_inner_texts()


def shows(page, words: str) -> None:
    until(lambda: page.inner_text("#list-count").startswith(words))


def test_who_passed_is_lit_opened_and_filtered(browser, address):
    with visit(browser, address + VIEW) as seen:
        page = seen.page
        assert signal(seen) < 20
        page.mouse.click(*seen.where(LAT + 0.0108, LON + 0.02))
        page.wait_for_selector("#who .activity", timeout=WAIT)
        assert page.inner_text("#who-title") == "6 activities passed here"
        first = page.inner_text("#who li:first-child .activity").splitlines()
        assert first[0] == "Tour 65"
        assert first[2] == "Ride · 3.8 km · 26 min"
        assert first[-1].startswith("Here: ")
        page.keyboard.press("Tab")  # from the title to the button that closes
        page.keyboard.press("Tab")
        until(lambda: signal(seen) > 300)
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.innerText").startswith("Tour 54")
        page.keyboard.press("Enter")
        page.wait_for_selector("#who .series svg", timeout=WAIT)
        said = page.inner_text("#who li:nth-child(2) .activity-more")
        assert "600 m – 640 m" in said
        assert "120 bpm – 160 bpm" in said
        assert "km/h" in said  # a ride has a speed
        assert "Speed" in said
        assert "Pace" not in said
        link = page.locator("#who a.chip").first
        assert link.get_attribute("href") == "https://www.strava.com/activities/50000054"
        page.mouse.move(600, 700)
        page.wait_for_timeout(300)
        assert signal(seen) > 300  # what is open stays lit
        page.locator("#who .series").first.hover()
        page.wait_for_timeout(100)
        assert " m at " in page.locator("#who .series").first.inner_text()
        page.click("#who >> text=Without this one")
        page.wait_for_selector("#who", state="hidden")
        seen.settle()
        assert where(seen) == "id NOT IN ('50000054')"
        assert signal(seen) < 20
        assert page.inner_text("#facets .on") == "Without 1 activity ×"
        page.mouse.click(*seen.where(LAT + 0.0108, LON + 0.02))
        page.wait_for_selector("#who .activity", timeout=WAIT)
        assert page.inner_text("#who-title") == "5 activities passed here"
        page.locator("#who .activity").first.click()
        page.click("#who >> text=Same route")
        until(lambda: page.inner_text("#who-title") == "6 activities on this route")
        page.click("#who >> text=Only these")
        seen.settle()
        assert where(seen).startswith("id IN ('50000065', '50000054', ")
        assert "6 in view" in page.inner_text("#legend")
        page.go_back()
        seen.settle()
        assert where(seen) == "id NOT IN ('50000054')"


def test_the_list_is_searched_sorted_chosen_saved_and_linked(plain_browser, address):
    with visit(plain_browser, address + VIEW) as seen:
        page = seen.page
        page.click("#list-open")
        shows(page, "66 activities in this view")
        assert listed(page)[:2] == ["Tour 65", "Tour 64"]
        assert page.inner_text("#list-page") == "1–50 of 66"
        move = "async (center) => (await import('./static/maps.js')).main().jumpTo({ center })"
        page.evaluate(move, [20, 10])
        shows(page, "No activities in this view")
        page.uncheck("#list-view")
        shows(page, "66 activities on the whole map")
        page.evaluate(move, [LON + 0.012, LAT + 0.006])
        page.click("#list-on")
        until(lambda: page.inner_text("#list-page") == "51–66 of 66")
        assert listed(page)[-1] == "Tour 0"
        page.click("#list-head >> text=Distance")
        until(lambda: listed(page)[0] == "Tour 10")
        assert page.get_attribute("th[data-sort=distance]", "aria-sort") == "descending"
        page.click("#list-head >> text=Distance")
        until(lambda: listed(page)[:2] == ["Tour 0", "Tour 1"])
        page.fill("#list-search", "run 2.6 km")
        shows(page, "19 activities")
        page.check("#list-rows tr:nth-child(1) input")
        page.check("#list-rows tr:nth-child(3) input")
        page.check("#list-all")
        assert page.inner_text("#list-chosen-count") == "19 chosen"
        page.uncheck("#list-all")
        assert not page.is_visible("#list-chosen")
        page.check("#list-rows tr:nth-child(1) input")
        page.check("#list-rows tr:nth-child(3) input")
        page.fill("#list-search", "tour 10")
        shows(page, "1 activity")
        page.check("#list-all")
        assert page.inner_text("#list-chosen-count") == "3 chosen"
        page.click("#list-only")
        page.fill("#list-search", "")
        shows(page, "3 activities")
        assert where(seen) == "id IN ('50000030', '50000031', '50000010')"
        page.fill("#save-name", "Three of them")
        page.press("#save-name", "Enter")
        assert seen.query()["name"] == ["Three of them"]
        linked = page.url
        page.click("#reset")
        shows(page, "66 activities")
        assert "name" not in seen.query()
        page.reload()
        seen.settle()
        page.click("#saved >> text=Three of them")
        seen.settle()
        assert page.url == linked
        page.click("[aria-label='Forget Three of them']")
        assert page.locator("#saved .chip").count() == 0
    with visit(plain_browser, linked, fresh=True) as seen:  # somebody else's browser, which has saved nothing
        assert "3 in view" in seen.page.inner_text("#legend")
        assert seen.page.input_value("#save-name") == "Three of them"
        seen.page.click("#compare")
        seen.settle()
        assert seen.page.inner_text("#tag-b") == "Three of them"
        seen.page.click("#compare")
        seen.settle()
        assert seen.page.url == linked


def test_chips_write_the_filter_and_counts_are_exact(plain_browser, address):
    with visit(plain_browser, address + VIEW) as seen:
        page = seen.page
        chips = page.locator("#facets .chip").all_inner_texts()
        assert chips == ["Distance", "Duration", "Gear", "Weekday", "Hour", "Month", "Commute"]
        page.click("#facets >> text=Gear")
        page.wait_for_selector("#facet .chip")
        assert page.locator("#facet .chip").all_inner_texts() == ["Shoes 0\n30", "Shoes 1\n30"]
        assert "6 activities without" in page.inner_text("#facet")
        page.click("#facet >> text=Shoes 1")
        until(lambda: where(seen) == "gear = 'Shoes 1'")
        page.wait_for_selector("#facets >> text=Gear: Shoes 1")
        seen.settle()
        assert "30 in view" in page.inner_text("#legend")
        page.click("#facets >> text=Commute")
        until(lambda: "Without" in page.inner_text("#facet"))
        assert page.locator("#facet .chip").all_inner_texts() == ["Only these\n0", "Without\n30"]
        page.click("#facet >> text=Without")
        until(lambda: where(seen) == "gear = 'Shoes 1' AND NOT commute")
        page.click("#facets >> text=Distance")
        page.wait_for_selector("#facet input[type=range]")
        page.focus("[aria-label='Distance: from']")
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        until(lambda: " AND distance >= " in where(seen))
        seen.settle()
        low = where(seen).split("distance >= ")[1]
        said = page.inner_text("#facet output")
        number = int(said.split("· ")[1].split(" ")[0])
        assert said.startswith(low)
        assert f"{number} in view" in page.inner_text("#legend")
        assert 0 < number < 30
        # The text and the chips are two ways to write one filter.
        page.click("#more summary")
        page.fill("#where", "distance < 2.5 km AND (sport = 'Run' OR commute)")
        page.press("#where", "Enter")
        page.locator("#where").blur()
        page.wait_for_selector("#facets >> text=Distance: below 2.5 km")
        page.click("#facet >> text=Any")
        until(lambda: where(seen) == "(sport = 'Run' OR commute)")


@pytest.mark.parametrize(
    ("text", "parts", "written"),
    [
        ("", 0, None),
        ("sport = 'Run'", 1, None),
        ("name = 'O''Brien AND sons' AND NOT commute", 2, None),
        ("gear IN ('A', 'B') AND distance >= 5 km AND distance < 10 km", 2, None),
        ("moving_time < 1.5 h", 1, "moving_time < 90 min"),
        ("id NOT IN ('1') AND id NOT IN ('2', '1')", 1, "id NOT IN ('1', '2')"),
        ("a = 1 OR b = 2", 0, None),
        ("(a = 1 OR b = 2) AND commute", 1, "commute AND (a = 1 OR b = 2)"),
        ("distance BETWEEN 1 km AND 2 km AND private", 1, "private AND distance BETWEEN 1 km AND 2 km"),
        ("distance > 5 km", 0, None),
        ("sport = 'Run' AND sport = 'Ride'", 1, None),
        ("CASEI(name) LIKE CASEI('%and%') AND hour >= 6", 1, "hour >= 6 AND CASEI(name) LIKE CASEI('%and%')"),
    ],
)
def test_a_filter_is_read_as_chips_and_written_back(page, text, parts, written):
    from heatlas.tracks.filters import parse_filter

    read, again, twice = page.evaluate(
        """async (text) => {
            const { readWhere, writeWhere } = await import("/static/conditions.js");
            const again = writeWhere(readWhere(text));
            return [readWhere(text), again, writeWhere(readWhere(again))];
        }""",
        text,
    )
    assert len(read["parts"]) == parts
    assert again == (text if written is None else written)
    assert twice == again
    if again:
        parse_filter(again)


def test_terms_of_other_kinds_are_chosen_together_and_left_out_one_by_one(page):
    terms = [{"attribute": "id", "value": "1"}, {"attribute": "file", "value": "it's.gpx"}]
    only, fewer, others = page.evaluate(
        """async (terms) => {
            const { chosenText, without } = await import("/static/conditions.js");
            return [chosenText(terms), without("id NOT IN ('7') AND commute", terms), without("a = 1 OR b = 2", terms)];
        }""",
        terms,
    )
    assert only == "(id = '1' OR file = 'it''s.gpx')"
    assert fewer == "id NOT IN ('7', '1') AND commute AND file NOT IN ('it''s.gpx')"
    assert others == "id NOT IN ('1') AND file NOT IN ('it''s.gpx') AND (a = 1 OR b = 2)"


@pytest.fixture(scope="module")
def page(plain_browser, address):
    """An empty page that can import the modules of the live one."""
    context = plain_browser.new_context()
    page = context.new_page()
    page.goto(address + "health")
    yield page
    context.close()


def test_the_text_is_completed_and_told_in_words(plain_browser, address):
    with visit(plain_browser, address + VIEW) as seen:
        page = seen.page
        page.click("#more summary")
        page.focus("#where")
        page.keyboard.type("gea")
        page.wait_for_selector("#completion li")
        assert page.inner_text("#completion li").splitlines()[0] == "gear"
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.keyboard.type(" = sho")
        until(lambda: page.locator("#completion li").count() == 2)
        assert page.inner_text("#completion li").split() == ["'Shoes", "0'", "30"]
        page.keyboard.press("ArrowDown")
        assert page.get_attribute("#where", "aria-activedescendant") == "completion-0"
        page.keyboard.press("Enter")
        assert page.input_value("#where") == "gear = 'Shoes 0'"
        page.keyboard.press("Enter")
        until(lambda: where(seen) == "gear = 'Shoes 0'")
        page.click("#attribute-list summary")
        assert "distance\n5 km" in page.inner_text("#attributes")
        page.fill("#where", "sport = Run")
        page.locator("#where").blur()
        page.wait_for_selector("#where-error:not(:empty)")
        assert "put 'Run' in single quotes" in page.inner_text("#where-error")
        assert where(seen) == "gear = 'Shoes 0'"
        seen.troubles.clear()  # the browser tells of the answer 400


def test_all_of_it_is_there_for_everybody(plain_browser, address):
    """Without violations of axe, in both themes, with all of it open; and by the keyboard alone."""
    with visit(plain_browser, address + VIEW, size=(1400, 900)) as seen:
        page = seen.page
        page.focus("#list-open")
        page.keyboard.press("Enter")
        shows(page, "66 activities")
        page.keyboard.type("ride")
        shows(page, "6 activities")
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.classList.contains('activity')"):
                break
        page.keyboard.press("Enter")
        page.wait_for_selector("#list .series svg", timeout=WAIT)
        page.focus("#facets .chip")
        page.keyboard.press("Enter")
        page.wait_for_selector("#facet input", timeout=WAIT)
        for folded in ("more", "attribute-list"):
            page.evaluate("(id) => (document.getElementById(id).open = true)", folded)
        seen.settle()
        assert violations(page) == []
        page.click("#list >> text=Same route")
        page.wait_for_selector("#who:not([hidden]) .activity", timeout=WAIT)
        page.click("#theme")
        seen.settle()
        assert violations(page) == []
        page.focus("#who .activity")
        page.keyboard.press("Escape")
        assert not page.is_visible("#who")
        assert page.is_visible("#list")
        page.focus("#list-search")
        page.keyboard.press("Escape")
        assert not page.is_visible("#list")
        assert page.evaluate("document.activeElement.id") == "list-open"


def test_on_a_phone_the_place_that_was_tapped_stays_above_the_sheet(browser, address):
    with visit(
        browser, address + f"#map=13,{LAT + 0.015},{LON + 0.012}", size=(390, 800), has_touch=True, is_mobile=True
    ) as seen:
        page = seen.page
        place = (LAT + 0.0054, LON + 0.02)
        _, y = seen.where(*place)
        assert 450 < y < 600
        page.touchscreen.tap(*seen.where(*place))
        page.wait_for_selector("#who .activity", timeout=WAIT)
        above = lambda: seen.where(*place)[1] < page.locator("#who").bounding_box()["y"] - 10  # noqa: E731
        until(above)
        page.locator("#who .activity").first.tap()
        page.wait_for_selector("#who .series svg", timeout=WAIT)
        until(above)
        page.tap("#who-close")
        page.tap("#list-open")
        shows(page, "6")
        assert violations(page) == []


def test_a_public_map_has_neither_list_nor_chips(path, plain_browser):
    with served(path, public=True) as url, visit(plain_browser, url + VIEW) as seen:
        page = seen.page
        assert not page.is_visible("#list-open")
        assert not page.is_visible("#facets-field")
        page.click("#more summary")
        page.focus("#where")
        page.keyboard.type("ge")
        page.wait_for_timeout(300)
        assert not page.is_visible("#completion")
        assert not page.is_visible("#attribute-list")
