"""Make fixes along a route: speed, stops, errors of positions, heart rate and the other sensors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.mercator import EARTH_RADIUS, ECCENTRICITY2
from heatlas.demo.diary import KINDS, fitness
from heatlas.demo.geometry import smooth
from heatlas.demo.routes import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.demo.diary import Session
    from heatlas.demo.geometry import Points
    from heatlas.demo.routes import Route

    Series = NDArray[np.float64]

__all__ = ["Fixes", "move", "swim"]

_WHEELS = frozenset({"commute", "far", "virtual"})
_MASS = 82.0


@frozen(kw_only=True)
class Fixes:
    """Records of a device: n of them in order of time, NaN where unknown."""

    time: NDArray[np.int64]
    """(n,) Unix seconds, UTC."""
    lat: Series
    """(n,) degrees, WGS 84; NaN where there is no position."""
    lon: Series
    """(n,) degrees, WGS 84; NaN where there is no position."""
    elevation: Series
    """(n,) metres; NaN throughout for a swim."""
    distance: Series
    """(n,) metres since the start."""
    speed: Series
    """(n,) metres per second."""
    heart_rate: Series
    """(n,) beats per minute."""
    cadence: Series
    """(n,) strides of one foot or turns of the crank per minute."""
    power: Series
    """(n,) watts."""
    temperature: Series
    """(n,) degrees Celsius."""
    pauses: NDArray[np.int64]
    """First records after each stop of the timer."""
    laps: NDArray[np.int64]
    """Records that begin a new lap, without the first record."""

    @property
    def elapsed(self) -> int:
        """Seconds from the first record to the last."""
        return int(self.time[-1] - self.time[0])

    @property
    def moving(self) -> int:
        """Seconds with movement."""
        steps = np.diff(self.time)
        return int(steps[np.diff(self.distance) > 0.5 * steps].sum())


def _lag(values: Series, tau: float) -> Series:
    """First-order lag with a time constant `tau` in samples, from a start in balance."""
    n = int(6 * tau)
    w = np.exp(-np.arange(n) / tau)
    return np.convolve(np.concatenate((np.full(n - 1, values[0]), values)), w / w.sum(), mode="valid")


def _wandering(n: int, tau: float, rng: np.random.Generator) -> Series:
    """Noise with standard deviation 1 that wanders smoothly: two first-order lags in a row."""
    pad = int(12 * tau)
    calm = _lag(_lag(rng.normal(size=n + pad), tau), tau)[pad:]
    # Variance of white noise after two equal lags: (1 - a)^4 (1 + a^2) / (1 - a^2)^3, a = exp(-1 / tau).
    a = np.exp(-1 / tau)
    return np.asarray(calm / np.sqrt((1 - a) ** 4 * (1 + a * a) / (1 - a * a) ** 3))


def _pace(route: Route, session: Session, rng: np.random.Generator) -> tuple[Series, Series]:
    """Speed at each point of the route, and its slope."""
    kind = KINDS[session.kind]
    slope = smooth(np.gradient(route.height, STEP), 4)
    tangent = np.gradient(smooth(route.line, 2), axis=0)
    heading = np.unwrap(np.arctan2(tangent[:, 1], tangent[:, 0]))
    bend = np.abs(np.gradient(smooth(heading, 1.5), STEP))
    usual = (
        kind.speed
        * (fitness(session.day % 728) if session.kind not in {"walk", "hike"} else 1)
        * float(rng.normal(1, 0.025))
    )
    mood = 1 + 0.035 * _wandering(len(slope), 60, rng)
    tired = 1 - 0.05 * np.linspace(0, 1, len(slope)) ** 2 * min(1.0, len(slope) * STEP / 20000)
    speed = usual * route.effort * mood * tired
    if session.kind in _WHEELS:
        speed *= np.clip(np.exp(-9.5 * slope), 0.32, 1.75)
        most = np.sqrt(2.3 / np.maximum(bend, 1e-4))
    else:
        speed *= np.clip(1 / (1 + 3.1 * slope + 11 * slope**2), 0.35, 1.14)
        most = np.sqrt(1.6 / np.maximum(bend, 1e-4))
    return np.maximum(smooth(np.minimum(speed, most), 4 if session.kind in _WHEELS else 2), 0.5), slope


def _waits(route: Route, session: Session, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Points where the athlete stands still, and the seconds at each."""
    chance = 0.0 if session.kind in {"virtual", "hike"} else 0.14
    at = route.lights[rng.random(len(route.lights)) < chance]
    return at, rng.integers(10, 61, len(at))


def _degrees(xy: Points, origin: tuple[float, float]) -> tuple[Series, Series]:
    """Latitudes and longitudes of places given in metres from an origin (Snyder 1987, 4-18 and 4-20)."""
    w = 1 - ECCENTRICITY2 * np.sin(np.radians(origin[0])) ** 2
    lat = origin[0] + np.degrees(xy[:, 1] / (EARTH_RADIUS * (1 - ECCENTRICITY2) / w**1.5))
    lon = origin[1] + np.degrees(xy[:, 0] / (EARTH_RADIUS / np.sqrt(w) * np.cos(np.radians(lat))))
    return lat, lon


def move(route: Route, session: Session, rng: np.random.Generator) -> Fixes:
    """Travel a route, with a fix every second."""
    speed, slope = _pace(route, session, rng)
    s = np.arange(len(speed)) * STEP
    stop, seconds = _waits(route, session, rng)
    for i in stop:
        near = slice(max(0, i - 8), i + 9)
        speed[near] *= 1 - 0.75 * np.exp(-(((s[near] - s[i]) / 9) ** 2))
    clock = np.concatenate(([0.0], np.cumsum(STEP / ((speed[1:] + speed[:-1]) / 2))))
    waited = np.zeros(len(s))
    waited[stop] = seconds
    arrive = clock + np.cumsum(waited) - waited
    # A place where the athlete waits has two times.
    times, places = np.insert(arrive + waited, stop, arrive[stop]), np.insert(s, stop, s[stop])
    tick = np.arange(int(times[-1]) + 1, dtype=np.float64)
    at = np.interp(tick, times, places)
    xy = np.column_stack([np.interp(at, s, route.line[:, axis]) for axis in (0, 1)])
    sigma = rng.uniform(1.5, 2.8) * np.interp(at, s, route.blur) * (0.0 if session.kind == "virtual" else 1.0)
    for axis in (0, 1):
        xy[:, axis] += sigma * (
            _wandering(len(tick), 14, rng) + 0.35 * rng.normal() + 0.03 * rng.normal(size=len(tick))
        )
    lat, lon = _degrees(xy, route.origin)
    v = np.gradient(at)
    for point in route.bridges:
        if rng.random() < 0.06:
            lost = int(np.searchsorted(at, s[point]))
            lat[lost : lost + 20] = lon[lost : lost + 20] = np.nan
    fixes = Fixes(
        time=session.start + tick.astype(np.int64), lat=lat, lon=lon,
        elevation=np.interp(at, s, route.height) + 1.5 * rng.normal() + 0.25 * _wandering(len(tick), 20, rng),
        distance=at * (1 + 0.005 * rng.normal()), speed=np.maximum(0, v),
        **_sensors(v, np.interp(at, s, slope), session, rng),
        pauses=np.zeros(0, np.int64), laps=np.searchsorted(at, s[np.minimum(route.laps, len(s) - 1)]),
    )  # fmt: skip
    return _thinned(fixes, rng, standing=v < 0.05, smart=session.kind in {"far", "hike"} or rng.random() < 0.6)


def _sensors(v: Series, slope: Series, session: Session, rng: np.random.Generator) -> dict[str, Series]:
    """Heart rate, cadence, power and temperature from speed and slope."""
    n = len(v)
    none = np.full(n, np.nan)
    shape = fitness(session.day % 728)
    wobble = _wandering(n, 8, rng)
    power = none
    if session.kind in _WHEELS:
        # Air, rolling and climbing on a bicycle with its rider; no pedalling downhill or at a stop.
        watts = 0.21 * v**3 + (0.006 + slope) * _MASS * 9.81 * v + 0.2 * _MASS * v * np.gradient(v)
        pedals = np.clip(smooth(watts, 2) * (1 + 0.12 * wobble), 0, 620)
        cadence = np.where(pedals > 15, 83 + 5 * wobble + 0.02 * (pedals - 150), 0)
        target = 74 + 0.40 * np.minimum(pedals, 300) / shape
        if session.kind == "virtual" or (session.kind == "far" and session.day > 330):
            power = pedals
    else:
        effort = v * (1 + np.clip(4.5 * slope, -0.25, 2)) / shape
        walking = session.kind in {"walk", "hike"}
        target = (70 + 26 * effort) if walking else (60 + 31.5 * effort)
        cadence = np.where(v > 0.4, (52 + 6 * v) if walking else (72 + 3.6 * v) + 0.8 * wobble, 0)
    beat = _lag(np.clip(target, 58, 186), 35.0)
    # The heart rate begins at rest and drifts upwards.
    rest = np.exp(-np.arange(n) / 50.0)
    beat = np.clip(beat * (1 - rest) + 68 * rest + np.arange(n) / 3600 * 5 + 0.9 * _wandering(n, 5, rng), 50, 193)
    missing = rng.random() < (0.3 if session.kind in {"commute", "walk"} else 0.12)
    year = 2 * np.pi * ((session.day % 365) + 280 - 20) / 365
    air = 9.5 - 10.5 * np.cos(year) - 3.5 * np.cos(2 * np.pi * (session.local - 3) / 24) + 3 * rng.normal()
    if session.kind == "virtual":
        air = 20.0
    measured = rng.random() < 0.7
    warm = air + 6 * np.exp(-np.arange(n) / 400) if measured else none
    return {"heart_rate": none if missing else beat, "cadence": cadence, "power": power, "temperature": warm}


def _thinned(fixes: Fixes, rng: np.random.Generator, *, standing: NDArray[np.bool_], smart: bool) -> Fixes:
    """Leave out fixes that some devices do not write: at stops, and most of them in "smart" recording."""
    n = len(fixes.time)
    keep = np.ones(n, bool)
    if rng.random() < 0.5:
        keep &= ~standing
    if smart:
        chosen = np.cumsum(rng.integers(2, 8, n // 2 + 2))
        some = np.zeros(n, bool)
        some[chosen[chosen < n]] = True
        some[fixes.laps] = True
        keep &= some
    keep[[0, -1]] = True
    kept = np.flatnonzero(keep)
    paused = np.add.reduceat((standing & ~keep).astype(np.int64), kept) > 4
    series = {name: getattr(fixes, name)[kept] for name in _SERIES}
    return replace(fixes, **series, pauses=np.flatnonzero(paused[:-1]) + 1, laps=np.searchsorted(kept, fixes.laps))


_SERIES = (
    "time",
    "lat",
    "lon",
    "elevation",
    "distance",
    "speed",
    "heart_rate",
    "cadence",
    "power",
    "temperature",
)


def swim(session: Session, rng: np.random.Generator) -> Fixes:
    """Swim lengths of a 25 m pool: a record each, without positions."""
    lengths = int(rng.integers(48, 90))
    rests = np.where(np.arange(lengths) % 16 == 15, 30.0, 0.0)
    step = 25 / KINDS["swim"].speed * (1 + 0.05 * rng.normal(size=lengths)) + rests
    tick = np.concatenate(([0], np.cumsum(np.maximum(step, 15)).astype(np.int64)))
    none = np.full(lengths + 1, np.nan)
    beat = 118 + 22 * (1 - np.exp(-np.arange(lengths + 1) / 5)) + 3 * rng.normal(size=lengths + 1)
    distance = np.arange(lengths + 1, dtype=np.float64) * 25
    return Fixes(
        time=session.start + tick, lat=none, lon=none, elevation=none, distance=distance,
        speed=np.concatenate(([0.0], 25.0 / np.diff(tick))), heart_rate=beat, cadence=none, power=none,
        temperature=np.full(lengths + 1, 27.0), pauses=np.zeros(0, np.int64), laps=np.zeros(0, np.int64),
    )  # fmt: skip
