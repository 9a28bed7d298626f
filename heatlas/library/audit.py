"""What a stranger could guess of where someone lives, from what a library shows.

The guesses are those of the literature (Hassan et al., Analysis of Privacy Protections in Fitness Tracking Social
Networks, USENIX Security 2018): the ends of what is shown of many tracks lie around what is hidden. Tried are their
middle, a circle through them, and where the lines meet along which the tracks come in and go out. The guesses see
only what is shown; what they are held against are the true starts and ends, which only the owner has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatlas.library.activities import read_activities
from heatlas.library.settings import privacy_of, read_settings
from heatlas.library.tracks import read_track
from heatlas.mercator import ground_metres, to_lonlat
from heatlas.privacy import hide

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from heatlas.batch import Batch
    from heatlas.library.store import Library

__all__ = ["Audit", "Spot", "audit"]

_CLUSTER = 150.0
"""Metres around a frequent start that belong to it."""
_FREQUENT = 5
"""Starts and ends that make a place worth hiding."""
_SAFE = 100.0
"""Metres: among houses this far around, one cannot be told."""
_LINE = 60.0
"""Metres of the way at an end that say whence it comes."""
_ROUNDS = 30


@dataclass(frozen=True, slots=True)
class Spot:
    """A place where activities often begin or end, and how near the guesses come to it."""

    lat: float
    lon: float
    ends: int
    """True starts and ends there, nothing cut."""
    shown: int
    """Those of them of whose tracks anything is shown."""
    nearest_shown: float | None
    """Metres from the place to the nearest shown end; None where nothing is shown."""
    guesses: dict[str, float]
    """Way of guessing -> metres from the place to the guess."""

    @property
    def off(self) -> float | None:
        """Metres by which the best of the guesses is wrong; None where there is nothing to guess from."""
        return min(self.guesses.values(), default=None)

    @property
    def safe(self) -> bool:
        """Whether no guess comes nearer than 100 m."""
        return self.off is None or self.off >= _SAFE


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found."""

    spots: tuple[Spot, ...]
    """Most frequent first."""
    verdict: str
    """One sentence."""


def audit(library: Library) -> Audit:
    """Try to find out what a library hides, from what it shows.

    Raises
    ------
    BadOption
        When the owner's secret is not the one with which the library's cuts were drawn.
    """
    true, ends = [], []
    with library.read() as link:
        privacy, _ = privacy_of(link, read_settings(link))
        for number, activity in read_activities(link, "same_as IS NULL").items():
            track = read_track(link, number, activity, ())
            shown = hide(track, privacy)
            true += [(track.u[0], track.v[0]), (track.u[-1], track.v[-1])]
            ends += [_end(shown, 1), _end(shown, -1)]
    places, visible = np.array(true).reshape(-1, 2), np.array(ends).reshape(-1, 4)
    spots = tuple(sorted(_spots(places, visible), key=lambda spot: -spot.ends))
    return Audit(spots, _verdict(spots))


def _end(shown: Batch, step: int) -> tuple[float, float, float, float]:
    """Where a shown track begins (or ends, step -1), and a place some way on; NaN where nothing is shown."""
    if not shown.fixes:
        return (np.nan,) * 4
    first = 0 if step == 1 else shown.fixes - 1
    way = np.abs(shown.progress - shown.progress[first])
    along = np.flatnonzero(way <= _LINE)
    on = int(along[-1] if step == 1 else along[0])
    return shown.u[first], shown.v[first], shown.u[on], shown.v[on]


def _spots(places: NDArray[np.float64], visible: NDArray[np.float64]) -> Iterator[Spot]:
    """Gather true ends around the most frequent places, one after the other, and guess at each."""
    left = np.arange(len(places))
    while len(left) >= _FREQUENT:
        # Where most are: the fullest square of a lattice, then twice the middle of what is around it.
        east, north = ground_metres(places[left, 1])
        cells = np.floor(places[left] * np.stack((east, north), 1) / _CLUSTER)
        _, square, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
        centre = np.median(places[left[square.reshape(-1) == counts.argmax()]], axis=0)
        for _ in range(2):
            near = np.hypot(*_metres(places[left], centre).T) <= _CLUSTER
            centre = np.median(places[left[near]], axis=0) if near.any() else centre
        near = np.hypot(*_metres(places[left], centre).T) <= _CLUSTER
        if near.sum() < _FREQUENT and counts.max() < _FREQUENT:
            return
        here = left[near] if near.any() else left[square.reshape(-1) == counts.argmax()]
        if len(here) >= _FREQUENT:
            yield _spot(centre, len(here), visible[here])
        left = np.setdiff1d(left, here)


def _spot(centre: NDArray[np.float64], count: int, visible: NDArray[np.float64]) -> Spot:
    seen = visible[~np.isnan(visible[:, 0])]
    lon, lat = to_lonlat(*centre)
    ends, on = _metres(seen[:, :2], centre), _metres(seen[:, 2:], centre)
    guesses = {name: float(np.hypot(*guess)) for name, guess in _guesses(ends, on)}
    nearest = float(np.hypot(*ends.T).min()) if len(ends) else None
    return Spot(float(lat), float(lon), count, len(seen), nearest, guesses)


def _guesses(ends: NDArray[np.float64], on: NDArray[np.float64]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Guess at what lies behind the ends (k, 2) of tracks that go on through `on` (k, 2), metres."""
    if not len(ends):
        return
    yield "middle of the ends", np.median(ends, axis=0)
    if len(ends) >= 3 and np.ptp(ends, axis=0).max() > 1:
        yield "circle through the ends", _circle(ends)
        way = ends - on
        length = np.hypot(*way.T)
        if (length > 1).sum() >= 3:
            yield (
                "where the lines meet",
                _crossing(ends[length > 1], (way / np.maximum(length, 1)[:, None])[length > 1]),
            )


def _circle(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre of the circle that fits points best, outliers counting less.

    Linear least squares in x, y and x^2 + y^2 (I. Kasa, A circle fitting procedure and its error analysis, IEEE
    Transactions on Instrumentation and Measurement 25, 1976), again and again with weights from the residuals.
    """
    weight = np.ones(len(points))
    centre = points.mean(axis=0)
    for _ in range(_ROUNDS):
        matrix = np.column_stack((2 * points, np.ones(len(points))))
        solution, *_ = np.linalg.lstsq(matrix * weight[:, None], (points**2).sum(axis=1) * weight, rcond=None)
        centre = solution[:2]
        off = np.abs(np.hypot(*(points - centre).T) - np.sqrt(max(solution[2] + centre @ centre, 0.0)))
        weight = 1 / np.sqrt(np.maximum(off, 1.0))
    return np.asarray(centre)


def _crossing(points: NDArray[np.float64], way: NDArray[np.float64]) -> NDArray[np.float64]:
    """The place from which straight lines through points, along unit vectors, are least far, outliers counting less."""
    weight = np.ones(len(points))
    across = np.column_stack((-way[:, 1], way[:, 0]))
    place = points.mean(axis=0)
    for _ in range(_ROUNDS):
        distance = (across * points).sum(axis=1)
        place, *_ = np.linalg.lstsq(across * weight[:, None], distance * weight, rcond=1e-6)
        weight = 1 / np.sqrt(np.maximum(np.abs(across @ place - distance), 1.0))
    return np.asarray(place)


def _metres(places: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k, 2) metres east and south of a centre; around the world by the short way."""
    east, north = (float(metres) for metres in ground_metres(centre[1]))
    away = places - centre
    away[:, 0] -= np.round(away[:, 0])
    return np.asarray(away * (east, north))


def _verdict(spots: tuple[Spot, ...]) -> str:
    if not spots:
        return f"no place has {_FREQUENT} starts or ends: there is nothing to guess"
    open_ones = [spot for spot in spots if not spot.safe]
    if not open_ones:
        return f"no guess comes nearer than {_SAFE:.0f} m to any of {len(spots)} places"
    worst = min(open_ones, key=lambda spot: spot.off or 0.0)
    return (
        f"{len(open_ones)} of {len(spots)} places can be guessed to within {_SAFE:.0f} m, the nearest to "
        f"{worst.off:.0f} m: hide {worst.lat:.5f},{worst.lon:.5f} by a wider zone, or clip longer ends"
    )
