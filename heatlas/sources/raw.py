"""Recordings of files before cleaning: joined with the tables beside them, and with their person."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import COLUMNS
from heatlas.sources.indoor import INDOORS, is_indoors
from heatlas.sources.reading import read_file, wanted_recordings
from heatlas.sources.sheets.exports import ROWLESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.core.batch import Recording
    from heatlas.sources.archive import Entry
    from heatlas.sources.reading import Outcome
    from heatlas.sources.sheets.exports import Exports

__all__ = ["joined_recordings", "located", "raw_recordings"]


def raw_recordings(outcome: Outcome, entry: Entry, export: Exports) -> Iterator[Recording]:
    """Read one file with all columns; problems are noted in the outcome.

    Virtual and indoor activities, planned routes and recordings without any position are left out and counted.
    """
    for name, recordings in read_file(outcome, entry, frozenset(COLUMNS)):
        for recording in wanted_recordings(outcome, name, recordings, routes=False):
            outcome.warnings += [(name, warning) for warning in recording.warnings]
            yield from joined_recordings(outcome, recording, export)


def joined_recordings(outcome: Outcome, recording: Recording, export: Exports) -> Iterator[Recording]:
    """Join a recording with its row, and with its person; see `raw_recordings`."""
    for part in export.cut(recording):
        outcome.dropped.update(part.dropped)
        joined = export.join(part)
        if joined is None:
            outcome.dropped[ROWLESS] += 1
            joined = part
        if is_indoors(joined.activity, part.activity):
            outcome.dropped[INDOORS] += 1
            continue
        found = located(replace(joined, activity=export.whose.named(joined.activity)))
        if len(found.lon):
            yield found
        else:
            outcome.dropped["activities without a position"] += 1


def located(recording: Recording) -> Recording:
    """Recording without the records that have no position."""
    known = np.isfinite(recording.lon) & np.isfinite(recording.lat)
    if known.all():
        return recording
    before = np.concatenate(([0], np.cumsum(known)))  # records that stay before each
    segments = np.unique(before[recording.segments])
    return replace(
        recording,
        lon=recording.lon[known],
        lat=recording.lat[known],
        time=recording.time[known],
        columns={name: values[known] for name, values in recording.columns.items()},
        segments=segments[segments < before[-1]].astype(np.int64),
    )
