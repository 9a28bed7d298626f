"""Estimate the size of a page before it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import TooLarge
from heatlas.core.window import Window
from heatlas.pmtiles.hilbert import places_at
from heatlas.publish import html
from heatlas.publish.dirty_tiles import marks_of, occupied
from heatlas.publish.request import last_zoom
from heatlas.tiles.encoding import encode
from heatlas.tiles.fields import SIDE, field_window, first_zoom
from heatlas.tiles.scales import colours_of
from heatlas.tiles.surroundings import tone_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.tiles.fields import Field

__all__ = ["FINEST_OF_PAGES", "check_weight", "fitting_zooms", "zoom_bytes"]

FINEST_OF_PAGES = 16
"""Finest default zoom of a page: a pixel of 2.4 m at the equator; finer zooms are enlarged."""
_LEAST = 12
"""Coarsest default for the last zoom, however large the file."""
_LEAST_OF_POINTS = 6
"""The same for points, which may lie all over the world."""
_MOST_TILES = 2500
"""Tiles in all above which points get no finer zoom by default: a page of some thousand points is made in seconds."""
_SAMPLE = 24
"""Tiles of a zoom that are drawn to estimate their size."""
_ENTRY = 6
"""Bytes of a tile in the directory of an archive."""
_SLACK = 1.3
"""Factor by which an estimate may exceed the maximum before a page is refused without drawing."""


def zoom_bytes(fields: Sequence[Field], marks: Sequence[NDArray[np.uint64]], zoom: int) -> int:
    """Estimate the bytes of a zoom's tiles in a page.

    The number of tiles is known from the index. Their size is estimated from a sample of the busiest field of each
    measure. Fields with fewer activities have emptier tiles, so the estimate is rather too high. `marks`: the results
    of `heatlas.publish.dirty_tiles.marks_of` for each field.
    """
    counts = [occupied(field, zoom, mark).numbers for field, mark in zip(fields, marks, strict=True)]
    sizes: dict[tuple[str, str], float] = {}
    total = 0.0
    for field, numbers in sorted(zip(fields, counts, strict=True), key=lambda pair: -len(pair[1])):
        measure = field.look.point_set, str(field.look.measure)
        if measure not in sizes:
            sizes[measure] = _mean_bytes(field, zoom, numbers)
        total += len(numbers) * (sizes[measure] + _ENTRY)
    return round(total * 4 / 3)


def _mean_bytes(field: Field, zoom: int, numbers: NDArray[np.int64]) -> float:
    if not len(numbers):
        return 0.0
    chosen = numbers[np.unique(np.linspace(0, len(numbers) - 1, _SAMPLE).round().astype(int))]
    colours, sizes = colours_of(field), []
    for x, y in zip(*(plane.tolist() for plane in places_at(zoom, chosen)), strict=True):
        window = Window(SIDE * 2.0**zoom, x * SIDE, y * SIDE, SIDE, SIDE)
        tone = tone_for(field, zoom, window)
        grid = None if tone is None else field_window(field, window)
        sizes.append(0 if grid is None else len(encode(grid, tone, colours, "png")))
    return float(np.mean(sizes))


def fitting_zooms(
    fields: Sequence[Field],
    asked: tuple[int, int] | None,
    context: Context = NOBODY,
) -> tuple[int, int, int]:
    """First and last zoom to draw, and the estimated bytes of the page.

    Parameters
    ----------
    fields : sequence of Field
        Fields of all layers.
    asked : (int, int), optional
        First and last zoom; None: as many as keep the file below `heatlas.publish.html.WARN_BYTES`, to zoom 16 at most;
        for points alone also no more than 2,500 tiles.
    context : Context
        Callbacks for progress, called with the number of zooms estimated and their total.
    """
    points = [bool(field.look.point_set) for field in fields]
    coarsest = 0 if all(points) else first_zoom(fields[0].snapshot)
    first, last = asked or (coarsest, min(FINEST_OF_PAGES, max(map(last_zoom, fields))))
    first, least = max(first, coarsest), _LEAST_OF_POINTS if all(points) else _LEAST
    size, marks, tiles = html.page_bytes(len(fields)), [marks_of(field) for field in fields], 0
    for zoom in range(first, last + 1):
        context.progress("estimating the size", zoom - first, last + 1 - first)
        if asked is None and all(points):
            tiles += sum(len(occupied(field, zoom, mark).numbers) for field, mark in zip(fields, marks, strict=True))
            if zoom > least and tiles > _MOST_TILES:
                return first, zoom - 1, size
        more = zoom_bytes(fields, marks, zoom)
        if asked is None and zoom > least and size + more > html.WARN_BYTES:
            return first, zoom - 1, size
        size += more
        if size > _SLACK * html.MOST_BYTES:
            break  # the next zooms are larger still
    return first, last, size


def check_weight(path: Path, zooms: tuple[int, int], size: int) -> None:
    """Refuse, before drawing, a page that will certainly be too large.

    Raises
    ------
    TooLarge
        With the size and what to do.
    """
    if size > _SLACK * html.MOST_BYTES:
        raise TooLarge(html.too_large(path, size, zooms, about=True))
