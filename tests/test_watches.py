"""Sessions of Polar Flow and logs of Suunto: sports, times, sensors, and files without a way."""

from __future__ import annotations

import json

import numpy as np
import pytest
from format_samples import COUNT, LAT, LON, SAMPLES, START, TIME, moment

import heatlas
from heatlas.core.errors import Unreadable
from heatlas.sources.accuracy import INACCURATE
from heatlas.sources.formats.polar import read_polar
from heatlas.sources.formats.suunto import read_sml, read_suunto
from heatlas.sources.load import load
from heatlas.sources.sniff import kind

RATES = 100.0 + np.arange(COUNT)


def polar(change) -> bytes:
    session = json.loads(SAMPLES["polar"].data)
    change(session)
    return json.dumps(session).encode()


def test_a_session_of_polar_has_sport_offset_and_sensors():
    def change(session):
        session["exercises"][0]["distance"] = 812.5
        session["exercises"][0]["sport"] = "TRAIL_RUNNING"
        session["exercises"][0]["samples"]["heartRate"] = [
            {"dateTime": moment(t + 7200, ".000"), "value": rate} for t, rate in zip(TIME, RATES, strict=True)
        ]
        session["exercises"][0]["samples"]["speed"] = [{"dateTime": moment(START + 7200, ""), "value": 9.0}]

    (found,) = read_polar(polar(change), "x")
    about = found.activity
    assert (about.name, about.sport, about.start, about.utc_offset) == ("Walk", "TrailRun", START, 7200.0)
    assert about.distance == 812.5
    assert np.array_equal(found.columns["heart_rate"], RATES.astype(np.float32))
    assert found.columns["speed"][0] == np.float32(2.5)
    assert np.isnan(found.columns["speed"][-1])
    assert set(found.columns["elevation"].tolist()) == {500.0}


def test_newer_sessions_have_values_at_an_interval():
    session = json.loads(SAMPLES["polar newer"].data)
    session["exercises"][0]["samples"] = {
        "samples": [{"type": "HEART_RATE", "intervalMillis": 5000, "values": [str(rate) for rate in RATES]}]
    }
    (found,) = read_polar(json.dumps(session).encode(), "x")
    assert found.activity.sport == "Walk"
    assert np.array_equal(found.columns["heart_rate"], RATES.astype(np.float32))


def test_each_exercise_is_a_recording():
    def change(session):
        session["exercises"] = [{**session["exercises"][0], "sport": sport} for sport in ("SWIMMING", "CYCLING")]

    assert [each.activity.sport for each in read_polar(polar(change), "x")] == ["Swim", "Ride"]


def test_sessions_and_logs_without_a_way_are_no_failures(tmp_path, shared_data):
    def change(session):
        del session["exercises"][0]["samples"]["recordedRoute"]

    (tmp_path / "training-session-1.json").write_bytes(polar(change))
    logs = sorted((shared_data / "sports-alliance-sports-lib" / "samples" / "suunto").glob("*.json"))
    assert logs
    report = load([tmp_path, *logs])[1]
    assert not report.failed
    assert report.held_instead == {"sessions without a route": 1, "logs without a way": len(logs)}


def test_a_log_of_suunto_has_sensors_in_units_of_others():
    samples = []
    for t, lat, lon, rate in zip(TIME, LAT, LON, RATES, strict=True):
        when = moment(t + 7200, "+02:00")
        samples += [
            {"TimeISO8601": when, "Latitude": np.radians(lat), "Longitude": np.radians(lon), "GPSAltitude": 700},
            {"TimeISO8601": when, "HR": rate / 60},
            {"TimeISO8601": when, "Speed": 2.0, "Cadence": 1.5, "Temperature": 293.15, "Power": None},
        ]
    header = {"Activity": "Trail running", "Device": {"Info": {"HW": "a"}, "Name": "Amsterdam"}}
    data = json.dumps({"DeviceLog": {"Header": header, "Samples": samples}}).encode()
    (found,) = read_suunto(data, "x")
    about = found.activity
    assert (about.sport, about.start, about.utc_offset, about.device) == ("TrailRun", START, 7200.0, "Suunto Amsterdam")
    assert np.allclose(found.columns["heart_rate"], RATES, atol=1e-3)
    assert np.allclose([found.columns[name][3] for name in ("speed", "cadence", "temperature")], [2, 90, 20], atol=1e-3)
    assert set(found.columns["elevation"].tolist()) == {700.0}
    assert "power" not in found.columns
    wrapped = [
        {"Attributes": {"suunto/sml": {"Sample": {k: v for k, v in s.items() if k != "TimeISO8601"}}},
         "TimeISO8601": s["TimeISO8601"]}
        for s in samples
    ]  # fmt: skip
    (app,) = read_suunto(json.dumps({"Samples": wrapped}).encode(), "x")
    assert np.array_equal(app.lat, found.lat)
    assert np.array_equal(app.columns["heart_rate"], found.columns["heart_rate"])


def test_an_sml_has_the_same_terms():
    data = SAMPLES["sml"].data.replace(b"<Sample>", b"<Sample><HR>2.5</HR>")
    (found,) = read_sml(data, "x")
    assert found.activity.sport == "Walk"
    assert set(found.columns["heart_rate"].tolist()) == {150.0}
    with pytest.raises(Unreadable, match="without a position") as error:
        read_sml(b"<sml><DeviceLog><Samples><Sample><Depth>3</Depth></Sample></Samples></DeviceLog></sml>", "x")
    assert error.value.kind == "logs without a way"


def test_the_table_of_samsung_is_joined(tmp_path):
    own = "641aab23-3128-4af5-9d5b-520b7033d82d"
    name = f"{own}.com.samsung.health.exercise.location_data.json"
    place = tmp_path / "samsunghealth" / "jsons" / "com.samsung.shealth.exercise" / "6" / name
    place.parent.mkdir(parents=True)
    points = json.loads(SAMPLES["samsung"].data)
    place.write_bytes(json.dumps([*points, {**points[0], "accuracy": 900}]).encode())
    prefix = "com.samsung.health.exercise."
    columns = [
        "title",
        *(prefix + name for name in ("location_data", "exercise_type", "distance", "duration", "datauuid")),
    ]
    rows = [["Evening", name, "13001", "812.5", "295000", own], ["", "", "1001", "1", "1", "x"]]
    lines = ["com.samsung.shealth.exercise,6230001,3", *(",".join(row) + "," for row in (columns, *rows))]
    (tmp_path / "samsunghealth" / "com.samsung.shealth.exercise.20260621.csv").write_text("\n".join(lines))
    batches, report = load([tmp_path])
    (activity,) = (activity for batch in batches for activity in batch.activities)
    assert (activity.name, activity.sport, activity.id, activity.distance) == ("Evening", "Hike", own, 812.5)
    assert (activity.start, activity.elapsed_time) == (START, 295.0)
    assert report.dropped["rows of a table that name no file"] == 1
    assert report.dropped[INACCURATE] == 1
    assert not report.failed
    from heatlas.library.manage import import_into

    import_into(tmp_path / "a.db", tmp_path / "samsunghealth")
    assert "Hike" in str(heatlas.inspect(tmp_path / "a.db"))


@pytest.mark.parametrize("data", [b"", b"a,1\n", b"a,1\nb,c\n1,2", b"\0" * 99, b'a\ndatauuid,location_data\n"x'])
def test_a_bad_table_of_samsung_is_a_warning_at_most(data, tmp_path):
    (tmp_path / "com.samsung.shealth.exercise.1.csv").write_bytes(data)
    (tmp_path / "a.json").write_bytes(SAMPLES["samsung"].data)
    batches, report = load([tmp_path])
    assert len(batches) == 1
    assert not report.failed


def test_a_list_of_events_is_no_way():
    for event in ({"start_time": "2024-05-04", "altitude": 1}, {"start_time": 1714809600000}):
        rows = [{**event, "latitude": lat, "longitude": lon} for lat, lon in zip(LAT, LON, strict=True)]
        assert kind(json.dumps(rows).encode()) == "json"
