"""Two metrics at once: nine classes by the thirds of both, their colours and their legend."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from click.testing import CliRunner
from compared import LAT, LON, along, around, same
from eyes import SEEN, contrast, lab, linear
from hypothesis import given, settings
from hypothesis import strategies as st
from library_made import made, walks
from publishing import folder_tiles, publish
from serving import client, pixels, tile_of, values

import heatlas
from heatlas.cli import group
from heatlas.core.errors import BadOption
from heatlas.core.window import Window
from heatlas.dataset.tracks import Tracks
from heatlas.library.file.opening import open_library
from heatlas.library.file.settings import Settings
from heatlas.library.index.drawing import draw as draw_index
from heatlas.raster.draw_tracks import draw
from heatlas.raster.gaussian import Smoothing
from heatlas.raster.measure import parse_measure
from heatlas.raster.passages import Passages, add_passages
from heatlas.raster.pipeline import heat
from heatlas.raster.terciles import Terciles, fit_terciles, third_of_both
from heatlas.rendering.bands import BLOCK, draw_in_bands
from heatlas.style.colour import colour
from heatlas.style.legend_kinds import legend_for, paint_legend
from heatlas.style.square import square_colours, square_map, square_of
from heatlas.style.tone import ToneScale, fit
from heatlas.tracks.metrics.evaluation import Columns

BOTH = parse_measure("both(pace, heart_rate)")
ALL = [track for track in walks(3, 24) if "heart_rate" in track.columns]
WINDOW = Tracks(tuple(ALL)).window(width=160)


def some_passages(seed, activities=6, pixels=5):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 9, activities)
    total = int(counts.sum())
    known = {"pace": rng.uniform(0.2, 1, total), "steady_heart_rate": rng.uniform(90, 190, total)}
    for column in known.values():
        column[rng.random(total) < 0.2] = np.nan
    bounds = np.concatenate([[0], np.cumsum(counts)])
    return Passages(rng.integers(0, pixels, total), bounds, Columns(known, total), Columns({}, activities))


@given(st.integers(0, 2**32 - 1))
def test_planes_are_those_of_a_plain_twin(seed):
    passages = some_passages(seed)
    planes = {name: np.zeros(5) for name in "nxy"}
    add_passages(passages, BOTH, planes, np.full(5, -1, np.int32))
    expected = defaultdict(lambda: [0, Fraction(0), Fraction(0)])
    for first, last in itertools.pairwise(passages.bounds):
        voices = defaultdict(list)
        for k in range(first, last):
            pair = [float(passages.columns[name][k]) for name in ("pace", "steady_heart_rate")]
            if not np.isnan(pair).any():
                voices[int(passages.cells[k])].append(pair)
        for pixel, pairs in voices.items():
            means = [sum(pair[axis] for pair in pairs) / len(pairs) for axis in (0, 1)]
            means = [Fraction(round(Fraction(mean) * 2**k), 2**k) for mean, k in zip(means, (16, 10), strict=True)]
            expected[pixel] = [a + b for a, b in zip(expected[pixel], (1, *means), strict=True)]
    for pixel in range(5):
        assert [planes[name][pixel] for name in "nxy"] == [float(value) for value in expected[pixel]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 200))
def test_classes_are_counted_thirds(seed, count):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 9, count).astype(np.float32)
    x, y = np.round(rng.normal(5, 2, count), 1), rng.normal(150, 9, count)
    planes = {"n": n, "x": (x * n).astype(np.float32), "y": (y * n).astype(np.float32)}
    terciles = fit_terciles(planes)
    found = third_of_both(planes, terciles)
    for k in range(count):
        mean_x, mean_y = float(planes["x"][k]) / float(n[k]), float(planes["y"][k]) / float(n[k])
        column, row = sum(mean_x > limit for limit in terciles.x), sum(mean_y > limit for limit in terciles.y)
        assert found[k] == 3 * row + column
    if count >= 30:
        rows = np.bincount((found // 3).astype(int), minlength=3)
        assert rows.max() - rows.min() <= 2  # thirds; values of y hardly ever tie


def test_nothing_has_no_terciles():
    assert fit_terciles({name: np.zeros(0) for name in "nxy"}) == Terciles()
    with pytest.raises(heatlas.HeatlasError, match="no pixel of the window has a value"):
        fit(ToneScale("linear"), heat([], around(), BOTH, Smoothing()).smoothed, None)


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(2, 5))
def test_neither_order_nor_workers_change_a_bit(random, workers):
    shuffled = list(ALL)
    random.shuffle(shuffled)
    assert same(draw(ALL, WINDOW, BOTH, 1), draw(shuffled, WINDOW, BOTH, workers))


@pytest.mark.parametrize("smoothing", [Smoothing(metres=4.0, pixels=1.0), Smoothing(metres=0.0, pixels=0.0)])
def test_bands_and_parts_agree_with_the_whole(smoothing):
    whole = heat(ALL, WINDOW, BOTH, smoothing)
    tone = fit(ToneScale("linear"), whole.smoothed, whole.bare)
    with draw_in_bands(lambda part, _: heat(ALL, part, BOTH, smoothing), WINDOW, BLOCK) as banded:
        assert WINDOW.height > BLOCK
        assert banded.sample.fitted == tone.fitted
        np.testing.assert_array_equal(banded.values(0, WINDOW.height), whole.smoothed.values)
    left = replace(WINDOW, width=50, height=70)
    part = replace(heat(ALL, left, BOTH, smoothing).smoothed, fitted=tone.fitted)
    np.testing.assert_array_equal(part.values, whole.smoothed.values[:70, :50])


def test_the_index_gives_the_same_voices(tmp_path):
    window = replace(around(15), width=300, height=200)
    library = made(tmp_path / "l.heatlas", ALL, settings=Settings(zooms=(12, 16)))
    index, traced = draw_index(library, window, BOTH), draw(ALL, window, BOTH)
    assert index.planes["n"].sum() > 100
    np.testing.assert_array_equal(index.planes["n"], traced.planes["n"])
    some = traced.planes["n"] > 0
    for name, step in (("x", 0.02), ("y", 0.5)):
        one, other = (grid.planes[name][some] / grid.planes["n"][some] for grid in (index, traced))
        assert np.abs(one - other).max() <= step * (other.max() if name == "x" else 1)


# Colours


@pytest.mark.parametrize("eyes", ["normal", "deuteranopia", "protanopia"])
def test_the_nine_colours_are_told_apart(eyes):
    seen = lab(linear(square_colours(BOTH)[:, :3]) @ np.transpose(SEEN[eyes]))
    for one, other in itertools.combinations(seen, 2):
        assert np.hypot.reduce(one - other) >= 18  # CIE 1976; just noticeable is 2.3


@pytest.mark.parametrize("ground", [(14, 17, 22), (250, 249, 246)])
def test_the_nine_colours_stand_out_on_either_ground(ground):
    assert min(contrast(colour, ground) for colour in square_colours(BOTH)[:, :3]) >= 1.7


def test_what_is_good_decides_which_corner_is_which():
    # Fast is a low pace, and good; so is a low heart rate. Class 0 is fast with a low heart rate.
    fast_and_calm, slow_and_strained = square_colours(BOTH)[[0, 8], :3].tolist()
    # A high speed is good: class 2 is fast with a low heart rate.
    speed = square_colours(parse_measure("both(speed, heart_rate)"))
    assert speed[2, :3].tolist() == fast_and_calm
    assert speed[6, :3].tolist() == slow_and_strained
    assert len(np.unique(square_colours(BOTH), axis=0)) == 9
    assert np.array_equal(square_map(BOTH)[[0, 255]], square_colours(BOTH)[[0, 8]])


def test_pictures_have_the_colours_of_their_classes():
    drawn = heat(ALL, WINDOW, BOTH, Smoothing(metres=0.0, pixels=0.0))
    tone = fit(ToneScale("linear"), drawn.smoothed, drawn.bare)
    painted = colour(drawn.smoothed, tone, square_map(BOTH), None).rgba
    found = drawn.smoothed.values
    known = ~np.isnan(found)
    assert set(found[known]) == set(range(9))
    np.testing.assert_array_equal(painted[known], square_colours(BOTH)[found[known].astype(int)])
    assert not painted[~known, 3].any()


def test_the_legend_says_both_axes():
    square = square_of(BOTH, (0.3, 0.4, 140.0, 151.5))
    assert square.data() == {
        "x": {
            "title": "Pace, min/km", "between": [5.0, pytest.approx(400 / 60)], "limits": ["5:00", "6:40"],
            "ranges": ("up to 5:00", "5:00 to 6:40", "above 6:40"),
        },
        "y": {
            "title": "Heart rate, bpm", "between": [140.0, 151.5], "limits": ["140", "152"],
            "ranges": ("up to 140", "140 to 152", "above 152"),
        },
        "colors": ["#80bcf5", "#607fbf", "#3f478b", "#c9b6ba", "#9a727e", "#7d3448", "#f4b080", "#c8693e", "#971800"],
    }  # fmt: skip
    assert square_of(BOTH, None) is None
    assert square_of(parse_measure("corr(pace,heart_rate)"), (0.0,) * 5) is None
    drawn = heat(ALL, WINDOW, BOTH, Smoothing())
    legend = legend_for(BOTH, fit(ToneScale("linear"), drawn.smoothed, drawn.bare))
    assert (legend.kind, legend.title, legend.ticks) == ("square", "Pace and heart rate", ())
    for scale, dark in itertools.product((1.0, 2.5), (True, False, None)):
        image = paint_legend(legend, square_map(BOTH), dark=dark, scale=scale)
        shown = {tuple(rgb) for rgb in image[..., :3].reshape(-1, 3).tolist()}
        assert {tuple(rgb) for rgb in square_colours(BOTH)[:, :3].tolist()} <= shown


# Everywhere


def test_heats_of_two_metrics():
    xarray = pytest.importorskip("xarray")
    found = Tracks(tuple(ALL)).heat("both(pace,heart_rate)", WINDOW)
    assert found.measure == "both(pace,heart_rate)"
    assert found.title == "Pace and heart rate"
    array = found.to_xarray()
    assert isinstance(array, xarray.DataArray)
    assert array.attrs["flag_values"].tolist() == list(range(9))
    assert array.attrs["flag_meanings"].split()[2] == "high_pace_low_heart_rate"
    html = found._repr_html_()
    assert html.count('title="Pace, min/km: ') == 9
    assert "#80bcf5" in html
    wide = found.smooth("3px")
    again = Tracks(tuple(ALL)).heat("both(pace,heart_rate)", WINDOW, "3px")
    np.testing.assert_array_equal(wide.values, again.values)
    for change in (lambda: found.tone("log"), lambda: found.colormap("ember")):
        with pytest.raises(BadOption, match="has nine colours"):
            change()
    for made_of in (lambda: found - found, lambda: found / found, lambda: found * 2, lambda: -found):
        with pytest.raises(BadOption, match="no arithmetic"):
            made_of()
    with pytest.raises(BadOption, match="do not add up"):
        found + found
    corr = Tracks(tuple(ALL)).heat("corr(pace,heart_rate)", WINDOW)
    with pytest.raises(BadOption, match="may be 0"):
        corr / corr
    assert corr.to_xarray().attrs["units"] == "1"


def test_a_heat_has_the_tone_of_another():
    one = Tracks(tuple(ALL)).heat("both(pace,heart_rate)", WINDOW)
    few = Tracks(tuple(ALL[:4])).heat("both(pace,heart_rate)", WINDOW)
    assert few.tone(one).fitted.fitted == one.smoothed.fitted


def test_the_server_tells_a_square(tmp_path):
    tracks = [along(k, pace=0.25 + 0.02 * k, heart=130 + 5 * (k % 4), north=3.0 * k) for k in range(12)]
    made(tmp_path / "l.heatlas", tracks, settings=Settings(zooms=(12, 16)))
    page, ask = client(tmp_path / "l.heatlas"), "both(pace,heart_rate)"
    x, y = tile_of(16, LAT, LON)
    scale = page.get(f"/scale.json?z=16&measure={ask}").json()
    assert (scale["kind"], scale["title"]) == ("square", "Pace and heart rate")
    assert len(scale["square"]["colors"]) == 9
    assert scale["square"]["x"]["title"] == "Pace, min/km"
    found = values(page, f"/tiles/{ask}/16/{x}/{y}.npy")
    assert set(found[~np.isnan(found)]) <= set(range(9))
    shown = pixels(page.get(f"/tiles/{ask}/16/{x}/{y}.png").content)
    full = shown[..., 3] == 255
    colours = {tuple(bytes.fromhex(text[1:])) for text in scale["square"]["colors"]}
    assert {tuple(rgb) for rgb in shown[full][:, :3].tolist()} <= colours
    some = pixels(page.get(f"/tiles/{ask}/16/{x}/{y}.png?classes=0,1,3").content)
    kept = np.isin(found, (0, 1, 3))
    np.testing.assert_array_equal(some[kept], shown[kept])
    assert kept.any()
    assert not some[~kept, 3].any()
    for wrong in (f"{ask}/16/{x}/{y}.png?classes=9", f"pace/16/{x}/{y}.png?classes=0"):
        assert "classes are of both(X, Y)" in page.get(f"/tiles/{wrong}").text
    for more, word in (("tone=log", "tone"), ("colormap=ember", "colormap")):
        answer = page.get(f"/tiles/{ask}/16/{x}/{y}.png?{more}")
        assert answer.status_code == 400
        assert f"leave {word} out" in answer.text


def test_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made(tmp_path / "l.heatlas", ALL)
    run = CliRunner()
    out = run.invoke(
        group,
        ["render", "l.heatlas", "-o", "b.png", "--measure", "both(pace, heart_rate)", "--legend", "--width", "300"],
    )
    assert out.exit_code == 0, out.output
    assert "in thirds, Pace, min/km: " in out.output
    report = heatlas.render("l.heatlas", output="b.npy", measure="both(pace, heart_rate)", width=300)
    assert len(report["square"]["colors"]) == 9
    written = np.load(tmp_path / "b.npy")
    assert set(written[~np.isnan(written)]) <= set(range(9))
    refused = run.invoke(
        group, ["render", "l.heatlas", "-o", "b.png", "--measure", "both(pace,heart_rate)", "--colormap", "fire"]
    )
    assert refused.exit_code
    assert "leave --colormap out" in str(refused.exception)


THIRDS = "5:7.5,135:150"
"""Limits in the units of the legend: min/km and bpm."""


def classes_of(grid):
    """Classes by THIRDS of a grid's own planes."""
    between = (5 * 60 / 1000, 7.5 * 60 / 1000, 135.0, 150.0)
    return replace(grid, fitted=between).values


def test_thirds_can_be_fixed_so_that_maps_compare(tmp_path):
    made(tmp_path / "l.db", ALL, settings=Settings(zooms=(12, 16))).close()
    box = ",".join(f"{edge:.6f}" for edge in WINDOW.bbox)
    options = {"measure": str(BOTH), "bbox": box, "zoom": 15, "smooth": "0", "tone": THIRDS}
    report = heatlas.render(tmp_path / "l.db", output=tmp_path / "fixed.png", **options)
    assert report["square"]["x"]["between"] == pytest.approx([5, 7.5])
    assert report["square"]["y"]["limits"] == ["135", "150"]
    free = heatlas.render(tmp_path / "l.db", output=tmp_path / "free.png", **{**options, "tone": None})
    assert free["square"] != report["square"]
    assert (tmp_path / "fixed.png").read_bytes() != (tmp_path / "free.png").read_bytes()

    (x, y), page = tile_of(16, 47.8, 10.9), client(tmp_path / "l.db")
    tile = f"/tiles/{BOTH}/16/{x}/{y}"
    drawn = draw_index(open_library(tmp_path / "l.db"), Window(256.0 * 2**16, x * 256, y * 256, 256, 256), BOTH)
    found = values(page, f"{tile}.npy?smooth=0&tone={THIRDS}")
    np.testing.assert_array_equal(found, classes_of(drawn))
    assert np.isfinite(found).any()
    # Of any choice of activities the limits are the same, and the colours mean the same.
    scales = [page.get(f"/scale.json?z=16&measure={BOTH}&tone={THIRDS}{more}").json() for more in ("", "&sport=Run")]
    assert scales[0]["square"] == scales[1]["square"]
    colours = square_colours(BOTH)
    shown = pixels(page.get(f"{tile}.png?smooth=0&tone={THIRDS}").content)
    some = np.isfinite(found) & (shown[..., 3] == 255)
    np.testing.assert_array_equal(shown[some], colours[found[some].astype(int)])
    publish(tmp_path / "l.db", tmp_path / "tiles", zooms=(16, 16), measure=str(BOTH), smooth="0", tone=THIRDS)
    published = pixels(folder_tiles(tmp_path / "tiles")[16, x, y])
    np.testing.assert_array_equal(published[some], shown[some])
    page.close()


@pytest.mark.parametrize("text", ["5:7", "5:7,135", "7:5,135:150", "a:b,1:2", "5:7,1:2,3:4", "1:inf,2:3", "log", ","])
def test_thirds_that_are_none_are_refused_in_a_sentence(tmp_path, text):
    made(tmp_path / "l.db", ALL[:3], settings=Settings(zooms=(12, 13))).close()
    with client(tmp_path / "l.db") as page:
        answer = page.get("/scale.json", params={"measure": str(BOTH), "z": 13, "tone": text})
        assert answer.status_code == 400
        assert "such as 4.5:5.5,140:155" in answer.json()["error"]
        assert page.get(f"/scale.json?measure=pace&z=13&tone={THIRDS}").status_code == 400
    with pytest.raises(BadOption, match="leave --tone out, or say the values between the thirds"):
        heatlas.render(tmp_path / "l.db", output=tmp_path / "a.png", measure=str(BOTH), tone=text)


def test_a_heat_takes_fixed_thirds():
    heat = Tracks(tuple(ALL)).heat(str(BOTH), WINDOW).tone(THIRDS)
    assert heat.fitted.fitted == pytest.approx((0.3, 0.45, 135, 150))
