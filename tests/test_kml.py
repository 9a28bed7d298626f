"""KML: lines as tracks, what is said of what is left out, pieces of one recording, and GDAL as the oracle."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

import heatlas
from heatlas.core.batch import TABLES
from heatlas.core.errors import BadOption, Unreadable
from heatlas.sources.formats.kml import read_kml

NOON = 1714564800.0  # 2024-05-01T12:00:00Z


def kml(inner: str, head: str = '<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://x/ext/2.2">') -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>{head}<Document>{inner}</Document></kml>'.encode()


def line(*places: str, name: str = "", more: str = "") -> str:
    return (
        f"<Placemark><name>{name}</name>{more}<LineString><coordinates>{' '.join(places)}</coordinates></LineString>"
        "</Placemark>"
    )


def track(*moments: int, prefix: str = "gx:", more: str = "", lat: float = 47.5) -> str:
    whens = "".join(f"<when>2024-05-01T12:00:{m:02d}Z</when>" for m in moments)
    coords = "".join(f"<{prefix}coord>11.{m:03d} {lat} {500 + m}</{prefix}coord>" for m in moments)
    return f"<{prefix}Track>{whens}{coords}{more}</{prefix}Track>"


def mark(inner: str, name: str = "Walk") -> str:
    return f"<Placemark><name>{name}</name>{inner}</Placemark>"


def only(data: bytes):
    (recording,) = read_kml(data, "a.kml")
    return recording


def test_all_that_a_track_says():
    sensors = (
        '<ExtendedData><SchemaData schemaUrl="#s"><gx:SimpleArrayData name="heartrate"><gx:value>120</gx:value>'
        '<gx:value/><gx:value>130</gx:value></gx:SimpleArrayData><gx:SimpleArrayData name="Speed (km/h)"><gx:value>36'
        '</gx:value></gx:SimpleArrayData><gx:SimpleArrayData name="odd"><gx:value>1</gx:value></gx:SimpleArrayData>'
        "</SchemaData></ExtendedData>"
    )
    facts = (
        '<ExtendedData><Data name="type"><value>running</value></Data><Data name="gear"><value>Red</value></Data>'
        '<Data name="Boss"><value>7</value></Data></ExtendedData>'
    )
    recording = only(kml(f"<Folder><name>Spring</name>{mark(facts + track(0, 2, 4, more=sensors))}</Folder>"))
    assert (recording.time - NOON).tolist() == [0, 2, 4]
    assert recording.lon.tolist() == [11.0, 11.002, 11.004]
    assert recording.columns["elevation"].tolist() == [500, 502, 504]
    np.testing.assert_array_equal(recording.columns["heart_rate"], np.float32([120, np.nan, 130]))
    np.testing.assert_array_equal(recording.columns["speed"], np.float32([10, np.nan, np.nan]))
    activity = recording.activity
    assert (activity.name, activity.sport, activity.gear, activity.start) == ("Walk", "Run", "Red", NOON)
    assert activity.extra == {"boss": 7}
    assert recording.warnings == ()
    assert not recording.drawn


@pytest.mark.parametrize(
    "head",
    [
        "<kml>",  # prefixes that nobody declared
        '<kml xmlns="http://earth.google.com/kml/2.1" xmlns:gx="urn:odd">',
        '<k:kml xmlns:k="http://www.opengis.net/kml/2.2">',
    ],
)
def test_odd_namespaces(head):
    data = kml(mark(track(0, 1)), head)
    if head.startswith("<k:"):
        for name in (b"Placemark", b"Document"):
            data = data.replace(name, b"k:" + name)
        data = data.replace(b"</kml", b"</k:kml")
    assert (only(data).time - NOON).tolist() == [0, 1]


def test_tracks_of_kml_23():
    tracks = f"<MultiTrack>{track(0, 1, prefix='')}{track(5, 6, prefix='')}</MultiTrack>"
    recording = only(kml(mark(tracks)))
    assert (recording.time - NOON).tolist() == [0, 1, 5, 6]
    assert recording.segments.tolist() == [0, 2]


def test_interpolated_tracks_have_no_break():
    tracks = track(0, 1) + track(5, 6)
    broken = only(kml(mark(f"<gx:MultiTrack>{tracks}</gx:MultiTrack>")))
    whole = only(kml(mark(f"<gx:MultiTrack><gx:interpolate>1</gx:interpolate>{tracks}</gx:MultiTrack>")))
    assert (broken.segments.tolist(), whole.segments.tolist()) == ([0, 2], [0])


def test_lines_of_a_geometry_are_segments():
    two = "".join(
        f"<LineString><coordinates>{places}</coordinates></LineString>" for places in ("1,2 3,4", "5,6,7\n8,9,10")
    )
    recording = only(kml(mark(f"<MultiGeometry><MultiGeometry>{two}</MultiGeometry></MultiGeometry>")))
    assert recording.lon.tolist() == [1, 3, 5, 8]
    assert recording.segments.tolist() == [0, 2]
    assert recording.drawn


@pytest.mark.parametrize(
    "places", ["1,2,0 3,4,0", "1, 2, 0 3, 4, 0", " 1,2,\n3,4, ", "1,2 3,4,0", "<![CDATA[1,2 3,4]]>"]
)
def test_coordinates_as_people_write_them(places):
    recording = only(kml(line(places)))
    assert recording.lon.tolist() == [1, 3]
    assert recording.lat.tolist() == [2, 4]
    assert not recording.columns, "an altitude of 0 throughout is unknown"


def test_times_of_a_placemark_are_those_of_the_line():
    span = "<TimeSpan><begin>2024-05-01T14:00:00+02:00</begin><end>2024-05-01T12:30:00Z</end></TimeSpan>"
    activity = only(kml(line("1,2", "3,4", more=span, name="Driving"))).activity
    assert (activity.start, activity.elapsed_time, activity.utc_offset) == (NOON, 1800, 7200)
    assert activity.sport == "Driving"
    stamp = "<TimeStamp><when>2024-05-01T12:00:00Z</when></TimeStamp>"
    assert only(kml(line("1,2", "3,4", more=stamp))).activity.start == NOON
    data = '<ExtendedData><Data name="time"><value>2024-05-01T12:00:00Z</value></Data></ExtendedData>'
    assert only(kml(line("1,2", "3,4", more=data))).activity.start == NOON


def test_points_that_are_the_fixes_of_a_line():
    """As GPSBabel writes it: times stand at points, the line beside them has none."""
    points = "".join(
        f"<Placemark><Point><coordinates>11.{k},47.5,600</coordinates></Point><TimeStamp><when>2024-05-01T12:00:{k:02d}Z"
        "</when></TimeStamp></Placemark>"
        for k in range(3)
    )
    path = line("11.0,47.5,600", "11.1,47.5,601", "11.2,47.5,602", name="Path")
    span = "<TimeSpan><begin>2024-05-01T12:00:00Z</begin></TimeSpan>"
    data = f"<Folder><name>Morning walk</name>{span}<Folder><name>Points</name>{points}</Folder>{path}</Folder>"
    recording = only(kml(data))
    assert (recording.time - NOON).tolist() == [0, 1, 2]
    assert recording.activity.name == "Morning walk"
    assert recording.warnings == (), "the points are drawn: they are the line"
    other = only(kml(data.replace("11.2,47.5,602", "11.3,47.5,602")))
    assert np.isnan(other.time).all()
    assert other.activity.start == NOON, "of the folder"
    assert other.warnings == ("lines are drawn; 3 points are not: --read-as=points draws the points",)


def test_a_private_placemark_is_private():
    data = '<ExtendedData><SchemaData><SimpleData name="private">yes</SimpleData></SchemaData></ExtendedData>'
    assert only(kml(line("1,2", "3,4", more=data))).activity.private


AB, BC = ("1,1", "2,1"), ("2,1", "3,1")


def names(*lines: str) -> list[tuple[str, int]]:
    return [(recording.activity.name, len(recording.lon)) for recording in read_kml(kml("".join(lines)), "a")]


def test_pieces_of_one_recording_are_joined():
    pieces = [line(f"{k},1", f"{k + 1},1", name=f"Ride part {k + 1}") for k in range(3)]
    assert names(*pieces) == [("Ride", 6)]
    recording = only(kml("".join(pieces)))
    assert recording.segments.tolist() == [0]
    # Under one name: pieces that are coloured by speed.
    assert names(line("1,1", "2,1", name="Tour"), line("2,1", "3,1", name="Tour")) == [("Tour", 4)]


def test_recordings_that_only_look_like_pieces_stay_apart():
    assert len(names(line("1,1", "2,1", name="Track 1"), line("5,1", "6,1", name="Track 2"))) == 2
    assert len(names(line("1,1", "2,1", name="To work"), line("2,1", "1,1", name="Home"))) == 2
    folders = [f"<Folder><name>{name}</name>{line(*way)}</Folder>" for name, way in (("a", AB), ("b", BC))]
    assert len(names(*folders)) == 2
    hours = [f"<TimeSpan><begin>2024-05-0{d}T12:00Z</begin><end>2024-05-0{d}T13:00Z</end></TimeSpan>" for d in (1, 2)]
    assert len(names(line(*AB, more=hours[0]), line(*BC, more=hours[1]))) == 2
    assert len(names(line(*AB), line(*BC))) == 1


def test_what_is_not_drawn_is_counted():
    point = "<Placemark><Point><coordinates>1,2</coordinates></Point></Placemark>"
    area = "<Placemark><Polygon><outerBoundaryIs><LinearRing/></outerBoundaryIs></Polygon></Placemark>"
    link = "<NetworkLink><Link><href>http://example.invalid/a.kml</href></Link></NetworkLink>"
    recording = only(kml(point * 3 + area + line("1,2", "3,4") + link))
    assert recording.warnings == (
        "1 link to other files: links are never followed",
        "lines are drawn; 3 points and 1 area are not: --read-as=points draws the points",
    )
    with pytest.raises(Unreadable, match="a map of places") as caught:
        read_kml(kml(point), "a")
    assert caught.value.kind == TABLES
    with pytest.raises(Unreadable, match="links to other files, which are never followed"):
        read_kml(kml(link), "a")


def test_both_can_be_asked_for(tmp_path):
    points = "".join(f"<Placemark><Point><coordinates>11.{k},47.5</coordinates></Point></Placemark>" for k in range(3))
    path = tmp_path / "both.kml"
    path.write_bytes(kml(points + line("11,47.5", "11.1,47.6")))
    assert heatlas.inspect(path)["activities"] == 1
    found = heatlas.inspect(path, read_as="points")
    assert found["points"] == 3
    assert "1 lines are not drawn: --read-as tracks draws them, each as a track" in str(found["files"]["warnings"])
    assert heatlas.render(path, output=tmp_path / "a.png", read_as="points", width=64)["points"] == 3
    with pytest.raises(BadOption, match="--read-as dots is not known: say tracks or points"):
        heatlas.inspect(path, read_as="dots")
    path.write_bytes(kml(points))
    assert heatlas.inspect(path)["points"] == 3


def test_kmz_is_read_wherever_it_lies(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, others in (("one.kmz", ()), ("two.kmz", ("files/photo.jpg",))):
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("doc.kml", kml(mark(track(*range(30), lat=47.5 + len(others)))))
            for other in others:
                archive.writestr(other, b"\xff\xd8\xff\xe0")
        assert heatlas.inspect(folder / name)["fixes"] == 30
    assert heatlas.inspect(folder)["activities"] == 2


def test_no_entity_is_expanded():
    head = b'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    with pytest.raises(Unreadable, match="declares a DOCTYPE"):
        read_kml(head + kml(line("1,2", "3,4", name="&a;"))[38:], "a")


def test_uneven_and_odd_values_are_counted():
    data = kml(mark("<gx:Track><when>2024-05-01T12:00:00Z</when><when>noon</when><when/><gx:coord>1 2 3</gx:coord>"
                    "<gx:coord>x y</gx:coord></gx:Track>"))  # fmt: skip
    recording = only(data)
    assert len(recording.lon) == 2
    assert recording.warnings == (
        "2 values are neither numbers nor times",
        "1 line with more or fewer times than positions: read as far as both go",
    )


def test_a_long_track_takes_time_in_proportion():
    import time

    def seconds(n):
        inner = "".join(f"<when>2024-05-01T12:00:00Z</when><gx:coord>11 {47 + k / n} 5</gx:coord>" for k in range(n))
        data = kml(mark(f"<gx:Track>{inner}</gx:Track>") + line(*(f"11,{47 + k / n}" for k in range(n))))
        started = time.process_time()
        assert sum(len(recording.lon) for recording in read_kml(data, "a")) == 2 * n
        return time.process_time() - started

    seconds(1000)
    assert seconds(40_000) < 60 * max(seconds(4000), 0.02)  # in proportion 10, by the square 100


def test_geometries_as_gdal_reads_them(tmp_path):
    """The same places as another reader's, in the same order."""
    pyogrio = pytest.importorskip("pyogrio")
    shapely = pytest.importorskip("shapely")
    path = tmp_path / "a.kml"
    random = np.random.default_rng(3)
    lines = []
    for k in range(20):
        places = [f"{x:.6f},{y:.6f},{z:.1f}" for x, y, z in random.uniform(-80, 80, (random.integers(2, 40), 3))]
        lines.append(line(*places, name=f"way {chr(97 + k)}"))
    path.write_bytes(kml("".join(lines[:10]) + f"<Folder><name>more</name>{''.join(lines[10:])}</Folder>"))
    found = read_kml(path.read_bytes(), "a.kml")
    assert len(found) == 20
    wanted = [row for name, _ in pyogrio.list_layers(path) for row in _rows(pyogrio, shapely, path, name)]
    by_name = dict(wanted)
    for recording in found:
        np.testing.assert_allclose(
            np.column_stack([recording.lon, recording.lat, recording.columns["elevation"]]),
            by_name[recording.activity.name], atol=1e-5,
        )  # fmt: skip


def _rows(pyogrio, shapely, path, layer):
    about, _, geometries, fields = pyogrio.raw.read(path, layer=layer)
    names = fields[list(about["fields"]).index("Name")]
    for name, geometry in zip(names, shapely.from_wkb(geometries), strict=True):
        yield name, shapely.get_coordinates(geometry, include_z=True)
