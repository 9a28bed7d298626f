"""Count the passes of tiles of the index: those of many tiles in one call, as each is little work."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.tiles import count_passes_of
from heatlas.library.file.pixels import join_pixels
from heatlas.raster.tile_pixels import SIDE, TilePixels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["count_passes"]

_TOGETHER = 1 << 18
"""Bytes of blobs from which on tiles are counted."""


class _Kept(threading.local):
    """Scratch arrays of a thread, which hold 0 between calls: clearing them takes as long as counting a small tile."""

    def __init__(self) -> None:
        words = np.zeros(SIDE * SIDE // 32, np.uint64)
        self.scratch = np.zeros(SIDE * SIDE, np.uint32), words.view(np.uint8), words


_KEPT = _Kept()


def count_passes(
    tiles: Iterable[tuple[int, int, Sequence[bytes]]], keep: NDArray[np.bool_]
) -> Iterator[tuple[tuple[int, int], TilePixels]]:
    """Count the passes of tiles.

    Parameters
    ----------
    tiles : iterable of (x, y, blobs)
        Column and row of tiles, and the blobs of their chunks' pixels (`heatlas.library.index.tile_chunks.pixels_at`).
    keep : ndarray of bool (activities,) or (0,)
        Which activities count, by number; empty: all.

    Yields
    ------
    (int, int), TilePixels
        Column and row, and pixels, of each tile in which anything counts.

    Raises
    ------
    SourceFailed
        When a blob is damaged.
    """
    for places, blobs, begins in _batches(tiles):
        data, ends, coded = join_pixels(blobs)
        pixels, passes, bounds = count_passes_of(data, ends, np.array(begins), coded, keep, *_KEPT.scratch)
        first = 0
        for place, last in zip(places, bounds[1:].tolist(), strict=True):
            if last > first:  # copies, as one tile may be remembered longer than the others
                yield place, TilePixels(pixels[first:last].copy(), {"n": passes[first:last].copy()})
            first = last


def _batches(
    tiles: Iterable[tuple[int, int, Sequence[bytes]]],
) -> Iterator[tuple[list[tuple[int, int]], list[bytes], list[int]]]:
    """Places of some tiles, the blobs of all, and where those of each tile end, from 0 on."""
    places: list[tuple[int, int]] = []
    some: list[bytes] = []
    begins, held = [0], 0
    for x, y, blobs in tiles:
        places.append((x, y))
        some += blobs
        held += sum(len(blob) for blob in blobs if isinstance(blob, bytes))  # a damaged row may hold a number
        begins.append(len(some))
        if held >= _TOGETHER:
            yield places, some, begins
            places, some, begins, held = [], [], [0], 0
    if places:
        yield places, some, begins
