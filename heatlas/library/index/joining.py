"""Encoded passages of several groups of tracks, joined to a chunk for each tile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.kernels.join import join_chunks
from heatlas.library.file.bundles import BUNDLE, BUNDLED, pack_column
from heatlas.library.file.columns import PIXELS
from heatlas.library.file.folding import folding
from heatlas.library.file.pixels import pack_pixels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.library.index.chunks import Tile
    from heatlas.library.index.encoding import EncodedTiles

__all__ = ["JoinedTiles", "join_tiles"]

_PIECE = 1 << 22
"""Bytes of tiles that one thread joins and compresses at a time."""
_TILE = (1 << 20) - 1


@frozen
class JoinedTiles:
    """Tiles of one zoom of which the rows of a chunk each can be made."""

    tiles: list[Tile]
    """In the order of their keys."""
    _groups: NDArray[np.int64]
    _order: NDArray[np.int64]
    _arrays: tuple[NDArray[np.int64] | NDArray[np.uint8] | NDArray[np.bool_], ...]

    def rows(self) -> list[tuple[int, int, bytes]]:
        """Rows of the chunks: tile as a place in `tiles`, number of the column, and packed bytes; the pixels first."""
        out, rows = join_chunks(self._order, self._groups, *self._arrays, folding(), BUNDLE, BUNDLED)
        view, found = memoryview(out), []
        for tile, column, begin, middle, end in rows.tolist():
            if column == PIXELS:
                found.append((tile, column, pack_pixels(view[begin:middle], view[middle:end])))
            else:
                found.append((tile, column, pack_column(column, view[begin:end])))
        return found


def join_tiles(zoom: int, parts: Sequence[EncodedTiles], only: Collection[Tile] | None = None) -> Iterator[JoinedTiles]:
    """Join what several groups of tracks left in tiles of a zoom, in pieces for one thread each.

    Parameters
    ----------
    zoom : int
        Zoom.
    parts : sequence of EncodedTiles
        Activities of one ascend after those of the part before.
    only : collection of Tile, optional
        Tiles that are wanted; by default all.
    """
    tiles = np.unique(np.concatenate([part.tile for part in parts]))
    sizes = np.zeros(len(tiles), np.int64)
    for part in parts:
        sizes[np.searchsorted(tiles, part.tile)] += np.diff(part.at).sum(axis=0)
    if only is not None:
        wanted = np.isin(tiles, np.array([x << 20 | y for z, x, y in only if z == zoom], np.int64))
        tiles, sizes = tiles[wanted], sizes[wanted]
    if not len(tiles):
        return
    cuts = np.flatnonzero(np.diff(np.cumsum(sizes) // _PIECE)) + 1
    for some in np.split(tiles, cuts):
        found = [part.between(int(some[0]), int(some[-1])) for part in parts]
        yield _joined(zoom, some, [part for part in found if part is not None])


def _joined(zoom: int, wanted: NDArray[np.int64], parts: Sequence[EncodedTiles]) -> JoinedTiles:
    tile = np.concatenate([part.tile for part in parts])
    order = np.argsort(tile, kind="stable")
    order = order[np.isin(tile[order], wanted, kind="sort")]
    numbers = np.array(sorted({column for part in parts for column in part.columns}), np.int64)
    shape = len(numbers), len(tile)
    begins, ends, some = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, bool)
    runs = np.empty((len(tile), 2), np.int64)
    first, run, byte = 0, 0, 0
    for part in parts:
        here = slice(first, first + len(part.tile))
        rows = np.searchsorted(numbers, part.columns)
        begins[rows, here], ends[rows, here] = part.at[:, :-1] + byte, part.at[:, 1:] + byte
        some[rows, here] = part.some
        runs[here, 0], runs[here, 1] = part.runs[:-1] + run, part.runs[1:] + run
        first, run, byte = here.stop, run + len(part.ids), byte + len(part.data)
    joined = [np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "lengths", "data")]
    arrays = (runs, *joined, begins, ends, some, numbers)
    groups = np.append(np.searchsorted(tile[order], wanted), len(order))
    return JoinedTiles([(zoom, where >> 20, where & _TILE) for where in wanted.tolist()], groups, order, arrays)
