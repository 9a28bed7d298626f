"""Read com.samsung.shealth.exercise.*.csv, the table of exercises of a Samsung Health export.

Its first line tells the kind of the table, its second names the columns. Times are in milliseconds, distances in
metres.
"""

from __future__ import annotations

from heatlas.core.errors import Unreadable
from heatlas.sources.sheets.rows import SheetRow, SheetTable
from heatlas.sources.sheets.strava_columns import records
from heatlas.sources.sheets.strava_values import parse_number
from heatlas.sources.sports import sport_name

__all__ = ["read_exercises"]

_PREFIX = "com.samsung.health.exercise."
_FILE = ".com.samsung.health.exercise.location_data.json"
_SPORTS = {"1001": "Walk", "1002": "Run", "11007": "Ride", "13001": "Hike", "14001": "Swim"}
"""Codes of the most common exercises; others are left unknown."""
_EXTRA = {"mean_heart_rate": "average_heart_rate", "max_heart_rate": "max_heart_rate", "comment": "description"}


def read_exercises(data: bytes) -> SheetTable:
    """Read the rows of exercises with positions; `without_file` counts the others.

    Raises
    ------
    Unreadable
        When it has no column of identifiers.
    """
    cells, warnings = records(data.partition(b"\n")[2])
    names = [name.strip(" \"'").removeprefix(_PREFIX) for name in cells[0]] if cells else []
    if "datauuid" not in names:
        raise Unreadable("no table of exercises of Samsung Health: no column datauuid")
    rows: dict[str, SheetRow] = {}
    without = 0
    for line in cells[1:]:
        facts = {name: value.strip() for name, value in zip(names, line, strict=False) if value.strip()}
        if not facts.get("location_data") or not facts.get("datauuid"):
            without += 1
            continue
        row = _row(facts)
        rows.setdefault(row.file, row)
    return SheetTable(rows=rows, without_file=without, warnings=warnings)


def _row(facts: dict[str, str]) -> SheetRow:
    kind = facts.get("exercise_type", "").removesuffix(".0")
    milliseconds = parse_number(facts.get("duration", ""))
    metres = parse_number(facts.get("distance", ""))
    own = facts.get("title") or facts.get("custom_name") or ""
    extra: dict[str, float | str] = {}
    for key, name in _EXTRA.items():
        value = parse_number(facts[key]) if key in facts and name != "description" else facts.get(key)
        if value is not None:
            extra[name] = value
    stated = facts["location_data"].replace("\\", "/").rpartition("/")[2]
    return SheetRow(
        file=stated if stated.endswith(".json") else f"{facts['datauuid']}{_FILE}",
        id=facts["datauuid"],
        sport=_SPORTS.get(kind) or (sport_name(own) if own else ""),
        name=own,
        distance=metres or None,
        elapsed_time=milliseconds / 1000 if milliseconds else None,
        extra=extra,
    )
