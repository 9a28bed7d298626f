"""What is private is in nothing that comes out."""

from __future__ import annotations

import stat

import numpy as np
import pytest
import slow
from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat, ground_metres
from heatlas.kernels.path import metres_along
from heatlas.tracks.privacy import Privacy, Zone, hide, owner_secret
from heatlas.tracks.privacy.cuts import hidden_circle

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


def old_circle(zone, secret):
    """Rule 1 as it was: what older libraries have cut must stay the same to the last bit."""
    import hashlib
    import hmac
    import math

    def draw(what):
        text = f"{what}\x1f{zone.lat:.6f} {zone.lon:.6f} {zone.radius:.1f}".encode()
        return int.from_bytes(hmac.digest(secret, text, hashlib.sha256)[:8], "big") / 2.0**64

    angle = 2 * math.pi * draw("zone angle")
    shift = (1.4 - 1) * zone.radius * math.sqrt(draw("zone shift"))
    return shift * math.cos(angle), shift * math.sin(angle), zone.radius * 1.4


@given(seed=seeds, radius=st.floats(30, 4000))
def test_rule_1_is_what_it_was(seed, radius):
    rng = np.random.default_rng(seed)
    zone = Zone(rng.uniform(-80, 80), rng.uniform(-180, 180), radius, 1)
    assert hidden_circle(zone, SECRET) == old_circle(zone, SECRET)


def test_rule_2_shifts_over_the_whole_disc_and_covers_the_zone():
    radius = 500.0
    east, south, cut = np.array([hidden_circle(Zone(47 + k / 1000, 10.9, radius), SECRET) for k in range(4000)]).T
    shift = np.hypot(east, south) / radius
    assert shift.max() <= 1
    # Uniform over a disc: the square of the distance is uniform, and so is the direction.
    assert np.allclose(np.quantile(shift**2, np.linspace(0.1, 0.9, 9)), np.linspace(0.1, 0.9, 9), atol=0.03)
    assert np.allclose(np.histogram(np.arctan2(south, east), 8, (-np.pi, np.pi))[0], 500, atol=90)
    assert np.mean(shift) == pytest.approx(2 / 3, abs=0.02)
    assert 2 <= cut.min() / radius < 2.01
    assert 2.19 < cut.max() / radius < 2.2005
    assert np.allclose(np.quantile(cut / radius, [0.25, 0.5, 0.75]), [2.05, 2.1, 2.15], atol=0.01)
    # What is drawn first says nothing of what is drawn next.
    assert np.abs(np.corrcoef(np.stack((shift, np.arctan2(south, east), cut))) - np.eye(3)).max() < 0.06


def test_cuts_of_the_two_rules_have_nothing_in_common():
    zones = [(Zone(47 + k / 1000, 10.9, 500.0, 1), Zone(47 + k / 1000, 10.9, 500.0)) for k in range(2000)]
    old, new = (np.array([hidden_circle(pair[k], SECRET) for pair in zones]) for k in (0, 1))
    turned = np.arctan2(new[:, 1], new[:, 0]) - np.arctan2(old[:, 1], old[:, 0])
    assert np.hypot(np.cos(turned).mean(), np.sin(turned).mean()) < 0.07
    assert abs(np.corrcoef(np.hypot(*old[:, :2].T), np.hypot(*new[:, :2].T))[0, 1]) < 0.07
    with pytest.raises(BadOption, match="rule 3"):
        Zone(47.8, 10.9, 500.0, 3)


@given(seed=seeds, lat=st.floats(-84, 84), radius=st.floats(50, 30_000))
def test_all_of_a_zone_is_hidden_wherever_it_lies(seed, lat, radius):
    """Seen along great circles: what lies within the radius on the ground is cut."""
    zone, rng = Zone(lat, 179.99, radius), np.random.default_rng(seed)
    # No radius of curvature is longer than 6,400 km, so these lie within the radius for certain.
    angle, far = rng.uniform(0, 2 * np.pi, 400), radius * np.sqrt(rng.random(400)) / 6_400_000
    sin, cos = np.sin(np.radians(lat)), np.cos(np.radians(lat))
    there = np.arcsin(sin * np.cos(far) + cos * np.sin(far) * np.cos(angle))
    lon = 179.99 + np.degrees(np.arctan2(np.sin(angle) * np.sin(far) * cos, np.cos(far) - sin * np.sin(there)))
    keep = np.abs(np.degrees(there)) < 85
    inside = slow.make_batch(lon[keep], np.degrees(there)[keep])
    assert hide(inside, Privacy(zones=(zone,), secret=SECRET)).fixes == 0


@given(seed=seeds, radius=st.floats(30, 400), rule=st.sampled_from([1, 2]))
def test_hiding_twice_is_hiding_once(seed, radius, rule):
    rng = np.random.default_rng(seed)
    batch = slow.wander(rng, 300, 20, segments=[0, 100, 220, 300], tracks=[0, 1, 3])
    privacy = Privacy(zones=(Zone(47.8, 10.9 + rng.normal(0, 1e-3), radius, rule),), secret=SECRET)
    once, again = hide(batch, privacy), hide(batch, privacy)
    twice = hide(once, privacy)
    for other in (again, twice):
        assert np.array_equal(once.u, other.u)
        assert np.array_equal(once.v, other.v)
        assert np.array_equal(once.segments, other.segments)
        assert np.array_equal(once.tracks, other.tracks)


def test_a_secret_that_another_process_is_about_to_write_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path))
    path = tmp_path / "secret"
    path.touch()
    monkeypatch.setattr("heatlas.tracks.privacy.secret.time.sleep", lambda seconds: path.write_text("ab" * 32))
    assert owner_secret() == b"\xab" * 32
    monkeypatch.setattr("heatlas.tracks.privacy.secret.time.sleep", lambda seconds: None)
    path.write_text("")
    with pytest.raises(BadOption, match="damaged"):
        owner_secret()


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
