"""Days and times of the day in two columns make one moment, and it is said which columns these are."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import heatlas
from heatlas.options import TableOptions
from heatlas.sources.tables import open_table
from heatlas.sources.tables.columns import find_columns
from heatlas.sources.tables.rows import read_points
from heatlas.sources.tables.settled import settled


def moments(path, **asked):
    """Times as ISO 8601, what is said of them, and the warnings."""
    table = open_table(path)
    columns = find_columns(table.schema, TableOptions(**asked), name=table.name)
    plain = settled(table, columns)
    found = [time for points in read_points(plain, columns, timed=True) for time in points.time.tolist()]
    times = [None if time != time else dt.datetime.fromtimestamp(time, dt.UTC).isoformat()[:19] for time in found]
    return times, table.readings.get(columns.time, ""), table.warnings


def written(path, head, *rows):
    path.write_text("\n".join([f"lat,lon,{head}", *(f"{1 + k / 10},2,{row}" for k, row in enumerate(rows))]))
    return path


@pytest.mark.parametrize(
    ("head", "rows", "how"),
    [
        ("acq_date,acq_time", ("2022-04-03,0050", "2022-04-03,2358"), "hours and minutes in one number, in UTC"),
        ("acq_date,acq_time", ("2022-04-03,50", "2022-04-03,2358"), "hours and minutes in one number, in UTC"),
        ("date,time", ("2022-04-03,00:50:00", "2022-04-03,23:58"), "times of the day"),
        ("date,time", ("2022-04-03,005000", "2022-04-03,235800"), "hours and minutes in one number"),
        ("Datum,Zeit", ("03.04.2022,0:50", "03.04.2022,23:58"), "times of the day"),
        ("eventDate,eventTime", ("2022-04-03,00:50", "2022-04-03,23:58"), "times of the day"),
        ("date,time", ("2022-04-03 00:00:00,00:50", "2022-04-03 00:00:00,23:58"), "times of the day"),
        ("DATE,TIME", ("20220403,0050", "20220403,2358"), "hours and minutes in one number"),
    ],
)
def test_a_moment_in_two_columns(tmp_path, head, rows, how):
    times, said, warnings = moments(written(tmp_path / "p.csv", head, *rows))
    assert times == ["2022-04-03T00:50:00", "2022-04-03T23:58:00"]
    day, clock = head.split(",")
    assert said.split(": ")[0].split("; ")[-1] in {f"with the time of the day in {clock!r}", f"with the day in {day!r}"}
    assert f"times are read from {day!r} and {clock!r} ({how})" in warnings


def test_types_of_arrow(tmp_path):
    columns = {
        "lat": [1.0, 1.1],
        "lon": [2.0, 2.0],
        "date": pa.array([dt.date(2022, 4, 3), dt.date(2022, 4, 4)]),
        "time": pa.array([dt.time(0, 50), dt.time(23, 58, 30)]),
    }
    pq.write_table(pa.table(columns), tmp_path / "p.parquet")
    times, _, _ = moments(tmp_path / "p.parquet")
    assert times == ["2022-04-03T00:50:00", "2022-04-04T23:58:30"]
    columns["time"] = pa.array([50, 2358])
    pq.write_table(pa.table(columns).rename_columns(["lat", "lon", "acq_date", "acq_time"]), tmp_path / "q.parquet")
    assert moments(tmp_path / "q.parquet")[0] == ["2022-04-03T00:50:00", "2022-04-04T23:58:00"]


@pytest.mark.parametrize(
    ("head", "rows", "times"),
    [
        ("acq_date,acq_time", ("2022-04-03,2460", "2022-04-03,10"), ["2022-04-03T00:00:00"] * 2),  # no time of the day
        ("date,time_of_day", ("2022-04-03,morning", "2022-04-03,10:00"), ["2022-04-03T00:00:00"] * 2),
        ("acq_date,acq_time", ("2022-04-03T05:00,0010",) * 2, ["2022-04-03T05:00:00"] * 2),
        ("acq_date,acq_time", ("2022-04-03,", "2022-04-03,0010"), ["2022-04-03T00:00:00", "2022-04-03T00:10:00"]),
    ],
)  # fmt: skip
def test_what_is_no_clock_leaves_the_day(tmp_path, head, rows, times):
    assert moments(written(tmp_path / "p.csv", head, *rows))[0] == times


def test_seconds_since_a_start_are_no_clock(tmp_path):
    times, said, warnings = moments(written(tmp_path / "p.csv", "date,time", "2022-04-03,0", "2022-04-03,10"))
    assert (times[0][:4], said, warnings) == ("1970", "", [])


def test_a_filter_by_a_date_means_the_day(tmp_path):
    path = written(tmp_path / "p.csv", "acq_date,acq_time", "2022-04-03,0050", "2022-04-03,2358", "2022-04-04,0010")

    def kept(where):
        return sum(map(len, heatlas.open_points(path).where(where).chunks(True)))

    assert [kept(f"acq_date {op} DATE('2022-04-03')") for op in ("=", ">", "<=")] == [2, 1, 2]
    assert kept("acq_date = '2022-04-03'") == 2
    assert kept("acq_time < 100") == 2


def test_fixes_of_tracks(tmp_path):
    rows = [f"a,2022-04-03,10:{k:02}:00" for k in range(30)]
    path = written(tmp_path / "p.csv", "id,Date,Time", *rows[::-1])
    (activity,) = heatlas.open(path, track="id").activities
    assert activity.start == dt.datetime(2022, 4, 3, 10, tzinfo=dt.UTC).timestamp()
