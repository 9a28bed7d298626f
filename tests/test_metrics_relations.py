"""Relations: planes against a plain twin, and what is made of them against the formulas that they are named after."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import slow_metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from library_made import walks
from slow import make_batch

import heatlas
from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.raster.draw_tracks import draw
from heatlas.raster.measure import parse_measure, related
from heatlas.raster.passages import Passages, add_passages
from heatlas.raster.reductions import LAYOUTS
from heatlas.raster.relations import FEWEST, Prior, correlation, fit_prior, residual, slope, sureness
from heatlas.tracks.metrics import METRICS, Motion
from heatlas.tracks.metrics.evaluation import Columns
from heatlas.tracks.metrics.means import means_of, moments_of
from heatlas.tracks.metrics.model import MODELLED, Model, fit_model, levels, terms

NAMES = ("n", "x", "y", "xx", "yy", "xy")


def window(zoom=15, size=256, lat=47.8, lon=10.9):
    u, v = from_lonlat(lon, lat)
    scale = 256.0 * 2**zoom
    return Window(scale, int(u * scale) - size // 2, int(v * scale) - size // 2, size, size)


def added(passages, measure, pixels):
    planes = {name: np.zeros(pixels) for name in parse_measure(measure).layout.names}
    slots = np.full(pixels, -1, np.int32)
    add_passages(passages, parse_measure(measure), planes, slots)
    assert (slots == -1).all()
    return planes


def some_passages(seed, activities=5, pixels=6, unknown=0.2):
    """Passages with any values, and activities some of whose means are unknown."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 12, activities)
    total = int(counts.sum())

    def values(low, high, count):
        found = rng.uniform(low, high, count)
        found[rng.random(count) < unknown] = np.nan
        return found

    known = {"pace": values(0.2, 1, total), "steady_heart_rate": values(90, 190, total)}
    means = {"pace": values(0.3, 0.5, activities), "steady_heart_rate": values(120, 160, activities)}
    bounds = np.concatenate([[0], np.cumsum(counts)])
    return Passages(rng.integers(0, pixels, total), bounds, Columns(known, total), Columns(means, activities))


def plain(passages, digits_x, digits_y, x="pace", y="steady_heart_rate"):
    """Planes by the twin: pixel -> exact numbers."""
    voices = []
    for k in range(len(passages.bounds) - 1):
        pixels = defaultdict(list)
        for p in range(passages.bounds[k], passages.bounds[k + 1]):
            pixels[int(passages.cells[p])].append((float(passages.columns[x][p]), float(passages.columns[y][p])))
        voices.append((float(passages.means[x][k]), float(passages.means[y][k]), pixels))
    return slow_metrics.pairs_of_voices(voices, digits_x, digits_y)


@given(st.integers(0, 2**32 - 1))
def test_planes_are_those_of_the_twin_to_the_last_bit(seed):
    passages = some_passages(seed)
    planes = added(passages, "corr(pace,heart_rate)", 6)
    expected = plain(passages, METRICS["pace"].exact, METRICS["steady_heart_rate"].exact)
    for pixel in range(6):
        assert [planes[name][pixel] for name in NAMES] == [float(value) for value in expected[pixel]]


@given(st.integers(0, 2**32 - 1), st.randoms(use_true_random=False))
def test_the_order_of_activities_changes_no_bit(seed, random):
    whole = some_passages(seed, activities=8)
    order = list(range(8))
    random.shuffle(order)
    planes = {name: np.zeros(6) for name in NAMES}
    for k in order:
        part = slice(whole.bounds[k], whole.bounds[k + 1])
        columns = Columns({name: whole.columns[name][part] for name in whole.columns}, part.stop - part.start)
        means = Columns({name: whole.means[name][k : k + 1] for name in whole.means}, 1)
        one = Passages(whole.cells[part], np.array([0, part.stop - part.start]), columns, means)
        for name, plane in added(one, "slope(heart_rate~pace)", 6).items():
            planes[name] += plane
    for name, plane in added(whole, "slope(heart_rate~pace)", 6).items():
        assert np.array_equal(plane, planes[name])


def test_laps_are_one_voice_and_fast_days_are_none():
    track = (np.zeros(6, np.int64), np.array([0, 3, 6]))
    pace, rate = np.array([0.3, 0.4, 0.5, 0.6, 0.6, 0.6]), np.array([150.0, 140, 130, 110, 110, 110])
    means = Columns({"pace": np.array([0.4, 0.6]), "steady_heart_rate": np.array([140.0, 110.0])}, 2)
    planes = added(
        Passages(*track, Columns({"pace": pace, "steady_heart_rate": rate}, 6), means), "corr(pace,heart_rate)", 1
    )
    # Each activity is as it always is: no voice says anything, although the faster one has the higher heart rate.
    assert planes["n"][0] == 2
    assert [abs(planes[name][0]) for name in NAMES[1:]] == pytest.approx([0] * 5, abs=1e-3)


@pytest.mark.parametrize("measure", ["corr(pace,heart_rate)", "slope(pace~heart_rate)", "corr(climb,heart_rate)"])
def test_an_activity_whose_means_are_unknown_has_no_voice(measure):
    columns = Columns(
        {"pace": np.full(4, 0.3), "steady_heart_rate": np.full(4, 150.0), "grade": np.full(4, 2.0),
         "metres": np.full(4, 20.0)}, 4,
    )  # fmt: skip
    known = {"pace": np.full(2, 0.3), "grade": np.full(2, 0.0), "steady_heart_rate": np.array([140.0, np.nan])}
    for means, voices in ((known, 1), ({**known, "steady_heart_rate": np.full(2, 140.0)}, 2), ({}, 0)):
        passages = Passages(np.zeros(4, np.int64), np.array([0, 2, 4]), columns, Columns(means, 2))
        assert added(passages, measure, 1)["n"][0] == voices


def test_what_has_no_mean_is_taken_as_it_is():
    """Waiting needs seconds and metres, and a rate of ascent holds uphill only: neither has a mean over an activity."""
    columns = {"pace": [0.3] * 2, "seconds": [40.0] * 2, "metres": [10.0] * 2, "grade_100": [8.0] * 2}
    columns |= {"steady_heart_rate": [150.0] * 2, "on_foot": [1.0] * 2, "own_power": [1.0] * 2}
    means = {"pace": [0.3], "grade_100": [0.1], "steady_heart_rate": [140.0], "on_foot": [1.0], "own_power": [1.0]}
    one = Passages(
        np.zeros(2, np.int64), np.array([0, 2]), Columns({k: np.array(v) for k, v in columns.items()}, 2),
        Columns({k: np.array(v) for k, v in means.items()}, 1),
    )  # fmt: skip
    assert added(one, "corr(wait,heart_rate)", 1)["x"][0] == 37
    assert added(one, "corr(vam,heart_rate)", 1)["x"][0] == pytest.approx(960)
    assert added(one, "corr(flat_pace,heart_rate)", 1)["x"][0] < -0.05


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(2, 7))
def test_tracing_adds_what_the_twin_adds(seed, count):
    tracks, place = walks(seed, count, n=60), window(14, 128)
    grid = draw(tracks, place, parse_measure("corr(pace,heart_rate)"), 2)
    names = ("pace", related("heart_rate"))
    voices = []
    for track in tracks:
        both = [slow_metrics.passage_values(track, place, name) for name in names]
        pixels = {pixel: list(zip(both[0][pixel], both[1][pixel], strict=True)) for pixel in both[0]}
        voices.append((*(slow_metrics.activity_mean(track, name) for name in names), pixels))
    expected = slow_metrics.pairs_of_voices(voices, *(METRICS[name].exact for name in names))
    found = np.zeros((place.height, place.width))
    for pixel, sums in expected.items():
        found[pixel] = sums[0]
        for name, value in zip(NAMES, sums, strict=True):
            assert grid.planes[name][pixel] == pytest.approx(float(value), rel=1e-4, abs=0.02), name
    assert np.array_equal(grid.planes["n"], found)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_means_of_activities_are_those_of_the_twin(seed):
    (track,) = walks(seed, 1)
    found = means_of(track, METRICS)
    assert "bearing" not in found
    for name, (mean,) in found.items():
        assert mean == pytest.approx(slow_metrics.activity_mean(track, name), rel=1e-9, nan_ok=True), name


# What is made of planes


def planes_of(pixels):
    """Planes (k,) of lists of pairs."""
    sums = [[(1, x, y, x * x, y * y, x * y) for x, y in pairs] for pairs in pixels]
    return {name: np.array([sum(each[k] for each in pairs) for pairs in sums], float) for k, name in enumerate(NAMES)}


def random_pixels(seed, count=30):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        x = rng.normal(0, 1, rng.integers(3, 25))
        found.append(list(zip(x, rng.normal(0.5, 0.5) * x + rng.normal(0, 1, len(x)), strict=True)))
    return found


@given(st.integers(0, 2**32 - 1))
def test_correlations_are_held_by_fishers_z(seed):
    pixels = random_pixels(seed)
    planes = planes_of(pixels)
    prior = fit_prior(planes)
    z = [math.atanh(max(-0.999, min(0.999, slow_metrics.correlation(pairs)))) for pairs in pixels]
    freedom = [len(pairs) - 3 for pairs in pixels]
    z0 = sum(a * b for a, b in zip(z, freedom, strict=True)) / sum(freedom)
    assert prior.correlation == pytest.approx(math.tanh(z0), abs=1e-6)
    for value, pairs, own in zip(correlation(planes, prior), pixels, z, strict=True):
        if len(pairs) < FEWEST:
            assert math.isnan(value)
        elif not math.isnan(value):
            n = len(pairs)
            assert value == pytest.approx(math.tanh(((n - 3) * own + 20 * z0) / (n + 17)), abs=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_slopes_are_held_by_empirical_bayes(seed):
    pixels = random_pixels(seed)
    planes = planes_of(pixels)
    prior = fit_prior(planes)
    inside = [[(x - sum(a for a, _ in pairs) / len(pairs)) ** 2 for x, _ in pairs] for pairs in pixels]
    sxx = [sum(squares) for squares in inside]
    fits = [slow_metrics.least_squares(pairs) for pairs in pixels]
    b0 = sum(b * s for (b, _), s in zip(fits, sxx, strict=True)) / sum(sxx)
    noise = sum(left for _, left in fits) / sum(len(pairs) - 2 for pairs in pixels)
    usual = sum(sxx) / sum(map(len, pixels))
    good = [k for k, pairs in enumerate(pixels) if len(pairs) >= FEWEST and sxx[k] / len(pairs) >= 0.05 * usual]
    # By moments: the spread of slopes beyond what their own errors, noise / sxx, make (DerSimonian and Laird's idea).
    weight = [sxx[k] / noise for k in good]
    q = sum(w * (fits[k][0] - b0) ** 2 for w, k in zip(weight, good, strict=True))
    tau2 = max(0, (q - len(good)) / sum(weight))
    assert prior[1:] == pytest.approx((b0, noise, tau2, usual), rel=1e-6, abs=1e-9)
    for k, value in enumerate(slope(planes, prior)):
        if k in good:
            error2 = noise / sxx[k]
            assert value == pytest.approx(b0 + tau2 / (tau2 + error2) * (fits[k][0] - b0), rel=1e-6, abs=1e-9)
        else:
            assert math.isnan(value)


def test_nothing_is_said_of_too_few_or_of_what_does_not_vary():
    few, flat = [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)], [(1.0, float(k)) for k in range(10)]
    fine = [(float(k), float(k % 3)) for k in range(10)]
    planes = planes_of([few, flat, fine, []])
    for function in (correlation, slope):
        assert np.isnan(function(planes, fit_prior(planes))).tolist() == [True, True, False, True]
    assert fit_prior(planes_of([[], few[:2]])) == Prior()
    assert np.isnan(correlation(planes_of([few[:2]]), Prior())).all()
    assert sureness(planes_of([few, flat, fine * 10])).tolist() == [0.25, 0.5, 1]
    assert residual({"n": np.array([1.0, 9.0]), "x": np.array([8.0, 72.0])}).tolist() == [2, 6]


def test_a_slope_goes_the_way_it_is_written():
    rng = np.random.default_rng(2)
    x = rng.normal(0, 1, 200)
    planes = planes_of([list(zip(x, -3 * x + rng.normal(0, 0.1, 200), strict=True))])
    assert LAYOUTS["slope"].finish(planes, fit_prior(planes)) == pytest.approx(-3, abs=0.05)


# The model of the heart rate


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_a_model_finds_what_heart_rates_were_made_of(seed):
    rng = np.random.default_rng(seed)
    truth = Model(*(float(rng.uniform(*ends)) for ends in ((4, 14), (0.5, 3), (0, 8), (-40, 0))), share=0)
    batches = []
    for k in range(3):
        n = 600
        lon = 10.9 + np.cumsum(rng.uniform(0.5, 4, n)) * 4 / 75000
        track = make_batch(
            lon, np.full(n, 47.8), 1.7e9 + 4.0 * np.arange(n), columns={"elevation": 30 * np.sin(np.arange(n) / 40)}
        )
        values = {name: METRICS[name].at_fixes(Motion(track)) for name in MODELLED[:-1]}
        values["pace"] = 1 / values["pace"]
        found = truth.predicted(values) + 100 + 20 * k  # another level each day
        batches.append((track, found, values))
    moments = []
    for track, rate, values in batches:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(METRICS, "steady_heart_rate", _fixed(rate))
            moments.append(moments_of(track))
        assert len(terms(values)) == 4
    model = fit_model(np.concatenate(moments))
    got = (model.speed, model.grade, model.hour, model.cold)
    assert got == pytest.approx((truth.speed, truth.grade, truth.hour, truth.cold), rel=0.1, abs=0.5)
    assert model.share > 0.97
    assert levels(np.concatenate(moments), model) == pytest.approx([100, 120, 140], abs=3)
    assert "bpm per km/h" in str(model)


def _fixed(rate):
    return replace(METRICS["steady_heart_rate"], at_fixes=lambda _: rate)


def test_too_little_has_no_model():
    assert fit_model(np.zeros((0, 6, 6))) is None
    assert fit_model(np.zeros((4, 6, 6))) is None
    assert np.isnan(levels(np.zeros((1, 6, 6)), Model(1, 1, 1, 1, 1))).all()
    tracks = walks(3, 2, n=24)
    assert not draw(tracks, window(), parse_measure("residual(heart_rate)"), 1).filled.any()


# The null: what is shown must vanish where heart rates are not those of the place


def month_of_runs(shift=0.0, days=60, seed=4):
    """Runs along a street, whose pace is another each minute and day, and the heart rate follows the pace before.

    One way only: of a way there and back, a shift brings each heart rate to its own place again somewhere.
    """
    rng = np.random.default_rng(seed)
    n = 600
    found = []
    for day in range(days):
        metres_a_second = 2.8 + 0.8 * np.convolve(rng.normal(0, 1, n + 40), np.ones(41) / 6.4, "valid")
        speeds = np.clip(metres_a_second, 1.2, 5) * rng.normal(1, 0.05)
        x = np.cumsum(speeds * 4)
        effort = 60 + 30 * speeds
        lagged = np.convolve(np.r_[np.full(15, effort[0]), effort], np.ones(15) / 15, "valid")[:n]
        rate = lagged + rng.normal(0, 3, n) + rng.normal(0, 6)
        if shift:
            rate = np.roll(rate, round(shift * n))
        found.append(
            make_batch(
                10.9 + x / 74700, np.full(n, 47.8), 1.7e9 + 86400 * day + 4.0 * np.arange(n),
                columns={"heart_rate": rate}, start=1.7e9 + 86400.0 * day, source=f"{day}-",
            )
        )  # fmt: skip
    return found


def strong(tracks, place):
    """Share of the pixels shown whose correlation exceeds 0.35, and the correlation of all."""
    grid = draw(tracks, place, parse_measure("corr(pace,heart_rate)"), 2)
    shown = grid.values[grid.shown]
    assert len(shown) > 30
    return float((np.abs(shown) > 0.35).mean()), grid.fit()[0]


def test_heart_rates_of_other_places_have_nothing_to_say():
    place = window(14, 1600, lon=10.94)
    share, pooled = strong(month_of_runs(), place)
    assert share > 0.6
    assert pooled < -0.35
    for shift in (0.3, 0.5, 0.7):
        share, pooled = strong(month_of_runs(shift), place)
        assert share < 0.05
        assert abs(pooled) < 0.15  # some +0.08 are due: what is as fast as usual in all is slower elsewhere


def test_pairs_of_relations_are_symmetric():
    tracks = month_of_runs(days=8)
    for x, y in itertools.combinations(("pace", "heart_rate", "speed"), 2):
        one, other = (draw(tracks, window(14), parse_measure(f"corr({a},{b})"), 1) for a, b in ((x, y), (y, x)))
        assert np.array_equal(one.planes["xy"], other.planes["xy"])
        assert one.values == pytest.approx(other.values, nan_ok=True)


def shifted(batch, share):
    """The same with the heart rate of another part of each activity."""
    rate = batch.columns["heart_rate"].copy()
    offsets = batch.segments[batch.tracks]
    for first, last in itertools.pairwise(offsets.tolist()):
        rate[first:last] = np.roll(rate[first:last], int(share * (last - first)))
    return replace(batch, columns={**batch.columns, "heart_rate": rate})


@pytest.mark.parametrize(
    ("source", "lat", "lon", "truth", "null"),
    [
        # 418 runs in Panama City: of the true map 26 % of the pixels are beyond 0.35.
        ("irvingbennett-running_page/panama-city-fit.zip", 8.98, -79.53, 0.2, 0.01),
        # 52 activities in Budapest: 6 to 10 voices in a pixel, and its neighbours have the same. True: 81 %.
        ("slalom007-strava-export", 47.5, 19.05, 0.7, 0.05),
    ],
)
def test_real_heart_rates_of_other_places_have_nothing_to_say(shared_data, source, lat, lon, truth, null):
    batches = [batch for batch in heatlas.open(shared_data / source).batches if "heart_rate" in batch.columns]
    place = window(14, 1024, lat, lon)
    share, pooled = strong(batches, place)
    assert share > truth
    assert pooled < -0.25
    found = [strong([shifted(batch, part) for batch in batches], place) for part in (0.25, 0.75)]
    assert max(share for share, _ in found) < null
    assert abs(np.mean([pooled for _, pooled in found])) < 0.1
