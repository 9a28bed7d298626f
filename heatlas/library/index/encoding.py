"""Passages of some tracks at one zoom as bytes of the index, tile by tile; and several of these joined to chunks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.encode import encode_amounts, encode_pixels, encode_values, find_stretches
from heatlas.kernels.index import UNKNOWN
from heatlas.kernels.join import join_chunks
from heatlas.library.file.columns import AMOUNTS, COLUMNS, PIXELS
from heatlas.library.file.packing import BUNDLE, BUNDLED, pack

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.library.index.chunks import Tile
    from heatlas.library.rows.passages import Passages

__all__ = ["EncodedTiles", "JoinedTiles", "encoded_runs", "join_tiles"]

_PIECE = 1 << 22
"""Bytes of tiles that one thread joins and compresses at a time."""
_TILE = (1 << 20) - 1


@dataclass(frozen=True, slots=True)
class EncodedTiles:
    """Passages of some tracks at one zoom; activities ascend inside a tile."""

    tile: NDArray[np.int64]
    """(t,) row << 20 | column of each tile."""
    runs: NDArray[np.int64]
    """(t + 1,) offsets of the tiles into the runs."""
    ids: NDArray[np.int64]
    """(r,) activity of each run."""
    lengths: NDArray[np.int64]
    """(r,) passages of each run."""
    columns: tuple[int, ...]
    """(c,) numbers of the columns, ascending; the pixels first, which come without a header."""
    data: NDArray[np.uint8]
    """Bytes of all columns."""
    at: NDArray[np.int64]
    """(c, t + 1) offsets of each column's tiles into the bytes."""
    some: NDArray[np.bool_]
    """(c, t) whether a column tells anything in a tile."""

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        arrays = (self.tile, self.runs, self.ids, self.lengths, self.data, self.at, self.some)
        return sum(array.nbytes for array in arrays)

    @classmethod
    def of(cls, numbers: Sequence[int], found: Sequence[Passages]) -> EncodedTiles | None:
        """Encode the passages of activities, whose numbers ascend; None where there are none."""
        counts = [len(passages.tile) for passages in found]
        if not sum(counts):
            return None
        tile = np.concatenate([passages.tile for passages in found])
        stretches, track = find_stretches(tile, np.append(0, np.cumsum(counts)))
        # A track goes many pixels in a tile: sorting its stretches is much quicker than sorting passages.
        tile = tile[stretches[:, 0]]
        order = np.argsort(tile, kind="stable")
        tile, owner, stretches = tile[order], np.array(numbers, np.int64)[track[order]], stretches[order]
        changes = np.append(True, tile[1:] != tile[:-1])
        begins = np.flatnonzero(changes | np.append(True, owner[1:] != owner[:-1]))
        runs = np.append(begins, len(tile))
        tiles = np.append(np.flatnonzero(changes[begins]), len(begins))
        pixels, at = encode_pixels(np.concatenate([passages.pixel for passages in found]), stretches, runs, tiles)
        columns, parts, ats, somes = [PIXELS], [pixels], [at], [np.ones(len(tiles) - 1, bool)]
        for name in sorted({name for passages in found for name in passages.columns}, key=COLUMNS.__getitem__):
            encode = encode_amounts if name in AMOUNTS else encode_values
            data, at, some = encode(_joined(name, found, counts), stretches, runs, tiles)
            if some.any():
                columns.append(COLUMNS[name])
                parts.append(data)
                ats.append(at)
                somes.append(some)
        first = np.cumsum([0, *map(len, parts)])[:-1]
        return cls(
            tile[begins[tiles[:-1]]], tiles, owner[begins], np.add.reduceat(stretches[:, 1] - stretches[:, 0], begins),
            tuple(columns), np.concatenate(parts), np.array(ats) + first[:, None], np.array(somes),
        )  # fmt: skip


def _joined(name: str, found: Sequence[Passages], counts: Sequence[int]) -> NDArray[np.int64] | NDArray[np.int32]:
    nothing = (0, np.int64) if name in AMOUNTS else (UNKNOWN, np.int32)
    return np.concatenate(
        [
            passages.columns[name] if name in passages.columns else np.full(count, *nothing)
            for passages, count in zip(found, counts, strict=True)
        ]
    )


@dataclass(frozen=True, slots=True)
class JoinedTiles:
    """Tiles of one zoom of which the rows of a chunk each can be made."""

    tiles: list[Tile]
    """In the order of their keys."""
    _groups: NDArray[np.int64]
    _order: NDArray[np.int64]
    _arrays: tuple[NDArray[np.int64] | NDArray[np.uint8] | NDArray[np.bool_], ...]

    def rows(self, level: int) -> list[tuple[int, int, bytes]]:
        """Rows of the chunks: tile as a place in `tiles`, number of the column, and packed bytes; the pixels first."""
        out, rows = join_chunks(self._order, self._groups, *self._arrays, BUNDLE, BUNDLED)
        view, begin, found = memoryview(out), 0, []
        for tile, column, end in rows.tolist():
            found.append((tile, column, pack(view[begin:end], level)))
            begin = end
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
    tile = np.concatenate([part.tile for part in parts])
    tile = (tile & _TILE) << 20 | tile >> 20  # in the order of keys: column by column
    order = np.argsort(tile, kind="stable")
    if only is not None:
        wanted = np.array([x << 20 | y for z, x, y in only if z == zoom], np.int64)
        order = order[np.isin(tile[order], wanted)]
    if not len(order):
        return
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
    tile = tile[order]
    starts = np.flatnonzero(np.append(True, tile[1:] != tile[:-1]))
    sizes = np.add.reduceat((ends - begins).sum(axis=0)[order], starts)
    cuts = np.flatnonzero(np.diff(np.cumsum(sizes) // _PIECE)) + 1
    bounds = np.append(starts, len(order))
    for begin, end in zip(np.append(0, cuts).tolist(), np.append(cuts, len(starts)).tolist(), strict=True):
        names = [(zoom, where >> 20, where & _TILE) for where in tile[starts[begin:end]].tolist()]
        groups = bounds[begin : end + 1] - bounds[begin]
        yield JoinedTiles(names, groups, order[bounds[begin] : bounds[end]], arrays)


def encoded_runs(zoom: int, number: int, passages: Passages) -> Iterator[tuple[Tile, dict[int, bytes]]]:
    """Bytes of an activity's runs at a zoom, tile by tile, as `heatlas.library.index.chunks.runs_of` reads them."""
    found = EncodedTiles.of([number], [passages])
    if found is None:
        return
    for t, where in enumerate(found.tile.tolist()):
        told = [(c, column) for c, column in enumerate(found.columns) if found.some[c, t]]
        columns = {column: found.data[found.at[c, t] : found.at[c, t + 1]].tobytes() for c, column in told}
        yield (zoom, where & _TILE, where >> 20), columns
