"""KMZ: the map for globes and handheld devices, as KML ground overlays.

A ground overlay is stretched evenly between two latitudes, while Mercator is not even in latitude: rows are
resampled. Format: OGC KML 2.3, and the KMZ container of Google's KML reference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from heatlas.mercator import from_lonlat, to_lonlat
from heatlas.picture import Picture
from heatlas.sinks.png import write_png

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.sinks.artwork import Artwork
    from heatlas.window import Window

__all__ = ["MAX_SIDE", "write"]

MAX_SIDE = 2048
"""Pixels a side of one overlay: globes blur what exceeds the textures of weak graphics hardware."""
_FINEST = 4
"""Rows that come of one at most: windows up to the poles would grow without bounds."""
_SCREEN = {
    "bottom-right": ("1", "0"),
    "bottom-left": ("0", "0"),
    "top-right": ("1", "1"),
    "top-left": ("0", "1"),
}


@dataclass(frozen=True, slots=True)
class _Overlay:
    """One piece of the map: columns of the picture, and rows of it for each row of the piece."""

    name: str
    columns: slice
    rows: NDArray[np.int64]
    north: float
    south: float
    east: float
    west: float


def write(path: Path, artwork: Artwork) -> list[Path]:
    """Write a KMZ: doc.kml, the map in pieces (empty ones left out), and the legend fixed to the screen."""
    picture = artwork.needed_picture
    overlays = [overlay for overlay in _overlays(artwork.window) if not _empty(picture, overlay)]
    with ZipFile(path, "w") as archive:
        kml = ZipInfo("doc.kml")
        kml.compress_type = ZIP_DEFLATED
        archive.writestr(kml, _document(artwork, overlays))
        for overlay in overlays:
            piece = replace(picture, pixels=picture.pixels[:, overlay.columns][overlay.rows])
            with _member(archive, overlay.name) as file:
                write_png(file, piece)
        if artwork.legend is not None:
            with _member(archive, "legend.png") as file:
                write_png(file, Picture(artwork.legend))
    return [path]


def _member(archive: ZipFile, name: str) -> IO[bytes]:
    """Open a member that is stored as it is, with no date: equal maps make equal files."""
    info = ZipInfo(name)
    info.compress_type = ZIP_STORED
    return archive.open(info, "w")


def _overlays(window: Window) -> Iterator[_Overlay]:
    """Cut a window into pieces that do not cross the antimeridian, with evenly spaced latitudes."""
    _, south, _, north = window.bbox
    nearest = _rows(window, window.height)
    # A small map has its rows almost evenly spaced in latitude already.
    if (np.diff(nearest) != 1).any():
        nearest = _rows(window, _row_count(window))
    count = len(nearest)
    latitude = np.linspace(north, south, count + 1)
    columns, rows = list(_columns(window)), list(_cuts(0, count))
    for i, band in enumerate(rows):
        for j, (part, west, east) in enumerate(columns):
            yield _Overlay(
                name="heat.png" if len(rows) == len(columns) == 1 else f"heat-{i}-{j}.png",
                columns=part,
                rows=nearest[band],
                north=north if band.start == 0 else float(latitude[band.start]),
                south=south if band.stop == count else float(latitude[band.stop]),
                east=east,
                west=west,
            )


def _rows(window: Window, count: int) -> NDArray[np.int64]:
    """Find the window's nearest row for each of `count` rows of evenly spaced latitudes, from the north."""
    _, south, _, north = window.bbox
    centres = north + (np.arange(count) + 0.5) / count * (south - north)
    _, v = from_lonlat(np.zeros(count), centres)
    rows = np.clip(np.floor(v * window.scale - window.y), 0, window.height - 1)
    return np.asarray(rows, np.int64)


def _row_count(window: Window) -> int:
    """Count the rows of evenly spaced latitudes that are as fine as the window's finest one."""
    _, south, _, north = window.bbox
    edges = (window.y + np.array([0, 1, window.height - 1, window.height])) / window.scale
    _, latitude = to_lonlat(0.5, edges)
    finest = float(min(latitude[0] - latitude[1], latitude[2] - latitude[3]))
    return min(math.ceil((north - south) / finest), _FINEST * window.height)


def _columns(window: Window) -> Iterator[tuple[slice, float, float]]:
    """Cut at the edges of the world and where a piece gets too large: columns, west, east."""
    first, last = window.x, window.x + window.width
    worlds = range(math.floor(first / window.scale), math.ceil(last / window.scale))
    for world in worlds:
        # A pixel on the antimeridian belongs to the side that holds most of it.
        left, right = (round((world + side) * window.scale) for side in (0, 1))
        for cut in _cuts(max(first, left), min(last, right)):
            degrees = (np.array([cut.start, cut.stop]) / window.scale - world - 0.5) * 360
            west, east = (float(edge) for edge in degrees)
            yield slice(cut.start - first, cut.stop - first), west, east


def _cuts(start: int, stop: int) -> Iterator[slice]:
    """Cut a range into the fewest pieces of at most MAX_SIDE, all about as long."""
    pieces = math.ceil((stop - start) / MAX_SIDE)
    for piece in range(pieces):
        length = stop - start
        yield slice(start + length * piece // pieces, start + length * (piece + 1) // pieces)


def _empty(picture: Picture, overlay: _Overlay) -> bool:
    """Tell whether all of a piece is transparent."""
    rows = slice(int(overlay.rows[0]), int(overlay.rows[-1]) + 1)
    pixels = picture.pixels[rows, overlay.columns]
    if picture.palette is None:
        return not pixels[..., 3].any()
    return not picture.palette[:, 3][np.unique(pixels)].any()


def _xml(text: str) -> str:
    """Escape text, without the control characters that XML cannot hold."""
    return escape("".join(char for char in text if char.isprintable()))


def _document(artwork: Artwork, overlays: list[_Overlay]) -> str:
    title = _xml(artwork.title or "Heat map")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<kml xmlns="http://www.opengis.net/kml/2.2">',
        "<Document>",
        f"  <name>{title}</name>",
    ]
    if artwork.attribution:
        lines.append(f"  <description>{_xml(artwork.attribution)}</description>")
    for overlay in overlays:
        edges = {side: getattr(overlay, side) for side in ("north", "south", "east", "west")}
        box = "".join(f"<{side}>{degrees:.12f}</{side}>" for side, degrees in edges.items())
        lines += [
            "  <GroundOverlay>",
            f"    <name>{title}</name>",
            f"    <Icon><href>{overlay.name}</href></Icon>",
            f"    <LatLonBox>{box}</LatLonBox>",
            "  </GroundOverlay>",
        ]
    if artwork.legend is not None:
        x, y = _SCREEN[artwork.corner]
        point = f'x="{x}" y="{y}" xunits="fraction" yunits="fraction"'
        lines += [
            "  <ScreenOverlay>",
            "    <name>Legend</name>",
            "    <Icon><href>legend.png</href></Icon>",
            f"    <overlayXY {point}/><screenXY {point}/>",
            '    <size x="0" y="0" xunits="pixels" yunits="pixels"/>',
            "  </ScreenOverlay>",
        ]
    return "\n".join([*lines, "</Document>", "</kml>", ""])
