"""Where to look: the busiest place, and windows that are what was asked for."""

from __future__ import annotations

import math

import mercantile
import numpy as np
import pytest
import slow
from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.batch import join
from heatlas.core.errors import BadOption, NothingToDraw, TooLarge
from heatlas.core.memory import check_memory
from heatlas.core.mercator import MAX_LATITUDE, from_lonlat, ground_metres, to_lonlat
from heatlas.core.window import Window
from heatlas.dataset.places import MAX_SIDE, around, bbox_window, extent, find_places, visits_of
from heatlas.options.parsing import parse_around, parse_bbox, parse_length, parse_zone

latitudes = st.floats(-85, 85)
longitudes = st.floats(-180, 179.999)


@given(lon=longitudes, lat=latitudes, zoom=st.integers(0, 22))
def test_pixels_lie_where_mercantile_says(lon, lat, zoom):
    u, v = from_lonlat(lon, lat)
    tile = mercantile.tile(lon, lat, zoom)
    inside = u * 2**zoom - tile.x, v * 2**zoom - tile.y
    assert all(-1e-6 <= x <= 1 + 1e-6 for x in inside)
    bounds = mercantile.bounds(tile)
    window = Window(256.0 * 2**zoom, tile.x * 256, tile.y * 256, 256, 256)
    assert window.bbox == pytest.approx(tuple(bounds), abs=1e-9)
    assert window.bounds == pytest.approx(tuple(mercantile.xy_bounds(tile)), abs=1e-6)
    assert window.zoom == zoom
    back = to_lonlat(u, v)
    assert back == pytest.approx((lon, lat), abs=1e-9)


def test_world_units_agree_with_epsg_3857():
    pyproj = pytest.importorskip("pyproj")
    to_metres = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    for lon, lat in ((0, 0), (10.9, 47.8), (-179.9, -85), (38.75, 9.03)):
        u, v = from_lonlat(lon, lat)
        x, y = to_metres.transform(lon, lat)
        size = 40075016.685578488
        assert float(u) * size - size / 2 == pytest.approx(x, abs=1e-6)
        assert size / 2 - float(v) * size == pytest.approx(y, abs=1e-6)


@pytest.mark.parametrize("lat", [0.0, 9.03, 47.8, 59.9, 69.6, -41.3])
def test_a_resolution_is_true_on_the_ground(lat):
    pyproj = pytest.importorskip("pyproj")
    geod = pyproj.Geod(ellps="WGS84")
    window = bbox_window((10, lat - 0.01, 10.03, lat + 0.01), resolution=1.0)
    west, south, east, north = window.bbox
    middle = (south + north) / 2
    _, _, wide = geod.inv(west, middle, east, middle)
    _, _, high = geod.inv(10, south, 10, north)
    assert wide / window.width * high / window.height == pytest.approx(1, rel=1e-4)
    assert window.resolution == pytest.approx(1, rel=1e-5)


def test_windows_cover_what_was_asked_for():
    box = (23.5, 61.4, 24.0, 61.6)
    for options in ({"zoom": 12}, {"resolution": 20.0}, {}):
        west, south, east, north = bbox_window(box, **options).bbox
        assert west <= box[0] + 1e-4
        assert south <= box[1] + 1e-4
        assert east >= box[2] - 1e-4
        assert north >= box[3] - 1e-4
    assert bbox_window(box, width=777).width == 777
    assert bbox_window(box, zoom=12).scale == 256 * 2**12
    assert max(bbox_window(box).width, bbox_window(box).height) <= MAX_SIDE
    small = bbox_window((10, 47, 10.001, 47.001))
    assert small.resolution == pytest.approx(1, rel=1e-3)


def test_windows_of_one_zoom_share_one_lattice():
    one, other = bbox_window((10, 47, 11, 48), zoom=12), bbox_window((10.5, 47.5, 10.6, 47.6), zoom=12)
    assert one.scale == other.scale
    assert one.x <= other.x < one.x + one.width


def test_world_and_antimeridian():
    world = bbox_window((-180, -90, 180, 90), zoom=2)
    assert (world.x, world.y, world.width, world.height) == (0, 0, 1024, 1024)
    across = bbox_window((179, -18, -179, -16), zoom=10)
    assert across.x + across.width > across.scale
    assert across.width == pytest.approx(2 / 360 * across.scale, abs=2)


@pytest.mark.parametrize(
    "box",
    [(10, 47, 10, 48), (10, 48, 11, 47), (math.nan, 0, 1, 1), (0, 86, 1, 89), (0, -91, 1, 1), (0, 0, 400, 1)],
)
def test_boxes_that_are_none_are_refused(box):
    with pytest.raises(BadOption):
        bbox_window(box, zoom=3)


def test_around_is_a_circle_on_the_ground():
    west, south, east, north = around(60.17, 24.94, 5000)
    pyproj = pytest.importorskip("pyproj")
    geod = pyproj.Geod(ellps="WGS84")
    assert geod.inv(west, 60.17, east, 60.17)[2] == pytest.approx(10000, rel=1e-3)
    assert geod.inv(24.94, south, 24.94, north)[2] == pytest.approx(10000, rel=1e-3)
    with pytest.raises(BadOption):
        around(89, 0, 100)


def test_options_that_are_no_numbers_are_refused_by_name():
    assert parse_length("1.5km", "x") == 1500
    assert parse_length("200", "x") == 200
    assert parse_around("60.17, 24.94, 5km") == (60.17, 24.94, 5000)
    assert parse_bbox("1,2,3,4") == (1, 2, 3, 4)
    assert parse_zone("1,2,300m").radius == 300
    for function, bad in (
        (parse_bbox, "1,2,3"), (parse_bbox, "a,b,c,d"), (parse_bbox, "1,2,3,inf"), (parse_around, "95,0,5km"),
        (parse_around, "5km"), (parse_around, "1,2,-5m"), (parse_zone, "1,2,nan"), (parse_zone, ""),
    ):  # fmt: skip
        with pytest.raises(BadOption, match=r"give|length"):
            function(bad)


def test_the_busiest_place_wins_and_the_others_are_named():
    rng = np.random.default_rng(2)
    home = [slow.wander(rng, 200, 8) for _ in range(20)]
    holiday = [slow.wander(rng, 2000, 30, lat=28.1, lon=-15.4) for _ in range(3)]
    trip = slow.make_batch(np.linspace(10.9, -15.4, 900), np.linspace(47.8, 28.1, 900))
    places = find_places(visits_of([*holiday, *home, trip]))
    assert [place.activities for place in places[:2]] == [21, 4]
    west, south, east, north = places[0].bbox
    assert west < 10.9 < east
    assert south < 47.8 < north
    assert east - west < 0.2
    assert find_places(visits_of([])) == []
    with pytest.raises(NothingToDraw):
        extent([])


@given(st.integers(0, 2**32 - 1))
def test_places_hold_what_their_tracks_have_there(seed):
    rng = np.random.default_rng(seed)
    homes = np.array([[1100, 600], [1200, 700], [900, 650]])
    runs, counted = [], {}
    for k in rng.choice(3, 20, p=[0.6, 0.3, 0.1]).tolist():
        n = int(rng.choice([0, 1, 5, 299, 700, 2000]))
        lon, lat = to_lonlat(*((homes[k] + 0.5) / 2048))  # in the middle of a cell
        runs.append(slow.make_batch(*(np.array([[lon], [lat]]) + np.cumsum(rng.normal(0, 1e-5, (2, n)), 1))))
        activities, fixes = counted.get(k, (0, 0))
        counted[k] = (activities + (n > 0), fixes + n)
    expected = sorted((place for place in counted.values() if place[0]), reverse=True)
    for batches in (runs, [join(runs[:7]), join(runs[7:])]):
        found = [(place.activities, place.fixes) for place in find_places(visits_of(batches))]
        assert sorted(found, reverse=True) == expected
        assert [activities for activities, _ in found] == [activities for activities, _ in expected]


def test_a_place_on_the_antimeridian_is_one_place():
    rng = np.random.default_rng(3)
    batches = [slow.wander(rng, 500, 30, lat=-17.0, lon=lon) for lon in (179.99, -179.99)]
    places = find_places(visits_of(batches))
    assert len(places) == 1
    assert places[0].bbox[2] - places[0].bbox[0] < 1
    west, _, east, _ = extent(batches)
    assert east - west < 1


def test_what_does_not_fit_is_refused_with_a_way_out():
    with pytest.raises(TooLarge, match=r"GB.*--width \d+"):
        check_memory(Window(256.0 * 2**30, 0, 0, 10**9, 1000), 0, 0, 32)
    with pytest.raises(TooLarge, match=r"days.*--width \d+"):
        check_memory(Window(256.0 * 2**20, 0, 0, 10**6, 10**7), 0, 0, 32)
    assert check_memory(Window(256.0, 0, 0, 256, 256), 12, 12, 32) == 256


def test_what_is_large_is_drawn_in_strips():
    window = Window(256.0 * 2**20, 0, 0, 30_000, 20_000)
    height = check_memory(window, 100, 100, 32)
    assert 200 <= height < window.height
    assert height % 64 == 0
    assert (height + 200) * (30_000 + 200) * 32 <= 1 << 30
    assert 64 <= check_memory(window, 1000, 2000, 32) <= window.height


def test_a_degree_is_as_long_as_the_ellipsoid_says():
    east, north = ground_metres(from_lonlat(0, 0)[1])
    assert float(east) / 360 == pytest.approx(111319.49, abs=0.1)
    assert float(north) / 360 == pytest.approx(110574.3, abs=1)
    assert pytest.approx(85.0511287798066) == MAX_LATITUDE
