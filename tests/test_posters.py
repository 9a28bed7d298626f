"""Posters: drawn in strips they are the picture drawn whole, to the last bit, and memory holds a strip."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace

import made
import numpy as np
import pytest
import slow
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import heatlas
from heatlas.core import memory
from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption, HeatlasError, TooLarge
from heatlas.core.points import Points
from heatlas.core.window import Window
from heatlas.dataset.places import bbox_window
from heatlas.raster.gaussian import Smoothing
from heatlas.raster.grid import Grid
from heatlas.raster.measure import parse_measure, parse_point_measure
from heatlas.raster.pipeline import heat, point_heat
from heatlas.raster.point_kernel import SHAPES, Kernel
from heatlas.rendering import bands
from heatlas.rendering.bands import BLOCK, draw_in_bands
from heatlas.style.colormaps import colormap
from heatlas.style.colour import Style, colour
from heatlas.style.defaults import suiting_tone_scale
from heatlas.style.tone import fit

BOX = (10.88, 47.79, 10.92, 47.81)


def same(one: Grid, other: Grid):
    assert one.window == other.window
    assert one.signed == other.signed
    for name in ("total", "count", "square"):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype
            assert np.array_equal(a, b, equal_nan=True)


def in_strips_as_at_once(make, window, height, tone=None):
    """Compare rows, totals, tones and pictures; return the picture."""
    whole = make(window, NOBODY)
    told = []
    with draw_in_bands(make, window, height, Context(progress=lambda *words: told.append(words))) as field:
        assert told[0] == ("drawing", 0, window.height)
        assert told[-1] == ("drawing", window.height, window.height)
        assert field.window == window
        same(field.rows(0, window.height), whole.smoothed)
        for first, last in ((0, 1), (BLOCK - 1, BLOCK + 1), (window.height - 3, window.height), (5, 2 * BLOCK + 7)):
            cut = replace(window, y=window.y + first, height=last - first)
            same(field.rows(first, last), whole.smoothed.rows(first, last))
            assert field.rows(first, last).window == cut
        assert field.total == pytest.approx(whole.total, rel=1e-12)
        assert field.filled
        style = Style(colormap("ember"), tone or suiting_tone_scale(field), (14, 17, 22))
        painting, fitted = field.painted(style)
        one = fit(style.scale, whole.smoothed, whole.bare)
        expected = colour(whole.smoothed, one, style.colours, style.background)
        assert (fitted.low, fitted.high, fitted.fade) == (one.low, one.high, one.fade)
        assert painting.shape == expected.shape
        assert (painting.palette is None) == (expected.palette is None)
        pieces = [painting.rows(top, min(top + 50, window.height)) for top in range(0, window.height, 50)]
        assert np.array_equal(np.concatenate([piece.rgba for piece in pieces]), expected.rgba)
        assert np.allclose(field.row_sums(), whole.smoothed.total.sum(axis=1, dtype=float), rtol=1e-12)
    return expected


@pytest.fixture(scope="module")
def batches():
    rng = np.random.default_rng(4)
    walks = [slow.wander(rng, 400, 12.0) for _ in range(6)]
    return [
        replace(walk, columns={"heart_rate": rng.uniform(90, 180, walk.fixes).astype(np.float32)}) for walk in walks
    ]


@pytest.mark.parametrize("measure", ["passes", "activities", "fixes", "seconds", "mean(heart_rate)", "std(heart_rate)"])
@pytest.mark.parametrize(
    ("smoothing", "height"), [(Smoothing(), 64), (Smoothing(metres=12), 64), (Smoothing(4, 1), 192)]
)
def test_tracks_in_strips_are_tracks_at_once(batches, measure, smoothing, height):
    measure, window = parse_measure(measure), bbox_window(BOX, width=500)
    window = replace(window, height=377, y=window.y - 20)

    def make(part, context):
        return heat(batches, part, measure, smoothing, Context(2))

    in_strips_as_at_once(make, window, height)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [{"pixels": 9.0}, {"metres": 60_000.0, "pixels": 0.0}])
@pytest.mark.parametrize(("measure", "density"), [("sum", False), ("sum", True), ("mean", False), ("max", False)])
def test_points_in_strips_are_points_at_once(shape, size, measure, density):
    rng = np.random.default_rng(8)
    points = Points(lon=rng.normal(10, 4, 500), lat=rng.normal(60, 4, 500), weight=rng.gamma(2, 3, 500))
    window = replace(bbox_window((0, 50, 20, 70), width=220), height=300)
    wanted, kernel = parse_point_measure(measure, "weight", density), Kernel(shape, **size)

    def make(part, context):
        return point_heat([points], part, wanted, kernel, Context(2))

    in_strips_as_at_once(make, window, 64)


def test_sums_below_zero_in_strips():
    rng = np.random.default_rng(9)
    points = Points(lon=rng.normal(10, 4, 900), lat=rng.normal(60, 4, 900), weight=rng.normal(0, 3, 900))
    window = replace(bbox_window((0, 50, 20, 70), width=220), height=300)

    def make(part, context):
        return point_heat([points], part, parse_point_measure("sum", "weight"), Kernel(pixels=6.0), Context(2))

    in_strips_as_at_once(make, window, 128)


def field_of(values, width):
    """A bare grid as a field: smoothed is what was counted."""
    height = len(values) // width
    grid = Grid.of(Window(2.0**20, 0, 0, width, height), parse_measure("seconds"), values.reshape(height, width))

    def make(window, told):
        part = grid.rows(window.y, window.y + window.height)
        return type("Drawn", (), {"bare": part, "smoothed": part, "total": float(part.total.sum()), "seconds": {}})

    return make, grid.window


@given(seed=st.integers(0, 99), share=st.floats(0.01, 1), heights=st.lists(st.integers(1, 9), min_size=2, max_size=3))
@settings(max_examples=25, deadline=None)
def test_the_sample_of_a_tone_depends_on_the_pixels_alone(seed, share, heights):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(96 * 640) < share, rng.gamma(1, 30, 96 * 640), 0).astype(np.float32)
    make, window = field_of(values, 96)
    samples = []
    limit, bands.MOST_VALUES = bands.MOST_VALUES, 2000
    try:
        samples = [bands.as_one_band(make(window, NOBODY)).sample.values]
        for height in heights:
            with draw_in_bands(make, window, height * BLOCK, NOBODY) as field:
                samples.append(field.sample.values)
    finally:
        bands.MOST_VALUES = limit
    assert all(np.array_equal(samples[0], other) for other in samples[1:])
    there = values[values > 0]
    assert len(samples[0]) == len(there) or 800 < len(samples[0]) <= 2000
    # Spread evenly: quantiles of a sample of n are off by about one over the root of n.
    if len(samples[0]):
        rank = (there < np.median(samples[0])).mean()
        assert abs(rank - 0.5) < 0.06 + 1 / len(there)


@pytest.fixture
def export(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))
    return made.export(tmp_path / "export")


def pixels(path):
    if path.suffix == ".npy":
        return np.load(path)
    if path.suffix == ".tif":
        import rasterio

        with rasterio.open(path) as dataset:
            return dataset.read()
    with Image.open(path) as image:
        return np.array(image.convert("RGBA"))


@pytest.mark.parametrize("name", ["p.png", "p.npy", "p.tif", "p.webp"])
@pytest.mark.parametrize("measure", ["passes", "heart_rate"])
@pytest.mark.parametrize("background", ["none", "light"])
def test_files_in_strips_are_files_at_once(export, tmp_path, monkeypatch, name, measure, background):
    options = {"measure": measure, "width": 420, "all": False, "legend": True, "background": background}
    options["around"] = "47.803,10.92,3km"
    options["rgba"] = name.endswith(".tif") and background == "light"
    at_once = heatlas.render(export, output=tmp_path / name, **options)
    expected = pixels(tmp_path / name)
    monkeypatch.setattr(memory, "_AT_ONCE", 1)
    told = []
    report = heatlas.render(export, output=tmp_path / name, **options, progress=lambda *words: told.append(words))
    assert ("drawing", 64, report["window"]["height"]) in told
    assert np.array_equal(pixels(tmp_path / name), expected, equal_nan=name.endswith((".npy", ".tif")))
    for key in ("window", "range", "range_text", "unit", "outputs", "measure"):
        assert report[key] == at_once[key]
    assert report["total"] == pytest.approx(at_once["total"], rel=1e-12)
    assert set(report) == set(at_once)
    assert set(report["seconds"]) == set(at_once["seconds"])
    assert json.loads(json.dumps(report, allow_nan=False)) == report


@pytest.mark.parametrize("options", [{}, {"density": True}, {"measure": "mean"}, {"bbox": "0,40,20,70"}])
@pytest.mark.parametrize("ending", [".csv", ".json"])
def test_tables_in_strips_are_tables_at_once(tmp_path, monkeypatch, options, ending):
    rng = np.random.default_rng(2)
    rows = zip(rng.normal(55, 4, 300), rng.normal(10, 5, 300), rng.gamma(1, 9, 300), strict=True)
    text = "lat,lon,weight\n" + "".join(f"{a:.4f},{b:.4f},{c:.3f}\n" for a, b, c in rows)
    if ending == ".json":  # is read but once
        head, *lines = text.split()
        named = [dict(zip(head.split(","), map(float, line.split(",")), strict=True)) for line in lines]
        text = "\n".join(map(json.dumps, named))
    source = tmp_path / f"points{ending.replace('.json', '.ndjson')}"
    source.write_text(text)
    at_once = heatlas.render(source, output=tmp_path / "p.npy", width=300, **options)
    expected = np.load(tmp_path / "p.npy")
    monkeypatch.setattr(memory, "_AT_ONCE", 1)
    told = []
    report = heatlas.render(
        source, output=tmp_path / "p.npy", width=300, **options, progress=lambda *words: told.append(words[0])
    )
    assert told.count("drawing") > 2
    assert np.array_equal(np.load(tmp_path / "p.npy"), expected, equal_nan=True)
    assert report["rows"] == at_once["rows"] == 300
    for key in ("range", "total", "outside", "drawn", "spilled"):
        assert report.get(key) == (None if key not in at_once else pytest.approx(at_once[key], rel=1e-9, abs=1e-9))


def test_memory_holds_a_strip_and_not_the_picture(tmp_path):
    """What is kept and what is painted goes through memory by strips; tracing is counted by rows at once."""
    width, height = 2000, 40 * BLOCK
    rng = np.random.default_rng(1)

    def make(window, told):
        total = (rng.random((window.height, width)) < 0.3).astype(np.float32)
        grid = Grid.of(window, parse_measure("passes"), total)
        return type("Drawn", (), {"bare": grid, "smoothed": grid, "total": 1.0, "seconds": {}})

    from heatlas.writers.png import write_png

    with (
        (tmp_path / "p.png").open("wb") as file,
        draw_in_bands(make, Window(2.0**30, 0, 0, width, height), 64, NOBODY) as field,
    ):
        values = field.sample.values.nbytes
        tracemalloc.start()
        painting, _ = field.painted(Style(colormap("ember"), suiting_tone_scale(field), (0, 0, 0)))
        fitted = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        write_png(file, painting)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert fitted < 8 * values
    assert peak < 16 << 20  # the picture has 20 MB as floats, 5 MB as palette indices; a block 0.5 MB as floats
    assert pixels(tmp_path / "p.png").shape == (height, width, 4)


def test_strips_may_hold_more_than_a_byte_where_others_do_not():
    counts = np.zeros((4 * BLOCK, 50), np.uint32)
    counts[10:14], counts[3 * BLOCK :: 3] = 7, 300

    def make(window, told):
        part = counts[window.y : window.y + window.height]
        grid = Grid.of(window, parse_measure("passes"), part.astype(np.uint8 if part.max() < 256 else np.uint16))
        return type("Drawn", (), {"bare": grid, "smoothed": grid, "total": 1.0, "seconds": {}})

    with draw_in_bands(make, Window(2.0**20, 0, 0, 50, 4 * BLOCK), BLOCK, NOBODY) as field:
        assert np.array_equal(field.rows(0, 4 * BLOCK).total, counts)
        assert np.array_equal(field.rows(2 * BLOCK + 3, 4 * BLOCK - 5).total, counts[2 * BLOCK + 3 : -5])


def test_a_failing_drawing_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def make(window, told):
        if window.y:
            raise KeyboardInterrupt
        grid = Grid.of(window, parse_measure("passes"), np.ones((window.height, 50), np.float32))
        return type("Drawn", (), {"bare": grid, "smoothed": grid, "total": 1.0, "seconds": {}})

    with pytest.raises(KeyboardInterrupt), draw_in_bands(make, Window(2.0**20, 0, 0, 50, 300), 64, NOBODY):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_sentence():
    class Full:
        def tell(self):
            return 0

        def write(self, data):
            raise OSError(28, "No space left on device")

    stored = bands._BandFile(Window(2.0**20, 0, 0, 4, 4), Full())
    grid = Grid.of(Window(2.0**20, 0, 0, 4, 4), parse_measure("passes"), np.ones((4, 4), np.float32))
    with pytest.raises(HeatlasError, match=r"No space left .*TMPDIR"):
        stored.append(grid)


def test_colour_knows_nothing_of_strips():
    """A painting is `colour` of some rows: there is one way of painting."""
    rng = np.random.default_rng(3)
    make, window = field_of(rng.gamma(1, 9, 40 * 130), 40)
    field = bands.as_one_band(make(window, NOBODY))
    style = Style(colormap("wine"), suiting_tone_scale(field), None)
    painting, tone = field.painted(style)
    assert not painting.opaque
    whole = colour(field.rows(0, 130), tone, style.colours, None)
    assert np.array_equal(painting.rows(7, 99).pixels, whole.pixels[7:99])


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("p.webp", {"width": 20_000}, "at most 16383 pixels a side.*write a .png"),
        ("p.png", {"zoom": 24, "bbox": "-180,-80,180,80"}, "GB of memory.*--width"),
    ],
)
def test_what_cannot_be_done_is_refused_before_work(tmp_path, name, options, says):
    options = {"bbox": "10,47,11,48", **options}
    (tmp_path / "never-read").mkdir()
    with pytest.raises((BadOption, TooLarge), match=says):
        heatlas.render(tmp_path / "never-read", output=tmp_path / name, **options)
