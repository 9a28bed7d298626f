"""Copies of one activity are merged: in one rendering, in a library, in any order, and when one goes."""

from __future__ import annotations

import re
import sqlite3
from itertools import permutations

import numpy as np
import pytest
from library_made import older, rows
from made import gpx

from heatlas.core.batch import COLUMNS, Activity
from heatlas.library.care.checking import check
from heatlas.library.collection import tracks_of
from heatlas.library.file.opening import open_library
from heatlas.library.imports import import_sources
from heatlas.library.index.passages_at import passing
from heatlas.library.maintenance import remove
from heatlas.library.rows.merged import list_activities, select
from heatlas.sources import reading
from heatlas.sources.load import load
from heatlas.sources.merging import Copy, merge
from heatlas.sources.names import is_automatic
from heatlas.tiles.snapshot import take

START = 1_714_809_600.0
HEAD = "Activity ID,Activity Date,Activity Name,Activity Type,Commute,Activity Gear,Filename,Private"


def ride(n=400, seed=0):
    rng = np.random.default_rng(seed)
    heading = np.cumsum(rng.normal(0, 0.1, n))
    return 11 + np.cumsum(np.cos(heading)) * 8e-5, 47.5 + np.cumsum(np.sin(heading)) * 5.4e-5


def sources(folder, private="true"):
    """One ride four times: a Strava export, the watch's file, a phone's, and half of it; and another ride."""
    lon, lat = ride()
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 2e-5, (2, 1)) + rng.normal(0, 3e-6, (2, len(lon)))
    made = {
        "export/activities/77.gpx": gpx(lon, lat, START, kind="1", name="My E-bike commute"),
        "watch/1.gpx": gpx(lon, lat, START, heart_rate=np.full(len(lon), 140), kind="cycling", name="Berlin Cycling"),
        "phone/p.gpx": gpx(
            (lon + noise[0])[20:], (lat + noise[1])[20:], START + 20, kind="cycling", name="Evening Ride"
        ),
        "half/h.gpx": gpx(lon[:150], lat[:150], START, kind="running", name="Half"),
        "other/o.gpx": gpx(*ride(seed=3), START + 86_400 * 2, kind="cycling", name="Other"),
    }
    for name, data in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    row = f'77,"May 4, 2024, 8:00:00 AM",My E-bike commute,E-Bike Ride,true,Red bike,activities/77.gpx,{private}'
    (folder / "export" / "activities.csv").write_text(f"{HEAD}\n{row}\n")
    return [folder / name for name in ("export", "watch", "phone", "half", "other")]


def known(activities):
    return [(a.source.rpartition("/")[2], a.sport, a.name, a.gear, a.commute, a.private, a.id) for a in activities]


MERGED = [
    ("1.gpx", "EBikeRide", "My E-bike commute", "Red bike", True, True, "77"),
    ("o.gpx", "Ride", "Other", "", False, False, ""),
]


def public(library):
    return known(take(library, public=True).activities.values())


@pytest.fixture
def library(tmp_path):
    with open_library(tmp_path / "lib.db", create=True) as library:
        yield library


def test_one_reading_merges_whatever_the_order(tmp_path):
    paths = sources(tmp_path)
    for order in list(permutations(range(5)))[::17]:
        batches, report = load([paths[k] for k in order])
        assert known(a for b in batches for a in b.activities) == MERGED
        assert batches[0].columns["heart_rate"][0] == 140
        gave = {one.left_out.rpartition("/")[2]: one.merged for one in report.duplicates}
        assert {"commute", "gear", "name", "private", "sport"} <= set(gave.pop("77.gpx"))
        assert gave == {"p.gpx": (), "h.gpx": ()}
        assert report.dropped["activities found twice"] == 3


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 3, 0, 4, 1), (3, 1, 4, 2, 0)])
@pytest.mark.parametrize("parts", [(1, 1, 1, 1, 1), (2, 3), (5,)])
def test_a_library_merges_whatever_the_order_and_the_parts(tmp_path, library, order, parts):
    paths = sources(tmp_path)
    waiting = [paths[k] for k in order]
    for count in parts:
        import_sources(library, waiting[:count])
        waiting = waiting[count:]
    batches, report = load(paths)
    ours = tracks_of(library)
    assert ours.activities == [a for b in batches for a in b.activities]
    assert sorted(ours.report.duplicates) == sorted(report.duplicates)
    assert known(list_activities(library).values()) in (MERGED, MERGED[::-1])
    assert public(library) == MERGED[1:]
    assert check(library, None) == []


@pytest.mark.parametrize("columns", [(), ("power",), ("heart_rate",)])
def test_the_richest_is_the_same_whatever_is_drawn(tmp_path, columns):
    lon, lat = ride()
    (tmp_path / "a.gpx").write_bytes(gpx(lon.round(5), lat.round(5), START))
    (tmp_path / "b.gpx").write_bytes(gpx(lon, lat, START, heart_rate=np.full(len(lon), 140)))
    batches, report = load([tmp_path], columns)
    assert [a.source.rpartition("/")[2] for b in batches for a in b.activities] == ["b.gpx"]
    assert [one.left_out.rpartition("/")[2] for one in report.duplicates] == ["a.gpx"]


def test_what_is_asked_and_told_is_what_is_merged(tmp_path, library):
    import_sources(library, sources(tmp_path))
    lon, lat = ride()
    (found,) = passing(library, lat[200], lon[200], 30)
    assert known([found.activity]) == MERGED[:1]
    numbers = list_activities(library)
    for where in ("gear = 'Red bike'", "private = true", "sport = 'EBikeRide'"):
        assert [numbers[k].name for k in np.flatnonzero(select(library, where))] == ["My E-bike commute"]
    # Removing goes by the same: all copies go with what they are merged into, unless a file is named.
    assert select(library, "gear = 'Red bike'", copies=True).sum() == 4
    assert select(library, "source LIKE '%watch%'", copies=True).sum() == 1


def test_without_a_copy_the_rest_says_what_it_knows(tmp_path, library):
    paths = sources(tmp_path)
    import_sources(library, paths)
    before = rows(library)["passages"]
    with library.read() as link:
        numbers = {source.rpartition("/")[2]: k for k, source in link.execute("SELECT number, source FROM activities")}
    remove(library, [numbers["77.gpx"]])
    assert public(library) == [("1.gpx", "Ride", "Berlin Cycling", "", False, False, ""), MERGED[1]]
    assert check(library, None) == []
    import_sources(library, paths)
    assert public(library) == MERGED[1:]
    assert rows(library)["passages"] == before
    remove(library, [numbers["1.gpx"]])
    left = known(list_activities(library).values())
    assert sorted(one[1:] for one in left) == sorted(one[1:] for one in MERGED)
    assert public(library) == MERGED[1:]
    assert check(library, None) == []


def test_a_mark_that_comes_later_counts_at_once_and_goes_again(tmp_path, library):
    paths = sources(tmp_path, private="")
    import_sources(library, paths)
    version = take(library, public=True).version
    assert len(public(library)) == 2
    sources(tmp_path, private="true")
    import_sources(library, paths)
    assert public(library) == MERGED[1:]
    assert take(library, public=True).version != version
    sources(tmp_path, private="false")
    import_sources(library, paths)
    assert len(public(library)) == 2


def test_a_private_piece_of_two_makes_both_private(tmp_path, library):
    """Two halves that overlap too little to be one, and a private piece that belongs to either."""
    lon, lat = ride(400)
    for name, part in {"a": slice(0, 210), "b": slice(190, 400), "c": slice(192, 208)}.items():
        (tmp_path / f"{name}.gpx").write_bytes(gpx(lon[part], lat[part], START + part.start))
    table = "Activity ID,Filename,Private\n1,a.gpx,false\n2,b.gpx,false\n3,c.gpx,true\n"
    (tmp_path / "activities.csv").write_text(table)
    batches, _ = load([tmp_path])
    assert [a.private for b in batches for a in b.activities] == [True, True]
    import_sources(library, [tmp_path])
    assert public(library) == []
    assert len(list_activities(library)) == 2
    with library.read() as link:
        (piece,) = link.execute("SELECT number FROM activities WHERE source LIKE '%c.gpx'").fetchone()
    remove(library, [piece])
    assert len(public(library)) == 2


@pytest.mark.parametrize("first", ["a.gpx", "b.gpx"])
def test_a_library_finds_a_copy_without_times_that_is_cut(tmp_path, library, first):
    lon, lat = ride(900)
    (tmp_path / "a.gpx").write_bytes(gpx(lon, lat, START))
    points = "".join(f'<trkpt lat="{y:.6f}" lon="{x:.6f}"/>' for x, y in zip(lon[50:-60], lat[50:-60], strict=True))
    (tmp_path / "b.gpx").write_text(f"<gpx><trk><trkseg>{points}</trkseg></trk></gpx>")
    for name in (first, "b.gpx" if first == "a.gpx" else "a.gpx"):
        import_sources(library, [tmp_path / name])
    shown = [activity.source for activity in list_activities(library).values()]
    assert [source.rpartition("/")[2] for source in shown] == ["a.gpx"]
    assert len(load([tmp_path])[1].duplicates) == 1
    assert check(library, None) == []


def test_an_older_library_shows_no_private_copy(tmp_path):
    """What was written before copies were merged: the private one is in the file, hidden by a richer one."""
    path = tmp_path / "old.db"
    with open_library(tmp_path / "new.db", create=True) as library:
        import_sources(library, sources(tmp_path))
    older(path, tmp_path / "new.db", 2)
    link = sqlite3.connect(path)
    # Nor had it found the phone: that was shown as well.
    link.execute("UPDATE activities SET same_as = NULL WHERE source LIKE '%p.gpx'")
    link.commit()
    link.close()
    with open_library(path) as library:
        open_to_all = [row[0] for row in known(list_activities(library).values()) if not row[5]]
        assert sorted(open_to_all) == ["o.gpx", "p.gpx"]
        assert public(library) == MERGED[1:]
        import_sources(library, [tmp_path / "other"])
        assert public(library) == MERGED[1:]
        assert known(list_activities(library).values()) in (MERGED, MERGED[::-1])


def voice(**said):
    return Activity(**{"source": "a.gpx", **said})


@pytest.mark.parametrize(
    ("shown", "copy", "sport"),
    [
        ("Run", "TrailRun", "TrailRun"),
        ("Unknown", "Run", "Run"),
        ("TrailRun", "Run", "TrailRun"),
        ("Run", "Ride", "Run"),
        ("Workout", "Kayaking", "Kayaking"),
        ("Multisport", "Ride", "Multisport"),
    ],
)
def test_the_more_special_sport_of_one_kind_is_taken(shown, copy, sport):
    assert merge(voice(sport=shown), [Copy(voice(sport=copy))]).activity.sport == sport


def test_a_table_is_believed_but_for_a_more_special_sport():
    table = voice(sport="Ride", distance=10.0, told=("distance", "sport"), extra={"calories": 5})
    found = merge(voice(sport="Run", distance=12.0, extra={"calories": 7, "temperature": 20}), [Copy(table)])
    assert (found.activity.sport, found.activity.distance) == ("Ride", 10.0)
    assert found.given == (("distance", "sport"),)
    found = merge(voice(sport="GravelRide", distance=12.0), [Copy(table)])
    assert found.activity.sport == "GravelRide"


def test_a_piece_gives_its_privacy_alone():
    piece = voice(sport="Run", name="Home", gear="shoes", commute=True, private=True, extra={"a": 1})
    found = merge(voice(), [Copy(piece, whole=False)])
    assert found.activity == voice(private=True)
    assert found.given == (("private",),)


@pytest.mark.parametrize(
    "name",
    ["", "Morning Run", "Afternoon E-Bike Ride", "Lauf am Morgen", "Course à pied le matin", "Berlin Running",
     "Track 12", "2024-05-04 08:00", "New York City Cycling", "a", "Running", "Sortie à vélo dans l'après-midi"],
)  # fmt: skip
def test_names_that_nobody_gave(name):
    assert is_automatic(name, "x/a.gpx")


@pytest.mark.parametrize(
    "name", ["My E-bike commute", "To the lake with Anna", "Parkrun #7", "10 x 400 m", "Boston Marathon"]
)
def test_names_that_somebody_gave(name):
    assert not is_automatic(name, "x/a.gpx")


@pytest.mark.parametrize("columns", [(), COLUMNS])
def test_a_file_of_many_tracks_is_read_once(tmp_path, monkeypatch, columns):
    """Which of two copies is richer needs all columns: they are counted while a file of many tracks is read."""
    way = 11 + np.arange(30) * 1e-4
    track = re.compile(rb"<trk>.*</trk>", re.DOTALL)
    days = [gpx(way, 0 * way + 47.5 + k, START + 86_400 * k, kind="cycling") for k in range(4)]
    heart = gpx(way, 0 * way + 47.5, START, heart_rate=np.full(30, 140), kind="1")
    several = [track.search(each)[0] for each in (*days, heart)]
    (tmp_path / "all.gpx").write_bytes(track.sub(b"".join(several), days[0]))
    read = []
    plain = reading.read_recordings
    monkeypatch.setattr(reading, "read_recordings", lambda *given: (read.append(given[0]), plain(*given))[1])
    for most, times in ((64, 1 if columns else 2), (2, 1)):
        monkeypatch.setattr(reading, "_SEVERAL", most)
        batches, report = load([tmp_path / "all.gpx"], columns)
        assert next(activity.sport for batch in batches for activity in batch.activities) == "Ride"
        assert report.dropped["activities found twice"] == 1
        assert len(read) == times
        read.clear()
