"""Count the pixels of tiles from passages, add up what was counted elsewhere, and read it.

A tile is written as bytes: for each pixel that holds anything, in ascending order, the step from the pixel before (less
1, the first from -1), then one number for each plane (`heatlas.kernels.numbers`). The first plane is the passages. Each
plane has a rule: ADDED numbers from 0; SIGNED sums of whole numbers, zigzag; LEAST and GREATEST, zigzag, of pixels
whose plane before is not 0.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.instructions import trailing_zeros
from heatlas.kernels.numbers import read_number, unzigzag, write_number, zigzag

__all__ = [
    "ADDED", "GREATEST", "LEAST", "PASSES", "PERSONS", "SIGNED", "TRACKS", "VALUES", "add_tiles", "count_tiles",
    "fill_tile",
]  # fmt: skip

ADDED, SIGNED, LEAST, GREATEST = range(4)
PASSES, TRACKS, PERSONS, VALUES = range(4)
"""What is counted beside passages: nothing; tracks; persons; values of passages, of which `count_tiles` says more."""
_SIDE, _PIXELS, _WORDS = 256, 65536, 1024
_LONGEST = 9
"""Bytes of a number, at most."""
UNKNOWN = -(1 << 31)
"""Stands for an unknown value, as in `heatlas.kernels.index`."""


@helper()
def _mark(seen, pixel):
    """Note that a pixel holds something: one bit of `seen` (1024,) uint64."""
    seen[pixel >> 6] |= np.uint64(1) << np.uint64(pixel & 63)


@helper()
def _merge(planes, pixel, rules, p, value):
    """Add a value to plane `p` of a pixel; of extremes, before its known ones are counted in the plane before."""
    rule = rules[p]
    if rule <= SIGNED or planes[pixel, p - 1] == 0:
        planes[pixel, p] += value
    elif (value < planes[pixel, p]) == (rule == LEAST):
        planes[pixel, p] = value


@helper()
def _write(planes, seen, rules, skipped, out, at):
    """Write the pixels of a tile, without plane `skipped`, and clear them.

    Returns the end, and the passages and pixels that were written.
    """
    many, last = rules.shape[0], np.int64(-1)
    passages = pixels = np.int64(0)
    for word in range(_WORDS):
        left = seen[word]
        seen[word] = 0
        while left != 0:
            pixel = np.int64(word * 64) + trailing_zeros(left)
            left &= left - np.uint64(1)
            at = write_number(out, at, pixel - last - 1)
            last = pixel
            passages += planes[pixel, 0]
            pixels += 1
            for p in range(many):
                value = planes[pixel, p]
                planes[pixel, p] = 0
                if p != skipped:
                    at = write_number(out, at, zigzag(value) if rules[p] != ADDED else value)
    return at, passages, pixels


@helper()
def _spread(planes, seen, stamps, row, column, who, plane):
    """Count a person once in each of the 3 x 3 pixels around one, as far as they lie in the tile."""
    for y in range(max(row - 1, 0), min(row + 2, _SIDE)):
        for x in range(max(column - 1, 0), min(column + 2, _SIDE)):
            pixel = y * _SIDE + x
            if stamps[pixel] != who:
                stamps[pixel] = who
                planes[pixel, plane] += 1
                _mark(seen, pixel)


@kernel(
    "const u2[:]", "const i8[:]", "const i8[:]", "const i8[:]", "const i8[:]", "const i8[:]", "const i4[:]",
    "const i8[:]", "i8", "i8", "const i8[:]", allocates=True,
)  # fmt: skip
def count_tiles(pixels, values, begins, ends, tracks, persons, outer, tiles, what, near, rules):
    """Count the pixels of tiles.

    Parameters
    ----------
    pixels : ndarray of uint16 (k,)
        Of passages, as `heatlas.kernels.visited.list_visited` gives them.
    values : ndarray of int64 (k,) or (0,)
        Whole number of each passage, UNKNOWN where there is none; for VALUES.
    begins, ends : ndarray of int64 (m,)
        Stretches of `pixels`, sorted by tile, then by person, then by track.
    tracks, persons : ndarray of int64 (m,)
        Track and person of each stretch, from 0.
    outer : ndarray of int32 (m,)
        -1; or a pixel beside the tile, as `heatlas.kernels.visited.spill` gives it: such a stretch has no passages.
    tiles : ndarray of int64 (t + 1,)
        Offsets of the tiles into the stretches.
    what : int
        PASSES, TRACKS, PERSONS or VALUES.
    near : int
        Second plane: 0 none; 1 persons of the pixel; 2 persons of the 3 x 3 pixels around it.
    rules : ndarray of int64 (p,)
        Of all planes: passages; persons where `near`; then tracks or persons, or for VALUES the sum alone where there
        is one more plane, and where there are two the known ones and their sum or extreme.

    Returns
    -------
    passages : ndarray of int64 (t,)
        Passages of each tile.
    filled : ndarray of int32 (t,)
        Pixels of each tile.
    offsets : ndarray of int64 (t + 1,)
        Of the tiles into the bytes.
    data : ndarray of uint8
        Bytes of all tiles.
    """
    count, many = tiles.shape[0] - 1, rules.shape[0]
    planes, seen = np.zeros((_PIXELS, many), np.int64), np.zeros(_WORDS, np.uint64)
    near_stamps, stamps = np.full(_PIXELS, -1, np.int64), np.full(_PIXELS, -1, np.int64)
    passages, filled = np.empty(count, np.int64), np.empty(count, np.int32)
    offsets, out = np.empty(count + 1, np.int64), np.empty(1 << 16, np.uint8)
    at, extra = 0, 2 if near else 1
    who, before, stamps_of_tile = np.int64(0), np.int64(-1), np.int64(0)
    for s in range(tracks.shape[0]):
        stamps_of_tile = max(stamps_of_tile, tracks[s] + 1)
    for t in range(count):
        offsets[t] = at
        touched = np.int64(0)
        for s in range(tiles[t], tiles[t + 1]):
            if s == tiles[t] or persons[s] != before:
                before = persons[s]
                who += 1
            if outer[s] >= 0:
                if near == 2:
                    _spread(planes, seen, near_stamps, outer[s] // 258 - 1, outer[s] % 258 - 1, who, 1)
                    touched += 9
                continue
            touched += (ends[s] - begins[s]) * (9 if near == 2 else 1)
            for k in range(begins[s], ends[s]):
                pixel = np.int64(pixels[k])
                planes[pixel, 0] += 1
                _mark(seen, pixel)
                if near == 2:
                    _spread(planes, seen, near_stamps, pixel >> 8, pixel & 255, who, 1)
                elif near == 1 and near_stamps[pixel] != who:
                    near_stamps[pixel] = who
                    planes[pixel, 1] += 1
                if what == VALUES:
                    if values[k] != UNKNOWN:
                        _merge(planes, pixel, rules, many - 1, values[k])
                        if many - extra == 2:
                            planes[pixel, extra] += 1
                elif what != PASSES:
                    mine = t * stamps_of_tile + tracks[s] if what == TRACKS else who
                    if stamps[pixel] != mine:
                        stamps[pixel] = mine
                        planes[pixel, extra] += 1
        room = at + (3 + _LONGEST * many) * min(touched, _PIXELS)
        if room > out.shape[0]:
            out = _larger(out, at, room)
        at, passages[t], filled[t] = _write(planes, seen, rules, -1, out, at)
    offsets[count] = at
    return passages, filled, offsets, out[:at].copy()


@kernel("const i8[:]", "const i8[:]", "const i8[:]", "const u1[:]", "const i8[:]", "i8", "i8", allocates=True)
def add_tiles(order, tiles, offsets, data, rules, least, grain):
    """Add up tiles that were counted of several parts of the data.

    Parameters
    ----------
    order : ndarray of int64 (n,)
        Rows of the tiles, sorted by tile.
    tiles : ndarray of int64 (t + 1,)
        Offsets of the tiles into `order`.
    offsets : ndarray of int64 (n + 1,)
        Of the rows into the bytes.
    data : ndarray of uint8
        Bytes, as `count_tiles` gives them.
    rules : ndarray of int64 (p,)
        Rules of the planes.
    least : int
        0: all pixels stay. Else pixels stay that have passages, and at least so many persons in the second plane,
        which is left out then.
    grain : int
        0; or counts are rounded to multiples of it, halves up.

    Returns
    -------
    passages, filled, offsets, data
        As `count_tiles` gives them; a tile of which nothing stays has no bytes.
    """
    count, many = tiles.shape[0] - 1, rules.shape[0]
    planes, seen = np.zeros((_PIXELS, many), np.int64), np.zeros(_WORDS, np.uint64)
    passages, filled = np.zeros(count, np.int64), np.zeros(count, np.int32)
    ends, out = np.empty(count + 1, np.int64), np.empty(max(data.shape[0], 16), np.uint8)
    values = np.empty(many, np.int64)
    ends[0] = at = 0
    for t in range(count):
        for j in range(tiles[t], tiles[t + 1]):
            i, end = offsets[order[j]], offsets[order[j] + 1]
            pixel = np.int64(-1)
            while i < end:
                step, i = read_number(data, i)
                pixel += step + 1
                for p in range(many):
                    values[p], i = read_number(data, i)
                if pixel >= _PIXELS:
                    break  # damaged
                _mark(seen, pixel)
                for p in range(many - 1, -1, -1):  # an extreme looks at the plane before, as it was
                    if rules[p] > SIGNED and values[p - 1] == 0:
                        continue
                    _merge(planes, pixel, rules, p, unzigzag(values[p]) if rules[p] != ADDED else values[p])
        room = at
        for word in range(_WORDS):
            left = seen[word]
            while left != 0:
                pixel = np.int64(word * 64) + trailing_zeros(left)
                left &= left - np.uint64(1)
                room += 3 + _LONGEST * many
                if least > 0 and (planes[pixel, 0] == 0 or planes[pixel, 1] < least):
                    seen[word] &= ~(np.uint64(1) << np.uint64(pixel & 63))
                    planes[pixel, :] = 0
                elif grain > 0:
                    for p in range(many):
                        if rules[p] == ADDED and planes[pixel, p] > 0:
                            planes[pixel, p] = (planes[pixel, p] + grain // 2) // grain * grain
        if room > out.shape[0]:
            out = _larger(out, at, room)
        at, passages[t], filled[t] = _write(planes, seen, rules, 1 if least > 0 else -1, out, at)
        ends[t + 1] = at
    return passages, filled, ends, out[:at].copy()


@kernel("const u1[:]", "const i8[:]", "i8[:, :]")
def fill_tile(data, rules, planes):
    """Read a tile.

    Parameters
    ----------
    data : ndarray of uint8
        Bytes of one tile, as `count_tiles` or `add_tiles` gives them.
    rules : ndarray of int64 (p,)
        Rules of the planes.
    planes : ndarray of int64 (p, 65536)
        Is written at the tile's pixels; 0 elsewhere.
    """
    i, pixel = 0, np.int64(-1)
    while i < data.shape[0]:
        step, i = read_number(data, i)
        pixel += step + 1
        for p in range(rules.shape[0]):
            value, i = read_number(data, i)
            if pixel < _PIXELS:
                planes[p, pixel] = unzigzag(value) if rules[p] != ADDED else value


@helper(allocates=True)
def _larger(out, at, room):
    """Copy the first `at` bytes of `out` to an array of at least `room` bytes."""
    larger = np.empty(max(room, 2 * out.shape[0]), np.uint8)
    for i in range(at):
        larger[i] = out[i]
    return larger
