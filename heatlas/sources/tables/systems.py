"""Convert coordinates of other systems to longitude and latitude in WGS 84, through PROJ."""

from __future__ import annotations

import json
import re
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption, MissingExtra

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["as_wgs84", "is_metric", "is_wgs84", "made_for", "outside"]

_WGS84 = frozenset({"EPSG:4326", "EPSG:4979", "OGC:CRS84", "OGC:CRS84H", "CRS84", "CRS:84", "WGS84", "WGS 84"})
_MARGIN = 1.0
"""Degrees by which positions may lie beyond the area that a system is made for without a warning."""


def is_wgs84(crs: str) -> bool:
    """Whether a coordinate system is longitude and latitude in WGS 84, judged by its text, without PROJ."""
    text = crs.strip()
    if text.startswith("{"):
        try:
            stated = json.loads(text).get("id", {})
            text = f"{stated.get('authority')}:{stated.get('code')}"
        except (ValueError, AttributeError):
            return False
    if text.lower().startswith("urn:ogc:def:crs:"):
        parts = text.split(":")
        text = f"{parts[4]}:{parts[-1]}"
    return text.upper() in _WGS84


def _proj(what: str) -> Any:
    try:
        import pyproj
    except ImportError:
        raise MissingExtra(what, "vector") from None
    pyproj.network.set_network_enabled(False)  # type: ignore[attr-defined]  # nobody named that server
    return pyproj


@cache
def _system(crs: str) -> Any:
    """PROJ's object for a system that the user states."""
    pyproj = _proj(f"--crs={crs}")
    text = f"EPSG:{crs.strip()}" if re.fullmatch(r"\s*\d+\s*", crs) else crs
    try:
        return pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.ProjError:
        raise BadOption(f"--crs={crs} is no coordinate system that PROJ knows: write it like EPSG:32635") from None


def is_metric(crs: str) -> bool:
    """Whether a stated system has eastings and northings rather than degrees.

    Raises
    ------
    BadOption
        When PROJ does not know it, or it is neither projected nor geographic.
    MissingExtra
        Without pyproj.
    """
    if is_wgs84(crs):
        return False
    system = _system(crs)
    if not (system.is_projected or system.is_geographic or system.is_bound):
        raise BadOption(f"--crs={crs} gives no place on the ground ({system.name}): write one like EPSG:32635")
    return not system.is_geographic


def made_for(crs: str) -> str:
    """Name of a stated system and of the area that it is made for."""
    system = _system(crs)
    area = system.area_of_use
    return f"{system.name}" + ("" if area is None else f", for {area.name.rstrip('.')[:80]}")


def outside(crs: str, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> int:
    """Count positions that lie well beyond the area that a stated system is made for."""
    area = None if is_wgs84(crs) else _system(crs).area_of_use
    if area is None:
        return 0
    known = np.isfinite(lon) & np.isfinite(lat)
    width = (area.east - area.west) % 360 or 360.0
    along = (lon[known] - area.west + _MARGIN) % 360 <= width + 2 * _MARGIN
    inside = along & (lat[known] >= area.south - _MARGIN) & (lat[known] <= area.north + _MARGIN)
    return int((~inside).sum())


def as_wgs84(
    x: NDArray[np.float64], y: NDArray[np.float64], crs: str, name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Convert coordinates of another system to longitude and latitude; NaN where that fails.

    Parameters
    ----------
    x, y : ndarray of float64 (n,)
        Easting and northing, or longitude and latitude, in this order whatever axis order the system defines.
    crs : str
        As PROJ understands it: "EPSG:25832", WKT, PROJJSON.
    name : str
        Of the table, for messages.

    Raises
    ------
    MissingExtra
        Without pyproj.
    BadOption
        When PROJ does not know the system.
    """
    if is_wgs84(crs):
        return x, y
    pyproj = _proj(f"reading {name}, whose coordinates are not WGS 84 ({crs[:40]}),")
    text = f"EPSG:{crs.strip()}" if re.fullmatch(r"\s*\d+\s*", crs) else crs
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PROJ warns of old notations, which the user cannot change
            transformer = pyproj.Transformer.from_crs(text, "OGC:CRS84", always_xy=True)
        lon, lat = transformer.transform(x, y)
    except pyproj.exceptions.ProjError:
        raise BadOption(f"{name}: its coordinate system is not understood ({crs[:60]})") from None
    lost = ~(np.isfinite(lon) & np.isfinite(lat))
    return np.where(lost, np.nan, lon), np.where(lost, np.nan, lat)
