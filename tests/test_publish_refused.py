"""Options that would be ignored, and names that nothing can be written to, are refused before anything is made."""

from __future__ import annotations

import re

import numpy as np
import pytest
from library_made import made, walks
from publishing import publish

import heatlas
from heatlas.core.errors import BadOption
from heatlas.rendering.kinds import kind_of


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """An empty folder to be in."""
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    path = tmp_path_factory.mktemp("refused") / "lib.db"
    made(path, walks(1, 3)).close()
    return path


def rows():
    return {"lat": np.array([60.0, 60.01]), "lon": np.array([24.0, 24.02]), "w": np.array([3.0, 40.0])}


def test_a_measure_beside_layers_that_are_measures(home, alone):
    with pytest.raises(BadOption, match="--measure is for one layer, and --layers passes,pace names measures"):
        heatlas.render(home, output="x.html", layers="passes,pace", measure="seconds", zoom="8-9")
    assert not list(alone.iterdir())
    report = heatlas.render(home, output="x.html", layers="sport,passes", measure="seconds", zoom="8-9")
    assert report["layers"] == ["All", "Ride", "Run", "Passes"]


@pytest.mark.parametrize("name", ["x.tif", "x.npy"])
@pytest.mark.parametrize("option", [{"tone": "5:10"}, {"colormap": "ice"}, {"background": "dark"}])
@pytest.mark.parametrize("source", ["tracks", "points"])
def test_what_is_painted_where_values_are_written(home, alone, name, option, source):
    (word,) = option
    chosen = {"weight": "w"} if source == "points" else {}
    with pytest.raises(BadOption, match=re.escape(f"--{word} is for what is painted, and {name} holds values")):
        heatlas.render(rows() if chosen else home, output=name, width=60, **option, **chosen)
    assert not list(alone.iterdir())


def test_what_is_painted_is_taken_where_something_is(home, alone):
    look = {"tone": "1:10", "colormap": "ice", "background": "dark", "width": 200}
    heatlas.render(home, output="colours.tif", rgba=True, **look)
    heatlas.render(home, output="values.tif", legend=True, **look)
    heatlas.render(home, output="values.npy", width=60, background="none")
    assert {"colours.tif", "values.tif", "values.npy"} <= {path.name for path in alone.iterdir()}


@pytest.mark.parametrize("name", ["x.html", "tiles", "x.pmtiles"])
def test_public_is_for_activities(alone, name):
    with pytest.raises(BadOption, match="--public is for tracks, and a table's rows are points"):
        heatlas.render(rows(), output=name, weight="w", public=True, zoom="3-4")
    assert not list(alone.iterdir())


@pytest.mark.parametrize(
    "url", ["not a url", "heat", "/heat/", "ftp://example.org/", "https://", "http://[::1", "https://a b/"]
)
def test_an_address_must_be_one_of_the_web(home, alone, url):
    with pytest.raises(BadOption, match=re.escape(f"--url {url!r} is no address of the web")):
        heatlas.render(home, output="tiles", url=url, zoom="8-9")
    with pytest.raises(BadOption, match="no address"):
        publish(home, "tiles", url=url, zooms=(8, 9))
    assert not list(alone.iterdir())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (".png", "cannot write .png: this is an ending without a name; say heat.png"),
        (".html", "cannot write .html: this is an ending without a name"),
        (".PMTiles", "cannot write .PMTiles: this is an ending without a name"),
        ("", "the name of what to write is empty"),
        (" ", "the name of what to write is empty"),
        ("/dev/null", "cannot write /dev/null: tiles go into a folder, and this is none"),
    ],
)
def test_names_to_which_nothing_can_be_written(home, alone, name, words):
    with pytest.raises(BadOption, match=re.escape(words)):
        heatlas.render(home, output=name, zoom="8-9")
    assert not list(alone.iterdir())


@pytest.mark.parametrize("name", ["d.png", "d.webp", "d.tif", "d.mp4", "d.html", "d.pmtiles", "d.mbtiles"])
def test_a_folder_with_the_ending_of_a_file(home, alone, name):
    (alone / name).mkdir()
    with pytest.raises(BadOption, match=re.escape(f"cannot write {name}: it is a folder; for tiles in it say {name}/")):
        heatlas.render(home, output=name)
    assert not list((alone / name).iterdir())
    assert kind_of(f"{name}/", {}) == "tiles"
