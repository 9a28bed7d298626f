"""Make a clean batch of a recording, and count what was left out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.core.batch import Batch
from heatlas.kernels import breaks
from heatlas.kernels.clean import FIXES, clean_into
from heatlas.kernels.path import TOLERANCE, progress_along
from heatlas.tracks.clean.clocks import sane_times
from heatlas.tracks.clean.rhythm import Gaps, find_rhythm, is_wrong_clock

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from heatlas.core.batch import Recording

__all__ = ["AIRLINER", "MAX_GAP", "MAX_STEP", "SLACK", "clean"]

MAX_GAP = 300.0
"""Seconds without a position that never make a gap; longer times may stand out of the recording's rhythm."""
MAX_STEP = 500.0
"""Metres between fixes that never make a gap; longer steps may stand out of the rhythm."""
SLACK = 50.0
"""Metres by which a fix may be wrong before a step counts as a jump."""
AIRLINER = 350.0
"""m/s over ground; no recording is faster."""
_THERE_AND_BACK = 70.0
"""m/s; nothing leaves its way at this speed and is back within a minute."""


class _Found(NamedTuple):
    """Fixes of a track that are kept."""

    kept: NDArray[np.int64]
    u: NDArray[np.float64]
    v: NDArray[np.float64]
    seconds: NDArray[np.float64]
    segments: NDArray[np.int64]
    dropped: Counter[str]
    breaks: tuple[int, int] = (0, 0)
    warnings: tuple[str, ...] = ()


def clean(recording: Recording, max_speed: float, columns: Collection[str], gaps: Gaps = Gaps()) -> Batch:  # noqa: B008
    """Drop what cannot be true, break the track where no line should be drawn, and project the rest.

    A stray fix disagrees with both its neighbours while these agree with each other. A run of fixes that agree among
    themselves is kept, though it may be broken off. A gap is a step of more than 300 s and 500 m that stands out of the
    recording's rhythm. Where a large share of steps is impossible, the clock is not trusted and the times are dropped.

    Parameters
    ----------
    recording : Recording
        As a reader found it.
    max_speed : float
        Speed that the sport allows, m/s.
    columns : collection of str
        Names of the columns to keep.
    gaps : Gaps
        Longest steps to draw, instead of the recording's rhythm.

    Returns
    -------
    Batch
        Of one track, which is empty when nothing was left. `dropped` counts by reason; `breaks` holds the metres that
        breaks leave out.
    """
    times, unset = sane_times(recording.time)
    found = _clean(recording, times, max_speed, gaps)
    if unset:
        found.dropped["times that cannot be"] += unset
    whole = len(found.kept) == len(recording.lon)
    fixes = np.array([0, len(found.u)])
    return Batch(
        # Copied where fixes were dropped: a view would keep the longer arrays alive.
        u=found.u if whole else found.u.copy(),
        v=found.v if whole else found.v.copy(),
        time=found.seconds if whole else found.seconds.copy(),
        progress=progress_along(found.u, found.v, fixes, TOLERANCE),
        columns={
            name: values if whole else values[found.kept]
            for name, values in recording.columns.items()
            if name in columns
        },
        segments=found.segments,
        tracks=np.array([0, len(found.segments) - 1]),
        activities=(recording.activity,),
        dropped=found.dropped,
        breaks=found.breaks,
        warnings=found.warnings,
    )


def _clean(recording: Recording, times: NDArray[np.float64], max_speed: float, gaps: Gaps) -> _Found:
    n = len(recording.lon)
    tally = np.zeros(len(FIXES), np.int64)
    kept, fresh = np.empty(n, np.int64), np.empty(n, np.bool_)
    u, v, seconds = np.empty(n), np.empty(n), np.empty(n)
    longest, farthest = (given if given is not None else np.inf for given in (gaps.time, gaps.distance))
    plain = (float(min(max_speed, _THERE_AND_BACK)), SLACK, float(longest), float(min(MAX_STEP, farthest)))
    lon, lat, times = map(np.ascontiguousarray, (recording.lon, recording.lat, times))
    k, odd = clean_into(lon, lat, times, recording.segments, plain, kept, u, v, seconds, fresh, tally)
    kept, u, v, seconds, fresh = kept[:k], u[:k], v[:k], seconds[:k], fresh[:k]
    dropped = Counter({reason: int(count) for reason, count in zip(FIXES, tally, strict=True) if count})
    if not odd:
        return _Found(kept, u, v, seconds, _offsets(fresh), dropped)
    found = _judged(kept, u, v, seconds, fresh, max_speed, gaps, recording.drawn)
    if isinstance(found, str):  # again, by distances only: the clock was never right
        unknown = np.full(n, np.nan)
        return _clean(recording, unknown, max_speed, gaps)._replace(warnings=(found,))
    return found._replace(dropped=dropped + found.dropped)


def _offsets(fresh: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Offsets of segments; `fresh` says at which fixes one begins."""
    return np.append(np.flatnonzero(fresh), len(fresh))


def _judged(
    kept: NDArray[np.int64],
    u: NDArray[np.float64],
    v: NDArray[np.float64],
    seconds: NDArray[np.float64],
    fresh: NDArray[np.bool_],
    max_speed: float,
    gaps: Gaps,
    drawn: bool,
) -> _Found | str:
    """Drop strays and break the track, all in place; or return why its clock cannot be trusted."""
    clock = np.empty(len(u))
    dropped = Counter({"times out of order": breaks.clock_into(seconds, fresh, clock)})
    spacing = _spacing(u, v, clock, fresh)
    speeds = (float(max_speed), float(min(max_speed, _THERE_AND_BACK)), AIRLINER)
    k = len(u) if drawn else breaks.strays_into(u, v, seconds, clock, fresh, kept, speeds[:2], SLACK, spacing)
    dropped["fixes astray between jumps"] += len(u) - k
    kept, u, v, seconds, clock, fresh = kept[:k], u[:k], v[:k], seconds[:k], clock[:k], fresh[:k]
    metres, lapse, free = steps = _steps(u, v, clock, fresh)
    impossible = is_wrong_clock(u, v, steps, AIRLINER, SLACK)
    if impossible:
        return (
            f"its clock cannot be trusted: by it {impossible:,} of {np.count_nonzero(metres >= 0):,} steps could not "
            "be, so its times are left out, and the track is drawn without them"
        )
    reasons = np.empty(k - 1, np.int8)
    rhythm = find_rhythm(metres, lapse, MAX_GAP, MAX_STEP)
    time, distance = np.nan_to_num(gaps.numbers, nan=np.inf).tolist() if drawn else gaps.numbers
    breaks.judge_into(u, v, steps, speeds, SLACK, rhythm, (time, distance), reasons)
    breaks.join_into(u, reasons)
    for reason, count in zip(breaks.BREAKS, np.bincount(reasons[reasons >= 0], minlength=4).tolist(), strict=True):
        dropped[reason] += count
    broken = np.append(True, reasons != breaks.NONE)
    return _Found(kept, u, v, seconds, _offsets(broken), +dropped, _left_out(metres, free, reasons))


def _steps(
    u: NDArray[np.float64], v: NDArray[np.float64], clock: NDArray[np.float64], fresh: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    metres, lapse, free = np.empty((3, max(len(u) - 1, 0)))
    breaks.steps_into(u, v, clock, fresh, metres, lapse, free)
    return metres, lapse, free


def _spacing(
    u: NDArray[np.float64], v: NDArray[np.float64], clock: NDArray[np.float64], fresh: NDArray[np.bool_]
) -> float:
    """Usual metres between neighbours without times; any value where all have times."""
    if not np.isnan(clock).any():
        return MAX_STEP
    metres, lapse, _ = _steps(u, v, clock, fresh)
    return find_rhythm(metres, lapse, MAX_GAP, MAX_STEP)[3]


def _left_out(metres: NDArray[np.float64], free: NDArray[np.float64], reasons: NDArray[np.int8]) -> tuple[int, int]:
    """Whole metres across breaks, and of the track with them; a physically impossible jump counts no metres."""
    with np.errstate(invalid="ignore"):
        teleported = (reasons == breaks.JUMP) & (metres > AIRLINER * free + SLACK)
    out = round(float(metres[(reasons >= 0) & ~teleported].sum()))
    return (out, out + round(float(metres[reasons == breaks.NONE].sum()))) if out else (0, 0)
