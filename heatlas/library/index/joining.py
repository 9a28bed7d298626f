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
        yield _joined(zoom, some, parts)


def _joined(zoom: int, wanted: NDArray[np.int64], parts: Sequence[EncodedTiles]) -> JoinedTiles:
    spans = [np.searchsorted(part.tile, (wanted[0], wanted[-1] + 1)).tolist() for part in parts]
    found = [(part, begin, end) for part, (begin, end) in zip(parts, spans, strict=True) if begin < end]
    tile = np.concatenate([part.tile[begin:end] for part, begin, end in found])
    order = np.argsort(tile, kind="stable")
    order = order[np.isin(tile[order], wanted, kind="sort")]
    numbers = np.array(sorted({column for part, _, _ in found for column in part.columns}), np.int64)
    shape = len(numbers), len(tile)
    begins, ends, some = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, bool)
    runs, ids, lengths, pieces = np.empty((len(tile), 2), np.int64), [], [], []
    first, run, byte = 0, 0, 0
    for part, begin, end in found:
        here = slice(first, first + end - begin)
        rows = np.searchsorted(numbers, part.columns)
        at, own = part.at[:, begin : end + 1], part.runs[begin : end + 1]
        sizes = at[:, -1] - at[:, 0]
        moved = at + (byte + np.cumsum(sizes) - sizes - at[:, 0])[:, None]
        begins[rows, here], ends[rows, here], some[rows, here] = moved[:, :-1], moved[:, 1:], part.some[:, begin:end]
        runs[here, 0], runs[here, 1] = own[:-1] + run - own[0], own[1:] + run - own[0]
        ids.append(part.ids[own[0] : own[-1]])
        lengths.append(part.lengths[own[0] : own[-1]])
        pieces += [
            (part, *piece) for piece in zip(at[:, 0].tolist(), moved[:, 0].tolist(), sizes.tolist(), strict=True)
        ]
        first, run, byte = here.stop, run + int(own[-1] - own[0]), byte + int(sizes.sum())
    data = np.empty(byte, np.uint8)
    for part, there, to, size in pieces:
        part.copy(there, data[to : to + size])
    arrays = (runs, np.concatenate(ids), np.concatenate(lengths), data, begins, ends, some, numbers)
    groups = np.append(np.searchsorted(tile[order], wanted), len(order))
    return JoinedTiles([(zoom, where >> 20, where & _TILE) for where in wanted.tolist()], groups, order, arrays)
