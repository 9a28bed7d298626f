"""Cells of any type become numbers, moments and places; rows that are not sound are counted."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import struct

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from tables import read

from heatlas.core.errors import BadOption
from heatlas.options import TableOptions
from heatlas.sources.tables import open_table
from heatlas.sources.tables.cells.text import numbers, seconds
from heatlas.sources.tables.columns import PointColumns, find_columns
from heatlas.sources.tables.geometry.positions import CENTRE, LINE, MISSING, PLACE, UNREADABLE, places
from heatlas.sources.tables.rows import REASONS, read_points, swap_warning
from heatlas.sources.tables.systems import as_wgs84, is_wgs84

NAN = float("nan")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, None, 3], pa.int8()),
        pa.array([1, None, 3], pa.uint64()),
        pa.array([1, None, 3], pa.float32()),
        pa.array([1, None, 3], pa.float16()),
        pa.array([decimal.Decimal(1), None, decimal.Decimal(3)]),
        pa.array(["1", None, "3"]),
        pa.array([" 1", "", "3 "]),
        pa.array(["1", "N/A", "3"]).cast(pa.large_string()),
        pa.array(["1", "nan", "3"]).cast(pa.string_view()),
        pa.array([b"1", None, b"3.0"]),
        pa.array(["1", None, "3"]).dictionary_encode(),
        pa.array([1, None, 3]).dictionary_encode(),
        pa.array([0, 1, None, 3]).slice(1),
        pa.array(["0", "1", None, "3"]).slice(1),
    ],
)
def test_any_type_is_read_as_numbers(column):
    values, bad = numbers(column)
    np.testing.assert_array_equal(values, [1, NAN, 3])
    assert bad is None


def test_doubles_are_not_copied():
    held = np.arange(10.0)
    values, _ = numbers(pa.array(held))
    assert np.shares_memory(values, held)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9.03", 9.03), ("9,03", 9.03), ("-,5", -0.5), ("+1e3", 1000), ("1,234.5", 1234.5), ("1.234,5", 1234.5),
        ("1,234,567", 1234567), ("1.234.567", 1234567), ("5.", 5), (".5", 0.5), ("INF", np.inf), ("1,5e2", 150),
        ("", NAN), ("NULL", NAN), ("-", NAN), ("\\N", NAN), ("#N/A", NAN),
    ],
)  # fmt: skip
def test_how_numbers_are_written(text, value):
    for others in ([], ["x"], ["1.5"], ["1,5"]):  # one odd cell decides nothing about the others
        values, bad = numbers(pa.array([text, *others]))
        np.testing.assert_array_equal(values[0], value)
        assert bad is None or not bad[0]


@pytest.mark.parametrize("text", ["x", "1 2", "0x10", "1_000", "1,2,3", "1.2.3", "47°", "--5", "1e", "true"])
def test_what_is_no_number(text):
    values, bad = numbers(pa.array([text, "1"]))
    assert np.isnan(values[0])
    assert bad.tolist() == [True, False]


def test_types_that_hold_no_numbers():
    for column in (pa.array([[1.0], None]), pa.array([dt.date(2020, 1, 1), None])):
        values, bad = numbers(column)
        assert np.isnan(values).all()
        assert bad.tolist() == [True, False]


@given(st.lists(st.one_of(st.none(), st.floats(), st.text(max_size=8)), max_size=30))
def test_one_by_one_or_together_is_the_same(cells):
    texts = [None if cell is None else cell if isinstance(cell, str) else repr(cell) for cell in cells]
    together, bad = numbers(pa.array(texts, pa.string()))
    for k, text in enumerate(texts):
        alone, alone_bad = numbers(pa.array([text], pa.string()))
        np.testing.assert_array_equal(together[k], alone[0])
        assert (bad is not None and bad[k]) == (alone_bad is not None)


NOON = 1577880000.0  # 2020-01-01 12:00 UTC


@pytest.mark.parametrize(
    "column",
    [
        pa.array([dt.datetime(2020, 1, 1, 12)]),
        pa.array([dt.datetime(2020, 1, 1, 12)]).cast(pa.timestamp("s")),
        pa.array([dt.datetime(2020, 1, 1, 12)]).cast(pa.timestamp("ns", "Europe/Zurich")),
        pa.array(["2020-01-01T12:00:00Z"]), pa.array(["2020-01-01 12:00"]), pa.array(["2020-01-01T13:00:00+01:00"]),
        pa.array(["2020-01-01T06:30:00.000000000-0530"]), pa.array(["2020-01-01 12:00:00 UTC"]),
        pa.array(["01.01.2020, 12:00:00"]), pa.array(["Jan 1, 2020, 12:00:00 PM"]),
        pa.array([NOON]), pa.array([NOON * 1e3]), pa.array([NOON * 1e6]), pa.array([int(NOON) * 10**9]),
        pa.array([str(int(NOON))]), pa.array(["2020-01-01T12:00:00Z"]).dictionary_encode(),
    ],
)  # fmt: skip
def test_moments(column):
    values, bad = seconds(column)
    assert values.tolist() == [NOON]
    assert bad is None


def test_bad_moments_cost_their_own_cell():
    column = pa.array(["2020-01-01T12:00:00Z", "2020-02-30T12:00:00Z", None, "soon", "2020-01-01"])
    values, bad = seconds(column)
    np.testing.assert_array_equal(values, [NOON, NAN, NAN, NAN, NOON - 43200])
    assert bad.tolist() == [False, True, False, True, False]
    values, bad = seconds(pa.array([dt.date(2020, 1, 1), None]))
    np.testing.assert_array_equal(values, [NOON - 43200, NAN])


SHAPES = [
    shapely.Point(8.5, 47.25), shapely.Point(-1, -2, 3), shapely.MultiPoint([(0, 0), (2, 4)]), shapely.Point(),
    shapely.LineString([(0, 0), (4, 0), (4, 4)]), shapely.box(10, 20, 14, 22), None,
    shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(5, 0, 8, 1)]),
    shapely.MultiLineString([[(0, 0), (2, 0)], [(0, 1), (0, 2)]]), shapely.Polygon(),
]  # fmt: skip


def expected():
    """Centres by shapely itself, which for these shapes (no holes, one type) are the same."""
    found = [None if shape is None or shape.is_empty else shape.centroid for shape in SHAPES]
    points = [shape is not None and shape.geom_type == "Point" for shape in SHAPES]
    state = [
        MISSING if place is None else PLACE if point else LINE if "Line" in shape.geom_type else CENTRE
        for place, point, shape in zip(found, points, SHAPES, strict=True)
    ]
    return [NAN if p is None else p.x for p in found], [NAN if p is None else p.y for p in found], state


@pytest.mark.parametrize(
    "write",
    [
        shapely.to_wkb,
        lambda shape: shapely.to_wkb(shape, byte_order=0),
        lambda shape: shapely.to_wkb(shape, flavor="iso"),
        lambda shape: shapely.to_wkb(shapely.set_srid(shape, 4326), include_srid=True),
        lambda shape: shapely.to_wkb(shape, hex=True),
        shapely.to_wkt,
        lambda shape: f"SRID=4326;{shapely.to_wkt(shape)}",
        shapely.to_geojson,
    ],
)
def test_geometries_in_every_form(write):
    column = pa.array([None if shape is None else write(shape) for shape in SHAPES])
    x, y, state = expected()
    found = places(column)
    np.testing.assert_allclose(found.x, x, atol=1e-9)
    np.testing.assert_allclose(found.y, y, atol=1e-9)
    assert found.state.tolist() == state
    np.testing.assert_allclose(places(column.slice(1)).x, x[1:], atol=1e-9)


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90), st.booleans(), st.booleans()), max_size=50))
def test_points_of_all_sizes_together(rows):
    shapes = [shapely.Point(x, y, 1.0) if z else shapely.Point(x, y) for x, y, z, _ in rows]
    srids = [4326 if srid else 0 for *_, srid in rows]
    codes = [
        shapely.to_wkb(shapely.set_srid(shape, srid), include_srid=bool(srid))
        for shape, srid in zip(shapes, srids, strict=True)
    ]
    found = places(pa.array(codes, pa.binary()))
    np.testing.assert_array_equal(found.x, [row[0] for row in rows])
    np.testing.assert_array_equal(found.y, [row[1] for row in rows])
    assert found.srid.tolist() == srids
    assert (found.state == PLACE).all()


def test_pairs_as_text_are_latitude_first():
    found = places(pa.array(["47.5, 8.5", "(47.5 8.5)", "[47.5;8.5]", "", "Bern", None]))
    np.testing.assert_array_equal(found.x, [8.5, 8.5, 8.5, NAN, NAN, NAN])
    np.testing.assert_array_equal(found.y, [47.5, 47.5, 47.5, NAN, NAN, NAN])
    assert found.state.tolist() == [PLACE] * 3 + [MISSING, UNREADABLE, MISSING]


@given(st.binary(max_size=60), st.integers(0, 7))
def test_no_bytes_are_too_odd(tail, kind):
    for order in b"\0", b"\1":
        code = order + struct.pack("<I" if order == b"\1" else ">I", kind) + tail
        found = places(pa.array([code, code.hex(), code.decode("latin-1")][0:1]))
        assert np.isfinite(found.x).tolist() == [found.state[0] in {PLACE, CENTRE}]
        places(pa.array([code.hex(), "POINT(" + tail.decode("latin-1"), "{" + tail.decode("latin-1")]))


def test_deeply_nested_geometries_do_no_harm():
    nested = '{"type":"GeometryCollection","geometries":[' * 5000
    assert places(pa.array([nested, "(" * 10000])).state.tolist() == [UNREADABLE] * 2
    bomb = b"\1\7\0\0\0\xff\xff\xff\xff" * 1000
    assert places(pa.array([bomb])).state.tolist() == [UNREADABLE]


def test_coordinate_systems():
    for crs in ("EPSG:4326", "OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326"):
        assert is_wgs84(crs)
    assert is_wgs84(json.dumps({"id": {"authority": "OGC", "code": "CRS84"}}))
    assert not is_wgs84("EPSG:3857")
    x, y = as_wgs84(np.array([0.0, np.nan]), np.array([6446275.84, 1.0]), "EPSG:3857", "t")
    np.testing.assert_allclose((x, y), [[0, NAN], [50, NAN]], atol=1e-6)
    with pytest.raises(BadOption, match="t: its coordinate system is not understood"):
        as_wgs84(x, y, "EPSG:nonsense", "t")


def test_a_row_of_another_system_is_brought_to_degrees():
    swiss = shapely.to_wkb(shapely.set_srid(shapely.Point(2600000, 1200000), 2056), include_srid=True)
    points, dropped, _ = read({"geom": [swiss, shapely.to_wkb(shapely.Point(8, 47))]})
    np.testing.assert_allclose(points[0], [7.43863, 8], atol=1e-4)
    np.testing.assert_allclose(points[1], [46.95108, 47], atol=1e-4)
    assert not dropped


def test_geometries_that_are_no_points_are_told():
    points, dropped, table = read({"wkt": ["POINT(8 47)", "POLYGON((0 10, 2 10, 2 12, 0 12, 0 10))", "nonsense", None]})
    assert points[0].tolist() == [8, 1]
    assert dropped == {"rows whose geometry cannot be read": 1, "rows without a position": 1}
    assert table.warnings == ["geometries that are no points stand at their centres (1)"]


def test_lines_are_no_dots():
    lines = ["LINESTRING(0 10, 2 10)", "MULTILINESTRING((0 10, 2 10), (3 4, 5 6))"]
    points, dropped, table = read({"wkt": ["POINT(8 47)", *lines]})
    assert points[0].tolist() == [8]
    assert dropped == {"rows that are lines": 2}
    (warning,) = table.warnings
    assert warning == "2 lines are not drawn: --read-as=tracks draws them, each as a track"


def test_the_first_reason_counts_and_sound_rows_stay_in_order():
    nan, inf = np.nan, np.inf
    lat = np.array([1, 0, 0.0, nan, 95, 95, 1, 1, 1, -90, 10])
    lon = np.array([2, 5, 0.0, 5.0, 50, 200, 2, 2, 2, 180, 359.0])
    weight = np.array([1, 2, nan, 4.0, 5, 6, nan, inf, -3, 0, 5])
    points, dropped, _ = read({"lat": lat, "lon": lon, "weight": weight})
    np.testing.assert_array_equal(points, [[2, 5, 2, 180, -1], [1, 0, 1, -90, 10], [1, 2, -3, 0, 5]])
    assert dropped == {
        REASONS[3]: 1,
        REASONS[4]: 1,
        REASONS[5]: 1,
        REASONS[6]: 1,
        "rows without a weight": 1,
        "rows whose weight is no number": 1,
    }


@given(st.lists(st.tuples(*[st.one_of(st.none(), st.floats(), st.floats(-400, 400))] * 3), max_size=60))
def test_each_row_is_kept_or_counted_whatever_the_others_are(rows):
    lat, lon, weight = (pa.array([row[k] for row in rows], pa.float64()) for k in range(3))
    table = pa.table({"lat": lat, "lon": lon, "weight": weight})
    points, dropped, _ = read(table)
    assert len(points[0]) + dropped.total() == len(rows)
    assert (np.abs(points[0]) <= 180).all()
    assert (np.abs(points[1]) <= 90).all()
    alone = [read(table.slice(k, 1))[0] for k in range(len(rows))]
    for k in range(3):
        np.testing.assert_array_equal(points[k], np.concatenate([np.zeros(0), *(one[k] for one in alone)]))


def test_sound_doubles_pass_without_a_copy():
    lat, lon, weight = np.random.default_rng(0).uniform(1, 80, (3, 100))
    table = open_table({"lat": lat, "lon": lon, "weight": weight})
    (points,) = read_points(table, find_columns(table.schema, name="t"))
    assert all(np.shares_memory(a, b) for a, b in ((points.lon, lon), (points.lat, lat), (points.weight, weight)))


def test_a_warning_when_latitude_and_longitude_look_swapped():
    lon, lat = np.random.default_rng(0).uniform((-180, -60), (180, 60), (1000, 2)).T
    for given_lat, given_lon, warned in ((lat, lon, False), (lon, lat, True)):
        (x, *_), dropped, table = read({"a b": given_lat, "c": given_lon}, lat="a b", lon="c")
        columns = find_columns(table.schema, TableOptions(lat="a b", lon="c"), name="t")
        text = swap_warning(columns, dropped, len(x))
        assert (text is not None) == warned
    assert text.endswith("try --lat c --lon 'a b'") or "'c'" in text
    metres = PointColumns(lat="y", lon="x")
    assert "not metres" in swap_warning(metres, {"rows off the globe": 5}, 0)
    assert swap_warning(metres, {"rows off the globe": 5}, 10) is None
    assert swap_warning(metres, {}, 0) is None


def test_one_row_of_four_that_is_wrong_is_no_swap():
    (x, *_), dropped, table = read({"lat": [47.0, 147, 47, 47], "lon": [8.0, 8, 8, 8]})
    assert dropped == {"rows off the globe unless latitude and longitude are swapped": 1}
    assert swap_warning(find_columns(table.schema, name="t"), dropped, len(x)) is None
