from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heatlas.batch import Activity, Batch
from heatlas.duplicates import find_duplicates
from heatlas.mercator import from_lonlat

NOON = 1_600_000_000.0
DEGREE = 111_320.0


def batch(lon, lat, when, source="a.gpx", columns=(), **attributes):
    u, v = from_lonlat(lon, lat)
    n = len(u)
    return Batch(
        u=u,
        v=v,
        time=np.asarray(when, float),
        progress=np.arange(n, dtype=float),
        columns={column: np.ones(n, np.float32) for column in columns},
        segments=np.array([0, n]),
        tracks=np.array([0, 1]),
        activities=(Activity(source=source, **attributes),),
    )


def run(seed=0, n=1800, speed=3.0, start=NOON, at=(19.04, 47.5)):
    """A wandering run at one fix per second: lon, lat, time."""
    rng = np.random.default_rng(seed)
    heading = rng.uniform(0, 6.28) + np.cumsum(rng.normal(0, 0.05, n))
    north = np.cumsum(np.sin(heading)) * speed / DEGREE
    east = np.cumsum(np.cos(heading)) * speed / DEGREE / np.cos(np.radians(at[1]))
    return at[0] + east, at[1] + north, start + np.arange(n, dtype=float)


def noisy(lon, lat, metres, seed):
    """GPS error of a device: correlated over a minute, as it is in truth."""
    rng = np.random.default_rng(seed)
    error = np.zeros((2, len(lon)))
    for k in range(1, len(lon)):
        error[:, k] = error[:, k - 1] * (1 - 1 / 60) + rng.normal(0, metres * np.sqrt(2 / 60), 2)
    return lon + error[0] / DEGREE / np.cos(np.radians(lat)), lat + error[1] / DEGREE


def test_fit_and_gpx_of_one_run_are_one():
    lon, lat, when = run()
    fit = batch(lon, lat, when, "b.fit", ["heart_rate", "power"])
    gpx = batch(lon.round(5), lat.round(5), when, "a.gpx")
    assert find_duplicates([fit, gpx]) == [(1, 0)]
    assert find_duplicates([gpx, fit]) == [(0, 1)]


def test_a_cut_copy_yields_to_the_whole():
    lon, lat, when = run()
    whole = batch(lon.round(5), lat.round(5), when, "z.gpx")
    for cut in (slice(0, 900), slice(700, 1500), slice(1500, None)):
        part = batch(lon[cut], lat[cut], when[cut], "a.fit", ["heart_rate"])
        assert find_duplicates([part, whole]) == [(0, 1)]


def test_two_halves_of_one_run_are_both_kept_without_the_whole():
    lon, lat, when = run()
    first = batch(lon[:1000], lat[:1000], when[:1000])
    second = batch(lon[900:], lat[900:], when[900:])
    assert find_duplicates([first, second]) == []
    whole = batch(lon, lat, when)
    assert find_duplicates([first, second, whole]) == [(0, 2), (1, 2)]


def test_what_hangs_together_by_a_short_piece_is_kept():
    lon, lat, when = run()
    pieces = [batch(lon[s], lat[s], when[s]) for s in (slice(0, 1000), slice(850, 1000), slice(850, None))]
    assert find_duplicates(pieces) in ([(1, 0)], [(1, 2)])


@pytest.mark.parametrize("every", [2, 7, 30])
def test_a_thinned_copy_is_found(every):
    lon, lat, when = run()
    full = batch(lon, lat, when)
    assert find_duplicates([batch(lon[::every], lat[::every], when[::every]), full]) == [(0, 1)]


@pytest.mark.parametrize("shift", [-1.0, -0.4, 0.5, 1.0])
def test_a_clock_that_was_rounded_is_forgiven(shift):
    lon, lat, when = run(speed=8.0)
    cut = batch(lon[300:1200], lat[300:1200], when[300:1200] + shift)
    assert find_duplicates([cut, batch(lon, lat, when)]) == [(0, 1)]


@pytest.mark.parametrize("noise", [1.5, 3.0, 6.0])
@pytest.mark.parametrize("beside", [0.0, 1.5])
def test_two_people_side_by_side_are_two(noise, beside):
    for seed in range(12):
        lon, lat, when = run(seed)
        hers = noisy(lon, lat, noise, 100 + seed)
        his = noisy(lon, lat + beside / DEGREE, noise, 200 + seed)
        late = slice(4 + seed, None)
        pair = [batch(*hers, when, "hers.fit"), batch(his[0][late], his[1][late], when[late], "his.fit")]
        assert find_duplicates(pair) == []


def test_one_route_on_two_days_is_two_runs():
    lon, lat, when = run()
    again = batch(lon, lat, when + 86_400)
    assert find_duplicates([batch(lon, lat, when), again]) == []


def test_one_after_the_other_on_one_route_are_two():
    lon, lat, when = run()
    assert find_duplicates([batch(lon, lat, when), batch(lon, lat, when + 20)]) == []


@pytest.mark.parametrize("times", [np.nan, 0.0, 4.2e11])
def test_without_times_equal_positions_in_order_count(times):
    lon, lat, when = run()
    other = run(seed=9)
    timeless = np.full(len(lon), times)
    made = [
        batch(lon, lat, timeless, "a"),
        batch(lon.round(5), lat.round(5), timeless, "b"),
        batch(*other[:2], timeless, "c"),
        batch(lon[::-1], lat[::-1], timeless, "d"),
    ]
    assert find_duplicates(made) == [(1, 0)]
    assert find_duplicates([*made[1:], batch(lon, lat, when, "z", ["heart_rate"])]) == [(0, 3)]


def test_single_fixes_of_two_days_are_two():
    home = np.array([19.0]), np.array([47.0])
    assert find_duplicates([batch(*home, [NOON]), batch(*home, [NOON + 86_400])]) == []
    assert find_duplicates([batch(*home, [NOON]), batch(*home, [NOON])]) == [(1, 0)]


def test_copies_on_either_side_of_the_antimeridian_meet():
    lon, lat, when = run(at=(179.99, -17.0))
    east = batch(lon, lat, when, "a")
    west = batch(lon - 360, lat, when, "b")
    assert find_duplicates([east, west]) == [(1, 0)]


def test_a_tie_goes_to_the_first_name_and_attributes_count():
    lon, lat, when = run()
    plain = [batch(lon, lat, when, name) for name in ("c", "a", "b")]
    assert find_duplicates(plain) == [(0, 1), (2, 1)]
    named = batch(lon, lat, when, "z", name="Morning", sport="Run")
    assert find_duplicates([*plain, named]) == [(0, 3), (1, 3), (2, 3)]


def test_nothing_comes_of_nothing():
    empty = batch(np.zeros(0), np.zeros(0), [])
    assert find_duplicates([]) == []
    assert find_duplicates([empty, empty]) == []


@given(st.permutations(range(9)))
def test_the_order_of_the_files_changes_nothing(order):
    made = []
    for seed in range(3):
        lon, lat, when = run(seed, n=200, start=NOON + 1000 * seed)
        made.append(batch(lon, lat, when, f"{seed}.fit", ["power"]))
        made.append(batch(lon.round(5), lat.round(5), when, f"{seed}.gpx"))
        made.append(batch(lon[:150], lat[:150], when[:150], f"{seed}.cut"))
    found = find_duplicates([made[k] for k in order])
    assert sorted((order[a], order[b]) for a, b in found) == [(1, 0), (2, 0), (4, 3), (5, 3), (7, 6), (8, 6)]


@pytest.mark.parametrize("kind", ["copies", "no times", "equal times", "one place and time"])
def test_the_cost_does_not_grow_with_the_pairs(kind):
    def made(count):
        lon, lat, when = run(n=120)
        for k in range(count):
            if kind == "one place and time":
                lon, lat, _ = run(k, n=120)
            times = {"no times": np.nan * when, "equal times": np.full(120, NOON)}.get(kind, when)
            yield batch(lon, lat, times, f"{k:05}")

    def seconds(count):
        batches = list(made(count))
        started = time.process_time()
        found = find_duplicates(batches)
        assert kind == "one place and time" or len(found) == count - 1
        return time.process_time() - started

    seconds(20)
    assert seconds(2000) < 30 * max(seconds(250), 0.01), "eight times the tracks, quadratic would be 64 times"


def test_one_activity_in_several_formats(shared_data):
    from heatlas.sources.load import load

    _, report = load([shared_data / "sports-alliance-sports-lib/src/specs/fixtures"])
    pairs = {tuple(file.rpartition("/fixtures/")[2] for file in pair) for pair in report.duplicates}
    assert pairs == {
        ("runs/gpx/2067489619.gpx", "runs/fit/2067489619.fit"),
        ("runs/fit/6909950168.fit", "runs/fit/6909950168-no-pause-records.fit"),
    }
