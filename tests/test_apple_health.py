"""Exports of Apple Health: workouts joined to their routes, and the heart rate during them."""

from __future__ import annotations

import io
import os
import random
import resource
import tarfile
import zipfile

import numpy as np
import pytest
from made import gpx, straight

import heatlas
from heatlas.core.errors import Unreadable
from heatlas.library.manage import import_into
from heatlas.sources.load import load
from heatlas.sources.sheets.apple_health import read_health

START = 1_714_809_600.0
"""2024-05-04 10:00:00 +0200."""
ROUTE = "route_2024-05-04_10.00am.gpx"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE HealthData [<!ELEMENT HealthData (Record|Workout)*>]><HealthData>'
)
OTHER = '<Record type="HKQuantityTypeIdentifierStepCount" startDate="2024-05-04 10:00:10 +0200" value="5"/>\n'


def clock(seconds: float) -> str:
    return f"2024-05-04 {10 + int(seconds) // 3600:02}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02} +0200"


def beat(seconds: float, rate: float) -> str:
    return (
        f'<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="W" device="&lt;&lt;HKDevice: 0x1&gt;, x&gt;"'
        f' unit="count/min" startDate="{clock(seconds)}" endDate="{clock(seconds)}" value="{rate}">\n'
        ' <MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="2"/>\n</Record>\n'
    )


def workout(kind: str, files: list[str], more: str = "", inside: str = "") -> str:
    routes = "".join(
        f'<WorkoutRoute sourceName="W"><FileReference path="/workout-routes/{file}"/></WorkoutRoute>' for file in files
    )
    return (
        f'<Workout workoutActivityType="HKWorkoutActivityType{kind}" duration="3.0" durationUnit="min"'
        f' sourceName="Anna&#8217;s Watch" startDate="{clock(0)}" endDate="{clock(200)}" {more}>'
        f'<WorkoutEvent type="HKWorkoutEventTypePause" date="{clock(50)}"/>{inside}{routes}</Workout>\n'
    )


def document(*parts: str) -> bytes:
    return f"{HEAD}{''.join(parts)}</HealthData>\n".encode()


def export(route: str = ROUTE, *parts: str) -> dict[str, bytes]:
    distance = '<WorkoutStatistics type="HKQuantityTypeIdentifierDistanceWalkingRunning" sum="0.61" unit="km"/>'
    beats = [beat(seconds, 120 + seconds / 10) for seconds in range(0, 200, 10)]
    return {
        "apple_health_export/export.xml": document(
            OTHER * 3, *beats, *(parts or [workout("TrailRunning", [route], inside=distance)]), workout("Yoga", [])
        ),
        f"apple_health_export/workout-routes/{route}": gpx(*straight(600), start=START, kind="", name="Route"),
    }


def zipped(files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(files) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def only(path):
    batches, report = load([path])
    (activity,) = (activity for batch in batches for activity in batch.activities)
    assert not report.failed
    return activity, batches[0], report


def test_a_workout_says_more_of_its_route_wherever_it_lies(tmp_path):
    files = export()
    (tmp_path / "export.zip").write_bytes(zipped(files))
    (tmp_path / "export.tgz").write_bytes(tarred(files))
    (tmp_path / "outer.zip").write_bytes(zipped({"a/export.zip": zipped(files)}))
    for name, data in files.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    routes = tmp_path / "folder" / "apple_health_export" / "workout-routes"
    for path in (*(tmp_path / name for name in ("export.zip", "export.tgz", "outer.zip", "folder")), routes):
        activity, batch, report = only(path)
        assert (activity.sport, activity.start, activity.elapsed_time) == ("TrailRun", START, 200.0), path
        assert (activity.distance, activity.moving_time) == (610.0, 180.0)
        assert activity.extra["recorded_by"] == "Anna’s Watch"
        seconds = batch.time - START
        assert np.allclose(batch.columns["heart_rate"], 120 + np.minimum(seconds, 190) / 10, atol=1e-3)
        assert report.dropped["rows of a table that name no file"] == 1
        assert report.dropped["files without a row in the table"] == 0


def test_info_render_and_import(tmp_path):
    path = tmp_path / "export.zip"
    path.write_bytes(zipped(export()))
    assert heatlas.inspect(path)["activities"] == 1
    assert heatlas.render(path, output=tmp_path / "a.png", width=64)["activities"] == 1
    import_into(tmp_path / "a.db", path)
    found = heatlas.inspect(tmp_path / "a.db")
    assert found["activities"] == 1
    assert "TrailRun" in str(found)


def test_a_changed_workout_is_read_again(tmp_path):
    path = tmp_path / "export.zip"
    for kind in ("Running", "Hiking"):
        path.write_bytes(zipped(export(ROUTE, workout(kind, [ROUTE]))))
        import_into(tmp_path / "a.db", path)
    found = str(heatlas.inspect(tmp_path / "a.db"))
    assert "Hike" in found
    assert "Run" not in found


def test_several_routes_of_a_workout_are_parts_of_it():
    second = "route_2.gpx"
    table = read_health([document(workout("Cycling", [ROUTE, second], 'totalDistance="12" totalDistanceUnit="km"'))])
    assert set(table.rows) == {ROUTE, second}
    for row in table.rows.values():
        assert (row.sport, row.start, row.distance) == ("Ride", None, None)


@pytest.mark.parametrize(
    ("kind", "sport"),
    [
        ("Running", "Run"), ("Cycling", "Ride"), ("Walking", "Walk"), ("CrossCountrySkiing", "NordicSki"),
        ("DownhillSkiing", "AlpineSki"), ("PaddleSports", "Canoeing"), ("Other", "Unknown"), ("Sailing", "Sail"),
        ("EquestrianSports", "HorsebackRiding"), ("HandCycling", "Handcycle"), ("Swimming", "Swim"),
    ],
)  # fmt: skip
def test_types_of_workouts_are_sports(kind, sport):
    assert read_health([document(workout(kind, [ROUTE]))]).rows[ROUTE].sport == sport


def test_a_ride_in_a_hall_is_virtual():
    inside = '<MetadataEntry key="HKIndoorWorkout" value="1"/>'
    assert read_health([document(workout("Cycling", [ROUTE], inside=inside))]).rows[ROUTE].sport == "VirtualRide"


def test_own_heart_rates_stay(tmp_path):
    files = export()
    lon, lat = straight(600)
    files[f"apple_health_export/workout-routes/{ROUTE}"] = gpx(lon, lat, start=START, heart_rate=np.full(len(lon), 99))
    (tmp_path / "export.zip").write_bytes(zipped(files))
    assert set(only(tmp_path / "export.zip")[1].columns["heart_rate"].tolist()) == {99.0}


def test_far_from_measurements_the_heart_rate_is_unknown(tmp_path):
    files = export(ROUTE, beat(60, 150), workout("Running", [ROUTE]))
    files["apple_health_export/export.xml"] = document(beat(60, 150), beat(900, 60), workout("Running", [ROUTE]))
    (tmp_path / "export.zip").write_bytes(zipped(files))
    batch = only(tmp_path / "export.zip")[1]
    seconds = batch.time - START
    assert np.array_equal(np.isfinite(batch.columns["heart_rate"]), np.abs(seconds - 60) <= 30)


def test_the_table_named_alone_says_what_to_do(tmp_path):
    (tmp_path / "export.xml").write_bytes(export()["apple_health_export/export.xml"])
    failed = load([tmp_path / "export.xml"])[1].failed
    assert [item.reason for item in failed] == [
        "health records, not a recording: name the folder or archive that holds it, for the ways beside it"
    ]


def test_routes_that_no_workout_names_are_counted(tmp_path):
    files = export()
    files["apple_health_export/workout-routes/route_3.gpx"] = gpx(*straight(600, lat=48.1), start=START + 9e4)
    files["elsewhere/a.gpx"] = gpx(*straight(600, lat=48.2), start=START + 18e4)
    (tmp_path / "export.zip").write_bytes(zipped(files))
    assert load([tmp_path / "export.zip"])[1].dropped["files without a row in the table"] == 1


# Damage and malice.


def test_every_beginning_gives_what_stands_there():
    data = export()["apple_health_export/export.xml"]
    for cut in range(0, len(data), 97):
        table = read_health([data[:cut]])
        assert set(table.rows) <= {ROUTE}
        assert table.warnings
    assert set(read_health([data[: data.index(b"</Workout>")]]).rows) == {ROUTE}
    assert not read_health([data]).warnings


def test_pieces_may_be_cut_anywhere(monkeypatch):
    monkeypatch.setattr("heatlas.sources.sheets.apple_health._BLOCK", 700)
    data = export()["apple_health_export/export.xml"]
    whole = read_health([data])
    for size in (1, 7, 64, 1000):
        assert repr(read_health(data[k : k + size] for k in range(0, len(data), size))) == repr(whole)
    assert len(whole.rows[ROUTE].pulse.time) == 20


def test_damage_is_no_error():
    data = export()["apple_health_export/export.xml"]
    source = random.Random(3)
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(source.randint(1, 30)):
            at = source.randrange(len(damaged))
            damaged[at : at + source.choice((1, 1, 9))] = source.choice(
                (b"", b"<", b">", b'"', b"\0", b"\xff", b"&#x110000;", b"&#0;", b"9" * 30, b"NaN", b"inf", b"<Workout ")
            )
        for row in read_health([bytes(damaged)]).rows.values():
            assert row.file.isprintable()
            assert row.start is None or abs(row.start) < 1e12


@pytest.mark.parametrize(
    "piece", [b"<Workout ", b'HKQuantityTypeIdentifierHeartRate"', b"<FileReference x", b"<", b'a="', b"<Workout x>"]
)
def test_repetitions_take_no_time(piece):
    started = os.times().user
    read_health([HEAD.encode() + b"<Workout x>" + piece * (2_000_000 // len(piece))])
    assert os.times().user - started < 20


def test_a_table_that_cannot_be_unpacked_is_named(tmp_path):
    data = bytearray(zipped(export()))
    at = data.index(b"export.xml") + 10
    data[at : at + 4] = b"\xff" * 4
    (tmp_path / "export.zip").write_bytes(bytes(data))
    batches, report = load([tmp_path / "export.zip"])
    assert len(batches) == 1
    assert report.warnings or report.failed

    def broken():
        yield HEAD.encode()
        raise Unreadable("damaged")

    with pytest.raises(Unreadable, match="damaged"):
        read_health(broken())


def test_gigabytes_take_little_memory():
    """200 MB, as a stream: memory is needed for one block, and 12 bytes of each heart rate."""
    noise = (OTHER * 10_000).encode()
    beats = "".join(beat(seconds, 100) for seconds in range(3600)).encode()

    def pieces():
        yield HEAD.encode()
        for _ in range(180):
            yield noise
        yield beats
        yield workout("Running", [ROUTE]).encode() + b"</HealthData>"

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    table = read_health(pieces())
    assert len(table.rows[ROUTE].pulse.time) == 201
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000
