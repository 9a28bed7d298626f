"""Attributes of a FIT file's activities: sessions, sport, name, device, clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import Activity
from heatlas.sources.formats.fit.messages import DeveloperField, developer_field, read_message
from heatlas.sources.formats.fit.profile import (
    ACTIVITY,
    CORRELATION,
    COURSE,
    DEVELOPER_FIELD,
    EVENT,
    FILE_ID,
    LAP,
    SESSION,
    SPORT,
    WORKOUT,
    Value,
)
from heatlas.sources.formats.fit.sports import ACTIVITY_FILE, COURSE_FILE, FILE_KINDS, MAKERS, sport_word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "EPOCH",
    "FIRST_WALL_TIME",
    "Summary",
    "clock_shift",
    "is_course",
    "make_activity",
    "refusal",
    "split_sessions",
    "summarise",
]

EPOCH = 631065600.0
"""Start of device time, 1989-12-31T00:00:00Z, in Unix seconds."""
FIRST_WALL_TIME = 0x10000000
"""Device times below it count from the power-up of a device whose clock was not set."""

_MOST_OF_A_KIND = 1000  # no device writes more sessions or fields; a hostile file might write millions
_QUARTER_HOUR = 900
_TIMER = 0
_EXTRA = (
    "calories",
    "average_heart_rate",
    "max_heart_rate",
    "average_power",
    "max_power",
    "ascent",
    "descent",
)

Message = dict[str, Value]


@dataclass(slots=True)
class Summary:
    """Messages of one file that occur only a few times."""

    first: dict[int, Message] = field(default_factory=dict)
    """Global number -> its first message that holds a value."""
    sessions: list[Message] = field(default_factory=list)
    developer: tuple[DeveloperField, ...] = ()
    timer: list[tuple[Value, int, int]] = field(default_factory=list)
    """Events of the timer: event type, device time, number of records before."""

    def get(self, number: int) -> Mapping[str, Value]:
        """First message of a global number; empty if there is none."""
        return self.first.get(number, {})


def summarise(data: bytes, definitions: list[bytes], numbers: list[int], others: NDArray[np.int64]) -> Summary:
    """Read the messages that occur only a few times.

    Parameters
    ----------
    data
        The file.
    definitions, numbers
        Bytes and global number of each definition.
    others : (4, m) int64
        As listed by ``walk``: first byte, definition, device time, number of records before.

    Returns
    -------
    Summary
    """
    summary = Summary()
    developer: dict[tuple[int, int], DeveloperField] = {}
    described = 0
    for content, index, time, before in others.T.tolist():
        number = numbers[index]
        if number == EVENT:
            values = read_message(data, content, definitions[index])
            if values.get("event") == _TIMER and "event_type" in values:
                summary.timer.append((values["event_type"], time, before))
        elif number == SESSION:
            if len(summary.sessions) < _MOST_OF_A_KIND:
                summary.sessions.append(read_message(data, content, definitions[index]))
        elif number == DEVELOPER_FIELD:
            described += 1
            if described <= _MOST_OF_A_KIND:
                found = developer_field(read_message(data, content, definitions[index]))
                if found:
                    developer[found.owner, found.number] = found
        elif number not in summary.first:
            values = read_message(data, content, definitions[index])
            if values:
                summary.first[number] = values
    summary.developer = tuple(developer.values())
    return summary


def refusal(summary: Summary, records: int) -> tuple[str, str]:
    """Reason why a file gives no recording, and the kind of its content; both empty if it gives one.

    A kind of file that is no activity is believed only if there is no session with records in it: some
    programs state a wrong kind.
    """
    kind = summary.get(FILE_ID).get("type", ACTIVITY_FILE)
    if kind in FILE_KINDS and not (summary.sessions and records):
        what = FILE_KINDS[int(kind)]
        return f"a FIT {what}, not a recording", what.removesuffix(" file")
    if not records and not summary.sessions:
        if kind != ACTIVITY_FILE:
            return f"a FIT file of kind {kind}, not a recording", "FIT of other kinds"
        return "no records in it", ""
    return "", ""


def is_course(summary: Summary, records: int) -> bool:
    """Whether a file is a planned course with a way; see `refusal`."""
    return summary.get(FILE_ID).get("type") == COURSE_FILE and not summary.sessions and records > 0


def _wall_time(value: Value | None, shift: float | None) -> float | None:
    """Turn a time of a message into Unix seconds."""
    if not isinstance(value, int):
        return None
    if value >= FIRST_WALL_TIME:
        return value + EPOCH
    return None if shift is None else value + shift + EPOCH


def clock_shift(summary: Summary, when: NDArray[np.int64]) -> tuple[float | None, tuple[str, ...]]:
    """Find the shift from times since power-up to device time.

    The device writes it when its clock is set. Without it, and if no record has a true time, the first record is
    placed at the creation of the file: the day may be wrong, but the pace is right.

    Returns
    -------
    float or None
        Seconds to add to device times below FIRST_WALL_TIME; None if unknown.
    tuple of str
        Warnings.
    """
    timed = when[when >= 0] if len(when) and when.min() < FIRST_WALL_TIME else when[:0]
    if not len(timed) or timed.min() >= FIRST_WALL_TIME:
        return None, ()
    note = summary.get(CORRELATION)
    true, relative = note.get("timestamp"), note.get("system_timestamp")
    if isinstance(true, int) and isinstance(relative, int) and relative < FIRST_WALL_TIME <= true:
        return float(true - relative), ()
    created = summary.get(FILE_ID).get("time_created")
    if timed.max() < FIRST_WALL_TIME and isinstance(created, int) and created >= FIRST_WALL_TIME:
        return float(created - int(timed[0])), ("the clock was not set: times count from the file's creation",)
    return None, ("the clock was not set: some or all records have no time",)


def _word(message: Mapping[str, Value]) -> str:
    sport, sub_sport = message.get("sport"), message.get("sub_sport")
    return sport_word(sport if isinstance(sport, int) else None, sub_sport if isinstance(sub_sport, int) else None)


def split_sessions(summary: Summary, when: NDArray[np.int64]) -> list[tuple[list[Message], int, int]]:
    """Share the records out among the sessions of a multisport activity.

    Sessions of one sport stay together, as do those whose starts do not ascend: they cannot be separated.

    Returns
    -------
    list of (sessions, first record, end of records)
    """
    sessions = summary.sessions
    starts = [session.get("start_time") for session in sessions]
    known = [start for start in starts if isinstance(start, int)]
    ascending = len(known) == len(sessions) and all(a < b for a, b in pairwise(known))
    if len(sessions) < 2 or not ascending or len({_word(session) for session in sessions}) < 2:
        return [(sessions, 0, len(when))]
    inner = np.searchsorted(np.maximum.accumulate(when), known[1:]).tolist() if len(when) else [0] * len(known[1:])
    edges = [0, *inner, len(when)]
    return [([session], edges[i], edges[i + 1]) for i, session in enumerate(sessions)]


def _total(sessions: list[Message], key: str) -> float | None:
    values = [value for session in sessions if isinstance(value := session.get(key), int | float)]
    return float(sum(values)) if values else None


def _device(file_id: Mapping[str, Value]) -> str:
    maker, product = file_id.get("manufacturer"), file_id.get("product_name", file_id.get("product"))
    name = "" if not isinstance(maker, int) else MAKERS.get(maker, f"maker {maker}")
    text = str(product or "")
    return text if name and text.lower().startswith(name) else f"{name} {text}".strip()


def _sport(summary: Summary, sessions: list[Message]) -> str:
    """Sport of the sessions; of other messages if the file ends before its session."""
    instead = (SPORT, LAP, WORKOUT, COURSE)
    said: list[Mapping[str, Value]] = [*sessions] if sessions else [summary.get(number) for number in instead]
    return next((word for message in said if (word := _word(message)) != "Unknown"), "Unknown")


def _name(summary: Summary, sessions: list[Message]) -> str:
    """Name of the workout, of the session, or of the sport profile."""
    alone = len(sessions) == len(summary.sessions)
    found = (summary.get(WORKOUT).get("name") if alone else None) or next(
        (session["name"] for session in sessions if "name" in session), None
    )
    return str(found or summary.get(COURSE).get("name") or summary.get(SPORT).get("name", ""))


def _extra(sessions: list[Message]) -> dict[str, Value]:
    return {key: sessions[0][key] for key in _EXTRA if key in sessions[0]} if len(sessions) == 1 else {}


def _utc_offset(summary: Summary) -> float | None:
    """Seconds by which the device's clock was ahead of UTC. 0 counts as unknown: many devices write it by default."""
    local, true = (summary.get(ACTIVITY).get(key) for key in ("local_timestamp", "timestamp"))
    if not (isinstance(local, int) and isinstance(true, int) and abs(local - true) <= 15 * 3600):
        return None
    return float(round((local - true) / _QUARTER_HOUR) * _QUARTER_HOUR) or None


def make_activity(
    summary: Summary,
    sessions: list[Message],
    source: str,
    shift: float | None,
    time: NDArray[np.float64],
    distance: NDArray[np.float64] | None,
) -> Activity:
    """Make the attributes of one activity.

    Parameters
    ----------
    summary, sessions
        The messages of the file, and the sessions of this activity.
    source
        Path of the file.
    shift
        See `clock_shift`.
    time : (n,) float64
        Unix seconds of the records, used where the sessions state no times.
    distance : (n,) float64, optional
        Metres since the start, used where the sessions state no distance.
    """
    starts = [_wall_time(session.get("start_time"), shift) for session in sessions]
    start = min((moment for moment in starts if moment is not None), default=None)
    elapsed, metres = _total(sessions, "elapsed_time"), _total(sessions, "distance")
    if start is None or elapsed is None:
        known = time[~np.isnan(time)]
        if len(known):
            start = float(known[0]) if start is None else start
            elapsed = float(known[-1] - known[0]) if elapsed is None else elapsed
        elif start is None:
            start = _wall_time(summary.get(FILE_ID).get("time_created"), shift)
    if metres is None and distance is not None:
        covered = distance[~np.isnan(distance)]
        metres = float(covered[-1]) if len(covered) else None
    return Activity(
        source=source,
        sport=_sport(summary, sessions),
        name=_name(summary, sessions),
        start=start,
        distance=metres,
        elapsed_time=elapsed,
        moving_time=_total(sessions, "timer_time"),
        utc_offset=_utc_offset(summary),
        device=_device(summary.get(FILE_ID)),
        extra=_extra(sessions),
    )
