"""Cleaning: what cannot be true goes, and is counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slow_clean import twin

from heatlas.core.batch import Activity, Recording
from heatlas.core.mercator import from_lonlat, to_lonlat
from heatlas.kernels.path import metres_along
from heatlas.sources.speeds import max_speed
from heatlas.tracks.clean import Gaps, clean, is_believable

NAN = float("nan")


def recording(lon, lat, time=None, **more):
    n = len(lon)
    return Recording(
        activity=Activity(source="made"),
        lon=np.asarray(lon, float),
        lat=np.asarray(lat, float),
        time=np.full(n, NAN) if time is None else np.asarray(time, float),
        **more,
    )


def walk(n=20, step=3e-5):
    return 10.9 + step * np.arange(n), np.full(n, 47.8), 1.7e9 + np.arange(n)


def test_a_sound_track_comes_through_whole():
    lon, lat, time = walk()
    batch = clean(recording(lon, lat, time, columns={"power": np.arange(20, dtype=np.float32)}), 12, {"power"})
    np.testing.assert_allclose(to_lonlat(batch.u, batch.v), (lon, lat), atol=1e-9)
    assert not batch.dropped
    assert list(batch.segments) == [0, 20]
    assert list(batch.columns["power"]) == list(range(20))
    assert clean(recording(lon, lat, time, columns={"power": np.zeros(20, np.float32)}), 12, ()).columns == {}


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ((NAN, 47.8), "fixes without a position"),
        ((10.9, NAN), "fixes without a position"),
        ((0.0, 0.0), "fixes at 0, 0"),
        ((200.0, 47.8), "fixes out of range"),
        ((float("inf"), 47.8), "fixes out of range"),
        ((10.9, 86.0), "fixes beyond 85.0511 degrees"),
        ((10.9, -90.0), "fixes beyond 85.0511 degrees"),
    ],
)
def test_a_fix_that_cannot_be_is_dropped_and_its_columns_with_it(where, reason):
    lon, lat, time = walk()
    lon[7], lat[7] = where
    batch = clean(recording(lon, lat, time, columns={"power": np.arange(20, dtype=np.float32)}), 12, {"power"})
    assert dict(batch.dropped) == {reason: 1}
    assert batch.fixes == 19
    assert 7 not in batch.columns["power"]
    assert list(batch.segments) == [0, 19]


def test_times_that_cannot_be_are_dropped_but_not_their_fixes():
    lon, lat, time = walk()
    time[0], time[1] = 1.78e11, 0.0
    batch = clean(recording(lon, lat, time), 12, ())
    assert dict(batch.dropped) == {"times that cannot be": 2}
    assert np.isnan(batch.time[:2]).all()
    assert batch.fixes == 20


def line(n, metres, seconds=None, start=1.7e9, lat=47.5):
    """A straight way to the east: n fixes, so many metres and seconds apart (one number, or one for each step)."""
    along = np.concatenate(([0.0], np.cumsum(np.broadcast_to(np.asarray(metres, float), n - 1))))
    east = 111_319.5 * np.cos(np.radians(lat)) * 1.0019  # the ellipsoid at this latitude
    lapse = None if seconds is None else np.cumsum(np.append(0.0, np.broadcast_to(np.asarray(seconds, float), n - 1)))
    return 11 + along / east, np.full(n, lat), None if lapse is None else start + lapse


def kilometres(batch):
    return metres_along(batch.u, batch.v, batch.segments).sum() / 1000


def test_breaks_of_the_file_and_of_the_clock():
    lon, lat, time = walk(30)
    time[20:] -= 500
    batch = clean(recording(lon, lat, time, segments=np.array([0, 5])), 12, ())
    assert list(batch.segments) == [0, 5, 20, 30]
    assert dict(batch.dropped) == {"breaks: clock runs backwards": 1}


def test_a_jump_breaks_and_a_stray_fix_is_skipped():
    lon, lat, time = walk(30)
    jumped = lon.copy()
    jumped[15:] += 0.05
    batch = clean(recording(jumped, lat, time), 12, ())
    assert list(batch.segments) == [0, 15, 30]
    assert dict(batch.dropped) == {"breaks: jump": 1}
    stray = lon.copy()
    stray[15] += 0.05
    for sport in ("Run", "Unknown", "Flying"):
        batch = clean(recording(stray, lat, time), max_speed(sport), ())
        assert list(batch.segments) == [0, 29]
        assert dict(batch.dropped) == {"fixes astray between jumps": 1}
        assert batch.breaks == (0, 0)
    # A receiver that repeats what is wrong is no better.
    stray[15:19] = stray[15]
    batch = clean(recording(stray, lat, time), 12, ())
    assert list(batch.segments) == [0, 26]
    # Two that differ are a movement: kept, and broken off.
    stray[16:19] += 1e-4
    batch = clean(recording(stray, lat, time), 12, ())
    assert batch.fixes == 30
    assert dict(batch.dropped) == {"breaks: jump": 2}


def test_without_a_sport_an_airliner_is_the_limit():
    batch = clean(recording(*line(1800, 250, 1)), max_speed("Unknown"), ())
    assert (batch.fixes, list(batch.segments), dict(batch.dropped)) == (1800, [0, 1800], {})
    assert kilometres(batch) == pytest.approx(449.75, rel=1e-3)
    train = clean(recording(*line(200, 2400, 30)), max_speed("Unknown"), ())
    assert (train.fixes, list(train.segments)) == (200, [0, 200])
    # What nothing can fly is a fault all the same.
    assert clean(recording(*line(30, [250] * 14 + [60_000] + [250] * 14, 1)), max_speed("Unknown"), ()).dropped == {
        "breaks: jump": 1
    }


def test_a_bus_in_a_hike_is_broken_off_and_loses_no_fix():
    steps, lapse = [1.3] * 300 + [110.0] * 120 + [1.3] * 300, [1.0] * 300 + [5.0] * 120 + [1.0] * 300
    batch = clean(recording(*line(721, steps, lapse)), max_speed("Hike"), ())
    assert batch.fixes == 721
    # Its first and last step show that nobody hiked; in between it is drawn as a movement of its own.
    assert list(batch.segments) == [0, 301, 420, 721]
    assert dict(batch.dropped) == {"breaks: jump": 2}
    assert batch.breaks == (220, pytest.approx(13_980, abs=5))


def test_positions_that_are_repeated_have_had_time():
    # A transponder that says its last position until it has another: 232 m/s, once every four seconds.
    lon, lat, time = line(200, 232, 1)
    every = np.arange(200) // 4 * 4
    batch = clean(recording(lon[every], lat, time), max_speed("Unknown"), ())
    assert (batch.fixes, list(batch.segments), dict(batch.dropped)) == (200, [0, 200], {})


def test_who_stood_and_went_on_in_time_leaves_no_gap_but_an_old_position_does():
    # A phone says for half an hour that it has not moved, and two minutes later that it is 2 km away.
    home = line(130, [0.0] * 15 + [2000] + [15.0] * 113, [120.0] * 16 + [1.0] * 113)
    assert list(clean(recording(*home), max_speed("Ride"), ()).segments) == [0, 130]
    # In a tunnel a receiver repeats its last position for ten minutes, and is 5 km away a second later.
    frozen = line(1000, [5.0] * 200 + [0.0] * 600 + [5000] + [5.0] * 198, 1)
    batch = clean(recording(*frozen), max_speed("Ride"), ())
    assert list(batch.segments) == [0, 801, 1000]
    assert dict(batch.dropped) == {"breaks: gap in time": 1}


def test_spoofed_positions_are_told_from_the_flight():
    lon, lat, time = line(400, 230, 1)
    wrong = np.arange(400) % 7 == 3
    wrong[198:208] = True  # one alone is astray, ten together are somewhere else
    batch = clean(recording(lon, np.where(wrong, 44.0, lat), time), max_speed("Unknown"), ())
    assert not batch.warnings  # positions jump, the clock is right
    assert dict(batch.dropped) == {"fixes astray between jumps": 55, "breaks: jump": 2}
    assert np.diff(batch.segments).tolist() == [170, 10, 165]


def test_gaps_are_what_stands_out_of_the_rhythm():
    sparse = clean(recording(*line(60, 700, 600)), max_speed("Hike"), ())
    assert list(sparse.segments) == [0, 60]
    assert kilometres(sparse) == pytest.approx(41.3, rel=1e-3)
    tunnel = line(400, [5] * 200 + [12_000] + [5] * 198, [1] * 200 + [361] + [1] * 198)
    batch = clean(recording(*tunnel), max_speed("Ride"), ())
    assert list(batch.segments) == [0, 201, 400]
    assert dict(batch.dropped) == {"breaks: gap in time": 1}
    assert batch.breaks == (pytest.approx(12_000, abs=5), pytest.approx(13_990, abs=5))
    # Silence at one place is no gap: up to 500 m are joined whatever the time.
    pause = line(400, [5] * 200 + [450] + [5] * 198, [1] * 200 + [30_000] + [1] * 198)
    assert list(clean(recording(*pause), max_speed("Ride"), ()).segments) == [0, 400]
    # Of a ping every ten minutes two may be lost, but not fifteen; in a phone's sparse hours none stands out.
    for factor, segments in ((3, 1), (15, 2)):
        lost = line(61, [700] * 30 + [700 * factor] + [700] * 29, [600] * 30 + [600 * factor] + [600] * 29)
        assert len(clean(recording(*lost), 8, ()).segments) == segments + 1
    phone = line(2031, [1.4] * 1000 + [800] * 30 + [1.4] * 1000, [1] * 1000 + [900] * 30 + [1] * 1000)
    assert list(clean(recording(*phone), 8, ()).segments) == [0, 2031]


def test_times_that_were_worked_out_from_a_speed_make_no_gaps():
    rng = np.random.default_rng(3)
    metres = rng.exponential(130, 299) + 4
    metres[100] = 9000  # straight across a lake
    batch = clean(recording(*line(300, metres, np.round(metres / 1.34))), max_speed("Unknown"), ())
    assert list(batch.segments) == [0, 300]
    # A recorder with a rhythm is no planner, however steady who carries it.
    lost = line(300, [2.7] * 150 + [9000] + [2.7] * 148, [2] * 150 + [6667] + [2] * 148)
    assert list(clean(recording(*lost), 12, ()).segments) == [0, 151, 300]


@pytest.mark.parametrize(
    ("gaps", "segments", "reason"),
    [
        (Gaps(), 2, "breaks: gap in time"),
        (Gaps(time=400), 1, None),
        (Gaps(time=60), 3, "breaks: gap in time"),
        (Gaps(distance=20_000), 1, None),
        (Gaps(distance=100), 3, "breaks: gap in distance"),
        (Gaps(time=400, distance=20_000), 1, None),
        (Gaps(time=60, distance=20_000), 3, "breaks: gap in time"),
    ],
)
def test_what_is_said_of_gaps_takes_the_place_of_the_rhythm(gaps, segments, reason):
    steps = [5] * 100 + [12_000] + [5] * 100 + [300] + [5] * 100
    lapse = [1] * 100 + [361] + [1] * 100 + [200] + [1] * 100
    batch = clean(recording(*line(303, steps, lapse)), 35, (), gaps)
    assert batch.fixes == 303
    assert len(batch.segments) == segments + 1
    assert dict(batch.dropped) == ({reason: segments - 1} if reason else {})


def test_a_clock_that_cannot_be_is_distrusted_not_the_track():
    rng = np.random.default_rng(5)
    metres = rng.exponential(200, 44) + 30
    lon, lat, time = line(45, metres, metres / 1500)
    batch = clean(recording(lon, lat, time), max_speed("Unknown"), ())
    assert (batch.fixes, list(batch.segments), dict(batch.dropped)) == (45, [0, 45], {})
    assert np.isnan(batch.time).all()
    (warning,) = batch.warnings
    assert "its clock cannot be trusted" in warning
    # So are those that run backwards all the way.
    back = clean(recording(lon, lat, time[0] - 1000 * (time - time[0])), 12, ())
    assert (list(back.segments), len(back.warnings)) == ([0, 45], 1)
    # Positions all over the place are no track, and their clock is right.
    lost = clean(recording(rng.uniform(0, 20, 60), rng.uniform(40, 50, 60), 1.7e9 + np.arange(60)), 12, ())
    assert not lost.warnings
    assert len(lost.segments) > 40


def test_a_repeated_fix_with_an_older_time_is_no_break():
    lon, lat, time = walk(30)
    lon[15], time[15] = lon[14], time[14] - 3.7
    batch = clean(recording(lon, lat, time), 12, ())
    assert (batch.fixes, list(batch.segments)) == (30, [0, 30])
    assert dict(batch.dropped) == {"times out of order": 1}
    time[20] += 4000  # nor is one that is newer than all that follow
    assert list(clean(recording(lon, lat, time), 12, ()).segments) == [0, 30]


def test_a_fast_sport_may_do_what_a_slow_one_may_not():
    lon, lat, time = walk(10, step=3e-3)  # 220 m/s
    assert len(clean(recording(lon, lat, time), 350, ()).segments) == 2
    assert len(clean(recording(lon, lat, time), 12, ()).segments) > 2


def test_without_times_a_step_that_stands_out_breaks():
    lon, lat, _ = walk(10)
    lon[5:] += 0.02
    batch = clean(recording(lon, lat), 12, ())
    assert list(batch.segments) == [0, 5, 10]
    assert dict(batch.dropped) == {"breaks: gap in distance": 1}
    assert batch.breaks[0] == pytest.approx(1502, abs=2)


def test_points_far_apart_without_times_keep_all_their_fixes():
    batch = clean(recording(*line(12, 899)), max_speed("Run"), ())
    assert (batch.fixes, list(batch.segments), dict(batch.dropped)) == (12, [0, 12], {})
    assert kilometres(batch) == pytest.approx(9.89, rel=1e-3)


@pytest.mark.parametrize(
    ("day", "kept"),
    [
        ("1949-08-23T06:00", True),
        ("1854-06-26T12:00", True),
        ("1979-12-20T00:00", True),
        ("0001-01-01T00:00", False),
        ("1601-01-01T00:00", False),
        ("1901-12-13T20:45:52", False),
        ("1970-01-01T00:00", False),
        ("1980-01-06T00:00", False),
        ("1989-12-31T00:03", False),
        ("7605-03-01T00:00", False),
    ],
)
def test_old_times_are_real_but_those_of_clocks_never_set(day, kept):
    start = float(np.datetime64(day, "s").astype(np.int64))
    assert is_believable(start) == kept
    # A walk of minutes for the clocks, a storm of days for the times; one that passes an epoch is real too.
    lon, lat, time = walk(20)
    batch = clean(recording(lon, lat, start + time - time[0]), 12, ())
    assert np.isfinite(batch.time).all() == kept
    assert batch.fixes == 20
    assert dict(batch.dropped) == ({} if kept else {"times that cannot be": 20})
    if "1970" in day or "1980" in day:
        storm = clean(recording(*line(30, 90_000, 21_600, start=start - 4 * 86400)), max_speed("Unknown"), ())
        assert np.isfinite(storm.time).all()
        assert list(storm.segments) == [0, 30]


def test_a_clock_that_is_set_on_the_way_loses_the_times_before():
    lon, lat, time = walk(30)
    time[:10] = 315_964_800 + np.arange(10)
    batch = clean(recording(lon, lat, time), 12, ())
    assert dict(batch.dropped) == {"times that cannot be": 10}
    assert np.isnan(batch.time[:10]).all()
    assert np.isfinite(batch.time[10:]).all()


def test_the_antimeridian_is_crossed_by_the_short_way():
    lon = np.array([179.999, -179.999, -179.998, 179.9995])
    batch = clean(recording(lon, np.zeros(4) + 5, 1e9 + 60.0 * np.arange(4)), 12, ())
    assert list(batch.segments) == [0, 4]
    assert np.abs(np.diff(batch.u)).max() < 1e-4
    np.testing.assert_allclose(batch.u % 1, from_lonlat(lon, lon)[0] % 1, atol=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_whatever_comes_in_what_goes_out_is_sound(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 60))
    odd = np.array([NAN, np.inf, -np.inf, 0, 90, 180, -180, 1e308, 85.06])
    lon, lat = rng.uniform(-180, 180, n), rng.uniform(-90, 90, n)
    time = 1e9 + rng.normal(0, 1e3, n)
    for values in (lon, lat, time):
        put = rng.random(n) < 0.2
        values[put] = rng.choice(odd, put.sum())
    starts = np.sort(rng.integers(0, n + 3, 3))
    batch = clean(recording(lon, lat, time, segments=starts), float(rng.uniform(1, 1e4)), ())
    assert np.isfinite(batch.u).all()
    assert ((batch.v >= -1e-12) & (batch.v <= 1 + 1e-12)).all()
    assert batch.segments[0] == 0
    assert batch.segments[-1] == batch.fixes
    assert (np.diff(batch.segments) > 0).all() or not batch.fixes
    fixes_lost = sum(count for reason, count in batch.dropped.items() if reason.startswith("fixes"))
    assert batch.fixes == n - fixes_lost
    for first, last in zip(batch.segments[:-1], batch.segments[1:], strict=True):
        assert (np.abs(np.diff(batch.u[first:last])) <= 0.5).all()
        known = batch.time[first:last][np.isfinite(batch.time[first:last])]
        assert (np.diff(known) >= 0).all()


def odd_recording(rng):
    """Tracks of all rhythms, with what goes wrong in them."""
    n, kind = int(rng.integers(0, 60)), rng.integers(0, 7)
    heading = np.cumsum(rng.normal(0, 0.3, n))
    metres = rng.choice([2, 20, 300, 3000]) * rng.exponential(1, n)
    lon = 11 + np.cumsum(metres * np.cos(heading)) / 75e3
    lat = 47 + np.cumsum(metres * np.sin(heading)) / 111e3
    lapse = rng.choice([1, 5, 60, 600, 3600]) * rng.integers(1, 4, n).astype(float)
    time = 1.6e9 + np.cumsum({1: metres / 1.3, 2: metres / 3000}.get(int(kind), lapse))
    for fault in rng.integers(0, 6, rng.integers(0, 4)) if n else ():
        i = rng.integers(0, n)
        if fault == 0:
            lon[i] += rng.normal(0, 0.05)
        elif fault == 1:
            lon[i:] += rng.normal(0, 0.2)
        elif fault == 2:
            lon[i : i + 5], lat[i : i + 5] = lon[i], lat[i]
        elif fault == 3:
            time[i:] += rng.choice([1e3, 1e4, -50, -5])
        elif fault == 4:
            time[i] += rng.normal(0, 20)
        else:
            time[i : i + rng.integers(1, 8)] = NAN
    if kind == 3:
        time[:] = NAN
    elif kind == 4:
        lon = (lon + 168.95 + 180) % 360 - 180
    starts = np.sort(rng.integers(0, n + 2, 2)) if kind == 5 else np.zeros(0, int)
    return recording(lon, lat, time, segments=starts)


@given(st.integers(0, 2**32 - 1))
def test_cleaning_is_what_its_slow_twin_says(seed):
    rng = np.random.default_rng(seed)
    made, speed = odd_recording(rng), float(rng.choice([8, 12, 35, 350]))
    gaps = Gaps(*(float(rng.choice([100, 1000])) if said else None for said in rng.random(2) < 0.3))
    batch = clean(made, speed, (), gaps)
    kept, begins, counts = twin(made, speed, gaps.time, gaps.distance)
    assert dict(batch.dropped) == counts
    assert batch.segments[:-1].tolist() == begins
    np.testing.assert_allclose(to_lonlat(batch.u, batch.v)[1], made.lat[kept], atol=1e-9)
    again = clean(made, speed, (), gaps)
    assert again.u.tobytes() == batch.u.tobytes()
    assert again.time.tobytes() == batch.time.tobytes()
