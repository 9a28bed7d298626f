"""List the passages of tracks and the pieces that they are made of; what was spent there is added up separately."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import kernel
from heatlas.kernels.lattice import coarser, course, crossing, place
from heatlas.kernels.reduce import spend

__all__ = ["list_visits", "spend_visits"]


@kernel(allocates=True)
def list_visits(u, v, progress, segments, frame, least, bits):
    """List the passages of one track, and the pieces of its lines that they are made of.

    `heatlas.kernels.trace.list_passages` finds the same passages in the same order. From the pieces, `spend_visits`
    computes what was spent for many metrics without another traversal.

    Parameters
    ----------
    u, v, progress, segments, frame, least, bits
        As for `list_passages`; the window must hold all of the track.

    Returns
    -------
    cells : ndarray of int64 (k,)
        Pixel of each passage, row * width + column.
    fixes : ndarray of int64 (k,)
        Fixes inside the pixel during the passage.
    passage, line : ndarray of int64 (m,)
        For each piece the passage, and the fix at which its line begins.
    until : ndarray of float64 (m,)
        Share of the line at which the piece ends; it begins where the piece before ends, or at 0.
    """
    fraction, size, left, top, width, _ = frame
    pieces, most = 0, 0
    for s in range(segments.shape[0] - 1):
        most += segments[s] < segments[s + 1]
        for i in range(segments[s], segments[s + 1] - 1):
            columns = (place(u[i + 1], size, left) >> fraction) - (place(u[i], size, left) >> fraction)
            rows = (place(v[i + 1], size, top) >> fraction) - (place(v[i], size, top) >> fraction)
            pieces += abs(columns) + abs(rows) + 1
            most += abs(columns) + abs(rows)
    cells, fixes = np.empty(most, np.int64), np.zeros(most, np.int64)
    passage, line, until = np.empty(pieces, np.int64), np.empty(pieces, np.int64), np.empty(pieces)
    last_slot = (1 << 2 * bits) - 1
    cell_of, left_at = np.full(last_slot + 1, -1, np.int64), np.zeros(last_slot + 1)
    passage_of = np.zeros(last_slot + 1, np.int64)
    n, m = 0, 0
    for s in range(segments.shape[0] - 1):
        first, last = segments[s], segments[s + 1]
        if first == last:
            continue
        ax, ay = place(u[first], size, left), place(v[first], size, top)
        column, row = ax >> fraction, ay >> fraction
        cell, slot = row * width + column, ((row << bits) + column) & last_slot
        if cell_of[slot] != cell or progress[first] - left_at[slot] > least:
            cell_of[slot], passage_of[slot], cells[n] = cell, n, cell
            n += 1
        fixes[passage_of[slot]] += 1
        for i in range(first, last - 1):
            bx, by = place(u[i + 1], size, left), place(v[i + 1], size, top)
            columns, rows, balance, rise, run = course(ax, ay, bx, by, fraction, coarser(ax, ay, bx, by, fraction))
            step_x, step_y = (1 if columns > 0 else -1), (1 if rows > 0 else -1)
            columns, rows = abs(columns), abs(rows)
            gain = progress[i + 1] - np.float64(progress[i])
            entered = 0.0
            while columns + rows > 0:
                if columns > 0 and (balance < 0 or rows == 0):
                    west, east = u[i] * size, u[i + 1] * size
                    reached = crossing(west, east, ((column + (step_x > 0)) << fraction) + left)
                    column += step_x
                    columns -= 1
                    balance += rise
                else:
                    north, south = v[i] * size, v[i + 1] * size
                    reached = crossing(north, south, ((row + (step_y > 0)) << fraction) + top)
                    row += step_y
                    rows -= 1
                    balance -= run
                entered = max(entered, reached)
                passage[m], line[m], until[m] = passage_of[slot], i, entered
                m += 1
                at = progress[i] + entered * gain
                left_at[slot] = at
                cell, slot = row * width + column, ((row << bits) + column) & last_slot
                if cell_of[slot] != cell or at - left_at[slot] > least:
                    cell_of[slot], passage_of[slot], cells[n] = cell, n, cell
                    n += 1
            passage[m], line[m], until[m] = passage_of[slot], i, 1.0
            m += 1
            fixes[passage_of[slot]] += 1
            ax, ay = bx, by
        left_at[slot] = progress[last - 1]
    return cells[:n], fixes[:n], passage[:m], line[:m], until[:m]


@kernel(allocates=True)
def spend_visits(count, passage, line, until, time, metres, metric):
    """Add up what was spent in the pieces of `list_visits`.

    Parameters
    ----------
    count : int
        Number of passages.
    time, metres, metric
        As for `heatlas.kernels.trace.list_passages`.

    Returns
    -------
    ndarray of float64 (count, 4)
        `spent` as `list_passages` gives it.
    """
    spent = np.zeros((count, 4))
    before = -1
    for j in range(passage.shape[0]):
        entered = until[j - 1] if line[j] == before else 0.0
        before = line[j]
        spend(spent, passage[j], entered, until[j], before, time, metres, metric)
    return spent
