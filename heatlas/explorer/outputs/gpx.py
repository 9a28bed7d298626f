"""Explorer tiles as GPX 1.1 (Topografix): visited tiles are closed tracks, missing ones waypoints.

Handheld devices take some hundred tracks of 10,000 points, so many tiles share a track: each is a segment of its own.
"""

from __future__ import annotations

from html import escape
from itertools import islice
from typing import TYPE_CHECKING

from heatlas.core.version import __version__
from heatlas.explorer.outputs.shapes import missing_tiles, ring, squares, tiles, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.explorer.explored import Explored
    from heatlas.explorer.keys import Box
    from heatlas.explorer.missing import Missing

__all__ = ["lines"]

_IN_A_TRACK = 2000
"""Tiles of a track: five points each."""


def lines(explored: Explored, missing: Missing | None) -> Iterator[str]:
    """Text of the file."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<gpx version="1.1" creator="heatlas {__version__}" xmlns="http://www.topografix.com/GPX/1/1">\n'
    yield f"<metadata><name>{escape(title(explored), quote=False)}</name></metadata>\n"
    found = {tile.name: (tile, middle) for tile, middle in missing_tiles(explored, missing)}
    for tile, (lon, lat) in found.values():
        off = f"<cmt>{tile.facts['metres'] / 1000:.1f} km away</cmt>" if "metres" in tile.facts else ""
        yield f'<wpt lat="{lat:.6f}" lon="{lon:.6f}"><name>{tile.name}</name>{off}<sym>Flag, Red</sym></wpt>\n'
    boxes = (tile.box for tile in tiles(explored))
    number = 0
    while some := list(islice(boxes, _IN_A_TRACK)):
        number += 1
        yield from _track(f"Visited tiles {number}", some)
    for _, square in squares(explored):
        yield from _track(square.name, [square.box])
    yield "</gpx>\n"


def _track(name: str, boxes: list[Box]) -> Iterator[str]:
    yield f"<trk><name>{escape(name, quote=False)}</name>\n"
    for box in boxes:
        points = "".join(f'<trkpt lat="{lat:.6f}" lon="{_wrapped(lon):.6f}"/>' for lon, lat in ring(box))
        yield f"<trkseg>{points}</trkseg>\n"
    yield "</trk>\n"


def _wrapped(lon: float) -> float:
    """A longitude as GPX has it: below 180."""
    return lon if lon < 180 else lon - 360
