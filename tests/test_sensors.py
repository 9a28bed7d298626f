"""What no sensor can mean is unknown and counted, whatever the source; what can be true is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fit_bytes import NOW, SINT8, UINT8, UINT16, UINT32, fit, record, session
from made import straight

import heatlas
from heatlas.core.batch import COLUMNS, Activity, Recording
from heatlas.library.manage import import_into
from heatlas.sources.sensors import SENSORS, possible, possible_attributes, reason

RIGHT = {"elevation": 430, "heart_rate": 150, "speed": 3, "cadence": 80, "power": 200, "temperature": 21}
WRONG = {
    "elevation": [-32768, 32767, 65535, -9999],
    "heart_rate": [0, 255, 254, 3],
    "speed": [-1, 65.535, 1e6],
    "cadence": [254, 255, -1],
    "power": [65534, 65535, -5],
    "temperature": [255, 127, -128],
}
REAL = {
    "elevation": [0, -430, 8849, 12607],
    "heart_rate": [27, 240],
    "speed": [0, 340],
    "cadence": [0, 220],
    "power": [0, 2500],
    "temperature": [0, -60, 60],
}


def series(column: str, n: int) -> list[float]:
    """Plausible values with one of each impossible one at the places 1, 3, 5 ..."""
    values = [float(RIGHT[column])] * n
    for k, value in enumerate(WRONG[column]):
        values[2 * k + 1] = value
    return values


def gpx(columns: dict[str, list[float]]) -> bytes:
    names = {"heart_rate": "hr", "cadence": "cad", "temperature": "atemp", "power": "power", "speed": "speed"}
    lon, lat = straight(60)
    points = []
    for k, (x, y) in enumerate(zip(lon, lat, strict=True)):
        extra = "".join(f"<{name}>{columns[column][k]}</{name}>" for column, name in names.items())
        points.append(
            f'<trkpt lat="{y}" lon="{x}"><ele>{columns["elevation"][k]}</ele>'
            f"<time>2024-05-04T08:00:{k:02d}Z</time><extensions>{extra}</extensions></trkpt>"
        )
    return f"<gpx><trk><type>cycling</type><trkseg>{''.join(points)}</trkseg></trk></gpx>".encode()


def tcx(columns: dict[str, list[float]]) -> bytes:
    lon, lat = straight(60)
    points = [
        f"<Trackpoint><Time>2024-05-04T08:00:{k:02d}Z</Time><Position><LatitudeDegrees>{y}</LatitudeDegrees>"
        f"<LongitudeDegrees>{x}</LongitudeDegrees></Position><AltitudeMeters>{columns['elevation'][k]}</AltitudeMeters>"
        f"<HeartRateBpm><Value>{columns['heart_rate'][k]}</Value></HeartRateBpm><Cadence>{columns['cadence'][k]}"
        f"</Cadence><Extensions><TPX><Speed>{columns['speed'][k]}</Speed><Watts>{columns['power'][k]}</Watts>"
        f"<Temperature>{columns['temperature'][k]}</Temperature></TPX></Extensions></Trackpoint>"
        for k, (x, y) in enumerate(zip(lon, lat, strict=True))
    ]
    return (
        "<TrainingCenterDatabase><Activities><Activity Sport='Biking'><Lap><Track>"
        f"{''.join(points)}</Track></Lap></Activity></Activities></TrainingCenterDatabase>"
    ).encode()


def table(columns: dict[str, list[float]]) -> bytes:
    lon, lat = straight(60)
    rows = [",".join(("id", "t", "lat", "lon", *columns))]
    for k, (x, y) in enumerate(zip(lon, lat, strict=True)):
        values = [str(columns[name][k]) for name in columns]
        rows.append(",".join(("a", f"2024-05-04T08:00:{k:02d}Z", str(y), str(x), *values)))
    return "\n".join(rows).encode()


@pytest.mark.parametrize(("name", "write", "options"), [
    ("a.gpx", gpx, {}),
    ("a.tcx", tcx, {}),
    ("a.csv", table, {"track": "id", "time": "t"}),
])  # fmt: skip
def test_what_no_sensor_can_mean_is_unknown_and_counted(tmp_path, name, write, options):
    n = len(straight(60)[0])
    (tmp_path / name).write_bytes(write({column: series(column, n) for column in COLUMNS}))
    tracks = heatlas.open(tmp_path / name, **options)
    (batch,) = tracks.batches
    for column in COLUMNS:
        values = batch.columns[column]
        assert np.isnan(values).sum() == len(WRONG[column]), column
        assert np.nanmean(values) == pytest.approx(RIGHT[column], rel=1e-6), column
        assert tracks.report.dropped[f"{column} values no sensor can mean"] == len(WRONG[column])


def test_zero_and_the_extremes_of_the_earth_are_real():
    for column, values in REAL.items():
        recording = Recording(
            activity=Activity(source="a"),
            lon=np.zeros(len(values)),
            lat=np.zeros(len(values)),
            time=np.zeros(len(values)),
            columns={column: np.array(values, np.float32)},
        )
        found, taken = possible(recording)
        assert found is recording, column
        assert not taken


def test_a_column_without_any_sense_is_left_out(tmp_path):
    n = len(straight(60)[0])
    columns = {column: [float(RIGHT[column])] * n for column in COLUMNS} | {"heart_rate": [0.0] * n}
    (tmp_path / "a.gpx").write_bytes(gpx(columns))
    tracks = heatlas.open(tmp_path / "a.gpx")
    assert "heart_rate" not in tracks.batches[0].columns
    assert tracks.report.dropped == {reason("heart_rate"): n}


def test_columns_that_nobody_asked_for_are_not_counted(tmp_path):
    n = len(straight(60)[0])
    (tmp_path / "a.gpx").write_bytes(gpx({column: series(column, n) for column in COLUMNS}))
    assert heatlas.open(tmp_path / "a.gpx", columns=("power",)).report.dropped == {reason("power"): 3}


def test_fit_knows_its_own_unknown_values(tmp_path):
    fields = [
        (UINT8, 3, 150, (255, 0, 254)),  # heart rate
        (UINT8, 4, 80, (255, 254, 255)),
        (UINT16, 7, 200, (65535, 65534, 65535)),
        (SINT8, 13, 21, (127, -128, 127)),
        (UINT16, 2, (430 + 500) * 5, (65535,) * 3),
        (UINT32, 78, (430 + 500) * 5, (0xFFFFFFFF, 65535, 0xFFFFFFFF)),  # 16 bits that were copied into 32
        (UINT32, 73, 3000, (0xFFFFFFFF, 65535, 0xFFFFFFFF)),
    ]
    lon, lat = straight(60)
    records = []
    for k, (x, y) in enumerate(zip(lon, lat, strict=True)):
        wrong = k % 2 and k < 6
        more = [(number, base, bad[k // 2] if wrong else good) for base, number, good, bad in fields]
        records.append(record(NOW + k, y, x, *more))
    (tmp_path / "a.fit").write_bytes(fit(*records, session(NOW, 2)))
    tracks = heatlas.open(tmp_path / "a.fit")
    (batch,) = tracks.batches
    for column in COLUMNS:
        assert np.isnan(batch.columns[column]).sum() == 3, column
        assert np.nanmean(batch.columns[column]) == pytest.approx(RIGHT[column], rel=1e-6)
    # What the format itself calls unknown is no value, and is not counted.
    assert tracks.report.dropped == {
        reason("heart_rate"): 2,
        reason("cadence"): 1,
        reason("power"): 1,
        reason("temperature"): 1,
        reason("speed"): 1,
    }


def test_averages_of_activities_are_held_to_the_same_table():
    activity = Activity(
        source="a",
        extra={"average_heart_rate": 0.0, "max_watts": 65535, "average_cadence": 0, "note": "0", "calories": 1e9},
    )
    kept, taken = possible_attributes(activity)
    assert kept.extra == {"average_cadence": 0, "note": "0", "calories": 1e9}
    assert taken == {reason("average_heart_rate"): 1, reason("max_watts"): 1}


def test_there_is_a_sensor_for_every_column():
    assert tuple(SENSORS) == COLUMNS


def test_the_documents_have_the_same_table():
    text = (Path(__file__).parents[1] / "docs" / "explanation" / "semantics.md").read_text(encoding="utf-8")
    for column, sensor in SENSORS.items():
        assert f"| {column} | {sensor.least:,.0f} | {sensor.greatest:,.0f} " in text


def test_a_library_counts_them_too(tmp_path):
    n = len(straight(60)[0])
    (tmp_path / "a.gpx").write_bytes(gpx({column: series(column, n) for column in COLUMNS}))
    report = import_into(tmp_path / "a.db", tmp_path / "a.gpx")
    assert report["dropped"][reason("heart_rate")] == 4


@pytest.mark.parametrize(("file", "column", "mean"), [
    ("hr0", "heart_rate", 150), ("hr0", "power", 200), ("hr255", "heart_rate", 150), ("ele", "elevation", 430),
    ("atemp", "temperature", 21),
])  # fmt: skip
def test_what_people_bring(shared_data, file, column, mean):
    path = shared_data.parent / "field" / "sensor" / f"{file}.gpx"
    if not path.exists():
        pytest.skip("not there")
    assert np.nanmean(heatlas.open(path).batches[0].columns[column]) == mean
