"""Many short texts of JSON are parsed as one by one."""

from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.json_texts import parsed_texts


def test_what_is_no_json_is_none():
    assert parsed_texts(['{"a": 1}', "[2]", "3"]) == [{"a": 1}, [2], 3]
    assert parsed_texts([]) == []
    for wrong in ("", "1, 2", "{", b"1", None, 5, "[" * 100_000):
        assert parsed_texts(["1", wrong, "2"]) == [1, 1 if wrong == b"1" else None, 2]


@given(st.lists(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4)))
def test_values_are_those_that_were_written(values):
    import json

    assert parsed_texts([json.dumps(value) for value in values]) == values
