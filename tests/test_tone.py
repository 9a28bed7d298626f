"""Tone and colour: monotonic, fitted once, and with a range that means something."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.units import Unit
from heatlas.core.window import Window
from heatlas.raster.grid import Grid
from heatlas.raster.measure import Measure, parse_measure
from heatlas.style.colormaps import colormap
from heatlas.style.colour import colour, palette, parse_background
from heatlas.style.legend_kinds import legend_for
from heatlas.style.ticks import nice_ticks
from heatlas.style.tone import CURVES, FADE, ToneScale, fit, parse_tone_scale


def grid(values, measure="passes", count=None):
    values = np.asarray(values, float)
    window, planes = Window(1e6, 0, 0, values.shape[1], values.shape[0]), {"n": count, "x": values}
    parsed = parse_measure(measure)
    return Grid.of(window, parsed, values) if count is None else Grid(window, parsed, planes)


def points(values, reduction):
    values = np.asarray(values, np.float32)
    filled = (values != 0).astype(float)
    window = Window(1e6, 0, 0, values.shape[1], values.shape[0])
    measure = Measure(reduction, "" if reduction == "count" else "w", points=True)
    if measure.layout.sums:
        return Grid.of(window, measure, values)
    return Grid(window, measure, {"n": filled, "x": values})


def heavy(seed=0, shape=(40, 50)):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < 0.5, np.ceil(rng.pareto(0.8, shape)), 0)


@given(st.integers(0, 2**32 - 1), st.sampled_from(CURVES))
def test_every_curve_is_monotonic_and_within_bounds(seed, curve):
    field = grid(heavy(seed))
    tone = fit(ToneScale(curve), field, field)
    values = np.sort(np.concatenate((field.total[field.total > 0], np.geomspace(1e-3, 1e6, 200)))).astype(np.float32)
    t = tone(values)
    assert (t >= 0).all()
    assert (t <= 1).all()
    assert (np.diff(t) >= -1e-6).all()


def test_a_single_pass_is_visible_and_100_differ_from_200():
    counts = np.ones((100, 100))
    counts[:30] = 100
    counts[30:50] = 200
    field = grid(counts)
    tone = fit(ToneScale("log"), field, field)
    colours = palette(colormap("ember"), tone, (14, 17, 22)).astype(int)
    steps = [round(255 * tone.position(n)) for n in (1, 100, 200)]
    one, hundred, two = (colours[step, :3] for step in steps)
    assert np.abs(one - [14, 17, 22]).sum() > 120
    assert np.abs(hundred - two).sum() > 40


def test_the_range_is_what_was_asked_for():
    field = grid(heavy())
    tone = fit(parse_tone_scale("2:40"), field, field)
    assert (tone.low, tone.high) == (2, 40)
    assert tone.position(2) == pytest.approx(FADE)
    assert tone.position(40) == pytest.approx(1)
    assert tone.position(21) == pytest.approx(FADE + (1 - FADE) / 2)
    assert tone.position(9999) == 1
    assert fit(parse_tone_scale("log:1:100"), field, field).position(10) == pytest.approx(FADE + (1 - FADE) / 2)


def test_rank_spreads_values_evenly():
    field = grid(heavy(3, (200, 200)))
    tone = fit(ToneScale("rank"), field, field)
    distinct = np.random.default_rng(0).permutation(10000).reshape(100, 100) + 1.0
    even = grid(distinct, "seconds")
    t = fit(ToneScale("rank"), even, even)(distinct.astype(np.float32))
    assert np.quantile(t, (0.25, 0.5, 0.75)) == pytest.approx(FADE + (1 - FADE) * np.array([0.25, 0.5, 0.75]), abs=0.03)
    assert tone.position(float(field.total.max())) == 1


@pytest.mark.parametrize(
    "text", ["", "loud", "5:1", "1:1", "log:0:5", "log:-1:5", "1:x", "rank:1:2", "nan:2", "1:inf", "1:2:3"]
)
def test_tones_that_are_none_are_refused(text):
    with pytest.raises(BadOption, match="tone"):
        parse_tone_scale(text)


def test_nothing_to_fit_is_said():
    field = grid(np.zeros((3, 3)))
    with pytest.raises(NothingToDraw):
        fit(ToneScale("log"), field, field)


def test_one_track_alone_stands_out_in_full():
    field = grid(np.eye(30))
    for curve in CURVES:
        tone = fit(ToneScale(curve), field, field)
        assert (tone.low, tone.high) == (1, 1)
        assert tone.position(1) == 1
        places = [tone.position(value) for value in np.linspace(0, 1, 50)]
        assert places[0] == 0
        assert (np.diff(places) > 0).all()
        assert max(np.diff(places)) < 0.05


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("measure", ["sum", "count", "mean", "max"])
@pytest.mark.parametrize("value", [7.0, 0.3, 123456.7])
def test_equal_values_are_their_own_range_in_the_full_colour(curve, measure, value):
    values = np.zeros((20, 20))
    values[::5, ::5] = np.float32(value)
    field = points(values, measure)
    tone = fit(ToneScale(curve), field, field)
    assert tone.high == pytest.approx(value, rel=1e-6)
    assert tone.position(value) == pytest.approx(1)
    table = colour(field, tone, colormap("ember"), None).rgba
    np.testing.assert_array_equal(table[0, 0], colormap("ember")[255])
    assert table[1, 1, 3] == 0
    if measure in {"mean", "max"} or curve in {"log", "rank"}:
        assert tone.low == tone.high
        ticks = nice_ticks(tone.low, tone.high, tone.above_fade, Unit())
        assert [place for place, _ in ticks] == [pytest.approx(1)]


@given(
    st.lists(st.floats(1, 1e6, width=32), min_size=1, max_size=60),
    st.sampled_from(CURVES),
    st.sampled_from(["sum", "mean", "max"]),
)
def test_the_top_of_few_values_is_the_greatest(values, curve, measure):
    field = points([values], measure)
    tone = fit(ToneScale(curve), field, field)
    assert tone.high == max(values)
    assert tone.position(max(values)) == pytest.approx(1, abs=2e-3)
    assert min(values) / 50 <= tone.low <= max(values)
    t = tone(np.sort(np.append(values, np.geomspace(0.01, 1e7, 99))).astype(np.float32))
    assert (np.diff(t) >= -1e-6).all()
    assert (t >= 0).all()
    assert (t <= 1).all()


def test_sums_that_differ_by_little_look_nearly_alike():
    field = points([[7.0, 7.07]], "sum")
    tone = fit(ToneScale("log"), field, field)
    assert (tone.low, tone.high) == pytest.approx((7, 7.07))
    assert tone.position(7) > 0.95
    apart = points([[7.0, 14.0]], "sum")
    assert fit(ToneScale("log"), apart, apart).position(7) == pytest.approx(FADE)


def test_few_other_values_among_equal_ones_set_the_range():
    values = np.full((100, 100), 7.0)
    values[0, 0], values[0, 1] = 3, 20
    field = points(values, "mean")
    tone = fit(ToneScale("linear"), field, field)
    assert (tone.low, tone.high) == (3, 20)


def test_pictures_of_counts_have_a_palette_and_nothing_is_transparent():
    field = grid(heavy())
    tone = fit(ToneScale("log"), field, field)
    picture = colour(field, tone, colormap("ember"), None)
    assert picture.palette is not None
    assert (picture.rgba[field.total == 0, 3] == 0).all()
    assert (picture.rgba[field.total >= 1, 3] > 200).all()
    painted = colour(field, tone, colormap("ember"), (1, 2, 3))
    assert (painted.rgba[..., 3] == 255).all()
    assert (painted.rgba[field.total == 0, :3] == (1, 2, 3)).all()


def test_means_are_as_opaque_as_there_are_passes_behind_them():
    count = np.array([[0, 0.05, 0.3, 1, 2, 6, 50]])
    field = grid(150 * count, "heart_rate", count)
    tone = fit(parse_tone_scale("100:200"), field, field)
    alpha = colour(field, tone, colormap("grey"), None).rgba[0, :, 3]
    assert alpha[0] == alpha[1] == 0
    assert 0 < alpha[2] < 255
    assert alpha[2] < alpha[3] < alpha[4] < alpha[5] == alpha[6] == 255
    assert alpha[3] > 0.65 * 255  # a way that was gone once is seen
    rgb = colour(field, tone, colormap("grey"), (0, 0, 0)).rgba[0, :, :3].astype(int)
    assert (rgb[0] == 0).all()
    assert (rgb[5] == colormap("grey")[128, :3]).all()


def test_one_slow_way_takes_no_colours_from_the_others_and_the_legend_says_so():
    rng = np.random.default_rng(1)
    values = rng.normal(0.36, 0.03, (100, 100))
    values[:4] = 2.0  # 4 % of the pixels walk, at 33 min/km
    field = grid(values, "pace", np.ones((100, 100)))
    tone = fit(ToneScale("linear"), field, field)
    assert 0.42 < tone.high < 0.47
    assert tone.beyond == (True, True)
    labels = [words for _, words in legend_for(field.measure, tone).ticks]
    assert labels[0].startswith("<")
    assert labels[-1].endswith("+")
    assert not any("<" in words or "+" in words for words in labels[1:-1])
    whole = fit(parse_tone_scale("0.1:9"), field, field)
    assert whole.beyond == (False, False)
    assert not any("<" in words or "+" in words for _, words in legend_for(field.measure, whole).ticks)


def test_counts_that_fade_below_one_pass_are_not_marked_and_those_above_are():
    counts = np.full((200, 200), 3.0)
    counts[0, :9], counts[5, 5] = 0.4, 900
    field = grid(counts)
    tone = fit(ToneScale("log"), field, field)
    assert tone.beyond == (False, True)
    labels = [words for _, words in legend_for(field.measure, tone).ticks]
    assert [words[-1] for words in labels].index("+") == len(labels) - 1


def test_a_grade_is_as_far_up_as_down():
    values = np.linspace(-5, 12, 400).reshape(20, 20)
    field = grid(values, "grade", np.ones((20, 20)))
    tone = fit(ToneScale("linear"), field, field)
    assert tone.low == -tone.high
    assert tone.position(0) == pytest.approx(0.5)


def test_backgrounds():
    assert parse_background("none") is None
    assert parse_background("#fff") == (255, 255, 255)
    assert parse_background("#102030") == (16, 32, 48)
    assert parse_background("Black") == (0, 0, 0)
    for bad in ("blackish", "#12", "102030", ""):
        with pytest.raises(BadOption, match="background"):
            parse_background(bad)


def test_measures_are_read_as_written():
    assert parse_measure("Passes") == Measure("passes")
    assert parse_measure("pace") == Measure("mean", "pace")
    assert parse_measure("max( Heart-Rate )") == Measure("max", "heart_rate")
    assert str(parse_measure("std(pace)")) == "std(pace)"
    for bad in ("", "pass", "mean(passes)", "max(pace", "median(pace)", "mean()"):
        with pytest.raises(BadOption, match="there is no measure"):
            parse_measure(bad)
