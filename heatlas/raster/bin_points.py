"""Bin streaming points into a grid. Each point is added to its pixel, in the order of the table."""

from __future__ import annotations

import math
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import to_lonlat
from heatlas.core.resources import processors
from heatlas.raster.accumulators import begun, ended
from heatlas.raster.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from heatlas.core.points import Points
    from heatlas.core.window import Window
    from heatlas.raster.measure import Measure

__all__ = ["bin_points", "binned", "pixels_of"]

_AHEAD = 4
"""Chunks that are read ahead."""
_PATIENCE = 60
"""Waits for a reader to end, of a twentieth of a second each."""


def bin_points(chunks: Iterable[Points], window: Window, measure: Measure, workers: int | None = None) -> Grid:
    """Reduce the points in each pixel of a window.

    Threads find the pixels. Points are added in their own order, so the number of workers changes no bit.

    Parameters
    ----------
    chunks : iterable of Points
        Points; read once, a few chunks ahead.
    window : Window
        Pixels to fill, with their halo. It may cross the antimeridian, or hold a place more than once.
    measure : Measure
        sum, count, mean, min or max of the weights.
    workers : int, optional
        Threads; by default one for each processor.

    Returns
    -------
    Grid
        Planes of float64.
    """
    located = _located(chunks, window, workers or processors())
    return binned(window, measure, ((cells[: len(points)], points.weight) for points, cells in located))


def pixels_of(points: Points, window: Window) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Find the pixels of a window in which points lie, in the order of the points.

    Returns
    -------
    owners : ndarray of int64 (k,)
        Number of the point; one that the window holds twice is there twice.
    cells : ndarray of int32 (k,)
        Pixels, counted row by row.
    """
    found = [cells[: len(points)].copy() for _, cells in _located([points], window, 1)]
    turns = np.stack(found, axis=1) if found else np.zeros((0, 1), np.int32)
    owners, turn = np.nonzero(turns >= 0)
    return owners, turns[owners, turn]


def binned(
    window: Window, measure: Measure, parts: Iterable[tuple[NDArray[np.int32], NDArray[np.float64] | None]]
) -> Grid:
    """Reduce points whose pixels are known, in their order, as `bin_points` does.

    Parameters
    ----------
    window, measure
        As there.
    parts : iterable of (ndarray of int32 (n,), ndarray of float64 (n,) or None)
        Pixels, -1 outside of the window, and weights.
    """
    from heatlas.kernels.points import add_counts, add_extremes, add_weights

    size, reduction = window.width * window.height, measure.reduction
    layout, lowest = measure.layout, 0.0
    planes = begun(layout, size)
    total = planes[layout.total]
    for cells, weight in parts:
        if weight is None or reduction == "count":
            add_counts(cells, len(cells), total)
        elif reduction in {"min", "max"}:
            add_extremes(cells, weight, reduction == "max", total)
        else:
            add_weights(cells, weight, total)
            lowest = min(lowest, float(weight.min(initial=0)))
        if reduction == "mean":
            add_counts(cells, len(cells), planes["n"])
    shape = (window.height, window.width)
    named = {name: plane.reshape(shape) for name, plane in ended(layout, planes).items()}
    return Grid(window, measure, named, signed=lowest < 0 and reduction == "sum")


def _located(chunks: Iterable[Points], window: Window, workers: int) -> Iterator[tuple[Points, NDArray[np.int32]]]:
    """Find the pixels of each chunk in threads, a bounded number of chunks ahead, in order.

    The pixels are valid until the next chunk is requested. Their memory is reused: fresh memory costs more than the
    work that is done in it.
    """
    from heatlas.kernels.points import locate

    rows = window.y + np.arange(window.height + 1)
    edges = to_lonlat(0, np.clip(rows / window.scale, 0, 1))[1]
    guesses = _guesses(edges)
    first = math.floor(window.x / window.scale)
    last = math.floor((window.x + window.width - 1) / window.scale)
    spare: list[NDArray[np.int32]] = []

    def work(points: Points, turn: int, cells: NDArray[np.int32]) -> tuple[Points, NDArray[np.int32]]:
        locate(points.lon, points.lat, edges, guesses, window.scale, window.x, window.width, turn, cells)
        return points, cells

    def room(points: Points) -> NDArray[np.int32]:
        cells = spare.pop() if spare else np.empty(0, np.int32)
        return cells if len(cells) >= len(points) else np.empty(len(points), np.int32)

    pool = ThreadPoolExecutor(workers)
    waiting: deque[Future[tuple[Points, NDArray[np.int32]]]] = deque()
    try:
        for points in _ahead(chunks):
            for turn in range(first, last + 1):
                waiting.append(pool.submit(work, points, turn, room(points)))
                if len(waiting) > workers:
                    located = waiting.popleft().result()
                    yield located
                    spare.append(located[1])
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _ahead(chunks: Iterable[Points]) -> Iterator[Points]:
    """Read chunks in a separate thread, a few ahead."""
    queue: Queue[Points | BaseException | None] = Queue(_AHEAD)
    stopped = Event()

    def read() -> None:
        outcome: BaseException | None = None
        try:
            for points in chunks:
                if stopped.is_set():
                    return
                queue.put(points)
        except BaseException as error:  # noqa: BLE001 - raised again for the consumer
            outcome = error
        queue.put(outcome)

    reader = Thread(target=read, daemon=True)
    reader.start()
    try:
        while (item := queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        for _ in range(_PATIENCE):  # it may wait for room; one that waits for a server ends with the process
            if not reader.is_alive():
                break
            with suppress(Empty):
                queue.get(timeout=0.05)


def _guesses(edges: NDArray[np.float64]) -> NDArray[np.int32]:
    """Row in which each of many even steps from north to south begins; hardly any guess is off by two."""
    heights = -np.diff(edges)
    least = heights[heights > 0].min(initial=math.inf)
    steps = int(min(16.0, 2 * heights.max(initial=0) / least) * len(heights)) + 1
    at = np.linspace(edges[0], edges[-1], steps, endpoint=False)
    rows = len(edges) - 1 - np.searchsorted(edges[::-1], at, side="left")
    return np.clip(rows, 0, len(heights) - 1).astype(np.int32)
