"""Metrics at fixes and of passages, on tracks whose answers are known."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pytest
import slow_metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from slow import make_batch

from heatlas.core.batch import join
from heatlas.core.mercator import from_lonlat, ground_metres, to_lonlat
from heatlas.core.window import Window
from heatlas.raster.draw_tracks import draw
from heatlas.raster.grid import Grid
from heatlas.raster.left_out import few_values
from heatlas.raster.measure import parse_measure
from heatlas.raster.offered import about, every_measure, group_of, measures_of
from heatlas.raster.pipeline import Drawn
from heatlas.rendering.bands import as_one_band
from heatlas.tracks.metrics import GROUPS, METRICS, Motion, leaves
from heatlas.tracks.metrics.evaluation import Columns
from heatlas.tracks.metrics.fixes import STOPPED
from heatlas.tracks.metrics.sports import SPORTS_OF

LON, LAT = 10.9, 47.8


def way(turns, metres=10.0, seconds=4.0, lon=LON, lat=LAT, **options):
    """Steps of some metres in directions (degrees from north), one after the other."""
    u, v = from_lonlat(lon, lat)
    east, north = ground_metres(v)
    turns, metres = np.radians(np.asarray(turns, float)), np.broadcast_to(metres, len(turns))
    x = np.concatenate([[0], np.cumsum(metres * np.sin(turns))])
    y = np.concatenate([[0], np.cumsum(metres * np.cos(turns))])
    lons, lats = to_lonlat(u + x / east, v - y / north)
    time = 1.7e9 + np.concatenate([[0], np.cumsum(np.broadcast_to(seconds, len(turns)))])
    return make_batch(lons, lats, options.pop("time", time), **options)


def columns(**known):
    """Columns of passages of a sport that all metrics make sense of."""
    known = {name: np.atleast_1d(np.asarray(values, float)) for name, values in known.items()}
    count = max(map(len, known.values()))
    return Columns({**dict.fromkeys(SPORTS_OF, np.ones(count)), **known}, count)


def at_fixes(name, batch):
    return METRICS[name].at_fixes(Motion(batch))


def around(lon=LON, lat=LAT, zoom=16, size=256):
    u, v = from_lonlat(lon, lat)
    scale = 256.0 * 2**zoom
    return Window(scale, int(u * scale) - size // 2, int(v * scale) - size // 2, size, size)


# At fixes


@pytest.mark.parametrize("degrees", [0, 45, 90, 135, 180, 225, 270, 300, 359])
def test_bearing_is_the_direction_of_travel(degrees):
    vectors = at_fixes("bearing", way([degrees] * 12))
    assert np.allclose(np.hypot(*vectors.T), 1)
    off = (np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])) - degrees + 180) % 360 - 180
    assert np.abs(off).max() < 0.1


def test_bearing_rounds_a_corner_and_is_unknown_on_the_spot():
    turning = np.degrees(np.arctan2(*at_fixes("bearing", way([0] * 8 + [90] * 8)).T[::-1])) % 360
    assert turning[:7] == pytest.approx([0] * 7, abs=0.1)
    assert turning[8] == pytest.approx(45, abs=0.5)
    assert turning[10:] == pytest.approx([90] * 7, abs=0.1)
    # 5 m to and fro: nowhere in the end.
    spot = at_fixes("bearing", way([0, 180] * 12, metres=5.0))
    assert np.isnan(spot[4:-4]).all()
    assert np.isnan(at_fixes("bearing", way([0] * 3, metres=0.0))).all()
    assert at_fixes("bearing", make_batch([LON], [LAT])).shape == (1, 2)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_bearing_lies_between_the_places_around(seed):
    rng = np.random.default_rng(seed)
    batch = way(np.cumsum(rng.normal(0, 4, 30)), metres=12.0)  # any two steps are 20 m and more
    lon, lat = to_lonlat(batch.u, batch.v)
    vectors = at_fixes("bearing", batch)
    for k in range(1, 30):
        expected = slow_metrics.compass(lon[k - 1], lat[k - 1], lon[k + 1], lat[k + 1])
        off = (math.degrees(math.atan2(vectors[k, 1], vectors[k, 0])) - expected + 180) % 360 - 180
        assert abs(off) < 0.1


def test_elapsed_counts_breaks_but_begins_with_each_track():
    one = way([0] * 4, seconds=[5, 5, 3600, 5])
    one = replace(one, segments=np.array([0, 3, 5]), tracks=np.array([0, 2]))
    other = way([0] * 2, time=[np.nan, 100.0, 107.0])
    timeless = way([0] * 2, time=[np.nan] * 3)
    found = at_fixes("elapsed", join([one, other, timeless]))
    assert found[:5].tolist() == [0, 5, 10, 3610, 3615]
    assert np.array_equal(found[5:8], [np.nan, 0, 7], equal_nan=True)
    assert np.isnan(found[8:]).all()
    assert at_fixes("elapsed", way([0] * 2)).tolist() == [0, 4, 8]


def test_steady_heart_rate_is_that_of_the_minute_to_come():
    rate = np.repeat([100.0, 160.0], 100)  # a step after 400 s
    found = at_fixes("steady_heart_rate", way([0] * 199, columns={"heart_rate": rate}))
    seconds = 4.0 * np.arange(200)
    assert found[seconds < 325] == pytest.approx(100)
    assert found[(seconds > 395) & (seconds < 700)] == pytest.approx(160)
    assert found[90] == pytest.approx(130, abs=3)  # half a minute before and half a minute after the step
    assert np.isnan(found[-3:]).all()
    assert np.isnan(at_fixes("steady_heart_rate", way([0] * 3))).all()


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 80))
def test_steady_means_are_those_of_the_twin(seed, n):
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.choice([0, 1, 5, 40], n)).astype(float)
    time[rng.random(n) < 0.1] = np.nan
    rate = rng.integers(60, 200, n).astype(float)
    rate[rng.random(n) < 0.2] = np.nan
    batch = way([0] * (n - 1), time=1.7e9 + time, columns={"heart_rate": rate})
    expected = slow_metrics.mean_between(batch.time.tolist(), rate.tolist(), 10, 70)
    assert at_fixes("steady_heart_rate", batch) == pytest.approx(expected, nan_ok=True)


def test_grades_over_50_and_over_100_metres():
    along = 10.0 * np.arange(60)
    ramp = way([90] * 59, columns={"elevation": 500 + 0.08 * along})
    for name in ("grade", "grade_100"):
        assert at_fixes(name, ramp) == pytest.approx(8, rel=1e-3)
    bump = np.where(abs(along - 300) < 35, 2.0, 0.0)  # a bridge of 70 m
    bridge = way([90] * 59, columns={"elevation": bump})
    assert np.abs(at_fixes("grade_100", bridge)).max() == pytest.approx(100 * 2 / 110)
    assert np.abs(at_fixes("grade", bridge)).max() == pytest.approx(100 * 2 / 60)
    assert np.isnan(at_fixes("grade_100", way([0] * 3))).all()


def hilly(noise, metres, seed=1, leap=0.0):
    """Elevations of a long hill, with errors that change every 60 m, as those of a phone do, and one leap."""
    rng = np.random.default_rng(seed)
    along = np.concatenate([[0], np.cumsum(metres)])
    knots = np.arange(0, along[-1] + 60, 60)
    errors = np.interp(along, knots, rng.normal(0, 1, len(knots)))
    return 100 + 30 * np.sin(along / 700) + noise * errors + leap * (along > along[-1] / 2)


def ride(elevation, metres, **options):
    found = way([0] * len(metres), metres=metres, seconds=2.0, columns={"elevation": elevation}, lat=LAT)
    return replace(found, activities=(replace(found.activities[0], **{"sport": "Ride", **options}),))


def test_elevations_that_leap_have_no_slope_over_100_m():
    metres = np.full(900, 12.0)  # 6 m/s
    good, rough = (ride(hilly(noise, metres), metres) for noise in (0.5, 8.0))
    assert not np.isnan(at_fixes("grade_100", good)).any()
    assert np.isnan(at_fixes("grade_100", rough)).all()
    assert not np.isnan(at_fixes("grade", rough)).any(), "whose mean over many passes is right"
    both = at_fixes("grade_100", join([rough, good, rough]))
    assert np.array_equal(np.isnan(both), np.repeat([True, False, True], 901))
    assert both[901:1802] == pytest.approx(at_fixes("grade_100", good))


def test_a_leap_a_lift_and_a_flight_say_nothing_against_elevations():
    metres = np.full(900, 12.0)
    assert not np.isnan(at_fixes("grade_100", ride(hilly(0.5, metres, leap=40.0), metres))).any()
    lifted = hilly(0.5, metres)
    lifted[200:300] += 4.0 * np.arange(100)  # 200 s at 7,200 m/h
    lifted[300:] += 400
    assert not np.isnan(at_fixes("grade_100", ride(lifted, metres))).any()
    rough = hilly(8.0, metres)
    for sport in ("AlpineSki", "Flying", "Unknown"):
        assert not np.isnan(at_fixes("grade_100", ride(rough, metres, sport=sport))).any()
    timeless = ride(rough, metres)
    timeless = replace(timeless, time=np.full(901, np.nan))
    assert not np.isnan(at_fixes("grade_100", timeless)).any()


def test_pace_is_unknown_where_someone_stands():
    seconds = np.r_[[4.0] * 20, [60.0], [4.0] * 20]
    stop = way([0] * 41, metres=np.r_[[12.0] * 20, [0.0], [12.0] * 20], seconds=seconds)
    pace, speed = at_fixes("pace", stop), at_fixes("speed", stop)
    assert np.isnan(pace[20:22]).all()
    assert speed[20:22].max() < STOPPED
    assert pace[5] == speed[5] == pytest.approx(3, rel=1e-4)  # a speed, which is the reciprocal in the end


# Of passages


def test_flat_pace_is_that_of_minetti():
    # Means that they measured, J/(kg m), which the polynomial follows.
    measured = {-0.45: 3.92, -0.2: 1.73, 0.0: 3.40, 0.45: 18.93}
    for g in (-0.45, -0.2, -0.1, 0, 0.1, 0.2, 0.45):
        cost = 155.4 * g**5 - 30.4 * g**4 - 43.3 * g**3 + 46.3 * g**2 + 19.5 * g + 3.6
        assert cost == pytest.approx(measured.get(g, cost), abs=0.6)
        assert columns(pace=0.3, grade_100=100 * g)["flat_pace"] == pytest.approx(0.3 * 3.6 / cost)
    steep = columns(pace=[0.3, 0.3, 0.3], grade_100=[45, 60, np.nan])["flat_pace"]
    assert steep[0] == steep[1]
    assert np.isnan(steep[2])


def test_body_and_climbing():
    both = columns(pace=[0.3, 0.3, np.nan], heart_rate=[150, 0, 150], power=[300, 300, 300])
    assert both["efficiency"] == pytest.approx([60 / 45, np.nan, np.nan], nan_ok=True)  # 200 m and 150 beats a minute
    assert both["watts_per_beat"] == pytest.approx([2, np.nan, 2], nan_ok=True)
    hill = columns(pace=[0.5, 0.5, 0.5], grade_100=[10, 3, -10], grade=[10, 3, -10], metres=[20, 20, 20])
    assert hill["vam"] == pytest.approx([720, np.nan, np.nan], nan_ok=True)  # 2 m/s, a tenth of it upwards
    lift = columns(pace=[0.2, 0.2], grade_100=[11, 12])["vam"]
    assert lift == pytest.approx([1980, np.nan], nan_ok=True)  # 2,160 m/h is more than anybody climbs
    rough = columns(pace=0.5, grade_100=np.nan, grade=10, metres=20)
    assert rough["climb"] == pytest.approx([2])
    assert np.isnan([rough["up"], rough["down"]]).all()
    assert hill["climb"] == pytest.approx([2, 0.6, -2])
    assert hill["up"] == pytest.approx([2, 0.6, 0])
    assert hill["down"] == pytest.approx([0, 0, 2])


def test_waiting_is_time_beyond_the_way():
    found = columns(
        seconds=[40, 3, 10, 0, np.nan, 10], metres=[10, 10, 0, 0, 10, 10], pace=[0.3, 0.3, np.nan, np.nan, 0.3, np.nan]
    )
    assert found["wait"] == pytest.approx([37, 0, 10, np.nan, np.nan, 10], nan_ok=True)
    assert found["stops"] == pytest.approx([1, 0, 1, np.nan, np.nan, 1], nan_ok=True)


def test_noise_is_no_wait_but_standing_is():
    """A passage that moves all the time waits 0 s, however many of them there are; one on the spot waits all of it."""
    found = columns(seconds=[5, 4.9, 1, 0.5], metres=[10, 10, 10, 0], pace=[0.3, 0.3, 0.3, np.nan])
    assert found["wait"] == pytest.approx([0, 0, 0, 0.5])
    assert columns(seconds=[5.1], metres=[10], pace=[0.3])["wait"] == pytest.approx([2.1])


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_an_even_way_with_noisy_positions_has_no_wait(seed):
    rng = np.random.default_rng(seed)
    n = 150
    even = way([0] * n, metres=6 + rng.normal(0, 1, n).clip(-2, 2), seconds=2.0)
    stop = np.r_[np.full(70, 6.0), np.zeros(15), np.full(65, 6.0)]
    waiting = way([0] * n, metres=stop + rng.normal(0, 1, n).clip(-2, 2) * (stop > 0), seconds=2.0)
    waited = parse_measure("sum(wait)")
    place = around(lat=LAT + 0.004, zoom=16, size=512)
    assert draw([even] * 20, place, waited, 1).total.sum() < 1
    once = draw([waiting], place, waited, 1).total.sum()
    assert once == pytest.approx(30, abs=6)
    assert draw([waiting] + [even] * 20, place, waited, 1).total.sum() == pytest.approx(once, abs=1)


def test_directions_and_times():
    assert columns(bearing=[10, 190, np.nan])["street"] == pytest.approx([10, 10, np.nan], nan_ok=True)
    clock = columns(local_start=[3600.0, 82800.0, 3600.0], elapsed=[1800.0, 7200.0, np.nan])
    assert clock["hour"] == pytest.approx([1.5, 1, 1])
    assert columns(year_share=[0, 0.25])["month"] == pytest.approx([0, 3])


def sun(when, lon, lat):
    moment = dt.datetime.fromisoformat(when).timestamp()
    return float(columns(start=moment - 600, elapsed=600, longitude=lon, latitude=lat)["sun"][0])


@pytest.mark.parametrize(
    ("when", "lon", "lat", "degrees"),
    [
        # At noon the sun stands 90 - latitude + declination high; the declination at solstices is 23.44.
        ("2024-06-20T12:01:50+00:00", 0.0, 51.4779, 90 - 51.4779 + 23.437),
        ("2024-12-21T11:58:10+00:00", 0.0, 51.4779, 90 - 51.4779 - 23.437),
        # PyEphem 4.2 (VSOP87), without refraction: day and night, summer and winter, on all sides of Greenwich.
        ("2024-03-20T12:07:30+00:00", 0.0, 0.0, 89.844),
        ("2024-12-21T10:42:00+00:00", 18.96, 69.65, -3.091),
        ("2024-12-21T02:00:00+00:00", 151.21, -33.87, 79.463),
        ("2024-06-21T00:00:00+00:00", 0.0, 51.4779, -15.085),
        ("2019-11-05T21:30:00+00:00", -79.52, 8.98, 19.122),
        ("2031-08-01T04:00:00+00:00", 23.76, 61.5, 12.160),
    ],
)
def test_the_sun_stands_where_almanacs_say(when, lon, lat, degrees):
    assert sun(when, lon, lat) == pytest.approx(degrees, abs=0.02)


def test_it_is_dark_after_civil_twilight():
    # Munich, 21 March 2024, by PyEphem: 5.91 degrees below the horizon at 17:59 UTC, 6.24 at 18:01.
    for minute, expected in ((-1, 0), (1, 1)):
        moment = dt.datetime(2024, 3, 21, 18, tzinfo=dt.UTC).timestamp() + 60 * minute
        assert columns(start=moment, elapsed=0, longitude=11.58, latitude=48.14)["dark"] == expected
    assert np.isnan(columns(start=np.nan, elapsed=0, longitude=0, latitude=0)["dark"])


# In pixels


def ways(count, heading=90.0, start=1.7e9, **options):
    """Straight ways through the middle of `around()`, on one day after the other."""
    half = 300
    u, v = from_lonlat(LON, LAT)
    east, north = ground_metres(v)
    turn = math.radians(heading)
    lon, lat = to_lonlat(u - half * math.sin(turn) / east, v + half * math.cos(turn) / north)
    tracks = []
    for k in range(count):
        begin = start + 86400.0 * k
        track = way([heading] * 60, lon=float(lon), lat=float(lat), start=begin, source=f"{k}-", **options)
        tracks.append(replace(track, time=track.time - track.time[0] + begin))
    return tracks


def middle(tracks, measure):
    grid = draw(tracks, around(), parse_measure(measure), 1)
    return float(grid.values[128, 128]), grid


def test_circular_means_go_over_midnight_and_north():
    tracks = [ways(1, start=1.7e9 // 86400 * 86400 + 3600 * hour, utc_offset=0.0)[0] for hour in (23.0, 1.0, 0.0)]
    value, grid = middle(tracks, "hour")
    assert min(value, 24 - value) < 0.1
    assert grid.opacity[128, 128] == pytest.approx((1 + 2 * math.cos(math.pi / 12)) / 3, abs=1e-3)
    north = ways(1, heading=350.0) + ways(1, heading=10.0)
    value, _ = middle(north, "bearing")
    assert min(value, 360 - value) < 1
    both = ways(1, heading=90.0) + ways(1, heading=270.0)
    assert middle(both, "street")[0] == pytest.approx(90, abs=0.5)
    assert middle(both, "oneway")[0] < 0.01
    assert middle(both[:1] * 2, "oneway")[0] == pytest.approx(1)
    assert middle(both, "bearing")[1].opacity[128, 128] == pytest.approx(0.12)


def test_shares_are_of_passages_with_a_known_value():
    beating = [ways(1, columns={"heart_rate": np.full(61, float(rate))})[0] for rate in (140, 150, 160, 170)]
    value, grid = middle([*beating, *ways(3)], "share(heart_rate >= 150)")
    assert value == 75
    assert grid.planes["n"][128, 128] == 4
    night = ways(2, start=1703113200.0)  # the evening of 20 December 2023, 23 h UTC
    noon = ways(1, start=1703156400.0)
    assert middle(night + noon, "share(dark)")[0] == pytest.approx(100 * 2 / 3, abs=1e-3)


def test_stops_are_held_towards_the_usual_share():
    metres = np.r_[[10.0] * 30, [0.0] * 9, [10.0] * 21]  # 36 s at a light
    stopping, passing = ways(2, metres=metres), ways(5)
    grid = draw(stopping + passing, around(), parse_measure("stops"), 1)
    n, k = grid.planes["n"], grid.planes["x"]
    usual = k.sum() / n.sum()
    assert 0 < usual < 0.2
    filled = n > 0
    assert grid.values[filled] == pytest.approx(((k + 10 * usual) / (n + 10))[filled], rel=1e-5)
    assert k.max() == 2


def test_best_needs_three_and_is_the_fastest():
    tracks = [ways(1, seconds=float(seconds))[0] for seconds in (5, 4, 3)]
    value, grid = middle(tracks, "best")
    assert value == pytest.approx(0.3, rel=1e-3)
    assert grid.planes["m"][128, 128] == 3
    assert np.isnan(middle(tracks[:2], "best")[0])
    assert not draw(tracks[:2], around(), parse_measure("best"), 1).shown.any()


def test_days_are_local_and_count_once():
    midnight = 1.7e9 // 86400 * 86400
    tracks = [ways(1, start=midnight + hours * 3600, utc_offset=3600.0)[0] for hours in (1, 5, 22.5, 23.5, 47)]
    assert middle(tracks, "days")[0] == 3  # 23.5 h UTC is the day after, and 47 h the day after that
    dateless = [replace(track, activities=(replace(track.activities[0], start=None),)) for track in tracks[:2]]
    assert middle(tracks + dateless, "days")[0] == 5
    assert middle(tracks[::-1], "days")[0] == 3


def test_first_and_last_are_days_of_activities():
    tracks = ways(5, start=86400.0 * 19000 + 3600, utc_offset=0.0)
    assert middle(tracks, "first")[0] == pytest.approx(19000 + 1 / 24, abs=2e-3)
    assert middle(tracks, "last")[0] == pytest.approx(19004 + 1 / 24, abs=2e-3)
    assert middle(tracks[1:] + tracks[:1], "first")[0] == pytest.approx(19000 + 1 / 24, abs=2e-3)


# The table


def test_each_entry_is_whole():
    for name, metric in METRICS.items():
        ways = (metric.at_fixes is not None, bool(metric.inputs), metric.of_activity is not None)
        assert sum(ways) == 1, name
        assert (metric.formula is not None) == bool(metric.inputs), name
        assert metric.name == name
        assert metric.group in GROUPS
        assert metric.about
        assert not metric.about.endswith(".")
        assert metric.store is None or metric.at_fixes is not None
        for leaf in leaves(name):
            assert leaf not in METRICS or METRICS[leaf].formula is None
    numbers = [metric.store.column for metric in METRICS.values() if metric.store is not None]
    assert len(set(numbers)) == len(numbers)


def test_formulas_read_what_their_entries_say():
    """What an entry does not name would be unknown throughout."""

    class Asked(dict):
        def __missing__(self, name):
            self[name] = np.ones(3)
            return self[name]

    for name, metric in METRICS.items():
        if metric.formula is not None:
            asked = Asked()
            metric.formula(asked)
            assert set(asked) == {*metric.inputs}, name


def test_menus_offer_what_is_listed():
    offered = measures_of(METRICS)
    assert {measure.metric for measure in offered if measure.entry} == {m.name for m in METRICS.values() if m.listed}
    for measure in offered:
        assert parse_measure(str(measure)) == measure
        assert about(measure)
        assert group_of(measure) in {"Visits", "Relations", *GROUPS}
    for name in every_measure():
        assert parse_measure(name).metric not in {m.name for m in METRICS.values() if not m.listed} - {"dark"}
    assert {m.metric for m in measures_of(["pace", "speed"])} >= {"pace", "wait", "best", "first"}
    assert not [m for m in measures_of(["speed"]) if m.recorded - {"speed"}]


@pytest.mark.parametrize(("passes", "words"), [([3, 1, 1, 0], "33%"), ([3, 3, 1, 0], ""), ([0, 4, 0, 0], "")])
def test_how_little_has_a_value_is_said(passes, words):
    """Of what needs more than one passage; a map that is all but empty would be a riddle."""
    window = Window(256.0 * 2**12, 0, 0, 4, 1)
    many = np.array([passes], np.float64)
    there = (many > 0).astype(np.float64)
    grid = Grid(window, parse_measure("best"), {"n": there, "x": there * 0.3, "m": many})
    found = few_values(parse_measure("best"), as_one_band(Drawn(grid, grid, {})).sample.share)
    assert [words in sentence for sentence in found] == ([True] if words else [])
    assert all("needs 3 passages in a pixel" in sentence for sentence in found)
