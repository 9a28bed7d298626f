"""Which box is shown when nobody asked for one: much heat, little else, and few ways cut."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import slow
from hypothesis import given, settings
from hypothesis import strategies as st
from library_made import SECRET, made, walks

from heatlas.core.batch import join
from heatlas.core.mercator import to_lonlat
from heatlas.dataset.places import Visits, find_places, framing, visits_of
from heatlas.dataset.places.visits import ZOOM
from heatlas.library.file.settings import Settings
from heatlas.tiles.metadata import places_in
from heatlas.tiles.snapshot import Chosen
from heatlas.tiles.view import close, now, open_view
from heatlas.tracks.privacy import Privacy, hide

ACROSS = 1 << (ZOOM + 8)


def loop(rng, lon=10.9, lat=47.8, reach=0.02):
    """A run through a town on its rectangular streets, and back."""
    x, y = (rng.integers(-4, 5, 2) * reach / 4).tolist()
    corners = np.array([(0, 0), (x, 0), (x, y), (0, y), (0, 0)])
    along = np.linspace(0, 4, 400)
    return slow.make_batch(*(np.interp(along, range(5), corners[:, k]) + (lon, lat)[k] for k in (0, 1)))


def town(count=115):
    """Runs in a town of some 3 km, and a ride of 100 km out of it."""
    rng = np.random.default_rng(5)
    ride = slow.make_batch(10.9 + np.linspace(0, 0.9, 3000), 47.8 + np.linspace(0, 0.6, 3000))
    return [*(loop(rng) for _ in range(count)), ride]


def test_one_long_ride_does_not_stretch_the_box_of_a_town():
    west, south, east, north = find_places(visits_of(town()))[0].bbox
    assert west < 10.88 < 10.92 < east
    assert south < 47.78 < 47.82 < north
    assert max(east - west, north - south) < 0.1


def test_few_activities_are_shown_whole():
    one = slow.wander(np.random.default_rng(1), 3000, 30)
    lon, lat = to_lonlat(one.u, one.v)
    west, south, east, north = find_places(visits_of([one]))[0].bbox
    assert west < lon.min() < lon.max() < east
    assert south < lat.min() < lat.max() < north
    assert east - west < 1.2 * np.ptp(lon) + 0.01


def test_busy_streets_are_not_cut():
    """A street that half of the town takes to a lake 12 km away belongs to the town."""
    rng = np.random.default_rng(6)
    street = [
        slow.make_batch(10.9 + np.linspace(0, 0.16, 600), np.full(600, 47.8) + rng.normal(0, 1e-6)) for _ in range(40)
    ]
    west, _, east, _ = find_places(visits_of([*town(40), *street]))[0].bbox
    assert west < 10.88
    assert east > 11.06


def test_towns_that_lie_together_but_apart_are_not_shown_as_emptiness():
    rng = np.random.default_rng(7)
    batches = [loop(rng) for _ in range(6)] + [loop(rng, 11.1, 47.92) for _ in range(4)]
    west, south, east, north = find_places(visits_of(batches))[0].bbox
    assert west < 10.9 < east < 11.0
    assert south < 47.8 < north < 47.86


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_cells_are_those_that_lines_go_through(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    u, v = 0.3 + np.cumsum(rng.normal(0, 3e-6, (2, n)), axis=1)
    batch = slow.make_batch(*to_lonlat(u, v), segments=np.array([0, n // 2, n]))
    expected = {}
    u, v = batch.u, batch.v
    snap = [[slow.snapped(x, ACROSS) for x in part] for part in (u, v)]
    for first, last in ((0, n // 2), (n // 2, n)):
        for i in range(first, last):
            cell = math.floor(snap[0][i]), math.floor(snap[1][i])
            expected[cell] = expected.get(cell, 0) + 1
            if i + 1 < last:
                for column, row, *_ in slow.visits(snap[0][i], snap[1][i], snap[0][i + 1], snap[1][i + 1]):
                    expected.setdefault((column, row), 0)
    found = visits_of([batch])
    assert dict(
        zip(zip(found.column.tolist(), found.row.tolist(), strict=True), found.fixes.tolist(), strict=True)
    ) == (expected)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_a_box_is_as_good_as_any_that_differs_in_one_side(seed):
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 60))
    pairs = np.unique(np.stack([rng.integers(0, 6, k), *rng.integers(0, 12, (2, k))], 1), axis=0)
    activity, column, row = pairs.T
    count = len(set(activity.tolist()))
    visited = {tuple(pair) for pair in pairs.tolist()}

    def value(left, top, right, bottom):
        inside = [(c, r) for _, c, r in visited if left <= c < right and top <= r < bottom]
        cut = sum(
            (a, c + dx, r + dy) in visited
            for a, c, r in visited
            for dx, dy, crossed in (
                (1, 0, c + 1 in (left, right) and top <= r < bottom),
                (0, 1, r + 1 in (top, bottom) and left <= c < right),
            )
            if crossed
        )
        wide, high = max(right - left, framing._LEAST), max(bottom - top, framing._LEAST)
        area = max(wide, framing.SLENDER * high) * max(high, framing.SLENDER * wide)
        if not inside:
            return -math.inf
        return framing._WORTH * math.log(len(inside)) - math.log(area) - framing._CUT * cut / count

    found = framing.frame(activity, column, row, count)
    whole = (int(column.min()), int(row.min()), int(column.max()) + 1, int(row.max()) + 1)
    assert value(*found) >= value(*whole) - 1e-6
    for side, there in itertools.product(range(4), range(13)):
        other = [*found]
        other[side] = there
        if other[0] < other[2] and other[1] < other[3]:
            assert value(*found) >= value(*other) - 1e-6


def test_order_and_batches_change_nothing():
    batches = town(30)
    expected = find_places(visits_of(batches))
    assert find_places(visits_of([join(batches[::-1])])) == expected
    assert find_places(visits_of([join(batches[3:]), join(batches[:3])])) == expected


def test_a_box_over_the_antimeridian():
    rng = np.random.default_rng(8)
    west, _, east, _ = find_places(visits_of([loop(rng, 180.0, -17.0) for _ in range(9)]))[0].bbox
    assert east - west < 0.1
    assert -180.1 < west < -179.9 or 179.9 < west < 180.1


def boxes(places):
    return [(place.activities, place.bbox) for place in places]


@pytest.mark.parametrize("clip", [0.0, 60.0])
@pytest.mark.parametrize("zooms", [(2, 17), (12, 15)])
def test_a_library_shows_the_same_box_as_a_picture(tmp_path, monkeypatch, clip, zooms):
    (tmp_path / "secret").write_text(SECRET.hex())
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path))
    tracks = [*walks(1, 14, n=400), *walks(2, 3, lat=-33.9, lon=151.2)]
    privacy = Privacy(clip, (), SECRET)
    view = open_view(made(tmp_path / "l.db", tracks, settings=Settings(clip_ends=clip, zooms=zooms)))
    try:
        expected = find_places(visits_of([hide(track, privacy) for track in tracks]))
        found = places_in(view, now(view))
        assert [(place.activities, place.bbox) for place in found] == [(p.activities, p.bbox) for p in expected]
        keep = np.zeros(8, np.bool_)
        keep[1:5] = True
        chosen = Chosen(keep, 4, "some")
        some = find_places(visits_of([hide(track, privacy) for track in tracks[:4]]))
        assert [place.bbox for place in places_in(view, now(view), chosen)] == [place.bbox for place in some]
    finally:
        close(view)


def test_no_visits_no_places():
    nothing = np.zeros(0, np.int64)
    assert find_places(Visits(nothing, nothing, nothing)) == []
