"""From a recording as it was read to a clean batch, and the count of what was left out."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from heatlas.batch import Batch
from heatlas.kernels.clean import REASONS, clean_track
from heatlas.kernels.path import TOLERANCE, progress_along

if TYPE_CHECKING:
    from collections.abc import Collection

    from heatlas.batch import Recording

__all__ = ["MAX_GAP", "MAX_STEP", "SLACK", "clean", "limits"]

MAX_GAP = 300.0
"""Seconds without a position after which a new segment begins."""
MAX_STEP = 500.0
"""Metres between fixes without times after which a new segment begins."""
SLACK = 50.0
"""Metres by which a fix may be wrong before a step counts as a jump."""
_GPS_EPOCH = 315964800.0  # 1980-01-06: no recorded position is older
_DAY = 86400.0


def limits() -> tuple[float, float]:
    """Between which Unix seconds anything can have been recorded: since there is GPS, until the day after tomorrow."""
    return _GPS_EPOCH, time.time() + 2 * _DAY


def clean(recording: Recording, max_speed: float, columns: Collection[str]) -> Batch:
    """Drop what cannot be true, break the track where no line should be drawn, and project the rest.

    Parameters
    ----------
    recording : Recording
        As a reader found it.
    max_speed : float
        Speed that the sport allows, m/s.
    columns : collection of str
        Names of the columns to keep.

    Returns
    -------
    Batch
        Of one track, which is empty when nothing was left; `dropped` counts by reason.
    """
    kept, u, v, seconds, segments, tally = clean_track(
        recording.lon,
        recording.lat,
        recording.time,
        recording.segments,
        max_speed,
        SLACK,
        MAX_GAP,
        MAX_STEP,
        *limits(),
    )
    whole = len(kept) == len(recording.lon)
    fixes = np.array([0, len(u)])
    return Batch(
        # Copies where something was cut off: a view would keep the longer arrays alive.
        u=u if whole else u.copy(),
        v=v if whole else v.copy(),
        time=seconds if whole else seconds.copy(),
        progress=progress_along(u, v, fixes, TOLERANCE),
        columns={
            name: values if whole else values[kept] for name, values in recording.columns.items() if name in columns
        },
        segments=segments.copy(),
        tracks=np.array([0, len(segments) - 1]),
        activities=(recording.activity,),
        dropped=Counter({reason: int(n) for reason, n in zip(REASONS, tally, strict=True) if n}),
    )
