"""Add values of passages to the planes of pixels; make one voice of all that an activity has in a pixel."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import kernel
from heatlas.kernels.reduce import add_value

__all__ = ["add_days", "add_pairs", "add_points_of_turn", "add_values_at", "voices"]


@kernel()
def add_values_at(cells, values, scale, count, total, square, extreme, greatest):
    """Add the known values of passages to the pixels, rounded so that sums do not depend on their order.

    Parameters
    ----------
    cells : ndarray of int64 (k,)
        Pixel of each passage.
    values : ndarray of float64 (k,)
        NaN where unknown.
    scale : float
        Values are rounded to multiples of 1 / scale, a power of two.
    count, total, square, extreme, greatest
        As for `heatlas.kernels.reduce.add_metric`; none of them is touched when it is empty.
    """
    for k in range(cells.shape[0]):
        value = values[k]
        if value != value:
            continue
        value = np.rint(value * scale) / scale
        add_value(cells[k], value, count, total, square, extreme, greatest)


@kernel()
def add_points_of_turn(cells, values, period, count, across, along):
    """Add angles as unit vectors to the pixels.

    Parameters
    ----------
    cells : ndarray of int64 (k,)
        Pixel of each passage.
    values : ndarray of float64 (k,)
        Angles; NaN where unknown.
    period : float
        A whole turn.
    count : ndarray of float64 (pixels,)
        Number of passages.
    across, along : ndarray of float64 (pixels,)
        Sums of cosines and sines, each a multiple of 2**-20, so that the order of additions changes nothing.
    """
    for k in range(cells.shape[0]):
        turn = values[k] / period
        if turn != turn:
            continue
        cell = cells[k]
        count[cell] += 1
        across[cell] += np.rint(np.cos(2 * np.pi * turn) * 1048576.0) / 1048576.0
        along[cell] += np.rint(np.sin(2 * np.pi * turn) * 1048576.0) / 1048576.0


@kernel()
def add_days(cells, bounds, order, labels, stamps, counts):
    """Count in each pixel the days on which anybody passed.

    Parameters
    ----------
    cells : ndarray of int64 (k,)
        Pixel of each passage, activity after activity.
    bounds : ndarray of int64 (r + 1,)
        Offsets of the activities into the passages.
    order : ndarray of int64 (r,)
        Activities with equal labels behind each other.
    labels : ndarray of int64 (r,)
        Day of each activity.
    stamps : ndarray of int64 (pixels,)
        No label to begin with; the latest label of each pixel in the end.
    counts : ndarray of float64 (pixels,)
        Is increased.
    """
    for r in order:
        for k in range(bounds[r], bounds[r + 1]):
            if stamps[cells[k]] != labels[r]:
                stamps[cells[k]] = labels[r]
                counts[cells[k]] += 1


@kernel()
def add_pairs(cells, owner, x, y, level_x, level_y, scale_x, scale_y, n, sx, sy, sxx, syy, sxy):
    """Add pairs of values (k,) of voices to the planes (pixels,) of a relation.

    The levels (r,) of the activity, `owner` of each voice, are taken off first; where one is NaN the pair is left out.
    Values are rounded to multiples of 1 / scale, a power of two.
    """
    for k in range(cells.shape[0]):
        cell, a, b = cells[k], x[k] - level_x[owner[k]], y[k] - level_y[owner[k]]
        if a != a or b != b:
            continue
        a, b = np.rint(a * scale_x) / scale_x, np.rint(b * scale_y) / scale_y
        n[cell] += 1
        sx[cell] += a
        sy[cell] += b
        sxx[cell] += a * a
        syy[cell] += b * b
        sxy[cell] += a * b


@kernel(allocates=True)
def voices(cells, bounds, x, y, slots):
    """Make one voice of all that an activity has in a pixel: the means of two values over its passages there.

    Parameters
    ----------
    cells : ndarray of int64 (k,)
        Pixel of each passage, activity after activity.
    bounds : ndarray of int64 (r + 1,)
        Offsets of the activities into the passages.
    x, y : ndarray of float64 (k,)
        Values; passages of which one is NaN are left out.
    slots : ndarray of int64 (pixels,)
        Room to work in, -1 throughout; is left so.

    Returns
    -------
    cells, owner : ndarray of int64 (v,)
        Pixel and activity (0 to r - 1) of each voice.
    x, y : ndarray of float64 (v,)
        Means.
    """
    size = cells.shape[0]
    pixel, owner = np.empty(size, np.int64), np.empty(size, np.int64)
    mean_x, mean_y, count = np.empty(size), np.empty(size), np.empty(size)
    n = 0
    for r in range(bounds.shape[0] - 1):
        first = n
        for k in range(bounds[r], bounds[r + 1]):
            a, b = x[k], y[k]
            if a != a or b != b:
                continue
            slot = slots[cells[k]]
            if slot < 0:
                slots[cells[k]] = n
                pixel[n], owner[n], mean_x[n], mean_y[n], count[n] = cells[k], r, a, b, 1.0
                n += 1
            else:
                mean_x[slot] += a
                mean_y[slot] += b
                count[slot] += 1.0
        for v in range(first, n):
            slots[pixel[v]] = -1
            mean_x[v] /= count[v]
            mean_y[v] /= count[v]
    return pixel[:n], owner[:n], mean_x[:n], mean_y[:n]
