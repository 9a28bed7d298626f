"""From what a person hands over to clean batches: find, read, join, clean, and drop what is there twice."""

from __future__ import annotations

import math
import os
import time
from collections import Counter, deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from heatlas.batch import COLUMNS, Batch, Unread, join
from heatlas.clean import clean
from heatlas.duplicates import find_duplicates
from heatlas.errors import Unreadable
from heatlas.kernels.path import metres_along
from heatlas.metrics import STOPPED
from heatlas.report import Report
from heatlas.sources.archive import Entry, entries, unpack
from heatlas.sources.recognise import NOT_RECORDINGS, kind
from heatlas.sources.sports import VIRTUAL, max_speed
from heatlas.sources.strava import find_exports

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from heatlas.batch import Activity, Recording
    from heatlas.sources.strava import Exports

__all__ = ["load", "read_recordings"]

_PACK = 1 << 18
"""Fixes of a batch that hands many tracks on together: calls cost more than short tracks."""
_KINDS = ("fit", "gpx", "tcx")
_AHEAD = 8
"""Files per worker that are read before they are asked for."""


def read_recordings(name: str, data: bytes) -> list[Recording]:
    """Read one unpacked file, whatever its name says it is.

    Raises
    ------
    Unreadable
        When nothing could be salvaged, or it holds no recordings.
    """
    found = kind(data)
    if found == "fit":
        from heatlas.sources.fit import read_fit

        return read_fit(data, name)
    if found == "gpx":
        from heatlas.sources.gpx import read_gpx

        return read_gpx(data, name)
    if found == "tcx":
        from heatlas.sources.tcx import read_tcx

        return read_tcx(data, name)
    if found == "empty":
        raise Unreadable("the file is empty")
    raise Unreadable(f"neither FIT, GPX nor TCX: {NOT_RECORDINGS.get(found, found)}")


def load(
    paths: Sequence[Path],
    columns: Collection[str] = COLUMNS,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    ready: Callable[[list[str]], None] = lambda names: None,
) -> tuple[list[Batch], Report]:
    """Read all recordings of files, folders and archives.

    Parameters
    ----------
    paths : sequence of Path
        What to read; a Strava export is recognised by its table of activities.
    columns : collection of str
        Columns of fixes to keep.
    workers : int, optional
        Threads; by default one for each processor.
    progress : callable, optional
        Is told the bytes read so far and in all.
    ready : callable, optional
        Is told the names of all files before the first is read.

    Returns
    -------
    list of Batch
        All activities with positions, ordered by start, then by source: the order of the files changes
        nothing. Virtual activities and second copies are left out.
    Report
        What was left out.

    Raises
    ------
    BadOption
        When a path does not exist.
    """
    started = time.perf_counter()
    report = Report()
    workers = workers or os.cpu_count() or 1
    found = list(entries(paths))
    files = [entry for entry in found if isinstance(entry, Entry)]
    for entry in found:
        if isinstance(entry, Unread):
            _note(report, entry)
    export = find_exports(paths)
    report.warnings += export.warnings
    keep = frozenset(columns)

    def work(entry: Entry) -> _Outcome:
        return _process(entry, keep, export)

    total, done = sum(entry.size for entry in files), 0
    ready([entry.name for entry in files])
    progress(0, total)
    batches: list[Batch] = []
    names: set[str] = set()
    for entry, outcome in zip(files, _in_order(work, files, workers), strict=True):
        done += entry.size
        progress(done, total)
        report.read += outcome.read
        for unread in outcome.unread:
            _note(report, unread)
        report.warnings += outcome.warnings
        report.dropped += outcome.dropped
        names |= outcome.names
        batches += outcome.batches
    report.dropped += export.silent(names)
    report.seconds["read"] = time.perf_counter() - started
    batches.sort(key=_order)
    return _packed(_without_duplicates(batches, report)), report


class _Outcome:
    """What one file gave."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.unread: list[Unread] = []
        self.warnings: list[tuple[str, str]] = []
        self.dropped: Counter[str] = Counter()
        self.names: set[str] = set()
        self.read = 0


def _note(report: Report, unread: Unread) -> None:
    (report.failed if unread.failed else report.skipped).append(unread)


def _in_order(work: Callable[[Entry], _Outcome], files: Iterable[Entry], workers: int) -> Iterator[_Outcome]:
    """Map over files in threads, a bounded number ahead, and stop at once when interrupted."""
    todo = iter(files)
    pool = ThreadPoolExecutor(workers)
    try:
        running: deque[Future[_Outcome]] = deque(pool.submit(work, entry) for entry in islice(todo, workers * _AHEAD))
        while running:
            outcome = running.popleft().result()
            running.extend(pool.submit(work, entry) for entry in islice(todo, 1))
            yield outcome
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _process(entry: Entry, columns: frozenset[str], export: Exports) -> _Outcome:
    """Read, join and clean one file; nothing that is wrong with it goes further than its outcome."""
    outcome = _Outcome()
    try:
        parts = unpack(entry.name, entry.read())
    except Unreadable as error:
        parts = [Unread(file=entry.name, reason=str(error))]
    for part in parts:
        if isinstance(part, Unread):
            outcome.unread.append(part)
            continue
        name, data = part
        outcome.names.add(name)
        try:
            recordings = read_recordings(name, data)
        except Unreadable as error:
            outcome.unread.append(Unread(file=name, reason=str(error), failed=_expected(name, data)))
            continue
        except MemoryError:
            outcome.unread.append(Unread(file=name, reason="too large for the memory of this machine"))
            continue
        outcome.read += 1
        for recording in recordings:
            outcome.warnings += [(name, warning) for warning in recording.warnings]
            _add(outcome, recording, columns, export)
    return outcome


def _expected(name: str, data: bytes) -> bool:
    """Whether a file ought to have been a recording, by its name or its content."""
    return kind(data) in _KINDS or name.lower().removesuffix(".gz").endswith(tuple(f".{k}" for k in _KINDS))


def _add(outcome: _Outcome, recording: Recording, columns: frozenset[str], export: Exports) -> None:
    activity = export.describe(recording.activity)
    if activity.sport in VIRTUAL:
        outcome.dropped["activities that were virtual"] += 1
        return
    batch = clean(recording, max_speed(activity.sport), columns)
    outcome.dropped += batch.dropped
    if not batch.fixes:
        outcome.dropped["activities without a position"] += 1
        return
    outcome.batches.append(replace(batch, activities=(_completed(activity, batch),), dropped=Counter()))


def _completed(activity: Activity, batch: Batch) -> Activity:
    """Fill in what the source does not say from the track itself."""
    known = batch.time[~np.isnan(batch.time)]
    metres = metres_along(batch.u, batch.v, batch.segments)
    start, elapsed, moving = activity.start, activity.elapsed_time, activity.moving_time
    if len(known):
        lapse = np.append(np.diff(batch.time), 0)
        lapse[batch.segments[1:-1] - 1] = 0
        start = float(known[0]) if start is None else start
        elapsed = float(known[-1] - known[0]) if elapsed is None else elapsed
        moving = float(lapse[metres > STOPPED * lapse].sum()) if moving is None else moving
    return replace(
        activity,
        start=start,
        distance=float(metres.sum()) if activity.distance is None else activity.distance,
        elapsed_time=elapsed,
        moving_time=moving if moving is None or math.isfinite(moving) else None,
    )


def _order(batch: Batch) -> tuple[float, str, str]:
    activity = batch.activities[0]
    return (math.inf if activity.start is None else activity.start, activity.source, activity.name)


def _without_duplicates(batches: list[Batch], report: Report) -> list[Batch]:
    started = time.perf_counter()
    pairs = find_duplicates(batches)
    for dropped, kept in pairs:
        report.duplicates.append((batches[dropped].activities[0].source, batches[kept].activities[0].source))
    twice = {dropped for dropped, _ in pairs}
    if twice:
        report.dropped["activities found twice"] += len(twice)
    report.seconds["duplicates"] = time.perf_counter() - started
    return [batch for k, batch in enumerate(batches) if k not in twice]


def _packed(singles: list[Batch]) -> list[Batch]:
    """Join the tracks to larger batches in their order; `singles` is emptied, so that memory is not held twice."""
    packed: list[Batch] = []
    waiting: list[Batch] = []
    fixes = 0
    singles.reverse()
    while singles:
        waiting.append(singles.pop())
        fixes += waiting[-1].fixes
        if fixes >= _PACK or not singles:
            packed.append(join(waiting))
            waiting, fixes = [], 0
    return packed
