"""Write GIF: one palette for the whole film, and of each frame only the rectangle that changed.

After CompuServe, Graphics Interchange Format, Version 89a, 1990. A frame is written when the next different one is
known: an unchanged frame extends the delay of the one before.
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.rendering.film.frames import Frames

__all__ = ["make_palette", "nearest", "write"]

_SHARES = (1, 127, 96, 31)
"""Colours for each of the samples of a film; one more is reserved for unchanged pixels."""
_UNCHANGED = 255
_BITS = 6
"""Bits of each channel by which colours are looked up."""


def write(path: Path, film: Frames) -> None:
    """Encode a film that plays in a loop."""
    palette = make_palette(film)
    table = nearest(palette)
    with path.open("wb") as file:
        file.write(b"GIF89a" + struct.pack("<HHBBB", film.width, film.height, 0xF7, 0, 0) + palette.tobytes())
        file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")
        shown = np.full((film.height, film.width), _UNCHANGED, np.uint8)
        waiting, since, number = b"", 0, 0
        for number, frame in enumerate(film.frames, 1):
            steps = table[_keys(frame)]
            changed = _changed(steps, shown)
            if changed is not None:
                _put(file, waiting, since, number - 1, film.fps)
                waiting, since = changed, number - 1
            shown = steps
        _put(file, waiting, since, number, film.fps)
        file.write(b"\x3b")


def _put(file: IO[bytes], image: bytes, first: int, last: int, fps: float) -> None:
    """Write an image that is shown from frame `first` until frame `last`; delays are in hundredths of a second."""
    if image:
        delay = round(100 * last / fps) - round(100 * first / fps)
        # The image is left in place afterwards: transparent pixels show the frame before.
        file.write(b"\x21\xf9\x04\x05" + struct.pack("<HB", min(delay, 0xFFFF), _UNCHANGED) + b"\x00" + image)


def _changed(steps: NDArray[np.uint8], shown: NDArray[np.uint8]) -> bytes | None:
    """Image of the rectangle that differs between two frames; None: nothing differs."""
    differs = steps != shown
    rows = np.flatnonzero(differs.any(axis=1))
    if not len(rows):
        return None
    columns = np.flatnonzero(differs[rows[0] : rows[-1] + 1].any(axis=0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return _image(np.where(differs[part], steps[part], np.uint8(_UNCHANGED)), int(columns[0]), int(rows[0]))


def _image(steps: NDArray[np.uint8], left: int, top: int) -> bytes:
    """Image block: its place, and its pixels compressed by Pillow."""
    from PIL import GifImagePlugin, Image

    image: Any = Image.fromarray(steps, "L")
    return b"".join(GifImagePlugin.getdata(image, (left, top)))


def _keys(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    reduced = (pixels >> (8 - _BITS)).astype(np.int32)
    keys: NDArray[np.int32] = reduced[..., 0] << 2 * _BITS | reduced[..., 1] << _BITS | reduced[..., 2]
    return keys


def make_palette(film: Frames) -> NDArray[np.uint8]:
    """Choose (256, 3) colours from the samples of a film; the first is the background."""
    from PIL import Image

    palette = np.zeros((256, 3), np.uint8)
    filled = 0
    for sample, share in zip(film.samples, _SHARES, strict=True):
        distinct = np.unique(sample.reshape(-1, 3), axis=0)
        if len(distinct) > share:
            image = Image.fromarray(distinct[None]).quantize(share, Image.Quantize.MEDIANCUT, kmeans=2)
            distinct = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)[:share]
        palette[filled : filled + len(distinct)] = distinct
        filled += len(distinct)
    palette[filled:] = palette[0]
    return palette


def nearest(palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Index of the nearest palette colour, by squared distance, for each colour of 6 bits a channel."""
    levels = (np.arange(1 << _BITS, dtype=np.float32) + 0.5) * (256 >> _BITS) - 0.5
    # Quarters up to 3 * 2^16, and sums of them, are exact in float32.
    red, green, blue = (np.square(levels[:, None] - channel) for channel in palette[:_UNCHANGED].T.astype(np.float32))
    table = np.empty((1 << _BITS,) * 3, np.uint8)
    others = green[:, None] + blue
    for k, one in enumerate(red):
        table[k] = (others + one).argmin(axis=-1)
    flat = table.ravel()
    flat[_keys(palette[:1])] = 0
    return flat
