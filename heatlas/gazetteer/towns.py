"""The towns: names, positions and populations, and those that lie in a box."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.mercator import to_lonlat
from heatlas.gazetteer.packing import unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from heatlas.gazetteer.packing import Packed

__all__ = ["CREDIT", "FILE", "NAMES_ZOOM", "Towns", "labels", "labels_around", "labels_of_tile", "tile_box", "towns"]

FILE = Path(__file__).with_name("towns.zst")
CREDIT = "GeoNames"
"""Whom to name wherever names are shown: the licence of the data (CC BY 4.0) asks for it."""
NAMES_ZOOM = 8
"""Last zoom of tiles of names: 160 km wide at the equator. A map that shows less takes its names from the tile of 8."""
_OF_A_TILE = 300
"""Labels of a tile at most, those of the largest towns: more than find room on it."""
_OF_ALL, _OF_A_PLACE = 200, 60
"""Labels of a whole map without a server, and of each place on it."""


@frozen
class Towns:
    """Towns, as the file holds them, without their other names."""

    packed: Packed

    def country(self, town: int) -> tuple[str, str]:
        """Code and name of a town's country: "FI", "Finland"."""
        code = self.packed.regions[int(self.packed.region[town])][0].partition(".")[0]
        return code, next((name for short, _, name in self.packed.countries if short == code), code)

    def region(self, town: int) -> tuple[str, str]:
        """Code, within the country, and name of a town's first administrative division: "06", "Pirkanmaa"."""
        code, name = self.packed.regions[int(self.packed.region[town])]
        return code.partition(".")[2], name

    def within(self, box: tuple[float, float, float, float], most: int | None = None) -> NDArray[np.int64]:
        """Indices of towns of a box [west, south, east, north], degrees, the largest first.

        The box may go beyond 180 or -180. `most` limits their number.
        """
        west, south, east, north = box
        near = np.flatnonzero((self.packed.lat >= south) & (self.packed.lat <= north))
        if east - west < 360:
            near = near[(self.packed.lon[near] - west) % 360 <= east - west]
        return near[np.lexsort((near, -self.packed.population[near]))][:most]


@lru_cache(1)
def towns() -> Towns:
    """Read the towns; once."""
    return Towns(unpack(FILE.read_bytes(), others=False))


def labels(box: tuple[float, float, float, float], most: int) -> list[list[float | str | int]]:
    """Labels of a map: longitude, latitude, name and people of the largest towns of a box, the largest first."""
    known = towns().packed
    return [
        [
            round(float(known.lon[k]), 3),
            round(float(known.lat[k]), 3),
            known.names[k],
            round(float(known.population[k])),
        ]
        for k in towns().within(box, most).tolist()
    ]


def labels_of_tile(zoom: int, x: int, y: int) -> list[list[float | str | int]]:
    """Labels of a tile of web maps, the largest towns first."""
    return labels(tile_box(zoom, x, y), _OF_A_TILE)


def labels_around(whole: Sequence[float], boxes: Iterable[Sequence[float]]) -> list[list[float | str | int]]:
    """Labels of a map without a server: the largest towns of all of it, and more of the boxes that one goes to.

    Boxes are west, south, east, north in degrees. Each is widened by half of its sides, at least by 0.2 degrees.
    """
    west, south, east, north = whole
    found = labels((west, south, east, north), _OF_ALL)
    for west, south, east, north in boxes:
        wide, high = max((east - west) / 2, 0.2), max((north - south) / 2, 0.2)
        found += labels((west - wide, south - high, east + wide, north + high), _OF_A_PLACE)
    unique = {(lon, lat, name): [lon, lat, name, people] for lon, lat, name, people in found}
    return sorted(unique.values(), key=lambda label: -int(label[3]))


def tile_box(zoom: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east, north of a tile of web maps, degrees."""
    (west, east), (north, south) = to_lonlat(np.array([x, x + 1]) / 2**zoom, np.array([y, y + 1]) / 2**zoom)
    return float(west), float(south), float(east), float(north)
