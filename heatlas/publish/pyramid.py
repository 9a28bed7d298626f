"""Draw the tiles of all zooms in threads, in blocks, and write those that differ to a sink."""

from __future__ import annotations

import hashlib
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heatlas.core.resources import processors
from heatlas.pmtiles.hilbert import places_at
from heatlas.publish.dirty_tiles import marks_of
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
"""Blocks per thread that are drawn ahead of writing, which bounds memory."""
_TILES, _SECONDS = 2048, 2.0
"""Tiles, and seconds, after which the ledger is committed."""


@dataclass(slots=True)
class PyramidReport:
    """Result of a run."""

    counts: Counter[str] = field(default_factory=Counter)
    """Tiles that were written, unchanged, removed, and empty (drawn, with nothing to see)."""
    bytes: int = 0
    """Bytes of the tiles written."""
    seconds: dict[str, float] = field(default_factory=dict)
    tones: dict[int, Tone | None] = field(default_factory=dict)
    """Zoom -> tone of its tiles."""


def write_pyramid(of: Field, zooms: range, sink: Sink, request: PublishRequest, context: Context) -> PyramidReport:
    """Update the tiles of a sink; a run that is stopped is continued by the next one.

    Parameters
    ----------
    of : Field
        Source of the tiles.
    zooms : range
        Zooms of the tiles; tiles of other zooms are removed.
    sink : Sink
        Output of the tiles.
    request : PublishRequest
        Style of the tiles; all are drawn again when it changes.
    context : Context
        Workers, and callbacks for progress.
    """
    outcome, started, workers = PyramidReport(), time.perf_counter(), context.workers or processors()
    with ThreadPoolExecutor(workers) as pool:
        tasks = _plans(of, zooms, sink, request, outcome, pool, context)
        looked = time.perf_counter()
        _remove(tasks, zooms, sink, outcome)
        commits, total = _RegularCommits(sink), sum(len(task.draw) for task in tasks)
        progress = context.counting("drawing tiles")
        progress(0, total)
        for task, block, drawn in _drawn(of, tasks, request.form, pool, workers * _AHEAD):
            _settle(task, block, drawn, sink, outcome)
            commits.after(len(drawn))
            progress(commits.done, total)
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
    """Plan the work at each zoom, while threads count the tiles of the next ones."""
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
    """Remove tiles that hold nothing any more, and those of other zooms."""
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


class _RegularCommits:
    """Commits the ledger every `_TILES` tiles or `_SECONDS` seconds."""

    def __init__(self, sink: Sink) -> None:
        self.done, self._sink = 0, sink
        self._committed, self._when = 0, time.monotonic()

    def after(self, tiles: int) -> None:
        """Count tiles that are done, and commit if it is time."""
        self.done += tiles
        if self.done - self._committed >= _TILES or time.monotonic() - self._when >= _SECONDS:
            self._sink.ledger.commit()
            self._committed, self._when = self.done, time.monotonic()


def _drawn(
    of: Field, tasks: list[ZoomTask], form: str, pool: ThreadPoolExecutor, ahead: int
) -> Iterator[tuple[ZoomTask, Metatile, list[bytes | None]]]:
    """Draw all blocks in threads and yield them in order, with at most `ahead` blocks in memory."""
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
    """Write or remove the tiles of a block, unless they are unchanged, and record them."""
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
