"""Activities that have a passage in a rectangle of pixels of the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.library.file.columns import PIXELS
from heatlas.library.file.keys import CHUNKS, key, tile_of
from heatlas.library.file.pixels import ChunkPixels, head_of
from heatlas.library.file.settings import read_settings
from heatlas.library.index.sound_tiles import pixel_rows
from heatlas.raster.tile_pixels import SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.library.file.store import Library

__all__ = ["owners_in"]


def owners_in(library: Library, window: Window, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the activities that have a passage in a window.

    Parameters
    ----------
    library : Library
        The library. Hidden parts are not in its index, so they are never found.
    window : Window
        Any rectangle of pixels of a zoom of the index.
    wanted : ndarray of bool (n,)
        Activities to look for, by number; runs of others are not decoded.

    Returns
    -------
    ndarray of bool (n,)
        Those of `wanted` that were found.
    """
    zoom, found = int(window.zoom), np.zeros(len(wanted), np.bool_)
    across, asked = 1 << zoom, np.append(wanted, False)
    top, bottom = max(window.y // SIDE, 0), min((window.y + window.height - 1) // SIDE, across - 1)
    if top > bottom or not wanted.any():
        return found
    with library.read() as connection:
        read_settings(connection).demand(zoom)
        for x in range(window.x // SIDE, (window.x + window.width - 1) // SIDE + 1):
            keys = key(PIXELS, zoom, x % across, top), key(PIXELS, zoom, x % across, bottom, CHUNKS - 1)
            for k, data in pixel_rows(connection, keys):
                ids, _ = head_of(data)
                if not asked[np.minimum(ids, len(wanted))].any():
                    continue
                chunk = ChunkPixels(data)
                ids, lengths = chunk.header
                pixels = chunk.places.astype(np.int64)
                column = x * SIDE + pixels % SIDE - window.x
                row = tile_of(k)[2] * SIDE + pixels // SIDE - window.y
                inside = (column >= 0) & (column < window.width) & (row >= 0) & (row < window.height)
                here = np.unique(np.repeat(ids, lengths)[inside])
                here = here[here < len(wanted)]
                found[here[wanted[here]]] = True
    return found
