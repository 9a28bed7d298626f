"""The same activity from two sources: all copies are kept, the richest one is shown.

Which one that is must not depend on what came first. So copies stay in the library, and whatever a new activity
might be a copy of is judged anew together with it, by `heatlas.duplicates`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heatlas.duplicates import find_duplicates
from heatlas.library.activities import read_activities
from heatlas.library.tracks import read_track
from heatlas.sources.load import order

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from heatlas.batch import Batch

__all__ = ["Copies", "resolve"]

_AIR = 4e-6
"""World units by which bounding boxes may be apart: 160 m at the equator, more than copies ever are."""

_VAGUE = "(first IS NULL OR last - first < 1 OR first < 315532800 OR last > 4102444800 OR 2 * timed < fixes)"
"""SQL: whether `heatlas.duplicates` may find that the times of an activity do not tell; never too seldom."""


@dataclass(frozen=True, slots=True)
class Copies:
    """What changes in what is shown; whole tracks, nothing cut."""

    show: dict[int, Batch]
    hide: dict[int, Batch]
    pairs: list[tuple[str, str]]
    """Source of each new activity that is not shown or takes another one's place: the source left out, and the
    one that is shown."""

    @property
    def left_out(self) -> int:
        """Number of activities that are a copy of another one."""
        return len(self.pairs)


def resolve(link: sqlite3.Connection, new: Mapping[int, Batch], again: Iterable[int] = ()) -> Copies:
    """Judge new activities together with all that they may be copies of, and mark the copies.

    Parameters
    ----------
    link : Connection
        Inside a transaction.
    new : mapping of int to Batch
        Number of each activity that is in the tables, but not in the index -> its track.
    again : iterable of int
        Others to judge anew: copies of what was removed. They are not in the index.
    """
    again = set(again)
    others = again | {number for k in new for number in _may_be(link, k)}
    others = _with_copies(link, others) - set(new)
    tracks = dict(new)
    shown: set[int] = set()
    if others:
        asked = (json.dumps(sorted(others)),)
        for number, activity in read_activities(link, "number IN (SELECT value FROM json_each(?))", asked).items():
            tracks[number] = read_track(link, number, activity)
        query = "SELECT number FROM activities WHERE same_as IS NULL AND number IN (SELECT value FROM json_each(?))"
        shown = {row[0] for row in link.execute(query, asked)} - again
    numbers = sorted(tracks, key=lambda k: (order(tracks[k]), k))
    copy_of = {numbers[copy]: numbers[kept] for copy, kept in find_duplicates([tracks[k] for k in numbers])}
    link.executemany("UPDATE activities SET same_as = ? WHERE number = ?", [(copy_of.get(k), k) for k in numbers])
    source = {k: track.activities[0].source for k, track in tracks.items()}
    return Copies(
        show={k: tracks[k] for k in numbers if k not in copy_of and k not in shown},
        hide={k: tracks[k] for k in numbers if k in copy_of and k in shown},
        pairs=[(source[k], source[copy_of[k]]) for k in numbers if k in copy_of and (k in new or k in shown)],
    )


def _may_be(link: sqlite3.Connection, number: int) -> set[int]:
    """Activities that overlap another in time, or, where times do not tell, have as many fixes; near it on the map."""
    query = f"SELECT first, last, fixes, {_VAGUE}, west, east, north, south FROM activities WHERE number = ?"  # noqa: S608
    first, last, fixes, vague, *box = link.execute(query, (number,)).fetchone()
    select = "SELECT number, west, east, north, south FROM activities WHERE "
    query = f"{select} first <= :last AND last >= :first UNION {select} fixes = :fixes AND (:vague OR {_VAGUE})"
    rows = link.execute(query, {"first": first, "last": last, "fixes": fixes, "vague": vague})
    return {row[0] for row in rows if row[0] != number and _near(box, row[1:])}


def _near(a: list[float], b: tuple[float, ...]) -> bool:
    """Whether two boxes (west, east, north, south) touch, if need be around the world."""
    if a[2] > b[3] + _AIR or b[2] > a[3] + _AIR:
        return False
    return any(a[0] + turn <= b[1] + _AIR and b[0] <= a[1] + turn + _AIR for turn in (-1, 0, 1))


def _with_copies(link: sqlite3.Connection, numbers: set[int]) -> set[int]:
    """Activities with all that they are copies of, and all that are copies of these."""
    found: set[int] = set()
    waiting = set(numbers)
    while waiting:
        found |= waiting
        next_ones: set[int] = set()
        for number in waiting:
            rows = link.execute(
                "SELECT same_as FROM activities WHERE number = ?1 AND same_as IS NOT NULL "
                "UNION SELECT number FROM activities WHERE same_as = ?1",
                (number,),
            )
            next_ones |= {row[0] for row in rows}
        waiting = next_ones - found
    return found
