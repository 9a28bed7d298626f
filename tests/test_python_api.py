"""What people pass from Python, what an editor shows them, and what type checkers see."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from library_made import walks

import heatlas
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.wording import through
from heatlas.dataset.tracks import Tracks

ROOT = Path(__file__).resolve().parents[1]
TRACKS = Tracks(tuple(walks(2, 4)))
FRAME = pd.DataFrame(
    {"lat": [47.8, 47.81, 47.82], "lon": [10.9, 10.91, 10.92], "mag": [1.0, 2.0, 4.0]}, index=[7, 8, 9]
)


def total(source, weight):
    return heatlas.open_points(source, weight=weight).heat("sum", radius="0px").total


@pytest.mark.parametrize(
    "frame", [FRAME, pl.DataFrame(FRAME), pa.Table.from_pandas(FRAME), {k: FRAME[k].to_numpy() for k in FRAME}],
    ids=["pandas", "polars", "pyarrow", "mapping"],
)  # fmt: skip
@pytest.mark.parametrize(
    "weight", [FRAME["mag"] * 2, [2, 4, 8], np.array([2, 4, 8], np.uint8)], ids=["series", "list", "array"]
)
def test_weights_may_be_an_array_beside_the_frame(frame, weight):
    assert total(frame, weight) == 14
    assert list(FRAME.columns) == ["lat", "lon", "mag"], "the frame of others stays as it was"


def test_a_series_is_aligned_by_its_index(tmp_path):
    assert np.array_equal(
        heatlas.open_points(FRAME, weight=FRAME["mag"][::-1]).heat(radius="0px").values,
        heatlas.open_points(FRAME, weight="mag").heat(radius="0px").values, equal_nan=True,
    )  # fmt: skip
    heatlas.render(FRAME, output=tmp_path / "a.npy", weight=FRAME["mag"] * 3, width=64)
    assert heatlas.render(FRAME, output=tmp_path / "b.npy", weight=FRAME["mag"] * 3, width=64)["total"] == 21


@pytest.mark.parametrize(
    ("source", "weight", "says"),
    [
        (FRAME, [1, 2], "has 2 numbers, and the frame has 3 rows"),
        (FRAME, ["a", "b", "c"], "holds one number for each row"),
        (FRAME, [[1], [2], [3]], "holds one number for each row"),
        ("a.csv", FRAME["mag"], "belongs to one frame in memory"),
        (object(), [1], "belongs to a DataFrame, an Arrow table or a mapping"),
    ],
)
def test_weights_that_cannot_be(source, weight, says):
    with pytest.raises(BadOption, match=says):
        heatlas.open_points(source, weight=weight)


def test_errors_say_the_call_that_would_work():
    with through("python"):
        with pytest.raises(BadOption, match=r'opened by open_points\(df, weight="mag"\); of fixes say with track='):
            heatlas.open(FRAME)
        points = heatlas.open_points(FRAME)
        for text, says in {
            "mag = Run": "put 'Run' in single quotes",
            "mag in 1,2": r"in brackets: IN \(1, 2\)",
            "mag is None": "write IS NULL",
            "5": "neither true nor false",
        }.items():
            with pytest.raises(BadOption, match=says):
                list(points.where(text).chunks())
        for source in (points, TRACKS):
            with pytest.raises(BadOption, match=r"filter .*is text"):
                source.where(5)


def test_a_heat_of_what_nothing_has_says_so_at_once():
    window = TRACKS.window(width=64)
    with pytest.raises(NothingToDraw, match="temperature is not known of any; they have elevation, heart_rate, power"):
        TRACKS.heat("temperature", window)
    elsewhere = TRACKS.window(bbox=(0, 0, 1, 1), width=64)
    assert np.isnan(TRACKS.heat("power", elsewhere).values).all(), "an empty window is no mistake: it can be compared"
    assert TRACKS.heat("passes", elsewhere).total == 0, "nothing to count is a number"


def test_a_heat_is_saved_with_what_render_paints(tmp_path):
    window = TRACKS.window(all=True, width=500)
    boxes = np.array([place.bbox for place in TRACKS.places()])
    assert (window.bbox[:2] <= boxes[:, :2] + 0.01).all(), "west and south"
    assert (window.bbox[2:] >= boxes[:, 2:] - 0.01).all(), "east and north"
    heat = TRACKS.heat("passes", window, smooth=0).background("dark")
    plain, full = tmp_path / "a.png", tmp_path / "b.png"
    heat.save(plain)
    heat.save(full, title="On {place}", scale_bar=True, attribution="Me", legend=True)
    assert plain.read_bytes() != full.read_bytes()
    heatlas_title = json.loads((tmp_path / "b.png.json").read_text())["title"]
    assert heatlas_title.startswith("On ")
    assert "{place}" not in heatlas_title
    with pytest.raises(BadOption, match="--scale-bar is painted on pictures"):
        heat.save(tmp_path / "a.npy", scale_bar=True)
    with pytest.raises(BadOption, match="around and all cannot go together"):
        TRACKS.window(around="47.8,10.9,3km", all=True)


SHOWN = {
    "Tracks": (
        "activities batches data fixes heat hidden in_utc places report select to_pandas where window with_athlete"
    ),
    "PointSet": "heat name size time weight where window",
    "Heat": (
        "background bare bbox colormap colours crs fitted image legend measure plot sample save seconds shape smooth "
        "smoothed t title titled to_rasterio_profile to_url to_xarray tone total unit values width window"
    ),
}


def test_completion_shows_what_is_public():
    heat = TRACKS.heat("passes", TRACKS.window(width=64))
    for value in (TRACKS, heatlas.open_points(FRAME), heat):
        name = type(value).__name__
        assert [one for one in dir(value) if not one.startswith("_")] == sorted(SHOWN[name].split()), name
        assert all(hasattr(value, one) for one in SHOWN[name].split() if one != "t")
    assert {one for one in dir(heatlas) if not one.startswith("_")} == {*heatlas.__all__, "errors"}


def test_pyright_reads_calls_as_mypy_does(tmp_path):
    """mypy is part of every check; this is the checker of editors."""
    if find_spec("basedpyright") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("basedpyright is missing: pip install basedpyright")
    settings = {
        "include": [str(ROOT / "tests" / "typed_calls.py")], "extraPaths": [str(ROOT)], "pythonVersion": "3.11",
        "typeCheckingMode": "standard", "enableTypeIgnoreComments": True, "reportUnnecessaryTypeIgnoreComment": "error",
    }  # fmt: skip
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "-p", str(tmp_path)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "0 errors" in done.stdout
