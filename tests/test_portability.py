"""What other systems do otherwise than this one: names of files, moments, open files, memory."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

from heatlas.errors import path_name


def test_names_have_slashes_everywhere():
    assert path_name(PureWindowsPath(r"C:\My exports\routes\1.gpx")) == "C:/My exports/routes/1.gpx"
    assert path_name(PurePosixPath("a/b\\c.gpx")) == "a/b\\c.gpx"
    assert path_name(PurePosixPath("caf\udce9.gpx")) == "caf\\xe9.gpx"
