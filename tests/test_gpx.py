"""The GPX reader on documents of known content, and against its slow twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from xml_twin import GPX, assert_equal_to_twin, gpx_documents

import heatlas
from heatlas.core.errors import NothingToDraw, Unreadable
from heatlas.library.manage import import_into
from heatlas.sources.formats.gpx import read_gpx

NOON = 1714564800.0  # 2024-05-01T12:00:00Z


def gpx(inner: str, head: str = '<gpx version="1.1" creator="Maker One">') -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}{inner}</gpx>'.encode()


def track(points: str, head: str = "") -> bytes:
    return gpx(f"<trk>{head}<trkseg>{points}</trkseg></trk>")


def point(inner: str = "", lat: str = "47.5", lon: str = "11.25") -> str:
    return f'<trkpt lat="{lat}" lon="{lon}">{inner}</trkpt>'


def only(data: bytes):
    (recording,) = read_gpx(data, "file.gpx")
    return recording


def value(inner: str, column: str) -> float:
    columns = only(track(point(inner) + point())).columns
    return float(columns[column][0]) if column in columns else float("nan")


def test_all_that_a_track_says():
    data = gpx(
        "<metadata><name>file name</name><time>2020-01-01T00:00:00Z</time></metadata>"
        "<trk><name>Evening &amp; night</name><type>trail_running</type><trkseg>"
        + point("<ele>600.5</ele><time>2024-05-01T12:00:00Z</time>")
        + point("<ele>601</ele><time>2024-05-01T12:00:01.5Z</time>", "-47.25", "-11")
        + "</trkseg><trkseg>"
        + point("<time>2024-05-01T14:00:10+02:00</time>")
        + "</trkseg></trk>"
    )
    recording = only(data)
    assert recording.lat.tolist() == [47.5, -47.25, 47.5]
    assert recording.lon.tolist() == [11.25, -11, 11.25]
    assert (recording.time - NOON).tolist() == [0, 1.5, 10]
    assert recording.segments.tolist() == [0, 2]
    assert set(recording.columns) == {"elevation"}
    assert recording.columns["elevation"].dtype == np.float32
    np.testing.assert_array_equal(recording.columns["elevation"], [600.5, 601, np.nan])
    assert recording.warnings == ()
    activity = recording.activity
    assert (activity.source, activity.name, activity.sport) == ("file.gpx", "Evening & night", "TrailRun")
    assert (activity.start, activity.device) == (NOON, "Maker One")


@pytest.mark.parametrize(
    ("inner", "column", "expected"),
    [
        ("<speed>2.5</speed><course>90</course>", "speed", 2.5),  # GPX 1.0
        ("<extensions><speed>1.25</speed><course>9</course><hAcc>7</hAcc></extensions>", "speed", 1.25),
        ("<extensions><x:TrackPointExtension><x:speed>3</x:speed></x:TrackPointExtension></extensions>",
         "speed", 3),
        ("<extensions><x:TrackPointExtension><x:hr>150</x:hr></x:TrackPointExtension></extensions>",
         "heart_rate", 150),
        ("<extensions><gpxdata:hr>98</gpxdata:hr><g:Point><g:hr>99</g:hr></g:Point></extensions>",
         "heart_rate", 98),
        ("<extensions><gpxdata:hr/><g:TrackPointExtension><g:hr>99</g:hr></g:TrackPointExtension></extensions>",
         "heart_rate", 99),
        ("<extensions><heartrate>88</heartrate></extensions>", "heart_rate", 88),
        ("<extensions><ns3:TrackPointExtension><ns3:cad>82</ns3:cad></ns3:TrackPointExtension></extensions>",
         "cadence", 82),
        ("<extensions><gpxdata:cadence>83</gpxdata:cadence></extensions>", "cadence", 83),
        ("<extensions><power>210</power></extensions>", "power", 210),
        ("<power>211</power>", "power", 211),
        ("<extensions><pwr:PowerInWatts>212</pwr:PowerInWatts></extensions>", "power", 212),
        ("<extensions><x:PowerExtension><x:PowerInWatts>213</x:PowerInWatts></x:PowerExtension></extensions>",
         "power", 213),
        ("<extensions><x:watts>214</x:watts></extensions>", "power", 214),
        ("<extensions><x:atemp>-3.5</x:atemp></extensions>", "temperature", -3.5),
        ("<extensions><gpxdata:temp>21</gpxdata:temp></extensions>", "temperature", 21),
        ("<extensions><q><ele>9</ele></q></extensions>", "elevation", np.nan),  # not the point's own
        ("<extensions><gpxdata:distance>12</gpxdata:distance></extensions>", "speed", np.nan),
    ],
)  # fmt: skip
def test_dialects_of_extensions(inner, column, expected):
    np.testing.assert_equal(value(inner, column), expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-01T12:00:00Z", NOON),
        ("2024-05-01t12:00:00z", NOON),
        ("2024-05-01 12:00:00", NOON),
        (" 2024-05-01T12:00:00\n", NOON),
        ("2024-05-01T14:00:00+02:00", NOON),
        ("2024-05-01T06:30:00-0530", NOON),
        ("2024-05-01T14:00:00+02", NOON),
        ("2024-05-01T12:00Z", NOON),
        ("20240501T120000Z", NOON),
        ("2024-05-01", NOON - 43200),
        ("2024-05-01T12:00:00.1Z", NOON + 0.1),
        ("2024-05-01T12:00:00,25Z", NOON + 0.25),
        ("2024-05-01T12:00:00.123456789Z", NOON + 0.123456789),
        ("2024-05-01T12:00:00.5+00:00", NOON + 0.5),
        ("2024-04-30T24:00:00Z", NOON - 43200),
        ("2024-05-01T11:59:60Z", NOON),
        ("2024-02-29T00:00:00Z", 1709164800.0),
        ("2000-02-29T00:00:00Z", 951782400.0),
        ("1969-12-31T23:59:59Z", -1.0),
        ("7605-03-01T00:00:00Z", 177828566400.0),
        ("0001-01-01T00:00:00Z", -62135596800.0),
        ("<![CDATA[2024-05-01T12:00:00Z]]>", NOON),
        ("2024-05-01T12:00<!-- -->:00Z", NOON),
        ("2023-02-29T00:00:00Z", np.nan),
        ("1900-02-29T00:00:00Z", np.nan),
        ("2024-04-31T00:00:00Z", np.nan),
        ("2024-13-01T00:00:00Z", np.nan),
        ("2024-00-01T00:00:00Z", np.nan),
        ("2024-05-00T00:00:00Z", np.nan),
        ("2024-05-01T24:00:01Z", np.nan),
        ("2024-05-01T12:60:00Z", np.nan),
        ("2024-05-01T12:00:00+99:00", np.nan),
        ("-024-05-01T12:00:00Z", np.nan),
        ("{{ time }}", np.nan),
        ("12345678", np.nan),
        ("", np.nan),
    ],
)
def test_forms_of_time(text, expected):
    recording = only(track(point(f"<time>{text}</time>") + point()))
    np.testing.assert_allclose(recording.time[0], expected, rtol=0, atol=1e-6, equal_nan=True)
    assert len(recording.warnings) == (np.isnan(expected) and text != "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 12), ("+12.5", 12.5), ("-0.25", -0.25), (" 7 ", 7), ("\n\t7\n", 7), ("5.", 5), (".5", 0.5),
        ("1e2", 100), ("1.5E-3", 0.0015), ("4.7e+1", 47), ("000012", 12), ("-0", 0),
        ("1e-30", 1e-30), ("1e30", 1e30), ("0.00000000000000000000000000005", 5e-29),
        ("47.12345678901234567890123456789", 47.12345678901234567890123456789),
        ("123456789012345678901234567890", 123456789012345678901234567890.0),
        ("&#49;&#x32;", 12), ("<![CDATA[12]]>", 12), ("1<!-- 9 -->2", 12), ("<![CDATA[1]]>2", 12),
        ("12,5", 12.5), ("1 2", np.nan), ("1_000", np.nan),
        ("NaN", np.nan), ("INF", np.nan), ("1e", np.nan),
        ("-", np.nan), (".", np.nan), ("1.2.3", np.nan),
        ("0x10", np.nan), ("1e999", np.nan), ("&foo;", np.nan),
        ("٣", np.nan), ("9" * 5000, np.nan),
    ],
)  # fmt: skip
def test_forms_of_numbers(text, expected):
    recording = only(track(point(f"<ele>{text}</ele>") + point("<ele>1</ele>")))
    np.testing.assert_allclose(recording.columns["elevation"], [expected, 1], rtol=1e-7)
    if "<" not in text:
        recording = only(track(point(lat=text)))
        np.testing.assert_allclose(recording.lat, [expected], rtol=3e-16)
    assert len(recording.warnings) == np.isnan(expected)


def test_what_float32_cannot_hold_is_unknown():
    assert only(track(point("<ele>1e39</ele>"))).columns == {}


def test_points_with_little_or_nothing():
    recording = only(track('<trkpt lat="1" lon="2"/><trkpt/>' + point(lat="") + "<trkpt lon='4'></trkpt>"))
    np.testing.assert_array_equal(recording.lat, [1, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(recording.lon, [2, np.nan, 11.25, 4])
    assert np.isnan(recording.time).all()
    assert recording.activity.start is None
    assert recording.warnings == ()


def test_empty_segments_are_no_segments():
    full = f"<trkseg>{point()}</trkseg>"
    recording = only(gpx(f"<trk><trkseg/><trkseg></trkseg>{full}{full}<trkseg>\n</trkseg></trk>"))
    assert recording.segments.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("inner", "warning"),
    [
        ("<trk><trkseg></trkseg></trk>", ()),
        ("<trk/>", ()),
        ("", ()),
        ("<rte><name>empty</name></rte>", ("a planned route without points, not a recording",)),
        (
            "<wpt lat='1' lon='2'><ele>5</ele></wpt>",
            ("waypoints, not a recording: to draw it all the same, save it as a track",),
        ),
    ],
)
def test_without_points_there_is_a_recording_without_fixes(inner, warning):
    recording = only(gpx("<metadata><name>plan</name><time>2024-05-01T12:00:00Z</time></metadata>" + inner))
    assert len(recording.lon) == len(recording.segments) == 0
    assert recording.warnings == warning
    assert (recording.activity.name, recording.activity.start) == ("plan", NOON)


def test_routes_and_waypoints_beside_a_track_are_no_part_of_it():
    beside = "<wpt lat='1' lon='2'><ele>5</ele></wpt><rte><rtept lat='3' lon='4'/></rte>"
    recording, route = read_gpx(gpx(f"{beside}<trk><trkseg>{point()}</trkseg></trk>"), "file.gpx")
    assert (recording.lat.tolist(), route.lat.tolist()) == ([47.5], [3])
    assert (recording.activity.planned, route.activity.planned) == (False, True)
    assert recording.warnings == ()


def test_each_track_is_a_recording():
    one = f"<trk><name>A</name><type>9</type><trkseg>{point('', '1', '1')}</trkseg></trk>"
    two = f"<trk><name>B</name><type>1</type><trkseg>{point('', '2', '2') * 2}</trkseg></trk>"
    recordings = read_gpx(gpx(f"{one}<trk><name>empty</name></trk>{two}"), "x")
    assert [r.activity.name for r in recordings] == ["A", "B"]
    assert [r.activity.sport for r in recordings] == ["Run", "Ride"]
    assert [len(r.lat) for r in recordings] == [1, 2]
    assert [r.segments.tolist() for r in recordings] == [[0], [0]]


@pytest.mark.parametrize(
    ("names", "gap", "expected"),
    [
        (("ACTIVE LOG", "ACTIVE LOG #2", "ACTIVE LOG #3"), 600, [3]),
        (("Ride", "Ride", "Ride"), 900, [3]),
        (("Ride", "Ride", "Ride"), 901, [1, 1, 1]),
        (("Ride", "Ride", "Ride"), -5, [1, 1, 1]),
        (("Ride", "Ride home", "Ride home"), 60, [1, 2]),
        (("", "", ""), 60, [1, 1, 1]),
    ],
)
def test_tracks_that_go_on_under_one_name_are_one(names, gap, expected):
    parts = [
        f"<trk><name>{name}</name><trkseg>{point(f'<time>{stamp(k * gap)}</time>')}</trkseg></trk>"
        for k, name in enumerate(names)
    ]
    recordings = read_gpx(gpx("".join(parts)), "x")
    assert [len(r.lat) for r in recordings] == expected
    assert [r.segments.tolist() for r in recordings] == [list(range(n)) for n in expected]


def stamp(seconds: int) -> str:
    return str(np.datetime64(int(NOON) + seconds, "s")) + "Z"


def test_what_only_looks_like_points():
    fakes = (
        "<!-- <trkpt lat='9' lon='9'/> - -> -->"
        "<![CDATA[<trkpt lat='9' lon='9'/>]]>"
        "<?note <trkpt lat='9' lon='9'/>?>"
        "<link href='&lt;trkpt>' title=\"&lt;/trkseg> &lt;!-- '/>\"/>"
    )
    inner = "<name>a<![CDATA[</trkpt><ele>9</ele>]]></name><!-- <ele>8</ele> --><ele>7</ele><cmt a='>'/>"
    recording = only(track(fakes + point(inner) + fakes + point("<ele>7</ele>") + fakes))
    assert recording.lat.tolist() == [47.5, 47.5]
    assert recording.columns["elevation"].tolist() == [7, 7]
    assert recording.warnings == ()


@pytest.mark.parametrize("cut", range(1, 160, 7))
def test_of_a_file_that_was_cut_the_complete_points_are_kept(cut):
    points = [point(f"<ele>{k}</ele><time>{stamp(k)}</time>", str(k)) for k in range(5)]
    data = track("\n".join(points), "<name>cut</name>")
    data = data[: len(data) - cut]
    recording = only(data)
    complete = data.count(b"</trkpt>")
    assert recording.lat.tolist() == list(range(complete))
    assert recording.warnings == (f"cut off in the middle: {complete} complete points were kept",)
    assert recording.activity.name == "cut"


@pytest.mark.parametrize(
    "garble",
    [
        lambda d: b"          " + d,
        lambda d: b"\r\n\t" + d,
        lambda d: b"\xef\xbb\xbf" + d,
        lambda d: b"\xef\xbb\xbf  " + d,
        lambda d: d.decode().encode("utf-16"),
        lambda d: d.decode().replace("UTF-8", "UTF-16").encode("utf-16-be"),
        lambda d: d.decode().encode("utf-16-le"),
        lambda d: d.decode().encode("utf-32"),
        lambda d: d.replace(b"UTF-8", b"UTF-16"),
        lambda d: d.replace(b"UTF-8", b"ISO-8859-1").decode().encode("latin-1"),
        lambda d: d.replace(b"UTF-8", b"windows-1252").decode().encode("cp1252"),
        lambda d: d.decode().encode("latin-1"),  # claims to be UTF-8
        lambda d: d.replace(b"UTF-8", b"zip"),
        lambda d: d.replace(b'<?xml version="1.0" encoding="UTF-8"?>', b""),
        lambda d: d.replace(b"<gpx ", b'<gpx xmlns="http://www.topografix.com/GPX/1/1" '),
        lambda d: d.replace(b"<", b"<p:").replace(b"<p:/", b"</p:").replace(b"<p:?", b"<?"),
        lambda d: d.replace(b"><", b">\r\n\t<"),
    ],
)
def test_encodings_prefixes_and_white_space(garble):
    data = garble(track(point("<ele>5</ele><q:hr>9</q:hr>"), "<name>Zürich</name>"))
    recording = only(data)
    assert (recording.lat[0], recording.lon[0], recording.columns["elevation"][0]) == (47.5, 11.25, 5)
    assert recording.activity.name == "Zürich"
    assert recording.warnings == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"no markup at all", "is not XML"),
        (bytes(5000), "is not XML"),
        (b"<kml><Placemark/></kml>", "is not GPX: its root element is <kml>"),
        (b"<TrainingCenterDatabase/>", "is not GPX: its root element is <TrainingCenterDatabase>"),
        (b"<!DOCTYPE html><html></html>", "is a web page, not GPX"),
        (b"<!DOCTYPE gpx><gpx/>", "declares a DOCTYPE, which a recording never needs"),
    ],
)
def test_what_is_no_gpx(data, reason):
    with pytest.raises(Unreadable, match=f"^{reason}$"):
        read_gpx(data, "x")


def test_points_that_are_not_closed():
    recording = only(track("<trkpt lat='1' lon='1'><ele>1</ele>" + point("<ele>2</ele>") + "<trkpt lat='3' lon='3'>"))
    assert recording.lat.tolist() == [1, 47.5, 3]
    assert recording.columns["elevation"][:2].tolist() == [1, 2]
    assert "2 points are not closed properly" in recording.warnings


def test_a_head_that_was_lost():
    recording = only(f"<trkseg>{point()}</trkseg></trk></gpx>".encode())
    assert recording.lat.tolist() == [47.5]
    assert recording.warnings


@pytest.mark.parametrize("number", [200, 5000])
def test_room_for_much_that_is_odd(number):
    points = [point(f"<ele>&#49;{k}</ele>", f"&#49;.{k}", f"&#50;.{k}") + "<a/>" for k in range(number)]
    recording = only(gpx("".join(f"<trk><trkseg>{p}</trkseg></trk><trkseg/>" for p in points)[5:-15]
                         .replace("</trk>", "").replace("<trk>", "")))  # fmt: skip
    assert recording.columns["elevation"].tolist() == [float(f"1{k}") for k in range(number)]
    assert recording.lon.tolist() == [float(f"2.{k}") for k in range(number)]
    assert recording.segments.tolist() == list(range(number))


def test_many_of_the_shortest_points():
    assert len(only(track("<trkpt/>" * 20000)).lat) == 20000


# A value in CDATA is plain: one behind it has no voice in how the file is read.
_HELD = b'<trkpt lat="0" lon="0"><time><![CDATA[2024-05-01T12:00:00Z]]></time><time>1000000000000</time></trkpt>'
_LONE = b'<trkpt lat="0" lon="0"><hr>1,234</hr><power><![CDATA[0.0]]></power><power>12,5</power></trkpt>'


@example(b"<gpx><trk><trkseg>%b<trkpt lat='0' lon='0'><time>100000000</time></trkpt></trkseg></trk></gpx>" % _HELD)
@example(b"<gpx><trk><trkseg>%b</trkseg></trk></gpx>" % _LONE)
@given(gpx_documents())
def test_the_reader_equals_its_slow_twin(data):
    assert_equal_to_twin(read_gpx(data, "x"), data, GPX)


@pytest.mark.parametrize(("inside", "what"), [
    ("<rte><rtept lat='1' lon='2'/><rtept lat='1' lon='3'/></rte>",
     "a planned route, not a recording: --routes draws it all the same"),
    ("<wpt lat='1' lon='2'/>", "waypoints, not a recording: to draw it all the same, save it as a track"),
])  # fmt: skip
def test_what_is_planned_is_said_by_every_command(tmp_path, inside, what):
    path = tmp_path / "a.gpx"
    path.write_text(f"<gpx>{inside}</gpx>")
    with pytest.raises(NothingToDraw, match=what):
        heatlas.render(path, output=tmp_path / "a.png")
    for report in (heatlas.inspect(path), import_into(tmp_path / "a.db", path)):
        assert report["files"]["warnings"] == [{"file": str(path), "reason": what}]
