"""Find the tracks that may touch a window, and share out its rows among threads."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch
    from heatlas.core.window import Window

__all__ = ["MOST", "REJOIN", "NearbyBatch", "near", "strips"]

REJOIN = 25.0
"""Metres of progress (at least two pixels) after which a return to a pixel is another pass."""
MOST = 2**31
"""Greatest number of pixels of a strip. Kernels number them in 32 bits."""
_SAMPLE = 512
"""One fix of so many is read to share out rows."""

Frame = tuple[int, float, int, int, int, int]
"""Result of `heatlas.kernels.lattice.frame_of`."""


@frozen
class NearbyBatch:
    """A batch that may touch a window."""

    batch: Batch
    shifts: list[int]
    """Numbers of worlds to shift it by."""
    least: NDArray[np.float64]
    """(tracks,) metres of progress after which a return to a pixel is another pass."""
    bits: NDArray[np.int64]
    """(tracks,) binary logarithm of the width of the table that `least` needs."""

    def over(self, window: Window) -> Iterator[tuple[Frame, NDArray[np.bool_]]]:
        """Give for each shift the frame of the window, or of a strip of it, and which tracks may touch it."""
        from heatlas.kernels.lattice import frame_of

        for shift in self.shifts:
            x = window.x - shift * window.scale
            frame = frame_of(window.scale, x, window.y, window.width, window.height)
            yield frame, _touching(self.batch, window, x)


def near(batches: Sequence[Batch], window: Window) -> list[NearbyBatch]:
    """Select the batches that may touch a window."""
    return [
        NearbyBatch(batch, shifts, *_reach(batch, window)) for batch in batches if (shifts := _shifts(batch, window))
    ]


def strips(within: Sequence[NearbyBatch], window: Window, workers: int) -> list[Window]:
    """Cut a window into strips of rows with about equally many fixes each, and not too many pixels."""
    bounds = set(range(0, window.height, max(1, MOST // window.width)))
    if workers > 1 and window.height >= 2 * workers and within:
        rows = np.concatenate([traced.batch.v[::_SAMPLE] for traced in within]) * window.scale - window.y
        columns = np.concatenate([traced.batch.u[::_SAMPLE] for traced in within]) * window.scale - window.x
        inner = np.sort(rows[(rows >= 0) & (rows < window.height) & (columns % window.scale < window.width)])
        shares = np.arange(1, workers) / workers
        edges = inner[(shares * len(inner)).astype(int)] if len(inner) else shares * window.height
        bounds.update(edges.astype(int).tolist())
    if len(bounds) == 1:
        return [window]
    return [
        replace(window, y=window.y + low, height=high - low) for low, high in pairwise([*sorted(bounds), window.height])
    ]


def _shifts(batch: Batch, window: Window) -> list[int]:
    """Numbers of worlds to shift a batch by so that it may touch the window; empty when it cannot."""
    if not batch.fixes:
        return []
    scale = window.scale
    west, east, top, bottom = batch.extent
    top, bottom = top * scale, bottom * scale
    # A pixel more on all sides: rounding may move a fix beside an edge to its other side.
    if bottom < window.y - 1 or top > window.y + window.height + 1:
        return []
    low = math.ceil((window.x - 1) / scale - east)
    high = math.floor((window.x + window.width + 1) / scale - west)
    return list(range(low, high + 1))


def _touching(batch: Batch, window: Window, x: float) -> NDArray[np.bool_]:
    """Whether each track may touch a window whose left edge is at `x`; with a pixel more, as in `_shifts`."""
    west, east, north, south = (batch.bounds * window.scale).T
    across = (east >= x - 1) & (west <= x + window.width + 1)
    touching: NDArray[np.bool_] = across & (south >= window.y - 1) & (north <= window.y + window.height + 1)
    return touching


def _reach(batch: Batch, window: Window) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For each track, its rejoin distance in metres and the binary logarithm of the width of the table it needs."""
    from heatlas.kernels.path import TOLERANCE

    first, smallest = batch.ground
    least = np.maximum(REJOIN, first * (2 / window.scale))
    # One tenth more: the path is measured piece by piece, each at its own latitude.
    reach = (1.1 * least + 2 * TOLERANCE) * window.scale / smallest + 4
    # A table as wide as the window holds all of it.
    reach = np.minimum(reach, max(window.width, window.height))
    return least, np.maximum(3, np.ceil(np.log2(reach))).astype(np.int64)
