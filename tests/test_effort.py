"""Decoupling and mean heart rate as attributes of activities: the same from tracks and from a library."""

from __future__ import annotations

import made
import numpy as np
import pytest

import heatlas
from heatlas.core.errors import NothingToDraw
from heatlas.library.activity_means import read_effort
from heatlas.library.merged import select
from heatlas.library.store import open_library
from heatlas.tiles.look import Filter
from heatlas.tiles.snapshot import choose, take
from heatlas.tracks.filters import EFFORT
from heatlas.tracks.metrics.means import decoupling_of


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
    return folder


def test_decoupling_is_the_loss_of_speed_per_beat(folder):
    tracks = heatlas.open(folder)
    found = np.concatenate([decoupling_of(batch) for batch in tracks.batches])
    by_file = dict(zip([one.source[-5:] for one in tracks.activities], found.tolist(), strict=True))
    assert by_file["0.gpx"] == pytest.approx(10, abs=0.2)
    assert by_file["1.gpx"] == pytest.approx(0, abs=0.2)
    assert np.isnan(by_file["2.gpx"]), "too short for two halves"
    assert np.isnan(by_file["3.gpx"]), "no heart rate"


FILTERS = {"decoupling > 5": ["0"], "decoupling < 5": ["1"], "decoupling IS NULL": ["2", "3"],
           "mean_heart_rate > 143": ["0", "2"], "mean_heart_rate IS NULL": ["3"],
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
    assert sorted(map(len, effort.values())) == [0, 1, 2, 2]
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
