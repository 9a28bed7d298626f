"""Read Records.json, the Location History of Takeout: all positions of all devices, often a gigabyte.

The file is read in blocks by a kernel, so that memory is needed for positions only. The fields, of both versions
(timestampMs until 2021, timestamp since), are those that people who parse their exports describe.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import Activity, Recording
from heatlas.core.errors import Unreadable
from heatlas.core.regex import regex
from heatlas.core.words import counted
from heatlas.kernels.records import FIELDS, PADDING, SHORTEST, scan_records, word_code
from heatlas.sources.accuracy import INACCURATE, is_inaccurate
from heatlas.sources.formats.google.rides import STILL, moves_of
from heatlas.sources.formats.google.stays import HISTORY, sport_of
from heatlas.sources.formats.json_lists import CUT
from heatlas.sources.sniff import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.sources.blobs import Content

__all__ = ["LAY_STILL", "UNTIMED", "read_records"]

LAY_STILL = "fixes of a device that lay still"
UNTIMED = "fixes without a time"
"""Reasons under which is counted what makes no track."""
_BLOCK = 1 << 23
"""Bytes that are read at once."""
_LARGEST = 1 << 27
"""Most bytes of one record."""
_HEAD = 1 << 16
_ONE = np.zeros(0, np.int64)
_DEVICES = 100
"""Most devices that are told apart."""
_BEGIN = regex(rb'"locations"\s*:\s*\[')
_TYPES = (
    "STILL", "WALKING", "ON_FOOT", "RUNNING", "ON_BICYCLE", "CYCLING", "IN_VEHICLE", "IN_ROAD_VEHICLE", "IN_CAR",
    "IN_BUS", "IN_FOUR_WHEELER_VEHICLE", "IN_TWO_WHEELER_VEHICLE", "IN_RAIL_VEHICLE", "IN_TRAIN", "IN_SUBWAY",
    "IN_TRAM", "IN_FERRY", "FLYING", "SKIING",
)  # fmt: skip
"""Types of activities that count; TILTING, UNKNOWN and EXITING_VEHICLE say nothing of a way."""
_SPORTS = [sport_of(word) for word in _TYPES]
_CLASSES = sorted({*_SPORTS} - {"Unknown"})
_CLASS_OF = np.array([STILL if word == "STILL" else _CLASSES.index(sport_of(word)) for word in _TYPES] + [-1], np.int8)
"""Index of a type -> of its class, whose sport is in `_CLASSES`; the last is that of no type."""
_CODES = np.array([word_code(word) for word in _TYPES], np.uint64)


@dataclass(slots=True)
class _Fixes:
    """Positions of all devices; columns as small as their values allow."""

    lat: NDArray[np.int32]
    """(n,) degrees times 10 million."""
    lon: NDArray[np.int32]
    time: NDArray[np.float64]
    """(n,) Unix seconds."""
    elevation: NDArray[np.float32]
    speed: NDArray[np.float32]
    doing: NDArray[np.int8]
    """(n,) index of a class, STILL, or -1 where nothing is said."""
    device: NDArray[np.float64]


def read_records(data: Content, source: str) -> list[Recording]:
    """Read a Location History: what each device did is a recording, and so is the rest of its way.

    Activity types that last three minutes cut the way of a device, and become sports. Where a device lay still within
    250 m for ten minutes, only its first position there is kept.

    Parameters
    ----------
    data : Content
        The file; it is read in slices.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When it holds no position.
    """
    dropped: Counter[str] = Counter()
    warnings: list[str] = []
    parts = list(_blocks(data, dropped, warnings))
    if not parts:
        if +dropped:
            empty = np.zeros(0)
            nothing = Recording(activity=Activity(source=source, device=HISTORY), lon=empty, lat=empty, time=empty)
            return [replace(nothing, warnings=tuple(warnings), dropped=+dropped)]
        raise Unreadable(f"a Location History without a position{f': {warnings[-1]}' if warnings else ''}")
    fixes = _joined(parts)
    found: list[Recording] = []
    devices = np.unique(fixes.device[~np.isnan(fixes.device)]).tolist()
    if len(devices) > _DEVICES:
        warnings.append(f"names {len(devices):,} devices, as no person has: they are taken for one")
        fixes.device[:], devices = np.nan, []
    for device in [*devices, np.nan]:
        mine = np.isnan(fixes.device) if device != device else fixes.device == device
        if mine.any():
            found += _of_device(fixes, mine, source, dropped)
    return [replace(found[0], warnings=tuple(warnings), dropped=+dropped), *found[1:]]


def _joined(parts: list[_Fixes]) -> _Fixes:
    """Join positions in the order of time; `parts` is emptied column by column, so that memory is not held twice."""
    order: NDArray[np.int64] | None = None
    found: dict[str, Any] = {}
    for name in ("time", "lat", "lon", "elevation", "speed", "doing", "device"):
        whole = np.concatenate([getattr(part, name) for part in parts])
        for part in parts:
            setattr(part, name, None)
        if name == "time" and (whole[1:] < whole[:-1]).any():
            order = np.argsort(whole, kind="stable")
        found[name] = whole if order is None else whole[order]
    return _Fixes(**found)


def _blocks(data: Content, dropped: Counter[str], warnings: list[str]) -> Iterator[_Fixes]:
    """Positions of one block after the other; faults are added to `warnings`."""
    head = data[:_HEAD]
    if head[:2] in {b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{"}:
        data = decode(bytes(data)).encode()
        head = data[:_HEAD]
    begin = _BEGIN.search(head)
    at, size, damaged = 0 if begin is None else begin.end(), _BLOCK, 0
    buffer = np.zeros(size + PADDING, np.uint8)
    rows, kinds = np.empty((size // SHORTEST + 1, FIELDS)), np.empty(size // SHORTEST + 1, np.int8)
    while at < len(data):
        length = min(size, len(data) - at)
        buffer[:length] = np.frombuffer(data[at : at + length], np.uint8)
        buffer[length : length + PADDING] = 0
        count, end, faults = scan_records(buffer, 0, length, _CODES, rows, kinds)
        damaged += faults
        if count:
            yield _plain(rows[:count], kinds[:count], dropped)
        at += end
        if not end:  # one record is longer than the block
            if at + length == len(data) or 2 * size > _LARGEST:
                break
            size *= 2
            buffer = np.zeros(size + PADDING, np.uint8)
            rows, kinds = np.empty((size // SHORTEST + 1, FIELDS)), np.empty(size // SHORTEST + 1, np.int8)
    if damaged:
        warnings.append(f"damaged: {counted(damaged, 'places')} of it could not be read")
    if not re.search(rb"\]\s*\}\s*\Z", data[-_HEAD:]):
        warnings.append(CUT)


def _plain(rows: NDArray[np.float64], kinds: NDArray[np.int8], dropped: Counter[str]) -> _Fixes:
    """Positions of some rows, without those that are inaccurate or have no time."""
    bad, untimed = is_inaccurate(rows[:, 3]), np.isnan(rows[:, 2])
    dropped[INACCURATE] += int(np.count_nonzero(bad))
    dropped[UNTIMED] += int(np.count_nonzero(untimed & ~bad))
    keep = ~(bad | untimed)
    rows, kinds = rows[keep], kinds[keep]
    whole = [_e7(rows[:, 0], 9e8), _e7(rows[:, 1], 18e8)]
    with np.errstate(over="ignore"):
        elevation, speed = rows[:, 4].astype(np.float32), rows[:, 5].astype(np.float32)
    for column in (elevation, speed):
        column[np.isinf(column)] = np.nan
    return _Fixes(whole[0], whole[1], rows[:, 2].copy(), elevation, speed, _CLASS_OF[kinds], rows[:, 6].copy())


def _e7(values: NDArray[np.float64], most: float) -> NDArray[np.int32]:
    """Degrees times 10 million; those that are 2^32 too large, as some exports write negative ones, are mended.

    What is no position becomes the largest number, which cleaning drops and counts.
    """
    mended = np.where(values > most, values - 2.0**32, values)
    return np.where(np.abs(mended) <= most, mended, 2.0**31 - 1).astype(np.int32)


def _of_device(fixes: _Fixes, mine: NDArray[np.bool_], source: str, dropped: Counter[str]) -> list[Recording]:
    """Recordings of one device; those of trips are views."""
    at: Any = slice(None) if mine.all() else mine
    time, lat, lon = fixes.time[at], fixes.lat[at], fixes.lon[at]
    moves = moves_of(time, lat, lon, fixes.doing[at])
    dropped[LAY_STILL] += moves.still
    whole = (time, lat / 1e7, lon / 1e7, fixes.elevation[at], fixes.speed[at])
    known = [np.append(0, np.cumsum(~np.isnan(column))) for column in whole[3:]]
    found = []
    for first, last, sport in moves.trips:
        held = [int(count[last]) > int(count[first]) for count in known]
        found.append(_recording([column[first:last] for column in whole], held, source, _CLASSES[sport]))
    if len(moves.rest):
        rest = [column[moves.rest] for column in whole]
        held = [not bool(np.isnan(column).all()) for column in rest[3:]]
        begins = np.append(0, np.flatnonzero(moves.breaks) + 1)
        found.append(replace(_recording(rest, held, source, "Unknown", begins), logged=True))
    return found


def _recording(
    columns: Sequence[NDArray[Any]], held: list[bool], source: str, sport: str, segments: NDArray[np.int64] = _ONE
) -> Recording:
    """Make a recording of time, latitude, longitude, elevation and speed, of which the last two may be unknown."""
    time, lat, lon, *others = columns
    named = zip(("elevation", "speed"), others, held, strict=True)
    return Recording(
        activity=Activity(source=source, sport=sport, start=float(time[0]), device=HISTORY),
        lon=lon,
        lat=lat,
        time=time,
        columns={name: values for name, values, known in named if known},
        segments=segments,
    )
