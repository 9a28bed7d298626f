"""Read the passages of a tile from the bytes of the passage index, which `heatlas.kernels.encode` writes.

A tile's pixels are 256 x 256, numbered row * 256 + column. A *run* is the passages of one activity in one tile, in the
order of its path. Each run is encoded by itself, so that bytes of runs can be cut out and joined again.

* Pixels: the first of a run as two bytes, little-endian; then one byte for each step, (rows + 8) * 16 + (columns + 8)
  with rows and columns from -7 to 7; or 0 and two bytes, for a pixel farther away.
* Amounts: whole numbers from 0 in bytes of seven bits, low ones first, the eighth set on all but the last (LEB128).
* Values: likewise 0 where unknown, else 1 + the zigzag of the difference to the run's last known value (at first 0).
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.numbers import longest, read_number, read_numbers, total, unzigzag

__all__ = [
    "UNKNOWN", "decode_amounts", "decode_head", "decode_header", "decode_pixels", "decode_values", "pixel_bytes",
    "read_header",
]  # fmt: skip

UNKNOWN = -(1 << 31)
"""Stands for an unknown value among decoded ones."""
_ONE = np.uint64(1)
_LAST = (1 << 31) - 1
"""Greatest number of an activity."""
_MOST = np.int64(1 << 40)
"""Most passages of a tile."""


@helper(allocates=True)
def read_header(data, room):
    """Read as `decode_header` does, as far as there are no more than `room` passages."""
    count, at = read_number(data, 0)
    count = min(count, data.shape[0])
    ids, lengths = np.empty(count, np.int64), np.empty(count, np.int64)
    before = np.int64(0)
    for r in range(count):
        step, at = read_number(data, at)
        before += step
        if step > _LAST or before > _LAST:
            return ids[:0], lengths[:0], at
        ids[r] = before
    for r in range(count):
        length, at = read_number(data, at)
        if length > room:
            return ids[:r], lengths[:r], at
        lengths[r] = length
        room -= length
    return ids, lengths, at


@kernel("const u1[:]", allocates=True)
def decode_header(data):
    """Read the ids and lengths of a tile's runs, and where the runs begin.

    A passage takes at least a byte. Runs of damaged bytes that claim more, or impossible activities, are left out.
    """
    return read_header(data, np.int64(data.shape[0]))


@kernel("const u1[:]", allocates=True)
def decode_head(data):
    """Read the ids and lengths of a tile's runs from its header alone; what damaged bytes claim is believed."""
    ids, lengths, _ = read_header(data, _MOST)
    return ids, lengths


@kernel("const u1[:]", "i8", "const i8[:]", allocates=True)
def decode_pixels(data, at, lengths):
    """Read the pixels of all runs, uint16. Damaged bytes give as many as there are, and pixel 0 for the rest."""
    total = np.int64(0)
    for length in lengths:
        total += length
    pixels = np.zeros(total, np.uint16)
    i, k, end = np.uint64(at), np.uint64(0), np.uint64(data.shape[0])
    for length in lengths:
        if length == 0 or i + np.uint64(1) >= end:
            break
        here = np.int64(data[i]) | np.int64(data[i + _ONE]) << 8
        i += np.uint64(2)
        pixels[k] = here
        k += _ONE
        for _ in range(length - 1):
            if i >= end:
                break
            step = np.int64(data[i])
            if step != 0:
                here += ((step >> 4) << 8) + (step & 15) - 2056  # 8 rows and 8 columns
                i += _ONE
            elif i + np.uint64(2) < end:
                here = np.int64(data[i + _ONE]) | np.int64(data[i + np.uint64(2)]) << 8
                i += np.uint64(3)
            pixels[k] = here
            k += _ONE
    return pixels


@kernel("const u1[:]", "i8", "const i8[:]", allocates=True)
def pixel_bytes(data, at, lengths):
    """Offsets of the runs of pixels into the bytes, (r + 1,)."""
    offsets = np.empty(lengths.shape[0] + 1, np.int64)
    offsets[0] = at
    for r in range(lengths.shape[0]):
        at += 2
        for _ in range(lengths[r] - 1):
            at += 3 if at < data.shape[0] and data[at] == 0 else 1
        offsets[r + 1] = at
    return offsets


@kernel("const u1[:]", "i8", allocates=True)
def decode_amounts(data, count):
    """Read `count` amounts as int64."""
    amounts = np.empty(count, np.int64)
    read_numbers(data, 0, amounts, count)
    return amounts


@kernel("const u1[:]", "const i8[:]", allocates=True)
def decode_values(data, lengths):
    """Read the values of all runs as int32, UNKNOWN among them."""
    values = np.empty(total(lengths), np.int32)
    codes = np.empty(longest(lengths), np.int64)
    at, k = 0, 0
    for length in lengths:
        at = read_numbers(data, at, codes, length)
        before = np.int64(0)
        for j in range(length):
            if codes[j] == 0:
                values[k + j] = UNKNOWN
            else:
                before += unzigzag(codes[j] - 1)
                values[k + j] = before
        k += length
    return values
