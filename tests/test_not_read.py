"""What is not read, or not as its owner meant: said in a sentence by each command, never a dot without a word."""

from __future__ import annotations

import json
import sys

import pytest

from heatlas.cli import main

ROUTE = (
    '<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1" creator="made"><rte>'
    '<rtept lat="47.5" lon="11"/><rtept lat="47.6" lon="11.1"/></rte></gpx>'
)
STEPS = [(47.5 + k * 1e-5, 11 + k * 1e-5, f"2024-05-04T08:{k // 60:02}:{k % 60:02}Z") for k in range(100)]


@pytest.fixture
def run(capsys, monkeypatch):
    """The command line: exit code, what it prints, and what it says."""
    monkeypatch.setitem(sys.modules, "scipy", None)  # the command does that for good

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["heatlas", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return (ended.value.code, *capsys.readouterr())

    return command


def three_ways(path, tmp_path):
    return ["info", path], ["render", path, "-o", tmp_path / "o.png"], ["import", path, "-l", tmp_path / "l.db"]


def test_a_planned_route_is_no_recording_for_any_command(run, tmp_path):
    path = tmp_path / "route.gpx"
    path.write_text(ROUTE)
    for words in (
        ["info", path],
        ["render", path, "-o", tmp_path / "o.png"],
        ["import", path, "-l", tmp_path / "l.db"],
    ):
        code, _, said = run(*words)
        assert code == 1
        assert "a planned route, not a recording: --routes draws it all the same" in said
    assert not (tmp_path / "o.png").exists()


@pytest.mark.parametrize("form", ["rows.csv", "rows.json"])
def test_rows_that_look_like_fixes_are_not_drawn_as_dots_without_a_word(run, tmp_path, form):
    path = tmp_path / form
    if form == "rows.csv":
        rows = [f"{t},{lat},{lon},500,4" for lat, lon, t in STEPS]
        path.write_text("time,lat,lon,elevation,accuracy\n" + "\n".join(rows) + "\n")
    else:
        path.write_text(json.dumps([{"latitude": a, "longitude": b, "timestamp": t} for a, b, t in STEPS]))
    out = tmp_path / "o.png"
    for words in (["render", path, "-o", out], ["import", path, "-l", tmp_path / "l.db"]):
        code, _, said = run(*words)
        assert code == 0
        assert "rows with a time may be fixes: draw one line with --track all" in said
    code, printed, said = run("render", path, "-o", out, "--track", "all", "--json")
    assert code == 0, said
    report = json.loads(printed)
    assert (report["activities"], report["fixes"]) == (1, 100)
    assert "may be fixes" not in said


def test_rows_with_a_weight_are_points(run, tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text("time,lat,lon,weight\n" + "\n".join(f"{t},{a},{b},2" for a, b, t in STEPS) + "\n")
    code, _, said = run("render", path, "-o", tmp_path / "o.png")
    assert code == 0
    assert "may be fixes" not in said
