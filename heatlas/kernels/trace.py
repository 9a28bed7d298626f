"""Passages of tracks through pixels: counted, or listed with what was spent in each.

Which pixels a line goes through is decided in whole numbers (`heatlas.kernels.lattice`), and a pixel's share of the
line depends on that line and that pixel alone. So two windows on one lattice agree to the last bit where they
overlap, wherever their edges are.

Whether a visit continues an earlier passage is decided by a small table that repeats over the lattice. Two
visits less than the rejoin distance apart lie within that distance of each other on the ground as well (see
`heatlas.kernels.path.progress_along`), so a table wider than this holds all that can matter, and it
stays in the fastest cache. For counting it holds the pixel and the line on which the track was there last: few
pixels are come back to so soon, and only for these the places on both lines are worked out.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from heatlas.kernels.lattice import (
    CHUNK,
    LONGEST,
    ONE,
    coarser,
    course,
    crossing,
    frame_of,
    moment,
    near_lines,
    place,
    prefetch,
    visits,
)
from heatlas.kernels.reduce import spend

__all__ = ["count_passes", "list_passages"]

_RING = 64
"""Pixels that are on their way from memory at one time; a power of 2."""
_CELL = 0xFFFFFFFF
"""Bits of a table's entry that hold the pixel; the line is above them."""


@njit(cache=True, nogil=True)
def _goes_on(fixes, left_on, line, frame, cell, least):
    """Whether entering a pixel, left last on line `left_on`, continues the passage."""
    progress = fixes[2]
    if min(line, left_on) >= 0:  # most often the ends of both lines tell already
        if np.float64(progress[line + 1]) - progress[left_on] <= least:
            return True
        if np.float64(progress[line]) - progress[left_on + 1] > least:
            return False
    row = np.int64(cell) // frame[4]
    column = np.int64(cell) - row * frame[4]
    left_at = moment(fixes, left_on, frame, column, row, 1.0)
    return moment(fixes, line, frame, column, row, 0.0) - left_at <= least


@njit(cache=True, nogil=True)
def _count(counts, carries, cell):
    """Add 1 to the count of a pixel, of which `counts` holds the lower eight bits; tell whether that carried."""
    low = np.uint8(counts[cell] + np.uint8(1))
    counts[cell] = low
    if low == 0:
        carries[0][cell] += np.uint32(1)
        carries[1][cell >> carries[2]] = True
        return 1
    return 0


@njit(cache=True, nogil=True)
def _count_with_care(fixes, line, frame, table, shift, least, counts, carries):
    """Count the pixels of a line that leaves the window, is very long, or ends in a corner; return the carries."""
    carried = 0
    u, v, _ = fixes
    bits, size, left, top, width, height = frame
    ax, ay = place(u[line], size, left), place(v[line], size, top)
    bx, by = place(u[line + 1], size, left), place(v[line + 1], size, top)
    columns, rows, balance, rise, run = course(ax, ay, bx, by, bits, coarser(ax, ay, bx, by, bits))
    step_x, step_y = (1 if columns > 0 else -1), (1 if rows > 0 else -1)
    columns, rows = abs(columns), abs(rows)
    column, row = ax >> bits, ay >> bits
    last = (1 << 2 * shift) - 1
    while columns + rows > 0:
        if 0 <= column < width and 0 <= row < height:
            table[((row << shift) + column) & last] = line << 32 | (row * width + column)
        if columns > 0 and (balance < 0 or rows == 0):
            column += step_x
            columns -= 1
            balance += rise
        else:
            row += step_y
            rows -= 1
            balance -= run
        if 0 <= column < width and 0 <= row < height:
            slot, cell = ((row << shift) + column) & last, row * width + column
            before = table[slot]
            table[slot] = line << 32 | cell
            if before & _CELL != cell or not _goes_on(fixes, before >> 32, line, frame, np.uint64(cell), least):
                carried += _count(counts, carries, np.uint64(cell))
    return carried


@njit(cache=True, nogil=True)
def count_passes(
    u, v, progress, segments, tracks, least, bits, scale, x0, y0, width, height, counts, carried, blocks, block
):  # fmt: skip
    """Count the passages of tracks through the pixels of a window.

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
    counts : ndarray of uint8 (height * width,)
        Is increased by 1 for each passage, and begins again with 0 after 255; fewer than 2**32 pixels. Memory is what
        counting waits for: few pixels have more passages than a byte holds.
    carried : ndarray of uint32 (height * width,)
        Is increased by 1 where `counts` begins again: 256 passages each.
    blocks : ndarray of bool (height * width / 2**block, rounded up,)
        Becomes true for runs of pixels in which something was carried: nobody has to look at the others.
    block : int
        Binary logarithm of the pixels of such a run.

    Returns
    -------
    int
        How often `counts` began again; 0: nothing was carried.
    """
    frame = frame_of(scale, x0, y0, width, height)
    fraction, size, left, top, width, height = frame
    right, bottom = (width << fraction) - 1, (height << fraction) - 1
    fixes = (u, v, progress)
    widest = 0
    for shift in bits:
        widest = max(widest, shift)
    table = np.empty(1 << 2 * widest, np.int64)
    x, y, near = np.empty(CHUNK + 1, np.int64), np.empty(CHUNK + 1, np.int64), np.empty(CHUNK, np.uint32)
    # A pixel is asked for when it is met and counted when the ring has gone round: memory is slow, not narrow.
    # What the ring holds at first are counts for pixel 0, taken off in advance, with what they will carry.
    ring, turn = np.zeros(_RING, np.uint64), 0
    carries, times = (carried, blocks, np.uint64(block)), 0
    if counts[0] < _RING:
        carried[0] -= np.uint32(1)
        times -= 1
    counts[0] -= np.uint8(_RING)
    for t in range(tracks.shape[0] - 1):
        shift, rejoin = bits[t], least[t]
        last_slot = (1 << 2 * shift) - 1
        table[: last_slot + 1] = -1
        for s in range(tracks[t], tracks[t + 1]):
            first, last = segments[s], segments[s + 1]
            if first == last:
                continue
            ax, ay = place(u[first], size, left), place(v[first], size, top)
            if (ax | ay | (right - ax) | (bottom - ay)) >= 0:
                column, row = ax >> fraction, ay >> fraction
                cell, slot = row * width + column, ((row << shift) + column) & last_slot
                back = table[slot] & _CELL == cell
                if not back or progress[first] - moment(fixes, table[slot] >> 32, frame, column, row, 1.0) > rejoin:
                    times += _count(counts, carries, np.uint64(cell))
                table[slot] = cell
            for start in range(first, last - 1, CHUNK):
                found, within = near_lines(u, v, start, min(CHUNK, last - 1 - start), False, frame, x, y, near)
                for j in range(found):
                    i = np.uint64(near[j])
                    line = np.int64(start + i)
                    ax, ay, bx, by = x[i], y[i], x[i + ONE], y[i + ONE]
                    outside = ax | ay | bx | by | (right - ax) | (bottom - ay) | (right - bx) | (bottom - by)
                    plain = within or outside >= 0
                    plain = plain and (bx | by) & ((1 << fraction) - 1) != 0
                    plain = plain and (abs(bx - ax) | abs(by - ay)) >> (fraction + LONGEST) == 0
                    if not plain:
                        times += _count_with_care(fixes, line, frame, table, shift, rejoin, counts, carries)
                        continue
                    columns, rows, balance, rise, run = course(ax, ay, bx, by, fraction, 0)
                    # Nothing can make up for this: an axis without steps left is never taken. Only where a line
                    # ends in a corner of pixels might another step tie with the last.
                    if columns == 0:
                        balance = 1 << 62
                    if rows == 0:
                        balance = -(1 << 62)
                    column, row = ax >> fraction, ay >> fraction
                    cell, here = row * width + column, (row << shift) + column
                    # By masks instead of branches: which edge is next cannot be foretold.
                    cell_x, cell_y = (1 if columns > 0 else -1), (width if rows > 0 else -width)
                    here_y = 1 << shift if rows > 0 else -(1 << shift)
                    both, cell_xy, here_xy = rise + run, cell_x - cell_y, cell_x - here_y
                    cell |= line << 32
                    table[np.uint64(here & last_slot)] = cell
                    end = turn + abs(columns) + abs(rows)
                    for k in range(turn, end):
                        sideways = balance >> 63
                        balance += (both & sideways) - run
                        cell += cell_y + (cell_xy & sideways)
                        here += here_y + (here_xy & sideways)
                        slot = np.uint64(here & last_slot)
                        before = table[slot]
                        table[slot] = cell
                        pixel = np.uint64(np.uint32(cell))
                        back = np.uint64(np.uint32(before)) == pixel
                        if back and _goes_on(fixes, before >> 32, line, frame, pixel, rejoin):
                            continue
                        prefetch(counts, pixel)
                        due = np.uint64(k & (_RING - 1))
                        times += _count(counts, carries, ring[due])
                        ring[due] = pixel
                    turn = end
            ax, ay = place(u[last - 1], size, left), place(v[last - 1], size, top)
            if (ax | ay | (right - ax) | (bottom - ay)) >= 0:
                column, row = ax >> fraction, ay >> fraction
                table[((row << shift) + column) & last_slot] = (-last << 32) | (row * width + column)
    for cell in ring:
        times += _count(counts, carries, np.uint64(cell))
    return times


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
    frame = frame_of(scale, x0, y0, width, height)
    x, y, near = np.empty(CHUNK + 1, np.int64), np.empty(CHUNK + 1, np.int64), np.empty(CHUNK, np.uint32)
    bound = visits(u, v, segments, frame, x, y, near)
    cells = np.empty(bound, np.int64)
    spent = np.zeros((bound, 4))
    fraction, size, left, top, width, height = frame
    last_slot = (1 << 2 * bits) - 1
    nowhere = last_slot + 1
    n = 0
    slots = nowhere + 1 if bound > 0 else 0
    cell_of, left_at, passage_of = np.full(slots, -1, np.int64), np.zeros(slots), np.zeros(slots, np.int64)
    for s in range(segments.shape[0] - 1 if bound > 0 else 0):
        first, last = segments[s], segments[s + 1]
        if first == last:
            continue
        slot = nowhere
        column, row = place(u[first], size, left) >> fraction, place(v[first], size, top) >> fraction
        if 0 <= column < width and 0 <= row < height:
            cell, slot = row * width + column, ((row << bits) + column) & last_slot
            if cell_of[slot] != cell or progress[first] - left_at[slot] > least:
                cell_of[slot], passage_of[slot] = cell, n
                cells[n] = cell
                n += 1
        for start in range(first, last - 1, CHUNK):
            found, _ = near_lines(u, v, start, min(CHUNK, last - 1 - start), True, frame, x, y, near)
            for j in range(found):
                k = near[j]
                i = start + k
                ax, ay, bx, by = x[k], y[k], x[k + 1], y[k + 1]
                columns, rows, balance, rise, run = course(ax, ay, bx, by, fraction, coarser(ax, ay, bx, by, fraction))
                step_x, step_y = (1 if columns > 0 else -1), (1 if rows > 0 else -1)
                columns, rows = abs(columns), abs(rows)
                column, row = ax >> fraction, ay >> fraction
                gain = progress[i + 1] - np.float64(progress[i])
                west, east = u[i] * size - left, u[i + 1] * size - left
                north, south = v[i] * size - top, v[i + 1] * size - top
                entered = 0.0
                while columns + rows > 0:
                    if columns > 0 and (balance < 0 or rows == 0):
                        reached = crossing(west, east, (column + (step_x > 0)) << fraction)
                        column += step_x
                        columns -= 1
                        balance += rise
                    else:
                        reached = crossing(north, south, (row + (step_y > 0)) << fraction)
                        row += step_y
                        rows -= 1
                        balance -= run
                    reached = max(entered, reached)
                    if slot != nowhere:
                        spend(spent, passage_of[slot], entered, reached, i, time, metres, metric)
                    entered = reached
                    at = progress[i] + reached * gain
                    left_at[slot] = at
                    slot = nowhere
                    if 0 <= column < width and 0 <= row < height:
                        cell, slot = row * width + column, ((row << bits) + column) & last_slot
                        if cell_of[slot] != cell or at - left_at[slot] > least:
                            cell_of[slot], passage_of[slot] = cell, n
                            cells[n] = cell
                            n += 1
                if slot != nowhere:
                    spend(spent, passage_of[slot], entered, 1.0, i, time, metres, metric)
        left_at[slot] = progress[last - 1]
    return cells[:n], spent[:n]
