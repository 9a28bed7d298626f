"""Metadata of a library for every map: measures, places, bounds, first view, and the order of activities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import MAX_LATITUDE, from_lonlat, to_lonlat
from heatlas.dataset.places import find_places
from heatlas.library.file.columns import VALUES
from heatlas.library.file.keys import chunk_of, pixel_keys, tile_of
from heatlas.library.index.sound_tiles import columns_there, pixel_rows
from heatlas.library.index.visits import read_visits
from heatlas.raster.measure import POINT_REDUCTIONS, Measure, parse_point_measure
from heatlas.raster.offered import known_of, measures_of, name_of
from heatlas.tiles.look import Filter
from heatlas.tiles.scales import point_title, title_of
from heatlas.tiles.snapshot import choose
from heatlas.tiles.tile_counts import tiles_of_enough
from heatlas.tiles.view import census_of, known_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heatlas.dataset.places import Place
    from heatlas.library.index.passages_at import PassingActivity
    from heatlas.tiles.snapshot import Chosen, Snapshot
    from heatlas.tiles.view import View

__all__ = [
    "bounds_in", "first_view", "latest_first", "measures_of_tracks", "name_of", "places_in", "point_measures",
    "recorded_in",
]  # fmt: skip

_PLACES = 50
"""Places reported at most."""
_BOUNDS_ZOOM = 14
"""Zoom of the tiles from which the bounds are taken: 1.6 km in the middle of Europe."""
_SCREEN = 1024, 720


def measures_of_tracks(view: View, snapshot: Snapshot) -> list[Measure]:
    """Measures of tracks that a library can show: metrics only if any were recorded.

    On a public map only the values of shown activities are read, so that private ones do not affect the list.
    """
    return measures_of(recorded_in(view, snapshot))


def recorded_in(view: View, snapshot: Snapshot) -> list[str]:
    """Metrics at fixes that were recorded, on a public map by shown activities; and what is known of activities."""
    known = known_of(snapshot.activities.values())
    if view.public:
        return [*(name for name in VALUES if known_in(view, snapshot, {name}).any()), *known]
    zoom = snapshot.settings.zooms[0]
    snapshot.settings.demand(zoom, VALUES)
    with view.library.read() as connection:
        # The coarsest zoom has the fewest rows.
        numbers = [scale.column for scale in VALUES.values()]
        there: set[int] = set()
        for k, _ in pixel_rows(connection, pixel_keys(zoom)):
            there |= columns_there(connection, numbers, tile_of(k), chunk_of(k))
        found = [name for name, scale in VALUES.items() if scale.column in there]
    return [*found, *known]


def point_measures(snapshot: Snapshot) -> list[dict[str, str]]:
    """Name, title and point set of each measure of the point sets; without weights there is only the count."""
    found = []
    for name, stored in snapshot.point_sets.items():
        for reduction in POINT_REDUCTIONS if stored.weight is not None else ("count",):
            title = point_title(name, title_of(parse_point_measure(reduction, stored.weight)))
            found.append({"name": f"{reduction}({name})", "title": title, "points": name})
    return found


def places_in(view: View, snapshot: Snapshot, chosen: Chosen | None = None) -> list[Place]:
    """Find the regions that hold activities, all or those that a filter chose, the busiest first.

    Hidden parts are not in the index, so that places do not reveal them.
    """
    chosen = chosen or choose(snapshot, Filter())

    def find() -> list[Place]:
        visits = read_visits(view.library, chosen.keep)
        if snapshot.threshold.people:
            visits = visits.of_enough(snapshot.people, snapshot.threshold)
        return find_places(visits)[:_PLACES]

    return view.places.get((snapshot.version, chosen.key), find)


def bounds_in(view: View, snapshot: Snapshot) -> tuple[float, float, float, float]:
    """West, south, east and north of all shown tracks, degrees, at tile edges; of the world if there are none."""
    first, last = snapshot.settings.zooms
    counts = census_of(view, snapshot, min(max(_BOUNDS_ZOOM, first), last))
    held = np.isin(counts.number, snapshot.numbers)
    if snapshot.threshold.people:  # of what is shown: a box that holds more would tell where few people were
        held &= np.isin(counts.tile, tiles_of_enough(counts, snapshot))
    tiles = np.unique(counts.tile[held])
    if not len(tiles):
        return -180.0, -MAX_LATITUDE, 180.0, MAX_LATITUDE
    x, y, across = counts.x[tiles], counts.y[tiles], 1 << counts.zoom
    (west, east), (north, south) = to_lonlat(
        np.array([x.min(), x.max() + 1]) / across, np.array([y.min(), y.max() + 1]) / across
    )
    return float(west), float(south), float(east), float(north)


def first_view(bbox: tuple[float, float, float, float]) -> tuple[float, float, int]:
    """Longitude, latitude and zoom at which a box (degrees) fits a screen of 1024 x 720 px."""
    (left, right), (top, bottom) = from_lonlat(np.array([bbox[0], bbox[2]]), np.array([bbox[3], bbox[1]]))
    lon, lat = to_lonlat((left + right) / 2, (top + bottom) / 2)
    zoom = min(math.log2(_SCREEN[0] / 256 / (right - left)), math.log2(_SCREEN[1] / 256 / (bottom - top)))
    return (float(lon) + 180) % 360 - 180, float(lat), max(math.floor(zoom), 0)


def latest_first(found: Iterable[PassingActivity]) -> list[PassingActivity]:
    """Sort passing activities by start, the latest first; those without a start come last, in order of number."""
    return sorted(found, key=lambda one: (one.activity.start is None, -(one.activity.start or 0.0), one.number))
