"""Base map that the viewer of a page may switch on: tiles of somebody, all that it asks for, or streets in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from heatlas.core.errors import BadOption
from heatlas.pmtiles.streets import Streets, is_file_of_tiles, open_streets

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["parse_basemap", "streets_beside"]

_OSM = {
    "name": "OpenStreetMap",
    "url": "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
    "attribution": "© OpenStreetMap contributors",
    # https://operations.osmfoundation.org/policies/tiles/: requests must name the site they come from.
    "needsSite": True,
}


def streets_beside(given: Mapping[str, str] | str | None) -> Streets | None:
    """Open the base map of a folder of tiles, or None for none.

    Raises
    ------
    BadOption
        When it is no file of streets.
    """
    if given is None:
        return None
    if not isinstance(given, str) or not is_file_of_tiles(given):
        raise BadOption(
            "--basemap of a folder of tiles is a file of streets such as town.pmtiles, which go beside them"
        )
    return open_streets(given)


def parse_basemap(given: Mapping[str, str] | str | None) -> dict[str, Any] | Streets:
    """Check a base map, or take OpenStreetMap's.

    Parameters
    ----------
    given : mapping or str, optional
        A URL with {z}, {x} and {y}, or `url` and `attribution`; or the name of a file of streets.

    Returns
    -------
    dict or Streets
        `name`, `url`, `attribution`, and `needsSite`: whether it serves only pages that have an address on the web.

    Raises
    ------
    BadOption
        When it is not a base map.
    """
    if given is None:
        return _OSM
    if isinstance(given, str) and is_file_of_tiles(given):
        return open_streets(given)
    known = {"url": given} if isinstance(given, str) else dict(given)
    url, parts = known.get("url", ""), urlsplit(known.get("url", ""))
    sound = re.fullmatch(r"https?://[^\s'\";,<>]+", url) and all(part in url for part in ("{z}", "{x}", "{y}"))
    if not sound or not re.fullmatch(r"[A-Za-z0-9.:_-]+", parts.netloc) or set(known) - {"url", "attribution"}:
        raise BadOption("a base map is a URL such as https://example.org/{z}/{x}/{y}.png, and an attribution")
    osm = (parts.hostname or "").endswith("tile.openstreetmap.org")
    attribution = known.get("attribution") or (_OSM["attribution"] if osm else f"© {parts.hostname}")
    return {"name": parts.hostname, "url": url, "attribution": attribution, "needsSite": osm}
