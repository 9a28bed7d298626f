"""Read the cells that activities visit from the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.dataset.places import Visits
from heatlas.dataset.places.visits import ZOOM
from heatlas.library.file.keys import pixel_keys, tile_of
from heatlas.library.file.pixels import ChunkPixels
from heatlas.library.file.settings import read_settings
from heatlas.library.index.sound_tiles import pixel_rows

if TYPE_CHECKING:
    import sqlite3

    from numpy.typing import NDArray

    from heatlas.library.file.store import Library

__all__ = ["read_cells", "read_visits"]


def read_visits(library: Library, keep: NDArray[np.bool_]) -> Visits:
    """Cells that activities visit, as `heatlas.dataset.places.visits_of` finds them from cut tracks.

    They are read from the zoom of the cells, or from the nearest one that is indexed.

    Parameters
    ----------
    library : Library
        The library.
    keep : ndarray of bool (n,)
        Whether each activity counts, by number; those from n on do not.

    Returns
    -------
    Visits
        Of activities by number, without fixes.
    """
    with library.read() as connection:
        first, last = read_settings(connection).zooms
        zoom = min(max(ZOOM, first), last)
        activity, column, row = read_cells(connection, zoom, keep)
    finer, coarser = max(zoom - ZOOM, 0), max(ZOOM - zoom, 0)
    return Visits.of(activity, column >> finer << coarser, row >> finer << coarser)


def read_cells(
    connection: sqlite3.Connection, zoom: int, keep: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pixels of an indexed zoom that activities visit, passage by passage.

    Parameters
    ----------
    connection : Connection
        Of the library.
    zoom : int
        One that is indexed.
    keep : ndarray of bool (n,)
        Whether each activity counts, by number; those from n on do not.

    Returns
    -------
    number, column, row : ndarray of int64 (k,)
        Number of the activity, and the pixel on the lattice of the world.
    """
    read_settings(connection).demand(zoom)
    chosen = np.append(keep, False)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
    for k, data in pixel_rows(connection, pixel_keys(zoom)):
        chunk = ChunkPixels(data)
        ids, lengths = chunk.header
        pixels = chunk.places.astype(np.int64)
        activity = np.repeat(ids.astype(np.int64), lengths)
        shown = chosen[np.minimum(activity, len(chosen) - 1)]
        _, x, y = tile_of(k)
        pixels = pixels[shown]
        found.append((activity[shown], x << 8 | pixels & 255, y << 8 | pixels >> 8))
    activity, column, row = (
        np.concatenate([np.zeros(0, np.int64), *(part[which] for part in found)]) for which in range(3)
    )
    return activity, column, row
