"""Add the passages of one tile of the index to its pixels, with a filter over activities; list the pixels.

Pixels are as `heatlas.kernels.index.decode_pixels` gives them, run after run; their amounts or values are decoded on
the way. A filter is an array of bool by the number of the activity; an empty one keeps all.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.index import read_header
from heatlas.kernels.instructions import trailing_zeros
from heatlas.kernels.moves import PASSAGES, follow_moves, read_coded_header
from heatlas.kernels.numbers import longest, read_numbers, unzigzag
from heatlas.kernels.reduce import add_value

__all__ = [
    "add_activities_of", "add_amounts", "add_values", "count_passes_of", "first_from", "mark_pixels", "place_pixels",
    "take_marked",
]  # fmt: skip

_ONE, _TWO, _THREE, _FOUR = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
_STEPS = np.array([(step >> 4) * 256 + (step & 15) - 8 * 257 for step in range(256)])
"""What a byte of pixels adds to the number of a pixel: rows and columns, each from -8 on."""


@helper()
def _kept(keep, activity):
    """Whether the filter keeps an activity; an empty filter keeps all."""
    return keep.shape[0] == 0 or (0 <= activity < keep.shape[0] and keep[activity])


@kernel(
    "const u1[:]", "const i8[:]", "const i8[:]", "const b1[:]", "const b1[:]", "u4[:]", "u1[:]", "u8[:]",
    allocates=True,
)  # fmt: skip
def count_passes_of(data, chunks, tiles, coded, keep, counts, marks, words):
    """Count the passages of the kept activities in each pixel of some tiles, straight from the bytes of their chunks.

    Parameters
    ----------
    data : ndarray of uint8
        Header and pixels of chunk after chunk; damaged bytes count as `decode_pixels` or `decode_moves` gives them.
    chunks : ndarray of int64 (c + 1,)
        Offsets of the chunks into the bytes.
    tiles : ndarray of int64 (t + 1,)
        Offsets of the tiles into the chunks.
    coded : ndarray of bool (c,)
        Whether the pixels of a chunk are codes of moves (`heatlas.kernels.moves`), not bytes (`heatlas.kernels.index`).
    keep : ndarray of bool (activities,) or (0,)
        Which activities count, by number; empty: all.
    counts : ndarray of uint32 (65536,)
        Scratch, 0 before and after.
    marks : ndarray of uint8 (16384,)
        Likewise: 1 for each four pixels of which one has a count.
    words : ndarray of uint64 (2048,)
        The memory of `marks`.

    Returns
    -------
    ndarray of uint16 (k,), ndarray of uint32 (k,), ndarray of int64 (t + 1,)
        Pixels that have passages, ascending in each tile; how many; and the offsets of the tiles into both.
    """
    most = np.int64(_FOUR)
    for t in range(tiles.shape[0] - 1):
        passages = np.int64(0)
        for c in range(tiles[t], tiles[t + 1]):
            passages += (chunks[c + 1] - chunks[c]) * (PASSAGES if coded[c] else 1)
        most += min(passages, counts.shape[0])
    pixels, passes = np.empty(most, np.uint16), np.empty(most, np.uint32)
    bounds, k = np.zeros(tiles.shape[0], np.int64), np.uint64(0)
    for t in range(tiles.shape[0] - 1):
        for c in range(tiles[t], tiles[t + 1]):
            if coded[c]:
                _add_coded(data[chunks[c] : chunks[c + 1]], keep, counts, marks)
            else:
                _add_passes(data[chunks[c] : chunks[c + 1]], keep, counts, marks)
        for w in range(words.shape[0]):
            left, words[w] = words[w], 0
            while left != 0:
                first = (np.uint64(w << 3) + (trailing_zeros(left) >> _THREE)) * _FOUR
                left &= left - _ONE
                for pixel in range(first, first + _FOUR):
                    pixels[k], passes[k] = pixel, counts[pixel]  # the next one takes its place where there is nothing
                    k += np.uint64(counts[pixel] != 0)
                    counts[pixel] = 0
        bounds[t + 1] = k
    return pixels[:k], passes[:k], bounds


@helper(forceinline=True)
def _first_marked(left, w):
    """First pixel of the first four that word `w` of the marks still marks, and the word without that mark."""
    return (np.uint64(w << 3) + (trailing_zeros(left) >> _THREE)) * _FOUR, left & (left - _ONE)


@helper(forceinline=True)
def _add_one(here, counts, marks):
    """Count a passage. Marks are bytes, which are only written; a bit for each pixel is read too, and takes longer."""
    pixel = np.uint64(np.uint16(here))
    counts[pixel] += np.uint32(1)
    marks[pixel >> _TWO] = 1


@helper(forceinline=True)
def _count_one(into, k, here):  # noqa: ARG001 - `follow_moves` hands it over
    counts, marks = into
    _add_one(here, counts, marks)


@helper(forceinline=True)
def _count_none(into, k, here):
    """Leave out a passage of an activity that is not kept."""


@helper(allocates=True)
def _add_coded(data, keep, counts, marks):
    """As `_add_passes`, of codes of moves."""
    ids, lengths, at = read_coded_header(data)
    bit, end, zero = np.uint64(at) << _THREE, np.uint64(data.shape[0]), np.uint64(0)
    for r in range(ids.shape[0]):
        if lengths[r] == 0:  # of damaged bytes
            continue
        if _kept(keep, ids[r]):
            bit = follow_moves(data, bit, end, np.uint64(lengths[r]), _count_one, (counts, marks), zero)
        else:
            bit = follow_moves(data, bit, end, np.uint64(lengths[r]), _count_none, (counts, marks), zero)


@helper(allocates=True)
def _add_passes(data, keep, counts, marks):
    """Add 1 to `counts` for each passage of the kept activities of a chunk, and mark its pixel."""
    ids, lengths, at = read_header(data, np.int64(data.shape[0]))
    i, end, more = np.uint64(at), np.uint64(data.shape[0]), True
    for r in range(ids.shape[0]):
        left, kept = np.uint64(lengths[r]), _kept(keep, ids[r])
        more = more and left > 0 and i + _ONE < end
        if more:
            here = np.int64(data[i]) | np.int64(data[i + _ONE]) << 8
            i += _TWO
            if kept:
                _add_one(here, counts, marks)
            left -= _ONE
            while left > 0 and i < end:
                # Steps of one byte, as far as the run and the bytes go.
                first, last = i, i + min(left, end - i)
                if kept:
                    while i < last and data[i] != 0:
                        here += _STEPS[data[i]]
                        _add_one(here, counts, marks)
                        i += _ONE
                else:
                    while i < last and data[i] != 0:
                        i += _ONE
                left -= i - first
                if i < last:  # a pixel farther away
                    if i + _TWO < end:
                        here = np.int64(data[i + _ONE]) | np.int64(data[i + _TWO]) << 8
                        i += _ONE + _TWO
                    if kept:
                        _add_one(here, counts, marks)
                    left -= _ONE
        if kept and left > 0:  # of damaged bytes
            counts[0] += np.uint32(left)
            marks[0] = 1


@kernel("const u2[:]", "const i8[:]", "const i8[:]", "const b1[:]", "i8", "i8[:]", "u4[:]")
def add_activities_of(pixels, ids, lengths, keep, ordinal, stamps, counts):
    """Add 1 to `counts` for each pixel of each run of a kept activity; `ordinal` is above all that `stamps` holds.

    Returns the ordinal for the next call.
    """
    k = 0
    for r in range(ids.shape[0]):
        end = min(k + lengths[r], pixels.shape[0])
        if _kept(keep, ids[r]):
            for j in range(k, end):
                pixel = pixels[j]
                if stamps[pixel] != ordinal:
                    stamps[pixel] = ordinal
                    counts[pixel] += 1
        ordinal += 1
        k = end
    return ordinal


@kernel("const u2[:]", "const i8[:]", "const i8[:]", "const b1[:]", "const u1[:]", "f8[:]", allocates=True)
def add_amounts(pixels, ids, lengths, keep, data, total):
    """Add the amounts of the kept activities' passages to `total` (65536,) float64; exact, as they are whole numbers.

    Parameters
    ----------
    pixels : ndarray of uint16 (n,)
        Run after run.
    ids, lengths : ndarray of int64 (r,)
        Activity and passages of each run.
    keep : ndarray of bool (activities,) or (0,)
        As for `count_passes_of`.
    data : ndarray of uint8
        As `heatlas.kernels.encode.encode_amounts` wrote them.
    """
    amounts = np.empty(longest(lengths), np.int64)
    at, k = 0, np.uint64(0)
    for r in range(ids.shape[0]):
        at = read_numbers(data, at, amounts, lengths[r])
        if _kept(keep, ids[r]):
            for j in range(lengths[r]):
                total[pixels[k + np.uint64(j)]] += amounts[j]
        k += np.uint64(lengths[r])


@kernel(
    "const u2[:]", "const i8[:]", "const i8[:]", "const b1[:]", "const u1[:]", "f8", "const f8[:]", "i8", "f8[:]",
    "f8[:]", "f8[:]", "f8[:]", "b1", allocates=True,
)  # fmt: skip
def add_values(pixels, ids, lengths, keep, data, step, table, least, count, total, square, extreme, greatest):
    """Add the values of the kept activities' passages to the pixels, where they are known.

    Parameters
    ----------
    pixels, ids, lengths, keep
        As for `add_amounts`.
    data : ndarray of uint8
        As `heatlas.kernels.encode.encode_values` wrote them: in units of `step`, or, when `table` is not empty, places
        in it counted from `least`.
    count, total, square, extreme, greatest
        As for `heatlas.kernels.reduce.add_metric`.
    """
    codes = np.empty(longest(lengths), np.int64)
    at, first = 0, np.uint64(0)
    for r in range(ids.shape[0]):
        at = read_numbers(data, at, codes, lengths[r])
        known, k = np.int64(0), first
        first += np.uint64(lengths[r])
        if not _kept(keep, ids[r]):
            continue
        for j in range(lengths[r]):
            pixel = pixels[k]
            k += _ONE
            if codes[j] == 0:
                continue
            known += unzigzag(codes[j] - 1)
            if table.shape[0] > 0:
                value = table[min(max(known - least, 0), table.shape[0] - 1)]
            else:
                value = known * step
            add_value(pixel, value, count, total, square, extreme, greatest)


@kernel("const u2[:]", "u1[:]")
def mark_pixels(pixels, marks):
    """Set `marks` (16384,) to 1 for each four pixels of which one is among some."""
    for k in range(pixels.shape[0]):
        marks[np.uint64(pixels[k]) >> _TWO] = 1


@kernel("u4[:, :] | f8[:, :]", "u8[:]", allocates=True)
def take_marked(planes, words):
    """Take the pixels in which any plane is not 0 out of planes.

    Parameters
    ----------
    planes : ndarray (p, 65536)
        0 afterwards.
    words : ndarray of uint64 (2048,)
        The memory of marks as `mark_pixels` sets them, of all such pixels at least; 0 afterwards.

    Returns
    -------
    ndarray of uint16 (k,), ndarray (p, k)
        Pixels, ascending, and what each plane holds there.
    """
    pixels, count = np.empty(planes.shape[1] + 1, np.uint16), np.uint64(0)
    for w in range(words.shape[0]):
        left, words[w] = words[w], 0
        while left != 0:
            first, left = _first_marked(left, w)
            for pixel in range(first, first + _FOUR):
                filled = np.uint64(0)
                for p in range(planes.shape[0]):
                    filled |= np.uint64(planes[p, pixel] != 0)
                pixels[count] = pixel  # the next one takes its place where there is nothing
                count += filled
    values = np.empty((planes.shape[0], np.int64(count)), planes.dtype)
    for p in range(planes.shape[0]):
        for k in range(values.shape[1]):
            values[p, k] = planes[p, pixels[k]]
            planes[p, pixels[k]] = 0
    return pixels[:count], values


@kernel("const u2[:]", "const u4[:] | const f8[:]", "i8", "i8", "f4[:, :] | u4[:, :] | f8[:, :]")
def place_pixels(pixels, values, left, top, plane):
    """Write the values (k,) of pixels of a tile into a plane (height, width), as far as they lie inside.

    Parameters
    ----------
    pixels : ndarray of uint16 (k,)
        Row * 256 + column, ascending.
    left, top : int
        Column and row of the tile's corner in the plane.
    """
    height, width = plane.shape
    begin, end = first_from(pixels, -top << 8), first_from(pixels, (height - top) << 8)
    for k in range(begin, end):
        row, column = (pixels[k] >> 8) + top, (pixels[k] & 255) + left
        if 0 <= column < width:
            plane[row, column] = values[k]


@helper()
def first_from(pixels, least):
    """Number of the first of some ascending pixels that is not below one."""
    low, high = 0, pixels.shape[0]
    while low < high:
        middle = (low + high) >> 1
        if pixels[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low
