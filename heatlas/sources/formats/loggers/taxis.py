"""Read the logs of taxis that research has published: T-Drive of Beijing, and Cabspotting of San Francisco.

T-Drive: a file per taxi, lines ``number,2008-02-02 15:36:08,longitude,latitude`` in the time of Beijing (Yuan et al.,
2010). Cabspotting: a file per taxi, lines ``latitude longitude occupied unix-seconds``, the newest first
(Piorkowski et al., 2009).
"""

from __future__ import annotations

import datetime as dt
import re

import numpy as np

from heatlas.core.batch import Activity, Recording
from heatlas.core.errors import Unreadable
from heatlas.core.regex import regex
from heatlas.sources.formats.arrays import finite
from heatlas.sources.formats.loggers.plain_text import plain

__all__ = ["read_cabspotting", "read_tdrive"]

_BEIJING = 8 * 3600.0
"""Seconds by which the clocks are ahead of UTC."""
_TDRIVE = regex(
    rb"^(\d{1,9}),(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d),(-?\d{1,3}(?:\.\d*)?),(-?\d{1,2}(?:\.\d*)?)\s*$", re.MULTILINE
)
_CAB = regex(rb"^(-?\d{1,2}\.\d+) (-?\d{1,3}\.\d+) [01] (\d{9,10})\s*$", re.MULTILINE)


def read_tdrive(data: bytes, source: str) -> list[Recording]:
    """Read the log of a taxi of T-Drive: one recording of each taxi in it, whose person is its number.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When there is no position in it.
    """
    text, cut = _without_cut_line(plain(data))
    rows = _TDRIVE.findall(text)
    if not rows:
        raise Unreadable("a log of a taxi without a position")
    numbers = [row[0].decode() for row in rows]
    time = np.array([_moment(row[1], row[2]) for row in rows]) - _BEIJING
    lon, lat = (finite(np.array([float(row[k]) for row in rows])) for k in (3, 4))
    found = []
    for number in dict.fromkeys(numbers):
        own = np.flatnonzero(np.array(numbers) == number)
        own = own[np.argsort(time[own], kind="stable")]
        about = Activity(source=source, id=number, name=f"Taxi {number}", person=number, utc_offset=_BEIJING)
        found.append(_recording(about, lon[own], lat[own], time[own], (*cut, *_told(text, len(rows)))))
    return found


def read_cabspotting(data: bytes, source: str) -> list[Recording]:
    """Read the log of a cab of Cabspotting: one recording, whose person is named as the file is.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``, such as ``new_abboip.txt``.

    Raises
    ------
    Unreadable
        When there is no position in it.
    """
    text, cut = _without_cut_line(plain(data))
    rows = _CAB.findall(text)
    if not rows:
        raise Unreadable("a log of a cab without a position")
    lat, lon, time = (finite(np.array([float(row[k]) for row in rows])) for k in range(3))
    order = np.argsort(time, kind="stable")
    name = source.rpartition("/")[2].partition(".")[0].removeprefix("new_")
    about = Activity(source=source, id=name, name=f"Cab {name}", person=name)
    return [_recording(about, lon[order], lat[order], time[order], (*cut, *_told(text, len(rows))))]


def _recording(about: Activity, lon: np.ndarray, lat: np.ndarray, time: np.ndarray, told: tuple[str, ...]) -> Recording:
    return Recording(activity=about, lon=lon, lat=lat, time=time, logged=True, warnings=told)


def _told(text: bytes, rows: int) -> list[str]:
    lines = sum(1 for line in text.split(b"\n") if line.strip())
    return [f"{lines - rows:,} of {lines:,} lines are no positions"] if lines > rows else []


def _without_cut_line(text: bytes) -> tuple[bytes, list[str]]:
    """Leave out a last line that is shorter than the one before it, and has no end."""
    body, _, last = text.rpartition(b"\n")
    if last.strip() and len(last.rstrip()) < len(body.rpartition(b"\n")[2].rstrip()):
        return body, ["cut off in its last line, which was left out"]
    return text, []


def _moment(day: bytes, clock: bytes) -> float:
    try:
        return dt.datetime.fromisoformat(f"{day.decode()}T{clock.decode()}+00:00").timestamp()
    except ValueError:
        return np.nan
