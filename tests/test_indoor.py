"""An indoor ride is no recording of a place, whichever format, table or attribute says that it was one."""

from __future__ import annotations

import numpy as np
import pytest
from fit_bytes import NOW, UINT16, file_id, fit, record, session
from made import export, gpx, straight

import heatlas
from heatlas.core.batch import Activity
from heatlas.sources.formats.fit.sports import sport_word
from heatlas.sources.indoor import INDOORS, is_indoors
from heatlas.sources.sniff import kind
from heatlas.sources.sports import VIRTUAL, sport_name

INDOOR_SUBS = {
    1: "treadmill", 5: "spin", 6: "indoor_cycling", 14: "indoor_rowing", 25: "indoor_skiing", 27: "indoor_walking",
    45: "indoor_running", 58: "virtual_activity", 86: "indoor_wheelchair_walk", 87: "indoor_wheelchair_run",
    88: "indoor_hand_cycling",
}  # fmt: skip
"""Names of the FIT profile."""
SPORTS = {0: "generic", 1: "running", 2: "cycling", 4: "fitness_equipment", 11: "walking", 15: "rowing"}


def records(n=200, lat=46.5):
    lon, north = straight(3.0 * n, lat=lat)
    return [record(NOW + k, y, x) for k, (x, y) in enumerate(zip(lon, north, strict=True))]


def tcx(sport: str, creator: str = "Garmin Forerunner 945") -> bytes:
    lon, lat = straight(300)
    points = "".join(
        f"<Trackpoint><Time>2024-05-04T08:{k // 60:02d}:{k % 60:02d}Z</Time><Position><LatitudeDegrees>{y}"
        f"</LatitudeDegrees><LongitudeDegrees>{x}</LongitudeDegrees></Position></Trackpoint>"
        for k, (x, y) in enumerate(zip(lon, lat, strict=True))
    )
    return (
        f"<TrainingCenterDatabase><Activities><Activity Sport='{sport}'><Lap><Track>{points}</Track></Lap>"
        f"<Creator><Name>{creator}</Name></Creator></Activity></Activities></TrainingCenterDatabase>"
    ).encode()


def verdict(path) -> str:
    tracks = heatlas.open(path)
    assert len(tracks) + tracks.report.dropped[INDOORS] == 1
    return "mapped" if len(tracks) else "indoors"


@pytest.mark.parametrize("sub", INDOOR_SUBS)
@pytest.mark.parametrize("sport", SPORTS)
def test_formats_agree_on_what_is_indoors(sport, sub):
    word = sport_word(sport, sub)
    assert word in VIRTUAL
    for text in (f"{SPORTS[sport]}/{INDOOR_SUBS[sub]}", INDOOR_SUBS[sub]):
        assert sport_name(text) in VIRTUAL, text
    if sport in {1, 2, 15}:
        assert sport_name(f"{SPORTS[sport]}/{INDOOR_SUBS[sub]}") == word


@pytest.mark.parametrize("sub", [6, 5, 1, 58, 14])
def test_fit_with_a_moving_track_is_not_mapped(tmp_path, sub):
    (tmp_path / "a.fit").write_bytes(fit(file_id(4, (1, UINT16, 1)), *records(), session(NOW, 2, sub)))
    assert verdict(tmp_path / "a.fit") == "indoors"


@pytest.mark.parametrize("sub", [0, 7, 8, 17, 18, 46])
def test_fit_of_other_kinds_is(tmp_path, sub):
    (tmp_path / "a.fit").write_bytes(fit(file_id(4, (1, UINT16, 1)), *records(), session(NOW, 2, sub)))
    assert verdict(tmp_path / "a.fit") == "mapped"


@pytest.mark.parametrize("maker", [67, 73, 89, 121, 260, 281, 282, 284, 331])
def test_what_a_game_or_a_trainer_made(tmp_path, maker):
    (tmp_path / "a.fit").write_bytes(fit(file_id(4, (1, UINT16, maker)), *records(), session(NOW, 2)))
    assert verdict(tmp_path / "a.fit") == "indoors"


@pytest.mark.parametrize(("kind", "found"), [
    ("indoor_cycling", "indoors"), ("Indoor Cycling", "indoors"), ("VirtualRide", "indoors"), ("17", "indoors"),
    ("treadmill_running", "indoors"), ("indoor_walking", "indoors"), ("Treadmill Walk", "indoors"),
    ("trainer", "indoors"), ("Home Trainer", "indoors"), ("indoor_rowing", "indoors"), ("virtual hike", "indoors"),
    ("indoor hand cycling", "indoors"), ("virtual something", "indoors"), ("cycling/indoor_cycling", "indoors"),
    ("lap_swimming", "mapped"), ("indoor climbing", "mapped"), ("indoor soccer", "mapped"), ("cycling", "mapped"),
    ("elliptical trainer", "mapped"), ("trail", "mapped"),
])  # fmt: skip
def test_types_of_gpx_and_tcx(tmp_path, kind, found):
    (tmp_path / "a.gpx").write_bytes(gpx(*straight(), kind=kind))
    assert verdict(tmp_path / "a.gpx") == found
    (tmp_path / "a.tcx").write_bytes(tcx(kind))
    assert verdict(tmp_path / "a.tcx") == found


def test_a_program_that_knows_nothing_else(tmp_path):
    (tmp_path / "a.gpx").write_bytes(gpx(*straight(), kind="cycling").replace(b'creator="made"', b'creator="Zwift"'))
    assert verdict(tmp_path / "a.gpx") == "indoors"
    (tmp_path / "a.tcx").write_bytes(tcx("Biking", "TACX Training"))
    assert verdict(tmp_path / "a.tcx") == "indoors"


def test_either_the_file_or_the_table_may_say_it(tmp_path):
    folder = export(tmp_path / "e")
    plain = heatlas.open(folder)
    ride = folder / "activities" / "3.gpx"  # the table says Ride, as Strava does of rides on a trainer
    ride.write_bytes(ride.read_bytes().replace(b"<type>cycling</type>", b"<type>indoor_cycling</type>"))
    changed = heatlas.open(folder)
    assert len(changed) == len(plain) - 1
    assert changed.report.dropped[INDOORS] == plain.report.dropped[INDOORS] + 1


@pytest.mark.parametrize(("extra", "indoors"), [
    ({"trainer": True}, True), ({"trainer": 1}, True), ({"indoor": 1.0}, True), ({"trainer": False}, False),
    ({"trainer": "Kickr"}, False), ({"indoor": None}, False), ({}, False),
])  # fmt: skip
def test_attributes(extra, indoors):
    assert is_indoors(Activity(source="a", sport="Ride", extra=extra)) is indoors


def test_a_triathlon_is_read_leg_by_leg(tmp_path):
    legs = [(5, 18, 300), (3, 0, 40), (2, 0, 900), (3, 0, 40), (1, 0, 600)]
    messages, sessions, start, east = [file_id()], [], NOW, 0.0
    for sport, sub, seconds in legs:
        speed = {5: 1.2, 3: 1.0, 2: 8.0, 1: 3.0}[sport]
        sessions.append(session(start, sport, sub))
        for k in range(seconds):
            messages.append(record(start + k, 47.8, 10.9 + east / 74900))
            east += speed
        start += seconds
    (tmp_path / "a.fit").write_bytes(fit(*messages, *sessions))
    tracks = heatlas.open(tmp_path / "a.fit")
    assert [activity.sport for activity in tracks.activities] == ["Swim", "Transition", "Ride", "Transition", "Run"]
    fixes = np.diff(np.concatenate([batch.segments[batch.tracks] for batch in tracks.batches]))
    assert fixes.tolist() == [seconds for *_, seconds in legs]


@pytest.mark.parametrize("name", ["fit/indoor_sub6_garmin.fit", "indoor/indoor_cycling.gpx"])
def test_what_people_bring(shared_data, name):
    path = shared_data.parent / "field" / name
    if not path.exists():
        pytest.skip("not there")
    assert verdict(path) == "indoors"


@pytest.mark.parametrize(("log", "told"), [
    (b"$GPRMC,080000,A,4730.0000,N,01100.0000,E,5.0,60.0,040524,,*00\n" * 3, "nmea"),
    (b'2024-05-04T08:00:00Z\t*           \t{"_type": "location", "lat": 47.5, "lon": 11.0}\n' * 3, "owntracks-rec"),
])  # fmt: skip
def test_logs_with_commas_are_no_tables(log, told):
    assert kind(log) == told
