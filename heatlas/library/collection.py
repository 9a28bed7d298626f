"""Read the tracks of a library, equal to those read from the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.core.batch import COLUMNS, PACK, order_of
from heatlas.dataset.tracks import Tracks
from heatlas.library.rows.merged import read_merged
from heatlas.library.rows.outcomes import whole_report
from heatlas.library.rows.track_batches import read_batch

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.library.file.store import Library

__all__ = ["tracks_of"]


def tracks_of(
    library: Library,
    keep: NDArray[np.bool_] | None = None,
    columns: Collection[str] = COLUMNS,
    times: bool = True,
) -> Tracks:
    """Read the whole tracks of all activities that are shown: nothing is cut from them.

    Parameters
    ----------
    library : Library
        The library.
    keep : ndarray of bool (n,), optional
        Whether to take each activity, by number; those from n on are left out.
    columns : collection of str
        Columns to decode.
    times : bool
        Whether to decode times; else those of all fixes are unknown.

    Returns
    -------
    Tracks
        Equal to the bit to the result of `heatlas.sources.load.load` for the same files, with the report of reading.
    """
    with library.read() as connection:
        shown = read_merged(connection)
        activities = shown.activities
        if keep is not None:
            activities = {k: activity for k, activity in activities.items() if k < len(keep) and keep[k]}
        fixes = {row.number: row.fixes for row in shown.shown}
        groups = _groups(sorted(activities, key=lambda k: order_of(activities[k])), fixes)
        read = (read_batch(connection, {k: activities[k] for k in group}, columns, times) for group in groups)
        batches = tuple(batch for batch in read if batch is not None)
        report = whole_report(connection, shown)
    if not batches and not report.read:
        report.library = str(library.path)
    return Tracks(batches, report)


def _groups(numbers: Iterable[int], fixes: Mapping[int, int]) -> Iterator[list[int]]:
    """Activities whose tracks become one batch, as by `heatlas.core.batch.packed`."""
    waiting: list[int] = []
    together = 0
    for number in numbers:
        waiting.append(number)
        together += fixes[number]
        if together >= PACK:
            yield waiting
            waiting, together = [], 0
    if waiting:
        yield waiting
