"""Compare the points of sets with their digests, and read them again from their tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.errors import HeatlasError
from heatlas.dataset.points import PointSet
from heatlas.library.file.sound_rows import damaged
from heatlas.library.points.point_cells import cells_of, same_cells
from heatlas.library.points.point_index import kept_levels, read_level
from heatlas.library.points.point_rows import concatenated, points_digest, read_points
from heatlas.library.points.stored_points import list_point_sets
from heatlas.options import TableOptions
from heatlas.raster.spool import Tally
from heatlas.sources.tables.given import GivenTable

if TYPE_CHECKING:
    import sqlite3

    from heatlas.core.points import Points
    from heatlas.library.points.stored_points import StoredPoints

__all__ = ["check_points", "points_again", "sound_points"]


def sound_points(connection: sqlite3.Connection, stored: StoredPoints) -> Points:
    """Read all points of a set.

    Raises
    ------
    SourceFailed
        When they are not what was read.
    """
    whole = concatenated(list(read_points(connection, stored)))
    if points_digest(whole, stored.weight) != stored.digest:
        raise damaged(connection, f"the points of {stored.name} are not what was read")
    return whole


def points_again(stored: StoredPoints) -> Points | None:
    """Read the points of a set again from the table that they came from; None unless these are the same."""
    if not Path(stored.source).is_file():
        return None
    asked = TableOptions(weight=stored.weight, time=stored.time)
    try:
        table = PointSet.given([GivenTable(stored.source, asked)])
        found = concatenated(list(Tally()(table.chunks(stored.time is not None), lambda rows: None)))
    except HeatlasError:  # other options were given at the import, and nobody knows which
        return None
    return found if points_digest(found, stored.weight) == stored.digest else None


def check_points(connection: sqlite3.Connection) -> list[str]:
    """Find faults of point sets: compare points with their digest, and the index with the points."""
    faults = []
    for name, stored in list_point_sets(connection).items():
        whole = concatenated(list(read_points(connection, stored)))
        if points_digest(whole, stored.weight) != stored.digest:
            faults.append(f"the points of {name} are not what was read")
            continue
        for level, cells in kept_levels(cells_of(whole)).items():
            found = read_level(connection, stored.number, level)
            if found is None or not same_cells(found, cells):
                faults.append(f"level {level} of the index holds something else of {name} than its points")
    return faults
