"""Read the activities that are shown, each merged with the attributes of its copies.

Rows hold the attributes of one source each, and are merged when they are read. So a private copy makes the activity
private at once, whatever is imported or removed, in libraries of any version.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import Activity, Batch
from heatlas.core.errors import SourceFailed
from heatlas.core.frozen import frozen
from heatlas.dataset.tracks import Tracks
from heatlas.library.file.settings import read_athlete
from heatlas.library.file.sound_rows import rows_or_lost
from heatlas.library.rows.activities import ActivityRow, activities_of, attributes_of, say_private
from heatlas.library.rows.activity_means import with_effort
from heatlas.library.rows.tracks import COLUMNS_OF, read_track

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from heatlas.library.file.store import Library
    from heatlas.sources.merging import Merged

__all__ = ["MergedActivities", "list_activities", "read_merged", "select"]


@frozen
class MergedActivities:
    """Activities that a library shows."""

    activities: dict[int, Activity]
    """Number -> activity, merged with its copies; numbers ascend."""
    copies: dict[int, dict[int, Activity]] = field(default_factory=dict)
    """Number of an activity with copies -> its copies by number, the richest first, as their own sources state them."""
    merged: dict[int, Merged] = field(default_factory=dict)
    """Number of an activity with copies -> the merged activity and the attributes that each copy gave."""
    shown: tuple[ActivityRow, ...] = ()
    """Rows of the activities that are shown."""
    copied: tuple[ActivityRow, ...] = ()
    """Rows of their copies."""
    withheld: tuple[int, ...] = ()
    """Numbers, ascending, of activities that count as private for what others say."""

    @property
    def rows(self) -> tuple[list[tuple[Any, ...]], ...]:
        """Everything in the rows of the database that this was made of."""
        shown = [attributes_of(row) for row in self.shown]
        if not self.copied and not self.withheld:
            return (shown,)
        return shown, [attributes_of(row) for row in self.copied], [(number,) for number in self.withheld]


def read_merged(
    connection: sqlite3.Connection, numbers: Collection[int] | None = None, *, public: bool = False
) -> MergedActivities:
    """Read the activities that are shown, with facts of the athlete: all, or those of `numbers`.

    Raises
    ------
    SourceFailed
        When `public` and an activity is lost: it may be the private copy of another one.
    """
    found, athlete = _read_merged(connection, numbers, public), read_athlete(connection)
    if athlete:
        known = athlete.known(found.activities.values())
        found.activities.update(zip(found.activities, known, strict=True))
    return found


def _read_merged(connection: sqlite3.Connection, numbers: Collection[int] | None, public: bool) -> MergedActivities:
    # All rows, without the index of copies, which may be damaged: a private copy must not be missed.
    found = rows_or_lost(connection, "activities", strict=public)
    rows = {number: ActivityRow(*row) for number, row in found.sound.items()}
    wanted = rows.keys() if numbers is None else {int(number) for number in numbers}
    shown_rows = [row for row in rows.values() if row.same_as is None and row.number in wanted]
    copy_rows = [row for row in rows.values() if row.same_as in wanted]
    activities = activities_of(connection, shown_rows)
    own = activities_of(connection, copy_rows)
    withheld = {row.number for row in shown_rows if row.private_by is not None and _is_private(rows, row.private_by)}
    # Nobody can tell what a damaged copy says, so it counts as private.
    withheld |= {row.same_as for row in copy_rows if row.number not in own and row.same_as is not None}
    if found.lost:  # any may have been the private copy of any
        withheld |= activities.keys()
        say_private(connection, len(activities))
    withheld &= activities.keys()
    if not copy_rows and not withheld:
        return MergedActivities(activities, shown=tuple(shown_rows))
    from heatlas.sources.merging import Copy, merge
    from heatlas.tracks.duplicates.traces import poverty

    copies_of: defaultdict[int, list[int]] = defaultdict(list)
    for row in copy_rows:
        if row.same_as in activities and row.number in own:
            copies_of[row.same_as].append(row.number)
    merging = sorted({*copies_of, *withheld})
    facts = _facts(connection, [rows[k] for k in (*own, *merging)])
    shown = MergedActivities(
        activities, shown=tuple(shown_rows), copied=tuple(copy_rows), withheld=tuple(sorted(withheld))
    )
    for number in merging:
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


def _is_private(rows: Mapping[int, ActivityRow], number: int) -> bool:
    """Whether the activity is private that makes another one so; in case of doubt it is."""
    return number not in rows or bool(rows[number].private)


@frozen
class _Facts:
    wealth: tuple[int, int, int]
    """Fixes, fixes with a time, columns."""
    span: tuple[float, float] | None


def _is_part(connection: sqlite3.Connection, facts: Mapping[int, _Facts], two: Mapping[int, Activity]) -> bool:
    """Whether the first of two activities is only a part of the second."""
    from heatlas.tracks.duplicates.traces import is_part, trace_of

    first, second = (facts[k].span for k in two)
    spans = (first, second)

    def under_way() -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
        try:
            copy, whole = (trace_of(read_track(connection, k, activity, ())).under_way for k, activity in two.items())
        except SourceFailed:  # `check` reports the damage; listing must not fail
            return spans
        return copy, whole

    return is_part(spans, under_way)


def _facts(connection: sqlite3.Connection, rows: Collection[ActivityRow]) -> dict[int, _Facts]:
    numbers = json.dumps(sorted(row.number for row in rows))
    query = f"SELECT value, {COLUMNS_OF} FROM (SELECT value, value AS number FROM json_each(?))"  # noqa: S608 - numbers
    columns = dict(connection.execute(query, (numbers,)).fetchall())
    return {
        row.number: _Facts(
            (row.fixes, row.timed, columns[row.number]),
            None if row.first is None or row.last is None else (row.first, row.last),
        )
        for row in rows
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
