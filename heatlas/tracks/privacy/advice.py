"""What to type to hide a place."""

from __future__ import annotations

import shlex
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import from_lonlat
from heatlas.tracks.privacy.gathering import metres_from

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from heatlas.tracks.privacy.cuts import Zone

__all__ = ["ADVISED", "as_option", "covering", "how_to_hide", "zone_name"]

ADVISED = 500.0
"""Metres: the radius of a zone that is advised."""


def covering(lat: float, lon: float, zones: Mapping[str, Zone]) -> str | None:
    """Name a zone that covers a place, if there is one."""
    for name, zone in zones.items():
        place, centre = np.array(from_lonlat(lon, lat)), np.array(from_lonlat(zone.lon, zone.lat))
        if np.hypot(*metres_from(place[None], centre)[0]) <= zone.radius:
            return name
    return None


def as_option(lat: float, lon: float) -> str:
    """Say what to add to a command that draws files to hide a place."""
    return f"--zone {lat:.5f},{lon:.5f},{ADVISED:.0f}m"


def zone_name(taken: Collection[str]) -> str:
    """Name a zone: home, and what is not taken after that."""
    return next(name for k in count(1) if (name := "home" if k == 1 else f"place{k}") not in taken)


def how_to_hide(lat: float, lon: float, name: str, radius: float = ADVISED) -> str:
    """Say what to type to hide a place of a library."""
    return f"heatlas zones add {shlex.quote(name)} --at {lat:.5f},{lon:.5f} --radius {radius:.0f}m"
