"""A scanner for the track points of GPX and TCX.

It goes once over the bytes and hands back numbers. It is no XML parser: it knows tags, attributes, comments,
CDATA and processing instructions, and leaves to its caller what is rare (values that are not plain numbers)
and what stands around the points. Whatever the input, it ends after one pass and reads no byte beyond the
padding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "ACTIVITY",
    "CUT_OFF",
    "DOCTYPE",
    "ELEVATION",
    "FULL",
    "HEART_RATE",
    "HOLDS_VALUE",
    "LAP",
    "LATITUDE",
    "LONGITUDE",
    "NUMBER_OF_FIELDS",
    "PADDING",
    "PLANNED",
    "POINT",
    "SEGMENT",
    "TIME",
    "TOP",
    "VALUE",
    "name_table",
    "scan_points",
]

PADDING = 32
"""Zero bytes that must follow the document: no fixed look-ahead is longer."""

# Fields of a point; those from ELEVATION on are in the order of heatlas.batch.COLUMNS.
LATITUDE, LONGITUDE, TIME, ELEVATION, HEART_RATE, SPEED, CADENCE, POWER, TEMPERATURE = range(9)
NUMBER_OF_FIELDS = 9
# What may be added to a field: it counts only as a child of the point itself; its value may stand in a child
# that is marked with VALUE; it is such a child.
TOP, HOLDS_VALUE, VALUE = 16, 32, 64
# What orders the points.
POINT, SEGMENT, LAP, ACTIVITY, PLANNED = 256, 257, 258, 259, 260

COMPLETE, CUT_OFF, DOCTYPE, FULL = 0, 1, 2, 3
"""How a scan ended: well; inside a point; at a DOCTYPE, which is not read any further; for want of room."""

_EMPTY, _GOOD, _ODD = 0, 1, 2
_PRIME = 0x100000001B3  # FNV-1a, 64 bits
_BASIS = 0xCBF29CE484222325
_SLOTS = 64
_POWERS = 10.0 ** np.arange(23)  # exact in binary64


def _key(name: str) -> int:
    """Hash a name in lower case, as `_name` does."""
    key = _BASIS
    for byte in name.lower().encode():
        key = ((key ^ byte) * _PRIME) & (2**64 - 1)
    return key


# What is called by other kernels alone needs no way in from Python: that saves a third of its compile time.
_helper = njit(cache=True, nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)

_LAT, _LON = np.uint64(_key("lat")), np.uint64(_key("lon"))


def name_table(names: Mapping[str, int]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Make the table by which `scan_points` knows the names of elements.

    Parameters
    ----------
    names : mapping of str to int
        Local names, in any case, and what they stand for; at most 63.

    Returns
    -------
    keys : ndarray of uint64 (64,)
        Hashed names; 0 is a free slot.
    codes : ndarray of int64 (64,)
        What they stand for.
    """
    if len(names) >= _SLOTS:
        raise ValueError("too many names for the table")
    keys = np.zeros(_SLOTS, np.uint64)
    codes = np.full(_SLOTS, -1, np.int64)
    for name, code in names.items():
        key = _key(name)
        slot = key >> 58
        while keys[slot]:
            slot = (slot + 1) % _SLOTS
        keys[slot] = key
        codes[slot] = code
    return keys, codes


@_helper
def _name(b, i):
    """Hash the local name at i; give the hash and the place after the name."""
    key = np.uint64(_BASIS)
    while True:
        c = b[i]
        if c <= 32 or c == 62 or c == 47 or c == 61 or c == 60 or c == 34 or c == 39:
            return key, i
        if c == 58:  # what stood before the colon was a prefix
            key = np.uint64(_BASIS)
        else:
            if 65 <= c <= 90:
                c |= np.uint8(32)
            key = (key ^ np.uint64(c)) * np.uint64(_PRIME)
        i += 1


@_helper
def _code(key, keys, codes):
    """Look a hashed name up; -1 for a name of no interest."""
    slot = key >> np.uint64(58)
    while keys[slot] != 0:
        if keys[slot] == key:
            return codes[slot]
        slot = (slot + np.uint64(1)) % np.uint64(_SLOTS)
    return -1


@_helper
def _space(b, i):
    """Skip white space."""
    while b[i] == 32 or b[i] == 10 or b[i] == 13 or b[i] == 9:
        i += 1
    return i


@_helper
def _number(b, i):
    """Read a decimal number at i; give the outcome, the value and the first place after it.

    The value is correctly rounded up to 15 digits, and within one unit in the last place beyond.
    """
    i = _space(b, i)
    if b[i] == 60:
        return _EMPTY, 0.0, i
    negative = b[i] == 45
    if negative or b[i] == 43:
        i += 1
    mantissa = np.uint64(0)
    exponent = 0
    digits = 0
    fraction = 0
    while True:
        c = b[i]
        if 48 <= c <= 57:
            digits += 1
            if mantissa < np.uint64(1_000_000_000_000_000_000):
                mantissa = mantissa * np.uint64(10) + np.uint64(c - 48)
                exponent -= fraction
            else:
                exponent += 1 - fraction
        elif c == 46 and fraction == 0:
            fraction = 1
        else:
            break
        i += 1
    if digits == 0:
        return _ODD, 0.0, i
    if b[i] == 101 or b[i] == 69:
        i += 1
        sign = -1 if b[i] == 45 else 1
        if b[i] == 45 or b[i] == 43:
            i += 1
        if not 48 <= b[i] <= 57:
            return _ODD, 0.0, i
        power = 0
        while 48 <= b[i] <= 57:
            power = min(power * 10 + b[i] - 48, 9999)
            i += 1
        exponent += sign * power
    i = _space(b, i)
    if not -22 <= exponent <= 22:
        return _ODD, 0.0, i
    value = float(mantissa)
    value = value / _POWERS[-exponent] if exponent < 0 else value * _POWERS[exponent]
    return _GOOD, -value if negative else value, i


@_helper
def _two(b, i):
    """Read two digits; -1000 where there are none."""
    tens, ones = b[i] - 48, b[i + 1] - 48
    if tens < 0 or tens > 9 or ones < 0 or ones > 9:
        return -1000
    return 10 * tens + ones


@_helper
def _time(b, i):
    """Read YYYY-MM-DDThh:mm:ss[.f][Z|+hh:mm] at i; give the outcome, Unix seconds and the place after it.

    Days are counted in years that begin in March, so that the leap day is a year's last.
    """
    i = _space(b, i)
    if b[i] == 60:
        return _EMPTY, 0.0, i
    century, year, month, day = _two(b, i), _two(b, i + 2), _two(b, i + 5), _two(b, i + 8)
    hour, minute, second = _two(b, i + 11), _two(b, i + 14), _two(b, i + 17)
    year += 100 * century
    if year < 0 or month < 1 or month > 12 or day < 1 or hour < 0 or minute < 0 or minute > 59:
        return _ODD, 0.0, i
    if second < 0 or second > 60 or hour > 24 or (hour == 24 and minute + second > 0):
        return _ODD, 0.0, i
    if b[i + 4] != 45 or b[i + 7] != 45 or b[i + 13] != 58 or b[i + 16] != 58:
        return _ODD, 0.0, i
    if b[i + 10] != 84 and b[i + 10] != 116 and b[i + 10] != 32:
        return _ODD, 0.0, i
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    last = 30 + (month + month // 8) % 2
    if month == 2:
        last = 29 if leap else 28
    if day > last:
        return _ODD, 0.0, i
    if month < 3:
        year -= 1
        month += 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469
    time = float(days * 86400 + hour * 3600 + minute * 60 + second)
    i += 19
    if b[i] == 46 or b[i] == 44:
        i += 1
        part, scale = 0.0, 1.0
        while 48 <= b[i] <= 57:
            if scale < 1e15:
                part = part * 10.0 + (b[i] - 48)
                scale *= 10.0
            i += 1
        time += part / scale
    i = _space(b, i)
    if b[i] == 90 or b[i] == 122:
        i += 1
    elif b[i] == 43 or b[i] == 45:
        sign = 1.0 if b[i] == 43 else -1.0
        hour = _two(b, i + 1)
        i += 4 if b[i + 3] == 58 else 3
        minute = _two(b, i)
        if hour < 0 or hour > 23 or minute < 0 or minute > 59:
            return _ODD, 0.0, i
        i += 2
        time -= sign * (hour * 3600 + minute * 60)
    return _GOOD, time, _space(b, i)


@_helper
def _skip(b, i, n):
    """Skip the comment, CDATA section or instruction at i; -1 for a DOCTYPE."""
    if b[i + 1] == 63:
        i += 2
        while i < n and not (b[i] == 63 and b[i + 1] == 62):
            i += 1
        return min(i + 2, n)
    if b[i + 2] == 45 and b[i + 3] == 45:
        mark = 45
        i += 4
    elif b[i + 2] == 91:
        mark = 93
        i += 3
    elif (b[i + 2] | 32) == 100 and (b[i + 3] | 32) == 111:
        return -1
    else:
        return i + 2
    while i < n and not (b[i] == mark and b[i + 1] == mark and b[i + 2] == 62):
        i += 1
    return min(i + 3, n)


@_helper
def _text_end(b, i, n):
    """Find the next tag, past comments and CDATA."""
    while i < n:
        if b[i] == 60:
            if b[i + 1] != 33 and b[i + 1] != 63:
                return i
            end = _skip(b, i, n)
            if end < 0:
                return i
            i = end
        else:
            i += 1
    return n


@_helper
def _tag_end(b, i, n):
    """Find the end of a tag: its '>', or the '<' before which it should have ended."""
    quote = 0
    while i < n:
        c = b[i]
        if c == 60 or (c == 62 and quote == 0):
            return i
        if quote == 0 and (c == 34 or c == 39):
            quote = c
        elif c == quote:
            quote = 0
        i += 1
    return n


@_helper
def _attribute(b, i, n):
    """Read the next attribute: its hashed name, where its value begins, and the place after it.

    The name is 0 when there is none left; the place is then the end of the tag.
    """
    while i < n:
        if b[i] == 62 or b[i] == 60:
            break
        key, j = _name(b, i)
        if j == i:
            i += 1
            continue
        j = _space(b, j)
        if b[j] != 61:
            i = j
            continue
        j = _space(b, j + 1)
        quote = b[j]
        if quote != 34 and quote != 39:
            i = j
            continue
        start = j + 1
        j = start
        while j < n and b[j] != quote and b[j] != 60:
            j += 1
        if b[j] != quote:
            i = j
            break
        return key, start, j + 1
    return np.uint64(0), i, i


@_helper
def _position(b, i, n, rows, r, odd, odds):
    """Read the attributes of a point at i; give the end of the tag and the new number of odd values."""
    while True:
        key, start, i = _attribute(b, i, n)
        if key == 0:
            return i, odds
        if key == _LAT:
            field = LATITUDE
        elif key == _LON:
            field = LONGITUDE
        else:
            continue
        if rows[r, field] == rows[r, field] or odds == odd.shape[0]:
            continue
        outcome, value, end = _number(b, start)
        if outcome == _GOOD and end == i - 1:
            rows[r, field] = value
        elif start < i - 1:
            odd[odds, 0] = r
            odd[odds, 1] = field
            odd[odds, 2] = start
            odd[odds, 3] = i - 1
            odds += 1


@njit(cache=True, nogil=True, no_cfunc_wrapper=True)
def scan_points(b, n, keys, codes, rows, marks, odd, cuts):
    """Find the points of a document in UTF-8 and what orders them.

    Parameters
    ----------
    b : ndarray of uint8 (n + PADDING,)
        The document, then zeros.
    n : int
        Length of the document.
    keys, codes : ndarray
        Names of the format, from `name_table`.
    rows : ndarray of float64 (any, NUMBER_OF_FIELDS)
        Filled with one row for each complete point, NaN where unknown. The first number that is given for a
        field holds.
    marks : ndarray of int64 (any, 2)
        Filled with the code of each element that orders points (SEGMENT and above), and the number of points
        before it.
    odd : ndarray of int64 (any, 4)
        Filled with values that are not plain: row, field, first byte, last byte + 1. Each stood before any
        number that its field may hold.
    cuts : ndarray of int64 (any, 2)
        Filled with the bytes of the document that are points and nothing else: first, last + 1.

    Returns
    -------
    filled : tuple of four int
        Rows that were filled of `rows`, `marks`, `odd` and `cuts`.
    unclosed : int
        Points that were ended by something else than their own end tag.
    state : int
        COMPLETE, CUT_OFF, DOCTYPE; or FULL: a table was full, and the scan must be made again with more room.
    """
    r = marked = odds = cut = unclosed = np.int64(0)
    inside = False  # a point
    adjoining = False  # nothing but points since the latest cut began
    depth = 0  # open elements inside the point
    holder = -1  # depth inside an element that holds its value in a child
    state = COMPLETE
    i = 0
    while True:
        while i < n and b[i] != 60:
            i += 1
        if r == rows.shape[0] or marked == marks.shape[0] or odds == odd.shape[0] or cut == cuts.shape[0]:
            state = FULL
            break
        if i >= n:
            break
        c = b[i + 1]
        if c == 33 or c == 63:
            i = _skip(b, i, n)
            if i < 0:
                state = DOCTYPE
                break
            continue
        closing = c == 47
        if c < 65 and c != 58 and not closing:  # no name begins so: a stray '<' in text
            i += 1
            continue
        name = i + 2 if closing else i + 1
        key, j = _name(b, name)
        code = _code(key, keys, codes)
        if inside and code >= POINT and not (closing and code == POINT):
            inside = False
            unclosed += 1
            cuts[cut - 1, 1] = i
            r += 1
            continue  # with this same tag, now outside of a point
        if code == POINT and not closing:
            for field in range(NUMBER_OF_FIELDS):
                rows[r, field] = np.nan
            if not adjoining:
                adjoining = True
                cuts[cut, 0] = i
                cut += 1
            inside = True
            depth = 0
            holder = -1
            i, odds = _position(b, j, n, rows, r, odd, odds)
            if b[i] == 62:
                i += 1
                if b[i - 2] == 47:
                    inside = False
                    cuts[cut - 1, 1] = i
                    r += 1
            continue
        i = _tag_end(b, j, n)
        if not inside:
            adjoining = False
            if code > POINT and not closing and i < n:
                marks[marked, 0] = code
                marks[marked, 1] = r
                marked += 1
            continue
        if i == n:
            break
        if b[i] == 62:
            i += 1
        if closing:
            if code == POINT:
                inside = False
                unclosed += depth > 0
                cuts[cut - 1, 1] = i
                r += 1
            else:
                depth = max(depth - 1, 0)
                if depth < holder:
                    holder = -1
            continue
        if b[i - 1] != 62:  # a tag without an end: what follows is inside of it
            depth += 1
            continue
        if b[i - 2] == 47:
            continue
        field = code & 15 if code >= 0 else -1
        if field >= 0 and ((code & TOP and depth > 0) or (code & VALUE and depth != holder)):
            field = -1
        if field >= 0 and rows[r, field] != rows[r, field]:
            if field == TIME:
                outcome, value, end = _time(b, i)
            else:
                outcome, value, end = _number(b, i)
            if b[end] != 60 or b[end + 1] == 33 or b[end + 1] == 63:
                end = _text_end(b, i, n)
                odd[odds, 0] = r
                odd[odds, 1] = field
                odd[odds, 2] = i
                odd[odds, 3] = end
                odds += 1
            elif outcome == _GOOD:
                rows[r, field] = value
            i = end
            if b[i + 1] == 47 and b[i + 2] == b[name]:
                i += 2
                continue
        if code >= 0 and code & HOLDS_VALUE:
            holder = depth + 1
        depth += 1
    if inside:
        cuts[cut - 1, 1] = n
        if state == COMPLETE:
            state = CUT_OFF
    return (r, marked, odds, cut), unclosed, state
