"""The same activity from several sources: all copies are stored, one track of them is shown.

Which one that is must not depend on what came first. So copies stay in the library, and whatever hangs together with a
new activity is judged anew together with it, by `heatlas.duplicates`. What the copies know of it is merged when it is
read (`heatlas.library.merged`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatlas.duplicates import BOXES, CLOCK, FARTHEST, Judge, leeway
from heatlas.library.activities import read_activities
from heatlas.library.schema import SPAN, TIMELESS
from heatlas.library.tracks import read_track
from heatlas.sources.merging import merge_copies

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from heatlas.batch import Batch
    from heatlas.report import Duplicate

__all__ = ["Copies", "resolve"]

_AIR = 4e-6
"""World units by which bounding boxes may be apart: 160 m at the equator, more than copies ever are."""
_LONGEST = {0: 7200, 1: 86_400, 2: 864_000}
"""Class of `heatlas.library.schema.SPAN` -> seconds that an activity of it takes at most."""
_WIDER = 1.5
"""A box that is like another one has at most so many times its leeway."""
_MOST = 256
"""Of those in a box like that of one without times, so many are compared: those whose boxes are the nearest."""
_THESE = "number IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class Copies:
    """What changes in what is shown; whole tracks, nothing cut."""

    show: dict[int, Batch]
    hide: dict[int, Batch]
    pairs: list[Duplicate]
    """Each new activity that is not shown, and each that a new one takes the place of."""


def resolve(link: sqlite3.Connection, new: Mapping[int, Batch], again: Iterable[int] = ()) -> Copies:
    """Judge new activities together with all that they hang together with as copies, and mark the copies.

    Parameters
    ----------
    link : Connection
        Inside a transaction.
    new : mapping of int to Batch
        Number of each activity that is in the tables, but not in the index -> its track.
    again : iterable of int
        Others to judge anew: what was judged together with something that was removed.
    """
    judge = Judge()
    for number, batch in new.items():
        judge.add(number, batch)
    members, pairs = _together(link, judge, {*new, *again})
    asked = (json.dumps(sorted(members)),)
    rows = link.execute(f"SELECT number FROM activities WHERE same_as IS NULL AND {_THESE}", asked)  # noqa: S608
    shown = {row[0] for row in rows} - set(new)
    verdict = judge.decide(sorted(members), pairs)
    copy_of = verdict.copy_of
    link.executemany(
        "UPDATE activities SET same_as = ?, private_by = ? WHERE number = ?",
        [(copy_of.get(k), verdict.private_by.get(k), k) for k in sorted(members)],
    )
    told = {k for k in copy_of if k in new or k in shown}
    show = [k for k in sorted(members) if k not in copy_of and k not in shown]
    _read(link, judge, set(show))
    return Copies(
        show={k: judge.batches[k] for k in show},
        hide={k: judge.batches[k] for k in sorted(members) if k in copy_of and k in shown},
        pairs=[duplicate for k, duplicate in merge_copies(judge, verdict)[1].items() if k in told],
    )


def _together(link: sqlite3.Connection, judge: Judge, seeds: set[int]) -> tuple[set[int], list[tuple[int, int]]]:
    """Find all that hangs together with some activities, copy by copy; and pairs that are the same."""
    members, waiting = set(seeds), sorted(seeds)
    pairs: set[tuple[int, int]] = set()
    while waiting:
        number = waiting.pop()
        linked = _linked(link, number)
        others = linked | _may_be(link, number)
        if others:
            _read(link, judge, {number, *others})
        for other in sorted(others):
            if judge.same(number, other):
                pairs.add((min(number, other), max(number, other)))
            elif other not in linked:
                continue
            if other not in members:
                members.add(other)
                waiting.append(other)
    return members, sorted(pairs)


def _read(link: sqlite3.Connection, judge: Judge, numbers: set[int]) -> None:
    missing = numbers - judge.batches.keys()
    if missing:
        for number, activity in read_activities(link, _THESE, (json.dumps(sorted(missing)),)).items():
            judge.add(number, read_track(link, number, activity))


def _linked(link: sqlite3.Connection, number: int) -> set[int]:
    """What was judged to be the same as an activity before."""
    rows = link.execute(
        "SELECT same_as FROM activities WHERE number = ?1 AND same_as IS NOT NULL "
        "UNION SELECT private_by FROM activities WHERE number = ?1 AND private_by IS NOT NULL "
        "UNION SELECT number FROM activities WHERE same_as = ?1 "
        "UNION SELECT number FROM activities WHERE private_by = ?1",
        (number,),
    )
    found = {row[0] for row in rows}
    asked = (json.dumps(sorted(found)),)
    return {row[0] for row in link.execute(f"SELECT number FROM activities WHERE {_THESE}", asked)}  # noqa: S608


_SELECT = "SELECT number, first, last, west, east, north, south FROM activities WHERE "
_BY_TIME = " UNION ALL ".join(
    _SELECT + condition
    for condition in (
        *(
            f"{SPAN} = {k} AND first BETWEEN :first - {most} - :clock AND :last + :clock"
            for k, most in _LONGEST.items()
        ),
        f"{SPAN} = {len(_LONGEST)} AND first <= :last + :clock",
        "first BETWEEN :first - :zones AND :first + :zones",
    )
)
_BOX = (
    "SELECT number, west, east, north, south FROM activities INDEXED BY {} WHERE west BETWEEN :west + {} - :air AND "
    ":west + {} + :air AND north BETWEEN :north - :air AND :north + :air AND south BETWEEN :south - :air AND "
    ":south + :air{}"
)
_BY_BOX = " UNION ALL ".join(_BOX.format("activities_by_box", turn, turn, "") for turn in (-1, 0, 1))
"""From the index alone: thousands may go the same way each day."""
_TIMELESS_BY_BOX = " UNION ALL ".join(
    _BOX.format("activities_timeless", turn, turn, f" AND {TIMELESS} = 1") for turn in (-1, 0, 1)
)


def _may_be(link: sqlite3.Connection, number: int) -> set[int]:
    """Activities that are worth comparing with another one, found by the indices of their times and boxes."""
    query = f"SELECT {TIMELESS}, first, last, west, east, north, south FROM activities WHERE number = ?"  # noqa: S608
    vague, first, last, *box = link.execute(query, (number,)).fetchone()
    air = float(leeway(np.array([box]))[0])
    known = {"first": first, "last": last, "clock": CLOCK, "zones": FARTHEST + CLOCK, "air": _WIDER * air}
    known |= dict(zip(("west", "east", "north", "south"), box, strict=True))
    found = {row[0] for row in link.execute(_BY_TIME, known) if _meet((first, last, *box), row[1:])} if last else set()
    boxes = link.execute(_BY_BOX if vague else _TIMELESS_BY_BOX, known).fetchall()
    airs = leeway(np.array([row[1:] for row in boxes]).reshape(-1, 4)).tolist()
    near = sorted(
        (far, row[0])
        for row, other in zip(boxes, airs, strict=True)
        if (far := _far(box, row[1:])) <= max(air, other) and row[0] != number
    )
    return (found | {other for _, other in near[:_MOST]}) - {number}


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether two overlap in time and space, or, hours apart, take as long in the same box."""
    if b[0] <= a[1] + CLOCK and a[0] <= b[1] + CLOCK:
        return _near(a[2:], b[2:])
    return abs((a[1] - a[0]) - (b[1] - b[0])) <= 2 * CLOCK and _far(a[2:], b[2:]) <= BOXES


def _near(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether two boxes (west, east, north, south) touch, if need be around the world."""
    if a[2] > b[3] + _AIR or b[2] > a[3] + _AIR:
        return False
    return any(a[0] + turn <= b[1] + _AIR and b[0] <= a[1] + turn + _AIR for turn in (-1, 0, 1))


def _far(a: Iterable[float], b: Iterable[float]) -> float:
    """Greatest difference of any side of two boxes, the short way around the world."""
    away = [y - x for x, y in zip(a, b, strict=True)]
    turn = round(away[0])
    return max(abs(away[0] - turn), abs(away[1] - turn), abs(away[2]), abs(away[3]))
