"""Routes of sessions: mostly favourite loops, sometimes new ways."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.demo import elsewhere
from heatlas.demo import network as net
from heatlas.demo.geometry import lengths, normals, resample, smooth
from heatlas.demo.grounds import CORE, HILL, ORIGIN, PLACES, VILLAGES, height, track_lap
from heatlas.demo.town import town

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.demo.diary import Session
    from heatlas.demo.geometry import Points

    _Stop = str | tuple[float, float]

__all__ = ["STEP", "Route", "route"]

STEP = 3.0
"""Metres between the points of a route."""
_ORIGINS = {"town": ORIGIN, "heath": (53.05, 9.62), "island": (-27.4, -131.6)}
_NETWORKS = {"town": town, "heath": elsewhere.heath, "island": elsewhere.island}
_GROUNDS = {"town": height, "heath": elsewhere.heath_height, "island": elsewhere.island_height}

_LOOPS = (
    (30, "home, city park west, city park east, west bank mid, old bridge, east bank mid, east bank south"),
    (24, "home, city park west, city park east"),
    (14, "home, lake north, lake west, lake east"),
    (11, "home, city park east, west bank mid, south bridge"),
    (10, "home, castle, market, city park east"),
    (11, "work, park south, park north, park east"),
)
"""Favourite loops: share in percent, and their places; each returns to the first."""
_LONG = (
    "home, city park east, west bank mid, old bridge, park south, park north, old bridge, castle",
    "home, lake east, lake west, lake north, south bridge, west bank mid",
    "home, south bridge, forest west, forest, forest south, forest east, forest north, east bank south",
    "home, track, hill foot, hill top, station west, castle, city park west",
    "home, castle, station west, park north, park south, east bank mid",
)
_WALKS = (
    "home, city park west, city park east",
    "castle, market, old bridge",
    "park south, park north",
    "lake east, lake west",
)
_FAR = (
    "SW1 SW2 S2 S1", "S1 S3 SE1 E1", "SW1 W1 W2 NW2 NW1", "N1 N2 NE2 NE1", "E1 E2 E3 SE2 SE1",
    "SE1 SE2 S3 S2 S1", "W1 NW2 NW1 N1 NE1 E1", "SW1 W1 NW1", "S1 S2 S3 SE1", "NE1 NE2 E2 E1",
    "S1 SW2 W2 W1 SW1", "NW1 N2 N1", "N1 N2 NE2 E2 E3 SE2 S3 S1", "SW1 SW2 W2 NW2 NW1 N1",
)  # fmt: skip
"""Tours through the villages, from home and back."""

# Cost of a metre by kind of way: avenue, street, path, trail, lane, bridge.
_ON_FOOT = np.array([1.45, 1.0, 0.62, 0.85, 1.05, 0.7])
_TRAILS = np.array([1.9, 1.3, 0.9, 0.45, 1.3, 0.9])
_ON_WHEELS = np.array([0.95, 1.25, 0.85, 3.5, 0.75, 0.9])
_ROADS = np.array([0.8, 1.3, 1.5, 6.0, 0.65, 2.0])
_SIDE = np.array([5.5, 2.2, 1.0, 0.3, 1.6, 0.8])


@frozen(kw_only=True)
class Route:
    """A line to travel, and its properties; n points, `STEP` metres apart."""

    line: Points
    """(n, 2) metres."""
    origin: tuple[float, float]
    """Latitude and longitude of (0, 0)."""
    height: NDArray[np.float64]
    """(n,) metres above the sea."""
    effort: NDArray[np.float64]
    """(n,) speed relative to that of the session."""
    blur: NDArray[np.float64]
    """(n,) error of positions relative to the usual one."""
    lights: NDArray[np.int64]
    """Points where the athlete may have to wait."""
    bridges: NDArray[np.int64]
    """Points where positions may fail."""
    laps: NDArray[np.int64]
    """Points where the lap key was pressed."""


@lru_cache(maxsize=512)
def _ways(place: str, stops: tuple[int, ...], taste: str, variety: float, seed: int) -> tuple[tuple[int, int], ...]:
    """Find ways through the given junctions, as (way, 1 or -1 for its direction)."""
    network = _NETWORKS[place]()
    liking = {"foot": _ON_FOOT, "trail": _TRAILS, "wheels": _ON_WHEELS, "road": _ROADS}[taste]
    streets = int(network.line.max()) + 1
    # Costs vary by whole street, so that variety makes no zigzag.
    habits = np.random.default_rng(7).lognormal(0, 0.12, streets)
    whim = np.random.default_rng(seed).lognormal(0, variety, streets) if variety else 1.0
    cost = network.length * liking[network.kind] * np.clip(habits * whim, 0.4, 4)[network.line]
    least = float((cost / network.length).min())
    price = cost.tolist()
    found: list[tuple[int, int]] = []
    for a, b in pairwise(stops):
        node = a
        for way in network.route(a, b, price, least):
            forward = int(network.ends[way, 0]) == node
            node = int(network.ends[way, 1 if forward else 0])
            found.append((way, 1 if forward else -1))
            # A way used once costs more, so that the way back differs.
            price[way] *= 1.9
    return tuple(found)


def _line(place: str, ways: Sequence[tuple[int, int]]) -> tuple[Points, NDArray[np.int64], NDArray[np.float64]]:
    """Join ways to a line: its points, the kind of way at each, and the distances along it where it meets an avenue."""
    network = _NETWORKS[place]()
    shapes, kinds, lights = [], [], []
    far = 0.0
    for way, direction in ways:
        shape = network.shapes[way][::direction]
        shapes.append(shape[:-1])
        kinds.append(np.full(len(shape) - 1, network.kind[way]))
        far += float(network.length[way])
        end = int(network.ends[way, 1 if direction > 0 else 0])
        around = network.ways[end]
        if len(around) > 2 and any(network.kind[w] == net.AVENUE for _, w in around):
            lights.append(far)
    last = network.shapes[ways[-1][0]][:: ways[-1][1]][-1:]
    return np.concatenate([*shapes, last]), np.concatenate([*kinds, kinds[-1][-1:]]), np.array(lights)


def _travelled(place: str, ways: Sequence[tuple[int, int]], session: Session, rng: np.random.Generator) -> Route:
    """Turn ways into a route: on one side of the street, with rounded corners."""
    line, kind, lights = _line(place, ways)
    s = lengths(line)
    line = resample(line, STEP)
    at = np.linspace(0, s[-1], len(line))
    kind = kind[np.searchsorted(s, at, "right").clip(1, len(kind)) - 1]
    wheels = session.kind in {"commute", "far", "virtual"}
    line = smooth(line, 2.6 if wheels else 1.8)
    side = 1.0 if wheels else float(rng.choice([-1.0, 1.0]))
    aside = side * _SIDE[kind] * (0.5 if wheels else 1.0) + 0.8 * smooth(rng.normal(size=len(line)), 40) * 8
    line = line + normals(smooth(line, 3)) * smooth(aside, 7)[:, None]
    waits = np.minimum(np.rint(lights / s[-1] * (len(line) - 1)).astype(np.int64), len(line) - 1)
    core = np.exp(-((np.hypot(*(line - CORE).T) / 480) ** 4)) if place == "town" else np.zeros(len(line))
    over = np.flatnonzero((kind[1:] == net.BRIDGE) & (kind[:-1] != net.BRIDGE))
    return Route(
        line=line, origin=_ORIGINS[place], height=smooth(_GROUNDS[place](line), 6), effort=np.ones(len(line)),
        blur=1 + 0.9 * core, lights=np.unique(waits), bridges=over, laps=np.zeros(0, np.int64),
    )  # fmt: skip


def _joined(parts: Sequence[Route], laps: Sequence[int]) -> Route:
    """Join routes end to end."""
    offsets = np.cumsum([0] + [len(part.line) for part in parts[:-1]])
    return Route(
        line=np.concatenate([p.line for p in parts]),
        origin=parts[0].origin,
        height=np.concatenate([p.height for p in parts]),
        effort=np.concatenate([p.effort for p in parts]),
        blur=np.concatenate([p.blur for p in parts]),
        lights=np.concatenate([p.lights + o for p, o in zip(parts, offsets, strict=True)]),
        bridges=np.concatenate([p.bridges + o for p, o in zip(parts, offsets, strict=True)]),
        laps=np.array(laps, np.int64),
    )


def _through(
    session: Session, rng: np.random.Generator, stops: Sequence[_Stop], taste: str, variety: float = 0.0
) -> Route:
    """Build the route through named or given places of the town."""
    network = town()
    at = [network.nearest(*(PLACES[stop] if isinstance(stop, str) else stop)) for stop in stops]
    # A usual route has four forms; with high variety each route is new.
    seed = int(rng.integers(2**31)) if variety > 0.2 else int(rng.integers(4))
    return _travelled("town", _ways("town", tuple(at), taste, variety, seed), session, rng)


def _intervals(session: Session, rng: np.random.Generator) -> Route:
    """Build the route from home to the track, 25 laps of it, and home again."""
    there = _through(session, rng, ["home", "track"], "foot")
    back = _through(session, rng, ["track", "home"], "foot", 0.15)
    lap = track_lap(1.0 + 0.4 * float(rng.random()))
    ring = resample(np.concatenate([lap[:-1]] * 25 + [lap[:1]]), STEP)
    which = np.arange(len(ring)) * 25 // len(ring)
    # One, two or four fast laps, then an easy one.
    fast = (1, 2, 4)[session.number % 3]
    effort = smooth(np.where(which % (fast + 1) < fast, 1.52, 0.88), 3)
    onto = resample(np.array([there.line[-1], lap[0]]), STEP)
    off = resample(np.array([lap[0], back.line[0]]), STEP)
    first = len(there.line) + len(onto)
    laps = first + np.searchsorted(which, np.arange(25))
    parts = [
        there,
        _plain(onto, np.ones(len(onto))),
        _plain(ring, effort),
        _plain(off, np.ones(len(off))),
        back,
    ]
    return _joined(parts, [*laps.tolist(), first + len(ring)])


def _plain(line: Points, effort: NDArray[np.float64]) -> Route:
    """Make a route on the sports ground: positions are good, and there are no waits."""
    none = np.zeros(0, np.int64)
    return Route(
        line=line, origin=ORIGIN, height=height(line), effort=effort, blur=np.full(len(line), 0.6),
        lights=none, bridges=none, laps=none,
    )  # fmt: skip


def _somewhere(rng: np.random.Generator, start: tuple[float, float], far: float) -> tuple[float, float]:
    """Draw a place in town, less than `far` metres from the start."""
    while True:
        r, theta = 3900 * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        x, y = float(r * np.cos(theta)), float(r * np.sin(theta))
        if np.hypot(x - start[0], y - start[1]) < far:
            return x, y


def _around(places: str) -> list[str]:
    """Split names of places, and repeat the first at the end."""
    names = places.split(", ")
    return [*names, names[0]]


def _explored(session: Session, rng: np.random.Generator) -> Route:
    """Build a route through random streets; every third starts at work, on the other side of town."""
    start = "work" if session.number % 3 == 2 else "home"
    while True:
        x, y = _somewhere(rng, PLACES[start], 3600)
        others = [(x + 700 * float(rng.normal()), y + 700 * float(rng.normal())) for _ in range(2)]
        found = _through(session, rng, [start, (x, y), *others, start], "foot", 0.6)
        if len(found.line) * STEP < 17_000:
            return found


def route(session: Session, rng: np.random.Generator) -> Route | None:
    """Draw the route of a session; None for one that stays in one place."""
    kind, n = session.kind, session.number
    if kind == "swim":
        return None
    if kind == "intervals":
        return _intervals(session, rng)
    if kind == "explore":
        return _explored(session, rng)
    if kind == "loop":
        share = np.array([share for share, _ in _LOOPS])
        loop = _LOOPS[int(rng.choice(len(_LOOPS), p=share / share.sum()))][1]
        return _through(session, rng, _around(loop), "foot", 0.2 * float(rng.random() < 0.25))
    if kind == "commute":
        ends = ["home", "work"] if n % 2 == 0 else ["work", "home"]
        return _through(session, rng, ends, "wheels", 0.2 * float(rng.random() < 0.3))
    if kind == "long":
        return _through(session, rng, _around(_LONG[n % len(_LONG)]), "foot", 0.15)
    if kind == "walk":
        return _through(session, rng, _around(_WALKS[n % len(_WALKS)]), "foot", 0.3)
    if kind == "far":
        # Each tour passes a village in another street.
        villages = [VILLAGES[name] for name in _FAR[(n * 5) % len(_FAR)].split()]
        passed = [(x + 170 * float(rng.normal()), y + 170 * float(rng.normal())) for x, y in villages]
        return _through(session, rng, ["home", *passed, "home"], "road", 0.25)
    if kind in {"trail", "hike"}:
        side = [(HILL[0] + 850 * math.cos(a), HILL[1] + 800 * math.sin(a)) for a in rng.uniform(0, 6.28, 2)]
        if n % 3 == 0 and kind == "trail":
            return _through(session, rng, ["home", "hill foot", "hill top", side[0], "home"], "trail", 0.35)
        return _through(
            session, rng, ["hill foot", "hill top", side[0], "hill top", side[1], "hill foot"], "trail", 0.35
        )
    return _abroad("heath" if kind == "holiday" else "island", session, rng)


def _abroad(place: str, session: Session, rng: np.random.Generator) -> Route:
    """Build a route from the middle of a place elsewhere through two or four junctions and back."""
    network = _NETWORKS[place]()
    start = network.nearest(0, 0)
    far = np.hypot(*(network.nodes - network.nodes[start]).T)
    choice = np.flatnonzero(far > 700)
    others = rng.choice(choice, size=2 if place == "heath" else 4, replace=False).tolist()
    taste = "foot" if place == "heath" else "road"
    ways = _ways(place, (start, *others, start), taste, 0.3, session.number)
    return _travelled(place, ways, session, rng)
