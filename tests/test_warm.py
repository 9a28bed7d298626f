"""Compiling at the first run: side by side, and for good; the runs themselves are in `compiling.py`."""

from __future__ import annotations

from heatlas.dataset.warm_up import _TINY_RECORDS, _shares, groups_needed
from heatlas.sources.formats.google.records import read_records


def test_groups_follow_the_files():
    assert groups_needed(["a.FIT.gz", "b.fit"]) == ["fit", "clean", "draw", "smooth"]
    assert groups_needed(["a.gpx", "b.tcx.gz"]) == ["xml", "clean", "draw", "smooth"]
    assert groups_needed(["takeout.zip/Takeout/Location History/Records.json"])[0] == "records"
    assert groups_needed(["Location History.json.gz", "b.json"]) == ["records", "clean", "draw", "smooth"]
    assert groups_needed([]) == ["clean", "draw", "smooth"]


def test_groups_are_shared_out_evenly():
    assert sorted(map(sorted, _shares(["xml", "fit", "clean", "draw", "smooth"], 2))) == [
        ["clean", "draw"], ["fit", "smooth", "xml"],
    ]  # fmt: skip
    assert _shares(["fit", "draw"], 8) == [["fit"], ["draw"]]


def test_the_example_of_a_group_is_whole():
    (found,) = read_records(_TINY_RECORDS, "tiny")
    assert found.lat.tolist() == [47.8]
    assert not found.warnings


def test_after_warming_up_nothing_is_left_to_compile(first_runs):
    assert not first_runs.failed["tracks"]


def test_the_first_points_say_that_they_are_compiled(first_runs):
    assert not first_runs.failed["points"]
