"""Add values of passages to the planes of pixels."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.operations import ADDING
from heatlas.kernels.reduce import add_value
from heatlas.kernels.turns import cosine_of_turn, sine_of_turn

__all__ = ["add_days", "add_values", "add_values_at"]

_BLOCK = 512
"""Angles that are worked out at a time."""


@kernel("const i8[:]", "const f8[:]", ADDING, allocates=True)
def add_values_at(cells, values, adding):
    """Add the known values of passages to the pixels.

    Parameters
    ----------
    cells : ndarray of int64 (k,)
        Pixel of each passage.
    values : ndarray of float64 (k,)
        NaN where unknown.
    adding : heatlas.kernels.operations.Adding
        Where to, and how.
    """
    add_values(cells, values, adding)


@helper(allocates=True)
def add_values(cells, values, adding):
    """Do what `add_values_at` does, for kernels."""
    if adding.period > 0:
        _add_turns(cells, values, adding)
        return
    scale, step, factor = adding.scale, 1 / adding.scale, adding.factor
    counts, totals, squares, extremes = adding.counts, adding.totals, adding.squares, adding.extremes
    if counts.shape[0] > 0 and totals.shape[0] > 0 and squares.shape[0] == extremes.shape[0] == 0:  # of most measures
        for k in range(cells.shape[0]):
            value = values[k]
            if value == value:
                cell = np.uint64(cells[k])
                counts[cell] += 1
                totals[cell] += np.rint(value * factor * scale) * step
        return
    for k in range(cells.shape[0]):
        value = values[k]
        if value == value:
            value = np.rint(value * factor * scale) * step
            add_value(cells[k], value, counts, totals, squares, extremes, adding.greatest)


@helper(allocates=True)
def _add_turns(cells, values, adding):
    """Add angles as unit vectors, rounded to multiples of 2**-20."""
    along, across = np.empty(_BLOCK), np.empty(_BLOCK)
    per_turn = 1 / adding.period
    for first in range(0, cells.shape[0], _BLOCK):
        here = values[first : first + _BLOCK]
        for k in range(here.shape[0]):  # apart, by vector instructions
            along[k] = np.rint(cosine_of_turn(here[k] * per_turn) * 1048576.0) * (1 / 1048576.0)
        for k in range(here.shape[0]):
            across[k] = np.rint(sine_of_turn(here[k] * per_turn) * 1048576.0) * (1 / 1048576.0)
        there = cells[first : first + _BLOCK]
        for k in range(here.shape[0]):
            if along[k] == along[k]:
                cell = np.uint64(there[k])
                adding.counts[cell] += 1
                adding.totals[cell] += along[k]
                adding.across[cell] += across[k]


@kernel("const i8[:]", "const i8[:]", "const i8[:]", "const i8[:]", "i8[:]", "f8[:]")
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
