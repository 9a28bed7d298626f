"""Furniture: nothing lies on anything else, bars are as long as they say, letters can be read on any ground."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from heatlas.core.errors import BadOption
from heatlas.core.mercator import ground_metres
from heatlas.core.window import Window
from heatlas.dataset.places import bbox_window
from heatlas.options import RenderOptions, gather
from heatlas.raster.measure import parse_measure
from heatlas.rendering.finish import Finish
from heatlas.style import fonts, scale_bar, text
from heatlas.style.colormaps import colormap
from heatlas.style.cover import CELL, Cover, cells_of
from heatlas.style.decorations import DecoratedPixels, Decorations, arrange
from heatlas.style.image import Picture
from heatlas.style.legend import CORNERS, draw_legend, fitting_scale
from heatlas.writers import write
from heatlas.writers.rendered_map import RenderedMap

DARK, LIGHT = (14, 17, 22), (250, 249, 246)
CITY = Window(256 * 2**13, 1_086_000, 722_000, 1200, 900)


def legend_for(window, ground=DARK):
    ticks = [(0.0, "1"), (0.5, "10"), (1.0, "100")]
    scale = fitting_scale(window.width, window.height)
    return draw_legend(colormap("ember"), ticks, "Passes", dark=ground is not LIGHT, scale=scale)


def blots(seed, height, width):
    """Some rectangles of heat."""
    filled, rng = np.zeros((height, width), bool), np.random.default_rng(seed)
    for _ in range(rng.integers(0, 5)):
        top, left = rng.integers(0, height), rng.integers(0, width)
        filled[top : top + height // 3, left : left + width // 3] = True
    return filled


@given(
    width=st.integers(30, 3000),
    height=st.integers(30, 3000),
    title=st.sampled_from(["", "Panama City", "Two years of running and riding in the town by the river", "x" * 60]),
    attribution=st.sampled_from(["", "© me", "© OpenStreetMap contributors, and the runners of the town"]),
    with_bar=st.booleans(),
    corner=st.sampled_from([None, *CORNERS]),
    ground=st.sampled_from([None, DARK, LIGHT]),
    seed=st.one_of(st.none(), st.integers(0, 99)),
)
@settings(max_examples=60, deadline=None)
def test_nothing_lies_on_anything_else(width, height, title, attribution, with_bar, corner, ground, seed):
    window = Window(256 * 2.0**13, 1_086_000, 722_000, width, height)
    wanted = Decorations(title=title, attribution=attribution, scale_bar=with_bar, ground=ground)
    legend = None if corner is None else legend_for(window, ground)
    cover = None if seed is None else Cover.of([cells_of(blots(seed, height, width))])
    try:
        patches = arrange(window, wanted, legend, corner or "", cover)
    except BadOption as error:
        assert "too small" in str(error)  # noqa: PT017
        assert min(width, height) < 300 or title.startswith("x")
        return
    assert len(patches) == bool(title) + bool(attribution) + with_bar + (corner is not None)
    covered = np.zeros((height, width), np.uint8)
    for patch in patches:
        h, w = patch.pixels.shape[:2]
        assert 4 <= patch.left <= width - w - 4
        assert 4 <= patch.top <= height - h - 4
        covered[patch.top : patch.top + h, patch.left : patch.left + w] += 1
    assert covered.max(initial=0) <= 1


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("palette", [True, False])
def test_a_legend_is_painted_in_its_corner(corner, palette):
    window = Window(256 * 2.0**13, 1_086_000, 722_000, 300, 200)
    legend = np.full((30, 80, 4), (10, 20, 30, 255), np.uint8)
    picture = Picture(np.full((200, 300), 7, np.uint8), colormap("ember"))
    picture = picture if palette else Picture(picture.rgba)
    before = picture.rgba.copy()
    furnished = DecoratedPixels(picture, arrange(window, Decorations(), legend, corner))
    seen = np.concatenate([furnished.rows(top, min(top + 13, 200)).pixels for top in range(0, 200, 13)])
    assert furnished.palette is None
    assert np.array_equal(picture.rgba, before)
    y, x = np.nonzero((seen != before).any(-1))
    top = 16 if "top" in corner else 200 - 16 - 30
    left = 16 if "left" in corner else 300 - 16 - 80
    assert (y.min(), y.max(), x.min(), x.max()) == (top, top + 29, left, left + 79)


def rectangles(patches):
    return [(slice(p.top, p.top + p.pixels.shape[0]), slice(p.left, p.left + p.pixels.shape[1])) for p in patches]


@given(seed=st.integers(0, 2**32 - 1), free=st.sampled_from(CORNERS))
@settings(max_examples=40, deadline=None)
def test_a_legend_hides_no_pixel_of_heat_where_a_corner_is_free(seed, free):
    window = Window(256 * 2.0**13, 1_086_000, 722_000, 600, 500)
    legend = legend_for(window)
    filled = np.random.default_rng(seed).random((500, 600)) < 0.01  # there is hardly any room
    rows = slice(0, 120) if "top" in free else slice(-120, None)
    columns = slice(0, 320) if "left" in free else slice(-320, None)
    filled[rows, columns] = False
    (place,) = rectangles(arrange(window, Decorations(), legend, "", Cover.of([cells_of(filled)])))
    assert not filled[place].any()
    assert place[0].start == (16 if "top" in free else 500 - 16 - len(legend))


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_decorations_hide_as_little_as_any_corners_allow_and_always_go_to_the_same(seed):
    window = Window(256 * 2.0**13, 1_086_000, 722_000, 800, 600)
    wanted, legend = Decorations(title="Panama", scale_bar=True, attribution="me", ground=DARK), legend_for(window)
    filled = blots(seed, 600, 800)
    cover = Cover.of([cells_of(filled[top : top + 64]) for top in range(0, 600, 64)])
    patches = arrange(window, wanted, legend, "", cover)
    hidden = sum(filled[place].any() for place in rectangles(patches))
    usual = sum(filled[place].any() for place in rectangles(arrange(window, wanted, legend)))
    assert bool(hidden) <= bool(usual)
    again = arrange(window, wanted, legend, "", Cover.of([cells_of(filled)]))
    assert [(p.left, p.top) for p in again] == [(p.left, p.top) for p in patches]


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 2**32 - 1), st.tuples(*[st.integers(0, 70)] * 4))
def test_a_cover_counts_the_cells_that_a_rectangle_touches(height, width, seed, rectangle):
    filled = np.random.default_rng(seed).random((height, width)) < 0.05
    left, top, wide, tall = rectangle
    cells = {(y // CELL, x // CELL) for y, x in np.argwhere(filled)}
    touched = {(y // CELL, x // CELL) for y in range(top, top + tall) for x in range(left, left + wide)}
    parts = [cells_of(filled[row : row + 16]) for row in range(0, height, 16)]
    assert Cover.of(parts).under(left, top, wide, tall) == (len(cells & touched) if wide and tall else 0)


def test_without_decorations_a_picture_stays_what_it_is():
    picture = Picture(np.zeros((900, 1200), np.uint8), colormap("ember"))
    furnished = DecoratedPixels(picture, arrange(CITY, Decorations(ground=DARK), None))
    assert furnished.palette is picture.palette
    assert furnished.rows(3, 9).pixels.base is picture.pixels


@given(st.floats(-84, 84), st.floats(1, 20), st.integers(200, 5000))
def test_a_bar_is_round_and_as_long_as_it_says(lat, zoom, most):
    scale = 256 * 2.0**zoom
    window = bbox_window((10, lat - 0.01, 10.02, lat + 0.01), zoom=zoom)
    metres, pixels = scale_bar.bar_length(window, window.height / 2, most)
    assert round(metres / 10 ** math.floor(math.log10(metres) + 1e-9), 6) in {1, 2, 5}
    assert most / 2.5 - 1e-6 <= pixels <= most * (1 + 1e-9)
    east = float(ground_metres((window.y + window.height / 2) / scale)[0])
    assert pixels / scale * east == pytest.approx(metres, rel=1e-9)


@pytest.mark.parametrize("lat", [0.0, 47.8, 70.0])
@pytest.mark.parametrize("ground", [None, DARK, LIGHT])
def test_a_painted_bar_is_as_long_as_the_ground_says(lat, ground):
    """Measured in the picture, against the length of a degree of longitude on the ellipsoid."""
    window = bbox_window((10, lat, 10.1, lat + 0.06), width=1100)
    (patch,) = arrange(window, Decorations(scale_bar=True, ground=ground), None)
    ink = (26, 29, 36) if ground is LIGHT else (246, 246, 244)
    line = (patch.pixels[..., :3] == ink).all(-1) & (patch.pixels[..., 3] == 255)
    row = int(np.argmax(line.sum(axis=1)))
    columns = np.flatnonzero(line[row])
    length = columns[-1] - columns[0] + 1
    e2 = 0.00669437999014
    _, south, _, north = window.bbox
    here = math.radians(north + (patch.top + row) / window.height * (south - north))
    degree = math.pi / 180 * 6378137 * math.cos(here) / math.sqrt(1 - e2 * math.sin(here) ** 2)
    metres = length * degree * 360 / window.scale
    round_length = min((d * 10.0**k for k in range(6) for d in (1, 2, 5)), key=lambda m: abs(m - metres))
    assert metres == pytest.approx(round_length, rel=1 / length + 1e-3)


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ((10, 47, 10.1, 47.1), ""),
        ((-20, 35, 40, 70), " at 36°N"),
        ((-180, -60, 180, 80), " at 57°S"),
        ((-9, -9, 9, 9), ""),
    ],
)
def test_a_bar_says_where_it_holds_when_it_does_not_hold_everywhere(box, words):
    window = bbox_window(box, width=1000)
    assert scale_bar._where(window, 0.97 * window.height) == words


@pytest.mark.parametrize(
    ("metres", "words"), [(0.5, "50 cm"), (1, "1 m"), (500, "500 m"), (1000, "1 km"), (2e6, "2,000 km")]
)
def test_lengths_are_written_for_people(metres, words):
    assert scale_bar.words_for(metres) == words


@pytest.mark.parametrize(("ground", "light"), [(DARK, True), (LIGHT, False), (None, True), ((200, 30, 30), True)])
def test_letters_can_be_read(ground, light):
    """Between letters and what surrounds them lies a contrast of at least 4.5 (WCAG 2.2), even over a bright line."""
    (patch,) = arrange(CITY, Decorations(title="Title", ground=ground), None)
    line = np.full((CITY.height, CITY.width, 4), (255, 120, 40, 255), np.uint8)
    rows = DecoratedPixels(Picture(line), (patch,)).rows(patch.top, patch.top + len(patch.pixels)).pixels
    part = rows[:, patch.left : patch.left + patch.pixels.shape[1], :3].astype(float) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    ink = np.array([246, 246, 244] if light else [26, 29, 36]) / 255
    letters = np.abs(part - ink).max(-1) < 0.02
    assert letters.sum() > 300
    if ground in (DARK, LIGHT, None):
        near = np.zeros_like(letters)
        for dy in range(-3, 4):
            for dx in range(-3, 4):
                near |= np.roll(letters, (dy, dx), (0, 1))
        closer = np.zeros_like(letters)
        for dy in range(-2, 3):
            for dx in range(-2, 3):
                closer |= np.roll(letters, (dy, dx), (0, 1))
        around = luminance[near & ~closer]
        bright, dim = (
            max(luminance[letters].mean(), np.median(around)),
            min(luminance[letters].mean(), np.median(around)),
        )
        assert (bright + 0.05) / (dim + 0.05) > 4.5


def test_letters_grow_with_the_picture():
    heights = []
    for factor in (1, 4):
        window = Window(256 * 2.0**13, 1_086_000, 722_000, 1200 * factor, 900 * factor)
        (patch,) = arrange(window, Decorations(title="Panama", ground=DARK), None)
        heights.append(len(patch.pixels) / window.height)
    assert heights[1] == pytest.approx(heights[0], rel=0.1)


def forget():
    for known in (fonts._homes, fonts._has, fonts._font):
        known.cache_clear()


@pytest.fixture
def no_others(monkeypatch):
    """A computer without any font."""
    monkeypatch.setattr(fonts, "_OTHERS", ())
    forget()
    yield
    monkeypatch.undo()
    forget()


def test_letters_that_no_font_has_are_replaced(no_others):
    ink = text.ink_for(DARK, 1.0)
    assert np.array_equal(ink.mask("Läufe", 30), ink.mask("Laufe", 30))
    assert np.array_equal(ink.mask("日本 – La\u0308ufe", 30), ink.mask("?? - Laufe", 30))
    assert not np.array_equal(ink.mask("© me", 30), ink.mask("? me", 30))
    assert fonts.unwritable("Läufe – 日日") == "ä日"


def written(words):
    return [(text, font.getname()[0]) for text, font in fonts.runs(words, 30)]


@pytest.mark.skipif(not fonts._has("DejaVuSans.ttf", "ä"), reason="needs DejaVu Sans")
def test_a_letter_that_is_missing_spoils_no_other(monkeypatch):
    monkeypatch.setattr(fonts, "_OTHERS", ("DejaVuSans.ttf",))
    forget()
    assert written("Zürich run") == [("Zürich run", "DejaVu Sans")]
    assert written("Zürich \U0010fffd Łódź\ufe0f") == [("Zürich ? Łódź", "DejaVu Sans")]
    assert written("Ångström – 日本") == [("Ångström – ??", "DejaVu Sans")]
    assert fonts.unwritable("Ångström – 日本") == "日本"
    assert fonts.unwritable("Zürich Łódź") == ""
    forget()


@pytest.mark.skipif(
    not (fonts._has("LiberationSans-Regular.ttf", "ä") and fonts._has("DejaVuSans.ttf", "☀")),
    reason="needs Liberation Sans and DejaVu Sans",
)
def test_what_the_main_font_lacks_comes_from_another(monkeypatch):
    main, has = "Liberation Sans", fonts._has
    monkeypatch.setattr(
        fonts, "_has", lambda name, char: (char == "☀") == name.startswith("DejaVu") and has(name, char)
    )
    fonts._homes.cache_clear()
    assert written("Zürich ☀ Łódź") == [("Zürich ", main), ("☀", "DejaVu Sans"), (" Łódź", main)]
    ink = text.ink_for(DARK, 1.0)
    assert ink.length("Zürich ☀", 30) > ink.length("Zürich", 30) + 15
    mask = ink.mask("Zürich ☀", 30)
    assert np.array_equal(mask[:, :60], ink.mask("Zürich", 30)[:, :60])
    assert mask[:, -20:].any()
    fonts._homes.cache_clear()


def test_letters_that_are_lost_are_reported(tmp_path, no_others):
    assert finish("p.png", tmp_path, attribution="Łódź")._warnings("Läufe") == [
        "no font on this computer has ä Ł ó ź: replaced in what was painted"
    ]
    assert finish("p.png", tmp_path)._warnings("Runs") == []
    assert finish("p.npy", tmp_path)._warnings("Läufe") == []


def finish(name, tmp_path, **options):
    asked = gather(RenderOptions, {"background": "dark", **options})
    return Finish.parse(tmp_path / name, parse_measure("passes"), asked)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("p.npy", {"scale_bar": True}, "--scale-bar is painted.*holds values: write a .png"),
        ("p.tif", {"scale_bar": True}, "add --rgba"),
        ("p.kmz", {"scale_bar": True}, "--scale-bar would be wrong in a .kmz"),
        ("p.png", {"garmin": True}, "--garmin is for .kmz"),
        ("p.kmz", {"garmin": True, "background": "none"}, "--garmin needs a --background.*JPEG"),
        ("p.kmz", {"garmin": True, "legend": True}, "--legend has no place"),
        ("p.png", {"rgba": True}, "--rgba is for .tif"),
        ("p.png", {"dpi": 300.0}, "--dpi is for .pdf"),
        ("p.pdf", {"dpi": 1.0}, "--dpi 1 is not between"),
    ],
)
def test_options_that_would_be_ignored_are_refused(tmp_path, name, options, says):
    with pytest.raises(BadOption, match=says):
        finish(name, tmp_path, **options)


@pytest.mark.parametrize(("name", "options"), [("p.tif", {"rgba": True, "scale_bar": True}), ("p.pdf", {"dpi": 200.0})])
def test_options_that_fit_are_taken(tmp_path, name, options):
    assert finish(name, tmp_path, **options).output.name == name


@pytest.mark.parametrize("name", ["p.png", "p.webp", "p.tif"])
def test_decorations_are_painted_on_every_picture(tmp_path, name):
    rng = np.random.default_rng(0)
    picture = Picture(rng.integers(0, 9, (900, 1200), np.uint8), colormap("ember"))
    wanted = Decorations(title="Panama", scale_bar=True, attribution="© me", ground=DARK)
    work = RenderedMap(window=CITY, picture=picture, decorations=wanted, legend=legend_for(CITY), rgba=name == "p.tif")
    paths = write(tmp_path / name, work)
    if name == "p.tif":
        import rasterio

        assert len(paths) == 1
        with rasterio.open(paths[0]) as dataset:
            seen = np.moveaxis(dataset.read(), 0, -1)
    else:
        with Image.open(paths[0]) as image:
            seen = np.array(image.convert("RGBA"))
    assert np.array_equal(seen, work.finished.rows(0, 900).rgba)
    changed = (seen != picture.rgba).any(-1)
    assert all(part.any() for part in (changed[:150, :400], changed[-150:, :400], changed[-150:, -400:]))
    assert not changed[300:600].any()


def test_words_go_into_files_that_hold_values(tmp_path):
    import json

    work = RenderedMap(
        window=Window(256.0, 0, 0, 2, 2), values=np.ones((2, 2), np.float32), title="Panama", attribution="© me"
    )
    _, beside = write(tmp_path / "p.npy", work)
    described = json.loads(beside.read_text())
    assert (described["title"], described["attribution"]) == ("Panama", "© me")


def test_a_picture_too_small_says_so(tmp_path):
    with pytest.raises(BadOption, match="60 x 60 pixels is too small"):
        arrange(Window(2.0**20, 0, 0, 60, 60), Decorations(title="Panama City by night"), legend_for(CITY))
    with pytest.raises(BadOption, match="no corner"):
        arrange(CITY, Decorations(), legend_for(CITY), "middle")
