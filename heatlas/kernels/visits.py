"""List the passages of tracks and the pieces that they are made of; add up what was spent there, and round it."""

from __future__ import annotations

import math

import numpy as np

from heatlas.kernels.compiled import kernel
from heatlas.kernels.lattice import coarser, course, crossing, place

__all__ = ["list_visits", "round_amounts", "round_means", "round_turns", "spend_visits"]


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
def spend_visits(count, passage, line, until, time, metres, metrics):
    """Add up what was spent in the pieces of `list_visits`, for all metrics at once.

    Parameters
    ----------
    count : int
        Number of passages.
    time, metres
        As for `heatlas.kernels.trace.list_passages`.
    metrics : ndarray of float64 (n, m)
        Values of m metrics at each fix, NaN where unknown.

    Returns
    -------
    ndarray of float64 (count, 2 + 2 m)
        Seconds, metres, and for each metric the sum of its values by weight and the sum of the weights: for one metric
        as `list_passages` gives them.
    """
    many = metrics.shape[1]
    spent = np.zeros((count, 2 + 2 * many))
    before = -1
    for j in range(passage.shape[0]):
        i, k = line[j], passage[j]
        entered = until[j - 1] if i == before else 0.0
        before = i
        share = until[j] - entered
        length = metres[i] * share
        weight = (time[i + 1] - time[i]) * share
        if weight == weight:
            spent[k, 0] += weight
        else:
            weight = length
        spent[k, 1] += length
        weight += 1e-9  # as `heatlas.kernels.reduce.spend`
        middle = 0.5 * (entered + until[j])
        for m in range(many):
            here, there = metrics[i, m], metrics[i + 1, m]
            value = here + (there - here) * middle
            if value != value:
                value = there if here != here else here
            if value == value:
                spent[k, 2 + 2 * m] += value * weight
                spent[k, 3 + 2 * m] += weight
    return spent


@kernel(allocates=True)
def round_amounts(amounts, step):
    """Round amounts (k,) along a track to whole steps, int64; each remainder goes to the next one."""
    steps = np.empty(amounts.shape[0], np.int64)
    total, before = 0.0, 0.0
    for k in range(amounts.shape[0]):
        total += amounts[k]
        now = np.rint(total / step)
        steps[k] = np.int64(now - before)
        before = now
    return steps


@kernel(allocates=True)
def round_means(total, weight, step, octave, least, most, unknown):
    """Round means, `total` by `weight` (k,), to whole steps, int32.

    Parameters
    ----------
    total, weight : ndarray of float64 (k,)
        Nothing is known where the weight is 0.
    step : float
        Value of 1; not used where there is an octave.
    octave : float
        Steps of a factor of two of the mean's reciprocal; 0: steps are even.
    least, most : int
        Bounds of the steps.
    unknown : int
        Stands for what is not known.
    """
    steps = np.full(total.shape[0], unknown, np.int32)
    for k in range(total.shape[0]):
        if not weight[k] > 0:
            continue
        mean = total[k] / weight[k]
        if mean != mean or (octave > 0 and not mean > 0):
            continue
        exact = -math.log2(mean) * octave if octave > 0 else mean / step
        steps[k] = np.int32(np.rint(min(max(exact, least), most)))
    return steps


@kernel(allocates=True)
def round_turns(across, along, weight, whole, unknown):
    """Round the angles of vectors (k,) to steps, `whole` of which are a turn, int32; `unknown` where weight is 0."""
    steps = np.full(across.shape[0], unknown, np.int32)
    for k in range(across.shape[0]):
        if weight[k] > 0:
            turn = math.atan2(along[k], across[k]) / (2 * np.pi) % 1.0
            steps[k] = np.int32(np.rint(turn * whole) % whole)
    return steps
