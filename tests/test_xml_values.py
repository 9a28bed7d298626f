"""Numbers and times of GPX and TCX that are not written as the formats want them: one reading for each file."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made import straight

import heatlas
from heatlas.sources.formats.gpx import read_gpx
from heatlas.sources.formats.tcx import read_tcx
from heatlas.sources.formats.xml_values import Values

EIGHT = 1714809600.0
"""2024-05-04T08:00:00Z"""


def gpx(times, place=str, elevations=None) -> bytes:
    lon, lat = straight(3.0 * len(times))
    points = "".join(
        f'<trkpt lat="{place(round(y, 7))}" lon="{place(round(x, 7))}"><ele>{e}</ele><time>{t}</time></trkpt>'
        for x, y, t, e in zip(lon, lat, times, elevations or [600] * len(times), strict=True)
    )
    return f"<gpx><trk><type>running</type><trkseg>{points}</trkseg></trk></gpx>".encode()


def tcx(times, place=str, elevations=None) -> bytes:
    lon, lat = straight(3.0 * len(times))
    points = "".join(
        f"<Trackpoint><Time>{t}</Time><Position><LatitudeDegrees>{place(y)}</LatitudeDegrees><LongitudeDegrees>"
        f"{place(x)}</LongitudeDegrees></Position><AltitudeMeters>{e}</AltitudeMeters></Trackpoint>"
        for x, y, t, e in zip(lon, lat, times, elevations or [600] * len(times), strict=True)
    )
    return (
        f"<TrainingCenterDatabase><Activities><Activity Sport='Running'><Id>{times[0]}</Id><Lap><DistanceMeters>"
        f"{place(57.5)}</DistanceMeters><Track>{points}</Track></Lap></Activity></Activities></TrainingCenterDatabase>"
    ).encode()


FORMATS = pytest.mark.parametrize(("write", "read"), [(gpx, read_gpx), (tcx, read_tcx)])


def comma(number: float) -> str:
    return str(number).replace(".", ",")


@pytest.mark.parametrize("form", [
    "2024-5-4T8:0:{}Z", "2024-5-4 8:0:{}", "2024-05-04T08:00:0{} AMZ", "2024-05-04 8:00:0{} am",
    "1714809600", "171480960{}", "171480960{}000", "171480960{}.0", "171480960{}000000", "1.71480960{}e9",
    "Sat, 04 May 2024 08:00:0{} GMT", "Sat, 4 May 2024 10:00:0{} +0200", "Sat, 04 May 24 08:00:0{} UT",
    "Sat May  4 10:00:0{} CEST 2024", "Sat May 04 2024 10:00:0{} GMT+0200 (Central European Summer Time)",
    "04-May-2024 08:00:0{}", "4. Mai 2024, 08:00:0{}", "sam. 4 mai 2024 08:00:0{}", "4 мая 2024 8:00:0{}",
    "2024/05/04 08:00:0{}", "2024/5/4T08:00:0{}Z", "2024.05.04 08:00:0{}", "2024-05-04 08:00:0{} UTC",
    "2024-05-04 10:00:0{}+0200", "2024-05-04 10:00:0{} +02", "2024-05-04T04:00:0{} EDT", "20240504T08000{}Z",
    "2024050408000{}", "2024-05-04T08:00:0{}.000Z", "2024-05-04T08:00:0{}:000", "2024-05-04T08:00:0{},000",
    "04.05.2024 08:00:0{}", "04/05/2024 08:00:0{}", "5/4/2024 8:00:0{} AM", "04.05.24 08:00:0{}",
])  # fmt: skip
@FORMATS
def test_forms_of_time(form, write, read):
    times = [form.replace("{}", str(k)) for k in range(10)]
    (recording,) = read(write(times), "a")
    step = np.arange(10) if "{}" in form else np.zeros(10)
    np.testing.assert_allclose(recording.time, EIGHT + step, atol=1e-3)
    assert recording.activity.start == EIGHT


@pytest.mark.parametrize("text", [
    "0", "17", "86399", "2024", "soon", "Saturday", "25:00:00", "4 May", "2024-05-04T08:00:00 +99:00", "31/31/2024",
    "2024-13-13 08:00:00 AM", "13:00:00 AM 2024-05-04", "9" * 30, "x" * 200, "-1714809600",
])  # fmt: skip
def test_what_is_no_time(text):
    assert math.isnan(Values(times=[text]).time(text))


def test_the_order_of_a_date_is_decided_once_for_a_file():
    hours = [f" {hour:02d}:00:00" for hour in range(2)]
    # One day above 12 settles it for all, and nothing was guessed.
    (recording,) = read_gpx(gpx(["03/02/2024 23:59:00", "03/13/2024 00:01:00"]), "a")
    assert recording.time[0] == 1709423940.0  # the 2nd of March
    assert recording.warnings == ()
    # What lies closer together is the reading: from one day to the next, not from one month to the next.
    (recording,) = read_gpx(gpx(["02/03/2024 23:59:58", "03/03/2024 00:00:00"]), "a")
    assert recording.time[1] - recording.time[0] == 2
    assert recording.warnings == ("dates such as 02/03/2024 are read as day/month/year",)
    (recording,) = read_gpx(gpx(["03/02/2024 23:59:58", "03/03/2024 00:00:00"]), "a")
    assert recording.time[1] - recording.time[0] == 2
    assert recording.warnings == ("dates such as 03/02/2024 are read as month/day/year",)
    # Else the day comes first, but for clocks of twelve hours.
    (recording,) = read_gpx(gpx(["03/02/2024" + hour for hour in hours]), "a")
    assert recording.time[0] == 1706918400.0
    assert recording.warnings == ("dates such as 03/02/2024 are read as day/month/year",)
    (recording,) = read_gpx(gpx([f"03/02/2024{hour} AM" for hour in (" 1:00:00", " 2:00:00")]), "a")
    assert recording.time[0] == 1709341200.0
    assert recording.warnings == ("dates such as 03/02/2024 are read as month/day/year",)


def test_numbers_since_1970_have_one_unit_in_a_file():
    values = Values(times=["1714809600000", "999999999"])
    assert values.time("1714809600000") == EIGHT
    assert math.isnan(values.time("999999999"))  # a thousandth of what it would have to be


@FORMATS
def test_decimal_commas(write, read):
    times = [f"2024-05-04T08:00:{k:02d}Z" for k in range(20)]
    (plain,) = read(write(times, elevations=[612.5] * 20), "a")
    (recording,) = read(write(times, comma, ["612,5"] * 20), "a")
    np.testing.assert_allclose(recording.lat, plain.lat, atol=1e-7)
    np.testing.assert_allclose(recording.lon, plain.lon, atol=1e-7)
    np.testing.assert_array_equal(recording.columns["elevation"], plain.columns["elevation"])
    assert recording.activity.distance == plain.activity.distance
    assert recording.warnings == ()


def test_a_comma_means_one_thing_in_a_file():
    times = [f"2024-05-04T08:00:{k:02d}Z" for k in range(4)]
    (recording,) = read_gpx(gpx(times, elevations=["1,612", "1612", "1,613.5", "999"]), "a")
    assert recording.columns["elevation"].tolist() == [1612, 1612, 1613.5, 999]
    assert recording.warnings == ("commas in numbers such as 1,612 are read as between thousands",)
    (recording,) = read_gpx(gpx(times, elevations=["61,612", "61,6", "62", "1.061,5"]), "a")
    np.testing.assert_allclose(recording.columns["elevation"], [61.612, 61.6, 62, 1061.5])
    assert recording.warnings == ("commas in numbers such as 61,612 are read as decimal ones",)
    (recording,) = read_gpx(gpx(times, comma, ["1,612", "612,5", "612", "612"]), "a")
    np.testing.assert_allclose(recording.columns["elevation"], [1.612, 612.5, 612, 612])


def test_points_may_have_attributes_for_elevation_and_time():
    body = "".join(
        f'<trkpt lat="47.5" lon="11.{k:04d}" ele="612.5" time="2024-05-04T08:00:{k:02d}Z"/>' for k in range(5)
    )
    (recording,) = read_gpx(f"<gpx><trk><trkseg>{body}</trkseg></trk></gpx>".encode(), "a")
    np.testing.assert_array_equal(recording.time, EIGHT + np.arange(5))
    assert recording.columns["elevation"].tolist() == [612.5] * 5


@pytest.mark.parametrize("name", ["comma/comma", "time/tnopad", "time/tampm", "time/tepoch", "time/trfc822"])
def test_what_people_bring(shared_data, name):
    path = shared_data.parent / "field" / f"{name}.gpx"
    if not path.exists():
        pytest.skip("not there")
    tracks = heatlas.open(path)
    assert (tracks.fixes, tracks.activities[0].start) == (200, EIGHT)
    assert tracks.activities[0].distance == pytest.approx(598, abs=0.5)
