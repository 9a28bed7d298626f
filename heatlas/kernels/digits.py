"""Small whole numbers as digits, several to a byte; `heatlas.kernels.fold` writes columns of the index so.

Huffman's codes, by which zstd compresses bytes, take at least a bit for each. Most numbers of some columns tell
less, and numbers tell of those beside them. So bytes of several numbers are compressed better.

The digits come first, the first one of a byte lowest; those of the last byte beyond the last number are 0. The greatest
digit means that the number is not less than it: by how much it is greater follows, in the order of the numbers, as
`heatlas.kernels.numbers` writes it.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper
from heatlas.kernels.numbers import read_number, write_number

__all__ = ["FOURS", "PAIRS", "TRIPLES", "digit_bytes", "read_digits", "write_digits"]

_ONE = np.uint64(1)
PAIRS, TRIPLES, FOURS = 1, 2, 3
"""Kinds: two digits of 16 to a byte, three of 6, or four of 4."""


@helper()
def digit_bytes(kind, count):
    """Bytes of the digits of `count` numbers, without what follows."""
    each = kind + 1
    return (count + each - 1) // each


@helper(forceinline=True)
def _write(out, at, numbers, base, each):
    count, many, most = np.uint64(numbers.shape[0]), np.uint64(each), base - 1
    i, k, great = np.uint64(at), np.uint64(0), np.int64(0)
    while k + many <= count:
        byte = np.int64(0)
        for j in range(each):
            number = numbers[k + (many - _ONE - np.uint64(j))]
            great += number >= most
            byte = byte * base + min(number, most)
        out[i] = byte
        k += many
        i += _ONE
    if k < count:
        byte, place = np.int64(0), np.int64(1)
        for j in range(k, count):
            great += numbers[j] >= most
            byte += place * min(numbers[j], most)
            place *= base
        out[i] = byte
        i += _ONE
    at, k = np.int64(i), np.uint64(0)
    while great > 0:
        if numbers[k] >= most:
            at = write_number(out, at, numbers[k] - most)
            great -= 1
        k += _ONE
    return at


@helper()
def write_digits(out, at, numbers, kind):
    """Write whole numbers from 0; returns where the next byte goes."""
    if kind == PAIRS:
        return _write(out, at, numbers, 16, 2)
    if kind == TRIPLES:
        return _write(out, at, numbers, 6, 3)
    return _write(out, at, numbers, 4, 4)


@helper(forceinline=True)
def _read(data, begin, first, numbers, count, rest, base, each):
    size, wanted, many = np.uint64(data.shape[0]), np.uint64(count), np.uint64(each)
    at, used = np.uint64(begin + first // each), first % each
    k, great = np.uint64(0), np.int64(0)
    if used > 0 and count > 0:
        byte = np.int64(data[at]) if at < size else np.int64(0)
        for _ in range(used):
            byte //= base
        while used < each and k < wanted:
            numbers[k] = byte % base
            great += numbers[k] == base - 1
            byte //= base
            k += _ONE
            used += 1
        at += _ONE
    while k + many <= wanted:
        byte = np.uint64(data[at]) if at < size else np.uint64(0)
        for j in range(each):
            digit = byte % np.uint64(base)
            numbers[k + np.uint64(j)] = digit
            great += digit == np.uint64(base - 1)
            byte //= np.uint64(base)
        k += many
        at += _ONE
    byte = np.int64(data[at]) if at < size else np.int64(0)
    while k < wanted:
        numbers[k] = byte % base
        great += numbers[k] == base - 1
        byte //= base
        k += _ONE
    k = np.uint64(0)
    while great > 0:
        if numbers[k] == base - 1:
            more, rest = read_number(data, rest)
            numbers[k] += more
            great -= 1
        k += _ONE
    return rest


@helper()
def read_digits(data, begin, first, numbers, count, rest, kind):
    """Read some numbers; beyond the last byte there are zeros.

    Parameters
    ----------
    data : ndarray of uint8
        What `write_digits` wrote is in it.
    begin : int
        Where the digits begin.
    first : int
        Place of the first number that is read.
    numbers : ndarray of int64
        Overwritten with them.
    count : int
        How many.
    rest : int
        Where that is by which the first great number is greater.
    kind : int
        As they were written.

    Returns
    -------
    int
        `rest` of the number after the last.
    """
    if kind == PAIRS:
        return _read(data, begin, first, numbers, count, rest, 16, 2)
    if kind == TRIPLES:
        return _read(data, begin, first, numbers, count, rest, 6, 3)
    return _read(data, begin, first, numbers, count, rest, 4, 4)
