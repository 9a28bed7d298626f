"""Read and clean files and recordings, and note problems."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import COLUMNS, Batch, Unread, join
from heatlas.core.errors import Unreadable, unworded
from heatlas.core.report import add_breaks
from heatlas.kernels.path import metres_along
from heatlas.sources.archive import Entry, unpack
from heatlas.sources.blobs import Distant
from heatlas.sources.formats.known import FORMATS, TRUSTED, read_format
from heatlas.sources.formats.planned import PLANNED, as_planned, only_planned
from heatlas.sources.indoor import INDOORS, is_indoors
from heatlas.sources.layers import LAYERS, read_layers
from heatlas.sources.people import FOLDER
from heatlas.sources.recount import Recount
from heatlas.sources.sensors import possible, possible_attributes
from heatlas.sources.sheets.exports import ROWLESS
from heatlas.sources.sniff import NOT_RECORDINGS, kind
from heatlas.sources.speeds import max_speed
from heatlas.tracks.clean import Gaps, clean, is_believable
from heatlas.tracks.clean.outings import outings
from heatlas.tracks.metrics import STOPPED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from heatlas.core.batch import Activity, Recording
    from heatlas.sources.blobs import Content
    from heatlas.sources.sheets.exports import Exports

__all__ = [
    "Outcome", "cleaned", "read_file", "read_group", "read_recordings", "take_recording", "wanted_recordings",
]  # fmt: skip

_DAY = 86400.0
_MANY_DAYS = 2
_SEVERAL = 64
"""Recordings of a file above which all columns are counted while it is read: to count those of copies later, it would
be read again as a whole. Such files are of formats that are read with all columns."""
_MANY = 1024
"""Tracks that are joined at once, at least."""


@dataclass(slots=True)
class Outcome:
    """Result of reading a group of files."""

    tracks: Batch | None = None
    """All tracks, joined."""
    columns: list[tuple[str, ...]] = field(default_factory=list)
    """Names of the columns of each track."""
    unread: list[Unread] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    names: set[str] = field(default_factory=set)
    counts: dict[tuple[object, ...], int] = field(default_factory=dict)
    """`heatlas.sources.recount.Recount.key` -> number of all columns, of tracks whose file should not be read again."""
    read: int = 0
    breaks: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Source -> metres that breaks leave out, and metres of the whole way; only of tracks with such breaks."""


def read_recordings(name: str, data: Content, columns: Collection[str] = COLUMNS) -> list[Recording]:
    """Read one unpacked file, in the format of its content, whatever its name. Other columns may be missing.

    Raises
    ------
    Unreadable
        When nothing could be salvaged, or the file holds no recordings.
    """
    found = kind(data)
    if found in FORMATS:
        return read_format(found, data, name, columns)
    if found in LAYERS and isinstance(data, Distant):
        return read_layers(name, data, found)
    if found == "empty":
        raise Unreadable("the file is empty")
    raise Unreadable(NOT_RECORDINGS.get(found, found))


def read_group(
    files: Iterable[Entry],
    columns: frozenset[str],
    export: Exports,
    gaps: Gaps = Gaps(),  # noqa: B008
    routes: bool = False,
) -> Outcome:
    """Read, join and clean some files, with `routes` also planned ones; problems are noted in the outcome."""
    outcome = Outcome()
    joined: list[Batch] = []
    found: list[Batch] = []
    for entry in files:
        for name, recordings in read_file(outcome, entry, columns):
            wanted = wanted_recordings(outcome, name, recordings, routes)
            del recordings
            several = len(wanted) > _SEVERAL and not columns.issuperset(COLUMNS)
            wanted.reverse()
            while wanted:  # each is let go before the next is cleaned: a location history has tens of thousands
                recording = wanted.pop()
                outcome.warnings += [(name, warning) for warning in recording.warnings]
                parts = export.cut(recording)
                del recording
                for part in parts:
                    found += cleaned(outcome, part, columns, export, gaps, count=several or len(parts) > 1)
                if len(found) > _MANY:
                    joined.append(_join(outcome, found))
    if found:
        joined.append(_join(outcome, found))
    outcome.tracks = join(joined) if joined else None
    return outcome


def _join(outcome: Outcome, found: list[Batch]) -> Batch:
    """Join tracks, and note their columns; `found` is emptied: small arrays take more memory than they hold."""
    outcome.columns += [tuple(batch.columns) for batch in found]
    batch = join(found)
    found.clear()
    return batch


def take_recording(recording: Recording, columns: frozenset[str], export: Exports, gaps: Gaps) -> Outcome:
    """Clean a recording that was read elsewhere, such as a track of a table."""
    outcome = Outcome(warnings=[(recording.activity.source, warning) for warning in recording.warnings])
    found = cleaned(outcome, recording, columns, export, gaps)
    outcome.columns = [tuple(batch.columns) for batch in found]
    outcome.tracks = join(found) if found else None
    return outcome


def read_file(outcome: Outcome, entry: Entry, columns: frozenset[str]) -> Iterator[tuple[str, list[Recording]]]:
    """Read one file, or the files in it; errors are noted in the outcome, not raised."""
    parts: list[tuple[str, Content] | Unread]
    try:
        data = entry.read()
        parts = [(entry.name, data)] if isinstance(data, Distant) else [*unpack(entry.name, data)]
    except Unreadable as error:
        parts = [Unread(file=entry.name, reason=unworded(error))]
    for part in parts:
        if isinstance(part, Unread):
            outcome.unread.append(part)
            continue
        name, content = part
        outcome.names.add(name)
        try:
            recordings = read_recordings(name, content, columns)
        except Unreadable as error:
            failed = not error.kind and _expected(name, content)
            outcome.unread.append(Unread(file=name, reason=unworded(error), failed=failed, kind=error.kind))
            continue
        except MemoryError:
            outcome.unread.append(Unread(file=name, reason="too large for the memory of this machine"))
            continue
        outcome.read += 1
        yield name, list(map(as_planned, recordings)) if entry.planned else recordings


def wanted_recordings(outcome: Outcome, name: str, recordings: list[Recording], routes: bool) -> list[Recording]:
    """Recordings of a file; planned routes among them only if they are asked for."""
    others = [recording for recording in recordings if not recording.activity.planned]
    planned = len(recordings) - len(others)
    if not planned or routes:
        return recordings
    outcome.dropped[PLANNED] += planned
    if not others:
        outcome.warnings.append((name, only_planned()))
    return others


def _expected(name: str, data: Content) -> bool:
    """Tell whether a file should be a recording, by its name or its content."""
    return kind(data) in FORMATS or name.lower().endswith(TRUSTED)


def cleaned(
    outcome: Outcome, recording: Recording, columns: frozenset[str], export: Exports, gaps: Gaps, count: bool = False
) -> list[Batch]:
    """Clean a recording: one track, several outings, or none, with the reason in the outcome.

    With `count` the outcome notes how many columns the recording has, also those that are not wanted.
    """
    outcome.dropped.update(recording.dropped)
    joined = export.join(recording)
    if joined is None:
        outcome.dropped[ROWLESS] += 1
        joined = recording
    activity = joined.activity
    if is_indoors(activity, recording.activity):
        outcome.dropped[INDOORS] += 1
        return []
    activity, summed = possible_attributes(export.whose.named(activity))
    if export.whose.said == FOLDER and not activity.person:
        outcome.warnings.append((activity.source, "lies in no folder of a person: it is nobody's"))
    recording, measured = possible(replace(recording, columns=joined.columns), columns)
    every = len(possible(recording)[0].columns) if count else 0
    outcome.dropped += summed + measured
    batch = clean(recording, max_speed(activity.sport), columns, gaps)
    outcome.dropped += batch.dropped
    outcome.warnings += [(activity.source, text) for text in batch.warnings]
    if not batch.fixes:
        outcome.dropped["activities without a position"] += 1
        return []
    add_breaks(outcome.breaks, {activity.source: batch.breaks})
    batch = replace(batch, activities=(activity,), dropped=Counter(), breaks=(0, 0), warnings=())
    found = outings(batch, recording.logged)
    if len(found) > 1:
        days = (np.nanmax(batch.time) - np.nanmin(batch.time)) / _DAY
        said = f"one track of {days:,.0f} days" if days >= _MANY_DAYS else f"one track of {24 * days:,.0f} hours"
        outcome.warnings.append((activity.source, f"{said} was cut into {len(found):,} outings, at stops of hours"))
    found = [replace(each, activities=(_completed(each.activities[0], each),)) for each in found]
    if count:
        outcome.counts |= {Recount.key(each.activities[0]): every for each in found}
    return found


def _completed(activity: Activity, batch: Batch) -> Activity:
    """Fill in attributes that the source does not state, or that are impossible, from the track."""
    known = batch.time[~np.isnan(batch.time)]
    if activity.start is not None and not is_believable(activity.start):
        # An unbelievable start, such as an epoch, is dropped unless the track begins near it.
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
