"""Ticks at the beginnings of years, months or days, for values that are days since 1970."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Series = Callable[[dt.date, dt.date], Iterator[tuple[dt.date, str]]]
    """First and last day -> dates between them, and their labels."""

__all__ = ["calendar_ticks"]

_EPOCH = dt.date(1970, 1, 1)
_MOST = 7
"""Ticks at most."""
_YEARS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_MONTHS = (1, 2, 3, 6)
_DAYS = (1, 2, 5, 10)
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def calendar_ticks(
    low: float, high: float, has_room: Callable[[list[tuple[float, str]]], bool]
) -> list[tuple[float, str]]:
    """Choose the densest series of calendar dates that has room.

    Parameters
    ----------
    low, high : float
        First and last day, days since 1970; parts of days are ignored.
    has_room : callable
        Whether labels at some values fit beside each other.

    Returns
    -------
    list of (float, str)
        Values and labels, ascending: "2019", "May 2023", "5 May". Empty where no series has two dates that fit.
    """
    try:
        first, last = (_EPOCH + dt.timedelta(days=day) for day in (low, high))
    except OverflowError:
        return []
    for series in (*(_by_day(step) for step in _DAYS), *(_by_month(step) for step in _MONTHS), *map(_by_year, _YEARS)):
        found = []
        for day, label in series(first, last):
            found.append((float((day - _EPOCH).days), label))
            if len(found) > _MOST:
                break
        if 2 <= len(found) <= _MOST and has_room(found):
            return found
    return []


def _by_day(step: int) -> Series:
    """List the days of each month from its first on, in steps; the year is written where there are two."""

    def dates(first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, str]]:
        years = first.year != last.year
        for number in range(first.toordinal(), last.toordinal() + 1):
            day = dt.date.fromordinal(number)
            if (day.day - 1) % step == 0 and day.day - 1 + step / 2 < 31:
                yield day, f"{day.day} {_NAMES[day.month - 1]}{f' {day.year}' if years else ''}"

    return dates


def _by_month(step: int) -> Series:
    """List the first days of every so many months."""

    def dates(first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, str]]:
        for month in range(12 * first.year, 12 * last.year + 12, step):
            day = dt.date(month // 12, month % 12 + 1, 1)
            if first <= day <= last:
                yield day, f"{_NAMES[day.month - 1]} {day.year}"

    return dates


def _by_year(step: int) -> Series:
    """List the first days of years that a number divides."""

    def dates(first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, str]]:
        for year in range(max(-(-first.year // step) * step, 1), last.year + 1, step):
            day = dt.date(year, 1, 1)
            if first <= day <= last:
                yield day, str(year)

    return dates
