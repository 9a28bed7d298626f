"""Read SBN and SBP, the binary logs of receivers by Locosys (Genie, NaviLink) and others with chips of SiRF.

SBN is a stream of SiRF messages, of which number 41 (geodetic navigation data) states positions: SiRF Binary Protocol
Reference Manual. SBP has a header of 64 bytes, and records of 32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import Activity, Recording
from heatlas.core.errors import Unreadable
from heatlas.core.words import counted
from heatlas.sources.formats.loggers.dates import DAY, day_number, in_present

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_sbn", "read_sbp"]

_START, _END = b"\xa0\xa2", b"\xb0\xb3"
_GEODETIC = 41
_BEFORE, _LEAST, _MOST = 4, 44, 1023
"""Bytes before a message's content, and least and most of the content."""
_MESSAGE = np.dtype(
    [
        ("number", "u1"), ("valid", ">u2"), ("kind", ">u2"), ("week", ">u2"), ("of_week", ">u4"), ("year", ">u2"),
        ("month", "u1"), ("day", "u1"), ("hour", "u1"), ("minute", "u1"), ("milliseconds", ">u2"),
        ("satellites", ">u4"), ("lat", ">i4"), ("lon", ">i4"), ("ellipsoid", ">i4"), ("elevation", ">i4"),
        ("datum", "u1"), ("speed", ">u2"), ("course", ">u2"),
    ]
)  # fmt: skip
_HEADER, _RECORD = 64, np.dtype(
    [
        ("hdop", "u1"), ("count", "u1"), ("milliseconds", "<u2"), ("date", "<u4"), ("satellites", "<u4"),
        ("lat", "<i4"), ("lon", "<i4"), ("elevation", "<i4"), ("speed", "<u2"), ("course", "<u2"), ("climb", "<i2"),
        ("flags", "u1"), ("more", "u1"),
    ]
)  # fmt: skip


def read_sbn(data: bytes, source: str) -> list[Recording]:
    """Read a stream of SiRF messages: one recording.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When no message states a position.
    """
    found: list[bytes] = []
    damaged = at = 0
    while (at := data.find(_START, at)) >= 0:
        length = int.from_bytes(data[at + 2 : at + _BEFORE])
        content = data[at + _BEFORE : at + _BEFORE + length]
        tail = data[at + _BEFORE + length : at + _BEFORE + length + 4]
        if length > _MOST or tail[2:] != _END or sum(content) & 0x7FFF != int.from_bytes(tail[:2]):
            damaged += 1
            at += 2
            continue
        at += _BEFORE + length + 4
        if length >= _LEAST and content[0] == _GEODETIC:
            found.append(content[:_LEAST])
    if not found:
        raise Unreadable("a log of SiRF messages without a position")
    rows = np.frombuffer(b"".join(found), _MESSAGE)
    dates = np.stack([rows["year"], rows["month"], rows["day"]], axis=1).tolist()
    seconds = rows["hour"] * 3600.0 + rows["minute"] * 60.0 + rows["milliseconds"] / 1e3
    days, told = in_present(np.array([day_number(*date) for date in dates]))
    lost = rows["kind"] & 7 == 0
    cut = [f"{counted(damaged, 'messages')} {'is' if damaged == 1 else 'are'} damaged, and left out"] if damaged else []
    return [_recording(rows, days * DAY + seconds, lost, source, (*filter(None, [told]), *cut))]


def read_sbp(data: bytes, source: str) -> list[Recording]:
    """Read records of SBP: one recording.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When there is no record.
    """
    number, rest = divmod(len(data) - _HEADER, _RECORD.itemsize)
    if number < 1:
        raise Unreadable("a log of a receiver (SBP) without a record")
    rows = np.frombuffer(data, _RECORD, number, _HEADER)
    rows = rows[~np.isin(rows["date"], [0, 0xFFFFFFFF])]  # erased memory
    if not len(rows):
        raise Unreadable("a log of a receiver (SBP) without a record")
    packed = rows["date"].astype(np.int64)
    months = packed >> 22
    dates = np.stack([2000 + months // 12, months % 12, packed >> 17 & 31], axis=1).tolist()
    seconds = (packed >> 12 & 31) * 3600.0 + (packed >> 6 & 63) * 60.0 + rows["milliseconds"] / 1e3
    days, told = in_present(np.array([day_number(*date) for date in dates]))
    cut = ["it ends within a record"] if rest else []
    lost = rows["count"] == 0
    return [_recording(rows, days * DAY + seconds, lost, source, (*filter(None, [told]), *cut))]


def _recording(
    rows: NDArray[np.void], time: NDArray[np.float64], lost: NDArray[np.bool_], source: str, warnings: tuple[str, ...]
) -> Recording:
    """Make a recording of rows with degrees in 1e-7, and elevations and speeds in cm and cm/s."""
    lon, lat = (np.where(lost, np.nan, rows[name] / 1e7) for name in ("lon", "lat"))
    columns = {name: (rows[name] / 100.0).astype(np.float32) for name in ("elevation", "speed")}
    return Recording(activity=Activity(source=source), lon=lon, lat=lat, time=time, columns=columns, warnings=warnings)
