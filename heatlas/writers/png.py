"""Write PNG as palettes with alpha, or as RGBA or RGB; streamed, so that memory stays small.

Format: Portable Network Graphics (PNG) Specification, Third Edition, W3C.
"""

from __future__ import annotations

import io
import struct
import zlib
from functools import lru_cache
from typing import IO, TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.threads import one_ahead
from heatlas.kernels.filters import NONE, PAETH, best_filter, filter_rows
from heatlas.style.image import Picture
from heatlas.writers.deflate import compressed
from heatlas.writers.georeference import write_georeference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.style.image import Pixels
    from heatlas.writers.rendered_map import RenderedMap

__all__ = [
    "FILE_LEVEL", "SOFTWARE", "TILE_LEVEL", "compressed_rows", "encode_png", "encode_tile", "write", "write_legend",
    "write_png",
]  # fmt: skip

TILE_LEVEL = 1
"""Compression level of tiles, for which somebody waits."""
FILE_LEVEL = 2
"""Compression level of files: a little smaller in the same time. Level 4 of zlib saves 5 % more and takes five times as
long."""
SOFTWARE = {"Software": "heatlas"}
"""Default text in every picture."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_STRIP_BYTES = 1 << 19
_SAMPLE_BYTES = 1 << 15
_PALETTES = 256
"""Palettes whose chunks are remembered."""
_PAINTED = 64
"""Least number of rows to paint at a time, where painting and writing overlap."""
_RGB, _PALETTE, _RGBA = 2, 3, 6


def write(path: Path, rendered: RenderedMap) -> list[Path]:
    """Write a PNG and the files that say where it lies (see `heatlas.writers.georeference`)."""
    text = {**SOFTWARE, **{key: value for key, value in (("Title", rendered.title),) if value}}
    if rendered.attribution:
        text["Copyright"] = rendered.attribution
    with path.open("wb") as file:
        write_png(file, rendered.finished, text=text)
    return [path, *write_georeference(path, rendered)]


def write_legend(path: Path, rendered: RenderedMap) -> list[Path]:
    """Write the legend, if there is one, as NAME.legend.png beside values, which cannot hold it."""
    if rendered.legend is None:
        return []
    beside = path.with_name(path.stem + ".legend.png")
    beside.write_bytes(encode_png(Picture(rendered.legend)))
    return [beside]


def encode_png(picture: Picture, *, level: int = TILE_LEVEL, text: Mapping[str, str] = SOFTWARE) -> bytes:
    """Encode a picture as PNG in memory; see `write_png`."""
    buffer = io.BytesIO()
    write_png(buffer, picture, level=level, text=text)
    return buffer.getvalue()


def encode_tile(steps: NDArray[np.uint8], greatest: int, palette: NDArray[np.uint8]) -> bytes:
    """Encode a tile as `encode_png` does without text, in fewer steps.

    Parameters
    ----------
    steps : ndarray of uint8 (height, width)
        Indices into the palette.
    greatest : int
        The greatest of them.
    palette : ndarray of uint8 (256, 4)
        RGBA.
    """
    if steps[0, 0] == greatest and steps.min() == greatest:
        return encode_png(Picture(steps, palette), text={})
    height, width = steps.shape
    above = np.zeros(width, np.uint8)
    rows = _filtered(steps, above, 1, _suits(steps, above, 1))
    data = [_chunk_of(b"IDAT", piece) for piece in compressed(iter((rows,)), TILE_LEVEL)]
    return b"".join((_head(height, width), _palette_chunks(palette[: greatest + 1].tobytes()), *data, _END))


def write_png(
    file: IO[bytes],
    picture: Pixels,
    *,
    level: int = FILE_LEVEL,
    text: Mapping[str, str] = SOFTWARE,
    dpi: float = 0.0,
) -> None:
    """Encode a picture as PNG into an open file, strip by strip.

    Parameters
    ----------
    file : binary file
        File to write from front to back; it need not be seekable.
    picture : Picture or other Pixels
        With a palette it becomes a palette PNG (PLTE and tRNS); a picture of one colour has one bit a pixel. Without
        a palette it becomes RGBA, or RGB when it is opaque.
    level : int
        0 to 9. Levels 1 and 2 are those of the fast isal library where it is installed, others those of zlib.
    text : mapping of str to str
        Keyword (Latin-1, at most 79 characters) -> text, stored as tEXt, or iTXt when it is not Latin-1.
    dpi : float
        Pixels per inch of paper; 0: the picture has no size on paper.

    Raises
    ------
    BadOption
        When the picture has no pixel, or more than 2**31 - 1 pixels a side.
    """
    height, width = picture.shape
    if not (0 < height < 1 << 31 and 0 < width < 1 << 31):
        raise BadOption(f"a picture of {width} x {height} pixels cannot be written as PNG")
    depth, palette = 8, picture.palette
    if palette is None:
        channels = 3 if picture.opaque else 4
        kind = _RGB if channels == 3 else _RGBA
    else:
        channels, kind = 1, _PALETTE
        if isinstance(picture, Picture):  # in memory: its indices can be checked before writing
            low, high = int(picture.pixels.min()), int(picture.pixels.max())
            depth = 1 if low == high else 8
            palette = palette[low : high + 1] if low == high else palette[: high + 1]

    file.write(_SIGNATURE)
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    for keyword, words in text.items():
        _chunk(file, *_text(keyword, words))
    if dpi:
        per_metre = round(dpi / 0.0254)
        _chunk(file, b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1))
    if palette is not None:
        file.write(_palette_chunks(palette.tobytes()))
    # zlib compresses a single colour to almost nothing.
    rows, level = (_one_colour_rows(height, width), 9) if depth == 1 else (_rows(picture, channels), level)
    for data in compressed(rows, level):
        _chunk(file, b"IDAT", data)
    _chunk(file, b"IEND", b"")


def compressed_rows(picture: Pixels, channels: int, level: int = FILE_LEVEL) -> Iterator[bytes]:
    """Compress the rows of a picture in zlib's format with PNG's filters, piece by piece.

    Parameters
    ----------
    picture : Pixels
        Picture to compress.
    channels : int
        1 for palette indices; 3 or 4 for the first channels of RGBA.
    level : int
        As for `write_png`.
    """
    return compressed(_rows(picture, channels), level)


def _chunk_of(kind: bytes, data: bytes) -> bytes:
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))))


_END = _chunk_of(b"IEND", b"")


@lru_cache(4)
def _head(height: int, width: int) -> bytes:
    """Beginning of a PNG with a palette of up to 256 colours, to its palette."""
    return _SIGNATURE + _chunk_of(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, _PALETTE, 0, 0, 0))


def _chunk(file: IO[bytes], kind: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + kind)
    file.write(data)
    file.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(kind))))


@lru_cache(_PALETTES)
def _palette_chunks(entries: bytes) -> bytes:
    """Chunks of a palette (n, 4) of RGBA; tiles of a zoom have few, which differ in length."""
    palette, out = np.frombuffer(entries, np.uint8).reshape(-1, 4), io.BytesIO()
    _chunk(out, b"PLTE", palette[:, :3].tobytes())
    # Opaque entries at the end may be left out.
    translucent = np.flatnonzero(palette[:, 3] < 255)
    if len(translucent):
        _chunk(out, b"tRNS", palette[: translucent[-1] + 1, 3].tobytes())
    return out.getvalue()


def _text(keyword: str, words: str) -> tuple[bytes, bytes]:
    """Make a tEXt chunk, or iTXt for text beyond Latin-1."""
    key = keyword.encode("latin-1", "replace")[:79]
    words = words.replace("\0", " ")
    try:
        return b"tEXt", key + b"\0" + words.encode("latin-1")
    except UnicodeEncodeError:
        return b"iTXt", key + b"\0\0\0\0\0" + words.encode()


def _strips(height: int, row_bytes: int) -> Iterator[slice]:
    """Cut rows into strips of half a megabyte."""
    rows = _strip_rows(row_bytes)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def _strip_rows(row_bytes: int) -> int:
    return max(1, _STRIP_BYTES // row_bytes)


def _one_colour_rows(height: int, width: int) -> Iterator[memoryview | bytes]:
    """Rows of index 0 at one bit a pixel, each with its filter byte."""
    row_bytes = 1 + (width + 7) // 8
    for rows in _strips(height, row_bytes):
        yield bytes((rows.stop - rows.start) * row_bytes)


def _rows(picture: Pixels, channels: int) -> Iterator[memoryview | bytes]:
    """Rows of the first channels, each strip with the filter that suits it.

    Unsmoothed lines compress best unfiltered, smoothed heat and spots as differences from what is predicted.
    """
    row_bytes = picture.shape[1] * channels + 1
    above = np.zeros(row_bytes - 1, np.uint8)
    for pixels in _painted(picture, max(_PAINTED, _strip_rows(row_bytes))):
        for rows in _strips(len(pixels), row_bytes):
            part = pixels[rows]
            plain = np.ascontiguousarray(part if part.ndim == 2 else part[..., :channels]).reshape(-1, row_bytes - 1)
            yield _filtered(plain, above, channels, _suits(plain, above, channels))
            above = plain[-1].copy()


def _filtered(rows: NDArray[np.uint8], above: NDArray[np.uint8], channels: int, kind: int) -> memoryview:
    """Rows with their filter bytes."""
    out = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    filter_rows(rows, above, channels, kind, out)
    return out.reshape(-1).data


def _suits(rows: NDArray[np.uint8], above: NDArray[np.uint8], channels: int) -> int:
    """The filter by which rows compress better.

    Of several channels, rows from the middle are tried, at most an eighth of all: colours out of a palette come again
    as a whole, which the bytes of differences do not tell. The more rows, the more often they come again, so Paeth's
    has to be better by 3 % here.
    """
    if channels == 1:
        return int(best_filter(rows, above, np.empty(rows.shape[1], np.uint8)))
    count = max(1, min(_SAMPLE_BYTES, rows.size // 8) // rows.shape[1])
    top = max(0, len(rows) - count) // 2
    some, over = rows[top : top + count], rows[top - 1] if top else above

    def size(kind: int) -> int:
        return sum(map(len, compressed(iter([_filtered(some, over, channels, kind)]), TILE_LEVEL)))

    return PAETH if 1.03 * size(PAETH) < size(NONE) else NONE


def _painted(picture: Pixels, step: int) -> Iterator[NDArray[np.uint8]]:
    """Pixels of `step` rows at a time; the next rows are painted while these are compressed."""
    height = picture.shape[0]
    pieces = [(top, min(top + step, height)) for top in range(0, height, step)]
    if isinstance(picture, Picture) or len(pieces) == 1:
        for piece in pieces:
            yield picture.rows(*piece).pixels
        return
    for painted in one_ahead(lambda piece: picture.rows(*piece), pieces):
        yield painted.pixels
