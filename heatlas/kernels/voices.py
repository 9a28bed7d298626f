"""Add voices to the planes of relations: an activity has one in each pixel, the mean of its passages there.

So laps are no evidence of their own. Passages that tracing found and those of a tile of the index are added by the same
lines; the second are worked out and added block by block, and stay in the processor's cache.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.formula import fill_registers, next_block, registers_for, work_out
from heatlas.kernels.operations import CODED, FORMULA, RUNS, VOICING

__all__ = ["add_voices", "add_voices_coded"]


@kernel("const i8[:]", "const i8[:]", "const f8[:]", "const f8[:]", "i4[:]", VOICING, allocates=True)
def add_voices(cells, bounds, x, y, slots, voicing):
    """Add the voices of activities to the pixels.

    Parameters
    ----------
    cells : ndarray of int64 (k,)
        Pixel of each passage, activity after activity.
    bounds : ndarray of int64 (r + 1,)
        Offsets of the activities into the passages.
    x, y : ndarray of float64 (k,)
        Values; passages of which one is NaN are left out. No `y` at all: voices have one value.
    slots : ndarray of int32 (pixels,)
        Room to work in, -1 throughout; is left so.
    voicing : heatlas.kernels.operations.Voicing
        Where to, and how.
    """
    most = 0
    for r in range(bounds.shape[0] - 1):
        most = max(most, bounds[r + 1] - bounds[r])
    places, sums, paired = np.empty(most, np.int64), np.empty((3, most)), y.shape[0] > 0
    for r in range(bounds.shape[0] - 1):
        first, last = bounds[r], bounds[r + 1]
        other = y[first:last] if paired else x[first:last]
        _add_activity(cells[first:last], x[first:last], other, paired, r, slots, places, sums, voicing)


@kernel(FORMULA, RUNS, CODED, "b1", "i4[:]", VOICING, allocates=True)
def add_voices_coded(formula, runs, coded, paired, slots, voicing):
    """Add the voices of the wanted runs of a tile of the index, working out their values on the way.

    Parameters
    ----------
    formula : heatlas.kernels.operations.Formula
        What to work out; `paired` says whether it is of two values.
    runs, coded
        As for `heatlas.kernels.formula.evaluate_coded`. The activities of `voicing` are the wanted runs.
    slots, voicing
        As for `add_voices`.
    """
    registers, codes, at = registers_for(formula, runs, coded)
    places, sums = np.empty(registers.shape[1], np.int64), np.empty((3, registers.shape[1]))
    first, begin, activity = 0, 0, 0
    while first < runs.lengths.shape[0]:
        last, size, wanted = next_block(runs, first)
        fill_registers(runs, first, last, begin, coded, at, codes, registers)
        work_out(formula.steps, registers, wanted)
        x, y = registers[formula.result], registers[formula.second]
        j, k = 0, begin
        for r in range(first, last):
            length = runs.lengths[r]
            if runs.kept[r]:
                here = runs.pixels[k : k + length]
                _add_activity(
                    here, x[j : j + length], y[j : j + length], paired, activity, slots, places, sums, voicing
                )
                j += length
                activity += 1
            k += length
        first, begin = last, begin + size


@helper()
def _add_activity(cells, x, y, paired, activity, slots, places, sums, voicing):
    """Add the voices of one activity; `places` (k,) and `sums` (3, k) are room for as many as it has passages."""
    level_x, level_y = voicing.levels[0, activity], voicing.levels[1, activity]
    if paired and level_x == level_x and level_y == level_y:
        count = _mean_pairs(cells, x, y, slots, places, sums)
        _rounded(sums[0, :count], level_x, voicing.factor, voicing.scale_x)
        _rounded(sums[1, :count], level_y, 1.0, voicing.scale_y)
        _add_pairs(places[:count], sums[0, :count], sums[1, :count], voicing)
    elif not paired and (level_x == level_x or level_y == level_y):
        count = _means(cells, x, slots, places, sums)
        means, there = sums[0, :count], places[:count]
        if level_y == level_y:
            for v in range(count):
                sums[1, v] = means[v]
        if level_x == level_x:
            _rounded(means, level_x, voicing.factor, voicing.scale_x)
            _add(there, means, voicing.n, voicing.x, voicing.xx)
        if level_y == level_y and voicing.m.shape[0] > 0:
            _rounded(sums[1, :count], level_y, voicing.factor, voicing.scale_x)
            _add(there, sums[1, :count], voicing.m, voicing.y, voicing.yy)


@helper()
def _means(cells, values, slots, places, sums):
    """Fill `places` with the pixels of an activity and `sums[0]` with its mean there; returns how many there are."""
    totals, counts, n = sums[0], sums[2], 0
    for k in range(cells.shape[0]):
        value = values[k]
        if value == value:
            cell = np.uint64(cells[k])
            slot = slots[cell]
            if slot < 0:
                slots[cell] = n
                places[n], totals[n], counts[n] = cell, value, 1.0
                n += 1
            else:
                totals[slot] += value
                counts[slot] += 1.0
    for v in range(n):
        slots[np.uint64(places[v])] = -1
    for v in range(n):
        totals[v] /= counts[v]
    return n


@helper()
def _mean_pairs(cells, x, y, slots, places, sums):
    """As `_means`, of two values: `sums[0]` and `sums[1]`."""
    total_x, total_y, counts, n = sums[0], sums[1], sums[2], 0
    for k in range(cells.shape[0]):
        a, b = x[k], y[k]
        if a == a and b == b:
            cell = np.uint64(cells[k])
            slot = slots[cell]
            if slot < 0:
                slots[cell] = n
                places[n], total_x[n], total_y[n], counts[n] = cell, a, b, 1.0
                n += 1
            else:
                total_x[slot] += a
                total_y[slot] += b
                counts[slot] += 1.0
    for v in range(n):
        slots[np.uint64(places[v])] = -1
    for v in range(n):
        total_x[v] /= counts[v]
        total_y[v] /= counts[v]
    return n


@helper()
def _rounded(values, level, factor, scale):
    """Take a level off from values, and round them to multiples of 1 / scale, a power of two."""
    step = 1 / scale
    for v in range(values.shape[0]):
        values[v] = np.rint((values[v] - level) * factor * scale) * step


@helper()
def _add(places, values, n, x, xx):
    """Add values to the planes of pixels; `xx` of no length is left out."""
    for v in range(places.shape[0]):
        value = values[v]
        if value == value:
            cell = np.uint64(places[v])
            n[cell] += 1
            x[cell] += value
            if xx.shape[0] > 0:
                xx[cell] += value * value


@helper()
def _add_pairs(places, first, second, voicing):
    """Add pairs of values to the planes of pixels; products are left out where their planes have no length."""
    n, x, y, xx, yy, xy = voicing.n, voicing.x, voicing.y, voicing.xx, voicing.yy, voicing.xy
    for v in range(places.shape[0]):
        a, b = first[v], second[v]
        if a == a and b == b:
            cell = np.uint64(places[v])
            n[cell] += 1
            x[cell] += a
            y[cell] += b
            if xy.shape[0] > 0:
                xx[cell] += a * a
                yy[cell] += b * b
                xy[cell] += a * b
