"""Read the CSV that loggers write, or the programs that come with them.

Columbus (V-900, P-1 and others) writes hemispheres into the numbers and pads cells with NUL bytes; loggers with chips
of MTK (Qstarz, Transystem i-Blue, Holux) have columns for them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import Activity, Recording
from heatlas.core.errors import Unreadable
from heatlas.sources.formats.arrays import finite, known_columns
from heatlas.sources.formats.csv_columns import read_columns
from heatlas.sources.formats.loggers.dates import DAY, day_number, seconds_of_day
from heatlas.sources.formats.loggers.plain_text import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.sources.formats.csv_columns import Columns

__all__ = ["read_logger_table"]

_QUARTER = 900.0
"""Seconds to which clocks of time zones are set."""


def read_logger_table(data: bytes, source: str) -> list[Recording]:
    """Read the table of a logger: one recording, with the rows in their order.

    Rows that are said to have no fix have no position. Dates and times are read as UTC where there is no column
    of that name, and heights in metres, speeds in km/h.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When no row could be read, or columns of positions are missing.
    """
    table = read_columns(plain(data))
    lat = _degrees(table, ("latitude", "latitude n/s"), "n/s", "S")
    lon = _degrees(table, ("longitude", "longitude e/w"), "e/w", "W")
    lost = np.array([text.lower() == "no fix" for text in table.texts("valid")])
    time = _moments(table, "utc date", "utc time") if table.has("utc date") else _moments(table, "date", "time")
    columns = {"elevation": table.numbers("height", "altitude"), "speed": table.numbers("speed") / 3.6}
    return [
        Recording(
            activity=Activity(source=source, utc_offset=_offset(table, time)),
            lon=finite(np.where(lost, np.nan, lon)),
            lat=finite(np.where(lost, np.nan, lat)),
            time=time,
            columns=known_columns(**columns),
            warnings=tuple(table.told),
        )
    ]


def _degrees(table: Columns, names: tuple[str, str], side: str, negative: str) -> NDArray[np.float64]:
    """Degrees, with the hemisphere behind the number or in a column of its own."""
    if not any(map(table.has, names)):
        raise Unreadable(f"a table of a logger without a column {names[0].upper()}")
    texts = table.texts(*names)
    values = table.numbers(*names)
    sides = table.texts(side) if table.has(side) else [text[-1:] for text in texts]
    return np.where([each.upper() == negative for each in sides], -np.abs(values), values)


def _moments(table: Columns, date: str, clock: str) -> NDArray[np.float64]:
    days = [_day(text) for text in table.texts(date)]
    seconds = [seconds_of_day(text.replace(":", "").encode()) for text in table.texts(clock)]
    return np.asarray(np.array(days) * DAY + np.array(seconds))


@lru_cache(maxsize=64)
def _day(text: str) -> float:
    """Days since 1970 of 2008/01/27, 20080127 or 080127."""
    digits = re.sub(r"\D", "", text)
    if len(digits) not in {6, 8} or not digits.isascii():
        return np.nan
    return day_number(int(digits[:-4]), int(digits[-4:-2]), int(digits[-2:]))


def _offset(table: Columns, time: NDArray[np.float64]) -> float | None:
    """Seconds by which the logger's local time is ahead, where it writes both."""
    if not (table.has("utc date") and table.has("local date")):
        return None
    ahead = _moments(table, "local date", "local time") - time
    known = ahead[~np.isnan(ahead)]
    return float(np.round(known[0] / _QUARTER) * _QUARTER) if len(known) and abs(known[0]) <= 0.6 * DAY else None
