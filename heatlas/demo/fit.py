"""Write FIT activity files (Flexible and Interoperable Data Transfer, profile 21.40; Garmin FIT SDK).

Messages are those that a watch writes: file_id, device_info, timer events, record, lap, session, activity.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.checksums import crc16

if TYPE_CHECKING:
    from heatlas.demo.motion import Fixes

__all__ = ["fit_bytes"]

_EPOCH = 631065600
# Base types of the protocol: code and NumPy type. None is written as the type's invalid value.
_ENUM, _S8, _U8, _U16, _S32, _U32, _U32Z = 0x00, 0x01, 0x02, 0x84, 0x85, 0x86, 0x8C
_TYPES = {_ENUM: "u1", _S8: "i1", _U8: "u1", _U16: "<u2", _S32: "<i4", _U32: "<u4", _U32Z: "<u4"}
_INVALID = {_ENUM: 0xFF, _S8: 0x7F, _U8: 0xFF, _U16: 0xFFFF, _S32: 0x7FFFFFFF, _U32: 0xFFFFFFFF, _U32Z: 0}
_SPORTS = {
    "Run": (1, 0), "Trail Run": (1, 3), "Ride": (2, 0), "Virtual Ride": (2, 58), "Walk": (11, 0),
    "Hike": (17, 0), "Swim": (5, 17),
}  # fmt: skip
_DEGREE = 2**31 / 180


def _definition(local: int, message: int, fields: list[tuple[int, int]]) -> bytes:
    """Definition message: the fields, by number and base type, of messages of the local type."""
    sizes = [(number, np.dtype(_TYPES[base]).itemsize, base) for number, base in fields]
    return struct.pack("<BBBHB", 0x40 | local, 0, 0, message, len(fields)) + b"".join(
        struct.pack("BBB", *f) for f in sizes
    )


def _messages(local: int, message: int, fields: dict[tuple[int, int], Any], *, define: bool = True) -> bytes:
    """Messages of one type: (field number, base type) -> a number, None, or one for each message."""
    dtype = np.dtype([("header", "u1"), *((f"f{number}", _TYPES[base]) for number, base in fields)])
    rows = np.zeros(max((np.size(v) for v in fields.values()), default=1), dtype)
    rows["header"] = local
    for (number, base), value in fields.items():
        numbers = np.atleast_1d(np.asarray(np.nan if value is None else value, np.float64))
        rows[f"f{number}"] = np.where(np.isnan(numbers), _INVALID[base], np.rint(np.nan_to_num(numbers))).astype(
            np.int64
        )
    return (_definition(local, message, list(fields)) if define else b"") + rows.tobytes()


def _records(fixes: Fixes, enhanced: bool) -> dict[tuple[int, int], Any]:
    """Columns of the record messages; those without any value are left out."""
    height, speed = (fixes.elevation + 500) * 5, fixes.speed * 1000
    columns = {
        (253, _U32): fixes.time - _EPOCH,
        (0, _S32): fixes.lat * _DEGREE,
        (1, _S32): fixes.lon * _DEGREE,
        (5, _U32): fixes.distance * 100,
        ((78, _U32) if enhanced else (2, _U16)): height,
        ((73, _U32) if enhanced else (6, _U16)): speed,
        (3, _U8): fixes.heart_rate,
        (4, _U8): fixes.cadence,
        (7, _U16): fixes.power,
        (13, _S8): fixes.temperature,
    }
    return {key: value for key, value in columns.items() if np.isfinite(value).any()}


def _event(time: int, kind: int, *, define: bool = False) -> bytes:
    """Timer event: 0 start, 1 stop, 4 stop_all."""
    return _messages(1, 21, {(253, _U32): time - _EPOCH, (0, _ENUM): 0, (1, _ENUM): kind, (4, _U8): 0}, define=define)


def _laps(fixes: Fixes, sport: tuple[int, int]) -> bytes:
    """Lap messages: the stretches between presses of the lap key."""
    edges = np.unique([0, *fixes.laps.tolist(), len(fixes.time) - 1])
    begin, end = edges[:-1], edges[1:]
    seconds = (fixes.time[end] - fixes.time[begin]) * 1000
    return _messages(3, 19, {
        (254, _U16): np.arange(len(begin)), (253, _U32): fixes.time[end] - _EPOCH, (0, _ENUM): 9,
        (1, _ENUM): 1, (2, _U32): fixes.time[begin] - _EPOCH, (7, _U32): seconds, (8, _U32): seconds,
        (9, _U32): (fixes.distance[end] - fixes.distance[begin]) * 100, (25, _ENUM): sport[0],
    })  # fmt: skip


def _summary(fixes: Fixes, sport: tuple[int, int]) -> bytes:
    """Session and activity messages."""
    end, stopped = (
        int(fixes.time[-1]),
        np.diff(fixes.time)[fixes.pauses - 1].sum() if len(fixes.pauses) else 0,
    )
    beats = fixes.heart_rate[np.isfinite(fixes.heart_rate)]
    timer = (fixes.elapsed - int(stopped)) * 1000
    session = _messages(4, 18, {
        (254, _U16): 0, (253, _U32): end - _EPOCH, (0, _ENUM): 8, (1, _ENUM): 1,
        (2, _U32): int(fixes.time[0]) - _EPOCH, (5, _ENUM): sport[0], (6, _ENUM): sport[1],
        (7, _U32): fixes.elapsed * 1000, (8, _U32): timer, (9, _U32): fixes.distance[-1] * 100,
        (16, _U8): beats.mean() if len(beats) else None, (17, _U8): beats.max() if len(beats) else None,
        (25, _U16): 0, (26, _U16): len(np.unique([0, *fixes.laps.tolist()])), (28, _ENUM): 0,
    })  # fmt: skip
    return session + _messages(5, 34, {
        (253, _U32): end - _EPOCH, (0, _U32): timer, (1, _U16): 1, (2, _ENUM): 0, (3, _ENUM): 26,
        (4, _ENUM): 1, (5, _U32): end - _EPOCH + 3600,
    })  # fmt: skip


def fit_bytes(fixes: Fixes, sport: str, serial: int) -> bytes:
    """Write one activity as a FIT file.

    Parameters
    ----------
    fixes : Fixes
        Its records, pauses and laps.
    sport : str
        Name of the activity's type, as in `heatlas.demo.diary.KINDS`.
    serial : int
        Serial number of the device. With an odd one, the enhanced (32-bit) fields of height and speed are written.
    """
    code = _SPORTS[sport]
    start = int(fixes.time[0])
    # Manufacturer 255 is "development", so no real maker is named.
    head = _messages(0, 0, {
        (0, _ENUM): 4, (1, _U16): 255, (2, _U16): 1, (3, _U32Z): serial, (4, _U32): start - _EPOCH,
    })  # fmt: skip
    head += _messages(6, 23, {(253, _U32): start - _EPOCH, (0, _U8): 0, (2, _U16): 255, (4, _U16): 1})
    columns = _records(fixes, bool(serial % 2))
    rows = _messages(2, 20, columns, define=False)
    size = len(rows) // len(fixes.time)
    body = [head, _event(start, 0, define=True), _definition(2, 20, list(columns))]
    edges = [0, *fixes.pauses.tolist(), len(fixes.time)]
    for a, b in pairwise(edges):
        if a:
            body += [_event(int(fixes.time[a - 1]), 4), _event(int(fixes.time[a]), 0)]
        body.append(rows[a * size : b * size])
    body += [_event(int(fixes.time[-1]), 4), _laps(fixes, code), _summary(fixes, code)]
    data = b"".join(body)
    header = struct.pack("<BBHI4s", 14, 0x20, 2140, len(data), b".FIT")
    whole = header + struct.pack("<H", crc16(header)) + data
    return whole + struct.pack("<H", crc16(whole))
