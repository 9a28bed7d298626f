"""Posters: composed around what is drawn, laid out without collisions, and printed with real text and marks."""

from __future__ import annotations

import re
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from slow import make_batch

import heatlas
from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat, ground_metres, to_lonlat
from heatlas.core.window import Window
from heatlas.dataset.places.composing import composed, emptiness
from heatlas.dataset.tracks import Tracks
from heatlas.style import fonts
from heatlas.style.colormaps import colormap
from heatlas.style.image import Picture
from heatlas.style.legend_kinds import Legend
from heatlas.style.page import Box, Foot, Page, Sheet, Stamp, Text, lay_page
from heatlas.style.page_paint import paint_page
from heatlas.style.text import ink_for
from heatlas.style.themes import THEMES
from heatlas.writers.pdf_page import write_page

WINDOW = Window(256 * 2.0**13, 1_086_000, 722_000, 300, 200)
BAR = Legend("bar", "Passes", ((0.0, "1"), (0.5, "10"), (1.0, "283+")), "paler = fewer passes")
FIGURES = (("1,802", "km"), ("237", "hours"), ("412", "activities"), ("2012-2026", "years"), ("14", "places"))


def town(wide, tall, metres=150, seed=0):
    """Streets of a town of so many metres, and some ways that leave it far behind."""
    rng = np.random.default_rng(seed)
    ways = [[(0, y), (wide, y)] for y in range(0, tall + 1, metres)] * 3
    ways += [[(x, 0), (x, tall)] for x in range(0, wide + 1, metres)] * 3
    far = max(wide, tall) * 2
    ways += [[(wide / 2, tall / 2), tuple(rng.uniform(-far, far, 2))]]
    return [way_of(way, k) for k, way in enumerate(ways)]


def way_of(corners, k):
    """A track through corners, metres east and south of a place."""
    corners = np.array(corners, float)
    at = np.concatenate(([0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))))
    steps = np.arange(0, at[-1], 20)
    u, v = from_lonlat(10.9, 47.8)
    east, up = ground_metres(v)
    x, y = (np.interp(steps, at, corners[:, axis]) for axis in (0, 1))
    lon, lat = to_lonlat(u + x / east, v + y / up)
    return make_batch(
        lon, lat, 1.5e9 + 86400.0 * k + steps / 3, source=f"way-{k}", sport="Run", start=1.5e9, utc_offset=0.0
    )


def held(batches, box):
    """Share of the cells' visits that lie in a box: a plain twin, in degrees."""
    west, south, east, north = box
    inside = total = 0
    for batch in batches:
        lon, lat = to_lonlat(batch.u, batch.v)
        total += len(lon)
        inside += int(((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)).sum())
    return inside / total


@given(
    wide=st.integers(8, 30).map(lambda n: n * 150),
    ratio=st.floats(0.55, 1.8),
    aspect=st.sampled_from([0.71, 0.87, 1.0, 1.41, 2.1]),
    seed=st.integers(0, 20),
)
@settings(max_examples=15, deadline=None)
def test_a_poster_holds_most_passes_with_little_empty_space(wide, ratio, aspect, seed):
    tracks = town(wide, round(wide / ratio / 150) * 150, seed=seed)
    box, form = composed(tracks, Tracks(tuple(tracks)).places()[0].bbox, [aspect, 1 / aspect])
    assert held(tracks, box) >= 0.9
    assert form in (aspect, 1 / aspect)
    (left, right), (top, bottom) = mercator(box)
    assert (right - left) / (bottom - top) == pytest.approx(form, rel=0.02)
    scale = 256 / max(right - left, bottom - top)
    passes = np.zeros((256, 256))
    for batch in tracks:
        x, y = np.floor((batch.u - left) * scale).astype(int), np.floor((batch.v - top) * scale).astype(int)
        inside = (x >= 0) & (x < 256) & (y >= 0) & (y < 256)
        passes[y[inside], x[inside]] += 1
    if 0.8 < ratio / form < 1.25:  # the town has about the form of the paper
        assert emptiness(passes, 0, 0, (right - left) * scale, (bottom - top) * scale) <= 0.25


def mercator(box):
    west, south, east, north = box
    return from_lonlat(np.array([west, east]), np.array([north, south]))


def edges(item):
    if isinstance(item, Text):
        wide = ink_for(None, 1.0).length(item.words, 100) / 100 * item.size
        left = item.x - {"left": 0, "middle": 0.5, "right": 1}[item.anchor] * wide
        return left, item.y - 0.75 * item.size, left + wide, item.y
    return item.x, item.y, item.x + item.width, item.y + item.height


@given(
    sides=st.sampled_from([(210, 297), (297, 210), (500, 700), (148, 105), (100, 400)]),
    title=st.sampled_from(["Panama", "Two years of running and riding in the town by the river, and far beyond"]),
    subtitle=st.sampled_from(["", "Panama City, Panama · Passes"]),
    figures=st.sampled_from([(), FIGURES[:1], FIGURES]),
    legend=st.sampled_from([None, BAR]),
    scale_bar=st.booleans(),
    attribution=st.sampled_from(["", "© OpenStreetMap contributors, and all the runners and riders of the town"]),
)
@settings(max_examples=60, deadline=None)
def test_nothing_on_a_page_lies_on_anything_else_or_on_the_map(
    sides, title, subtitle, figures, legend, scale_bar, attribution
):
    foot = Foot(title, subtitle, figures, legend, colormap("ember"), None, scale_bar, attribution)
    unit = min(sides) / 100
    sheet = Sheet(*sides, 5.5 * unit, 0.0, foot.height(unit))
    page = lay_page(sheet, WINDOW, foot, (14, 17, 22))
    x, y, width, height = sheet.frame
    assert height > 0.2 * sides[1]
    texts = [item for item in page.items if isinstance(item, Text)]
    assert {title, *(n for n, _ in figures), *([attribution] if attribution else [])} <= {t.words for t in texts}
    for item in texts:
        left, top, right, bottom = edges(item)
        assert left >= x - 0.01
        assert right <= x + width + 0.6 * unit
        assert top > y + height
        assert bottom <= sides[1] - sheet.margin + 0.01
    boxes = [edges(item) for item in [*texts, *(i for i in page.items if isinstance(i, Stamp))]]
    for k, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[:k]:
            assert left >= other[2] or right <= other[0] or top >= other[3] or bottom <= other[1]


def printed(tmp_path, bleed=0.0, title="Panama", figures=FIGURES):
    foot = Foot(title, "", figures, BAR, colormap("ember"), None, True, "my own tracks")
    sheet = Sheet(210, 297, 12, bleed, foot.height(2.1))
    page = lay_page(sheet, WINDOW, foot, (14, 17, 22))
    picture = Picture(np.random.default_rng(0).integers(0, 255, (200, 300), np.uint8), colormap("ember"))
    write_page(tmp_path / "p.pdf", page, picture, title=title, attribution="me")
    return (tmp_path / "p.pdf").read_bytes(), page, picture


def streams(data):
    """Number of an object -> its stream, unpacked where it is packed; each lies where the table says."""
    start = int(re.search(rb"startxref\n(\d+)", data)[1])
    count = int(re.match(rb"xref\n0 (\d+)\n", data[start:])[1])
    table = data[start:].split(b"\n", 2)[2][: 20 * count]
    found = {}
    for number in range(count):
        place, kind = int(table[20 * number : 20 * number + 10]), table[20 * number + 17 : 20 * number + 18]
        if kind != b"n":
            continue
        assert data[place:].startswith(b"%d 0 obj" % number)
        body = data[place : data.index(b"endobj", place)]
        if b"stream\n" in body:
            raw = body.split(b"stream\n", 1)[1].rsplit(b"\nendstream", 1)[0]
            found[number] = zlib.decompress(raw) if b"FlateDecode" in body.split(b"stream\n", 1)[0] else raw
    return found


def test_a_pdf_has_real_text_in_an_embedded_font(tmp_path):
    data, _, picture = printed(tmp_path)
    found = streams(data)
    content = next(text for text in found.values() if b" Tj" in text)
    words = [bytes.fromhex(one.decode()).decode("cp1252") for one in re.findall(rb"<([0-9a-f]+)> Tj", content)]
    assert {"Panama", "1,802", "km", "Passes", "283+", "paler = fewer passes", "my own tracks"} <= set(words)
    assert b"/BaseFont/Aileron" in data
    assert fonts.load_font(20).font_bytes in found.values()
    rows = np.concatenate([np.zeros((200, 1), np.uint8), picture.rgba[..., :3].reshape(200, 900)], axis=1)
    image = np.frombuffer(found[6], np.uint8).reshape(200, 901)
    assert image[0, 0] in range(5)  # a filter of PNG
    assert rows.shape == image.shape
    assert b"TrimBox" not in data


@pytest.mark.skipif(not fonts._has("DejaVuSans.ttf", "ś"), reason="needs DejaVu Sans")
def test_letters_of_other_fonts_are_embedded_as_far_as_they_are_used(tmp_path):
    pytest.importorskip("fontTools")
    data, _, _ = printed(tmp_path, title="Łódź, Polska")
    found = streams(data)
    names = next(text for text in found.values() if b"beginbfchar" in text).decode()
    glyphs = dict(re.findall(r"<([0-9a-f]{4})> <([0-9a-f]{4})>", names))
    content = next(text for text in found.values() if b" Tj" in text).decode()
    shown = [re.findall("....", one) for one in re.findall(r"<([0-9a-f]{16,})> Tj", content)]
    said = ["".join(chr(int(glyphs[glyph], 16)) for glyph in one) for one in shown if all(g in glyphs for g in one)]
    assert "Łódź, Polska" in said
    assert max(len(one) for one in found.values() if one[:4] == b"\x00\x01\x00\x00") < 60_000
    assert "+" in re.search(rb"/BaseFont/(\S+?)/", data[data.index(b"Type0") :])[1].decode()


def test_letters_whose_font_cannot_be_embedded_are_painted(tmp_path, monkeypatch):
    from heatlas.writers import pdf_fonts

    monkeypatch.setattr(pdf_fonts, "_subset", lambda *_: None)
    monkeypatch.setattr(pdf_fonts, "_file_of", lambda font: "odd.otf" if font.size > 23 else "")
    data, page, _ = printed(tmp_path)
    images = sum(isinstance(item, Text) for item in page.items) + 1 + 1
    assert data.count(b"/Subtype/Image") == images
    streams(data)


def test_bleed_and_crop_marks_stand_around_the_trimmed_page(tmp_path):
    data, _, _ = printed(tmp_path, bleed=3.0)
    boxes = {
        name: [float(n) for n in nums.split()]
        for name, nums in re.findall(r"/(\w+Box)\[([\d. ]+)\]", data.decode("latin-1"))
    }
    mm = 72 / 25.4
    trim = boxes["TrimBox"]
    assert [trim[2] - trim[0], trim[3] - trim[1]] == pytest.approx([210 * mm, 297 * mm], abs=0.01)
    assert trim[0] - boxes["BleedBox"][0] == pytest.approx(3 * mm, abs=0.01)
    content = next(text for text in streams(data).values() if b" Tj" in text).decode()
    first = [float(n) for n in re.search(r"([\d. ]+) re f", content)[1].split()]
    assert first == pytest.approx([boxes["BleedBox"][0], boxes["BleedBox"][1], 216 * mm, 303 * mm], abs=0.01)
    marks = content.split("0 0 0 1 k")[1]
    rects = [[float(n) for n in one.split()] for one in re.findall(r"([\d. ]+) re f", marks)]
    assert len(rects) == 8
    for left, low, wide, high in rects:  # none reaches into the bleed
        inside = left + wide > boxes["BleedBox"][0] and left < boxes["BleedBox"][2]
        assert not (inside and low + high > boxes["BleedBox"][1] and low < boxes["BleedBox"][3])


def test_a_painted_page_holds_the_map_as_it_is(tmp_path):
    _, page, _ = printed(tmp_path)
    x, y, width, height = (side / 25.4 * 50 for side in page.sheet.frame)
    picture = Picture(
        np.random.default_rng(0).integers(0, 255, (round(height), round(width)), np.uint8), colormap("ember")
    )
    painted = paint_page(page, picture, 50)
    assert painted.shape == (round(297 / 25.4 * 50), round(210 / 25.4 * 50))
    rows = np.concatenate(
        [painted.rows(top, min(top + 37, painted.shape[0])).rgba for top in range(0, painted.shape[0], 37)]
    )
    left, top = round(x), round(y)
    assert np.array_equal(
        rows[top + 1 : top + round(height) - 1, left + 1 : left + round(width) - 1], picture.rgba[1:-1, 1:-1]
    )
    assert (rows[:20] == (14, 17, 22, 255)).all()


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paper") / "town.csv"
    rows = ["lat,lon,trip"]
    for k, batch in enumerate(town(3000, 2000)):
        lon, lat = to_lonlat(batch.u, batch.v)
        rows += [f"{a:.6f},{o:.6f},{k}" for a, o in zip(lat.tolist(), lon.tolist(), strict=True)]
    folder.write_text("\n".join(rows) + "\n")
    return folder


def test_a_poster_of_tracks_has_the_size_of_its_paper(export, tmp_path):
    report = heatlas.render(
        export, track="trip", output=tmp_path / "p.png", paper="A5", dpi=50, figures=True, legend=True, theme="sand"
    )
    with Image.open(tmp_path / "p.png") as image:
        assert image.size in {
            (round(148 / 25.4 * 50), round(210 / 25.4 * 50)),
            (round(210 / 25.4 * 50), round(148 / 25.4 * 50)),
        }
        assert image.info["dpi"] == pytest.approx((50, 50), abs=0.02)
        assert image.getpixel((2, 2)) == (0xEF, 0xE5, 0xD2)
    assert report["outputs"] == [str(tmp_path / "p.png")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.png"]
    chunk = (tmp_path / "p.png").read_bytes()
    assert struct.unpack(">II", chunk[chunk.index(b"pHYs") + 4 :][:8]) == (1969, 1969)
    heatlas.render(export, track="trip", output=tmp_path / "w.png", paper="10x15cm", dpi=40, around="47.8,10.9,2km")
    with Image.open(tmp_path / "w.png") as image:
        assert image.size == (round(100 / 25.4 * 40), round(150 / 25.4 * 40))


def test_a_poster_of_points_is_made_too(tmp_path):
    points = {"lat": np.array([47.8, 47.9, 47.85]), "lon": np.array([10.9, 11.0, 11.3])}
    heatlas.render(points, output=tmp_path / "p.pdf", paper="A6", dpi=40, title="Points", scale_bar=True)
    assert b"FontFile2" in (tmp_path / "p.pdf").read_bytes()


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("p.webp", {"paper": "A4"}, "--paper makes a poster.*write a .pdf or a .png"),
        ("p.pdf", {"paper": "A17"}, "--paper 'A17' is no paper: take A0"),
        ("p.pdf", {"paper": "1x2mm"}, "is no paper"),
        ("p.pdf", {"paper": "A4", "margin": "wide"}, "--margin 'wide' is no length on paper"),
        ("p.pdf", {"paper": "A4", "margin": "90mm"}, "do not suit a paper of 210 x 297 mm"),
        ("p.png", {"paper": "A4", "bleed": "3mm"}, "--bleed is for printers, who want a .pdf"),
        ("p.pdf", {"bleed": "3mm"}, "--bleed is for posters: say --paper"),
        ("p.pdf", {"figures": True}, "--figures is for posters: say --paper A3"),
        ("p.pdf", {"paper": "A4", "width": 300}, "--width and --paper cannot go together"),
        ("p.png", {"paper": "A4", "facet": "year"}, "--paper is for one map"),
        ("p.png", {"paper": "A4", "background": "none"}, "--paper needs a ground"),
        ("p.png", {"theme": "neon"}, "neon"),
    ],
)
def test_what_cannot_be_printed_is_said(export, tmp_path, name, options, says):
    with pytest.raises(BadOption, match=says):
        heatlas.render(export, track="trip", output=tmp_path / name, **options)


def test_themes_are_the_choices_and_stand_out():
    from eyes import contrast

    from heatlas.options import PictureOptions, options_of
    from heatlas.style.colour import parse_background

    assert options_of(PictureOptions)["theme"].choices == tuple(THEMES)
    for name, theme in THEMES.items():
        ground = parse_background(theme.background)
        if theme.colormap:
            colours = colormap(theme.colormap)[:, :3]
            assert min(contrast(colour, ground) for colour in colours) > 1.7, name
            assert contrast(colours[255], ground) > 8, name


def test_a_page_without_a_foot_is_all_map():
    assert Foot().height(2.1) == 0
    page = Page(Sheet(210, 297, 10), (0, 0, 0))
    assert page.sheet.frame == (10, 10, 190, 277)
    assert isinstance(lay_page(page.sheet, WINDOW, Foot(), (0, 0, 0)).items[0], Box)
