"""Group positions around frequent places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import ground_metres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["CLUSTER", "gather", "metres_from"]

CLUSTER = 150.0
"""Metres around a frequent place that belong to it."""


def gather(places: NDArray[np.float64], least: int) -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Group positions around the most frequent places, one after the other.

    Parameters
    ----------
    places : ndarray of float64 (n, 2)
        World coordinates.
    least : int
        Positions that make a frequent place.

    Yields
    ------
    centre : ndarray of float64 (2,)
        World coordinates of the middle.
    members : ndarray of int64
        Indices of the positions within CLUSTER of it.
    """
    left = np.flatnonzero(_crowded(places, least))
    while len(left) >= least:
        # The median of the fullest square of a lattice, then twice the median of the positions around it.
        _, square, counts = np.unique(_squares(places[left]), axis=0, return_inverse=True, return_counts=True)
        here = left[square.reshape(-1) == counts.argmax()]
        for _ in range(3):
            centre = np.median(places[here], axis=0)
            near = left[np.hypot(*metres_from(places[left], centre).T) <= CLUSTER]
            here = near if len(near) else here
        if len(here) >= least:
            yield centre, here
        left = np.setdiff1d(left, here)


def _squares(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) squares of about CLUSTER metres, equal for all positions of one latitude."""
    east, north = ground_metres(np.round(places[:, 1], 4))
    return np.asarray(np.floor(places * np.stack((east, north), 1) / CLUSTER))


def _crowded(places: NDArray[np.float64], least: int) -> NDArray[np.bool_]:
    """Whether the square of each position and the eight around it contain enough positions; few of thousands do."""
    if not len(places):
        return np.zeros(0, np.bool_)
    squares, square, counts = np.unique(_squares(places), axis=0, return_inverse=True, return_counts=True)
    known = dict(zip(map(tuple, squares.tolist()), counts.tolist(), strict=True))
    beside = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    many = [sum(known.get((x + dx, y + dy), 0) for dx, dy in beside) for x, y in squares.tolist()]
    return np.asarray(np.array(many)[square.reshape(-1)] >= least)


def metres_from(places: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k, 2) metres east and south of a centre, by the short way around the world."""
    east, north = (float(metres) for metres in ground_metres(centre[1]))
    away = places - centre
    away[:, 0] -= np.round(away[:, 0])
    return np.asarray(away * (east, north))
