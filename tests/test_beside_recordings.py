"""Files beside recordings that say more of them: intervals.icu's table, heart rates, ways of moving."""

from __future__ import annotations

import json
import zipfile

import numpy as np
from format_samples import SAMPLES
from made import gpx, straight

from heatlas.core.batch import split
from heatlas.library.file.opening import open_library
from heatlas.library.manage import import_into
from heatlas.sources.load import load
from heatlas.sources.sheets.exports import find_exports

START = 1_714_809_600.0  # 4 May 2024, 08:00 UTC, 10:00 at 47.8 N, 11.0 E
HEAD = "id,start_date_local,name,type,moving_time,distance,elapsed_time,average_speed,commute,icu_training_load\n"


def tracks(path):
    batches, report = load([path])
    return [one for batch in batches for one in split(batch, [tuple(batch.columns)] * len(batch.activities))], report


def test_intervals_icu_is_joined_by_local_start_and_by_id(tmp_path):
    where = straight(400, lat=47.8)
    (tmp_path / "activities.csv").write_text(
        HEAD
        + "i77,2024-05-04T10:00:07,Evening,GravelRide,390,1200.5,400,3,true,55\n"
        + "i78,2024-05-05T10:00:00,By its name,Run,390,1200.5,400,3,,\n"
        + "i79,2024-05-09T10:00:00,Not here,Run,390,1200.5,400,3,,\n"
    )
    (tmp_path / "any name.gpx").write_bytes(gpx(*where, start=START))
    (tmp_path / "i78.gpx").write_bytes(gpx(*straight(400, lat=48.8), start=START + 9e6))
    (tmp_path / "other.gpx").write_bytes(gpx(*straight(400, lat=49.8), start=START + 5e6))
    found, report = tracks(tmp_path)
    said = {one.activities[0].source.rpartition("/")[2]: one.activities[0] for one in found}
    first = said["any name.gpx"]
    assert (first.id, first.sport, first.name, first.commute) == ("i77", "GravelRide", "Evening", True)
    assert (first.distance, first.moving_time) == (1200.5, 390.0)
    assert first.start == START  # the table says no more than the minute of the clock on the wall
    assert first.extra["icu_training_load"] == 55.0
    assert said["i78.gpx"].name == "By its name"
    assert report.dropped["files without a row in the table"] == 1
    assert not report.warnings


def test_intervals_icu_in_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("i1234_activities.csv", HEAD + "i77,2024-05-04T10:00:00,Evening,Run,390,1,400,3,,\n")
        archive.writestr("x.gpx", gpx(*straight(400, lat=47.8), start=START))
    (only,), _ = tracks(tmp_path / "a.zip")
    assert (only.activities[0].name, only.activities[0].sport) == ("Evening", "Run")


def test_heart_rates_of_samsung(tmp_path):
    place = tmp_path / "jsons" / "com.samsung.shealth.exercise" / "6"
    place.mkdir(parents=True)
    name = "641aab23-3128-4af5-9d5b-520b7033d82d.com.samsung.health.exercise."
    (place / f"{name}location_data.json").write_bytes(SAMPLES["samsung"].data)
    begin = json.loads(SAMPLES["samsung"].data)[0]["start_time"]
    rates = [{"heart_rate": 120.0 + k, "start_time": begin + 1000 * k, "speed": 2.5} for k in range(40)]
    (place / f"{name}live_data.json").write_text(json.dumps([{"start_time": begin, "speed": 2}, *rates]))
    (place / "other.com.samsung.health.exercise.live_data.json").write_text(json.dumps(rates))
    (only,), report = tracks(tmp_path)
    assert only.columns["heart_rate"][0] == 120
    assert np.nanmax(only.columns["heart_rate"]) == 159
    assert report.dropped["heart rates without a recording beside them"] == 1
    assert not report.failed


def hrm(start="09:59:50.0", interval=1, rates=range(100, 200)):
    rows = "".join(f"{rate}\t25\t80\r\n" for rate in rates)
    return (
        "[Params]\r\nVersion=106\r\nMonitor=23\r\nSMode=111000100\r\nDate=20240504\r\n"
        f"StartTime={start}\r\nLength=00:01:40.0\r\nInterval={interval}\r\n\r\n[Note]\r\n100\r\n\r\n[HRData]\r\n{rows}"
    ).encode()


def test_an_hrm_beside_a_gpx(tmp_path):
    (tmp_path / "ride.gpx").write_bytes(gpx(*straight(60, lat=47.8), start=START))
    (tmp_path / "ride.hrm").write_bytes(hrm())
    (tmp_path / "lone.hrm").write_bytes(hrm())
    (tmp_path / "beats.gpx").write_bytes(gpx(*straight(60, lat=48.8), start=START))
    (tmp_path / "beats.hrm").write_bytes(hrm(interval=238))
    found, report = tracks(tmp_path)
    (only,) = (one for one in found if one.activities[0].source.endswith("ride.gpx"))
    assert only.columns["heart_rate"][:3].tolist() == [110, 111, 112]  # ten seconds after the watch, and two hours
    assert [bool(np.isnan(one.columns["heart_rate"]).all()) for one in found if one is not only] == [True]
    assert [item.file.rpartition("/")[2] for item in report.skipped] == ["lone.hrm"]
    assert [reason for _, reason in report.warnings] == [
        "no heart rates at equal times in it, so that nothing can be joined"
    ]
    (alone,), _ = tracks(tmp_path / "ride.gpx")
    assert alone.columns["heart_rate"][0] == 110


def test_ways_of_moving_cut_a_day(tmp_path):
    (tmp_path / "010" / "Trajectory").mkdir(parents=True)
    lines = ["Geolife trajectory", "WGS 84", "Altitude is in Feet", "Reserved 3", "0,2,255,My Track,0,0,2,8421376", "0"]
    for k in range(120):
        days = 25569 + (START + 10 * k) / 86400
        lines.append(f"{47.8 + k * 2e-4:.6f},11.0,0,492,{days:.10f},2024-05-04,08:00:00")
    (tmp_path / "010" / "Trajectory" / "20240504.plt").write_text("\r\n".join(lines))
    labels = tmp_path / "010" / "labels.txt"
    labels.write_text(
        "Start Time\tEnd Time\tTransportation Mode\n2024/05/04 08:03:20\t2024/05/04 08:09:50\tsubway\n"
        "2024/05/04 08:10:00\t2024/05/04 08:20:00\twalk\nbroken\n"
    )
    found, report = tracks(tmp_path)
    assert [(one.activities[0].sport, one.fixes) for one in found] == [("Unknown", 20), ("Train", 41), ("Walk", 61)]
    assert not report.failed
    assert not report.warnings
    import_into(tmp_path / "lib.db", tmp_path / "010")

    def sports():
        with open_library(tmp_path / "lib.db") as library, library.read() as connection:
            rows = connection.execute("SELECT sport FROM activities WHERE same_as IS NULL ORDER BY first").fetchall()
        return [row[0] for row in rows]

    assert sports() == ["Unknown", "Train", "Walk"]
    labels.write_text(labels.read_text().replace("walk", "run"))
    import_into(tmp_path / "lib.db", tmp_path / "010")
    assert sports() == ["Unknown", "Train", "Run"]


def test_another_file_of_that_name_says_nothing(tmp_path):
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    (tmp_path / "a.gpx").write_bytes(gpx(*straight()))
    assert find_exports([tmp_path]).labels == ()
    assert len(tracks(tmp_path)[0]) == 1
