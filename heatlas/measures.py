"""From batches to a grid: passages are counted and added up, in threads."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from itertools import pairwise
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from heatlas.grid import SPENT, Grid, Measure
from heatlas.metrics import metric_named
from heatlas.planes import Planes, Span, spans_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from heatlas.batch import Batch
    from heatlas.window import Window

__all__ = ["REJOIN", "draw"]

T = TypeVar("T")
R = TypeVar("R")

REJOIN = 25.0
"""Metres of progress (at least two pixels) after which a return to a pixel is another pass."""
_SAMPLE = 512
"""Of so many fixes one is looked at to share out rows."""
_ENOUGH = 100_000
"""Fixes to count passes of in one thread before another is worth being started, which takes half a millisecond."""
_MOST = 2**31
"""Pixels that a strip may hold: kernels number them in 32 bits."""
_DENSE = 6
"""Pixels per fix, in all workers' grids, below which it costs less to add up whole grids than to look at every fix once
for each strip."""


def draw(
    batches: Sequence[Batch], window: Window, measure: Measure, workers: int | None = None, onto: Grid | None = None
) -> Grid:
    """Reduce the passages of all tracks to a grid.

    Rows are shared out among threads, and every pixel sees the batches in the order given: the number of workers
    changes nothing. Nor does the order of batches, but for the rounding of sums.

    Parameters
    ----------
    batches : sequence of Batch
        Clean tracks.
    window : Window
        What to draw.
    measure : Measure
        What to count.
    workers : int, optional
        Threads, at most; by default one for each processor.
    onto : Grid, optional
        Of the same window and measure, with other activities, to which these are added as if they had been drawn
        after them; it stays as it is.

    Returns
    -------
    Grid
        Counts as uint32 (passes as uint8 or uint16 where no pixel has more), sums as float64.
    """
    if onto is not None and measure.reduction == "passes":
        more = draw(batches, window, measure, workers)
        return replace(onto, total=np.add(onto.total, more.total, dtype=np.uint32))
    workers = workers or os.cpu_count() or 1
    within = [_Traced(batch, shifts, *_reach(batch, window)) for batch in batches if (shifts := _shifts(batch, window))]
    fixes = sum(traced.batch.fixes for traced in within)
    if measure.reduction == "passes":
        workers = min(workers, max(1, fixes // _ENOUGH))
    dense = window.width * window.height < min(_MOST, _DENSE * fixes / workers)
    if measure.reduction == "passes" and workers > 1 and dense:
        return _by_tracks(within, window, measure, workers)
    planes = Planes.of(window, measure, onto)
    strips = _strips(within, window, workers)
    told = _side_by_side(lambda strip: _draw_strip(within, strip, planes.rows(strip, window), measure), strips, workers)
    carried = [
        (first + start, last + start)
        for spans, strip in zip(told, strips, strict=True)
        for start in [(strip.y - window.y) * window.width]
        for first, last in spans
    ]
    return planes.grid(window, measure, carried)


@dataclass(frozen=True, slots=True)
class _Traced:
    """A batch that may touch the window."""

    batch: Batch
    shifts: list[int]
    """By how many worlds to shift it."""
    least: NDArray[np.float64]
    """Rejoin distance of each track, metres."""
    bits: NDArray[np.int64]
    """Size of the table that this asks for."""


def _by_tracks(batches: Sequence[_Traced], window: Window, measure: Measure, workers: int) -> Grid:
    """Share out tracks instead of rows, each worker on planes of its own: whole numbers add up in any order."""
    shares = [Planes.of(window, measure) for _ in range(workers)]
    carried = _side_by_side(
        lambda k: _count_strip(batches, window, shares[k], measure, (k, workers)), range(workers), workers
    )
    first, *others = shares
    spans = set(carried[0])
    for other, also in zip(others, carried[1:], strict=True):
        spans |= first.add(other, also)
    return first.grid(window, measure, spans)


def _side_by_side(job: Callable[[T], R], parts: Sequence[T], workers: int) -> list[R]:
    """Do the parts of a job in so many threads, of which this is one.

    Plain threads: a pool takes longer to set up than many a part to be done, and one that is kept would forbid to fork
    (`heatlas.sources.helpers.can_fork`).
    """
    done: dict[int, R] = {}
    failed: list[BaseException] = []

    def work(share: int) -> None:
        try:
            for k in range(share, len(parts), workers):
                done[k] = job(parts[k])
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            failed.append(error)

    threads = [Thread(target=work, args=(share,)) for share in range(1, min(workers, len(parts)))]
    for thread in threads:
        thread.start()
    work(0)
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return [done[k] for k in range(len(parts))]


def _shifts(batch: Batch, window: Window) -> list[int]:
    """By how many worlds to shift a batch so that it may touch the window; empty when it cannot."""
    if not batch.fixes:
        return []
    scale = window.scale
    west, _, top, _ = batch.bounds.min(axis=0)
    _, east, _, bottom = batch.bounds.max(axis=0)
    top, bottom = top * scale, bottom * scale
    # A pixel more on all sides: what lies just beside an edge may be taken to the other side of it by rounding.
    if bottom < window.y - 1 or top > window.y + window.height + 1:
        return []
    low = math.ceil((window.x - 1) / scale - east)
    high = math.floor((window.x + window.width + 1) / scale - west)
    return list(range(low, high + 1))


def _touching(batch: Batch, window: Window, shift: int) -> NDArray[np.bool_]:
    """Which tracks of a batch may touch a window, shifted by so many worlds; a pixel aside, as `_shifts`."""
    west, east, north, south = (batch.bounds * window.scale).T
    west, east = west + shift * window.scale - window.x, east + shift * window.scale - window.x
    across = (east >= -1) & (west <= window.width + 1)
    touching: NDArray[np.bool_] = across & (south >= window.y - 1) & (north <= window.y + window.height + 1)
    return touching


def _strips(batches: Sequence[_Traced], window: Window, workers: int) -> list[Window]:
    """Cut a window into rows of strips that hold about as many fixes each, and none too many pixels."""
    bounds = np.arange(0, window.height, max(1, _MOST // window.width))
    if workers > 1 and window.height >= 2 * workers and batches:
        rows = np.concatenate([traced.batch.v[::_SAMPLE] for traced in batches]) * window.scale - window.y
        columns = np.concatenate([traced.batch.u[::_SAMPLE] for traced in batches]) * window.scale - window.x
        inner = np.sort(rows[(rows >= 0) & (rows < window.height) & (columns % window.scale < window.width)])
        shares = np.arange(1, workers) / workers
        edges = inner[(shares * len(inner)).astype(int)] if len(inner) else shares * window.height
        bounds = np.union1d(bounds, edges.astype(int))
    return [
        replace(window, y=window.y + low, height=high - low)
        for low, high in pairwise([*bounds.tolist(), window.height])
    ]


def _reach(batch: Batch, window: Window) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For each track, its rejoin distance in metres and the size of the table that this asks for."""
    from heatlas.kernels.path import TOLERANCE

    first, smallest = batch.ground
    least = np.maximum(REJOIN, first * (2 / window.scale))
    # One tenth more: the way is measured piece by piece, at each piece's own latitude.
    reach = (1.1 * least + 2 * TOLERANCE) * window.scale / smallest + 4
    # A table as wide as the window holds all of it.
    reach = np.minimum(reach, max(window.width, window.height))
    return least, np.maximum(3, np.ceil(np.log2(reach))).astype(np.int64)


def _draw_strip(batches: Sequence[_Traced], window: Window, planes: Planes, measure: Measure) -> list[Span]:
    """Add all batches to the planes of one strip; return the spans that carried."""
    from heatlas.kernels.lattice import frame_of

    if measure.reduction in {"passes", "fixes"}:
        return _count_strip(batches, window, planes, measure)
    ordinal = 0
    for traced in batches:
        batch = traced.batch
        shifts = _shifts(batch, window)
        columns = _columns(batch, measure) if shifts else None
        touching = [_touching(batch, window, shift) for shift in shifts]
        frames = [
            frame_of(window.scale, window.x - shift * window.scale, window.y, window.width, window.height)
            for shift in shifts
        ]
        for k in range(len(batch)):
            ordinal += 1
            segments = batch.segments[batch.tracks[k] : batch.tracks[k + 1] + 1]
            for frame, near in zip(frames, touching, strict=True):
                if near[k]:
                    place = (frame, traced.least[k], traced.bits[k])
                    _reduce(batch, columns, segments, place, ordinal, planes, measure)
    return []


def _count_strip(
    batches: Sequence[_Traced],
    window: Window,
    planes: Planes,
    measure: Measure,
    share: tuple[int, int] = (0, 1),
) -> list[Span]:
    """Count passes or fixes of one strip; of passes, the k-th of n shares of the tracks of each batch.

    Returns the spans of the strip from which something was carried.
    """
    from heatlas.kernels.count import count_passes
    from heatlas.kernels.lattice import frame_of
    from heatlas.kernels.reduce import count_fixes

    blocks = planes.blocks()
    if measure.reduction == "passes":
        planes.counts.fill(0)  # here, as every thread does it for its part
    for traced in batches:
        batch, least, bits = traced.batch, traced.least, traced.bits
        for shift in traced.shifts:
            x = window.x - shift * window.scale
            frame = frame_of(window.scale, x, window.y, window.width, window.height)
            if measure.reduction == "fixes":
                count_fixes(batch.u, batch.v, frame, planes.counts)
                continue
            cuts = batch.fixes * np.array([share[0], share[0] + 1]) / share[1]
            first, last = np.searchsorted(batch.segments[batch.tracks], cuts)
            if first < last:
                count_passes(
                    batch.u, batch.v, batch.progress, batch.segments, batch.tracks[first : last + 1],
                    _touching(batch, window, shift)[first:last], least[first:last], bits[first:last], frame,
                    planes.counts, planes.carries, *blocks,
                )  # fmt: skip
    return spans_of(np.flatnonzero(blocks[0]), len(planes.counts))


def _columns(batch: Batch, measure: Measure) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Metres to the next fix, and the metric (or nothing), of all fixes."""
    from heatlas.kernels.path import metres_along

    metric = metric_named(measure.metric).at_fixes(batch) if measure.metric else np.zeros(0)
    return metres_along(batch.u, batch.v, batch.segments), metric


def _reduce(
    batch: Batch,
    columns: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    segments: NDArray[np.int64],
    place: tuple[Any, ...],
    ordinal: int,
    planes: Planes,
    measure: Measure,
) -> None:
    """List the passages of one track and add them up."""
    from heatlas.kernels.reduce import add_activities, add_metric, add_spent
    from heatlas.kernels.trace import list_passages

    assert columns is not None
    cells, spent = list_passages(batch.u, batch.v, batch.progress, batch.time, *columns, segments, *place)
    if measure.reduction == "activities":
        add_activities(cells, ordinal, planes.stamps, planes.counts)
    elif measure.reduction in SPENT:
        add_spent(cells, spent, SPENT[measure.reduction], planes.total)
    else:
        add_metric(
            cells,
            spent,
            metric_named(measure.metric).inverse,
            planes.count,
            planes.total,
            planes.square,
            planes.extreme,
            measure.reduction == "max",
        )
