"""List the passages of tracks and the pieces that they are made of; add up what was spent there, and round it."""

from __future__ import annotations

import math

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.lattice import FRAME, next_pixel, place, reached, set_out

__all__ = [
    "angle_steps", "join_fixes", "list_visits", "mean_steps", "place_visits", "round_amounts", "round_means",
    "spend_visits",
]  # fmt: skip

_BLOCK = 64
"""Passages that are rounded at a time: what was spent in them stays in the nearest cache of the processor."""
_UNSURE = 1e-6
"""Turns by which an angle may be wrong that `angle_steps` approximates."""


@kernel("const f8[:]", "const f8[:]", "const f4[:]", "const i8[:]", FRAME, "f8", "i8", allocates=True)
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
            way, slope = set_out(ax, ay, bx, by, fraction)
            ends = u[i] * size, u[i + 1] * size, v[i] * size, v[i + 1] * size
            gain = progress[i + 1] - np.float64(progress[i])
            entered = 0.0
            while way[2] + way[3] > 0:
                way, sideways = next_pixel(way, slope)
                column, row = way[0], way[1]
                entered = max(entered, reached(way, slope, sideways, ends, frame))
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


@kernel("const i8[:]", "i8", "i8", "i8", "i8", allocates=True)
def place_visits(cells, width, left, top, scale):
    """Find the tile of each passage, and the pixel inside the tile.

    Parameters
    ----------
    cells : ndarray of int64 (k,)
        As `list_visits` gives them.
    width, left, top : int
        Of the window: its columns, and its first column and row on the lattice of the world.
    scale : int
        Pixels of the world, 256 * 2**zoom: across the antimeridian, columns begin again at 0.

    Returns
    -------
    tile : ndarray of int64 (k,)
        Row << 20 | column of the tile.
    pixel : ndarray of uint16 (k,)
        Row * 256 + column inside the tile.
    inside : int
        Number of passages between the northern and the southern edge of the world.
    """
    tile, pixel = np.empty(cells.shape[0], np.int64), np.empty(cells.shape[0], np.uint16)
    inside = 0
    for k in range(cells.shape[0]):
        row = cells[k] // width
        column = cells[k] - row * width + left
        row += top
        if not 0 <= column < scale:
            column %= scale
        tile[k] = (row >> 8) << 20 | column >> 8
        pixel[k] = (row & 255) << 8 | (column & 255)
        inside += 0 <= row < scale
    return tile, pixel, inside


@kernel("const f8[:, :]", allocates=True)
def join_fixes(metrics):
    """Prepare the metrics of a track for `spend_visits`, which is called for each zoom.

    Parameters
    ----------
    metrics : ndarray of float64 (n, m)
        Values of m metrics at each fix, NaN where unknown.

    Returns
    -------
    ndarray of float64 (n, 3 m)
        For the line from each fix to the next m values at its beginning, m differences to those at its end, and m times
        1, or 0 where nothing is known at either end. What is known at one end holds for the line. The last row is 0.
    """
    count, many = metrics.shape
    lines = np.zeros((count, 3 * many))
    for i in range(count - 1):
        for m in range(many):
            here, there = metrics[i, m], metrics[i + 1, m]
            if here != here:
                here = there
            change = there - here
            if here == here:
                lines[i, m], lines[i, 2 * many + m] = here, 1.0
                if change == change:
                    lines[i, many + m] = change
    return lines


@kernel(
    "i8", "const i8[:]", "const i8[:]", "const f8[:]", "const f8[:]", "const f8[:]", "const f8[:, :]", allocates=True,
)  # fmt: skip
def spend_visits(count, passage, line, until, time, metres, lines):
    """Add up what was spent in the pieces of `list_visits`, for all metrics at once.

    Parameters
    ----------
    count : int
        Number of passages.
    time, metres
        As for `heatlas.kernels.trace.list_passages`.
    lines : ndarray of float64 (n, 3 m)
        As `join_fixes` gives them, for m metrics.

    Returns
    -------
    ndarray of float64 (count, 2 + 2 m)
        Seconds, metres, the sum of the values of each metric by weight, and the sum of the weights of each: for one
        metric as `list_passages` gives them.
    """
    many = lines.shape[1] // 3
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
            spent[k, 2 + m] += (lines[i, m] + lines[i, many + m] * middle) * weight
            spent[k, 2 + many + m] += lines[i, 2 * many + m] * weight
    return spent


@kernel("const f8[:]", "f8", allocates=True)
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


@helper()
def mean_steps(total, weight, step, octave, least, most, unknown):
    """Round a mean to whole steps, as a float64; `unknown` where there is none (see `round_means`)."""
    if not weight > 0 or total != total:
        return np.float64(unknown)
    mean = total / weight
    if mean != mean or (octave > 0 and not mean > 0):
        return np.float64(unknown)
    exact = -math.log2(mean) * octave if octave > 0 else mean * (1.0 / step)  # steps are powers of two
    return np.rint(min(max(exact, least), most))


@helper(error_model="numpy")
def angle_steps(cosine, sine, turn):
    """Angle of a direction in whole steps, of which a whole turn has `turn`, an int32 from 0.

    The arctangent of the smaller by the larger part is a polynomial (wrong by 2e-6; Abramowitz & Stegun 4.4.49 has its
    like). Where it does not decide, as the angle is next to the middle between two steps, `math.atan2` does.
    """
    across, up = abs(cosine), abs(sine)
    longer, shorter = max(across, up), min(across, up)
    share = shorter / longer
    square = share * share
    tail = -0.01172120
    for factor in (0.05265332, -0.11643287, 0.19354346, -0.33262347, 0.99997726):
        tail = tail * square + factor
    angle = tail * share
    if up > across:
        angle = 0.5 * np.pi - angle
    if cosine < 0:
        angle = np.pi - angle
    if sine < 0:
        angle = 2 * np.pi - angle
    exact = angle / (2 * np.pi) * turn
    nearest = np.rint(exact)
    if not abs(exact - nearest) < 0.5 - _UNSURE * turn:  # also of no direction
        share = math.atan2(sine, cosine) / (2 * np.pi)
        nearest = np.rint((share + 1.0 if share < 0 else share) * turn)
    return np.int32(nearest) if nearest < turn else np.int32(0)


@kernel("const f8[:, :]", "const f8[:, :]", "i8", allocates=True, error_model="numpy")
def round_means(spent, rules, unknown):
    """Round the means of metrics in each passage to whole steps.

    Parameters
    ----------
    spent : ndarray of float64 (k, 2 + 2 m)
        As `spend_visits` gives it. Nothing is known where a weight is 0.
    rules : ndarray of float64 (r, 6)
        For each column that is written: which of the m metrics it rounds; the value of 1; where steps are no values but
        factors, the number of steps that double the reciprocal of the mean, else 0; the least and the greatest step;
        and the steps of a whole turn, where this metric and the next are the cosine and the sine of an angle, else 0.
    unknown : int
        Stands for what is not known.

    Returns
    -------
    ndarray of int32 (r, k)
    """
    count, many = spent.shape[0], spent.shape[1] // 2 - 1
    steps = np.empty((rules.shape[0], count), np.int32)
    unknown_step = np.float64(unknown)
    for first in range(0, count, _BLOCK):
        last = min(first + _BLOCK, count)
        for r in range(rules.shape[0]):
            _, step, octave, least, most, turn = rules[r]
            at = 2 + np.int64(rules[r, 0])
            if turn > 0:
                for k in range(first, last):
                    total, weight = spent[k, at], spent[k, at + many]
                    known = weight > 0 and total == total
                    steps[r, k] = angle_steps(total, spent[k, at + 1], turn) if known else unknown
            elif octave > 0:
                for k in range(first, last):
                    found = mean_steps(spent[k, at], spent[k, at + many], step, octave, least, most, unknown)
                    steps[r, k] = np.int32(found)
            else:  # as `mean_steps`, in a form for which the compiler finds vector instructions
                per_step = 1.0 / step
                for k in range(first, last):
                    weight = spent[k, at + many]
                    mean = spent[k, at] / weight
                    exact = mean * per_step
                    exact = most if exact > most else exact  # noqa: FURB136
                    exact = least if exact < least else exact  # noqa: FURB136
                    known = (weight > 0) & (mean == mean)
                    steps[r, k] = np.int32(np.rint(exact if known else unknown_step))
    return steps
