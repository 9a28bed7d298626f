"""Counts in words."""

from __future__ import annotations

import pytest

from heatlas.core.words import counted


@pytest.mark.parametrize(
    ("words", "one"),
    [
        ("activities", "activity"),
        ("fixes", "fix"),
        ("copies", "copy"),
        ("files", "file"),
        ("point sets", "point set"),
        ("activities are", "activity is"),
        ("activities found twice", "activity found twice"),
        ("activities that were virtual or indoors", "activity that was virtual or indoors"),
        ("activities that the filter left out", "activity that the filter left out"),
        ("rows of a table that name no file", "row of a table that names no file"),
        ("rows of a table whose file is not there", "row of a table whose file is not there"),
        ("files that were read before", "file that was read before"),
        ("times that cannot be", "time that cannot be"),
        ("rows beyond 85.05 degrees, where Mercator ends", "row beyond 85.05 degrees, where Mercator ends"),
    ],
)
def test_one_is_no_plural(words, one):
    assert counted(1, words) == f"1 {one}"
    assert counted(0, words) == f"0 {words}"
    assert counted(12345, words) == f"12,345 {words}"
