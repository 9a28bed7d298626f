"""Smoothing: exact against a slow twin, seamless, and true in metres."""

from __future__ import annotations

import math

import numpy as np
import pytest
import slow
from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat, ground_metres
from heatlas.core.window import Window
from heatlas.kernels.blur import REACH, blur_rows
from heatlas.options.parsing import parse_smoothing
from heatlas.raster.draw_tracks import draw
from heatlas.raster.gaussian import MAX_SIGMA, Smoothing, halo, smooth
from heatlas.raster.grid import Grid
from heatlas.raster.measure import Measure, parse_measure

seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, height=st.integers(1, 12), width=st.integers(1, 12))
def test_blur_equals_the_slow_twin(seed, height, width):
    rng = np.random.default_rng(seed)
    sigma = rng.uniform(0.2, 2.5, height)
    margin = math.ceil(REACH * sigma.max())
    field = (rng.random((height + 2 * margin, width + 2 * margin)) < 0.2) * rng.uniform(0, 9, (1, 1))
    out = np.empty((height, width), np.float32)
    blur_rows(field.astype(np.float32), sigma, margin, False, 0, height, out)
    padded = np.concatenate((np.ones(margin), sigma, np.ones(margin)))
    twin = slow.blur(field, padded)[margin : margin + height, margin : margin + width]
    np.testing.assert_allclose(out, twin, rtol=1e-5, atol=1e-6)


@given(
    seed=seeds,
    height=st.integers(60, 700),
    pixels=st.floats(0.3, 30),
    workers=st.sampled_from([1, 2, 3]),
    dtype=st.sampled_from([np.uint8, np.uint16, np.uint32, np.float64]),
)
def test_a_window_that_is_empty_for_the_most_part_equals_the_kernel_over_all_of_it(
    seed, height, pixels, workers, dtype
):
    rng = np.random.default_rng(seed)
    window, smoothing = Window(256 * 2.0**15, 0, 0, 9, height), Smoothing(pixels=pixels)
    margin = halo(smoothing, window)
    field = np.zeros((height + 2 * margin, 9 + 2 * margin), dtype)
    for row in rng.integers(0, len(field), rng.integers(0, 3)):  # none, one, two that may lie far apart
        field[row, rng.integers(0, field.shape[1])] = rng.integers(1, 200)
    sigma, out = smoothing.sigma(window), np.full((height, 9), np.nan, np.float32)
    blur_rows(field.astype(np.float32), sigma, margin, True, 0, height, out)
    counted = Grid.of(window.grown(margin), Measure("passes"), field)
    np.testing.assert_array_equal(smooth(counted, smoothing, window, workers).total, out)


@given(seed=seeds, width=st.integers(1, 200), radius=st.integers(0, 9), unit_peak=st.booleans())
def test_blur_adds_in_one_order_however_empty_rows_are(seed, width, radius, unit_peak):
    """To the bit: below, above and beside, each tap is added to all pixels, from the first row and column on."""
    rng = np.random.default_rng(seed)
    sigma, margin = np.full(3, radius / REACH), radius + int(rng.integers(0, 3))
    field = np.zeros((3 + 2 * margin, width + 2 * margin), np.float32)
    for row in field[rng.random(len(field)) < 0.6]:
        begin, end = sorted(rng.integers(0, len(row) + 1, 2))
        row[begin:end] = rng.random(end - begin) * (rng.random(end - begin) < 0.5)
    out = np.empty((3, width), np.float32)
    blur_rows(field, sigma, margin, unit_peak, 0, 3, out)
    whole = [np.exp(-0.5 * (k / (sigma[0] or 1)) ** 2) for k in range(radius + 1)]
    total = 1.0
    for weight in whole[1:]:
        total += 2.0 * weight
    taps = np.array([whole[abs(k)] / total for k in range(-radius, radius + 1)], np.float32)
    for y in range(3):
        column = np.zeros(field.shape[1], np.float32)
        for k, tap in enumerate(taps):
            column += tap * field[y + margin - radius + k]
        expected = np.zeros(width, np.float32)
        for k, tap in enumerate(taps):
            expected += tap * column[margin - radius + k :][:width]
        if unit_peak:
            expected *= np.float32(1.0) / taps[radius]
        assert np.array_equal(out[y], expected)


@given(seed=seeds, measure=st.sampled_from(["passes", "seconds", "pace", "max(speed)", "std(speed)"]))
def test_a_mosaic_of_smoothed_windows_equals_one(seed, measure):
    rng = np.random.default_rng(seed)
    batches = [slow.wander(rng, 100, 8)]
    scale = 256 * 2.0**17
    whole = Window(scale, int(batches[0].u.mean() * scale) - 40, int(batches[0].v.mean() * scale) - 40, 80, 80)
    smoothing = Smoothing(metres=rng.uniform(0, 4), pixels=rng.uniform(0, 2))

    def shown(window):
        grown = draw(batches, window.grown(halo(smoothing, window)), parse_measure(measure))
        return smooth(grown, smoothing, window)

    one = shown(whole)
    cut = int(rng.integers(1, 79))
    for top, height in ((0, cut), (cut, 80 - cut)):
        part = shown(Window(scale, whole.x, whole.y + top, 80, height))
        assert np.array_equal(part.total, one.total[top : top + height])
        np.testing.assert_array_equal(part.values, one.values[top : top + height])


def spot(height=81, width=81, measure="seconds", lat=0.0, scale=256 * 2.0**15):
    """A grid with one pixel set in the middle."""
    v = float(from_lonlat(0, lat)[1])
    window = Window(scale, int(scale / 2), int(v * scale) - height // 2, width, height)
    total = np.zeros((height, width))
    total[height // 2, width // 2] = 7.0
    return Grid.of(window, Measure(measure), total)


def test_a_sum_is_conserved():
    grid = spot()
    smoothing = Smoothing(pixels=3.0)
    inner = grid.window.grown(-halo(smoothing, grid.window))
    assert smooth(grid, smoothing, inner).total.sum() == pytest.approx(7, rel=1e-5)


@pytest.mark.parametrize("lat", [0.0, 9.0, 60.0, 69.6])
def test_a_width_in_metres_is_true_at_every_latitude(lat):
    grid = spot(301, 301, lat=lat)
    east, _ = ground_metres((grid.window.y + 150.5) / grid.window.scale)
    pixel = float(east) / grid.window.scale
    smoothing = Smoothing(metres=8 * pixel)
    inner = grid.window.grown(-halo(smoothing, grid.window.grown(-40)))
    field = smooth(grid, smoothing, inner).total
    x = (np.arange(field.shape[1]) - field.shape[1] // 2) * pixel
    row = field.sum(axis=0)
    assert math.sqrt((row * x**2).sum() / row.sum()) == pytest.approx(8 * pixel, rel=0.01)


def test_a_lone_straight_pass_reads_1_at_every_width():
    batch = slow.make_batch(np.linspace(10.9, 10.92, 300), np.full(300, 47.8))
    scale = 256 * 2.0**17
    window = Window(scale, int(batch.u.mean() * scale) - 30, int(batch.v[0] * scale) - 30, 60, 60)
    for text in ("0", "0.5px", "1px", "4m", "9px"):
        smoothing = parse_smoothing(text)
        grown = draw([batch], window.grown(halo(smoothing, window)), parse_measure("passes"))
        values = smooth(grown, smoothing, window).values
        assert np.nanmax(values) == pytest.approx(1, abs=0.01)


def test_a_mean_is_the_blurred_sum_over_the_blurred_count():
    batch = slow.wander(np.random.default_rng(1), 200, 6)
    scale = 256 * 2.0**17
    window = Window(scale, int(batch.u.mean() * scale) - 50, int(batch.v.mean() * scale) - 50, 100, 100)
    smoothing = Smoothing(pixels=2.0)
    grown = draw([batch], window.grown(halo(smoothing, window)), parse_measure("speed"))
    inner = slice(8, -8)
    total = slow.blur(grown.total, np.full(116, 2.0))[inner, inner]
    count = slow.blur(grown.count, np.full(116, 2.0))[inner, inner]
    values = smooth(grown, smoothing, window).values
    shown = count > 1e-3
    np.testing.assert_allclose(values[shown], total[shown] / count[shown], rtol=1e-4)


@given(
    zoom=st.integers(0, 20),
    share=st.floats(0, 1),
    height=st.integers(1, 600),
    metres=st.sampled_from([0.0, 0.01, 4.0, 33.3]),
    pixels=st.sampled_from([0.0, 0.1, 1.0, 2.5]),
)
def test_widths_are_those_of_true_metres_to_the_bit(zoom, share, height, metres, pixels):
    window = Window(256 * 2.0**zoom, 0, int((share * 1.1 - 0.05) * 256 * 2**zoom), 9, height)
    east, north = ground_metres((window.y + np.arange(height) + 0.5) / window.scale)
    twin = np.maximum(metres * window.scale / np.sqrt(east * north), pixels)
    twin = np.where(twin < 0.2, 0.0, twin)
    smoothing = Smoothing(metres, pixels)
    np.testing.assert_array_equal(smoothing.sigma(window), twin)
    assert twin.max() > MAX_SIGMA or halo(smoothing, window) == math.ceil(REACH * twin.max())


def test_too_wide_a_blur_is_refused():
    with pytest.raises(BadOption, match="too wide"):
        halo(Smoothing(pixels=MAX_SIGMA + 1), Window(256.0, 0, 0, 10, 10))
    for bad in ("-1m", "4", "wide", "nanpx", "infm", ""):
        with pytest.raises(BadOption, match="--smooth"):
            parse_smoothing(bad)
