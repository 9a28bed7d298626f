"""Commands and options that hide a place."""

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
"""Metres: the advised radius of a zone."""


def covering(lat: float, lon: float, zones: Mapping[str, Zone]) -> str | None:
    """Name of a zone that covers a place; None without one."""
    for name, zone in zones.items():
        place, centre = np.array(from_lonlat(lon, lat)), np.array(from_lonlat(zone.lon, zone.lat))
        if np.hypot(*metres_from(place[None], centre)[0]) <= zone.radius:
            return name
    return None


def as_option(lat: float, lon: float) -> str:
    """Return the option that hides a place, for a command that draws files."""
    return f"--zone {lat:.5f},{lon:.5f},{ADVISED:.0f}m"


def zone_name(taken: Collection[str]) -> str:
    """Choose a name for a zone: home, else the first of place2, place3 ... that is not taken."""
    return next(name for k in count(1) if (name := "home" if k == 1 else f"place{k}") not in taken)


def how_to_hide(lat: float, lon: float, name: str, radius: float = ADVISED) -> str:
    """Return the command that hides a place of a library."""
    return f"heatlas zones add {shlex.quote(name)} --at {lat:.5f},{lon:.5f} --radius {radius:.0f}m"
