"""Local tones: relative to the surroundings, without an edge anywhere, the same in whatever order one counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import slow
from hypothesis import given, settings
from hypothesis import strategies as st
from test_film import dated, direct, film_job, planned

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption
from heatlas.core.window import Window
from heatlas.dataset.places import bbox_window
from heatlas.raster.gaussian import Smoothing
from heatlas.raster.grid import Grid
from heatlas.raster.measure import parse_measure
from heatlas.raster.pipeline import heat
from heatlas.rendering.bands import draw_in_bands
from heatlas.style.colormaps import colormap
from heatlas.style.colour import Style, colour
from heatlas.style.defaults import scale_for
from heatlas.style.legend_kinds import legend_for
from heatlas.style.local_tone import (
    STEPS,
    LocalScale,
    Surroundings,
    cell_of,
    cells_zoom,
    count_steps,
    ranks_of,
    touched_cells,
)
from heatlas.style.tone import ToneScale, fit, parse_tone_scale

PASSES = parse_measure("passes")
DARK = (14, 17, 22)


def surroundings(rng, zoom, cells):
    """Made-up local tones of (column, row) cells."""
    places = np.sort(np.array([row << 32 | column for column, row in cells], np.int64))
    return Surroundings(zoom, places, ranks_of(rng.pareto(1, (len(places), STEPS)) * 100, 0.2))


def country(width=1024):
    """A city on the left, whose streets have up to 1,000 passes, and a village on the right, which has up to 8."""
    rng = np.random.default_rng(3)
    values = np.where(rng.random((width // 2, width)) < 0.2, rng.pareto(0.7, (width // 2, width)) + 1, 0)
    values[:, : width // 2] *= 20
    return Grid.of(Window(2.0**16, 100, 200, width, width // 2), PASSES, np.where(values >= 1, np.ceil(values), 0))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 4), st.sampled_from([0.0, 0.16]))
def test_the_kernel_equals_its_twin(seed, zoom, fade):
    rng = np.random.default_rng(seed)
    across = 1 << zoom
    cells = {(int(x), int(y)) for x, y in rng.integers(0, across, (6, 2))}
    found = surroundings(rng, zoom, cells)
    scale = 64.0 * across * rng.choice([1.0, 0.83])
    window = Window(scale, int(rng.integers(-40, scale)), int(rng.integers(0, scale)), 23, 19)
    shown = rng.random((19, 23)) < 0.5
    toned = rng.random(int(shown.sum())).astype(np.float32)
    local = found.apply(toned, shown, window, fade)
    tables = {
        (int(cell) & 0xFFFFFFFF, int(cell) >> 32): ranks / 65535
        for cell, ranks in zip(found.cells, found.ranks, strict=True)
    }
    rows, columns = np.nonzero(shown)
    for t, row, column, one in zip(toned, rows, columns, local, strict=True):
        expected = slow.local_tone(float(t), window.x + column, window.y + row, scale, zoom, tables, fade)
        assert one == pytest.approx(expected, abs=2e-5)


def test_windows_fit_together_to_the_last_bit_across_the_antimeridian_too():
    rng, zoom, scale = np.random.default_rng(1), 3, 256.0 * 2**5
    found = surroundings(rng, zoom, {(x, y) for x in (0, 1, 6, 7) for y in (2, 3)})
    whole = Window(scale, int(scale) - 700, 2500, 1400, 900)
    shown = rng.random((900, 1400)) < 0.3
    toned = rng.random(shown.shape).astype(np.float32)
    at_once = np.zeros_like(toned)
    at_once[shown] = found.apply(toned[shown], shown, whole, 0.16)
    for top in range(0, 900, 300):
        for left in range(0, 1400, 350):
            part = slice(top, top + 300), slice(left, left + 350)
            x = (whole.x + left) % int(scale)
            window = Window(scale, x, whole.y + top, 350, 300)
            local = found.apply(toned[part][shown[part]], shown[part], window, 0.16)
            assert np.array_equal(local, at_once[part][shown[part]])


def test_there_is_no_step_anywhere():
    rng, zoom, scale = np.random.default_rng(2), 3, 256.0 * 2**3
    found = surroundings(rng, zoom, {(x, y) for x in range(0, 8, 2) for y in range(8)})
    shown = np.ones((2048, 2048), np.bool_)
    for value in (0.2, 0.5, 0.9):
        # From the last column on to the first again: 256 pixels beyond the antimeridian.
        window = Window(scale, 256, 0, 2048, 2048)
        local = found.apply(np.full(shown.size, value, np.float32), shown, window, 0.16).reshape(shown.shape)
        assert np.ptp(local) > 0.05
        for axis in (0, 1):
            assert np.abs(np.diff(local, axis=axis)).max() < 2 / 256
    for place in range(3, 2000, 97):
        values = np.linspace(0, 1, 2000, dtype=np.float32)
        one = found.apply(values, np.ones((1, 2000), np.bool_), Window(scale, place, place, 2000, 1), 0.16)
        assert (one[values <= 0.16] == values[values <= 0.16]).all()


@given(st.integers(0, 2**32 - 1), st.floats(0, 0.99))
def test_local_tones_ascend_from_0_to_1_and_are_not_too_steep(seed, share):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 2, (4, STEPS)) * rng.pareto(0.5, (4, STEPS)) * rng.choice([0.1, 10, 1e4])
    ranks = ranks_of(counts, share).astype(float) / 65535
    assert (ranks[:, 0] == 0).all()
    assert (ranks[:, -1] == 1).all()
    assert (np.diff(ranks) >= -1e-4).all()
    assert np.diff(ranks).max() * STEPS < 7.01


def test_cells_with_few_pixels_lean_on_the_global_tone():
    even = np.linspace(0, 1, STEPS + 1)
    counts = np.zeros((1, STEPS))
    counts[0, :8] = 1
    apart = [np.abs(ranks_of(counts * many, 0.0) / 65535 - even).max() for many in (0, 0.1, 4, 100, 10_000)]
    assert apart[0] < 1e-5
    assert (np.diff(apart) > 0).all()
    assert apart[1] < 0.02
    assert apart[-1] > 0.5
    assert np.abs(ranks_of(counts * 1e4, 0.5) / 65535 - even).max() == pytest.approx(apart[-1] / 2, abs=0.01)


def test_counts_add_up_in_any_order_and_parts():
    rng = np.random.default_rng(5)
    toned, cell = rng.random(5000).astype(np.float32), rng.integers(0, 7, 5000)
    cells, counts = count_steps(toned, 0.16, cell)
    order = rng.permutation(5000)
    total = np.zeros_like(counts)
    for part in np.array_split(order, 9):
        some, found = count_steps(toned[part], 0.16, cell[part])
        total[np.searchsorted(cells, some)] += found
    assert np.array_equal(total, counts)
    assert counts.sum() == 5000


def test_a_village_beside_a_city_shows_its_streets():
    field = country()
    shown = field.total > 0
    plain, local = (fit(scale, field, field) for scale in (ToneScale("log"), parse_tone_scale("local:0.1")))
    assert (plain.low, plain.high, plain.fade) == (local.low, local.high, local.fade)
    values = field.values[shown]
    tones = [np.zeros(shown.shape), np.zeros(shown.shape)]
    for out, tone in zip(tones, (plain, local), strict=True):
        out[shown] = tone.at(values, shown, field.window)
    village = np.zeros_like(shown)
    village[:, 900:] = shown[:, 900:]
    busiest = [np.quantile(out[village], 0.99) for out in tones]
    assert busiest[1] > busiest[0] + 0.2
    lone = village & (field.total == 1)
    assert tones[1][lone] == pytest.approx(tones[0][lone])  # and a lone pass stays what it is


def test_where_nothing_is_known_the_global_tone_holds():
    rng = np.random.default_rng(1)
    toned, shown = rng.random(400).astype(np.float32), np.ones((20, 20), np.bool_)
    nothing = Surroundings(4, np.zeros(0, np.int64), np.zeros((0, STEPS + 1), np.uint16))
    assert nothing.apply(toned, shown, Window(2.0**16, 30, 40, 20, 20), 0.16) == pytest.approx(toned, abs=1e-6)


@pytest.mark.parametrize(
    ("scale", "width", "up", "zoom"),
    [(256 * 2**12, 500, 5, 7), (256 * 2**3, 500, 5, 0), (256 * 2**12, 2048, None, 11), (256 * 2**12.3, 2048, 2, 10)],
)
def test_cells_are_tiles_of_a_coarser_zoom(scale, width, up, zoom):
    window = Window(float(scale), 0, 0, width, width // 2)
    assert cells_zoom(LocalScale(0.3, up), window) == zoom
    assert cells_zoom(LocalScale(), window, tiles=True) == max(0, round(window.zoom) - 5)


def test_the_cells_that_decide_on_a_window_are_known():
    window = Window(256.0 * 2**8, 37 * 256, 20 * 256, 256, 256)
    assert touched_cells(3, window).tolist() == [y << 32 | x for y in (0, 1) for x in (0, 1)]
    assert touched_cells(3, replace(window, x=0)).tolist() == [y << 32 | x for y in (0, 1) for x in (0, 7)]
    middle = cell_of(3, window.scale, np.array([window.x + 128]), np.array([window.y + 128]))
    assert middle.tolist() == [0 << 32 | 1]


@pytest.mark.parametrize("text", ["local:1", "local:-0.1", "local:x", "local:0.3:11", "local:0.3:1.5", "local:0.3:2:1"])
def test_local_tones_that_are_none_are_refused(text):
    with pytest.raises(BadOption, match=r"local:0\.5"):
        parse_tone_scale(text)


@pytest.mark.parametrize(
    "measure",
    ["bearing", "grade", "corr(pace,heart_rate)", "residual(heart_rate)", "diff(pace; year = 2019; year = 2020)"],
)
def test_ranks_make_no_sense_of_what_has_a_middle_or_goes_round(measure):
    with pytest.raises(BadOption, match="local ranks amounts and means"):
        scale_for("local", parse_measure(measure), "--tone")


def test_two_metrics_and_signed_sums_are_refused_too():
    with pytest.raises(BadOption, match="nine colours"):
        scale_for("local", parse_measure("both(pace,heart_rate)"), "--tone")
    field = replace(country(), signed=True)
    with pytest.raises(BadOption, match="local tone needs values above 0"):
        fit(parse_tone_scale("local"), field, field)


@pytest.mark.parametrize(
    ("measure", "curve"), [("passes", "log"), ("seconds", "log"), ("pace", "linear"), ("max(power)", "linear")]
)
def test_a_local_tone_follows_from_the_curve_that_suits(measure, curve):
    scale = scale_for("local:0.4:3", parse_measure(measure), "--tone")
    assert scale == ToneScale(curve, local=LocalScale(0.4, 3))


def test_the_legend_says_what_it_is_and_no_numbers():
    field = country()
    legend = legend_for(PASSES, fit(parse_tone_scale("local"), field, field))
    assert (legend.title, legend.ticks) == ("Passes", ((0.0, "less"), (1.0, "more")))
    assert legend.note == "relative to its surroundings"
    seconds = parse_measure("seconds")
    field = Grid.of(field.window, seconds, field.total)
    assert legend_for(seconds, fit(scale_for("local", seconds, "--tone"), field, field)).title == "Time spent"
    pace = parse_measure("pace")
    field = Grid(field.window, pace, {"n": field.total, "x": field.total * 0.3})
    legend = legend_for(pace, fit(scale_for("local", pace, "--tone"), field, field))
    assert (legend.title, [word for _, word in legend.ticks]) == ("Mean pace", ["lower", "higher"])


@pytest.mark.parametrize("measure", ["passes", "seconds", "pace"])
def test_a_poster_in_bands_is_the_picture_at_once(measure):
    rng, measure = np.random.default_rng(4), parse_measure(measure)
    batches = [slow.wander(rng, 400, 12.0) for _ in range(6)]
    window = replace(bbox_window((10.88, 47.79, 10.92, 47.81), width=300), height=200)

    def make(part, context):
        return heat(batches, part, measure, Smoothing(), Context(1))

    whole, scale = make(window, NOBODY), scale_for("local:0.2", measure, "--tone")
    expected = colour(whole.smoothed, fit(scale, whole.smoothed, whole.bare), colormap("ember"), DARK)
    with draw_in_bands(make, window, 64) as field:
        painting, _ = field.painted(Style(colormap("ember"), scale, DARK))
        assert np.array_equal(painting.rows(0, 200).rgba, expected.rgba)
    plain = colour(whole.smoothed, fit(replace(scale, local=None), whole.smoothed, whole.bare), colormap("ember"), DARK)
    assert not np.array_equal(plain.rgba, expected.rgba)


def test_frames_of_a_film_are_drawings_of_their_moment(tmp_path):
    storyboard = planned(film_job(tmp_path, tone="local:0.2", duration="1s", fps=4.0), dated(5))
    assert storyboard.tone.local is not None
    for frame, painter in storyboard.maps():
        if frame < len(storyboard.timeline) - 1:
            np.testing.assert_array_equal(painter.settled, direct(storyboard, frame)[1])
