"""The Python interface: what cannot be used is said in one sentence, and what is plain is taken."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import numpy as np
import pytest
from library_made import made, walks

import heatlas
from heatlas.core.errors import BadOption
from heatlas.dataset.tracks import Tracks

TRACKS = Tracks(tuple(walks(4, 8)))
POINTS = {"lat": [47.8, 47.81], "lon": [10.9, 10.91], "w": [1.0, 2.0], "when": ["2026-01-01", "2026-02-01"]}
BOX = (10.89, 47.79, 10.92, 47.81)


def test_all_names_are_listed_before_any_is_used():
    code = "import heatlas, sys; print(*dir(heatlas)); heatlas.errors.BadOption; assert 'numpy' not in sys.modules"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(heatlas.__all__) <= set(shown)
    assert {"__version__", "errors"} <= set(shown)
    assert all(hasattr(heatlas, name) for name in shown)


@pytest.mark.parametrize("source", [TRACKS, heatlas.open_points(POINTS)], ids=["tracks", "points"])
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"width": 0}, "width 0 cannot be used: give a whole number of pixels"),
        ({"width": "a"}, "width 'a' cannot"),
        ({"width": 300.5}, "width 300.5 cannot"),
        ({"width": 10**400}, "width .* whole number"),
        ({"zoom": 30}, "zoom 30 cannot be used: give a number from 0 to 24"),
        ({"zoom": float("nan")}, "zoom nan"),
        ({"zoom": [1, 2]}, r"zoom \[1, 2\]"),
        ({"zoom": np.arange(3)}, "zoom array"),
        ({"resolution": 0}, "resolution 0 cannot be used: give true metres per pixel"),
        ({"resolution": "fine"}, "resolution 'fine' is no length"),
        ({"width": 3, "zoom": 3}, "zoom and width cannot go together"),
        ({"bbox": (1, 2, 3)}, r"bbox \(1, 2, 3\) is no box: give west, south, east, north"),
        ({"bbox": 5}, "bbox 5 is no box"),
        ({"bbox": "10,47,11"}, "'10,47,11' is no box"),
        ({"bbox": (1, 2, 3, "x")}, "is no box"),
    ],
)
def test_windows_that_are_none(source, arguments, says):
    with pytest.raises(BadOption, match=says) as caught:
        source.window(**arguments)
    assert len(str(caught.value)) < 500


def test_windows_in_other_words():
    window = TRACKS.window(bbox=BOX, width=90)
    assert TRACKS.window(bbox="10.89,47.79,10.92,47.81", width=90) == window
    assert TRACKS.window(bbox=np.array(BOX), width=np.int64(90)) == window
    assert TRACKS.window(BOX, resolution="30m") == TRACKS.window(BOX, resolution=30)
    assert TRACKS.window(BOX, zoom=np.float32(12.0)) == TRACKS.window(BOX, zoom=12)


@pytest.mark.parametrize("source", [TRACKS, heatlas.open_points(POINTS)], ids=["tracks", "points"])
def test_measures_and_windows_in_each_others_places(source):
    window = TRACKS.window(bbox=BOX, width=90)
    with pytest.raises(BadOption, match=r"not a Window: write heat\('passes', window=window\)"):
        source.heat(window)
    with pytest.raises(BadOption, match=r"what \.window\(bbox=\.\.\.\) makes, not a tuple"):
        source.heat(window=BOX)


def test_widths_say_their_unit():
    window = TRACKS.window(bbox=BOX, width=90)
    with pytest.raises(BadOption, match="'4' is no width: write it like 4m"):
        TRACKS.heat(window=window, smooth=4)
    with pytest.raises(BadOption, match="'500' is no radius: write it like 15px or 500m"):
        heatlas.open_points(POINTS).heat(window=window, radius=500)


@pytest.mark.parametrize("make", [str, dt.date.fromisoformat, dt.datetime.fromisoformat])
def test_dates_are_text_or_dates(make):
    text = "2023-11-17"
    wanted = TRACKS.select(after=text)
    assert 0 < len(wanted) < len(TRACKS)
    assert [a.source for a in TRACKS.select(after=make(text)).activities] == [a.source for a in wanted.activities]
    assert len(TRACKS.select(before=make(text))) == len(TRACKS) - len(wanted)
    points = heatlas.open_points(POINTS, weight="w", time="when").where(after=make("2026-01-15"))
    assert points.heat("sum", points.window(BOX, width=50)).total == pytest.approx(2)


def test_dates_that_are_none():
    with pytest.raises(BadOption, match="5 is no date"):
        TRACKS.select(after=5)
    offset = dt.datetime(2023, 11, 17, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert len(TRACKS.select(after=offset)) == len(TRACKS.select(after="2023-11-16T22:00:00Z"))


def test_one_sport_is_one_sport():
    assert len(TRACKS.select("Run")) == len(TRACKS.select(["Run"])) == 4


@pytest.mark.parametrize("function", [heatlas.open, heatlas.open_points, heatlas.inspect, heatlas.render])
def test_sources_that_are_none(function, tmp_path):
    more = {"output": tmp_path / "x.png"} if function is heatlas.render else {}
    for odd in ((["a.db"],), ([],), (), (("a.gpx", "b.gpx"),)):
        with pytest.raises(BadOption, match="one by one"):
            function(*odd, **more)
    for odd in (5, None, b"a.gpx", object()):
        with pytest.raises(BadOption, match="is no source: give a path"):
            function(odd, **more)


def test_live_maps_of_what_is_no_source():
    for odd in (5, ["a.db"], None):
        with pytest.raises(BadOption, match="is no library"):
            heatlas.LiveMap(odd)


def test_rendering_takes_dates_boxes_and_names(tmp_path):
    file = tmp_path / "made.db"
    made(file, walks(4, 8)).close()
    box = {"bbox": BOX, "resolution": 30}
    given = heatlas.render(file, output=tmp_path / "a.npy", after=dt.date(2023, 11, 17), sport="Run", **box)
    text = heatlas.render(
        file, output=tmp_path / "b.npy", after="2023-11-17", sport=["Run"], bbox=",".join(map(str, BOX)),
        resolution="30m",
    )  # fmt: skip
    assert given["activities"] == text["activities"] > 0
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"radius": 500}, "--radius '500' is no radius: write it like 15px or 500m"),
        ({"smooth": 4}, "--smooth '4' is no width"),
        ({"width": "a"}, "width 'a' cannot be used"),
        ({"width": 0}, "--width 0 cannot be used: give a whole number from 1 on"),
        ({"zoom": (3, 4)}, "--zoom as a tuple cannot be used: give text"),
        ({"bbox": (1, 2, 3)}, r"bbox \(1, 2, 3\) is no box"),
        ({"around": (47.8, 10.9)}, "'47.8,10.9' is no circle"),
        ({"after": 3, "time": "when"}, "--after 3 cannot be used: give a date"),
    ],
)
def test_rendering_what_cannot_be_used(options, says, tmp_path):
    with pytest.raises(BadOption, match=says):
        heatlas.render(POINTS, weight="w", output=tmp_path / "x.tif", **options)
    assert not list(tmp_path.iterdir())
