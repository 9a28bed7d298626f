"""Read the tokens of XML for the scanner of points: names, attributes, markup, numbers and times.

Each function reads an array of bytes at a place `i`, stops at the first byte that does not belong to its token,
and returns that place. The array must end with zeros, which end every token.
"""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper

__all__ = [
    "EMPTY",
    "GOOD",
    "ODD",
    "find_tag",
    "find_tag_end",
    "name_key",
    "read_attribute",
    "read_name",
    "read_number",
    "read_time",
    "skip_markup",
]

EMPTY, GOOD, ODD = 0, 1, 2
"""Outcome of reading a value: there is none; it was read; it begins with something else."""

_PRIME = 0x100000001B3  # FNV-1a, 64 bits
_BASIS = 0xCBF29CE484222325
_POWERS = 10.0 ** np.arange(23)  # exact in binary64


def name_key(name: str) -> int:
    """Hash a name in lower case, as `read_name` does."""
    key = _BASIS
    for byte in name.lower().encode():
        key = ((key ^ byte) * _PRIME) & (2**64 - 1)
    return key


@helper()
def read_name(b, i):
    """Hash the local name at i; give the hash and the place after the name."""
    key = np.uint64(_BASIS)
    while True:
        c = b[i]
        if c <= 32 or c == 62 or c == 47 or c == 61 or c == 60 or c == 34 or c == 39:
            return key, i
        if c == 58:  # the text before the colon was a prefix
            key = np.uint64(_BASIS)
        else:
            if 65 <= c <= 90:
                c |= np.uint8(32)
            key = (key ^ np.uint64(c)) * np.uint64(_PRIME)
        i += 1


@helper()
def skip_space(b, i):
    """Skip white space."""
    while b[i] == 32 or b[i] == 10 or b[i] == 13 or b[i] == 9:
        i += 1
    return i


@helper()
def skip_markup(b, i, n):
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


@helper()
def find_tag(b, i, n):
    """Find the next tag, past comments and CDATA."""
    while i < n:
        if b[i] == 60:
            if b[i + 1] != 33 and b[i + 1] != 63:
                return i
            end = skip_markup(b, i, n)
            if end < 0:
                return i
            i = end
        else:
            i += 1
    return n


@helper()
def find_tag_end(b, i, n):
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


@helper()
def read_attribute(b, i, n):
    """Read the next attribute: its hashed name, where its value begins, and the place after it.

    The name is 0 when there is none left; the place is then the end of the tag.
    """
    while i < n:
        if b[i] == 62 or b[i] == 60:
            break
        key, j = read_name(b, i)
        if j == i:
            i += 1
            continue
        j = skip_space(b, j)
        if b[j] != 61:
            i = j
            continue
        j = skip_space(b, j + 1)
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


@helper()
def read_number(b, i):
    """Read a decimal number at i; give the outcome, the value and the first place after it.

    The value is correctly rounded up to 15 digits, and within one unit in the last place beyond.
    """
    i = skip_space(b, i)
    if b[i] == 60:
        return EMPTY, 0.0, i
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
        return ODD, 0.0, i
    if b[i] == 101 or b[i] == 69:
        i += 1
        sign = -1 if b[i] == 45 else 1
        if b[i] == 45 or b[i] == 43:
            i += 1
        if not 48 <= b[i] <= 57:
            return ODD, 0.0, i
        power = 0
        while 48 <= b[i] <= 57:
            power = min(power * 10 + b[i] - 48, 9999)
            i += 1
        exponent += sign * power
    i = skip_space(b, i)
    if not -22 <= exponent <= 22:
        return ODD, 0.0, i
    value = float(mantissa)
    value = value / _POWERS[-exponent] if exponent < 0 else value * _POWERS[exponent]
    return GOOD, -value if negative else value, i


@helper()
def _two(b, i):
    """Read two digits; -1000 where there are none."""
    tens, ones = b[i] - 48, b[i + 1] - 48
    if tens < 0 or tens > 9 or ones < 0 or ones > 9:
        return -1000
    return 10 * tens + ones


@helper()
def read_time(b, i):
    """Read YYYY-MM-DDThh:mm:ss[.f][Z|+hh:mm] at i; give the outcome, Unix seconds and the place after it.

    Days are counted in years that begin in March, so that the leap day is a year's last.
    """
    i = skip_space(b, i)
    if b[i] == 60:
        return EMPTY, 0.0, i
    century, year, month, day = _two(b, i), _two(b, i + 2), _two(b, i + 5), _two(b, i + 8)
    hour, minute, second = _two(b, i + 11), _two(b, i + 14), _two(b, i + 17)
    year += 100 * century
    if year < 0 or month < 1 or month > 12 or day < 1 or hour < 0 or minute < 0 or minute > 59:
        return ODD, 0.0, i
    if second < 0 or second > 60 or hour > 24 or (hour == 24 and minute + second > 0):
        return ODD, 0.0, i
    if b[i + 4] != 45 or b[i + 7] != 45 or b[i + 13] != 58 or b[i + 16] != 58:
        return ODD, 0.0, i
    if b[i + 10] != 84 and b[i + 10] != 116 and b[i + 10] != 32:
        return ODD, 0.0, i
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    last = 30 + (month + month // 8) % 2
    if month == 2:
        last = 29 if leap else 28
    if day > last:
        return ODD, 0.0, i
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
    i = skip_space(b, i)
    if b[i] == 90 or b[i] == 122:
        i += 1
    elif b[i] == 43 or b[i] == 45:
        sign = 1.0 if b[i] == 43 else -1.0
        hour = _two(b, i + 1)
        i += 4 if b[i + 3] == 58 else 3
        minute = _two(b, i)
        if hour < 0 or hour > 23 or minute < 0 or minute > 59:
            return ODD, 0.0, i
        i += 2
        time -= sign * (hour * 3600 + minute * 60)
    return GOOD, time, skip_space(b, i)
