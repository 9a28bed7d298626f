"""Trips of a device, by what it says that its owner does: guesses that are often missing, and sometimes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["STILL", "Moves", "moves_of"]

STILL = np.int8(100)
"""Class of not moving."""
_FRESH = 300.0
"""Seconds for which a guess holds."""
_SHORTEST = 180.0
"""Least seconds of a trip; shorter guesses are those of what is done around them."""
_FEWEST = 3
"""Least fixes of a trip."""
_JOINED = 600.0
"""Seconds to the fix before a trip, or after it, within which it belongs to the trip too."""
_STAY, _REACH = 600.0, 250.0
"""Least seconds of lying still, and metres within which a device does."""
_METRE = 90.0
"""Degrees times 10 million to a metre northwards, rounded up."""


@frozen
class Moves:
    """The way of a device, cut."""

    trips: list[tuple[int, int, int]]
    """First fix, last fix + 1 and class of each trip; the fixes at its ends may be those of its neighbours too."""
    rest: NDArray[np.int64]
    """(m,) the other fixes."""
    breaks: NDArray[np.bool_]
    """(m - 1,) whether a trip lies between two of these."""
    still: int
    """Number of fixes left out, because the device lay still."""


def moves_of(
    time: NDArray[np.float64], lat: NDArray[np.int32], lon: NDArray[np.int32], doing: NDArray[np.int8]
) -> Moves:
    """Cut the way of a device into trips and the rest.

    Parameters
    ----------
    time : ndarray of float64 (n,)
        Unix seconds, not decreasing.
    lat, lon : ndarray of int32 (n,)
        Degrees times 10 million.
    doing : ndarray of int8 (n,)
        Class of what is done, STILL, or -1 where nothing is said.
    """
    n = len(time)
    doing = _held(time, doing)
    starts, ends = _runs(doing)
    lasting = time[ends - 1] - time[starts]
    # A short guess is taken for the one before it.
    short = (lasting < _SHORTEST) & (np.arange(len(starts)) > 0)
    of = np.maximum.accumulate(np.where(short, 0, np.arange(len(starts))))
    doing = np.repeat(doing[starts][of], ends - starts)
    starts, ends = _runs(doing)
    kind, lasting = doing[starts], time[ends - 1] - time[starts]
    taken = (kind >= 0) & (kind != STILL) & (lasting >= _SHORTEST) & (ends - starts >= _FEWEST)
    free = np.ones(n, np.bool_)
    trips = []
    for first, last, sport in zip(starts[taken].tolist(), ends[taken].tolist(), kind[taken].tolist(), strict=True):
        free[first:last] = False
        begin = first - 1 if first and time[first] - time[first - 1] <= _JOINED else first
        end = last + 1 if last < n and time[last] - time[last - 1] <= _JOINED else last
        trips.append((begin, end, sport))
    still = 0
    wide = np.maximum(_extent(lat, starts), _extent(lon, starts))
    resting = (kind == STILL) & (lasting >= _STAY) & (wide <= _REACH * _METRE)
    for first, last in zip(starts[resting].tolist(), ends[resting].tolist(), strict=True):
        free[first + 1 : last] = False
        still += last - first - 1
    rest = np.flatnonzero(free)
    moving = np.zeros(n + 1, np.int64)
    for first, last in zip(starts[taken].tolist(), ends[taken].tolist(), strict=True):
        moving[first + 1 : last + 1] = 1
    passed = np.cumsum(moving)
    return Moves(trips, rest, passed[rest[1:]] > passed[rest[:-1] + 1], still)


def _held(time: NDArray[np.float64], doing: NDArray[np.int8]) -> NDArray[np.int8]:
    """Hold each guess for some minutes."""
    last = np.maximum.accumulate(np.where(doing >= 0, np.arange(len(doing)), 0))
    fresh = time - time[last] <= _FRESH
    return np.where(fresh, doing[last], np.int8(-1))


def _extent(values: NDArray[np.int32], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Greatest difference of the values in each run."""
    most, least = np.maximum.reduceat(values, starts), np.minimum.reduceat(values, starts)
    return most.astype(np.int64) - least


def _runs(values: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First places of runs of one value, and the places behind them."""
    starts = np.append(0, np.flatnonzero(values[1:] != values[:-1]) + 1)
    return starts, np.append(starts[1:], len(values))
