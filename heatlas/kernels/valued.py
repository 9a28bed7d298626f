"""List the passages of many tracks at one zoom with one whole number each: a metric, or what was spent in them.

`heatlas.kernels.visits.list_visits` finds the same for many metrics at once, as an index stores them.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.index import UNKNOWN
from heatlas.kernels.lattice import FRAME, next_pixel, place, reached, set_out, slot_of
from heatlas.kernels.rounding import mean_steps
from heatlas.kernels.visited import NOWHERE, list_passage, room_for

__all__ = ["FIXES", "METRES", "METRIC", "SECONDS", "list_valued"]

METRIC, SECONDS, METRES, FIXES = range(4)
"""What the number of a passage is: the mean of a metric, seconds, metres or fixes."""


@helper(forceinline=True)
def _spend(fix, passage, share, middle, what, spent, ways):
    """Add what was spent on a share of the line from a fix, the middle of which lies at `middle`."""
    total, weights = spent
    time, metres, lines = ways
    length = metres[fix] * share
    weight = (time[fix + 1] - time[fix]) * share
    if what == METRES:
        total[passage] += length
    elif what == SECONDS:
        if weight == weight:
            total[passage] += weight
    elif what == METRIC:
        if weight != weight:
            weight = length
        weight += 1e-9  # as `heatlas.kernels.reduce.spend`
        total[passage] += (lines[fix, 0] + lines[fix, 1] * middle) * weight
        weights[passage] += lines[fix, 2] * weight


@helper()
def _finish(count, what, spent, shown, rule, table, values):
    """Round what was spent in the passages of a track to whole numbers, for those that are shown."""
    total, weights = spent
    step, octave, least, most = rule
    sum_of_all, before = 0.0, 0.0
    known = what != SECONDS
    for k in range(count):
        known = known or total[k] != 0
    for k in range(count):
        number = np.int64(UNKNOWN)
        if what == METRIC:
            number = np.int64(mean_steps(total[k], weights[k], step, octave, least, most, UNKNOWN))
            if number != UNKNOWN and table.shape[0] > 0:
                number = table[min(max(number - np.int64(least), 0), table.shape[0] - 1)]
        elif known:
            sum_of_all += total[k]
            now = np.rint(sum_of_all / step)
            number, before = np.int64(now - before), now
        if shown[k] >= 0:
            values[shown[k]] = number


@helper()
def _widest(tracks, segments, u, v, frame):
    """Bound the passages of any one track from above."""
    fraction, size, left, top, _, _ = frame
    widest = np.int64(0)
    for t in range(tracks.shape[0] - 1):
        most = tracks[t + 1] - tracks[t]
        for s in range(tracks[t], tracks[t + 1]):
            for i in range(segments[s], segments[s + 1] - 1):
                most += abs((place(u[i + 1], size, left) >> fraction) - (place(u[i], size, left) >> fraction))
                most += abs((place(v[i + 1], size, top) >> fraction) - (place(v[i], size, top) >> fraction))
        widest = max(widest, most)
    return widest


@kernel(
    "const f8[:]", "const f8[:]", "const f4[:]", "const i8[:]", "const i8[:]", "const f8[:]", "const i8[:]", FRAME,
    "i8", "i8", ("const f8[:]", "const f8[:]", "const f8[:, :]"), ("f8", "f8", "f8", "f8"), "const i8[:]",
    allocates=True,
)  # fmt: skip
def list_valued(u, v, progress, segments, tracks, least, bits, frame, zoom, what, ways, rule, table):
    """List the passages of tracks in the whole world at a zoom, with a whole number each.

    Parameters
    ----------
    u, v, progress, segments, tracks, least, bits, frame, zoom
        As for `heatlas.kernels.visited.list_visited`.
    what : int
        METRIC, SECONDS, METRES or FIXES.
    ways : (ndarray of float64 (n,), ndarray of float64 (n,), ndarray of float64 (n, 3))
        Time at each fix, metres to the next one, and the metric as `heatlas.kernels.lines.join_fixes` prepares it.
    rule : (float, float, float, float)
        The value of 1; and for METRIC the steps of an octave, the least and the greatest step, as
        `heatlas.kernels.rounding.round_values` has them.
    table : ndarray of int64 (t,)
        For METRIC the number of each step from the least on; empty: steps are the numbers.

    Returns
    -------
    pixels, numbers, begins, owners
        As `heatlas.kernels.visited.list_visited` gives them.
    values : ndarray of int64 (k,)
        Number of each passage; UNKNOWN where there is none.
    """
    fraction, size, left, top, _, _ = frame
    most, parts = room_for(u, v, segments, frame)
    pixels, values = np.empty(most, np.uint16), np.empty(most, np.int64)
    numbers, begins, owners = np.empty(parts, np.int64), np.empty(parts + 1, np.int64), np.empty(parts, np.int64)
    widest = 0
    for t in range(tracks.shape[0] - 1):
        widest = max(widest, bits[t])
    slots, longest = 1 << 2 * widest, _widest(tracks, segments, u, v, frame)
    keys, left_at, passage_of = np.empty(slots, np.int64), np.empty(slots), np.empty(slots, np.int64)
    spent, shown = (np.zeros(longest), np.zeros(longest)), np.empty(longest, np.int64)
    found = pixels, numbers, begins, owners
    n = m = 0
    for t in range(tracks.shape[0] - 1):
        shift, rejoin, last_tile = bits[t], least[t], np.int64(-1)
        mask = (np.int64(1) << shift) - 1
        keys[: 1 << 2 * shift] = NOWHERE
        count = 0
        for s in range(tracks[t], tracks[t + 1]):
            first, last = segments[s], segments[s + 1]
            if first == last:
                continue
            ax, ay = place(u[first], size, left), place(v[first], size, top)
            column, row = ax >> fraction, ay >> fraction
            key, slot = slot_of(column, row, mask, shift)
            if keys[slot] != key or progress[first] - left_at[slot] > rejoin:
                before = n
                last_tile, n, m = list_passage(column, row, t, frame, zoom, last_tile, n, m, found)
                keys[slot], passage_of[slot], shown[count] = key, count, before if n > before else -1
                count += 1
            now = passage_of[slot]
            if what == FIXES:
                spent[0][now] += 1
            for i in range(first, last - 1):
                bx, by = place(u[i + 1], size, left), place(v[i + 1], size, top)
                entered = 0.0
                if ((ax ^ bx) | (ay ^ by)) >> fraction != 0:
                    way, slope = set_out(ax, ay, bx, by, fraction)
                    gain = progress[i + 1] - np.float64(progress[i])
                    line = u[i] * size, u[i + 1] * size, v[i] * size, v[i + 1] * size
                    while way[2] + way[3] > 0:
                        way, sideways = next_pixel(way, slope)
                        column, row = way[0], way[1]
                        left_it = max(entered, reached(way, slope, sideways, line, frame))
                        _spend(i, now, left_it - entered, 0.5 * (entered + left_it), what, spent, ways)
                        entered = left_it
                        at = progress[i] + entered * gain
                        left_at[slot] = at
                        key, slot = slot_of(column, row, mask, shift)
                        if keys[slot] != key or at - left_at[slot] > rejoin:
                            before = n
                            last_tile, n, m = list_passage(column, row, t, frame, zoom, last_tile, n, m, found)
                            keys[slot], passage_of[slot], shown[count] = key, count, before if n > before else -1
                            count += 1
                        now = passage_of[slot]
                _spend(i, now, 1.0 - entered, 0.5 * (entered + 1.0), what, spent, ways)
                if what == FIXES:
                    spent[0][now] += 1
                ax, ay = bx, by
            left_at[slot] = progress[last - 1]
        _finish(count, what, spent, shown, rule, table, values)
        spent[0][:count] = 0
        spent[1][:count] = 0
    begins[m] = n
    return pixels[:n].copy(), numbers[:m].copy(), begins[: m + 1].copy(), owners[:m].copy(), values[:n].copy()
