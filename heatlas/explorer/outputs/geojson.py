"""Explorer tiles as GeoJSON (RFC 7946)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from heatlas.explorer.outputs.shapes import missing_tiles, ring, squares, tiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.explorer.explored import Explored
    from heatlas.explorer.missing import Missing
    from heatlas.explorer.outputs.shapes import Tile

__all__ = ["lines"]


def lines(explored: Explored, missing: Missing | None) -> Iterator[str]:
    """Text of the file: a feature in each line.

    The property `kind` is tile, square, next_square or missing. Missing tiles are those of the next square and those
    around a place, each once.
    """
    yield '{"type":"FeatureCollection","features":[\n'
    for number, feature in enumerate(_features(explored, missing)):
        comma = ",\n" if number else ""
        yield comma + json.dumps(feature, ensure_ascii=False, separators=(",", ":"))
    yield "\n]}\n"


def _features(explored: Explored, missing: Missing | None) -> Iterator[dict[str, Any]]:
    for tile in tiles(explored):
        yield _feature("tile", tile)
    for kind, square in squares(explored):
        yield _feature(kind, square)
    # Around a place what is known is more: so that comes in place of the same tile of the next square.
    found = {tile.name: tile for tile, _ in missing_tiles(explored, missing)}
    for tile in found.values():
        yield _feature("missing", tile)


def _feature(kind: str, tile: Tile) -> dict[str, Any]:
    place = {"tile": tile.name} if kind in {"tile", "missing"} else {"name": tile.name}
    geometry = {"type": "Polygon", "coordinates": [ring(tile.box)]}
    return {"type": "Feature", "properties": {"kind": kind, **place, **tile.facts}, "geometry": geometry}
