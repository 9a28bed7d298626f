"""Load clean batches from files: find, read, join, clean, and leave out copies."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import COLUMNS, Batch, Unread, order, packed, split
from heatlas.core.context import NOBODY, Context
from heatlas.core.report import Report, add_breaks
from heatlas.core.spill import Spill, is_spilled, spilled_if
from heatlas.core.stopping import delayed_stops
from heatlas.kernels.compiled import is_stored
from heatlas.kernels.path import fill_metres, metres_along
from heatlas.sources.archive import Entry, entries
from heatlas.sources.fork_pool import ForkPool, can_fork
from heatlas.sources.merging import without_copies
from heatlas.sources.people import Whose
from heatlas.sources.pool_results import MOST_TASKS
from heatlas.sources.reading import Outcome, cleaned, read_group
from heatlas.sources.recount import Recount
from heatlas.sources.sheets.exports import find_exports
from heatlas.sources.spawn_pool import SpawnPool
from heatlas.tracks.clean import Gaps

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from heatlas.core.batch import Recording
    from heatlas.core.filesystems import Location
    from heatlas.sources.archive import Sheet

__all__ = ["load"]

_SHARES = 32
"""About how many groups of files to make: few are cheap to pass, many keep all processes busy to the end."""
_LARGEST = 4 << 20
"""Bytes on disk of a group of several files."""
_WORTH = 2 << 20
"""Bytes on disk above which forked processes are worth their cost."""
_WORTH_FRESH = 48 << 20
"""Bytes on disk above which fresh processes are; each takes 1.2 s of a processor to start, in which 12 MB are read."""


def load(
    paths: Sequence[Path | Location],
    columns: Collection[str] = COLUMNS,
    context: Context = NOBODY,
    ready: Callable[[list[str]], None] = lambda names: None,
    recordings: Iterable[Recording] = (),
    gaps: Gaps = Gaps(),  # noqa: B008 - frozen
    routes: bool = False,
    person: str | None = None,
) -> tuple[list[Batch], Report]:
    """Read all recordings of files, folders and archives.

    Parameters
    ----------
    paths : sequence of Path
        Files, folders and archives; a Strava export is recognised by its table of activities.
    columns : collection of str
        Columns of fixes to read.
    context : Context
        Number of processes that read; small jobs use this process alone. The bytes read so far and in all are reported
        to it.
    ready : callable, optional
        Called with the names of all files before the first is read.
    recordings : iterable of Recording
        Recordings that were read elsewhere; they are cleaned and compared with the others.
    gaps : Gaps
        Longest steps to draw, in place of each recording's own rhythm.
    routes : bool
        Whether planned routes are read, too.
    person : str, optional
        Whose the recordings in files are: a name, or `heatlas.sources.people.FOLDER`.

    Returns
    -------
    list of Batch
        All activities with positions, ordered by start, then by source, so that the order of the files changes
        nothing. Virtual and indoor activities and second copies are left out.
    Report
        What was read and what was left out.

    Raises
    ------
    BadOption
        When a path does not exist.
    """
    started = time.perf_counter()
    report = Report()
    tables: list[Sheet] = []
    found = list(entries(paths, tables, routes))
    files = [entry for entry in found if isinstance(entry, Entry)]
    for entry in found:
        if isinstance(entry, Unread):
            _note(report, entry)
    export = find_exports(paths, tables, Whose.of_sources(person, paths))
    report.warnings += export.warnings
    keep = frozenset(columns)

    outcomes = _read(files, partial(read_group, columns=keep, export=export, gaps=gaps, routes=routes), context, ready)
    batches = _gathered(outcomes, report)
    known: dict[tuple[object, ...], int] = {}
    others = Outcome()
    spill = Spill()
    for recording in recordings:
        for batch in cleaned(others, recording, keep, export, gaps):
            known[Recount.key(batch.activities[0])] = len(recording.columns)
            spill.add(batch)
    batches += spill.close()
    _gathered([others], report)
    report.dropped += export.silent({name for outcome in outcomes for name in outcome.names})
    report.seconds["read"] = time.perf_counter() - started
    batches.sort(key=order)
    whole = partial(read_group, columns=frozenset(COLUMNS), export=export, gaps=gaps, routes=routes)
    for outcome in outcomes:
        known |= outcome.counts
    outcomes.clear()
    again = () if keep.issuperset(COLUMNS) else files
    recount = Recount(again, lambda entry: _tracks(whole([entry])), known)
    started = time.perf_counter()
    batches = sorted(without_copies(batches, report, recount), key=order)
    report.seconds["duplicates"] = time.perf_counter() - started
    large = any(map(is_spilled, batches))
    return spilled_if(packed(batches), large), report


def _read(
    files: Sequence[Entry],
    read: Callable[[list[Entry]], Outcome],
    context: Context,
    ready: Callable[[list[str]], None],
) -> list[Outcome]:
    """Read files in groups, each in a process that is free; outcomes are in the order of the files."""
    groups, progress = _groups(files), context.counting("reading")
    outcomes: dict[int, Outcome] = {}
    total, done = sum(entry.size for entry in files), 0
    # Before any progress is reported: it may be shown by a thread, after which no fork is safe.
    # Connections to buckets do not live on in other processes.
    more = 0 if any(entry.changed for entry in files) else min(context.threads, len(groups)) - 1
    with _pool(partial(_read_one, groups, read), more, total) as pool:
        ready([entry.name for entry in files])
        progress(0, total)
        for k, outcome in pool.results(len(groups)):
            outcomes[k] = outcome
            done += sum(entry.size for entry in groups[k])
            progress(done, total)
    return [outcome for _, outcome in sorted(outcomes.items())]


def _read_one(groups: Sequence[list[Entry]], read: Callable[[list[Entry]], Outcome], task: int) -> Outcome:
    """Read one of the groups; a function of the module, so that fresh processes find it."""
    return read(groups[task])


def _pool(work: Callable[[int], Outcome], more: int, size: int) -> ForkPool[Outcome] | SpawnPool[Outcome]:
    """Start processes that help to read `size` bytes, as far as they are worth their cost."""
    forks = can_fork()
    if more > 0 and size > (_WORTH if forks else _WORTH_FRESH):
        with delayed_stops():  # numba's slow start before its first kernel happens once, not in each process
            metres_along(np.zeros(0), np.zeros(0), np.zeros(1, np.int64))
        if forks:
            return ForkPool(work, more)
        if is_stored(fill_metres):  # else each process would compile
            return SpawnPool(work, more)
    return ForkPool(work, 0)


def _gathered(outcomes: Iterable[Outcome], report: Report) -> list[Batch]:
    """Add outcomes to a report, and return their tracks."""
    batches: list[Batch] = []
    for outcome in outcomes:
        report.read += outcome.read
        for unread in outcome.unread:
            _note(report, unread)
        report.warnings += outcome.warnings
        report.dropped += outcome.dropped
        add_breaks(report.breaks, outcome.breaks)
        batches += _tracks(outcome)
    return batches


def _tracks(outcome: Outcome) -> list[Batch]:
    return split(outcome.tracks, outcome.columns) if outcome.tracks else []


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
