"""Parquet, Arrow and tables in memory give the rows that are in them, in bounded memory."""

from __future__ import annotations

import io
import json
import random
import sqlite3
import subprocess
import sys

import geopandas
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import csv_text, feature, geojson, made, read

from heatlas.core.errors import BadOption, MissingExtra, SourceFailed
from heatlas.sources.tables import is_table, open_table


def frame(n=1000, seed=0):
    lon, lat, weight = made(n, seed)
    return pd.DataFrame({"name": [f"n{k}" for k in range(n)], "lat": lat, "lon": lon, "weight": weight})


def same(source, expected, **given):
    points, dropped, table = read(source, **given)
    if str(source).endswith(".fgb"):  # whose index orders the rows by place
        points, expected = np.array(points), np.array(expected)
        points, expected = points[:, np.lexsort(points)], expected[:, np.lexsort(expected)]
    np.testing.assert_allclose(points[:2], expected[:2], atol=1e-7)
    np.testing.assert_array_equal(points[2], expected[2])
    assert not dropped
    return table


def test_every_form_gives_the_same_rows(tmp_path):
    lon, lat, weight = expected = made(3000)
    data = frame(3000)
    arrow = pa.Table.from_pandas(data)
    data.to_parquet(tmp_path / "a.parquet", row_group_size=700)
    feather.write_feather(arrow, tmp_path / "a.feather", chunksize=700)
    with pa.ipc.new_stream(tmp_path / "a.arrows", arrow.schema) as writer:
        writer.write_table(arrow, 700)
    (tmp_path / "a.csv").write_text(csv_text({"lat": lat, "lon": lon, "weight": weight}))
    data.to_json(tmp_path / "a.ndjson", orient="records", lines=True, double_precision=15)
    (tmp_path / "a.geojson").write_text(geojson(*expected))
    shapes = geopandas.GeoDataFrame(data[["weight"]], geometry=geopandas.points_from_xy(lon, lat), crs=4326)
    for name in ("a.gpkg", "a.fgb", "a.shp"):
        shapes.to_file(tmp_path / name)
    shapes.to_file(tmp_path / "a.kml", driver="KML")
    sources = [path for path in sorted(tmp_path.iterdir()) if path.suffix not in {".dbf", ".shx", ".prj", ".cpg"}]
    assert len(sources) == 10
    for path in sources:
        assert is_table(path)
        same(str(path), expected, **({"weight": "weight"} if path.suffix == ".kml" else {}))
    record = np.rec.fromarrays([lat, lon, weight], names="lat,lon,weight")
    for source in (
        data,
        pl.from_pandas(data),
        pl.from_pandas(data).lazy(),
        arrow,
        arrow.to_batches()[0],
        arrow.to_reader(),
        ds.dataset(tmp_path / "a.parquet"),
        shapes,
        shapes.to_crs(3857),
        {"lat": lat, "lon": lon, "weight": weight},
        {"lat": list(lat), "lon": tuple(lon), "weight": weight},
        record,
        np.column_stack([lat, lon, weight]),
    ):
        assert is_table(source)
        same(source, expected)
    np.testing.assert_array_equal(read(np.column_stack([lat, lon]))[0][:2], (lon, lat))
    np.testing.assert_allclose(read(shapes.geometry)[0][:2], (lon, lat))


@given(st.lists(st.tuples(*[st.one_of(st.none(), st.floats(-200, 200), st.integers(-90, 90))] * 3), max_size=40))
def test_frames_agree_with_arrow_on_what_is_missing(rows):
    columns = {name: [row[k] for row in rows] for k, name in enumerate(("lat", "lon", "weight"))}
    doubles = {name: pa.array(values, pa.float64()) for name, values in columns.items()}
    expected, dropped, _ = read(pa.table(doubles))
    frames = (
        pd.DataFrame(columns, dtype=object),
        pd.DataFrame(columns, dtype="Float64"),
        pl.from_arrow(pa.table(doubles)),
        columns,
    )
    for each in frames:
        points, also, _ = read(each)
        np.testing.assert_array_equal(points, expected)
        assert also == dropped


def test_odd_columns_of_a_data_frame_do_no_harm():
    data = pd.DataFrame({"lat": [1.0, 2], "lon": [3.0, 4], "mixed": [1, "x"], "thing": [object(), None], 7: [1, 2]})
    points, dropped, _ = read(data, weight="mixed")
    assert points[1].tolist() == [1]
    assert dropped == {"rows whose weight is no number": 1}
    assert read(data, weight="7")[0][2].tolist() == [1, 2]
    twice = pd.DataFrame([[1.0, 2.0, 5, 6]], columns=["lat", "lon", "w", "w"])
    assert read(twice)[0][0].tolist() == [2]
    assert [read(twice, weight=name)[0][2].tolist() for name in ("w", "w_2")] == [[5], [6]]
    assert read(data[data["lat"] > 1])[0][1].tolist() == [2]
    assert read(data.astype({"lat": "category"}))[0][1].tolist() == [1, 2]


def test_arrays_that_are_no_points():
    for array in (np.zeros(5), np.zeros((5, 4)), np.zeros((5, 2), complex)):
        with pytest.raises(BadOption, match="latitude, longitude, weight"):
            open_table(array)
    with pytest.raises(BadOption, match="differ in length"):
        open_table({"lat": [1], "lon": [1, 2]})
    for thing in (5, object(), pd.Series([1.0]), pl.Series([1.0])):
        with pytest.raises(BadOption, match="no table that can be read"):
            open_table(thing)
    assert not is_table(5)
    assert not is_table(object())


def test_parquet_states_bounds_and_size(tmp_path):
    path = tmp_path / "a.parquet"
    data = frame(5000)
    data.to_parquet(path, row_group_size=1000)
    table = open_table(path)
    assert table.repeatable
    assert table.size == 5000
    assert table.bounds("lat") == (data["lat"].min(), data["lat"].max())
    assert table.bounds("name") is None
    assert table.bounds("nothing") is None
    data.loc[10, "lat"] = np.inf
    data["lon"] = data["lon"].where(data.index < 4000)
    data.to_parquet(path, row_group_size=1000)
    assert open_table(path).bounds("lat") is None
    assert open_table(path).bounds("lon") == (data["lon"].min(), data["lon"].max())
    pq.write_table(pa.Table.from_pandas(data), path, write_statistics=False)
    assert open_table(path).bounds("lon") is None
    pq.write_table(pa.table({"lat": pa.array([1.0, np.nan]), "lon": pa.array([1, None], pa.int32())}), path)
    assert open_table(path).bounds("lon") == (1, 1)
    assert open_table(path).bounds("lat") in {None, (1, 1)}


def test_a_folder_of_parquet_files_is_one_table(tmp_path):
    folder = tmp_path / "all.parquet"
    (folder / "deeper").mkdir(parents=True)
    data = frame(100)
    data[:60].to_parquet(folder / "a.parquet")
    data[60:].to_parquet(folder / "deeper" / "b.parquet")
    assert is_table(folder)
    assert same(folder, made(100)).size == 100
    data.drop(columns="lon").to_parquet(folder / "deeper" / "b.parquet")
    with pytest.raises(SourceFailed, match="no column lon"):
        read(folder)
    empty = tmp_path / "none.parquet"
    empty.mkdir()
    with pytest.raises(SourceFailed, match="holds no"):
        open_table(empty)


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("crs", [4326, 3857, 2056])
def test_geoparquet_in_any_system(tmp_path, encoding, crs):
    path = tmp_path / "a.parquet"
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(6, 10, 500), rng.uniform(46, 47.5, 500)
    shapes = geopandas.GeoDataFrame({"weight": range(500)}, geometry=geopandas.points_from_xy(lon, lat), crs=4326)
    shapes = shapes.rename_geometry("where").to_crs(crs)
    shapes.to_parquet(path, geometry_encoding=encoding)
    points, dropped, _ = read(path)
    np.testing.assert_allclose(points, (lon, lat, np.arange(500)), atol=1e-6)
    assert not dropped


def test_damaged_files_fail_with_one_sentence(tmp_path):
    frame(20_000).to_parquet(tmp_path / "a.parquet")
    feather.write_feather(frame(20_000), tmp_path / "b.feather")
    (tmp_path / "c.gpkg").write_bytes(b"SQLite format 3\0" + bytes(52) + b"GPKG" + bytes(1000))
    for path in list(tmp_path.iterdir()):
        data = path.read_bytes()
        for damaged in (
            data[: len(data) // 2],
            data[:8],
            data[: len(data) // 3] + b"\xff" * 64 + data[len(data) // 3 + 64 :],
        ):
            path.write_bytes(damaged)
            said = ""
            try:
                read(path)
            except (SourceFailed, BadOption) as error:
                said = str(error)
            assert (path.name in said and "\n" not in said) or (not said and len(damaged) == len(data))


def test_a_wrong_ending_is_not_believed(tmp_path):
    expected = made(50)
    (tmp_path / "a.parquet").write_text(csv_text(dict(zip(("lon", "lat", "weight"), expected, strict=True))))
    frame(50).to_parquet(tmp_path / "a.csv")
    (tmp_path / "a.gpkg").write_text(geojson(*expected))
    for path in tmp_path.iterdir():
        assert is_table(path)
        same(path, expected)
    (tmp_path / "b.parquet").write_bytes(random.Random(1).randbytes(1000))
    with pytest.raises(SourceFailed, match=r"b\.parquet is no table of points"):
        open_table(tmp_path / "b.parquet")
    (tmp_path / "b.csv").write_text('<gpx><trk><trkseg><trkpt lat="1" lon="2"/></trkseg></trk></gpx>')
    assert not is_table(tmp_path / "b.csv")


def test_what_is_no_table(tmp_path):
    (tmp_path / "a.gpx").write_text("<gpx></gpx>")
    (tmp_path / "a.fit").write_bytes(b"\x0e\x10\0\0\0\0\0\0.FIT\0\0" + bytes(100))
    (tmp_path / "notes.md").write_text("nothing here")
    assert not any(is_table(path) for path in [*tmp_path.iterdir(), tmp_path, tmp_path / "nowhere"])
    assert is_table("-")
    assert is_table("mysql://user@host/db")
    with pytest.raises(BadOption, match="there is no file or folder"):
        open_table(tmp_path / "nowhere.csv")
    with pytest.raises(BadOption, match="is no table"):
        open_table(tmp_path)
    with pytest.raises(BadOption, match="reads no web pages"):
        open_table("https://example.org/a.csv")


def test_options_that_a_source_has_not(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("lat,lon\n1,2\n")
    frame(5).to_parquet(tmp_path / "a.parquet")
    for source in (path, tmp_path / "a.parquet", {"lat": [1], "lon": [2]}):
        with pytest.raises(BadOption, match="--query is for databases, not for"):
            open_table(source, query="SELECT 1")
        with pytest.raises(BadOption, match="--table is for databases and files of layers, not for"):
            open_table(source, table="t")


def test_layers_and_the_library_that_reads_them(tmp_path, monkeypatch):
    path = tmp_path / "a.gpkg"
    for name, x in (("first", 1), ("second", 2)):
        geopandas.GeoDataFrame(geometry=geopandas.points_from_xy([x], [5.0]), crs=4326).to_file(path, layer=name)
    assert read(path, table="second")[0][0].tolist() == [2]
    with pytest.raises(BadOption, match="several layers, first, second; say which with --table"):
        open_table(path)
    with pytest.raises(BadOption, match="no layer 'third'; its layers are first, second"):
        open_table(path, table="third")
    with pytest.raises(BadOption, match="--table names a layer"):
        open_table(path, query="SELECT 1")
    monkeypatch.setitem(sys.modules, "pyogrio", None)
    with pytest.raises(
        MissingExtra, match=r"reading .*a\.gpkg needs an optional library: pip install 'heatlas\[vector\]'"
    ):
        open_table(path, table="first")


@pytest.mark.parametrize("ending", ["parquet", "feather", "arrows", "gpkg"])
def test_standard_input_of_another_kind_goes_through_a_file(tmp_path, monkeypatch, ending):
    path, data = tmp_path / f"a.{ending}", frame(50)
    if ending == "parquet":
        data.to_parquet(path)
    elif ending == "feather":
        data.to_feather(path)
    elif ending == "arrows":
        arrow = pa.Table.from_pandas(data)
        with pa.ipc.new_stream(path, arrow.schema) as writer:
            writer.write_table(arrow)
    else:
        places = geopandas.points_from_xy(data["lon"], data["lat"])
        geopandas.GeoDataFrame(data[["weight"]], geometry=places, crs=4326).to_file(path)

    class Input:
        buffer = io.BytesIO(path.read_bytes())

    monkeypatch.setattr("sys.stdin", Input)
    same("-", made(50))


def test_a_zipped_shapefile(tmp_path):
    import zipfile

    shapes = geopandas.GeoDataFrame({"weight": [3.0]}, geometry=geopandas.points_from_xy([8.0], [47.0]), crs=4326)
    shapes.to_file(tmp_path / "a.shp")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in tmp_path.glob("a.*"):
            if path.suffix != ".zip":
                archive.write(path, path.name)
    assert is_table(tmp_path / "a.zip")
    same(tmp_path / "a.zip", ([8.0], [47.0], [3.0]))


def test_an_sqlite_file_is_a_database(tmp_path):
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE p (lat REAL, lon REAL, weight REAL)")
        connection.execute("INSERT INTO p VALUES (47, 8, 3)")
    connection.close()
    assert is_table(path)
    same(path, ([8.0], [47.0], [3.0]), table="p")


def test_columns_of_geometry_from_binary_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("wkt;weight\nPOINT (8 47);1\nSRID=4326;2\n")
    assert read(path)[1] == {"rows whose geometry cannot be read": 1}
    table = pa.table({"geojson": [json.dumps(feature(8, 47)["geometry"])]})
    assert [column[0] for column in read(table)[0][:2]] == [8, 47]


LEAN = """
import sys, resource
class NotInstalled:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in {"pandas", "polars", "geopandas", "pyogrio", "shapely", "pyproj"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NotInstalled())
from heatlas.sources.tables import open_table
from heatlas.sources.tables.columns import find_columns
from heatlas.sources.tables.rows import read_points
table = open_table(sys.argv[1])
columns = find_columns(table.schema, name=table.name)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(len(points) for points in read_points(table, columns))
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.parametrize("ending", ["parquet", "csv", "ndjson"])
def test_memory_does_not_grow_with_the_rows_and_no_optional_library_is_needed(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    lat, lon, weight = np.random.default_rng(0).uniform(1, 80, (3, 3_000_000 if ending == "parquet" else 1_000_000))
    table = pa.table({"lat": lat, "lon": lon, "weight": weight})
    if ending == "parquet":
        pq.write_table(table, path, use_dictionary=False)
    elif ending == "csv":
        table.to_pandas().round(6).to_csv(path, index=False)
    else:
        table.to_pandas().round(6).to_json(path, orient="records", lines=True)
    done = subprocess.run([sys.executable, "-c", LEAN, str(path)], capture_output=True, text=True, check=True)
    count, grown = map(int, done.stdout.split())
    assert count == len(lat)
    assert grown < 90  # MB; the rows are 24 to 72 MB as doubles, and several times that as text or objects
