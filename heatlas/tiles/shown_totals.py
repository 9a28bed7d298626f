"""Totals of what a map with a threshold of people shows: counted at one zoom, where its pixels are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.core.window import Window
from heatlas.dataset.places.visits import ZOOM
from heatlas.library.index.visits import read_visits
from heatlas.raster.gaussian import Smoothing
from heatlas.raster.measure import Measure
from heatlas.tiles.fields import SIDE, Field, bare
from heatlas.tiles.look import Look
from heatlas.tiles.tile_counts import tiles_of_enough
from heatlas.tiles.view import census_of

if TYPE_CHECKING:
    from heatlas.tiles.snapshot import Chosen, Snapshot
    from heatlas.tiles.view import View

__all__ = ["ShownTotals", "activities_shown", "shown_totals"]


class ShownTotals(NamedTuple):
    """Amounts that a map shows."""

    activities: int
    fixes: int
    metres: float


def shown_totals(view: View, snapshot: Snapshot, chosen: Chosen) -> ShownTotals:
    """Count the activities, fixes and metres in the pixels that enough people passed.

    They are those of the zoom by whose pixels places are found, 100 m in the middle of Europe, or of the nearest one
    that is indexed: the same totals whatever zoom one looks at. Worked out once for each choice.
    """
    found: ShownTotals = view.totals.get((snapshot.version, chosen.key), lambda: _counted(view, snapshot, chosen))
    return found


def activities_shown(field: Field) -> int:
    """Count the activities of a field that are shown: all that are chosen, or with a threshold as `shown_totals`."""
    if not field.snapshot.threshold.people:
        return field.chosen.count
    return shown_totals(field.view, field.snapshot, field.chosen).activities


def _counted(view: View, snapshot: Snapshot, chosen: Chosen) -> ShownTotals:
    visits = read_visits(view.library, chosen.keep).of_enough(snapshot.people, snapshot.threshold)
    first, last = snapshot.settings.zooms
    zoom = min(max(ZOOM, first), last)
    counts = census_of(view, snapshot, zoom)
    tiles = tiles_of_enough(counts, snapshot, chosen.keep)
    sums = {"fixes": 0.0, "metres": 0.0}
    for name in sums:
        field = Field(view, snapshot, chosen, Look(Measure(name), Smoothing(), None, None))
        for tile in tiles.tolist():
            window = Window(SIDE * 2.0**zoom, int(counts.x[tile]) * SIDE, int(counts.y[tile]) * SIDE, SIDE, SIDE)
            grid = bare(field, window)
            sums[name] += 0.0 if grid is None else float(grid.total.sum(dtype=np.float64))
    return ShownTotals(len(np.unique(visits.activity)), round(sums["fixes"]), sums["metres"])
