"""Cleaning: what cannot be true goes, and is counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heatlas.batch import Activity, Recording
from heatlas.clean import clean
from heatlas.mercator import from_lonlat, to_lonlat

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


def test_breaks():
    lon, lat, time = walk(30)
    time[10:] += 400
    time[20:] -= 500
    batch = clean(recording(lon, lat, time, segments=np.array([0, 5])), 12, ())
    assert list(batch.segments) == [0, 5, 10, 20, 30]
    assert dict(batch.dropped) == {"breaks: gap in time": 1, "breaks: clock runs backwards": 1}


def test_a_jump_breaks_and_a_stray_fix_is_skipped():
    lon, lat, time = walk(30)
    jumped = lon.copy()
    jumped[15:] += 0.05
    batch = clean(recording(jumped, lat, time), 12, ())
    assert list(batch.segments) == [0, 15, 30]
    assert dict(batch.dropped) == {"breaks: jump": 1}
    stray = lon.copy()
    stray[15] += 0.05
    batch = clean(recording(stray, lat, time), 12, ())
    assert list(batch.segments) == [0, 29]
    assert dict(batch.dropped) == {"fixes astray between jumps": 1}


def test_a_fast_sport_may_do_what_a_slow_one_may_not():
    lon, lat, time = walk(10, step=3e-3)  # 220 m/s
    assert len(clean(recording(lon, lat, time), 350, ()).segments) == 2
    assert len(clean(recording(lon, lat, time), 12, ()).segments) > 2


def test_without_times_a_wide_step_breaks():
    lon, lat, _ = walk(10)
    lon[5:] += 0.02
    batch = clean(recording(lon, lat), 12, ())
    assert list(batch.segments) == [0, 5, 10]
    assert dict(batch.dropped) == {"breaks: gap in distance": 1}


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
