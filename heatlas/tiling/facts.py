"""Facts about a library that every map of it tells: measures, places, days, and in which order activities come."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from heatlas.grid import COUNTS, SPENT, Measure
from heatlas.library.chunks import read_column
from heatlas.library.columns import PIXELS, VALUES
from heatlas.library.keys import chunk_of, key, tile_of
from heatlas.tiling.census import places_of
from heatlas.tiling.view import census_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heatlas.batch import Activity
    from heatlas.library.passing import Passing
    from heatlas.library.store import Library
    from heatlas.places import Place
    from heatlas.tiling.snapshot import Snapshot
    from heatlas.tiling.view import View

__all__ = ["latest_first", "measures_of_tracks", "name_of", "places_in", "start_of"]

_PLACES = 50
"""Places that are named."""
_PLACE_ZOOM = 14
"""Zoom of the tiles from which places are found: 1.6 km in the middle of Europe."""


def measures_of_tracks(library: Library, snapshot: Snapshot) -> list[Measure]:
    """Measures of its tracks that a library can show: metrics only where something was recorded."""
    zoom = snapshot.settings.zooms[0]
    found = [Measure(name) for name in (*COUNTS, *SPENT)]
    with library.read() as link:
        # The coarsest zoom has the fewest rows.
        ends = key(PIXELS, zoom, 0, 0), key(PIXELS, zoom + 1, 0, 0)
        chunks = [row[0] for row in link.execute("SELECT key FROM passages WHERE key >= ? AND key < ?", ends)]
        for name, scale in VALUES.items():
            if any(read_column(link, scale.column, tile_of(k), chunk_of(k)) is not None for k in chunks):
                found.append(Measure("mean", name))
    return found


def name_of(measure: Measure) -> str:
    """A measure of tracks as people write it: the mean of a metric by the metric's name alone."""
    return measure.metric if measure.reduction == "mean" else str(measure)


def places_in(view: View, snapshot: Snapshot) -> list[Place]:
    """Regions that hold activities, the busiest first, as far as they are not hidden."""
    first, last = snapshot.settings.zooms
    census = census_of(view, snapshot, min(max(_PLACE_ZOOM, first), last))
    return places_of(census, snapshot.activities)[:_PLACES]


def start_of(activity: Activity) -> dt.datetime | None:
    """When an activity began (UTC), if that is known."""
    return None if activity.start is None else dt.datetime.fromtimestamp(activity.start, dt.UTC)


def latest_first(found: Iterable[Passing]) -> list[Passing]:
    """Order those who passed: the last ones first, and those without a start at the end, as they were."""
    return sorted(found, key=lambda one: (one.activity.start is None, -(one.activity.start or 0.0), one.number))
