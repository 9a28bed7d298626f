"""Positions on a grid are read as they were written, to the last bit, and damaged ones are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_reader import grid_of

from heatlas.core.errors import SourceFailed
from heatlas.core.mercator import from_lonlat
from heatlas.library.rows.grids import grid_bytes, read_grid

GRIDS = st.sampled_from([1e5, 1e6, 1e7, 2.0**31 / 180, 1e8, 1e9])


@st.composite
def ways(draw):
    """Degrees on a grid: a way from anywhere, with longer and shorter lines."""
    grid, count = draw(GRIDS), draw(st.integers(16, 200))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    reach = draw(st.sampled_from([1e-5, 1e-4, 1e-2]))
    lon = draw(st.floats(-180, 180)) + np.cumsum(rng.normal(0, reach, count))
    lat = np.clip(draw(st.floats(-84, 84)) + np.cumsum(rng.normal(0, reach, count)), -85, 85)
    return np.rint(lon * grid) / grid, np.rint(lat * grid) / grid


@given(ways())
def test_positions_on_a_grid_are_exact(way):
    for column, southward in zip(from_lonlat(*way), (False, True), strict=True):
        data = grid_bytes(column, southward)
        if data is not None:
            assert read_grid(np.frombuffer(data, np.uint8)).tobytes() == column.tobytes()
            assert grid_of(data).tobytes() == column.tobytes()


def test_what_recorders_write_lies_on_a_grid():
    rng = np.random.default_rng(1)
    lon, lat = 23.7 + np.cumsum(rng.normal(0, 3e-5, 2000)), 61.5 + np.cumsum(rng.normal(0, 3e-5, 2000))
    for grid in (1e5, 1e6, 1e7, 2.0**31 / 180):
        for column, southward in zip(
            from_lonlat(np.rint(lon * grid) / grid, np.rint(lat * grid) / grid), (False, True), strict=True
        ):
            data = grid_bytes(column, southward)
            assert data is not None
            assert len(data) < 5 * len(column) + 200


@given(st.lists(st.floats(0, 1) | st.sampled_from([np.nan, np.inf, -0.25, 1.5]), max_size=40), st.booleans())
def test_other_positions_are_exact_or_left_alone(places, southward):
    column = np.array(places, np.float64)
    data = grid_bytes(column, southward)
    assert data is None or read_grid(np.frombuffer(data, np.uint8)).tobytes() == column.tobytes()


def test_a_track_that_stands_still_lies_on_no_grid():
    assert grid_bytes(np.full(100, 0.5), southward=False) is None


@given(st.data())
def test_damaged_bytes_are_refused_or_give_positions(data):
    lon = np.rint((7.5 + np.linspace(0, 0.01, 50) ** 2) * 1e6) / 1e6
    whole = grid_bytes(from_lonlat(lon, lon)[0], southward=False)
    bad = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, len(whole)), st.integers(0, 255)), max_size=3)):
        if at < len(bad):
            bad[at] = byte
    try:
        found = read_grid(np.frombuffer(bytes(bad), np.uint8))
    except SourceFailed:
        return
    assert found.dtype == np.float64
    assert len(found) <= len(bad)


def test_bytes_that_are_cut_off_are_refused():
    column = from_lonlat(np.rint(np.linspace(7, 8, 50) ** 2 * 1e6) / 1e6, 0.0)[0]
    data = grid_bytes(column, southward=False)
    for size in (0, 3, 5, 20, len(data) - 1):
        with pytest.raises(SourceFailed):
            read_grid(np.frombuffer(data[:size], np.uint8))
