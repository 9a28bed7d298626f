"""Recordings as read from files, and batches of clean tracks."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import field, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.mercator import ground_metres

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

__all__ = [
    "COLUMNS", "PACK", "TABLES", "Activity", "Batch", "Recording", "Unread", "join", "order", "order_of", "packed",
    "select", "split", "take_fixes",
]  # fmt: skip

COLUMNS = ("elevation", "heart_rate", "speed", "cadence", "power", "temperature")
"""Columns that a fix may have besides place and time: metres, beats/min, m/s, revolutions or
steps of one foot per minute, watts, degrees Celsius."""
TABLES = "tables"
"""Kind of files that are tables; a table is read only when it is named by itself."""
PACK = 1 << 18
"""Least fixes of a batch of many tracks: a call takes longer than the work on a short track."""


@frozen(kw_only=True)
class Activity:
    """Attributes of one activity, without its track."""

    source: str
    """Path of its file, with members of archives after a slash."""
    id: str = ""
    """Id that its service gave it; empty when unknown."""
    sport: str = "Unknown"
    """A name of ``heatlas.sources.sports``: Run, TrailRun, Ride, VirtualRide ..."""
    name: str = ""
    start: float | None = None
    """Unix seconds, UTC."""
    utc_offset: float | None = None
    """Seconds by which local time was ahead of UTC at the start, as stated by the recording; None where unstated."""
    time_zone: str = field(default="", compare=False)
    """IANA name of the time zone where it began; empty where it was not looked up (see `heatlas.sources.time_zones`).
    It follows from the track, so comparisons of activities ignore it."""
    distance: float | None = None
    """Metres, as stated by its source."""
    elapsed_time: float | None = None
    """Seconds from start to end."""
    moving_time: float | None = None
    """Seconds in motion."""
    gear: str = ""
    person: str = ""
    """Whose it is; empty when unknown."""
    claimed: bool = field(default=False, compare=False)
    """Whether a copy said whose it is, and its own source did not: the zones of all people hide it, as without that
    copy. It says nothing of its own, so comparisons of activities ignore it."""
    commute: bool = False
    private: bool = False
    device: str = ""
    """Maker and product, or the program that wrote the file."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Any other attribute (numbers, text, booleans) under a snake_case name."""
    facts: Mapping[str, float] = field(default_factory=dict, compare=False)
    """Numbers that follow from its track (decoupling) or its athlete on that day (rest_heart_rate), where they were
    worked out. They say nothing of its own, so comparisons of activities ignore them."""
    told: tuple[str, ...] = ()
    """Names, sorted, of the attributes that a table beside the recording states; of copies, these values win."""

    @property
    def planned(self) -> bool:
        """Whether it is a planned route, which nobody recorded; an attribute in `extra`."""
        return self.extra.get("planned") is True


@frozen(kw_only=True)
class Recording:
    """One activity as a reader found it, before cleaning.

    All arrays have the same length n, the number of records, in file order, with or without a position.
    """

    activity: Activity
    lon: NDArray[np.float64]
    """(n,) degrees, WGS 84; NaN where the record has no position."""
    lat: NDArray[np.float64]
    """(n,) degrees, WGS 84; NaN where the record has no position."""
    time: NDArray[np.float64]
    """(n,) Unix seconds, UTC; NaN where unknown."""
    columns: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """Name of COLUMNS -> (n,), NaN where unknown. A column that is NaN throughout is left out."""
    segments: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """(m,) ascending indices of the first records of the file's segments; empty or [0] means one segment."""
    warnings: tuple[str, ...] = ()
    """Faults of a file that could be read all the same, e.g. "cut off in the middle"."""
    drawn: bool = False
    """Whether somebody drew or planned it, and nobody recorded it: no step of it is a gap, and no fix is astray."""
    logged: bool = False
    """Whether a device wrote it all day, without anybody who began and ended it: stops of hours end an outing."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Reason -> number of fixes that the reader left out, such as those that the file states as inaccurate; the
    reason's first word says what is counted, as in `heatlas.core.report.Report.dropped`."""


@frozen(kw_only=True, slots=False)
class Batch:
    """Clean tracks of one or more activities, in world coordinates.

    Fixes of segment ``s`` are ``segments[s]:segments[s + 1]``; segments of track ``k`` are
    ``tracks[k]:tracks[k + 1]``. No line is ever drawn across a segment's end.
    """

    u: NDArray[np.float64]
    """(n,) Web Mercator easting; the world is [0, 1). Steps inside a segment are below half the world: a track that
    crosses the antimeridian continues below 0 or above 1."""
    v: NDArray[np.float64]
    """(n,) Web Mercator southing, 0 at 85.0511 N and 1 at 85.0511 S."""
    time: NDArray[np.float64]
    """(n,) Unix seconds, UTC, not decreasing inside a segment; NaN where unknown."""
    progress: NDArray[np.float32]
    """(n,) metres covered since the track's first fix, without the jitter of standing still
    (`heatlas.kernels.path.progress_along`)."""
    columns: Mapping[str, NDArray[np.float32]]
    """Name -> (n,), NaN where unknown."""
    segments: NDArray[np.int64]
    """(number of segments + 1,) offsets into the fixes."""
    tracks: NDArray[np.int64]
    """(number of tracks + 1,) offsets into the segments."""
    activities: tuple[Activity, ...]
    """One for each track."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason -> number of fixes (or breaks) that cleaning took out."""
    breaks: tuple[int, int] = (0, 0)
    """Metres that breaks of cleaning leave out, and metres of the whole way with them; (0, 0) without such breaks."""
    warnings: tuple[str, ...] = ()
    """Faults of a track as a whole that cleaning found."""

    def __len__(self) -> int:
        """Count the tracks."""
        return len(self.activities)

    @property
    def fixes(self) -> int:
        """Number of fixes."""
        return len(self.u)

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """(tracks, 4) least and greatest u, least and greatest v of each track; inf, -inf, inf, -inf without fixes.

        Cached, so that drawing the same tracks again does not read all of their fixes.
        """
        offsets = self.segments[self.tracks]
        filled = np.flatnonzero(np.diff(offsets))
        bounds = np.tile([np.inf, -np.inf], (len(self), 2))
        if len(filled):
            first = offsets[filled]
            for column, (world, pick) in enumerate(product((self.u, self.v), (np.minimum, np.maximum))):
                bounds[filled, column] = pick.reduceat(world, first)
        return bounds

    @cached_property
    def extent(self) -> tuple[float, float, float, float]:
        """Least and greatest u, least and greatest v of all tracks, of which there is at least one."""
        (west, _, north, _), (_, east, _, south) = self.bounds.min(axis=0).tolist(), self.bounds.max(axis=0).tolist()
        return west, east, north, south

    @cached_property
    def ground(self) -> NDArray[np.float64]:
        """(2, tracks) true metres per world unit: eastwards at the first fix, and the least anywhere along the track.

        The values of a track without fixes are not meaningful.
        """
        offsets = self.segments[self.tracks]
        first, _ = ground_metres(self.v[np.minimum(offsets[:-1], self.fixes - 1)])
        # Metres per world unit are least towards the poles.
        polar = np.maximum(0.5, np.maximum(self.bounds[:, 3], 1 - self.bounds[:, 2]))
        return np.stack([first, np.minimum(*ground_metres(polar))])


@frozen(kw_only=True)
class Unread:
    """A file, or a part of one, that gave no track."""

    file: str
    """Path, with members of archives after a slash."""
    reason: str
    """One sentence."""
    failed: bool = True
    """True: it should have been readable. False: it was left out on purpose."""
    kind: str = ""
    """Content of a file that was left out, as a plural ("images", "monitoring"), or TABLES; its ending (".igc") where
    the content is unknown."""


def join(batches: Sequence[Batch]) -> Batch:
    """Join batches into one; a column that one of them lacks is NaN there."""
    if len(batches) == 1:
        return batches[0]
    fixes = np.cumsum([0, *(batch.fixes for batch in batches)])
    segments = np.cumsum([0, *(len(batch.segments) - 1 for batch in batches)])
    start = np.zeros(1, np.int64)

    def column(name: str) -> NDArray[np.float32]:
        unknown = np.float32(np.nan)
        return np.concatenate([batch.columns.get(name, np.full(batch.fixes, unknown, np.float32)) for batch in batches])

    return Batch(
        u=np.concatenate([batch.u for batch in batches]),
        v=np.concatenate([batch.v for batch in batches]),
        time=np.concatenate([batch.time for batch in batches]),
        progress=np.concatenate([batch.progress for batch in batches]),
        columns={name: column(name) for name in sorted({name for batch in batches for name in batch.columns})},
        segments=np.concatenate([start, *(b.segments[1:] + n for b, n in zip(batches, fixes, strict=False))]),
        tracks=np.concatenate([start, *(b.tracks[1:] + n for b, n in zip(batches, segments, strict=False))]),
        activities=tuple(activity for batch in batches for activity in batch.activities),
        dropped=sum((batch.dropped for batch in batches), Counter()),
    )


def split(batch: Batch, columns: Sequence[Collection[str]]) -> list[Batch]:
    """Make a batch of each track, the inverse of `join`; the arrays are views.

    Parameters
    ----------
    batch : Batch
        Of k tracks.
    columns : sequence of collection of str (k,)
        Names of the columns of each new batch.
    """
    singles = []
    tracks, offsets = batch.tracks.tolist(), batch.segments[batch.tracks].tolist()
    for k, names in enumerate(columns):
        fixes = slice(offsets[k], offsets[k + 1])
        singles.append(
            Batch(
                u=batch.u[fixes],
                v=batch.v[fixes],
                time=batch.time[fixes],
                progress=batch.progress[fixes],
                columns={name: batch.columns[name][fixes] for name in names},
                segments=batch.segments[tracks[k] : tracks[k + 1] + 1] - offsets[k],
                tracks=np.array([0, tracks[k + 1] - tracks[k]]),
                activities=(batch.activities[k],),
            )
        )
    return singles


def select(batch: Batch, wanted: Sequence[bool] | NDArray[np.bool_]) -> Batch:
    """Select some tracks of a batch, in their order.

    Parameters
    ----------
    batch : Batch
        Of k tracks.
    wanted : sequence of bool (k,)
        Which tracks to keep.
    """
    keep = np.asarray(wanted, bool)
    if keep.all():
        return batch
    lengths = np.diff(batch.segments)
    of_segments = np.repeat(keep, np.diff(batch.tracks))
    of_fixes = np.repeat(of_segments, lengths)
    start = np.zeros(1, np.int64)
    return replace(
        take_fixes(
            batch,
            of_fixes,
            np.concatenate((start, np.cumsum(lengths[of_segments]))),
            np.concatenate((start, np.cumsum(np.diff(batch.tracks)[keep]))),
        ),
        activities=tuple(a for a, wanted_one in zip(batch.activities, keep, strict=True) if wanted_one),
    )


def take_fixes(
    batch: Batch,
    index: NDArray[np.bool_] | NDArray[np.int64],
    segments: NDArray[np.int64],
    tracks: NDArray[np.int64],
) -> Batch:
    """Select some fixes, with new offsets.

    Parameters
    ----------
    batch : Batch
        Of n fixes.
    index : ndarray of bool (n,) or of int64 (k,)
        Which fixes to keep.
    segments, tracks : ndarray of int64
        Offsets as in a batch, for the fixes that are kept.
    """
    return replace(
        batch,
        u=batch.u[index],
        v=batch.v[index],
        time=batch.time[index],
        progress=batch.progress[index],
        columns={name: values[index] for name, values in batch.columns.items()},
        segments=segments,
        tracks=tracks,
    )


def order(batch: Batch) -> tuple[float, str, str]:
    """Sort key of tracks: start, then source, so that the order of files changes nothing."""
    return order_of(batch.activities[0])


def order_of(activity: Activity) -> tuple[float, str, str]:
    """Sort key of an activity: that of its track."""
    return (math.inf if activity.start is None else activity.start, activity.source, activity.name)


def packed(singles: list[Batch]) -> Iterator[Batch]:
    """Join tracks in their order to larger batches; `singles` is emptied, so that memory is not held twice."""
    waiting: list[Batch] = []
    fixes = 0
    singles.reverse()
    while singles:
        waiting.append(singles.pop())
        fixes += waiting[-1].fixes
        if fixes >= PACK or not singles:
            yield join(waiting)
            waiting, fixes = [], 0
