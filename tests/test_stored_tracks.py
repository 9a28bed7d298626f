"""Kernels that read stored tracks equal their slow twins, and no damaged track reaches other kernels."""

import math

import numpy as np
import pytest
import slow
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from heatlas.core.errors import SourceFailed
from heatlas.kernels.planes import add_up_doubles, add_up_singles, is_track
from heatlas.library.file.number_columns import Reader, single_bytes


@pytest.mark.parametrize(("kind", "add_up"), [(np.uint32, add_up_singles), (np.uint64, add_up_doubles)])
@given(data=st.data(), n=st.sampled_from([0, 1, 2, 15, 16, 17, 511, 512, 513, 1030]))
def test_words_are_those_of_the_slow_twin(kind, add_up, data, n):
    planes = data.draw(arrays.arrays(np.uint8, n * np.dtype(kind).itemsize))
    planes.setflags(write=False)
    words = np.full(n, 7, kind)
    add_up(planes, words)
    assert words.tobytes() == slow.add_up_planes(planes, kind).tobytes()


ODD = [math.nan, math.inf, -math.inf, -49.5, 50.5, math.nextafter(50.5, 0), math.nextafter(-49.5, 0), -1e-18, 0.0, 1.0]
PLACES = st.floats(0, 1) | st.sampled_from(ODD)


@given(
    st.lists(st.tuples(PLACES, st.floats(0, 1) | PLACES), max_size=5),
    st.lists(st.integers(-1, 6) | st.sampled_from([-(1 << 63), (1 << 63) - 1]), max_size=4),
    st.integers(0, 6),
)
def test_a_track_is_what_the_slow_twin_says(places, middle, last):
    u, v = np.array(places, np.float64).reshape(-1, 2).T.copy()
    for segments in ([], [0], [0, len(u)], [0, *sorted(middle), len(u)], [0, *middle, last], middle):
        offsets = np.array(segments, np.int64)
        assert is_track(u, v, offsets) == slow.is_track(u, v, offsets)


def test_a_column_that_is_too_short_is_none():
    assert not is_track(np.full(3, 0.5), np.full(2, 0.5), np.array([0, 3]))


@given(
    st.lists(
        st.tuples(st.integers(-(1 << 31) - 2, 1 << 31) | st.integers(-9, 9), st.integers(0, 6)).map(
            lambda pair: pair[0] / 10 ** pair[1]
        )
        | st.sampled_from([math.nan, math.inf, -0.0]),
        max_size=20,
    ),
    st.booleans(),
)
def test_decimals_are_exact_or_left_alone(numbers, rounded):
    values = np.array([round(number, 1) if rounded and math.isfinite(number) else number for number in numbers], "f4")
    data = single_bytes(values)
    if data is not None:
        assert Reader(np.frombuffer(data, np.uint8)).singles(len(values)).tobytes() == values.tobytes()


def test_what_is_recorded_with_few_decimals_is_stored_as_whole_numbers():
    values = np.array([181.2, 181.4, math.nan, 181.6], np.float32)
    assert single_bytes(values)[0] == 1
    assert single_bytes(np.array([math.pi], np.float32)) is None


@pytest.mark.parametrize("data", [b"", b"\1", b"\1\1", b"\x09\1\0", b"\1\x09\0"])
def test_damaged_decimals_are_refused(data):
    with pytest.raises(SourceFailed):
        Reader(np.frombuffer(data, np.uint8)).singles(1)
