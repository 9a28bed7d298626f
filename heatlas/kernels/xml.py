"""Scan the track points of GPX and TCX.

The scanner goes once over the bytes and returns numbers. It is no XML parser: it knows tags, attributes, comments,
CDATA and processing instructions. It leaves rare values (those that are not plain numbers), and everything around
the points, to its caller. Whatever the input, it ends after one pass and reads no byte beyond the padding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.xml_tokens import (
    GOOD,
    ODD,
    find_tag,
    find_tag_end,
    name_key,
    read_attribute,
    read_name,
    read_number,
    read_time,
    skip_markup,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "ACTIVITY",
    "CADENCE",
    "COMPLETE",
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
    "POWER",
    "SEGMENT",
    "SPEED",
    "TEMPERATURE",
    "TIME",
    "TOP",
    "VALUE",
    "name_table",
    "scan_points",
]

PADDING = 32
"""Zero bytes that must follow the document: no fixed look-ahead is longer."""

# Fields of a point; those from ELEVATION on are in the order of heatlas.core.batch.COLUMNS.
LATITUDE, LONGITUDE, TIME, ELEVATION, HEART_RATE, SPEED, CADENCE, POWER, TEMPERATURE = range(9)
NUMBER_OF_FIELDS = 9
# Flags of a field: it counts only as a child of the point itself; its value may stand in a child that is marked
# with VALUE; it is such a child.
TOP, HOLDS_VALUE, VALUE = 16, 32, 64
# Elements that order the points.
POINT, SEGMENT, LAP, ACTIVITY, PLANNED = 256, 257, 258, 259, 260

COMPLETE, CUT_OFF, DOCTYPE, FULL = 0, 1, 2, 3
"""How a scan ended: complete; inside a point; at a DOCTYPE, which is not read any further; because a table was full."""

_SLOTS = 64
_LAT, _LON = np.uint64(name_key("lat")), np.uint64(name_key("lon"))
_ELE, _TIME = np.uint64(name_key("ele")), np.uint64(name_key("time"))


def name_table(names: Mapping[str, int]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Make the table of names of elements for `scan_points`.

    Parameters
    ----------
    names : mapping of str to int
        Local names, in any case, and their codes; at most 63.

    Returns
    -------
    keys : ndarray of uint64 (64,)
        Hashed names; 0 is a free slot.
    codes : ndarray of int64 (64,)
        Their codes.
    """
    if len(names) >= _SLOTS:
        raise ValueError("too many names for the table")
    keys = np.zeros(_SLOTS, np.uint64)
    codes = np.full(_SLOTS, -1, np.int64)
    for name, code in names.items():
        key = name_key(name)
        slot = key >> 58
        while keys[slot]:
            slot = (slot + 1) % _SLOTS
        keys[slot] = key
        codes[slot] = code
    return keys, codes


@helper()
def _look_up(key, keys, codes):
    """Look up the code of a hashed name; -1 for a name of no interest."""
    slot = key >> np.uint64(58)
    while keys[slot] != 0:
        if keys[slot] == key:
            return codes[slot]
        slot = (slot + np.uint64(1)) % np.uint64(_SLOTS)
    return -1


@helper()
def _position(b, i, n, rows, r, odd, odds):
    """Read the attributes of a point at i; give the end of the tag and the new number of odd values."""
    while True:
        key, start, i = read_attribute(b, i, n)
        if key == 0:
            return i, odds
        if key == _LAT:
            field = LATITUDE
        elif key == _LON:
            field = LONGITUDE
        elif key == _ELE:
            field = ELEVATION
        elif key == _TIME:
            field = TIME
        else:
            continue
        if rows[r, field] == rows[r, field] or odds == odd.shape[0]:
            continue
        if field == TIME:
            outcome, value, end = read_time(b, start)
        else:
            outcome, value, end = read_number(b, start)
        if outcome == GOOD and end == i - 1:
            rows[r, field] = value
        elif start < i - 1:
            odd[odds, 0] = r
            odd[odds, 1] = field
            odd[odds, 2] = start
            odd[odds, 3] = i - 1
            odds += 1


@kernel("const u1[:]", "i8", "const u8[:]", "const i8[:]", "f8[:, :]", "i8[:, :]", "i8[:, :]", "i8[:, :]")
def scan_points(b, n, keys, codes, rows, marks, odd, cuts):
    """Find the points of a document in UTF-8 and the elements that order them.

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
        field counts.
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
        Points that ended without their own end tag.
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
            i = skip_markup(b, i, n)
            if i < 0:
                state = DOCTYPE
                break
            continue
        closing = c == 47
        if c < 65 and c != 58 and not closing:  # no name begins so: a stray '<' in text
            i += 1
            continue
        name = i + 2 if closing else i + 1
        key, j = read_name(b, name)
        code = _look_up(key, keys, codes)
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
        i = find_tag_end(b, j, n)
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
        if b[i - 1] != 62:  # a tag without an end: the following text is inside of it
            depth += 1
            continue
        if b[i - 2] == 47:
            continue
        field = code & 15 if code >= 0 else -1
        if field >= 0 and ((code & TOP and depth > 0) or (code & VALUE and depth != holder)):
            field = -1
        if field >= 0 and rows[r, field] != rows[r, field]:
            if field == TIME:
                outcome, value, end = read_time(b, i)
            else:
                outcome, value, end = read_number(b, i)
            if outcome == ODD or b[end] != 60 or b[end + 1] == 33 or b[end + 1] == 63:
                end = find_tag(b, i, n)
                odd[odds, 0] = r
                odd[odds, 1] = field
                odd[odds, 2] = i
                odd[odds, 3] = end
                odds += 1
            elif outcome == GOOD:
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
