"""Rows with a track column become recordings in the order of time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import heatlas
from heatlas.core.batch import join
from heatlas.core.errors import BadOption
from heatlas.options import TableOptions
from heatlas.sources.speeds import max_speed
from heatlas.sources.tables import open_table
from heatlas.sources.tables.columns import find_columns
from heatlas.sources.tables.settled import settled
from heatlas.sources.tables.tracks.fixes import UNTRACKED, read_tracks
from heatlas.sources.tables.tracks.reader import recordings_of
from heatlas.tracks.clean import clean


def tracks(source, track="track", **given):
    table = open_table(source)
    columns = find_columns(table.schema, TableOptions(track=track, **given), name=table.name)
    return read_tracks(table, columns, table.name), table


CLOCKS = ("T00:00:02Z", "T01:00:05+01:00", " 00:00:01", "T00:00:04Z")


def test_rows_are_grouped_and_sorted_by_time():
    found, _ = tracks({
        "track": ["b", "a", "b", "a", "b", None],
        "time": [f"2020-01-01{clock}" for clock in CLOCKS] + ["", ""],
        "lat": [1.0, 2, 3, 4, 5, 6],
        "lon": [1.0, 2, 3, 4, 5, 6],
    })  # fmt: skip
    assert [recording.activity.id for recording in found] == ["b", "a"]
    assert found[0].lat.tolist() == [3, 5, 1]  # what has no time stays behind the row before it
    assert found[1].lat.tolist() == [4, 2]
    np.testing.assert_array_equal(found[1].time - 1577836800, [4, 5])


def test_without_times_rows_keep_their_order():
    found, table = tracks({"track": [2, 1, 2, None], "lat": [1.0, 2, 3, 4], "lon": [5.0, 6, 7, 8]})
    assert [recording.lat.tolist() for recording in found] == [[1, 3], [2]]
    assert np.isnan(found[0].time).all()
    assert table.dropped == {UNTRACKED: 1}
    assert [recording.activity.name for recording in found] == ["2", "1"]


@given(st.lists(st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers(0, 20))), min_size=1, max_size=60))
def test_every_row_comes_once_and_times_never_go_back(rows):
    n = len(rows)
    key, time = zip(*rows, strict=True)
    found, _ = tracks({"track": key, "time": time, "lat": np.arange(n) / 2, "lon": np.full(n, 7.0)})
    assert sorted(x for recording in found for x in recording.lat) == [k / 2 for k in range(n)]
    for recording in found:
        known = recording.time[~np.isnan(recording.time)]
        assert (np.diff(known) >= 0).all()
        rank = {k / 2: t for k, t in enumerate(time)}
        ties = [(t, y) for y, t in ((y, rank[y]) for y in recording.lat.tolist()) if t is not None]
        assert ties == sorted(ties)


def test_metrics_attributes_sport_and_name():
    data = pd.DataFrame({
        "ride": ["x"] * 3 + ["y"] * 2,
        "sport": ["cycling"] * 3 + ["Laufen"] * 2,
        "Title": ["Home"] * 3 + ["Away"] * 2,
        "lat": 47.0, "lon": 8.0,
        "HR": ["120", "", "140", "", ""],
        "Speed (km/h)": [36.0, 18, 0, 9, 9],
        "altitude_ft": [1000.0, 0, 10, 1, 2],
        "PM 2.5": [1.5, 2.5, 3.5, 4.5, 5.5],
        "gearId": [7, 7, 7, 8, 8],
        "indoor": [False] * 3 + [True] * 2,
        "note": ["a", "b", "c", "d", "e"],
    })  # fmt: skip
    found, _ = tracks(data, "ride")
    first, second = found
    assert (first.activity.sport, second.activity.sport) == ("Ride", "Run")
    assert (first.activity.name, first.activity.id) == ("Home", "x")
    assert first.activity.source == "pandas DataFrame/x"
    assert first.activity.extra == {"gear_id": 7, "indoor": False}
    assert second.activity.extra == {"gear_id": 8, "indoor": True}
    np.testing.assert_array_equal(first.columns["heart_rate"], np.float32([120, np.nan, 140]))
    np.testing.assert_allclose(first.columns["speed"], [10, 5, 0])
    np.testing.assert_allclose(first.columns["elevation"], [304.8, 0, 3.048])
    np.testing.assert_allclose(first.columns["pm_2_5"], [1.5, 2.5, 3.5])
    assert "heart_rate" not in second.columns
    assert {values.dtype for values in first.columns.values()} == {np.dtype(np.float32)}


def test_rows_that_are_not_sound_stay_for_cleaning():
    found, _ = tracks({"track": [1] * 6, "lat": ["47", "x", None, "0", "95", "47"], "lon": [8.0, 8, 8, 0, 8, 8]})
    (recording,) = found
    np.testing.assert_array_equal(recording.lat, [47, np.nan, np.nan, 0, 95, 47])
    batch = clean(recording, max_speed("Unknown"), ())
    assert batch.fixes == 2
    counted = {"fixes without a position": 2, "fixes at 0, 0": 1, "fixes out of range": 1}
    assert {reason: n for reason, n in batch.dropped.items() if reason in counted} == counted


def test_nothing_and_no_column():
    assert tracks({"track": [], "lat": [], "lon": []})[0] == []
    table = open_table({"lat": [1.0], "lon": [2.0]})
    with pytest.raises(BadOption, match="--track"):
        read_tracks(table, find_columns(table.schema, name="t"), "t")
    with pytest.raises(BadOption, match="no column 'ride' for --track"):
        tracks({"lat": [1.0], "lon": [2.0]}, "ride")


def test_geometries_and_any_type_of_track(tmp_path):
    for key in ([1.5, 2.5], [True, False], ["ä", "b"], [b"a", b"b"], pd.to_datetime(["2020-01-01", "2021-01-01"])):
        found, _ = tracks({"track": key, "wkt": ["POINT(1 2)", "POINT(3 4)"]})
        assert [recording.lon.tolist() for recording in found] == [[1], [3]]
        assert len({recording.activity.id for recording in found}) == 2
    path = tmp_path / "a.ndjson"  # one column, whose type changes on the way
    path.write_text('{"track":1,"lat":1,"lon":2}\n' * 3 + '{"track":"x","lat":1,"lon":2}\n' * 3)
    assert [len(recording.lat) for recording in tracks(path)[0]] == [3, 3]


def test_real_tracks(shared_data):
    source = shared_data / "irvingbennett-running_page" / "panama-city-fixes.parquet"
    found, table = tracks(source, "activity")
    assert len(found) == 351
    assert sum(len(recording.lat) for recording in found) == 751_680
    assert not table.dropped
    rates = np.concatenate(
        [recording.columns.get("heart_rate", np.full(len(recording.lat), np.nan)) for recording in found]
    )
    assert np.isnan(rates).mean() == pytest.approx(0.49, abs=0.005)
    batch = join([clean(recording, max_speed("Run"), ("heart_rate",)) for recording in found[:20]])
    assert len(batch) == 20
    assert batch.fixes > 0.9 * sum(len(recording.lat) for recording in found[:20])


@pytest.mark.parametrize(("name", "rows"), [("gpsies", 247), ("google", 416), ("posmo", 1327)])
def test_real_trajectories(shared_data, name, rows):
    path = shared_data / "mie-lab-trackintel" / "examples" / "data" / f"{name}_trajectory.csv"
    assert len(path.read_text().splitlines()) == rows + 1
    (recording,), table = tracks(path, "user_id")
    assert len(recording.lat) == rows
    assert not np.isnan(recording.time).any()
    assert (np.diff(recording.time) >= 0).all()
    assert not table.dropped


def rows_of(**columns):
    n = len(columns["id"])
    return {"lat": [47 + k / 1000 for k in range(n)], "lon": [8.0] * n, **columns}


def described(data):
    found, table = tracks(rows_of(**data), "id")
    return {recording.activity.id: recording.activity for recording in found}, table.warnings


@pytest.mark.parametrize(
    "private",
    [
        ["true", "", "true", "false", "false", ""],
        ["true", "false", "true", "false", "false", "no"],
        ["1", "0", "", "0", "", ""],
        [True, None, False, False, False, None],
        [1.0, None, 0, 0, 0, 0],
        ["NA", "NA", " Yes", "n", "NA", "?"],
    ],
)
def test_one_row_hides_its_track_and_no_other(private):
    for name in ("private", "Is Private"):
        found, warnings = described({"id": ["a", "a", "a", "b", "b", "c"], name: private})
        assert {key: activity.private for key, activity in found.items()} == {"a": True, "b": False, "c": False}
        assert not warnings
        assert all(not activity.extra for activity in found.values())


def test_a_word_that_is_neither_yes_nor_no_hides_and_is_said():
    found, warnings = described({"id": ["a", "a", "b"], "private": ["ja", "ja", "no"]})
    assert [activity.private for activity in found.values()] == [True, False]
    assert warnings == ["'private': 2 values are neither yes nor no, e.g. 'ja': their tracks are private"]


def test_two_columns_and_visibility_hide_together():
    both = {"id": ["a", "b", "c"], "private": ["yes", "no", "no"], "is_private": ["no", "no", "yes"]}
    assert [activity.private for activity in described(both)[0].values()] == [True, False, True]
    second = {"id": ["a", "b"], "private": ["no", "no"], "private_2": ["yes", "no"]}  # of a file with two such columns
    assert [activity.private for activity in described(second)[0].values()] == [True, False]
    rows = {"summary_polyline": ["_p~iF~ps|U_ulLnnqC"] * 2, **{name: second[name] for name in ("private", "private_2")}}
    table = open_table(rows)
    found = recordings_of(table, TableOptions(track="summary_polyline"), "t")
    assert [recording.activity.private for recording in found] == [True, False]
    found, _ = described({"id": ["a", "a", "b"], "visibility": ["", "only_me", "everyone"]})
    assert [activity.private for activity in found.values()] == [True, False]


def test_attributes_are_decided_for_each_track_and_blanks_do_not_count():
    found, warnings = described({
        "id": ["a", "a", "b", "b", "c", "c"],
        "sport": ["Run", "", "Run", "Ride", "Ride", "Ride"],
        "name": ["Home", "Home", "x", "y", None, "Away"],
        "gear": ["shoe", "NA", "shoe", "bike", "bike", "bike"],
        "commute": ["", "yes", "yes", "no", "no", ""],
        "shift": [1, 1, 1, 2, 3, None],
        "club": ["k", "", "k", "l", "m", "m"],
        "note": ["p", "q", "r", "s", "t", "t"],
    })  # fmt: skip
    assert [found[key].sport for key in "abc"] == ["Run", "Unknown", "Ride"]
    assert [found[key].name for key in "abc"] == ["Home", "b", "Away"]
    assert [found[key].gear for key in "abc"] == ["shoe", "", "bike"]
    assert [found[key].commute for key in "abc"] == [True, False, False]
    assert [found[key].extra for key in "abc"] == [{"shift": 1, "club": "k"}, {}, {"shift": 3, "club": "m"}]
    names = ("sport", "name", "gear", "commute", "shift", "club")
    assert warnings == [f"{name!r} differs within 1 of 3 tracks: these are read without it" for name in names]


def read(columns, track="id", **named):
    table = open_table(rows_of(**columns))
    return list(recordings_of(table, TableOptions(track=track, **named), table.name)), table.warnings


BACK = [f"2024-01-01T00:00:{59 - k:02d}Z" for k in range(4)]
MISSED = "'{0}' looks like a time: say --time={0}; without it rows keep the file's order and have no dates"


@pytest.mark.parametrize("times", [BACK, pd.to_datetime(BACK), [1704067259 - k for k in range(4)]])
@pytest.mark.parametrize(("name", "track"), [("t", "id"), ("When", "id"), ("utc", "all")])
def test_a_rare_name_of_a_time_is_one_where_its_values_are_moments(times, name, track):
    (recording,), warnings = read({"id": ["a"] * 4, name: times}, track)
    np.testing.assert_array_equal(recording.time, np.arange(1704067256, 1704067260))
    assert warnings == [f"times are read from {name!r}; --time names another column"]


def test_a_rare_name_of_a_time_without_moments_stays_a_measure_and_is_said():
    (recording,), warnings = read({"id": ["a"] * 4, "t": [21.5, 20, 19, 18]})
    assert np.isnan(recording.time).all()
    assert recording.columns["t"].tolist() == [21.5, 20, 19, 18]
    assert warnings == [MISSED.format("t")]
    (recording,), warnings = read({"id": ["a"] * 4, "t": BACK, "utc": BACK})
    assert np.isnan(recording.time).all()
    both = "'t' and 'utc' look like times: say --time=t or --time=utc"
    assert warnings == [f"{both}; without it rows keep the file's order and have no dates"]
    for columns, named in (({"t": BACK, "time": BACK}, {}), ({"t": BACK}, {"time": "t"})):
        (recording,), warnings = read({"id": ["a"] * 4, **columns}, **named)
        assert recording.time[0] == 1704067256
        assert not warnings


def test_times_that_cannot_be_read_are_counted():
    _, warnings = read({"id": ["a"] * 6, "time": [*BACK[:2], "09.00h", "", "NA", "soon"]})
    assert warnings == ["'time': 2 of 4 values are no times, e.g. '09.00h'"]
    _, warnings = read({"id": ["a"] * 3, "time": ["31/12/2024 10:00", "30/13/2024 10:00", None]})
    assert "'time': 1 of 2 values are no times, e.g. '30/13/2024 10:00'" in warnings
    table = open_table({"summary_polyline": ["_p~iF~ps|U_ulLnnqC"] * 3, "start_date": ["2024-01-01", "x", ""]})
    assert len(list(recordings_of(table, TableOptions(track="summary_polyline"), "t"))) == 3
    assert table.warnings == ["'start_date': 1 of 2 values are no times, e.g. 'x'"]


def test_a_weight_is_refused_where_rows_are_tracks(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,lat,lon,w\na,47,8,1\na,47.1,8.1,2\n")
    for ask in (heatlas.inspect, lambda *a, **b: heatlas.render(*a, output=tmp_path / "a.png", **b)):
        with pytest.raises(BadOption, match="--weight is for points, and with --track id rows are tracks"):
            ask(path, track="id", weight="w")


def test_readings_of_a_column_are_told_together():
    table = open_table({"lat": ["47,5", "46,25"], "N/S": ["N", "S"], "lon": ["8,5", "9,25"], "E/W": ["E", "E"]})
    found = settled(table, find_columns(table.schema, name="t"))
    lats = [batch.column("lat").to_pylist() for batch in found.read(["lat", "lon"])]
    assert lats == [[47.5, -46.25]]
    assert found.readings["lat"] == "its hemisphere is in 'N/S'; decimal comma: 1.234,5 is 1234.5"
