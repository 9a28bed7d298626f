"""Find places that should be hidden, but are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.library.file.settings import read_settings, read_zones
from heatlas.library.index.passages_at import anything_in
from heatlas.library.rows.activities import read_activities
from heatlas.library.rows.tracks import sound_tracks
from heatlas.tracks.privacy import find_open, marks_of

if TYPE_CHECKING:
    from heatlas.library.file.store import Library
    from heatlas.tracks.privacy import Frequented

__all__ = ["open_places"]


def open_places(library: Library) -> list[Frequented]:
    """Find places where many activities begin, end or stop, and where the index shows anything.

    The places are read from whole tracks. Whether anything is shown there is read from the index alone.
    """
    with library.read() as connection:
        activities = read_activities(connection, shown=True)
        marks = marks_of(track for _, track in sound_tracks(connection, activities, ()))
        zoom = read_settings(connection).zooms[1]
        return find_open(
            marks, read_zones(connection), lambda lat, lon, radius: anything_in(connection, lat, lon, radius, zoom)
        )
