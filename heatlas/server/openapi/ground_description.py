"""Description of the addresses of the ground: names of towns, and streets."""

from __future__ import annotations

from typing import Any

from heatlas.gazetteer.towns import NAMES_ZOOM
from heatlas.server.openapi.schemas import NUMBER, TEXT, WHOLE, bounded, get_of, list_of, object_of, parameter
from heatlas.server.views.ground_routes import STREETS_ZOOM

__all__ = ["BASEMAP", "ground_paths"]

BASEMAP = object_of({"url": TEXT, "attribution": TEXT})
"""The base map that the page is told of; of streets out of a file also what follows."""
BASEMAP["properties"] |= {
    "streets": {"type": "boolean"}, "minzoom": WHOLE, "maxzoom": WHOLE, "bounds": list_of(NUMBER),
}  # fmt: skip


def ground_paths() -> dict[str, Any]:
    """Describe the addresses."""
    names = "Names of towns in a tile (GeoNames): longitude, latitude, name, people of each, the largest first"
    rows = object_of({"names": list_of(list_of({"anyOf": [NUMBER, TEXT]}, minItems=4, maxItems=4))})
    streets = "A vector tile of the base map, where --basemap names a file; an empty one where the file has none"
    of_streets = get_of(streets, _place(STREETS_ZOOM), None, "application/vnd.mapbox-vector-tile", refusals=(400, 404))
    of_streets["responses"].pop("304")
    return {
        "/names/{z}/{x}/{y}.json": {"get": get_of(names, _place(NAMES_ZOOM), rows, refusals=(400, 404))},
        "/streets/{z}/{x}/{y}.mvt": {"get": of_streets},
    }


def _place(last: int) -> list[dict[str, Any]]:
    sides = [parameter(name, "Of the tile", bounded("integer", 0, 2**last - 1), "path", required=True) for name in "xy"]
    return [parameter("z", "Zoom of the tile", bounded("integer", 0, last), "path", required=True), *sides]
