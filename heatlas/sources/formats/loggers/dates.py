"""Find the dates of times of day, and the dates of receivers that count weeks by ten bits."""

from __future__ import annotations

import datetime as dt
import time as clock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DAY", "day_number", "days_of", "in_present", "seconds_of_day"]

DAY = 86400.0
_MIXED = 600.0
"""Seconds by which times of day may go back within a day, or around midnight."""
_WEEKS = 1024 * 7.0
"""Days after which the count of weeks of GPS begins again: it has ten bits."""
_EPOCH = 719163
"""Proleptic ordinal of 1 January 1970."""
_FIRST = 9131.0
"""1 January 1995, in days since 1970: GPS was not in service before that year."""
_UNSET = 3660.0
"""9 January 1980: a clock near the epoch of GPS was never set, and says nothing."""


def day_number(year: int, month: int, day: int) -> float:
    """Days since 1970 of a date, NaN for one that is not in the calendar. A year of two digits is from 1980 to 2079."""
    if year < 100:
        year += 2000 if year < 80 else 1900
    try:
        return float(dt.date(year, month, day).toordinal() - _EPOCH)
    except ValueError:
        return np.nan


def seconds_of_day(text: bytes) -> float:
    """Seconds of a time of day such as ``093156.25``; NaN for other text."""
    if not text[:6].isdigit() or len(text) < 6:
        return np.nan
    hour, minute = int(text[:2]), int(text[2:4])
    try:
        second = float(text[4:])
    except ValueError:
        return np.nan
    return hour * 3600.0 + minute * 60.0 + second if hour < 24 and minute < 60 and second < 61 else np.nan


def days_of(seconds: NDArray[np.float64], dated: NDArray[np.float64]) -> NDArray[np.float64]:
    """Days of all times of day, of which some have a date.

    A time of day that is earlier than the one before it is of the next day, unless it is so by less than ten minutes:
    then sentences were mixed up.
    Times before the first date are dated backwards.

    Parameters
    ----------
    seconds : ndarray of float64 (n,)
        Seconds since midnight, in the order in which they were written.
    dated : ndarray of float64 (n,)
        Days since 1970 where a date is stated, else NaN.

    Returns
    -------
    ndarray of float64 (n,)
        Days since 1970; NaN throughout where no date is stated.
    """
    known = np.flatnonzero(~np.isnan(dated))
    if not len(known):
        return np.full(len(seconds), np.nan)
    steps = np.diff(seconds, prepend=seconds[:1])
    midnights = np.cumsum(np.where(steps < -_MIXED, 1.0, np.where(steps > DAY - _MIXED, -1.0, 0.0)))
    # Each takes the last date before it, or the first of all.
    source = known[np.maximum(np.searchsorted(known, np.arange(len(seconds)), "right") - 1, 0)]
    return np.asarray(dated[source] + midnights - midnights[source])


def in_present(days: NDArray[np.float64], least: float = _FIRST) -> tuple[NDArray[np.float64], str]:
    """Move dates that are before GPS by 1,024 weeks, or by several times that.

    Parameters
    ----------
    days : ndarray of float64 (n,)
        Days since 1970; NaN where unknown.
    least : float
        First day that is believed.

    Returns
    -------
    ndarray of float64 (n,)
        The same array where nothing was moved.
    str
        A warning that tells what was moved; empty where nothing was.
    """
    with np.errstate(invalid="ignore"):
        early = (days < least) & (days >= _UNSET)
        moved = np.where(early, days + np.ceil((least - days) / _WEEKS) * _WEEKS, days)
        early &= moved <= clock.time() / DAY + 2
    if not early.any():
        return days, ""
    first = int(np.argmax(early))
    was, now = (dt.date.fromordinal(int(day[first]) + _EPOCH).isoformat() for day in (days, moved))
    text = f"its count of weeks has run over: dates such as {was} are read as {now}, 1,024 weeks later"
    return np.where(early, moved, days), text
