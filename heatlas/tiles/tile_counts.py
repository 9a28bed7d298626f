"""Passages of each activity in each tile of a zoom, read from the headers of the index without drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.library.file.keys import pixel_keys, tile_of
from heatlas.library.file.pixels import head_of
from heatlas.library.file.settings import read_settings
from heatlas.library.index.sound_tiles import pixel_rows
from heatlas.raster.threshold import is_shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.library.file.store import Library
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["CellTiles", "TileCounts", "busiest", "count_tiles", "sampled", "tiles_of_enough"]


@frozen
class TileCounts:
    """Passages by tile and activity, without hidden parts."""

    zoom: int
    x: NDArray[np.int32]
    """(t,) columns of tiles."""
    y: NDArray[np.int32]
    """(t,) rows of tiles."""
    tile: NDArray[np.int32]
    """(k,) indices into `x` and `y`, ascending."""
    number: NDArray[np.int32]
    """(k,) numbers of activities."""
    passages: NDArray[np.int32]
    """(k,) passages of that activity in that tile."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return 8 * len(self.x) + 12 * len(self.tile)


@frozen
class CellTiles:
    """Tiles of a zoom by cell: those that hold anything, in the order of cells."""

    zoom: int
    """Zoom of the tiles."""
    cells: NDArray[np.int64]
    """(k,) row << 32 | column of each cell, ascending."""
    begins: NDArray[np.int64]
    """(k + 1,) where the tiles of each cell begin, and their number."""
    x: NDArray[np.int32]
    """(n,) columns of tiles."""
    y: NDArray[np.int32]
    """(n,) rows of tiles."""
    passages: NDArray[np.int64]
    """(n,) passages of each."""

    def of(self, cell: int) -> slice:
        """Tiles of a cell that holds anything, those with most passages first."""
        k = int(np.searchsorted(self.cells, cell))
        return slice(int(self.begins[k]), int(self.begins[k + 1]))

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return 16 * len(self.cells) + 16 * len(self.x)


def count_tiles(library: Library, zoom: int) -> TileCounts:
    """Count the passages of all tiles of a zoom."""
    places: list[tuple[int, int]] = []
    at: list[int] = []
    numbers: list[NDArray[np.int64]] = []
    counts: list[NDArray[np.int64]] = []
    with library.read() as connection:
        read_settings(connection).demand(zoom)
        for k, data in pixel_rows(connection, pixel_keys(zoom)):
            ids, lengths = head_of(data)
            if not places or places[-1] != tile_of(k)[1:]:
                places.append(tile_of(k)[1:])
            at.append(len(places) - 1)
            numbers.append(ids)
            counts.append(lengths)
    xy = np.array(places, np.int32).reshape(-1, 2)
    tile = np.repeat(np.array(at, np.int32), [len(ids) for ids in numbers])
    return TileCounts(zoom, xy[:, 0].copy(), xy[:, 1].copy(), tile, _joined(numbers), _joined(counts))


def tiles_of_enough(counts: TileCounts, snapshot: Snapshot, keep: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Indices of the tiles through which enough people pass, of all activities or of those that are kept, by number."""
    known = counts.number < len(snapshot.people)
    whose = np.where(known, snapshot.people[np.where(known, counts.number, 0)], -1)
    if keep is not None:
        whose[~np.append(keep, False)[np.minimum(counts.number, len(keep))]] = -1
    pairs = np.unique(np.stack([counts.tile.astype(np.int64), whose])[:, whose >= 0], axis=1)
    tiles, people = np.unique(pairs[0], return_counts=True)
    return tiles[is_shown(people, snapshot.threshold.people)]


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.int32]:
    return np.concatenate(parts).astype(np.int32) if parts else np.zeros(0, np.int32)


def busiest(counts: TileCounts, keep: NDArray[np.bool_] | None, most: int) -> list[tuple[int, int]]:
    """Sample the tiles of a zoom: x and y of at most `most` tiles.

    All tiles if there are no more. Else a systematic sample in proportion to size: tiles are sorted by passages, and
    taken at even steps of cumulated passages. It contains the busiest tile and every tile with more than its share;
    quiet tiles appear in proportion to their passages. It is deterministic.

    Parameters
    ----------
    counts : TileCounts
        Counts of the zoom.
    keep : ndarray of bool (n,), optional
        Activities that count, by number.
    most : int
        Maximum number of tiles.
    """
    passages = counts.passages
    if keep is not None:
        known = counts.number < len(keep)
        passages = np.where(known & keep[np.where(known, counts.number, 0)], passages, 0)
    of_tile = np.bincount(counts.tile, passages, len(counts.x)).astype(np.int64)
    order = np.lexsort((counts.y, counts.x, -of_tile))
    order = order[of_tile[order] > 0]
    order = order[sampled(of_tile[order], most)[0]]
    return list(zip(counts.x[order].tolist(), counts.y[order].tolist(), strict=True))


def sampled(passages: NDArray[np.int64], most: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Sample tiles systematically, in proportion to their passages.

    Parameters
    ----------
    passages : ndarray of int64 (n,)
        Passages of each tile, above 0, descending.
    most : int
        Maximum number of tiles.

    Returns
    -------
    chosen : ndarray of int64 (k,)
        Indices, ascending.
    weights : ndarray of float64 (k,)
        Number of tiles that each stands for: 1 over the chance of being chosen.
    """
    n = len(passages)
    if n <= most:
        return np.arange(n), np.ones(n)
    reach = np.cumsum(passages)
    steps = np.arange(most) * reach[-1] // most
    chosen = np.unique(np.searchsorted(reach, steps, side="right"))
    return chosen, np.maximum(1.0, reach[-1] / (most * passages[chosen]))
