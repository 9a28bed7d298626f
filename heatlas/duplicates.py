"""Find the same activity that came twice: as FIT and as GPX, in two exports, whole and cut."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.batch import Activity
from heatlas.mercator import ground_metres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from heatlas.batch import Batch

__all__ = ["find_duplicates"]

_INSTANTS = 40
_NEIGHBOURS = 3
_NEAR = 40.0  # metres at an instant that make two tracks worth comparing; a second's ride is within
_SAMPLES = 50
_SAME = 1.5
"""Metres between copies of one recording: coordinates rounded to five digits, twice. Two devices differ by
more, since each has some metres of error of its own, however close their owners keep."""
_ALIKE = 12.0
"""Metres between copies that begin and end in the same seconds: then a service may have resampled them."""
_SAME_SECONDS = 1.5
_SHARE = 0.8
_OFTEN = 0.3  # of the instants they share, copies are neighbours at so many at least, even in a crowd
_SHIFTS = (0.0, -0.5, 0.5, -1.0, 1.0)  # sub-second clocks are rounded up, down, or to the nearest second
_SANE = (315_532_800.0, 4_102_444_800.0)  # 1980 to 2100: clocks outside were never set
_MOST_KEPT = 20
_ATTRIBUTES = tuple(f.name for f in dataclasses.fields(Activity) if f.name not in {"source", "extra"})


@dataclass(frozen=True, slots=True)
class _Track:
    """The fixes that are compared: those with a time where times can be trusted, else all."""

    u: NDArray[np.float64]
    v: NDArray[np.float64]
    time: NDArray[np.float64]
    """Not decreasing; empty where times are missing, constant, or of a clock that was never set."""
    start: float | None
    """Any time at all that can be trusted."""


def find_duplicates(batches: Sequence[Batch]) -> list[tuple[int, int]]:
    """Find activities that are copies of another one.

    Copies are told by content: at the same seconds they are at the same places. Candidates are found on a
    lattice of instants that all tracks share, where copies stand side by side once the positions of each
    instant are sorted; so the cost grows with the number of tracks, not of pairs. Of tracks without
    trustworthy times, equal positions in equal order count.

    Two people side by side, or one route on two days, are no copies.

    Parameters
    ----------
    batches : sequence of Batch
        One track each.

    Returns
    -------
    list of (int, int)
        Index of each activity to drop and of the one to keep in its place, by the index of the dropped. Kept
        is the richest copy (fixes, fixes with time, columns, then attributes, then the first by name of its
        source), whatever the order of the batches.
    """
    tracks = [_track(batch) for batch in batches]
    rank = cache(lambda k: (_poverty(batches[k]), k))  # few tracks are ever compared
    verdicts: dict[tuple[int, int], bool] = {}

    def same(a: int, b: int) -> bool:
        pair = (a, b) if rank(a) < rank(b) else (b, a)
        if pair not in verdicts:
            verdicts[pair] = _same(tracks[pair[0]], tracks[pair[1]])
        return verdicts[pair]

    dropped: dict[int, int] = {}
    for group in _groups(len(tracks), [*_meetings(tracks), *_lookalikes(tracks)], same):
        kept: list[int] = []
        for k in sorted(group, key=rank):
            original = next((other for other in kept[:_MOST_KEPT] if same(k, other)), None)
            if original is None:
                kept.append(k)
            else:
                dropped[k] = original
    return sorted(dropped.items())


def _poverty(batch: Batch) -> tuple[float, int, str]:
    """Sort key: the richest copy first."""
    timed = int(np.count_nonzero(batch.time == batch.time))  # NaN is not
    # A column is worth an eighth of the fixes: a whole copy beats its half with four columns more.
    wealth = (batch.fixes + timed) * (8.0 + len(batch.columns))
    attributes = sum(_said(activity) for activity in batch.activities)
    return -wealth, -attributes, min((activity.source for activity in batch.activities), default="")


def _said(activity: Activity) -> int:
    """Count the attributes that say something."""
    values = [getattr(activity, name) for name in _ATTRIBUTES]
    return sum(value not in (None, "", "Unknown", False) for value in values) + len(activity.extra)


def _track(batch: Batch) -> _Track:
    u, v, time = batch.u, batch.v, batch.time
    if not len(time):
        return _Track(u, v, time, None)
    first, last = float(time.min()), float(time.max())
    timed_u, timed_v, timed = u, v, time
    if not (_SANE[0] < first and last < _SANE[1]):  # also when there are NaN
        usable = (time > _SANE[0]) & (time < _SANE[1])
        if not usable.any():
            return _Track(u, v, time[:0], None)
        timed_u, timed_v, timed = u[usable], v[usable], time[usable]
        first, last = float(timed.min()), float(timed.max())
    if 2 * len(timed) < len(time) or last - first < 1.0:
        return _Track(u, v, time[:0], first)
    if (timed[1:] < timed[:-1]).any():
        order = np.argsort(timed, kind="stable")
        timed_u, timed_v, timed = timed_u[order], timed_v[order], timed[order]
    return _Track(timed_u, timed_v, timed, first)


def _meetings(tracks: Sequence[_Track]) -> list[tuple[int, int]]:
    """Pairs of tracks that overlap in time and are near each other at instants of the common lattice."""
    timed = [k for k, track in enumerate(tracks) if len(track.time)]
    if not timed:
        return []
    first, last = np.full(len(tracks), np.nan), np.full(len(tracks), np.nan)
    first[timed] = [tracks[k].time[0] for k in timed]
    last[timed] = [tracks[k].time[-1] for k in timed]
    # Steps are powers of two, so that the lattice of a long track is part of that of a short one.
    step = np.maximum(1.0, 2.0 ** np.ceil(np.log2((last - first) / _INSTANTS)))
    when = [np.arange(np.ceil(first[k] / step[k]), np.floor(last[k] / step[k]) + 1) * step[k] for k in timed]
    who = np.repeat(np.array(timed), [len(instants) for instants in when])
    u = np.concatenate([np.interp(t, tracks[k].time, tracks[k].u) for k, t in zip(timed, when, strict=True)])
    v = np.concatenate([np.interp(t, tracks[k].time, tracks[k].v) for k, t in zip(timed, when, strict=True)])
    a, b, votes = _neighbours(who, np.concatenate(when), u % 1.0, v)
    overlap = np.minimum(last[a], last[b]) - np.maximum(first[a], first[b])
    shared = np.floor(overlap / np.maximum(step[a], step[b])) + 1
    near = (overlap >= _SHARE * np.minimum(last[a] - first[a], last[b] - first[b])) & (votes >= _OFTEN * shared)
    return list(zip(a[near].tolist(), b[near].tolist(), strict=True))


def _lookalikes(tracks: Sequence[_Track]) -> list[tuple[int, int]]:
    """Pairs of tracks of equal length with their middle at the same place, one of them without times."""
    lengths = {len(track.u) for track in tracks if len(track.time) == 0 and len(track.u)}
    who = [k for k, track in enumerate(tracks) if len(track.u) in lengths]
    if not who:
        return []
    size = np.array([len(tracks[k].u) for k in who])
    u = np.array([tracks[k].u[len(tracks[k].u) // 2] for k in who]) % 1.0
    v = np.array([tracks[k].v[len(tracks[k].v) // 2] for k in who])
    a, b, _ = _neighbours(np.array(who), size, u, v)
    return list(zip(a.tolist(), b.tolist(), strict=True))


def _neighbours(
    who: NDArray[np.int64], group: NDArray[Any], u: NDArray[np.float64], v: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pairs inside each group whose positions follow each other from west to east and are near.

    Also how often each pair was found.
    """
    order = np.lexsort((u, group))
    who, group, u, v = who[order], group[order], u[order], v[order]
    east, north = ground_metres(v)
    most = int(who.max()) + 1
    found = []
    for ahead in range(1, _NEIGHBOURS + 1):
        a, b = slice(None, -ahead), slice(ahead, None)
        away = np.hypot((u[b] - u[a]) * east[a], (v[b] - v[a]) * north[a])
        near = (group[a] == group[b]) & (away < _NEAR) & (who[a] != who[b])
        found.append(np.minimum(who[a][near], who[b][near]) * most + np.maximum(who[a][near], who[b][near]))
    pairs, votes = np.unique(np.concatenate(found), return_counts=True)
    return pairs // most, pairs % most, votes


def _same(a: _Track, b: _Track) -> bool:
    if len(a.time) and len(b.time):
        return _same_times(a, b)
    known = a.start is not None and b.start is not None
    if len(a.u) != len(b.u) or (known and abs(a.start - b.start) > _SAME_SECONDS):  # type: ignore[operator]
        return False
    at = np.linspace(0, len(a.u) - 1, _SAMPLES).astype(np.intp)
    return _share(_metres(a.u[at], a.v[at], b.u[at], b.v[at]), _SAME) >= _SHARE


def _same_times(a: _Track, b: _Track) -> bool:
    if len(a.time) > len(b.time):
        a, b = b, a
    start, end = max(a.time[0], b.time[0]), min(a.time[-1], b.time[-1])
    shorter = min(a.time[-1] - a.time[0], b.time[-1] - b.time[0])
    if end - start < _SHARE * shorter:
        return False
    # Looked at are fixes of the sparser one: a thinned copy holds some of the very fixes of the other.
    first, last = np.searchsorted(a.time, start, "left"), np.searchsorted(a.time, end, "right")
    if last - first < 2:
        return False
    at = first + np.arange(_SAMPLES) * (last - 1 - first) // (_SAMPLES - 1)
    same_ends = abs(a.time[0] - b.time[0]) <= _SAME_SECONDS and abs(a.time[-1] - b.time[-1]) <= _SAME_SECONDS
    shifts, tolerance = ((0.0,), _ALIKE) if same_ends else (_SHIFTS, _SAME)
    for shift in shifts:
        when = a.time[at] + shift
        u, v = np.interp(when, b.time, b.u), np.interp(when, b.time, b.v)
        if _share(_metres(a.u[at], a.v[at], u, v), tolerance) >= _SHARE:
            return True
    return False


def _metres(
    u: NDArray[np.float64], v: NDArray[np.float64], u2: NDArray[np.float64], v2: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Ground metres between positions that are near each other, the short way around the world."""
    east, north = ground_metres(v)
    away = u2 - u
    away -= np.round(away)
    return np.hypot(away * east, (v2 - v) * north)


def _share(metres: NDArray[np.float64], tolerance: float) -> float:
    return float(np.count_nonzero(metres <= tolerance)) / len(metres)


def _groups(count: int, pairs: Iterable[tuple[int, int]], same: Callable[[int, int], bool]) -> list[list[int]]:
    """Group what hangs together by pairs that are the same; single ones are left out."""
    root = list(range(count))

    def find(k: int) -> int:
        while root[k] != k:
            root[k] = root[root[k]]
            k = root[k]
        return k

    for a, b in pairs:
        if find(a) != find(b) and same(a, b):
            root[find(a)] = find(b)
    groups: dict[int, list[int]] = defaultdict(list)
    for k in range(count):
        groups[find(k)].append(k)
    return [group for group in groups.values() if len(group) > 1]
