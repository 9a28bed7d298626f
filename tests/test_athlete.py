"""The athlete: records by date, heart rate reserve and zones, from files and from a library, and what nobody said."""

from __future__ import annotations

import json
from dataclasses import replace

import made
import numpy as np
import pytest
from click.testing import CliRunner
from library_made import cut, walks
from library_made import made as made_library

import heatlas
from heatlas.cli import group
from heatlas.core.batch import Activity, join
from heatlas.core.errors import BadOption
from heatlas.core.window import Window
from heatlas.dataset.tracks import Tracks
from heatlas.library.file.settings import set_athlete
from heatlas.library.index.drawing import draw as draw_from_index
from heatlas.raster.draw_tracks import draw
from heatlas.raster.measure import parse_measure
from heatlas.raster.offered import measures_of, name_of
from heatlas.tiles.metadata import measures_of_tracks
from heatlas.tiles.snapshot import take
from heatlas.tiles.view import close, open_view
from heatlas.tracks.athlete import ATHLETE, Athlete, parse_athlete, read_athlete_file
from heatlas.tracks.metrics import passages

RECORD = {"rest": {"2015-01-01": 52, "2023-11-16": 48}, "max": 190, "zones": [115, 135, 150, 165], "mass": 70}


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


def test_what_holds_is_what_was_said_last_before_the_day():
    athlete = parse_athlete(RECORD)
    for day, rest in (("2010-01-01", 52), ("2023-11-15", 52), ("2023-11-16", 48), ("2030-01-01", 48)):
        facts = athlete.facts(day)
        assert (facts["rest_heart_rate"], facts["max_heart_rate"], facts["mass"]) == (rest, 190, 70)
        assert [facts[name] for name in ATHLETE[3:]] == [115, 135, 150, 165]
    assert parse_athlete(athlete.data()) == athlete
    assert parse_athlete(json.loads(json.dumps(athlete.data()))) == athlete
    assert not Athlete()
    assert parse_athlete({}) == Athlete()


def test_zones_are_by_the_reserve_or_by_the_greatest():
    by_reserve = parse_athlete({"rest": 50, "max": 200}).facts("2024-01-01")
    assert [by_reserve[name] for name in ATHLETE[3:]] == [140, 155, 170, 185]
    by_greatest = parse_athlete({"max": 200}).facts("2024-01-01")
    assert [by_greatest[name] for name in ATHLETE[3:]] == [120, 140, 160, 180]
    assert parse_athlete({"rest": 50}).facts("2024-01-01") == {"rest_heart_rate": 50}


def test_days_are_local_and_undated_activities_have_the_latest():
    athlete = parse_athlete(RECORD)
    late = Activity(source="a", start=1700089200.0)  # 15 November 2023, 23:00 UTC
    known = athlete.known([late, replace(late, utc_offset=7200.0), replace(late, start=None)])
    assert [one.facts["rest_heart_rate"] for one in known] == [52, 48, 48]
    assert known[0] == late, "facts are nothing of its own"


def test_formulas():
    columns = {
        "heart_rate": np.array([48, 119, 190, 200, np.nan, 114, 115, 164.9, 165]),
        **{name: np.full(9, value) for name, value in parse_athlete(RECORD).facts("2024-01-01").items()},
    }
    reserve = passages.heart_rate_reserve(columns)
    np.testing.assert_allclose(reserve[:4], [0, 50, 100, 152 / 1.42])
    assert np.isnan(reserve[4])
    np.testing.assert_array_equal(passages.zone(columns)[3:], [5, np.nan, 1, 2, 4, 5])


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ([], "is none: write it like"),
        ({"pulse": 3}, "has 'pulse'"),
        ({"rest": "x"}, "rest of the athlete's record is 'x': give 20 to 150"),
        ({"rest": True}, "give 20"),
        ({"rest": float("nan")}, "give 20"),
        ({"max": 1900}, "give 60 to 250"),
        ({"mass": 0}, "give 10 to 500 kg"),
        ({"rest": 100, "max": 110}, "well above rest"),
        ({"rest": {"2020-01-01": 50, "2021-01-01": 140}, "max": 150}, "well above rest"),
        ({"max": {"soon": 190}}, "'soon', which is no day"),
        ({"zones": "115,135"}, "four heart rates"),
        ({"zones": [115, 135, 150]}, "four heart rates"),
        ({"zones": [115, 150, 135, 165]}, "four heart rates"),
        ({"zones": [115, 135, 150, "x"]}, "four heart rates"),
        ({"zones": 5}, "four heart rates"),
    ],
)
def test_what_cannot_be_is_refused(record, words):
    with pytest.raises(BadOption, match=words):
        parse_athlete(record)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(BadOption, match="cannot be read"):
        read_athlete_file(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{rest: 48}")
    with pytest.raises(BadOption, match="is no JSON"):
        read_athlete_file(tmp_path / "bad.json")
    (tmp_path / "odd.json").write_text('{"rest": 1}')
    with pytest.raises(BadOption, match=r"rest of .*odd.json is 1"):
        read_athlete_file(tmp_path / "odd.json")


def test_without_a_record_one_sentence_says_what_to_give(tmp_path):
    export, output = made.export(tmp_path / "export"), tmp_path / "x.png"
    for measure, words in (
        ("hrr", "say --rest 48 --max-heart-rate 190"),
        ("share(zone = 4)", "say --heart-rate-zones 115,135,150,165, or --max-heart-rate 190"),
    ):
        with pytest.raises(BadOption, match=words):
            heatlas.render(export, output=output, measure=measure)
        with pytest.raises(BadOption, match=words):
            heatlas.open(export).heat(measure)
        with pytest.raises(BadOption, match=words):
            heatlas.render(export, output=tmp_path / "x.gif", measure=measure)
        with pytest.raises(BadOption, match=words):
            heatlas.render(export, output=output, measure=measure, facet="sport")
        with pytest.raises(BadOption, match=words):
            heatlas.render(export, output=tmp_path / "x.html", measure=measure, zoom="10-12")
    (tmp_path / "me.json").write_text("{}")
    with pytest.raises(BadOption, match="--rest is for an athlete without --athlete FILE"):
        heatlas.render(export, output=output, measure="hrr", rest=48, athlete=str(tmp_path / "me.json"))


def test_pictures_by_short_options_and_by_a_file(tmp_path):
    export = made.export(tmp_path / "export")
    report = heatlas.render(export, output=tmp_path / "a.png", measure="hrr", rest=50, max_heart_rate=150, width=200)
    assert report["unit"] == "%"
    assert 69 < report["range"][0] < report["range"][1] < 111  # 120 to 160 beats
    (tmp_path / "me.json").write_text('{"rest": 50, "max": 150}')
    heatlas.render(export, output=tmp_path / "b.png", measure="hrr", athlete=tmp_path / "me.json", width=200)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    heat = heatlas.open(export).with_athlete({"zones": [125, 135, 145, 155]}).heat("share(zone = 3)")
    assert {0.0, 100.0} <= set(np.unique(heat.values[np.isfinite(heat.values)]).tolist())
    page = heatlas.render(
        export, output=tmp_path / "x.html", layers="zone,hrr", zoom="10-12", rest=50, max_heart_rate=150
    )
    assert page["layers"] == ["Mean heart rate zone", "Heart rate reserve"]


@pytest.mark.parametrize("measure", ["hrr", "max(hrr)", "zone", "share(zone >= 3)", "corr(pace, hrr)"])
def test_an_index_gives_what_tracing_gives(tmp_path, measure):
    tracks, wanted, athlete = walks(4, 12), parse_measure(measure), parse_athlete(RECORD)
    library = made_library(tmp_path / "lib.db", tracks)
    with pytest.raises(BadOption, match="needs to know of the athlete"):
        draw_from_index(library, window_over(tracks), wanted)
    assert set_athlete(library, athlete, whole=True) == athlete
    shown = Tracks((join(cut(tracks)),)).with_athlete(athlete).batches
    traced = draw(shown, window_over(tracks), wanted, 1)
    indexed = draw_from_index(library, window_over(tracks), wanted)
    assert traced.filled.any()
    np.testing.assert_array_equal(traced.planes["n"], indexed.planes["n"])
    if wanted.metric != "zone" and wanted.reduction != "share":  # a quarter of a beat may change the zone
        np.testing.assert_allclose(traced.values, indexed.values, atol=0.3)


def window_over(tracks):
    shown, scale = join(cut(tracks)), 256 * 2.0**13
    u, v = shown.u.mean(), shown.v.mean()
    return Window(scale, int(u * scale) // 256 * 256, int(v * scale) // 256 * 256, 256, 256)


def test_menus_offer_what_is_known(tmp_path):
    names = [name_of(measure) for measure in measures_of(["heart_rate"])]
    assert not {"heart_rate_reserve", "zone"} & set(names)
    library = made_library(tmp_path / "lib.db", walks(4, 6))
    for record, wanted in (
        ({"max": 190}, {"zone"}),
        ({"rest": 50}, {"heart_rate_reserve", "zone", "share(zone >= 4)"}),
    ):
        before = take(library).version
        set_athlete(library, parse_athlete(record), whole=False)
        view = open_view(library, False, shown_only=True, least=1, utc=False)
        names = {name_of(measure) for measure in measures_of_tracks(view, view.snapshot)}
        close(view)
        assert wanted <= names
        assert take(library).version != before
    export = made.export(tmp_path / "export")
    assert "zone" not in {measure["name"] for measure in heatlas.inspect(export)["measures"]}


def test_the_command_of_a_library(tmp_path):
    library, export = str(tmp_path / "lib.db"), str(made.export(tmp_path / "export"))

    def run(*words):
        return CliRunner().invoke(group, list(words), standalone_mode=False)

    assert run("import", export, "-l", library, "-q", "--rest", "50").exit_code == 0
    assert run("library", "athlete", "-l", library).stdout == '{"rest": 50.0}\n'
    known = run("library", "athlete", "-l", library, "--max-heart-rate", "190")
    assert json.loads(known.stdout) == {"rest": 50, "max": 190}
    assert heatlas.render(library, output=tmp_path / "x.png", measure="hrr", width=100)["range"][1] > 0
    other = heatlas.render(library, output=tmp_path / "x.png", measure="hrr", width=100, rest=100, max_heart_rate=190)
    assert other["range"][1] < 68
    with pytest.raises(BadOption, match="heatlas library athlete changes that"):
        heatlas.render(library, output=tmp_path / "tiles", measure="hrr", rest=50)
    tiles = {"output": tmp_path / "tiles", "measure": "hrr", "zoom": "10-11", "tone": "0:100"}
    written = [heatlas.render(library, **tiles)["tiles"]["written"] for _ in "ab"]
    run("library", "athlete", "-l", library, "--max-heart-rate", "180")
    written.append(heatlas.render(library, **tiles)["tiles"]["written"])
    assert [many > 0 for many in written] == [True, False, True]
    assert run("library", "athlete", "-l", library, "--forget").stdout == "nothing is known of the athlete\n"
    assert isinstance(run("library", "athlete", "-l", library, "--forget", "--rest", "50").exception, BadOption)
    (tmp_path / "points.csv").write_text("lat,lon\n1,2\n")
    for output in ("x.png", "x.html"):
        with pytest.raises(BadOption, match="--rest is for tracks"):
            heatlas.render(tmp_path / "points.csv", output=tmp_path / output, rest=48)
