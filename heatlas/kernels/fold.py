"""Fold the columns of a chunk of the passage index before they are packed; `heatlas.kernels.unfold` undoes it.

A plain column holds a number for each passage, as `heatlas.kernels.encode` writes them. Most repeat the number before,
and some nearly follow from other columns. A folded column is one byte with its form, and then:

* Nothing but the plain column, where no bit of the form is set.
* RUNS: only numbers that change something. First the size of the gaps, then the gaps: for each such number how many
  passages before it change nothing, in bytes, of which 255 goes on in the next; then these numbers, less 1. Of amounts
  0 changes nothing. Of values the one before stays: what was known is 0 steps farther, written as 0, and 1 makes it
  unknown; what was unknown stays so by 0.
* Digits, by the bits above these two: a number for each passage, several to a byte (`heatlas.kernels.digits`). What
  changes nothing is 0, and all others are 1 more than they are in RUNS.
* GUESSED: differences to what is expected, zigzag. Seconds are guessed from metres and paces where there are few
  passages, speeds from paces, and a pace from the two before. It is guessed before changes are sought.
* ALONG: the same of amounts that are guessed from the pixels (`heatlas.kernels.chords`): metres, and other seconds.

All is whole numbers, or float64 operations that are rounded alike everywhere: a guess is the same on any machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.kernels.chords import guess_along, read_ways
from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.digits import FOURS, PAIRS, TRIPLES, write_digits
from heatlas.kernels.numbers import read_numbers, total, unzigzag, write_number, write_numbers, zigzag
from heatlas.kernels.signatures import Struct

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ALONG", "AMOUNT", "DIGITS", "FAR", "FOLDING", "GUESSED", "METRES", "ONE", "PACE", "REST", "RUNS", "SECONDS",
    "SPEED", "SPEED_STEPS", "USUAL", "VALUE", "Folding", "are_few", "find_paces", "fold_changes", "fold_chunk",
    "fold_codes", "may_be_guessed", "read_paces", "room_of",
]  # fmt: skip

AMOUNT, METRES, SECONDS, VALUE, PACE, SPEED = range(6)
"""Roles of columns: the first three are amounts."""
RUNS, GUESSED, DIGITS, ALONG = 1, 2, 2, 16
"""Bits of the form; DIGITS is the bit from which on the kind of digits stands, 0 where there are none."""
_FEW = 16384
"""Most passages of a chunk whose seconds are guessed from metres and paces. The columns of a larger one are packed
apart: to read its seconds would be to unpack three columns, which takes half as long again."""
_SPARSE = 5
"""Where less than one of so many passages changes something, a column is written as RUNS."""
_FOURS, _TRIPLES, _PAIRS = 32, 16, 8
"""A column is written as digits where less than one of so many numbers is not less than the greatest digit."""
ONE = 20
"""Bits behind the binary point of a pace in s/m."""
USUAL = np.int64(314573)
"""Pace by which seconds are guessed where none was known in a run: 0.3 s/m."""
REST = np.int64(629146)
"""Most by which what is left of a guess adds to the next: 0.6 steps."""
FAR = np.int64(1 << 31)
"""Most metres that a guess believes, in steps."""
SPEED_STEPS = np.float64(1 << 27)
"""Steps of speed, 1/128 m/s, at a pace of 2**-20 s/m."""


class Folding(NamedTuple):
    """What columns mean."""

    roles: NDArray[np.int64]
    """Role of each column, by its number."""
    paces: NDArray[np.int64]
    """(p,) paces by their whole number, in 2**-20 s/m."""
    least: int
    """Whole number of the first."""
    speeds: NDArray[np.int64]
    """(p,) steps of speed that the paces mean."""


FOLDING = Struct(Folding, "i8[:]", "i8[:]", "i8", "i8[:]")


@helper()
def may_be_guessed(role):
    """Whether there are chunks in which the numbers of a column are guessed."""
    return role in (METRES, SECONDS, PACE, SPEED)


@helper()
def room_of(size, passages, role):
    """Most bytes that a column of `size` bytes takes when it is folded."""
    return size + 12 + (10 * passages if may_be_guessed(role) else 0)


@helper()
def read_paces(data, at, length, folding, found):
    """Read the paces of a run in 2**-20 s/m, 0 where unknown; returns where the next run begins."""
    at = read_numbers(data, at, found, length)
    step, last = np.int64(0), folding.paces.shape[0] - 1
    for k in range(length):
        if found[k] != 0:
            step += unzigzag(found[k] - 1)
            found[k] = folding.paces[min(max(step - folding.least, 0), last)]
    return at


@helper()
def find_paces(codes, lengths, folding):
    """Replace numbers of the column of paces by paces in 2**-20 s/m, 0 where unknown."""
    k, last = 0, folding.paces.shape[0] - 1
    for length in lengths:
        step = np.int64(0)
        for _ in range(length):
            if codes[k] != 0:
                step += unzigzag(codes[k] - 1)
                codes[k] = folding.paces[min(max(step - folding.least, 0), last)]
            k += 1


@helper()
def _guess_seconds(codes, lengths, metres, paces):
    """Replace amounts of seconds by differences to what they are guessed to be."""
    k = 0
    for length in lengths:
        rest, pace = np.int64(0), USUAL
        for _ in range(length):
            if paces[k] > 0:
                pace = paces[k]
            # A step is 1/16 s, and one of metres 1/8 m.
            exact = 2 * min(metres[k], FAR) * pace + rest
            spent = codes[k]
            codes[k] = zigzag(spent - ((exact + (1 << (ONE - 1))) >> ONE))
            rest = min(max(exact - (spent << ONE), -REST), REST)
            k += 1


@helper()
def _guess_speeds(codes, lengths, paces):
    """Replace differences to the speed before by differences to the speed that a pace means."""
    k = 0
    for length in lengths:
        value = np.int64(0)
        for _ in range(length):
            if codes[k] != 0:
                before, value = value, value + unzigzag(codes[k] - 1)
                guess = np.int64(np.rint(SPEED_STEPS / paces[k])) if paces[k] > 0 else before
                codes[k] = zigzag(value - guess) + 1
            k += 1


@helper()
def _guess_paces(codes, lengths):
    """Replace differences to the pace before by their difference to the one before: it mostly changes evenly."""
    k = 0
    for length in lengths:
        before = np.int64(0)
        for _ in range(length):
            if codes[k] != 0:
                step = unzigzag(codes[k] - 1)
                codes[k] = zigzag(step - before) + 1
                before = step
            k += 1


@helper()
def _guess(codes, role, lengths, metres, paces, ways):
    """Guess a column in place; `metres` or `paces` are empty where the chunk lacks them. Returns a bit of the form."""
    if role == PACE:
        _guess_paces(codes, lengths)
        return GUESSED
    if role == SPEED and paces.shape[0] > 0:
        _guess_speeds(codes, lengths, paces)
        return GUESSED
    if role == SECONDS and paces.shape[0] > 0 and metres.shape[0] > 0 and codes.shape[0] <= _FEW:
        _guess_seconds(codes, lengths, metres, paces)
        return GUESSED
    if role in (METRES, SECONDS):
        guess_along(codes, lengths, ways)
        return ALONG
    return 0


@helper()
def _find_changes(codes, valued, changes):
    """Find the numbers that change something, without a branch: which do is hard to predict. Returns how many."""
    count, known = np.uint64(0), np.uint64(valued)
    for k in range(np.uint64(codes.shape[0])):
        code = np.uint64(codes[k])
        changes[count] = k
        count += np.uint64(code != known)
        known = np.uint64(valued & (code != 0))
    return np.int64(count)


@helper()
def _mark_changes(codes, valued, marked):
    """What changes nothing becomes 0, what becomes unknown 1, and other numbers stay; returns the kind of digits."""
    count, known, fours, triples, pairs = np.uint64(codes.shape[0]), np.int64(valued), 0, 0, 0
    for k in range(count):
        code = codes[k]
        mark = max(code, np.int64(1)) * np.int64(code != known)
        known = np.int64(valued & (code != 0))
        fours += mark > 2
        triples += mark > 4
        pairs += mark > 14
        marked[k] = mark
    if fours * _FOURS < codes.shape[0]:
        return FOURS
    if triples * _TRIPLES < codes.shape[0]:
        return TRIPLES
    return PAIRS if pairs * _PAIRS < codes.shape[0] else 0


@helper()
def _write_runs(codes, changes, out, at):
    """Write only the numbers that change something; returns where the next byte goes."""
    gaps, before = changes.shape[0], np.int64(-1)
    for k in changes:
        gaps += (k - before - 1) // 255
        before = k
    at = write_number(out, at, gaps)
    end, before = at + gaps, np.int64(-1)
    for k in changes:
        gap = k - before - 1
        while gap >= 255:
            out[at] = 255
            at += 1
            gap -= 255
        out[at] = gap
        at += 1
        # To become unknown is 1 where something is known.
        end = write_number(out, end, max(codes[k], 1) - 1)
        before = k
    return end


@helper()
def are_few(changes, passages):
    """Whether a column is written as RUNS."""
    return changes * _SPARSE < passages


@helper()
def fold_changes(codes, changes, out, at):
    """Write one column that is not guessed as RUNS, of which `codes` are known where something changes.

    Returns where the next byte goes.
    """
    out[at] = RUNS
    return _write_runs(codes, changes, out, at + 1)


@helper()
def fold_codes(codes, role, lengths, sources, changes, out, at):
    """Write one column, folded, of which `codes` are all numbers; returns where the next byte goes.

    `sources` are metres and paces of the chunk, empty where it lacks them, and ways out of its pixels. `codes` and
    `changes`, of as many numbers, are changed. One byte more than the column takes is written to.
    """
    form = _guess(codes, role, lengths, sources[0], sources[1], sources[2])
    valued = role >= VALUE
    count = _find_changes(codes, valued, changes)
    if are_few(count, codes.shape[0]):
        out[at] = form | RUNS
        return _write_runs(codes, changes[:count], out, at + 1)
    kind = _mark_changes(codes, valued, changes)
    out[at] = form | kind << DIGITS
    if kind > 0:
        return write_digits(out, at + 1, changes, kind)
    return write_numbers(out, at + 1, codes, codes.shape[0])


@kernel("const u1[:]", "const u1[:]", "const i8[:]", "const i8[:]", "const i8[:]", FOLDING, allocates=True)
def fold_chunk(pixels, plain, begins, columns, lengths, folding):
    """Fold the columns of a chunk but its pixels.

    Parameters
    ----------
    pixels : ndarray of uint8
        Bytes of the pixels, as `heatlas.kernels.encode` writes them.
    plain : ndarray of uint8
        Bytes of the other columns, one after the other.
    begins : ndarray of int64 (c + 1,)
        Where each begins; of a column that the chunk lacks nothing is written.
    columns : ndarray of int64 (c,)
        Their numbers.
    lengths : ndarray of int64 (r,)
        Passages of each run.
    folding : Folding
        What columns mean.

    Returns
    -------
    ndarray of uint8, ndarray of int64 (c,)
        Folded columns, one after the other, and where the bytes of each end.
    """
    room, count = np.int64(0), total(lengths)
    for c in range(columns.shape[0]):
        room += room_of(begins[c + 1] - begins[c], count, folding.roles[columns[c]])
    out, ends, at = np.empty(room, np.uint8), np.empty(columns.shape[0], np.int64), np.int64(0)
    codes, changes = np.empty(count, np.int64), np.empty(count, np.int64)
    metres, paces, ways = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(count, np.int64)
    read_ways(pixels, lengths, ways)
    for c in range(columns.shape[0]):
        if begins[c] < begins[c + 1]:
            role = folding.roles[columns[c]]
            if role == METRES:
                metres = np.empty(count, np.int64)
                read_numbers(plain, begins[c], metres, count)
            elif role == PACE:
                paces = np.empty(count, np.int64)
                read_numbers(plain, begins[c], paces, count)
                find_paces(paces, lengths, folding)
    for c in range(columns.shape[0]):
        if begins[c] < begins[c + 1]:
            read_numbers(plain, begins[c], codes, count)
            at = fold_codes(codes, folding.roles[columns[c]], lengths, (metres, paces, ways), changes, out, at)
        ends[c] = at
    return out[:at], ends
