"""Regions that hold activities, and the box to show of each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.dataset.places.connected import connected
from heatlas.dataset.places.framing import frame
from heatlas.dataset.places.visits import ZOOM
from heatlas.dataset.places.windows import padded
from heatlas.gazetteer import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.dataset.places.visits import Visits

__all__ = ["Place", "find_places", "places_data"]

_COARSE = 7
"""Zooms by which the squares that form regions are coarser than cells: they are 20 km wide at the equator."""
_SQUARE_BITS = ZOOM + 8 - _COARSE
"""Binary logarithm of the number of squares around the world."""
_LINKS = 0.02
"""Share of the busiest square's activities below which a square does not connect places."""


@frozen
class Place:
    """A region that holds activities."""

    bbox: tuple[float, float, float, float]
    """West, south, east, north, degrees: the box to show, which most of its activities share."""
    activities: int
    fixes: int | None
    """None where it is unknown, as in an index."""

    def data(self, name: str) -> dict[str, Any]:
        """Return the place, and what it is called, as plain data; `center` is longitude, latitude."""
        west, south, east, north = self.bbox
        return {
            "name": name,
            "bbox": list(self.bbox),
            "center": [(west + east) / 2, (south + north) / 2],
            "activities": self.activities,
            "fixes": self.fixes,
        }


def places_data(places: Sequence[Place]) -> list[dict[str, Any]]:
    """Return places as plain data, each with its name (`heatlas.gazetteer.names_of`)."""
    names = names_of(place.bbox for place in places)
    return [place.data(name) for place, name in zip(places, names, strict=True)]


def find_places(visits: Visits) -> list[Place]:
    """Find the regions that hold activities, the busiest first.

    Neighbouring squares of some 20 km that are visited often enough form a region. A single long trip between two
    regions does not join them. The box of each region comes from `heatlas.dataset.places.framing.frame`.
    """
    found = [(len(here), _place(visits, here)) for here in _by_region(visits)]
    found.sort(key=lambda one: (-one[1].activities, -one[0], one[1].bbox))
    return [place for _, place in found]


def _by_region(visits: Visits) -> Iterator[NDArray[np.int64]]:
    """Indices of the visits to each region."""
    if not len(visits.activity):
        return
    name, regions = _regions_of_visits(visits)
    order = np.argsort(name, kind="stable")
    ends = np.searchsorted(name, np.arange(regions + 1), sorter=order)
    del name
    yield from (order[first:last] for first, last in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))


def _regions_of_visits(visits: Visits) -> tuple[NDArray[np.int32], int]:
    """Number of the region of each visit, -1 for those in none, and the number of regions."""
    key = visits.activity << _SQUARE_BITS | visits.row >> _COARSE
    key <<= _SQUARE_BITS
    key |= visits.column >> _COARSE
    # Visits of an activity follow each other in rows: few begin in another square than the one before.
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    lengths = np.diff(np.append(starts, len(key)))
    pairs, which = np.unique(key[starts], return_inverse=True)
    del key, starts
    squares = (pairs >> _SQUARE_BITS & (1 << _SQUARE_BITS) - 1) << 32 | pairs & (1 << _SQUARE_BITS) - 1
    begins = np.flatnonzero(np.diff(pairs >> 2 * _SQUARE_BITS))
    region = _regions([frozenset(part.tolist()) for part in np.split(squares, begins + 1)])
    name = np.array([region.get(square, -1) for square in squares.tolist()], np.int32)[which.reshape(-1)]
    return np.repeat(name, lengths), len(set(region.values()))


def _place(visits: Visits, here: NDArray[np.int64]) -> Place:
    across = 1 << (ZOOM + 8)
    at: Any = slice(None) if len(here) == len(visits.activity) else here  # no copy of all
    activity, row = visits.activity[at], visits.row[at]
    activities = 1 + int(np.count_nonzero(np.diff(activity)))
    left, top, right, bottom = (
        np.array(frame(activity, _unwrapped(visits.column[at], across), row, activities)) / across
    )
    fixes = None if visits.fixes is None else int(visits.fixes[at].sum())
    return Place(padded(np.array([left, right]), np.array([top, bottom])), activities, fixes)


def _unwrapped(column: NDArray[np.int64], across: int) -> NDArray[np.int64]:
    """Shift columns so that the widest empty gap lies outside: the antimeridian must not stretch the region."""
    order = np.flatnonzero(np.bincount(column))
    gaps = np.diff(order, append=order[0] + across)
    start = order[(int(np.argmax(gaps)) + 1) % len(order)]
    unwrapped: NDArray[np.int64] = column - start
    unwrapped %= across
    unwrapped += start
    return unwrapped


def _regions(tracks: Sequence[frozenset[int]]) -> dict[int, int]:
    """Join neighbouring squares into regions: square -> number of its region.

    Squares that few tracks visit belong to no region, so that a trip does not connect the places at its ends. Tracks
    that would be in no region at all form regions of their own.
    """
    region: dict[int, int] = {}
    remaining = tracks
    while remaining:
        visits = Counter(square for squares in remaining for square in squares)
        busiest = max(visits.values())
        enough = max(_LINKS * busiest, min(2, busiest))
        busy = sorted({square for square, n in visits.items() if n >= enough} - region.keys())
        first = len(set(region.values()))
        region |= zip(busy, (first + k for k in connected(busy, 1 << _SQUARE_BITS)), strict=True)
        remaining = [squares for squares in remaining if not squares & region.keys()]
    return region
