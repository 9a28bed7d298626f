"""Write, read and delete rows of activities, each as its own source states it."""

from __future__ import annotations

import json
import operator
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from heatlas.core.batch import Activity
from heatlas.core.json_texts import parsed_texts
from heatlas.core.words import counted
from heatlas.library.file.digests import SMALL, digest_of
from heatlas.library.file.sound_rows import has_digests, rows_or_lost, say, small_rows
from heatlas.library.rows.marks import delete_marks, write_marks
from heatlas.library.rows.tracks import delete_track, fingerprint, write_track

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Sequence

    from heatlas.core.batch import Batch

__all__ = [
    "ActivityRow", "activities_of", "attributes_of", "delete_activities", "insert_activity", "read_activities",
    "read_rows", "say_private", "shown_numbers",
]  # fmt: skip

_ATTRIBUTES = tuple(field.name for field in fields(Activity) if field.name not in {"facts", "claimed"})
_NAMED = 5


class ActivityRow(NamedTuple):
    """Row of the table `activities`."""

    number: int
    file: int
    same_as: int | None
    source: str
    id: str
    sport: str
    name: str
    start: float | None
    distance: float | None
    elapsed_time: float | None
    moving_time: float | None
    gear: str
    commute: int
    private: int
    device: str
    extra: str
    fixes: int
    timed: int
    first: float | None
    last: float | None
    west: float
    east: float
    north: float
    south: float
    fingerprint: bytes
    told: str
    private_by: int | None
    utc_offset: float | None
    time_zone: str
    person: str


assert ActivityRow._fields == SMALL["activities"][1]
_attributes = operator.itemgetter(*map(ActivityRow._fields.index, _ATTRIBUTES))
"""Values of `_ATTRIBUTES` of a row."""


def insert_activity(connection: sqlite3.Connection, file: int, batch: Batch) -> int:
    """Store an activity, whose time zone is filled in, with its track (a batch of one, nothing cut) and its marks.

    Returns its number.
    """
    activity = batch.activities[0]
    known = batch.time[~np.isnan(batch.time)]
    row: dict[str, Any] = {name: getattr(activity, name) for name in _ATTRIBUTES}
    row["extra"] = json.dumps(dict(activity.extra), default=_plain, ensure_ascii=False)
    row["told"] = " ".join(activity.told)
    row |= {
        "file": file,
        "fixes": batch.fixes,
        "timed": len(known),
        "first": float(known.min()) if len(known) else None,
        "last": float(known.max()) if len(known) else None,
        **dict(zip(("west", "east", "north", "south"), batch.bounds[0].tolist(), strict=True)),
        "fingerprint": fingerprint(batch),
    }
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    number = connection.execute(f"INSERT INTO activities ({names}) VALUES ({marks})", row).lastrowid  # noqa: S608
    assert number is not None
    write_track(connection, number, batch)
    write_marks(connection, number, batch)
    return number


def _plain(value: Any) -> Any:
    """Convert a NumPy number to a Python number, and anything else that JSON cannot hold to text."""
    return value.item() if isinstance(value, np.generic) else str(value)


def delete_activities(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Delete activities with their tracks and marks; their passages must be removed before.

    Copies of them still refer to them, and must be judged again before the transaction ends.
    """
    for number in numbers:
        delete_marks(connection, number)
        delete_track(connection, number)
        connection.execute("DELETE FROM activities WHERE number = ?", (number,))


def read_activities(
    connection: sqlite3.Connection, numbers: Collection[int] | None = None, *, shown: bool = False
) -> dict[int, Activity]:
    """Read activities, each as its own source states it (`heatlas.library.rows.merged` merges copies).

    Parameters
    ----------
    connection : Connection
        Of the library.
    numbers : collection of int, optional
        Numbers of the activities; by default all.
    shown : bool
        Leave out copies of activities that are shown instead.

    Returns
    -------
    dict of int to Activity
        By number, ascending. Damaged ones are said and left out.
    """
    rows = read_rows(connection, numbers)
    return activities_of(connection, [row for row in rows.values() if not shown or row.same_as is None])


def shown_numbers(connection: sqlite3.Connection) -> list[int]:
    """Numbers of the activities that are no copies, ascending; damaged ones are said and left out.

    Where all copies of rows are sound, they tell it: to compare the rows with them takes five times as long.
    """
    part, columns = SMALL["activities"]
    same_as = columns.index("same_as")
    query = "SELECT key, digest, copy FROM digests WHERE part = ? ORDER BY key"
    known = connection.execute(query, (part,)).fetchall() if has_digests(connection) else []
    (count,) = connection.execute("SELECT count(*) FROM activities").fetchone()
    if len(known) == count and all(digest_of(part, key, copy) == digest for key, digest, copy in known):
        # The first values are whole numbers or null, in a list of JSON.
        return [key for key, _, copy in known if copy.split(", ", same_as + 1)[same_as] == "null"]
    found = rows_or_lost(connection, "activities")
    shown = [number for number, row in found.sound.items() if row[same_as] is None]
    if found.lost:
        say_private(connection, len(shown))
    return shown


def say_private(connection: sqlite3.Connection, count: int) -> None:
    """Say once that rows are lost, any of which may have been a private copy of any activity that is shown."""
    counts = "counts" if count == 1 else "count"
    say(connection, f"nobody can tell which had a private copy, so {counted(count, 'activities')} {counts} as private")


def read_rows(
    connection: sqlite3.Connection, numbers: Collection[int] | None = None, *, strict: bool = False
) -> dict[int, ActivityRow]:
    """Read rows of activities by number, ascending: all, or those of `numbers`.

    A row that is damaged, as is its copy, is said and left out.

    Raises
    ------
    SourceFailed
        When there is one, and `strict`.
    """
    found = small_rows(connection, "activities", numbers, strict=strict)
    return {key: ActivityRow(*row) for key, row in found.items()}


def attributes_of(row: ActivityRow) -> tuple[Any, ...]:
    """Number and attributes of an activity, as they are stored."""
    return (row.number, *_attributes(row))


def activities_of(connection: sqlite3.Connection, rows: Sequence[ActivityRow]) -> dict[int, Activity]:
    """Make activities by number from their rows; what cannot be read is said and left out."""
    extras = parsed_texts([row.extra for row in rows])
    found = {row.number: _activity(row, extra) for row, extra in zip(rows, extras, strict=True)}
    unread = [number for number, activity in found.items() if activity is None]
    if unread:
        named = ", ".join(map(str, unread[:_NAMED])) + (" ..." if len(unread) > _NAMED else "")
        what = f"activity {named}" if len(unread) == 1 else f"{len(unread):,} activities ({named})"
        say(connection, f"{what} cannot be read and {'is' if len(unread) == 1 else 'are'} left out")
    return {number: activity for number, activity in found.items() if activity is not None}


def _activity(row: ActivityRow, extra: Any) -> Activity | None:
    """Activity of a row; None for a row whose values are none, as in a damaged library without digests."""
    texts = (row.source, row.id, row.sport, row.name, row.gear, row.device, row.told, row.time_zone, row.person)
    numbers = (row.start, row.distance, row.elapsed_time, row.moving_time, row.utc_offset)
    if not (
        isinstance(extra, dict)
        and all(isinstance(text, str) for text in texts)
        and all(number is None or isinstance(number, float | int) for number in numbers)
    ):
        return None
    known = dict(zip(_ATTRIBUTES, _attributes(row), strict=True))
    known["commute"], known["private"], known["extra"] = bool(known["commute"]), bool(known["private"]), extra
    known["told"] = tuple(known["told"].split())
    return Activity(**known)
