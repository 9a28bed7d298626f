"""A stranger with a public map, its months and its totals, on made towns: how near do they come to home?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from towns import Town, attacks

from heatlas.core.mercator import from_lonlat, ground_metres
from heatlas.core.window import Window
from heatlas.library.audit import audit_tracks
from heatlas.library.home_guesses import circle, crossing
from heatlas.raster.draw_tracks import draw
from heatlas.raster.measure import parse_measure
from heatlas.tracks.privacy import Privacy, Zone, hide

SECRET = b"0123456789abcdef" * 2
HOMES = 50


def zone_of(town, radius=500.0, rule=2):
    return Privacy(zones=(Zone(*town.place, radius, rule),), secret=SECRET)


def nearest_line(batch, lat, lon):
    """Metres from a place to the nearest line of a batch."""
    u, v = from_lonlat(lon, lat)
    east, south = (float(metres) for metres in ground_metres(v))
    x, y = (batch.u - u) * east, (batch.v - v) * south
    near = np.inf
    for first, after in zip(batch.segments[:-1], batch.segments[1:], strict=True):
        for share in np.linspace(0, 1, 5):
            a, b = slice(first, after - 1), slice(first + 1, after)
            way = np.hypot(x[a] + share * (x[b] - x[a]), y[a] + share * (y[b] - y[a]))
            near = min(near, way.min(initial=np.inf))
    return near


@pytest.fixture(scope="module")
def audits():
    """What the audit finds in fifty towns with a zone of 500 m."""
    found = []
    for seed in range(HOMES):
        town = Town(seed)
        tracks = town.tracks()
        privacy = zone_of(town)
        if seed % 5 == 0:
            assert min(nearest_line(hide(track, privacy), *town.place) for track in tracks) > 500
        found.append(audit_tracks(tracks, privacy).spots[0])
    return found


def test_each_way_of_guessing_is_wrong_by_280_m(audits):
    ways = {way for spot in audits for way in spot.guesses}
    assert len(ways) > 10
    for way in ways:
        wrong = [spot.guesses[way] for spot in audits if way in spot.guesses]
        assert len(wrong) > 0.8 * HOMES, way
        assert np.median(wrong) > 280, way
    assert all(spot.nearest_shown > 490 for spot in audits)  # its pixels are 10 m wide
    assert all(spot.ends >= 72 for spot in audits)


def test_the_audit_is_never_rosier_than_the_best_attack(audits):
    for seed in range(0, HOMES, 13):
        town = Town(seed)
        shown = [hide(track, zone_of(town)) for track in town.tracks()]
        guesses = {way: float(np.hypot(*guess)) for way, guess in attacks(shown, town.place).items()}
        assert {way for way, _ in guesses} == {
            "middle of ends",
            "empty circle, lines end",
            "empty circle, pixels",
            "chords",
        }
        assert {month for _, month in guesses} == {None, 0, 1, 2, "months"}
        assert audits[seed].off <= min(guesses.values()) + 50, (seed, guesses)


def test_the_attacks_find_home_where_the_rule_is_the_old_one():
    """The attacks are worth something: what they could do before, they still do, and the audit says so."""
    off, best = [], []
    for seed in range(4):
        town = Town(seed)
        tracks, privacy = town.tracks(), zone_of(town, rule=1)
        (spot, *_) = audit_tracks(tracks, privacy).spots
        off.append(spot.guesses["empty circle at which lines end"])
        if seed < 1:
            guesses = attacks([hide(track, privacy) for track in tracks], town.place)
            best.append(min(float(np.hypot(*guess)) for guess in guesses.values()))
            assert spot.off <= best[-1] + 50
    assert max(off) < 205  # 0.4 times the radius, and a pixel
    assert np.median(off) < 160
    assert max(best) < 205


def test_clipped_ends_alone_show_home():
    town = Town(3)
    spot = audit_tracks(town.tracks(), Privacy(200.0, secret=SECRET)).spots[0]
    assert spot.off < 100
    assert not spot.safe


def test_totals_of_what_is_shown_tell_nothing_of_what_is_cut():
    """What can be added up from a map is the length of the lines that are on it, cut by cut the same."""
    town = Town(4)
    tracks = town.tracks(runs=10, rides=3)
    shown = [hide(track, zone_of(town)) for track in tracks]
    scale = 256.0 * 2**13
    u, v = from_lonlat(town.lon, town.lat)
    window = Window(scale, int(u * scale) - 300, int(v * scale) - 300, 600, 600)
    whole, seen = (float(draw(some, window, parse_measure("metres"), 1).total.sum()) for some in (tracks, shown))
    lines = sum(float(np.hypot(*line).sum()) for batch in shown for line in lines_of(batch))
    assert seen == pytest.approx(lines, rel=1e-3)
    assert whole > seen + 10 * 1000


def lines_of(batch):
    """Steps in metres of each line of a batch."""
    for first, after in zip(batch.segments[:-1], batch.segments[1:], strict=True):
        east, south = ground_metres(batch.v[first:after])
        yield np.diff(batch.u[first:after]) * east[1:], np.diff(batch.v[first:after]) * south[1:]


def test_months_are_looked_at_one_by_one():
    """A circle that is empty in one month alone is found: other months may hide where its lines end."""
    town = Town(5)
    tracks = town.tracks(months=3)
    whole = audit_tracks(tracks, zone_of(town)).spots[0]
    assert {way for way in whole.guesses if way.endswith("by month")} > {"empty circle at which lines end, by month"}
    undated = [
        replace(t, time=np.full(t.fixes, np.nan), activities=(replace(t.activities[0], start=None),)) for t in tracks
    ]
    spot = audit_tracks(undated, zone_of(town)).spots[0]
    assert not any(way.endswith("by month") for way in spot.guesses)
    assert spot.guesses == {way: off for way, off in whole.guesses.items() if not way.endswith("by month")}


def test_circle_and_crossing_find_what_a_fixed_cut_would_show():
    rng = np.random.default_rng(5)
    angle = rng.uniform(0, 2 * np.pi, 40)
    unit = np.column_stack((np.cos(angle), np.sin(angle)))
    ends = unit * 200 + rng.normal(0, 3, (40, 2)) + (37, -12)
    assert np.hypot(*(circle(ends) - (37, -12))) < 5
    assert np.hypot(*(crossing(ends, -unit) - (37, -12))) < 5
