"""Draw and encode one tile of a field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.core.window import Window
from heatlas.tiles.direct import brush_of, counted_around, is_direct, steps_of_tile
from heatlas.tiles.encoding import empty, encode, encode_steps
from heatlas.tiles.fields import SIDE, doubled, field_window
from heatlas.tiles.scales import colours_of
from heatlas.tiles.surroundings import tone_for

if TYPE_CHECKING:
    from heatlas.tiles.fields import Field

__all__ = ["tile_bytes"]


def tile_bytes(field: Field, zoom: int, x: int, y: int, *, dense: bool = False, form: str = "png") -> bytes:
    """Draw and encode one tile.

    Parameters
    ----------
    field : Field
        Source of the tile.
    zoom, x, y : int
        Place among 256 px tiles.
    dense : bool
        Draw 512 px for screens of double density: the four tiles of the next zoom, with the tone of this one.
    form : str
        One of `heatlas.tiles.encoding.TYPES`.
    """
    side, finer = (2 * SIDE, zoom + 1) if dense else (SIDE, zoom)
    window = Window(SIDE * 2.0**finer, x * side, y * side, side, side)
    if not dense and form != "npy" and is_direct(field, zoom, window):
        counted = counted_around(field, window)
        if counted is None:
            return empty(side, form)
        if (brush := brush_of(field, zoom)) is not None:
            return encode_steps(*steps_of_tile(field, counted, brush.begins), brush.palette, form)
    grid = field_window(doubled(field) if dense else field, window)
    if grid is None:
        return empty(side, form)
    bare = form == "npy" and grid.layout.fit is None
    return encode(grid, None if bare else tone_for(field, zoom, window), colours_of(field), form)
