"""Made-up towns with known homes, and what a stranger would do with a public map of them."""

from __future__ import annotations

import math

import numpy as np
from slow import make_batch

from heatlas.core.mercator import from_lonlat, ground_metres, to_lonlat

BLOCK = 95.0
"""Metres between streets, about."""
HALF = 22
"""Blocks from the middle of a town to its edge."""
EPOCH = 1_577_836_800.0
"""1 January 2020."""


class Town:
    """Streets on a bent lattice with gaps, around a home at its middle; runs from there, rides that pass through."""

    def __init__(self, seed, lat=47.8, lon=10.9):
        self.rng = rng = np.random.default_rng(seed)
        side = 2 * HALF + 1
        y, x = np.mgrid[-HALF : HALF + 1, -HALF : HALF + 1] * BLOCK
        bend = rng.uniform(0, 2 * np.pi, 4)
        self.x = x + 260 * np.sin(y / 620 + bend[0]) + rng.normal(0, 16, x.shape)
        self.y = y + 260 * np.sin(x / 700 + bend[1]) + rng.normal(0, 16, x.shape)
        self.open = rng.random((2, side, side)) < 0.72  # streets to the east and to the south
        self.lat, self.lon = lat + rng.uniform(-0.2, 0.2), lon + rng.uniform(-0.2, 0.2)
        i, j = HALF + rng.integers(-2, 3, 2)
        self.open[:, i - 1 : i + 1, j - 1 : j + 1] = True  # home has ways out
        self.open = self.open.tolist()
        self.door = (int(i), int(j))
        # A door lies along its street; the crossing is some metres away.
        self.home = np.array([self.x[i, j], self.y[i, j]]) + rng.uniform(-30, 30, 2)

    def steps(self, i, j):
        """Crossings that are one street away."""
        side, (east, south) = 2 * HALF, self.open
        ways = ((i, j + 1, j < side and east[i][j]), (i, j - 1, j > 0 and east[i][j - 1]),
                (i + 1, j, i < side and south[i][j]), (i - 1, j, i > 0 and south[i - 1][j]))  # fmt: skip
        return [(row, column) for row, column, way in ways if way]

    def walk(self, at, to, most=90):
        """Crossings on a way that keeps about to a goal, and does not like to turn back."""
        path, whims = [at], self.rng.exponential(0.7, 4 * most).tolist()
        for _ in range(most):
            ways = self.steps(*path[-1])
            if not ways or math.dist(path[-1], to) < 1.5:
                break
            before = path[-12:]
            path.append(min(ways, key=lambda way: math.dist(way, to) + whims.pop() + 3 * before.count(way)))
        return path

    def track(self, corners, start, speed=3.0):
        """Metres along corners as a batch: a fix each 2 seconds, as a receiver sees it."""
        corners = np.asarray(corners, float)
        along = np.append(0, np.cumsum(np.hypot(*np.diff(corners, axis=0).T)))
        at = np.arange(0, along[-1], 2 * speed)
        noise = np.cumsum(self.rng.normal(0, 0.5, (2, len(at))), axis=1)
        noise -= np.linspace(0, 1, len(at)) * noise[:, -1:]
        x, y = (np.interp(at, along, corners[:, k]) + noise[k] for k in (0, 1))
        u, v = from_lonlat(self.lon, self.lat)
        east, south = (float(metres) for metres in ground_metres(v))
        lon, lat = to_lonlat(u + x / east, v + y / south)
        return make_batch(lon, lat, start + at / speed, start=start, source=f"{start:.0f}-")

    def corners(self, path):
        return [(self.x[i, j], self.y[i, j]) for i, j in path]

    def loop(self, angle):
        """A way from the door to a goal in some direction, and back by other streets."""
        far = self.rng.uniform(12, 20)
        goal = np.clip(self.door + far * np.array([np.sin(angle), np.cos(angle)]), 0, 2 * HALF)
        out = self.walk(self.door, goal.tolist(), int(far * 1.6))
        return [self.home, *self.corners(out + self.walk(out[-1], self.door)[1:]), self.home]

    def tracks(self, runs=36, rides=12, months=3, loops=6):
        """Runs from home on some loops in all directions, as people have them, and rides that know nothing of home."""
        turned = self.rng.uniform(0, 2 * np.pi)
        ways = [self.loop(turned + 2 * np.pi * (k + self.rng.uniform(-0.4, 0.4)) / loops) for k in range(loops)]
        found = []
        for k in range(runs):
            way = ways[self.rng.integers(loops)]
            day = 30.4 * months * k / runs
            found.append(self.track(way if k % 2 else way[::-1], EPOCH + 86400 * day + 3600 * 7))
        for k in range(rides):
            side = self.rng.integers(0, 2 * HALF + 1, 2)
            ends = [(0, int(side[0])), (2 * HALF, int(side[1]))]
            if k % 2:
                ends = [end[::-1] for end in ends]
            path = self.walk(ends[0], ends[1], 120)
            found.append(self.track(self.corners(path), EPOCH + 86400 * (30.4 * months * k / rides) + 3600 * 16, 7.0))
        return found

    @property
    def place(self):
        """Latitude and longitude of home."""
        u, v = from_lonlat(self.lon, self.lat)
        east, south = (float(metres) for metres in ground_metres(v))
        lon, lat = to_lonlat(u + self.home[0] / east, v + self.home[1] / south)
        return float(lat), float(lon)


def pixels_and_ends(shown, origin):
    """What tiles of zoom 17 show of tracks, and where lines end in them: metres east and south of an origin."""
    u, v = from_lonlat(origin[1], origin[0])
    east, south = (float(metres) for metres in ground_metres(v))
    pixels, ends, gaps = [np.zeros((0, 2))], [np.zeros((0, 2))], []
    for batch in shown:
        x, y = (batch.u - u) * east, (batch.v - v) * south
        last = None
        for first, after in zip(batch.segments[:-1], batch.segments[1:], strict=True):
            if after == first:
                continue
            xs, ys = x[first:after], y[first:after]
            along = np.append(0, np.cumsum(np.hypot(np.diff(xs), np.diff(ys))))
            at = np.linspace(0, along[-1], int(along[-1] / 2) + 2)
            pixels.append(np.column_stack((np.interp(at, along, xs), np.interp(at, along, ys))))
            ends.append(np.array([[xs[0], ys[0]], [xs[-1], ys[-1]]]))
            if last is not None:
                gaps.append((last, ends[-1][0]))
            last = ends[-1][1]
    thin = np.unique(np.round(np.concatenate(pixels) / 8), axis=0) * 8
    return thin, np.concatenate(ends), gaps


def emptiest(pixels, ends, centre, half, step):
    """Of all circles around the places of a lattice that go to the nearest pixel: the two that a stranger would take.

    That is the largest at which about as many lines end as at any, and the largest with pixels on all four sides.
    """
    axis = np.arange(-half, half + step / 2, step)
    near = pixels[np.abs(pixels - centre).max(axis=1) < half + 1500].astype(np.float32)
    found = []
    for x in axis + centre[0]:
        for y in axis + centre[1]:
            away = np.hypot(near[:, 0] - np.float32(x), near[:, 1] - np.float32(y))
            radius = away.min()
            side = near[away < radius + 30] - np.float32((x, y))
            sides = len(np.unique((side > 0) @ (1, 2)))
            at_it = ends[np.abs(np.hypot(*(ends - (x, y)).T) - radius) < 25 + step / 2]
            found.append((x, y, radius, sides, len(np.unique(np.round(at_it / 15), axis=0))))
    x, y, radius, sides, touched = np.array(found).T
    many = np.flatnonzero(touched >= 0.8 * touched.max())
    held = np.flatnonzero(sides == 4)
    held = held if len(held) else many
    best = [many[radius[many].argmax()], held[radius[held].argmax()]]
    return [np.array([x[k], y[k]]) for k in best]


def attacks(shown, origin):
    """Places that a stranger would guess from what is shown around an origin, by name; metres from there.

    Slow and plain, and independent of `heatlas.library.home_guesses`.
    """
    found, middles = {}, []
    months = sorted({int((batch.activities[0].start - EPOCH) // (30.4 * 86400)) for batch in shown})
    for month in [None, *months]:
        some = [b for b in shown if month in (None, int((b.activities[0].start - EPOCH) // (30.4 * 86400)))]
        pixels, ends, gaps = pixels_and_ends(some, origin)
        ends = ends[np.abs(ends).max(axis=1) < 2000]
        if len(ends) < 8:
            continue
        middles.append(np.median(ends, axis=0))
        rough = emptiest(pixels, ends, np.array([110.0, -70.0]), 880, 80)
        for k, name in enumerate(("lines end", "pixels")):
            found[f"empty circle, {name}", month] = emptiest(pixels, ends, rough[k], 60, 20)[k]
        # Where a way goes on after a gap, it crossed the circle: its middle lies square to the middle of that chord.
        chords = np.array([(a, b) for a, b in gaps if 200 < math.dist(a, b) < 2500 and max(map(abs, (*a, *b))) < 2500])
        if len(chords) >= 3:
            across, middle = chords[:, 1] - chords[:, 0], chords.mean(axis=1)
            across /= np.hypot(*across.T)[:, None]
            found["chords", month], *_ = np.linalg.lstsq(across, (across * middle).sum(axis=1), rcond=None)
    # These scatter from month to month, and nobody knows which of them is right.
    found["middle of ends", None], found["middle of ends", "months"] = middles[0], np.median(middles[1:], axis=0)
    return found
