"""Everything that is known of the explorer tiles of some activities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.explorer.keys import square_keys
from heatlas.explorer.next_square import NextSquare, find_next_square
from heatlas.explorer.score import Clusters, Squares, find_clusters, find_squares
from heatlas.tracks.local_time import start_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity
    from heatlas.explorer.visits import TileVisits

__all__ = ["UNKNOWN", "Counting", "Explored", "History", "explored_of", "in_order"]

UNKNOWN = 0
"""Day of what has no date."""


@frozen
class Counting:
    """Which part of tracks is counted, and for whom."""

    whole: bool
    """Whether whole tracks are counted; else what is shown of them."""
    public: bool = False
    """Whether days, counts of activities and their history are left out: for everybody to see."""

    @property
    def words(self) -> str:
        """The same in words."""
        return "whole tracks" if self.whole else "what is shown"


@frozen
class History:
    """What each activity added, in the order of time."""

    new: NDArray[np.int64]
    """(n,) tiles that none visited before."""
    total: NDArray[np.int64]
    """(n,) tiles visited by then."""
    square: NDArray[np.int64]
    """(n,) tiles a side of the largest square by then."""
    cluster: NDArray[np.int64]
    """(n,) tiles of the largest cluster by then."""


_WHOLE = Counting(whole=True)


@dataclass(frozen=True)
class Explored:
    """Visited tiles of one zoom, and the scores that follow from them."""

    zoom: int
    counting: Counting
    """Which part of tracks was counted, and for whom."""
    activities: tuple[Activity, ...]
    """In order of time; those without a date are the last."""
    keys: NDArray[np.int64]
    """(n,) visited tiles (`heatlas.explorer.keys`), ascending."""
    count: NDArray[np.int64]
    """(n,) activities that visit each."""
    first: NDArray[np.int64]
    """(n,) first local day as a proleptic ordinal (`datetime.date.fromordinal`); UNKNOWN without a date."""
    last: NDArray[np.int64]
    """(n,) last local day."""
    since: NDArray[np.int64]
    """(n,) ordinal of the activity that visits each first."""

    @cached_property
    def squares(self) -> Squares:
        """The largest square."""
        return find_squares(self.keys, self.zoom, self.since)

    @cached_property
    def clusters(self) -> Clusters:
        """The largest cluster."""
        return find_clusters(self.keys, self.zoom, self.since)

    @cached_property
    def in_square(self) -> NDArray[np.bool_]:
        """(n,) whether each tile is in the largest square."""
        if not self.squares.size:
            return np.zeros(len(self.keys), np.bool_)
        return np.isin(self.keys, square_keys(self.squares.key, self.squares.size, self.zoom))

    @property
    def in_cluster(self) -> NDArray[np.bool_]:
        """(n,) whether each tile is in the largest cluster."""
        return self.clusters.members

    @cached_property
    def next_square(self) -> NextSquare | None:
        """Where the next larger square takes the fewest tiles; None where there is no larger one."""
        return find_next_square(self.keys, self.zoom, self.squares.size + 1)

    @cached_property
    def history(self) -> History:
        """What each activity added."""
        times = len(self.activities)
        new = np.bincount(self.since, minlength=times)
        return History(new, np.cumsum(new), self.squares.sizes(times), self.clusters.sizes(times))


def in_order(activities: Mapping[int, Activity]) -> list[int]:
    """Numbers of activities in order of time: by start, then by source; those without a start are the last."""

    def place(number: int) -> tuple[float, str, int]:
        activity = activities[number]
        return (math.inf if activity.start is None else activity.start, activity.source, number)

    return sorted(activities, key=place)


def explored_of(
    visits: TileVisits, activities: Mapping[int, Activity], zoom: int, counting: Counting = _WHOLE
) -> Explored:
    """Bring the visits of activities into tiles.

    Parameters
    ----------
    visits : TileVisits
        Of these activities and of no others.
    activities : mapping of int to Activity
        By number; those without a visit are part of the history too.
    zoom : int
        Of the tiles.
    counting : Counting
        What the visits are of.
    """
    numbers = in_order(activities)
    place = np.zeros(max(numbers, default=0) + 1, np.int64)
    place[numbers] = np.arange(len(numbers))
    starts = [start_of(activities[number]) for number in numbers]
    days = np.array([UNKNOWN if start is None else start.toordinal() for start in starts], np.int64)
    order = np.argsort(visits.tile, kind="stable")
    tile, when = visits.tile[order], place[visits.number[order]]
    keys, begins, count = np.unique(tile, return_index=True, return_counts=True)
    nothing = np.zeros(0, np.int64)
    day = days[when] if len(when) else nothing
    never = np.int64(np.iinfo(np.int64).max)
    dated = np.where(day == UNKNOWN, never, day)
    first = np.minimum.reduceat(dated, begins) if len(keys) else nothing
    return Explored(
        zoom, counting, tuple(activities[number] for number in numbers), keys, count.astype(np.int64),
        np.where(first == never, UNKNOWN, first),
        np.maximum.reduceat(day, begins) if len(keys) else nothing,
        np.minimum.reduceat(when, begins) if len(keys) else nothing,
    )  # fmt: skip
