"""Reports for strangers: no place, no date, no name."""

from __future__ import annotations

import json
import re

import made
from click.testing import CliRunner

import heatlas
from heatlas.cli import group
from heatlas.cli.redaction import without_positions

POSITION = re.compile(r"47\.8|10\.9|28\.1|15\.4|47,8")


def told(source):
    done = CliRunner().invoke(group, ["info", str(source), "--json", "--no-positions", "--quiet"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout), done.stdout


def test_recordings(tmp_path):
    folder = made.export(tmp_path / "secret-name")
    whole = heatlas.inspect(folder)
    report, text = told(folder)
    assert POSITION.search(json.dumps(whole))
    assert not POSITION.search(text)
    assert "secret-name" not in text
    assert report["files"]["failed"][0]["file"].startswith("file 1")
    assert {item["file"].rpartition(".")[2] for item in report["files"]["failed"]} <= {"gpx", "fit", "gz"}
    assert report["first"] == "2023"
    for key in ("activities", "fixes", "dropped", "sports", "columns"):
        assert report[key] == whole[key]
    assert [place["activities"] for place in report["places"]] == [place["activities"] for place in whole["places"]]


def test_tables(tmp_path):
    table = tmp_path / "patients.csv"
    rows = "".join(f"{47.8 + k / 1e6:.6f},{10.9 + k / 1e6:.6f},{k},Ann{k}\n" for k in range(200))
    table.write_text(f"lat,lon,weight,who\n{rows}-33.9,151.2,3,Bob\n")
    report, text = told(table)
    assert not POSITION.search(text)
    for name in ("patients", "Ann", "Bob", "33.9", "151.2", 'bbox"'):
        assert name not in text
    assert report["points"] == 201
    assert {fact["name"] for fact in report["column_facts"]["file 1.csv"]} == {"lat", "lon", "weight", "who"}


def test_columns_that_nobody_can_tell(tmp_path):
    table = tmp_path / "patients.csv"
    table.write_text("a,b\n47.8,10.9\n")
    report, text = told(table)
    assert "undecided" in report
    assert not POSITION.search(text)
    assert "patients" not in text


def test_libraries(tmp_path):
    table = tmp_path / "patients.csv"
    table.write_text("lat,lon\n47.8,10.9\n47.81,10.91\n")
    assert CliRunner().invoke(group, ["import", str(table), "-l", str(tmp_path / "a.db"), "-q"]).exit_code == 0
    report, text = told(tmp_path / "a.db")
    assert report["point_sets"] == [{"points": 2}]
    assert not POSITION.search(text)
    assert "patients" not in text


def test_keys_that_nobody_has_thought_about_are_left_out():
    report = {"files": {"read": 0, "failed": [], "skipped": [], "warnings": []}, "dropped": {}, "home": [47.8, 10.9]}
    assert "home" not in without_positions(report)


def test_names_within_names_and_numbers_in_sentences():
    reason = "a/b.gpx and a/b.gpx.gz: row 12 has '60.17N'; --bbox 1,2,3,4; 567123456"
    files = {"read": 0, "skipped": [], "warnings": [], "failed": [
        {"file": "a/b.gpx", "reason": ""}, {"file": "a/b.gpx.gz", "reason": reason},
    ]}  # fmt: skip
    report = without_positions({"files": files, "dropped": {}})
    assert report["files"]["failed"][1]["reason"] == ("file 1.gpx and file 2.gpx.gz: row 12 has '#N'; --bbox #; #")


def test_it_goes_with_json(tmp_path):
    done = CliRunner().invoke(group, ["info", str(tmp_path), "--no-positions"])
    assert done.exit_code == 2
    assert "--no-positions goes with --json" in done.output
