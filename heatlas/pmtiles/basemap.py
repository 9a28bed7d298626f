"""Base maps as people name them: tiles of somebody, which browsers fetch, or a file of streets."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from heatlas.core.errors import BadOption
from heatlas.pmtiles.streets import Streets, is_file_of_tiles, open_streets

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OSM", "parse_basemap", "streets_beside"]

OSM = {
    "name": "OpenStreetMap",
    "url": "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
    "attribution": "© OpenStreetMap contributors",
    # https://operations.osmfoundation.org/policies/tiles/: requests must name the site they come from.
    "needsSite": True,
}
"""What a page has that names no base map."""


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


def parse_basemap(given: Mapping[str, str] | str) -> dict[str, Any] | Streets:
    """Check a base map.

    Parameters
    ----------
    given : mapping or str
        A URL with {z}, {x} and {y}, or `url` and `attribution`, also as JSON; or the name of a file of streets.

    Returns
    -------
    dict or Streets
        `name`, `url`, `attribution`, and `needsSite`: whether it serves only pages that have an address on the web.

    Raises
    ------
    BadOption
        When it is not a base map.
    """
    if isinstance(given, str) and is_file_of_tiles(given):
        return open_streets(given)
    known = _url_and_attribution(given)
    url, parts = known.get("url", ""), urlsplit(known.get("url", ""))
    if "{s}" in parts.netloc:
        raise BadOption(f"write the name of one server, such as a, for {{s}} in the base map {url:.80}")
    sound = re.fullmatch(r"https?://[^\s'\";,<>]+", url) and all(part in url for part in ("{z}", "{x}", "{y}"))
    if not sound or not re.fullmatch(r"[A-Za-z0-9.:_-]+", parts.netloc) or set(known) - {"url", "attribution"}:
        raise BadOption(
            "a base map is a URL such as https://example.org/{z}/{x}/{y}.png, which may have an attribution, or a file "
            "of streets such as town.pmtiles"
        )
    osm = (parts.hostname or "").endswith("tile.openstreetmap.org")
    attribution = known.get("attribution") or (OSM["attribution"] if osm else f"© {parts.hostname}")
    return {"name": parts.hostname, "url": url, "attribution": attribution, "needsSite": osm}


def _url_and_attribution(given: Mapping[str, str] | str) -> dict[str, str]:
    if not isinstance(given, str):
        return dict(given)
    if not given.startswith("{"):
        return {"url": given}
    try:
        found = json.loads(given)
    except ValueError:
        found = {}
    return {str(name): str(value) for name, value in found.items()}
