"""`heatlas explore` as a person who has never seen it would try it."""

from __future__ import annotations

import json
import re

import made
import pytest
from library_made import made as library_with
from library_made import walks
from test_cli import heatlas


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explore")
    made.export(folder / "export")
    library_with(folder / "heatlas.db", walks(3, 14, n=400)).close()
    return folder


def test_without_a_name_the_library_here_is_counted(folder):
    done = heatlas("explore", "--zoom", 17, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    said = done.stderr.splitlines()
    assert said[0].startswith("14 activities, whole tracks: ")
    assert "square" in said[0]
    assert "cluster" in said[0]
    assert said[1].startswith("the square lies around 47.")
    assert "more tile" in said[2]
    assert re.fullmatch(r"  17/\d+/\d+  47\.\d{4},10\.\d{4}", said[3])
    rest = [line for line in said[3:] if not line.startswith("  ")]
    assert rest[0].startswith("most new tiles")
    assert sum(line.startswith(("most new tiles", "last new tiles")) for line in said) == 2


def test_what_was_written_is_all_on_stdout(folder):
    done = heatlas("explore", "heatlas.db", "-o", "tiles.gpx", "--missing", "--around", "47.8,10.9,3km", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "tiles.gpx\n"
    assert re.search(r"of [\d,]+ tiles there [\d,]+ (is|are) missing, the nearest first:\n  14/", done.stderr)
    assert " km away</cmt>" in (folder / "tiles.gpx").read_text()
    assert (folder / "tiles.gpx").read_text().endswith("</gpx>\n")
    assert heatlas("explore", "-q", "-o", "tiles.kml", cwd=folder).stderr == ""


def test_missing_tiles_are_told_of_how_many(folder):
    def told(place, zoom):
        return heatlas("explore", "--missing", "--around", place, "--zoom", zoom, cwd=folder).stderr.splitlines()

    assert told("0,0,2km", 14)[-5] == "of 4 tiles there none is visited yet, the nearest first:"
    west = heatlas("explore", "--missing", "--around", "47.8,10.9,10000km", "--zoom", 0, "--json", "-q", cwd=folder)
    assert (json.loads(west.stdout)["missing"], json.loads(west.stdout)["missing_of"]) == ([], 1)
    assert told("47.8,10.9,10000km", 0)[-1] == "there the only tile is visited"


def test_json_is_one_object(folder):
    done = heatlas("explore", "export", "--json", "-q", cwd=folder)
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert {"zoom", "counted", "activities", "total", "square", "cluster", "next_square", "tiles", "history"} == set(
        report
    )
    assert report["activities"] == 4


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["nowhere.db"], 2, "there is no library nowhere.db"),
        (["nowhere"], 2, "there is no file or folder nowhere"),
        (["-o", "tiles.shp"], 2, "none of .geojson, .gpx, .kml, .json, .png"),
        (["-o", "heatlas.db/tiles.gpx"], 2, "no folder"),
        (["--zoom", 26], 2, "26"),
        (["--zoom", "fine"], 2, "fine"),
        (["--zoom", 9, "--public"], 2, "zooms 10 to 25, not 9"),
        (["--missing"], 2, "--around"),
        (["--missing", "--around", "47.8,10.9"], 2, "latitude,longitude,radius such as"),
        (["--missing", "--around", "95,10.9,3km"], 2, "its latitude 95 is not from -90 to 90"),
        (["--missing", "--around", "47.8,190,3km"], 2, "its longitude 190 is not from -180 to 180"),
        (["--missing", "--around", "47.8,10.9,1m"], 2, "47.8,10.9,1m holds the middle of no tile of zoom 14"),
        (["--missing", "--around", "47.8,10.9,5000km"], 2, "47.8,10.9,5000km holds some"),
        (["--where", "a b"], 2, "not understood"),
        (["--before", "1999-01-01"], 1, "the filter leaves none of 14 activities"),
        (["--public", "--sport", "Run", "--public-least", 8], 1, "the filter leaves none of at least 8 of 14"),
        (["export/activities/7.fit"], 1, "empty"),
        (["--legend"], 2, "--legend is for a .png"),
        (["heatlas.db", "export"], 2, ""),
    ],
)  # fmt: skip
def test_wrong_input_gets_one_clear_sentence(folder, args, code, says):
    done = heatlas("explore", *args, cwd=folder)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
