"""Layers of lines in folders and archives: GeoPackage, FlatGeobuf and Shapefile become tracks, wherever they lie."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile

import numpy as np
import pytest
from made import gpx, straight

from heatlas.core.batch import TABLES, split
from heatlas.core.mercator import from_lonlat
from heatlas.sources.load import load
from heatlas.sources.tables.files.vector import read_vector

pyogrio = pytest.importorskip("pyogrio")
shapely = pytest.importorskip("shapely")

COUNT = 40
LON = 11.0 + 1e-4 * np.arange(COUNT)
LAT = 47.5 + 1e-4 * np.arange(COUNT)
DRIVERS = {"gpkg": "GPKG", "fgb": "FlatGeobuf", "shp": "ESRI Shapefile"}


def line(east=0.0, north=0.0):
    return shapely.LineString(np.c_[LON + east, LAT + north])


def write(path, driver, crs="EPSG:4326", shapes=None, layer=None, append=False):
    lines = [line(k / 100) for k in range(2)] if shapes is None else shapes
    wkb = np.array(shapely.to_wkb(lines), object)
    kind = lines[0].geom_type
    pyogrio.raw.write(
        str(path), wkb, [np.array(["Run", "Ride"][: len(lines)], object)], ["sport"], crs=crs, geometry_type=kind,
        driver=driver, layer=layer, append=append,
    )  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Name -> bytes of the files of three layers, the Shapefile in another system of coordinates."""
    folder = tmp_path_factory.mktemp("layers")
    for ending, driver in DRIVERS.items():
        if ending == "shp":
            ways = [
                shapely.LineString(np.c_[500_000 + 10.0 * np.arange(COUNT), np.full(COUNT, 5_260_000.0 + k)])
                for k in (0, 900)
            ]
            write(folder / "ways.shp", driver, "EPSG:32632", ways)
        else:
            south = 3.0 * (ending == "fgb")  # else one would be a copy of the other
            write(folder / f"ways.{ending}", driver, shapes=[line(k / 100, -south) for k in range(2)])
    write(folder / "dots.gpkg", "GPKG", shapes=[shapely.Point(11, 47.5)])
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def packed(how, files, folder):
    """Files in a folder, or in an archive, beside a recording."""
    files = {f"data/{name}": data for name, data in files.items()} | {"walk.gpx": gpx(*straight(60, lat=60.0))}
    path = folder / f"x.{how}"
    if how == "folder":
        for name, data in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
        return path
    if how.endswith("zip"):
        inner = io.BytesIO()
        with zipfile.ZipFile(
            inner, "w", zipfile.ZIP_STORED if how == "stored.zip" else zipfile.ZIP_DEFLATED
        ) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        if how == "inner.zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("export.zip", inner.getvalue())
        else:
            path.write_bytes(inner.getvalue())
        return path
    with tarfile.open(path, "w:gz" if how.endswith("gz") else "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("how", ["folder", "zip", "stored.zip", "inner.zip", "tar", "tar.gz"])
def test_lines_of_layers_are_tracks_wherever_they_lie(files, tmp_path, how):
    batches, report = load([packed(how, files, tmp_path)])
    tracks = [one for batch in batches for one in split(batch, [tuple(batch.columns)] * len(batch.activities))]
    found = {one.activities[0].source.split("data/")[-1]: one for one in tracks}
    assert len(tracks) == 7
    assert {one.fixes for name, one in found.items() if "walk" not in name} == {COUNT}
    for ending in DRIVERS:  # attributes come with the lines, those of .dbf too; FlatGeobuf sorts its features
        sports = {one.activities[0].sport for name, one in found.items() if name.startswith(f"ways.{ending}/")}
        assert sports == {"Run", "Ride"}
    assert not report.failed
    left = {item.file.rpartition("/")[2]: item.kind for item in report.skipped}
    assert left["dots.gpkg"] == TABLES
    assert "ways.shp" not in left


def test_a_system_of_coordinates_beside_a_shapefile_is_heeded(files, tmp_path):
    shapes = {
        name: data for name, data in files.items() if name.startswith("ways.") and len(name) == 8 and name[5] != "f"
    }
    batches, _ = load([packed("zip", shapes, tmp_path)])
    ways = [one for batch in batches for one in split(batch, [()] * len(batch.activities)) if one.fixes == COUNT]
    assert len(ways) == 2
    assert abs(ways[0].u[0] - from_lonlat(9.0, 47.5)[0]) < 1e-9, "500 km east of false east is the central meridian"


def test_several_layers_of_a_file_are_told_apart(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "two.gpkg", "GPKG", layer="north")
    write(folder / "two.gpkg", "GPKG", layer="south", shapes=[line(north=-9)], append=True)
    write(folder / "two.gpkg", "GPKG", layer="dots", shapes=[shapely.Point(11, 47.5)], append=True)
    batches, report = load([folder])
    sources = [activity.source.rpartition("two.gpkg/")[2] for batch in batches for activity in batch.activities]
    assert sorted(sources) == ["north/1", "north/2", "south/1"]
    assert not report.failed


def test_a_damaged_layer_is_named_and_the_rest_goes_on(files, tmp_path):
    broken = {name: data[: len(data) // 3] if name == "ways.gpkg" else data for name, data in files.items()}
    batches, report = load([packed("zip", broken, tmp_path)])
    assert sum(len(batch.activities) for batch in batches) == 5
    (item,) = [item for item in report.skipped + report.failed if item.file.endswith("ways.gpkg")]
    assert "cannot be read" in item.reason
    assert "heatlas-" not in item.reason


def test_without_gdal_a_sentence_names_what_brings_it(files, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyogrio", None)
    _, report = load([packed("zip", files, tmp_path)])
    (item,) = [item for item in report.skipped if item.file.endswith("ways.gpkg")]
    assert "heatlas[vector]" in item.reason


def test_layers_that_are_damaged_are_told_of_by_their_names(files, tmp_path):
    """And not as GDAL knows them: by the name of a temporary copy."""
    packed_away = {f"data/ways.{ending}": files[f"ways.{ending}"] for ending in ("shp", "dbf", "prj")}
    packed_away |= {"data/ways.shx": b"cut", "walk.gpx": gpx(*straight(60))}
    packed_away |= {f"{cut}.fgb": files["ways.fgb"][:cut] for cut in (500, 1200)}
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name, data in packed_away.items():
            archive.writestr(name, data)
    _, report = load([tmp_path / "x.zip"])
    said = {each.file.rpartition("x.zip/")[2]: each.reason for each in report.skipped}
    assert said["data/ways.shp"] == "cannot be read (.shx file is unreadable, or corrupt.)"
    assert said["500.fgb"] == "holds no layer"
    assert said["1200.fgb"] == "it is damaged or cut off: 0 of 2 rows could be read"


def test_rows_that_a_layer_announces_and_does_not_hold_are_told_of(files, tmp_path):
    said = {}
    for cut in (None, 1200):
        (tmp_path / "x.fgb").write_bytes(files["ways.fgb"][:cut])
        table = read_vector(tmp_path / "x.fgb")
        rows = sum(len(batch) for batch in table.read(["sport"]))
        said[rows] = table.warnings
    assert said == {2: [], 0: ["it is damaged or cut off: 0 of 2 rows could be read"]}
