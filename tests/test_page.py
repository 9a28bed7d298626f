"""The live map in a browser: Debian's Chromium, driven through playwright, against a real server."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from browsing import DROP, SIZE, WAIT, Visit, near, served, until, visit
from page_library import FIRST, HOME, MIDDLE, RIDE, RUN, gpx, made_library, two_years
from PIL import Image


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return made_library(tmp_path_factory.mktemp("page") / "made.db", two_years())


@pytest.fixture(scope="module")
def address(path, driver):  # only where there is a browser
    with served(path, lasting=True) as url:
        yield url


def test_heat_lies_where_the_recordings_are_and_nothing_leaves(browser, address):
    with visit(browser, address) as seen:
        assert near(seen.heat(), seen.where(*RUN))  # without a link the busiest place is shown
        assert "map" in seen.query()
        assert seen.again(address + MIDDLE)
        heat = seen.heat()
        assert near(heat, seen.where(*RUN))
        assert near(heat, seen.where(*RIDE))
        assert not near(heat, seen.where(HOME[0] + 0.005, RUN[1]))
        assert heat.mean() < 0.1
        world = "async () => Boolean((await import('./static/maps.js')).main().getLayer('world-land'))"
        assert not seen.page.evaluate(world)  # it is seen from afar alone, and not read before
        assert "Passes" in seen.page.inner_text("#legend")
        assert "13 in view" in seen.page.inner_text("#legend")
        assert "13 activities" in seen.page.inner_text("#summary")
        seen.page.evaluate("location.hash = 'map=4,47.8,10.9&measure=passes'")
        until(lambda: seen.page.evaluate(world))


def test_under_a_prefix_of_another_app_all_is_the_same(path, plain_browser):
    with served(path, prefix="/sport/map") as url, visit(plain_browser, url + MIDDLE) as seen:
        assert near(seen.heat(), seen.where(*RUN))
        seen.page.mouse.click(*seen.where(*RUN))
        seen.page.wait_for_selector("#who li", timeout=WAIT)
        assert seen.page.request.get(url + "tiles.json").json()["tiles"][0].startswith(url + "tiles/")


def test_filters_change_the_heat_the_legend_and_the_link(browser, address):
    with visit(browser, address + MIDDLE) as seen:
        seen.page.click("[data-sport=Ride]")
        seen.settle()
        heat = seen.heat()
        assert near(heat, seen.where(*RIDE))
        assert not near(heat, seen.where(*RUN))
        assert re.search(r"5 (in view|activities)", seen.page.inner_text("#legend"))
        assert seen.query()["sport"] == ["Ride"]
        seen.page.go_back()
        seen.settle()
        assert near(seen.heat(), seen.where(*RUN))
        assert seen.page.get_attribute("[data-sport=Ride]", "aria-pressed") == "false"


def test_dates_can_be_moved_with_the_keyboard(plain_browser, address):
    with visit(plain_browser, address + MIDDLE) as seen:
        seen.page.focus("#from")
        for _ in range(4):
            seen.page.keyboard.press("PageUp")
        seen.settle()
        assert seen.query()["after"] == ["2024-04-30"]
        assert not near(seen.heat(), seen.where(*RUN))
        assert near(seen.heat(), seen.where(*RIDE))
        seen.page.keyboard.press("Home")
        seen.settle()
        assert "after" not in seen.query()


def test_the_range_can_be_dragged(plain_browser, address):
    with visit(plain_browser, address + MIDDLE) as seen:
        box, handle = seen.page.locator("#bars").bounding_box(), seen.page.locator("#to").bounding_box()
        y = handle["y"] + handle["height"] / 2
        seen.page.mouse.move(handle["x"] + handle["width"] / 2, y)
        seen.page.mouse.down()
        seen.page.mouse.move(box["x"] + box["width"] / 2, y, steps=4)
        seen.page.mouse.up()
        seen.settle()
        assert seen.query()["before"][0].startswith("2024-")
        assert near(seen.heat(), seen.where(*RUN))
        assert not near(seen.heat(), seen.where(*RIDE))


def test_a_link_restores_the_view(plain_browser, address):
    link = (
        f"{address}{MIDDLE}&measure=pace&colormap=viridis&tone=linear&theme=light&sport=Run&where=distance%20%3E%2010"
    )
    with visit(plain_browser, link, fresh=True) as seen:
        page = seen.page
        assert page.input_value("#measure") == "pace"
        assert page.input_value("#tone") == "linear"
        assert page.input_value("#where") == "distance > 10"
        assert page.get_attribute("html", "data-theme") == "light"
        assert page.get_attribute("[data-name=viridis]", "aria-checked") == "true"
        assert re.search(r"8 (in view|activities)", page.inner_text("#legend"))
        zoom = page.evaluate("async () => (await import('./static/maps.js')).main().getZoom()")
        assert zoom == pytest.approx(12.6, abs=0.01)


def test_a_condition_that_makes_no_sense_is_told_and_not_taken(plain_browser, address):
    with visit(plain_browser, address + MIDDLE, may=("400",)) as seen:  # the browser itself notes the refused request
        seen.page.click("#more summary")
        seen.page.fill("#where", "distance >")
        seen.page.keyboard.press("Tab")
        seen.page.wait_for_selector("#where-error:not(:empty)", timeout=WAIT)
        assert "distance >" in seen.page.inner_text("#where-error")
        assert "where" not in seen.query()
        seen.page.fill("#where", "sport = 'Ride'")
        seen.page.keyboard.press("Tab")
        seen.settle()
        assert seen.page.inner_text("#where-error") == ""
        assert re.search(r"5 (in view|activities)", seen.page.inner_text("#legend"))
        seen.page.click("#more summary")


def test_a_click_tells_who_passed(browser, address):
    with visit(browser, address + MIDDLE) as seen:
        held = []
        seen.page.route("**/at?*", lambda route: held.append(route))
        seen.page.mouse.click(*seen.where(*RIDE))
        seen.page.wait_for_selector("body.asking", timeout=WAIT)  # the place is marked at once
        marked = "async () => Boolean((await import('./static/maps.js')).main().getLayer('mark'))"
        assert seen.page.evaluate(marked)
        assert not seen.page.is_visible("#who")
        seen.page.keyboard.press("Escape")  # gives the question up
        seen.page.wait_for_selector("body:not(.asking)", timeout=WAIT)
        assert not seen.page.evaluate(marked)
        with seen.page.expect_response("**/at?*"):
            held[0].continue_()
        seen.page.mouse.click(*seen.where(*RIDE))
        seen.page.wait_for_selector("body.asking", timeout=WAIT)
        assert not seen.page.is_visible("#who")
        seen.page.wait_for_timeout(100)
        held[1].continue_()
        seen.page.wait_for_selector("#who", timeout=WAIT)
        seen.page.wait_for_selector("body:not(.asking)", timeout=WAIT)
        assert "5 activities passed here" in seen.page.inner_text("#who")
        assert "Ride 4" in seen.page.inner_text("#who-list li:first-child")
        seen.page.keyboard.press("Escape")
        seen.page.wait_for_selector("#who", state="hidden", timeout=WAIT)


def test_a_public_map_tells_nobody(path, plain_browser):
    with served(path, public=True, public_least=1) as url, visit(plain_browser, url + MIDDLE) as seen:
        assert near(seen.heat(), seen.where(*RUN))
        seen.page.mouse.click(*seen.where(*RIDE))
        seen.page.wait_for_timeout(500)
        assert not seen.page.is_visible("#who")
        assert not seen.page.is_visible("#add")
        # Days are known by their months alone: whole months are chosen, whatever is written.
        assert seen.page.inner_text("#time-label") == "Jan 2024 – Mar 2025"
        seen.page.fill("#after", "2024-03-15")
        seen.page.keyboard.press("Tab")
        seen.page.focus("#to")
        seen.page.keyboard.press("ArrowLeft")
        seen.settle()
        assert seen.page.inner_text("#time-label") == "Mar 2024 – Feb 2025"
        assert (seen.query()["after"], seen.query()["before"]) == (["2024-03-01"], ["2025-03-01"])
        assert (seen.page.input_value("#after"), seen.page.input_value("#before")) == ("2024-03-01", "2025-02-28")


def test_two_filters_side_by_side(browser, address):
    with visit(browser, address + MIDDLE + "&before=2025-01-01&split=0.500&b.after=2025-01-01") as seen:
        heat = seen.heat()
        _, y = seen.where(*RUN)
        _, north = seen.where(*RIDE)
        bar = SIZE[0] // 2
        heat[:, bar - 30 : bar + 30] = False
        assert heat[y - 4 : y + 5, :bar].any()
        assert not heat[y - 4 : y + 5, bar:].any()
        assert heat[north - 4 : north + 5, bar:].any()
        assert not heat[north - 4 : north + 5, :bar].any()
        assert seen.page.inner_text("#tag-a") == "2024"
        seen.page.focus("#divider")
        seen.page.keyboard.press("PageUp")
        assert seen.query()["split"] == ["0.600"]
        seen.page.click("#compare")
        seen.settle()
        assert "split" not in seen.query()


CLIP = "() => getComputedStyle(document.getElementById('map-a')).clipPath"


def test_leaving_two_filters_shows_the_whole_map_again(plain_browser, address):
    with visit(plain_browser, address + MIDDLE + "&split=0.300&b.sport=Ride") as seen:
        assert seen.page.evaluate(CLIP) != "none"
        seen.page.click("#reset")
        seen.settle()
        assert seen.page.evaluate(CLIP) == "none"
        seen.page.go_back()
        seen.settle()
        assert seen.page.evaluate(CLIP) != "none"
        seen.page.go_forward()
        seen.settle()
        assert seen.page.evaluate(CLIP) == "none"
        assert near(seen.heat(), seen.where(*RUN))


def test_a_link_that_asks_for_what_is_not_there_is_shown_as_far_as_it_goes(plain_browser, address):
    seen = Visit(plain_browser, address + MIDDLE + "&measure=nonsense&after=2020-13-45&before=2023-02-29")
    page = seen.page
    assert "nonsense" in page.inner_text("#toast")
    assert (page.input_value("#measure"), seen.query()["measure"]) == ("passes", ["passes"])
    assert page.inner_text("#time-label") == "1 Jan 2024 – 12 Mar 2025"
    assert near(seen.heat(), seen.where(*RUN))
    assert [trouble for trouble in seen.troubles if "400" not in trouble] == []
    assert len(seen.troubles) == 1  # one question, not all the tiles of a screen
    page.evaluate("() => { location.hash += '&after=2030-01-01' }")
    seen.settle()
    assert page.inner_text("#time-label") == "No days of this library"
    assert page.input_value("#after") == page.input_value("#before") == "2025-03-12"
    page.fill("#before", "2024-02-01")  # what is chosen holds, and the other end makes room
    page.keyboard.press("Tab")
    seen.settle()
    assert page.inner_text("#time-label") == "1 Feb 2024"
    page.evaluate("(to) => { location.hash = to }", MIDDLE + "&measure=max(heart_rate)")  # not offered, but there
    page.reload()
    seen.settle()
    assert page.input_value("#measure") == "max(heart_rate)"
    assert len(seen.troubles) == 1
    seen.context.close()


def test_the_map_fills_up(browser, address):
    with visit(browser, address + MIDDLE) as seen:
        seen.page.focus("#scrub")
        seen.scrub(400)
        seen.settle()
        heat = seen.heat()
        assert near(heat, seen.where(*RUN))
        assert not near(heat, seen.where(*RIDE))
        seen.scrub(850)
        seen.page.select_option("#speed", "4")
        seen.page.click("#play")
        seen.page.wait_for_selector("#play[aria-pressed=true]", timeout=WAIT)
        seen.page.wait_for_selector("#play[aria-pressed=false]", timeout=WAIT)
        seen.settle()
        assert near(seen.heat(), seen.where(*RIDE))


def test_what_came_of_dropped_files_is_told(tmp_path, plain_browser):
    def told() -> tuple[str, str]:
        page.wait_for_selector("#import-close:not([hidden])", timeout=WAIT)
        text = page.inner_text("#import-text"), page.inner_text("#import-faults").replace("\n", " ")
        page.click("#import-close")
        assert page.is_hidden("#import")
        return text

    def toasted() -> str:
        page.wait_for_selector("#toast.shown", timeout=WAIT)
        text = page.inner_text("#toast")
        page.evaluate("() => { document.getElementById('toast').className = '' }")
        return text

    with served(made_library(tmp_path / "empty.db", {})) as url, visit(plain_browser, url) as seen:
        page = seen.page
        with page.expect_file_chooser() as choosing:
            page.click("#choose")
        choosing.value.set_files({"name": "none.gpx", "mimeType": "text/plain", "buffer": b""})
        assert told() == ("1 file could not be read", "none.gpx: it is empty")
        page.evaluate(DROP, [["note.txt", "hello"], ["none.gpx", ""]])
        assert told() == (
            "2 files could not be read",
            "note.txt: plain text, not a recording none.gpx: it is empty",
        )
        page.evaluate(DROP, [["cut.gpx", "<gpx><trk>"]])
        text, faults = told()
        assert text == "1 warning"
        assert faults.startswith("cut.gpx: cut off")
        runs = [[f"{k}.gpx", gpx(f"Run {k}", "running", FIRST + k * 86400, *HOME).decode()] for k in range(3)]
        page.evaluate(DROP, [["activities.csv", "Activity ID"], *runs])
        assert "drop its ZIP" in toasted()
        assert page.is_visible("#welcome")
        page.evaluate(f"(files) => {{ const drop = {DROP}; drop(files.slice(0, 2)); drop(files.slice(2)); }}", runs)
        assert toasted() == "3 activities added"
        page.wait_for_selector("#welcome", state="hidden", timeout=WAIT)
        page.wait_for_selector("#summary:has-text('3 activities')", timeout=WAIT)
        seen.settle()
        assert near(seen.heat(), seen.where(*RUN))


def test_an_open_page_follows_the_library_and_says_that_programs_need_its_token(tmp_path, plain_browser):
    from heatlas.core.context import Context
    from heatlas.library.file.opening import open_library
    from heatlas.library.imports import import_sources

    path = made_library(tmp_path / "made.db", two_years())
    with served(path, token="sesame") as url, visit(plain_browser, url + "?token=sesame" + MIDDLE) as seen:
        seen.page.click("#share")
        assert "token=TOKEN" in seen.page.inner_text("#share-token")
        texts = [button.get_attribute("data-text") for button in seen.page.query_selector_all("#share-list button")]
        assert texts[0].startswith(f"{url}?token=TOKEN#map=")
        assert all("token=TOKEN" in text or "token%3DTOKEN" in text for text in texts)
        seen.page.keyboard.press("Escape")
        (tmp_path / "new.gpx").write_bytes(gpx("New", "hiking", FIRST + 500 * 86400, *HOME))
        with open_library(path) as library:
            import_sources(library, [tmp_path / "new.gpx"], Context(1))
        seen.page.evaluate("() => dispatchEvent(new Event('focus'))")
        seen.page.wait_for_selector("#summary:has-text('14 activities')", timeout=WAIT)
        seen.settle()
        assert re.search(r"14 (in view|activities)", seen.page.inner_text("#legend"))
        assert seen.page.inner_text("#time-label").endswith("15 May 2025")


def test_addresses_for_other_programs_are_those_of_the_view(plain_browser, address):
    with visit(plain_browser, address + MIDDLE + "&sport=Run") as seen:
        page = seen.page
        seen.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.click("#share")
        assert not page.is_visible("#share-token")
        texts = [button.get_attribute("data-text") for button in page.query_selector_all("#share-list button")]
        assert f"tms[22]:{address}tiles/passes/{{zoom}}/{{x}}/{{y}}.png?sport=Run" in texts
        assert f"{address}tiles/passes/{{zoom}}/{{x}}/{{y}}{{@2x}}.png?sport=Run" in texts
        assert f"{address}tiles/passes/{{z}}/{{x}}/{{y}}.png?sport=Run" in texts
        osmand = next(text for text in texts if "osmand" in text)
        assert parse_qs(urlsplit(osmand).query)["url_template"] == [
            f"{address}tiles/passes/{{0}}/{{1}}/{{2}}.png?sport=Run"
        ]
        page.click("#share-list button >> nth=1")
        page.wait_for_selector("#toast.shown", timeout=WAIT)
        assert page.evaluate("() => navigator.clipboard.readText()") == texts[1]
        page.keyboard.press("Escape")
        assert not page.is_visible("#share-dialog")


def test_the_picture_is_the_view_with_its_legend(browser, address):
    with visit(browser, address + MIDDLE) as seen:
        with seen.page.expect_download() as loading:
            seen.page.click("#picture")
        picture = np.asarray(Image.open(loading.value.path()).convert("RGB"), np.int16)
        assert picture.shape == (SIZE[1], SIZE[0], 3)
        x, y = seen.where(*RUN)
        assert picture[y - 4 : y + 5, x - 4 : x + 5, 0].max() > 110
        assert picture[-110:-10, 30:300].max() > 200  # the legend


def test_a_link_alone_loads_no_map_from_elsewhere(plain_browser, address):
    with visit(plain_browser, address + MIDDLE + "&base=osm", fresh=True) as seen:
        assert "tile.openstreetmap.org" in seen.page.inner_text(".offer")
        seen.page.click(".offer .quiet")
        assert "OpenStreetMap" not in seen.page.inner_text("#credit")


def test_streets_are_offered_once_and_fetched_only_when_they_are_wanted(plain_browser, address):
    asked, picture = [], io.BytesIO()
    Image.new("RGB", (256, 256), (0, 0, 0)).save(picture, "PNG")

    def answer(route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=picture.getvalue(), content_type="image/png", headers={"Access-Control-Allow-Origin": "*"})

    seen = Visit(plain_browser, address + MIDDLE)
    seen.page.route("**://tile.openstreetmap.org/**", answer)
    assert "tile.openstreetmap.org" in seen.page.inner_text(".offer")
    seen.page.click(".offer .quiet")
    seen.page.reload()
    seen.settle()
    assert seen.page.locator(".offer").count() == 0  # the answer is remembered
    seen.page.evaluate("localStorage.clear()")
    seen.page.reload()
    seen.settle()
    assert asked == []
    seen.page.click(".offer .strong")
    seen.page.wait_for_function("location.hash.includes('base=osm')")
    until(lambda: seen.page.evaluate("1") and asked)  # routes are answered while the driver is asked
    assert "OpenStreetMap" in seen.page.inner_text("#credit")
    seen.context.close()


def test_towns_have_names_above_the_heat(plain_browser, address):
    with visit(plain_browser, address + MIDDLE) as seen:
        assert "GeoNames" in seen.page.inner_text("#credit")
        names = "async (place) => (await (await fetch(`names/${place}.json`)).json()).names.map((row) => row[2])"
        assert "Schongau" in seen.page.evaluate(names, "8/135/89")
        assert seen.page.evaluate(names, "0/0/0")[0] == "Shanghai"


def test_streets_out_of_a_file_lie_below_the_heat_in_both_themes(browser, tmp_path):
    from street_tiles import write_town

    path = made_library(tmp_path / "made.db", {"a.gpx": gpx("A", "running", FIRST, *HOME)})
    town = write_town(tmp_path / "town.pmtiles", *HOME)
    with served(path, basemap=str(town)) as own, visit(browser, own + MIDDLE) as seen:
        assert "OpenStreetMap" in seen.page.inner_text("#credit")
        assert seen.page.locator(".offer").count() == 0
        for theme, darker in (("dark", False), ("light", True)):
            if theme == "light":
                seen.page.click("#theme")
                seen.settle()
            shot = np.asarray(Image.open(io.BytesIO(seen.page.screenshot())).convert("L"), np.int16)[150:500, 420:950]
            ground = np.median(shot)
            # Streets differ from the ground, and little from it: the heat stays the brightest.
            streets = (shot < ground - 6) if darker else (shot > ground + 6)
            assert streets.mean() > 0.01, theme


def test_a_base_map_that_was_chosen_is_shown_and_named(browser, address):
    picture = io.BytesIO()
    Image.new("RGB", (256, 256), (0, 0, 0)).save(picture, "PNG")
    asked = []

    def answer(route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=picture.getvalue(), content_type="image/png", headers={"Access-Control-Allow-Origin": "*"})

    # Under the server's own policy; no request gets beyond this test.
    with visit(browser, address + MIDDLE) as seen:
        seen.page.route("**://tile.openstreetmap.org/**", answer)
        ground = seen.shot()[300, 900]
        seen.page.click("#more summary")
        seen.page.select_option("#base", "osm")
        # On a dark page black tiles are turned to light.
        until(lambda: seen.shot()[300, 900].sum() > ground.sum() + 200)
        assert "OpenStreetMap" in seen.page.inner_text("#credit")
        assert asked
        assert near(seen.heat(), seen.where(*RUN))
        seen.away = [url for url in seen.away if "tile.openstreetmap.org" not in url]
        seen.page.click("#more summary")


def test_everything_is_reached_by_keyboard(plain_browser, address):
    with visit(plain_browser, address + MIDDLE) as seen:
        reached = set()
        for _ in range(60):
            seen.page.keyboard.press("Tab")
            reached.add(
                seen.page.evaluate("() => document.activeElement.id || document.activeElement.parentElement?.id")
            )
        wanted = {
            "fold",
            "measure",
            "sports",
            "after",
            "before",
            "colormaps",
            "add",
            "reset",
            "play",
            "from",
            "to",
            "scrub",
        }
        assert wanted | {"zoom-in", "compare", "share", "picture", "theme"} <= reached
        names = seen.page.evaluate(
            """() => [...document.querySelectorAll("button, input, select, [role=slider]")]
                .filter((one) => one.checkVisibility() && !one.closest("label") && !one.textContent.trim())
                .filter((one) => !one.getAttribute("aria-label")).map((one) => one.outerHTML.slice(0, 80))"""
        )
        assert names == []


def test_on_a_phone_the_panel_is_a_sheet(plain_browser, address):
    with visit(plain_browser, address + MIDDLE, size=(390, 844), has_touch=True, is_mobile=True) as seen:
        page = seen.page
        assert not page.is_visible("#measure")
        page.touchscreen.tap(*seen.where(*RIDE))
        page.wait_for_selector("#who", timeout=WAIT)
        assert not page.is_visible("#timeline")  # the sheet would cut it in the middle
        page.tap("#who-close")
        page.wait_for_selector("#timeline", timeout=WAIT)
        page.tap("#compare")
        page.select_option("#tone", "rank", force=True)  # which is not shared: a legend of two rows
        page.wait_for_selector("#legend.two", timeout=WAIT)
        page.wait_for_function(  # once the page has been laid out anew
            """() => {
                const box = (id) => document.getElementById(id).getBoundingClientRect();
                return box("tag-a").top >= box("legend").bottom + 6;
            }""",
            timeout=WAIT,
        )
        page.tap("#compare")
        page.tap("#fold")
        assert page.is_visible("#measure")
        box = page.locator("#panel").bounding_box()
        assert box["y"] + box["height"] == pytest.approx(844, abs=1)
        assert page.evaluate("() => document.documentElement.scrollWidth") == 390
        boxes = "all => all.map((mark) => mark.getBoundingClientRect().toJSON())"
        marks = page.eval_on_selector_all("#years span", boxes)
        assert marks
        assert all(one["right"] <= other["left"] + 1 for one, other in itertools.pairwise(marks)), "years overlap"


def test_a_shared_scale_that_cannot_be_had_is_told(plain_browser, address):
    with visit(plain_browser, address + MIDDLE) as seen:
        # The second question, for one scale of both maps, finds the server gone, is asked again, and then refused.
        answers = [lambda route: route.abort(), lambda route: route.fulfill(status=400, json={"error": "No, thanks."})]
        seen.page.route(
            lambda url: "scale.json" in url and "tone=log" in url,
            lambda route: (answers.pop(0) if len(answers) > 1 else answers[0])(route),
        )
        seen.page.click("#compare")
        seen.page.wait_for_selector("#legend.two .alone", timeout=WAIT)
        assert seen.page.inner_text("#legend-title") == "Nothing here"
        assert "No, thanks." in seen.page.inner_text("#legend")
        seen.troubles[:] = [one for one in seen.troubles if "ERR_FAILED" not in one and "status of 400" not in one]


def test_the_page_holds_no_script_or_style_that_a_policy_must_let_through():
    page = (Path(__file__).parents[1] / "heatlas" / "server" / "static" / "index.html").read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


# Points


def clinics(path: Path, alone: bool = True) -> Path:
    """A library with clinics 3 km to the east of home; with the recordings besides."""
    from heatlas.library.manage import import_into

    if not alone:
        made_library(path, two_years())
    rng = np.random.default_rng(1)
    columns = {"lat": HOME[0] + rng.normal(0, 2e-3, 200), "lon": HOME[1] + 0.04 + rng.normal(0, 2e-3, 200)}
    import_into(path, {**columns, "beds": rng.integers(1, 90, 200).astype(float)}, name="clinics", weight="beds")
    return path


CLINIC = (HOME[0], HOME[1] + 0.04)


def test_points_alone_open_where_they_are(tmp_path, plain_browser):
    with served(clinics(tmp_path / "points.db")) as url, visit(plain_browser, url) as seen:
        page = seen.page
        assert near(seen.heat(), seen.where(*CLINIC))
        assert page.inner_text("#legend-title") == "Clinics: sum of beds"
        assert page.inner_text("#legend-count") == "200 in view"
        assert page.inner_text("#summary") == "200 points"
        for gone in ("#sports", "#after", "#timeline", "#compare", "#welcome"):
            assert not page.is_visible(gone)
        before = seen.heat().sum()
        page.select_option("#radius", "40px")
        seen.settle()
        assert seen.heat().sum() > 1.3 * before
        page.check("#density")
        page.select_option("#kernel", "linear")
        seen.settle()
        assert "per km²" in page.inner_text("#legend-title")
        told = {name: values[0] for name, values in seen.query().items()}
        assert (told["radius"], told["kernel"], told["density"]) == ("40px", "linear", "1")
        page.select_option("#measure", "mean(clinics)")
        seen.settle()
        assert not page.is_visible("#density")
        assert page.inner_text("#legend-title") == "Clinics: mean beds"
        page.click("#jump summary")
        page.wait_for_selector("#places li:nth-child(2)")
        assert page.inner_text("#places li:first-child").startswith("All points")
        page.mouse.click(*seen.where(*CLINIC))  # nobody passed a point
        page.wait_for_timeout(400)
        assert not page.is_visible("#who")


def test_points_with_times_have_the_timeline_and_the_player(tmp_path, plain_browser):
    from heatlas.library.manage import import_into

    rows = [f"{CLINIC[1] + k % 20 * 1e-4!r},{CLINIC[0] + k // 20 * 1e-4!r},3,2024-0{1 + k % 4}-11" for k in range(200)]
    (tmp_path / "cases.csv").write_text("lat,lon,beds,date\n" + "\n".join(rows))
    import_into(tmp_path / "cases.db", tmp_path / "cases.csv", weight="beds")
    with served(tmp_path / "cases.db") as url, visit(plain_browser, url) as seen:
        page = seen.page
        assert page.is_visible("#timeline")
        assert page.inner_text("#time-label") == "11 Jan 2024 – 11 Apr 2024"
        assert page.inner_text("#legend-count") == "200 in view"
        page.focus("#to")
        page.keyboard.press("PageDown")
        seen.settle()
        assert page.inner_text("#legend-count") == "150 in view"
        assert seen.query()["before"] == ["2024-03-13"]
        page.click("#play")
        page.wait_for_function("/^(?!150)\\d+ points in view$/.test(document.getElementById('time-count').textContent)")
        page.click("#play")


def test_points_and_tracks_take_turns(tmp_path, plain_browser):
    with served(clinics(tmp_path / "both.db", alone=False)) as url, visit(plain_browser, url + MIDDLE) as seen:
        page = seen.page
        assert page.eval_on_selector_all("#measure optgroup", "all => all.map(one => one.label)") == [
            "Visits",
            "Movement",
            "Terrain",
            "Time",
            "Direction",
            "Points",
        ]
        assert page.is_visible("#sports")
        page.click("#compare")
        page.wait_for_selector("#divider", state="visible")
        page.select_option("#measure", "sum(clinics)")
        page.wait_for_selector("#divider", state="hidden")
        seen.settle()
        assert not page.is_visible("#timeline")
        assert near(seen.heat(), seen.where(*CLINIC))
        assert not near(seen.heat(), seen.where(*RIDE))
        page.select_option("#measure", "passes")
        seen.settle()
        assert page.is_visible("#timeline")
        assert page.is_visible("#compare")
        assert near(seen.heat(), seen.where(*RUN))


def test_a_link_to_points_that_lie_elsewhere_stays_where_it_says(tmp_path, plain_browser):
    with served(clinics(tmp_path / "points.db")) as url:
        with visit(plain_browser, url + "#map=5.00,10.00000,20.00000&measure=count(clinics)&radius=2km") as seen:
            assert seen.query()["map"] == ["5.00,10.00000,20.00000"]
            assert seen.page.input_value("#radius") == "2km"
        with visit(plain_browser, url, size=(390, 800)) as seen:
            assert not seen.page.is_visible("#radius")
            seen.page.click("#fold")
            assert seen.page.is_visible("#radius")
