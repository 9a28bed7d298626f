"""Scores of explorer tiles are what counting one by one gives, in any order and at every moment."""

from __future__ import annotations

import numpy as np
import pytest
import slow_explorer as slow
from hypothesis import example, given
from hypothesis import strategies as st

from heatlas.core.batch import Activity
from heatlas.core.errors import BadOption
from heatlas.explorer.explored import UNKNOWN, explored_of
from heatlas.explorer.keys import (
    boxes_of,
    columns_of,
    key_at,
    key_of,
    middles_of,
    pairs_of,
    place_of,
    rows_of,
    square_keys,
)
from heatlas.explorer.missing import missing_around
from heatlas.explorer.next_square import find_next_square
from heatlas.explorer.score import find_clusters, find_squares
from heatlas.explorer.visits import TileVisits

DAY = 86400.0


@st.composite
def worlds(draw, least=0):
    """A zoom, and what each of some activities visits: mostly blocks, so that there are squares."""
    zoom = draw(st.integers(1, 4))
    last = (1 << zoom) - 1
    steps = []
    for _ in range(draw(st.integers(least, 7))):
        x, y = draw(st.integers(0, last)), draw(st.integers(0, last))
        wide, high = draw(st.integers(1, 5)), draw(st.integers(1, 5))
        tiles = {((x + i) % (last + 1), min(y + j, last)) for i in range(wide) for j in range(high)}
        holes = draw(st.sets(st.sampled_from(sorted(tiles)), max_size=3))
        steps.append(tiles - holes)
    return zoom, steps


def keys(tiles):
    return np.array(sorted(key_at(*tile) for tile in tiles), np.int64)


def explored(zoom, steps, starts=None):
    """What is known of activities that visit these sets of tiles, one a day."""
    starts = [DAY * k for k in range(len(steps))] if starts is None else starts
    activities = {k + 1: Activity(source=f"{k:03}", start=start) for k, start in enumerate(starts)}
    number = np.repeat(np.arange(1, len(steps) + 1), [len(step) for step in steps]).astype(np.int64)
    tile = np.concatenate([np.zeros(0, np.int64), *map(keys, steps)])
    return explored_of(TileVisits(number, tile), activities, zoom)


def whole(steps):
    return set().union(*steps)


@given(worlds())
@example((1, [{(0, 0), (1, 0), (0, 1), (1, 1)}]))
@example((2, [{(3, 1), (0, 1), (3, 2), (0, 2)}]))  # across the antimeridian
def test_the_largest_square_is_what_trying_all_gives(world):
    zoom, steps = world
    tiles = whole(steps)
    found = find_squares(keys(tiles), zoom, np.zeros(len(tiles), np.int64))
    corner = place_of(found.key) if found.size else None
    assert (found.size, corner) == slow.largest_square(tiles, zoom)


@given(worlds())
@example((4, [{(x, y) for x in range(16) for y in range(3)}]))  # around the world
def test_the_largest_cluster_is_what_walking_gives(world):
    zoom, steps = world
    tiles = whole(steps)
    found = find_clusters(keys(tiles), zoom, np.zeros(len(tiles), np.int64))
    members = set(pairs_of(keys(tiles)[found.members]))
    assert members == slow.largest_cluster(tiles, zoom)
    assert found.size == len(members)


@given(worlds(least=1))
def test_adding_one_by_one_equals_the_whole_at_every_moment(world):
    zoom, steps = world
    history = explored(zoom, steps).history
    columns = (history.new, history.total, history.square, history.cluster)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    assert rows == slow.history(steps, zoom)


@given(worlds(least=1), st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_order_in_which_activities_are_stored(world, random):
    zoom, steps = world
    order = list(range(len(steps)))
    random.shuffle(order)
    one = explored(zoom, steps)
    other = explored(zoom, [steps[k] for k in order], [DAY * k for k in order])
    for name in ("keys", "count", "first", "last", "since", "in_square", "in_cluster"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for name in ("new", "total", "square", "cluster"):
        assert np.array_equal(getattr(one.history, name), getattr(other.history, name)), name
    assert one.squares.key == other.squares.key


@given(worlds(least=1), st.data())
def test_days_and_counts_of_a_tile_are_those_of_its_activities(world, data):
    zoom, steps = world
    starts = [data.draw(st.none() | st.integers(0, 9).map(lambda day: DAY * day)) for _ in steps]
    found = explored(zoom, steps, starts)
    for k, tile in enumerate(pairs_of(found.keys)):
        here = [start for step, start in zip(steps, starts, strict=True) if tile in step]
        days = [719163 + int(start // DAY) for start in here if start is not None]
        assert found.count[k] == len(here)
        assert found.first[k] == min(days, default=UNKNOWN)
        assert found.last[k] == max(days, default=UNKNOWN)


@given(worlds(least=1))
def test_the_next_square_is_the_one_that_takes_the_fewest_tiles(world):
    _, steps = world
    # Far from the antimeridian, which a square may lie across.
    tiles = {(x + 20, y) for x, y in whole(steps)}
    if not tiles:
        return
    size = slow.largest_square(tiles, 6)[0] + 1
    found = find_next_square(keys(tiles), 6, size)
    missing, corner = slow.next_square(tiles, 6, size)
    assert (set(pairs_of(found.missing)), place_of(found.key), found.size) == (missing, corner, size)


def test_the_next_square_may_lie_across_the_antimeridian():
    tiles = {(x % 64, y) for x in range(62, 66) for y in range(10, 14)} - {(63, 12)}
    found = find_next_square(keys(tiles), 6, 4)
    assert place_of(found.key) == (62, 10)
    assert set(pairs_of(found.missing)) == {(63, 12)}


def test_there_is_no_next_square_where_the_world_ends():
    every = keys({(x, y) for x in range(4) for y in range(4)})
    assert find_next_square(every, 2, 5) is None
    assert find_next_square(keys(set()), 2, 1) is None


def test_large_sets_are_scored_too():
    """A square of 100, and a long line: nothing here may grow with the area of the world."""
    tiles = {(5000 + x, 5000 + y) for x in range(100) for y in range(100)} | {(x, 9000) for x in range(9000)}
    found = find_squares(keys(tiles), 14, np.zeros(len(tiles), np.int64))
    assert (found.size, place_of(found.key)) == (100, (5000, 5000))
    clusters = find_clusters(keys(tiles), 14, np.zeros(len(tiles), np.int64))
    assert clusters.size == 98 * 98
    better = find_next_square(keys(tiles), 14, 101)
    assert len(better.missing) == 201


@given(st.floats(-80, 80), st.floats(-180, 180), st.floats(1000, 30000), st.integers(0, 9))
def test_missing_tiles_are_those_in_the_circle_that_are_not_visited(lat, lon, radius, seed):
    zoom = 12
    try:
        everything = missing_around(np.zeros(0, np.int64), zoom, (lat, lon, radius))
    except BadOption as error:
        assert "holds the middle of no tile" in str(error)  # noqa: PT017 - some circles hold one
        return
    assert (np.diff(everything.metres) >= 0).all()
    assert (everything.metres <= radius).all()
    visited = np.unique(everything.tiles[np.random.default_rng(seed).random(len(everything.tiles)) < 0.5])
    left = missing_around(visited, zoom, (lat, lon, radius))
    wanted = ~np.isin(everything.tiles, visited)
    assert np.array_equal(left.tiles, everything.tiles[wanted])
    assert np.array_equal(left.metres, everything.metres[wanted])


def test_the_distance_of_a_missing_tile_is_that_on_the_ground():
    geod = pytest.importorskip("pyproj").Geod(ellps="WGS84")
    found = missing_around(np.zeros(0, np.int64), 14, (47.8, 10.9, 5000.0))
    for (lon, lat), metres in zip(middles_of(found.tiles, 14), found.metres, strict=True):
        assert abs(geod.inv(10.9, 47.8, lon, lat)[2] - metres) < 0.005 * metres + 1


@given(st.integers(0, 25), st.data())
def test_keys_hold_places(zoom, data):
    x, y = (data.draw(st.integers(0, (1 << zoom) - 1)) for _ in range(2))
    key = key_at(x, y)
    assert place_of(key) == (x, y)
    several = np.array([key])
    assert (columns_of(several)[0], rows_of(several)[0], key_of(*(np.array([c]) for c in (x, y)))[0]) == (x, y, key)
    west, south, east, north = boxes_of(several, zoom)[0]
    lon, lat = middles_of(several, zoom)[0]
    assert west < lon < east
    assert south < lat < north
    assert square_keys(key, 1, zoom).tolist() == [key]
