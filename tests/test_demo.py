"""The made-up export: the same bytes again, readable by others' libraries, and true to itself."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import re
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import fitdecode
import gpxpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.checksums import crc16
from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat, ground_metres
from heatlas.demo import write_demo
from heatlas.demo.diary import KINDS, plan
from heatlas.demo.geometry import lengths
from heatlas.demo.grounds import ORIGIN, PLACES, TRACK, VILLAGES, track_lap
from heatlas.demo.network import STREET, build
from heatlas.demo.table import HEADER
from heatlas.demo.town import town

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 60
SEMICIRCLE = 180 / 2**31


def rows_of(folder: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO((folder / "activities.csv").read_text(encoding="utf-8"), newline="")))


def unpacked(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read_fit(path: Path) -> tuple[dict[str, list[dict[str, object]]], bool]:
    """Messages by name, and whether the file was sound to its end."""
    found: dict[str, list[dict[str, object]]] = {}
    try:
        with fitdecode.FitReader(unpacked(path), check_crc=fitdecode.CrcCheck.RAISE) as reader:
            for frame in reader:
                if frame.frame_type == fitdecode.FIT_FRAME_DATA:
                    fields = {field.name: field.value for field in frame.fields}
                    found.setdefault(frame.name, []).append(fields)
    except fitdecode.FitError:
        return found, False
    return found, True


def metres(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Lengths of the steps between positions."""
    u, v = from_lonlat(lon, lat)
    east, north = ground_metres((v[1:] + v[:-1]) / 2)
    return np.hypot(np.diff(u) * east, np.diff(v) * north)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "export"
    write_demo(folder, seed=1, activities=ROWS)
    return folder


@pytest.fixture(scope="module")
def table(export: Path) -> list[dict[str, str]]:
    """Rows by column; the second of two columns of one name gets " 2" behind it."""
    header, *rows = rows_of(export)
    seen: Counter[str] = Counter()
    names = []
    for name in header:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} 2")
    return [dict(zip(names, row, strict=True)) for row in rows]


def files_of(table: list[dict[str, str]], form: str) -> list[dict[str, str]]:
    return [row for row in table if row["Filename"].endswith(f".{form}.gz")]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        write_demo(tmp_path / name, seed=seed, activities=6)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert digest(tmp_path / "a") != digest(tmp_path / "c")


@pytest.mark.parametrize("activities", [1, 2, 6, 24])
def test_any_number_of_activities(tmp_path: Path, activities: int) -> None:
    steps: list[tuple[int, int]] = []
    write_demo(tmp_path / "x", activities=activities, progress=lambda done, total: steps.append((done, total)))
    assert len(rows_of(tmp_path / "x")) == activities + 1
    assert steps == [(n, activities) for n in range(1, activities + 1)]
    files = list((tmp_path / "x" / "activities").iterdir())
    assert len(files) == (activities - 2 if activities >= 24 else activities)


def test_folder_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    write_demo(empty, activities=1)
    assert (empty / "activities.csv").is_file()
    with pytest.raises(BadOption, match="not an empty folder"):
        write_demo(empty, activities=1)

    def fail(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_demo(tmp_path / "new", activities=3, progress=fail)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_what_cannot_be_used_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(BadOption):
            write_demo(folder, activities=1)
    with pytest.raises(BadOption, match="10,000"):
        write_demo(tmp_path / "new", activities=0)
    with pytest.raises(BadOption, match="negative"):
        write_demo(tmp_path / "new", seed=-1)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_table_has_the_export_s_columns(export: Path, table: list[dict[str, str]]) -> None:
    header, *rows = rows_of(export)
    assert tuple(header) == HEADER
    assert len(header) == 99
    twice = {name for name, count in Counter(header).items() if count == 2}
    assert twice == {"Elapsed Time", "Distance", "Max Heart Rate", "Relative Effort", "Commute"}
    assert len(rows) == ROWS
    for row in table:
        assert re.fullmatch(r"[A-Z][a-z]{2} \d{1,2}, 20\d\d, \d{1,2}:\d\d:\d\d [AP]M", row["Activity Date"])
        assert float(row["Distance"]) == pytest.approx(float(row["Distance 2"]) / 1000, abs=0.006)
        assert float(row["Elapsed Time"]) == float(row["Elapsed Time 2"])
        assert (row["Commute"], row["Commute 2"]) in {("true", "1.0"), ("false", "0.0")}
        assert row["Activity ID"] not in row["Filename"]
    assert len({row["Activity ID"] for row in table}) == ROWS
    assert len({row["Activity Gear"] for row in table} - {""}) == 4
    assert {row["Activity Type"] for row in table} == {kind.sport for kind in KINDS.values()}


def test_every_file_has_its_row(export: Path, table: list[dict[str, str]]) -> None:
    named = [row["Filename"] for row in table if row["Filename"]]
    there = {f"activities/{path.name}" for path in (export / "activities").iterdir()}
    assert set(named) == there
    assert len(named) == len(there) == ROWS - 2
    share = {form: len(files_of(table, form)) / ROWS for form in ("fit", "gpx", "tcx")}
    assert 0.4 < share["fit"] < 0.65
    assert 0.2 < share["gpx"] < 0.4
    assert 0.08 < share["tcx"] < 0.25


def test_one_activity_is_there_twice(export: Path, table: list[dict[str, str]]) -> None:
    dates = Counter(row["Activity Date"] for row in table)
    (date,) = [date for date, count in dates.items() if count > 1]
    pair = {row["Filename"].split(".")[1]: row for row in table if row["Activity Date"] == date}
    assert set(pair) == {"fit", "gpx"}
    assert pair["fit"]["Distance 2"] == pair["gpx"]["Distance 2"]
    messages, sound = read_fit(export / pair["fit"]["Filename"])
    points = gpxpy.parse(unpacked(export / pair["gpx"]["Filename"])).get_points_data()
    placed = [record for record in messages["record"] if record["position_lat"] is not None]
    assert sound
    assert len(points) == len(placed)
    assert points[7].point.latitude == pytest.approx(placed[7]["position_lat"] * SEMICIRCLE, abs=1e-6)


def test_fit_files_are_sound_but_for_one(export: Path, table: list[dict[str, str]]) -> None:
    broken = []
    for row in files_of(table, "fit"):
        data = unpacked(export / row["Filename"])
        assert data[8:12] == b".FIT"
        if int.from_bytes(data[4:8], "little") + 16 != len(data):
            broken.append(row)
        else:
            assert crc16(data) == 0
            assert crc16(data[:14]) == 0
    (row,) = broken
    messages, sound = read_fit(export / row["Filename"])
    assert not sound
    assert len(messages["record"]) > 100


def test_fit_agrees_with_the_table(export: Path, table: list[dict[str, str]]) -> None:
    sports = {"Run": "running", "Ride": "cycling", "Swim": "swimming", "Hike": "hiking", "Walk": "walking"}
    some = [row for sport in sports for row in files_of(table, "fit") if row["Activity Type"] == sport][::4]
    checked = 0
    for row in some:
        messages, sound = read_fit(export / row["Filename"])
        if not sound:
            continue
        (session,) = messages["session"]
        records = messages["record"]
        assert session["sport"] == sports[row["Activity Type"]]
        assert session["total_distance"] == pytest.approx(float(row["Distance 2"]), abs=0.2)
        assert session["total_elapsed_time"] == float(row["Elapsed Time 2"])
        assert session["num_laps"] == len(messages["lap"])
        assert sum(lap["total_distance"] for lap in messages["lap"]) == pytest.approx(session["total_distance"], abs=1)
        times = [record["timestamp"].timestamp() for record in records]
        assert all(a < b for a, b in pairwise(times))
        events = [(event["event"], event["event_type"]) for event in messages["event"]]
        assert events[0] == ("timer", "start")
        assert events[-1] == ("timer", "stop_all")
        assert len(events) % 2 == 0
        checked += 1
    assert checked >= 4


def test_distances_agree_with_speeds_and_positions(export: Path, table: list[dict[str, str]]) -> None:
    checked = 0
    for row in [r for r in files_of(table, "fit") if r["Activity Type"] in {"Run", "Ride"}][::5]:
        messages, sound = read_fit(export / row["Filename"])
        if not sound:
            continue
        records = [r for r in messages["record"] if r["position_lat"] is not None]
        place = np.array([(r["position_long"], r["position_lat"]) for r in records], float) * SEMICIRCLE
        far = float(records[-1]["distance"]) - float(records[0]["distance"])
        time = np.array([r["timestamp"].timestamp() for r in records])
        speed = np.array([r.get("enhanced_speed", r.get("speed")) for r in records], float)
        steps = np.diff(time)
        riding = np.where(steps < 9, (speed[1:] + speed[:-1]) / 2 * steps, 0).sum()
        assert riding == pytest.approx(far, rel=0.04)
        assert metres(*place.T).sum() == pytest.approx(far, rel=0.06)
        assert speed.max() < (7.5 if row["Activity Type"] == "Run" else 20)
        checked += 1
    assert checked >= 3


def test_gpx_files_read_back(export: Path, table: list[dict[str, str]]) -> None:
    beats = []
    rows = files_of(table, "gpx")
    for row in rows[::3]:
        (track,) = gpxpy.parse(unpacked(export / row["Filename"])).tracks
        points = [point for segment in track.segments for point in segment.points]
        assert track.name == row["Activity Name"]
        assert len(points) > 60
        assert (points[-1].time - points[0].time).total_seconds() == pytest.approx(float(row["Elapsed Time"]), abs=25)
        for extension in points[len(points) // 2].extensions:
            beats += [int(e.text) for e in extension.iter() if e.tag.endswith("}hr")]
    assert len(beats) >= len(rows[::3]) / 3
    assert all(60 < beat < 195 for beat in beats)


def test_tcx_files_begin_with_ten_spaces(export: Path, table: list[dict[str, str]]) -> None:
    for row in files_of(table, "tcx"):
        data = unpacked(export / row["Filename"])
        assert data.startswith(b"          <?xml")
        root = ET.fromstring(data.lstrip())
        space = {"t": root.tag[1:].split("}")[0]}
        far = [float(e.text or "nan") for e in root.iterfind(".//t:Trackpoint/t:DistanceMeters", space)]
        assert far == sorted(far)
        assert far[-1] == pytest.approx(float(row["Distance 2"]), abs=0.2)
        placed = root.findall(".//t:Position", space)
        assert bool(placed) == (row["Activity Type"] != "Swim")


def test_gzip_names_no_time(export: Path) -> None:
    for path in (export / "activities").iterdir():
        assert path.read_bytes()[:10] == b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"


def test_laps_of_the_running_track(tmp_path: Path) -> None:
    assert lengths(track_lap())[-1] == pytest.approx(400, abs=1.0)
    write_demo(tmp_path / "x", seed=3, activities=100)
    found = 0
    for row in rows_of(tmp_path / "x")[1:]:
        cells = dict(zip(HEADER[:15], row[:15], strict=True))
        if cells["Activity Name"] not in {"25 laps", "Intervalle 🏃", "Track night"} or ".fit" not in cells["Filename"]:
            continue
        messages, _ = read_fit(tmp_path / "x" / cells["Filename"])
        laps = messages["lap"]
        assert len(laps) == 27
        rounds = np.array([lap["total_distance"] for lap in laps[1:-1]])
        assert np.allclose(rounds, 402, atol=14)
        paces = np.array([lap["total_elapsed_time"] for lap in laps[1:-1]])
        assert paces.max() > 1.4 * paces.min()
        found += 1
    assert found >= 2


def test_home_is_where_most_activities_begin(export: Path, table: list[dict[str, str]]) -> None:
    begins = []
    for row in files_of(table, "fit"):
        messages, _ = read_fit(export / row["Filename"]) if row["Activity Type"] == "Run" else ({}, True)
        first = messages.get("record", [])[:1]
        begins += [(r["position_long"] * SEMICIRCLE, r["position_lat"] * SEMICIRCLE) for r in first]
    x, y = PLACES["home"]
    lat = ORIGIN[0] + y / 111_200
    lon = ORIGIN[1] + x / (111_320 * math.cos(math.radians(lat)))
    far = np.array([metres(np.array([lon, b[0]]), np.array([lat, b[1]]))[0] for b in begins])
    assert (far < 250).mean() > 0.5


def test_diary_keeps_its_habits() -> None:
    sessions = plan(200, np.random.default_rng(9))
    assert Counter(s.kind for s in sessions) == {name: kind.share for name, kind in KINDS.items()}
    assert [s.start for s in sessions] == sorted(s.start for s in sessions)
    assert min(b.start - a.start for a, b in pairwise(sessions)) > 1800
    assert all(s.day % 7 < 5 for s in sessions if s.kind == "commute")
    running = {"loop", "explore", "long", "intervals", "trail"}
    assert not [s for s in sessions if s.kind in running and 396 <= s.day < 434]
    assert {s.day // 7 for s in sessions if s.kind == "holiday"} <= {41, 42}


@pytest.mark.parametrize("total", [1, 2, 23, 24, 200, 320, 321, 400, 640, 641, 1000, 1999, 2000, 3201, 9_000, 10_000])
def test_every_session_is_in_the_past_and_none_overlap(total: int) -> None:
    sessions = plan(total, np.random.default_rng([total, 0]))
    assert len(sessions) == total
    begin, end = (datetime(year, 10, 5, tzinfo=UTC).timestamp() for year in (2006, 2026))
    assert begin <= sessions[0].start
    assert sessions[-1].start < end
    assert min((b.start - a.start for a, b in pairwise(sessions)), default=9999) > 1800
    if total <= 8_000:  # a day has one session beside the commutes while there are days enough
        days = [session.day for session in sessions if session.kind != "commute"]
        assert len(days) == len(set(days))


def test_all_places_can_be_reached() -> None:
    network = town()
    start = network.nearest(*PLACES["home"])
    for x, y in [*PLACES.values(), *VILLAGES.values()]:
        goal = network.nearest(x, y)
        assert math.dist(network.nodes[goal], (x, y)) < 300
        path = network.route(start, goal, network.length.tolist(), 1.0)
        assert network.length[path].sum() >= math.dist(network.nodes[start], network.nodes[goal]) - 1
    laps = np.hypot(*(network.nodes - TRACK).T)
    assert laps.min() < 100


@given(st.binary(max_size=3000))
def test_crc_is_that_of_the_protocol(data: bytes) -> None:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    assert crc16(data) == crc


def test_lines_that_cross_are_joined() -> None:
    def line(*ends: tuple[float, float]) -> np.ndarray:
        t = np.linspace(0, 1, 60)[:, None]
        return np.array(ends[0]) * (1 - t) + np.array(ends[1]) * t

    lines = [line((-300, 0), (300, 0)), line((-300, 200), (300, 200)), line((-200, -300), (-200, 400))]
    network = build([(points, STREET) for points in (*lines, line((200, -300), (200, 400)))])
    a, b = network.nearest(-200, 0), network.nearest(200, 200)
    assert np.allclose(network.nodes[[a, b]], [(-200, 0), (200, 200)], atol=0.02)
    path = network.route(a, b, network.length.tolist(), 1.0)
    assert network.length[path].sum() == pytest.approx(600, abs=0.1)
    assert len(path) == 2
