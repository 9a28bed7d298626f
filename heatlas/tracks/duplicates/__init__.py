"""Find the same activity that came twice: as FIT and as GPX, from a watch and a phone, whole and cut.

================= ==================================================================
`traces`          what of a track is compared, and how rich it is
`candidates`      pairs that are worth comparing
`sameness`        whether a pair is one activity
`judging`         of those that hang together: which is shown, and for which others
================= ==================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.tracks.duplicates.candidates import BOXES, leeway
from heatlas.tracks.duplicates.judging import Judge, Verdict, judge_all
from heatlas.tracks.duplicates.sameness import CLOCK, FARTHEST
from heatlas.tracks.duplicates.traces import is_part, poverty, trace_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.core.batch import Batch

__all__ = [
    "BOXES",
    "CLOCK",
    "FARTHEST",
    "Judge",
    "Verdict",
    "find_duplicates",
    "is_part",
    "judge_all",
    "leeway",
    "poverty",
    "trace_of",
]


def find_duplicates(batches: Sequence[Batch]) -> list[tuple[int, int]]:
    """Find activities that are copies of another one.

    Copies are told by content: at the same seconds they are at the same places. So are those of a clock that is off by
    leap seconds or by a time zone, where they are the very same fixes; and those without times that go the same way.

    Parameters
    ----------
    batches : sequence of Batch
        One track each.

    Returns
    -------
    list of (int, int)
        Index of each activity to drop and of the one to keep in its place, by the index of the dropped. Kept is the
        richest copy that is no part of another one (fixes, fixes with time, columns, then attributes, then the first by
        name of its source), whatever the order of the batches.
    """
    return sorted(judge_all(batches)[1].copy_of.items())
