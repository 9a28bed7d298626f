"""Count the people who passed each pixel of a window, or the pixels around it, from the passage index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.index import decode_header, decode_pixels
from heatlas.kernels.people import add_people
from heatlas.library.index.drawing import tiles_in
from heatlas.library.index.tile_planes import SIDE
from heatlas.raster.threshold import reach_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.library.file.store import Library

__all__ = ["people_around"]


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
    found: list[tuple[int, int, NDArray[np.uint8], tuple[NDArray[np.int64], int], NDArray[np.int64]]] = []
    with library.read() as connection:
        for x, y, chunks in tiles_in(connection, outer):
            for pixels, _ in chunks:
                ids, lengths, at = decode_header(pixels)
                found.append((x, y, pixels, (lengths, at), whose[np.minimum(ids, count)]))
    counts = np.zeros((window.height, window.width), np.uint32)
    there = np.unique(np.concatenate([np.zeros(0, np.int64), *(person for *_, person in found)]))
    if np.count_nonzero(there >= 0) < max(least, 1):
        return counts
    cells, bounds, runs = [np.zeros(0, np.int64)], [np.zeros(1, np.int64)], [np.zeros(0, np.int64)]
    for x, y, pixels, (lengths, at), person in found:
        if not (person >= 0).any():
            continue
        where = decode_pixels(pixels, at, lengths).astype(np.int64)
        column, row = x * SIDE + (where & 255) - outer.x, y * SIDE + (where >> 8) - outer.y
        inside = np.repeat(person >= 0, lengths) & (column >= 0) & (column < outer.width)
        inside &= (row >= 0) & (row < outer.height)
        if inside.any():
            cells.append((row * outer.width + column)[inside])
            bounds.append(np.add.reduceat(inside.astype(np.int64), np.cumsum(lengths) - lengths))
            runs.append(person)
    labels = np.concatenate(runs)
    stamps = np.full(counts.shape, -1, np.int64)
    add_people(
        np.concatenate(cells), np.cumsum(np.concatenate(bounds)), np.argsort(labels, kind="stable"), labels,
        outer.width, reach, stamps, counts,
    )  # fmt: skip
    return counts
