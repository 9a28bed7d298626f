"""Columns of passages while they wait to be folded: of most columns only the numbers that change something.

`note_amounts` and `note_values` write what a group of tracks left in each tile, and `heatlas.kernels.join` reads it.
The numbers are those of a plain column (`heatlas.kernels.encode`), one for each passage. What is written of a tile is:

* a byte with its form, FEW or ALL, and the number of the first passage;
* ALL: the numbers of all others;
* FEW: for each other number that changes something (`heatlas.kernels.fold`) how many passages before it change nothing,
  in bytes, of which 255 goes on in the next, and the number. The passage before counts, also of another run.

A number is a byte, or 255 and eight bytes: nearly all are bytes, and none has to be put together.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.index import UNKNOWN
from heatlas.kernels.numbers import zigzag

__all__ = ["ALL", "FEW", "WIDEST", "note_amounts", "note_values", "read_changes", "read_noted"]

FEW, ALL = 0, 1
"""Forms of what is written of a tile."""
_WIDE = 255
WIDEST = 11
"""Most bytes that a passage takes: a gap that ends, a number of nine, and its share of a longer gap."""
_SHARE, _OF = 3, 8
"""Share of the passages that change something from which ALL takes no more bytes than FEW, or hardly more."""
_ONE, _EIGHT = np.uint64(1), np.uint64(8)


@helper(forceinline=True)
def _write(out, at, number):
    """Write a number; returns where the next byte goes."""
    if number < _WIDE:
        out[at] = number
        return at + _ONE
    out[at] = _WIDE
    for k in range(8):
        out[at + _ONE + np.uint64(k)] = (number >> 8 * k) & 255
    return at + _ONE + _EIGHT


@helper(forceinline=True)
def _write_gap(out, at, gap):
    """Write how many passages change nothing; returns where the next byte goes."""
    while gap >= _WIDE:
        out[at] = _WIDE
        at += _ONE
        gap -= _WIDE
    out[at] = gap
    return at + _ONE


@helper(forceinline=True)
def _code(value, before):
    """Number of a value, after another of its run that was known, and which value the next one comes after."""
    known = value != UNKNOWN
    return (zigzag(value - before) + 1, value) if known else (np.int64(0), before)


@helper()
def _count_changes(values, stretches, first, last):
    """Passages of some stretches, and about how many of them change something: vectors compare neighbours."""
    count, differ = np.int64(0), np.int64(0)
    for s in range(first, last):
        begin, end = np.uint64(stretches[s, 0]), np.uint64(stretches[s, 1])
        count += stretches[s, 1] - stretches[s, 0]
        for k in range(begin + _ONE, end):
            differ += values[k] != values[k - _ONE]
    return count, differ


@helper()
def _find_changes(values, begin, end, found):
    """Find the passages of a stretch, but its first, that differ from the one before; returns how many.

    Without a branch: which do is hard to predict.
    """
    count = np.uint64(0)
    for k in range(np.uint64(begin) + _ONE, np.uint64(end)):
        found[count] = k
        count += np.uint64(values[k] != values[k - _ONE])
    return np.int64(count)


@helper()
def _longest(stretches):
    longest = np.int64(0)
    for s in range(stretches.shape[0]):
        longest = max(longest, stretches[s, 1] - stretches[s, 0])
    return longest


@kernel(
    "const i4[:]", "const i8[:, :]", "const i8[:]", "const i8[:]", "u1[:]", "i8", "i8[:]", "b1[:]",
    allocates=True,
)  # fmt: skip
def note_values(values, stretches, runs, tiles, out, begin, ends, some):
    """Write values, UNKNOWN among them, one for each passage.

    Parameters
    ----------
    values : ndarray of int32 (n,)
        Track after track.
    stretches, runs, tiles
        As for `heatlas.kernels.encode.encode_pixels`.
    out : ndarray of uint8
        Changed from `begin` on; it has room for `WIDEST` bytes a passage and as many for each tile.
    begin : int
        Where the first byte goes.
    ends : ndarray of int64 (t,)
        Changed to where the bytes of each tile end.
    some : ndarray of bool (t,)
        Changed to whether anything is known in a tile.

    Returns
    -------
    int
        Where the last byte ends.
    """
    found, at = np.empty(_longest(stretches) + 1, np.uint32), np.uint64(begin)
    for t in range(tiles.shape[0] - 1):
        first, last = tiles[t], tiles[t + 1]
        count, differ = _count_changes(values, stretches, runs[first], runs[last])
        form = ALL if differ * _OF >= _SHARE * count else FEW
        out[at] = form
        at += _ONE
        # Passages of the tile so far, and how many of them lie before those that a gap counts.
        passed, noted, same, known = np.int64(0), np.int64(0), np.int64(-1), False
        for r in range(first, last):
            before = np.int64(0)
            for s in range(runs[r], runs[r + 1]):
                a, b = stretches[s, 0], stretches[s, 1]
                code, before = _code(np.int64(values[a]), before)
                known |= code != 0
                if passed == 0:
                    at, noted = _write(out, at, code), np.int64(1)
                elif form == ALL:
                    at = _write(out, at, code)
                elif code != same:
                    at = _write(out, _write_gap(out, at, passed - noted), code)
                    noted = passed + 1
                same = np.int64(code != 0)
                if form == ALL:
                    for k in range(a + 1, b):
                        code, before = _code(np.int64(values[k]), before)
                        known |= code != 0
                        at = _write(out, at, code)
                else:
                    many = _find_changes(values, a, b, found)
                    for j in range(many):
                        k = np.int64(found[j])
                        code, before = _code(np.int64(values[k]), before)
                        known |= code != 0
                        same = np.int64(code != 0)
                        at = _write(out, _write_gap(out, at, passed + k - a - noted), code)
                        noted = passed + k - a + 1
                passed += b - a
        ends[t], some[t] = at, known
    return np.int64(at)


@kernel("const i8[:]", "const i8[:, :]", "const i8[:]", "const i8[:]", "u1[:]", "i8", "i8[:]", "b1[:]")
def note_amounts(amounts, stretches, runs, tiles, out, begin, ends, some):
    """Write whole numbers from 0, one for each passage.

    Parameters
    ----------
    amounts : ndarray of int64 (n,)
        Track after track.
    stretches, runs, tiles, out, begin, ends
        As for `note_values`.
    some : ndarray of bool (t,)
        Changed to whether a tile has an amount above 0.

    Returns
    -------
    int
        Where the last byte ends.
    """
    at = np.uint64(begin)
    for t in range(tiles.shape[0] - 1):
        first, last = runs[tiles[t]], runs[tiles[t + 1]]
        count, differ = np.int64(0), np.int64(0)
        for s in range(first, last):
            count += stretches[s, 1] - stretches[s, 0]
            for k in range(np.uint64(stretches[s, 0]), np.uint64(stretches[s, 1])):
                differ += amounts[k] != 0
        form = ALL if differ * _OF >= _SHARE * count else FEW
        out[at] = form
        at = _write(out, at + _ONE, amounts[stretches[first, 0]])
        gap, begins = np.int64(0), np.int64(1)
        for s in range(first, last):
            for k in range(np.uint64(stretches[s, 0] + begins), np.uint64(stretches[s, 1])):
                if form == ALL:
                    at = _write(out, at, amounts[k])
                elif amounts[k] != 0:
                    at, gap = _write(out, _write_gap(out, at, gap), amounts[k]), np.int64(0)
                else:
                    gap += 1
            begins = np.int64(0)
        ends[t], some[t] = at, differ > 0
    return np.int64(at)


@helper(forceinline=True)
def _read(data, at):
    """Read a number; returns it and where the next byte lies."""
    number = np.int64(data[at])
    at += _ONE
    if number == _WIDE:
        number = np.int64(0)
        for k in range(8):
            number |= np.int64(data[at + np.uint64(k)]) << 8 * k
        at += _EIGHT
    return number, at


@helper()
def read_noted(data, begin, end, valued, codes, first, count):
    """Read what was written of a tile: `count` numbers from `first` on, all of them.

    Parameters
    ----------
    data : ndarray of uint8
        Bytes of many tiles.
    begin, end : int
        Those of the tile.
    valued : bool
        Whether they are values.
    codes : ndarray of int64
        Changed.
    first, count : int
        Where in `codes` the numbers go.
    """
    at, stop = np.uint64(begin), np.uint64(end)
    form = data[at]
    if form == ALL and end - begin == 1 + count:  # bytes alone
        for k in range(np.uint64(count)):
            codes[np.uint64(first) + k] = data[at + _ONE + k]
        return
    k, last = np.uint64(first), np.uint64(first + count)
    code, at = _read(data, at + _ONE)
    codes[k] = code
    k += _ONE
    if form == ALL:
        while k < last:
            code, at = _read(data, at)
            codes[k] = code
            k += _ONE
        return
    usual = np.int64(valued)
    same = np.int64(valued and code != 0)
    codes[first + 1 : first + count] = usual
    while at < stop:
        gap = np.uint64(0)
        while data[at] == _WIDE:
            gap += np.uint64(_WIDE)
            at += _ONE
        gap += np.uint64(data[at])
        if same != usual:
            for j in range(k, k + gap):
                codes[j] = same
        k += gap
        code, at = _read(data, at + _ONE)
        codes[k] = code
        same = np.int64(valued and code != 0)
        k += _ONE
    if same != usual:
        for j in range(k, last):
            codes[j] = same


@helper()
def read_changes(data, begin, end, valued, codes, first, changes, state):
    """Read only the numbers of a tile that change something, of those that were written as FEW.

    Parameters
    ----------
    data, begin, end, valued
        As for `read_noted`.
    codes : ndarray of int64
        Changed where something changes.
    first : int
        Where in `codes` the number of the first passage goes.
    changes : ndarray of int64
        Changed to these places.
    state : (int, int)
        How many there are so far, and the number that changes nothing.

    Returns
    -------
    (int, int)
        The state after them. The first is -1 where all numbers were written.
    """
    found, same = np.uint64(state[0]), state[1]
    at, stop, k = np.uint64(begin), np.uint64(end), np.uint64(first)
    if data[at] == ALL:
        return np.int64(-1), same
    code, at = _read(data, at + _ONE)
    changes[found], codes[k] = k, code
    found += np.uint64(code != same)
    same = np.int64(valued and code != 0)
    k += _ONE
    while at < stop:
        while data[at] == _WIDE:
            k += np.uint64(_WIDE)
            at += _ONE
        k += np.uint64(data[at])
        code, at = _read(data, at + _ONE)
        changes[found], codes[k] = k, code
        found += _ONE
        same = np.int64(valued and code != 0)
        k += _ONE
    return np.int64(found), same
