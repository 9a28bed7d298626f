"""Unfold the columns of a chunk of the passage index, which `heatlas.kernels.fold` describes and writes."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.fold import FAR, FOLDING, GUESSED, ONE, REST, RUNS, SPEED_STEPS, USUAL, VALUE, read_paces
from heatlas.kernels.numbers import (
    longest,
    read_number,
    read_numbers,
    total,
    unzigzag,
    write_number,
    write_numbers,
    zigzag,
)  # fmt: skip

__all__ = ["unfold_column"]


@helper()
def _next_change(data, gap, stop):
    """Passages before the next number that changes something, and where the gap after it lies; -1 after the last."""
    passages = np.int64(0)
    while gap < stop:
        byte = np.int64(data[gap])
        passages += byte
        gap += 1
        if byte < 255:
            return passages, gap
    return np.int64(-1), gap


@helper()
def _begin(data):
    """Where the numbers of a column that holds only what changes lie, its gaps, and their end."""
    gaps, at = read_number(data, 1)
    stop = min(at + gaps, np.int64(data.shape[0]))
    return stop, at, stop


@helper()
def _unfold_runs(data, valued, count, out):
    """Write the plain column of one that holds only what changes, and is not guessed; returns its size."""
    there, gap, stop = _begin(data)
    k, at, same = np.int64(0), np.int64(0), np.uint8(1 if valued else 0)
    while k < count:
        passages, gap = _next_change(data, gap, stop)
        end = count if passages < 0 else min(k + passages, count)
        while k < end:
            out[at] = same
            at += 1
            k += 1
        if k < count:
            number, there = read_number(data, there)
            code = np.int64(0) if same == 1 and number == 0 else number + 1
            at = write_number(out, at, code)
            same = np.uint8(1 if valued and code != 0 else 0)
            k += 1
    return at


@helper()
def _read_codes(data, valued, state, codes, count):
    """Read the numbers of the next `count` passages of a column that holds only what changes.

    `state` (5,) is where numbers, gaps and the end of the gaps lie, how many passages before the next number change
    nothing, -1 after the last, and what passages that change nothing have. It is changed to that of the next call.
    """
    there, gap, stop, left, same = state[0], state[1], state[2], state[3], state[4]
    k = np.int64(0)
    while k < count:
        end = count if left < 0 else min(k + left, count)
        left -= end - k if left > 0 else 0
        while k < end:
            codes[k] = same
            k += 1
        if k < count:
            number, there = read_number(data, there)
            codes[k] = np.int64(0) if same == 1 and number == 0 else number + 1
            same = np.int64(1 if valued and codes[k] != 0 else 0)
            k += 1
            left, gap = _next_change(data, gap, stop)
    state[0], state[1], state[3], state[4] = there, gap, left, same


@helper()
def _add_seconds(codes, length, metres, paces):
    """Undo `heatlas.kernels.fold._guess_seconds` for a run."""
    rest, pace = np.int64(0), USUAL
    for k in range(length):
        pace = paces[k] if paces[k] > 0 else pace
        exact = 2 * min(metres[k], FAR) * pace + rest
        spent = ((exact + (1 << (ONE - 1))) >> ONE) + unzigzag(codes[k])
        rest = min(max(exact - (spent << ONE), -REST), REST)
        codes[k] = max(spent, np.int64(0))  # of damaged bytes it may be anything


@helper()
def _add_speeds(codes, length, paces):
    """Undo `heatlas.kernels.fold._guess_speeds` for a run."""
    before = np.int64(0)
    for k in range(length):
        if codes[k] != 0:
            guess = np.int64(np.rint(SPEED_STEPS / paces[k])) if paces[k] > 0 else before
            value = guess + unzigzag(codes[k] - 1)
            codes[k] = max(zigzag(value - before) + 1, np.int64(0))  # as above
            before = value


@helper(allocates=True)
def _unfold_guessed(data, role, lengths, metres, paces, folding, out):
    """Write the plain column of one that is guessed, run by run; returns its size."""
    runs, valued, most = np.int64(data[0]) & RUNS != 0, role >= VALUE, longest(lengths)
    codes, of_metres, of_paces = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    state = np.zeros(5, np.int64)
    if runs:
        state[0], state[1], state[2] = _begin(data)
        state[3], state[1] = _next_change(data, state[1], state[2])
        state[4] = 1 if valued else 0
    at, there, pace_at, metre_at = np.int64(0), np.int64(1), np.int64(0), np.int64(0)
    for length in lengths:
        if runs:
            _read_codes(data, valued, state, codes, length)
        else:
            there = read_numbers(data, there, codes, length)
        pace_at = read_paces(paces, pace_at, length, folding, of_paces)
        if valued:
            _add_speeds(codes, length, of_paces)
        else:
            metre_at = read_numbers(metres, metre_at, of_metres, length)
            _add_seconds(codes, length, of_metres, of_paces)
        at = write_numbers(out, at, codes, length)
    return at


@kernel("const u1[:]", "i8", "const i8[:]", "const u1[:]", "const u1[:]", FOLDING, allocates=True)
def unfold_column(data, column, lengths, metres, paces, folding):
    """Undo `heatlas.kernels.fold.fold_chunk` for one column.

    Parameters
    ----------
    data : ndarray of uint8
        Folded column; damaged bytes give some numbers.
    column : int
        Its number.
    lengths : ndarray of int64 (r,)
        Passages of each run.
    metres, paces : ndarray of uint8
        Plain columns of the chunk, which a guessed one is made from; empty where the chunk has none.
    folding : Folding
        What columns mean.

    Returns
    -------
    ndarray of uint8
        The plain column.
    """
    count, form, role = total(lengths), np.int64(data[0]) if data.shape[0] > 0 else np.int64(0), folding.roles[column]
    # Of runs, numbers that change something have a byte in the gaps, and take at most nine.
    wide = min(count, np.int64(data.shape[0])) if form & RUNS and not form & GUESSED else count
    out = np.empty(count + 9 * wide + 1, np.uint8)
    if form & GUESSED:
        return out[: _unfold_guessed(data, role, lengths, metres, paces, folding, out)]
    if form & RUNS:
        return out[: _unfold_runs(data, role >= VALUE, count, out)]
    codes = np.empty(count, np.int64)
    read_numbers(data, 1, codes, count)
    return out[: write_numbers(out, np.int64(0), codes, count)]
