"""Distinct numbers equal those of NumPy."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.distinct import distinct


@given(st.lists(st.integers(-3, 3) | st.integers(-(1 << 63), (1 << 63) - 1)))
def test_distinct_numbers_are_those_of_numpy(numbers):
    found = distinct(np.array(numbers, np.int64))
    assert found.dtype == np.int64
    assert found.tolist() == np.unique(np.array(numbers, np.int64)).tolist()
