"""Find copies: the same activity from several sources. All are stored, and the track of one is shown.

The choice must not depend on the order of imports. So copies stay in the library, and a new activity is judged by
`heatlas.tracks.duplicates` together with all activities that are connected with it as copies. Their attributes are
merged when they are read (`heatlas.library.rows.merged`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.library.file.schema import SPAN, TIMELESS
from heatlas.library.file.sound_rows import damaged
from heatlas.library.rows.activities import read_activities, read_rows
from heatlas.library.rows.tracks import sound_tracks
from heatlas.sources.merging import merge_copies
from heatlas.tracks.duplicates import BOXES, CLOCK, FARTHEST, Judge, leeway

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from heatlas.core.batch import Batch
    from heatlas.core.report import Duplicate

__all__ = ["Copies", "resolve"]

_MARGIN = 4e-6
"""Greatest gap between bounding boxes that touch, world units: 160 m at the equator, more than copies ever differ."""
_LONGEST = {0: 7200, 1: 86_400, 2: 864_000}
"""Class of `heatlas.library.file.schema.SPAN` -> greatest duration of its activities, seconds."""
_WIDER = 1.5
"""Greatest ratio of the leeways of two similar boxes."""
_MOST = 256
"""Most activities to compare because of their boxes alone: those with the nearest boxes."""
_THESE = "number IN (SELECT value FROM json_each(?))"


@frozen
class Copies:
    """Changes to the activities that are shown; tracks are whole, nothing is cut."""

    show: dict[int, Batch]
    hide: dict[int, Batch]
    pairs: list[Duplicate]
    """Each new activity that is not shown, and each that a new one replaces."""


def resolve(
    connection: sqlite3.Connection,
    new: Mapping[int, Batch],
    again: Iterable[int] = (),
    told_apart: dict[int, set[int]] | None = None,
) -> Copies:
    """Find copies among new activities and all that are connected with them, and mark them in the tables.

    Parameters
    ----------
    connection : Connection
        Inside a transaction.
    new : mapping of int to Batch
        Number of each activity that has a row, but is not in the index -> its track.
    again : iterable of int
        Numbers of other activities to judge again: those that were judged together with removed ones.
    told_apart : dict of int to set of int, optional
        Activity -> others that were found to be no copies of it, in groups before this one, of a library whose
        activities are all judged again, in ascending order; is updated. So no pair is compared in two groups.
    """
    judge = Judge()
    for number, batch in new.items():
        judge.add(number, batch)
    members, pairs = _connected(connection, judge, {*new, *again}, {} if told_apart is None else told_apart)
    asked = (json.dumps(sorted(members)),)
    rows = connection.execute(f"SELECT number FROM activities WHERE same_as IS NULL AND {_THESE}", asked)  # noqa: S608
    shown = {row[0] for row in rows} - set(new)
    verdict = judge.decide(sorted(members), pairs)
    copy_of = verdict.copy_of
    connection.executemany(
        "UPDATE activities SET same_as = ?1, private_by = ?2 WHERE number = ?3 "
        "AND NOT (same_as IS ?1 AND private_by IS ?2)",  # a damaged row refuses to be written
        [(copy_of.get(k), verdict.private_by.get(k), k) for k in sorted(members)],
    )
    reported = {k for k in copy_of if k in new or k in shown}
    show = [k for k in sorted(members) if k not in copy_of and k not in shown]
    _read(connection, judge, set(show))
    return Copies(
        show={k: judge.batches[k] for k in show},
        hide={k: judge.batches[k] for k in sorted(members) if k in copy_of and k in shown},
        pairs=[duplicate for k, duplicate in merge_copies(judge, verdict)[1].items() if k in reported],
    )


def _connected(
    connection: sqlite3.Connection, judge: Judge, seeds: set[int], told_apart: dict[int, set[int]]
) -> tuple[set[int], list[tuple[int, int]]]:
    """Activities that are connected with `seeds` by chains of copies; and all pairs of copies."""
    members, waiting, last = set(seeds), sorted(seeds), max(seeds, default=0)
    pairs: set[tuple[int, int]] = set()
    while waiting:
        number = waiting.pop()
        linked = _judged_same(connection, number)
        others = linked | (_candidates(connection, number) - told_apart.get(number, set()))
        if others:
            _read(connection, judge, {number, *others})
        if unread := {number, *others} - judge.batches.keys() if others else set():
            _refuse_private(connection, unread)
            if unread & {number, *linked}:  # what was judged before stays
                members.discard(number)
                continue
        for other in sorted(others - unread):
            if judge.same(number, other):
                pairs.add((min(number, other), max(number, other)))
            elif other not in linked:
                if other > last:  # judged in a later group
                    told_apart.setdefault(other, set()).add(number)
                continue
            if other not in members:
                members.add(other)
                waiting.append(other)
    for number in seeds:
        told_apart.pop(number, None)
    return members, sorted(pairs)


def _read(connection: sqlite3.Connection, judge: Judge, numbers: set[int]) -> None:
    missing = numbers - judge.batches.keys()
    if missing:
        for number, track in sound_tracks(connection, read_activities(connection, missing)):
            judge.add(number, track)


def _refuse_private(connection: sqlite3.Connection, unread: set[int]) -> None:
    """Refuse to go on where nobody can tell what is a copy of a private activity, as its track is damaged."""
    for row in read_rows(connection, unread).values():
        if row.private:
            raise damaged(connection, f"the track of {row.source}, which is private, cannot be compared with others")


def _judged_same(connection: sqlite3.Connection, number: int) -> set[int]:
    """Activities that were judged before to be copies of an activity, or it of them."""
    rows = connection.execute(
        "SELECT same_as FROM activities WHERE number = ?1 AND same_as IS NOT NULL "
        "UNION SELECT private_by FROM activities WHERE number = ?1 AND private_by IS NOT NULL "
        "UNION SELECT number FROM activities WHERE same_as = ?1 "
        "UNION SELECT number FROM activities WHERE private_by = ?1",
        (number,),
    )
    found = {row[0] for row in rows}
    asked = (json.dumps(sorted(found)),)
    return {row[0] for row in connection.execute(f"SELECT number FROM activities WHERE {_THESE}", asked)}  # noqa: S608


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
    "SELECT number, west, east, north, south FROM activities INDEXED BY {} WHERE west BETWEEN :west + {} - :margin AND "
    ":west + {} + :margin AND north BETWEEN :north - :margin AND :north + :margin "
    "AND south BETWEEN :south - :margin AND :south + :margin{}"
)
_BY_BOX = " UNION ALL ".join(_BOX.format("activities_by_box", turn, turn, "") for turn in (-1, 0, 1))
"""Answered from the index alone: thousands of activities may follow the same route."""
_TIMELESS_BY_BOX = " UNION ALL ".join(
    _BOX.format("activities_timeless", turn, turn, f" AND {TIMELESS} = 1") for turn in (-1, 0, 1)
)


def _candidates(connection: sqlite3.Connection, number: int) -> set[int]:
    """Activities to compare with another one, found by the indexes of times and boxes."""
    query = f"SELECT {TIMELESS}, first, last, west, east, north, south FROM activities WHERE number = ?"  # noqa: S608
    vague, first, last, *box = connection.execute(query, (number,)).fetchone()
    own = float(leeway(np.array([box]))[0])
    known = {"first": first, "last": last, "clock": CLOCK, "zones": FARTHEST + CLOCK, "margin": _WIDER * own}
    known |= dict(zip(("west", "east", "north", "south"), box, strict=True))
    found = (
        {row[0] for row in connection.execute(_BY_TIME, known) if _alike((first, last, *box), row[1:])}
        if last
        else set()
    )
    boxes = connection.execute(_BY_BOX if vague else _TIMELESS_BY_BOX, known).fetchall()
    return (found | _nearest(number, tuple(box), own, boxes)) - {number}


def _nearest(number: int, box: tuple[float, ...], own: float, rows: list[tuple[float, ...]]) -> set[int]:
    """Numbers of the activities with the nearest boxes, of rows of numbers and boxes; `own` is the leeway of `box`."""
    others = np.array([row[0] for row in rows], np.int64)
    boxes = np.array([row[1:] for row in rows]).reshape(-1, 4)
    away = boxes - np.array(box)
    away[:, :2] -= np.round(away[:, :1])  # the short way around the world, as `_difference` does
    far = np.abs(away).max(axis=1, initial=0.0)
    near = np.flatnonzero((far <= np.maximum(own, leeway(boxes))) & (others != number))
    order = np.lexsort((others[near], far[near]))
    return {*others[near[order[:_MOST]]].tolist()}


def _alike(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether two activities overlap in time and space, or have equal durations and boxes, hours apart."""
    if b[0] <= a[1] + CLOCK and a[0] <= b[1] + CLOCK:
        return _touch(a[2:], b[2:])
    return abs((a[1] - a[0]) - (b[1] - b[0])) <= 2 * CLOCK and _difference(a[2:], b[2:]) <= BOXES


def _touch(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether two boxes (west, east, north, south) touch, also across the antimeridian."""
    if a[2] > b[3] + _MARGIN or b[2] > a[3] + _MARGIN:
        return False
    return any(a[0] + turn <= b[1] + _MARGIN and b[0] <= a[1] + turn + _MARGIN for turn in (-1, 0, 1))


def _difference(a: Iterable[float], b: Iterable[float]) -> float:
    """Greatest difference between the same sides of two boxes, the short way around the world."""
    away = [y - x for x, y in zip(a, b, strict=True)]
    turn = round(away[0])
    return max(abs(away[0] - turn), abs(away[1] - turn), abs(away[2]), abs(away[3]))
