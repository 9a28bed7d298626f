"""Whole numbers from 0 in bytes of seven bits, low ones first, the eighth set on all but the last (LEB128)."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.instructions import eight_bytes

__all__ = [
    "copy_bytes", "longest", "number_bytes", "read_number", "read_numbers", "total", "unzigzag", "write_number",
    "write_numbers", "zigzag",
]  # fmt: skip

_ONE, _EIGHT = np.uint64(1), np.uint64(8)
_GOES_ON = np.uint64(0x8080808080808080)
"""The eighth bits of eight bytes."""


@helper()
def zigzag(number):
    """Fold a signed number: 0, -1, 1, -2 ... become 0, 1, 2, 3."""
    return (number << 1) ^ (number >> 63)


@helper()
def unzigzag(code):
    """Undo `zigzag`."""
    return (code >> 1) ^ -(code & 1)


@helper()
def write_number(out, at, number):
    """Write a whole number from 0; returns where the next byte goes."""
    while number >= 128:
        out[at] = (number & 127) | 128
        number >>= 7
        at += 1
    out[at] = number
    return at + 1


@helper()
def copy_bytes(out, at, data, begin, end):
    """Write some bytes of another array; returns where the next byte goes."""
    to, there = np.uint64(at), np.uint64(begin)  # of which the compiler knows that they are not negative
    for k in range(np.uint64(end - begin)):
        out[to + k] = data[there + k]
    return at + end - begin


@helper()
def write_numbers(out, at, numbers, count):
    """Write `count` whole numbers; returns where the next byte goes. One byte more than they take is written to.

    Second bytes are unpredictable, so numbers of one or two bytes are written without a branch.
    """
    i = np.uint64(at)
    for k in range(count):
        number = numbers[k]
        if number < 1 << 14:
            more = np.uint64(number > 127)
            out[i] = (np.uint64(number) & np.uint64(127)) | more << np.uint64(7)
            out[i + _ONE] = np.uint64(number) >> np.uint64(7)
            i += _ONE + more
        else:
            i = np.uint64(write_number(out, np.int64(i), number))
    return np.int64(i)


@helper()
def read_number(data, at):
    """Read a whole number; returns it and where the next one begins."""
    number, shift = np.int64(0), 0
    while at < data.shape[0]:
        byte = np.int64(data[at])
        at += 1
        number |= (byte & 127) << shift
        if byte < 128 or shift > 49:
            break
        shift += 7
    return number, at


@helper()
def read_numbers(data, at, numbers, count):
    """Read `count` numbers from `at` on; those beyond the last byte are 0. Returns where the next one begins.

    Second bytes are unpredictable, so numbers of one or two bytes are assembled without a branch.
    """
    i, k, size, wanted = np.uint64(at), np.uint64(0), np.uint64(data.shape[0]), np.uint64(count)
    while k < wanted and i + _EIGHT <= size:
        if k + _EIGHT <= wanted and eight_bytes(data, i) & _GOES_ON == 0:
            for j in range(8):
                numbers[k + np.uint64(j)] = data[i + np.uint64(j)]
            k += _EIGHT
            i += _EIGHT
            continue
        for _ in range(min(wanted - k, np.uint64(4))):
            low, high = np.uint64(data[i]), np.uint64(data[i + _ONE])
            more = low >> np.uint64(7)
            if more & (high >> np.uint64(7)):
                break
            numbers[k] = (low & np.uint64(127)) | (high & (np.uint64(0) - more)) << np.uint64(7)
            k += _ONE
            i += _ONE + more
        else:
            continue
        number, there = read_number(data, np.int64(i))
        numbers[k], i = number, np.uint64(there)
        k += _ONE
    for j in range(k, wanted):
        number, there = read_number(data, np.int64(i))
        numbers[j], i = number, np.uint64(there)
    return np.int64(i)


@kernel("const u1[:]", "const i8[:]", allocates=True)
def number_bytes(data, lengths):
    """Offsets of runs of `lengths` numbers into the bytes, (r + 1,)."""
    offsets = np.zeros(lengths.shape[0] + 1, np.int64)
    at = 0
    for r in range(lengths.shape[0]):
        for _ in range(lengths[r]):
            while at < data.shape[0] and data[at] >= 128:
                at += 1
            at += 1
        offsets[r + 1] = at
    return offsets


@helper()
def total(lengths):
    """Sum of whole numbers; an array's own `sum` needs a part of numba that is not compiled with a kernel."""
    found = np.int64(0)
    for length in lengths:
        found += length
    return found


@helper()
def longest(lengths):
    """Greatest of whole numbers, or 0."""
    found = np.int64(0)
    for length in lengths:
        found = max(found, length)
    return found
