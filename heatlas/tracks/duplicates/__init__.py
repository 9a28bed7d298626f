"""Find copies of one activity: as FIT and as GPX, from a watch and a phone, whole and cut.

================= ==================================================================
`traces`          tracks prepared for comparison, and their rank by richness
`candidates`      pairs that are worth comparing
`sameness`        whether a pair is one activity
`judging`         groups of copies, and the one of each that is shown
================= ==================================================================
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.core.batch import Batch
    from heatlas.tracks.duplicates.candidates import BOXES, leeway
    from heatlas.tracks.duplicates.judging import Judge, Verdict, judge_all
    from heatlas.tracks.duplicates.sameness import CLOCK, FARTHEST
    from heatlas.tracks.duplicates.traces import is_part, poverty, trace_of

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


_ROOMS = {
    "candidates": ("BOXES", "leeway"),
    "judging": ("Judge", "Verdict", "judge_all"),
    "sameness": ("CLOCK", "FARTHEST"),
    "traces": ("is_part", "poverty", "trace_of"),
}
_HOMES = {name: module for module, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: one who draws a library compares no tracks."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def find_duplicates(batches: Sequence[Batch]) -> list[tuple[int, int]]:
    """Find activities that are copies of another one.

    Copies are recognised by content: they are at the same places in the same seconds. Also recognised are copies whose
    clock is off by leap seconds or by a time zone, where the fixes are identical, and copies without times that go the
    same way.

    Parameters
    ----------
    batches : sequence of Batch
        One track each.

    Returns
    -------
    list of (int, int)
        Index of each activity to drop and of the one to keep in its place, sorted by the index of the dropped. The
        richest copy that is not a part of another one is kept: by fixes, fixes with time, columns, then attributes,
        then the name of its source. The order of the batches makes no difference.
    """
    from heatlas.tracks.duplicates.judging import judge_all

    return sorted(judge_all(batches)[1].copy_of.items())
