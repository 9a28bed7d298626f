"""Round what was spent in the passages of tracks to whole steps."""

from __future__ import annotations

import math

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.instructions import round_four

__all__ = ["angle_steps", "mean_steps", "round_amounts", "round_means", "round_values", "spread_rules"]

_NOUGHT, _FOUR = np.uint64(0), np.uint64(4)
_UNSURE = 1e-6
"""Turns by which an angle may be wrong that `angle_steps` approximates."""


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
    longer, shorter = max(up, across), min(up, across)  # NaN where `up` is
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


@helper()
def round_amounts(spent, rows, at, step, carry, steps, begin):
    """Round amounts along a track to whole steps; each remainder goes to the next one.

    Parameters
    ----------
    spent, rows
        As for `round_values`.
    at : int
        Place of the amount in a row.
    step : float
        Value of 1, a power of two.
    carry : ndarray of float64 (2,)
        Amount of the rows before, and its steps; is updated.
    steps : ndarray of int64 (n,)
        Is written from `begin` on.
    begin : int
        Place of the first passage.
    """
    first, count, wide, _ = rows
    total, before, per_step = carry[0], carry[1], 1.0 / step
    for k in range(count):
        total += spent[(first + k) * wide + at]
        now = np.rint(total * per_step)
        steps[begin + k] = np.int64(now - before)
        before = now
    carry[0], carry[1] = total, before


@helper()
def spread_rules(rules, places, many, scales):
    """Write for each of `many` metrics the steps of 1, and the least and the greatest step, for `round_values`."""
    scales[: 3 * many] = 0.0
    for r in range(rules.shape[0]):
        if places[r] >= 0:
            scales[places[r]] = 1.0 / rules[r, 0] if rules[r, 0] > 0 else 0.0
            scales[many + places[r]], scales[2 * many + places[r]] = rules[r, 2], rules[r, 3]


@helper(error_model="numpy")
def round_values(spent, rows, rules, places, unknown, room, steps, begin):
    """Round the means of metrics in each passage to whole steps.

    Parameters
    ----------
    spent : ndarray of float64 (b,)
        For each passage a row, which ends with the sum of each metric by weight, and the weights.
    rows : (int, int, int, int)
        First row, how many, numbers in a row, and metrics, a multiple of 4.
    rules : ndarray of float64 (r, 5)
        For each column that is written: the value of 1; where steps are no values but factors, the number of steps that
        double the reciprocal of the mean, else 0; the least and the greatest step; and the steps of a whole turn, where
        the metric and the next are the cosine and the sine of an angle, else 0.
    places : ndarray of int64 (r,)
        Which metric each column rounds; -1: the track has none.
    unknown : int
        Stands for what is not known, such as where a weight is 0.
    room : (ndarray of float64, ndarray of float64)
        What `spread_rules` wrote, and room for as many rows of metrics.
    steps : ndarray of int32 (r, n)
        Is written from `begin` on.
    begin : int
        Place of the first passage.
    """
    first, count, wide, many = rows
    scales, rounded = room
    padded = np.uint64(many)
    head, unknown_step = (first + 1) * wide - 2 * many, np.float64(unknown)
    for k in range(count):
        total, to = np.uint64(head + k * wide), np.uint64(k * many)
        for m in range(_NOUGHT, padded, _FOUR):
            rule = m, m + padded, m + padded + padded
            round_four(rounded, to + m, spent, total + m, total + m + padded, scales, rule, unknown_step)
    for r in range(rules.shape[0]):
        step, octave, least, most, turn = rules[r, 0], rules[r, 1], rules[r, 2], rules[r, 3], rules[r, 4]
        at = head + places[r]
        if places[r] < 0:
            for k in range(count):
                steps[r, begin + k] = unknown
        elif turn > 0:
            for k in range(count):
                total, weight = spent[k * wide + at], spent[k * wide + at + many]
                known = weight > 0 and total == total
                steps[r, begin + k] = angle_steps(total, spent[k * wide + at + 1], turn) if known else unknown
        elif octave > 0:
            for k in range(count):
                total, weight = spent[k * wide + at], spent[k * wide + at + many]
                steps[r, begin + k] = np.int32(mean_steps(total, weight, step, octave, least, most, unknown))
        else:
            for k in range(count):
                steps[r, begin + k] = np.int32(rounded[k * many + places[r]])


@kernel("const f8[:]", "i8", "const f8[:, :]", "const i8[:]", "i8", "i4[:, :]", allocates=True)
def round_means(spent, many, rules, places, unknown, steps):
    """Round the means of `many` metrics in passages as `round_values` does, from rows without anything else."""
    room = np.empty(3 * many), np.empty(steps.shape[1] * many)
    spread_rules(rules, places, many, room[0])
    round_values(spent, (0, steps.shape[1], 2 * many, many), rules, places, unknown, room, steps, 0)
