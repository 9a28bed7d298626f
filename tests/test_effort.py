"""Decoupling and mean heart rate as attributes of activities: the same from tracks and from a library."""

from __future__ import annotations

import math

import made
import numpy as np
import pytest
import slow_metrics
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st
from library_made import walks
from slow import make_batch

import heatlas
from heatlas.core.batch import join
from heatlas.core.errors import NothingToDraw
from heatlas.library.file.opening import open_library
from heatlas.library.index.drawing import draw as draw_library
from heatlas.library.rows.activity_means import read_effort
from heatlas.library.rows.merged import select
from heatlas.library.rows.passages import PreparedTrack
from heatlas.raster.draw_tracks import draw
from heatlas.raster.measure import parse_measure
from heatlas.tiles.look import Filter
from heatlas.tiles.snapshot import choose, take
from heatlas.tracks.filters import EFFORT
from heatlas.tracks.metrics import METRICS, Motion
from heatlas.tracks.metrics.means import (
    decoupling_of,
    efforts_of,
    means_of,
    middles_of,
    normalised_power_of,
    weights_of,
)  # fmt: skip


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


def run(drift, metres=6000, mean=140.0):
    """A run at an even pace, whose heart rate rises by steps from one half to the other."""
    lon, lat = made.straight(metres)
    beats = np.full(len(lon), mean)
    beats[len(lon) // 2 :] *= 1 + drift
    return lon, lat, beats


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    for k, (drift, metres) in enumerate([(0.1, 6000), (0.0, 6000), (0.2, 2000)]):
        lon, lat, beats = run(drift, metres)
        (folder / f"{k}.gpx").write_bytes(made.gpx(lon, lat, start=1.7e9 + 86400 * k, heart_rate=beats))
    (folder / "3.gpx").write_bytes(made.gpx(*made.straight(6000), start=1.7e9 + 86400 * 3))
    lon, lat = made.straight(6000)
    watts = np.where(np.arange(len(lon)) % 240 < 120, 100, 300)  # two minutes each
    (folder / "4.gpx").write_bytes(made.gpx(lon, lat, start=1.7e9 + 86400 * 4, power=watts))
    return folder


def test_decoupling_is_the_loss_of_speed_per_beat(folder):
    tracks = heatlas.open(folder)
    found = np.concatenate([decoupling_of(batch) for batch in tracks.batches])
    by_file = dict(zip([one.source[-5:] for one in tracks.activities], found.tolist(), strict=True))
    assert by_file["0.gpx"] == pytest.approx(10, abs=0.2)
    assert by_file["1.gpx"] == pytest.approx(0, abs=0.2)
    assert np.isnan(by_file["2.gpx"]), "too short for two halves"
    assert np.isnan(by_file["3.gpx"]), "no heart rate"


FILTERS = {"decoupling > 5": ["0"], "decoupling < 5": ["1"], "decoupling IS NULL": ["2", "3", "4"],
           "mean_heart_rate > 143": ["0", "2"], "mean_heart_rate IS NULL": ["3", "4"],
           "normalised_power > 240 AND normalised_power < 250": ["4"], "normalised_power IS NULL": ["0", "1", "2", "3"],
           "decoupling > 5 OR sport = 'Ride'": ["0"]}  # fmt: skip


@pytest.mark.parametrize("text", FILTERS)
def test_filters_say_the_same_of_tracks_and_of_a_library(folder, tmp_path, text):
    chosen = heatlas.open(folder).where(text).activities
    assert sorted(one.source[-5] for one in chosen) == FILTERS[text]
    path = tmp_path / "lib.db"
    from heatlas.library.manage import import_into

    import_into(path, folder)
    with open_library(path) as library:
        with library.read() as link:
            effort = read_effort(link)
        keep, snapshot = select(library, text), take(library)
        numbers = sorted(snapshot.activities[k].source[-5] for k in np.flatnonzero(keep).tolist())
        assert numbers == FILTERS[text]
        np.testing.assert_array_equal(choose(snapshot, Filter(where=text)).keep[: len(keep)], keep)
    assert sorted(map(len, effort.values())) == [0, 1, 1, 2, 2]
    assert {name for one in effort.values() for name in one} == {*EFFORT}


def test_pictures_read_the_heart_rate_for_a_filter(folder, tmp_path):
    report = heatlas.render(folder, output=tmp_path / "x.png", where="decoupling > 5", width=100)
    assert report["activities"] == 1
    measure = "diff(pace; decoupling <= 5; decoupling > 5)"
    for k in range(12):  # a difference wants some voices on both sides
        lon, lat, beats = run(0.1 * (k % 2))
        (folder / f"more{k}.gpx").write_bytes(made.gpx(lon, lat, start=1.71e9 + 86400 * k, heart_rate=beats))
    traced = heatlas.render(folder, output=tmp_path / "x.png", measure=measure, width=100)
    assert traced["total"] > 0
    with pytest.raises(NothingToDraw, match="leaves none of"):
        heatlas.render(folder, output=tmp_path / "x.png", where="decoupling > 50", width=100)


def ride(seconds, watts, **options):
    """A ride with a power at each fix."""
    n = len(watts)
    lon, lat = made.straight(3 * n)
    time = 1.7e9 + np.cumsum(np.broadcast_to(seconds, n)).astype(float)
    return make_batch(lon[:n], lat[:n], time, columns={"power": np.asarray(watts, np.float32)}, **options)


@settings_of(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_normalised_power_is_that_of_the_plain_twin(seed):
    rng = np.random.default_rng(seed)
    n = 900
    watts = rng.integers(0, 500, n).astype(float)
    watts[rng.random(n) < 0.1] = np.nan
    track = ride(rng.choice([1, 2, 5, 25], n), watts)
    rolling = slow_metrics.mean_between(track.time.tolist(), watts.tolist(), -30, 0)
    fourth, total = 0.0, 0.0
    for k in range(n - 1):
        if not math.isnan(rolling[k]):
            seconds = min(track.time[k + 1] - track.time[k], 15.0)
            fourth, total = fourth + seconds * rolling[k] ** 4, total + seconds
    assert total > 1200
    assert normalised_power_of(track)[0] == pytest.approx((fourth / total) ** 0.25)


def test_normalised_power_counts_coasting_and_no_pause():
    even, hard = np.full(1800, 200), np.repeat([0, 200], 900)
    assert normalised_power_of(ride(1.0, even))[0] == pytest.approx(200)
    assert normalised_power_of(ride(1.0, hard))[0] == pytest.approx(200 * 0.5**0.25, rel=0.01)
    pause = np.where(np.arange(1800) == 900, 3600.0, 1.0)
    assert normalised_power_of(ride(pause, even))[0] == pytest.approx(200)
    assert np.isnan(normalised_power_of(ride(1.0, even[:1100]))[0]), "below 20 minutes"
    assert np.isnan(normalised_power_of(ride(np.nan, even))[0]), "no times"
    both = join([ride(1.0, even), ride(1.0, even[:600]), ride(1.0, hard)])
    assert normalised_power_of(both) == pytest.approx([200, np.nan, 200 * 0.5**0.25], rel=0.01, nan_ok=True)


@pytest.mark.parametrize("measure", ["normalised_power", "max(decoupling)"])
def test_efforts_colour_pictures_of_tracks_and_of_a_library(folder, tmp_path, measure):
    from heatlas.library.manage import import_into

    import_into(tmp_path / "lib.db", folder)
    reports = [
        heatlas.render(source, output=tmp_path / name, measure=measure, width=100, **more)
        for source in (folder, tmp_path / "lib.db")
        for name, more in (("a.png", {}), ("b.png", {"facet": "year"}), ("c.gif", {"duration": "1s", "fps": 4}))
    ]
    assert {tuple(report["range_text"]) for report in reports} == {tuple(reports[0]["range_text"])}
    with open_library(tmp_path / "lib.db") as library:
        place = heatlas.open(folder).window(zoom=14)
        stored = draw_library(library, place, parse_measure(measure))
    chosen = heatlas.open(folder).timed_for(parse_measure(measure))
    traced = draw(chosen.batches, place, parse_measure(measure), 1)
    assert stored.filled.any()
    for name, plane in traced.planes.items():
        np.testing.assert_array_equal(plane, stored.planes[name])
    names = {one["name"] for one in heatlas.inspect(folder)["measures"]}
    assert {"normalised_power", "decoupling"} <= names
    assert "normalised_power" not in {one["name"] for one in heatlas.inspect(folder / "3.gpx")["measures"]}


def test_who_passed_here_tells_what_was_measured_here_and_in_all(tmp_path):
    from heatlas.library.index.passages_at import passing
    from heatlas.library.manage import import_into

    lon, lat = made.straight(6000)
    n = len(lon)
    some = {"heart_rate": np.full(n, 150.0), "power": np.where(np.arange(n) < n // 2, 100, 200)}
    uphill = 100 + 0.15 * np.arange(n)  # 5 %
    (tmp_path / "in").mkdir()
    for k, (kind, more) in enumerate((("running", {"elevation": uphill}), ("cycling", some), ("running", {}))):
        text = made.gpx(lon, lat, start=1.7e9 + 86400 * k, kind=kind, **more)
        if k == 2:  # stands for a minute at the place
            times = np.arange(n) + 60.0 * (np.arange(n) > n // 4)
            text = made.gpx(lon, lat, start=1.7e9 + 86400 * k, seconds=times)
        (tmp_path / "in" / f"{k}.gpx").write_bytes(text)
    import_into(tmp_path / "lib.db", tmp_path / "in")
    with open_library(tmp_path / "lib.db") as library:
        run, ride, waiting = passing(library, lat[n // 4], lon[n // 4], 60.0)
        assert passing(library, lat[n // 4], lon[n // 4], 60.0, np.zeros(4, bool)) == []
    assert run.pace == pytest.approx(1 / 3, rel=0.01)
    cost = 155.4 * 0.05**5 - 30.4 * 0.05**4 - 43.3 * 0.05**3 + 46.3 * 0.05**2 + 19.5 * 0.05 + 3.6
    assert run.flat_pace == pytest.approx(3.6 / cost / 3, rel=0.02)
    assert (run.heart_rate, run.power, run.waited, run.effort) == (None, None, 0, {})
    assert ride.flat_pace is None
    assert (ride.heart_rate, ride.power, ride.waited) == (150, 100, 0)
    assert ride.effort["mean_heart_rate"] == pytest.approx(150)
    assert ride.effort["decoupling"] == pytest.approx(0, abs=0.5)
    assert ride.effort["normalised_power"] == pytest.approx(((100**4 + 200**4) / 2) ** 0.25, rel=0.01)
    assert waiting.waited == pytest.approx(60, abs=10), "speeds are over 10 s"
    assert waiting.flat_pace == pytest.approx(waiting.pace, rel=0.01)


def test_metrics_that_share_work_are_those_worked_out_alone():
    for track in walks(3, 10):
        prepared = PreparedTrack(track, 25.0)
        for name, values in prepared.metrics.items():
            assert values.tobytes() == METRICS[name].at_fixes(Motion(track)).tobytes()
        middles = middles_of(track, prepared.metrics, prepared.metrics)
        means = means_of(track, prepared.metrics, middles, weights_of(track, prepared.metres))
        for name, mean in means.items():
            assert mean.tobytes() == means_of(track, (name,))[name].tobytes()
        alone, together = efforts_of(track), efforts_of(track, middles, means)
        assert all(np.array_equal(alone[name], together[name], equal_nan=True) for name in alone)


def test_values_in_the_middle_of_a_line_are_those_of_the_end_that_is_known():
    nan = math.nan
    track = make_batch(11 + 0.001 * np.arange(4), np.full(4, 48.0))
    found = middles_of(track, ("power",), {"power": np.array([100.0, nan, 200.0, 210.0])})
    assert found["power"].tolist() == [100.0, 200.0, 205.0, 210.0]
