"""From what a person hands over to clean batches: find, read, join, clean, and drop what is there twice."""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.batch import COLUMNS, Batch, Unread, join, split
from heatlas.clean import Gaps, clean, is_believable, outings
from heatlas.errors import Unreadable
from heatlas.kernels.path import metres_along
from heatlas.metrics import STOPPED
from heatlas.report import Report, add_breaks
from heatlas.sources.archive import Entry, entries, unpack
from heatlas.sources.helpers import MOST_TASKS, Helpers, can_fork, unbroken
from heatlas.sources.indoor import INDOORS, is_indoors
from heatlas.sources.merging import without_copies
from heatlas.sources.recognise import NOT_RECORDINGS, kind
from heatlas.sources.recount import Recount
from heatlas.sources.sensors import possible, possible_attributes
from heatlas.sources.sports import max_speed
from heatlas.sources.strava import find_exports

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from heatlas.batch import Activity, Recording
    from heatlas.sources.archive import Sheet
    from heatlas.sources.strava import Exports

__all__ = ["Outcome", "load", "order", "packed", "read_group", "read_recordings", "take_recording"]

_PACK = 1 << 18
"""Fixes of a batch that hands many tracks on together: calls cost more than short tracks."""
_KINDS = ("fit", "gpx", "tcx")
_SHARES = 32
"""Groups of files, about: few cost little to hand on, many leave nobody waiting for the last one."""
_LARGEST = 4 << 20
"""Bytes of a group of several files, on disk."""
_WORTH = 2 << 20
"""Bytes on disk that are worth another process."""
_DAY = 86400.0


def read_recordings(name: str, data: bytes, columns: Collection[str] = COLUMNS) -> list[Recording]:
    """Read one unpacked file, whatever its name says it is; only these columns need be in what is returned.

    Raises
    ------
    Unreadable
        When nothing could be salvaged, or it holds no recordings.
    """
    found = kind(data)
    if found == "fit":
        from heatlas.sources.fit import read_fit

        return read_fit(data, name, columns)
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
    recordings: Iterable[Recording] = (),
    gaps: Gaps = Gaps(),  # noqa: B008 - frozen
) -> tuple[list[Batch], Report]:
    """Read all recordings of files, folders and archives.

    Parameters
    ----------
    paths : sequence of Path
        What to read; a Strava export is recognised by its table of activities.
    columns : collection of str
        Columns of fixes to keep.
    workers : int, optional
        Processes; by default one for each processor. Where forks are not safe, and of small jobs, all is read
        in this one.
    progress : callable, optional
        Is told the bytes read so far and in all.
    ready : callable, optional
        Is told the names of all files before the first is read.
    recordings : iterable of Recording
        What was read elsewhere, and is cleaned and compared with the rest.
    gaps : Gaps
        Longest steps to draw, in place of each recording's own rhythm.

    Returns
    -------
    list of Batch
        All activities with positions, ordered by start, then by source: the order of the files changes
        nothing. Virtual and indoor activities and second copies are left out.
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
    tables: list[Sheet] = []
    found = list(entries(paths, tables))
    files = [entry for entry in found if isinstance(entry, Entry)]
    for entry in found:
        if isinstance(entry, Unread):
            _note(report, entry)
    export = find_exports(paths, tables)
    report.warnings += export.warnings
    keep = frozenset(columns)

    groups = _groups(files)
    outcomes: dict[int, Outcome] = {}

    def work(k: int) -> Outcome:
        return read_group(groups[k], keep, export, gaps)

    total, done = sum(entry.size for entry in files), 0
    # Before anything is said: who shows progress may do so from a thread, and then no fork is safe any more.
    more = min(workers, len(groups)) - 1 if total > _WORTH and can_fork() else 0
    if more > 0:  # what numba does before its first kernel takes a while: once, not in each helper
        with unbroken():
            metres_along(np.zeros(0), np.zeros(0), np.zeros(1, np.int64))
    with Helpers(work, max(more, 0)) as helpers:
        ready([entry.name for entry in files])
        progress(0, total)
        for k, outcome in helpers.results(len(groups)):
            outcomes[k] = outcome
            done += sum(entry.size for entry in groups[k])
            progress(done, total)
    batches: list[Batch] = []
    names: set[str] = set()
    for _, outcome in sorted(outcomes.items()):
        report.read += outcome.read
        for unread in outcome.unread:
            _note(report, unread)
        report.warnings += outcome.warnings
        report.dropped += outcome.dropped
        add_breaks(report.breaks, outcome.breaks)
        names |= outcome.names
        batches += _tracks(outcome)
    others = Outcome()
    known: dict[tuple[object, ...], int] = {}
    for recording in recordings:
        found_tracks = _cleaned(others, recording, keep, export, gaps)
        known |= {Recount.key(batch.activities[0]): len(recording.columns) for batch in found_tracks}
        batches += found_tracks
    report.dropped += others.dropped
    report.warnings += others.warnings
    add_breaks(report.breaks, others.breaks)
    report.dropped += export.silent(names)
    report.seconds["read"] = time.perf_counter() - started
    batches.sort(key=order)
    recount = Recount(files, lambda entry: _tracks(read_group([entry], frozenset(COLUMNS), export, gaps)), known)
    started = time.perf_counter()
    batches = sorted(without_copies(batches, report, recount), key=order)
    report.seconds["duplicates"] = time.perf_counter() - started
    return packed(batches), report


def _tracks(outcome: Outcome) -> list[Batch]:
    return split(outcome.tracks, outcome.columns) if outcome.tracks else []


@dataclass(slots=True)
class Outcome:
    """What a group of files gave."""

    tracks: Batch | None = None
    """All tracks, joined."""
    columns: list[tuple[str, ...]] = field(default_factory=list)
    """Names of the columns of each track."""
    unread: list[Unread] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    names: set[str] = field(default_factory=set)
    read: int = 0
    breaks: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Source -> metres that breaks leave out, and metres of the whole way; of those that have such breaks."""


def _note(report: Report, unread: Unread) -> None:
    (report.failed if unread.failed else report.skipped).append(unread)


def _groups(files: Sequence[Entry]) -> list[list[Entry]]:
    """Cut files into groups of about equal size."""
    total = sum(entry.size for entry in files)
    most = max(min(total / _SHARES, _LARGEST), total / (MOST_TASKS / 4), 1)
    groups: list[list[Entry]] = []
    room, enough = 0.0, len(files) // (MOST_TASKS / 4) + _SHARES
    for entry in files:
        if not groups or room < entry.size or len(groups[-1]) > enough:
            groups.append([])
            room = most
        groups[-1].append(entry)
        room -= entry.size
    return groups


def read_group(
    files: Iterable[Entry],
    columns: frozenset[str],
    export: Exports,
    gaps: Gaps = Gaps(),  # noqa: B008
) -> Outcome:
    """Read, join and clean some files; what is wrong with them is in the outcome."""
    outcome = Outcome()
    found: list[Batch] = []
    for entry in files:
        found += _read_file(outcome, entry, columns, export, gaps)
    outcome.columns = [tuple(batch.columns) for batch in found]
    outcome.tracks = join(found) if found else None
    return outcome


def take_recording(recording: Recording, columns: frozenset[str], export: Exports, gaps: Gaps) -> Outcome:
    """Clean a recording that was read elsewhere, such as a track of a table."""
    outcome = Outcome(warnings=[(recording.activity.source, warning) for warning in recording.warnings])
    found = _cleaned(outcome, recording, columns, export, gaps)
    outcome.columns = [tuple(batch.columns) for batch in found]
    outcome.tracks = join(found) if found else None
    return outcome


def _read_file(outcome: Outcome, entry: Entry, columns: frozenset[str], export: Exports, gaps: Gaps) -> list[Batch]:
    """Read one file; nothing that is wrong with it goes further than the outcome."""
    found: list[Batch] = []
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
            recordings = read_recordings(name, data, columns)
        except Unreadable as error:
            failed = not error.kind and _expected(name, data)
            outcome.unread.append(Unread(file=name, reason=str(error), failed=failed, kind=error.kind))
            continue
        except MemoryError:
            outcome.unread.append(Unread(file=name, reason="too large for the memory of this machine"))
            continue
        outcome.read += 1
        for recording in recordings:
            outcome.warnings += [(name, warning) for warning in recording.warnings]
            found += _cleaned(outcome, recording, columns, export, gaps)
    return found


def _expected(name: str, data: bytes) -> bool:
    """Whether a file ought to have been a recording, by its name or its content."""
    return kind(data) in _KINDS or name.lower().removesuffix(".gz").endswith(tuple(f".{k}" for k in _KINDS))


def _cleaned(
    outcome: Outcome, recording: Recording, columns: frozenset[str], export: Exports, gaps: Gaps
) -> list[Batch]:
    """The track of a recording, or several outings, or nothing and the reason in the outcome."""
    activity = export.describe(recording.activity)
    if is_indoors(activity, recording.activity):
        outcome.dropped[INDOORS] += 1
        return []
    activity, summed = possible_attributes(activity)
    recording, measured = possible(recording, columns)
    outcome.dropped += summed + measured
    batch = clean(recording, max_speed(activity.sport), columns, gaps)
    outcome.dropped += batch.dropped
    outcome.warnings += [(activity.source, text) for text in batch.warnings]
    if not batch.fixes:
        outcome.dropped["activities without a position"] += 1
        return []
    add_breaks(outcome.breaks, {activity.source: batch.breaks})
    batch = replace(batch, activities=(activity,), dropped=Counter(), breaks=(0, 0), warnings=())
    found = outings(batch)
    if len(found) > 1:
        days = (np.nanmax(batch.time) - np.nanmin(batch.time)) / _DAY
        said = f"one track of {days:,.0f} days"
        outcome.warnings.append((activity.source, f"{said} was cut into {len(found):,} outings, at stops of hours"))
    return [replace(each, activities=(_completed(each.activities[0], each),)) for each in found]


def _completed(activity: Activity, batch: Batch) -> Activity:
    """Fill in what the source does not say, or cannot be, from the track itself."""
    known = batch.time[~np.isnan(batch.time)]
    if activity.start is not None and not is_believable(activity.start):
        # An epoch is no start, unless the track says the same.
        near = len(known) and abs(activity.start - known[0]) < _DAY
        activity = activity if near else replace(activity, start=None)
    said = (activity.start, activity.distance, activity.elapsed_time, activity.moving_time)
    if None not in said and all(map(math.isfinite, said)):  # type: ignore[arg-type]
        return activity
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


def order(batch: Batch) -> tuple[float, str, str]:
    """Sort key of tracks: by start, then by source, so that the order of files changes nothing."""
    activity = batch.activities[0]
    return (math.inf if activity.start is None else activity.start, activity.source, activity.name)


def packed(singles: list[Batch]) -> list[Batch]:
    """Join the tracks to larger batches in their order; `singles` is emptied, so that memory is not held twice."""
    batches: list[Batch] = []
    waiting: list[Batch] = []
    fixes = 0
    singles.reverse()
    while singles:
        waiting.append(singles.pop())
        fixes += waiting[-1].fixes
        if fixes >= _PACK or not singles:
            batches.append(join(waiting))
            waiting, fixes = [], 0
    return batches
