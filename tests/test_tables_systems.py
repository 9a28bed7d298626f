"""Positions in other coordinate systems, and in one column, wherever tables are read."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio.raw
import pytest
import shapely
from click.testing import CliRunner

import heatlas
from heatlas.cli import group
from heatlas.core.errors import BadOption, HeatlasError
from heatlas.library.manage import import_into

METRES = [(385000.0, 6672000.0, 5.0), (386000.0, 6673000.0, 6.0)]
"""Easting, northing and weight in UTM zone 35 north, in Helsinki."""
NEAR = (24.9, 60.16, 24.96, 60.2)
SYSTEM = "EPSG:32635"


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


def written(path, names=("X", "Y", "weight"), rows=METRES):
    path.write_text("\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def layer(path, crs=None):
    points = shapely.points([row[:2] for row in METRES])
    values = [np.array([row[2] for row in METRES])]
    with pytest.warns(UserWarning, match="crs"):
        pyogrio.raw.write(
            path, shapely.to_wkb(points), values, ["weight"], geometry_type="Point", crs=crs, encoding="UTF-8"
        )
    return path


def geojson(path):
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [x, y]}, "properties": {"weight": w}}
        for x, y, w in METRES
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def parquet(path):
    x, y, w = zip(*METRES, strict=True)
    pq.write_table(pa.table({"easting": x, "northing": y, "weight": w}), path)
    return path


FORMS = {
    "csv": lambda folder: written(folder / "a.csv"),
    "named": lambda folder: written(folder / "a.csv", ("Easting", "Northing", "weight")),
    "german": lambda folder: written(folder / "a.csv", ("Rechtswert", "Hochwert", "weight")),
    "parquet": lambda folder: parquet(folder / "a.parquet"),
    "shapefile": lambda folder: layer(folder / "a.shp"),
    "geojson": lambda folder: geojson(folder / "a.geojson"),
}


@pytest.mark.parametrize("form", FORMS)
def test_metres_of_a_stated_system_are_positions(form, tmp_path):
    path = FORMS[form](tmp_path)
    found = heatlas.inspect(path, crs=SYSTEM)
    west, south, east, north = found["bbox"]
    assert (found["points"], found["total"]) == (2, 11)
    assert NEAR[0] < west < east < NEAR[2]
    assert NEAR[1] < south < north < NEAR[3]
    assert found["columns"]["crs"] == SYSTEM
    with pytest.raises(HeatlasError, match="--crs EPSG:n"):
        heatlas.render(path, output=tmp_path / "a.png")


def test_a_system_goes_wherever_columns_go(tmp_path):
    path = written(tmp_path / "sites.csv")
    run = CliRunner().invoke
    for words in (["render", path, "-o", tmp_path / "a.png", "--width", "200"],
                  ["render", path, "-o", tmp_path / "tiles", "--zoom", "0-3"],
                  ["render", path, "-o", tmp_path / "a.html"],
                  ["info", path], ["import", path, "-l", tmp_path / "a.db"]):  # fmt: skip
        found = run(group, [*map(str, words), "--crs", SYSTEM])
        assert found.exit_code == 0, found.output
        assert "2 points" in found.output
    assert heatlas.inspect(tmp_path / "a.db")["point_sets"][0]["bbox"][1] == pytest.approx(60.17, abs=0.02)


def test_rows_that_are_tracks(tmp_path):
    rows = [(385000 + 10 * k, 6672000, "a", f"2024-05-01T08:00:{k:02d}Z") for k in range(30)]
    path = written(tmp_path / "fixes.csv", ("x", "y", "trip", "time"), rows)
    tracks = heatlas.open(path, track="trip", crs=SYSTEM)
    assert tracks.fixes == 30
    assert tracks.activities[0].distance == pytest.approx(290, rel=0.002)


def test_latitude_and_longitude_come_first_in_degrees(tmp_path):
    path = written(tmp_path / "a.csv", ("x", "y", "lat", "lon"), [(385000, 6672000, 60.17, 24.94)])
    assert heatlas.inspect(path)["columns"] == {"lat": "lat", "lon": "lon"}
    assert heatlas.inspect(path, crs="EPSG:4267")["columns"]["lat"] == "lat"
    assert heatlas.inspect(path, crs=SYSTEM)["columns"]["lat"] == "y"


def test_geometry_by_its_type_goes_before_x_and_y(tmp_path):
    table = pa.table({
        "x": [1.0, 2.0], "y": [3.0, 4.0], "outline": pa.array(shapely.to_wkb(shapely.points([[24.9, 60.1]] * 2))),
    })  # fmt: skip
    about = {"primary_column": "outline", "columns": {"outline": {"encoding": "WKB"}}}
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(about)}), tmp_path / "a.parquet")
    assert heatlas.inspect(tmp_path / "a.parquet")["columns"] == {"geometry": "outline"}


@pytest.mark.parametrize(
    "value",
    ["POINT(24.94 60.17)", '{"type": "Point", "coordinates": [24.94, 60.17]}', "60.17, 24.94",
     shapely.to_wkb(shapely.Point(24.94, 60.17), hex=True)],
)  # fmt: skip
def test_geometry_is_named(value, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('where,lat,lon,weight\n"' + value.replace('"', '""') + '",1,2,5\n')
    found = heatlas.inspect(path, geometry="Where")
    assert found["bbox"][:2] == [24.94, 60.17]
    assert found["columns"] == {"geometry": "where", "weight": "weight"}
    assert heatlas.inspect(path)["bbox"][:2] == [2, 1]
    with pytest.raises(BadOption, match="stands for --lat and --lon"):
        heatlas.inspect(path, geometry="where", lat="lat")
    with pytest.raises(BadOption, match="did you mean where"):
        heatlas.inspect(path, geometry="wheer")


def test_a_column_of_numbers_is_no_geometry():
    with pytest.raises(BadOption, match="holds double, not WKB"):
        heatlas.open_points({"a": np.zeros(3), "lat": np.zeros(3), "lon": np.zeros(3)}, geometry="a")


@pytest.mark.parametrize(
    ("crs", "says"),
    [("EPSG:1", "no coordinate system that PROJ knows: write it like EPSG:32635"), ("metres", "no coordinate system"),
     ("EPSG:5703", "gives no place on the ground")],
)  # fmt: skip
def test_systems_that_are_none(crs, says, tmp_path):
    with pytest.raises(HeatlasError, match=says):
        heatlas.inspect(written(tmp_path / "a.csv"), crs=crs)


def test_a_wrong_system_is_noticed(tmp_path):
    swapped = written(tmp_path / "a.csv", ("Y", "X", "weight"))
    warnings = heatlas.inspect(swapped, crs=SYSTEM)["files"]["warnings"]
    assert any("--crs" in item["reason"] for item in warnings)
    far = heatlas.inspect(written(tmp_path / "b.csv"), crs="EPSG:2056")  # Switzerland's
    assert any("made for (CH1903+" in item["reason"] and ": 2; is it" in item["reason"]
               for item in far["files"]["warnings"])  # fmt: skip
    good = heatlas.inspect(written(tmp_path / "c.csv"), crs="32635")
    assert good["files"]["warnings"] == []


def test_what_states_its_own_system_needs_none(tmp_path):
    path = layer(tmp_path / "a.gpkg", None)
    assert heatlas.inspect(path, crs=SYSTEM)["points"] == 2
    points = shapely.to_wkb(shapely.points([[24.9, 60.1]]))
    pyogrio.raw.write(tmp_path / "b.gpkg", points, [np.ones(1)], ["w"], geometry_type="Point", crs="EPSG:3067")
    with pytest.raises(BadOption, match="states its own coordinate system"):
        heatlas.inspect(tmp_path / "b.gpkg", crs=SYSTEM)


def test_tracks_have_no_system(tmp_path):
    (tmp_path / "a.gpx").write_text('<gpx><trk><trkseg><trkpt lat="1" lon="2"/></trkseg></trk></gpx>')
    for option, value in {"crs": SYSTEM, "geometry": "g", "decimal": "comma", "dates": "dmy"}.items():
        for out in ("a.png", "tiles", "a.mp4", "a.html"):
            with pytest.raises(BadOption, match=f"--{option} is for tables"):
                heatlas.render(tmp_path / "a.gpx", output=tmp_path / out, **{option: value})
        with pytest.raises(BadOption, match=f"--{option} is for tables"):
            import_into(tmp_path / "a.db", tmp_path / "a.gpx", **{option: value})
