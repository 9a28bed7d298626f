"""Activities as rows, each as its own source has it: written, read, deleted."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.batch import Activity
from heatlas.library.tracks import delete_track, fingerprint, write_track
from heatlas.sources.time_zones import with_time_zones

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from heatlas.batch import Batch

__all__ = ["activities_of", "delete_activities", "insert_activity", "read_activities", "read_rows"]

_ATTRIBUTES = tuple(field.name for field in fields(Activity))
_READ = ", ".join(("number", *_ATTRIBUTES))


def insert_activity(link: sqlite3.Connection, file: int, batch: Batch) -> int:
    """Keep an activity and its track (a batch of one, nothing cut); returns its number."""
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
    number = link.execute(f"INSERT INTO activities ({names}) VALUES ({marks})", row).lastrowid  # noqa: S608
    assert number is not None
    write_track(link, number, batch)
    return number


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's, and what JSON has no word for as text."""
    return value.item() if isinstance(value, np.generic) else str(value)


def delete_activities(link: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Forget activities and their tracks; their passages must be gone already.

    What was a copy of them still says so: until the transaction ends it must be judged anew.
    """
    for number in numbers:
        delete_track(link, number)
        link.execute("DELETE FROM activities WHERE number = ?", (number,))


def read_activities(
    link: sqlite3.Connection, condition: str = "TRUE", values: Iterable[Any] = ()
) -> dict[int, Activity]:
    """Activities by number, each as its own source has it (`heatlas.library.merged` merges copies).

    They come in the order of their numbers; `condition` is SQL of this package's own.
    """
    return activities_of(read_rows(link, condition, values))


def read_rows(link: sqlite3.Connection, condition: str = "TRUE", values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    """Activities as they lie in the file, in the order of their numbers, which come first; for `activities_of`."""
    query = f"SELECT {_READ} FROM activities WHERE {condition} ORDER BY number"  # noqa: S608 - of this package's own
    return link.execute(query, tuple(values)).fetchall()


def activities_of(rows: Sequence[tuple[Any, ...]]) -> dict[int, Activity]:
    """Make activities of what `read_rows` gave."""
    extra = _ATTRIBUTES.index("extra") + 1
    extras = json.loads(f"[{','.join(row[extra] for row in rows)}]")  # all at once: in half the time
    return {row[0]: _activity(row[1:], more) for row, more in zip(rows, extras, strict=True)}


def _activity(row: tuple[Any, ...], extra: dict[str, Any]) -> Activity:
    known = dict(zip(_ATTRIBUTES, row, strict=True))
    known["commute"], known["private"], known["extra"] = bool(known["commute"]), bool(known["private"]), extra
    known["told"] = tuple(known["told"].split())
    return Activity(**known)
