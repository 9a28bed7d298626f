"""Guess how many metres or seconds a path goes in each pixel from where it goes on to, for `heatlas.kernels.fold`.

A straight line crosses the edges between columns of pixels at equal distances, and those between rows at others. So a
path leaves a pixel to the right as far behind the edge that it crossed to the right before, as that one was behind the
one before it. After a turn it is expected to go as far as in the mean of all pixels before. What
is said of metres holds for seconds too: a path goes on nearly as fast as before.

Way and sums are whole numbers, so a guess is the same on any machine.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper
from heatlas.kernels.numbers import unzigzag, zigzag

__all__ = ["add_along", "guess_along", "read_ways"]

_ACROSS, _DOWN = 1, 256
"""A way is the difference of the number of the next pixel, row * 256 + column, where it lies beside this one, or 0."""
_NOWHERE = (np.int64(0), np.int64(0), np.int64(0))
"""Edges of which none was crossed: the way across, metres of the run to the last, and from the one before to it."""


@helper()
def _way(here, there):
    """Way from a pixel to the next."""
    step = there - here
    if step == _DOWN or step == -_DOWN or ((step == _ACROSS or step == -_ACROSS) and here >> 8 == there >> 8):
        return step
    return np.int64(0)


@helper()
def read_ways(data, lengths, ways):
    """Find the way out of each passage from the bytes of pixels, which `heatlas.kernels.encode` writes.

    Parameters
    ----------
    data : ndarray of uint8
        Pixels of some runs.
    lengths : ndarray of int64 (r,)
        Passages of each.
    ways : ndarray of int64
        Overwritten with as many ways; the last of a run is 0.
    """
    at, k, size = np.int64(0), np.int64(0), data.shape[0]
    for length in lengths:
        here = np.int64(0)
        for i in range(length):
            byte = np.int64(data[at]) if i > 0 and at < size else np.int64(0)
            at += i > 0
            if byte == 0:
                there = np.int64(data[at]) | np.int64(data[at + 1]) << 8 if at + 1 < size else np.int64(0)
                at += 2
            else:
                there = (here + ((byte >> 4) - 8) * 256 + (byte & 15) - 8) & 0xFFFF
            if i > 0:
                ways[k - 1] = _way(here, there)
            ways[k] = 0
            here = there
            k += 1


@helper()
def _expected(way, gone, crossed, total, count):
    """Metres that a passage is expected to go; `gone` are those of the run before, `total` of `count` passages."""
    edges = crossed[1] if way == _DOWN or way == -_DOWN else crossed[0]
    if way != 0 and edges[0] == way and edges[2] > 0:
        return max(edges[1] + edges[2] - gone, np.int64(0))
    return total // count if count > 0 else np.int64(0)


@helper()
def _after(way, gone, crossed):
    """Edges crossed after a way at `gone` metres."""
    if way == _DOWN or way == -_DOWN:
        rows = crossed[1]
        return crossed[0], (way, gone, gone - rows[1] if rows[0] == way else np.int64(0))
    if way != 0:
        columns = crossed[0]
        return (way, gone, gone - columns[1] if columns[0] == way else np.int64(0)), crossed[1]
    return _NOWHERE, _NOWHERE


@helper()
def guess_along(codes, lengths, ways):
    """Replace amounts of metres, or of seconds, by differences to what they are guessed to be."""
    k, total = np.int64(0), np.int64(0)
    for length in lengths:
        gone, crossed = np.int64(0), (_NOWHERE, _NOWHERE)
        for _ in range(length):
            way, metres = ways[k], codes[k]
            codes[k] = zigzag(metres - _expected(way, gone, crossed, total, k))
            gone += metres
            total += metres
            crossed = _after(way, gone, crossed)
            k += 1


@helper()
def add_along(codes, length, places, total, count):
    """Undo `guess_along` for a run, of which `places` are the pixels; returns the metres of it and of those before.

    `total` are the metres of the `count` passages before.
    """
    gone, crossed = np.int64(0), (_NOWHERE, _NOWHERE)
    for k in range(length):
        way = _way(np.int64(places[k]), np.int64(places[k + 1])) if k + 1 < places.shape[0] else np.int64(0)
        # Of damaged bytes it may be anything.
        metres = max(_expected(way, gone, crossed, total, count + k) + unzigzag(codes[k]), np.int64(0))
        codes[k] = metres
        gone += metres
        total += metres
        crossed = _after(way, gone, crossed)
    return total
