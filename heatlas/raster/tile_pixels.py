"""Tiles before smoothing, as the pixels that hold anything: a tenth of a tile or less, mostly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.kernels.tiles import list_filled, mark_filled, place_pixels, take_values
from heatlas.raster.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.measure import Measure
    from heatlas.raster.reductions import NamedPlanes

__all__ = ["SIDE", "PixelTaker", "TilePixels", "assembled", "places_in"]

SIDE = 256
"""Pixels of a side of a tile."""


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


class PixelTaker:
    """Takes the pixels that hold anything out of the planes of one tile after another."""

    __slots__ = ("_marks", "_pixels")

    def __init__(self) -> None:
        self._marks = np.zeros(SIDE * SIDE, np.uint8)
        self._pixels = np.empty(SIDE * SIDE + 1, np.uint16)

    def take(self, planes: NamedPlanes) -> TilePixels | None:
        """Take all that is in planes (65536,) of uint32 or float64, which are then 0; None where there is nothing."""
        for plane in planes.values():
            mark_filled(plane, self._marks)
        count = list_filled(self._marks.view(np.uint64), self._marks, self._pixels)
        if not count:
            return None
        pixels = self._pixels[:count].copy()
        taken = {name: np.empty(count, plane.dtype) for name, plane in planes.items()}
        for name, plane in planes.items():
            take_values(plane, pixels, taken[name])
        return TilePixels(pixels, taken)


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
