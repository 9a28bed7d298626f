"""Read NMEA 0183, the sentences that receivers speak, as loggers, phones and ships store them.

The standard is not public; its sentences are described at https://gpsd.gitlab.io/gpsd/NMEA.html. GGA, GNS, RMC and GLL
state positions; RMC and ZDA dates; RMC and VTG speeds. Stored tracks of Magellan receivers (PMGNTRK) are read too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import Activity, Recording
from heatlas.core.errors import Unreadable
from heatlas.core.regex import regex
from heatlas.sources.formats.arrays import finite, known_columns
from heatlas.sources.formats.loggers.dates import DAY, days_of, in_present
from heatlas.sources.formats.loggers.nmea_rows import read_rows
from heatlas.sources.formats.loggers.plain_text import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.sources.formats.loggers.nmea_rows import Rows

__all__ = ["read_nmea"]

_SHIPS = regex(rb"!(?:AI|BS)VD[MO],")
_WAYPOINTS = regex(rb"\$(?:[A-Z]{2}|PMGN)(?:WPL|RTE),")
_MODERN = 14_610.0
"""1 January 2010, in days since 1970: no receiver heard the newer systems before."""
_MIXED = 60.0
"""Seconds by which sentences that stand behind later ones may be early; others are of a clock that was set."""


def read_nmea(data: bytes, source: str) -> list[Recording]:
    """Read a log of NMEA 0183: one recording.

    Sentences of one moment are one fix. A date holds for the sentences after it, over midnights, and backwards for
    those before the first. Fixes without reception have no position.

    Parameters
    ----------
    data : bytes
        The file, in any encoding.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When no sentence states a position.
    """
    text = plain(data)
    rows = read_rows(text)
    placed, seconds = rows.placed, rows.seconds
    if not placed.any():
        raise _nothing(text)
    timed = ~np.isnan(seconds)
    if not timed[placed].any():
        timed = placed  # without any time, each sentence is a fix; beside others, one without a time adds nothing
    rows_of_fixes = np.flatnonzero(timed)
    time, warning = _times(rows, rows_of_fixes)
    order = _slightly_mixed(time)
    rows_of_fixes, time = rows_of_fixes[order], time[order]
    clock = time if not np.isnan(time).all() else seconds[rows_of_fixes]
    fixes = np.flatnonzero(np.append(True, ~(np.diff(clock) == 0)))
    kept = np.logical_or.reduceat(placed[rows_of_fixes], fixes)
    lon, lat, elevation, speed = (
        _first(values[rows_of_fixes], fixes)[kept] for values in (rows.lon, rows.lat, rows.elevation, rows.speed)
    )
    return [
        Recording(
            activity=Activity(source=source),
            lon=finite(lon),
            lat=finite(lat),
            time=time[fixes][kept],
            columns=known_columns(elevation=elevation, speed=speed),
            warnings=(*rows.warnings, *filter(None, [warning])),
        )
    ]


def _nothing(text: bytes) -> Unreadable:
    if _WAYPOINTS.search(text):
        return Unreadable("waypoints, not a recording", "waypoints")
    if _SHIPS.search(text):
        return Unreadable(
            "AIS messages of ships, which heatlas does not decode: convert them to a table, and name that"
        )
    return Unreadable("NMEA sentences without a position (GGA, GNS, RMC or GLL)")


def _times(rows: Rows, used: NDArray[np.int64]) -> tuple[NDArray[np.float64], str]:
    """Unix seconds of rows, and a warning where dates were moved or are not stated."""
    seconds, days, of_clock = rows.seconds[used], rows.days[used], rows.of_clock[used]
    if not np.isnan(days[~of_clock]).all():
        days = np.where(of_clock, np.nan, days)  # a clock without reception may show anything
    days, warning = in_present(days, *([_MODERN] if rows.is_modern else []))
    if np.isnan(days).all() and not np.isnan(seconds).all():
        warning = "it states times of day but no date (no RMC or ZDA sentence), so it is drawn without times"
    # A date holds for all sentences of its moment, also for those before it.
    moments = np.flatnonzero(np.append(True, ~(np.diff(seconds) == 0)))
    found = days_of(seconds[moments], _first(days, moments))
    return np.repeat(found, np.diff(np.append(moments, len(seconds)))) * DAY + seconds, warning


def _slightly_mixed(time: NDArray[np.float64]) -> NDArray[np.int64]:
    """Order of rows: by time where sentences of some moments are mixed up, as buffers do, else as they are."""
    back = np.diff(time)
    mixed = back[back < 0]
    if len(mixed) and mixed.min() > -_MIXED:
        return np.argsort(time, kind="stable")
    return np.arange(len(time))


def _first(values: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """First known value of each group; `starts` are the first rows of the groups."""
    n = len(values)
    found = np.minimum.reduceat(np.where(np.isnan(values), n, np.arange(n)), starts)
    return np.append(values, np.nan)[found]
