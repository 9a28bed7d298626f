"""Parse numbers and times of a GPX or TCX file that are not written as the format requires.

Each file has one reading. The meaning of a comma between digits, the month in 03/02/2024 and the unit of times since
1970 are decided once, from all odd values of the file, and reported if there was a choice.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import timegm
from datetime import UTC, datetime
from math import nan
from time import time as now
from typing import TYPE_CHECKING

from heatlas.core.regex import regex
from heatlas.sources.formats.xml_text import parse_number, parse_time
from heatlas.sources.sheets.strava_values import parse_date

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["Values"]

_LONGEST = 80
_THOUSANDS = regex(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_COMMA = regex(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")
_POINTS_AND_COMMA = regex(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+")
_COMPACT = regex(r"(?:19|20)[0-9]{12}")
_DIVISORS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e21, 1e9))
"""Limits below which numbers since 1970 are in seconds, thousandths, millionths, billionths; and their divisors."""
_EARLIEST = 1e8
"""Least time since 1970. A lower number is a date without hyphens, or counts from the start of a device."""
_LATEST = 1e11
_CLOCK = regex(
    r"(?<![\d:.])(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,:](\d{1,9}))?)?(?![\d:])\s*(?:([ap])\.?\s?m(?![a-y])\.?)?",
    re.IGNORECASE,
)
_TAIL = regex(r"\s*([a-z]{1,5})?\s*(?:([+-])(\d{1,2})(?::?(\d{2}))?)?(?![\d:])", re.IGNORECASE)
_TRIPLE = regex(r"(?<!\d)(\d{1,4})([-/.])\s?(\d{1,2})\2\s?(\d{1,4})(?!\d)")
_SHORT_YEAR = regex(r"([^\W\d_]\.?[\s-]+)(\d{2})\s*$")
# fmt: off
_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "EST": -5,
    "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}
# fmt: on
"""Hours east of Greenwich; American ones as in RFC 822."""
_ORDERS = {"day/month/year": (2, 1, 0), "month/day/year": (2, 0, 1), "year/month/day": (0, 1, 2)}
"""Order of three numbers -> positions of year, month and day."""

_Triple = tuple[str, str, str]


class Values:
    """Reading of one file.

    Parameters
    ----------
    places, numbers, times : iterable of str
        Its odd values: coordinates, other numbers, times.
    """

    def __init__(self, places: Iterable[str] = (), numbers: Iterable[str] = (), times: Iterable[str] = ()) -> None:
        self.warnings: list[str] = []
        self._decimal_comma = True
        self._divisor = 1.0
        self._order = _ORDERS["day/month/year"]
        self._days: dict[str, float] = {}
        self._weigh_commas(list(places), list(numbers))
        self._weigh_times(list(times))

    def number(self, text: str) -> float:
        """Parse a number; NaN for other text."""
        value = parse_number(text)
        if value == value or "," not in text:
            return value
        if _POINTS_AND_COMMA.fullmatch(text):
            return parse_number(text.replace(".", "").replace(",", "."))
        if _THOUSANDS.fullmatch(text) and ("." in text or text.count(",") > 1 or not self._decimal_comma):
            return parse_number(text.replace(",", ""))
        return parse_number(text.replace(",", ".")) if _COMMA.fullmatch(text) else nan

    def time(self, text: str) -> float:
        """Parse a time as Unix seconds, UTC if it has no zone; NaN for other text."""
        text = unicodedata.normalize("NFKC", text).strip()
        if len(text) > _LONGEST:
            return nan
        if _COMPACT.fullmatch(text):
            return parse_time(f"{text[:8]}T{text[8:]}")
        value = parse_number(text)
        if value >= _EARLIEST:
            value /= self._divisor
            return value if _EARLIEST <= value < _LATEST else nan
        value = parse_time(text)
        return value if value == value else self._spelt(text)

    def _spelt(self, text: str) -> float:
        """Parse a date and a time of day in any order."""
        text = re.sub(r"\([^)]*\)", " ", text)
        clock = _CLOCK.search(text)
        if clock is None:
            return self._day(text)
        hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
        if clock[5]:
            if not 1 <= hour <= 12 and clock[5] in "aA":
                return nan
            hour = hour % 12 + 12 * (clock[5] in "pP") if hour <= 12 else hour
        if hour > 24 or minute > 59 or second > 60 or (hour == 24 and minute + second > 0):
            return nan
        tail = text[clock.end() :]
        offset, used = _offset(tail)
        day = self._day(f"{text[: clock.start()].rstrip('T, ')} {tail[used:]}".strip())
        return day + hour * 3600 + minute * 60 + second + float(f"0.{clock[4] or 0}") - offset

    def _day(self, text: str) -> float:
        """Parse the date in a text as Unix seconds of its midnight; NaN if there is none."""
        if text not in self._days:
            found = _TRIPLE.search(text)
            if found:
                self._days[text] = _midnight((found[1], found[3], found[4]), self._order)
            else:
                value = parse_date(_SHORT_YEAR.sub(lambda m: f"{m[1]}{_year(m[2])}", text))
                self._days[text] = nan if value is None else value
        return self._days[text]

    def _weigh_commas(self, places: list[str], numbers: list[str]) -> None:
        """Decide whether a comma between digits is a decimal comma or separates thousands."""
        commas = [text for text in places if _COMMA.fullmatch(text)]
        decimal = commas + [text for text in numbers if _COMMA.fullmatch(text) and not _THOUSANDS.fullmatch(text)]
        decimal += [text for text in numbers if _POINTS_AND_COMMA.fullmatch(text)]
        either = [text for text in numbers if _THOUSANDS.fullmatch(text) and "." not in text and text.count(",") == 1]
        self._decimal_comma = bool(decimal) or not either
        if either:
            meaning = "decimal ones" if decimal else "between thousands"
            self.warnings.append(f"commas in numbers such as {either[0]} are read as {meaning}")

    def _weigh_times(self, times: list[str]) -> None:
        """Decide the unit of numbers since 1970, and the order of dates in numbers."""
        counted = [value for text in times if not _COMPACT.fullmatch(text) and (value := parse_number(text)) < 1e21]
        self._divisor = next(divisor for limit, divisor in _DIVISORS if max(counted, default=0.0) < limit)
        dates: dict[_Triple, str] = {}
        american = False
        for text in set(times):
            found = _TRIPLE.search(text[:_LONGEST])
            if found and len(found[1]) < 3:
                dates[found[1], found[3], found[4]] = found[0]
                american = american or (found[2] == "/" and bool((clock := _CLOCK.search(text)) and clock[5]))
        if dates:
            names = sorted(_ORDERS, key=lambda name: name.startswith("day") if american else False)
            self._choose(dates, names)

    def _choose(self, dates: dict[_Triple, str], names: list[str]) -> None:
        """Choose the order that fits most dates, and of several the one with the shortest span; warn of a choice."""
        spans: dict[str, tuple[int, float]] = {}
        for name in names:
            if name.startswith("year") and not all(len(last) < 3 for *_, last in dates):
                continue
            days = [_midnight(triple, _ORDERS[name]) for triple in dates]
            known = [day for day in days if day == day and day < now() + 2 * 86400]
            if known:
                spans[name] = (len(known), max(known) - min(known))
        if not spans:
            return
        most = max(count for count, _ in spans.values())
        possible = [name for name, (count, _) in spans.items() if count == most]
        best = min(possible, key=lambda name: spans[name][1])  # the first of equals
        self._order = _ORDERS[best]
        meanings = {tuple(_midnight(triple, _ORDERS[name]) for triple in dates) for name in possible}
        if len(meanings) > 1:
            self.warnings.append(f"dates such as {min(dates.values())} are read as {best}")


def _offset(tail: str) -> tuple[float, int]:
    """Parse the zone after a time of day: seconds east of Greenwich (NaN: none on earth), and length of its text."""
    found = _TAIL.match(tail)
    if found is None:
        return 0.0, 0
    word = (found[1] or "").upper()
    if word and word not in _ZONES:  # the name of a day or a month
        return 0.0, 0
    east = _ZONES.get(word, 0) * 3600.0
    if found[2]:
        if int(found[3]) > 15 or int(found[4] or 0) > 59:
            return nan, 0
        east += (1 if found[2] == "+" else -1) * (int(found[3]) * 3600.0 + int(found[4] or 0) * 60.0)
    return east, found.end()


def _year(text: str) -> int:
    """Parse a year; one of two digits is from 1970 to 2069."""
    year = int(text)
    return year if len(text) > 2 else year + (2000 if year < 70 else 1900)


def _midnight(triple: Collection[str], order: tuple[int, int, int]) -> float:
    """Unix seconds of a date in three numbers; a first one of more than two digits is the year, whatever the order."""
    parts = tuple(triple)
    if len(parts[0]) > 2:
        order = (0, 1, 2)
    year, month, day = (parts[place] for place in order)
    if len(year) == 3 or len(month) > 2 or len(day) > 2:
        return nan
    try:
        return float(timegm(datetime(_year(year), int(month), int(day), tzinfo=UTC).timetuple()))
    except ValueError:
        return nan
