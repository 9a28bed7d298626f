"""Names of positions and boxes: the town that one thinks of there, with its country."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from heatlas.gazetteer.countries import country_at
from heatlas.gazetteer.towns import towns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heatlas.gazetteer.towns import Towns

__all__ = ["AT_SEA", "name_at", "names_of", "place_of", "with_place"]

AT_SEA = "At sea"
_KM = 111.2
"""Kilometres of a degree of latitude."""
_LEAST_KM = 2.0
"""Distance over which a town's weight halves twice, for a small box."""
_NEAR_KM = 15.0
"""Distance beyond the box from which a town is only near."""
_FAR_KM = 60.0
"""Distance beyond the box from which a town says nothing."""
_TOWN_KM, _COUNTRY_KM = 400.0, 4000.0
"""Longer side of a picture up to which it is called after a town, and up to which after a country."""
_PLACE = "{place}"


def name_at(lon: float, lat: float, half_km: float = 0.0, taken: frozenset[str] = frozenset()) -> str:
    """Name a position, or a box around it: "Tampere, Finland", "near Utö, Finland", "Sudan" or "At sea".

    Of the towns around, that one gives its name whose population, divided by the square of its distance, is greatest.
    Distances count as at least half of the box, so the name of a small box is the village it lies in, and that of a
    large one the city. A town that the box is only near is named where there is none in it.

    Parameters
    ----------
    lon, lat : float
        Degrees.
    half_km : float
        Half of the longer side of the box, kilometres.
    taken : frozenset of str
        Names that other places have already.
    """
    known = towns()
    degrees = (half_km + _FAR_KM) / _KM
    narrow = max(math.cos(math.radians(lat)), 0.01)
    wide = min(degrees / narrow, 180.0)
    near = known.within((lon - wide, lat - degrees, lon + wide, lat + degrees))
    km = np.hypot(((known.packed.lon[near] - lon + 180) % 360 - 180) * narrow, known.packed.lat[near] - lat) * _KM
    near, km = near[km <= half_km + _FAR_KM], km[km <= half_km + _FAR_KM]
    worth = known.packed.population[near] / (1 + km / max(_LEAST_KM, half_km / 2)) ** 2
    best = np.lexsort((-worth, km > half_km + _NEAR_KM))
    for k in best[:5].tolist():
        name = _named(known, int(near[k]), float(km[k]), half_km)
        if name not in taken:
            return name
    if len(best):
        return _named(known, int(near[best[0]]), float(km[best[0]]), half_km)
    return country_at(lon, lat) or AT_SEA


def _named(known: Towns, town: int, km: float, half_km: float) -> str:
    name = f"{known.packed.names[town]}, {known.country(town)[1]}"
    return name if km <= half_km + _NEAR_KM else f"near {name}"


def place_of(box: tuple[float, float, float, float]) -> str:
    """Name what a picture shows: its town, of a large one the country in its middle, of a larger one the world."""
    west, south, east, north = box
    lon, lat = (west + east) / 2, (south + north) / 2
    size = max((east - west) * math.cos(math.radians(lat)), north - south) * _KM
    if size <= _TOWN_KM:
        return names_of([box])[0]
    return (country_at(lon, lat) or AT_SEA) if size <= _COUNTRY_KM else "The world"


def with_place(title: str, box: tuple[float, float, float, float]) -> str:
    """Put the name of what is shown in the place of {place} in a title."""
    return title.replace(_PLACE, place_of(box)) if _PLACE in title else title


def names_of(boxes: Iterable[tuple[float, float, float, float]]) -> list[str]:
    """Name boxes [west, south, east, north], degrees, the most important first.

    Two boxes of one town are told apart by the next town where there is one, else by their positions.
    """
    found: list[str] = []
    where = []
    for west, south, east, north in boxes:
        lon, lat = ((west + east) / 2 + 180) % 360 - 180, (south + north) / 2
        wide = (east - west) % 360.000001 * math.cos(math.radians(lat))
        found.append(name_at(lon, lat, max(wide, north - south) * _KM / 2, frozenset(found)))
        where.append(f"{abs(lat):.2f}\u00b0 {'NS'[lat < 0]}, {abs(lon):.2f}\u00b0 {'EW'[lon < 0]}")
    again = Counter(found)
    return [f"{name} ({spot})" if again[name] > 1 else name for name, spot in zip(found, where, strict=True)]
