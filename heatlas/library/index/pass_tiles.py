"""Count the passes of tiles of the index: those of many tiles in one call, as each is little work."""

from __future__ import annotations

import threading
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
    tiles: Iterable[tuple[int, int, Sequence[Sequence[bytes]]]], keep: NDArray[np.bool_]
) -> Iterator[tuple[tuple[int, int], TilePixels]]:
    """Count the passes of tiles.

    Parameters
    ----------
    tiles : iterable of (x, y, chunks)
        Column and row of tiles, and the header and pixels of each of their chunks, as bytes in any number of parts.
    keep : ndarray of bool (activities,) or (0,)
        Which activities count, by number; empty: all.

    Yields
    ------
    (int, int), TilePixels
        Column and row, and pixels, of each tile in which anything counts.
    """
    for places, parts, ends, begins in _batches(tiles):
        data = np.frombuffer(b"".join(parts), np.uint8)
        pixels, passes, bounds = count_passes_of(data, np.array(ends), np.array(begins), keep, *_KEPT.scratch)
        first = 0
        for place, last in zip(places, bounds[1:].tolist(), strict=True):
            if last > first:  # copies, as one tile may be remembered longer than the others
                yield place, TilePixels(pixels[first:last].copy(), {"n": passes[first:last].copy()})
            first = last


def _batches(
    tiles: Iterable[tuple[int, int, Sequence[Sequence[bytes]]]],
) -> Iterator[tuple[list[tuple[int, int]], list[bytes], list[int], list[int]]]:
    """Places of some tiles, the bytes of all, and where each chunk ends in these and each tile in those, from 0 on."""
    places: list[tuple[int, int]] = []
    parts: list[bytes] = []
    ends, begins, held = [0], [0], 0
    for x, y, chunks in tiles:
        places.append((x, y))
        for chunk in chunks:
            parts += chunk
            held += sum(map(len, chunk))
            ends.append(held)
        begins.append(len(ends) - 1)
        if held >= _TOGETHER:
            yield places, parts, ends, begins
            places, parts, ends, begins, held = [], [], [0], [0], 0
    if places:
        yield places, parts, ends, begins
