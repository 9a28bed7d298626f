"""Marks of activities: where each begins, ends and stops, from its whole track; written when that is stored.

Zones are suggested from them, so that no import reads all tracks again. They are as private as the tracks are: no tile,
picture or page is made from them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import Activity
from heatlas.core.context import NOBODY
from heatlas.library.file.digests import blob_tables
from heatlas.library.file.sound_blobs import blobs_or_none
from heatlas.library.rows.tracks import sound_tracks

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from heatlas.core.batch import Batch
    from heatlas.core.context import Context
    from heatlas.tracks.privacy.frequented import Marks

__all__ = ["delete_marks", "encoded_marks", "fill_marks", "read_marks", "stored_marks", "write_marks"]

_PLACE = 16
"""Bytes of a position."""
_ENDS = 2
"""Positions of a track's ends, before those of its stops."""
_GROUP = 64


def encoded_marks(batch: Batch) -> bytes:
    """Marks of a whole track (a batch of one), as they are stored."""
    from heatlas.tracks.privacy.frequented import marks_of

    marks = marks_of((batch,))
    return np.concatenate((marks.ends, marks.stops)).astype("<f8").tobytes()


def write_marks(connection: sqlite3.Connection, number: int, batch: Batch) -> None:
    """Store the marks of an activity, of its whole track."""
    connection.execute("INSERT INTO activity_marks VALUES (?, ?)", (number, encoded_marks(batch)))


def delete_marks(connection: sqlite3.Connection, number: int) -> None:
    """Delete the marks of an activity."""
    connection.execute("DELETE FROM activity_marks WHERE number = ?", (number,))


def fill_marks(connection: sqlite3.Connection, context: Context = NOBODY) -> None:
    """Store the marks of all activities without: of a library of before, or one that is made of what another held.

    An activity whose track cannot be read is left without. The context receives the activities done so far and in all.
    """
    query = "SELECT number, source FROM activities WHERE number NOT IN (SELECT number FROM activity_marks)"
    rows = connection.execute(f"{query} ORDER BY number").fetchall()
    told = context.counting("noting ends and stops")
    for start in range(0, len(rows), _GROUP):
        told(start, len(rows))
        named = {number: Activity(source=source) for number, source in rows[start : start + _GROUP]}
        for number, track in sound_tracks(connection, named, ()):
            write_marks(connection, number, track)
    if rows:
        told(len(rows), len(rows))


def stored_marks(connection: sqlite3.Connection) -> dict[int, bytes]:
    """Marks by number of the activity, as they are stored; those that are damaged are left out."""
    if "activity_marks" not in blob_tables(connection):
        return {}
    rows = blobs_or_none(connection, "activity_marks", (0, (1 << 63) - 1))
    return {number: data for number, data in rows if data is not None and len(data) % _PLACE == 0}


def read_marks(connection: sqlite3.Connection, numbers: Collection[int]) -> Marks:
    """Read the marks of activities; where there are none, or damaged ones, they are found from the tracks.

    Damaged tracks are said and left out.
    """
    from heatlas.tracks.privacy.frequented import Marks

    known = stored_marks(connection)
    if missing := [number for number in numbers if number not in known]:
        query = "SELECT number, source FROM activities WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number"
        named = {
            number: Activity(source=source) for number, source in connection.execute(query, (json.dumps(missing),))
        }
        known |= {number: encoded_marks(track) for number, track in sound_tracks(connection, named, ())}
    found = [known.get(number, b"") for number in numbers]
    places = np.frombuffer(b"".join(found), "<f8").astype(np.float64).reshape(-1, 2)
    counts = np.array([len(data) // _PLACE for data in found], np.int64)
    of = np.repeat(np.arange(len(counts)), counts)
    end = np.arange(len(of)) - (np.cumsum(counts) - counts)[of] < _ENDS
    return Marks(places[end], of[end], places[~end], of[~end])
