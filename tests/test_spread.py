"""Kernels of points: against a slow twin on the ellipsoid, and what must be conserved."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_points import distances, pixel_of, spread_slowly

from heatlas.core.errors import BadOption
from heatlas.core.points import Points
from heatlas.core.window import Window
from heatlas.dataset.places import around, bbox_window
from heatlas.raster.bin_points import bin_points
from heatlas.raster.measure import parse_point_measure
from heatlas.raster.point_kernel import MAX_RADIUS, SHAPES, Kernel, halo, pixel_areas, spread

if TYPE_CHECKING:
    from heatlas.raster.grid import Grid

PLACES = {
    "equator": (9.0, 0.2),
    "Addis Ababa": (38.75, 9.03),
    "Oslo": (10.75, 59.91),
    "Tromso": (18.96, 69.65),
    "Wellington": (174.78, -41.29),
}


def points_of(rows: list[tuple[float, float, float]]) -> Points:
    lon, lat, weight = (np.array(column, float) for column in zip(*rows, strict=True)) if rows else (np.zeros(0),) * 3
    return Points(lon=lon, lat=lat, weight=weight)


def heat(
    rows: list[tuple[float, float, float]],
    window: Window,
    kernel: Kernel,
    measure: str = "sum",
    density: bool = False,
    workers: int = 2,
) -> Grid:
    columns, lines = halo(kernel, window)
    chosen = parse_point_measure(measure, "w", density)
    grown = bin_points([points_of(rows)], window.grown(columns, lines), chosen, workers)
    return spread(grown, kernel, window, workers)


def near(lon: float, lat: float, metres: float, width: int = 60) -> Window:
    return bbox_window(around(lat, lon, metres), width=width)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("shape", SHAPES)
def test_radius_in_metres_is_true_at_every_latitude(place, shape):
    lon, lat = PLACES[place]
    window = near(lon, lat, 160_000)
    rows = [(lon, lat, 3.0), (lon + 0.4, lat - 0.3, 1.5), (lon - 0.2, lat + 0.5, -2.0)]
    found = heat(rows, window, Kernel(shape, metres=100_000, pixels=0.0)).total
    wanted, _ = spread_slowly(rows, window, shape, metres=100_000)
    if shape == "uniform":  # at the very edge a pixel's middle is in or out
        assert (np.abs(found - wanted) > 1e-4).mean() < 0.01
    else:
        assert np.abs(found - wanted).max() < 0.01


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("pixels", [0.4, 1.0, 3.0, 7.5])
def test_radius_in_pixels(shape, pixels):
    window = near(10.75, 59.91, 5000, 40)
    rows = [(10.75, 59.91, 3.0), (10.77, 59.92, 1.0), (10.74, 59.90, 2.0), (10.74, 59.90, 4.0)]
    found = heat(rows, window, Kernel(shape, pixels=pixels)).total
    wanted, _ = spread_slowly(rows, window, shape, pixels=pixels)
    # A Gaussian is cut to a square after four standard deviations, the twin to a circle.
    assert np.abs(found - wanted).max() < (0.01 if shape == "gaussian" else 1e-5)


def test_hundred_kilometres_over_oslo_are_a_hundred_kilometres():
    lon, lat = PLACES["Oslo"]
    window = near(lon, lat, 150_000, 300)
    covered = heat([(lon, lat, 1.0)], window, Kernel("uniform", metres=100_000, pixels=0.0)).total > 0
    far = distances(window, lon, lat, metres=True)
    assert far[covered].max() < 100_500
    assert far[~covered].min() > 99_500
    area = float((covered.sum(axis=1) * pixel_areas(window)).sum())
    assert area == pytest.approx(math.pi * 100**2, rel=0.005)


@given(
    rows=st.lists(
        st.tuples(st.floats(-180, 180), st.floats(-84, 84), st.floats(-50, 50)), min_size=1, max_size=8
    ),
    shape=st.sampled_from(SHAPES),
    pixels=st.floats(0, 20),
    zoom=st.integers(0, 2),
)  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_density_conserves_the_weights_of_the_world(rows, shape, pixels, zoom):
    # Rows enough beyond the map's edges for all that is spread there; the world goes round.
    window = Window(256.0 * 2**zoom, 0, -40, 256 * 2**zoom, 256 * 2**zoom + 80)
    grid = heat(rows, window, Kernel(shape, pixels=pixels), density=True)
    drawn = float((grid.total.sum(axis=1, dtype=float) * pixel_areas(window)).sum())
    assert drawn == pytest.approx(sum(w for *_, w in rows), abs=1e-4 * sum(abs(w) for *_, w in rows) + 1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("metres", [60_000.0, 400_000.0])
def test_density_in_metres_conserves_the_weights(shape, metres):
    rows = [(-179.9, 52.0, 2.0), (179.5, -16.0, 3.0), (10.0, 0.0, 4.0), (18.96, 69.65, 5.0)]
    window = Window(1024.0, 0, 0, 1024, 1024)
    grid = heat(rows, window, Kernel(shape, metres=metres, pixels=0.0), density=True)
    assert float((grid.total.sum(axis=1, dtype=float) * pixel_areas(window)).sum()) == pytest.approx(14.0, rel=1e-5)


def test_density_does_not_drift_with_zoom():
    rows = [(38.7, 9.0, 5.0), (38.9, 9.1, 2.0), (38.5, 8.9, 1.0)]
    kernel = Kernel("quartic", metres=20_000, pixels=0.0)
    peaks = [
        float(heat(rows, bbox_window((38, 8.5, 39.5, 9.5), zoom=zoom), kernel, density=True).total.max())
        for zoom in (9, 10, 11)
    ]
    assert max(peaks) / min(peaks) < 1.03


def test_overlays_of_two_zooms_agree():
    rows = [(38.7, 9.0, 5.0), (38.9, 9.1, 2.0), (38.5, 8.9, 1.0), (38.75, 9.05, 3.0)]
    kernel = Kernel("gaussian", metres=15_000, pixels=0.0)
    coarse = Window(256 * 2.0**10, 159_000 - 40, 124_000 - 40, 80, 80)
    lon, lat = coarse.bbox[0] + 0.05, (coarse.bbox[1] + coarse.bbox[3]) / 2
    shifted = [(x - 38.7 + lon, y - 9.0 + lat, w) for x, y, w in rows]
    fine = Window(2 * coarse.scale, 2 * coarse.x, 2 * coarse.y, 160, 160)
    a, b = heat(shifted, coarse, kernel).total, heat(shifted, fine, kernel).total
    halved = b.reshape(80, 2, 80, 2).mean(axis=(1, 3))
    assert a.max() > 4
    assert np.abs(a - halved).max() < 0.03 * a.max()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("metres", [0.0, 300_000.0])
@pytest.mark.parametrize("measure", ["sum", "count", "mean", "min", "max"])
def test_mosaic_equals_one_window(shape, metres, measure):
    random = np.random.default_rng(1)
    rows = list(zip(random.uniform(-180, 180, 60), random.uniform(-80, 80, 60), random.uniform(0, 9, 60), strict=True))
    kernel = Kernel(shape, metres=metres, pixels=0.0) if metres else Kernel(shape, pixels=9.0)
    whole = heat(rows, Window(512.0, 0, 0, 512, 512), kernel, measure)
    for x, y in itertools.product((0, 128, 384), (0, 256)):
        part = heat(rows, Window(512.0, x, y, 128, 256), kernel, measure, workers=1)
        np.testing.assert_array_equal(part.values, whole.values[y : y + 256, x : x + 128])


@pytest.mark.parametrize("shape", SHAPES)
def test_antimeridian_is_no_edge(shape):
    kernel = Kernel(shape, metres=500_000, pixels=0.0)
    there = heat([(179.9, -17.0, 1.0)], Window(1024.0, -40, 500, 80, 120), kernel).total
    here = heat([(-0.1, -17.0, 1.0)], Window(1024.0, 512 - 40, 500, 80, 120), kernel).total
    np.testing.assert_allclose(there, here, atol=1e-6)
    assert there[:, :38].max() > 0.5
    assert there[:, 42:].max() > 0.5


def test_circle_that_holds_the_pole_goes_round_the_world():
    kernel = Kernel("uniform", metres=1_700_000, pixels=0.0)
    window = Window(512.0, 0, 0, 512, 200)
    found = heat([(30.0, 80.0, 1.0)], window, kernel).total
    far = distances(window, 30.0, 80.0, metres=True)
    assert (found[0] == 1).all()
    assert ((found > 0) == (far < 1_700_000)).mean() > 0.998
    assert found.max() == 1


def test_sums_are_linear():
    random = np.random.default_rng(2)
    rows = [(x, y, w) for x, y, w in zip(*random.uniform(-9, 9, (3, 50)), strict=True)]
    window = bbox_window((-10, -10, 10, 10), width=200)
    for kernel in (Kernel("gaussian", pixels=9.0), Kernel("linear", metres=90_000.0, pixels=0.0)):
        both = heat(rows, window, kernel).total
        parts = heat(rows[:20], window, kernel).total + heat(rows[20:], window, kernel).total
        np.testing.assert_allclose(parts, both, atol=1e-4)


def test_mean_is_kernel_weighted_and_has_a_floor():
    window = near(10.75, 59.91, 5000, 50)
    rows = [(10.75, 59.91, 3.0), (10.76, 59.912, 9.0), (10.74, 59.90, -2.0)]
    found = heat(rows, window, Kernel("linear", pixels=8.0), "mean").values
    total, count = spread_slowly(rows, window, "linear", pixels=8.0)
    shown = np.isfinite(found)
    assert shown.any()
    np.testing.assert_array_equal(shown, count.astype(np.float32) >= 0.1)
    np.testing.assert_allclose(found[shown], (total / np.where(count > 0, count, 1))[shown], rtol=1e-5)


@pytest.mark.parametrize(("measure", "best"), [("min", min), ("max", max)])
def test_extremes_within_the_radius(measure, best):
    window = near(10.75, 59.91, 5000, 40)
    rows = [(10.75, 59.91, 3.0), (10.76, 59.912, 9.0), (10.74, 59.90, -2.0), (10.75, 59.91, 1.0)]
    found = heat(rows, window, Kernel("gaussian", pixels=8.0), measure).values
    far = [distances(window, lon, lat, metres=False) for lon, lat, _ in rows]
    for y, x in itertools.product(range(window.height), range(window.width)):
        inside = [w for (_, _, w), d in zip(rows, far, strict=True) if d[y, x] <= 8]
        assert found[y, x] == best(inside) if inside else math.isnan(found[y, x])


def test_too_wide_a_radius_is_refused():
    window = near(10.75, 59.91, 5000, 500)
    with pytest.raises(BadOption, match="coarser"):
        halo(Kernel("gaussian", metres=100_000, pixels=0.0), window)
    with pytest.raises(BadOption, match="too wide"):
        halo(Kernel("uniform", pixels=MAX_RADIUS + 1), window)


@given(
    rows=st.lists(
        # Not on an edge between pixels, where rounding decides.
        st.tuples(
            st.integers(-1799, 1799).map(lambda n: n / 10 + 0.0137),
            st.integers(-849, 849).map(lambda n: n / 10 + 0.0137),
            st.floats(-9, 9),
        ),
        min_size=1,
        max_size=20,
    ),
    zoom=st.integers(0, 6),
    x=st.integers(-300, 300),
    workers=st.integers(1, 3),
)  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_binning_equals_the_slow_twin(rows, zoom, x, workers):
    window = Window(256.0 * 2**zoom, x, 60, 400, 150 * 2**zoom if zoom < 3 else 900)
    found = heat(rows, window, Kernel(pixels=0.0), workers=workers)
    wanted = np.zeros((window.height, window.width))
    for lon, lat, weight in rows:
        for pixel in pixel_of(lon, lat, window):
            wanted[pixel] += weight
    np.testing.assert_allclose(found.total, wanted, atol=1e-9)


def test_chunks_and_workers_change_nothing():
    random = np.random.default_rng(3)
    lon, lat, weight = random.uniform(-20, 20, (3, 5000))
    window = bbox_window((-20, -20, 20, 20), width=300)
    measure = parse_point_measure("sum", "w")
    whole = bin_points([Points(lon=lon, lat=lat, weight=weight)], window, measure, 1).total
    cuts = [slice(first, first + 700) for first in range(0, 5000, 700)]
    parts = [Points(lon=lon[cut], lat=lat[cut], weight=weight[cut]) for cut in cuts]
    np.testing.assert_array_equal(bin_points(parts, window, measure, 3).total, whole)
