"""Write pixels of the passage index as prefix codes of moves, which `heatlas.kernels.moves` describes and reads."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.index import read_header
from heatlas.kernels.move_codes import TURN, WORDS

__all__ = ["encode_moves"]

_DIRECTIONS = np.full(256, -1, np.int64)
_DIRECTIONS[[137, 152, 135, 120]] = 0, 1, 2, 3
"""Direction of a byte of pixels (`heatlas.kernels.index`), -1 where it is no move to a neighbour."""


@helper(forceinline=True)
def _put(out, state, word, count):
    """Write the lowest bits of a word, 32 at most. `state` (3,): bits that wait, how many, and where bytes go."""
    state[0] |= np.uint64(word) << state[1]
    state[1] += np.uint64(count)
    while state[1] >= np.uint64(8):
        out[state[2]] = state[0] & np.uint64(255)
        state[0] >>= np.uint64(8)
        state[1] -= np.uint64(8)
        state[2] += np.uint64(1)


@helper()
def _write_code(out, state, context, symbol):
    """Write a code; returns the context after it."""
    word = np.int64(WORDS[context << 5 | symbol])
    _put(out, state, word & 4095, word >> 12)


@helper()
def _write_place(out, state, pixel):
    """Write the pixel at which a line begins."""
    row, column = pixel >> 8, pixel & 255
    if row == 0:
        _put(out, state, 1 | 0 << 1 | column << 3, 11)
    elif column == 255:
        _put(out, state, 1 | 1 << 1 | row << 3, 11)
    elif row == 255:
        _put(out, state, 1 | 2 << 1 | column << 3, 11)
    elif column == 0:
        _put(out, state, 1 | 3 << 1 | row << 3, 11)
    else:
        _put(out, state, pixel << 1, 17)


@helper()
def _way_of(data, i, left):
    """Way of a line by the bytes of its moves: the first one of them is a decision of 0 where that is possible."""
    if left == 0 or i >= data.shape[0] or _DIRECTIONS[data[i]] < 0:
        return 0
    first = _DIRECTIONS[data[i]]
    for k in range(i + 1, min(i + left, data.shape[0])):
        other = _DIRECTIONS[data[k]]
        if other < 0:
            break
        if other == (first + 3) & 3:
            return other | 4
        if other == (first + 1) & 3:
            break
    return first


@helper()
def _shortest(context, node, count):
    """Four decisions of which the first are those of a node, with the shortest code."""
    found = node << (4 - count) & 15
    for symbol in range(found, found + (1 << (4 - count))):
        if WORDS[context << 5 | symbol] >> 12 < WORDS[context << 5 | found] >> 12:
            found = symbol
    return found


@helper()
def _write_run(data, i, length, out, state):
    """Write the run whose bytes begin at `i`; returns where those of the next one do."""
    _write_place(out, state, np.int64(data[i]) | np.int64(data[i + 1]) << 8)
    i += 2
    way = _way_of(data, i, length - 1)
    _put(out, state, way, 3)
    context, node, count = 0, 1, 0
    for k in range(1, length):
        byte = np.int64(data[i])
        i += 1
        direction = _DIRECTIONS[byte]
        present, other = (way + (way >> 2)) & 3, (way + 1 - (way >> 2)) & 3
        if direction >= 0 and (direction == present or direction == other):
            one = np.int64(direction != present)
            node, count, way = node << 1 | one, count + 1, way ^ one << 2
            if count == 4:
                _write_code(out, state, context, node & 15)
                context, node, count = node & 15, 1, 0
            continue
        _write_code(out, state, context, TURN - 1 + node)
        if direction >= 0 and direction != (present + 2) & 3:
            _put(out, state, 0, 1)
            way = (way & 4) | ((way + (3 if way < 4 else 1)) & 3)
            context = (context << (count + 1) | (node << 1 | 1) & ((2 << count) - 1)) & 15
        else:
            if byte == 0:
                _put(out, state, 1, 2)
                _write_place(out, state, np.int64(data[i]) | np.int64(data[i + 1]) << 8)
                i += 2
            else:
                _put(out, state, 3 | byte << 2, 10)
            way = _way_of(data, i, length - 1 - k)
            _put(out, state, way, 3)
            context = 0
        node, count = 1, 0
    if count > 0:
        _write_code(out, state, context, _shortest(context, node, count))
    return i


@kernel("const u1[:]", "const u1[:]", allocates=True)
def encode_moves(header, pixels):
    """Write the pixels of a chunk.

    Parameters
    ----------
    header : ndarray of uint8
        As `heatlas.kernels.encode.encode_headers` writes it.
    pixels : ndarray of uint8
        As `heatlas.kernels.encode.encode_pixels` writes them.

    Returns
    -------
    ndarray of uint8
    """
    _, lengths, _ = read_header(header, np.int64(pixels.shape[0]))
    # A passage takes 31 bits at most, and four decisions 9.
    out, state, i = np.empty(4 * pixels.shape[0] + 8, np.uint8), np.zeros(3, np.uint64), 0
    for length in lengths:
        if length > 0:
            i = _write_run(pixels, i, length, out, state)
    if state[1] > 0:
        out[state[2]] = state[0]
        state[2] += np.uint64(1)
    return out[: state[2]]
