"""Progress is read as it was written, to the last bit, and damaged progress is refused or some numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_reader import progress_of

from heatlas.core.errors import SourceFailed
from heatlas.core.mercator import from_lonlat
from heatlas.kernels.path import TOLERANCE, progress_along
from heatlas.library.rows.guessed_progress import progress_bytes, read_progress


def walk(seed, count, reach):
    """Positions of a way with stops, and its progress."""
    rng = np.random.default_rng(seed)
    lines = rng.normal(0, reach, (2, count)) * rng.choice([0.01, 1], count)
    u, v = from_lonlat(
        rng.uniform(-180, 180) + np.cumsum(lines[0]), np.clip(rng.uniform(-80, 80) + np.cumsum(lines[1]), -85, 85)
    )
    return u, v, progress_along(u, v, np.array([0, count]), TOLERANCE)


@given(st.integers(0, 1000), st.integers(1, 300), st.sampled_from([1e-5, 1e-4, 1e-2, 1]))
def test_progress_is_exact(seed, count, reach):
    u, v, progress = walk(seed, count, reach)
    data = progress_bytes(u, v, progress)
    if data is not None:
        assert read_progress(np.frombuffer(data, np.uint8), u, v).tobytes() == progress.tobytes()
        assert progress_of(data, u, v).tobytes() == progress.tobytes()


def test_a_guess_is_hardly_ever_wrong():
    u, v, progress = walk(1, 5000, 3e-5)
    data = progress_bytes(u, v, progress)
    assert data is not None
    assert np.count_nonzero(np.frombuffer(data[121:], np.uint8)) < 250


@given(st.lists(st.floats(width=32), min_size=3, max_size=3))
def test_any_other_progress_is_exact_or_left_alone(numbers):
    u = np.array([0.5, 0.5001, 0.5002])
    progress = np.array(numbers, np.float32)
    data = progress_bytes(u, u, progress)
    assert data is None or read_progress(np.frombuffer(data, np.uint8), u, u).tobytes() == progress.tobytes()


@given(st.data())
def test_damaged_progress_is_refused_or_some_numbers(data):
    u, v, progress = walk(2, 60, 1e-4)
    bad = bytearray(progress_bytes(u, v, progress))
    del bad[data.draw(st.integers(0, len(bad))) :]
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=4)):
        if at < len(bad):
            bad[at] = byte
    try:
        found = read_progress(np.frombuffer(bytes(bad), np.uint8), u, v)
    except SourceFailed:
        return
    assert found.shape == u.shape


def test_positions_of_other_lengths_are_refused():
    u, v, progress = walk(3, 60, 1e-4)
    data = np.frombuffer(progress_bytes(u, v, progress), np.uint8)
    with pytest.raises(SourceFailed):
        read_progress(data, u[1:], v)


def test_positions_that_are_none_have_no_guess():
    assert progress_bytes(np.zeros(0), np.zeros(0), np.zeros(0, np.float32)) is None
    assert progress_bytes(np.full(2, np.nan), np.full(2, 0.5), np.zeros(2, np.float32)) is None
