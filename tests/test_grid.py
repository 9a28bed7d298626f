"""Grids: named planes that merge, whatever the measure, and what is cut out of them and put together again."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
import slow
from hypothesis import given, settings
from hypothesis import strategies as st
from library_made import made, walks

from heatlas.core.points import Points
from heatlas.core.window import Window
from heatlas.dataset.places import bbox_window
from heatlas.library.index.drawing import draw as draw_index
from heatlas.raster.bin_points import bin_points
from heatlas.raster.draw_tracks import draw
from heatlas.raster.gaussian import Smoothing, halo, smooth
from heatlas.raster.grid import Grid, filled_rows
from heatlas.raster.measure import Measure, parse_measure, parse_point_measure
from heatlas.raster.reductions import LAYOUTS, Rule
from heatlas.tracks.metrics import METRICS

EXACT = ["passes", "activities", "fixes", "min(speed)", "max(pace)", "max(heart_rate)"]
ROUNDED = ["seconds", "metres", "pace", "speed", "std(speed)"]
HELD = ["pace", "speed", "heart_rate", "power", "elevation", "grade"]
"""Metrics that the made walks have."""
WINDOW = Window(256.0 * 2**16, 34_700, 23_000, 7, 5)

seeds = st.integers(0, 2**32 - 1)


def equal(one, other):
    """Whether two grids have the same planes, to the last bit and in the same types."""
    return list(one.planes) == list(other.planes) and all(
        plane.dtype == other.planes[name].dtype and np.array_equal(plane, other.planes[name])
        for name, plane in one.planes.items()
    )


def in_some_order(rng, grids):
    """Merge grids two by two, any two of those that are left."""
    grids = list(grids)
    while len(grids) > 1:
        one, other = (grids.pop(int(rng.integers(len(grids)))) for _ in range(2))
        grids.append(one.merge(other))
    return grids[0]


def window_over(batches, zoom=16):
    scale = 256 * 2.0**zoom
    u, v = (np.concatenate([getattr(batch, name) for batch in batches]) * scale for name in "uv")
    x, y = math.floor(u.min()) - 2, math.floor(v.min()) - 2
    return Window(scale, x, y, math.ceil(u.max()) - x + 2, math.ceil(v.max()) - y + 2)


def made_up(rng, measure, window=WINDOW):
    """A grid of some measure as it could be, with counts near where a byte ends."""
    shape = (window.height, window.width)
    layout = parse_measure(measure).layout if isinstance(measure, str) else measure.layout
    there = rng.random(shape) < 0.7
    extremes = any(plane.extreme for plane in layout.planes)
    planes = {}
    for plane in layout.planes:
        values = rng.integers(0, 3, shape) * 100.0 + 28 if plane.rule is Rule.COUNT else rng.integers(-9, 9, shape) / 4
        if plane.rule is Rule.KNOWN:
            values = np.ones(shape)
        kept = there if extremes or plane.rule is Rule.COUNT or layout.sums else planes["n"] > 0
        planes[plane.name] = np.where(kept, values, 0).astype(plane.dtype)
    return Grid(window, parse_measure(measure) if isinstance(measure, str) else measure, planes)


@given(seed=seeds, measure=st.sampled_from(EXACT + ROUNDED), parts=st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_tracks_split_in_any_way_merge_to_the_whole(seed, measure, parts):
    rng = np.random.default_rng(seed)
    columns = {"heart_rate": rng.uniform(90, 180, 80).astype(np.float32)}
    tracks = [slow.wander(rng, 80, 8, columns=columns) for _ in range(6)]
    window, parsed = window_over(tracks), parse_measure(measure)
    whole = draw(tracks, window, parsed, 1)
    shares = rng.integers(0, parts, len(tracks))
    grids = [
        draw([t for t, own in zip(tracks, shares, strict=True) if own == k], window, parsed, 1) for k in range(parts)
    ]
    merged = in_some_order(rng, grids)
    if measure in EXACT:
        assert equal(merged, whole)
        return
    for name, plane in whole.planes.items():
        assert merged.planes[name].dtype == plane.dtype
        np.testing.assert_allclose(merged.planes[name], plane, rtol=1e-12 if name != "n" else 0)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    with made(tmp_path_factory.mktemp("grid") / "a.db", walks(1, 12)) as library:
        yield library


@pytest.mark.parametrize(
    "measure",
    [
        *("passes", "activities", "fixes", "seconds", "metres"),
        *(f"{how}({metric})" for metric in METRICS for how in ("mean", "min", "max", "std") if metric in HELD),
    ],
)
def test_activities_of_a_library_merge_to_the_last_bit(library, measure):
    # Its steps are powers of two, so that sums are exact.
    window, parsed, rng = window_over(walks(1, 12)), parse_measure(measure), np.random.default_rng(4)
    shares = rng.integers(0, 3, 13)
    grids = [draw_index(library, window, parsed, shares == k) for k in range(3)]
    whole = draw_index(library, window, parsed)
    assert whole.filled.any()
    assert equal(in_some_order(rng, grids), whole)
    assert equal(in_some_order(rng, grids[::-1]), whole)


@pytest.mark.parametrize("reduction", ["sum", "count", "mean", "min", "max"])
def test_points_of_whole_weights_merge_to_the_last_bit(reduction):
    rng = np.random.default_rng(7)
    lon, lat, weight = rng.uniform(-20, 20, 3000), rng.uniform(-20, 20, 3000), rng.integers(0, 99, 3000) / 8
    weight[920] = -1.0
    window = bbox_window((-20, -20, 20, 20), width=40)
    measure = parse_point_measure(reduction, None if reduction == "count" else "w")
    whole, *grids = (
        bin_points([Points(lon=lon[part], lat=lat[part], weight=weight[part])], window, measure, 1)
        for part in (slice(None), slice(0, 900), slice(900, 950), slice(950, None))
    )
    merged = in_some_order(rng, grids)
    assert equal(merged, whole)
    assert merged.signed == whole.signed


@given(seed=seeds, reduction=st.sampled_from(sorted(LAYOUTS)))
@settings(max_examples=80, deadline=None)
def test_merging_equals_the_slow_twin_in_any_order_and_grouping(seed, reduction):
    rng = np.random.default_rng(seed)
    measure = Measure(reduction, "w" if len(LAYOUTS[reduction].planes) > 1 else "")
    a, b, c = (made_up(rng, measure) for _ in range(3))
    merged = a.merge(b)
    for name, plane in merged.planes.items():
        for place in np.ndindex(plane.shape):
            one, other = ({k: p[place] for k, p in grid.planes.items()} for grid in (a, b))
            assert plane[place] == slow.merged(measure.layout, name, one, other)
    assert equal(b.merge(a), merged)
    assert equal(a.merge(b.merge(c)), merged.merge(c))
    assert equal(a.merge(b, c), merged.merge(c))
    assert equal(a.merge(Grid.empty(WINDOW, measure)), a)


@pytest.mark.parametrize(("dtype", "most"), [("u1", 255), ("u2", 65_535)])
def test_counts_are_as_wide_as_they_must_be(dtype, most):
    plane = np.zeros((5, 7), dtype)
    plane[2, 3] = most - 1
    grid, one = (Grid.of(WINDOW, Measure("passes"), p) for p in (plane, np.ones((5, 7), "u1")))
    fits = grid.merge(one)
    assert fits.total.dtype == dtype
    assert fits.total[2, 3] == most
    wide = fits.merge(one)
    assert wide.total.dtype.itemsize == 2 * fits.total.dtype.itemsize
    assert wide.total[2, 3] == most + 1
    assert wide.total.sum() == most + 1 + 2 * 34
    assert np.array_equal(one.merge(fits).total, wide.total)
    assert np.array_equal(wide.without(one).total, fits.total)


def test_what_was_merged_is_taken_away_again():
    rng = np.random.default_rng(2)
    for measure in ("passes", "activities", "fixes"):
        a, b = made_up(rng, measure), made_up(rng, measure)
        assert np.array_equal(a.merge(b).without(b).total, a.total)
    assert not any(parse_measure(name).layout.reversible for name in ("seconds", "pace", "std(pace)", "max(pace)"))


def test_only_grids_of_one_measure_and_window_merge():
    passes = Grid.empty(WINDOW, Measure("passes"))
    for other in (Grid.empty(WINDOW, Measure("fixes")), Grid.empty(WINDOW.grown(1), Measure("passes"))):
        with pytest.raises(ValueError, match="does not merge into passes over"):
            passes.merge(other)


@given(seed=seeds, measure=st.sampled_from(["passes", "seconds", "pace", "std(pace)", "max(pace)"]))
@settings(max_examples=40, deadline=None)
def test_parts_put_together_are_the_whole(seed, measure):
    rng = np.random.default_rng(seed)
    whole = made_up(rng, measure)
    x, y = int(rng.integers(0, 8)), int(rng.integers(0, 6))
    corners = [(0, 0, x, y), (x, 0, 7 - x, y), (0, y, x, 5 - y), (x, y, 7 - x, 5 - y)]
    empty = Grid.empty(WINDOW, whole.measure)
    parts = [
        whole.part(Window(WINDOW.scale, WINDOW.x + left, WINDOW.y + top, width, height))
        for left, top, width, height in corners
    ]
    together = empty
    for part in parts:
        together = together.put(part)
    assert equal(together, whole)
    # As grids over the whole window, of which each holds a part, they merge.
    assert equal(in_some_order(rng, [Grid.empty(WINDOW, whole.measure).put(part) for part in parts]), whole)


def test_merging_commutes_with_cropping_and_with_what_keeps_places():
    rng = np.random.default_rng(3)
    for measure in EXACT + ROUNDED:
        a, b = made_up(rng, measure), made_up(rng, measure)
        for change in (lambda g: g.cropped(1, 2), lambda g: g.rows(1, 3), lambda g: g.map(np.flipud)):
            assert equal(change(a.merge(b)), change(a).merge(change(b)))


def test_parts_are_views_and_what_lies_outside_is_left_out():
    grid = made_up(np.random.default_rng(1), "std(pace)")
    assert all(np.shares_memory(plane, grid.planes[name]) for name, plane in grid.rows(1, 99).planes.items())
    assert grid.rows(1, 99).window == replace(WINDOW, y=WINDOW.y + 1, height=4)
    assert grid.cropped(2, 1).window == WINDOW.grown(-2, -1)
    assert equal(Grid.empty(WINDOW.grown(-2), grid.measure).put(grid), grid.cropped(2))
    larger = Grid.empty(WINDOW.grown(3, 4), grid.measure).put(grid)
    assert equal(larger.cropped(3, 4), grid)
    assert larger.total.sum() == grid.total.sum()
    far = Grid.empty(replace(WINDOW, x=0), grid.measure)
    assert not far.put(grid).filled.any()


def test_a_part_with_wider_counts_widens_the_whole():
    narrow = made_up(np.random.default_rng(1), "passes")
    part = Grid.of(WINDOW.grown(-2), Measure("passes"), np.full((1, 3), 70_000, np.uint32))
    wide = narrow.put(part)
    assert wide.total.dtype == np.uint32
    assert wide.total.max() == 70_000
    assert narrow.total.dtype == np.uint8
    assert narrow.put(narrow).total is narrow.total


def test_planes_keep_their_types_and_smoothing_makes_floats_of_them():
    smoothing, window = Smoothing(pixels=1.0), Window(256.0 * 2**16, 34_700, 23_000, 9, 9)
    for measure in EXACT + ROUNDED:
        grid = Grid.empty(window.grown(halo(smoothing, window)), parse_measure(measure))
        assert {name: plane.dtype.str[1:] for name, plane in grid.planes.items()} == {
            plane.name: plane.dtype for plane in grid.layout.planes
        }
        same = grid.map(lambda plane: plane[::-1])
        assert [plane.dtype for plane in same.planes.values()] == [plane.dtype for plane in grid.planes.values()]
        smoothed = smooth(grid, smoothing, window, 1)
        assert list(smoothed.planes) == list(grid.planes)
        assert {plane.dtype for plane in smoothed.planes.values()} == {np.dtype(np.float32)}
        assert grid.nbytes == sum(plane.nbytes for plane in grid.planes.values())


def test_a_grid_has_the_planes_of_its_measure():
    plane = np.zeros((5, 7))
    with pytest.raises(ValueError, match=r"a grid of mean\(pace\) has planes n, x of shape \(5, 7\), not"):
        Grid(WINDOW, parse_measure("pace"), {"x": plane})
    with pytest.raises(ValueError, match="a grid of passes has planes n of shape"):
        Grid.of(WINDOW, Measure("passes"), plane[1:])


@given(seed=seeds)
@settings(max_examples=30, deadline=None)
def test_values_that_were_worked_out_come_back_to_the_last_bit(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 10.0 ** rng.integers(-6, 6), (5, 7)).astype(np.float32)
    values[rng.random((5, 7)) < 0.2] = np.nan
    weight = np.where(rng.random((5, 7)) < 0.2, 0, rng.gamma(1, 2, (5, 7))).astype(np.float32)
    grid = Grid.weighed(WINDOW, Measure("passes"), values, weight)
    np.testing.assert_array_equal(grid.values, np.where(weight > 0, values, np.nan))
    assert not grid.sums
    again = pickle.loads(pickle.dumps(grid))
    assert equal(again, grid)
    assert again.worked


def test_memory_follows_from_the_planes():
    needs = {
        name: parse_measure(name).bytes_per_pixel for name in ("passes", "metres", "pace", "max(pace)", "std(pace)")
    }
    assert needs == {"passes": 32, "metres": 32, "pace": 56, "max(pace)": 56, "std(pace)": 72}


@given(
    height=st.integers(1, 300), rows=st.sets(st.integers(0, 299), max_size=3), value=st.sampled_from([1, -1.5, 1e-300])
)
def test_filled_rows_are_found_with_at_most_63_empty_ones_on_either_side(height, rows, value):
    rows = sorted(row for row in rows if row < height)
    plane = np.zeros((height, 4))
    plane[rows, 2] = value
    for seen in (plane, np.asfortranarray(plane), plane[:, 1:3]):
        first, last = filled_rows(seen)
        if not rows:
            assert (first, last) == (0, 0)
            continue
        assert 0 <= first <= rows[0] < first + 64
        assert last - 64 <= rows[-1] < last <= height
