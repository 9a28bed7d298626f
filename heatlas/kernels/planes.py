"""Read the columns of a stored track (`heatlas.library.rows.tracks`), and look whether they are those of a track.

Whole numbers are as `heatlas.library.file.number_columns` writes them, those of points too.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.instructions import bits_of, float64_of
from heatlas.kernels.numbers import zigzag

__all__ = [
    "add_differences", "add_up_doubles", "add_up_singles", "add_up_whole", "add_words", "horner", "is_track",
    "may_follow", "place_steps", "take_apart_whole",
]  # fmt: skip

_BLOCK = 512
"""Words that are put together at a time: they stay in the nearest cache while they are added up."""
_WORLDS = 50.0
"""World widths; a track that reaches further is damaged, as none goes around the world so often."""


@helper(forceinline=True)
def _lay_plane(planes, words, begin, end, plane):
    """Put one byte of some words at its place; in unsigned numbers, as the compiler then makes vector instructions."""
    shift = words.dtype.type(8 * plane)
    at = np.uint64(plane * words.shape[0])
    for i in range(np.uint64(begin), np.uint64(end)):
        words[i] |= words.dtype.type(planes[at + i]) << shift


@helper(forceinline=True)
def add_words(planes, words, size):
    """Put words of `size` bytes together, and add them up: see `add_up_doubles`."""
    count = words.shape[0]
    last = words.dtype.type(0)
    for begin in range(0, count, _BLOCK):
        end = min(begin + _BLOCK, count)
        words[begin:end] = 0
        for plane in range(size):
            _lay_plane(planes, words, begin, end, plane)
        for i in range(np.uint64(begin), np.uint64(end)):
            last += words[i]
            words[i] = last


@kernel("const u1[:]", "u8[:]")
def add_up_doubles(planes, words):
    """Put words of 8 bytes together, and add them up.

    Parameters
    ----------
    planes : ndarray of uint8 (8 * n,)
        Differences of words, modulo 2**64: all lowest bytes, then all second bytes ...
    words : ndarray of uint64 (n,)
        Overwritten with the words.
    """
    add_words(planes, words, 8)


@kernel("const u1[:]", "u4[:]")
def add_up_singles(planes, words):
    """Put words of 4 bytes together, as `add_up_doubles` does: planes (4 * n,), words of uint32 (n,)."""
    add_words(planes, words, 4)


@kernel("const u1[:]", "i8", "u8[:]")
def add_up_whole(planes, width, words):
    """Put differences of `width` bytes together, undo their zigzag, and add them up.

    Parameters
    ----------
    planes : ndarray of uint8 (width * n,)
        All lowest bytes, then all second bytes ...
    width : int
        0 to 8.
    words : ndarray of uint64 (n,)
        Overwritten with the sums, modulo 2**64.
    """
    add_differences(planes, width, words)


@helper()
def add_differences(planes, width, words):
    """Do what `add_up_whole` does."""
    count, one, last = words.shape[0], np.uint64(1), np.uint64(0)
    for begin in range(0, count, _BLOCK):
        end = min(begin + _BLOCK, count)
        words[begin:end] = 0
        for plane in range(width):
            _lay_plane(planes, words, begin, end, plane)
        for i in range(np.uint64(begin), np.uint64(end)):
            last += (words[i] >> one) ^ (np.uint64(0) - (words[i] & one))
            words[i] = last


@kernel("const i8[:]", "u8[:]", "u1[:]")
def take_apart_whole(values, words, planes):
    """Write what `add_up_whole` reads.

    Parameters
    ----------
    values : ndarray of int64 (n,)
        Whole numbers.
    words : ndarray of uint64 (n,)
        Overwritten with the zigzag of their differences.
    planes : ndarray of uint8 (8 * n,)
        Overwritten with their lowest bytes, then their second bytes ..., as far as any is not 0.

    Returns
    -------
    int
        How many bytes of each word are written.
    """
    count, before, every = np.uint64(values.shape[0]), np.int64(0), np.uint64(0)
    for i in range(count):
        words[i] = np.uint64(zigzag(values[i] - before))
        every |= words[i]
        before = values[i]
    width = np.int64(0)
    while every != 0:
        every >>= np.uint64(8)
        width += 1
    for plane in range(width):
        shift, at = np.uint64(8 * plane), np.uint64(plane) * count
        for i in range(count):
            planes[at + i] = (words[i] >> shift) & np.uint64(255)
    return width


@kernel("const i8[:]", "const i8[:]", "const f8[:]", "f8[:]")
def place_steps(turns, errors, terms, places):
    """Work positions out of steps (`heatlas.library.rows.grids`), by Horner's rule.

    Parameters
    ----------
    turns : ndarray of int64 (n,)
        Differences of the steps.
    errors : ndarray of int64 (n,)
        Sums of the units in the last place that the results are wrong by.
    terms : ndarray of float64 (m,)
        Of the polynomial, the constant one first; at least that.
    places : ndarray of float64 (n,)
        Overwritten.
    """
    horner(turns, errors, terms, places)


@helper()
def horner(turns, errors, terms, places):
    """Do what `place_steps` does; steps and errors may be uint64, modulo 2**64."""
    step, before = np.int64(0), np.int64(0)
    for i in range(turns.shape[0]):
        step += np.int64(turns[i])
        value = 0.0
        for k in range(terms.shape[0] - 1, 0, -1):
            value = (value + terms[k]) * step
        places[i] = float64_of(bits_of(value + terms[0]) + (np.int64(errors[i]) - before))
        before = np.int64(errors[i])


@kernel("const f8[:]", "const f8[:]", "const i8[:]")
def is_track(u, v, segments):
    """Whether kernels may follow a track: its places lie in the world, and its segments are all of its fixes.

    Parameters
    ----------
    u, v : ndarray of float64 (n,)
        World coordinates.
    segments : ndarray of int64 (m + 1,)
        Offsets of segments.
    """
    return may_follow(u, v, segments)


@helper()
def may_follow(u, v, segments):
    """Do what `is_track` does."""
    count = u.shape[0]
    if v.shape[0] != count or segments.shape[0] < 2 or segments[0] != 0 or segments[-1] != count:
        return False
    for s in range(segments.shape[0] - 1):
        if segments[s] > segments[s + 1]:
            return False
    outside = 0
    for i in range(count):  # a place that is NaN is outside
        outside += not (abs(u[i] - 0.5) < _WORLDS and abs(v[i] - 0.5) <= 0.5)
    return outside == 0
