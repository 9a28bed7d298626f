"""PNG: palettes with alpha written as they are, RGBA otherwise; streamed, so that memory stays small.

Format: Portable Network Graphics (PNG) Specification, Third Edition, W3C.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from heatlas.errors import BadOption
from heatlas.picture import Picture
from heatlas.sinks.georeference import write_georeference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.sinks.artwork import Artwork

__all__ = ["FILE_LEVEL", "SOFTWARE", "TILE_LEVEL", "encode_png", "write", "write_legend", "write_png"]

TILE_LEVEL = 1
"""Compression of tiles, which are made while somebody waits."""
FILE_LEVEL = 2
"""Compression of files: a little smaller in the same time; zlib's level 4 saves 5 % more in five times."""
SOFTWARE = {"Software": "heatlas"}
"""Text that goes into every picture unless told otherwise."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_STRIP_BYTES = 1 << 19
_SAMPLE_BYTES = 1 << 15
_CHUNK_BYTES = 1 << 16
_RGB, _PALETTE, _RGBA = 2, 3, 6
_NONE, _UP = 0, 2


def write(path: Path, artwork: Artwork) -> list[Path]:
    """Write a PNG and what tells where it lies (see `heatlas.sinks.georeference`)."""
    text = {**SOFTWARE, **{key: value for key, value in (("Title", artwork.title),) if value}}
    if artwork.attribution:
        text["Copyright"] = artwork.attribution
    with path.open("wb") as file:
        write_png(file, artwork.finished, text=text)
    return [path, *write_georeference(path, artwork)]


def write_legend(path: Path, artwork: Artwork) -> list[Path]:
    """Write NAME.legend.png beside data, on which no legend must be painted; nothing when there is none."""
    if artwork.legend is None:
        return []
    beside = path.with_name(path.stem + ".legend.png")
    beside.write_bytes(encode_png(Picture(artwork.legend)))
    return [beside]


def encode_png(picture: Picture, *, level: int = TILE_LEVEL, text: Mapping[str, str] = SOFTWARE) -> bytes:
    """Encode a picture as PNG in memory; see `write_png`."""
    buffer = io.BytesIO()
    write_png(buffer, picture, level=level, text=text)
    return buffer.getvalue()


def write_png(
    file: IO[bytes], picture: Picture, *, level: int = FILE_LEVEL, text: Mapping[str, str] = SOFTWARE
) -> None:
    """Encode a picture as PNG into an open file, strip by strip.

    Parameters
    ----------
    file : binary file
        Written from front to back; it need not be seekable.
    picture : Picture
        With a palette it becomes a palette PNG (PLTE and tRNS), and a picture of one colour shrinks to one
        bit a pixel; without one it becomes RGBA, or RGB when all of it is opaque.
    level : int
        0 to 9. Levels 1 to 3 are those of the fast isal library where it is installed, others those of zlib.
    text : mapping of str to str
        Keyword (Latin-1, at most 79 characters) -> text, stored as tEXt, or iTXt when it is not Latin-1.

    Raises
    ------
    BadOption
        When the picture has no pixel, or more than 2**31 - 1 a side.
    """
    height, width = picture.pixels.shape[:2]
    if not (0 < height < 1 << 31 and 0 < width < 1 << 31):
        raise BadOption(f"a picture of {width} x {height} pixels cannot be written as PNG")
    if picture.palette is None:
        opaque = int(picture.pixels[..., 3].min()) == 255
        depth, kind, palette = 8, _RGB if opaque else _RGBA, None
        rows = _rows(picture.pixels, 3 if opaque else 4)
    else:
        low, high = int(picture.pixels.min()), int(picture.pixels.max())
        palette = picture.palette[low : high + 1] if low == high else picture.palette[: high + 1]
        depth, kind = (1 if low == high else 8), _PALETTE
        rows = _one_colour_rows(height, width) if low == high else _rows(picture.pixels, 1)

    file.write(_SIGNATURE)
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    for keyword, words in text.items():
        _chunk(file, *_text(keyword, words))
    if palette is not None:
        _chunk(file, b"PLTE", palette[:, :3].tobytes())
        # Entries behind the last one that is not opaque may be left out.
        translucent = np.flatnonzero(palette[:, 3] < 255)
        if len(translucent):
            _chunk(file, b"tRNS", palette[: translucent[-1] + 1, 3].tobytes())
    # Only zlib makes next to nothing of a single colour.
    compressor = _compressor(9 if depth == 1 else level)
    data = b""
    for strip in rows:
        data += compressor.compress(strip)
        if len(data) >= _CHUNK_BYTES:
            _chunk(file, b"IDAT", data)
            data = b""
    _chunk(file, b"IDAT", data + compressor.flush())
    _chunk(file, b"IEND", b"")


def _chunk(file: IO[bytes], kind: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + kind)
    file.write(data)
    file.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(kind))))


def _text(keyword: str, words: str) -> tuple[bytes, bytes]:
    """Make a tEXt chunk, or iTXt for words beyond Latin-1."""
    key = keyword.encode("latin-1", "replace")[:79]
    words = words.replace("\0", " ")
    try:
        return b"tEXt", key + b"\0" + words.encode("latin-1")
    except UnicodeEncodeError:
        return b"iTXt", key + b"\0\0\0\0\0" + words.encode()


def _strips(height: int, row_bytes: int) -> Iterator[slice]:
    """Cut rows into strips of half a megabyte."""
    rows = max(1, _STRIP_BYTES // row_bytes)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def _one_colour_rows(height: int, width: int) -> Iterator[bytes]:
    """Rows of index 0 at one bit a pixel, each with its filter byte."""
    row_bytes = 1 + (width + 7) // 8
    for rows in _strips(height, row_bytes):
        yield bytes((rows.stop - rows.start) * row_bytes)


def _rows(pixels: NDArray[np.uint8], channels: int) -> Iterator[bytes]:
    """Rows of the first channels, each strip with the filter that suits it: None, or Up.

    Lines as they are drawn compress best as they are; what was smoothed, as differences from the row above.
    """
    height, width = pixels.shape[:2]
    above = np.zeros((1, width * channels), np.uint8)
    for rows in _strips(height, width * channels + 1):
        plain = (pixels[rows] if pixels.ndim == 2 else pixels[rows, :, :channels]).reshape(-1, width * channels)
        up = np.empty_like(plain)
        np.subtract(plain[:1], above, out=up[:1])
        np.subtract(plain[1:], plain[:-1], out=up[1:])
        above = plain[-1:].copy()
        pays = _sample_size(up) < _sample_size(plain)
        strip = np.empty((len(plain), width * channels + 1), np.uint8)
        strip[:, 0] = _UP if pays else _NONE
        strip[:, 1:] = up if pays else plain
        yield strip.tobytes()


def _sample_size(rows: NDArray[np.uint8]) -> int:
    """Compress an eighth or less, rows from the middle, to see how well the others will do."""
    count = max(1, min(_SAMPLE_BYTES, rows.size // 8) // rows.shape[1])
    top = max(0, len(rows) - count) // 2
    compressor = _compressor(1)
    return len(compressor.compress(rows[top : top + count].tobytes())) + len(compressor.flush())


def _compressor(level: int) -> Any:
    """Take isal for its levels 1 to 3, else zlib."""
    if not 0 <= level <= 9:
        raise BadOption(f"compression level {level} is not between 0 and 9")
    if 1 <= level <= 3:
        try:
            from isal import isal_zlib
        except ImportError:
            pass
        else:
            return isal_zlib.compressobj(level)
    return zlib.compressobj(level)
