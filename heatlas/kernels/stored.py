"""Read a column of many stored tracks at once, into one array.

Of a track by itself `heatlas.library.rows.tracks` reads the same.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.instructions import eight_bytes, float64_of
from heatlas.kernels.path import guess
from heatlas.kernels.planes import add_differences, add_words, horner, may_follow

__all__ = ["are_tracks", "read_doubles", "read_singles"]

_UNKNOWN = -(1 << 31)
"""Whole number that stands for NaN among decimals."""
_DECIMALS = 5
"""Decimals of a float32 are fewer."""
_GUESS = 8 * 15
"""Bytes of the numbers by which progress is guessed."""


@helper()
def _read_whole(data, at, end, words):
    """Read as many whole numbers as there are words, after a byte with their width; returns where they end, or -1."""
    if at >= end:
        return np.int64(-1)
    width = np.int64(data[at])
    last = at + 1 + width * words.shape[0]
    if width > 8 or last > end:
        return np.int64(-1)
    add_differences(data[at + 1 : last], width, words)
    return last


@helper()
def _read_floats(data, at, floats):
    """Read float64 numbers from a byte on."""
    for k in range(floats.shape[0]):
        floats[k] = float64_of(np.int64(eight_bytes(data, np.uint64(at + 8 * k))))


@helper()
def _read_grid(data, begin, end, room, places):
    """Read positions that are steps of a grid; returns whether they are as they were written."""
    if end - begin < 5:
        return False
    count, written, terms = places.shape[0], np.int64(0), np.int64(data[begin + 4])
    for k in range(4):
        written |= np.int64(data[begin + k]) << (8 * k)
    first = begin + 5 + 8 * terms
    if written != count or terms == 0 or first > end:
        return False
    turns, errors, floats = room[0][:count], room[1][:count], room[2][:terms]
    _read_floats(data, begin + 5, floats)
    middle = _read_whole(data, first, end, turns)
    if middle < 0 or _read_whole(data, middle, end, errors) < 0:
        return False
    horner(turns, errors, floats, places)
    return True


@kernel(
    "const u1[:]", "const i8[:]", "const b1[:]", "const i8[:]", ("u8[:]", "u8[:]", "f8[:]"), ("f8[:]", "u8[:]")
)  # fmt: skip
def read_doubles(data, ends, marked, offsets, room, out):
    """Read numbers of 8 bytes: positions, times, offsets.

    Parameters
    ----------
    data : ndarray of uint8 (b,)
        Unpacked columns of k tracks, one after the other.
    ends : ndarray of int64 (k + 1,)
        Offsets of the columns into `data`.
    marked : ndarray of bool (k,)
        Whether each column is written as steps of a grid, and not as words.
    offsets : ndarray of int64 (k + 1,)
        Offsets of the tracks into `out`.
    room : tuple
        Scratch: two arrays of uint64, as long as the longest track, and float64 (256,).
    out : (ndarray of float64 (n,), ndarray of uint64 (n,))
        Overwritten: the numbers, and their bits in the same memory.

    Returns
    -------
    bool
        Whether all columns are whole.
    """
    numbers, words = out
    for t in range(marked.shape[0]):
        begin, end, first, last = ends[t], ends[t + 1], offsets[t], offsets[t + 1]
        if marked[t]:
            if not _read_grid(data, begin, end, room, numbers[first:last]):
                return False
        elif end - begin != 8 * (last - first):
            return False
        else:
            add_words(data[begin:end], words[first:last], 8)
    return True


@helper()
def _read_decimals(data, begin, end, whole, numbers):
    """Read decimals; returns whether they are as they were written."""
    if begin >= end or data[begin] >= _DECIMALS:
        return False
    factor = 1.0
    for _ in range(data[begin]):
        factor *= 10.0
    if _read_whole(data, begin + 1, end, whole) < 0:
        return False
    for i in range(whole.shape[0]):
        number = np.int64(whole[i])
        numbers[i] = np.float32(np.nan if number == _UNKNOWN else number / factor)
    return True


@helper()
def _read_progress(data, begin, end, path, whole, head, out):
    """Read progress as the difference to a guess; returns whether it is as it was written."""
    numbers, words = out
    if end - begin < _GUESS or _read_whole(data, begin + _GUESS, end, whole) < 0:
        return False
    _read_floats(data, begin, head)
    guess(path[0], path[1], head, numbers)
    before = np.uint64(0)
    for i in range(whole.shape[0]):  # sums wrap around, and their differences back
        words[i] += np.uint32(whole[i] - before)
        before = whole[i]
    return True


@kernel(
    "const u1[:]", "const i8[:]", "const b1[:]", "const i8[:]", ("const f8[:]", "const f8[:]"), "b1",
    ("u8[:]", "u8[:]", "f8[:]"), ("f4[:]", "u4[:]"),
)  # fmt: skip
def read_singles(data, ends, marked, offsets, path, is_progress, room, out):
    """Read numbers of 4 bytes: progress, or what was measured.

    Parameters
    ----------
    data, ends, offsets, room
        As for `read_doubles`. A track that takes no bytes of `data` lacks the column: its numbers are NaN.
    marked : ndarray of bool (k,)
        Whether each column is written as decimals or as the difference to a guess, and not as words.
    path : (ndarray of float64 (n,), ndarray of float64 (n,))
        World coordinates of all tracks.
    is_progress : bool
        Whether it is progress.
    out : (ndarray of float32 (n,), ndarray of uint32 (n,))
        Overwritten: the numbers, and their bits in the same memory.

    Returns
    -------
    bool
        Whether all columns are whole.
    """
    u, v = path
    numbers, words = out
    for t in range(marked.shape[0]):
        begin, end, first, last = ends[t], ends[t + 1], offsets[t], offsets[t + 1]
        mine = (numbers[first:last], words[first:last])
        whole = room[0][: last - first]
        if begin == end:
            mine[0][:] = np.float32(np.nan)
        elif not marked[t]:
            if end - begin != 4 * (last - first):
                return False
            add_words(data[begin:end], mine[1], 4)
        elif is_progress:
            if not _read_progress(
                data, begin, end, (u[first:last], v[first:last]), whole, room[2][: _GUESS // 8], mine
            ):
                return False
        elif not _read_decimals(data, begin, end, whole, mine[0]):
            return False
    return True


@kernel("const f8[:]", "const f8[:]", "const i8[:]", "const i8[:]", "const i8[:]")
def are_tracks(u, v, fixes, segments, lines):
    """Whether kernels may follow all of some tracks, as `heatlas.kernels.planes.is_track` says of one.

    Parameters
    ----------
    u, v : ndarray of float64 (n,)
        World coordinates.
    fixes : ndarray of int64 (k + 1,)
        Offsets of the tracks into them.
    segments : ndarray of int64 (m,)
        Offsets of segments, from 0 in each track to the number of its fixes.
    lines : ndarray of int64 (k + 1,)
        Offsets of the tracks into `segments`.
    """
    for t in range(fixes.shape[0] - 1):
        first, last = fixes[t], fixes[t + 1]
        if not may_follow(u[first:last], v[first:last], segments[lines[t] : lines[t + 1]]):
            return False
    return True
