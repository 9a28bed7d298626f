"""Count passes in threads, which share out rows or tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.threads import side_by_side
from heatlas.raster.accumulators import Accumulators, Span, spans_of
from heatlas.raster.partition import MOST, strips

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch
    from heatlas.core.window import Window
    from heatlas.raster.grid import Grid
    from heatlas.raster.measure import Measure
    from heatlas.raster.partition import NearbyBatch

__all__ = ["draw_passes"]

_ENOUGH = 60_000
"""Fixes per thread from which another thread is worth its start. They take a millisecond. A start takes a quarter of
one, and much longer where other programs use the processors."""
_DENSE = 6
"""Pixels per fix, in all workers' grids. Below that, adding whole grids costs less than reading every fix once for each
strip."""


def draw_passes(within: Sequence[NearbyBatch], window: Window, measure: Measure, workers: int) -> Grid:
    """Count the passes of tracks.

    Parameters
    ----------
    within : sequence of NearbyBatch
        Batches that may touch the window.
    window : Window
        Pixels to draw.
    measure : Measure
        Passes.
    workers : int
        Threads, at most; fewer where there is little to count.

    Returns
    -------
    Grid
        Counts as uint8 (of a large window), uint16 or uint32, where no pixel has more.
    """
    fixes = sum(traced.batch.fixes for traced in within)
    workers = min(workers, max(1, fixes // _ENOUGH))
    if workers > 1 and window.width * window.height < min(MOST, _DENSE * fixes / workers):
        return _by_tracks(within, window, measure, workers)
    planes = Accumulators.of(window, measure)
    parts = strips(within, window, workers)
    counting = [_Counting.of(within, strip, planes.rows(strip, window)) for strip in parts]
    side_by_side(_Counting.run, counting, workers)
    carried = [
        (first + start, last + start)
        for counted, strip in zip(counting, parts, strict=True)
        for start in [(strip.y - window.y) * window.width]
        for first, last in counted.carried
    ]
    return planes.grid(window, measure, carried)


def _by_tracks(within: Sequence[NearbyBatch], window: Window, measure: Measure, workers: int) -> Grid:
    """Share out tracks instead of rows. Each worker has planes of its own; whole numbers add up in any order."""
    counting = [_Counting.of(within, window, Accumulators.of(window, measure), (k, workers)) for k in range(workers)]
    side_by_side(_Counting.run, counting, workers)
    first, *others = counting
    spans = set(first.carried)
    for other in others:
        spans |= first.planes.add(other.planes, other.carried)
    return first.planes.grid(window, measure, spans)


@frozen
class _Counting:
    """Work of one thread, prepared beforehand so that the thread makes few Python calls."""

    planes: Accumulators
    blocks: NDArray[np.bool_]
    calls: list[tuple[Any, ...]]
    """Arguments of each call of the kernel, without its scratch arrays."""
    bits: int
    """Binary logarithm of the width of the widest table."""

    @classmethod
    def of(
        cls, within: Sequence[NearbyBatch], window: Window, planes: Accumulators, share: tuple[int, int] = (0, 1)
    ) -> _Counting:
        """Prepare to count the k-th of n shares of the tracks of each batch; `share` is (k, n)."""
        blocks, block = planes.blocks()
        carries = planes.carries, blocks, np.uint64(block)
        calls, widest = [], 0
        for traced in within:
            batch = traced.batch
            first, last = _share(batch, *share)
            if first == last:
                continue
            part, tracks = slice(first, last), batch.tracks[first : last + 1]
            fixes, least, bits = (batch.u, batch.v, batch.progress), traced.least[part], traced.bits[part]
            for frame, touching in traced.over(window):
                wanted = touching[part]
                calls.append((fixes, batch.segments, tracks, wanted, least, bits, frame, planes.counts, carries))
                widest = max(widest, int(bits[wanted].max(initial=0)))
        return cls(planes, blocks, calls, widest)

    def run(self) -> None:
        """Count."""
        from heatlas.kernels.count import count_passes, room_for

        room = room_for(self.bits)
        for call in self.calls:
            count_passes(*call, room)

    @property
    def carried(self) -> list[Span]:
        """Spans of the planes that hold carries."""
        return spans_of(np.flatnonzero(self.blocks), len(self.planes.counts))


def _share(batch: Batch, k: int, n: int) -> tuple[int, int]:
    """First track, and the track after the last, of the k-th of n shares with about equally many fixes each."""
    if n == 1:
        return 0, len(batch)
    first, last = np.searchsorted(batch.segments[batch.tracks], batch.fixes * np.array([k, k + 1]) / n)
    return int(first), int(last)
