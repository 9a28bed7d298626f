"""Each column is read in one way: positions in any form, numbers and dates that leave a choice."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
from tables import read

import heatlas
from heatlas.core.errors import HeatlasError, SourceFailed
from heatlas.options import TableOptions
from heatlas.sources.tables.cells.orders import pivot
from heatlas.sources.tables.cells.text import seconds
from heatlas.sources.tables.columns import find_columns
from heatlas.sources.tables.settled import settled
from heatlas.sources.tables.table import Table


def table(columns, once=False, rows=None):
    """A table of text, in batches of so many rows."""
    made = pa.table({name: pa.array(values) for name, values in columns.items()})
    return Table(
        name="t", schema=made.schema, once=once,
        read=lambda names: iter(made.select(list(names)).to_batches(rows or len(made))),
    )  # fmt: skip


def columns_of(source, *names, **given):
    """Columns as they are read, and the table."""
    found = settled(source, find_columns(source.schema, TableOptions(**given), name="t"))
    batches = list(found.read(list(names)))
    return [pa.chunked_array([batch.column(name) for batch in batches]).combine_chunks() for name in names], found


def points(columns, **given):
    (lon, lat, weight), dropped, _ = read({name: pa.array(values) for name, values in columns.items()}, **given)
    return list(zip(lat.round(9).tolist(), lon.round(9).tolist(), strict=True)), dropped, weight


SOUTH_WEST = [(-33.9, -51.2)]


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        ("33.9S", "51.2W"), ("S33.9", "W51.2"), ("33.9 S", "W 51.2"), ("33.9 south", "51.2 West"), ("33,9S", "51,2W"),
        ("33°54'S", "51°12'W"), ("33 54.0S", "51 12.0 W"), ("33°54'0\"S", "51°12′0″ W"), ("-33:54:00", "-51:12:00"),
        ("33d54m0sS", "51d12mW"), ("-33°54'", "-51°12'"), ("33 54 00 S", "51 12 00 W"), ("\u221233.9", "\u221251.2"),
        ("3354.000S", "05112.000W"), ("33.9° S", "51.2° W"), ("-339000000", "-512000000"),
    ],
)  # fmt: skip
def test_positions_as_they_are_written(lat, lon):
    assert points({"lat": [lat], "lon": [lon]})[0] == SOUTH_WEST
    near = {"lat": ["", lat, None], "lon": ["1", lon, "n/a"]}
    found, dropped, _ = points(near)
    assert (found, sum(dropped.values())) == (SOUTH_WEST, 2)


@pytest.mark.parametrize(
    ("ns", "ew"),
    [
        ("N/S", "E/W"), ("NS", "EW"), ("lat_dir", "lon_dir"), ("LatHem", "LonHem"), ("lat_ns", "lon_ew"),
        ("Latitude Hemisphere", "Longitude Hemisphere"), ("GPSLatitudeRef", "GPSLongitudeRef"), ("d1", "d2"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("number", [str, float])
def test_hemispheres_in_columns_of_their_own(ns, ew, number):
    values = {
        "lat": [number("33.9"), number("1.5")], ns: ["S", "n"], "lon": [number("51.2"), number("2.5")],
        ew: ["W", "E"], "weight": [1.0, 2.0],
    }  # fmt: skip
    assert points(values)[0] == [*SOUTH_WEST, (1.5, 2.5)]
    apart = {name: values[name] for name in ("weight", ew, ns, "lat", "lon")}
    if ns != "d1":  # right behind the position any name will do
        assert points(apart)[0] == [*SOUTH_WEST, (1.5, 2.5)]


def test_degrees_and_minutes_of_a_receiver():
    values = {"lat": ["4807.038", "4808.5"], "ns": ["N", "S"], "lon": ["01131.000", "01132.4"], "ew": ["E", "W"]}
    found, _, _ = points(values)
    np.testing.assert_allclose(found, [(48.1173, 11.516667), (-48.141667, -11.54)], atol=1e-6)
    bare = {"lat": ["4807.038"], "lon": ["1131.000"]}  # without hemispheres they may be anything
    assert points(bare)[1] == {"rows off the globe": 1}
    low = {"lat": [7.5, 60.2], "ns": ["N", "N"], "lon": [11.5, 24.9], "ew": ["E", "E"]}
    assert points(low)[0] == [(7.5, 11.5), (60.2, 24.9)]


@pytest.mark.parametrize(
    ("row", "left"),
    [(("33.9", "", "51.2", "W"), 1), (("33.9", "X", "51.2", "W"), 0), (("-33.9", "N", "51.2", "W"), 1),
     (("-33.9", "S", "-51.2", "W"), 0), (("33.9N", "S", "51.2", "W"), 1), (("33.9E", "N", "51.2", "W"), 1),
     (("33.9SS", "S", "51.2", "W"), 1), (("33 70 S", "S", "51.2", "W"), 1)],
)  # fmt: skip
def test_hemispheres_that_make_no_sense(row, left):
    rows = [("1", "S", "2", "W"), row]
    values = dict(zip(("lat", "ns", "lon", "ew"), map(list, zip(*rows, strict=True)), strict=True))
    found, dropped, _ = points(values)
    assert dropped == ({"rows whose position is no number": left} if left else {})
    if "X" in row:  # such a column says nothing of hemispheres
        assert found == [(1, -2), (33.9, -51.2)]


@pytest.mark.parametrize("kind", [str, int, float])
def test_whole_numbers_of_small_units(kind):
    def two(lat, lon, names=("lat", "lon")):
        return {names[0]: [kind(lat), kind(lat + 10)], names[1]: [kind(lon), kind(lon)]}

    assert points(two(-339000000, 1512000000))[0][0] == (-33.9, 151.2)
    assert points(two(-33900000, 151200000, ("latitudeE6", "longitudeE6")))[0][0] == (-33.9, 151.2)
    assert points(two(60000000, 24000000, ("latE7", "lngE7")))[0][0] == (6, 2.4)
    semicircles = points(two(2**29, -(2**30), ("position_lat", "position_long")))
    assert semicircles[0][0] == (45, -90)
    # Degrees times a million or ten million, or metres: nobody can say.
    assert points(two(60000000, 24000000))[1] == {"rows off the globe": 2}
    assert points(two(6672000, 385000))[1] == {"rows off the globe": 2}


def test_the_report_says_the_form(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("latitudeE7,longitudeE7\n-339000000,1512000000\n")
    found = heatlas.inspect(path)
    assert "degrees times 10,000,000" in found["files"]["warnings"][0]["reason"]
    assert found["bbox"] == [151.2, -33.9, 151.2, -33.9]


WEIGHTS = {
    "thousands": (["1,234", "2,500", "12,345,678"], [1234, 2500, 12345678], "point"),
    "mixed": (["1,234", "1,234.5"], [1234, 1234.5], "point"),
    "comma": (["1,234", "9,03"], [1.234, 9.03], "comma"),
    "points": (["1.234", "12.345.678"], [1234, 12345678], "comma"),
    "both": (["1.234", "1.234,5"], [1234, 1234.5], "comma"),
    "programs": (["1.234", "2.500"], [1.234, 2.5], None),
    "spaces": (["1\u00a0234", "2 500,5", "12\u202f345\u202f678"], [1234, 2500.5, 12345678], "comma"),
    "apostrophes": (["1'234.5", "2\u2019500"], [1234.5, 2500], None),
    "lakhs": (["12,34,567", "1,234"], [1234567, 1234], "point"),
    "leading": (["0,125", "1,125"], [0.125, 1.125], "comma"),
    "money": (["$1,234.56", "($2.00)", "-$3.00"], [1234.56, -2, -3], "point"),
    "euros": (["1.234,56 €", "2,00 €"], [1234.56, 2], "comma"),
}


@pytest.mark.parametrize("case", WEIGHTS)
@pytest.mark.parametrize("once", [False, True])
def test_numbers_have_one_reading(case, once):
    texts, values, mark = WEIGHTS[case]
    source = table({"lat": ["1"] * len(texts), "lon": ["2"] * len(texts), "weight": texts}, once)
    (found,), opened = columns_of(source, "weight")
    assert found.cast(pa.float64()).to_pylist() == values
    assert opened.readings.get("weight", "decimal None").startswith(f"decimal {mark}")


def test_what_others_say_decides():
    rows = {"lat": ["60,17"], "lon": ["24,94"], "weight": ["1,234"]}
    assert columns_of(table(rows), "lat", "lon", "weight")[0][2].cast(pa.float64()).to_pylist() == [1.234]
    rows = {"lat": ["60.17"], "lon": ["24.94"], "weight": ["1,234"]}
    found, opened = columns_of(table(rows), "lat", "lon", "weight")
    assert found[2].cast(pa.float64()).to_pylist() == [1234]
    assert any("--decimal=comma reads it otherwise" in text for text in opened.warnings)
    # Of positions a thousand is none.
    rows = {"lat": ["60,170"], "lon": ["24,941"], "weight": ["1.234"]}
    lat, lon, weight = columns_of(table(rows), "lat", "lon", "weight")[0]
    assert [column.cast(pa.float64())[0].as_py() for column in (lat, lon, weight)] == [60.17, 24.941, 1234]


def test_what_nothing_decides_is_refused_until_it_is_said():
    rows = {"lat": [1.5, 2.5], "lon": [1.5, 2.5], "weight": ["1,234", "2,500"]}
    with pytest.raises(
        SourceFailed, match=r"'weight' can be read in two ways, 1,234 as 1234 or as 1.234: say --decimal"
    ):
        columns_of(table(rows), "weight")
    for said, values in (("point", [1234, 2500]), ("comma", [1.234, 2.5])):
        (found,), _ = columns_of(table(rows), "weight", decimal=said)
        assert found.cast(pa.float64()).to_pylist() == values
        assert heatlas.inspect({name: np.array(held) for name, held in rows.items()}, decimal=said)["total"] == sum(
            values
        )
    with pytest.raises(HeatlasError, match="--decimal dot is not known: say point or comma"):
        columns_of(table(rows), "weight", decimal="dot")


def test_cells_far_behind_decide_too():
    texts = ["1,234"] * 20_000 + ["9,03"]
    rows = {"lat": [1.5] * len(texts), "lon": [1.5] * len(texts), "weight": texts}
    (found,), _ = columns_of(table(rows, rows=5000), "weight")
    assert found.cast(pa.float64())[0].as_py() == 1.234
    rows["lat"] = rows["lon"] = ["1.5"] * len(texts)
    with pytest.raises(SourceFailed, match="read with a decimal point, which '9,03' contradicts: say --decimal comma"):
        columns_of(table(rows, once=True, rows=5000), "lat", "lon", "weight")


def test_what_contradicts_its_column_is_no_number():
    rows = {"lat": ["1.5"] * 5, "lon": ["2.5"] * 5, "weight": ["1,234.5", "2,500.5", "9,03", "7", "NA"]}
    _, dropped, weight = points(rows)
    assert weight.tolist() == [1234.5, 2500.5, 7]
    assert dropped == {"rows whose weight is no number": 1, "rows without a weight": 1}


def test_text_that_is_no_number_stays():
    texts = ["Main St 1,234", "1,234", "x"]
    rows = {"lat": ["1"] * 3, "lon": ["2"] * 3, "note": texts}
    assert columns_of(table(rows), "note")[0][0].to_pylist() == texts
    held = {**rows, "note": ["007", "1,234", "2"]}
    (found,), _ = columns_of(table(held), "note", track="note")
    assert found.to_pylist() == ["007", "1,234", "2"]


def times(texts, once=False, rows=None, **given):
    held = {"lat": ["1"] * len(texts), "lon": ["2"] * len(texts), "when": texts}
    (found,), opened = columns_of(table(held, once, rows), "when", time="when", **given)
    moments, _ = seconds(found)
    dates = [None if np.isnan(moment) else str(np.datetime64(round(moment), "s"))[:16] for moment in moments]
    return dates, [*opened.readings.values(), *opened.warnings]


@pytest.mark.parametrize(
    ("texts", "first", "says"),
    [
        (["03/02/2024", "01/03/2024"], "2024-02-03T00:00", "--dates=mdy reads it otherwise"),
        (["03/02/2024", "13/03/2024"], "2024-02-03T00:00", "day first"),
        (["03/02/2024 08:15", "01/13/2024 9:00"], "2024-03-02T08:15", "month first"),
        (["03/02/2024 8:15 PM", "01/03/2024 9:00 AM"], "2024-03-02T20:15", "--dates=dmy reads it otherwise"),
        (["03.02.24", "13.03.24"], "2024-02-03T00:00", "years of two digits are"),
        (["49-08-17", "49-08-18"], "1949-08-17T00:00", "year first"),
        (["3-Feb-24", "4-Feb-24"], "2024-02-03T00:00", "years of two digits are"),
        (["2024/02/03", "2024/13/03"], "2024-02-03T00:00", ""),
        (["20240203", "20240304"], "2024-02-03T00:00", "days in one number"),
        (["20240203081500", "20240304081500"], "2024-02-03T08:15", "moments in one number"),
        (["2460343.84375", "2460344.5"], "2024-02-03T08:15", "Julian days"),
        (["2024", "1949"], "2024-01-01T00:00", "whole years"),
        (["2024-02", "2024-11"], "2024-02-01T00:00", "whole months"),
        (["02/2024", "11/2024"], "2024-02-01T00:00", "whole months"),
        (["02.2024", "11.2024"], "2024-02-01T00:00", "whole months"),
        (["2024-W06", "2024-W10"], "2024-02-05T00:00", "weeks of ISO 8601"),
        (["1706948100", "1706948160"], "2024-02-03T08:15", ""),
        (["1706948100000", "1706948160000"], "2024-02-03T08:15", ""),
    ],
)  # fmt: skip
def test_dates_have_one_reading(texts, first, says):
    found, said = times(texts)
    assert found[0] == first
    assert says in " ".join(said)
    assert bool(said) == bool(says)


def test_a_month_or_week_that_cannot_be_is_unknown():
    assert times([*["2024-02"] * 20, "2024-13", "2024-02-17"])[0][-2:] == [None, "2024-02-17T00:00"]
    assert times([*["2024-W01"] * 20, "2024-W54", ""])[0][-3:] == ["2024-01-01T00:00", None, None]


@pytest.mark.parametrize(
    "texts", [["2024.25", "2024.75"], ["3.2024", "4.1021"], ["12:30", "13:15"], ["2024-02-17"] * 9]
)
def test_what_is_no_month_is_not_read_as_one(texts):
    assert not any("whole months" in said for said in times(texts)[1])


def test_years_of_two_digits_are_the_latest_that_are_not_to_come():
    year = pivot() + 99
    assert times([f"13.02.{year % 100:02d}", f"13.02.{(year + 1) % 100:02d}"])[0] == [
        f"{year}-02-13T00:00", f"{year - 99}-02-13T00:00",
    ]  # fmt: skip


def test_dates_in_doubt_are_decided_by_all_rows_or_by_a_person():
    texts = ["03/02/2024"] * 20_000 + ["01/13/2024"]
    assert times(texts, rows=5000)[0][0] == "2024-03-02T00:00"
    with pytest.raises(SourceFailed, match=r"'when' is read day first.*say --dates mdy"):
        times(texts, once=True, rows=5000)
    assert times(["03/02/2024"], dates="mdy")[0] == ["2024-03-02T00:00"]
    assert times(["03/02/2024", "25/02/2024"], dates="mdy")[0] == ["2024-03-02T00:00", None]


def test_a_day_and_a_time_in_columns_of_their_own():
    rows = {"DATE": ["04/05/2024", "13/05/2024"], "TIME": ["08:15:00", "09:00"], "lat": ["1", "2"], "lon": ["1", "2"]}
    (found,), _ = columns_of(table(rows), "TIME")
    assert seconds(found)[0].tolist() == [1714810500, 1715590800]


def test_dates_choose_rows_in_the_same_reading(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("lat,lon,when\n60.1,24.9,03/02/2024\n60.2,24.9,01/03/2024\n")
    late = heatlas.open_points(path, time="when").where(after="2024-02-15")
    assert sum(len(chunk.lat) for chunk in late.chunks()) == 1
    report = heatlas.render(path, time="when", after="2024-02-15", output=tmp_path / "a.npy", width=20)
    assert "day first" in report["files"]["warnings"][0]["reason"]
    both = heatlas.open_points(path).where("when > DATE('2024-02-15')")
    assert sum(len(chunk.lat) for chunk in both.chunks()) == 1


def test_numbers_choose_rows_in_the_same_reading(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('lat,lon,beds\n60.1,24.9,"1,234"\n60.2,24.9,"2,500"\n')
    assert sum(len(chunk.lat) for chunk in heatlas.open_points(path).where("beds > 2000").chunks()) == 1


def test_headers_and_rows_that_end_with_a_delimiter(tmp_path):
    path = tmp_path / "a.csv"
    for header, row in (("n,lat,lon,w,", "{},1.5,2.5,3"), ("n,lat,lon,w", "{},1.5,2.5,3,")):
        path.write_text("\n".join([header, *(row.format(k) for k in range(300))]) + "\n")
        found = heatlas.inspect(path, weight="w")
        assert (found["points"], found["total"], found["dropped"]) == (300, 900, {})


def test_tracks_are_read_the_same_way(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"{k // 10},04/05/2024,08:00:{k % 10:02d},33.9,S,51.{200 + k},W" for k in range(20)]
    path.write_text("\n".join(["trip,DATE,TIME,LATITUDE,N/S,LONGITUDE,E/W", *rows]) + "\n")
    tracks = heatlas.open(path, track="trip")
    assert (tracks.fixes, len(tracks.activities)) == (20, 2)
    assert tracks.activities[0].start == 1714809600
    assert tracks.places()[0].bbox[3] < -33
    assert any("day first" in text for _, text in tracks.report.warnings)


def test_standard_input_is_settled_too(tmp_path, monkeypatch):
    class Stdin:
        buffer = io.BytesIO(b'lat,lon,weight\n60.17N,24.94E,"1,234"\n33.5S,70.6W,"2,500.5"\n')

    monkeypatch.setattr("sys.stdin", Stdin)
    assert heatlas.inspect("-")["total"] == 3734.5
