"""Unfold the columns of a chunk of the passage index, which `heatlas.kernels.fold` describes and writes."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.chords import add_along
from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.digits import digit_bytes, read_digits
from heatlas.kernels.fold import (
    ALONG,
    DIGITS,
    FAR,
    FOLDING,
    GUESSED,
    ONE,
    PACE,
    REST,
    RUNS,
    USUAL,
    VALUE,
    read_paces,
)
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
    """Write the plain column of one that holds only what changes, and is not guessed; returns its size.

    What passages that change nothing have is written first: how many there are before a change is unpredictable.
    """
    there, gap, stop = _begin(data)
    k, at, same, usual = np.int64(0), np.int64(0), np.uint8(valued), np.uint8(valued)
    out[:] = usual
    while k < count:
        passages, gap = _next_change(data, gap, stop)
        passages = count - k if passages < 0 else min(passages, count - k)
        if same != usual:
            out[at : at + passages] = same
        k += passages
        at += passages
        if k < count:
            number, there = read_number(data, there)
            code = np.int64(0) if same == 1 and number == 0 else number + 1
            at = write_number(out, at, code)
            same = np.uint8(valued and code != 0)
            k += 1
    return at


@helper()
def _read_codes(data, valued, state, codes, count):
    """Read the numbers of the next `count` passages of a column that holds only what changes.

    `state` (5,) is where numbers, gaps and the end of the gaps lie, how many passages before the next number change
    nothing, -1 after the last, and what passages that change nothing have. It is changed to that of the next call.
    """
    there, gap, stop, left, same = state[0], state[1], state[2], state[3], state[4]
    codes[:count] = same
    k = np.int64(0)
    while 0 <= left < count - k:
        k += left
        number, there = read_number(data, there)
        codes[k] = np.int64(0) if same == 1 and number == 0 else number + 1
        after = np.int64(valued and codes[k] != 0)
        k += 1
        if after != same:
            codes[k:count] = after
        same = after
        left, gap = _next_change(data, gap, stop)
    state[0], state[1], state[3], state[4] = there, gap, left - (count - k) if left > 0 else left, same


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
def _add_speeds(codes, length, paces, folding):
    """Undo `heatlas.kernels.fold._guess_speeds` for a run, of which `paces` are as they are stored."""
    before, step, last = np.int64(0), np.int64(0), folding.speeds.shape[0] - 1
    for k in range(length):
        if paces[k] != 0:
            step += unzigzag(paces[k] - 1)
        if codes[k] != 0:
            guess = folding.speeds[min(max(step - folding.least, 0), last)] if paces[k] != 0 else before
            value = guess + unzigzag(codes[k] - 1)
            codes[k] = max(zigzag(value - before) + 1, np.int64(0))  # as above
            before = value


@helper()
def _add_paces(codes, length):
    """Undo `heatlas.kernels.fold._guess_paces` for a run."""
    step = np.int64(0)
    for k in range(length):
        if codes[k] != 0:
            step += unzigzag(codes[k] - 1)
            codes[k] = max(zigzag(step) + 1, np.int64(0))  # as above


@helper()
def _read_marked(data, valued, kind, state, codes, count):
    """Read the numbers of the next `count` passages of a column in digits.

    `state` (5,) is where that is by which great numbers are greater, how many passages were before, and whether what
    was before is known. It is changed to that of the next call.
    """
    state[0] = read_digits(data, np.int64(1), state[1], codes, count, state[0], kind)
    state[1] += count
    if valued:
        known = state[4]
        for k in range(np.uint64(count)):
            mark = codes[k]
            code = known if mark == 0 else mark * np.int64(mark != known)
            codes[k] = code
            known = np.int64(code != 0)
        state[4] = known


@helper(allocates=True)
def _unfold_apart(data, role, lengths, sources, folding, out):
    """Write the plain column of one that is guessed or in digits, run by run; returns its size.

    `sources` are bytes of metres and of paces, and pixels.
    """
    metres, paces, places = sources
    first, gone = np.int64(0), np.int64(0)
    form, valued, most = np.int64(data[0]), role >= VALUE, longest(lengths)
    runs, guessed, kind = form & RUNS != 0, form & GUESSED != 0, form >> DIGITS & 3
    codes, of_metres, of_paces = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    state = np.zeros(5, np.int64)
    state[4] = 1 if valued else 0
    if runs:
        state[0], state[1], state[2] = _begin(data)
        state[3], state[1] = _next_change(data, state[1], state[2])
    elif kind > 0:
        state[0] = 1 + digit_bytes(kind, total(lengths))
    at, there, pace_at, metre_at = np.int64(0), np.int64(1), np.int64(0), np.int64(0)
    for length in lengths:
        if runs:
            _read_codes(data, valued, state, codes, length)
        elif kind > 0:
            _read_marked(data, valued, kind, state, codes, length)
        else:
            there = read_numbers(data, there, codes, length)
        if form & ALONG:
            gone = add_along(codes, length, places[first : first + length], gone, first)
            first += length
        elif not guessed:
            pass
        elif role == PACE:
            _add_paces(codes, length)
        elif valued:
            pace_at = read_numbers(paces, pace_at, of_paces, length)
            _add_speeds(codes, length, of_paces, folding)
        else:
            pace_at = read_paces(paces, pace_at, length, folding, of_paces)
            metre_at = read_numbers(metres, metre_at, of_metres, length)
            _add_seconds(codes, length, of_metres, of_paces)
        at = write_numbers(out, at, codes, length)
    return at


@kernel("const u1[:]", "i8", "const i8[:]", "const u1[:]", "const u1[:]", "const u2[:]", FOLDING, allocates=True)
def unfold_column(data, column, lengths, metres, paces, places, folding):
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
    places : ndarray of uint16 (n,)
        Pixel of each passage, row * 256 + column, of which metres and seconds may be guessed; empty for other columns.
    folding : Folding
        What columns mean.

    Returns
    -------
    ndarray of uint8
        The plain column.
    """
    count, form, role = total(lengths), np.int64(data[0]) if data.shape[0] > 0 else np.int64(0), folding.roles[column]
    if form & RUNS and not form & (GUESSED | ALONG):
        # Numbers that change something are 1 more than they are here, which may take another byte.
        out = np.empty(count + 2 * data.shape[0] + 9, np.uint8)
        return out[: _unfold_runs(data, role >= VALUE, count, out)]
    out = np.empty(10 * count + 1, np.uint8)
    if form != 0:
        return out[: _unfold_apart(data, role, lengths, (metres, paces, places), folding, out)]
    codes = np.empty(count, np.int64)
    read_numbers(data, 1, codes, count)
    return out[: write_numbers(out, np.int64(0), codes, count)]
