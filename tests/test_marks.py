"""Marks of a library are those of its tracks, whatever was done to it; suggestions of zones read no track again."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from library_made import SECRET, made, older, put, rows, step_back, walks
from made import export, gpx, straight

from heatlas.core.context import NOBODY
from heatlas.core.mercator import to_lonlat
from heatlas.library.care.checking import check
from heatlas.library.care.repair import repair
from heatlas.library.file.opening import open_library
from heatlas.library.file.schema import MIGRATIONS
from heatlas.library.file.settings import Settings
from heatlas.library.imports import import_sources
from heatlas.library.maintenance import compact, reindex, remove, set_person
from heatlas.library.rows import marks
from heatlas.library.rows.activities import read_activities
from heatlas.library.rows.marks import read_marks, stored_marks
from heatlas.library.rows.tracks import sound_tracks
from heatlas.library.zone_suggestions import open_places
from heatlas.library.zones import add_zone
from heatlas.tracks.privacy.frequented import find_open, marks_of

FEW = Settings(zooms=(10, 12))


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "secret").write_text(SECRET.hex())
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "config"))


def standing(seed, count):
    """Walks that all begin at one place, and stand still there and somewhere on their ways."""
    found = []
    for k, track in enumerate(walks(seed, count)):
        time = track.time + np.where(np.arange(track.fixes) > 40 + k, 900.0, 0.0) + (np.arange(track.fixes) > 0) * 300.0
        found.append(replace(track, time=time, u=track.u - track.u[0] + 0.53, v=track.v - track.v[0] + 0.35))
    return found


def anew(library):
    """Marks of all that is shown, from whole tracks, as they were found before they were stored."""
    with library.read() as link:
        return marks_of(track for _, track in sound_tracks(link, read_activities(link, shown=True), ()))


def parts(found):
    return [array.tobytes() for array in (found.ends, found.ends_of, found.stops, found.stops_of)]


def held(library):
    """Whether each activity, copies too, has the marks of its track, and reading gives what tracks give."""
    with library.read() as link:
        activities = read_activities(link)
        stored = stored_marks(link)
        whole = {k: marks.encoded_marks(track) for k, track in sound_tracks(link, activities, ())}
        read = read_marks(link, read_activities(link, shown=True))
    return bool(stored) and stored == whole and parts(read) == parts(anew(library))


@pytest.fixture
def unread(monkeypatch):
    """Make it an error to read a track for its marks."""

    def refuse(link, activities, columns):
        assert not activities
        return iter(())

    return lambda: monkeypatch.setattr(marks, "sound_tracks", refuse)


def test_tracks_here_stop(tmp_path):
    with made(tmp_path / "a.db", standing(1, 6), settings=FEW) as library:
        found = anew(library)
        assert len(found.ends) == 12
        assert len(np.unique(found.stops_of)) >= 4
        assert max(place.activities for place in open_places(library)) == 6


def test_marks_follow_every_edit(tmp_path):
    tracks = standing(1, 12)
    with made(tmp_path / "a.db", tracks[:9], settings=FEW) as library:
        assert held(library)
        lon, lat = to_lonlat(tracks[0].u[0], tracks[0].v[0])
        for change in (
            lambda: add_zone(library, "home", float(lat), float(lon), 200.0),
            lambda: reindex(library, clip_ends=100.0),
            lambda: set_person(library, [2, 3], "anna"),
            lambda: put(library, tracks[7:]),  # two of them copies
            lambda: remove(library, [8, 1]),  # of which one had a copy
            lambda: compact(library),
            lambda: reindex(library),
            lambda: remove(library, [10, 4]),
        ):
            change()
            assert held(library)
        assert check(library, None) == []
        remove(library, [k for k, *_ in rows(library)["activities"]])
        with library.read() as link:
            assert stored_marks(link) == {}
            assert link.execute("SELECT count(*) FROM digests WHERE part = 8").fetchone() == (0,)


def test_a_file_that_has_changed_gets_other_marks(tmp_path):
    folder = export(tmp_path / "export")
    with open_library(tmp_path / "a.db", create=True) as library:
        import_sources(library, [folder])
        before = rows(library)["activities"]
        assert held(library)
        file = min((folder / "activities").glob("*.gpx"))
        file.write_bytes(gpx(*straight(300), start=1.8e9))
        import_sources(library, [folder])
        assert rows(library)["activities"] != before
        assert held(library)


def test_places_are_found_without_reading_tracks(tmp_path, unread):
    with made(tmp_path / "a.db", standing(2, 8), settings=FEW) as library:
        expected = find_open(anew(library), {}, lambda *circle: True)
        unread()
        assert open_places(library) == expected


@pytest.mark.parametrize("step", [6, 7, 8, 10])
def test_a_library_of_before_gets_its_marks_by_its_next_write(tmp_path, step, unread):
    tracks = standing(3, 9)
    with made(tmp_path / "new.db", tracks[:7], settings=FEW) as library:
        expected = open_places(library)
        assert expected
    path = tmp_path / "a.db"
    if step < 7:
        older(path, tmp_path / "new.db", step)
    else:
        shutil.copyfile(tmp_path / "new.db", path)
        with closing(sqlite3.connect(path)) as link:
            step_back(link, step)
            link.commit()
    with open_library(path) as library:
        assert open_places(library) == expected  # from tracks: reading does not write
        assert check(library, None) == []
        with library.read() as link:
            assert link.execute("PRAGMA user_version").fetchone() == (step,)
        put(library, tracks[7:])
        assert held(library)
        assert check(library, None) == []
        with made(tmp_path / "whole.db", tracks, settings=FEW) as whole:
            expected = open_places(whole)
        unread()
        assert open_places(library) == expected


def test_a_step_that_is_interrupted_leaves_the_library_of_before(tmp_path, monkeypatch):
    path = tmp_path / "a.db"
    made(path, standing(4, 5), settings=FEW).close()
    with closing(sqlite3.connect(path)) as link:
        step_back(link, 10)
        link.commit()
    real, done = marks.write_marks, []

    def stopped(link, number, batch):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(number)
        real(link, number, batch)

    with open_library(path) as library:
        expected = open_places(library)
        with monkeypatch.context() as patch:
            patch.setattr(marks, "write_marks", stopped)
            with pytest.raises(KeyboardInterrupt):
                library.update(NOBODY)
        with library.read() as link:
            assert link.execute("PRAGMA user_version").fetchone() == (10,)
            assert stored_marks(link) == {}
        assert open_places(library) == expected
        library.update(NOBODY)
        with library.read() as link:
            assert link.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert held(library)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE activity_marks SET data = zeroblob(length(data)) WHERE number = 2",
        "UPDATE activity_marks SET data = x'0102' WHERE number IN (1, 5)",
        "DELETE FROM activity_marks WHERE number = 3",
        "UPDATE digests SET digest = x'0000000000000000' WHERE part = 8 AND key = 4",
    ],
)
def test_damaged_marks_are_found_anew_named_and_repaired(tmp_path, damage):
    path = tmp_path / "a.db"
    with made(path, standing(5, 6), settings=FEW) as library:
        expected, kept = parts(anew(library)), rows(library)
        places = open_places(library)
    with closing(sqlite3.connect(path)) as link:
        link.execute(damage)
        link.commit()
    with open_library(path) as library:
        with library.read() as link:
            assert parts(read_marks(link, read_activities(link, shown=True))) == expected
        assert open_places(library) == places
        assert "the marks of activity" in " ".join(check(library))
        put(library, standing(6, 1))  # which goes on
        remove(library, [7])
    done = repair(path).done
    assert (done.tiles, done.set_aside) == (0, [])
    with open_library(path) as library:
        assert held(library)
        assert check(library, None) == []
        assert {**rows(library), "files": kept["files"]} == kept


def test_marks_that_are_not_those_of_the_track_are_a_fault(tmp_path):
    with made(tmp_path / "a.db", standing(7, 3), settings=FEW) as library:
        with library.write() as link:
            link.execute("UPDATE activity_marks SET data = x'' WHERE number = 2")
        assert check(library, None) == ["the marks of activity 2 are not those of its track"]


def test_a_damaged_track_leaves_the_others(tmp_path):
    path = tmp_path / "a.db"
    made(path, standing(8, 7), settings=FEW).close()
    with closing(sqlite3.connect(path)) as link:
        step_back(link, 10)
        link.execute("UPDATE tracks SET data = x'0000000001' WHERE key = 3 * 64")
        link.commit()
    with open_library(path) as library:
        expected = parts(anew(library))
        library.update(NOBODY)
        with library.read() as link:
            assert sorted(stored_marks(link)) == [1, 2, 4, 5, 6, 7]
            assert len(read_marks(link, read_activities(link, shown=True)).ends) * 16 == len(expected[0])
        assert [place.activities for place in open_places(library)][:1] == [6]
