"""Read the activities that are shown, each merged with the attributes of its copies.

Rows hold the attributes of one source each, and are merged when they are read. So a private copy makes the activity
private at once, whatever is imported or removed, in libraries of any version.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import Activity, Batch
from heatlas.core.errors import SourceFailed
from heatlas.dataset.tracks import Tracks
from heatlas.library.activities import activities_of, read_rows
from heatlas.library.activity_means import with_effort
from heatlas.library.settings import read_athlete
from heatlas.library.tracks import COLUMNS_OF, read_track
from heatlas.sources.merging import Copy, merge
from heatlas.tracks.duplicates import is_part, poverty, trace_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from heatlas.library.store import Library
    from heatlas.sources.merging import Merged

__all__ = ["MergedActivities", "list_activities", "read_merged", "select"]

_PRIVATE = (
    "SELECT number FROM activities AS shown WHERE private_by IS NOT NULL AND same_as IS NULL "
    "AND EXISTS (SELECT 1 FROM activities AS other WHERE other.number = shown.private_by AND other.private)"
)
_THESE = "number IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class MergedActivities:
    """Activities that a library shows."""

    activities: dict[int, Activity]
    """Number -> activity, merged with its copies; numbers ascend."""
    copies: dict[int, dict[int, Activity]] = field(default_factory=dict)
    """Number of an activity with copies -> its copies by number, the richest first, as their own sources state them."""
    merged: dict[int, Merged] = field(default_factory=dict)
    """Number of an activity with copies -> the merged activity and the attributes that each copy gave."""
    rows: tuple[list[tuple[Any, ...]], ...] = ()
    """Rows of the database from which this was made."""


def read_merged(connection: sqlite3.Connection, numbers: Collection[int] | None = None) -> MergedActivities:
    """Read the activities that are shown, with facts of the athlete: all, or those of `numbers`."""
    found, athlete = _read_merged(connection, numbers), read_athlete(connection)
    if athlete:
        known = athlete.known(found.activities.values())
        found.activities.update(zip(found.activities, known, strict=True))
    return found


def _read_merged(connection: sqlite3.Connection, numbers: Collection[int] | None) -> MergedActivities:
    asked: tuple[str, ...] = () if numbers is None else (json.dumps(sorted(int(number) for number in numbers)),)
    these = "" if numbers is None else f" AND {_THESE}"
    rows = read_rows(connection, f"same_as IS NULL{these}", asked)
    activities = activities_of(rows)
    copies = read_rows(connection, "same_as IS NOT NULL" + these.replace(" number ", " same_as "), asked)
    private = connection.execute(_PRIVATE + these, asked).fetchall()
    if not copies and not private:
        return MergedActivities(activities, rows=(rows,))
    withheld = {row[0] for row in private}
    own = activities_of(copies)
    facts = _facts(connection, [*own, *withheld])
    copies_of: defaultdict[int, list[int]] = defaultdict(list)
    for k in own:
        original = facts[k].same_as
        if original in activities:
            copies_of[original].append(k)
    facts |= _facts(connection, copies_of)
    shown = MergedActivities(activities, rows=(rows, copies, private))
    for number in sorted({*copies_of, *(k for k in withheld if k in activities)}):
        mine = facts[number]
        ranked = sorted(copies_of[number], key=lambda k: (*poverty(own[k], *facts[k].wealth), k))
        merged = merge(
            activities[number],
            [
                Copy(own[k], whole=not _is_part(connection, facts, {k: own[k], number: activities[number]}))
                for k in ranked
            ],
            timed=mine.span is not None,
            private=number in withheld,
        )
        shown.activities[number] = merged.activity
        shown.copies[number] = {k: own[k] for k in ranked}
        shown.merged[number] = merged
    return shown


@dataclass(frozen=True, slots=True)
class _Facts:
    same_as: int | None
    wealth: tuple[int, int, int]
    """Fixes, fixes with a time, columns."""
    span: tuple[float, float] | None


def _is_part(connection: sqlite3.Connection, facts: Mapping[int, _Facts], two: Mapping[int, Activity]) -> bool:
    """Whether the first of two activities is only a part of the second."""
    first, second = (facts[k].span for k in two)
    spans = (first, second)

    def under_way() -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
        try:
            copy, whole = (trace_of(read_track(connection, k, activity, ())).under_way for k, activity in two.items())
        except SourceFailed:  # `check` reports the damage; listing must not fail
            return spans
        return copy, whole

    return is_part(spans, under_way)


def _facts(connection: sqlite3.Connection, numbers: Collection[int]) -> dict[int, _Facts]:
    query = f"SELECT number, same_as, fixes, timed, {COLUMNS_OF}, first, last FROM activities WHERE {_THESE}"  # noqa: S608
    return {
        number: _Facts(same_as, (fixes, timed, columns), None if first is None else (first, last))
        for number, same_as, fixes, timed, columns, first, last in connection.execute(
            query, (json.dumps(sorted(numbers)),)
        )
    }


def list_activities(library: Library) -> dict[int, Activity]:
    """Activities that are shown, by number, merged with their copies."""
    with library.read() as connection:
        return read_merged(connection).activities


def select(
    library: Library,
    where: str | None = None,
    sports: Collection[str] = (),
    after: str | None = None,
    before: str | None = None,
    copies: bool = False,
) -> NDArray[np.bool_]:
    """Select activities as `heatlas.dataset.tracks.Tracks.select` and `where` do.

    With `copies`, hidden copies are selected too: by the attributes of the activity that they are merged into, but by
    their own source.

    Returns
    -------
    ndarray of bool (n,)
        Whether each activity is selected, by number; n is the greatest number + 1.

    Raises
    ------
    BadOption
        When a filter cannot be read.
    """
    with library.read() as connection:
        shown = read_merged(connection)
        activities = with_effort(connection, shown.activities, (where,))
    if copies:
        activities = activities | {
            k: replace(activities[original], source=own.source)
            for original, of in shown.copies.items()
            for k, own in of.items()
        }
    number = {id(activity): k for k, activity in activities.items()}
    count, nothing = len(activities), np.zeros(0)
    # The filters need only attributes, so these tracks have no fixes.
    tracks = Tracks(
        (
            Batch(
                u=nothing, v=nothing, time=nothing, progress=nothing.astype(np.float32), columns={},
                segments=np.zeros(count + 1, np.int64), tracks=np.arange(count + 1),
                activities=tuple(activities.values()),
            ),
        )
    ).select(sports, after, before)  # fmt: skip
    if where is not None:
        tracks = tracks.where(where)
    keep = np.zeros(max(activities, default=-1) + 1, np.bool_)
    keep[[number[id(activity)] for activity in tracks.activities]] = True
    return keep
