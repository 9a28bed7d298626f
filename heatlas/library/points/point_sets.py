"""Store point sets in a library: named tables of weighted points, as they were read.

Zones and clipped ends hide parts of tracks. They do not apply to points, which their owner chose to show.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption, NoRows, NothingToDraw
from heatlas.library.file.digests import SMALL
from heatlas.library.points.point_cells import cells_of
from heatlas.library.points.point_index import write_index
from heatlas.library.points.point_rows import concatenated, points_digest, write_rows
from heatlas.library.points.stored_points import StoredPoints, list_point_sets, points_of
from heatlas.raster.measure import COUNTS, SPENT
from heatlas.raster.spool import Tally
from heatlas.tracks.metrics import METRICS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from heatlas.core.points import Points
    from heatlas.dataset.points import PointSet
    from heatlas.library.file.store import Library

__all__ = [
    "LONGEST_NAME",
    "check_name",
    "import_points",
    "name_from",
    "remove_point_set",
    "write_points",
]  # fmt: skip

LONGEST_NAME = 60
_MOST_DAYS = 4000
"""Days that are told one by one."""


def check_name(name: str) -> str:
    """Check the name of a point set; blanks become underscores.

    Raises
    ------
    BadOption
        When it cannot be part of a URL, or of a measure such as sum(NAME).
    """
    word = re.sub(r"\s+", "_", unicodedata.normalize("NFC", name).strip())
    if not (0 < len(word) <= LONGEST_NAME and all(char.isalnum() or char in "_-" for char in word)):
        raise BadOption(
            f"{name!r} cannot name a point set: take letters, digits, _ and -, at most {LONGEST_NAME} of them"
        )
    if word.casefold() in {*METRICS, *COUNTS, *SPENT}:
        raise BadOption(f"a point set cannot be called {word}, as that is a measure of tracks: say --name OTHER")
    return word


def name_from(source: str) -> str:
    """Make the name of a point set from that of a file, without folders, endings and unsuitable characters.

    Raises
    ------
    BadOption
        When nothing remains, or the name is a measure of tracks.
    """
    stem = re.split(r"[/\\]", source.rstrip("/\\"))[-1]
    stem = re.sub(r"(\.[A-Za-z0-9]{1,12}){1,2}$", "", stem) or stem
    word = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFC", stem)).strip("_")[:LONGEST_NAME]
    if not word:
        raise BadOption(f"{source} gives no name for its points: say --name NAME")
    return check_name(word)


_COLUMNS = ", ".join(SMALL["point_sets"][1])


def import_points(
    library: Library, name: str, points: PointSet, told: Callable[[int], None] = lambda rows: None
) -> tuple[StoredPoints, Tally, bool]:
    """Import points under a name, replacing a set of that name, in one transaction.

    Points are held in memory while they are indexed, some 100 bytes each.

    Parameters
    ----------
    library : Library
        The library.
    name : str
        Name from `check_name`.
    points : PointSet
        Points, read once before anything is written.
    told : callable, optional
        Called with the rows read so far.

    Returns
    -------
    StoredPoints
        Point set in the library.
    Tally
        Counts and sums of the rows that were read.
    bool
        Whether anything was written; equal points under the same name are not written again.

    Raises
    ------
    NothingToDraw
        When no row is a point.
    SourceFailed
        When the table cannot be read to its end, or the library cannot be written.
    """
    from heatlas.dataset.point_extent import why_no_points  # it loads what reads tables

    tally = Tally()
    chunks = list(tally(points.chunks(timed=True), told))
    box = tally.bbox
    if box is None:
        raise (NothingToDraw if tally.rows else NoRows)(why_no_points(points.name, tally))
    whole = concatenated(chunks)
    del chunks
    days = days_of(whole)
    if not days:
        whole = replace(whole, time=None)
    digest = points_digest(whole, points.weight)
    with library.read() as connection:
        if (before := list_point_sets(connection).get(name)) is not None and before.digest == digest:
            return before, tally, False
    cells = cells_of(whole)
    weighed = whole.weight is not None
    times = {"time": points.time, "days": days} if days else {}
    outcome = json.dumps({"dropped": dict(tally.dropped), "crowd": tally.crowd, **times})
    with library.write() as connection:
        connection.execute("DELETE FROM point_sets WHERE name = ?", (name,))
        number = connection.execute(
            f"INSERT INTO point_sets ({_COLUMNS}) VALUES (NULL{', ?' * 13})",  # noqa: S608
            (
                name, points.name, points.weight, tally.points, tally.total, tally.lightest if weighed else None,
                tally.heaviest if weighed else None, *box, digest, outcome,
            ),
        ).lastrowid  # fmt: skip
        assert number is not None
        write_rows(connection, number, whole)
        write_index(connection, number, cells)
        stored = list_point_sets(connection)[name]
    return stored, tally, True


def days_of(points: Points) -> list[list[int]]:
    """Days since 1970 on which there are points, and how many: see `StoredPoints.days`."""
    known = np.zeros(0) if points.time is None else points.time[~np.isnan(points.time)]
    days, counts = np.unique(np.floor(known / 86400).astype(np.int64), return_counts=True)
    if len(days) > _MOST_DAYS:
        months = days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        days, which = np.unique(months, return_inverse=True)
        counts = np.bincount(which, counts).astype(np.int64)
    return np.stack([days, counts], axis=1).tolist()  # type: ignore[no-any-return]


def remove_point_set(library: Library, name: str) -> StoredPoints:
    """Remove a point set, and return its description.

    Raises
    ------
    BadOption
        When there is none of that name.
    """
    with library.write() as connection:
        stored = points_of(connection, name)
        connection.execute("DELETE FROM point_sets WHERE number = ?", (stored.number,))
    return stored


def write_points(connection: sqlite3.Connection, stored: StoredPoints, points: Points) -> None:
    """Write points and index of a set whose row is there."""
    write_rows(connection, stored.number, points)
    write_index(connection, stored.number, cells_of(points))
