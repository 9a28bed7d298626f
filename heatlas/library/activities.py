"""Write, read and delete rows of activities, each as its own source states it."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import Activity
from heatlas.library.tracks import delete_track, fingerprint, write_track
from heatlas.sources.time_zones import with_time_zones

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from heatlas.core.batch import Batch

__all__ = ["activities_of", "delete_activities", "insert_activity", "read_activities", "read_rows"]

_ATTRIBUTES = tuple(field.name for field in fields(Activity) if field.name != "facts")
_READ = ", ".join(("number", *_ATTRIBUTES))


def insert_activity(connection: sqlite3.Connection, file: int, batch: Batch) -> int:
    """Store an activity and its track (a batch of one, nothing cut); returns its number."""
    activity = with_time_zones(batch).activities[0]
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
    return number


def _plain(value: Any) -> Any:
    """Convert a NumPy number to a Python number, and anything else that JSON cannot hold to text."""
    return value.item() if isinstance(value, np.generic) else str(value)


def delete_activities(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Delete activities and their tracks; their passages must be removed before.

    Copies of them still refer to them, and must be judged again before the transaction ends.
    """
    for number in numbers:
        delete_track(connection, number)
        connection.execute("DELETE FROM activities WHERE number = ?", (number,))


def read_activities(
    connection: sqlite3.Connection, condition: str = "TRUE", values: Iterable[Any] = ()
) -> dict[int, Activity]:
    """Activities by number, ascending, each as its own source states it (`heatlas.library.merged` merges copies).

    `condition` is SQL of this package, never of a user.
    """
    return activities_of(read_rows(connection, condition, values))


def read_rows(
    connection: sqlite3.Connection, condition: str = "TRUE", values: Iterable[Any] = ()
) -> list[tuple[Any, ...]]:
    """Rows of activities for `activities_of`: the number first, in the order of the numbers."""
    query = f"SELECT {_READ} FROM activities WHERE {condition} ORDER BY number"  # noqa: S608 - SQL of this package
    return connection.execute(query, tuple(values)).fetchall()


def activities_of(rows: Sequence[tuple[Any, ...]]) -> dict[int, Activity]:
    """Activities by number, made from the rows of `read_rows`."""
    extra = _ATTRIBUTES.index("extra") + 1
    extras = json.loads(f"[{','.join(row[extra] for row in rows)}]")  # one document takes half the time of many
    return {row[0]: _activity(row[1:], more) for row, more in zip(rows, extras, strict=True)}


def _activity(row: tuple[Any, ...], extra: dict[str, Any]) -> Activity:
    known = dict(zip(_ATTRIBUTES, row, strict=True))
    known["commute"], known["private"], known["extra"] = bool(known["commute"]), bool(known["private"]), extra
    known["told"] = tuple(known["told"].split())
    return Activity(**known)
