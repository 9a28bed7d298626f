"""Unfold the columns of a chunk of the passage index, which `heatlas.kernels.fold` describes and writes."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.fold import FAR, FOLDING, GUESSED, ONE, REST, RUNS, SPEED_STEPS, USUAL, VALUE
from heatlas.kernels.numbers import read_number, total, unzigzag, write_number, zigzag

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
def _begin(data, runs):
    """Where the numbers of a folded column lie, its gaps, and their end; without runs there are no gaps."""
    if not runs:
        return np.int64(1), np.int64(1), np.int64(1)
    gaps, at = read_number(data, 1)
    stop = min(at + gaps, np.int64(data.shape[0]))
    return stop, at, stop


@helper()
def _unfold_runs(data, valued, count, out):
    """Write the plain column of one that holds only what changes, and is not guessed; returns its size."""
    there, gap, stop = _begin(data, True)
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
def _unfold_guessed(data, role, lengths, metres, paces, folding, out):
    """Write the plain column of one that is guessed, passage by passage; returns its size."""
    runs, valued = np.int64(data[0]) & RUNS != 0, role >= VALUE
    there, gap, stop = _begin(data, runs)
    left = np.int64(0)
    if runs:
        left, gap = _next_change(data, gap, stop)
    at, of_paces, of_metres, known = np.int64(0), np.int64(0), np.int64(0), True
    last = folding.paces.shape[0] - 1
    for length in lengths:
        step, rest, usual, before = np.int64(0), np.int64(0), USUAL, np.int64(0)
        for _ in range(length):
            number, of_paces = read_number(paces, of_paces)
            pace = np.int64(0)
            if number != 0:
                step += unzigzag(number - 1)
                pace = folding.paces[min(max(step - folding.least, 0), last)]
            if not runs:
                code, there = read_number(data, there)
            elif left != 0:
                code = np.int64(1 if valued and known else 0)
                left -= 1
            else:
                number, there = read_number(data, there)
                code = np.int64(0) if valued and known and number == 0 else number + 1
                known = code != 0
                left, gap = _next_change(data, gap, stop)
            if valued:
                if code != 0:
                    guess = np.int64(np.rint(SPEED_STEPS / pace)) if pace > 0 else before
                    value = guess + unzigzag(code - 1)
                    code, before = zigzag(value - before) + 1, value
            else:
                number, of_metres = read_number(metres, of_metres)
                usual = pace if pace > 0 else usual
                exact = 2 * min(number, FAR) * usual + rest
                code = ((exact + (1 << (ONE - 1))) >> ONE) + unzigzag(code)
                rest = min(max(exact - (code << ONE), -REST), REST)
            at = write_number(out, at, max(code, np.int64(0)))  # of damaged bytes it may be anything
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
    out = np.empty(count + 9 * wide, np.uint8)
    if form & GUESSED:
        return out[: _unfold_guessed(data, role, lengths, metres, paces, folding, out)]
    if form & RUNS:
        return out[: _unfold_runs(data, role >= VALUE, count, out)]
    at, there = np.int64(0), np.int64(1)
    for _ in range(count):
        number, there = read_number(data, there)
        at = write_number(out, at, number)
    return out[:at]
