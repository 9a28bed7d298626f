"""Read export.xml of Apple Health: its workouts that have routes, and the heart rate during them.

The file has gigabytes, of which nearly all are records of other kinds. It is searched in blocks for the few elements
that count; of damaged ones the rest is still found. Its fields are those of its own DTD, which stands at its top.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import Unreadable, unworded
from heatlas.core.regex import regex
from heatlas.sources.sheets.pulse import Pulse
from heatlas.sources.sheets.rows import SheetRow, SheetTable
from heatlas.sources.sports import sport_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["read_health"]

_BLOCK = 1 << 23
"""Bytes that are searched at once."""
_LONGEST = 1 << 16
"""Most bytes of one tag."""
_LAST = 1 << 10
_PULSE = regex(rb'HKQuantityTypeIdentifierHeartRate"((?:\s+[A-Za-z]+="[^"<>]{0,2048}+"){1,24}+)\s*/?>')
_TAG = regex(rb"<(Workout|/Workout|FileReference|MetadataEntry|WorkoutStatistics)(\s[^<>]{0,65536})?>")
_VALUE = regex(rb'([A-Za-z]+)\s*=\s*"([^"]*)"')
_MEASURED = regex(rb'(?<=\s)(startDate|endDate|value|unit)="([^"]*)"')
_DATE = regex(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}")
_UNITS = {"m": 1.0, "km": 1000.0, "mi": 1609.344, "yd": 0.9144, "ft": 0.3048}
_SECONDS = {"s": 1.0, "min": 60.0, "hr": 3600.0}
_TYPE = "HKWorkoutActivityType"
_SPORTS = {
    "Other": "Unknown",
    "DownhillSkiing": "AlpineSki",
    "CrossCountrySkiing": "NordicSki",
    "PaddleSports": "Canoeing",
    "SurfingSports": "Surfing",
    "SkatingSports": "InlineSkate",
    "SnowSports": "WinterSport",
    "WheelchairWalkPace": "Wheelchair",
    "WheelchairRunPace": "Wheelchair",
    "SwimBikeRun": "Multisport",
    "EquestrianSports": "HorsebackRiding",
    "TraditionalStrengthTraining": "WeightTraining",
    "FunctionalStrengthTraining": "WeightTraining",
    "MixedCardio": "Workout",
}
"""Types of workouts that are no words of `heatlas.sources.sports`."""
_HELD = 100
"""Most routes and entries of one workout."""


@dataclass(slots=True)
class _Workout:
    facts: dict[str, str]
    """Its attributes."""
    files: list[str] = field(default_factory=list)
    entries: dict[str, str] = field(default_factory=dict)
    metres: float | None = None


def read_health(pieces: Iterable[bytes]) -> SheetTable:
    """Read the workouts that have routes: a row for each file of a route.

    Parameters
    ----------
    pieces : iterable of bytes
        The file, piece by piece.

    Returns
    -------
    SheetTable
        Names of files are those below workout-routes. `without_file` counts workouts without a route.

    Raises
    ------
    Unreadable
        When it cannot be unpacked any more and nothing was found before.
    """
    times, rates = array("q"), array("f")
    workouts: list[_Workout] = []
    counts: Counter[str] = Counter()
    warnings: list[str] = []
    inside: _Workout | None = None
    end = b""
    try:
        for block in _blocks(pieces):
            _measure(block, times, rates)
            if inside is not None or b"<Workout" in block:
                inside = _collect(block, inside, workouts, counts)
            end = (end + block)[-_LAST:]
    except Unreadable as error:
        if not workouts:
            raise
        warnings.append(unworded(error))
    if not re.search(rb"</HealthData>\s*\Z", end):
        warnings.append("cut off or damaged at its end: what stands there of workouts and heart rates is missing")
    if inside is not None and inside.files:
        workouts.append(inside)
    order = np.argsort(np.array(times), kind="stable")
    pulse = Pulse(np.array(times, np.float64)[order], np.array(rates, np.float64)[order])
    rows: dict[str, SheetRow] = {}
    for workout in workouts:
        for row in _rows(workout, pulse):
            rows.setdefault(row.file, row)
    return SheetTable(rows=rows, without_file=counts["without"], warnings=tuple(warnings))


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks that end behind a tag."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _BLOCK:
            whole = b"".join(held)
            at = whole.rfind(b">") + 1
            yield whole[:at]
            rest = whole[at:][-2 * _LONGEST :]
            held, size = [rest], len(rest)
    yield b"".join(held)


def _measure(block: bytes, times: array[int], rates: array[float]) -> None:
    """Add the heart rates of a block."""
    for found in _PULSE.finditer(block):
        facts = dict(_MEASURED.findall(found[1]))
        start, end = _moment(_plain(facts, b"startDate")), _moment(_plain(facts, b"endDate"))
        rate = _number(_plain(facts, b"value"))
        if start is not None and rate is not None and rate < 1000:
            times.append(int(start if end is None or not start <= end <= start + 60 else (start + end) / 2))
            rates.append(rate * (60 if facts.get(b"unit") == b"count/s" else 1))


def _collect(block: bytes, inside: _Workout | None, workouts: list[_Workout], counts: Counter[str]) -> _Workout | None:
    """Add the workouts of a block that have routes; return the one that goes on behind its end."""
    for tag in _TAG.finditer(block):
        name, rest = tag[1], tag[2] or b""
        if name in {b"Workout", b"/Workout"}:
            if inside is not None:
                _finish(inside, workouts, counts)
            inside = _Workout(_facts(rest)) if name == b"Workout" else None
            if inside is not None and rest.endswith(b"/"):
                _finish(inside, workouts, counts)
                inside = None
        elif inside is not None:
            facts = _facts(rest)
            if name == b"FileReference" and len(inside.files) < _HELD:
                inside.files.append(
                    facts.get("path", "").replace("\\", "/").rpartition("workout-routes/")[2].strip("/")
                )
            elif name == b"MetadataEntry" and len(inside.entries) < _HELD:
                inside.entries.setdefault(facts.get("key", ""), facts.get("value", ""))
            elif "Distance" in facts.get("type", ""):
                inside.metres = _amount(facts.get("sum", ""), _UNITS.get(facts.get("unit", "")))
    return inside


def _finish(workout: _Workout, workouts: list[_Workout], counts: Counter[str]) -> None:
    workout.files = [name for name in dict.fromkeys(workout.files) if name]
    if workout.files:
        workouts.append(workout)
    else:
        counts["without"] += 1


def _rows(workout: _Workout, pulse: Pulse) -> Iterator[SheetRow]:
    facts = workout.facts
    start, end = _moment(facts.get("startDate", "")), _moment(facts.get("endDate", ""))
    kind = facts.get("workoutActivityType", "").removeprefix(_TYPE)
    sport = _SPORTS.get(kind) or (sport_name(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind)) if kind else "")
    if workout.entries.get("HKIndoorWorkout") == "1" and sport == "Ride":
        sport = "VirtualRide"
    metres = _amount(facts.get("totalDistance", ""), _UNITS.get(facts.get("totalDistanceUnit", "km")))
    row = SheetRow(
        sport=sport,
        name=workout.entries.get("HKWorkoutBrandName", "")[:200],
        extra={"recorded_by": facts["sourceName"][:200]} if facts.get("sourceName") else {},
        pulse=pulse.between(start, end) if start is not None and end is not None else None,
    )
    if len(workout.files) == 1:  # of several, each is a part of it
        row = replace(
            row,
            start=start,
            distance=metres if metres is not None else workout.metres,
            elapsed_time=end - start if start is not None and end is not None and end >= start else None,
            moving_time=_amount(facts.get("duration", ""), _SECONDS.get(facts.get("durationUnit", "min"))),
        )
    for name in workout.files:
        yield replace(row, file=name)


def _facts(attributes: bytes) -> dict[str, str]:
    """Attributes of a tag; the first of each name."""
    from html import unescape

    found: dict[str, str] = {}
    for name, value in _VALUE.findall(attributes):
        text = value.decode("utf-8", "replace")
        plain = "".join(c for c in unescape(text) if c.isprintable()) if "&" in text or not text.isprintable() else text
        found.setdefault(name.decode(), plain)
    return found


def _plain(facts: dict[bytes, bytes], name: bytes) -> str:
    return facts.get(name, b"").decode("ascii", "replace")


def _moment(text: str) -> float | None:
    """Unix seconds of a date such as "2024-05-04 10:00:10 +0200"."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text[:19] + text[20:]).timestamp()
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 < found < 1e9 else None


def _amount(text: str, unit: float | None) -> float | None:
    number = _number(text)
    return None if number is None or unit is None else number * unit
