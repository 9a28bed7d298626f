"""List passages of tracks through pixels, with the time, distance and metric in each.

The pixels of a line are decided in whole numbers (`heatlas.kernels.lattice`). A pixel's share of the line depends on
that line and that pixel alone. Two windows on one lattice therefore agree to the last bit where they overlap, wherever
their edges are.

A small table that repeats over the lattice decides whether a visit continues an earlier passage. Two visits with
less progress between them than the rejoin distance also lie within that distance on the ground, plus a tolerance (see
`heatlas.kernels.path.progress_along`). A table wider than this holds all that can matter, and stays in the fastest
cache. `heatlas.kernels.count` counts the same passages, more quickly.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import kernel
from heatlas.kernels.lattice import CHUNK, FRAME, near_lines, next_pixel, place, reached, set_out, visits
from heatlas.kernels.reduce import spend

__all__ = ["list_passages"]


@kernel(
    "const f8[:]", "const f8[:]", "const f4[:]", "const f8[:]", "const f8[:]", "const f8[:]", "const i8[:]", FRAME,
    "f8", "i8", allocates=True,
)  # fmt: skip
def list_passages(u, v, progress, time, metres, metric, segments, frame, least, bits):
    """List the passages of one track through the pixels of a window in the order of their beginnings.

    Parameters
    ----------
    u, v, progress, frame
        As for `heatlas.kernels.count.count_passes`.
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
            found = near_lines(u, v, start, min(CHUNK, last - 1 - start), True, frame, x, y, near)
            for j in range(found):
                k = near[j]
                i = start + k
                way, slope = set_out(x[k], y[k], x[k + 1], y[k + 1], fraction)
                gain = progress[i + 1] - np.float64(progress[i])
                line = u[i] * size, u[i + 1] * size, v[i] * size, v[i + 1] * size
                entered = 0.0
                while way[2] + way[3] > 0:
                    way, sideways = next_pixel(way, slope)
                    column, row = way[0], way[1]
                    left_it = max(entered, reached(way, slope, sideways, line, frame))
                    if slot != nowhere:
                        spend(spent, passage_of[slot], entered, left_it, i, time, metres, metric)
                    entered = left_it
                    at = progress[i] + entered * gain
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
