"""Time zones of activities that an older heatlas stored without one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from heatlas.core.errors import SourceFailed
from heatlas.library.rows.tracks import first_fix
from heatlas.sources.time_zones import zone_at

if TYPE_CHECKING:
    import sqlite3

__all__ = ["fill_time_zones"]


def fill_time_zones(connection: sqlite3.Connection) -> None:
    """Look up the time zone of each activity without an offset, by its track's first fix."""
    query = "SELECT number FROM activities WHERE utc_offset IS NULL AND time_zone = ''"
    found = []
    for (number,) in connection.execute(query).fetchall():
        try:
            fix = first_fix(connection, number)
        except SourceFailed:  # drawing reports a damaged track
            continue
        if fix is not None and all(map(math.isfinite, fix)):
            found.append((zone_at(*fix), number))
    connection.executemany("UPDATE activities SET time_zone = ? WHERE number = ?", found)
