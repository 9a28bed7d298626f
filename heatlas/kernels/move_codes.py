"""Prefix codes of moves from pixel to pixel, as tables for `heatlas.kernels.moves`.

A *way* is two directions square to each other, as most of a line goes in two of the four, of which one is the present
one. A decision of 0 is a move in the present direction, 1 one in the other, which is the present one then. A turn is a
1 after the other direction was turned round. A code tells four decisions, or up to three and a turn. How often each
follows which was counted in a thousand real and as many made-up recordings, at zooms 13 to 17. Codes are Huffman's for
these shares, of 9 bits at most.

Directions are numbered clockwise: east, south, west, north. Way w, from 0 to 3, has the directions w and w + 1 (of
north: east), of which w is the present one; with 4 more the other one is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CODES", "LONGEST", "MOVES", "STEPS", "TURN", "WORDS"]

LONGEST, TURN = 9, 16
"""Bits of the longest code, and the first symbol with a turn."""
_LENGTHS = (
    "1494994889993788457699969999999", "5897996713746665466796989996989", "2675775668964454346478649999978",
    "2392992678978787678799989999999", "2594884687983475347489759979989", "7897986534726533475895789996888",
    "3493992899994284789899989999999", "7898996756817633476797879998999", "2493993799992587558699869989989",
    "7998997722726655576886899996989", "4686885677853352446588559989978", "6793992389977263678898989999999",
    "3494992899992386569799879999989", "9999998853818733687997999998999", "6897995799964261668699889999989",
    "7897984378847441577898999999999",
)  # fmt: skip
"""Bits of the code of each symbol, after each context: the last four decisions, the first one highest. Symbols 0 to 15
are four decisions; symbol 15 + n are those of n without its highest bit, and a turn."""
MOVES = np.array([1, 256, -1, -256])
"""What a move adds to the number of a pixel, by its direction."""


def _context_after(context: int, symbol: int) -> int:
    if symbol < TURN:
        return symbol
    node = symbol - TURN + 1
    count = node.bit_length() - 1
    return ((context << count | node - (1 << count)) << 1 | 1) & 15


def _tables() -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """CODES and WORDS."""
    codes, words = np.zeros((16, 1 << LONGEST), np.uint16), np.zeros((16, 32), np.uint16)
    for context, lengths in enumerate(_LENGTHS):
        code, before = 0, 0
        for length, symbol in sorted((int(length), symbol) for symbol, length in enumerate(lengths)):
            code <<= length - before
            first = int(f"{code:0{length}b}"[::-1], 2)  # the first bit is the lowest
            swapped = symbol.bit_count() & 1  # of four decisions
            after = _context_after(context, symbol)
            codes[context, first :: 1 << length] = length | symbol << 4 | after << 9 | swapped << 13
            words[context, symbol] = first | length << 12
            code, before = code + 1, length
    return codes.ravel(), words.ravel()


def _steps() -> NDArray[np.uint64]:
    """STEPS."""
    steps = np.zeros((8, 16), np.uint64)
    for way in range(8):
        for symbol in range(16):
            now, place = way, 0
            for k in range(4):
                now ^= symbol >> (3 - k) << 2 & 4
                place += int(MOVES[now + (now >> 2) & 3])
                steps[way, symbol] |= np.uint64((place & 0xFFFF) << 16 * k)
    return steps.ravel()


CODES, WORDS = _tables()
"""By the context << 9 and the next nine bits: the length of the code, its symbol << 4, the context after it << 9, and
whether four decisions leave the other direction the present one << 13. By the context << 5 and the symbol: its code,
the first bit lowest, and the length << 12."""
STEPS = _steps()
"""By the way << 4 and four decisions: what they add to the number of a pixel, 16 bits after each."""
