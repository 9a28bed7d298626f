"""The live map in a notebook: what the kernel answers, and the widget in a browser."""

from __future__ import annotations

import gc
import io
import re
import sys

import numpy as np
import pytest
import traitlets
from library_made import made, walks
from notebook_page import mount
from PIL import Image

import heatlas
from heatlas.core.errors import BadOption, MissingExtra, NothingToDraw
from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.dataset.tracks import Tracks
from heatlas.widget.parts import part, script
from heatlas.widget.responses import answer, field_of, request_of

PLACE = (47.8, 10.9)
WALKS = walks(4, 10)
TRACKS = Tracks(tuple(WALKS))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    file = tmp_path_factory.mktemp("widget") / "made.db"
    made(file, WALKS).close()
    return file


@pytest.fixture
def live(path):
    shown = heatlas.LiveMap(path)
    shown.answers = []
    shown.send = lambda content, buffers=None: shown.answers.append((content, buffers))
    yield shown
    shown.close()


def ask(live, **message):
    live._asked(live, {"id": "7", "wish": {}, **message}, [])
    content, buffers = live.answers.pop()
    assert content["id"] == "7"
    return content, buffers


def tile_at(zoom):
    u, v = from_lonlat(PLACE[1], PLACE[0])
    return {"z": zoom, "x": int(u * 2**zoom), "y": int(v * 2**zoom)}


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


@pytest.mark.parametrize("wish", [{}, {"measure": "heart_rate"}, {"where": "sport = 'Run'", "smooth": "0"}])
def test_tiles_are_those_of_the_tracks_in_one_tone(live, wish):
    zoom = 15
    tile = tile_at(zoom)
    _, (data,) = ask(live, kind="tile", wish=wish, **tile)
    window = Window(256 * 2.0**zoom, tile["x"] * 256, tile["y"] * 256, 256, 256)
    chosen = TRACKS.where(wish["where"]) if "where" in wish else TRACKS
    heat = chosen.heat(wish.get("measure", "passes"), window, wish.get("smooth", "auto"))
    from heatlas.tiles.scales import tone_of

    field = field_of(live._view, request_of(wish))
    wanted = np.asarray(heat.tone(tone_of(field, zoom)).image()).astype(int)
    found = pixels(data).astype(int)
    assert found[..., 3].max() > 200
    # The index keeps metrics in steps: a colour may be one step off.
    assert (np.abs(found - wanted).max(axis=2) <= (0 if "measure" not in wish else 12)).mean() > 0.995


def test_dense_tiles_are_the_next_zoom_in_the_same_colours(live):
    tile = tile_at(14)
    _, (data,) = ask(live, kind="tile", dense=True, **tile)
    assert pixels(data).shape == (512, 512, 4)
    nothing, (empty,) = ask(live, kind="tile", z=5, x=0, y=0)
    assert "error" not in nothing
    assert not pixels(empty)[..., 3].any()


def test_it_says_what_there_is(live):
    about, _ = ask(live, kind="about")
    assert sorted(about["sports"]) == [["Ride", 5], ["Run", 5]]
    assert ["passes", "Passes"] in about["measures"]
    assert ["heart_rate", "Mean heart rate"] in about["measures"]
    assert not any(name == "temperature" for name, _ in about["measures"]), "nobody recorded it"
    assert about["first"] == "2023-11-14"
    scale, _ = ask(live, kind="scale", z=14, wish={"sport": ["Run"]})
    assert (scale["title"], scale["activities"]) == ("Passes", 5)
    west, south, east, north = live.bbox
    assert west < PLACE[1] < east
    assert south < PLACE[0] < north


def test_it_gives_the_names_of_towns(live):
    names = ask(live, kind="names", **tile_at(8))[0]["names"]
    assert "Schongau" in {name for _, _, name, _ in names}
    people = [people for *_, people in names]
    assert people == sorted(people, reverse=True)
    assert "from 0 to 8" in ask(live, kind="names", z=9, x=0, y=0)[0]["error"]


def test_colours_suit_the_ground(live):
    ends = {}
    for theme in ("dark", "light"):
        scale, _ = ask(live, kind="scale", z=14, wish={"theme": theme})
        ends[theme] = sum(int(scale["colors"][-1][k : k + 2], 16) for k in (1, 3, 5))
        mean, _ = ask(live, kind="scale", z=14, wish={"theme": theme, "colormap": "ice"})
        assert mean["colors"][-1] == "#edfeff", "what was asked for"
    assert ends["dark"] > 600, "the most is nearly white on dark"
    assert ends["light"] < 200, "and nearly black on light"


def test_what_cannot_be_answered_is_said_in_a_sentence(live):
    for message, words in (
        ({"kind": "tile", "z": 3, "x": 9, "y": 0}, "x must be a whole number from 0 to 7"),
        ({"kind": "tile", "z": "3", "x": 0, "y": 0}, "z must be"),
        ({"kind": "coffee"}, "no answer to 'coffee'"),
        ({"kind": "scale", "z": 3, "wish": {"where": "sport = "}}, "filter"),
        ({"kind": "scale", "z": 3, "wish": {"sport": ["Curling"]}}, "there are"),
    ):
        content, buffers = ask(live, **message)
        assert words in content["error"], message
        assert not buffers


def test_traits_that_cannot_be_used_are_refused_where_they_are_set(live):
    for name, value in (
        ("measure", "pase"), ("where", "sport ="), ("tone", "loud"), ("colormap", "mud"), ("smooth", "wide"),
        ("after", "yesterday"), ("opacity", 3), ("theme", "pink"), ("where", "sprt = 1"), ("sport", ["Nope"]),
        ("zoom", 99.0), ("zoom", -1.0), ("center", (100, 200)), ("center", (10, float("nan"))),
    ):  # fmt: skip
        before = getattr(live, name)
        with pytest.raises(traitlets.TraitError):
            setattr(live, name, value)
        assert getattr(live, name) == before
    with pytest.raises(traitlets.TraitError, match="did you mean"):
        live.measure = "pase"
    with pytest.raises(traitlets.TraitError, match="did you mean"):
        heatlas.LiveMap(live.library.path, measure="pase")
    for name, value, says in (
        ("where", "sprt = 1", "no activity has an attribute 'sprt': did you mean sport"),
        ("sport", ["Nope"], "no activity is a Nope: there are Ride, Run"),
        ("zoom", 99.0, "zoom 99 is outside of 0 to 22.5"),
        ("center", (100, 200), r"^center \(100.0, 200.0\) is no place: give latitude .* and longitude"),
    ):
        with pytest.raises(traitlets.TraitError, match=says):
            setattr(live, name, value)
        with pytest.raises(traitlets.TraitError, match=says):
            heatlas.LiveMap(live.library.path, **{name: value})
    live.where, live.sport, live.zoom, live.center = "sport = 'Run'", ["run"], 22.5, (47.8, -179.0)


def test_it_says_what_it_shows(live):
    assert repr(live) == "<LiveMap of made.db, 10 activities, 2023-11-14 to 2023-11-23: 5 Ride, 5 Run>"
    shown = heatlas.LiveMap(TRACKS.select("Run"))
    assert re.fullmatch(r"<LiveMap of 5 activities, 2023-11-\d\d to 2023-\d\d-\d\d: 5 Run>", repr(shown))
    shown.close()


def test_who_passed_is_kept(live):
    lon, lat = 10.9, 47.8
    everybody = {"kind": "who", "lat": lat, "lon": lon, "zoom": 9.0}
    content, _ = ask(live, **everybody)
    assert live.clicked == (lat, lon)
    assert live.at == content["found"]
    assert len(live.at) == 10
    ask(live, **everybody, wish={"where": "sport = 'Run'"}, measure="passes")
    assert {one["sport"] for one in live.at} == {"Run"}
    starts = [one["start"] for one in live.at]
    assert starts == sorted(starts, reverse=True)
    content, _ = ask(live, kind="who", lat=0.0, lon=0.0, zoom=12.0)
    assert content["found"] == live.at == []


POINTS = {"lat": PLACE[0] + np.linspace(-0.01, 0.01, 60), "lon": np.full(60, PLACE[1]), "beds": np.arange(60.0)}


def test_points_are_shown_as_on_the_live_map():
    """Tiles are those that the server draws of the same library, and what is for tracks is left alone."""
    from serving import client

    shown = heatlas.LiveMap(heatlas.open_points(POINTS, weight="beds"), where="sport = 'Run'", smooth="8m")
    shown.answers = []
    shown.send = lambda content, buffers=None: shown.answers.append((content, buffers))
    assert shown.measure == "sum(points)"
    assert repr(shown) == "<LiveMap of 60 points of points>"
    about, _ = ask(shown, kind="about")
    assert about["measures"][0] == ["sum(points)", "Points: sum of beds", "points"]
    assert len(about["measures"]) == 5
    assert (about["sports"], about["first"]) == ([], "")
    west, south, east, north = shown.bbox
    assert west < PLACE[1] < east
    assert south < PLACE[0] < north
    with client(shown.library.path) as web:
        for look, query in (
            ({}, ""),
            ({"radius": "300m", "kernel": "quartic", "density": True}, "?radius=300m&kernel=quartic&density=1"),
            ({"where": "sport = 'Run'", "sport": ["Run"], "after": "2024-01-01", "smooth": "2px"}, ""),
            ({"theme": "light"}, "?colormap=wine"),
        ):
            for dense in (False, True):
                _, (data,) = ask(
                    shown, kind="tile", dense=dense, wish={"measure": "sum(points)", **look}, **tile_at(14)
                )
                tile = tile_at(14)
                address = f"/tiles/sum(points)/14/{tile['x']}/{tile['y']}{'@2x' if dense else ''}.png{query}"
                assert np.array_equal(pixels(data), pixels(web.get(address).content)), look
                assert pixels(data)[..., 3].any()
        said, _ = ask(shown, kind="scale", z=14, wish={"measure": "mean(points)", "density": True})
        assert said == {"id": "7", **web.get("/scale.json?measure=mean(points)&z=14").json()}
    shown.measure, shown.radius, shown.kernel, shown.density = "count(points)", "40px", "linear", True
    for name, value, says in (
        ("measure", "sum(clinics)", "there is no point set 'clinics': there are points"),
        ("radius", "wide", "write it like 15px"), ("radius", "65px", "radius is too wide: at most 64px or 1000km"),
        ("kernel", "cone", "quartic"), ("smooth", "200px", "smooth is too wide: at most 16px or 100km"),
        ("tone", "0:1e20", "too wide or too narrow"),
    ):  # fmt: skip
        with pytest.raises(traitlets.TraitError, match=says):
            setattr(shown, name, value)
    shown.close()


def test_points_beside_tracks_are_measures_too(tmp_path):
    from heatlas.library.manage import import_into

    made(tmp_path / "both.db", WALKS[:2]).close()
    import_into(tmp_path / "both.db", POINTS, name="clinics", weight="beds")
    shown = heatlas.LiveMap(tmp_path / "both.db", radius="1km")
    assert shown.measure == "passes"
    assert repr(shown).startswith("<LiveMap of both.db, 2 activities, ")
    assert "60 points of clinics: " in repr(shown)
    names = [name for name, *_ in answer(shown._view, {"kind": "about"})[0]["measures"]]
    assert names[0] == "passes"
    assert names[-5:] == [f"{reduction}(clinics)" for reduction in ("sum", "count", "mean", "min", "max")]
    shown.measure = "max(clinics)"
    shown.close()


def test_tracks_become_a_library_for_the_while():
    runs = TRACKS.where("sport = 'Run'")
    shown = heatlas.LiveMap(runs, measure="pace", height=300)
    file = shown.library.path
    data, _ = answer(shown._view, {"kind": "about"})
    assert data["sports"] == [["Run", 5]]
    assert (shown.measure, shown.height) == ("pace", 300)
    assert file.exists()
    shown.close()
    assert not file.exists()
    assert not file.parent.exists()
    forgotten = heatlas.LiveMap(runs)
    folder = forgotten.library.path.parent
    forgotten.close()
    del forgotten
    gc.collect()
    assert not folder.exists()


def test_sources_that_are_none_say_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(BadOption, match="there is no library"):
        heatlas.LiveMap(tmp_path / "none.db")
    with pytest.raises(BadOption, match=r"LiveMap\(heatlas.open\("):
        heatlas.LiveMap(tmp_path)
    with pytest.raises(NothingToDraw, match="the filter leaves none"):
        heatlas.LiveMap(TRACKS.where("sport = 'Swim'"))
    monkeypatch.setitem(sys.modules, "anywidget", None)
    for name in [name for name in sys.modules if name.startswith("heatlas.widget")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtra, match=r"pip install 'heatlas\[widget\]'"):
        _ = heatlas.LiveMap


def test_what_was_written_meanwhile_is_shown(tmp_path):
    from library_made import put

    library = made(tmp_path / "more.db", WALKS[:4])
    shown = heatlas.LiveMap(tmp_path / "more.db")
    before = shown._stamp
    put(library, WALKS[4:])
    shown.refresh()
    assert shown._stamp != before
    data, _ = answer(shown._view, {"kind": "about"})
    assert sum(count for _, count in data["sports"]) == 10
    shown.close()
    library.close()


def test_the_world_comes_with_the_widget():
    assert len(part("maplibre")) > 500_000
    assert len(part("world")) > 500_000
    assert "://" not in script().replace("heatlas://", "").replace(r"heatlas:\/\/", "")


def until(page, holds, tries=100):
    for _ in range(tries):
        if holds():
            return
        page.wait_for_timeout(150)
    raise AssertionError("it never came about")


def shot(page):
    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)


def warm(page):
    """Pixels of the middle that are as the default colours are: much more red than blue."""
    middle = shot(page)[60:330, 60:560]
    return int((middle[..., 0] - middle[..., 2] > 70).sum())


def test_the_widget_in_a_browser(browser, path):
    shown = heatlas.LiveMap(path, height=400)
    page = browser.new_page(viewport={"width": 620, "height": 420})
    wrong, fetched = [], []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: fetched.append(request.url))
    try:
        mount(page, shown)
        until(page, lambda: warm(page) > 300)
        until(page, lambda: page.locator(".heatlas-legend").inner_text().startswith("Passes"))
        assert "10 activities" in page.locator(".heatlas-legend").inner_text()
        until(page, lambda: shown.zoom is not None)
        assert shown.center == pytest.approx(PLACE, abs=0.02), "the busiest place, and Python knows"
        assert shown.bbox[0] < PLACE[1] < shown.bbox[2]

        page.get_by_label("Measure").select_option("heart_rate")
        until(page, lambda: "heart rate" in page.locator(".heatlas-legend").inner_text())
        until(page, lambda: shown.measure == "heart_rate")
        page.evaluate("model.set('measure', 'flat_pace')")
        rides = "Makes sense of runs and walks alone: 5 activities of other sports are left out (5 Ride)."
        until(page, lambda: rides in page.locator(".heatlas-legend").inner_text())
        page.evaluate("model.set('measure', 'heart_rate')")
        page.get_by_label("Sport").select_option("Run")
        until(page, lambda: "5 activities" in page.locator(".heatlas-legend").inner_text())
        assert list(shown.sport) == ["Run"]

        page.evaluate("model.set('where', 'sport = ')")
        until(page, lambda: "filter" in page.locator(".heatlas-note").inner_text())
        page.evaluate("model.set('where', '')")
        until(page, lambda: page.locator(".heatlas-note").is_hidden())

        page.mouse.click(310, 200)
        until(page, lambda: shown.clicked is not None)
        page.locator(".maplibregl-popup-content").wait_for()

        page.evaluate("[model.set('measure', 'passes'), model.set('opacity', 0)]")
        until(page, lambda: warm(page) < 60)
        page.evaluate("[model.set('center', [20, 30]), model.set('zoom', 5)]")
        until(page, lambda: shown.center == pytest.approx((20, 30), abs=1e-3))
        assert shown.zoom == pytest.approx(5, abs=0.01)
        page.evaluate("leave()")
        page.evaluate("[model.set('opacity', 1), model.set('center', [47.8, 10.9]), model.set('zoom', 14)]")
        page.evaluate("show()")
        until(page, lambda: warm(page) > 300)
        kinds = page.evaluate("sent.map(({ kind }) => kind)")
        assert "names" in kinds
        assert kinds.count("parts") == 1, "what all maps of a page share is sent once"
        again = """async () => {
            const module = await import(URL.createObjectURL(new Blob([await esm()], { type: "text/javascript" })));
            const before = (await globalThis[Symbol.for("heatlas.widget")]).drawers.size;
            await module.default.render({ model, el: document.body.appendChild(document.createElement("div")) });
            return (await globalThis[Symbol.for("heatlas.widget")]).drawers.size - before;
        }"""
        # A notebook loads the module anew for each map: each has a name of its own.
        assert [page.evaluate(again), page.evaluate(again)] == [1, 1]
        assert wrong == []
        assert {url.split(":")[0] for url in fetched} <= {"http", "blob", "data"}
        assert {url for url in fetched if url.startswith("http")} == {"http://notebook.test/"}, "nothing from elsewhere"
    finally:
        page.close()
        shown.close()


NO_WEBGL = """const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
    return kind.startsWith("webgl") ? null : get.call(this, kind, ...more);
};"""


def test_without_webgl_the_map_is_plain_and_works(browser, path):
    shown = heatlas.LiveMap(path, height=400)
    page = browser.new_page(viewport={"width": 620, "height": 420})
    page.add_init_script(NO_WEBGL)
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    try:
        mount(page, shown)
        until(page, lambda: warm(page) > 300)
        assert "no WebGL 2" in page.locator(".heatlas-plain").inner_text()
        until(page, lambda: shown.zoom is not None)
        assert shown.center == pytest.approx(PLACE, abs=0.02), "the busiest place"
        page.mouse.click(310, 200)
        page.locator(".heatlas-bubble").wait_for()
        before = shown.zoom
        page.get_by_label("Closer").click()
        until(page, lambda: shown.zoom == pytest.approx(before + 1, abs=0.01))
        assert page.locator(".heatlas-bubble").count() == 0
        assert wrong == []
    finally:
        page.close()
        shown.close()


def test_points_in_a_browser(browser):
    shown = heatlas.LiveMap(heatlas.open_points(POINTS, weight="beds"), height=400)
    page = browser.new_page(viewport={"width": 620, "height": 420})
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    try:
        mount(page, shown)
        legend = page.locator(".heatlas-legend")
        until(page, lambda: "60 points" in legend.inner_text())
        assert legend.inner_text().startswith("Points: sum of beds")
        assert page.get_by_label("Sport").is_hidden()
        page.get_by_label("Radius").select_option("40px")
        page.get_by_label("Shape").select_option("linear")
        page.get_by_label("Density").select_option("1")
        until(page, lambda: (shown.radius, shown.kernel, shown.density) == ("40px", "linear", True))
        until(page, lambda: "per km" in legend.inner_text())
        page.get_by_label("Measure").select_option("mean(points)")
        until(page, lambda: page.get_by_label("Density").is_hidden())  # nothing is added up
        page.mouse.click(310, 200)
        page.wait_for_timeout(300)
        assert shown.clicked is None, "of a pixel of points nobody can be told"
        assert wrong == []
    finally:
        page.close()
        shown.close()


def test_explorer_tiles_are_those_of_whole_tracks(live, path):
    told, _ = ask(live, kind="explorer", zoom=17, wish={"sport": ["Run"]})
    report = heatlas.explore(path, zoom=17, sport="Run")
    assert [tile[:2] for tile in told["tiles"]] == [[tile["x"], tile["y"]] for tile in report["tiles"]]
    assert (told["total"], told["counted"]) == (report["total"], "whole tracks")
    for zoom in (9, 18, "14", None):
        assert "zoom must be a whole number" in ask(live, kind="explorer", zoom=zoom)[0]["error"]
    with pytest.raises(traitlets.TraitError, match="explorer 9 is no zoom of tiles: take 10 to 17, or None"):
        live.explorer = 9
    live.explorer = 16
    assert live.explorer == 16
    points = heatlas.LiveMap(heatlas.open_points(POINTS, weight="beds"))
    points.answers = []
    points.send = lambda content, buffers=None: points.answers.append((content, buffers))
    wish = {"measure": points.measure}
    assert "explorer tiles are of tracks" in ask(points, kind="explorer", zoom=14, wish=wish)[0]["error"]
    points.close()


def test_explorer_tiles_in_a_browser(browser, path):
    shown = heatlas.LiveMap(path, height=300, theme="light")
    page, wrong = browser.new_page(viewport={"width": 640, "height": 320}), []
    page.on("pageerror", lambda error: wrong.append(str(error)))

    def tinted():
        shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"), np.int16)
        return (shot[100:220, 60:580, 2] - shot[100:220, 60:580, 0] > 25).mean()

    try:
        mount(page, shown)
        until(page, lambda: page.locator(".heatlas-legend").inner_text().startswith("Passes"))
        page.wait_for_timeout(500)
        before = tinted()
        page.get_by_label("Explorer tiles").select_option("17")
        until(page, lambda: "(whole tracks)" in page.locator(".heatlas-explored").inner_text())
        until(page, lambda: shown.explorer == 17)
        everything = page.locator(".heatlas-explored").inner_text()
        until(page, lambda: tinted() > before + 0.02)
        page.get_by_label("Sport").select_option("Run")
        until(page, lambda: page.locator(".heatlas-explored").inner_text() not in {"", everything})
        page.evaluate("model.set('explorer', 16)")  # no choice of the list, as Python may set it
        until(page, lambda: page.get_by_label("Explorer tiles").input_value() == "16")
        page.get_by_label("Explorer tiles").select_option("")
        until(page, lambda: page.locator(".heatlas-explored").is_hidden() and tinted() < before + 0.002)
        assert wrong == []
    finally:
        page.close()
        shown.close()
