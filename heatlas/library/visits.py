"""Read the cells that activities visit from the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.dataset.places import Visits
from heatlas.dataset.places.visits import ZOOM
from heatlas.kernels.index import decode_header, decode_pixels
from heatlas.library.keys import pixel_keys, tile_of
from heatlas.library.packing import unpack
from heatlas.library.settings import read_settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.library.store import Library

__all__ = ["read_visits"]


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
    chosen = np.append(keep, False)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
    with library.read() as connection:
        first, last = read_settings(connection).zooms
        zoom = min(max(ZOOM, first), last)
        rows = connection.execute(
            "SELECT key, data FROM passages WHERE key BETWEEN ? AND ?",
            pixel_keys(zoom),
        )
        for k, data in rows:
            packed = unpack(data)
            ids, lengths, at = decode_header(packed)
            pixels = decode_pixels(packed, at, lengths).astype(np.int64)
            activity = np.repeat(ids.astype(np.int64), lengths)
            shown = chosen[np.minimum(activity, len(chosen) - 1)]
            _, x, y = tile_of(k)
            pixels = pixels[shown]
            found.append((activity[shown], x << 8 | pixels & 255, y << 8 | pixels >> 8))
    activity, column, row = (
        np.concatenate([np.zeros(0, np.int64), *(part[which] for part in found)]) for which in range(3)
    )
    finer, coarser = max(zoom - ZOOM, 0), max(ZOOM - zoom, 0)
    return Visits.of(activity, column >> finer << coarser, row >> finer << coarser)
