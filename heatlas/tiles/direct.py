"""Draw tiles of counts and sums straight from their pixels to the steps of a palette.

Most tiles of a live map are of passes. They are smoothed and toned in one call, and nothing is made in between. All
others are drawn by way of grids (`heatlas.tiles.fields`). The pixels are equal.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from heatlas.kernels.smooth_tile import BLOCK, WIDEST, smooth_tile
from heatlas.raster.tile_pixels import SIDE, places_in
from heatlas.style.colour import palette
from heatlas.style.stepping import begins_of
from heatlas.tiles.fields import as_drawn, cached_tiles, margins
from heatlas.tiles.look import Brush
from heatlas.tiles.scales import colours_of, tone_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.tile_pixels import TilePixels
    from heatlas.style.stepping import Begins
    from heatlas.tiles.fields import Field

__all__ = ["Counted", "brush_of", "counted_around", "is_direct", "steps_of_tile"]

_FIRST = 2
"""Zoom from which on no tile is its own neighbour."""


class Counted(NamedTuple):
    """A tile and those around it that smoothing reads."""

    window: Window
    """Window of the tile."""
    halo: int
    """Pixels that smoothing reaches."""
    places: list[tuple[int, int]]
    """Column and row of each tile, column after column."""
    tiles: list[TilePixels | None]
    """What they hold; None where there is nothing."""


def is_direct(field: Field, zoom: int, window: Window) -> bool:
    """Whether a tile of a zoom can be drawn here, if `brush_of` allows it."""
    look = field.look
    if look.point_set or field.snapshot.threshold or not look.measure.layout.sums or zoom < _FIRST:
        return False
    return as_drawn(field, zoom)[1] == zoom and SIDE + 2 * margins(field, window)[0] <= WIDEST


def counted_around(field: Field, window: Window) -> Counted | None:
    """Count a tile and those around it; None where there is nothing.

    Parameters
    ----------
    field : Field
        Field of which `is_direct` is true.
    window : Window
        A tile of 256 px.
    """
    halo, _ = margins(field, window)
    places = places_in(window.grown(halo))
    across = round(window.scale) // SIDE
    tiles = cached_tiles(field, window.scale)([(x % across, y) for x, y in places])
    return Counted(window, halo, places, list(tiles)) if any(tile is not None for tile in tiles) else None


def brush_of(field: Field, zoom: int) -> Brush | None:
    """How all tiles of a zoom are coloured; None where that depends on the place, or there is nothing to see."""
    known = field.brushes
    if zoom not in known:
        known[zoom] = _brush_of(field, zoom)
    return known[zoom]


def _brush_of(field: Field, zoom: int) -> Brush | None:
    tone = tone_of(field, zoom)
    if tone is None or tone.diverging or tone.local is not None:
        return None
    begins = begins_of(tone, sums=True)
    return None if begins is None else Brush(begins, palette(colours_of(field), tone, None))


def steps_of_tile(field: Field, counted: Counted, begins: Begins) -> tuple[NDArray[np.uint8], int]:
    """Smooth a tile and find the steps (256, 256) of its pixels, and the greatest of them."""
    window, halo, places, tiles = counted
    held = [tile for tile in tiles if tile is not None]
    bounds = [0, *itertools.accumulate(0 if tile is None else len(tile.pixels) for tile in tiles)]
    pixels = np.concatenate([tile.pixels for tile in held])
    values = np.concatenate([values for tile in held for values in tile.planes.values()])
    (left, top), (_, bottom) = places[0], places[-1]
    where = bottom - top + 1, left * SIDE - window.x + halo, top * SIDE - window.y + halo
    out = np.empty((SIDE, SIDE), np.uint8)
    greatest = smooth_tile(
        pixels, values, np.array(bounds), where, field.look.smoothing.sigma(window), halo,
        field.look.measure.of_lines, tuple(begins), _SCRATCH.of(halo), out,
    )  # fmt: skip
    return out, greatest


class _Scratch(threading.local):
    """Arrays of a thread that `smooth_tile` works in; made anew only for a wider halo."""

    def __init__(self) -> None:
        self._halo = -1
        self._arrays: tuple[NDArray[Any], ...] = ()

    def of(self, halo: int) -> tuple[NDArray[Any], ...]:
        if halo > self._halo:
            rows = SIDE + 2 * halo
            columns, block = -(-rows // BLOCK) * BLOCK, np.zeros(BLOCK, np.float32)
            self._arrays = (
                np.zeros(rows * columns, np.float32), np.zeros(rows, np.uint64), np.zeros(halo + 1),
                np.zeros(2 * halo + 1, np.float32), np.zeros(columns, np.float32), block, block.view(np.int32),
            )  # fmt: skip
            self._halo = halo
        return self._arrays


_SCRATCH = _Scratch()
