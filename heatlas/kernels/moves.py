"""Pixels of the passage index as prefix codes of moves (`heatlas.kernels.move_codes`).

Exact traversal goes from a pixel to one of its four neighbours, and a line goes to two of them in turns that hardly
change. So four moves take two or three bits, which are read faster than zstd unpacks the bytes of
`heatlas.kernels.index`. The first bit is the lowest one of the first byte. Runs follow each other:

* the begin of a line: a bit; 1: a side of the tile (2 bits: north, east, south, west) and the place on it (8); 0: the
  number of a pixel (16). Then the way (3). The context is 0.
* codes of moves. After a turn comes a bit; 0: a turn indeed. 1, and a bit; 0: a line begins. 1: a byte of pixels as
  `heatlas.kernels.index` has it, and the way. The context is 0 then.

What a run's last code tells of further moves is left out. Bits beyond the end are 0.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.index import read_header
from heatlas.kernels.instructions import eight_bytes
from heatlas.kernels.move_codes import CODES, LONGEST, MOVES, STEPS, TURN
from heatlas.kernels.numbers import total

__all__ = ["PASSAGES", "decode_coded_header", "decode_moves", "follow_moves", "read_coded_header"]

_ZERO, _ONE, _TWO, _THREE, _FOUR, _SEVEN, _EIGHT = (np.uint64(k) for k in (0, 1, 2, 3, 4, 7, 8))
_NEXT, _SYMBOL, _LENGTH, _CONTEXT = (np.uint64(k) for k in ((1 << LONGEST) - 1, 31, 15, 15 << LONGEST))
_TURN = np.uint64(TURN)
PASSAGES = 32
"""Passages that a byte may tell: four a bit."""


@helper(allocates=True)
def read_coded_header(data):
    """Read the ids and lengths of a chunk's runs, and where the codes of their moves begin."""
    return read_header(data, np.int64(data.shape[0]) * PASSAGES)


@kernel("const u1[:]", allocates=True)
def decode_coded_header(data):
    """Read as `heatlas.kernels.index.decode_header` does, where codes of moves follow.

    A bit tells four passages at most. Runs of damaged bytes that claim more, or impossible activities, are left out.
    """
    return read_coded_header(data)


@helper(forceinline=True)
def _bits_at(data, bit, end):
    """The next bits, 57 or more; 0 beyond the end."""
    at = bit >> _THREE
    if at + _EIGHT <= end:
        return eight_bytes(data, at) >> (bit & _SEVEN)
    found = _ZERO
    for k in range(at, end):
        found |= np.uint64(data[k]) << ((k - at) << _THREE)
    return found >> (bit & _SEVEN)


@helper(forceinline=True)
def _begin(bits):
    """Pixel and way at the begin of a line, and how many bits tell them."""
    if bits & _ONE:
        side, place = (bits >> _ONE) & _THREE, (bits >> _THREE) & np.uint64(255)
        here = place if side & _ONE == 0 else place << _EIGHT
        if side == _ONE:
            here |= np.uint64(255)
        elif side == _TWO:
            here |= np.uint64(255 << 8)
        return here, (bits >> np.uint64(11)) & _SEVEN, np.uint64(14)
    return (bits >> _ONE) & np.uint64(65535), (bits >> np.uint64(17)) & _SEVEN, np.uint64(20)


@helper(forceinline=True)
def _moved(here, way):
    """The pixel after a move in the present direction of a way."""
    return here + np.uint64(MOVES[(way + (way >> _TWO)) & _THREE])


@helper(forceinline=True)
def follow_moves(data, bit, end, length, put, into, first):
    """Read a run.

    Parameters
    ----------
    data : ndarray of uint8
        Bytes, of which those from `end` on are not looked at.
    bit, end, length, first : uint64
        Where the run begins, in bits; its passages, one at least; and the number of the first one.
    put : helper
        Called with `into`, the number of each passage, and a uint64 of which the lower 16 bits are its pixel.
    into
        What `put` takes.

    Returns
    -------
    uint64
        Where the next run begins, in bits.
    """
    here, way, used = _begin(_bits_at(data, bit, end))
    bit += used
    put(into, first, here)
    k, last, context = first + _ONE, first + length, _ZERO
    while k < last:
        window, used, entry = _bits_at(data, bit, end), _ZERO, _ZERO
        for _ in range(6):  # codes that are there in any case
            entry = np.uint64(CODES[context | window & _NEXT])
            symbol = (entry >> _FOUR) & _SYMBOL
            if symbol >= _TURN or k + _FOUR > last:
                break
            step = STEPS[way << _FOUR | symbol]
            put(into, k, here + step)
            put(into, k + _ONE, here + (step >> np.uint64(16)))
            put(into, k + _TWO, here + (step >> np.uint64(32)))
            here += step >> np.uint64(48)
            put(into, k + _THREE, here)
            k += _FOUR
            used = entry & _LENGTH
            context = entry & _CONTEXT
            way ^= (entry >> np.uint64(11)) & _FOUR
            window >>= used
            bit += used
        else:
            continue
        if k == last:
            break
        bit += entry & _LENGTH
        context = entry & _CONTEXT
        symbol, count = (entry >> _FOUR) & _SYMBOL, _FOUR
        if symbol >= _TURN:
            symbol -= _TURN - _ONE
            count = np.uint64(symbol > _ONE) + np.uint64(symbol > _THREE) + np.uint64(symbol > _SEVEN)
        for j in range(count):
            if k < last:
                way ^= ((symbol >> (count - _ONE - j)) & _ONE) << _TWO
                here = _moved(here, way)
                put(into, k, here)
                k += _ONE
        if (entry >> _FOUR) & _SYMBOL >= _TURN and k < last:
            window = _bits_at(data, bit, end)
            if window & _ONE == 0:
                bit += _ONE
                way = (way & _FOUR) | ((way + (_THREE if way < _FOUR else _ONE)) & _THREE)
                here = _moved(here, way)
            elif window & _TWO == 0:
                here, way, used = _begin(window >> _TWO)
                bit += used + _TWO
                context = _ZERO
            else:
                byte = (window >> _TWO) & np.uint64(255)
                here += ((byte >> _FOUR) << _EIGHT) + (byte & _LENGTH) - np.uint64(2056)  # 8 rows and 8 columns
                way = (window >> np.uint64(10)) & _SEVEN
                bit += np.uint64(13)
                context = _ZERO
            put(into, k, here)
            k += _ONE
    return bit


@helper(forceinline=True)
def _write_pixel(pixels, k, here):
    pixels[k] = np.uint16(here)


@kernel("const u1[:]", "i8", "const i8[:]", allocates=True)
def decode_moves(data, at, lengths):
    """Read the pixels of all runs, uint16, from coded bytes from `at` on. Damaged bytes give others."""
    pixels = np.empty(total(lengths), np.uint16)
    bit, end, k = np.uint64(at) << _THREE, np.uint64(data.shape[0]), _ZERO
    for length in lengths:
        if length > 0:
            bit = follow_moves(data, bit, end, np.uint64(length), _write_pixel, pixels, k)
            k += np.uint64(length)
    return pixels
