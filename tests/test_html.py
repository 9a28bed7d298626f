"""Published pages: opened from disk in Debian's Chromium, with the network cut."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from urllib.parse import urlsplit

import numpy as np
import pytest
from browsing import near
from page_library import HOME, made_library, two_years
from PIL import Image
from published import WAIT, Opened, field_of, layer_of, opened, window_picture
from street_tiles import write_town

from heatlas.core.errors import BadOption, SourceFailed, TooLarge
from heatlas.library.file.opening import open_library
from heatlas.publish import html, pieces
from heatlas.publish.html import write_html
from heatlas.tiles.scales import scale_data
from heatlas.tiles.view import close, open_view

ZOOMS = (2, 14)
RUN, RIDE = (HOME[0], HOME[1] + 0.013), (HOME[0] + 0.01, HOME[1] + 0.013)
PLACE = {"bbox": (10.89, 47.79, 10.94, 47.82), "activities": 13, "name": "Schongau, Germany"}


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    looked = open_view(open_library(made_library(tmp_path_factory.mktemp("html") / "made.db", two_years())))
    yield looked
    close(looked)


@pytest.fixture(scope="module")
def layers(tmp_path_factory, view):
    folder = tmp_path_factory.mktemp("archives")
    return [
        layer_of(folder / "all.pmtiles", field_of(view), "All", "Sport", ZOOMS),
        layer_of(folder / "run.pmtiles", field_of(view, sports=("Run",)), "Run", "Sport", ZOOMS),
        layer_of(folder / "ride.pmtiles", field_of(view, sports=("Ride",)), "Ride", "Sport", ZOOMS),
        layer_of(folder / "pace.pmtiles", field_of(view, "pace"), "Pace", "Measure", ZOOMS),
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory, layers):
    path = tmp_path_factory.mktemp("page") / "map.html"
    written(path, layers)
    return path


@pytest.fixture(scope="module")
def shared(browser, page):
    """One opened page for tests that only need another view of it."""
    with opened(browser, page, AT) as seen:
        yield seen


def written(path, layers, **options):
    look = {"title": "Home", "attribution": "", "background": "dark", "places": [PLACE], "basemap": None}
    return write_html(path, layers, **{**look, **options})


AT = "#map=13.00,47.80500,10.91000"
WHERE = (47.805, 10.91)


def wide(mask, by=2):
    """A mask, and what lies near it."""
    grown = mask.copy()
    for axis in (0, 1):
        grown = np.logical_or.reduce([np.roll(grown, step, axis) for step in range(-by, by + 1)])
    return grown


def expected(field, seen):
    """RGBA that the map should show, by the tiles of Python's own."""
    left, top, scale = seen.corner()
    assert scale == 256 * 2**14
    return window_picture(field, 14, round(left), round(top), *seen.size)


def test_heat_is_what_python_draws_and_nothing_leaves(shared, view):
    with shared.at(AT) as seen:
        drawn = expected(field_of(view), seen)
        shot = seen.shot()
        shown = np.abs(shot - shot[300, 450]).max(axis=2) > 40
        clear = np.ones(shown.shape, bool)
        clear[-140:] = clear[:, :350] = clear[:, -80:] = False
        strong, faint = drawn[..., 3] > 230, drawn[..., 3] > 8
        assert (strong & clear).sum() > 500
        assert shown[wide(strong, 0) & clear].mean() > 0.97
        assert wide(faint)[shown & clear].all()
        at = strong & clear & ~wide(~strong, 1)
        assert np.median(np.abs(shot[at] - drawn[at][:, :3])) <= 6


def test_without_a_link_the_first_place_is_shown(plain_browser, page):
    with opened(plain_browser, page) as seen:
        assert near(seen.glow(), seen.where(*RUN))
        seen.page.click("#whole")
        seen.settle()
        assert 8 < float(seen.said()["map"][0].split(",")[0]) < 11
        assert seen.said()["layer"] == ["all"]
        assert seen.page.title() == "Home"


def test_legend_follows_zoom_and_layer(shared, view):
    for said, zoom in ((AT, 14), ("#map=9.00,47.80500,10.91000", 10)):
        with shared.at(said) as seen:
            scale = scale_data(field_of(view), zoom)
            assert set(seen.ticks()) <= {*(text for _, text in scale["ticks"]), scale["high_text"]}
            assert len(seen.ticks()) >= 2
            assert seen.page.inner_text("#legend-title") == scale["title"]
            said = f"{scale['title']} from {scale['low_text']} to {scale['high_text']}"
            assert seen.page.get_attribute("#legend-bar", "aria-label") == said
    with shared.at("#map=9.00,47.80500,10.91000&layer=pace") as seen:
        scale = scale_data(field_of(view, "pace"), 10)
        assert seen.page.inner_text("#legend-title") == f"{scale['title']}, {scale['unit']}"
        bar = seen.page.evaluate("getComputedStyle(document.getElementById('legend-bar')).backgroundImage")
        colours = [tuple(int(part) for part in found) for found in re.findall(r"rgb\((\d+), (\d+), (\d+)\)", bar)]
        assert colours == [tuple(bytes.fromhex(text[1:])) for text in scale["colors"]]


def test_layers_are_switched_with_mouse_and_keys(shared):
    with shared.at(AT) as seen:
        assert near(seen.glow(), seen.where(*RUN))
        assert near(seen.glow(), seen.where(*RIDE))
        seen.choose(1)
        assert near(seen.glow(), seen.where(*RUN))
        assert not near(seen.glow(), seen.where(*RIDE))
        assert seen.said()["layer"] == ["run"]
        assert "8 activities" in seen.page.inner_text("#legend")
        seen.page.focus("input[value='1']")
        seen.page.keyboard.press("ArrowRight")
        seen.settle()
        assert seen.page.is_checked("input[value='2']")
        assert not near(seen.glow(), seen.where(*RUN))
        assert near(seen.glow(), seen.where(*RIDE))


def test_a_group_plays_by_itself(shared):
    with shared.at(AT) as seen:
        seen.page.click(".play")
        seen.page.wait_for_selector("input[value='2']:checked", timeout=WAIT)
        seen.page.wait_for_selector(".play[aria-pressed=false]", timeout=WAIT)
        assert near(seen.glow(), seen.where(*RIDE))


def test_beyond_the_finest_tiles_they_are_enlarged(shared):
    with shared.at("#map=16.50,47.80000,10.91000") as seen:
        glow = seen.glow()
        assert near(glow, seen.where(HOME[0], 10.91))
        assert glow.mean() < 0.3
        assert seen.ticks()


def test_a_light_ground_takes_colours_of_its_own(shared, view):
    with shared.at(AT) as seen:
        seen.page.click("#theme")
        seen.settle()
        assert seen.page.get_attribute("html", "data-theme") == "light"
        assert seen.said()["theme"] == ["light"]
        drawn = expected(field_of(view, colormap="wine"), seen)
        shot = seen.shot()
        clear = np.zeros(drawn.shape[:2], bool)
        clear[40:460, 360:810] = True
        strong = drawn[..., 3] > 250
        at = strong & clear & ~wide(~strong, 1)
        assert at.sum() > 100
        assert np.median(np.abs(shot[at] - drawn[at][:, :3])) <= 6
        assert shot[60, 450].min() > 200


def test_opacity_and_places(plain_browser, tmp_path, layers):
    path = tmp_path / "places.html"
    away = {"bbox": (10.0, 48.4, 10.1, 48.5), "activities": 2, "name": "Ulm"}
    written(path, layers[:1], places=[PLACE, away])
    with opened(plain_browser, path, AT + "&opacity=0.5") as seen:
        assert seen.page.input_value("#opacity") == "50"
        half = seen.shot()[seen.where(*RUN)[::-1]]
        seen.page.fill("#opacity", "100")
        seen.settle()
        assert seen.shot()[seen.where(*RUN)[::-1]].sum() > 1.4 * half.sum()
        assert "Schongau, Germany" in seen.page.inner_text("#places li:first-child")
        seen.page.click("#places li:nth-child(2) button")
        seen.settle()
        assert float(seen.said()["map"][0].split(",")[1]) == pytest.approx(48.45, abs=0.02)
        assert not seen.page.is_visible("#layers")


def test_on_a_phone_the_panel_is_a_sheet_and_a_link_is_kept_to(plain_browser, page):
    options = {"size": (390, 780), "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
    with opened(plain_browser, page, AT + "&layer=run&theme=light", **options) as seen:
        assert not seen.page.is_visible("#layers")
        assert "8 activities" in seen.page.inner_text("#legend")
        assert seen.page.get_attribute("html", "data-theme") == "light"
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
        seen.page.tap("#fold")
        seen.page.tap("label:has(input[value='2'])")
        seen.settle()
        assert "Ride" in seen.page.inner_text("#summary")
        box = seen.page.locator("label:has(input[value='2'])").bounding_box()
        assert box["height"] >= 36


def test_a_base_map_is_asked_for_only_when_switched_on(browser, tmp_path, layers):
    path = tmp_path / "based.html"
    written(path, layers[:1], basemap={"url": "https://tiles.example/{z}/{x}/{y}.png", "attribution": "© Tiles & Co"})
    seen = Opened(browser, path, AT, offline=False)
    square = io.BytesIO()
    Image.new("RGB", (256, 256), (0, 160, 0)).save(square, "PNG")
    answer = {"body": square.getvalue(), "content_type": "image/png", "headers": {"Access-Control-Allow-Origin": "*"}}
    seen.context.route("https://tiles.example/**", lambda route: route.fulfill(**answer))
    assert seen.away == []
    assert "Tiles & Co" not in seen.page.inner_text("#credit")
    with seen.page.expect_request("https://tiles.example/**", timeout=WAIT):
        seen.page.check("#base")
    seen.settle()
    assert {urlsplit(url).hostname for url in seen.away} == {"tiles.example"}
    assert "Tiles & Co" in seen.page.inner_text("#credit")
    assert "base" not in seen.said()
    refused = seen.page.evaluate("fetch('https://tiles.example/1/1/1.png').then(() => 'got', () => 'refused')")
    assert refused == "refused"
    seen.context.close()


def test_streets_lie_in_the_page_and_nobody_is_asked(browser, tmp_path, layers):
    path = tmp_path / "streets.html"
    written(path, layers[:1], basemap=str(write_town(tmp_path / "town.pmtiles", *WHERE, zooms=(8, 12))))
    with opened(browser, path, AT) as seen:
        assert "OpenStreetMap" in seen.page.inner_text("#credit")
        seen.page.uncheck("#base")
        seen.settle()
        assert "OpenStreetMap" not in seen.page.inner_text("#credit")
        bare = seen.shot()
        seen.page.check("#base")
        for _ in range(40):
            seen.page.wait_for_timeout(250)
            share = (np.abs(bare - seen.shot()).max(axis=2)[:540, 360:-90] > 6).mean()
            if share > 0.02:
                break
        assert 0.02 < share < 0.7


def test_openstreetmap_is_not_asked_from_disk(shared):
    with shared.at(AT) as seen:
        assert seen.page.is_disabled("#base")
        assert "web" in seen.page.inner_text("#base-note")


HOSTILE = """</script><script>alert(1)</script><!-- <script> "'&{{data}} \u2028 é"""


def test_no_text_leaves_its_place(plain_browser, tmp_path, layers):
    path = tmp_path / "hostile.html"
    written(path, [replace(layers[0], title=HOSTILE, group=HOSTILE), layers[1]], title=HOSTILE, attribution=HOSTILE,
            places=[{**PLACE, "name": HOSTILE}, PLACE])  # fmt: skip
    with opened(plain_browser, path, AT) as seen:
        assert seen.page.title().split() == HOSTILE.split()
        assert HOSTILE[:9] in seen.page.inner_text("#layers label >> nth=0")
        assert HOSTILE[:9] in seen.page.inner_text("#places")
        assert HOSTILE[:9] in seen.page.inner_text("#credit")
        assert near(seen.glow(), seen.where(*RUN))


def test_archives_of_many_pieces(plain_browser, tmp_path, layers, monkeypatch):
    monkeypatch.setattr(pieces, "_PIECE", 999)
    path = tmp_path / "pieces.html"
    report = written(path, layers[:1])
    assert report["bytes"] == path.stat().st_size
    assert path.read_text(encoding="utf-8").count('id="a0-') == -(-layers[0].archive.stat().st_size // 999)
    with opened(plain_browser, path, AT) as seen:
        assert near(seen.glow(), seen.where(*RUN))


def test_sizes_are_told_warned_of_and_refused(tmp_path, layers, monkeypatch):
    path = tmp_path / "map.html"
    report = written(path, layers)
    assert report["bytes"] == path.stat().st_size
    assert report["warnings"] == []
    assert report["zooms"] == list(ZOOMS)
    monkeypatch.setattr(html, "WARN_BYTES", report["bytes"] - 1)
    (warning,) = written(path, layers)["warnings"]
    assert "--zoom" in warning
    before = path.read_bytes()
    monkeypatch.setattr(html, "MOST_BYTES", report["bytes"] - 1)
    with pytest.raises(TooLarge, match=r"map\.html would have .* MB.*--zoom.*folder"):
        written(path, layers)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["map.html"]


def test_equal_layers_make_equal_pages(tmp_path, layers):
    one, other = tmp_path / "one.html", tmp_path / "other.html"
    written(one, layers)
    written(other, layers)
    assert one.read_bytes() == other.read_bytes()


def test_nothing_of_single_activities_is_in_the_file(page):
    text = page.read_text(encoding="utf-8")
    assert "Ride 3" not in text
    assert "2025-02" not in text
    assert "Copyright 2021 Protomaps" in text
    assert "MapLibre contributors" in text


def test_what_cannot_be_used_is_told(tmp_path, layers):
    path, first = tmp_path / "map.html", layers[0]
    none = tmp_path / "none.pmtiles"
    none.write_bytes(b"not an archive" * 20)
    for wrong, options, error, said in (
        ([], {}, BadOption, "layer"),
        ([first, replace(layers[1], zooms=(3, 14))], {}, BadOption, "same zooms"),
        ([replace(first, scales={2: {}})], {}, BadOption, "no scale for zoom 3"),
        ([replace(first, archive=none)], {}, SourceFailed, "none.pmtiles"),
        ([replace(first, archive=tmp_path / "gone")], {}, SourceFailed, "gone"),
        ([first], {"background": "blue"}, BadOption, "dark or light"),
        ([first], {"basemap": "https://tiles.example/"}, BadOption, "{z}"),
        ([first], {"basemap": "javascript:{z}{x}{y}"}, BadOption, "base map"),
        ([first], {"basemap": "https://a.b;script-src *;/{z}/{x}/{y}"}, BadOption, "base map"),
    ):
        with pytest.raises(error, match=re.escape(said)):
            written(path, wrong, **options)
    assert not path.exists()
