"""Write KMZ: a map for globes and handheld devices, as KML ground overlays.

A ground overlay is stretched evenly between two latitudes. Mercator is not even in latitude, so rows are resampled.
Format: OGC KML 2.3, and the KMZ container of Google's KML reference.

Garmin's devices support a narrower form, Custom Maps. They read only doc.kml. Images are baseline JPEGs of at most a
megapixel and 3 MB. Most devices load 100 images. A draw order of 50 or more lies on top of the built-in map.
"""

from __future__ import annotations

import io
import math
import tempfile
from html import escape
from typing import IO, TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.mercator import from_lonlat, to_lonlat
from heatlas.style.image import Picture
from heatlas.writers.png import FILE_LEVEL, encode_png

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.style.image import Pixels
    from heatlas.writers.rendered_map import RenderedMap

__all__ = ["GARMIN_BYTES", "GARMIN_IMAGES", "GARMIN_PIXELS", "MAX_SIDE", "write"]

MAX_SIDE = 2048
"""Longest side of an overlay, pixels: globes blur overlays larger than the textures of weak graphics hardware."""
GARMIN_PIXELS = 1 << 20
"""Most pixels of an image that Garmin's devices draw at full resolution."""
GARMIN_BYTES = 3_000_000
"""Largest size of an image for Garmin's devices, bytes."""
GARMIN_IMAGES = 100
"""Images that most of Garmin's devices load, of all maps together."""
_DRAW_ORDER = 50
"""Least draw order at which a Custom Map lies on top of the built-in map."""
_QUALITY = (90, 80, 70, 60, 45, 30)
"""Qualities of JPEG to try, until the image is small enough."""
_FINEST = 4
"""Most rows of an overlay for one row of the window: windows near the poles would grow without bounds."""
_SCREEN = {
    "bottom-right": ("1", "0"),
    "bottom-left": ("0", "0"),
    "top-right": ("1", "1"),
    "top-left": ("0", "1"),
}


@frozen
class _Overlay:
    """A piece of the map: its columns in the picture, and the picture's row for each of its rows."""

    name: str
    columns: slice
    rows: NDArray[np.int64]
    north: float
    south: float
    east: float
    west: float


def write(path: Path, rendered: RenderedMap) -> list[Path]:
    """Write a KMZ: doc.kml, the map in pieces without the empty ones, and the legend fixed to the screen.

    Raises
    ------
    BadOption
        When Garmin's devices could not load all pieces.
    """
    picture = rendered.needed_picture
    with tempfile.TemporaryFile() as file:
        # Whether a piece is empty is known after painting, but doc.kml comes first in the archive.
        overlays, sizes = [], []
        for overlay, piece in _pieces(picture, rendered):
            if _empty(piece, rendered):
                continue
            overlays.append(overlay)
            if rendered.garmin:
                # Pieces beyond the limit are only counted, for the message.
                sizes.append(file.write(_jpeg(piece)) if len(overlays) <= GARMIN_IMAGES else 0)
            else:
                sizes.append(file.write(encode_png(piece, level=FILE_LEVEL)))
        if rendered.garmin:
            _check_count(len(overlays), rendered.window)
        file.seek(0)
        with ZipFile(path, "w") as archive:
            kml = ZipInfo("doc.kml")
            kml.compress_type = ZIP_DEFLATED
            archive.writestr(kml, _document(rendered, overlays))
            for overlay, size in zip(overlays, sizes, strict=True):
                with _member(archive, overlay.name) as member:
                    member.write(file.read(size))
            if rendered.legend is not None:
                with _member(archive, "legend.png") as member:
                    member.write(encode_png(Picture(rendered.legend), level=FILE_LEVEL))
    return [path]


def _member(archive: ZipFile, name: str) -> IO[bytes]:
    """Open a member that is stored uncompressed and without a date, so that equal maps make equal files."""
    info = ZipInfo(name)
    info.compress_type = ZIP_STORED
    return archive.open(info, "w")


def _pieces(picture: Pixels, rendered: RenderedMap) -> Iterator[tuple[_Overlay, Picture]]:
    """Paint the pieces of a picture, band by band."""
    for band in _bands(rendered.window, rendered.garmin):
        rows = band[0].rows
        first = int(rows[0])
        painted = picture.rows(first, int(rows[-1]) + 1)
        for overlay in band:
            yield overlay, Picture(painted.pixels[:, overlay.columns][overlay.rows - first], painted.palette)


def _bands(window: Window, garmin: bool) -> Iterator[list[_Overlay]]:
    """Cut a window into pieces with evenly spaced latitudes that do not cross the antimeridian, from the north."""
    _, south, _, north = window.bbox
    nearest = _rows(window, window.height)
    # Rows of a small map are almost evenly spaced in latitude already.
    if (np.diff(nearest) != 1).any():
        nearest = _rows(window, _row_count(window))
    count = len(nearest)
    latitude = np.linspace(north, south, count + 1)
    wide, high = _garmin_sides(window.width, count) if garmin else (MAX_SIDE, MAX_SIDE)
    columns, rows = list(_columns(window, wide)), list(_cuts(0, count, high))
    ending = "jpg" if garmin else "png"
    for i, band in enumerate(rows):
        yield [
            _Overlay(
                name=f"heat.{ending}" if len(rows) == len(columns) == 1 else f"heat-{i}-{j}.{ending}",
                columns=part,
                rows=nearest[band],
                north=north if band.start == 0 else float(latitude[band.start]),
                south=south if band.stop == count else float(latitude[band.stop]),
                east=east,
                west=west,
            )
            for j, (part, west, east) in enumerate(columns)
        ]


def _garmin_sides(width: int, height: int) -> tuple[int, int]:
    """Sides of pieces of at most a megapixel: those that need the fewest pieces, then the squarest."""
    best = (math.inf, math.inf, 1, 1)
    for columns in range(-(-width // MAX_SIDE), -(-width // 512) + 1):
        wide = -(-width // columns)
        rows = -(-height // min(GARMIN_PIXELS // wide, MAX_SIDE))
        high = -(-height // rows)
        best = min(best, (columns * rows, max(wide, high) / min(wide, high), wide, high))
    return best[2], best[3]


def _jpeg(picture: Picture) -> bytes:
    """Encode as baseline JPEG without chroma subsampling, in the best quality that the size limit allows."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(picture.rgba[..., :3]))
    data = b""
    for quality in _QUALITY:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, subsampling=0, progressive=False)
        data = buffer.getvalue()
        if len(data) <= GARMIN_BYTES:
            break
    return data


def _check_count(images: int, window: Window) -> None:
    """Refuse more images than Garmin's devices load."""
    if images <= GARMIN_IMAGES:
        return
    share = math.sqrt(0.9 * GARMIN_IMAGES / images)
    raise BadOption(
        f"this map needs {images} images, and Garmin devices load {GARMIN_IMAGES}: take "
        f"--width={int(window.width * share)} or less, "
        f"--resolution={window.resolution / share * 1.01:.2g}m or coarser, or a smaller --bbox"
    )


def _rows(window: Window, count: int) -> NDArray[np.int64]:
    """Find the window's nearest row for each of `count` rows of evenly spaced latitudes, from the north."""
    _, south, _, north = window.bbox
    centres = north + (np.arange(count) + 0.5) / count * (south - north)
    _, v = from_lonlat(np.zeros(count), centres)
    rows = np.clip(np.floor(v * window.scale - window.y), 0, window.height - 1)
    return np.asarray(rows, np.int64)


def _row_count(window: Window) -> int:
    """Number of rows of evenly spaced latitudes that are as fine as the window's finest row."""
    _, south, _, north = window.bbox
    edges = (window.y + np.array([0, 1, window.height - 1, window.height])) / window.scale
    _, latitude = to_lonlat(0.5, edges)
    finest = float(min(latitude[0] - latitude[1], latitude[2] - latitude[3]))
    return min(math.ceil((north - south) / finest), _FINEST * window.height)


def _columns(window: Window, longest: int) -> Iterator[tuple[slice, float, float]]:
    """Cut a window at the antimeridian and into pieces of at most `longest` columns: columns, west, east."""
    first, last = window.x, window.x + window.width
    worlds = range(math.floor(first / window.scale), math.ceil(last / window.scale))
    for world in worlds:
        # A pixel on the antimeridian belongs to the side that holds most of it.
        left, right = (round((world + side) * window.scale) for side in (0, 1))
        for cut in _cuts(max(first, left), min(last, right), longest):
            degrees = (np.array([cut.start, cut.stop]) / window.scale - world - 0.5) * 360
            west, east = (float(edge) for edge in degrees)
            yield slice(cut.start - first, cut.stop - first), west, east


def _cuts(start: int, stop: int, longest: int) -> Iterator[slice]:
    """Cut a range into the fewest pieces of at most `longest`, of about equal length."""
    pieces = math.ceil((stop - start) / longest)
    for piece in range(pieces):
        length = stop - start
        yield slice(start + length * piece // pieces, start + length * (piece + 1) // pieces)


def _empty(piece: Picture, rendered: RenderedMap) -> bool:
    """Whether nothing of a piece is visible; such pieces are left out."""
    if rendered.garmin:
        return bool((piece.rgba[..., :3] == np.array(rendered.decorations.ground, np.uint8)).all())
    if piece.palette is None:
        return not piece.pixels[..., 3].any()
    return not piece.palette[:, 3][np.unique(piece.pixels)].any()


def _xml(text: str) -> str:
    """Escape text, without the control characters that XML cannot hold."""
    return escape("".join(char for char in text if char.isprintable()), quote=False)


def _document(rendered: RenderedMap, overlays: list[_Overlay]) -> str:
    title = _xml(rendered.title or "Heat map")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<kml xmlns="http://www.opengis.net/kml/2.2">',
        "<Document>",
        f"  <name>{title}</name>",
    ]
    if rendered.attribution:
        lines.append(f"  <description>{_xml(rendered.attribution)}</description>")
    for overlay in overlays:
        edges = {side: getattr(overlay, side) for side in ("north", "south", "east", "west")}
        box = "".join(f"<{side}>{degrees:.12f}</{side}>" for side, degrees in edges.items())
        lines += [
            "  <GroundOverlay>",
            f"    <name>{title}</name>",
            *([f"    <drawOrder>{_DRAW_ORDER}</drawOrder>"] if rendered.garmin else []),
            f"    <Icon><href>{overlay.name}</href></Icon>",
            f"    <LatLonBox>{box}</LatLonBox>",
            "  </GroundOverlay>",
        ]
    if rendered.legend is not None:
        x, y = _SCREEN[rendered.corner or "bottom-right"]
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
