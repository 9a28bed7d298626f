"""Zones of a library: circles in which nothing is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.errors import BadOption
from heatlas.library.settings import read_zones
from heatlas.library.upkeep import reindex
from heatlas.privacy import Zone

if TYPE_CHECKING:
    from heatlas.library.store import Library

__all__ = ["add_zone", "list_zones", "remove_zone"]


def list_zones(library: Library) -> dict[str, Zone]:
    """Zones by name."""
    with library.read() as link:
        return read_zones(link)


def add_zone(library: Library, name: str, lat: float, lon: float, radius: float) -> None:
    """Hide a circle, and index anew what goes through it.

    What is hidden is a somewhat wider circle around a shifted centre, drawn from the owner's secret
    (`heatlas.privacy`).

    Parameters
    ----------
    library : Library
        Which.
    name : str
        What the zone is called; of one that is there it takes the place.
    lat, lon : float
        Centre, degrees.
    radius : float
        Metres.

    Raises
    ------
    BadOption
        When it is no circle, or the cuts of the library were drawn with another secret.
    """
    if not name.strip():
        raise BadOption("a zone needs a name")
    reindex(library, zones={**list_zones(library), name: Zone(lat, lon, radius)})


def remove_zone(library: Library, name: str) -> None:
    """Show again what a zone hid.

    Raises
    ------
    BadOption
        When there is no such zone.
    """
    zones = list_zones(library)
    if name not in zones:
        known = ", ".join(sorted(zones)) or "none"
        raise BadOption(f"there is no zone {name!r} in {library.path}: there are {known}")
    del zones[name]
    reindex(library, zones=zones)
