"""Columns are found by the names that people use, and an error says what there is."""

from __future__ import annotations

import pyarrow as pa
import pytest

from heatlas.core.errors import BadOption
from heatlas.options import TableOptions
from heatlas.sources.tables.columns import CRS, find_columns


def found(*names, types=None, **given):
    kinds = types or [pa.float64()] * len(names)
    columns = find_columns(pa.schema(list(zip(names, kinds, strict=True))), TableOptions(**given), name="t.csv")
    return columns.lat, columns.lon, columns.geometry


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        ("lat", "lon"), ("Lat", "Long"), ("LATITUDE", "LONGITUDE"), ("latitude", "lng"), ("Lat (deg)", "Lon (deg)"),
        ("position_lat", "position_long"), ("geo_lat", "geo_lon"), ("y", "x"), ("Breitengrad", "Längengrad"),
        ("latitud", "longitud"), ("decimalLatitude", "decimalLongitude"), ("Y Coordinate", "X Coordinate"),
        ("pickup_latitude", "pickup_longitude"), ("place.lat", "place.lng"), ("Start Lat", "Start Lon"),
    ],
)  # fmt: skip
def test_names_in_use(lat, lon):
    assert found("id", lon, "name", lat, "value") == (lat, lon, None)


def test_the_most_specific_name_wins():
    assert found("x", "y", "lat", "lon", "latitude", "longitude") == ("latitude", "longitude", None)
    assert found("x", "y", "lon", "lat") == ("lat", "lon", None)


def test_geometry_counts_where_there_is_no_pair():
    binary = [pa.binary(), pa.float64(), pa.string()]
    assert found("the_geom", "lat", "name", types=binary) == (None, None, "the_geom")
    assert found("location", "lat", "lon", types=[pa.string(), pa.float64(), pa.float64()]) == ("lat", "lon", None)
    with pytest.raises(BadOption):
        found("geometry", "x", types=[pa.float64(), pa.float64()])
    schema = pa.schema([("geometry", pa.string()), pa.field("odd", pa.binary(), metadata={CRS: b""})])
    assert find_columns(schema, name="t").geometry == "odd"


def test_a_weight_is_taken_only_when_it_is_called_that():
    schema = pa.schema([("lat", pa.float64()), ("lon", pa.float64()), ("Weight", pa.int8()), ("mag", pa.int8())])
    assert find_columns(schema, name="t").weight == "Weight"
    assert find_columns(schema, TableOptions(weight="MAG"), name="t").weight == "mag"
    assert find_columns(schema.remove(2), name="t").weight is None


def test_names_given_may_differ_in_case_and_punctuation():
    assert found("Geo-Lat", "Geo-Lon", "lat", "lon", lat="geo lat", lon="GEO_LON") == ("Geo-Lat", "Geo-Lon", None)
    assert found("a", "lon", lat="a") == ("a", "lon", None)
    with pytest.raises(BadOption, match="--lat LAT! may mean lat or Lat"):
        found("lat", "Lat", "lon", lat="LAT!")
    assert found("lat", "LAT", "lon", lat="LAT") == ("LAT", "lon", None)


@pytest.mark.parametrize(
    ("names", "given", "says"),
    [
        (("a", "b"), {}, "no column is called latitude and longitude; name it with --lat and --lon; .* a, b"),
        (("lat", "b"), {}, "no column is called longitude; name it with --lon; its columns are lat, b"),
        (("b", "lon"), {}, "no column is called latitude; name it with --lat"),
        (("lat", "Lat", "lon"), {}, "lat or Lat may be meant; say which with --lat"),
        (("start_lat", "start_lon", "end_lat", "end_lon"), {}, "several positions, start_lat with start_lon or"),
        (("lat", "lon", "weigth"), {"weight": "weight"}, "no column 'weight' for --weight; did you mean weigth?"),
        (("a", "b"), {"lat": "a"}, "--lon must be given as well"),
        ([f"c{k}" for k in range(50)], {}, "c19 and 30 more"),
        (("Activity ID", "Filename", "Distance"), {}, "the table of a Strava export; name the export's folder"),
        ((), {}, "it has no columns"),
    ],
)  # fmt: skip
def test_what_is_missing_or_unclear(names, given, says):
    with pytest.raises(BadOption, match=says):
        found(*names, **given)


def test_a_time_is_found_and_a_track_only_when_asked_for():
    schema = pa.schema([(name, pa.float64()) for name in ("lat", "lon", "tracked_at", "track")])
    columns = find_columns(schema, name="t")
    assert (columns.time, columns.track) == ("tracked_at", None)
    assert find_columns(schema, TableOptions(track="Track"), name="t").track == "track"
