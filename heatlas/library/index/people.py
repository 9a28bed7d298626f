"""Count the people who passed each pixel of a window, or the pixels around it, from the passage index."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.kernels.people import count_bits, mark_people
from heatlas.library.index.tile_chunks import tiles_at
from heatlas.raster.threshold import reach_of
from heatlas.raster.tile_pixels import SIDE, places_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.library.file.pixels import ChunkPixels
    from heatlas.library.file.store import Library

__all__ = ["people_around"]

_TOGETHER = 512
"""People whose bits are held at once: 4 MB of a tile."""


def people_around(
    library: Library, window: Window, keep: NDArray[np.bool_], people: NDArray[np.int64], least: int = 0
) -> NDArray[np.uint32]:
    """Count people as `heatlas.raster.count_people.people_around` does from cut tracks.

    Parameters
    ----------
    library : Library
        The library.
    window : Window
        Any rectangle of pixels of a zoom of the index.
    keep : ndarray of bool (n,)
        Whether each activity counts, by number; those from n on do not.
    people : ndarray of int64 (m,)
        Number of the person of each activity, by number; -1: nobody's.
    least : int
        Where fewer people than that go through the tiles of the window, none are counted: their pixels need not be
        looked at.

    Returns
    -------
    ndarray of uint32 (height, width)
    """
    reach = reach_of(window)
    outer = window.grown(reach)
    count = min(len(keep), len(people))
    whose = np.append(np.where(keep[:count], people[:count], -1), -1)
    found: list[_Chunk] = []
    with library.read() as connection:
        for x, y, chunks in tiles_at(connection, outer.zoom, places_in(outer)):
            for each in chunks:
                ids, _ = each.pixels.header
                person = whose[np.minimum(ids, count)]
                found.append(_Chunk(x * SIDE - outer.x, y * SIDE - outer.y, each.pixels, person))
    counts = np.zeros((window.height, window.width), np.uint32)
    there = np.unique(np.concatenate([np.zeros(0, np.int64), *(chunk.person for chunk in found)]))
    there = there[there >= 0]
    if len(there) < max(least, 1):
        return counts
    for first in range(0, len(there), _TOGETHER):
        some = there[first : first + _TOGETHER]
        bits = np.zeros((outer.height, outer.width, -(-len(some) // 64)), np.uint64)
        for chunk in found:
            bit = np.searchsorted(some, chunk.person)
            bit[some[np.minimum(bit, len(some) - 1)] != chunk.person] = -1
            if (bit >= 0).any():
                _, lengths = chunk.pixels.header
                mark_people(chunk.pixels.places, lengths, bit, chunk.left, chunk.top, bits)
        lines = bits.reshape(outer.height, -1)
        count_bits(lines, bits.shape[2], reach, np.empty(lines.shape[1], np.uint64), counts)  # nobody is in two groups
    return counts


class _Chunk(NamedTuple):
    left: int
    """Column of the corner of its tile in the window."""
    top: int
    pixels: ChunkPixels
    person: NDArray[np.int64]
    """Of each run; -1: nobody's, or not kept."""
