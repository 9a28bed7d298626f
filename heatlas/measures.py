"""From batches to a grid: passages are counted and added up, in threads."""

from __future__ import annotations

import math
import mmap
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.grid import COUNTS, SPENT, Grid, Measure
from heatlas.mercator import ground_metres
from heatlas.metrics import metric_named

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from heatlas.batch import Batch
    from heatlas.window import Window

__all__ = ["REJOIN", "draw"]

REJOIN = 25.0
"""Metres of progress (at least two pixels) after which a return to a pixel is another pass."""
_BLOCK = 16
"""Binary logarithm of the pixels of a block, of which is known whether any of them has more than a byte holds."""
_Span = tuple[int, int]
"""First pixel of a block, and the one behind its last."""
_SAMPLE = 256
"""Of so many fixes one is looked at to share out rows."""
_MOST = 2**31
"""Pixels that a strip may hold: kernels number them in 32 bits."""
_DENSE = 16
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
        Threads; by default one for each processor.
    onto : Grid, optional
        Of the same window and measure, with other activities, to which these are added as if they had been drawn
        after them; it stays as it is.

    Returns
    -------
    Grid
        Counts as uint32 (passes as uint8 where no pixel has more), sums as float64.
    """
    if onto is not None and measure.reduction == "passes":
        more = draw(batches, window, measure, workers)
        return replace(onto, total=np.add(onto.total, more.total, dtype=np.uint32))
    workers = workers or os.cpu_count() or 1
    within = [_Traced(batch, shifts, *_reach(batch, window)) for batch in batches if (shifts := _shifts(batch, window))]
    fixes = sum(traced.batch.fixes for traced in within)
    dense = window.width * window.height < min(_MOST, _DENSE * fixes / workers)
    if measure.reduction == "passes" and workers > 1 and dense:
        return _by_tracks(within, window, measure, workers)
    planes = _Planes.of(window, measure, onto)
    strips = _strips(within, window, workers)
    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(_draw_strip, within, strip, planes.rows(strip, window), measure) for strip in strips]
        carried = [
            (first + start, last + start)
            for job, strip in zip(jobs, strips, strict=True)
            for start in [(strip.y - window.y) * window.width]
            for first, last in job.result()
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
    shares = [_Planes.of(window, measure) for _ in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        jobs = [
            pool.submit(_count_strip, batches, window, share, measure, (k, workers)) for k, share in enumerate(shares)
        ]
        carried = [job.result() for job in jobs]
    first, *others = shares
    spans = set(carried[0])
    for other, also in zip(others, carried[1:], strict=True):
        spans |= first.add(other, also)
    return first.grid(window, measure, spans)


@dataclass(frozen=True, slots=True)
class _Planes:
    """Arrays that passages are added to, flat or of no length when not needed."""

    counts: NDArray[Any]
    """Of passes the lower eight bits."""
    carries: NDArray[np.uint32]
    """Of passes the others; hardly any of it is ever touched."""
    stamps: NDArray[np.int32]
    count: NDArray[np.float64]
    total: NDArray[np.float64]
    square: NDArray[np.float64]
    extreme: NDArray[np.float64]

    @classmethod
    def of(cls, window: Window, measure: Measure, onto: Grid | None = None) -> _Planes:
        """Planes with nothing in them, or with what a grid holds."""
        planes = cls._empty(window, measure)
        if onto is not None:
            known = onto.filled.ravel()
            if len(planes.extreme):
                planes.extreme[known] = onto.total.ravel()[known]
            else:
                (planes.counts if len(planes.counts) else planes.total)[:] = onto.total.ravel()
            for plane, held in ((planes.count, onto.count), (planes.square, onto.square)):
                if held is not None:
                    plane[:] = held.ravel()
        return planes

    @classmethod
    def _empty(cls, window: Window, measure: Measure) -> _Planes:
        size, reduction = window.width * window.height, measure.reduction
        return cls(
            counts=np.zeros(size if reduction in COUNTS else 0, np.uint8 if reduction == "passes" else np.uint32),
            carries=_untouched(size if reduction == "passes" else 0),
            stamps=np.zeros(size if reduction == "activities" else 0, np.int32),
            count=np.zeros(size if measure.metric else 0),
            total=np.zeros(size if reduction in {"mean", "std"} or reduction in SPENT else 0),
            square=np.zeros(size if reduction == "std" else 0),
            extreme=np.full(size if reduction in {"min", "max"} else 0, np.nan),
        )

    def rows(self, strip: Window, window: Window) -> _Planes:
        """Views of the rows of a strip."""
        part = slice((strip.y - window.y) * window.width, (strip.y - window.y + strip.height) * window.width)
        return _Planes(
            self.counts[part], self.carries[part], self.stamps[part], self.count[part], self.total[part],
            self.square[part], self.extreme[part],
        )  # fmt: skip

    def add(self, other: _Planes, carried: Iterable[_Span]) -> set[_Span]:
        """Add passes that were counted elsewhere; returns the spans to which was carried."""
        np.add(self.counts, other.counts, out=self.counts)
        again = np.flatnonzero(self.counts < other.counts)
        self.carries[again] += np.uint32(1)
        for first, last in carried:
            self.carries[first:last] += other.carries[first:last]
        return {*carried, *_spans(again >> _BLOCK, len(self.counts))}

    def grid(self, window: Window, measure: Measure, carried: Collection[_Span]) -> Grid:
        """Put together what was counted; `carried` are the spans from which something was carried."""
        shape = (window.height, window.width)
        if len(self.extreme):
            known = ~np.isnan(self.extreme)
            return Grid(
                window,
                measure,
                np.where(known, self.extreme, 0).reshape(shape),
                known.astype(np.float64).reshape(shape),
            )
        counts = self.counts.astype(np.uint32) if carried else self.counts
        for first, last in carried:
            counts[first:last] += self.carries[first:last] << np.uint32(8)
        return Grid(
            window,
            measure,
            (counts if len(counts) else self.total).reshape(shape),
            self.count.reshape(shape) if len(self.count) else None,
            self.square.reshape(shape) if len(self.square) else None,
        )


def _spans(blocks: NDArray[np.int64], size: int) -> list[_Span]:
    """Say of blocks of so many pixels, by number, from where to where they go; each once."""
    return [(block << _BLOCK, min(block + 1 << _BLOCK, size)) for block in np.unique(blocks).tolist()]


def _untouched(size: int) -> NDArray[np.uint32]:
    """Zeros that are no memory until they are written to: numpy may take memory that was used before, and clear it."""
    return np.frombuffer(mmap.mmap(-1, 4 * size), np.uint32) if size else np.zeros(0, np.uint32)


def _shifts(batch: Batch, window: Window) -> list[int]:
    """By how many worlds to shift a batch so that it may touch the window; empty when it cannot."""
    if not batch.fixes:
        return []
    scale = window.scale
    top, bottom = batch.v.min() * scale, batch.v.max() * scale
    if bottom < window.y or top >= window.y + window.height:
        return []
    west, east = batch.u.min(), batch.u.max()
    low = math.ceil(window.x / scale - east)
    high = math.floor((window.x + window.width) / scale - west)
    return list(range(low, high + 1))


def _strips(batches: Sequence[_Traced], window: Window, workers: int) -> list[Window]:
    """Cut a window into rows of strips that hold about as many fixes each, and none too many pixels."""
    bounds = np.arange(0, window.height, max(1, _MOST // window.width))
    if workers > 1 and window.height >= 2 * workers and batches:
        rows = np.concatenate([traced.batch.v[::_SAMPLE] for traced in batches]) * window.scale - window.y
        columns = np.concatenate([traced.batch.u[::_SAMPLE] for traced in batches]) * window.scale - window.x
        inner = rows[(rows >= 0) & (rows < window.height) & (columns % window.scale < window.width)]
        shares = np.arange(1, workers) / workers
        edges = np.quantile(inner, shares) if len(inner) else shares * window.height
        bounds = np.union1d(bounds, edges.astype(int))
    return [
        replace(window, y=window.y + low, height=high - low)
        for low, high in pairwise([*bounds.tolist(), window.height])
    ]


def _reach(batch: Batch, window: Window) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For each track, its rejoin distance in metres and the size of the table that this asks for."""
    from heatlas.kernels.path import TOLERANCE

    offsets = batch.segments[batch.tracks]
    first = np.minimum(offsets[:-1], batch.fixes - 1)
    least = np.maximum(REJOIN, 2 * ground_metres(batch.v[first])[0] / window.scale)
    # Pixels are smallest on the ground towards the poles; where there is no fix the value does not matter.
    polar = np.maximum(np.maximum.reduceat(batch.v, first), 1 - np.minimum.reduceat(batch.v, first))
    smallest = np.minimum(*ground_metres(polar)) / window.scale
    # One tenth more: the way is measured piece by piece, at each piece's own latitude.
    reach = (1.1 * least + 2 * TOLERANCE) / smallest + 4
    return least, np.maximum(3, np.ceil(np.log2(reach))).astype(np.int64)


def _draw_strip(batches: Sequence[_Traced], window: Window, planes: _Planes, measure: Measure) -> list[_Span]:
    """Add all batches to the planes of one strip; return the spans that carried."""
    size = (float(window.y), window.width, window.height)
    if measure.reduction in {"passes", "fixes"}:
        return _count_strip(batches, window, planes, measure)
    ordinal = 0
    for traced in batches:
        batch = traced.batch
        shifts = _shifts(batch, window)
        columns = _columns(batch, measure) if shifts else None
        for k in range(len(batch)):
            ordinal += 1
            segments = batch.segments[batch.tracks[k] : batch.tracks[k + 1] + 1]
            for shift in shifts:
                place = (window.scale, window.x - shift * window.scale, *size, traced.least[k], traced.bits[k])
                _reduce(batch, columns, segments, place, ordinal, planes, measure)
    return []


def _count_strip(
    batches: Sequence[_Traced],
    window: Window,
    planes: _Planes,
    measure: Measure,
    share: tuple[int, int] = (0, 1),
) -> list[_Span]:
    """Count passes or fixes of one strip; of passes, the k-th of n shares of the tracks of each batch.

    Returns the spans of the strip from which something was carried.
    """
    from heatlas.kernels.reduce import count_fixes
    from heatlas.kernels.trace import count_passes

    size = (float(window.y), window.width, window.height)
    blocks, times = np.zeros(-(-len(planes.counts) // (1 << _BLOCK)), np.bool_), 0
    for traced in batches:
        batch, least, bits = traced.batch, traced.least, traced.bits
        for shift in traced.shifts:
            x = window.x - shift * window.scale
            if measure.reduction == "fixes":
                count_fixes(batch.u, batch.v, window.scale, x, *size, planes.counts)
                continue
            cuts = batch.fixes * np.array([share[0], share[0] + 1]) / share[1]
            first, last = np.searchsorted(batch.segments[batch.tracks], cuts)
            if first < last:
                times += count_passes(
                    batch.u, batch.v, batch.progress, batch.segments, batch.tracks[first : last + 1],
                    least[first:last], bits[first:last], window.scale, x, *size, planes.counts, planes.carries,
                    blocks, _BLOCK,
                )  # fmt: skip
    return _spans(np.flatnonzero(blocks), len(planes.counts)) if times else []


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
    planes: _Planes,
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
