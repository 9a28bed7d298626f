"""Passes counted in threads: rows are shared out, or tracks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.threads import side_by_side
from heatlas.raster.accumulators import Accumulators, Span, spans_of
from heatlas.raster.partition import MOST, strips

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.grid import Grid, Measure
    from heatlas.raster.partition import NearbyBatch

__all__ = ["draw_passes"]

_ENOUGH = 40_000
"""Fixes in one thread before another is worth being started, which takes a quarter of a millisecond."""
_DENSE = 6
"""Pixels per fix, in all workers' grids, below which it costs less to add up whole grids than to look at every fix once
for each strip."""


def draw_passes(within: Sequence[NearbyBatch], window: Window, measure: Measure, workers: int) -> Grid:
    """Count the passes of tracks.

    Parameters
    ----------
    within : sequence of NearbyBatch
        Those that may touch the window.
    window : Window
        What to draw.
    measure : Measure
        Passes.
    workers : int
        Threads, at most; fewer where there is little to count.

    Returns
    -------
    Grid
        Counts as uint8, uint16 or uint32, as the greatest asks for.
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
    """Share out tracks instead of rows, each worker on planes of its own: whole numbers add up in any order."""
    counting = [_Counting.of(within, window, Accumulators.of(window, measure), (k, workers)) for k in range(workers)]
    side_by_side(_Counting.run, counting, workers)
    first, *others = counting
    spans = set(first.carried)
    for other in others:
        spans |= first.planes.add(other.planes, other.carried)
    return first.planes.grid(window, measure, spans)


@dataclass(frozen=True, slots=True)
class _Counting:
    """All that one thread has to count, made ready before: what runs side by side should ask little of Python."""

    planes: Accumulators
    blocks: NDArray[np.bool_]
    calls: list[tuple[Any, ...]]
    """What the kernel is to be called with, beside room to work in."""
    bits: int
    """For how wide a table there must be room."""

    @classmethod
    def of(
        cls, within: Sequence[NearbyBatch], window: Window, planes: Accumulators, share: tuple[int, int] = (0, 1)
    ) -> _Counting:
        """Make ready to count the k-th of n shares of the tracks of each batch."""
        blocks, block = planes.blocks()
        carries = planes.carries, blocks, np.uint64(block)
        calls, widest = [], 0
        for traced in within:
            batch = traced.batch
            cuts = batch.fixes * np.array([share[0], share[0] + 1]) / share[1]
            first, last = np.searchsorted(batch.segments[batch.tracks], cuts)
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

        self.planes.counts.fill(0)  # here, as every thread does it for its part
        room = room_for(self.bits)
        for call in self.calls:
            count_passes(*call, room)

    @property
    def carried(self) -> list[Span]:
        """Spans of the planes from which something was carried."""
        return spans_of(np.flatnonzero(self.blocks), len(self.planes.counts))
