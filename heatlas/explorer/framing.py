"""Which tiles a picture shows when nobody says: those that lie together around the busiest place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import from_lonlat, to_lonlat
from heatlas.dataset.places import Visits, find_places
from heatlas.dataset.places.connected import connected
from heatlas.explorer.keys import boxes_of, columns_of, rows_of, square_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.explorer.explored import Explored
    from heatlas.explorer.keys import Box
    from heatlas.explorer.visits import TileVisits

__all__ = ["box_around", "busiest_box"]

_NEAR = 2
"""Tiles are joined that lie in groups of 4 x 4, 2^2 a side, which touch."""
_LONGEST = 120
"""Tiles of the longer side up to which all that lies together is shown."""
_SHORTEST = 48
"""Tiles of a side, at least, where not all that lies together is shown."""
_CELLS = 18
"""Zoom of tiles that are cells of `heatlas.dataset.places`."""


def box_around(keys: NDArray[np.int64], zoom: int) -> Box:
    """West, south, east, north of some tiles, degrees; the shorter way round the world, so east may exceed 180."""
    across, there = 1 << zoom, np.unique(columns_of(keys))
    gaps = np.diff(there, append=there[0] + across)
    first = int(there[(int(np.argmax(gaps)) + 1) % len(there)])
    west, south, east, north = boxes_of(keys, zoom).T
    beyond = columns_of(keys) < first
    return (
        float(np.where(beyond, west + 360, west).min()), float(south.min()),
        float(np.where(beyond, east + 360, east).max()), float(north.max()),
    )  # fmt: skip


def busiest_box(explored: Explored, visits: TileVisits) -> Box:
    """Box to show, degrees.

    All tiles that lie together with the busiest ones; where that is very long, the box of the busiest place, as other
    pictures show it, with the squares that touch it.
    """
    keys, zoom = explored.keys, explored.zoom
    across = max((1 << zoom) >> _NEAR, 1)
    groups, of = np.unique((rows_of(keys) >> _NEAR) << 32 | columns_of(keys) >> _NEAR, return_inverse=True)
    region = np.array(connected(groups.tolist(), across))[of]
    busiest = int(np.argmax(np.bincount(region, explored.count)))
    together = keys[region == busiest]
    if max(_extent(columns_of(together), 1 << zoom), _extent(rows_of(together))) <= _LONGEST:
        return box_around(together, zoom)
    finer, coarser = max(_CELLS - zoom, 0), max(zoom - _CELLS, 0)
    columns, rows = (part(visits.tile) << finer >> coarser for part in (columns_of, rows_of))
    box = find_places(Visits.of(visits.number, columns, rows))[0].bbox
    squares = [(explored.squares.key, explored.squares.size)]
    if explored.next_square is not None:
        squares.append((explored.next_square.key, explored.next_square.size))
    for key, size in squares:
        w, s, e, n = box_around(square_keys(key, size, zoom), zoom)
        west, south, east, north = box
        if w < east and e > west and s < north and n > south:
            box = min(w, west), min(s, south), max(e, east), max(n, north)
    return _widened(box, zoom)


def _widened(box: Box, zoom: int) -> Box:
    """A box of at least so many tiles a side that one sees what lies around."""
    west, south, east, north = box
    (left, right), (top, bottom) = from_lonlat(np.array([west, east]), np.array([north, south]))
    least = _SHORTEST / (1 << zoom)
    across, down = (max(least - (last - first), 0) / 2 for first, last in ((left, right), (top, bottom)))
    (west, east), (north, south) = to_lonlat(
        np.array([left - across, right + across]), np.clip(np.array([top - down, bottom + down]), 0, 1)
    )
    return float(west), float(south), float(east), float(north)


def _extent(places: NDArray[np.int64], around: int | None = None) -> int:
    """Tiles from the first to the last, the shorter way round where there is one."""
    there = np.unique(places)
    if around is None:
        return int(there[-1] - there[0]) + 1
    return around - int(np.diff(there, append=there[0] + around).max()) + 1
