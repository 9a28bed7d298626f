"""List the passages of many tracks at one zoom with all that was spent and measured in them, rounded to whole steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.index import UNKNOWN
from heatlas.kernels.lattice import FRAME, next_pixel, place, reached, set_out, slot_of
from heatlas.kernels.lines import HEAD, LINES, add_line, add_part
from heatlas.kernels.numbers import total
from heatlas.kernels.rounding import round_amounts, round_values, spread_rules
from heatlas.kernels.signatures import Struct
from heatlas.kernels.visited import NOWHERE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AMOUNTS", "Fixes", "Rules", "bound_visits", "list_visits"]

AMOUNTS = 3
"""Amounts of a passage: fixes, metres and seconds."""
_BLOCK, _OPEN = 64, 256
"""Passages that are rounded at a time; and rows of those that are not rounded yet, a power of two. These rows stay in
the nearer caches of the processor. A track seldom comes back to an older passage within the rejoin distance."""


class Fixes(NamedTuple):
    """Fixes of tracks, as a batch has them."""

    u: NDArray[np.float64]
    v: NDArray[np.float64]
    """(n,) float64 each: world coordinates."""
    progress: NDArray[np.float32]
    """(n,) float32: metres."""
    segments: NDArray[np.int64]
    """(m + 1,) int64: offsets of the segments into the fixes."""
    tracks: NDArray[np.int64]
    """(k + 1,) int64: offsets of the tracks into the segments."""


class Rules(NamedTuple):
    """How what was spent is rounded (`heatlas.kernels.rounding`)."""

    metres: float
    seconds: float
    """Value of 1 step of either."""
    rules: NDArray[np.float64]
    """(r, 5) float64: of each column of values, as for `round_values`."""
    places: NDArray[np.int64]
    """(k, r) int64: which of the metrics of a track each rounds; -1: the track has none."""


_FIXES = Struct(Fixes, "f8[:]", "f8[:]", "f4[:]", "i8[:]", "i8[:]")
_RULES = Struct(Rules, "f8", "f8", "f8[:, :]", "i8[:, :]")


@helper()
def _round(t, first, last, n, spent, lines, rules, found):
    """Round what was spent in passages of a track, from the first to before the last, and forget it."""
    _, _, amounts, values, carry, room = found
    metrics = lines[3][t]
    wide = HEAD + 2 * metrics
    row = first & spent.shape[0] // wide - 1
    rows = row, last - first, wide, metrics
    round_amounts(spent, rows, 1, rules[0], carry[0], amounts[1], n + first)
    round_amounts(spent, rows, 0, rules[1], carry[1], amounts[2], n + first)
    round_values(spent, rows, rules[2], rules[3][t], UNKNOWN, room, values, n + first)
    spent[row * wide : (row + last - first) * wide] = 0.0


@helper(forceinline=True)
def _enter(pixel, at, track, counts, table, spent, lines, rules, found):
    """Come to a pixel at a progress; a passage begins unless the track comes back soon enough.

    Beyond an edge of the world it lies in tile -1. Where all rows are taken, the oldest passages are rounded. `counts`
    are the passages of the track so far, those that are rounded, and the rows. Returns the first two and the number of
    the passage that goes on, -1 where it is rounded already.
    """
    column, row, key, slot = pixel
    t, n, rejoin, across = track
    count, done, most = counts
    keys, left_at, passage_of = table
    if keys[slot] != key or at - left_at[slot] > rejoin:
        keys[slot], passage_of[slot] = key, count
        if count - done == most:
            _round(t, done, done + _BLOCK, n, spent, lines, rules, found)
            done += _BLOCK
        column &= across - 1
        found[0][n + count] = (row >> 8) << 20 | column >> 8 if 0 <= row < across else -1
        found[1][n + count] = (row & 255) << 8 | (column & 255)
        found[2][0, n + count] = 0
        count += 1
    now = passage_of[slot]
    return count, done, now if now >= done else np.int64(-1)


@helper()
def _follow(t, fixes, lines, reach, frame, table, spent, rules, found, n):
    """Follow a track from pixel to pixel; returns the number of its passages, of which the first is `n` of all.

    `heatlas.kernels.trace.list_passages` finds the same passages in the same order. Where the track comes back to a
    passage that is rounded already, -1 is returned: it needs more rows.
    """
    u, v, progress, segments, tracks = fixes
    whole, ends, begins, many = lines
    keys, left_at, _ = table
    fraction, size, left, top, across, _ = frame
    shift, track = reach[1][t], (t, n, reach[0][t], across)
    metrics, origin, inside, carry = many[t], segments[tracks[t]], found[2][0], found[4]
    spends, wide, stride = metrics >= 0, HEAD + 2 * metrics, HEAD + metrics
    most = spent.shape[0] // wide if spends else np.int64(1) << 62
    mask = (np.int64(1) << shift) - 1
    keys[: 1 << 2 * shift] = NOWHERE
    carry[:] = 0.0
    if spends:
        spread_rules(rules[2], rules[3][t], metrics, found[5][0])
    count = done = np.int64(0)
    for s in range(tracks[t], tracks[t + 1]):
        first, last = segments[s], segments[s + 1]
        if first == last:
            continue
        ax, ay = place(u[first], size, left), place(v[first], size, top)
        column, row = ax >> fraction, ay >> fraction
        key, slot = slot_of(column, row, mask, shift)
        pixel, counts = (column, row, key, slot), (count, done, most)
        count, done, now = _enter(pixel, progress[first], track, counts, table, spent, lines, rules, found)
        if now < 0:
            return np.int64(-1)
        at_row = np.uint64((now & most - 1) * wide)
        inside[n + now] += 1
        for i in range(first, last - 1):
            bx, by = place(u[i + 1], size, left), place(v[i + 1], size, top)
            if ((ax ^ bx) | (ay ^ by)) >> fraction == 0:
                if spends:
                    add_line(spent, at_row, whole, np.uint64(begins[0, t] + (i - origin) * wide), np.uint64(wide))
            else:
                way, slope = set_out(ax, ay, bx, by, fraction)
                gain = progress[i + 1] - np.float64(progress[i])
                corners = u[i] * size, u[i + 1] * size, v[i] * size, v[i + 1] * size
                line, entered = np.uint64(begins[1, t] + (i - origin) * stride), 0.0
                while way[2] + way[3] > 0:
                    way, sideways = next_pixel(way, slope)
                    column, row = way[0], way[1]
                    until = max(entered, reached(way, slope, sideways, corners, frame))
                    if spends:
                        add_part(spent, at_row, ends, line, np.uint64(metrics), entered, until)
                    entered = until
                    at = progress[i] + entered * gain
                    left_at[slot] = at
                    key, slot = slot_of(column, row, mask, shift)
                    pixel, counts = (column, row, key, slot), (count, done, most)
                    count, done, now = _enter(pixel, at, track, counts, table, spent, lines, rules, found)
                    if now < 0:
                        return np.int64(-1)
                    at_row = np.uint64((now & most - 1) * wide)
                if spends:
                    add_part(spent, at_row, ends, line, np.uint64(metrics), entered, 1.0)
            inside[n + now] += 1
            ax, ay = bx, by
        left_at[slot] = progress[last - 1]
    while spends and done < count:
        last = min(count, done + _BLOCK)
        _round(t, done, last, n, spent, lines, rules, found)
        done = last
    return count


@helper()
def _drop_outside(n, count, found):
    """Drop passages beyond the edges of the world, of those from `n` on; returns the number of those that stay."""
    tile, pixel, amounts, values = found[0], found[1], found[2], found[3]
    kept = n
    for k in range(n, n + count):
        if tile[k] >= 0:
            if kept < k:
                tile[kept], pixel[kept] = tile[k], pixel[k]
                for a in range(amounts.shape[0]):
                    amounts[a, kept] = amounts[a, k]
                for c in range(values.shape[0]):
                    values[c, kept] = values[c, k]
            kept += 1
    return kept - n


@helper()
def _most_of(t, fixes, frame):
    """Bound the passages of a track from above."""
    u, v, _, segments, tracks = fixes
    fraction, size, left, top, _, _ = frame
    most = np.int64(0)
    for s in range(tracks[t], tracks[t + 1]):
        most += segments[s] < segments[s + 1]
        for i in range(segments[s], segments[s + 1] - 1):
            most += abs((place(u[i + 1], size, left) >> fraction) - (place(u[i], size, left) >> fraction))
            most += abs((place(v[i + 1], size, top) >> fraction) - (place(v[i], size, top) >> fraction))
    return most


@kernel(_FIXES, FRAME, "i8", "i8[:]")
def bound_visits(fixes, frame, begin, most):
    """Bound the passages of tracks from above.

    Parameters
    ----------
    fixes, frame
        As for `list_visits`.
    begin : int
        The first track.
    most : ndarray of int64 (k,)
        Changed to those of each.

    Returns
    -------
    int
        Those of all.
    """
    for t in range(most.shape[0]):
        most[t] = _most_of(begin + t, fixes, frame)
    return total(most)


@kernel(
    _FIXES, LINES, ("const f8[:]", "const i8[:]"), FRAME, _RULES, "i8", "const i8[:]",
    ("i8[:]", "u2[:]", "i8[:, :]", "i4[:, :]"), "i8[:]", allocates=True,
)  # fmt: skip
def list_visits(fixes, lines, reach, frame, rules, begin, most, room, bounds):
    """List the passages of tracks from `begin` on, with what was spent and measured in them.

    Parameters
    ----------
    fixes : Fixes
        Fixes of k tracks.
    lines : Lines
        Their lines.
    reach : (ndarray of float64 (k,), ndarray of int64 (k,))
        Metres of progress after which a return to a pixel counts again, and as `bits` for `count_passes`, of each.
    frame : tuple
        Of the whole world, as `frame_of` gives it.
    rules : Rules
        How what was spent is rounded.
    begin : int
        The first track.
    most : ndarray of int64 (k,)
        Of as many tracks as are listed, what `bound_visits` says.
    room : tuple
        Four arrays, for no fewer passages than `bound_visits` says. Those of the n passages are written:

        * ndarray of int64: row << 20 | column of the tile of each; across the antimeridian columns begin again at 0.
          What lies beyond an edge of the world is left out, and has its share of what is rounded along the way.
        * ndarray of uint16: row * 256 + column inside the tile.
        * ndarray of int64 (3, at least n): fixes, and steps of metres and of seconds; these two only where anything is
          spent.
        * ndarray of int32 (r, at least n): steps of each column of values, UNKNOWN where there is none.
    bounds : ndarray of int64 (k + 1,)
        Changed to the offsets of the tracks into the passages.
    """
    longest, widest, end = np.int64(0), np.int64(0), begin + most.shape[0]
    for t in range(begin, end):
        longest, widest = max(longest, HEAD + 2 * lines[3][t]), max(widest, reach[1][t])
    slots = 1 << 2 * widest
    tile, pixel, amounts, values = room
    table = np.empty(slots, np.int64), np.empty(slots), np.empty(slots, np.int64)
    rows, means = np.zeros(_OPEN * longest), (np.empty(2 * longest), np.empty(_BLOCK * longest))
    found = tile, pixel, amounts, values, np.empty((2, 2)), means
    n = np.int64(0)
    bounds[0] = n
    for t in range(begin, end):
        wide = HEAD + 2 * lines[3][t]
        count = _follow(t, fixes, lines, reach, frame, table, rows[: _OPEN * wide], rules, found, n)
        if count < 0:  # it comes back very late
            rows[:] = 0.0
            more = _OPEN
            while more < most[t - begin]:
                more *= 2
            enough = np.zeros(more * wide)
            count = _follow(t, fixes, lines, reach, frame, table, enough, rules, found, n)
        n += _drop_outside(n, count, found)
        bounds[t - begin + 1] = n
