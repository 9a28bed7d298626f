"""Location histories of Google: trips are tracks, visits are none, and one way counts once."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile

import numpy as np
import pytest
from format_samples import moment

import heatlas
from heatlas.core.errors import Unreadable
from heatlas.sources.accuracy import INACCURATE
from heatlas.sources.formats.google.months import read_month
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
