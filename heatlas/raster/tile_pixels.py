"""Tiles before smoothing, as the pixels that hold anything: a tenth of a tile or less, mostly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.kernels.tiles import place_pixels, take_marked
from heatlas.raster.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.measure import Measure
    from heatlas.raster.reductions import NamedPlanes

__all__ = ["MARKS", "SIDE", "TilePixels", "assembled", "places_in", "take_pixels"]

SIDE = 256
"""Pixels of a side of a tile."""
MARKS = SIDE * SIDE // 32
"""Words of eight marks, each for four pixels of a tile."""
_ALL = 0x0101010101010101
"""Eight marks."""


@frozen
class TilePixels:
    """Pixels of a tile in which any plane is not 0."""

    pixels: NDArray[np.uint16]
    """(k,) row * 256 + column, ascending; at least one."""
    planes: NamedPlanes
    """Name -> (k,) uint32 or float64."""

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.pixels.nbytes + sum(values.nbytes for values in self.planes.values())


def take_pixels(
    names: Iterable[str], planes: NDArray[Any], words: NDArray[np.uint64] | None = None
) -> TilePixels | None:
    """Take the pixels that hold anything out of planes; None where there is nothing.

    Parameters
    ----------
    names : iterable of str
        Names of the planes.
    planes : ndarray of uint32 or float64 (p, 65536)
        0 afterwards.
    words : ndarray of uint64 (2048,), optional
        Marks of pixels that may hold anything, a byte for each four of them, as
        `heatlas.kernels.tiles.mark_pixels` sets them; 0 afterwards. By default all pixels are looked at.
    """
    marks = np.full(MARKS, _ALL, np.uint64) if words is None else words
    pixels, values = take_marked(planes, marks)
    return TilePixels(pixels, dict(zip(names, values, strict=True))) if len(pixels) else None


def places_in(window: Window) -> list[tuple[int, int]]:
    """Tiles that a window of a whole zoom touches: columns, beyond the antimeridian too, and rows of each."""
    last = round(window.scale) // SIDE - 1
    top, bottom = max(window.y // SIDE, 0), min((window.y + window.height - 1) // SIDE, last)
    columns = range(window.x // SIDE, (window.x + window.width - 1) // SIDE + 1)
    return [(x, y) for x in columns for y in range(top, bottom + 1)]


def assembled(
    window: Window,
    measure: Measure,
    tiles: Iterable[tuple[Sequence[int], TilePixels | None]],
    *,
    single: bool = False,
) -> Grid | None:
    """Put a window together.

    Parameters
    ----------
    window : Window
        Any rectangle of pixels of a whole zoom.
    measure : Measure
        Measure of the tiles.
    tiles : iterable of (x, y) and TilePixels or None
        Tiles, whose column may lie beyond the antimeridian; None where there is nothing.
    single : bool
        Make planes of float32; else of the type that the tiles have.

    Returns
    -------
    Grid or None
        None if no tile holds anything.
    """
    planes: dict[str, NDArray[Any]] = {}
    for (x, y), tile in tiles:
        if tile is None:
            continue
        if not planes:
            shape = window.height, window.width
            planes = {
                name: np.zeros(shape, np.float32 if single else values.dtype) for name, values in tile.planes.items()
            }
        for name, plane in planes.items():
            place_pixels(tile.pixels, tile.planes[name], x * SIDE - window.x, y * SIDE - window.y, plane)
    return Grid(window, measure, planes) if planes else None
