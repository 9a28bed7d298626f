"""Read Strava's table of activities, of any year and language, into rows of one kind."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import TYPE_CHECKING

from heatlas.core.errors import Unreadable
from heatlas.core.frozen import frozen
from heatlas.core.regex import regex
from heatlas.sources.sheets.rows import SheetRow, SheetTable
from heatlas.sources.sheets.strava_columns import column_names, records
from heatlas.sources.sheets.strava_values import parse_date, parse_flag, parse_number
from heatlas.sources.speeds import max_speed
from heatlas.sources.sports import sport_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


__all__ = ["read_activities"]

_ATTRIBUTES = frozenset(
    {
        "id",
        "date",
        "name",
        "type",
        "sport_type",
        "elapsed_time",
        "moving_time",
        "distance",
        "commute",
        "private",
    }
    | {"gear", "bike", "filename"}
)
_KEPT_OUT = frozenset({"private_note", "media", ""})
"""Columns that are never read: private notes, and names of photos."""
_LOCAL = "start_date_local"
_UNITS = (1.0, 1000.0, 1609.344)
"""Units of distances, metres."""
_DECIMAL_COMMA = regex(r"-?\d+,(\d{1,2}|\d{4,})$")
_SLOWEST = 0.1
"""A median speed below this, m/s, means that distances are counted in kilometres."""


def read_activities(data: bytes) -> SheetTable:
    """Read Strava's table of any year and language, a simpler one with file names, or that of intervals.icu.

    Parameters
    ----------
    data : bytes
        Content of activities.csv.

    Returns
    -------
    SheetTable

    Raises
    ------
    Unreadable
        When it has no column of file names.
    """
    cells, warnings = records(data)
    header, lines = (cells[0], cells[1:]) if cells else ([], [])
    names = column_names(header, lines)
    if "filename" not in names and "id" in names and _LOCAL in {cell.strip().casefold() for cell in header}:
        return _by_local_start(names, lines, warnings)
    if "filename" not in names:
        raise Unreadable("no table of a Strava export: no column holds names of recordings")
    reader = _Reader.of(names, lines)
    rows: dict[str, SheetRow] = {}
    nameless = 0
    for line in lines:
        row = reader.row(line)
        if row.file:
            rows.setdefault(row.file, row)
        else:
            nameless += 1
    return SheetTable(rows=rows, without_file=nameless, warnings=warnings)


def _by_local_start(names: Sequence[str], lines: Sequence[Sequence[str]], warnings: tuple[str, ...]) -> SheetTable:
    """Read the table of intervals.icu, which names no files, and states when activities began in local time."""
    reader = _Reader.of(["date" if name == _LOCAL else name for name in names], lines)
    found = (reader.row(line) for line in lines)
    rows = {row.id: row for row in found if row.id and row.start is not None}
    return SheetTable(rows=rows, by_start=True, local=True, warnings=warnings)


@frozen
class _Reader:
    """Notation of one table, found once from all its rows."""

    columns: Mapping[str, Sequence[int]]
    backwards: Mapping[str, Sequence[int]]
    """The same as `columns`, from the last column of each name to the first."""
    extras: Sequence[tuple[str, Sequence[int]]]
    """Names of the columns that become `SheetRow.extra`, and their places in `backwards`."""
    decimal_comma: bool
    month_first: bool | None
    units: Mapping[int, float]
    """Index of a column of distances -> metres of its unit."""

    @classmethod
    def of(cls, names: Sequence[str], lines: Sequence[Sequence[str]]) -> _Reader:
        columns: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            columns.setdefault(name, []).append(place)
        comma = any("," in cell and _DECIMAL_COMMA.match(cell.strip()) for line in lines for cell in line)
        backwards = {name: places[::-1] for name, places in columns.items()}
        reader = cls(
            columns=columns,
            backwards=backwards,
            extras=[item for item in backwards.items() if item[0] not in _ATTRIBUTES | _KEPT_OUT],
            decimal_comma=comma,
            month_first=_month_first(_first(line, columns.get("date", ())) for line in lines),
            units={},
        )
        return dataclasses.replace(reader, units=reader._units(lines))

    def text(self, line: Sequence[str], name: str) -> str:
        """First filled cell of a name: Strava puts names before numbers."""
        return _first(line, self.columns.get(name, ()))

    def last(self, line: Sequence[str], name: str) -> str:
        """Last filled cell of a name: Strava puts precise values after rounded ones."""
        return _first(line, self.backwards.get(name, ()))

    def number(self, line: Sequence[str], name: str) -> float | None:
        return parse_number(self.last(line, name), self.decimal_comma)

    def row(self, line: Sequence[str]) -> SheetRow:
        sport = self.text(line, "sport_type") or self.text(line, "type")
        gear = self.text(line, "gear") or self.text(line, "bike")
        commute, private = self.last(line, "commute"), self.last(line, "private")
        return SheetRow(
            file=self.text(line, "filename"),
            id=self.text(line, "id"),
            sport=sport_name(sport) if sport else "",
            name=self.text(line, "name"),
            start=parse_date(self.text(line, "date"), self.month_first),
            distance=self._distance(line),
            elapsed_time=self.number(line, "elapsed_time"),
            moving_time=self.number(line, "moving_time"),
            gear=gear.removesuffix(".0") if gear.removesuffix(".0").isdigit() else gear,
            commute=parse_flag(commute) if commute else None,
            private=parse_flag(private) if private else None,
            extra=self._extra(line),
        )

    def _extra(self, line: Sequence[str]) -> dict[str, float | bool | str]:
        """Values of the columns that are no attributes, in the order of the columns."""
        found: dict[str, float | bool | str] = {}
        width = len(line)
        for name, places in self.extras:  # most cells are empty: a call for each would be half of reading a table
            for place in places:
                if place < width and (cell := line[place]) and (text := cell.strip()):
                    found[name] = text if name == "description" else self._value(text)
                    break
        return found

    def _value(self, text: str) -> float | bool | str:
        if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        number = parse_number(text, self.decimal_comma)
        return text if number is None else number

    def _distance(self, line: Sequence[str]) -> float | None:
        for place in self.columns.get("distance", ())[::-1]:
            value = parse_number(_first(line, (place,)), self.decimal_comma)
            if value is None:
                continue
            unit = self.units[place]
            seconds = self._seconds(line)
            fastest = max_speed(sport_name(self.text(line, "type")))
            if seconds and unit > 1 and value * unit / seconds > fastest >= value / seconds:
                unit = 1.0  # swims are in metres where other sports are in kilometres
            return value * unit
        return None

    def _seconds(self, line: Sequence[str]) -> float | None:
        return self.number(line, "moving_time") or self.number(line, "elapsed_time")

    def _units(self, lines: Sequence[Sequence[str]]) -> dict[int, float]:
        """Find the unit of each column of distances, from the last (the precise one) to the first."""
        from statistics import median

        units: dict[int, float] = {}
        metres: list[float | None] = []
        for line in lines:
            speed, seconds = self.number(line, "average_speed"), self._seconds(line)
            metres.append(speed * seconds if speed and seconds else None)
        for place in self.columns.get("distance", ())[::-1]:
            values = [parse_number(_first(line, (place,)), self.decimal_comma) or None for line in lines]
            ratios = [m / v for m, v in zip(metres, values, strict=True) if m and v]
            if ratios:
                units[place] = min(_UNITS, key=lambda unit: abs(math.log(unit / median(ratios))))
            else:
                speeds = [v / t for v, t in zip(values, map(self._seconds, lines), strict=True) if v and t]
                units[place] = 1000.0 if speeds and median(speeds) < _SLOWEST else 1.0
            metres = [m or (v * units[place] if v else None) for m, v in zip(metres, values, strict=True)]
        return units


def _first(line: Sequence[str], places: Sequence[int]) -> str:
    for place in places:
        if place < len(line) and (text := line[place].strip()):
            return text
    return ""


def _month_first(dates: Iterable[str]) -> bool | None:
    """Tell whether 07/08/2012 is 8 July, from the other dates; None if they leave it open."""
    for date in dates:
        match = re.match(r"(\d{1,2})/(\d{1,2})/\d{4}", date)
        if match and (int(match[1]) > 12) != (int(match[2]) > 12):
            return int(match[2]) > 12
    return None
