"""Decide how the columns of a table are read: by options, by a sample, or by all rows if the sample is ambiguous."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heatlas.core.errors import Undecided
from heatlas.core.frozen import frozen
from heatlas.sources.tables.cells.clocks import are_days, clocks_said
from heatlas.sources.tables.cells.degrees import Form, form_of, is_hemispheres
from heatlas.sources.tables.cells.marks import Evidence, evidence, plain_text, undecorated
from heatlas.sources.tables.cells.orders import PERIODS, SAID, calendar_form, order_evidence, period_form, pivot
from heatlas.sources.tables.cells.text import as_text, known_texts, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.sources.tables.columns import PointColumns
    from heatlas.sources.tables.table import Table

__all__ = ["Reading", "State", "decide", "decide_marks", "decoded"]

_NUMBERED = r"^\s*\d{1,2}\s*[-/.]\s*\d{1,2}\s*[-/.]\s*\d{2,4}(?:\D|$)"
_PLAIN = r"^[-+]?\d*\.?\d*(?:[eE][-+]?\d+)?$"
_CALENDAR = {
    "years": "whole years",
    "days": "days in one number: 20240304 is 4 March 2024",
    "clock": "moments in one number: 20240304081500 is 4 March 2024, 08:15",
    "julian": "Julian days",
}
_EXAMPLES = {"point": "1,234.5 is 1234.5", "comma": "1.234,5 is 1234.5"}
_OTHER = {"point": "comma", "comma": "point", "dmy": "mdy", "mdy": "dmy", "ymd": "dmy"}


@frozen
class Reading:
    """How the cells of a column are read."""

    way: str
    """"point" or "comma" of numbers; "dmy", "mdy" or "ymd" of dates; a `calendar_form` of moments in numbers."""
    sure: bool = True
    """Whether cells of the column or the user decide it; if not, a cell that contradicts it raises an error."""


@dataclass(slots=True)
class State:
    """Readings of a table's columns that are known so far."""

    table: Table
    columns: PointColumns
    marks: dict[str, Reading | None] = field(default_factory=dict)
    """Column of text -> its decimal mark; None if no mark occurs, or the column is not numbers."""
    dates: dict[str, Reading | None] = field(default_factory=dict)
    """Column of dates -> their order or form; None if they need no reading."""
    form: Form | None = None
    """Form of latitudes and longitudes; None if not decided yet."""
    sides: tuple[str | None, str | None] = (None, None)
    """Columns of hemispheres beside latitude and longitude."""
    moment: tuple[str, str] | None = None
    """Columns of days and of times of the day that make a moment together; one of them is the column of times."""
    notes: list[str] = field(default_factory=list)
    """Guesses, as sentences for the user."""

    def note(self, sentence: str) -> None:
        """Add a guess to the notes, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def tell(self, name: str, reading: str) -> None:
        """Add to the description of how a column is read."""
        told = self.table.readings.get(name)
        if told is None or reading not in told.split("; "):
            self.table.readings[name] = reading if told is None else f"{told}; {reading}"

    def is_position(self, name: str) -> bool:
        """Whether a column holds degrees."""
        return self.columns.crs is None and name in {self.columns.lat, self.columns.lon}


def _texts(batches: Sequence[pa.RecordBatch], name: str) -> pa.Array | None:
    """Text of a column in some batches; None if it is not text."""
    pieces = [as_text(decoded(batch.column(name))) for batch in batches]
    if any(piece is None for piece in pieces):
        return None
    return pa.concat_arrays([piece.cast(pa.large_string()) for piece in pieces if piece is not None])


def decoded(column: pa.Array) -> pa.Array:
    """Decode a column that is dictionary-encoded; return others unchanged."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def decide(
    state: State,
    sample: Sequence[pa.RecordBatch],
    beside: tuple[list[str], list[str]],
    moment: tuple[str, str] | None,
) -> None:
    """Decide how the columns of a sample are read; earlier decisions stay.

    Parameters
    ----------
    state : State
        Is filled.
    sample : sequence of pyarrow.RecordBatch
        The first rows.
    beside : (list of str, list of str)
        Columns that may hold the hemispheres of latitudes and of longitudes.
    moment : (str, str), optional
        Columns that may hold days and times of the day.

    Raises
    ------
    Undecided
        When weights or positions can be read in two ways, and nothing decides.
    """
    names = sample[0].schema.names
    known = state.columns
    if known.lat is not None and known.lon is not None and {known.lat, known.lon} <= set(names):
        _decide_positions(state, sample, beside)
    if state.moment is None and moment is not None and set(moment) <= set(names):
        _decide_moment(state, sample, moment)
    fresh = [name for name in names if name not in state.marks and name not in {known.track, known.geometry}]
    seen: dict[str, Evidence] = {}
    for name in fresh:
        text = _texts(sample, name)
        if name in {known.time, *(state.moment or ())[:1]} or (text is not None and _looks_dated(text)):
            _decide_dates(state, sample, name, text)
        elif text is not None and _looks_numeric(text, name in {known.weight, known.lat, known.lon}):
            seen[name] = evidence(undecorated(text))
    decide_marks(state, seen)


def _decide_moment(state: State, sample: Sequence[pa.RecordBatch], moment: tuple[str, str]) -> None:
    """Join days with times of the day if all cells are such, and say so."""
    day, clock = moment
    days = [decoded(batch.column(day)) for batch in sample]
    if not (how := clocks_said(clock, [batch.column(clock) for batch in sample])) or not are_days(days):
        return
    state.moment = moment
    if state.columns.time == day:
        state.table.with_clocks.add(day)
        state.tell(day, f"with the time of the day in {clock!r}: {how}")
    else:
        state.tell(clock, f"with the day in {day!r}")
    state.note(f"times are read from {day!r} and {clock!r} ({how})")


def _share(text: pa.Array, pattern: str) -> float:
    """Share of the cells that are not blank that match a pattern; 0 if all are blank."""
    known = known_texts(text)
    return (pc.sum(pc.match_substring_regex(known, pattern)).as_py() or 0) / len(known) if len(known) else 0.0


def _looks_dated(text: pa.Array) -> bool:
    return _share(text.slice(0, 100), _NUMBERED) > 0.9


def _looks_numeric(text: pa.Array, asked: bool) -> bool:
    """Whether a column of text holds numbers that are not all plain; always true for a column that was `asked` for."""
    known = known_texts(text)
    plain = pc.fill_null(pc.match_substring_regex(known, _PLAIN), True)
    odd = known.filter(pc.invert(plain))
    if asked:
        return True
    if not len(odd):
        return False
    odd = undecorated(odd)
    sound = pc.or_(plain_text(odd, "point")[1], plain_text(odd, "comma")[1])
    return bool(pc.all(sound).as_py())


def decide_marks(state: State, seen: dict[str, Evidence]) -> None:
    """Decide the decimal mark of each column by its own cells, else by those of the other columns."""
    columns, total = state.columns, Evidence()
    for name, found in seen.items():
        total.add(_of_position(found) if state.is_position(name) else found)
    for name, found in seen.items():
        own = (_of_position(found) if state.is_position(name) else found).sure
        way, sure = columns.decimal or own, True
        if way is None and (found.either_comma or found.either_point):
            # 1,234 is ambiguous, 1.234 hardly: most programs write a decimal point.
            way, sure = total.sure or ("point" if not found.either_comma else None), False
            if way is None and not state.table.once:
                way, sure = _whole_column(state, name), True
        if way is None and found.either_comma:
            if name == columns.weight or state.is_position(name):
                raise Undecided(
                    f"{state.table.name}: the numbers of {name!r} can be read in two ways, 1,234 as 1234 or as 1.234: "
                    "say --decimal=point or --decimal=comma"
                )
            way, sure = "comma", False
        state.marks[name] = None if way is None else Reading(way, sure)
        if way is not None and (way == "comma" or found.commas):
            _say_marks(state, name, way, found, told=columns.decimal is not None or state.is_position(name))


def _of_position(found: Evidence) -> Evidence:
    """Evidence of a column of degrees, in which a mark never separates thousands."""
    return Evidence(found.point + found.either_point, found.comma + found.either_comma)


def _whole_column(state: State, name: str) -> str | None:
    """Decimal mark by all rows of a column, for a sample that does not decide."""
    found = Evidence()
    for batch in state.table.read([name]):
        text = _texts([batch], name)
        if text is not None:
            found.add(evidence(undecorated(text)))
    return found.sure


def _say_marks(state: State, name: str, way: str, found: Evidence, told: bool) -> None:
    """Report the decimal mark of a column; note it as a guess if some cell is ambiguous."""
    state.tell(name, f"decimal {way}: {_EXAMPLES[way]}")
    lone = found.either_comma + (found.either_point if way == "comma" else 0)
    if lone and not told:
        other = _OTHER[way]
        state.note(f"{name!r} is read with a decimal {way} ({_EXAMPLES[way]}); --decimal={other} reads it otherwise")


def _decide_dates(state: State, sample: Sequence[pa.RecordBatch], name: str, text: pa.Array | None) -> None:
    """Decide the order of day and month in a column, or the form of dates that are numbers."""
    state.marks[name] = None
    columns = state.columns
    if name == columns.time and text is not None and (form := period_form(known_texts(text))):
        state.dates[name] = Reading(form)
        state.table.readings[name] = PERIODS[form]
        state.note(f"{name!r} is read as {PERIODS[form]}")
        return
    if text is None or _share(text.slice(0, 100), r"^[-+]?\d+(?:[.,]\d+)?$") == 1:
        state.dates[name] = _of_numbers(state, sample, name)
        return
    seen = order_evidence(text)
    doubt = Counter({order: seen[order] for order in SAID})
    own = doubt.most_common(1)[0][0] if +doubt else None
    if own is None and seen["either"] and not state.table.once and columns.dates is None:
        for batch in state.table.read([name]):
            piece = _texts([batch], name)
            doubt.update({} if piece is None else {order: order_evidence(piece)[order] for order in SAID})
        own = doubt.most_common(1)[0][0] if +doubt else None
    if not (seen or own):
        state.dates[name] = None
        return
    way = columns.dates or own or ("mdy" if seen["am"] else "dmy")
    state.dates[name] = Reading(way, columns.dates is not None or own is not None)
    years = f"; years of two digits are {pivot()} to {pivot() + 99}" if seen["two"] or seen["named"] else ""
    if set(seen) == {"named"}:
        state.dates[name] = Reading("dmy")
        state.table.readings[name] = years[2:]
        state.note(f"{name!r}: {years[2:]}")
        return
    state.table.readings[name] = f"{SAID[way]}{years}"
    if columns.dates is None and own is None:
        state.note(f"{name!r} is read {SAID[way]}{years}; --dates={_OTHER[way]} reads it otherwise")
    elif years:
        state.note(f"{name!r} is read {SAID[way]}{years}")


def _of_numbers(state: State, sample: Sequence[pa.RecordBatch], name: str) -> Reading | None:
    """Detect the form of dates in a column of numbers; None for Unix time and for Arrow's own types of time."""
    kind = sample[0].schema.field(name).type
    if pa.types.is_temporal(kind) or pa.types.is_boolean(kind):
        return None
    form = calendar_form(np.concatenate([numbers(batch.column(name))[0] for batch in sample]))
    if not form:
        return None
    state.table.readings[name] = _CALENDAR[form]
    if name == state.columns.time:
        state.note(f"{name!r} is read as {_CALENDAR[form]}")
    return Reading(form)


def _decide_positions(state: State, sample: Sequence[pa.RecordBatch], beside: tuple[list[str], list[str]]) -> None:
    """Find the columns of hemispheres, and the form of the positions."""
    if state.form is not None or state.columns.crs is not None:
        return
    lat, lon = state.columns.lat, state.columns.lon
    assert lat is not None
    assert lon is not None
    found: list[str | None] = []
    for side, names in zip(("lat", "lon"), beside, strict=True):
        able = (name for name in names if is_hemispheres(_joined(sample, name), side))
        found.append(next(able, None))
    state.sides = (found[0], found[1])
    columns = (_joined(sample, lat), _joined(sample, lon))
    hemispheres = [None if name is None else _joined(sample, name) for name in found]
    state.form = form_of((lat, lon), columns, (hemispheres[0], hemispheres[1]))
    for name, held in zip((lat, lon), found, strict=True):
        if held is not None:
            state.tell(name, f"its hemisphere is in {held!r}")
    if state.form.said:
        for name in (lat, lon):
            state.tell(name, state.form.said)
        state.note(f"{lat!r} and {lon!r} are read as {state.form.said}")


def _joined(batches: Sequence[pa.RecordBatch], name: str) -> pa.Array:
    pieces = [decoded(batch.column(name)) for batch in batches]
    if len({piece.type for piece in pieces}) > 1:
        pieces = [pa.array([None if v is None else str(v) for v in piece.to_pylist()]) for piece in pieces]
    return pa.concat_arrays(pieces)
