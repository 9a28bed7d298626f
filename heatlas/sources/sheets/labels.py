"""Read labels.txt of the Geolife data set: the ways of moving of one person, by time; recordings are cut by them.

Its lines have a start, an end and a mode, by tabs. Times are in UTC, as those of the trajectories.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.regex import regex
from heatlas.sources.sheets.strava_values import parse_date
from heatlas.sources.sniff import decode
from heatlas.sources.sports import sport_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.batch import Recording

__all__ = ["Labels", "read_labels"]

_HEAD = regex(r"\s*start time\s+end time\s+transportation mode\s*\Z", re.IGNORECASE)


@frozen(eq=False)
class Labels:
    """Spans of time in which somebody moved in one way, in the order of their starts."""

    root: str
    """Prefix of the names of the recordings."""
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    """(n,) Unix seconds, both included."""
    sports: tuple[str, ...]
    """(n,)"""

    def __repr__(self) -> str:
        """Say which values it holds, so that a change of any is seen."""
        return f"Labels({zlib.crc32(self.start.tobytes() + self.end.tobytes() + repr(self.sports).encode())})"

    def cut(self, recording: Recording) -> list[Recording]:
        """Cut a recording where its way of moving changes; what no span covers keeps the sport of the file.

        A part begins with the last fix of the one before, so that there is no gap between them.
        """
        time = recording.time
        if not len(self.start) or not len(time):
            return [recording]
        span = np.searchsorted(self.start, time, "right") - 1
        covered = (span >= 0) & (time <= self.end[span])  # false where the time is unknown
        sports = [self.sports[k] if known else "" for k, known in zip(span.tolist(), covered.tolist(), strict=True)]
        if not any(sports):
            return [recording]
        starts = [0, *(k for k in range(1, len(sports)) if sports[k] != sports[k - 1]), len(sports)]
        return [_part(recording, max(first - 1, 0), last, sports[first]) for first, last in pairwise(starts)]


def read_labels(data: bytes, root: str) -> Labels | None:
    """Read spans; None for a file of another kind, since many are called so."""
    lines = [line.split("\t") for line in decode(data).splitlines() if line.strip()]
    if not lines or not _HEAD.match("\t".join(lines[0])):
        return None
    rows = [(parse_date(line[0]), parse_date(line[1]), line[2].strip()) for line in lines[1:] if len(line) == 3]
    spans = sorted((start, end, sport_name(mode)) for start, end, mode in rows if start and end and mode)
    start, end = np.array([span[:2] for span in spans], np.float64).reshape(-1, 2).T
    return Labels(root, start, end, tuple(span[2] for span in spans))


def _part(recording: Recording, first: int, last: int, sport: str) -> Recording:
    inside = recording.segments[(recording.segments > first) & (recording.segments < last)] - first
    part = slice(first, last)
    return replace(
        recording,
        activity=replace(recording.activity, sport=sport) if sport else recording.activity,
        lon=recording.lon[part],
        lat=recording.lat[part],
        time=recording.time[part],
        columns={name: values[part] for name, values in recording.columns.items()},
        segments=np.append(0, inside),
        warnings=recording.warnings if not first else (),
        dropped=recording.dropped if not first else {},
    )
