"""Kernels of metrics against their slow twins."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from heatlas.kernels import index as codec
from heatlas.kernels.sun import elevations
from heatlas.kernels.values import add_days
from heatlas.library.columns import VALUES, decoded


def sun(time, longitude, latitude):
    """The same formulas, for each moment anew."""
    days = time / 86400 - 10957.5
    anomaly = np.radians(357.528 + 0.9856003 * days)
    ecliptic = np.radians(280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    tilt = np.radians(23.439 - 4e-7 * days)
    declination = np.arcsin(np.sin(tilt) * np.sin(ecliptic))
    ascension = np.arctan2(np.cos(tilt) * np.sin(ecliptic), np.cos(ecliptic))
    hour = np.radians((280.46062 + 360.98564737 * days) % 360 + longitude) - ascension
    place = np.radians(latitude)
    height = np.sin(place) * np.sin(declination) + np.cos(place) * np.cos(declination) * np.cos(hour)
    return np.degrees(np.arcsin(height))


def test_the_sun_stands_where_the_almanac_says():
    rng = np.random.default_rng(3)
    time = rng.uniform(0, 2.5e9, 20_000)
    longitude, latitude = rng.uniform(-180, 180, 20_000), rng.uniform(-85, 85, 20_000)
    found = elevations(time, longitude, latitude)
    assert np.abs(found - sun(time, longitude, latitude)).max() < 0.005
    # Its place depends on the moment alone, not on those before.
    order = rng.permutation(20_000)
    assert np.array_equal(elevations(time[order], longitude[order], latitude[order]), found[order])
    # Noon of the equinox on the equator; and an unknown time.
    noon = elevations(np.array([1710936450.0, np.nan]), np.zeros(2), np.zeros(2))
    assert noon[0] > 89.5
    assert np.isnan(noon[1])


@given(st.lists(st.tuples(st.integers(-5, 5), st.lists(st.integers(0, 8), max_size=6)), max_size=9))
def test_days_are_counted_once_in_each_pixel(activities):
    labels = np.array([10 + day for day, _ in activities], np.int64)
    cells = np.array([cell for _, path in activities for cell in path], np.int64)
    bounds = np.cumsum([0, *(len(path) for _, path in activities)])
    counts = np.zeros(9)
    add_days(cells, bounds, np.argsort(labels), labels, np.full(9, -1, np.int64), counts)
    assert counts.tolist() == [len({day for day, path in activities if cell in path}) for cell in range(9)]


@given(
    name=st.sampled_from(sorted(VALUES)),
    runs=st.lists(st.lists(st.one_of(st.just(codec.UNKNOWN), st.integers(-6000, 3000)), max_size=7), max_size=5),
)
def test_values_are_read_as_their_steps_say(name, runs):
    lengths = np.array([len(run) for run in runs], np.int64)
    steps = np.array([step for run in runs for step in run], np.int32)
    at = np.append(0, np.cumsum(lengths))
    data, _ = codec.encode_values(steps, at, at[[0, -1]])
    _, step, table, least = VALUES[name]
    found = codec.decode_known(data, lengths, step, table, least)
    assert np.array_equal(found, decoded(name, codec.decode_values(data, lengths)), equal_nan=True)
