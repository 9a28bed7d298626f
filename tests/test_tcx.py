"""The TCX reader on documents of known content, and against its slow twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from xml_twin import TCX, assert_equal_to_twin, tcx_documents

from heatlas.core.errors import Unreadable
from heatlas.sources.formats.tcx import read_tcx

NOON = 1714564800.0  # 2024-05-01T12:00:00Z


def tcx(inner: str) -> bytes:
    schema = "http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"
    body = f'<TrainingCenterDatabase xmlns="{schema}">{inner}</TrainingCenterDatabase>'
    return f'<?xml version="1.0"?>\n{body}'.encode()


def activity(inner: str, sport: str = "Running") -> str:
    return f'<Activities><Activity Sport="{sport}"><Id>2024-05-01T11:00:00Z</Id>{inner}</Activity></Activities>'


def lap(*tracks: str, head: str = "") -> str:
    return f"<Lap StartTime='x'>{head}{''.join(f'<Track>{t}</Track>' for t in tracks)}</Lap>"


def point(second: int | None = None, inner: str = "", place: str | None = "47.5,11.25") -> str:
    parts = []
    if second is not None:
        parts.append(f"<Time>{np.datetime64(int(NOON) + second, 's')}.000Z</Time>")
    if place:
        lat, lon = place.split(",")
        parts.append(
            f"<Position><LatitudeDegrees>{lat}</LatitudeDegrees><LongitudeDegrees>{lon}</LongitudeDegrees></Position>"
        )
    return f"<Trackpoint>{''.join(parts)}{inner}</Trackpoint>"


def only(data: bytes):
    (recording,) = read_tcx(data, "file.tcx")
    return recording


def test_all_that_an_activity_says():
    rate = "<HeartRateBpm xsi:type='HeartRateInBeatsPerMinute_t'>\n<Value>{}</Value></HeartRateBpm>"
    one = "<TotalTimeSeconds>60.5</TotalTimeSeconds><DistanceMeters>200</DistanceMeters>"
    two = "<TotalTimeSeconds>30</TotalTimeSeconds><DistanceMeters>100.25</DistanceMeters>"
    beside = "<MaximumHeartRateBpm><Value>199</Value></MaximumHeartRateBpm><Cadence>1</Cadence>"
    first = point(0, f"<AltitudeMeters>600</AltitudeMeters><DistanceMeters>5</DistanceMeters>{rate.format(120)}")
    second = point(
        1,
        "<Cadence>80</Cadence><Extensions><ns3:TPX><ns3:Speed>2.5</ns3:Speed><ns3:Watts>210</ns3:Watts></ns3:TPX>"
        "</Extensions>",
        "-47.5,-11",
    )
    data = tcx(
        activity(
            lap(first + second, head=one + beside)
            + lap(point(2), head=two)
            + "<Notes>Along the river\nand back</Notes><Creator><Name>Forerunner</Name></Creator>",
            "Biking",
        )
        + "<Author><Name>Somebody else</Name></Author>"
    )
    recording = only(data)
    assert recording.lat.tolist() == [47.5, -47.5, 47.5]
    assert recording.lon.tolist() == [11.25, -11, 11.25]
    assert (recording.time - NOON).tolist() == [0, 1, 2]
    assert recording.segments.tolist() == [0]
    expected = {"elevation": 600, "heart_rate": 120, "cadence": 80, "speed": 2.5, "power": 210}
    assert set(recording.columns) == set(expected)
    for name, value in expected.items():
        column = recording.columns[name]
        assert column.dtype == np.float32
        assert column[np.isfinite(column)].tolist() == [value]
    about = recording.activity
    assert (about.source, about.sport, about.name) == ("file.tcx", "Ride", "Along the river")
    assert (about.start, about.device) == (NOON, "Forerunner")
    assert (about.distance, about.elapsed_time) == (300.25, 90.5)
    assert recording.warnings == ()


@pytest.mark.parametrize(
    ("inner", "column", "expected"),
    [
        ("<HeartRateBpm><Value>120</Value></HeartRateBpm>", "heart_rate", 120),
        ("<HeartRateBpm>120</HeartRateBpm>", "heart_rate", 120),
        ("<x:HeartRateBpm><x:Value>120</x:Value></x:HeartRateBpm>", "heart_rate", 120),
        ("<HeartRateBpm/><Value>55</Value>", "heart_rate", np.nan),
        ("<HeartRateBpm><deep><Value>55</Value></deep></HeartRateBpm>", "heart_rate", np.nan),
        ("<HeartRateBpm><Zone>3</Zone><Value>121</Value></HeartRateBpm>", "heart_rate", 121),
        ("<HeartRateBpm></HeartRateBpm><Load><Value>55</Value></Load>", "heart_rate", np.nan),
        ("<Load><Value>55</Value></Load><HeartRateBpm><Value>120</Value></HeartRateBpm>", "heart_rate", 120),
        ("<Cadence>80</Cadence>", "cadence", 80),
        ("<Extensions><TPX xmlns='a'><RunCadence>81</RunCadence></TPX></Extensions>", "cadence", 81),
        ("<Extensions><q:TPX><q:Speed>3.5</q:Speed></q:TPX></Extensions>", "speed", 3.5),
        ("<Extensions><TPX CadenceSensor='Bike'><Watts>210</Watts></TPX></Extensions>", "power", 210),
        ("<AltitudeMeters>-3.5</AltitudeMeters>", "elevation", -3.5),
        ("<AltitudeMeters>1,5</AltitudeMeters>", "elevation", 1.5),
        ("<DistanceMeters>12</DistanceMeters>", "speed", np.nan),
    ],
)
def test_values_of_a_point(inner, column, expected):
    columns = only(tcx(activity(lap(point(0, inner))))).columns
    np.testing.assert_equal(float(columns.get(column, [np.nan])[0]), expected)


def test_points_without_a_place_are_kept():
    rate = "<HeartRateBpm><Value>120</Value></HeartRateBpm>"
    recording = only(tcx(activity(lap(f"<Trackpoint/>{point(0, rate, None)}<Trackpoint></Trackpoint>{point(3)}"))))
    np.testing.assert_array_equal(recording.lat, [np.nan, np.nan, np.nan, 47.5])
    np.testing.assert_array_equal(recording.time - NOON, [np.nan, 0, np.nan, 3])
    np.testing.assert_array_equal(recording.columns["heart_rate"], [np.nan, 120, np.nan, np.nan])
    assert recording.activity.start == NOON


@pytest.mark.parametrize(
    ("laps", "expected"),
    [
        ([[(0, 1)], [(2, 3)]], [0]),
        ([[(0, 1)], [(61, 62)]], [0]),
        ([[(0, 1)], [(62, 63)]], [0, 2]),
        ([[(5, 6)], [(0, 1)]], [0, 2]),
        ([[(0, 1), (2, 3)], [(4,), (5,)]], [0, 2, 5]),
        ([[(0, 1)], [(), (2, 3)]], [0, 2]),
        ([[(0,)], [(None,)], [(1,)]], [0, 1, 2]),
    ],
)
def test_a_pause_begins_a_segment_and_a_lap_does_not(laps, expected):
    data = tcx(activity("".join(lap(*("".join(point(s) for s in t) for t in tracks)) for tracks in laps)))
    assert only(data).segments.tolist() == expected


def test_every_activity_is_a_recording():
    one, two = activity(lap(point(0))), activity(lap(point(9) + point(10)), "Biking")
    session = two.replace("Activities", "FirstSport")
    data = tcx(f"{one}{activity(lap())}<MultiSportSession>{session}</MultiSportSession>")
    recordings = read_tcx(data, "x")
    assert [len(r.lat) for r in recordings] == [1, 2]
    assert [r.activity.sport for r in recordings] == ["Run", "Ride"]
    assert [r.segments.tolist() for r in recordings] == [[0], [0]]


COURSE = f"<Courses><Course><Name>Loop</Name><Lap/><Track>{point(0)}{point(1)}</Track></Course></Courses>"


def test_a_course_is_planned():
    course = only(tcx(COURSE))
    assert course.activity.planned
    assert (course.activity.name, course.activity.start) == ("Loop", None)
    assert len(course.lat) == 2
    assert np.isnan(course.time).all(), "they were computed"
    recording, beside = read_tcx(tcx(activity(lap(point(5))) + COURSE), "x")
    assert (recording.time.tolist(), recording.activity.planned) == ([NOON + 5], False)
    assert beside.activity.planned
    inn = "<CoursePoint><Name>Inn</Name></CoursePoint>"
    empty = only(tcx(f"<Courses><Course><Name>Loop</Name>{inn}</Course></Courses>"))
    assert len(empty.lat) == 0
    assert empty.warnings == ("a planned course without points, not a recording",)


def test_an_activity_without_points_has_a_recording_without_fixes():
    recording = only(tcx(activity(lap(head="<DistanceMeters>20</DistanceMeters>"))))
    assert len(recording.lat) == len(recording.segments) == 0
    assert recording.activity.start == NOON - 3600
    assert (recording.activity.sport, recording.activity.distance) == ("Run", 20)
    assert recording.warnings == ()


@pytest.mark.parametrize("cut", range(1, 500, 13))
def test_of_a_file_that_was_cut_the_complete_points_are_kept(cut):
    data = tcx(activity(lap("".join(point(k, f"<AltitudeMeters>{k}</AltitudeMeters>") for k in range(5)))))
    data = data[: len(data) - cut]
    recording = only(data)
    complete = data.count(b"</Trackpoint>")
    assert (recording.time - NOON).tolist() == list(range(complete))
    assert recording.warnings == (f"cut off in the middle: {complete} complete points were kept",)
    assert recording.activity.sport == "Run"


def test_ten_spaces_before_the_declaration():
    assert only(b" " * 10 + tcx(activity(lap(point(0))))).warnings == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"nothing", "is not XML"),
        (b"<gpx><trk/></gpx>", "is not TCX: its root element is <gpx>"),
        (b"<!DOCTYPE x []><TrainingCenterDatabase/>", "declares a DOCTYPE, which a recording never needs"),
    ],
)
def test_what_is_no_tcx(data, reason):
    with pytest.raises(Unreadable, match=f"^{reason}$"):
        read_tcx(data, "x")


@example(
    b'<TrainingCenterDatabase><Activities><Activity Sport="Biking"><Lap><Track><Trackpoint><HeartRateBpm><Value>1,234'
    b"</Value></HeartRateBpm><Position><LatitudeDegrees><![CDATA[0.0]]></LatitudeDegrees><LongitudeDegrees>0"
    b"</LongitudeDegrees></Position><Position><LatitudeDegrees>12,5</LatitudeDegrees></Position></Trackpoint></Track>"
    b"</Lap></Activity></Activities></TrainingCenterDatabase>"
)
@given(tcx_documents())
def test_the_reader_equals_its_slow_twin(data):
    assert_equal_to_twin(read_tcx(data, "x"), data, TCX)
