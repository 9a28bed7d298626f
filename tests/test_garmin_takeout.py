"""Garmin's whole download: activities of its lists are joined to recordings by their start."""

from __future__ import annotations

import io
import json
import random
import zipfile

import fit_bytes
import numpy as np
import pytest
from made import gpx, straight

import heatlas
from heatlas.library.manage import import_into
from heatlas.sources.load import load
from heatlas.sources.sheets.garmin_takeout import read_takeout
from heatlas.sources.sheets.kinds import GARMIN, Sheet

START = 1_714_809_600
FITNESS = "DI_CONNECT/DI-Connect-Fitness"
UPLOADED = "DI_CONNECT/DI-Connect-Uploaded-Files/UploadedFiles_0-_Part1.zip"


def activity(number: int, name: str, kind: str, **more) -> dict:
    begin = (START + 86400 * number) * 1000
    return {
        "activityId": 9000 + number, "uuidMsb": 1, "name": name, "activityType": kind, "sportType": kind.upper(),
        "beginTimestamp": begin, "startTimeGmt": float(begin), "startTimeLocal": begin + 7200000.0,
        "duration": 299000.5, "elapsedDuration": 301000.0, "movingDuration": 290000.0, "distance": 123456.0,
        "avgHr": 141.0, "manufacturer": "GARMIN", "parent": False, "favorite": False, **more,
    }  # fmt: skip


def fit(number: int) -> bytes:
    lon, lat = straight(900)
    shift = START + 86400 * number - fit_bytes.EPOCH
    records = [fit_bytes.record(shift + k, y, x) for k, (x, y) in enumerate(zip(lon, lat + number * 0.01, strict=True))]
    return fit_bytes.fit(fit_bytes.file_id(), *records, fit_bytes.session(shift, 1))


def zipped(files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data if isinstance(data, bytes) else json.dumps(data))
    return buffer.getvalue()


def takeout(*activities: dict) -> dict:
    gear = {
        "gearDTOS": [{"gearPk": 77, "uuid": "a", "displayName": None, "customMakeModel": "Red shoes"}],
        "gearActivityDTOs": {"77": [{"gearPk": 77, "activityId": 9000}]},
    }
    return {
        f"{FITNESS}/me_0_summarizedActivities.json": [{"summarizedActivitiesExport": list(activities[:1])}],
        f"{FITNESS}/me_1001_summarizedActivities.json": [{"summarizedActivitiesExport": list(activities[1:])}],
        f"{FITNESS}/me_gear.json": [gear],
        f"{UPLOADED}": zipped({
            **{f"me@x.com_{500 + k}.fit": fit(k) for k in range(3)},
            "me@x.com_600.fit": fit_bytes.fit(fit_bytes.file_id(32)),
            "me@x.com_601.txt": b"nothing",
        }),
        "DI_CONNECT/DI-Connect-Wellness/2024_sleepData.json": [{"sleepStartTimestampGMT": "x"}],
    }  # fmt: skip


ACTIVITIES = (
    activity(0, "Along the river", "trail_running"),
    activity(1, "To work", "cycling", privacy={"typeKey": "private"}, description="Rain"),
    activity(7, "Nowhere", "yoga"),
)


def found(path):
    batches, report = load([path])
    return {a.start: a for batch in batches for a in batch.activities}, report


def unpack(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())


def test_activities_are_joined_by_their_start(tmp_path):
    (tmp_path / "takeout.zip").write_bytes(zipped(takeout(*ACTIVITIES)))
    unpack(tmp_path / "folder", takeout(*ACTIVITIES))
    for path in (tmp_path / "takeout.zip", tmp_path / "folder", tmp_path / "folder" / "DI_CONNECT"):
        activities, report = found(path)
        first, second, third = (activities[START + 86400 * k] for k in range(3))
        assert (first.id, first.sport, first.name, first.gear) == ("9000", "TrailRun", "Along the river", "Red shoes")
        assert (first.distance, first.elapsed_time, first.moving_time) == (1234.56, 301.0, 290.0)
        assert (first.extra["average_heart_rate"], first.private) == (141.0, False)
        assert (second.sport, second.private, second.extra["description"]) == ("Ride", True, "Rain")
        assert (third.name, third.sport) == ("", "Run")
        assert report.dropped["files without a row in the table"] == 1
        assert not report.failed
        assert report.held_instead["monitoring"] == 1


def test_info_render_and_import(tmp_path):
    path = tmp_path / "takeout.zip"
    path.write_bytes(zipped(takeout(*ACTIVITIES)))
    assert heatlas.inspect(path)["activities"] == 3
    assert heatlas.render(path, output=tmp_path / "a.png", width=64)["activities"] == 3
    import_into(tmp_path / "a.db", path)
    assert "TrailRun" in str(heatlas.inspect(tmp_path / "a.db"))
    path.write_bytes(zipped(takeout(activity(0, "Along", "hiking"), *ACTIVITIES[1:])))
    import_into(tmp_path / "a.db", path)
    assert "TrailRun" not in str(heatlas.inspect(tmp_path / "a.db"))
    assert "Hike" in str(heatlas.inspect(tmp_path / "a.db"))


def test_of_a_whole_and_its_first_leg_the_leg_counts(tmp_path):
    whole = activity(0, "Triathlon", "multi_sport", parent=True)
    (tmp_path / "takeout.zip").write_bytes(zipped(takeout(whole, {**ACTIVITIES[0], "activityId": 9100})))
    assert found(tmp_path / "takeout.zip")[0][START].name == "Along the river"


def test_recordings_elsewhere_stay_as_they_are(tmp_path):
    unpack(tmp_path / "a", takeout(*ACTIVITIES))
    (tmp_path / "beside.gpx").write_bytes(gpx(*straight(600, lat=48.5), start=START))
    activities, report = found(tmp_path)
    assert len(activities) == 3 + (START in activities) - 1
    assert report.dropped["files without a row in the table"] == 1


def test_a_list_that_is_cut_gives_what_is_whole():
    data = json.dumps([{"summarizedActivitiesExport": [activity(k, f"n{k}", "running") for k in range(9)]}]).encode()
    for cut in range(0, len(data), 37):
        warnings = []
        rows = read_takeout([Sheet("a_summarizedActivities.json", lambda cut=cut: data[:cut], GARMIN)], warnings).rows
        assert len(rows) >= int(9 * cut / len(data)) - 1
    source = random.Random(5)
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(source.randint(1, 20)):
            at = source.randrange(len(damaged))
            damaged[at : at + 1] = source.choice((b"", b"[", b"{", b'"', b"1e999", b"null", b"\xff", b"-" + b"9" * 40))
        table = read_takeout([Sheet("a_summarizedActivities.json", lambda d=bytes(damaged): d, GARMIN)], [])
        assert all(np.isfinite(row.start) for row in table.rows.values())


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"null", b'[{"summarizedActivitiesExport": 5}]', b"[" * 99999])
def test_lists_without_activities_are_no_table(data, tmp_path):
    (tmp_path / "a_summarizedActivities.json").write_bytes(data)
    (tmp_path / "a.gpx").write_bytes(gpx(*straight(600)))
    activities, report = found(tmp_path)
    assert len(activities) == 1
    assert not report.dropped
