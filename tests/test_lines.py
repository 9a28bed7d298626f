"""Lines of GeoJSON and of tables with geometries become tracks; points beside them can be asked for."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from made import gpx

import heatlas
from heatlas.core.batch import TABLES
from heatlas.core.errors import BadOption, Unreadable
from heatlas.library.manage import import_into
from heatlas.sources.formats.geojson import read_geojson

NOON = 1714564800.0  # 2024-05-01T12:00:00Z
WAY = [[11.0, 47.5, 500.0], [11.001, 47.501, 501.0], [11.002, 47.502, 502.0]]
TIMES = ["2024-05-01T12:00:00Z", "2024-05-01T12:00:05Z", "2024-05-01T12:00:10Z"]


def feature(coordinates=WAY, kind="LineString", **properties):
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


def collection(*features) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def only(*features):
    (recording,) = read_geojson(collection(*features), "a.geojson")
    return recording


@pytest.mark.parametrize(
    "properties",
    [
        {"coordTimes": TIMES},
        {"times": TIMES},
        {"coordinateProperties": {"times": TIMES}},
        {"coordTimes": [NOON, NOON + 5, NOON + 10]},
        {"coordTimes": [(NOON + k) * 1000 for k in (0, 5, 10)]},
        {"coordTimes": json.dumps(TIMES)},
    ],
)
def test_times_of_positions(properties):
    recording = only(feature(**properties))
    assert (recording.time - NOON).tolist() == [0, 5, 10]
    assert recording.columns["elevation"].tolist() == [500, 501, 502]
    assert not recording.drawn
    assert recording.activity.extra == {}


def test_several_lines_are_segments():
    for times in ([TIMES[:2], TIMES[2:] * 2], [*TIMES[:2], *TIMES[2:] * 2]):
        recording = only(feature([WAY[:2], WAY[1:]], "MultiLineString", coordTimes=times))
        assert recording.segments.tolist() == [0, 2]
        assert (recording.time - NOON).tolist() == [0, 5, 10, 10]


def test_properties_are_attributes():
    said = {"name": "Loop", "sport": "cycling", "time": TIMES[0], "gear": "Red", "surface": "gravel", "type": "track",
            "heart": [100, 110, None], "nested": {"a": 1}, "private": True}  # fmt: skip
    recording = only(feature(**said))
    activity = recording.activity
    assert (activity.name, activity.sport, activity.start, activity.gear) == ("Loop", "Ride", NOON, "Red")
    assert activity.private
    assert activity.extra == {"surface": "gravel", "type": "track"}, "a type that is no sport is an attribute"
    np.testing.assert_array_equal(recording.columns["heart_rate"], np.float32([100, 110, np.nan]))
    assert recording.drawn


FORMS = {
    "collection": collection(feature(name="a"), feature(name="b")),
    "lines": b"\n".join(json.dumps(feature(name=name)).encode() for name in "ab") + b"\n",
    "sequence": b"".join(b"\x1e" + json.dumps(feature(name=name)).encode() + b"\n" for name in "ab"),
    "array": json.dumps([feature(name="a"), feature(name="b")]).encode(),
    "pretty": json.dumps(json.loads(collection(feature(name="a"), feature(name="b"))), indent=2).encode(),
    "utf-16": collection(feature(name="a"), feature(name="b")).decode().encode("utf-16"),
    "rows": json.dumps([{"name": name, "way": feature()["geometry"]} for name in "ab"]).encode(),
}


@pytest.mark.parametrize("data", FORMS.values(), ids=FORMS)
def test_forms_of_documents(data):
    found = read_geojson(data, "a")
    assert [(recording.activity.name, len(recording.lon)) for recording in found] == [("a", 3), ("b", 3)]


def test_a_geometry_alone_is_a_track():
    assert len(read_geojson(json.dumps(feature()["geometry"]).encode(), "a")[0].lon) == 3
    inside = {"type": "GeometryCollection", "geometries": [feature()["geometry"]] * 2}
    assert read_geojson(json.dumps(inside).encode(), "a")[0].segments.tolist() == [0, 3]


def test_positions_of_an_older_system():
    pyproj = pytest.importorskip("pyproj")
    x, y = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform([11.0, 11.001], [47.5, 47.501])
    document = json.loads(collection(feature(np.column_stack([x, y]).tolist())))
    document["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
    (recording,) = read_geojson(json.dumps(document).encode(), "a")
    np.testing.assert_allclose([recording.lon, recording.lat], [[11.0, 11.001], [47.5, 47.501]], atol=1e-9)


def test_what_is_cut_off_keeps_what_is_whole():
    data = collection(feature(name="first"), feature(name="second", coordTimes=TIMES))
    ends = {cut: read_geojson(data[:cut], "a") for cut in range(len(data) // 2 + 20, len(data) - 1)}
    assert all(found[0].activity.name == "first" for found in ends.values())
    assert all(found[0].warnings for found in ends.values())
    last = ends[max(ends)]
    assert [len(recording.lon) for recording in last] == [3, 3]
    assert (last[1].time - NOON).tolist() == [0, 5, 10]


def test_points_alone_are_a_table():
    with pytest.raises(Unreadable, match="a table of places") as caught:
        read_geojson(collection(feature([11, 47], "Point")), "a")
    assert caught.value.kind == TABLES


@pytest.fixture
def both(tmp_path):
    path = tmp_path / "both.geojson"
    points = [feature([11 + k / 1000, 47.5], "Point") for k in range(4)]
    area = feature([[[11, 47], [11.1, 47], [11, 47.1], [11, 47]]], "Polygon")
    path.write_bytes(collection(*points, area, feature(name="a"), feature([[12.0, 48.0], [12.1, 48.1]], name="b")))
    return path


def test_both_can_be_asked_for(both, tmp_path):
    found = heatlas.inspect(both)
    assert found["activities"] == 2
    said = [each["reason"] for each in found["files"]["warnings"]]
    assert said == ["lines are drawn; 4 points and 1 area are not: --read-as points draws the points"]
    points = heatlas.inspect(both, read_as="points")
    assert (points["points"], points["dropped"]) == (5, {"rows that are lines": 2})
    assert len(heatlas.open(both)) == 2


def test_every_way_in(both, tmp_path):
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "a.json").write_bytes(both.read_bytes())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x/a.geojson", both.read_bytes())
        archive.writestr("x/readme.txt", "Nothing.")
    for source in (both, tmp_path / "plain", tmp_path / "a.zip"):
        assert heatlas.render(source, output=tmp_path / "a.png", width=64, all=True)["activities"] == 2
        assert len(heatlas.open(source).where("name = 'b'")) == 1
        library = tmp_path / f"{source.name}.db"
        assert import_into(library, source)["activities"] == 2
        assert import_into(library, source)["dropped"] == {"files that were read before": 1}


def test_a_line_that_somebody_drew_has_no_gaps(tmp_path):
    path = tmp_path / "a.geojson"
    far = [[11, 47], [11.0001, 47], [11.0002, 47], [11.0003, 47], [13, 47], [11.0004, 47]]
    path.write_bytes(collection(feature(far)))
    tracks = heatlas.open(path)
    assert tracks.fixes == 6
    assert len(tracks.batches[0].segments) == 2
    assert not tracks.report.dropped
    assert len(heatlas.open(path, max_gap_distance="1km").batches[0].segments) == 4


# Layers of files, frames and databases.


@pytest.fixture
def frame():
    geopandas, shapely = pytest.importorskip("geopandas"), pytest.importorskip("shapely")
    ways = [shapely.LineString(WAY), shapely.MultiLineString([WAY[:2], [(12, 48, 1), (12.1, 48.1, 2)]]),
            shapely.LineString([(13, 50, 0), (13.5, 50.5, 0)])]  # fmt: skip
    columns = {"name": ["a", "b", "c"], "sport": ["run", "ride", None], "width": [1.5, 2.5, 3.5], "geometry": ways}
    return geopandas.GeoDataFrame(columns, crs=4326)


@pytest.mark.parametrize("name", ["a.gpkg", "a.fgb", "a.shp", "a.geojson", "a.parquet", "a.geojsonl"])
def test_lines_of_files_of_layers(frame, name, tmp_path):
    path = tmp_path / name
    frame.to_parquet(path) if name.endswith("parquet") else frame.to_file(path)
    tracks = heatlas.open(path)
    assert sorted(activity.name for activity in tracks.activities) == ["a", "b", "c"]
    assert len(tracks.where("sport = 'Run' AND width < 2")) == 1
    assert tracks.fixes == 9
    assert heatlas.inspect(path)["columns"]["elevation"] > 0
    report = heatlas.render(path, output=tmp_path / "a.png", width=64, all=True)
    assert report["activities"] == 3
    assert import_into(tmp_path / "a.db", path)["activities"] == 3
    assert import_into(tmp_path / "a.db", path)["activities"] == 3


def test_lines_of_a_frame_in_another_system(frame):
    tracks = heatlas.open(frame.to_crs(3067))
    (one,) = tracks.where("name = 'c'").batches
    lon = one.u * 360 - 180
    np.testing.assert_allclose(lon, [13, 13.5], atol=1e-7)


def test_measures_that_are_times(tmp_path):
    def table(*measures):
        path = tmp_path / "a.csv"
        places = ", ".join(f"{x} {y} {z} {m}" for (x, y, z), m in zip(WAY, measures, strict=True))
        path.write_text(f'id,geom\n7,"LINESTRING ZM ({places})"\n', encoding="utf-8")
        return heatlas.open(path)

    times = table(NOON, NOON + 5, NOON + 10)
    assert (times.batches[0].time - NOON).tolist() == [0, 5, 10]
    assert times.activities[0].id == "7"
    assert (table(*((NOON + k) * 1000 for k in (0, 5, 10))).batches[0].time - NOON).tolist() == [0, 5, 10]
    other = table(0, 1, 2)
    assert np.isnan(other.batches[0].time).all()
    assert "measures (M) of lines are no times since 1970, and are not taken" in str(other.report.warnings)
    assert np.isnan(table(NOON + 10, NOON + 5, NOON).batches[0].time).all(), "times never fall"


def test_binary_lines_are_read_as_shapely_writes_them():
    shapely = pytest.importorskip("shapely")
    from collections import Counter

    from heatlas.sources.tables.geometry.lines import lines_of

    ways = [
        shapely.LineString(WAY),
        shapely.LineString([(1, 2), (3, 4)]),
        shapely.MultiLineString([WAY, WAY[:2]]),
        shapely.GeometryCollection([shapely.LineString(WAY), shapely.Point(1, 2), shapely.Point(1, 2).buffer(1)]),
    ]
    for way in ways:
        for options in ({"flavor": "iso"}, {"flavor": "extended", "include_srid": True}, {"byte_order": 0}):
            others: Counter[str] = Counter()
            parts, srid = lines_of(shapely.to_wkb(shapely.set_srid(way, 3067), **options), others)
            assert srid == (3067 if options.get("include_srid") else 0)
            lines = [g for g in shapely.get_parts(way) if g.geom_type == "LineString"]
            assert len(parts) == len(lines)
            for part, line in zip(parts, lines, strict=True):
                wanted = shapely.get_coordinates(line, include_z=True)
                np.testing.assert_array_equal(part[:, :3], wanted)
            assert others == (Counter({"areas": 1}) if len(lines) < len(shapely.get_parts(way)) else Counter())


@pytest.mark.parametrize(
    "value",
    [b"", b"\x01", b"\x01\x02\0\0\0\xff\xff\xff\xff", b"\x07" * 60, "LINESTRING (1 2, 3)", "LINESTRING (a b, c d)",
     "CIRCULARSTRING (1 2, 3 4)", '{"type": "LineString"}', '{"type": "LineString", "coordinates": {"a": 1}}', "{",
     "01" * 30, b"\x01\x07\0\0\0\x01\0\0\0" * 100, '{"a":' * 5000],
)  # fmt: skip
def test_damaged_geometries_are_no_lines(value):
    from collections import Counter

    from heatlas.sources.tables.geometry.lines import lines_of

    others: Counter[str] = Counter()
    assert lines_of(value, others) == ([], 0)
    assert sum(others.values()) == 1


def test_points_of_a_table_with_lines(tmp_path):
    path = tmp_path / "a.csv"
    rows = ["name,geom", 'a,"LINESTRING (11 47, 11.1 47.1)"', "b,POINT (11 47)", "c,POINT (12 47)", "d,"]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    tracks = heatlas.open(path)
    assert len(tracks) == 1
    assert tracks.report.dropped == {"rows without a position": 1}
    assert "2 points are not: --read-as points draws the points" in str(tracks.report.warnings)
    assert heatlas.inspect(path, read_as="points")["points"] == 2


def test_looking_for_lines_changes_no_count(tmp_path):
    path = tmp_path / "a.csv"
    for first, dropped in (("POINT (11 47)", "points"), ("LINESTRING (11 47, 12 48)", "activities")):
        path.write_text(f'name,geom\na,"{first}"\nb,POINT (12 47),too,many\nc,POINT (13 47)\n', encoding="utf-8")
        found = heatlas.inspect(path)
        assert found[dropped]
        assert found["dropped"] == {"rows with too few or too many cells": 1}


def test_what_contradicts_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,lat,lon\n1,47,11\n", encoding="utf-8")
    for options, said in (
        ({"read_as": "tracks"}, "has no lines that can be read"),
        ({"read_as": "points", "track": "id"}, "--read-as points and --track id contradict each other"),
        ({"read_as": "tracks", "lat": "lat"}, "--read-as tracks reads lines"),
    ):
        with pytest.raises(BadOption, match=said):
            heatlas.inspect(path, **options)


def test_options_that_would_change_nothing_are_refused(tmp_path, both):
    table, track, library = tmp_path / "a.csv", tmp_path / "a.gpx", tmp_path / "a.db"
    table.write_text("lat,lon\n47,11\n", encoding="utf-8")
    track.write_bytes(gpx([11.0, 11.001], [47.5, 47.5]))
    import_into(library, both)
    for source, options, said in (
        (table, {"routes": True}, "--routes is for recordings, and there is none"),
        (track, {"read_as": "points"}, "--read-as points is for maps and tables of geometries, and there is none"),
        (library, {"routes": True}, "--routes is for sources when they are read"),
        (library, {"read_as": "tracks"}, "--read-as is for sources when they are read"),
    ):
        for call in (heatlas.inspect, lambda *a, **k: heatlas.render(*a, output=tmp_path / "a.png", **k)):
            with pytest.raises(BadOption, match=said):
                call(source, **options)


def test_damaged_layers_in_folders_and_archives_are_named(tmp_path):
    """What ails a Shapefile is said, and the files beside it are told as its parts."""
    folder = tmp_path / "maps"
    folder.mkdir()
    head = b"\0\0\x27\x0a" + bytes(96)
    parts = {
        "shp": head,
        "shx": head,
        "dbf": b"\x03\x7b\x01\x01" + bytes(60),
        "cpg": b"UTF-8",
        "prj": b'GEOGCS["WGS 84",DATUM[]]',
    }
    for ending, data in parts.items():
        (folder / f"way.{ending}").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "maps.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"maps/{file.name}")
        archive.writestr("note.txt", "two files, so that this is no zipped Shapefile")
    for source in (folder, tmp_path / "maps.zip"):
        report = heatlas.inspect(source)
        assert "parts of Shapefiles" in report["nothing"]
        reasons = {one["file"].rpartition(".")[2]: one["reason"] for one in report["files"]["skipped"]}
        assert "cannot be read" in reasons["shp"]
        assert all("part of a Shapefile" in reasons[ending] for ending in ("shx", "dbf", "cpg", "prj"))
