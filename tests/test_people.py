"""Whose activities are: said when they are read, kept by libraries of any age, asked for by filters and zones."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from library_made import SECRET, cut, made, put, rows, step_back, walks

from heatlas.api import open_sources
from heatlas.core.errors import BadOption
from heatlas.core.window import Window
from heatlas.library.care.checking import check
from heatlas.library.care.repair import repair
from heatlas.library.file.opening import open_library
from heatlas.library.file.settings import Settings, privacy_of, read_settings
from heatlas.library.index.drawing import draw
from heatlas.library.index.passages_at import passing
from heatlas.library.maintenance import set_person
from heatlas.library.manage import import_into
from heatlas.library.manage.reading import library_tracks
from heatlas.library.rows.merged import list_activities, select
from heatlas.library.zones import add_zone, list_zones
from heatlas.options import TableOptions
from heatlas.raster.draw_tracks import draw as draw_tracks
from heatlas.raster.measure import parse_measure
from heatlas.sources.load import load
from heatlas.sources.people import FOLDER, Whose
from heatlas.sources.tables import open_table
from heatlas.sources.tables.tracks.reader import recordings_of

FEW = Settings(zooms=(10, 13))


@pytest.fixture(autouse=True)
def secret(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("config")
    (folder / "secret").write_text(SECRET.hex())
    monkeypatch.setenv("HEATLAS_CONFIG", str(folder))


def whose(track, person):
    return replace(track, activities=tuple(replace(one, person=person) for one in track.activities))


def gpx(path, east=0.0):
    """A track of 40 fixes, each 10 s and some 11 m after the last."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fix = '<trkpt lat="{:.4f}" lon="{:.4f}"><time>2024-05-01T08:{:02}:{:02}Z</time></trkpt>'
    fixes = "".join(fix.format(47.8 + 1e-4 * k, 10.9 + east, k // 6, k % 6 * 10) for k in range(40))
    path.write_text(f"<gpx><trk><trkseg>{fixes}</trkseg></trk></gpx>")
    return path


def people(library):
    with open_library(library) as opened:
        return sorted(one.person for one in list_activities(opened).values())


def test_the_folder_of_a_file_says_whose_it_is():
    whose_they_are = Whose(FOLDER, ("club", "a/b"))
    names = {
        "club/anna/activities/1.gpx": "anna", "club/bob.zip/1.gpx": "bob", "club/Eve.TAR.GZ/x/1.fit": "Eve",
        "club/1.gpx": "", "elsewhere/anna/1.gpx": "", "a/b/carl/1.gpx": "carl", "clubs/anna/1.gpx": "",
    }  # fmt: skip
    assert {name: whose_they_are.person(name) for name in names} == names
    assert Whose(FOLDER, (".",)).person("./anna/1.gpx") == "anna"
    assert Whose("anna").person("anything") == "anna"


def test_side_by_side_is_no_copy_where_people_differ(tmp_path):
    for name in ("anna", "bob"):
        gpx(tmp_path / "club" / name / "1.gpx")
    assert load([tmp_path / "club"])[0][0].activities[0].person == ""
    assert len(load([tmp_path / "club"])[1].duplicates) == 1
    found, report = load([tmp_path / "club"], person=FOLDER)
    assert sorted(one.person for batch in found for one in batch.activities) == ["anna", "bob"]
    assert not report.duplicates
    # What is nobody's may be either's copy, but never makes one activity of two people's.
    gpx(tmp_path / "club" / "1.gpx")
    found, report = load([tmp_path / "club"], person=FOLDER)
    assert sorted(one.person for batch in found for one in batch.activities) == ["anna", "bob"]
    assert len(report.duplicates) == 1
    assert [text for _, text in report.warnings] == ["lies in no folder of a person: it is nobody's"]


def test_an_import_says_whose_files_are_and_a_later_one_leaves_it(tmp_path):
    path = tmp_path / "a.db"
    file = gpx(tmp_path / "in" / "1.gpx")
    other = gpx(tmp_path / "in" / "2.gpx", 0.1)
    import_into(path, tmp_path / "in", person="anna")
    assert people(path) == ["anna", "anna"]
    file.write_text(file.read_text().replace("<trkseg>", "<trkseg>\n"))
    import_into(path, tmp_path / "in")
    assert people(path) == ["anna", "anna"]  # read again, and still Anna's
    assert import_into(path, other, person="bob")["files"]["read"] == 1
    assert people(path) == ["anna", "bob"]
    assert import_into(path, other, person="bob")["files"]["read"] == 0
    with open_library(path) as library:
        assert check(library, None) == []
        assert select(library, "person = 'bob'").sum() == 1
        assert select(library, "person <> 'bob'").sum() == 1
    with pytest.raises(BadOption, match="holds what was read"):
        open_sources(path, person="anna")


def table(**columns):
    n = 6
    fixes = {"trip": ["a"] * 3 + ["b"] * 3, "lat": 47.8 + 1e-3 * np.arange(n), "lon": [10.9] * n}
    return open_table(pa.table({**fixes, **columns}))


@pytest.mark.parametrize(
    ("columns", "said", "expected"),
    [
        ({"rider": ["x"] * 3 + ["y"] * 3}, "rider", ["x", "y"]),
        ({"Rider ID": [7] * 3 + [8] * 3}, "rider_id", ["7", "8"]),
        ({"person": ["x"] * 6}, None, ["x", "x"]),
        ({"rider": ["x"] * 3 + ["y", "z", "y"]}, "rider", ["x", ""]),
        ({}, "trip", ["a", "b"]),
        ({}, "anna", ["anna", "anna"]),
        ({"name": ["x"] * 3 + ["y"] * 3}, "name", ["x", "y"]),
        ({"rider": ["x"] * 6}, None, ["", ""]),
    ],
)
def test_a_column_says_whose_tracks_are(columns, said, expected):
    held = table(**columns)
    found = list(recordings_of(held, TableOptions(track="trip"), "t", (), (), person=said))
    assert [recording.activity.person for recording in found] == expected
    assert bool(held.warnings) == (said == "anna" or ("" in expected[1:] and said is not None))


@pytest.mark.parametrize(
    ("said", "words"), [("ridr", "did you mean 'rider'"), (FOLDER, "name its column"), ("rider", "no track has one")]
)
def test_a_column_that_cannot_say_it_is_refused(said, words):
    held = table(rider=[*"xyxyxy"])
    with pytest.raises(BadOption, match=words):
        list(recordings_of(held, TableOptions(track="trip"), "t", person=said))


def test_persons_are_kept_and_change_as_one_says(tmp_path):
    tracks = [whose(track, person) for track, person in zip(walks(3, 6), "aabbc ", strict=True)]
    tracks[5] = whose(tracks[5], "")
    with made(tmp_path / "a.db", tracks, settings=FEW) as library:
        assert [one.person for one in list_activities(library).values()] == ["a", "a", "b", "b", "c", ""]
        assert set_person(library, [1, 2, 3], "c") == (3, 3)
        assert [one.person for one in list_activities(library).values()] == ["c", "c", "c", "b", "c", ""]
        assert check(library, None) == []
        assert set_person(library, [1, 2], "a") == (2, 2)
        assert set_person(library, [3], "b") == (1, 1)
        assert check(library, None) == []


def test_two_people_s_copies_part_when_it_is_said(tmp_path):
    track = walks(4, 1)[0]
    twin = replace(track, activities=(replace(track.activities[0], source="twin"),))
    with made(tmp_path / "a.db", [track, twin], settings=FEW) as library:
        assert len(list_activities(library)) == 1
        set_person(library, [1], "a")
        assert [one.person for one in list_activities(library).values()] == ["a"]
        set_person(library, [2], "b")
        assert sorted(one.person for one in list_activities(library).values()) == ["a", "b"]
        assert check(library, None) == []
        set_person(library, [2], "a")
        assert [one.person for one in list_activities(library).values()] == ["a"]
        assert check(library, None) == []


def without_persons(path):
    """Make a library as it was before there were persons."""
    link = sqlite3.connect(path)
    step_back(link, 8)
    link.commit()
    link.close()


def test_a_library_of_today_opens_as_before_and_learns_persons_by_a_write(tmp_path):
    path = tmp_path / "a.db"
    tracks = walks(5, 4)
    with made(path, tracks[:3], settings=FEW) as library:
        add_zone(library, "home", 47.8, 10.9, 100)
        expected = list_activities(library), list_zones(library), rows(library)["passages"]
    without_persons(path)
    data = path.read_bytes()
    with open_library(path) as library:
        assert (list_activities(library), list_zones(library), rows(library)["passages"]) == expected
        assert check(library) == []
    assert path.read_bytes() == data
    link = sqlite3.connect(path)  # a damaged row of before is read from its copy, and healed when it is written
    link.execute("UPDATE activities SET name = 'x' WHERE number = 1")
    link.commit()
    link.close()
    with open_library(path) as library:
        assert list_activities(library) == expected[0]
        put(library, [whose(tracks[3], "anna")])
        set_person(library, [2], "bob")
        assert [one.person for one in list_activities(library).values()] == ["", "bob", "", "anna"]
        assert check(library, None) == []
    link = sqlite3.connect(path)
    link.execute("UPDATE activities SET person = 'eve' WHERE number = 2")
    link.commit()
    link.close()
    with open_library(path) as library:
        assert [one.person for one in list_activities(library).values()] == ["", "bob", "", "anna"]
        assert check(library) != []
    assert repair(path).done.activities == 4
    assert people(path) == ["", "", "anna", "bob"]


def test_a_zone_of_a_person_hides_theirs_and_nobodys_alone(tmp_path):
    tracks = [whose(track, person) for track, person in zip(walks(6, 3), ("anna", "bob", ""), strict=True)]
    tracks = [replace(track, time=tracks[0].time + 1e6 * k) for k, track in enumerate(tracks)]
    with made(tmp_path / "a.db", tracks, settings=FEW) as library:
        whole = [draw_tracks([track], view(track), parse_measure("fixes")).total.sum() for track in tracks]
        add_zone(library, "home", 47.8, 10.9, 60, "anna")
        with library.read() as connection:
            privacy = privacy_of(connection, read_settings(connection))[0]
        shown = cut(tracks, privacy)
        assert [track.fixes < n for track, n in zip(shown, whole, strict=True)] == [True, False, True]
        window = view(tracks[0])
        joined = draw_tracks(shown, window, parse_measure("passes"))
        assert np.array_equal(draw(library, window, parse_measure("passes")).total, joined.total)
        assert check(library, None) == []
        assert list_zones(library)["home"].person == "anna"
        set_person(library, [2], "anna")
        assert draw(library, window, parse_measure("passes")).total.sum() < joined.total.sum()
        assert check(library, None) == []


@pytest.mark.parametrize("richer", ["", "anna"])
def test_a_copy_that_says_whose_a_track_is_takes_no_zone_away(tmp_path, richer):
    """Pictures, lists of who passed and the index cut alike; they hide what would be hidden without the copy."""
    (track,) = walks(6, 1)
    poor = replace(whose(track, "anna" if richer == "" else ""), columns={})
    poor = replace(poor, activities=(replace(poor.activities[0], source="phone"),))
    with made(tmp_path / "a.db", [whose(track, richer), poor], settings=FEW) as library:
        whole = draw(library, view(track), parse_measure("fixes")).total.sum()
        add_zone(library, "home", 47.8, 10.9, 60, "bob")
        assert {one.person for one in list_activities(library).values()} == {"anna"}
        held = draw(library, view(track), parse_measure("fixes")).total
        circle = passing(library, 47.8, 10.9, 60.0)
    shown = library_tracks(tmp_path / "a.db", ())
    drawn = draw_tracks(shown.batches, view(track), parse_measure("fixes")).total
    assert np.array_equal(held, drawn)
    assert (held.sum() < whole) == (not circle) == (richer == "")


def view(track):
    scale = 256.0 * 2**13
    x, y = int(track.u[0] * scale), int(track.v[0] * scale)
    return Window(scale, x - 1000, y - 1000, 2000, 2000)
