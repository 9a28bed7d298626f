from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.batch import Activity, Batch
from heatlas.core.mercator import from_lonlat
from heatlas.tracks.duplicates import find_duplicates

NOON = 1_600_000_000.0
DEGREE = 111_320.0


def batch(lon, lat, when, source="a.gpx", columns=(), **attributes):
    u, v = from_lonlat(np.asarray(lon, float), np.asarray(lat, float))
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
def test_a_watch_and_a_phone_are_one(noise):
    for seed in range(8):
        lon, lat, when = run(seed)
        watch, phone = noisy(lon, lat, noise, 100 + seed), noisy(lon, lat, noise, 200 + seed)
        late, offset = slice(20 + seed, None, 1 + seed % 4), 5.0 * (seed - 4)
        pair = [batch(*watch, when, "watch.fit"), batch(*(c[late] for c in phone), when[late] + offset, "phone.gpx")]
        assert find_duplicates(pair) == [(1, 0)]


def test_two_people_side_by_side_are_two_when_a_table_tells_them_apart():
    for seed in range(8):
        lon, lat, when = run(seed)
        hers, his = noisy(lon, lat, 3, 100 + seed), noisy(lon, lat, 3, 200 + seed)
        pair = [batch(*hers, when, "t.csv/a", id="a"), batch(*his, when, "t.csv/b", id="b")]
        assert find_duplicates(pair) == []
        # One and the same recording under two ids is one all the same.
        twin = [batch(*hers, when, "t.csv/a", id="a"), batch(*hers, when, "t.csv/b", id="b")]
        assert find_duplicates(twin) == [(1, 0)]


@pytest.mark.parametrize("fixes", [1, 2, 600])
def test_ships_at_one_berth_are_two_when_a_table_tells_them_apart(fixes):
    when = NOON + 10.0 * np.arange(fixes)
    place = np.full(fixes, 24.9), np.full(fixes, 60.1)
    assert find_duplicates([batch(*place, when, f"t.csv/{k}", id=str(k)) for k in "abc"]) == []
    nowhen = np.full(fixes, np.nan)
    assert find_duplicates([batch(*place, nowhen, f"{k}.gpx") for k in "abc"]) == []


def test_a_walk_within_the_log_of_a_whole_day_is_kept_beside_it():
    lon, lat, when = run(3, n=3000)
    day = np.concatenate([np.arange(when[0] - 30_000, when[0], 60), when[::60], when[-1] + np.arange(60, 30_000, 60)])
    other = run(8, n=500, at=(lon[0], lat[0]))
    before, after = sum(day < when[0]), sum(day > when[-1])
    path = [
        np.concatenate([o[:before][::-1], c[::60], c[-1] + o[:after] - o[0]])
        for o, c in zip(other[:2], (lon, lat), strict=True)
    ]
    pair = [batch(lon, lat, when, "run.fit"), batch(*noisy(*path, 3, 5), day, "day.gpx")]
    assert find_duplicates(pair) == []


@pytest.mark.parametrize("hours", [1.0, -2.0, 5.75, -9.5, 13.0])
@pytest.mark.parametrize("every", [1, 3])
def test_a_clock_of_another_time_zone_is_forgiven(hours, every):
    lon, lat, when = run()
    other = batch(lon[::every].round(5), lat[::every].round(5), when[::every] + 3600 * hours, "b")
    assert find_duplicates([batch(lon, lat, when), other]) == [(1, 0)]


@pytest.mark.parametrize("seconds", [17.0, -18.0, 37.0, 3.0])
@pytest.mark.parametrize("speed", [1.2, 8.0])
def test_leap_seconds_are_forgiven(seconds, speed):
    lon, lat, when = run(speed=speed)
    assert find_duplicates([batch(lon, lat, when), batch(lon.round(5), lat.round(5), when + seconds, "b")]) == [(1, 0)]
    late = slice(900, 1700)
    assert find_duplicates([batch(lon, lat, when), batch(lon[late], lat[late], when[late] + seconds, "b")]) == [(1, 0)]


@pytest.mark.parametrize("noise", [1.0, 2.0, 4.0])
def test_the_same_way_a_quarter_of_an_hour_later_is_another_activity(noise):
    """A ferry, or laps of a track: one path, one rhythm, at whole quarters; only the errors of the device differ."""
    lon, lat, when = run(2)
    for k, hours in enumerate((0.5, 1.0, 2.25, 12.0)):
        pair = [
            batch(*noisy(lon, lat, noise, 7 + k), when),
            batch(*noisy(lon, lat, noise, 70 + k), when + 3600 * hours),
        ]
        assert find_duplicates(pair) == []


def test_a_day_at_one_desk_is_not_the_next_one():
    seat = np.full(3000, 19.04), np.full(3000, 47.5)
    pair = [batch(*seat, NOON + np.arange(3000.0)), batch(*seat, NOON + 3600 * 4 + np.arange(3000.0))]
    assert find_duplicates(pair) == []


def test_commutes_are_as_many_as_there_were():
    lon, lat, when = run(4, n=1200, speed=6.0)
    there = [batch(*noisy(lon, lat, 3, k), when + 86_400 * k, f"{k:03}") for k in range(60)]
    assert find_duplicates(there) == []
    # Among them, a copy by local time, one without times, and a thinned one without.
    copies = [
        batch(*noisy(lon, lat, 3, 17), when + 86_400 * 17 + 7200, "z1"),
        batch(*(c.round(5) for c in noisy(lon, lat, 3, 30)), np.full(1200, np.nan), "z2"),
        batch(*(c[::5].round(5) for c in noisy(lon, lat, 3, 41)), np.full(240, np.nan), "z3"),
    ]
    assert find_duplicates([*there, *copies]) == [(60, 17), (61, 30), (62, 41)]


@pytest.mark.parametrize("every", [2, 3, 10, 25])
@pytest.mark.parametrize("first", [0, 1])
def test_a_thinned_copy_without_times_is_found(every, first):
    lon, lat, when = run(5, n=2400)
    thin = slice(first, None, every)
    untimed = batch(lon[thin].round(5), lat[thin].round(5), np.full(len(lon[thin]), np.nan), "b")
    assert find_duplicates([batch(lon, lat, when), untimed]) == [(1, 0)]
    both = [batch(lon, lat, np.full(2400, np.nan), "a"), untimed]
    assert find_duplicates(both) == [(1, 0)]


@pytest.mark.parametrize("at", [(19.04, 0.5), (24.9, 60.2), (179.99, -45.0)])
@pytest.mark.parametrize("cut", [(100, 120), (40, 0), (140, 0), (0, 140)])
@pytest.mark.parametrize("every", [1, 7])
def test_a_copy_without_times_may_be_cut_at_its_ends(at, cut, every):
    lon, lat = (line[0] + np.arange(1800) * 3 / DEGREE for line in run(at=at)[:2])  # 5.4 km to the north-east
    wave = 1e-3 * np.sin(np.arange(1800) / 200)
    when = NOON + np.arange(1800.0)
    piece = slice(cut[0], 1800 - cut[1], every)
    untimed = batch((lon + wave)[piece].round(5), lat[piece].round(5), np.nan * when[piece], "b")
    assert find_duplicates([batch(lon + wave, lat, when), untimed]) == [(1, 0)]
    another_day = batch(*noisy(lon + wave, lat, 3, 1), when, "a")
    assert find_duplicates([another_day, untimed]) == []
    short = slice(300, 1500, every)
    part = batch((lon + wave)[short], lat[short], np.nan * when[short], "c")
    assert find_duplicates([batch(lon + wave, lat, when), part]) == []


def test_planned_routes_that_begin_apart_are_two():
    lon, lat, when = run(6, n=1800)
    plans = [batch(lon[k:], lat[k:], np.nan * when[k:], str(k)) for k in (0, 120)]
    assert find_duplicates(plans) == []


def at_home(lon, lat, when, hours):
    """A log that goes on for hours, a fix each, where a way ends."""
    rest = noisy(np.full(hours, lon[-1]), np.full(hours, lat[-1]), 8, hours)
    later = when[-1] + 3600.0 * np.arange(1, hours + 1)
    return [np.concatenate(lines) for lines in ((lon, rest[0]), (lat, rest[1]), (when, later))]


def backwards(lon, lat, when):
    return lon[::-1], lat[::-1], (2 * NOON - when)[::-1]


@pytest.mark.parametrize("late", range(0, 3600, 900))
@pytest.mark.parametrize("turned", [lambda *lines: lines, backwards])
def test_a_day_of_rest_after_a_run_or_before_it_makes_it_no_other_run(late, turned):
    lon, lat, when = run(3, n=2400, start=NOON + late)
    phone = at_home(lon[::30], lat[::30], when[::30], 23)
    watch = *noisy(lon, lat, 2, 4), when
    pair = [batch(*turned(*phone), "phone.gpx"), batch(*turned(*watch), "watch.fit", ["heart_rate"])]
    assert find_duplicates(pair) == [(0, 1)]
    assert find_duplicates(pair[::-1]) == [(1, 0)]
    # A watch that heard half of the run does not stand for it, nor for what was done in the hours of rest.
    half = [line[:1200] for line in watch]
    other = run(8, n=2400, at=(lon[-1], lat[-1]), start=when[-1] + 5 * 3600)
    made = [batch(*turned(*phone), "phone.gpx"), *(batch(*turned(*way), f"{way[2][0]}.fit") for way in (half, other))]
    assert find_duplicates(made) == []


def test_without_times_another_run_on_the_same_way_and_half_of_one_are_none():
    lon, lat, when = run(6, n=2400)
    nothing = np.full(2400, np.nan)
    again = batch(*noisy(lon, lat, 3, 1), nothing, "b")
    half = batch(lon[:1200], lat[:1200], nothing[:1200], "c")
    assert find_duplicates([batch(*noisy(lon, lat, 3, 2), when), again, half]) == []
    lap = np.tile(lon[:400], 3), np.tile(lat[:400], 3)
    laps = [batch(*lap, nothing[:1200], "a"), batch(lap[0][:800], lap[1][:800], nothing[:800], "b")]
    assert find_duplicates(laps) == []


def test_one_route_on_two_days_is_two_runs():
    lon, lat, when = run()
    again = batch(lon, lat, when + 86_400)
    assert find_duplicates([batch(lon, lat, when), again]) == []


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
    assert seconds(1200) < 30 * max(seconds(150), 0.01), "eight times the tracks, quadratic would be 64 times"


def test_one_activity_in_several_formats(shared_data):
    from heatlas.sources.load import load

    _, report = load([shared_data / "sports-alliance-sports-lib/src/specs/fixtures"])
    pairs = {tuple(file.rpartition("/fixtures/")[2] for file in pair[:2]) for pair in report.duplicates}
    assert pairs == {
        ("runs/gpx/2067489619.gpx", "runs/fit/2067489619.fit"),
        ("runs/fit/6909950168.fit", "runs/fit/6909950168-no-pause-records.fit"),
    }
