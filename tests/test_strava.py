from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.batch import Activity, Recording
from heatlas.core.errors import Unreadable
from heatlas.sources.archive import Entry, entries
from heatlas.sources.sheets.exports import describe, find_exports, read_activities
from heatlas.sources.sheets.strava_values import parse_date, parse_flag, parse_number

NOON = datetime(2012, 7, 8, 14, 40, 21, tzinfo=UTC).timestamp()

OLD = "id,date,name,type,description,elapsed_time,distance,commute,gear,filename"
SHORT = (
    "Activity ID,Activity Date,Activity Name,Activity Type,Activity Description,Elapsed Time,Distance,"
    "Commute,Activity Gear,Filename"
)
LONG = (
    "Activity ID,Activity Date,Activity Name,Activity Type,Activity Description,Elapsed Time,Distance,"
    "Max Heart Rate,Relative Effort,Commute,Activity Private Note,Activity Gear,Filename,Athlete Weight,"
    "Bike Weight,Elapsed Time,Moving Time,Distance,Max Speed,Average Speed,Elevation Gain,Commute,Bike,Gear,"
    '"<span class=""translation_missing"" title=""x.jump_count"">Jump Count</span>",Sport Type'
)
GERMAN = (
    "Aktivitäts-ID,Aktivitätsdatum,Name der Aktivität,Aktivitätsart,Aktivitätsbeschreibung,Verstrichene Zeit,"
    "Distanz,Max. Herzfrequenz,Relative Leistung,Pendeln,Hinweis zur Privatsphäre,Aktivitätsausrüstung,"
    "Dateiname,Sportlergewicht,Fahrradgewicht,Verstrichene Zeit,Bewegungszeit,Distanz,Höchstgeschw.,"
    "Durchschnittliche Geschwindigkeit,Höhenzunahme,Höhenunterschied,Min. Höhe,Max. Höhe,Max. Steigung,"
    "Durchschnittliche Steigung,Durchschn. positive Steigung,Durchschn. negative Steigung,Max. Trittfrequenz,"
    "Durchschnittliche Trittfrequenz,Max. Herzfrequenz,Durchschnittliche Herzfrequenz,Max. Watt,"
    "Durchschnittliche Watt,Kalorien,Max. Temperatur,Durchschnittliche Temperatur,Relative Leistung,"
    "Gesamtarbeit,Anzahl Läufe,Bergaufzeit,Bergabzeit,Andere Zeit,Gefühlte Anstrengung,Jahreszeit"
)


def table(header, *rows):
    return "\n".join([header, *rows, ""]).encode()


def only(data):
    (row,) = read_activities(data).rows.values()
    return row


def test_a_table_of_2018_counts_metres():
    row = only(table(OLD, "1836,2012-07-08 14:40:21,Evening Ride,Ride,,783,3681.0,true,Merida,activities/1836.gpx"))
    assert (row.id, row.sport, row.name, row.start) == ("1836", "Ride", "Evening Ride", NOON)
    assert (row.distance, row.elapsed_time, row.gear, row.commute) == (3681.0, 783.0, "Merida", True)


def test_a_table_of_2019_counts_kilometres_and_swims_in_metres():
    data = table(
        SHORT,
        '1,"Jul 8, 2012, 2:40:21 PM",Evening Ride,Ride,,783,3.68,true,Merida,activities/1.gpx',
        '2,"Jul 9, 2012, 2:40:21 PM",Run,Run,,3000,10.00,false,,activities/2.fit.gz',
        '3,"Jul 9, 2012, 2:40:21 PM",Swim,Swim,,1800,1500,false,,activities/3.fit.gz',
    )
    rows = read_activities(data).rows
    assert [row.distance for row in rows.values()] == [3680.0, 10000.0, 1500.0]
    assert rows["activities/1.gpx"].start == NOON


def test_one_column_in_miles_is_seen_by_the_speed():
    data = table(
        "Activity ID,Activity Type,Distance,Moving Time,Average Speed,Filename",
        "1,Run,6.2,3000,3.326,activities/1.fit",
        "2,Run,3.1,1500,3.326,activities/2.fit",
    )
    assert [row.distance for row in read_activities(data).rows.values()] == pytest.approx([9978, 4989], abs=1)


def test_the_precise_column_of_two_counts():
    row = only(
        table(
            LONG,
            '7,"Jul 8, 2012, 2:40:21 PM",Name,Ride,"two\nlines, and ""quotes""",5369,39.02,145.0,45,false,,'
            "Felt,activities/9.gpx.gz,,13.0,5370.5,5300.0,39025.3,17.9,7.36,1010.7,1.0,246999.0,5495021.0,,"
            "Gravel Ride",
        )
    )
    assert (row.distance, row.elapsed_time, row.moving_time) == (39025.3, 5370.5, 5300.0)
    assert (row.id, row.file, row.sport) == ("7", "activities/9.gpx.gz", "GravelRide")
    assert row.gear == "Felt", "a name tells more than a number"
    assert row.commute is True
    assert row.extra == {
        "description": 'two\nlines, and "quotes"',
        "max_heart_rate": 145.0,
        "relative_effort": 45.0,
        "bike_weight": 13.0,
        "max_speed": 17.9,
        "average_speed": 7.36,
        "elevation_gain": 1010.7,
    }


def test_what_is_empty_in_the_precise_column_comes_from_the_rounded_one():
    full = "1,,A,Run,,600,2.00,,,false,,,activities/1.fit,,,600,600,2000.4,,3.33,,0.0,,,,"
    bare = "2,,B,Run,,1200,4.00,,,true,,,activities/2.fit,,,,1200,,,,,,,7.0,3.0,"
    rows = read_activities(table(LONG, full, bare)).rows
    assert rows["activities/1.fit"].distance == 2000.4
    row = rows["activities/2.fit"]
    assert (row.distance, row.elapsed_time, row.commute, row.gear) == (4000.0, 1200.0, True, "7")
    assert row.extra == {"jump_count": 3.0}


def test_private_notes_are_not_passed_on():
    row = only(table(LONG, "1,,A,Run,,600,2.00,,,false,my secret,,activities/1.fit" + "," * 13))
    assert "my secret" not in repr(row)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_german_table(separator, encoding):
    buffer = io.StringIO()
    out = csv.writer(buffer, delimiter=separator, lineterminator="\r\n")
    out.writerow(GERMAN.split(","))
    values = [
        "8",
        "08.07.2012, 14:40:21",
        "Lauf am Abend",
        "Lauf",
        "schön",
        "1390",
        "2,81",
        "190",
        "40",
        "false",
    ]
    values += [
        "",
        "Schuhe",
        "activities/8.fit.gz",
        "",
        "",
        "1390,0",
        "1380,0",
        "2812,5",
        "4,5",
        "2,04",
        "33,0",
    ]
    out.writerow(values + [""] * (45 - len(values) - 1) + ["Sommer"])
    row = only(buffer.getvalue().encode(encoding))
    assert (row.id, row.sport, row.name, row.start) == ("8", "Run", "Lauf am Abend", NOON)
    assert (row.distance, row.elapsed_time, row.moving_time) == (2812.5, 1390.0, 1380.0)
    assert (row.gear, row.commute) == ("Schuhe", False)
    assert row.extra["max_heart_rate"] == 190.0
    assert row.extra["elevation_gain"] == 33.0
    assert row.extra["average_speed"] == 2.04
    assert row.extra["description"] == "schön"
    assert row.extra["jahreszeit"] == "Sommer"


@pytest.mark.parametrize(
    ("header", "date", "sport", "expected"),
    [
        (
            "ID,Date de l'activité,Nom,Type d'activité,x,y,z,a,b,Nom du fichier",
            "8 juil. 2012 à 14:40:21",
            "Natation",
            "Swim",
        ),
        ("ID,Fecha,Nombre,Tipo,x,y,z,a,b,Nombre de archivo", "8 jul. 2012, 14:40:21", "Senderismo", "Hike"),
        ("ID,Data,Nome,Tipo,x,y,z,a,b,Nome file", "8 lug 2012, 14:40:21", "Corsa", "Run"),
        ("ID,Data,Nome,Tipo,x,y,z,a,b,Arquivo", "8 de jul. de 2012, 14:40:21", "Pedalada", "Ride"),
        ("ID,Datum,Naam,Soort,x,y,z,a,b,Bestandsnaam", "8 jul. 2012, 14:40:21", "Fietsrit", "Ride"),
        ("ID,日付,名前,種類,x,y,z,a,b,ファイル名", "2012/07/08 14:40:21", "ラン", "Run"),
        ("编号,日期,名称,类型,x,y,z,a,b,文件名", "2012年7月8日 14:40:21", "骑行", "Ride"),
    ],
)
def test_other_languages_are_told_by_place_and_content(header, date, sport, expected):
    row = only(table(header, f'5,"{date}",Titel,{sport},,783,3.68,true,Schuh,activities/5.fit.gz'))
    assert (row.id, row.name, row.sport, row.start) == ("5", "Titel", expected, NOON)
    assert (row.distance, row.elapsed_time, row.gear, row.commute) == (3680.0, 783.0, "Schuh", True)


def test_a_strange_order_is_found_by_content():
    row = only(table("a,b,c,d", "activities/1.gpx,Radfahrt,x,2012-07-08 14:40:21"))
    assert (row.file, row.sport, row.start, row.id) == ("activities/1.gpx", "Ride", NOON, "")


def test_rows_without_a_file_are_counted():
    data = table(OLD, "1,,A,Run,,1,1,,,activities/1.fit", "2,,B,Run,,1,1,,,", "3,,C,Run,,1,1,,,")
    assert read_activities(data).without_file == 2


@pytest.mark.parametrize("data", [b"", b"\n", b"a,b\n1,2\n", b"\x00\xff\x13", b'"', GERMAN.encode()])
def test_what_is_no_table_is_said(data):
    with pytest.raises(Unreadable, match="no table"):
        read_activities(data)


def test_a_quote_that_never_ends_costs_its_row_alone():
    good = [f"{k},,N,Run,,600,2000,,,activities/{k}.fit" for k in range(4000)]
    data = table(OLD, *good[:50], '99999,,"broken,Run,,600,2000,,,activities/x.fit', *good[50:])
    found = read_activities(data)
    assert set(found.rows) >= {f"activities/{k}.fit" for k in range(4000)}
    assert any("could not be read" in warning for warning in found.warnings)


@given(st.binary(max_size=400))
def test_any_bytes_give_rows_or_one_sentence(data):
    for content in (data, SHORT.encode() + b"\n" + data, LONG.encode() + b"\n1,,,,,,,,,,,,a.fit," + data):
        try:
            found = read_activities(content)
        except Unreadable:
            continue
        assert all(row.file == name for name, row in found.rows.items())


# Values


@pytest.mark.parametrize(
    "text",
    [
        "Jul 8, 2012, 2:40:21 PM",
        "Jul 8, 2012, 2:40:21\u202fPM",
        "8 Jul 2012, 14:40:21",
        "8 juil. 2012 à 14:40:21",
        "mar. 8 juil. 2012, 14:40:21",
        "8. Juli 2012 um 14:40:21",
        "08.07.2012, 14:40:21",
        "8.7.2012 klo 14.40.21",
        "8 heinäk. 2012 klo 14.40.21",
        "2012. júl. 8. 14:40:21",
        "8 lip 2012, 14:40:21",
        "8 июл. 2012 г., 14:40:21",
        "8 de jul. de 2012 14:40:21",
        "8 lug 2012, 14:40:21",
        "8 jul 2012, 2:40:21 p. m.",
        "2012年7月8日 14:40:21",
        "2012年7月8日 下午2:40:21",
        "2012. 7. 8. 오후 2:40:21",
        "2012/07/08 14:40:21",
        "08/07/2012, 14:40:21",
        "7/8/2012, 2:40:21 PM",
        "2012-07-08 14:40:21",
        "2012-07-08 14:40:21 UTC",
        "2012-07-08T14:40:21Z",
        "2012-07-08T16:40:21+02:00",
        "2012-07-08T09:10:21.250-05:30",
    ],
)
def test_dates_of_all_languages_agree(text):
    assert parse_date(text) == NOON


@pytest.mark.parametrize("text", ["", "soon", "99", "31.02.2020", "2012-13-01", "45 July 2012", "12:30", "July 2012"])
def test_what_is_no_date_is_none(text):
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("hour", "text"), [(0, "12:05:00 AM"), (12, "12:05:00 PM"), (1, "1:05:00 AM"), (23, "11:05:00 PM")]
)
def test_noon_and_midnight(hour, text):
    assert parse_date(f"Jul 8, 2012, {text}") == datetime(2012, 7, 8, hour, 5, tzinfo=UTC).timestamp()


def test_what_slashes_mean_is_learnt_from_the_other_dates():
    rows = ["1,25/07/2012 10:00,N,Run,,1,1,,,a/1.fit", "2,08/07/2012 14:40:21,N,Run,,1,1,,,a/2.fit"]
    assert read_activities(table(OLD, *rows)).rows["a/2.fit"].start == NOON
    rows = ["1,07/25/2012 10:00,N,Run,,1,1,,,a/1.fit", "2,07/08/2012 14:40:21,N,Run,,1,1,,,a/2.fit"]
    assert read_activities(table(OLD, *rows)).rows["a/2.fit"].start == NOON


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
    st.sampled_from(["%b %d, %Y, %I:%M:%S %p", "%d.%m.%Y, %H:%M:%S"]),
)
def test_dates_come_back(moment, form):
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    assert parse_date(moment.strftime(form)) == moment.timestamp()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12.0),
        ("-0.5", -0.5),
        ("2,81", 2.81),
        ("1,500", 1500.0),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1 234,5", 1234.5),
        ("1e-3", 0.001),
        ("1:02:03", 3723.0),
        ("nan", None),
        ("inf", None),
        ("9" * 5000, None),
        ("9" * 5000 + ":00", None),
        ("", None),
        ("12 km", None),
    ],
)
def test_numbers(text, number):
    assert parse_number(text) == number


def test_flags():
    assert [parse_flag(text) for text in ("true", "1.0", "Wahr", "false", "0.0", "")] == [True] * 3 + [False] * 3


# Finding and joining


@pytest.mark.parametrize("depth", ["", "export_1/"])
def test_an_export_is_found_in_folders_and_archives(tmp_path, depth):
    content = {
        f"{depth}activities.csv": table(
            OLD,
            "1,,Park,Run,,1,1,,,activities/77.fit.gz",
            "2,,B,Run,,1,1,,,activities/gone.fit",
            "3,,C,Run,,1,1,,,",
        ),
        f"{depth}activities/77.fit.gz": b"x",
        f"{depth}activities/strange.fit": b"x",
    }
    folder = tmp_path / "folder"
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    for given_path in (folder, tmp_path / "export.zip", folder / depth / "activities"):
        exports = find_exports([given_path])
        names = [entry.name for entry in entries([given_path]) if isinstance(entry, Entry)]
        assert len(names) == 2
        assert [getattr(exports.row(name), "name", None) for name in names] == ["Park", None]
        assert exports.warnings == ()
        assert exports.silent(names) == {
            "rows of a table that name no file": 1,
            "rows of a table whose file is not there": 1,
            "files without a row in the table": 1,
        }


def test_a_file_is_found_unpacked_moved_or_nested(tmp_path, monkeypatch):
    (tmp_path / "activities.csv").write_bytes(table(OLD, "1,,Park,Run,,1,1,,,activities/77.fit.gz"))
    exports = find_exports([tmp_path])
    for name in ("activities/77.fit", "activities/77.FIT.GZ", "77.fit", "activities/77.fit.gz/inner.fit"):
        assert exports.row(f"{tmp_path}/{name}").name == "Park"
    assert exports.row(f"{tmp_path}/activities/78.fit") is None
    assert exports.row("/elsewhere/activities/77.fit") is None
    monkeypatch.chdir(tmp_path)
    assert find_exports([Path()]).row("activities/77.fit").name == "Park"


def test_a_bad_table_is_a_warning(tmp_path):
    (tmp_path / "activities.csv").write_bytes(b"a,b\n1,2\n")
    exports = find_exports([tmp_path])
    assert exports.exports == ()
    assert "no table" in exports.warnings[0][1]
    empty = np.zeros(0)
    recording = Recording(activity=Activity(source=f"{tmp_path}/a.fit"), lon=empty, lat=empty, time=empty)
    assert exports.join(recording) is recording


def test_the_table_wins_where_it_speaks():
    data = table(OLD, "1,2012-07-08 14:40:21,Park,Trail Run,,700,2000,false,,a.fit", ",,,,,,,,,b.fit")
    rows = read_activities(data).rows
    from_file = Activity(
        source="a.fit",
        sport="Run",
        name="x",
        distance=2100.0,
        elapsed_time=1.0,
        gear="g",
        device="d",
        extra={"laps": 3},
    )
    joined = describe(from_file, rows["a.fit"])
    assert (joined.id, joined.sport, joined.name, joined.start) == ("1", "TrailRun", "Park", NOON)
    assert (joined.distance, joined.elapsed_time, joined.gear, joined.device) == (2000.0, 700.0, "g", "d")
    assert joined.extra == {"laps": 3}
    assert describe(from_file, rows["b.fit"]) == from_file


# Real exports


def test_the_export_of_2022(shared_data):
    exports = find_exports([shared_data / "laakkti-strava-export"])
    (export,) = exports.exports
    rows = list(export.table.rows.values())
    assert (len(rows), export.table.without_file, export.table.warnings) == (2501, 31, ())
    assert all(row.start and row.distance is not None and row.elapsed_time for row in rows)
    first = export.table.rows["activities/14867437.gpx.gz"]
    assert (first.id, first.sport, first.gear) == ("12870445", "Ride", "Felt Q920 2012")
    assert (first.start, first.distance) == (NOON, 39025.30078125)
    assert sum(row.sport == "VirtualRide" for row in rows) == 1
    names = [entry.name for entry in entries([shared_data / "laakkti-strava-export"])]
    assert all(exports.row(name) for name in names)
    assert exports.silent(names)["rows of a table whose file is not there"] == 2501 - 140


def test_the_export_of_2025(shared_data):
    exports = find_exports([shared_data / "slalom007-strava-export"])
    (export,) = exports.exports
    rows = list(export.table.rows.values())
    assert (len(rows), export.table.without_file) == (237, 5)
    assert {row.sport for row in rows} == {"Run", "Ride", "Swim", "Workout"}
    assert export.table.rows["activities/12352754226.fit.gz"].distance == 3519.4
    assert sum("weather_temperature" in row.extra for row in rows) == 142
    assert any("\n" in row.extra.get("description", "") for row in rows)


@pytest.mark.parametrize("name", ["metadata.csv", "strava_export.csv"])
def test_small_tables_of_other_programs(shared_data, name):
    found = read_activities((shared_data / "erik-hotpot/tests/fixtures" / name).read_bytes())
    assert [row.sport for row in found.rows.values()][:3] == ["Ride", "Run", "Workout"]
