"""Diary of the made-up athlete: habits, seasons, a holiday and an injury, over two years or several times two."""

from __future__ import annotations

import math
from dataclasses import field
from datetime import UTC, date, datetime, timedelta

import numpy as np

from heatlas.core.frozen import frozen

__all__ = ["KINDS", "Kind", "Session", "fitness", "plan"]

_FIRST = date(2024, 10, 7)
"""Day 0 of the diary. Larger diaries begin earlier, on days below 0."""
_DAYS = 728
"""Days of one span: whole weeks, so that earlier spans begin on a Monday too. All are in the past."""
_ENOUGH = 320
"""Most sessions of one span."""
_MOST_SPANS = 10
"""Most spans: twenty years. The clock of FIT does not go back much further."""
_CROWDED = ((0.0, 12.5, 19.5), (12.5, 24.0, 6.0))
"""Days with two sessions: if the first starts in [from, below), the second starts at the third number (local hours)."""
_INJURY = (396, 434)
_HOLIDAY = (290, 297)
_REST = (74, 80)


@frozen(kw_only=True)
class Kind:
    """A kind of session."""

    share: int
    """Sessions of this kind among 200."""
    sport: str
    """As the export's column Activity Type names it."""
    weekdays: tuple[float, ...]
    """Weight of each day of the week, from Monday."""
    season: float
    """Excess in summer (positive) or in winter (negative), -1 to 1."""
    hours: tuple[tuple[float, float], ...]
    """Mean and spread of its usual local starts, hours; one of them is drawn."""
    speed: float = 2.9
    """Metres per second on flat ground."""
    injured: float = 0.0
    """Factor of its frequency in the weeks of the injury."""


_WEEK, _SPORTY, _WEEKEND = (
    (1.0,) * 5 + (0.0, 0.0),
    (0.5, 1.2, 0.8, 1.2, 0.3, 0.8, 0.4),
    (0.02,) * 5 + (1.0, 1.0),
)

KINDS = {
    "loop": Kind(share=48, sport="Run", weekdays=_SPORTY, season=0.25, hours=((6.4, 0.3), (18.0, 0.5))),
    "commute": Kind(share=42, sport="Ride", weekdays=_WEEK, season=0.7, hours=((7.4, 0.15), (16.9, 0.3)), speed=5.9),
    "explore": Kind(share=36, sport="Run", weekdays=_SPORTY, season=0.2, hours=((17.9, 0.7), (9.5, 0.8))),
    "long": Kind(share=14, sport="Run", weekdays=(0,) * 5 + (0.3, 1.0), season=0.1, hours=((8.7, 0.6),), speed=2.75),
    "far": Kind(share=16, sport="Ride", weekdays=_WEEKEND, season=0.95, hours=((9.6, 0.9),), speed=7.7),
    "intervals": Kind(
        share=10, sport="Run", weekdays=(0, 1, 1, 0.2, 0, 0, 0), season=0.6, hours=((18.2, 0.3),), speed=2.8
    ),
    "trail": Kind(share=10, sport="Trail Run", weekdays=_WEEKEND, season=0.5, hours=((10.0, 0.8),), speed=2.75),
    "walk": Kind(share=7, sport="Walk", weekdays=_WEEKEND, season=0.0, hours=((15.0, 1.2),), speed=1.35, injured=6.0),
    "hike": Kind(share=3, sport="Hike", weekdays=_WEEKEND, season=0.7, hours=((9.8, 0.5),), speed=1.2),
    "swim": Kind(share=4, sport="Swim", weekdays=_WEEK, season=-0.5, hours=((18.6, 0.4),), speed=0.8, injured=8.0),
    "virtual": Kind(
        share=5,
        sport="Virtual Ride",
        weekdays=_WEEK,
        season=-0.9,
        hours=((19.0, 0.3),),
        speed=8.4,
        injured=3.0,
    ),
    "holiday": Kind(share=5, sport="Run", weekdays=(1.0,) * 7, season=0.0, hours=((7.6, 0.4), (18.5, 0.5))),
}
"""Name -> kind of session."""


@frozen(kw_only=True)
class Session:
    """One activity of the diary."""

    kind: str
    start: int
    """Unix seconds, UTC."""
    day: int
    """Days since 7 October 2024, below 0 before."""
    local: float
    """Local hour of the start."""
    number: int = field(default=0)
    """Number among the sessions of its kind, from 0."""


def fitness(day: float) -> float:
    """Speed relative to a usual day: it grows from month to month, and falls with the injury."""
    level = 0.95 + 0.09 * day / _DAYS + 0.02 * math.sin(2 * math.pi * (day - 60) / 365)
    if day > _INJURY[0]:
        level -= 0.09 * math.exp(-(day - _INJURY[1]) / 70)
    return level


def _offset(day: date) -> int:
    """Hours ahead of UTC in central Europe (summer time from the last Sunday of March to that of October)."""
    turns = []
    for month in (3, 10):
        last = date(day.year, month, 31)
        turns.append(last - timedelta(days=(last.weekday() + 1) % 7))
    return 2 if turns[0] <= day < turns[1] else 1


def _start(day: int, hour: float) -> int:
    """Unix seconds of a local hour on a day of the diary."""
    when = _FIRST + timedelta(days=day)
    midnight = datetime(when.year, when.month, when.day, tzinfo=UTC)
    return int(midnight.timestamp()) + round((hour - _offset(when)) * 3600)


def _counts(total: int) -> dict[str, int]:
    """Share sessions out among the kinds (largest remainders; earlier kinds first)."""
    whole = sum(kind.share for kind in KINDS.values())
    exact = {name: kind.share * total / whole for name, kind in KINDS.items()}
    counts = {name: int(share) for name, share in exact.items()}
    left = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in left[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def _liking(kind: str, day: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Weight of a kind on each day."""
    habit = KINDS[kind]
    weekday = np.array(habit.weekdays)[(day + _FIRST.weekday()) % 7]
    year = (day + _FIRST.timetuple().tm_yday) / 365.25
    weight = weekday * np.clip(1 - habit.season * np.cos(2 * np.pi * (year - 0.05)), 0, None) + 1e-9
    turn = day % _DAYS
    injured = (turn >= _INJURY[0]) & (turn < _INJURY[1])
    away = (turn >= _HOLIDAY[0]) & (turn < _HOLIDAY[1])
    weight[injured] *= habit.injured
    weight[(turn >= _REST[0]) & (turn < _REST[1])] = 0
    weight[away != (kind == "holiday")] = 0
    return np.asarray(weight)


def plan(total: int, rng: np.random.Generator) -> list[Session]:
    """Draw sessions, in order of time.

    Diaries of more than some hundreds begin years earlier; all diaries end on the same day. A day has at most one
    session besides commutes, which come in pairs and leave the evening free. A second one is added only where twenty
    years have too few days.
    """
    spans = min(_MOST_SPANS, math.ceil(total / _ENOUGH))
    days = np.arange(-_DAYS * (spans - 1), _DAYS)
    busy = np.zeros(len(days), bool)
    worked = np.zeros(len(days), bool)
    sessions = []
    for kind, count in sorted(_counts(total).items(), key=lambda item: KINDS[item[0]].share):
        habit = KINDS[kind]
        commute = kind == "commute"
        taken = worked if commute else busy
        chosen = _days(_liking(kind, days), taken, (count + 1) // 2 if commute else count, rng)
        for n in range(count):
            day = int(days[chosen[n // 2] if commute else chosen[n]])
            usual = habit.hours[n % 2 if commute else int(rng.integers(len(habit.hours)))]
            hour = usual[0] + float(np.clip(rng.normal(), -1.5, 1.5)) * usual[1]
            sessions.append((_start(day, hour), kind, day, hour, n))
    at_work = {int(day) for day in days[worked]}
    free = [s if s[2] not in at_work or s[1] == "commute" else _after_work(s) for s in sessions]
    return [Session(start=s[0], kind=s[1], day=s[2], local=s[3], number=s[4]) for s in sorted(_apart(free, at_work))]


def _days(
    weight: np.ndarray[tuple[int], np.dtype[np.float64]],
    taken: np.ndarray[tuple[int], np.dtype[np.bool_]],
    wanted: int,
    rng: np.random.Generator,
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Draw indices of days that are not taken, and mark them as taken. When none is left, all are free again."""
    chosen: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
    while wanted:
        some = min(wanted, int((~taken).sum()))
        share = np.where(taken, 0.0, weight) + 1e-12 * ~taken
        chosen.append(np.sort(rng.choice(len(taken), size=some, replace=False, p=share / share.sum())))
        taken[chosen[-1]] = True
        wanted -= some
        if wanted:
            taken[:] = False
    return np.concatenate(chosen) if chosen else np.zeros(0, np.int64)


def _after_work(session: tuple[int, str, int, float, int]) -> tuple[int, str, int, float, int]:
    """Move a session of a working day into the evening where it would overlap a commute."""
    start, kind, day, hour, n = session
    evening = 18.2 + hour % 1 * 0.5
    return (start + round((evening - hour) * 3600), kind, day, evening, n) if hour < 18.2 else session


def _apart(
    sessions: list[tuple[int, str, int, float, int]], at_work: set[int]
) -> list[tuple[int, str, int, float, int]]:
    """Move the second session of a day: to midday on working days, else to the other half of the day."""
    first: dict[int, float] = {}
    moved = []
    for session in sessions:
        start, kind, day, hour, n = session
        if kind != "commute" and day in first:
            other = next(at for low, high, at in _CROWDED if low <= first[day] < high)
            at = (12.0 if day in at_work else other) + hour % 1 * 0.5
            moved.append((start + round((at - hour) * 3600), kind, day, at, n))
            continue
        if kind != "commute":
            first[day] = hour
        moved.append(session)
    return moved
