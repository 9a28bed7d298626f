"""Draw tiles in blocks: neighbouring tiles are counted, smoothed and coloured together."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.window import Window
from heatlas.pmtiles.hilbert import first_number, places_at
from heatlas.style.image import Picture
from heatlas.tiles.encoding import encode_picture
from heatlas.tiles.fields import SIDE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from heatlas.publish.painter import TilePainter

__all__ = ["Metatile", "blocks_of", "draw_block"]

_LEVELS = 1
"""Zooms by which a block is coarser than its tiles: at most 2 x 2 tiles. Larger blocks are rarely needed whole."""


@frozen
class Metatile:
    """A block: tiles of one zoom that lie in one square."""

    zoom: int
    first: int
    """Index of its first tile in the list that was grouped."""
    numbers: NDArray[np.int64]
    """(n,) along the Hilbert curve."""
    x: NDArray[np.int64]
    y: NDArray[np.int64]


def blocks_of(zoom: int, numbers: NDArray[np.int64]) -> Iterator[Metatile]:
    """Group tiles, given by ascending numbers, into blocks along the Hilbert curve."""
    x, y = places_at(zoom, numbers)
    square = (numbers - first_number(zoom)) >> (2 * _LEVELS)
    cuts = np.flatnonzero(np.diff(square, prepend=-1)).tolist()
    for first, last in pairwise([*cuts, len(numbers)]):
        yield Metatile(zoom, first, numbers[first:last], x[first:last], y[first:last])


def draw_block(painter: TilePainter | None, block: Metatile, form: str) -> list[bytes | None]:
    """Draw the tiles of a block, each equal to the live map's with the same tone.

    Parameters
    ----------
    painter : TilePainter or None
        Painter of the zoom; None: there is nothing to see.
    block : Metatile
        Tiles to draw.
    form : str
        png or webp.

    Returns
    -------
    list of (bytes or None)
        Encoded picture of each tile; None if it is empty.
    """
    left, top = int(block.x.min()), int(block.y.min())
    wide, high = int(block.x.max()) - left + 1, int(block.y.max()) - top + 1
    window = Window(SIDE * 2.0**block.zoom, left * SIDE, top * SIDE, wide * SIDE, high * SIDE)
    picture = None if painter is None else painter.paint(window)
    if picture is None:
        return [None] * len(block.numbers)
    drawn: list[bytes | None] = []
    for column, row in zip(((block.x - left) * SIDE).tolist(), ((block.y - top) * SIDE).tolist(), strict=True):
        tile = Picture(picture.pixels[row : row + SIDE, column : column + SIDE], picture.palette)
        drawn.append(encode_picture(tile, form) if _seen(tile) else None)
    return drawn


def _seen(tile: Picture) -> bool:
    """Whether any pixel is not fully transparent."""
    if tile.palette is None:
        return bool(tile.pixels[..., 3].any())
    visible = tile.palette[:, 3] > 0
    first = int(visible.argmax())
    if visible[first:].all():
        return int(tile.pixels.max()) >= first
    return bool(visible[tile.pixels].any())
