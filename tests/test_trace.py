"""Passages: exact against a slow twin, and what must always hold."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import slow
from hypothesis import example, given
from hypothesis import strategies as st

from heatlas.core.batch import join, select
from heatlas.core.mercator import from_lonlat, ground_metres
from heatlas.core.window import Window
from heatlas.dataset.places import bbox_window
from heatlas.kernels.path import TOLERANCE, metres_along, progress_along
from heatlas.raster.draw_tracks import draw
from heatlas.raster.measure import parse_measure
from heatlas.tracks.metrics import METRICS, Motion, stored

HOME = (10.9, 47.8)


def window_over(*batches, zoom=17, margin=2):
    scale = 256 * 2.0**zoom
    u = np.concatenate([batch.u for batch in batches]) * scale
    v = np.concatenate([batch.v for batch in batches]) * scale
    x, y = math.floor(u.min()) - margin, math.floor(v.min()) - margin
    return Window(scale, x, y, math.ceil(u.max()) - x + margin, math.ceil(v.max()) - y + margin)


def grid_of(batches, window, measure="passes", **options):
    return draw(batches, window, parse_measure(measure), **options)


def straight(lats, lons, **options):
    return slow.make_batch(np.asarray(lons, float), np.asarray(lats, float), **options)


seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, zoom=st.sampled_from([12, 15, 17, 18, 19]), step=st.sampled_from([0.5, 3.0, 20.0, 150.0]))
def test_passes_equal_the_slow_twin(seed, zoom, step):
    rng = np.random.default_rng(seed)
    n = 60
    cuts = np.unique(np.concatenate(([0, n], rng.integers(1, n, 2))))
    batch = slow.wander(rng, n, step, segments=cuts)
    window = window_over(batch, zoom=zoom)
    if rng.random() < 0.5:  # a window that the track leaves and enters
        window = Window(window.scale, window.x + 3, window.y + 5, max(1, window.width - 9), max(1, window.height - 9))
    assert np.array_equal(grid_of([batch], window).total, slow.counts(batch, window))


@pytest.mark.parametrize("fixes", [128, 129, 130, 256, 257, 512, 513, 514, 642, 1100])
@pytest.mark.parametrize("zoom", [14, 18])
def test_long_tracks_equal_the_slow_twin(fixes, zoom):
    # Lines are worked out 128 at a time, of 512 that are looked at: at the seams none is lost or counted twice.
    rng = np.random.default_rng(fixes + zoom)
    batch = slow.wander(rng, fixes, 4.0)
    window = window_over(batch, zoom=zoom)
    for inner in (window, Window(window.scale, window.x + 9, window.y + 7, window.width // 2, window.height // 2)):
        assert np.array_equal(grid_of([batch], inner).total, slow.counts(batch, inner))


@given(seed=seeds)
def test_standing_about_equals_the_slow_twin(seed):
    rng = np.random.default_rng(seed)
    n = 300  # jitter in one place, some metres wide
    batch = straight(47.8 + rng.normal(0, 3e-5, n), 10.9 + rng.normal(0, 4e-5, n), time=1e9 + np.arange(n))
    window = window_over(batch, zoom=19)
    assert np.array_equal(grid_of([batch], window).total, slow.counts(batch, window))


@example(seed=1336, metric="grade")
@given(seed=seeds, metric=st.sampled_from(sorted(n for n, m in stored().items() if not m.cyclic)))
def test_metrics_equal_the_slow_twin(seed, metric):
    rng = np.random.default_rng(seed)
    n = 80
    columns = {name: rng.uniform(60, 180, n) for name in ("heart_rate", "power", "elevation", "cadence", "temperature")}
    columns["heart_rate"][rng.random(n) < 0.3] = np.nan
    batch = slow.wander(rng, n, 5, segments=[0, 30, n], columns=columns)
    if rng.random() < 0.3:
        batch.time[:] = np.nan
    window = window_over(batch)
    measure = METRICS[metric]
    values = measure.at_fixes(Motion(batch))
    # Ups and downs of a passage may cancel: what is left has the rounding of the largest.
    rounding = 0.0 if measure.inverse else float(np.finfo(np.float32).eps * np.nanmax(np.abs(values), initial=0.0))
    found = slow.passages(batch, window, metres=metres_along(batch.u, batch.v, batch.segments), metric=values)
    for reduction, function in (("mean", np.mean), ("min", np.min), ("max", np.max), ("std", np.std)):
        result = grid_of([batch], window, f"{reduction}({metric})").values
        for (row, column), listed in found.items():
            means = [p["sum"] / p["weight"] for p in listed if p["weight"] > 0]
            means = [1 / m for m in means if m > 0] if measure.inverse else means
            if means:
                scale = max(abs(m) for m in means)
                assert result[row, column] == pytest.approx(function(means), rel=1e-5, abs=1e-3 * scale + rounding)
            else:
                assert np.isnan(result[row, column])


@given(seed=seeds, zoom=st.sampled_from([10, 14, 17]))
def test_seconds_metres_and_fixes_are_conserved_and_coarsen_by_summing(seed, zoom):
    rng = np.random.default_rng(seed)
    batches = [slow.wander(rng, 100, 8) for _ in range(3)]
    window = window_over(*batches, zoom=zoom)
    even = Window(
        window.scale,
        window.x // 2 * 2,
        window.y // 2 * 2,
        window.width // 2 * 2 + 4,
        window.height // 2 * 2 + 4,
    )
    half = Window(even.scale / 2, even.x // 2, even.y // 2, even.width // 2, even.height // 2)
    totals = {
        "seconds": sum(np.ptp(batch.time) for batch in batches),
        "metres": sum(metres_along(batch.u, batch.v, batch.segments).sum() for batch in batches),
        "fixes": 300,
    }
    for measure, total in totals.items():
        fine = grid_of(batches, even, measure).total
        coarse = grid_of(batches, half, measure).total
        assert fine.sum() == pytest.approx(total, rel=1e-9)
        summed = fine.reshape(half.height, 2, half.width, 2).sum((1, 3))
        np.testing.assert_allclose(coarse, summed, rtol=1e-9, atol=1e-7 * total)


@given(
    seed=seeds,
    measure=st.sampled_from(["passes", "activities", "seconds", "metres", "fixes", "pace", "max(speed)"]),
)
def test_a_mosaic_of_windows_equals_one_window(seed, measure):
    rng = np.random.default_rng(seed)
    batches = [slow.wander(rng, 120, 8) for _ in range(2)]
    whole = window_over(*batches)
    grid = grid_of(batches, whole, measure)
    x, y = int(rng.integers(1, whole.width)), int(rng.integers(1, whole.height))
    for left, width in ((0, x), (x, whole.width - x)):
        for top, height in ((0, y), (y, whole.height - y)):
            part = grid_of(batches, Window(whole.scale, whole.x + left, whole.y + top, width, height), measure)
            place = slice(top, top + height), slice(left, left + width)
            assert np.array_equal(part.total, grid.total[place])
            if grid.count is not None:
                assert np.array_equal(part.count, grid.count[place])


@given(seed=seeds, measure=st.sampled_from(["passes", "activities", "seconds", "mean(speed)", "std(pace)"]))
def test_the_number_of_workers_changes_nothing(seed, measure):
    rng = np.random.default_rng(seed)
    batches = [slow.wander(rng, 120, 8) for _ in range(4)]
    window = window_over(*batches)
    one = grid_of(batches, window, measure, workers=1)
    for workers in (2, 5):
        many = grid_of(batches, window, measure, workers=workers)
        assert np.array_equal(one.total, many.total)
        assert (one.count is None) or np.array_equal(one.count, many.count)


@given(seed=seeds, zoom=st.sampled_from([9, 12, 17]))
def test_sharing_out_tracks_changes_nothing_either(seed, zoom):
    # At low zooms there are fewer pixels than fixes, and workers take tracks instead of rows.
    rng = np.random.default_rng(seed)
    whole = join([slow.wander(rng, int(rng.integers(1, 90)), 8) for _ in range(int(rng.integers(1, 7)))])
    window = window_over(whole, zoom=zoom)
    one = grid_of([whole, whole], window, workers=1).total
    for workers in (2, 3, 8):
        assert np.array_equal(one, grid_of([whole, whole], window, workers=workers).total)


def test_the_order_of_batches_changes_no_count():
    rng = np.random.default_rng(5)
    batches = [slow.wander(rng, 300, 8) for _ in range(5)]
    window = window_over(*batches)
    for measure in ("passes", "activities", "fixes"):
        one, other = grid_of(batches, window, measure), grid_of(batches[::-1], window, measure)
        assert np.array_equal(one.total, other.total)


def test_adding_and_removing_an_activity_changes_nothing():
    rng = np.random.default_rng(6)
    batches = [slow.wander(rng, 200, 8) for _ in range(3)]
    window = window_over(*batches)
    both = grid_of(batches, window).total.astype(int)
    assert np.array_equal(both - grid_of(batches[2:], window).total, grid_of(batches[:2], window).total)


def loop(laps, radius, step=3.0, wobble=0.0):
    """Laps round a circle of some metres in radius over the same fixes, with a wobble in the position."""
    each = round(2 * math.pi * radius / step)
    n = laps * each + 1
    angle = np.arange(n) * (2 * math.pi / each)
    rng = np.random.default_rng(1)
    east, _ = (float(g) for g in ground_metres(from_lonlat(*HOME)[1]))
    x, y = (
        radius * np.cos(angle) + rng.normal(0, wobble, n),
        radius * np.sin(angle) + rng.normal(0, wobble, n),
    )
    return straight(HOME[1] + 0 * x + y / 111190, HOME[0] + x / (east / 360), time=1e9 + np.arange(n))


def test_25_laps_round_a_track_are_25_passes():
    batch = loop(25, 400 / (2 * math.pi))
    grid = grid_of([batch], window_over(batch, zoom=18)).total
    on_track = grid[grid > 0]
    # The last fix comes back to the pixel of the first one: that is a 26th visit there.
    assert (on_track == 25).sum() >= len(on_track) - 3
    assert on_track.max() <= 26
    assert grid_of([batch], window_over(batch, zoom=18), "activities").total.max() == 1


def test_laps_of_a_wobbling_track_sum_to_25():
    batch = loop(25, 400 / (2 * math.pi), wobble=0.7)
    window = window_over(batch, zoom=15)  # pixels of 3 m
    grid = grid_of([batch], window).total
    assert np.median(grid[grid > 8]) == pytest.approx(25, abs=4)
    assert grid.max() <= 26


def test_a_stop_at_a_light_is_one_pass():
    rng = np.random.default_rng(3)
    there = np.arange(0, 200, 3.0)
    stop = np.full(90, 200.0)
    x = np.concatenate((there, stop, 200 + there))
    jitter = np.where(x == 200, 2.0, 0.2)
    east, _ = ground_metres(from_lonlat(*HOME)[1])
    lon = HOME[0] + (x + rng.normal(0, 1, len(x)) * jitter) * 360 / float(east)
    lat = HOME[1] + rng.normal(0, 1, len(x)) * jitter / 111190
    batch = straight(lat, lon, time=1e9 + np.arange(len(x)))
    for zoom in (14, 16, 18, 20):
        assert grid_of([batch], window_over(batch, zoom=zoom)).total.max() == 1


def test_out_and_back_is_two_passes_away_from_the_turn():
    x = np.concatenate((np.arange(0, 500, 3.0), np.arange(500, 0, -3.0)))
    east, _ = ground_metres(from_lonlat(*HOME)[1])
    batch = straight(np.full(len(x), HOME[1]), HOME[0] + x * 360 / float(east))
    window = window_over(batch, zoom=17)
    row = grid_of([batch], window).total.max(axis=0)
    assert (row[5 : int(len(row) * 0.9)] == 2).all()


def test_crossing_the_antimeridian_shows_on_both_edges():
    lon = np.array([179.98, 179.99, 180.01, 180.02])
    batch = slow.make_batch(lon, np.full(4, -17.0), time=1e9 + 10.0 * np.arange(4))
    world = Window(256 * 2.0**8, 0, 128 * 2**8, 256 * 2**8, 4000)
    seconds = grid_of([batch], world, "seconds").total
    assert seconds.sum() == pytest.approx(30)
    assert seconds[:, :100].sum() == pytest.approx(15)
    assert seconds[:, -100:].sum() == pytest.approx(15)
    across = bbox_window((179.9, -17.1, -179.9, -16.9), zoom=12)
    assert grid_of([batch], across, "seconds").total.sum() == pytest.approx(30)
    assert grid_of([batch], across).total.max() == 1


def test_nothing_in_gives_nothing_out():
    window = Window(256.0, 0, 0, 256, 256)
    empty = slow.make_batch(np.zeros(0), np.zeros(0), segments=[0], tracks=[0])
    for measure in ("passes", "seconds", "pace", "max(power)", "fixes", "activities"):
        assert not grid_of([], window, measure).total.any()
        assert not grid_of([empty], window, measure).total.any()


def test_a_single_fix_is_a_pass_of_no_length():
    batch = straight([47.8], [10.9])
    window = window_over(batch)
    assert grid_of([batch], window).total.sum() == 1
    assert grid_of([batch], window, "activities").total.sum() == 1
    assert grid_of([batch], window, "metres").total.sum() == 0


def test_corners_are_crossed_without_gaps():
    # A diagonal through pixel corners: every step is to an edge neighbour, whichever way ties go.
    scale = 256 * 2.0**10
    n = 50
    u, v = (1000 + np.arange(n)) / scale, (1000 + np.arange(n)) / scale
    batch = slow.make_batch(np.zeros(n), np.zeros(n))
    batch.u[:], batch.v[:] = u, v
    batch.progress[:] = np.arange(n) * 100.0
    window = Window(scale, 990, 990, 80, 80)
    grid = grid_of([batch], window).total
    assert grid.max() == 1
    assert grid.sum() == 2 * n - 1
    assert all(grid[10 + k, 10 + k] == 1 for k in range(n))


@given(seed=seeds, parts=st.sampled_from([1, 2, 3, 8]), zoom=st.sampled_from([10, 17]))
def test_lines_through_corners_of_pixels_equal_the_slow_twin(seed, parts, zoom):
    # On fractions of pixels, lines end in corners and on edges, and two crossings often fall together.
    rng = np.random.default_rng(seed)
    scale, n = 256 * 2.0**zoom, 40
    x, y = (1000 + np.cumsum(rng.integers(-3 * parts, 3 * parts + 1, n)) / parts for _ in range(2))
    batch = slow.make_batch(np.zeros(n), np.zeros(n))
    batch.u[:], batch.v[:] = x / scale, y / scale
    metres = float(ground_metres(batch.v[0])[0]) / scale
    batch.progress[:] = np.concatenate(([0], np.cumsum(np.hypot(np.diff(x), np.diff(y))))) * metres
    whole = window_over(batch, zoom=zoom)
    expected = slow.counts(batch, whole)
    assert np.array_equal(grid_of([batch], whole).total, expected)
    assert np.array_equal(grid_of([batch], whole, "activities").total, expected > 0)
    part = Window(scale, whole.x + whole.width // 3, whole.y + whole.height // 2, whole.width // 3, whole.height // 2)
    inner = expected[part.y - whole.y :, part.x - whole.x :][: part.height, : part.width]
    if part.width and part.height:
        assert np.array_equal(grid_of([batch], part).total, inner)


@pytest.mark.parametrize("zoom", [15, 19])
def test_very_long_lines_are_traced_to_their_ends(zoom):
    # So long that the products of the traversal do not fit unless they are taken more coarsely.
    scale = 256 * 2.0**zoom
    length = min(200_000, scale / 8)
    u = np.array([0.3, 0.3 + length / scale, 0.3 + length / scale])
    v = np.array([0.4, 0.4 + 0.3 * length / scale, 0.4])
    batch = slow.make_batch(np.zeros(3), np.zeros(3))
    batch.u[:], batch.v[:] = u, v
    batch.progress[:] = progress_along(u, v, np.array([0, 3]), TOLERANCE)
    for k in (1, 2):
        x, y = math.floor(u[k] * scale), math.floor(v[k] * scale)
        end = grid_of([batch], Window(scale, x - 5, y - 5, 11, 11)).total
        assert end[5, 5] == 1
    middle = Window(scale, math.floor(u[:2].mean() * scale) - 40, math.floor(v[:2].mean() * scale) - 40, 80, 80)
    row, column = np.nonzero(grid_of([batch], middle).total)
    off = (row + 0.5 + middle.y - v[0] * scale) - 0.3 * (column + 0.5 + middle.x - u[0] * scale)
    assert len(row) > 80
    assert abs(off).max() < 1


def test_a_strip_with_too_many_pixels_is_cut(monkeypatch):
    batch = slow.wander(np.random.default_rng(1), 300, 8)
    window = window_over(batch)
    whole = grid_of([batch], window).total
    monkeypatch.setattr("heatlas.raster.partition.MOST", 3 * window.width)
    for workers in (1, 2):
        assert np.array_equal(grid_of([batch], window, workers=workers).total, whole)


@given(seed=seeds)
def test_progress_grows_and_bounds_displacement(seed):
    rng = np.random.default_rng(seed)
    batch = slow.wander(rng, 80, 7)
    east, north = (float(g) for g in ground_metres(batch.v[0]))
    progress = progress_along(batch.u, batch.v, np.array([0, 80]), TOLERANCE)
    assert (np.diff(progress) >= 0).all()
    away = np.hypot((batch.u[:, None] - batch.u) * east, (batch.v[:, None] - batch.v) * north)
    assert (away <= np.abs(progress[:, None] - progress) + 2 * TOLERANCE + 0.1).all()


def test_distances_agree_with_the_ellipsoid():
    pyproj = pytest.importorskip("pyproj")
    geod = pyproj.Geod(ellps="WGS84")
    for lat in (0, 9, 47.8, 70):
        lons, lats = 10 + np.array([0, 0.001, 0.001, 0.002]), lat + np.array([0, 0, 0.001, 0.002])
        batch = slow.make_batch(lons, lats)
        ours = metres_along(batch.u, batch.v, batch.segments)[:-1]
        *_, theirs = geod.inv(lons[:-1], lats[:-1], lons[1:], lats[1:])
        np.testing.assert_allclose(ours, theirs, rtol=2e-6)


@given(seed=seeds)
def test_joined_batches_draw_what_each_draws_and_selecting_takes_them_apart_again(seed):
    rng = np.random.default_rng(seed)
    parts = [slow.wander(rng, 60, 8, segments=[0, 20, 60], source=f"{k}-") for k in range(4)]
    whole = join(parts)
    window = window_over(whole)
    for measure in ("passes", "activities", "seconds", "pace"):
        one, other = grid_of([whole], window, measure), grid_of(parts, window, measure)
        # Means along the way differ by rounding: they are taken from one running distance.
        np.testing.assert_allclose(one.total, other.total, rtol=1e-7 if measure == "pace" else 0)
    wanted = rng.random(4) < 0.5
    some = select(whole, wanted)
    assert len(some) == wanted.sum()
    kept = [part for part, keep in zip(parts, wanted, strict=True) if keep]
    assert np.array_equal(grid_of([some], window).total, grid_of(kept, window).total)
    assert [a.source for a in some.activities] == [part.activities[0].source for part in kept]


@pytest.mark.parametrize("measure", ["passes", "activities", "seconds", "metres", "fixes"])
def test_what_is_rounded_over_an_edge_is_drawn_beyond_it(measure):
    scale, x, y = 256 * 2.0**10, 120000, 100000
    near = 2.0**-27  # of a pixel before the edge, which the lattice of 2**-24 does not know
    down = [(x + 0.5, y - 3.5), (x + 0.5, y - near)], (0, 5, 10, 5)
    across = [(x - 3.5, y + 0.5), (x - near, y + 0.5)], (5, 0, 5, 10)
    for places, (left, top, width, height) in (down, across):
        batch = slow.make_batch(np.zeros(2), np.zeros(2))
        batch.u[:], batch.v[:] = np.array(places).T / scale
        batch.progress[:] = progress_along(batch.u, batch.v, np.array([0, 2]), TOLERANCE)
        whole = grid_of([batch], Window(scale, x - 5, y - 5, 10, 10), measure).total
        part = grid_of([batch], Window(scale, x - 5 + left, y - 5 + top, width, height), measure).total
        assert np.array_equal(whole[top : top + height, left : left + width], part)


def test_a_table_is_no_wider_than_the_window():
    # Towards the poles, at high zooms, some metres are thousands of pixels.
    batch = slow.make_batch(10 + 1e-5 * np.arange(40.0), np.full(40, 84.9))
    whole = window_over(batch, zoom=24)
    window = Window(whole.scale, whole.x, whole.y, 200, whole.height)
    for measure in ("passes", "activities"):
        assert grid_of([batch], window, measure).total.any()


@given(seed=seeds, count=st.integers(1, 5))
def test_bounds_are_those_of_each_track(seed, count):
    rng = np.random.default_rng(seed)
    tracks = [slow.wander(rng, 20, 8, segments=[0, 7, 20]) for _ in range(count)]
    whole = join(tracks)
    sides = [(t.u.min(), t.u.max(), t.v.min(), t.v.max()) for t in tracks]
    assert np.array_equal(whole.bounds, sides)
    # A track of which nothing is left, as when all of it lies in a zone, in every place.
    for k in range(count + 1):
        tracks_with = np.insert(whole.tracks, k, whole.tracks[k])
        activities = (*whole.activities[:k], whole.activities[0], *whole.activities[k:])
        held = replace(whole, tracks=tracks_with, activities=activities)
        assert np.array_equal(held.bounds, np.insert(sides, k, [np.inf, -np.inf, np.inf, -np.inf], axis=0))


@pytest.mark.parametrize(("workers", "dense"), [(1, 0), (2, 0), (3, 0), (2, 1 << 20), (3, 1 << 20)])
@pytest.mark.parametrize("corner", [(0, 0), (5, 2), (-3, -1)])
@pytest.mark.parametrize(("passes", "block"), [(63, 16), (64, 16), (255, 16), (256, 3), (257, 16), (320, 4), (700, 3)])
def test_more_passes_than_a_byte_holds_are_counted(monkeypatch, passes, block, corner, workers, dense):
    monkeypatch.setattr("heatlas.raster.accumulators._BROAD", 0)
    monkeypatch.setattr("heatlas.raster.count_passes._DENSE", dense)  # rows are shared out, or tracks
    monkeypatch.setattr(
        "heatlas.raster.accumulators._BLOCK", block
    )  # few pixels or many share what is known of carries
    # Also in corners of the window; what is held back of 64 pixels is counted in the end.
    track = straight([47.8004, 47.8], [10.9, 10.9011])
    across = window_over(track, margin=0)
    window = Window(across.scale, across.x + corner[0], across.y + corner[1], across.width + 9, across.height + 9)
    once = grid_of([track], window).total.astype(int)
    assert once.max() == 1
    assert once[0, 0] == 1 or corner == (-3, -1)
    together = grid_of([join([track] * passes)], window, workers=workers)
    assert np.array_equal(together.total, passes * once)
    apart = grid_of([track] * passes, window, workers=workers)
    assert np.array_equal(apart.total, passes * once)
    onto = draw([track] * 3, window, parse_measure("passes"), workers, onto=together)
    assert np.array_equal(onto.total, (passes + 3) * once)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("broad", "passes", "dtype"),
    [
        *((0, *row) for row in ((255, "u1"), (256, "u2"), (65_535, "u2"), (65_536, "u4"), (66_001, "u4"))),
        *((1 << 20, *row) for row in ((1, "u2"), (256, "u2"), (65_535, "u2"), (65_536, "u4"), (66_001, "u4"))),
    ],
)
def test_counts_are_as_wide_as_the_greatest_asks_for(monkeypatch, broad, passes, dtype, workers):
    monkeypatch.setattr("heatlas.raster.accumulators._BROAD", broad)
    track = straight([47.8004, 47.8], [10.9, 10.9011])
    window = window_over(track, margin=150)
    grid = grid_of([join([track] * passes)], window, workers=workers)
    assert grid.total.dtype == dtype
    assert grid.total.max() == passes
    assert np.array_equal(grid.total, passes * grid_of([track], window).total.astype(int))
