"""The joint histogram of two metrics: equal to a slow twin, within its box and bounds, and closed on public maps."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_library import HOME, made_library, two_years
from starlette.testclient import TestClient

from heatlas.core.errors import BadOption
from heatlas.library.file.columns import VALUES
from heatlas.library.file.opening import open_library
from heatlas.server.app import create_app
from heatlas.tiles import histogram
from heatlas.tiles.histogram import BINS, histogram_of, joint_histogram
from heatlas.tiles.look import Filter
from heatlas.tiles.snapshot import choose
from heatlas.tiles.view import close, open_view

AROUND = (HOME[1] - 0.05, HOME[0] - 0.03, HOME[1] + 0.05, HOME[0] + 0.03)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return made_library(tmp_path_factory.mktemp("scatter") / "made.db", two_years())


@pytest.fixture(scope="module")
def view(path):
    view = open_view(open_library(path))
    yield view
    close(view)


def counted(view, box=AROUND, zoom=14, names=("pace", "elevation"), wanted=None):
    snapshot = view.snapshot
    return joint_histogram(view, snapshot, choose(snapshot, wanted or Filter()), names, box, zoom)


@given(
    st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.integers(1, 5)), max_size=60),
    st.sampled_from(["heart_rate", "grade", "pace", "wait"]),
    st.sampled_from(["power", "elevation", "efficiency"]),
)
def test_counts_are_those_of_a_slow_twin(passages, x, y):
    def stored(name, value):
        step = VALUES[name].step if name in VALUES else 0
        return round(value / step) * step if step else value

    values = np.array([[stored(x, a), stored(y, b)] for a, b, _ in passages], float).reshape(-1, 2).T
    found = histogram_of((x, y), values, np.array([owner for *_, owner in passages], np.int64), 14)
    wanted = np.zeros((BINS, BINS), int)
    for a, b in values.T:
        column, row = (
            math.floor((value - edges[0]) / (edges[1] - edges[0]))
            for value, edges in zip((a, b), found.edges, strict=True)
        )
        if 0 <= column < BINS and 0 <= row < BINS:
            wanted[row, column] += 1
    assert (found.counts == wanted).all()
    assert (found.passages, found.activities) == (len(passages), len({owner for *_, owner in passages}))
    assert found.counts.sum() >= 0.9 * len(passages)
    for edges in found.edges:
        assert len(edges) == BINS + 1
        assert (np.diff(edges) > 0).all()


def test_bins_hold_whole_steps_of_what_is_stored(view):
    rng = np.random.default_rng(1)
    values = np.stack([np.rint(rng.uniform(90, 180, 5000)), np.rint(rng.uniform(-9, 9, 5000) * 8) / 8])
    found = histogram_of(("heart_rate", "grade"), values, np.zeros(5000, np.int64), 14)
    for edges, step in zip(found.edges, (1.0, 1 / 8), strict=True):
        wide = (edges[1] - edges[0]) / step
        assert wide == pytest.approx(round(wide))
        assert edges[0] / step % 1 == pytest.approx(0.5)  # no value lies on an edge


def test_only_passages_of_the_box_count(view):
    whole = counted(view)
    west = counted(view, (HOME[1] - 0.01, HOME[0] - 0.1, HOME[1] + 0.01, HOME[0] + 0.1))
    east = counted(view, (HOME[1] + 0.01, HOME[0] - 0.1, HOME[1] + 0.05, HOME[0] + 0.1))
    assert 0 < west.passages < whole.passages
    assert west.passages + east.passages == whole.passages
    assert whole.activities == 13
    around = counted(view, (HOME[1] - 0.01 + 360, HOME[0] - 0.1, HOME[1] + 0.01 + 360, HOME[0] + 0.1))
    assert around.passages == west.passages  # once round the world
    nothing = counted(view, (0, 0, 1, 1))
    assert (nothing.passages, nothing.activities, nothing.counts.sum()) == (0, 0, 0)


def test_the_filter_chooses(view):
    assert counted(view, wanted=Filter("sport = 'Ride'")).activities == 5


def test_a_box_with_too_many_passages_is_read_from_a_coarser_zoom(view, monkeypatch):
    exact = counted(view, zoom=16)
    monkeypatch.setattr(histogram, "_MOST", exact.passages // 3)
    coarse = counted(view, zoom=16)
    assert coarse.zoom < exact.zoom == 16
    assert 0 < coarse.passages < exact.passages / 2
    assert coarse.activities == exact.activities


def test_a_wide_box_is_read_from_a_zoom_with_few_tiles(view):
    assert counted(view, zoom=17).zoom == 17
    world = counted(view, (-180.0, -85.0, 180.0, 85.0), 17)
    assert world.zoom == 6
    assert world.activities == 13


def test_a_public_map_counts_whole_tiles_that_enough_pass(view, path):
    public = open_view(open_library(path), True, least=6)
    try:
        tiny = counted(public, (HOME[1] + 0.005, HOME[0] - 0.002, HOME[1] + 0.006, HOME[0] + 0.002), 17)
        wide = counted(public, (HOME[1] - 0.02, HOME[0] - 0.02, HOME[1] + 0.02, HOME[0] + 0.02), 9)
        assert tiny.zoom == wide.zoom == 12
        assert tiny.passages == 0 or tiny.activities >= 6
        assert tiny.passages == wide.passages or tiny.passages == 0
        few = counted(replace(public, least=14), AROUND, 12)
        assert (few.passages, few.activities) == (0, 0)
    finally:
        close(public)


def test_a_public_map_refuses_what_is_too_much(path, monkeypatch):
    public = open_view(open_library(path), True)
    monkeypatch.setattr(histogram, "_MOST", 10)
    with pytest.raises(BadOption, match="smaller"):
        counted(public, (HOME[1] - 0.02, HOME[0] - 0.02, HOME[1] + 0.02, HOME[0] + 0.02))
    close(public)


BBOX = f"{HOME[1] - 0.1},{HOME[0] - 0.1},{HOME[1] + 0.1},{HOME[0] + 0.1}"


def test_the_server_gives_axes_with_numbers_and_counts(path):
    with TestClient(create_app(path), base_url="http://localhost") as client:
        said = client.get("/histogram.json", params={"x": "pace", "y": "elevation", "bbox": BBOX, "z": 14})
        assert said.status_code == 200
        data = said.json()
        assert len(data["counts"]) == BINS * BINS
        assert sum(data["counts"]) <= data["passages"]
        assert data["activities"] == 13
        assert (data["x"]["name"], data["x"]["unit"], len(data["x"]["labels"])) == ("pace", "min/km", BINS + 1)
        assert all(0 <= place <= 1 for place, _ in data["x"]["ticks"])
        # What is brushed can be asked for as tiles, in the values of the axes.
        low, high = data["x"]["low"], data["x"]["high"]
        share = f"share(pace >= {low:.6g} and pace < {high:.6g} and elevation >= 0 and elevation < 9000)"
        scale = client.get("/scale.json", params={"measure": share, "z": 14}).json()
        assert scale["unit"] == "%"
        metrics = {one["name"] for one in client.get("/api/library.json").json()["metrics"]}
        assert {"pace", "elevation", "flat_pace", "wait"} <= metrics
        assert not metrics & {"heart_rate", "bearing", "hour", "first", "best"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"x": "nothing"}, "x must be one of"),
        ({"x": "heart_rate"}, "x must be one of"),  # nobody recorded it
        ({"x": "bearing"}, "x must be one of"),  # it goes round
        ({"y": "pace"}, "two metrics"),
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "3,0,1,2"}, "bbox"),
        ({"bbox": "0,-999,1,999"}, None),
        ({"z": "99"}, "z must be"),
        ({"w": "1"}, "no parameter"),
    ],
)
def test_the_server_says_what_cannot_be_used(path, changed, words):
    with TestClient(create_app(path), base_url="http://localhost") as client:
        said = client.get("/histogram.json", params={"x": "pace", "y": "elevation", "bbox": BBOX, "z": 14, **changed})
        assert said.status_code == (400 if words else 200)
        assert words is None or words in said.json()["error"]


def test_a_public_server_gives_open_metrics_alone(path):
    with TestClient(create_app(path, public=True), base_url="http://localhost") as client:
        asked = {"x": "pace", "y": "elevation", "bbox": BBOX, "z": 14}
        assert client.get("/histogram.json", params=asked).json()["passages"] > 0
        said = client.get("/histogram.json", params={**asked, "x": "wait"})
        assert (said.status_code, "public" in said.json()["error"]) == (403, True)
        share = client.get("/scale.json", params={"measure": "share(pace >= 0.2 and pace < 0.4)", "z": 14})
        assert share.status_code == 403
        assert [one["name"] for one in client.get("/api/library.json").json()["relations"]] == ["diff"]
