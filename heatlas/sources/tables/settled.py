"""Wrap a table so that each column is read in one way, which is decided before the first row is returned.

Text columns whose numbers or dates are ambiguous, and positions in unusual forms, are returned in plain form:
numbers with a decimal point, dates in the form of ISO 8601, positions as signed degrees. Cells that do not fit the
reading of their column are marked, so that no later stage reads them in another way.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heatlas.core.errors import Undecided
from heatlas.sources.tables.beside import day_and_clock, hemispheres_beside
from heatlas.sources.tables.cells.clocks import MIDNIGHT, clock_text
from heatlas.sources.tables.cells.degrees import Form, angles, signs
from heatlas.sources.tables.cells.marks import COMMA, POINT, evidence, joined, plain_text, undecorated
from heatlas.sources.tables.cells.orders import PERIODS, SAID, first_days, from_calendar, iso_dates, order_evidence
from heatlas.sources.tables.cells.text import UNKNOWN_TEXTS, as_text, numbers, timestamps
from heatlas.sources.tables.readings import Reading, State, decide, decide_marks, decoded
from heatlas.sources.tables.table import RAW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heatlas.sources.tables.columns import PointColumns
    from heatlas.sources.tables.table import Table

__all__ = ["settled"]

_ENOUGH = 10_000
"""Rows that are sampled before the first row is returned."""
_ODD = "!"
"""Prefix of cells that do not fit the reading of their column; it makes a number or date invalid."""


def settled(table: Table, columns: PointColumns) -> Table:
    """Wrap a table so that each of its columns is read in one way.

    Parameters
    ----------
    table : Table
        Decisions are added to its `readings`, guesses to its `warnings`. Reading the result raises `Undecided` when
        weights or positions can be read in two ways, or contradict earlier cells.
    columns : PointColumns
        Roles of its columns, and the options that say how they are written.
    """
    if columns.crs is not None and columns.geometry is not None and table.with_srids is not None:
        table = table.with_srids()
    state = State(table, columns)
    pair = columns.lat is not None and columns.crs is None
    beside = hemispheres_beside(table.schema, columns) if pair else ([], [])
    moment = day_and_clock(table.schema, columns)
    position = [name for name in (columns.lat, columns.lon) if name is not None and pair]

    def read(asked: Sequence[str]) -> Iterator[pa.RecordBatch]:
        wanted = [name.removeprefix(RAW) for name in asked]
        if set(position) & set(asked):
            wanted += [*position, *beside[0], *beside[1]]
        if moment is not None and columns.time in asked:
            wanted += moment
        batches = iter(table.read(list(dict.fromkeys(wanted))))
        held: list[pa.RecordBatch] = []
        for batch in batches:
            held.append(batch)
            if sum(part.num_rows for part in held) >= _ENOUGH:
                break
        if held:
            decide(state, held, beside, moment)
        for batch in chain(held, batches):
            yield _plain(state, batch, asked)
        table.warnings.extend(note for note in state.notes if note not in table.warnings)

    helped = bool(beside[0] or beside[1])
    return replace(table, read=read, raw=True, bounds=(lambda column: None) if helped else table.bounds)


def _plain(state: State, batch: pa.RecordBatch, asked: Sequence[str]) -> pa.RecordBatch:
    """Requested columns in plain form."""
    columns = state.columns
    made: dict[str, pa.Array] = {}
    if state.form is not None and {columns.lat, columns.lon} & set(asked):
        made.update(_positions(state, batch))
    if columns.time in asked and columns.time is not None:
        made[columns.time] = _time(state, batch, columns.time)
    for name in asked:
        if name.startswith(RAW):
            made[name] = batch.column(name.removeprefix(RAW))
        elif name not in made:
            made[name] = _column(state, batch.column(name), name)
    # Columns that are plain already, as in most tables, are passed on unchanged.
    return pa.RecordBatch.from_arrays([made[name] for name in asked], list(asked))


def _column(state: State, column: pa.Array, name: str) -> pa.Array:
    """Plain form of a text column of numbers or dates; other columns unchanged."""
    reading = state.dates.get(name)
    if reading is not None:
        return _dated(state, column, name, reading)
    important = name == state.columns.weight or (state.columns.crs is not None and name in _pair(state))
    if state.marks.get(name) is None and not important:
        return column
    text = as_text(decoded(column))
    if text is None:
        return column
    text = text.cast(pa.large_string())
    reading = state.marks.get(name)
    if (reading is None or reading.way == "point") and (values := _floats(text)) is not None:
        return values
    text = undecorated(text)
    if reading is None:
        decide_marks(state, {name: evidence(text)})
        reading = state.marks.get(name) or Reading("point", sure=False)
    return _marked(state, text, name, reading)


def _pair(state: State) -> tuple[str | None, str | None]:
    return state.columns.lat, state.columns.lon


def _floats(text: pa.Array) -> pa.Array | None:
    """Numbers of text whose cells are all plain; else None."""
    try:
        return text.cast(pa.float64())
    except pa.ArrowInvalid:
        return None


def _marked(state: State, text: pa.Array, name: str, reading: Reading) -> pa.Array:
    """Numbers with a decimal point. A cell that contradicts the reading is marked, or raises if that was a guess."""
    written, sound = plain_text(text, reading.way)
    if state.is_position(name):  # `angles` reads letters, signs of degrees and unambiguous numbers later
        return pc.if_else(sound, written, text)
    unknown = pc.fill_null(pc.is_in(pc.utf8_lower(text), UNKNOWN_TEXTS), True)
    contrary = pc.invert(pc.or_(sound, pc.or_(unknown, pc.match_substring_regex(text, r"(?i)^[-+]?inf"))))
    other = pc.match_substring_regex(text, COMMA if reading.way == "point" else POINT)
    against = pc.fill_null(pc.and_(contrary, other), False)
    if not reading.sure and pc.any(against).as_py():
        cell = text.filter(against)[0].as_py()
        raise Undecided(
            f"{state.table.name}: {name!r} is read with a decimal {reading.way}, which {cell!r} contradicts: say "
            f"--decimal={'comma' if reading.way == 'point' else 'point'}"
        )
    return pc.if_else(sound, written, pc.if_else(contrary, joined(_ODD, text), text))


def _dated(state: State, column: pa.Array, name: str, reading: Reading) -> pa.Array:
    """Dates in the form of ISO 8601, or the moments of numbers in a calendar form."""
    if reading.way not in {*SAID, *PERIODS}:
        values, _ = numbers(column)
        return timestamps(from_calendar(values, reading.way))
    text = as_text(decoded(column))
    if text is None:
        return column
    if reading.way in PERIODS:
        return first_days(text, reading.way)
    if not reading.sure:
        seen = order_evidence(text)
        contrary = next((order for order in SAID if order != reading.way and seen[order] > seen[reading.way]), None)
        if contrary is not None:
            raise Undecided(
                f"{state.table.name}: {name!r} is read {SAID[reading.way]}, which dates further on contradict: "
                f"say --dates={contrary}"
            )
    return iso_dates(text, reading.way)


def _time(state: State, batch: pa.RecordBatch, name: str) -> pa.Array:
    """Column of times, joined with the one beside it where one holds days and the other times of the day."""
    if state.moment is None or not set(state.moment) <= set(batch.schema.names):
        return _column(state, batch.column(name), name)
    day, clock = state.moment
    days = _column(state, batch.column(day), day)
    if pa.types.is_temporal(days.type):
        days = pc.strftime(days, "%Y-%m-%d")
    days, times = as_text(decoded(days)), clock_text(batch.column(clock))
    if days is None or times is None:
        return batch.column(name)
    days = days.cast(pa.large_string())
    joint = joined(pc.replace_substring_regex(days, MIDNIGHT, ""), " ", times)
    return pc.coalesce(joint, days) if name == day else joint  # a day is more than nothing; a time without one is not


def _positions(state: State, batch: pa.RecordBatch) -> dict[str, pa.Array]:
    """Latitudes and longitudes as signed degrees."""
    return {
        name: _position(state, batch, name, side, held)
        for name, side, held in zip(_pair(state), ("lat", "lon"), state.sides, strict=True)
        if name is not None
    }


def _position(state: State, batch: pa.RecordBatch, name: str, side: str, held: str | None) -> pa.Array:
    column, form = decoded(batch.column(name)), state.form or Form()
    usual = held is None and form == Form()
    text = as_text(column)
    if text is None and usual:
        return column
    if text is not None:
        text = text.cast(pa.large_string())
        plain = _floats(text)
        if plain is not None and usual and not form.minutes:
            return plain
        column = text if plain is None else plain
        if plain is None:
            column = _marked(state, undecorated(text), name, state.marks.get(name) or Reading("point"))
    values, odd, named = angles(column, side)
    sizes = np.abs(values)
    if form.minutes:
        odd |= sizes % 100 >= 60
        sizes = sizes // 100 + sizes % 100 / 60
    sizes = sizes / form.per_degree
    said = named
    if held is not None:
        beside = signs(batch.column(held), side)
        odd |= np.isnan(beside) | ((beside != 0) & (named != 0) & (beside != named))
        said = np.where(named != 0, named, np.nan_to_num(beside))
        # If there is a column of hemispheres, a positive value without one is ambiguous.
        odd |= (said == 0) & (values > 0)
    odd |= (values < 0) & (said > 0)
    degrees = np.where((values < 0) | (said < 0), -sizes, sizes)
    if not odd.any():
        return pa.array(degrees)
    return pc.if_else(pa.array(odd), pa.scalar(_ODD, pa.large_string()), pa.array(degrees).cast(pa.large_string()))
