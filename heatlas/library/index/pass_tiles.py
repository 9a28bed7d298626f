"""Count the passes of tiles of the index: those of many tiles in one call, as each is little work."""

from __future__ import annotations

import threading
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.tiles import count_passes_of
from heatlas.raster.tile_pixels import SIDE, TilePixels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["count_passes"]

_TOGETHER = 1 << 18
"""Bytes of chunks from which on tiles are counted."""


class _Kept(threading.local):
    """Scratch arrays of a thread, which hold 0 between calls: clearing them takes as long as counting a small tile."""

    def __init__(self) -> None:
        words = np.zeros(SIDE * SIDE // 32, np.uint64)
        self.scratch = np.zeros(SIDE * SIDE, np.uint32), words.view(np.uint8), words


_KEPT = _Kept()


def count_passes(
    tiles: Iterable[tuple[int, int, Sequence[NDArray[np.uint8]]]], keep: NDArray[np.bool_]
) -> Iterator[tuple[tuple[int, int], TilePixels]]:
    """Count the passes of tiles.

    Parameters
    ----------
    tiles : iterable of (x, y, chunks)
        Column and row of tiles, and the header and pixels of each of their chunks.
    keep : ndarray of bool (activities,) or (0,)
        Which activities count, by number; empty: all.

    Yields
    ------
    (int, int), TilePixels
        Column and row, and pixels, of each tile in which anything counts.
    """
    for places, chunks, begins in _batches(tiles):
        ends = np.fromiter(accumulate(map(len, chunks), initial=0), np.int64, len(chunks) + 1)
        data = np.concatenate(chunks)
        pixels, passes, bounds = count_passes_of(data, ends, np.array(begins), keep, *_KEPT.scratch)
        first = 0
        for place, last in zip(places, bounds[1:].tolist(), strict=True):
            if last > first:  # copies, as one tile may be remembered longer than the others
                yield place, TilePixels(pixels[first:last].copy(), {"n": passes[first:last].copy()})
            first = last


def _batches(
    tiles: Iterable[tuple[int, int, Sequence[NDArray[np.uint8]]]],
) -> Iterator[tuple[list[tuple[int, int]], list[NDArray[np.uint8]], list[int]]]:
    """Places of some tiles, the chunks of all of them, and where those of each tile begin, with the end."""
    places: list[tuple[int, int]] = []
    chunks: list[NDArray[np.uint8]] = []
    begins, held = [0], 0
    for x, y, some in tiles:
        places.append((x, y))
        chunks += some
        begins.append(len(chunks))
        held += sum(map(len, some))
        if held >= _TOGETHER:
            yield places, chunks, begins
            places, chunks, begins, held = [], [], [0], 0
    if places:
        yield places, chunks, begins
