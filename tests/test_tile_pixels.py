"""Tiles as the pixels that hold anything: taken out of planes, and put together in windows."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from heatlas.core.window import Window
from heatlas.kernels.tiles import mark_pixels
from heatlas.raster.measure import parse_measure
from heatlas.raster.tile_pixels import MARKS, SIDE, TilePixels, assembled, places_in, take_pixels
from heatlas.tiles.cache import Cache

CELLS = st.dictionaries(st.integers(0, SIDE * SIDE - 1), st.integers(1, 1 << 20), max_size=40)
PASSES, PACE = parse_measure("passes"), parse_measure("pace")


def plane(cells, dtype):
    made = np.zeros(SIDE * SIDE, dtype)
    made[list(cells)] = list(cells.values())
    return made


@given(first=CELLS, second=CELLS, more=CELLS, kind=st.sampled_from(["u4", "f8"]))
def test_all_that_planes_hold_is_taken_out_of_them(first, second, more, kind):
    words = np.zeros(MARKS, np.uint64)
    for cells in ((first, second), (second, {}), ({}, first), ({}, {})):  # one tile after another
        planes = np.stack([plane(held, kind) for held in cells])
        copy = planes.copy()
        where = sorted(cells[0].keys() | cells[1].keys())
        for pixels in (where, [*more]):  # others may be marked too
            mark_pixels(np.array(pixels, np.uint16), words.view(np.uint8))
        found = take_pixels("nx", planes, words)
        assert not planes.any()
        assert not words.any()
        again = take_pixels("nx", copy)  # without marks all are looked at
        if not where:
            assert found is None
            assert again is None
            continue
        for taken in (found, again):
            assert taken.pixels.tolist() == where
            for name, held in zip("nx", cells, strict=True):
                assert taken.planes[name].dtype == kind
                assert taken.planes[name].tolist() == [held.get(pixel, 0) for pixel in where]


def test_a_full_tile_is_taken():
    full = np.arange(1, SIDE * SIDE + 1, dtype=np.uint32)
    found = take_pixels("n", full[None].copy())
    assert np.array_equal(found.planes["n"], full)
    assert np.array_equal(found.pixels, np.arange(SIDE * SIDE))


@given(
    tiles=npst.arrays(np.uint32, (3, 3, 4, 4), elements=st.integers(0, 3)),
    corner=st.tuples(st.integers(-5, 5), st.integers(-5, 5)),
    size=st.tuples(st.integers(1, 700), st.integers(1, 700)),
    single=st.booleans(),
)
def test_a_window_holds_what_its_tiles_hold(tiles, corner, size, single):
    # The contents of each tile lie in blocks of 64 pixels a side.
    whole = np.zeros((3 * SIDE, 3 * SIDE), np.uint32)
    held = {}
    for row in range(3):
        for column in range(3):
            part = np.kron(tiles[row, column], np.eye(64, dtype=np.uint32))
            whole[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE] = part
            held[column, row] = take_pixels("n", part.reshape(1, -1))
    left, top = 40 + 8 * corner[0], 40 + 8 * corner[1]
    width, height = min(size[0], 3 * SIDE - left), min(size[1], 3 * SIDE - top)
    window = Window(SIDE * 2.0**4, left, top, width, height)
    grid = assembled(window, PASSES, ((place, held[place]) for place in places_in(window)), single=single)
    expected = whole[top : top + height, left : left + width]
    if grid is None:
        assert not expected.any()
        return
    assert grid.planes["n"].dtype == (np.float32 if single else np.uint32)
    assert np.array_equal(grid.planes["n"], expected)


def test_planes_of_doubles_stay_doubles_or_become_singles():
    tile = TilePixels(np.array([257], np.uint16), {"n": np.array([3.0]), "x": np.array([1 / 3])})
    window = Window(SIDE * 4.0, 1, 1, 1, 1)
    assert assembled(window, PACE, [((0, 0), tile)]).planes["x"].item() == 1 / 3
    assert assembled(window, PACE, [((0, 0), tile)], single=True).planes["x"].item() == np.float32(1 / 3)
    assert assembled(window, PACE, [((0, 0), None)]) is None


def test_a_window_beyond_the_edges_touches_tiles_across_the_antimeridian_and_none_beyond_the_poles():
    assert places_in(Window(SIDE * 2.0, -1, -9, SIDE + 2, 20)) == [(-1, 0), (0, 0), (1, 0)]
    assert places_in(Window(SIDE * 2.0, 0, 2 * SIDE, 5, 5)) == []


def test_values_that_are_missing_are_made_together_and_once():
    cache, asked = Cache(1 << 20, lambda value: 1), []

    def make(keys):
        asked.append(list(keys))
        return [key * 10 for key in keys]

    assert cache.get(2, lambda: 20) == 20
    assert cache.get_all([1, 2, 3], make) == [10, 20, 30]
    assert cache.get_all([3, 4, 1], make) == [30, 40, 10]
    assert cache.get_all([], make) == []
    assert asked == [[1, 3], [4]]
    with pytest.raises(ValueError, match="no"):
        cache.get_all([1, 7, 8], lambda keys: (_ for _ in ()).throw(ValueError("no")))
    assert cache.get_all([7, 8], make) == [70, 80]


def test_threads_that_want_some_of_the_same_values_wait_for_each_other():
    cache, both, made = Cache(1 << 20, lambda value: 1), threading.Barrier(2), []

    def make(keys):
        both.wait(10)  # each has claimed what it makes, and will wait for the rest
        made.extend(keys)
        return [-key for key in keys]

    found = {}
    first = threading.Thread(target=lambda: found.update(a=cache.get_all([1, 2], make)))
    first.start()
    while not cache._making:
        pass
    found["b"] = cache.get_all([3, 2], make)
    first.join()
    assert found == {"a": [-1, -2], "b": [-3, -2]}
    assert sorted(made) == [1, 2, 3]
