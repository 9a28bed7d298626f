"""From a library to tiles: drawn in threads, in blocks, and given to a sink where they differ from what is there."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heatlas.publish.dirty_tiles import marks_of
from heatlas.publish.hilbert import places_at
from heatlas.publish.ledger import NOTHING
from heatlas.publish.metatiles import blocks_of, draw_block
from heatlas.publish.painter import TilePainter
from heatlas.publish.plan import plan
from heatlas.tiles.busy_tiles import census_for
from heatlas.tiles.fields import as_drawn
from heatlas.tiles.scales import colours_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from heatlas.core.context import Context
    from heatlas.publish.metatiles import Metatile
    from heatlas.publish.plan import ZoomTask
    from heatlas.publish.request import PublishRequest
    from heatlas.publish.sink import Sink
    from heatlas.style.tone import Tone
    from heatlas.tiles.fields import Field

__all__ = ["PyramidReport", "write_pyramid"]

_AHEAD = 4
"""Blocks for each thread that are drawn before they are written: no more is in memory."""
_TILES, _SECONDS = 2048, 2.0
"""After so many tiles, or so long, what was done is kept."""


@dataclass(slots=True)
class PyramidReport:
    """What became of the tiles."""

    counts: Counter[str] = field(default_factory=Counter)
    """written, unchanged, removed, and empty: drawn, with nothing to be seen."""
    bytes: int = 0
    """Of the tiles written."""
    seconds: dict[str, float] = field(default_factory=dict)
    tones: dict[int, Tone | None] = field(default_factory=dict)
    """Zoom -> what its tiles are drawn with."""


def write_pyramid(of: Field, zooms: range, sink: Sink, request: PublishRequest, context: Context) -> PyramidReport:
    """Bring the tiles of a sink up to date; what was done when this is stopped is not done again.

    Parameters
    ----------
    of : Field
        What the tiles are cut from.
    zooms : range
        Of the tiles; those of all others are removed.
    sink : Sink
        Where they go.
    request : PublishRequest
        How they look: all are drawn again when that changes.
    context : Context
        Who draws, and who is told.
    """
    outcome, started, workers = PyramidReport(), time.perf_counter(), context.workers or os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        tasks = _plans(of, zooms, sink, request, outcome, pool, context)
        looked = time.perf_counter()
        _remove(tasks, zooms, sink, outcome)
        keep, total = _Keeper(sink), sum(len(task.draw) for task in tasks)
        told = context.counting("drawing tiles")
        told(0, total)
        for task, block, drawn in _drawn(of, tasks, request.form, pool, workers * _AHEAD):
            _settle(task, block, drawn, sink, outcome)
            keep.after(len(drawn))
            told(keep.done, total)
    sink.ledger.commit()
    outcome.seconds |= {"look": looked - started, "draw": time.perf_counter() - looked}
    return outcome


def _plans(
    of: Field,
    zooms: range,
    sink: Sink,
    request: PublishRequest,
    outcome: PyramidReport,
    pool: ThreadPoolExecutor,
    context: Context,
) -> list[ZoomTask]:
    """Find what is to be done at each zoom, while threads count what lies in the tiles of the next ones."""
    jobs = [pool.submit(census_for, *as_drawn(of, zoom)) for zoom in zooms]
    marks, tasks, style = marks_of(of), [], request.style(of)
    try:
        for zoom in zooms:
            context.progress("looking for what changed", zoom - zooms.start, len(zooms))
            tasks.append(plan(of, zoom, sink, marks, style, request.refit))
            outcome.tones[zoom] = tasks[-1].tone
            outcome.counts["unchanged"] += tasks[-1].unchanged
    finally:
        for job in jobs:
            job.cancel()
    return tasks


def _remove(tasks: list[ZoomTask], zooms: range, sink: Sink, outcome: PyramidReport) -> None:
    """Remove what holds nothing any more, and what is of other zooms."""
    sink.ledger.begin()
    for task in tasks:
        outcome.counts["removed"] += task.gone
        for number in task.drop:
            _drop(task.zoom, number, sink)
    for zoom, number, digest in sink.ledger.outside(zooms):
        outcome.counts["removed"] += digest != NOTHING
        _drop(zoom, number, sink)
    sink.ledger.commit()


def _drop(zoom: int, number: int, sink: Sink) -> None:
    x, y = (int(place[0]) for place in places_at(zoom, [number]))
    sink.remove(zoom, x, y)
    sink.ledger.forget(number)


class _Keeper:
    """Commits now and then."""

    def __init__(self, sink: Sink) -> None:
        self.done, self._sink = 0, sink
        self._kept, self._when = 0, time.monotonic()

    def after(self, tiles: int) -> None:
        """So many more are done."""
        self.done += tiles
        if self.done - self._kept >= _TILES or time.monotonic() - self._when >= _SECONDS:
            self._sink.ledger.commit()
            self._kept, self._when = self.done, time.monotonic()


def _drawn(
    of: Field, tasks: list[ZoomTask], form: str, pool: ThreadPoolExecutor, ahead: int
) -> Iterator[tuple[ZoomTask, Metatile, list[bytes | None]]]:
    """Draw all blocks in threads, and give them in order, while only so many are held."""
    colours = colours_of(of)
    waiting: deque[tuple[ZoomTask, Metatile, Future[list[bytes | None]]]] = deque()
    try:
        for task in tasks:
            painter = None if task.tone is None else TilePainter(of, task.zoom, task.tone, colours)
            for block in blocks_of(task.zoom, task.draw):
                waiting.append((task, block, pool.submit(draw_block, painter, block, form)))
                if len(waiting) >= ahead:
                    yield _first(waiting)
        while waiting:
            yield _first(waiting)
    finally:
        for _, _, job in waiting:
            job.cancel()


def _first(
    waiting: deque[tuple[ZoomTask, Metatile, Future[list[bytes | None]]]],
) -> tuple[ZoomTask, Metatile, list[bytes | None]]:
    task, block, job = waiting.popleft()
    return task, block, job.result()


def _settle(task: ZoomTask, block: Metatile, drawn: list[bytes | None], sink: Sink, outcome: PyramidReport) -> None:
    """Give tiles to the sink, unless they are there just so."""
    sink.ledger.begin()
    places = zip(block.numbers.tolist(), block.x.tolist(), block.y.tolist(), drawn, strict=True)
    for k, (number, x, y, data) in enumerate(places, block.first):
        before = task.digests.get(number, NOTHING)
        now = NOTHING if data is None else hashlib.blake2b(data, digest_size=16).digest()
        if data is None:
            outcome.counts["empty" if before == NOTHING else "removed"] += 1
            if before != NOTHING:
                sink.remove(task.zoom, x, y)
        elif now == before:
            outcome.counts["unchanged"] += 1
        else:
            sink.write(task.zoom, x, y, data)
            outcome.counts["written"] += 1
            outcome.bytes += len(data)
        sink.ledger.note(number, int(task.signatures[k]), now)
