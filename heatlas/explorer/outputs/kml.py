"""Explorer tiles as KML (OGC KML 2.3): polygons in folders."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from heatlas.core.words import counted
from heatlas.explorer.outputs.shapes import missing_tiles, ring, squares, tiles, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.explorer.explored import Explored
    from heatlas.explorer.missing import Missing
    from heatlas.explorer.outputs.shapes import Tile

__all__ = ["lines"]

_STYLES = {
    "visited": ("ff046ffa", "59046ffa", 1),
    "cluster": ("ff59c9ff", "8059c9ff", 1),
    "square": ("ffe8b237", None, 4),
    "next_square": ("ffe8b237", None, 2),
    "missing": ("ffffffff", "33ffffff", 1),
}
"""Name -> colour of lines and of areas (aabbggrr; None: not filled), and width of lines, pixels."""


def lines(explored: Explored, missing: Missing | None) -> Iterator[str]:
    """Text of the file."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n'
    yield f"<name>{escape(title(explored), quote=False)}</name>\n"
    for name, (line, area, width) in _STYLES.items():
        fill = "<fill>0</fill>" if area is None else f"<color>{area}</color>"
        yield (
            f'<Style id="{name}"><LineStyle><color>{line}</color><width>{width}</width></LineStyle>'
            f"<PolyStyle>{fill}</PolyStyle></Style>\n"
        )
    yield "<Folder><name>Visited tiles</name>\n"
    for tile in tiles(explored):
        yield _placemark(tile, "cluster" if tile.facts["in_cluster"] else "visited")
    yield "</Folder>\n<Folder><name>Squares</name>\n"
    for kind, square in squares(explored):
        yield _placemark(square, kind)
    yield "</Folder>\n<Folder><name>Missing tiles</name>\n"
    for tile in {tile.name: tile for tile, _ in missing_tiles(explored, missing)}.values():
        yield _placemark(tile, "missing")
    yield "</Folder>\n</Document></kml>\n"


def _placemark(tile: Tile, style: str) -> str:
    corners = " ".join(f"{lon},{lat}" for lon, lat in ring(tile.box))
    about = _about(tile)
    name = escape(tile.name, quote=False)
    return (
        f"<Placemark><name>{name}</name>{about}<styleUrl>#{style}</styleUrl><Polygon><tessellate>1"
        f"</tessellate><outerBoundaryIs><LinearRing><coordinates>{corners}</coordinates></LinearRing>"
        "</outerBoundaryIs></Polygon></Placemark>\n"
    )


def _about(tile: Tile) -> str:
    """Description of a tile, where there is anything to say."""
    facts = tile.facts
    said = []
    if "count" in facts:
        said.append(counted(facts["count"], "activities"))
        if facts["first"] is not None:
            said.append(facts["first"] if facts["first"] == facts["last"] else f"{facts['first']} to {facts['last']}")
    if "metres" in facts:
        said.append(f"{facts['metres']:,} m away")
    if "missing" in facts:
        said.append(f"{counted(facts['missing'], 'tiles')} missing")
    return f"<description>{escape(', '.join(said), quote=False)}</description>" if said else ""
