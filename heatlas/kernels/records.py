"""Scan the locations of Records.json, Google's Location History.

The scanner goes once over the bytes, knows strings, braces and brackets, and reads the values of some keys. It is no
JSON parser: what it does not need may be wrong. A string that holds a brace or a control character is taken for a lost
quote; scanning goes on behind it, outside of any record. Whatever the input, it ends after one pass, and reads no byte
beyond the padding.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.instructions import eight_bytes, trailing_zeros
from heatlas.kernels.xml_tokens import GOOD, read_number, read_time

__all__ = ["FIELDS", "PADDING", "SHORTEST", "scan_records", "word_code"]

PADDING = 64
"""Zero bytes that must follow the bytes: no look-ahead is longer."""
FIELDS = 7
"""Columns of a row: latitude and longitude (degrees times 10 million), time (Unix seconds), accuracy and altitude
(metres), velocity (metres per second), tag of the device; NaN where unknown."""
SHORTEST = 24
"""Least bytes of a record with a position."""

_SPACES = np.uint64(0x2020202020202020)
_ONES, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_QUOTES, _SLASHES = np.uint64(0x2222222222222222), np.uint64(0x5C5C5C5C5C5C5C5C)
_ABOVE_Z = np.uint64(0x0505050505050505)
"""Added to a byte, it sets the highest bit of those above 0x7A: braces are among them."""
_ODD = np.uint64(0x9E3779B97F4A7C15)


def word_code(word: str) -> int:
    """Code of a key or value, as the scanner calculates it: from its first eight bytes and its length."""
    return (int.from_bytes(word.encode()[:8], "little") * int(_ODD) + len(word.encode())) % 2**64


_LATITUDE, _LONGITUDE = np.uint64(word_code("latitudeE7")), np.uint64(word_code("longitudeE7"))
_TIME, _MILLISECONDS = np.uint64(word_code("timestamp")), np.uint64(word_code("timestampMs"))
_ACCURACY, _ALTITUDE = np.uint64(word_code("accuracy")), np.uint64(word_code("altitude"))
_VELOCITY, _DEVICE = np.uint64(word_code("velocity")), np.uint64(word_code("deviceTag"))
_ACTIVITY, _ACTIVITIES = np.uint64(word_code("activity")), np.uint64(word_code("activitys"))
_TYPE, _CONFIDENCE = np.uint64(word_code("type")), np.uint64(word_code("confidence"))


@helper(forceinline=True)
def _skip_spaces(b, i):
    x = eight_bytes(b, np.uint64(i)) ^ _SPACES
    while x == np.uint64(0):
        i += 8
        x = eight_bytes(b, np.uint64(i)) ^ _SPACES
    return i + (trailing_zeros(x) >> 3)


@helper(forceinline=True)
def _skip_blank(b, i):
    while b[i] == 32 or b[i] == 10 or b[i] == 13 or b[i] == 9:
        i = _skip_spaces(b, i + 1)
    return i


@helper(forceinline=True)
def _end_of_string(b, i, end):
    """Place of the quote that ends the string whose first character is at i; -1 where it is damaged."""
    while i < end:
        x = eight_bytes(b, np.uint64(i))
        quote, slash = x ^ _QUOTES, x ^ _SLASHES
        # Bytes that are a quote, a backslash, a control character or above "z"; below the lowest all are exact.
        odd = ((quote - _ONES) & ~quote) | ((slash - _ONES) & ~slash) | (x - _SPACES) | (x + _ABOVE_Z) | x
        odd &= _HIGH
        if odd == np.uint64(0):
            i += 8
            continue
        i += trailing_zeros(odd) >> 3
        c = b[i]
        if c == 34 or i >= end:
            return min(i, end)
        if c < 32 or c == 123 or c == 125:
            return -1
        i += 2 if c == 92 else 1
    return end


@helper(forceinline=True)
def _code(b, start, end):
    """Code of the word between two places, as `word_code` calculates it."""
    x = eight_bytes(b, np.uint64(start))
    length = end - start
    if length < 8:
        x &= (np.uint64(1) << np.uint64(8 * length)) - np.uint64(1)
    return x * _ODD + np.uint64(length)


@helper(forceinline=True)
def _column(name):
    """Column of a key; -1 for others."""
    if name == _LATITUDE:
        return 0
    if name == _LONGITUDE:
        return 1
    if name == _TIME or name == _MILLISECONDS:
        return 2
    if name == _ACCURACY:
        return 3
    if name == _ALTITUDE:
        return 4
    if name == _VELOCITY:
        return 5
    return 6 if name == _DEVICE else -1


@kernel("const u1[:]", "i8", "i8", "const u8[:]", "f8[:, :]", "i1[:]")
def scan_records(b, start, end, types, rows, kinds):
    """Read the records that are whole.

    Parameters
    ----------
    b : ndarray of uint8
        The bytes, with PADDING zeros behind `end`.
    start, end : int
        First and last place, the latter exclusive. `start` is between two records.
    types : ndarray of uint64 (t,)
        Codes of the types of activities that count.
    rows : ndarray of float64 (m, FIELDS)
        Gets a row for each record with a position; m is at least (end - start) / SHORTEST + 1.
    kinds : ndarray of int8 (m,)
        Gets the index in `types` of the most likely activity; -1 where there is none.

    Returns
    -------
    int, int, int
        Number of rows, place behind the last whole record, number of damaged places.
    """
    n, damaged, depth, begin, i = 0, 0, 0, start, start
    inside = False
    best, kind, confidence = -1.0, -1, -1.0
    while i < end:
        c = b[i]
        if c == 34:
            word, j = i + 1, _end_of_string(b, i + 1, end)
            if j < 0:
                damaged += 1
                depth = 0
                i += 1
                continue
            i = _skip_blank(b, j + 1) if j < end else end
            if b[i] != 58 or i >= end:
                continue
            i = _skip_blank(b, i + 1)
            if depth == 0 or (depth > 1 and not inside):
                continue
            name = _code(b, word, j)
            if depth == 1 and (name == _ACTIVITY or name == _ACTIVITIES):
                inside = True
                kind, confidence = -1, -1.0
            elif depth == 1:
                column = _column(name)
                if column < 0:
                    continue
                quoted = b[i] == 34
                at = i + 1 if quoted else i
                if name == _TIME:
                    good, value, i = read_time(b, at)
                else:
                    good, value, i = read_number(b, at)
                if good == GOOD:
                    rows[n, column] = value / 1000.0 if name == _MILLISECONDS else value
                if quoted:
                    j = _end_of_string(b, at, end)
                    i = j + 1 if j >= 0 else at
            elif name == _TYPE:
                kind = -1
                if b[i] == 34:
                    j = _end_of_string(b, i + 1, end)
                    if j > 0:
                        code = _code(b, i + 1, j)
                        for k in range(types.shape[0]):
                            if types[k] == code:
                                kind = k
                        i = j + 1
            elif name == _CONFIDENCE:
                good, value, i = read_number(b, i)
                confidence = value if good == GOOD else -1.0
            continue
        if c == 123 or c == 91:
            if depth == 0 and c == 123:
                begin, inside, best = i, False, -1.0
                for k in range(FIELDS):
                    rows[n, k] = np.nan
                kinds[n] = -1
                depth = 1
            elif depth > 0:
                depth += 1
        elif c == 125 or c == 93:
            if inside and kind >= 0 and confidence >= best:
                kinds[n], best = kind, confidence
            kind, confidence = -1, -1.0
            if depth == 1:
                depth = 0
                if c == 125 and rows[n, 0] == rows[n, 0] and rows[n, 1] == rows[n, 1]:
                    n += 1
                    if n == rows.shape[0]:
                        return n, i + 1, damaged
            elif depth > 1:
                depth -= 1
                inside = inside and depth > 1
        i += 1
        if c <= 44:  # a comma or a blank
            i = _skip_spaces(b, i)
    return n, begin if depth > 0 else min(i, end), damaged
