"""Read FIT, the format in which watches and bicycle computers record.

The kernel ``walk`` lists the messages of each file in the bytes, the kernel ``decode`` turns records into columns, and
this module makes recordings from both. Checksums are not checked: a wrong one never spoilt a recording, and checking
takes as long as reading. The ``hr`` messages of swimming heart rate straps are not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.core.batch import COLUMNS, Recording
from heatlas.core.errors import Unreadable
from heatlas.kernels.fit import CUT, FULL, NUL, UNDEFINED, decode, walk
from heatlas.sources.formats.fit.activity import (
    EPOCH,
    FIRST_WALL_TIME,
    Summary,
    clock_shift,
    is_course,
    make_activity,
    refusal,
    split_sessions,
    summarise,
)
from heatlas.sources.formats.fit.messages import global_number, make_plan
from heatlas.sources.formats.fit.profile import RECORD, WANTED
from heatlas.sources.formats.planned import as_planned
from heatlas.sources.sensors import FIT_UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

__all__ = ["read_fit"]

_MAGIC = b".FIT"
_MAX_PARTS = 1000  # chained files; more than a few are an attack
_MAX_WALKS = 20  # bytes walked at most, in lengths of the data, where headers are within files
_FEW_DEFINITIONS = 64  # a file with more of them is odd, so its plan is not cached

_NONE = np.zeros(0, np.int64)
_FIRST = np.zeros(1, np.int64)

_TIMER_START = 0
_TIMER_STOPS = frozenset({1, 4, 8, 9})

_STATES = {
    CUT: "cut off in the middle",
    UNDEFINED: "damaged in the middle: the rest was left out",
    NUL: "filled up with zero bytes: the rest was left out",
}


class _Part(NamedTuple):
    """One FIT file of a chain: its messages, as ``walk`` lists them."""

    definitions: list[bytes]
    numbers: list[int]
    """Global number of each definition."""
    records: NDArray[np.int64]
    others: NDArray[np.int64]
    warnings: tuple[str, ...]


def read_fit(data: bytes, source: str, columns: Collection[str] = COLUMNS) -> list[Recording]:
    """Read the recordings of a FIT file, as far as they are sound.

    Parameters
    ----------
    data : bytes
        The file: one FIT file or several chained ones, whole, unfinished, cut off or damaged.
    source : str
        Path of the file, for `Activity.source`.
    columns : collection of str
        Which of COLUMNS to read; each takes time.

    Returns
    -------
    list of Recording
        One for each activity of the chain; of a multisport activity one for each of its sessions. A new
        segment begins where the timer was started again after a pause. A recording without any record has
        only an activity. Courses come last, marked as planned.

    Raises
    ------
    Unreadable
        When nothing could be salvaged, or the file is a workout, settings ...
    """
    if not data:
        raise Unreadable("an empty file")
    recordings: list[Recording] = []
    courses: list[Recording] = []
    reason = held = ""
    for part in _parts(data):
        summary = summarise(data, part.definitions, part.numbers, part.others)
        refused, instead = refusal(summary, part.records.shape[1])
        if is_course(summary, part.records.shape[1]):
            courses += map(as_planned, _recordings(data, part, summary, source, columns))
        elif refused:
            held = held or instead
            reason = reason or (f"{refused}: {part.warnings[0]}" if part.warnings else refused)
        else:
            recordings += _recordings(data, part, summary, source, columns)
    if not (recordings or courses):
        raise Unreadable(reason or ("no FIT file" if data.strip(b"\0") else "nothing but zero bytes"), held)
    return [*recordings, *courses]


def _parts(data: bytes) -> list[_Part]:
    """Walk the files of a chain one after the other."""
    parts: list[_Part] = []
    buffer = np.frombuffer(data, np.uint8)
    pos = 0 if _is_header(data, 0) else _find_header(data, 0)
    warnings: tuple[str, ...] = ("bytes before its start were left out",) if pos > 0 else ()
    walkable = _MAX_WALKS * len(data)
    while pos >= 0 and len(parts) < _MAX_PARTS and walkable > 0:
        first = pos + data[pos]
        size = int.from_bytes(data[pos + 4 : pos + 8], "little")
        stop = min(first + size, len(data)) if size else len(data)
        cut = size > 0 and first + size > len(data)
        walked = _walk(buffer, first, stop)
        walkable -= walked[3] - first
        pos = -1
        if cut or not size or walked[-1] in _STATES:
            # If a file was cut off, another one may begin within the length that its header states.
            pos = _find_header(data, first)
            if 0 <= pos < stop:
                cut = size > 0
                stop = pos
                walked = _walk(buffer, first, stop)
        elif stop + 2 < len(data):
            pos = stop + 2 if _is_header(data, stop + 2) else _find_header(data, stop)
        definitions, records, others, end, state = walked
        if not size:
            warnings += ("unfinished",)
        elif state in _STATES and not (cut and end >= stop - 2):  # the rest may be the checksum
            warnings += (_STATES[state],)
        elif cut:
            warnings += (_STATES[CUT],)
        elif pos < 0 and data[stop + 2 :].strip(b"\0"):
            warnings += ("bytes after its end were left out",)
        defined = [data[a:b] for a, b in definitions.tolist()]
        numbers = [global_number(definition) for definition in defined]
        parts.append(_Part(defined, numbers, records, others, warnings))
        warnings = ()
    return parts


def _is_header(data: bytes, pos: int) -> bool:
    return pos + 12 <= len(data) and data[pos] >= 12 and data[pos + 8 : pos + 12] == _MAGIC


def _find_header(data: bytes, pos: int) -> int:
    """Find the next header at or after ``pos``, of the usual sizes and versions; -1 if there is none."""
    at = data.find(_MAGIC, pos + 8)
    while at >= 0:
        if data[at - 8] in (12, 14) and data[at - 7] >> 4 in (1, 2):
            return at - 8
        at = data.find(_MAGIC, at + 1)
    return -1


def _walk(
    buffer: NDArray[np.uint8], first: int, stop: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int, int]:
    """List the messages, with room for the usual number in a file of that size, then for four times as many each."""
    most = max(stop - first, 0) + 1
    room = [256, most // 10 + 64, 1024]
    while True:
        definitions = np.empty((room[0], 2), np.int64)
        records = np.empty((3, room[1]), np.int64)
        others = np.empty((4, room[2]), np.int64)
        d, r, o, end, state = walk(
            buffer, first, stop, WANTED, np.zeros((16, 5), np.int64), definitions, records, others
        )
        if state != FULL:
            break
        room = [min(4 * n, most) for n in room]
    return definitions[:d], records[:, :r], others[:, :o], int(end), state


def _columns(data: bytes, part: _Part, summary: Summary, columns: Collection[str]) -> dict[str, NDArray[np.float64]]:
    """Decode the records into columns of equal length; a column that no definition names is absent."""
    known: dict[bytes, int] = {}
    plan_of = [
        known.setdefault(definition, len(known)) if its == RECORD else 0
        for definition, its in zip(part.definitions, part.numbers, strict=True)
    ]
    if not known:
        return {}
    wanted = {"lat", "lon", *columns}
    if "cadence" in columns:
        wanted.add("fractional_cadence")
    if not summary.sessions or any("distance" not in session for session in summary.sessions):
        wanted |= {"distance", "wrapped_distance"}
    make = make_plan if len(known) <= _FEW_DEFINITIONS else make_plan.__wrapped__
    plan = make(tuple(known), summary.developer, frozenset(wanted))
    content, definition, _ = part.records
    out = np.full((len(plan.columns), len(content)), np.nan)
    decode(np.frombuffer(data, np.uint8), content, definition, plan.spans[plan_of], plan.rows, plan.scales, out)
    return dict(zip(plan.columns, out, strict=True))


def _recordings(data: bytes, part: _Part, summary: Summary, source: str, wanted: Collection[str]) -> list[Recording]:
    """Make the recordings of one FIT file: one, or one for each session of a multisport activity."""
    when = part.records[2]
    values = _columns(data, part, summary, wanted)
    lon, lat = _positions(values, len(when))
    shift, clock_warning = clock_shift(summary, when)
    time = _unix(when, shift)
    distance = _distance(values)
    if "fractional_cadence" in values and "cadence" in values:
        values["cadence"] += np.nan_to_num(values["fractional_cadence"])
    for name, unknown in FIT_UNKNOWN.items():
        if name in values:
            values[name][np.isin(values[name], unknown)] = np.nan
    columns = {name: values[name].astype(np.float32) for name in COLUMNS if name in values and name in wanted}
    breaks = _breaks(part, summary)
    recordings = []
    for sessions, first, end in split_sessions(summary, when):
        here = slice(first, end)
        kept = {name: column[here] for name, column in columns.items()}
        segments = breaks[(breaks > first) & (breaks < end)] - first
        recordings.append(
            Recording(
                activity=make_activity(
                    summary, sessions, source, shift, time[here], None if distance is None else distance[here]
                ),
                lon=lon[here],
                lat=lat[here],
                time=time[here],
                columns={name: column for name, column in kept.items() if not np.isnan(column).all()},
                segments=np.concatenate((_FIRST, segments)) if len(segments) else _NONE,
                warnings=part.warnings + clock_warning,
            )
        )
    return recordings


def _positions(values: dict[str, NDArray[np.float64]], n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take the positions where both halves are valid."""
    if "lon" not in values or "lat" not in values:
        return np.full(n, np.nan), np.full(n, np.nan)
    lon, lat = values["lon"], values["lat"]
    half = np.isnan(lon) != np.isnan(lat)
    if half.any():
        lon[half] = np.nan
        lat[half] = np.nan
    return lon, lat


def _distance(values: dict[str, NDArray[np.float64]]) -> NDArray[np.float64] | None:
    """Metres since the start. The old packed form counts sixteenths of a metre and wraps at 4096 of them."""
    if "distance" in values or "wrapped_distance" not in values:
        return values.get("distance")
    wrapped = values["wrapped_distance"]
    valid = ~np.isnan(wrapped)
    wrapped[valid] = np.cumsum(np.diff(wrapped[valid], prepend=0) % 4096) / 16
    return wrapped


def _unix(when: NDArray[np.int64], shift: float | None) -> NDArray[np.float64]:
    """Turn device time into Unix seconds; ``shift`` is added to times since power-up (`clock_shift`)."""
    time: NDArray[np.float64] = when + np.float64(EPOCH)
    if len(when) and when.min() < FIRST_WALL_TIME:
        time[when < FIRST_WALL_TIME] += np.nan if shift is None else shift
        time[when < 0] = np.nan
    return time


def _breaks(part: _Part, summary: Summary) -> NDArray[np.int64]:
    """Find the first record after each pause, where the timer was started some time after it was stopped."""
    stopped: int | None = None
    restarts: list[int] = []
    places: list[int] = []
    for kind, time, place in summary.timer:
        if kind in _TIMER_STOPS and stopped is None:
            stopped = time
        elif kind == _TIMER_START and stopped is not None:
            if time > stopped or time < 0:
                restarts.append(time)
                places.append(place)
            stopped = None
    if not restarts:
        return _NONE
    when = part.records[2]
    # By time, because some devices write their events after the records; by place where times are missing or unordered.
    if len(when) and when[0] >= 0 and min(restarts) >= 0 and (when[1:] >= when[:-1]).all():
        return np.unique(np.searchsorted(when, restarts))
    return np.unique(np.array(places, np.int64))
