"""Location histories of Google: trips are tracks, visits are none, and one way counts once."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile

import numpy as np
import pytest
from format_samples import moment
from hypothesis import given
from hypothesis import strategies as st

import heatlas
from heatlas.core.errors import Unreadable
from heatlas.kernels.records import FIELDS, PADDING, SHORTEST, scan_records, word_code
from heatlas.library.file.opening import open_library
from heatlas.library.maintenance import unindex
from heatlas.library.manage import import_into
from heatlas.sources import containers, found_files
from heatlas.sources.accuracy import INACCURATE
from heatlas.sources.archive import Entry, entries
from heatlas.sources.blobs import Distant
from heatlas.sources.formats.google import records as google_records
from heatlas.sources.formats.google.months import read_month
from heatlas.sources.formats.google.records import LAY_STILL, UNTIMED, read_records
from heatlas.sources.formats.google.stays import ENDS_ONLY, VISITED, degrees_e7, place, sport_of
from heatlas.sources.formats.google.stays import moment as seconds
from heatlas.sources.formats.google.timeline import read_timeline
from heatlas.sources.formats.json_lists import JsonLists
from heatlas.sources.sniff import kind

T = 1_714_809_600.0  # 2024-05-04T08:00:00Z


def way(count=20, step=10.0, start=T, lat=47.5, lon=11.0):
    """Times, latitudes and longitudes of a way to the north-east, 15 m a step."""
    k = np.arange(count)
    return [(start + step * i, round(lat + 1e-4 * i, 7), round(lon + 1e-4 * i, 7)) for i in k.tolist()]


def path_of(points, mark="°"):
    return [{"point": f"{lat:.7f}{mark}, {lon:.7f}{mark}", "time": moment(t, "+00:00")} for t, lat, lon in points]


def segment(start, end, **what):
    return {"startTime": moment(start), "endTime": moment(end), **what}


def activity(start, end, points, kind="WALKING", **more):
    (_, a, b), (_, c, d) = points[0], points[-1]
    best = {"type": kind, "probability": 0.8}
    what = {"start": {"latLng": f"{a}°, {b}°"}, "end": {"latLng": f"{c}°, {d}°"}, "topCandidate": best, **more}
    return segment(start, end, activity=what)


def timeline(segments, raw=()):
    return json.dumps({"semanticSegments": list(segments), "rawSignals": list(raw), "userLocationProfile": {}}).encode()


def raw_of(points, accuracy=12):
    return [
        {"position": {"LatLng": f"{lat}°, {lon}°", "accuracyMeters": accuracy, "altitudeMeters": 90.5, "source": "GPS",
                      "timestamp": moment(t), "speedMetersPerSecond": 1.5}}
        for t, lat, lon in points
    ]  # fmt: skip


# The phone's Timeline.


def test_activities_of_android_are_tracks_with_their_sports():
    ride, walk = way(30), way(20, start=T + 400, lat=47.6)
    data = timeline([
        segment(T, T + 7200, timelinePath=path_of(ride) + path_of(walk)),
        activity(T, T + 290, ride, "CYCLING", distanceMeters=440.5),
        activity(T + 400, T + 590, walk, "IN_PASSENGER_VEHICLE"),
    ])  # fmt: skip
    found = read_timeline(data, "x")
    assert [(r.activity.sport, len(r.lat), r.activity.distance) for r in found] == [
        ("Ride", 30, 440.5), ("Driving", 20, None),
    ]  # fmt: skip
    assert [r.activity.start for r in found] == [T, T + 400]
    assert np.array_equal(found[0].lat, [lat for _, lat, _ in ride])
    assert np.array_equal(found[0].time, [t for t, _, _ in ride])


def test_the_list_of_ios_is_read_as_the_object_of_android():
    points = way(10, step=60.0)
    steps = [
        {"point": f"geo:{lat:.7f},{lon:.7f}", "durationMinutesOffsetFromStartTime": str(k)}
        for k, (_, lat, lon) in enumerate(points)
    ]
    ends = {"start": f"geo:{points[0][1]},{points[0][2]}", "end": f"geo:{points[-1][1]},{points[-1][2]}"}
    best = {"type": "in passenger vehicle", "probability": "0.9"}
    items = [
        {"endTime": "2024-05-04T12:00:00.000+02:00", "startTime": "2024-05-04T10:00:00.000+02:00",
         "timelinePath": steps},
        {"endTime": "2024-05-04T10:09:00.000+02:00", "startTime": "2024-05-04T10:00:00.000+02:00",
         "activity": {**ends, "topCandidate": best, "distanceMeters": "120.25", "probability": "0.9"}},
        {"startTime": "2024-05-04T12:00:00.000+02:00", "endTime": "2024-05-04T13:00:00.000+02:00",
         "visit": {"topCandidate": {"placeLocation": "geo:47.5,11.0", "semanticType": "Home"}}},
    ]  # fmt: skip
    data = json.dumps(items).encode()
    assert kind(data) == "google-timeline"
    (found,) = read_timeline(data, "x")
    assert np.array_equal(found.time, [t for t, _, _ in points])
    assert np.array_equal(found.lon, [lon for _, _, lon in points])
    assert (found.activity.sport, found.activity.distance, found.activity.utc_offset) == ("Driving", 120.25, 7200.0)


def test_visits_are_no_tracks():
    stay = way(5, start=T + 1000)
    walk = way(10)
    data = timeline([
        segment(T, T + 7200, timelinePath=path_of(walk) + path_of(stay)),
        segment(T + 900, T + 2000, visit={"topCandidate": {"placeLocation": {"latLng": "47.5°, 11.0°"}}}),
    ])  # fmt: skip
    (found,) = read_timeline(data, "x")
    assert len(found.lat) == 10
    assert found.activity.sport == "Unknown"
    assert dict(found.dropped) == {VISITED: 5}
    with pytest.raises(Unreadable, match="a Timeline without a way") as refused:
        read_timeline(timeline([segment(T, T + 9, visit={})]), "x")
    assert refused.value.kind == "visited places"


def test_an_activity_wins_over_a_visit_at_its_time():
    walk = way(10)
    data = timeline([
        segment(T, T + 7200, timelinePath=path_of(walk)), segment(T - 100, T + 2000, visit={}),
        activity(T, T + 90, walk),
    ])  # fmt: skip
    (found,) = read_timeline(data, "x")
    assert (found.activity.sport, len(found.lat)) == ("Walk", 10)


def test_raw_positions_stand_for_the_path_where_there_are_any():
    """The path and raw positions tell the same way: it must not count twice."""
    walk = way(30, step=60.0)
    path = [(t + 20, lat + 3e-5, lon - 3e-5) for t, lat, lon in walk[::3]]
    later = way(6, step=60.0, start=T + 7200, lat=47.7)
    data = timeline([segment(T, T + 9000, timelinePath=path_of(path) + path_of(later))], raw_of(walk))
    (found,) = read_timeline(data, "x")
    assert len(found.lat) == 30 + 6
    assert np.array_equal(found.lat[:30], [lat for _, lat, _ in walk])
    assert np.array_equal(found.columns["speed"][:30], np.full(30, 1.5, np.float32))
    assert np.array_equal(found.columns["elevation"][:30], np.full(30, 90.5, np.float32))


def test_inaccurate_raw_positions_are_left_out_and_counted():
    data = timeline(
        [], [*raw_of(way(10)), *raw_of(way(7, start=T + 5), accuracy=201), *raw_of(way(1, start=T + 999), 200)]
    )
    (found,) = read_timeline(data, "x")
    assert len(found.lat) == 11
    assert dict(found.dropped) == {INACCURATE: 7}


def test_an_activity_whose_way_is_unknown_is_no_straight_line():
    far = [(T, 47.5, 11.0), (T + 3600, 48.5, 12.0)]
    near = [(T + 5000, 47.5, 11.0), (T + 5100, 47.501, 11.001)]
    found = read_timeline(timeline([activity(T, T + 3600, far), activity(T + 5000, T + 5100, near)]), "x")
    assert [len(r.lat) for r in found] == [2]
    assert dict(found[0].dropped) == {ENDS_ONLY: 1}


def test_years_of_a_phone_are_cut_into_outings(tmp_path):
    starts = [T + 86400 * day for day in range(20)]
    days = [segment(start, start + 7200, timelinePath=path_of(way(60, 60.0, start))) for start in starts]
    (tmp_path / "Timeline.json").write_bytes(timeline(days))
    report = heatlas.inspect(tmp_path)
    assert report["activities"] == 20
    assert report["fixes"] == 1200


def test_other_json_is_no_history():
    others = (
        b'[{"place": "geo:47.5,11.0"}]',
        b'{"locations": [{"lat": 47.5, "lon": 11}]}',
        b'{"timelineObjects": 5}',
        b'{"type": "FeatureCollection", "features": []}',
    )
    for data in others:
        assert not kind(data).startswith("google"), data
    home = {"topCandidate": {"placeLocation": "geo:47.5,11.0"}}
    assert kind(json.dumps([segment(T, T, visit=home)]).encode()) == "google-timeline"


# Months of the Semantic Location History.


def e7(lat, lon, names=("latitudeE7", "longitudeE7")):
    return dict(zip(names, (round(lat * 1e7), round(lon * 1e7)), strict=True))


def trip(points, kind="CYCLING", old=False, **more):
    def when(t):
        return str(round(t * 1000)) if old else moment(t)

    word = "TimestampMs" if old else "Timestamp"
    names = ("latE7", "lngE7")
    inner = [
        {**e7(lat, lon, names), word[0].lower() + word[1:]: when(t), "accuracyMeters": 10}
        for t, lat, lon in points[1:-1]
    ]
    return {"activitySegment": {
        "startLocation": e7(*points[0][1:]), "endLocation": e7(*points[-1][1:]),
        "duration": {f"start{word}": when(points[0][0]), f"end{word}": when(points[-1][0])},
        "distance": 290, "activityType": kind, "simplifiedRawPath": {"points": inner}, **more,
    }}  # fmt: skip


def month(*items):
    return json.dumps({"timelineObjects": items}, indent=2).encode()


@pytest.mark.parametrize("old", [False, True])
def test_a_month_has_a_track_for_each_trip(old):
    visit = {"placeVisit": {"location": e7(47.5, 11.0), "duration": {}}}
    data = month(trip(way(20), old=old), visit, trip(way(9, start=T + 9000), "FLYING", old=old))
    assert kind(data) == "google-months"
    found = read_month(data, "x")
    assert [(r.activity.sport, len(r.lat), r.activity.distance) for r in found] == [
        ("Ride", 20, 290),
        ("Flying", 9, 290),
    ]
    assert np.array_equal(found[0].time, [t for t, _, _ in way(20)])
    assert np.abs(found[0].lat - [lat for _, lat, _ in way(20)]).max() < 1e-7


def test_the_longer_way_of_a_trip_is_taken():
    points = way(9)
    along = [e7(lat, lon, ("latE7", "lngE7")) for _, lat, lon in way(40)]
    stops = [e7(lat, lon) for _, lat, lon in way(4)]
    (roads,) = read_month(
        month(trip(points, waypointPath={"waypoints": along}, transitPath={"transitStops": stops})), "x"
    )
    assert len(roads.lat) == 42
    assert np.isnan(roads.time[1:-1]).all()
    assert roads.time[0] == T
    (measured,) = read_month(month(trip(points, waypointPath={"waypoints": along[:5]})), "x")
    assert len(measured.lat) == 9


def test_a_month_of_ends_and_of_visits():
    far = {"activitySegment": {"startLocation": e7(47.5, 11), "endLocation": e7(48.5, 11), "duration": {}}}
    (found,) = read_month(month(far), "x")
    assert dict(found.dropped) == {ENDS_ONLY: 1}
    with pytest.raises(Unreadable) as refused:
        read_month(month({"placeVisit": {}}), "x")
    assert refused.value.kind == "visited places"


# Takeout.


def takeout(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize("ending", ["zip", "tgz"])
def test_a_takeout_is_read_packed(tmp_path, ending):
    root = "Takeout/Location History (Timeline)"
    files = {
        f"{root}/Semantic Location History/2024/2024_MAY.json": month(trip(way(20))),
        f"{root}/Semantic Location History/2024/2024_JUNE.json": month({"placeVisit": {}}),
        f"{root}/Settings.json": b'{"deviceSettings": [], "hasReportedLocations": true}',
        f"{root}/Timeline Edits.json": b'{"timelineEdits": []}',
        "Takeout/archive_browser.html": b"<!DOCTYPE html><html></html>",
    }
    path = tmp_path / f"takeout.{ending}"
    if ending == "zip":
        path.write_bytes(takeout(files))
    else:
        with tarfile.open(path, "w:gz") as file:
            for name, data in files.items():
                about = tarfile.TarInfo(name)
                about.size = len(data)
                file.addfile(about, io.BytesIO(data))
    report = heatlas.inspect(path)
    assert (report["activities"], report["fixes"]) == (1, 20)
    assert not report["files"]["failed"]
    assert report["files"]["held_instead"]["visited places"] == 1


# Values.


def test_types_become_sports():
    words = {
        "WALKING": "Walk", "ON_FOOT": "Walk", "RUNNING": "Run", "CYCLING": "Ride", "ON_BICYCLE": "Ride",
        "HIKING": "Hike",
        "IN_PASSENGER_VEHICLE": "Driving", "in passenger vehicle": "Driving", "MOTORCYCLING": "Driving",
        "IN_BUS": "Driving",
        "IN_TRAIN": "Train", "IN_SUBWAY": "Train", "in tram": "Train", "IN_FERRY": "Boating", "FLYING": "Flying",
        "SKIING": "AlpineSki", "SAILING": "Sail", "UNKNOWN_ACTIVITY_TYPE": "Unknown", "STILL": "Unknown",
        "CATCHING_POKEMON": "CatchingPokemon", None: "Unknown", 7: "Unknown", "": "Unknown",
    }  # fmt: skip
    assert {word: sport_of(word) for word in words} == words


def test_positions_in_all_spellings():
    for text in (
        "47.5°, -11.25°",
        "geo:47.5,-11.25",
        "47.5째, -11.25째",
        " 47.5 , -11.25",
        {"latLng": "47.5°, -11.25°"},
    ):
        assert place(text) == (47.5, -11.25), text
    for text in ("", "a", None, 5, "47.5", "geo:", [], {"latLng": 5}):
        assert place(text) is None, text
    assert degrees_e7(475000000, 110000000) == (47.5, 11.0)
    assert degrees_e7(2**32 - 335000000, 2**32 - 1110000000) == (-33.5, -111.0)
    assert degrees_e7("475000000", None) is None
    assert degrees_e7(True, 5) is None


def test_times_in_all_spellings():
    for text in ("2024-05-04T08:00:00Z", "2024-05-04T10:00:00.000+02:00", "1714809600000", 1714809600000):
        assert seconds(text) == T
    for text in ("", "now", None, [], "9" * 400, float("inf"), True, "2024-13-04T08:00:00Z"):
        assert np.isnan(seconds(text)), text


# Damage.


def test_damage_costs_what_it_hits():
    trips = [trip(way(10, start=T + 1000 * k)) for k in range(20)]
    data = bytearray(month(*trips))
    at = data.index(b'"activityType"', len(data) // 2)
    data[at : at + 3] = b"\0\0\0"
    found = read_month(bytes(data), "x")
    assert len(found) == 19
    assert found[0].warnings == ("damaged: 1 part of it could not be read",)
    cut = read_month(bytes(data[: int(0.8 * len(data))]), "x")
    assert 14 <= len(cut) <= 16
    assert cut[0].warnings[-1] == "cut off or damaged at its end"


def test_time_of_reading_grows_with_size_only():
    for data in (b'{"timelineObjects": [' + b'{"a": "' * 300_000, b'{"timelineObjects": [' + b'{"a":[' * 300_000,
                 b'{"timelineObjects": [' + b'{"a" 1}, ' * 200_000, b"[" + b'{"a":{},"b"}, ' * 100_000):  # fmt: skip
        assert list(JsonLists(data, ("timelineObjects",), ("a",))) == []


# Records.json.

STEP = {"still": "STILL", "walk": "WALKING", "ride": "ON_BICYCLE", "car": "IN_VEHICLE", "odd": "TILTING"}


def record(t, lat, lon, doing=None, old=False, **more):
    when = {"timestampMs": str(round(t * 1000))} if old else {"timestamp": moment(t)}
    said = {}
    if doing:
        guesses = [{"type": STEP[doing], "confidence": 75}, {"type": "UNKNOWN", "confidence": 90}]
        inner = {"activity": guesses, **when}
        said = {"activity": [inner]}
    return {**when, **e7(lat, lon), "accuracy": 20, **said, "source": "WIFI", **more} if old else {
        **e7(lat, lon), "accuracy": 20, **said, "source": "WIFI", **more, **when,
    }  # fmt: skip


def history(records, indent=2):
    return json.dumps({"locations": records}, indent=indent).encode()


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("old", [False, True])
def test_both_versions_of_records_are_read(old, indent):
    points = way(50, step=30.5)
    records = [record(*point, old=old, altitude=500, velocity=2, verticalAccuracy=3) for point in points]
    data = history(records[::-1] if old else records, indent)  # old exports begin with the newest
    assert kind(data) == "google-records"
    (found,) = read_records(data, "x")
    assert np.allclose(found.time, [t for t, _, _ in points], atol=1e-3)
    assert np.abs(found.lat - [lat for _, lat, _ in points]).max() < 1e-9
    assert np.abs(found.lon - [lon for _, _, lon in points]).max() < 1e-9
    assert found.columns["elevation"].tolist() == [500] * 50
    assert found.columns["speed"].tolist() == [2] * 50
    assert found.activity.device == "Google location history"


def test_inaccurate_positions_and_those_without_a_time_are_counted():
    records = [record(*point) for point in way(10)]
    records += [record(*point) | {"accuracy": 201} for point in way(4)]
    records += [{**e7(47.5, 11.0), "accuracy": 5}, {"accuracy": 5, "timestamp": moment(T)}]
    (found,) = read_records(history(records), "x")
    assert len(found.lat) == 10
    assert dict(found.dropped) == {INACCURATE: 4, UNTIMED: 1}


def test_what_was_done_cuts_the_way_and_becomes_sports():
    """A walk, a drive with an odd guess in it, and a ride; no line is lost between them."""
    plan = ["walk"] * 20 + ["car"] * 10 + ["walk"] + ["car"] * 9 + [None] * 30 + ["ride"] * 20
    records = [record(*point, doing) for point, doing in zip(way(90, step=60.0), plan, strict=True)]
    found = read_records(history(records), "x")
    by_sport = {r.activity.sport: r for r in found}
    assert sorted(by_sport) == ["Driving", "Ride", "Unknown", "Walk"]
    steps = np.arange(90) * 60.0 + T
    assert np.array_equal(by_sport["Walk"].time, steps[:21])
    # A guess holds for five minutes: the drive goes on for so long, and for the fix behind it.
    assert np.array_equal(by_sport["Driving"].time, steps[19:46])
    assert np.array_equal(by_sport["Unknown"].time, steps[45:70])
    assert np.array_equal(by_sport["Ride"].time, steps[69:])


def test_a_device_that_lies_still_is_no_track():
    home = [record(T + 60 * k, 47.5 + 1e-5 * (k % 3), 11.0, "still") for k in range(100)]
    walk = [record(t, lat, lon, "walk") for t, lat, lon in way(30, step=60.0, start=T + 6000)]
    train = [record(t, lat + 0.1, lon, "still") for t, lat, lon in way(60, step=60.0, start=T + 9000)]
    found = read_records(history(home + walk + train), "x")
    assert dict(found[0].dropped) == {LAY_STILL: 99}
    assert {r.activity.sport: len(r.lat) for r in found} == {"Walk": 31, "Unknown": 1 + 60}
    rest = found[-1]
    assert rest.segments.tolist() == [0, 1], "a line across the walk"


def test_devices_are_told_apart():
    records = [record(*point, deviceTag=tag) for point in way(20) for tag in (-577680260, 1234567)]
    assert [len(r.lat) for r in read_records(history(records), "x")] == [20, 20]
    many = [record(*point, deviceTag=k) for k, point in enumerate(way(500))]
    (found,) = read_records(history(many), "x")
    assert len(found.lat) == 500
    assert found.warnings == ("names 500 devices, as no person has: they are taken for one",)


def test_degrees_that_overflowed_are_mended():
    records = [record(T + 10 * k, -33.5 + 1e-4 * k, -70.5) for k in range(9)]
    for each in records:
        each["latitudeE7"] += 2**32
        each["longitudeE7"] += 2**32
    (found,) = read_records(history(records), "x")
    assert np.abs(found.lat - (-33.5 + 1e-4 * np.arange(9))).max() < 1e-9
    assert np.abs(found.lon + 70.5).max() < 1e-9


def plain(data):
    """Rows as a plain reader gives them: the twin of the kernel."""
    rows = []
    for each in json.loads(data)["locations"]:
        if "latitudeE7" in each and "longitudeE7" in each:
            when = seconds(each.get("timestamp", each.get("timestampMs")))
            rows.append((each["latitudeE7"], each["longitudeE7"], when, each.get("accuracy", np.nan)))
    return np.array(rows)


def scanned(data, block):
    types = np.array([word_code(word) for word in STEP.values()], np.uint64)
    found, at = [], data.index(b"[") + 1
    while at < len(data):
        piece = data[at : at + block]
        rows, kinds = np.empty((len(piece) // SHORTEST + 1, FIELDS)), np.empty(len(piece) // SHORTEST + 1, np.int8)
        padded = np.frombuffer(piece + bytes(PADDING), np.uint8)
        count, end, damaged = scan_records(padded, 0, len(piece), types, rows, kinds)
        assert not damaged
        found.append(rows[:count, :4].copy())
        if not end:
            break
        at += end
    return np.concatenate(found)


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_the_kernel_reads_what_a_plain_reader_does(indent):
    source = np.random.default_rng(1)
    records = []
    for k, point in enumerate(way(300)):
        each = record(*point, list(STEP)[source.integers(5)] if k % 3 else None, old=bool(k % 2))
        each["activeWifiScan"] = {"accessPoints": [{"mac": "12", "strength": -5, "latitudeE7": 1}]}
        each["note"] = 'say "latitudeE7": 5, \\ Ä€𝄞 \t'
        keys = source.permutation(list(each)).tolist()
        records.append({key: each[key] for key in keys} if k % 10 else {"source": "x"})
    for ascii_only in (True, False):
        data = json.dumps({"locations": records}, indent=indent, ensure_ascii=ascii_only).encode()
        expected = plain(data)
        for block in (len(data), 4000, 2500):
            assert np.array_equal(scanned(data, block), expected, equal_nan=True)


WORDS = st.text(st.characters(exclude_characters="{}0123456789"), max_size=12)
PLAIN = st.none() | st.booleans() | st.integers(-(2**33), 2**33) | WORDS
KEYS = st.sampled_from(["latitudeE7", "longitudeE7", "timestamp", "activity", "type", "confidence", "a"])
NESTED = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner), max_leaves=9)


@given(st.lists(st.dictionaries(KEYS, NESTED), max_size=6))
def test_the_kernel_takes_positions_of_records_alone(records):
    """Whatever stands inside of records, only numbers of their own keys are their positions."""
    data = json.dumps({"locations": records}).encode()
    positions = [[each.get("latitudeE7"), each.get("longitudeE7")] for each in records]
    wanted = [both for both in positions if all(type(value) is int for value in both)]
    assert scanned(data, 1 << 16)[:, :2].tolist() == wanted


def test_records_are_read_in_blocks(monkeypatch):
    monkeypatch.setattr(google_records, "_BLOCK", 3000)
    points = way(2000)
    (found,) = read_records(history([record(*point, "walk") for point in points]), "x")
    assert np.array_equal(found.time, [t for t, _, _ in points])
    long = history([record(*points[0], note="x" * 100_000), *[record(*point) for point in points[1:5]]])
    (found,) = read_records(long, "x")
    assert len(found.lat) == 5


def test_damage_of_records_costs_what_it_hits():
    points = way(200)
    for indent in (None, 2):
        data = history([record(*point, "walk") for point in points], indent)
        at = data.index(b'"source"', len(data) // 2)
        lost = data[:at] + data[at + 1 :]  # a quote is lost, and all that follow change their sides
        (found,) = read_records(lost, "x")
        assert len(found.lat) >= 198
        assert "damaged" in found.warnings[0]
        assert np.isin(found.lat, [lat for _, lat, _ in points]).all()


@pytest.mark.parametrize("form", ["json", "zip", "stored.zip", "tar", "tgz", "nested.zip"])
def test_long_records_are_never_in_memory_as_a_whole(tmp_path, monkeypatch, form):
    """From 64 MB on content stays where it is, or is unpacked to a temporary file, and is read in slices."""
    for module in (containers, found_files):
        monkeypatch.setattr(module, "MANY", 10_000)
    monkeypatch.setattr(containers, "MAX_BYTES", 20_000)
    monkeypatch.setattr(google_records, "_BLOCK", 5000)
    points = way(500)
    data = history([record(*point, "walk") for point in points])
    path = tmp_path / f"Records.{form}"
    name = "Takeout/Location History/Records.json"
    if form == "json":
        path.write_bytes(data)
    elif form.endswith("zip"):
        method = zipfile.ZIP_STORED if form.startswith("stored") else zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(path, "w", method) as file:
            inner = takeout({name: data}) if form.startswith("nested") else data
            file.writestr("part.zip" if form.startswith("nested") else name, inner)
    else:
        with tarfile.open(path, "w:gz" if form == "tgz" else "w") as file:
            about = tarfile.TarInfo(name)
            about.size = len(data)
            file.addfile(about, io.BytesIO(data))
    (entry,) = [found for found in entries([path]) if isinstance(found, Entry)]
    content = entry.read()
    assert isinstance(content, Distant)
    assert len(content) == len(data)
    assert content[5:50] == data[5:50]
    assert content[-5:] == data[-5:]
    assert bytes(content) == data
    report = heatlas.inspect(path)
    assert (report["activities"], report["fixes"]) == (1, 500)
    import_into(tmp_path / "a.db", path)
    assert heatlas.inspect(tmp_path / "a.db")["fixes"] == 500


# One way in several exports.


def three_exports():
    """A day in the three forms: all positions, trips of a month, and the path and trips of a phone."""
    turns = np.random.default_rng(4)
    records, trips, segments = [], [], []
    lat, lon, t = 47.5, 11.0, T
    for doing, said, steps in (("walk", "WALKING", 30), ("car", "IN_PASSENGER_VEHICLE", 40), ("ride", "CYCLING", 40)):
        turn, points = turns.uniform(0, 6), []
        for _ in range(steps):
            turn += turns.normal(0, 0.3)
            reach = {"walk": 40, "car": 300, "ride": 120}[doing] / 111_000
            lat, lon, t = lat + reach * np.cos(turn), lon + 1.5 * reach * np.sin(turn), t + 30
            points.append((t, round(lat, 7), round(lon, 7)))
        records += [record(*point, doing) for point in points]
        off = [(t, a + turns.normal(0, 3e-4), b + turns.normal(0, 3e-4)) for t, a, b in points[::8]]
        along = [e7(lat, lon, ("latE7", "lngE7")) for _, lat, lon in points] if doing == "ride" else []
        trips.append(trip([points[0], *off[1:], points[-1]], said, waypointPath={"waypoints": along}))
        segments += [segment(points[0][0], points[-1][0], timelinePath=path_of(points[::4]))]
        segments += [activity(points[0][0], points[-1][0], points, said)]
        t += 4 * 3600
        records += [record(t - 3600 * k, lat, lon, "still") for k in (3, 2, 1)]
    return {"Records.json": history(records), "2024_MAY.json": month(*trips), "Timeline.json": timeline(segments)}


def moves(report):
    return {sport: facts["activities"] for sport, facts in report["sports"].items() if sport != "Unknown"}


ONCE = {"Walk": 1, "Driving": 1, "Ride": 1}


def test_a_way_in_several_exports_counts_once(tmp_path):
    for name, data in three_exports().items():
        (tmp_path / name).write_bytes(data)
        assert moves(heatlas.inspect(tmp_path / name)) == ONCE, name
    assert moves(heatlas.inspect(tmp_path)) == ONCE
    for pair in (("2024_MAY.json", "Timeline.json"), ("2024_MAY.json", "Records.json")):
        assert moves(heatlas.inspect(*(tmp_path / name for name in pair))) == ONCE, pair


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_way_in_several_exports_counts_once_in_a_library(tmp_path, order):
    files = list(three_exports().items())
    for k in order:
        (tmp_path / files[k][0]).write_bytes(files[k][1])
        import_into(tmp_path / "a.db", tmp_path / files[k][0])
    assert moves(heatlas.inspect(tmp_path / "a.db")) == ONCE


def days_by_records():
    """Two straight ways: a walk, a drive and a ride in it follow each other, and a rest that says nothing of them."""
    plan = [None] * 8 + ["walk"] * 12 + ["car"] * 10 + [None] * 8 + ["ride"] * 12 + [None] * 8
    return history([
        record(*point, doing)
        for day in range(2)
        for point, doing in zip(way(len(plan), 60.0, T + 86400 * day, 47.5 + day), plan, strict=True)
    ])  # fmt: skip


def test_a_trip_is_no_copy_of_the_rest_of_its_own_file(tmp_path):
    """The rest has a fix at either end of a trip that was taken out of it; between them it tells nothing."""
    (tmp_path / "Records.json").write_bytes(days_by_records())
    every = {"Walk": 2, "Driving": 2, "Ride": 2}
    opened = heatlas.inspect(tmp_path / "Records.json")
    assert moves(opened) == every
    assert import_into(tmp_path / "a.db", tmp_path / "Records.json")["duplicates"] == []
    held = heatlas.inspect(tmp_path / "a.db")
    assert held["sports"] == opened["sports"]
    # What older rules took for copies is shown again, and that is said.
    library = open_library(tmp_path / "a.db")
    with library.write() as link:
        (rest,) = link.execute("SELECT min(number) FROM activities WHERE sport = 'Unknown'").fetchone()
        lost = link.execute("SELECT number FROM activities WHERE sport = 'Walk'").fetchall()
        link.executemany("UPDATE activities SET same_as = ? WHERE number = ?", [(rest, number) for (number,) in lost])
        unindex(link, [number for (number,) in lost])
        link.execute("UPDATE meta SET value = '2' WHERE name = 'copies'")
    assert "Walk" not in heatlas.inspect(tmp_path / "a.db")["sports"]
    told = import_into(tmp_path / "a.db", tmp_path / "Records.json")["files"]["warnings"]
    reason = "2 activities that were left out as copies are shown again: the rules have changed"
    assert {"file": "a.db", "reason": reason} in told
    assert heatlas.inspect(tmp_path / "a.db")["sports"] == opened["sports"]


def test_a_trip_is_no_copy_of_another_export_that_leaves_it_out(tmp_path):
    """A phone's Timeline has a visit where its Records have a ride."""
    points = way(60, 60.0)
    (tmp_path / "Records.json").write_bytes(history([record(*point, "ride") for point in points[20:40]]))
    home = {"topCandidate": {"placeLocation": {"latLng": "47.502, 11.002"}}}
    segments = [segment(points[0][0], points[-1][0], timelinePath=path_of(points))]
    segments += [segment(points[21][0], points[38][0], visit=home)]
    (tmp_path / "Timeline.json").write_bytes(timeline(segments))
    assert moves(heatlas.inspect(tmp_path)) == {"Ride": 1}
    import_into(tmp_path / "a.db", tmp_path)
    assert moves(heatlas.inspect(tmp_path / "a.db")) == {"Ride": 1}


def test_two_devices_on_one_way_count_once(tmp_path):
    """One file tells it twice, at the same times."""
    both = [record(*point, "ride", deviceTag=tag) for point in way(40, 30.0) for tag in (-577680260, 1234567)]
    (tmp_path / "Records.json").write_bytes(history(both))
    assert moves(heatlas.inspect(tmp_path / "Records.json")) == {"Ride": 1}
    import_into(tmp_path / "a.db", tmp_path / "Records.json")
    assert moves(heatlas.inspect(tmp_path / "a.db")) == {"Ride": 1}


def test_two_days_on_one_way_are_two(tmp_path):
    (tmp_path / "Records.json").write_bytes(history([record(*point, "walk") for point in way(60, 30.0)]))
    (tmp_path / "2024_MAY.json").write_bytes(month(trip(way(60, 30.0, T + 86400), "WALKING")))
    (tmp_path / "2024_JUNE.json").write_bytes(month(trip(way(60, 30.0, T, lat=48.5), "WALKING")))
    assert heatlas.inspect(tmp_path)["activities"] == 3
