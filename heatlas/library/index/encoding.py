"""Passages of some tracks at one zoom as bytes of the index, tile by tile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.kernels.changes import WIDEST, note_amounts, note_values
from heatlas.kernels.encode import encode_amounts, encode_pixels, encode_values, find_stretches
from heatlas.library.file.columns import AMOUNTS, COLUMNS, PIXELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.core.workspace import Workspace
    from heatlas.library.index.chunks import Tile
    from heatlas.library.rows.passages import Passages

__all__ = ["EncodedTiles", "Stored", "encoded_runs"]

_TILE = (1 << 20) - 1


class Stored(Protocol):
    """Bytes that are in a file."""

    def __len__(self) -> int:
        """Count them."""

    def read_into(self, begin: int, out: NDArray[np.uint8], /) -> None:
        """Fill an array with those from `begin` on."""


@frozen
class EncodedTiles:
    """Passages of some tracks at one zoom; activities ascend inside a tile."""

    tile: NDArray[np.int64]
    """(t,) column << 20 | row of each tile, ascending: the order of keys."""
    runs: NDArray[np.int64]
    """(t + 1,) offsets of the tiles into the runs."""
    ids: NDArray[np.int64]
    """(r,) activity of each run."""
    lengths: NDArray[np.int64]
    """(r,) passages of each run."""
    columns: tuple[int, ...]
    """(c,) numbers of the columns, ascending; the pixels first, which come without a header."""
    data: NDArray[np.uint8] | Stored
    """Bytes of all columns, one column after the other: the pixels as `heatlas.kernels.encode` writes them, others as
    `heatlas.kernels.changes` does."""
    at: NDArray[np.int64]
    """(c, t + 1) offsets of each column's tiles into the bytes."""
    some: NDArray[np.bool_]
    """(c, t) whether a column tells anything in a tile."""

    @property
    def nbytes(self) -> int:
        """Bytes that it takes beside its data."""
        return sum(array.nbytes for array in (self.tile, self.runs, self.ids, self.lengths, self.at, self.some))

    def copy(self, begin: int, out: NDArray[np.uint8]) -> None:
        """Fill an array with the data from a byte on."""
        if isinstance(self.data, np.ndarray):
            out[:] = self.data[begin : begin + len(out)]
        else:
            self.data.read_into(begin, out)

    @classmethod
    def of(cls, numbers: Sequence[int], found: Passages, space: Workspace) -> EncodedTiles | None:
        """Encode the passages of activities, whose numbers ascend, by means of `space`; None where there are none."""
        laid = _Laid.of(numbers, found)
        if laid is None:
            return None
        pixels, at = encode_pixels(found.pixel, *laid.parts)
        columns, ats, somes = [PIXELS], [at[1:]], [np.ones(len(laid.tile), bool)]
        data, end = pixels, len(pixels)
        for name in sorted(found.columns, key=COLUMNS.__getitem__):
            note = note_amounts if name in AMOUNTS else note_values
            ends, some = np.empty(len(laid.tile), np.int64), np.empty(len(laid.tile), bool)
            data = _with_room(data, end, WIDEST * (len(found.pixel) + len(laid.tile)), space)
            after = note(found.columns[name], *laid.parts, data, end, ends, some)
            if some.any():
                end = after
                columns.append(COLUMNS[name])
                ats.append(ends)
                somes.append(some)
        begins = np.array([0, *(ends[-1] for ends in ats[:-1])])
        return cls(
            laid.tile, laid.parts[2], laid.ids, laid.lengths, tuple(columns), data[:end].copy(),
            np.column_stack([begins, np.array(ats)]), np.array(somes),
        )  # fmt: skip


def _with_room(data: NDArray[np.uint8], end: int, more: int, space: Workspace) -> NDArray[np.uint8]:
    """Bytes up to `end`, and room for more behind them; twice as much as is asked for, as few columns need so much."""
    if len(data) >= end + more:
        return data
    roomy: NDArray[np.uint8] = space.array("data", (2 * (end + more),), np.uint8)
    roomy[:end] = data[:end]
    return roomy


@frozen
class _Laid:
    """How the passages of tracks lie in tiles."""

    tile: NDArray[np.int64]
    ids: NDArray[np.int64]
    lengths: NDArray[np.int64]
    """As `EncodedTiles` has them."""
    parts: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
    """Stretches, runs and tiles, as for `heatlas.kernels.encode.encode_pixels`."""

    @classmethod
    def of(cls, numbers: Sequence[int], found: Passages) -> _Laid | None:
        """Find it; None where there are no passages."""
        if not len(found.tile):
            return None
        stretches, track = find_stretches(found.tile, found.bounds)
        # A track goes many pixels in a tile: sorting its stretches is much quicker than sorting passages.
        tile = found.tile[stretches[:, 0]]
        tile = (tile & _TILE) << 20 | tile >> 20  # in the order of keys: column by column
        order = np.argsort(tile, kind="stable")
        tile, owner, stretches = tile[order], np.array(numbers, np.int64)[track[order]], stretches[order]
        changes = np.append(True, tile[1:] != tile[:-1])
        begins = np.flatnonzero(changes | np.append(True, owner[1:] != owner[:-1]))
        runs = np.append(begins, len(tile))
        tiles = np.append(np.flatnonzero(changes[begins]), len(begins))
        lengths = np.add.reduceat(stretches[:, 1] - stretches[:, 0], begins)
        return cls(tile[begins[tiles[:-1]]], owner[begins], lengths, (stretches, runs, tiles))


def encoded_runs(zoom: int, number: int, passages: Passages) -> Iterator[tuple[Tile, dict[int, bytes]]]:
    """Bytes of an activity's runs at a zoom, tile by tile, as `heatlas.library.index.chunks.runs_of` reads them."""
    laid = _Laid.of([number], passages)
    if laid is None:
        return
    told = {PIXELS: (*encode_pixels(passages.pixel, *laid.parts), np.ones(len(laid.tile), bool))}
    for name, steps in sorted(passages.columns.items(), key=lambda column: COLUMNS[column[0]]):
        told[COLUMNS[name]] = (encode_amounts if name in AMOUNTS else encode_values)(steps, *laid.parts)
    for t, where in enumerate(laid.tile.tolist()):
        columns = {column: data[at[t] : at[t + 1]].tobytes() for column, (data, at, some) in told.items() if some[t]}
        yield (zoom, where >> 20, where & _TILE), columns
