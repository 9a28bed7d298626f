"""Plausible times: a recording may be old, but a clock that was never set shows its epoch."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EARLIEST", "is_believable", "limits", "sane_times"]

_DAY = 86400.0


def _moment(year: int, month: int, day: int) -> float:
    return (dt.datetime(year, month, day, tzinfo=dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)).total_seconds()


EARLIEST = _moment(1700, 1, 1)
"""Unix seconds before which no time is believed: logs of ships and tracks of storms are younger."""
_UNSET = (
    (_moment(1899, 12, 29), _moment(1900, 1, 3)),  # spreadsheets, NTP
    (_moment(1901, 12, 12), _moment(1901, 12, 16)),  # the least 32-bit number
    (_moment(1903, 12, 31), _moment(1904, 1, 3)),  # old Macintosh
    (_moment(1969, 12, 31), _moment(1970, 1, 26)),  # Unix, and seconds of today that were taken for milliseconds
    (_moment(1979, 12, 31), _moment(1980, 1, 9)),  # DOS, GPS
    (_moment(1989, 12, 30), _moment(1990, 1, 2)),  # FIT
)
"""Ranges of Unix seconds that clocks show that were never set; each begins a day earlier, for time zones."""
_SAFE = _UNSET[-1][1]
_NEAR = 40 * _DAY
_LONG = 2 * _DAY
"""Seconds; a recording around an epoch that is at least this long is a real one, of a storm or a ship."""


def limits() -> tuple[float, float]:
    """Earliest and latest Unix seconds of a plausible recording: the year 1700, and two days from now."""
    return EARLIEST, time.time() + 2 * _DAY


def is_believable(moment: float, lasting: float = 0.0) -> bool:
    """Whether a moment, in Unix seconds, is a plausible start of a recording that lasts so many seconds."""
    earliest, latest = limits()
    unset = lasting < _LONG and any(first <= moment < last for first, last in _UNSET)
    return earliest <= moment <= latest and not unset


def sane_times(times: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Make implausible times unknown.

    These are times outside of `limits`, and times next to an epoch, which a clock shows that was never set. Times next
    to an epoch are kept in a recording of two days or more: it may be of a storm of January 1980.

    Parameters
    ----------
    times : ndarray of float64 (n,)
        Unix seconds; NaN where unknown.

    Returns
    -------
    ndarray of float64 (n,)
        The same array where all times are plausible.
    int
        Number of times that became unknown.
    """
    if not len(times):
        return times, 0
    earliest, latest = limits()
    first, last = float(np.fmin.reduce(times)), float(np.fmax.reduce(times))
    if first != first or (first >= _SAFE and last <= latest):
        return times, 0
    with np.errstate(invalid="ignore"):
        sane = (times >= earliest) & (times <= latest)
        for begin, end in _UNSET:
            inside = sane & (times >= begin) & (times < end)
            if inside.any():
                around = times[sane & (times >= begin - _NEAR) & (times < end + _NEAR)]
                if np.ptp(around) < _LONG:
                    sane &= ~inside
    known = ~np.isnan(times)
    return np.where(sane, times, np.nan), int(np.count_nonzero(known & ~sane))
