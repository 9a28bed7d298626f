"""Name the columns of Strava's table, in any language, of any year, with headers that occur twice."""

from __future__ import annotations

import csv
import re
from itertools import islice
from typing import TYPE_CHECKING

from heatlas.core.regex import regex
from heatlas.sources.sheets.strava_values import fold, parse_date
from heatlas.sources.sniff import decode
from heatlas.sources.sports import SPORTS, sport_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["FILE_NAME", "column_names", "records"]

FILE_NAME = regex(r"[^\n\"]*\.(?:fit|gpx|tcx)(?:\.gz)?", re.IGNORECASE)
"""Pattern of a value of the column of file names."""

_BEFORE = {
    9: "id date name type description elapsed_time distance commute gear",
    11: "id date name type description elapsed_time distance max_heart_rate relative_effort commute gear",
    12: "id date name type description elapsed_time distance max_heart_rate relative_effort commute private_note gear",
}
"""Number of columns before the file name -> their names. The order is the same in all languages."""
_AFTER = (
    "athlete_weight bike_weight elapsed_time moving_time distance max_speed average_speed elevation_gain"
    " elevation_loss elevation_low elevation_high max_grade average_grade average_positive_grade"
    " average_negative_grade max_cadence average_cadence max_heart_rate average_heart_rate max_watts"
    " average_watts calories max_temperature average_temperature relative_effort total_work number_of_runs"
    " uphill_time downhill_time other_time perceived_exertion"
)
"""Names of columns after the file name, as far as they are the same in all years."""
_RENAMED = {
    "duration": "elapsed_time",
    "moving_duration": "moving_time",
    "file": "filename",
    "file_name": "filename",
    "start_date": "date",
    "activity_private": "private",
}
_SAMPLE = 400


def records(data: bytes) -> tuple[list[list[str]], tuple[str, ...]]:
    """Split a table into records of cells.

    Parameters
    ----------
    data : bytes
        CSV with commas, semicolons or tabs; UTF-8 or UTF-16 with or without a byte-order mark, or
        Windows-1252.

    Returns
    -------
    list of list of str, tuple of str
        The records without blank ones, header first; and warnings.
    """
    text = decode(data)
    if "\ufffd" in text:
        text = data.decode("cp1252", "replace")
    # Only \n and \r\n end a line; str.splitlines would also split at marks inside descriptions.
    lines = [f"{line}\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    separator = max(",;\t", key=lambda mark: len(next(csv.reader(lines[:1], delimiter=mark), [])))
    found: list[list[str]] = []
    start = broken = 0
    while start < len(lines):
        reader = csv.reader(islice(lines, start, None), delimiter=separator)
        done = 0
        try:
            for record in reader:
                done = reader.line_num
                if any(cell.strip() for cell in record):
                    found.append(record)
            break
        except csv.Error:
            # A quote that never ends: skip its line and go on after it.
            broken += 1
            start += done + 1
    return found, ((f"{broken} rows could not be read",) if broken else ())


def column_names(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Name the columns in snake_case English.

    English headers are used as they are. In other languages the column of file names is found by its content, and the
    others by their position around it, because the order is the same in all languages. If id, date or type is still
    missing, it is found by content.

    Parameters
    ----------
    header : sequence of str
        First record.
    rows : sequence of sequence of str
        The others.

    Returns
    -------
    list of str
        One name for each column; the same name twice where the header has it twice.
    """
    names = [_snake(cell) for cell in header]
    sample = rows[:_SAMPLE]
    if "filename" not in names:
        file = _column(sample, len(names), _is_file)
        if file is not None:
            names[file] = "filename"
            _name_by_place(names, file)
    for name, fits in (("id", str.isdigit), ("date", _is_date), ("type", _is_sport)):
        if name not in names:
            free = [c for c, other in enumerate(names) if other not in {"id", "date", "type", "filename", "name"}]
            found = _column(sample, len(names), fits, free)
            if found is not None and (name != "id" or found == 0):
                names[found] = name
    return names


def _name_by_place(names: list[str], file: int) -> None:
    before, after = _BEFORE.get(file), _AFTER.split()
    headers = list(names)
    if before is None:
        return
    names[:file] = before.split()
    # The second block exists if its headers repeat those of the elapsed time and the distance.
    if len(names) > file + len(after) and headers[file + 3] == headers[5] and headers[file + 5] == headers[6]:
        names[file + 1 : file + 1 + len(after)] = after


def _snake(header: str) -> str:
    """Turn a header, with or without HTML tags, into snake_case without accents."""
    words = re.sub(r"[\W_]+", " ", fold(re.sub(r"<[^>]*>", " ", header))).split()
    if len(words) > 1 and words[0] == "activity" and words[-1] != "count":
        words = words[1:]
    name = "_".join("average" if word == "avg" else word for word in words)
    return _RENAMED.get(name, name)


def _column(
    rows: Sequence[Sequence[str]], width: int, fits: Callable[[str], bool], among: Sequence[int] | None = None
) -> int | None:
    """Find the first column of which at least two thirds of the values fit."""
    for column in range(width) if among is None else among:
        values = [row[column].strip() for row in rows if column < len(row) and row[column].strip()]
        if values and 3 * sum(map(fits, values)) >= 2 * len(values):
            return column
    return None


def _is_file(text: str) -> bool:
    return FILE_NAME.fullmatch(text) is not None


def _is_date(text: str) -> bool:
    return parse_date(text) is not None


def _is_sport(text: str) -> bool:
    return not text.isdigit() and sport_name(text) in SPORTS - {"Unknown"}
