"""First step: all recordings are read, and written to groups in the order in which they come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from heatlas.core.mercator import from_lonlat
from heatlas.core.paths import rename
from heatlas.pmtiles.hilbert import number_of
from heatlas.preparing.homes import ZOOM
from heatlas.sources.contract.writing import Form, PartitionWriter, is_whole
from heatlas.sources.reading import Outcome

if TYPE_CHECKING:
    from heatlas.core.batch import Recording
    from heatlas.core.context import Context
    from heatlas.preparing.folder import WorkingFolder
    from heatlas.preparing.incoming import Incoming

__all__ = ["groups_done", "take_in"]

GROUP = 10_000_000
"""Fixes of a group; a run that is killed reads at most so many again."""
FILES = 4096
"""Sources of a group, at most: small files take their time, too."""


def groups_done(folder: WorkingFolder) -> list[dict[str, Any]]:
    """Notes of the groups that are written, in their order."""
    found: list[dict[str, Any]] = []
    while (note := folder.said(f"read/{len(found):06}")) is not None:
        found.append(note)
    return found


def take_in(folder: WorkingFolder, incoming: Incoming, context: Context) -> list[dict[str, Any]]:
    """Read what has not been read yet; return the notes of all groups."""
    notes = groups_done(folder)
    if notes and notes[-1]["last"]:
        return notes
    done = notes[-1]["done"] if notes else 0
    told, total = context.counting("reading"), len(incoming.files)
    outcome, group = Outcome(), _Group(folder, len(notes))
    for taken, trip, recording in incoming.recordings(outcome, done):
        group.add(trip, recording)
        if not taken:
            continue
        told(min(taken, total), total)
        if group.writer.fixes >= GROUP or taken - done >= FILES:
            notes.append(group.close(taken, outcome, last=False))
            done, outcome = taken, _emptied(outcome)
            group = _Group(folder, len(notes))
    notes.append(group.close(0, outcome, last=True))
    return notes


def _emptied(outcome: Outcome) -> Outcome:
    """Empty an outcome, which readers go on to fill."""
    outcome.unread.clear()
    outcome.warnings.clear()
    outcome.dropped.clear()
    outcome.names.clear()
    outcome.read = 0
    return outcome


@dataclass
class _Group:
    """Group of recordings that is being written."""

    folder: WorkingFolder
    number: int
    people: dict[str, _Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name = f"read/{self.number:06}"
        self._aside = self.folder.file(f"{self.name}.part")
        self.writer = PartitionWriter(self._aside, Form())
        self._names: Counter[tuple[str, str]] = Counter()

    def add(self, trip: str, recording: Recording) -> None:
        """Add a recording."""
        person = recording.activity.person
        again = self._names[person, trip] = self._names[person, trip] + 1
        name = trip if again == 1 else f"{trip} ({again})"
        self._names[person, name] = max(self._names[person, name], 1)
        self.writer.add(person, name, recording)
        self.people.setdefault(person, _Person()).add(recording)

    def close(self, done: int, outcome: Outcome, *, last: bool) -> dict[str, Any]:
        """Close the files, and note what is in them, last of all."""
        self.writer.close()
        rows = [(person, *row) for person, known in self.people.items() for row in known.rows()]
        columns = list(zip(*rows, strict=True)) or [()] * 5
        kinds = (pa.string(), pa.int64(), pa.int64(), pa.int64(), pa.bool_())
        names = ["person", "tile", "trips", "fixes", "whole"]
        table = pa.table({n: pa.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})
        pq.write_table(table, self.folder.file(f"{self.name}.people"), compression="zstd")
        rename(self._aside, self.folder.file(f"{self.name}.parquet"))
        note = {
            "done": done,
            "last": last,
            "trips": self.writer.trips,
            "fixes": self.writer.fixes,
            "read": outcome.read,
            "dropped": dict(outcome.dropped),
            "unread": [[each.file, each.reason, each.failed, each.kind] for each in outcome.unread],
            "warnings": list(outcome.warnings),
        }
        self.folder.note(self.name, note)
        return note


class _Person:
    """What a group knows of a person."""

    def __init__(self) -> None:
        self._starts: Counter[int] = Counter()
        self._fixes: Counter[int] = Counter()
        self._whole = True

    def add(self, recording: Recording) -> None:
        """Count a trip in the tile where it begins."""
        lat = float(np.clip(recording.lat[0], -85.05, 85.05))
        u, v = from_lonlat(float(recording.lon[0]), lat)
        side = 1 << ZOOM
        column = int(np.floor(float(u) * side)) % side
        number = number_of(ZOOM, column, min(max(int(float(v) * side), 0), side - 1))
        self._starts[number] += 1
        self._fixes[number] += len(recording.lon)
        self._whole = self._whole and is_whole(recording.lat) and is_whole(recording.lon)

    def rows(self) -> list[tuple[int, int, int, bool]]:
        """Tile, trips, fixes and whether all positions are whole numbers of 1e-7 degrees."""
        return [(tile, trips, self._fixes[tile], self._whole) for tile, trips in self._starts.items()]
