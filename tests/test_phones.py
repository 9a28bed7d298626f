"""What apps of phones alone have: devices, accuracies, ways of moving, rows in any order, other messages."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest
from format_samples import COUNT, LAT, LON, SAMPLES, START, TIME, moment

import heatlas
from heatlas.core.errors import Unreadable
from heatlas.sources.accuracy import INACCURATE
from heatlas.sources.formats.known import read_format
from heatlas.sources.formats.phones.json_rows import JsonRows
from heatlas.sources.formats.phones.legs import legs, sport_of_motion
from heatlas.sources.formats.phones.values import moments, number
from heatlas.sources.sniff import kind


def read(data, name="x"):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    found = kind(data)
    return read_format(found, data, name, ())


def message(k, **more):
    return {"_type": "location", "tst": int(START) + 5 * k, "lat": 47.5 + k * 1e-4, "lon": 11.0, "acc": 5, **more}


def feature(k, step=5, **more):
    properties = {"timestamp": moment(START + step * k), "horizontal_accuracy": 5, **more}
    point = {"type": "Point", "coordinates": [11.0, 47.5 + k * 1e-4]}
    return {"type": "Feature", "geometry": point, "properties": properties}


EVERY = {
    "owntracks": lambda acc: [message(k, acc=a) for k, a in enumerate(acc)],
    "overland": lambda acc: {"locations": [feature(k, horizontal_accuracy=a) for k, a in enumerate(acc)]},
    "gpslogger": lambda acc: "\n".join(
        [
            "time,lat,lon,elevation,accuracy,bearing,speed",
            *(f"{moment(START + k)},{47.5 + k * 1e-4},11.0,500,{a},," for k, a in enumerate(acc)),
        ]
    ).encode(),
    "traccar": lambda acc: [
        {
            "id": k, "deviceId": 1, "fixTime": moment(START + k), "valid": True, "latitude": 47.5 + k * 1e-4,
            "longitude": 11.0, "accuracy": a,
        }
        for k, a in enumerate(acc)
    ],
    "dawarich": lambda acc: {
        "type": "FeatureCollection",
        "features": [feature(k, tracker_id="me", accuracy=a) for k, a in enumerate(acc)],
    },
    "home-assistant": lambda acc: [
        [
            {
                "entity_id": "device_tracker.phone", "last_updated": moment(START + k),
                "attributes": {"latitude": 47.5 + k * 1e-4, "longitude": 11.0, "gps_accuracy": a},
            }
            for k, a in enumerate(acc)
        ]
    ],
}  # fmt: skip


@pytest.mark.parametrize("app", EVERY)
def test_inaccurate_positions_are_left_out_and_counted(app, tmp_path):
    held = EVERY[app]([5, 201, 200, 5000, 5])
    path = tmp_path / "export"
    path.write_bytes(held if isinstance(held, bytes) else json.dumps(held).encode())
    assert kind(path.read_bytes()) == app
    report = heatlas.inspect(path)
    assert report["fixes"] == 3
    assert report["dropped"] == {INACCURATE: 2}


@pytest.mark.parametrize("name", ["owntracks-rec", "owntracks", "overland", "gpslogger", "traccar", "dawarich"])
def test_the_order_of_rows_does_not_matter(name):
    """Backwards, and everything twice."""
    data = SAMPLES[name].data
    if name in {"owntracks-rec", "gpslogger"}:
        head, *lines = data.decode().splitlines() if name == "gpslogger" else ["", *data.decode().splitlines()]
        mixed = "\n".join([head, *lines[::-1], *lines]).lstrip().encode()
    else:
        held = json.loads(data)
        rows = held if isinstance(held, list) else held.get("locations") or held["features"]
        rows[:] = [*rows[::-1], *rows]
        mixed = json.dumps(held).encode()
    (recording,) = read(mixed)
    assert np.abs(recording.time - TIME).max() == 0
    assert np.abs(recording.lat - LAT).max() < 1e-9
    assert np.abs(recording.lon - LON).max() < 1e-9


def test_devices_become_recordings_of_their_own():
    held = [message(k, topic=f"owntracks/jo/{'phone' if k % 2 else 'tablet'}") for k in range(20)]
    found = read(held)
    assert [(each.activity.name, len(each.lat)) for each in found] == [("jo/tablet", 10), ("jo/phone", 10)]
    only = [message(0, topic="owntracks/jo/phone"), message(1)]
    assert [(each.activity.name, len(each.lat)) for each in read(only)] == [("jo/phone", 2)]
    named = [message(0, username="jo", device="phone"), message(1, tid="ab"), message(2)]
    assert [each.activity.name for each in read(named)] == ["jo/phone", "ab", ""]
    place = {"latitude": 1, "longitude": 2}
    states = [
        [{"entity_id": f"device_tracker.{who}", "last_updated": moment(START), "attributes": place}]
        for who in ("a", "b")
    ]
    assert [each.activity.name for each in read(states)] == ["a", "b"]


def test_the_recorder_names_devices_by_folders():
    data = SAMPLES["owntracks-rec"].data.replace(b'"tid": "me", ', b"")
    (held,) = read(data, "store/rec/jo/phone/2024-05.rec")
    assert held.activity.name == "jo/phone"
    assert read(data, "2024-05.rec")[0].activity.name == ""


def test_owntracks_in_every_wrapping():
    rows = [message(k) for k in range(5)]
    for held in (rows, {"count": 5, "data": rows}, {"count": 5, "locations": rows, "status": 200}):
        assert len(read(held)[0].lat) == 5
    assert len(read("\n".join(map(json.dumps, rows)).encode())[0].lat) == 5
    assert len(read(json.dumps(rows[0], indent=2).encode())[0].lat) == 1


def test_units_of_owntracks():
    (held,) = read([message(0, vel=36, alt=500), message(1, vel=-1)])
    assert np.array_equal(held.columns["speed"], np.float32([10, np.nan]), equal_nan=True)
    assert held.columns["elevation"][0] == 500


def test_other_messages_of_owntracks():
    lwt, way = {"_type": "lwt", "tst": 1}, {"_type": "transition", "lat": 1, "lon": 2, "tst": 3}
    (held,) = read([lwt, message(0), way, {"_type": "encrypted", "data": "x"}, message(1)])
    assert len(held.lat) == 2
    assert held.warnings == ("1 message is encrypted",)
    with pytest.raises(Unreadable, match="2 messages are encrypted"):
        read([{"_type": "encrypted", "data": "x"}] * 2)


def test_legs_by_motion():
    """Driving, a red light, walking, and a walk of a minute that nobody believes."""
    words = (
        ["driving"] * 60
        + ["stationary"] * 20
        + ["driving"] * 40
        + ["walking"] * 80
        + ["cycling"] * 6
        + ["walking"] * 40
    )
    found = read({"locations": [feature(k, motion=[word]) for k, word in enumerate(words)]})
    assert [(each.activity.sport, len(each.lat)) for each in found] == [("Driving", 120), ("Walk", 127)]
    assert found[0].lat[-1] == found[1].lat[0], "no gap between legs"


def test_legs_of_which_none_lasts():
    time = np.arange(4.0)
    names = ["Walk", "Ride", ""]
    assert legs(np.array([0, 1, 0, 2]), names, time) == [(0, 4, "Walk")]
    assert legs(np.array([2, 2]), names, time[:2]) == [(0, 2, "")]
    assert legs(np.zeros(0, int), [], np.zeros(0)) == [(0, 0, "")]
    assert legs(np.array([0] * 4), names, np.full(4, np.nan)) == [(0, 4, "Walk")]


def test_words_of_motion():
    words = (
        "walking",
        "ON_FOOT",
        "running",
        "cycling",
        "in_vehicle",
        "automotive",
        "stationary",
        "STILL",
        "unknown",
        None,
    )
    sports = ["Walk", "Walk", "Run", "Ride", "Driving", "Driving", "", "", "", ""]
    assert [sport_of_motion(word) for word in words] == sports


def test_a_year_of_a_phone_becomes_outings(tmp_path):
    """A walk every evening, and a fix every hour at home, in a file of ten weeks."""
    rows = []
    for day in range(70):
        start = int(START) + 86_400 * day
        rows += [message(0, tst=start + 30 * k, lat=47.5 + 3e-4 * min(k, 60 - k)) for k in range(60)]
        rows += [message(0, tst=start + 3600 * hour, lat=47.5) for hour in range(1, 23)]
    path = tmp_path / "year.json"
    path.write_text(json.dumps(rows[::-1]))
    report = heatlas.inspect(path)
    assert report["activities"] == 70
    assert report["fixes"] == len(rows)


def test_a_file_for_each_day_gives_what_one_of_all_days_does(tmp_path):
    """Two walks a day, at eight and at six in the evening, and a fix every hour at home."""
    days = []
    for day in range(3):
        start = int(START) + 86_400 * day
        rows = [message(0, tst=start + 3600 * hour, lat=47.5) for hour in (*range(1, 10), *range(11, 15))]
        for begin in (0, 36_000):
            rows += [message(0, tst=start + begin + 30 * k, lat=47.5 + 3e-4 * min(k, 60 - k)) for k in range(60)]
        days.append(sorted(rows, key=lambda row: row["tst"]))
        (tmp_path / f"{day}.json").write_text(json.dumps(days[-1]))
    (tmp_path / "all.json").write_text(json.dumps([row for rows in days for row in rows]))
    apart = [heatlas.inspect(tmp_path / f"{day}.json") for day in range(3)]
    assert [report["activities"] for report in apart] == [2, 2, 2]
    assert "one track of 14 hours was cut into 2 outings" in str(apart[0]["files"]["warnings"])
    assert heatlas.inspect(tmp_path / "all.json")["activities"] == 6


def test_traccar():
    (held,) = read(SAMPLES["traccar"].data)
    assert held.activity.name == "device 7"
    assert held.columns["speed"] == pytest.approx(np.full(COUNT, 9.72 * 1852 / 3600))
    positions = json.loads(SAMPLES["traccar"].data)
    positions[3]["valid"] = False
    assert np.flatnonzero(np.isnan(read(positions)[0].lat)).tolist() == [3]
    (table,) = read(SAMPLES["traccar-table"].data)
    assert "read as UTC" in table.warnings[0]
    assert table.columns["speed"] == pytest.approx(held.columns["speed"])


def test_the_first_dawarich():
    rows = [
        {"lat": str(47.5 + k * 1e-4), "lon": "11.0", "tst": int(START) + k, "acc": 3, "vel": "9", "tid": "me"}
        for k in range(5)
    ]
    (held,) = read({"a@b.example": {"dawarich-export": rows}})
    assert (len(held.lat), held.activity.name) == (5, "me")
    assert "speed" not in held.columns


def test_persons_of_home_assistant_have_a_device():
    """Short answers name the entity once."""

    def states(entity):
        found = [
            {"last_updated": moment(START + k, "+00:00"), "attributes": {"latitude": 47 + k / 1e3, "longitude": 11}}
            for k in range(3)
        ]
        found[0]["entity_id"] = entity
        return found

    both = [states("person.jo"), states("device_tracker.jo_phone")]
    assert [each.activity.name for each in read(both)] == ["jo_phone"]
    (held,) = read([states("person.jo"), [{"entity_id": "person.al", "state": "home", "attributes": {}}]])
    assert (held.activity.name, len(held.lat)) == ("jo", 3)


def test_gpslogger_with_all_its_columns():
    names = (
        "time,lat,lon,elevation,accuracy,bearing,speed,satellites,provider,hdop,vdop,pdop,geoidheight,ageofdgpsdata,"
        "dgpsid,activity,battery,annotation,timestamp_ms,time_offset,distance,starttimestamp_ms,profile_name,"
        "battery_charging"
    )
    rest = '11.0,512.25,5.0,,1.5,9,gps,,,,,,,WALKING,80,"a, b",,,,,Default Profile,false'
    rows = [f"{moment(START + 5 * k, '.000Z')},{47.5 + k * 1e-4},{rest}" for k in range(60)]
    (held,) = read("\n".join([names, *rows]).encode())
    assert (held.activity.sport, held.activity.device) == ("Walk", "Default Profile")
    assert held.columns["elevation"][0] == 512.25
    assert held.columns["speed"][0] == 1.5
    assert held.time[0] == START


def test_gpslogger_points_whatever_comes_first():
    held = json.loads(SAMPLES["gpslogger-points"].data)
    turned = {"features": [dict(reversed(each.items())) for each in held["features"]], "type": "FeatureCollection"}
    for text in (json.dumps(turned), json.dumps(turned, indent=2)):
        assert kind(text.encode()) == "gpslogger-points"
        (recording,) = read(text.encode())
        assert recording.time.tolist() == TIME.tolist()


def test_events_of_overland_without_a_place():
    """The app sends its own end too; zones of times may lack their colon."""
    event = {"type": "Feature", "properties": {"timestamp": moment(START), "action": "will_terminate"}}
    there = feature(0, timestamp="2024-05-04T01:00:00-0700", device_id="", speed=-1, altitude=0)
    (held,) = read(json.dumps({"locations": [there, event], "current": {}}, indent=2).encode())
    assert held.time.tolist() == [START]
    assert "speed" not in held.columns


def test_damage_costs_what_follows_it_or_its_line():
    data = SAMPLES["overland"].data
    (held,) = read(data[: data.index(b'"timestamp"', len(data) // 2)])
    assert COUNT / 3 < len(held.lat) < COUNT
    assert "cut off" in held.warnings[0]
    lines = SAMPLES["owntracks-rec"].data.splitlines(keepends=True)
    lines[7] = lines[7].replace(b"{", b"{{")
    lines[9] = lines[9][:60] + b"\n"
    (held,) = read(b"".join(lines))
    assert len(held.lat) == COUNT - 2
    assert held.warnings == ("2 lines are cut off or damaged",)


def test_payloads_one_after_the_other():
    lines = [json.dumps({"locations": [feature(2 * k), feature(2 * k + 1)]}) for k in range(5)]
    (held,) = read("\n".join(lines).encode())
    assert len(held.lat) == 10


def test_objects_of_documents():
    assert list(JsonRows(b'{"a": {"rows": [{"x": 1}, {"x": 2}]}, "rows": []}', "rows")) == [{"x": 1}, {"x": 2}]
    assert list(JsonRows(b'[[{"x": 1}], [], [{"x": 2}, 5]]', "rows")) == [{"x": 1}, {"x": 2}]
    assert list(JsonRows(b'{"x": 1}\n{"rows": [{"x": 2}]}\nat 8 {"x": 3}', "rows")) == [{"x": 1}, {"x": 2}, {"x": 3}]
    for broken in (b'{"rows": [{"x": 1}, ', b'[{"x": 1}', b'[{"x": 1}, {"x": '):
        rows = JsonRows(broken, "rows")
        assert list(rows) == [{"x": 1}]
        assert len(rows.warnings) == 1, broken
    rows = JsonRows(b'[{"x": 1}, {"x" 2}, {"x": 3}]', "rows")
    assert list(rows) == [{"x": 1}, {"x": 3}]
    assert len(rows.warnings) == 1


def test_values_of_any_type():
    assert [number(value) for value in (1, 2.5, "3.5")] == [1, 2.5, 3.5]
    assert all(np.isnan(number(value)) for value in (None, True, "x", [], {}, 10**400))
    stamps = ["2024-05-04T08:00:00Z", int(START), int(START) * 1000, str(int(START)), "2024-05-04T10:00:00+02:00"]
    assert moments(stamps).tolist() == [START] * 5
    assert np.isnan(moments([None, {}, "soon", True, 1e300])).all()


def test_phones_without_a_position_say_so():
    for held, why in (
        ([{"_type": "lwt", "tst": 1}], "messages of OwnTracks"),
        ([[{"entity_id": "device_tracker.a", "state": "home", "attributes": {}}]], "history of Home Assistant"),
    ):
        with pytest.raises(Unreadable, match=why):
            read(held)


def test_local_time_and_names_reach_the_library(tmp_path):
    from heatlas.library.manage import import_into

    path = tmp_path / "phone.json"
    path.write_text(json.dumps([message(k, topic="owntracks/jo/phone") for k in range(60)]))
    import_into(tmp_path / "a.db", path)
    tracks = heatlas.open(tmp_path / "a.db")
    assert tracks.where("name = 'jo/phone'").fixes == 60
    assert dt.datetime.fromtimestamp(START, dt.UTC).year == 2024
