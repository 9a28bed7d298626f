"""Add, remove and renew the zones of a library: circles in which nothing is shown."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption
from heatlas.library.file.settings import read_zones
from heatlas.library.maintenance import reindex
from heatlas.tracks.privacy import RULE, Zone

if TYPE_CHECKING:
    from heatlas.library.file.store import Library

__all__ = ["add_zone", "library_words", "list_zones", "remove_zone", "renew_zones"]


def list_zones(library: Library) -> dict[str, Zone]:
    """Zones by name."""
    with library.read() as connection:
        return read_zones(connection)


def library_words(library: Library) -> str:
    """Option of a command that names this library; empty for the default one."""
    return "" if str(library.path) == "heatlas.db" else f" -l {shlex.quote(str(library.path))}"


def add_zone(library: Library, name: str, lat: float, lon: float, radius: float, person: str = "") -> None:
    """Hide a circle, and reindex the activities that go through it.

    The circle that is cut is wider and has a shifted centre. Both are drawn from the owner's secret by today's rule
    (`heatlas.tracks.privacy.Zone`).

    Parameters
    ----------
    library : Library
        The library.
    name : str
        Name of the zone; an existing zone of that name is replaced.
    lat, lon : float
        Centre, degrees.
    radius : float
        Metres.
    person : str
        Whose tracks are hidden, besides those of which nobody knows whose they are; empty: everybody's.

    Raises
    ------
    BadOption
        When the circle is invalid, or the cuts of the library were drawn with another secret.
    """
    if not name.strip():
        raise BadOption("a zone needs a name")
    reindex(library, zones={**list_zones(library), name: Zone(lat, lon, radius, person=person)})


def remove_zone(library: Library, name: str) -> None:
    """Remove a zone, and show what it hid.

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


def renew_zones(library: Library, context: Context = NOBODY) -> list[str]:
    """Draw the circles of older zones by today's rule, and reindex the activities that change, in one transaction.

    Maps with the older and the newer cuts together reveal more about the place than either. So maps that were published
    before should be overwritten or withdrawn.

    Returns
    -------
    list of str
        Names of the zones that were renewed.

    Raises
    ------
    BadOption
        When the cuts of the library were drawn with another secret.
    """
    zones = list_zones(library)
    older = [name for name, zone in zones.items() if zone.rule != RULE]
    if older:
        reindex(library, zones={name: replace(zone, rule=RULE) for name, zone in zones.items()}, context=context)
    return older
