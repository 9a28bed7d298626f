"""What the data can show, and what is usual of the heart rate: in reports of `info` and `render`, and in help."""

from __future__ import annotations

import json

import made
import numpy as np
import pytest
from click.testing import CliRunner

import heatlas
from heatlas.cli import group
from heatlas.cli.redaction import without_positions
from heatlas.options import RenderOptions, options_of
from heatlas.raster.measure import COUNTS, SPENT, parse_measure
from heatlas.tracks.metrics import GROUPS, listed


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


def export(folder, heart=True):
    folder.mkdir()
    for k in range(3):
        lon, lat = made.straight(3000, 3 + k)
        beats = 120 + 30 * np.sin(np.arange(len(lon)) / 60) if heart else None
        (folder / f"{k}.gpx").write_bytes(made.gpx(lon, lat, start=1.7e9 + 86400 * k, heart_rate=beats))
    return folder


def test_measures_are_those_that_the_data_have(tmp_path):
    report = heatlas.inspect(export(tmp_path / "with"))
    names = [measure["name"] for measure in report["measures"]]
    assert {"passes", "pace", "heart_rate", "efficiency", "residual(heart_rate)", "share(dark)"} <= set(names)
    assert not {"power", "cadence", "temperature", "watts_per_beat"} & set(names)
    for measure in report["measures"]:
        assert measure["group"] in {"Visits", "Relations", *GROUPS}
        assert measure["about"]
        parse_measure(measure["name"])
    assert report["model"].startswith("heart rate ")
    plain = heatlas.inspect(export(tmp_path / "without", heart=False))
    assert {m["name"] for m in plain["measures"]} < set(names)
    assert plain["model"] is None


def test_info_lists_them_in_groups(tmp_path):
    folder = export(tmp_path / "with")
    said = CliRunner().invoke(group, ["info", str(folder), "-q"]).stdout
    assert "can be shown, with --measure:\n  Visits " in said
    assert "usual heart rate " in said
    report = json.loads(CliRunner().invoke(group, ["info", str(folder), "-q", "--json"]).stdout)
    assert report["measures"][0] == {
        "name": "passes", "group": "Visits", "title": "Passes", "about": "How often a place was passed",
    }  # fmt: skip
    redacted = without_positions(report)
    assert redacted["measures"][0] == "passes"
    assert "model" not in redacted


def test_of_a_library_and_of_nothing(tmp_path):
    library = tmp_path / "lib.db"
    assert (
        CliRunner().invoke(group, ["import", str(export(tmp_path / "with")), "-l", str(library), "-q"]).exit_code == 0
    )
    report = heatlas.inspect(library)
    assert "residual(heart_rate)" in {measure["name"] for measure in report["measures"]}
    assert report["model"]
    (tmp_path / "empty").mkdir()
    assert heatlas.inspect(tmp_path / "empty")["measures"] == []


def test_render_says_the_model_in_words(tmp_path):
    folder = export(tmp_path / "with")
    report = heatlas.render(folder, output=tmp_path / "x.png", measure="residual(heart_rate)", width=200)
    assert report["model"] == heatlas.inspect(folder)["model"]
    command = ["render", str(folder), "-o", str(tmp_path / "x.png"), "--width", "200"]
    assert "usual heart rate" in CliRunner().invoke(group, [*command, "--measure", "residual(heart_rate)"]).stderr
    assert "usual heart rate" not in CliRunner().invoke(group, command).stderr
    assert "model" not in heatlas.render(folder, output=tmp_path / "x.png", width=200)


def test_help_names_every_measure():
    words = options_of(RenderOptions)["measure"].help
    for name in (*COUNTS, *SPENT, *(metric.name for metric in listed())):
        assert name in words
