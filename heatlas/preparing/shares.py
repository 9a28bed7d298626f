"""Third and fourth step: groups are cut by partition, and each partition is put together of its shares."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from heatlas.core.filesystems import locate
from heatlas.core.paths import rename
from heatlas.sources.contract.partitions import partition_at
from heatlas.sources.contract.reading import read_trips
from heatlas.sources.contract.writing import Form, PartitionWriter, form_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heatlas.core.batch import Recording
    from heatlas.preparing.folder import WorkingFolder
    from heatlas.preparing.homes import Plan

__all__ = ["put_together", "share_out"]

_ROWS = 1 << 22
"""Rows that wait in memory for all partitions together."""


def share_out(folder: WorkingFolder, group: int, plan: Plan) -> None:
    """Cut a group by partition; its file is removed when all shares are written."""
    done = f"shares/{group:06}"
    if folder.said(done) is None:
        writers: dict[int, PartitionWriter] = {}
        rows = max(4096, _ROWS // max(1, len(plan.fixes)))
        for person, trip, recording in _trips(folder.file(f"read/{group:06}.parquet")):
            number = plan.partition[person]
            if number not in writers:
                writers[number] = PartitionWriter(_share(folder, number, group, ".part"), Form(), rows)
            writers[number].add(person, trip, recording)
        for number, writer in writers.items():
            writer.close()
            rename(_share(folder, number, group, ".part"), _share(folder, number, group))
        folder.note(done, {})
    folder.remove(f"read/{group:06}.parquet")


def put_together(folder: WorkingFolder, number: int, groups: int, plan: Plan, path: Path, whole: bool) -> int:
    """Put a partition together; return the number of its trips.

    Its persons are in the order of their homes, and the trips of each in the order of their starts. A partition of one
    person, who may have any number of fixes, is streamed in the order in which the trips came.

    Parameters
    ----------
    folder : WorkingFolder
        With the shares.
    number : int
        Number of the partition.
    groups : int
        Number of groups.
    plan : Plan
        Order of the persons.
    path : Path
        File to write.
    whole : bool
        Whether positions are rounded to 1e-7 degrees.
    """
    shares = [share for group in range(groups) if (share := _share(folder, number, group)).exists()]
    found = itertools.chain.from_iterable(map(_trips, shares))
    trips: Iterator[tuple[str, str, Recording]] = found
    if plan.persons[number] > 1:
        held = sorted(found, key=lambda each: (plan.order[each[0]], _start(each[2]), each[1]))
        form = form_of(recording for _, _, recording in held)
        trips = iter(held)
    else:
        form = Form(whole=plan.whole[number])
    if whole:
        form = Form(True, form.unit, form.said, form.sensors)
    writer = PartitionWriter(path, form)
    seen: dict[tuple[str, str], int] = {}
    for person, trip, recording in trips:
        again = seen[person, trip] = seen.get((person, trip), 0) + 1
        name = trip if again == 1 else f"{trip} ({again})"
        seen.setdefault((person, name), 1)
        writer.add(person, name, recording)
    writer.close()
    return writer.trips


def _start(recording: Recording) -> float:
    start = recording.activity.start
    if start is None:
        start = float(recording.time[0]) if len(recording.time) else 0.0
    return start if start == start else float("inf")


def _share(folder: WorkingFolder, number: int, group: int, ending: str = ".parquet") -> Path:
    return folder.file(f"shares/{number:06}/{group:06}{ending}")


def _trips(path: Path) -> Iterator[tuple[str, str, Recording]]:
    """Trips of a file of the working folder."""
    for person, recording in read_trips(partition_at(locate(path)), lenient=True):
        yield person, recording.activity.id, recording
