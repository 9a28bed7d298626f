"""Which pixels a track goes through: exact traversal, with returns counted and what was spent in each.

A pixel's share of the line between two fixes depends on that line and that pixel alone: every crossing is
computed from the line's ends, never by adding up steps. So two windows on one lattice agree to the last bit
where they overlap, wherever their edges are.

Whether a visit continues an earlier passage is decided by a small table that repeats over the lattice. Two
visits less than the rejoin distance apart lie within that distance of each other on the ground as well (see
`heatlas.kernels.path.progress_along`), so a table wider than this holds all that can matter, and it
stays in the fastest cache.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

__all__ = ["count_fixes", "count_passes", "list_passages"]


def _tracer(listing: bool) -> Any:
    """Make the kernel that counts passages, or the one that lists them; `listing` is constant in each."""

    @njit(cache=True, nogil=True, error_model="numpy")
    def trace(
        u, v, progress, first, last, scale, x0, y0, width, height, least, bits, before, table, out, scratch
    ):  # fmt: skip
        cell_of, left_at, passage_of = table
        counts, cells, spent, time, metres, metric = out
        x, y, steps = scratch
        mask = (1 << bits) - 1
        nowhere = 1 << (2 * bits)
        n = before
        slot = nowhere
        # Two plain loops first, which the compiler turns into vector instructions without branches: places in
        # pixels, and the few steps that matter. Most steps of a fine recording stay inside one pixel.
        length = last - first
        for i in range(length):
            x[i] = u[first + i] * scale - x0
            y[i] = v[first + i] * scale - y0
        many = 0
        for i in range(length - 1):
            left, right = np.floor(x[i]), np.floor(x[i + 1])
            top, bottom = np.floor(y[i]), np.floor(y[i + 1])
            near = (max(left, right) >= 0) & (min(left, right) < width)
            near &= (max(top, bottom) >= 0) & (min(top, bottom) < height)
            steps[many] = i
            many += near & (listing | (left != right) | (top != bottom))
        column, row = np.floor(x[0]), np.floor(y[0])
        if 0 <= column < width and 0 <= row < height:
            c, r = int(column), int(row)
            cell = r * width + c
            slot = (r & mask) << bits | (c & mask)
            if cell_of[slot] != cell or progress[first] - left_at[slot] > least:
                cell_of[slot] = cell
                if listing:
                    cells[n] = cell
                    passage_of[slot] = n
                else:
                    counts[cell] += 1
                n += 1
        for k in range(many):
            i = first + steps[k]
            ax, ay, p = x[i - first], y[i - first], progress[i]
            bx, by, q = x[i - first + 1], y[i - first + 1], progress[i + 1]
            column, row, end_column, end_row = np.floor(ax), np.floor(ay), np.floor(bx), np.floor(by)
            within = min(column, end_column) >= 0 and min(row, end_row) >= 0
            within = within and max(column, end_column) < width and max(row, end_row) < height
            columns, rows = int(end_column - column), int(end_row - row)
            c, r = int(column), int(row)
            step_x, step_y = (1 if columns > 0 else -1), (1 if rows > 0 else -1)
            columns, rows = abs(columns), abs(rows)
            across, down = 1.0 / (bx - ax), 1.0 / (by - ay)
            edge_x, edge_y = column + (step_x > 0), row + (step_y > 0)
            # An axis without steps left is never the nearer one: crossings lie in [0, 1].
            next_x = (edge_x - ax) * across if columns > 0 else 2.0
            next_y = (edge_y - ay) * down if rows > 0 else 2.0
            gain = q - p
            entered = 0.0
            for _ in range(columns + rows):
                crossing = min(next_x, next_y)
                if listing:
                    if slot != nowhere:
                        _spend(spent, passage_of[slot], entered, crossing, i, time, metres, metric)
                    entered = crossing
                at = p + crossing * gain
                left_at[slot] = at
                if next_x <= next_y:
                    c += step_x
                    edge_x += step_x
                    columns -= 1
                    next_x = (edge_x - ax) * across if columns > 0 else 2.0
                else:
                    r += step_y
                    edge_y += step_y
                    rows -= 1
                    next_y = (edge_y - ay) * down if rows > 0 else 2.0
                if within or (0 <= c < width and 0 <= r < height):
                    cell = r * width + c
                    slot = (r & mask) << bits | (c & mask)
                    if cell_of[slot] != cell or at - left_at[slot] > least:
                        cell_of[slot] = cell
                        if listing:
                            cells[n] = cell
                            passage_of[slot] = n
                        else:
                            counts[cell] += 1
                        n += 1
                else:
                    slot = nowhere
            if listing and slot != nowhere:
                _spend(spent, passage_of[slot], entered, 1.0, i, time, metres, metric)
        left_at[slot] = progress[last - 1]
        return n

    return trace


@njit(cache=True, nogil=True)
def _spend(spent, k, entered, until, i, time, metres, metric):
    """Credit passage k with its share of the line from fix i to the next."""
    share = until - entered
    length = metres[i] * share
    weight = (time[i + 1] - time[i]) * share
    if weight == weight:
        spent[k, 0] += weight
    else:
        weight = length
    spent[k, 1] += length
    if metric.shape[0] > 0:
        # The mean of a linear course over the visit is its value at the middle.
        here, there = metric[i], metric[i + 1]
        value = here + (there - here) * 0.5 * (entered + until)
        if value != value:
            value = there if here != here else here
        if value == value:
            weight += 1e-9  # a visit that took no time still has a value
            spent[k, 2] += value * weight
            spent[k, 3] += weight


_count = _tracer(False)
_list = _tracer(True)


@njit(cache=True, nogil=True)
def _scratch(segments):
    """Room for the places and steps of the longest segment."""
    longest = 0
    for s in range(segments.shape[0] - 1):
        longest = max(longest, segments[s + 1] - segments[s])
    return np.empty(longest), np.empty(longest), np.empty(longest, np.int64)


@njit(cache=True, nogil=True)
def _visits(u, v, segments, scale, x0, y0, width, height):
    """Bound the number of pixel visits inside a window from above."""
    total = 0
    for s in range(segments.shape[0] - 1):
        first, last = segments[s], segments[s + 1]
        if first == last:
            continue
        ax, ay = u[first] * scale - x0, v[first] * scale - y0
        total += 1
        for i in range(first + 1, last):
            bx, by = u[i] * scale - x0, v[i] * scale - y0
            if max(ax, bx) >= 0 and max(ay, by) >= 0 and min(ax, bx) < width and min(ay, by) < height:
                total += int(min(abs(bx - ax) + 2, width + 1) + min(abs(by - ay) + 2, height + 1))
            ax, ay = bx, by
    return total


@njit(cache=True, nogil=True)
def count_passes(u, v, progress, segments, tracks, least, bits, scale, x0, y0, width, height, counts):
    """Count the passages of tracks through the pixels of a window.

    The pixels of a line are found by exact traversal: J. Amanatides and A. Woo, A Fast Voxel Traversal
    Algorithm for Ray Tracing, Eurographics 1987.

    Parameters
    ----------
    u, v : ndarray of float64 (n,)
        World coordinates of the fixes.
    progress : ndarray of float32 (n,)
        What `heatlas.kernels.path.progress_along` gives, metres.
    segments : ndarray of int64 (m + 1,)
        Offsets of the segments into the fixes.
    tracks : ndarray of int64 (k + 1,)
        Offsets of the tracks into the segments.
    least : ndarray of float64 (k,)
        Metres of progress after which a return to a pixel counts again, for each track.
    bits : ndarray of int64 (k,)
        Binary logarithm of a number of pixels that exceeds `least` plus twice the tolerance of `progress`.
    scale : float
        Pixels across the world.
    x0, y0 : float
        Left and upper edge of the window, pixels.
    width, height : int
        Pixels.
    counts : ndarray of uint32 (height * width,)
        Is increased by 1 for each passage.
    """
    size = (1 << (2 * bits.max())) + 1
    cell_of, left_at = np.full(size, -1, np.int64), np.zeros(size)
    none = np.zeros(0)
    out = (counts, np.zeros(0, np.int64), np.zeros((0, 4)), none, none, none)
    scratch = _scratch(segments)
    for k in range(tracks.shape[0] - 1):
        cell_of[: 1 << (2 * bits[k])] = -1
        table = (cell_of[: (1 << (2 * bits[k])) + 1], left_at, np.zeros(0, np.int32))
        for s in range(tracks[k], tracks[k + 1]):
            if segments[s] < segments[s + 1]:
                _count(
                    u, v, progress, segments[s], segments[s + 1],
                    scale, x0, y0, width, height, least[k], bits[k], 0, table, out, scratch,
                )  # fmt: skip


@njit(cache=True, nogil=True)
def list_passages(
    u, v, progress, time, metres, metric, segments, scale, x0, y0, width, height, least, bits
):  # fmt: skip
    """List the passages of one track through the pixels of a window in the order of their beginnings.

    Parameters
    ----------
    u, v, progress, scale, x0, y0, width, height
        As for `count_passes`.
    segments : ndarray of int64 (m + 1,)
        Offsets of the track's segments into the fixes.
    least : float
        Metres of progress after which a return to a pixel counts again.
    bits : int
        As for `count_passes`, for this track.
    time : ndarray of float64 (n,)
        Seconds, NaN where unknown.
    metres : ndarray of float64 (n,)
        Ground distance from each fix to the next.
    metric : ndarray of float64 (n,) or (0,)
        A metric at each fix, NaN where unknown; empty when none is wanted.

    Returns
    -------
    cells : ndarray of int64 (k,)
        Pixel of each passage, row * width + column.
    spent : ndarray of float64 (k, 4)
        Seconds and metres inside the pixel; the sum of metric * weight and of the weights, the weight
        being seconds (metres where the time is unknown) with a known metric.
    """
    size = (1 << (2 * bits)) + 1
    bound = _visits(u, v, segments, scale, x0, y0, width, height)
    cells = np.empty(bound, np.int64)
    spent = np.zeros((bound, 4))
    n = 0
    if bound > 0:
        table = (np.full(size, -1, np.int64), np.zeros(size), np.zeros(size, np.int32))
        out = (np.zeros(0, np.uint32), cells, spent, time, metres, metric)
        scratch = _scratch(segments)
        for s in range(segments.shape[0] - 1):
            if segments[s] < segments[s + 1]:
                n = _list(
                    u, v, progress, segments[s], segments[s + 1],
                    scale, x0, y0, width, height, least, bits, n, table, out, scratch,
                )  # fmt: skip
    return cells[:n], spent[:n]


@njit(cache=True, nogil=True)
def count_fixes(u, v, scale, x0, y0, width, height, counts):
    """Add 1 to `counts` (height * width, uint32) for every fix inside the window."""
    for i in range(u.shape[0]):
        column, row = math.floor(u[i] * scale - x0), math.floor(v[i] * scale - y0)
        if 0 <= column < width and 0 <= row < height:
            counts[int(row) * width + int(column)] += 1
