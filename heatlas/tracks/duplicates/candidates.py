"""Pairs of tracks that are worth comparing; their number grows with the number of tracks, not of all pairs."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import ground_metres
from heatlas.tracks.duplicates.sameness import CLOCK, FARTHEST, QUARTER
from heatlas.tracks.duplicates.traces import PART, metres_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.tracks.duplicates.traces import Trace

    _Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]

__all__ = ["BOXES", "candidates", "leeway"]

_INSTANTS = 40
_RESTING = 24
"""A track that rests has at most so many times more instants."""
_NEIGHBOURS = 3
_NEAR = 40.0  # metres at an instant within which two tracks are worth comparing; a second's ride is shorter
_OFTEN = 0.3  # least share of their common instants at which copies are neighbours, even in a crowd
BOXES = 5e-6
"""World units by which the sides of boxes of shifted copies may differ: 200 m at the equator."""
_CUT, _CUT_SHARE = 500.0, 0.15
"""Metres, and share of the box, by which its sides may differ where a copy without times is cut at its ends."""
_PHASE = 25.0
"""Seconds after the quarter of an hour by which the starts of shifted copies may differ."""
_AHEAD = 6
_CROWD = 128
"""Most tracks with a box like that of a track without times whose outlines are examined."""
_BEST = 32
"""Most of these that are compared: those with the nearest outlines."""
_METRE = 2.5e-8
"""World units of about a metre at the equator."""
_EASTWARDS = [0, 1, 2, 3, 4, 5, 8]
"""Numbers of an outline that contain u, and so wrap around the world."""
_NO_PAIRS = np.zeros((0, 2), np.int64)


def candidates(traces: Sequence[Trace]) -> list[tuple[int, int]]:
    """Find pairs (i < j) that may be copies of one activity.

    Copies that agree in time are found on a lattice of instants that all tracks share: they are neighbours when the
    positions of each instant are sorted. Copies of another time zone, and copies without times, are found in cells of
    their boxes.
    """
    pairs = _each_once(np.concatenate([_meetings(traces), _shifted(traces), _untimed(traces), _of_histories(traces)]))
    return [(a, b) for a, b in pairs.tolist()]


def _each_once(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sort pairs as (i < j), and drop repeated ones."""
    most = int(pairs.max(initial=0)) + 1
    keys = np.unique(pairs.min(axis=1, initial=most) * most + pairs.max(axis=1, initial=0))
    return np.stack([keys // most, keys % most], axis=1)


def _meetings(traces: Sequence[Trace]) -> NDArray[np.int64]:
    """Pairs that overlap in time and are near each other at instants of the common lattice."""
    timed = [k for k, trace in enumerate(traces) if len(trace.time)]
    if not timed:
        return _NO_PAIRS
    first, last = np.full(len(traces), np.nan), np.full(len(traces), np.nan)
    first[timed] = [traces[k].time[0] for k in timed]
    last[timed] = [traces[k].time[-1] for k in timed]
    # Steps are powers of two, so the lattice of a long track is part of that of a short one.
    way = np.array([np.nan if (span := trace.under_way) is None else span[1] - span[0] for trace in traces])
    way = np.clip(way, (last - first) / _RESTING, last - first)  # a run is short beside the day of rest after it
    step = np.maximum(1.0, 2.0 ** np.ceil(np.log2(way / _INSTANTS)))
    instants = [np.arange(np.ceil(first[k] / step[k]), np.floor(last[k] / step[k]) + 1) * step[k] for k in timed]
    timed, instants = _shared(timed, instants)
    if not timed:
        return _NO_PAIRS
    who = np.repeat(np.array(timed), [len(moments) for moments in instants])
    u, v = _places(traces, timed, instants, 0.0)
    # The way that a track covers in the time by which clocks may differ.
    reach = _NEAR + metres_between(u, v, *_places(traces, timed, instants, CLOCK))
    tables = {name: k for k, name in enumerate(sorted({trace.table for trace in traces} - {""}), 1)}
    table = np.array([tables.get(trace.table, 0) for trace in traces])
    a, b, votes = _neighbours(who, np.concatenate(instants), u % 1.0, v, reach, table)
    overlap = np.minimum(last[a], last[b]) - np.maximum(first[a], first[b])
    shared = np.floor(overlap / np.maximum(step[a], step[b])) + 1
    enough = PART * np.minimum(last[a] - first[a], last[b] - first[b]) - CLOCK
    near = (overlap >= enough) & (votes >= _OFTEN * shared)
    return np.stack([a[near], b[near]], axis=1)


def _shared(timed: Sequence[int], instants: list[NDArray[np.float64]]) -> tuple[list[int], list[NDArray[np.float64]]]:
    """Tracks and instants without those of one track alone; `instants` is emptied, so that memory is not held twice."""
    every = np.concatenate(instants)
    every.sort()
    common = np.unique(every[1:][every[1:] == every[:-1]])
    found: tuple[list[int], list[NDArray[np.float64]]] = ([], [])
    instants.reverse()
    for k in timed if len(common) else ():
        moments = instants.pop()
        moments = moments[common[np.searchsorted(common, moments).clip(max=len(common) - 1)] == moments]
        if len(moments):
            found[0].append(k)
            found[1].append(moments)
    return found


def _of_histories(traces: Sequence[Trace]) -> NDArray[np.int64]:
    """Pairs that overlap in time, of pieces of location histories from different files."""
    pieces = sorted((float(trace.time[0]), k) for k, trace in enumerate(traces) if trace.history and len(trace.time))
    if len({traces[k].history for _, k in pieces}) < 2:
        return _NO_PAIRS
    under_way: list[int] = []
    found = []
    for start, k in pieces:
        under_way = [other for other in under_way if traces[other].time[-1] >= start][-_CROWD:]
        found += [(other, k) for other in under_way if traces[other].history != traces[k].history]
        under_way.append(k)
    return np.array(found, np.int64).reshape(-1, 2)


def _places(
    traces: Sequence[Trace], timed: Sequence[int], instants: Sequence[NDArray[np.float64]], later: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pairs = list(zip(timed, instants, strict=True))
    return (
        np.concatenate([np.interp(t + later, traces[k].time, traces[k].timed_u) for k, t in pairs]),
        np.concatenate([np.interp(t + later, traces[k].time, traces[k].timed_v) for k, t in pairs]),
    )


def _neighbours(
    who: NDArray[np.int64],
    group: NDArray[np.float64],
    u: NDArray[np.float64],
    v: NDArray[np.float64],
    reach: NDArray[np.float64],
    table: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pairs inside each group whose positions follow each other from west to east and are near.

    Also how often each pair was found. Two tracks of one table must be within _NEAR. The clocks of others may differ,
    so they must be within `reach`.
    """
    order = np.lexsort((u, group))
    who, group, u, v, reach = who[order], group[order], u[order], v[order], reach[order]
    most = int(who.max()) + 1
    found = []
    for ahead in range(1, _NEIGHBOURS + 1):
        a, b = slice(None, -ahead), slice(ahead, None)
        alike = np.flatnonzero((group[a] == group[b]) & (who[a] != who[b]))
        one, other = alike, alike + ahead
        same_table = (table[who[one]] == table[who[other]]) & (table[who[one]] > 0)
        far = np.where(same_table, _NEAR, np.maximum(reach[one], reach[other]))
        near = metres_between(u[one], v[one], u[other], v[other]) < far
        one, other = who[one[near]], who[other[near]]
        found.append(np.minimum(one, other) * most + np.maximum(one, other))
    pairs, votes = np.unique(np.concatenate(found), return_counts=True)
    return pairs // most, pairs % most, votes


def _shifted(traces: Sequence[Trace]) -> NDArray[np.int64]:
    """Pairs in the same box that begin equally long after a quarter of an hour, some hours apart."""
    who = np.array([k for k, trace in enumerate(traces) if len(trace.time) and not trace.table], np.int64)
    if len(who) < 2:
        return _NO_PAIRS
    first = np.array([traces[k].time[0] for k in who])
    lasts = np.array([traces[k].time[-1] for k in who]) - first
    boxes = np.array([traces[k].box for k in who])
    cells = np.stack([first / (2 * FARTHEST), *(boxes[:, (0, 2)].T % 1.0 / (2 * BOXES))], axis=1)
    pairs = [_NO_PAIRS]
    for turn in (0.0, QUARTER / 2):
        phase = (first + turn) % QUARTER
        for a, b in _in_cells(cells, phase, _AHEAD):
            away = np.abs(first[a] - first[b])
            near = (np.abs(phase[a] - phase[b]) <= _PHASE) & (away > QUARTER / 2) & (away <= FARTHEST + _PHASE)
            near &= np.abs(lasts[a] - lasts[b]) <= 2 * _PHASE
            near &= _apart(boxes, a, b) <= BOXES
            pairs.append(np.stack([who[a[near]], who[b[near]]], axis=1))
    return np.concatenate(pairs)


def _untimed(traces: Sequence[Trace]) -> NDArray[np.int64]:
    """Pairs in nearly the same box, one of them without times."""
    some = np.array([k for k, trace in enumerate(traces) if len(trace.u)], np.int64)
    vague = np.array([len(traces[k].time) == 0 for k in some], bool)
    if len(some) < 2 or not vague.any():
        return _NO_PAIRS
    boxes = np.array([traces[k].box for k in some])
    pairs = _in_like_boxes(boxes, vague)
    of_pairs, within = np.unique(pairs, return_inverse=True)
    outlines = np.array([_outline(traces[some[k]]) for k in of_pairs]).reshape(-1, 10)
    one, other = within.reshape(-1, 2).T
    away = outlines[one] - outlines[other]
    away[:, _EASTWARDS] -= np.round(away[:, :1])
    # For a thinned copy, a side or two may differ much; for the same way on another day, all sides differ a little.
    far = np.log1p(np.abs(away) / _METRE).sum(axis=1)
    found = [_NO_PAIRS]
    for a, b in (pairs.T, pairs[:, ::-1].T):  # the nearest of each track without times, on either side of a pair
        order = np.flatnonzero(vague[a])
        order = order[np.lexsort((np.abs(a - b)[order], far[order], a[order]))]
        place = np.arange(len(order)) - np.searchsorted(a[order], a[order], "left")
        best = order[place < _BEST]
        found.append(np.stack([some[a[best]], some[b[best]]], axis=1))
    return np.concatenate(found)


def _in_like_boxes(boxes: NDArray[np.float64], vague: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Pairs in nearly the same box, at least one of them without times."""
    far = leeway(boxes)
    levels = np.ceil(np.log2(far)).astype(np.int64)
    parts = [_NO_PAIRS]
    for level in np.unique([levels, levels + 1]).tolist():
        these = np.flatnonzero((levels == level) | (levels == level - 1))
        of = boxes[these]
        cells = np.column_stack([of[:, 0] % 1.0, of[:, 2:]]) / (2 * 2.0**level)
        for one, other in _in_cells(cells, of[:, 0] % 1.0, _CROWD):
            a, b = these[one], these[other]
            some = vague[a] | vague[b]
            a, b = a[some], b[some]
            near = _apart(boxes, a, b) <= np.maximum(far[a], far[b])
            parts.append(np.stack([a[near], b[near]], axis=1))
    return _each_once(np.concatenate(parts))


def leeway(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) world units by which sides of boxes (n, 4) may differ, where one of two copies has no times."""
    east, _ = ground_metres(boxes[:, 2:].mean(axis=1))
    sides = np.maximum(boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2])
    return np.asarray(np.maximum(_CUT / east, _CUT_SHARE * sides))


def _outline(trace: Trace) -> list[float]:
    """Extent of a way in eight directions, then its beginning; world units. The first six and the ninth contain u."""
    west, east, north, south = trace.box
    slant, other = trace.u + trace.v, trace.u - trace.v
    sides = (west, east, slant.min(), slant.max(), other.min(), other.max())
    return [*map(float, sides), north, south, float(trace.u[0]), float(trace.v[0])]


def _apart(boxes: NDArray[np.float64], a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """Greatest difference of any side, world units; east and west by the short way round the world."""
    away = boxes[a] - boxes[b]
    away[:, :2] -= np.round(away[:, :1])
    return np.asarray(np.abs(away).max(axis=1, initial=0.0))


def _in_cells(cells: NDArray[np.float64], along: NDArray[np.float64], ahead: int) -> list[_Pairs]:
    """Pairs in one cell that follow each other in the order of `along`, by up to `ahead` places.

    Several grids are shifted by half a cell each: two points within half a cell share a cell of one of them.
    """
    found: list[_Pairs] = []
    for shift in product((0.0, 0.5), repeat=cells.shape[1]):
        whole = np.floor(cells + np.array(shift)).astype(np.int64)
        order = np.lexsort((along, *whole.T))
        sorted_cells = whole[order]
        run = np.cumsum(np.concatenate(([0], (np.diff(sorted_cells, axis=0) != 0).any(axis=1))))
        for step in range(1, ahead + 1):
            same = np.flatnonzero(run[:-step] == run[step:])
            if not len(same):
                break
            found.append((order[same].astype(np.int64), order[same + step].astype(np.int64)))
    return found
