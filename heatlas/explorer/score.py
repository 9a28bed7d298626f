"""Squares and clusters of visited tiles, and when they grew.

Each tile has a time: the ordinal of the first activity that visits it. A square of n x n tiles is there from the
latest time of its tiles on. The n x n block at a tile is the union of four blocks of n - 1: at the tile, and one step
east, south and both. So the times of all blocks of one size follow from those of the size before.

A tile is in a cluster when it and its four neighbours are visited; clusters are tiles like that which touch by edges.
Its time is the latest of the five. Tiles join clusters in the order of their times, in a union-find structure
(R. E. Tarjan, Efficiency of a Good But Not Linear Set Union Algorithm, 1975).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.explorer.keys import neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Clusters", "Squares", "find_clusters", "find_squares"]

_STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1))
"""East, west, south, north."""


@frozen
class Squares:
    """The largest square, and since when there is one of each size."""

    since: NDArray[np.int64]
    """(n,) time from which on there is a square of 1, 2 ... n tiles a side; does not fall."""
    key: int
    """North-western tile of the largest: of several, the northernmost, then the westernmost; -1 without tiles."""

    @property
    def size(self) -> int:
        """Tiles a side."""
        return len(self.since)

    def sizes(self, times: int) -> NDArray[np.int64]:
        """(times,) size of the largest square at each time."""
        return np.searchsorted(self.since, np.arange(times), side="right")


@frozen
class Clusters:
    """The largest cluster, and when it grew."""

    since: NDArray[np.int64]
    """(k,) times at which the largest cluster grew, ascending."""
    grown: NDArray[np.int64]
    """(k,) its tiles from then on, ascending."""
    members: NDArray[np.bool_]
    """(n,) whether each tile is in the largest: of several, that with the northernmost, then westernmost tile."""

    @property
    def size(self) -> int:
        """Tiles."""
        return int(self.grown[-1]) if len(self.grown) else 0

    def sizes(self, times: int) -> NDArray[np.int64]:
        """(times,) size of the largest cluster at each time."""
        at = np.searchsorted(self.since, np.arange(times), side="right")
        return np.append(0, self.grown)[at]


def find_squares(keys: NDArray[np.int64], zoom: int, since: NDArray[np.int64]) -> Squares:
    """Find the largest square of visited tiles.

    Parameters
    ----------
    keys : ndarray of int64 (n,)
        Visited tiles, ascending, each once.
    zoom : int
        Of the tiles.
    since : ndarray of int64 (n,)
        Time of each tile, from 0.
    """
    count = len(keys)
    if not count:
        return Squares(np.zeros(0, np.int64), -1)
    never = np.int64(np.iinfo(np.int64).max)
    east, south, both = (neighbours(keys, zoom, *step) for step in ((1, 0), (0, 1), (1, 1)))
    times = np.append(since, never)  # the last stands for all tiles that are not visited
    there = np.arange(count)
    found: list[int] = []
    key = -1
    while len(there) and len(found) < 1 << zoom:
        found.append(int(times[there].min()))
        key = int(keys[there[0]])
        parts = [times[where[there]] for where in (east, south, both)]
        larger = np.maximum.reduce([times[there], *parts])
        times[there] = larger
        there = there[larger < never]
    return Squares(np.array(found, np.int64), key)


def find_clusters(keys: NDArray[np.int64], zoom: int, since: NDArray[np.int64]) -> Clusters:
    """Find the largest cluster of visited tiles.

    Parameters
    ----------
    keys, zoom, since
        As for `find_squares`.
    """
    count = len(keys)
    never = np.int64(np.iinfo(np.int64).max)
    beside = [neighbours(keys, zoom, *step) for step in _STEPS]
    times = np.append(since, never)
    inner = np.maximum.reduce([since, *(times[where] for where in beside)])
    order = np.argsort(inner, kind="stable")
    order = order[: int((inner < never).sum())]
    parent = np.arange(count + 1).tolist()
    sizes = [0] * (count + 1)  # 0: not there yet, as the last one, which is never there
    ways = np.stack(beside, axis=1)[order].tolist() if len(order) else []
    grown: dict[int, int] = {}
    largest = 0
    for tile, near, time in zip(order.tolist(), ways, inner[order].tolist(), strict=True):
        sizes[tile] = 1
        root = tile
        for other in near:
            if sizes[other]:
                other = _root(parent, other)  # noqa: PLW2901 - its cluster stands for it
                if other != root:
                    if sizes[other] > sizes[root]:
                        root, other = other, root  # noqa: PLW2901
                    parent[other] = root
                    sizes[root] += sizes[other]
        if sizes[root] > largest:
            largest = sizes[root]
            grown[time] = largest
    members = np.zeros(count, np.bool_)
    if largest:
        roots = np.array([_root(parent, tile) for tile in np.sort(order).tolist()])
        first = next(root for root in roots.tolist() if sizes[root] == largest)
        members[np.sort(order)[roots == first]] = True
    return Clusters(np.array(list(grown), np.int64), np.array(list(grown.values()), np.int64), members)


def _root(parent: list[int], tile: int) -> int:
    """Root of a tile's cluster; the way there is halved."""
    while parent[tile] != tile:
        parent[tile] = parent[parent[tile]]
        tile = parent[tile]
    return tile
