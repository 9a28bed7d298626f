"""Extent of the heat: the box of all tiles, and the first view of a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.mercator import MAX_LATITUDE, to_lonlat
from heatlas.dataset.places import places_data
from heatlas.pmtiles.hilbert import places_at
from heatlas.tiles.metadata import first_view, places_in
from heatlas.tiles.point_places import box_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from heatlas.tiles.fields import Field

__all__ = ["beginning_of", "bounds_of", "places_of"]

_PLACES = 12
"""Places that a page lists at most."""


def bounds_of(zoom: int, numbers: NDArray[np.int64]) -> tuple[float, float, float, float]:
    """West, south, east and north edges of tiles, degrees; of the world if there are none."""
    if not len(numbers):
        return -180.0, -MAX_LATITUDE, 180.0, MAX_LATITUDE
    x, y = places_at(zoom, numbers)
    west, north = to_lonlat(x.min() / (1 << zoom), y.min() / (1 << zoom))
    east, south = to_lonlat((x.max() + 1) / (1 << zoom), (y.max() + 1) / (1 << zoom))
    return float(west), float(south), float(east), float(north)


def beginning_of(field: Field) -> tuple[float, float, int] | None:
    """Longitude, latitude and zoom of the first view; None if there is no heat.

    For tracks it is the box that a picture of them would show, for points the box that holds nearly all: the live map
    and pages begin there, too. Hidden parts are not in the index, so this does not reveal them.
    """
    if field.look.point_set:
        stored = field.snapshot.point_sets[field.look.point_set]
        return first_view(box_of(stored)) if stored.points else None
    places = places_in(field.view, field.snapshot, field.chosen)
    if not places:
        return None
    return first_view(places[0].bbox)


def places_of(field: Field) -> list[dict[str, Any]]:
    """Regions that hold the chosen activities, on a public map enough of them; for points one that holds nearly all."""
    stored = field.snapshot.point_sets.get(field.look.point_set)
    if stored is not None:
        return [{"bbox": list(box_of(stored))}]
    found, view = places_in(field.view, field.snapshot, field.chosen), field.view
    told = [place for k, place in enumerate(found) if not (view.public and k) or place.activities >= view.least]
    return places_data(told[:_PLACES])
