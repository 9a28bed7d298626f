"""Gaps, and what breaks leave out, from files to the report; a year in one track."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from made import gpx

import heatlas
from heatlas.cli import group
from heatlas.core.errors import BadOption
from heatlas.library.care.checking import check
from heatlas.library.collection import tracks_of
from heatlas.library.file.opening import open_library
from heatlas.library.file.settings import read_settings
from heatlas.library.maintenance import reindex
from heatlas.library.manage import import_into
from heatlas.library.zones import add_zone, remove_zone
from heatlas.options.parsing import parse_gaps

DAY = 86400.0


def written(path, steps, lapse, start=1.7e9, name="made"):
    """A way to the east as GPX without a sport: metres and seconds of each step."""
    lon = 11 + np.concatenate(([0.0], np.cumsum(steps))) / 75_345
    time = start + np.concatenate(([0.0], np.cumsum(lapse)))
    points = "".join(
        f'<trkpt lat="47.5" lon="{x:.7f}"><time>{np.datetime64(int(t), "s")}Z</time></trkpt>'
        for x, t in zip(lon, time, strict=True)
    )
    path.write_text(f"<gpx><trk><name>{name}</name><trkseg>{points}</trkseg></trk></gpx>")
    return path


def tunnel(path, start=1.7e9):
    """2 km, 12 km without a fix, 1 km."""
    return written(path, [5] * 400 + [12_000] + [5] * 200, [1] * 400 + [361] + [1] * 200, start)


def year(path, weeks=30):
    """Each week a hundred seconds of a run, from the same place, in one track."""
    steps, lapse = [], []
    for week in range(weeks):
        steps += [-297.0] * bool(week) + [3.0] * 99
        lapse += [7 * DAY - 99] * bool(week) + [1.0] * 99
    return written(path, steps, lapse, name="2024")


def segments(tracks):
    return sum(len(batch.segments) - 1 for batch in tracks.batches)


def test_the_report_says_how_many_kilometres_breaks_leave_out(tmp_path):
    for k in range(3):
        tunnel(tmp_path / f"{k}.gpx", 1.7e9 + k * DAY)
    written(tmp_path / "short.gpx", [2] * 900 + [700] + [2] * 900, [1] * 900 + [400] + [1] * 900, 1.6e9)
    report = heatlas.inspect(tmp_path, workers=1)
    breaks = report["breaks"]
    assert breaks["left_out_m"] == pytest.approx(36_700, abs=30)
    assert [item["file"].rpartition("/")[2] for item in breaks["files"]] == ["0.gpx", "1.gpx", "2.gpx"]
    assert breaks["files"][0]["of_m"] == pytest.approx(15_000, abs=15)
    assert heatlas.inspect(*sorted(tmp_path.iterdir())[::-1], workers=2)["breaks"] == breaks
    said = CliRunner().invoke(group, ["info", str(tmp_path)]).output
    assert "breaks leave out 36.7 km" in said
    assert "0.gpx: 12.0 km of 15.0 km" in said
    assert "short.gpx" not in said
    assert " h moving" in said
    imported = import_into(tmp_path / "lib.db", *tmp_path.glob("*.gpx"))
    assert imported["breaks"] == breaks
    assert heatlas.inspect(tmp_path / "lib.db")["breaks"] == breaks


def test_what_is_said_of_gaps_holds_for_files_tables_and_libraries(tmp_path):
    path = tunnel(tmp_path / "a.gpx")
    assert segments(heatlas.open(path)) == 2
    for given in ({"max_gap": "10min"}, {"max_gap": 361}, {"max_gap_distance": "20km"}):
        assert segments(heatlas.open(path, **given)) == 1
    table = {
        "id": [1] * 3, "lat": [47.0, 47.001, 47.05], "lon": [8.0] * 3, "time": [1.7e9, 1.7e9 + 10, 1.7e9 + 900],
    }  # fmt: skip
    assert segments(heatlas.open(table, track="id")) == 2
    assert segments(heatlas.open(table, track="id", max_gap="1h")) == 1
    report = heatlas.render(path, output=tmp_path / "a.png", max_gap="10min", width=100, measure="metres")
    assert report["breaks"]["left_out_m"] == 0
    library = tmp_path / "lib.db"
    import_into(library, path, max_gap="10min")
    assert segments(heatlas.open(library)) == 1
    # The library keeps to it, and says so when tracks are there that were read otherwise.
    assert not import_into(library, tunnel(tmp_path / "b.gpx", 1.6e9), max_gap="10 min")["files"]["warnings"]
    assert segments(heatlas.open(library)) == 2
    changed = import_into(library, tunnel(tmp_path / "c.gpx", 1.5e9), max_gap="auto")
    (warning,) = changed["files"]["warnings"]
    assert "the 2 activities that were there keep the gaps" in warning["reason"]
    assert segments(heatlas.open(library)) == 4
    with pytest.raises(BadOption, match="heatlas import"):
        heatlas.open(library, max_gap="1h")


def test_what_is_said_of_gaps_stays_when_the_index_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path))
    path = tmp_path / "lib.db"
    import_into(path, tunnel(tmp_path / "a.gpx"), max_gap="10min", max_gap_distance="20km")
    with open_library(path) as library:
        reindex(library, zooms=(3, 12))
        reindex(library, clip_ends=50.0)
        add_zone(library, "home", 47.5, 11.0, 100.0)
        remove_zone(library, "home")
        with library.read() as link:
            kept = read_settings(link)
    assert (kept.max_gap, kept.max_gap_distance, kept.zooms, kept.clip_ends) == (600, 20_000, (3, 12), 50.0)
    import_into(path, tunnel(tmp_path / "b.gpx", 1.6e9))
    assert segments(heatlas.open(path)) == 2  # one of each


def test_gaps_are_refused_where_they_mean_nothing(tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("lat,lon\n47,11\n47.1,11\n")
    for output in ("a.png", "tiles.mbtiles", "a.html"):
        with pytest.raises(BadOption, match="--max-gap is for tracks"):
            heatlas.render(points, output=tmp_path / output, max_gap="1h")
    with pytest.raises(BadOption, match="for recordings"):
        import_into(tmp_path / "lib.db", points, max_gap_distance="1km")
    assert not (tmp_path / "lib.db").exists()
    for wrong in ("0", "-1h", "1 week", "x", "nan"):
        with pytest.raises(BadOption, match="--max-gap"):
            parse_gaps(wrong, None)
    assert parse_gaps("90s", "1.5km").numbers == (90, 1500)
    assert parse_gaps("2h", None).time == 7200
    assert parse_gaps("auto", None, parse_gaps("1d", "2km")).numbers[1] == 2000


def test_a_clock_that_cannot_be_is_said_once(tmp_path):
    rng = np.random.default_rng(5)
    steps = rng.exponential(200, 44) + 30
    points = "".join(
        f'<trkpt lat="47.5" lon="{11 + x / 75_345:.7f}"><time>2021-01-30T00:47:{t:06.3f}Z</time></trkpt>'
        for x, t in zip(np.cumsum(steps), np.cumsum(steps) / 1500, strict=True)
    )
    (tmp_path / "a.gpx").write_text(f"<gpx><trk><trkseg>{points}</trkseg></trk></gpx>")
    said = CliRunner().invoke(group, ["info", str(tmp_path)]).output
    assert said.count("clock cannot be trusted") == 1
    assert heatlas.inspect(tmp_path)["fixes"] == 44
    assert heatlas.inspect(tmp_path)["first"].startswith("2021-01-30")


def test_a_year_in_one_track_is_cut_into_outings(tmp_path):
    path = year(tmp_path / "year.gpx")
    tracks = heatlas.open(path)
    assert (len(tracks), tracks.fixes) == (30, 3000)
    starts = [activity.start for activity in tracks.activities]
    assert np.diff(starts) == pytest.approx(7 * DAY)
    assert {activity.name for activity in tracks.activities} == {"2024"}
    assert len({activity.id for activity in tracks.activities}) == 30
    assert tracks.activities[3].distance == pytest.approx(297, abs=1)
    assert tracks.activities[3].elapsed_time == 99
    assert len(tracks.select(after="2023-12-01", before="2024-01-01")) == 4
    (warning,) = heatlas.inspect(path)["files"]["warnings"]
    assert "cut into 30 outings" in warning["reason"]
    import_into(tmp_path / "lib.db", path)
    with open_library(tmp_path / "lib.db") as library:
        ours = tracks_of(library)
        assert check(library, None) == []
    assert ours.activities == tracks.activities
    assert b"".join(b.progress.tobytes() for b in ours.batches) == b"".join(
        b.progress.tobytes() for b in tracks.batches
    )
    # A table is read likewise.
    batch = tracks.batches[0]
    table = {"who": ["me"] * batch.fixes, "lat": 0 * batch.u + 47.5, "lon": (batch.u - 0.5) * 360, "time": batch.time}
    assert len(heatlas.open(table, track="who")) == len(batch)


def test_days_of_a_phone_at_home_are_cut_where_someone_leaves(tmp_path):
    # For twenty days: home, logged every five minutes, and an hour out each day.
    steps, lapse = [], []
    for _ in range(20):
        steps += [10, -10] * 138 + [200] * 30 + [-200] * 30
        lapse += [300] * 276 + [60] * 60
    tracks = heatlas.open(written(tmp_path / "phone.gpx", steps, lapse))
    assert len(tracks) == 20
    assert tracks.fixes == len(steps) + 1
    hours = [activity.start % DAY for activity in tracks.activities[1:]]
    assert np.ptp(hours) < DAY / 2
    assert tracks.activities[5].moving_time == pytest.approx(3600, rel=0.05)


def test_a_watch_within_the_log_of_a_phone_is_found(tmp_path):
    # For twenty days: hourly fixes at home, and an hour out each day; one of these runs by a watch as well.
    out = [90.0] * 60 + [-90.0] * 60
    written(tmp_path / "phone.gpx", ([10, -10] * 11 + out) * 20, ([3600] * 22 + [30] * 120) * 20)
    start = 1.7e9 + 6 * (22 * 3600 + 3600) + 22 * 3600
    written(tmp_path / "watch.gpx", [3] * 1800 + [-3] * 1800, [1] * 3600, start, "Lunch with Anna")
    tracks = heatlas.open(tmp_path)
    assert len(tracks) == 20
    assert heatlas.inspect(tmp_path)["dropped"] == {"activities found twice": 1}
    assert sum(activity.source.endswith("watch.gpx") for activity in tracks.activities) == 1
    import_into(tmp_path / "lib.db", tmp_path / "watch.gpx")
    import_into(tmp_path / "lib.db", tmp_path / "phone.gpx")
    with open_library(tmp_path / "lib.db") as library:
        assert sorted(tracks_of(library).activities, key=str) == sorted(tracks.activities, key=str)
        assert check(library, None) == []


@pytest.mark.parametrize(
    ("steps", "lapse"),
    [
        # A race of 30 hours with a sleep; a week by a messenger every ten minutes, with its nights; a month of a ship.
        ([3.0] * 300 + [5.0] + [3.0] * 300, [180] * 300 + [5 * 3600] + [180] * 300),
        (([700.0] * 54 + [20.0]) * 7, ([600] * 54 + [15 * 3600]) * 7),
        ([10_000.0] * 720, [3600] * 720),
        ([60_000.0] * 80 + [0.0] * 3 + [60_000.0] * 40, [6 * 3600] * 123),
    ],
)
def test_long_recordings_of_one_journey_stay_whole(tmp_path, steps, lapse):
    tracks = heatlas.open(written(tmp_path / "long.gpx", steps, lapse))
    assert len(tracks) == 1
    assert segments(tracks) == 1
    assert tracks.fixes == len(steps) + 1


def test_a_storm_of_1949_keeps_its_times(tmp_path):
    start = float(np.datetime64("1949-08-23T06:00", "s").astype(int))
    path = written(tmp_path / "storm.gpx", [90_000] * 40, [21_600] * 40, start)
    report = heatlas.inspect(path)
    assert (report["first"][:10], report["dropped"]) == ("1949-08-23", {})
    tracks = heatlas.open(path)
    assert segments(tracks) == 1
    assert len(tracks.select(after="1949-08-01", before="1949-09-01")) == 1
    assert len(tracks.where("year = 1949 AND month = 8")) == 1
    # Copies are found by time all the same, and a table may say seconds before 1970.
    (tmp_path / "copy.gpx").write_bytes(path.read_bytes())
    assert len(heatlas.open(tmp_path)) == 1
    table = {"id": [1] * 3, "lat": [20.0, 21, 22], "lon": [-60.0] * 3, "time": start + 21_600 * np.arange(3.0)}
    assert heatlas.open(table, track="id").activities[0].start == start
    import_into(tmp_path / "lib.db", path)
    assert heatlas.inspect(tmp_path / "lib.db")["first"][:10] == "1949-08-23"


def test_a_run_that_says_its_sport_is_as_before(tmp_path):
    lon, lat = 11 + 4e-5 * np.arange(200), np.full(200, 47.5)
    (tmp_path / "run.gpx").write_bytes(gpx(lon, lat))
    report = heatlas.inspect(tmp_path)
    assert (report["dropped"], report["breaks"]) == ({}, {"left_out_m": 0, "files": []})
    assert json.dumps(report["breaks"])
