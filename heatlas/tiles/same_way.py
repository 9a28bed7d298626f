"""Activities that share most of their way, from the index, which holds no cut parts.

The way of an activity is the set of pixels that it visits at zoom 13 (13 m at 48 degrees), or at the nearest zoom that
is indexed. Of two activities, the share of one is the part of its pixels that lie in or beside (by side or corner) a
pixel of the other: noise of receivers does not count. They go the same way where both shares reach 0.8. The direction
does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.library.file.columns import PIXELS
from heatlas.library.file.keys import CHUNKS, key
from heatlas.library.file.pixels import ChunkPixels
from heatlas.library.index.sound_tiles import pixel_rows
from heatlas.tiles.view import census_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from heatlas.library.file.store import Library
    from heatlas.tiles.snapshot import Snapshot
    from heatlas.tiles.view import View

__all__ = ["LEAST_SHARE", "ZOOM", "same_way"]

ZOOM = 13
"""Zoom of the pixels that are compared."""
LEAST_SHARE = 0.8
"""Least share of either way that must be common."""
_SIDE = 256
_AROUND = tuple((across, down) for across in (-1, 0, 1) for down in (-1, 0, 1))


def same_way(view: View, snapshot: Snapshot, number: int) -> dict[int, float]:
    """Activities of a snapshot that go the same way as one of them.

    Parameters
    ----------
    view, snapshot
        Library and its state.
    number : int
        Number of the activity.

    Returns
    -------
    dict
        Number -> the smaller of the two shares, from 0.8 to 1; the activity itself is among them, with 1. Empty where
        nothing of it is shown.
    """
    first, last = snapshot.settings.zooms
    zoom = min(max(ZOOM, first), last)
    counts = census_of(view, snapshot, zoom)
    mine_at = np.unique(counts.tile[counts.number == number])
    if not len(mine_at):
        return {}
    tiles = list(zip(counts.x.tolist(), counts.y.tolist(), strict=True))
    near = {
        ((tiles[k][0] + across) % 2**zoom, tiles[k][1] + down) for k in mine_at.tolist() for across, down in _AROUND
    } & set(tiles)
    owner, cell = _cells(view.library, zoom, near)
    mine = cell[owner == number]
    wide = _around(mine, zoom)
    shared = np.isin(cell, wide)
    hopeful = _hopeful(owner, shared)
    hopeful = hopeful[np.isin(hopeful, snapshot.numbers) & (hopeful != number)]
    begins, ends = np.searchsorted(owner, hopeful), np.searchsorted(owner, hopeful, side="right")
    is_near = np.array([place in near for place in tiles], np.bool_)
    away = ~is_near[counts.tile] & np.isin(counts.number, hopeful)
    found = {number: 1.0}
    for other, begin, end in zip(hopeful.tolist(), begins.tolist(), ends.tolist(), strict=True):
        share = float(np.isin(mine, _around(cell[begin:end], zoom)).mean())
        if share < LEAST_SHARE:
            continue
        # What lies in other tiles is far from this way.
        far = {tiles[k] for k in counts.tile[away & (counts.number == other)].tolist()} if away.any() else set()
        total = end - begin + int((_cells(view.library, zoom, far)[0] == other).sum())
        share = min(share, int(shared[begin:end].sum()) / total)
        if share >= LEAST_SHARE:
            found[other] = share
    return found


def _hopeful(owner: NDArray[np.int64], shared: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Activities of which enough is shared; whatever lies farther away can only make the share smaller."""
    numbers, place = np.unique(owner, return_inverse=True)
    share = np.bincount(place, shared, len(numbers)) / np.bincount(place, minlength=len(numbers))
    return np.asarray(numbers[share >= LEAST_SHARE], np.int64)


def _cells(
    library: Library, zoom: int, tiles: Collection[tuple[int, int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number of the activity and pixel (row << 32 | column) of each visit in some tiles, each pixel once."""
    found = []
    with library.read() as connection:
        for x, y in sorted(tiles):
            for _, data in pixel_rows(connection, (key(PIXELS, zoom, x, y), key(PIXELS, zoom, x, y, CHUNKS - 1))):
                chunk = ChunkPixels(data)
                ids, lengths = chunk.header
                pixels = chunk.places.astype(np.int64)
                cell = (y * _SIDE + pixels // _SIDE) << 32 | (x * _SIDE + pixels % _SIDE)
                found.append(np.stack([np.repeat(ids.astype(np.int64), lengths), cell]))
    owner, cell = np.unique(np.concatenate([np.zeros((2, 0), np.int64), *found], axis=1), axis=1)
    return owner, cell


def _around(cells: NDArray[np.int64], zoom: int) -> NDArray[np.int64]:
    """Pixels and those beside them; columns go round the world."""
    row, column = cells >> 32, cells & 0xFFFFFFFF
    across = _SIDE << zoom
    found = [(row + down) << 32 | (column + step) % across for step, down in _AROUND]
    return np.unique(np.concatenate(found))
