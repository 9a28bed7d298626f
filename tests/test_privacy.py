"""What is private is in nothing that comes out."""

from __future__ import annotations

import stat

import numpy as np
import pytest
import slow
from hypothesis import given
from hypothesis import strategies as st

from heatlas.errors import BadOption
from heatlas.kernels.path import metres_along
from heatlas.mercator import from_lonlat, ground_metres
from heatlas.privacy import Privacy, Zone, hide, owner_secret

SECRET = b"0123456789abcdef0123456789abcdef"
seeds = st.integers(0, 2**32 - 1)


def line(metres, lat=47.8, step=3.0, start=1.7e9, name="made"):
    x = np.arange(0, metres, step)
    east, _ = ground_metres(from_lonlat(0, lat)[1])
    return slow.make_batch(10.9 + x * 360 / float(east), np.full(len(x), lat), start + np.arange(len(x)), source=name)


def distances(batch, lat, lon):
    u, v = from_lonlat(lon, lat)
    east, north = (float(g) for g in ground_metres(v))
    return np.hypot((batch.u - u) * east, (batch.v - v) * north)


def test_both_ends_are_cut_by_random_lengths_around_the_one_asked_for():
    cuts = []
    for k in range(200):
        whole = line(3000, start=1.7e9 + 86400 * k)
        shown = hide(whole, Privacy(200, secret=SECRET))
        metres = metres_along(whole.u, whole.v, whole.segments).cumsum()
        first, last = np.searchsorted(whole.u, [shown.u[0], shown.u[-1]])
        cuts += [metres[first - 1], metres[-1] - metres[last - 1]]
        assert shown.dropped["fixes hidden for privacy"] == whole.fixes - shown.fixes
    assert 125 < min(cuts) < 145
    assert 255 < max(cuts) < 280
    assert np.mean(cuts) == pytest.approx(200, abs=10)
    assert len(np.unique(np.round(cuts))) > 40  # of 47 that steps of 3 m allow


def test_the_same_activity_is_cut_the_same_way_every_time_and_another_owner_cuts_otherwise():
    first, again = (hide(line(3000, name=name), Privacy(200, secret=SECRET)) for name in ("a.fit", "moved/b.fit"))
    assert np.array_equal(first.u, again.u)
    other = hide(line(3000), Privacy(200, secret=SECRET[::-1]))
    assert not np.array_equal(first.u, other.u)


def test_zigzags_before_the_door_do_not_use_the_length_up():
    x = np.concatenate((np.tile([0, 20, 40, 20], 10), np.arange(40, 2000, 3.0)))
    east, _ = ground_metres(from_lonlat(0, 47.8)[1])
    batch = slow.make_batch(10.9 + x * 360 / float(east), np.full(len(x), 47.8), 1.7e9 + np.arange(len(x)))
    shown = hide(batch, Privacy(200, secret=SECRET))
    assert distances(shown, 47.8, 10.9).min() > 60


def test_a_short_activity_is_hidden_whole():
    assert hide(line(150), Privacy(200, secret=SECRET)).fixes == 0


@given(seed=seeds, radius=st.floats(30, 400))
def test_nothing_is_left_inside_a_zone(seed, radius):
    rng = np.random.default_rng(seed)
    batch = slow.wander(rng, 300, 20, segments=[0, 100, 220, 300], tracks=[0, 1, 3])
    lat, lon = 47.8 + rng.normal(0, 1e-3), 10.9 + rng.normal(0, 1e-3)
    shown = hide(batch, Privacy(zones=(Zone(lat, lon, radius),), secret=SECRET))
    if not shown.fixes:
        return
    assert distances(shown, lat, lon).min() > radius
    assert shown.segments[-1] == shown.fixes
    assert shown.tracks[-1] == len(shown.segments) - 1
    assert len(shown) == 2
    # No line between shown fixes crosses the zone either.
    for first, last in zip(shown.segments[:-1], shown.segments[1:], strict=True):
        for i in range(first, last - 1):
            between = np.linspace(0, 1, 25)
            u, v = (a[i] + (a[i + 1] - a[i]) * between for a in (shown.u, shown.v))
            centre = from_lonlat(lon, lat)
            east, north = (float(g) for g in ground_metres(centre[1]))
            assert np.hypot((u - centre[0]) * east, (v - centre[1]) * north).min() > radius
    # What is kept is kept in order and unchanged.
    assert np.isin(shown.u, batch.u).all()
    assert (np.diff(shown.progress[: shown.segments[shown.tracks[1]]]) >= 0).all()


def test_the_hidden_circle_is_shifted():
    angles = np.linspace(0, 2 * np.pi, 2000)
    edges = []
    for radius in (500.0, 501.0):
        east, _ = (float(g) for g in ground_metres(from_lonlat(10.9, 47.8)[1]))
        rays = [
            slow.make_batch(
                10.9 + np.cos(a) * np.arange(0, 1500, 5) * 360 / east,
                47.8 + np.sin(a) * np.arange(0, 1500, 5) / 111190,
            )
            for a in angles[::50]
        ]
        zone = Privacy(zones=(Zone(47.8, 10.9, radius),), secret=SECRET)
        edges.append([distances(hide(ray, zone), 47.8, 10.9).min() for ray in rays])
        assert np.ptp(edges[-1]) > 50  # its middle is not home
    assert not np.allclose(edges[0], edges[1], atol=5)


def test_the_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "new" / "settings"))
    secret = owner_secret()
    assert len(secret) == 32
    assert owner_secret() == secret
    assert stat.S_IMODE((tmp_path / "new" / "settings" / "secret").stat().st_mode) == 0o600
    (tmp_path / "new" / "settings" / "secret").write_text("damaged")
    with pytest.raises(BadOption, match="damaged"):
        owner_secret()
    with pytest.raises(BadOption, match="secret"):
        Privacy(clip_ends=200)
