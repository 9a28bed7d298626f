"""Whose the tracks of a table are: a column says it, or one name for all."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.core.words import counted
from heatlas.sources.people import FOLDER
from heatlas.sources.tables.columns import plain_name
from heatlas.sources.tables.tracks.columns import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from heatlas.core.batch import Activity, Recording
    from heatlas.sources.tables.table import Table

__all__ = ["COLUMN", "of_column", "person_column"]

COLUMN = "person"
"""Column of tables of tracks that is taken where none is named."""


def of_column(
    recordings: Iterable[Recording], table: Table, person: str | None, track: str | None
) -> Iterator[Recording]:
    """Say of each track of a table whose it is.

    Parameters
    ----------
    recordings : iterable of Recording
        Of the table, with the values of its columns as attributes.
    table : Table
        Gets warnings of what is unclear.
    person : str, optional
        A column, else a name for all; by default the column `COLUMN` if there is one.
    track : str, optional
        Column that tells tracks apart, which may be the one of persons.

    Raises
    ------
    BadOption
        Where a name is almost that of a column, for `FOLDER`, and where no track has one value in the column.
    """
    column = person_column(table.schema.names, person, table.name)
    if column is None:
        if person:
            table.warnings.append("--person names no column of it: all its tracks belong to a person of that name")
        for recording in recordings:
            yield replace(recording, activity=replace(recording.activity, person=person or ""))
        return
    given, known = 0, 0
    for recording in recordings:
        activity = _of(recording.activity, column, track)
        given, known = given + 1, known + bool(activity.person)
        yield replace(recording, activity=activity)
    if person and given and not known:
        raise BadOption(
            f"{table.name}: no track has one value in the column {column!r}, so it does not say whose they are: "
            "name another column"
        )
    if known and known < given:
        table.warnings.append(f"{counted(given - known, 'tracks')} have no single value in {column!r}: nobody's")


def person_column(names: Sequence[str], person: str | None, table: str) -> str | None:
    """Column of persons among the names of a table's columns; None where there is none.

    Raises
    ------
    BadOption
        For `FOLDER`, and for a name that is almost that of a column.
    """
    if person == FOLDER:
        raise BadOption(f"--person={FOLDER} is for recordings in folders, and {table} is a table: name its column")
    wanted = COLUMN if person is None else person
    alike = [name for name in names if name == wanted] or [
        name for name in names if plain_name(name) and plain_name(name) == plain_name(wanted)
    ]
    if alike or person is None:
        return next(iter(alike), None)
    if close := get_close_matches(person, names, 1, 0.75):
        raise BadOption(f"{table} has no column {person!r}: did you mean {close[0]!r}?")
    return None


def _of(activity: Activity, column: str, track: str | None) -> Activity:
    value = next((value for name, value in activity.extra.items() if plain_name(name) == plain_name(column)), None)
    if value is None and track is not None and plain_name(track) == plain_name(column):
        value = activity.id
    if value is None and plain_name(column) in NAMES:
        value = activity.name
    return replace(activity, person="" if value is None else str(value).strip())
