"""Find places that should be hidden, but are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.library.file.settings import privacy_of, read_settings, read_zones
from heatlas.library.index.passages_at import anything_in
from heatlas.library.rows.activities import read_activities, shown_numbers
from heatlas.library.rows.marks import read_marks
from heatlas.library.rows.tracks import sound_tracks
from heatlas.tracks.privacy import hide
from heatlas.tracks.privacy.frequented import find_open, shown_near

if TYPE_CHECKING:
    from collections.abc import Collection

    from heatlas.library.file.store import Library
    from heatlas.tracks.privacy.frequented import Frequented

__all__ = ["open_places"]


def open_places(library: Library, shown: Collection[int] | None = None) -> list[Frequented]:
    """Find places where many activities begin, end or stop, and where anything is shown.

    The places are those of whole tracks. Whether anything is shown there is read from the index alone, or, where that
    holds a part only, from the tracks as they are cut.

    Parameters
    ----------
    library : Library
        The library.
    shown : collection of int, optional
        Numbers of the activities that are no copies (`heatlas.library.rows.activities.shown_numbers`), if they are
        known.
    """
    with library.read() as connection:
        numbers = shown_numbers(connection) if shown is None else shown
        marks = read_marks(connection, numbers)
        settings = read_settings(connection)

        def indexed(lat: float, lon: float, radius: float) -> bool:
            return anything_in(connection, lat, lon, radius, settings.zooms[1])

        def cut(lat: float, lon: float, radius: float) -> bool:
            privacy, _ = privacy_of(connection, settings)
            tracks = sound_tracks(connection, read_activities(connection, numbers), ())
            return any(shown_near([hide(track, privacy)], lat, lon, radius) for _, track in tracks)

        return find_open(marks, read_zones(connection), indexed if settings.part is None else cut)
