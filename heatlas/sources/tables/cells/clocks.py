"""Times of the day in a column of their own, beside one of days."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from heatlas.sources.tables.cells.text import UNKNOWN_TEXTS, as_text, known_texts
from heatlas.sources.tables.columns import plain_name

__all__ = ["MIDNIGHT", "are_days", "clock_text", "clocks_said"]

MIDNIGHT = r"[ T]+0?0:00(?::00(?:\.0*)?)?\s*$"
"""A time of the day that spreadsheets write behind a day that has none."""
_WRITTEN = r"^\d{1,2}:\d\d"
_DIGITS = r"^(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:\.\d+)?)?$"
_SHORT = r"^(?:[0-5]?\d|[1-9][0-5]\d|(?:1\d|2[0-3])[0-5]\d|0\d[0-5]\d)(?:\.0)?$"
"""Hours and minutes as a number, without zeros in front: 50 is ten to one in the morning."""
_NUMBERED = frozenset({"acqtime", "hhmm", "timehhmm", "hourminute"})
"""Names of columns that hold hours and minutes as a number; under other names zeros in front must show it."""
_IN_UTC = frozenset({"acqtime", "timeutc", "utctime", "gpstime"})
"""Names of times of the day that are in UTC by their definition; others are read so for want of a zone."""


def clock_text(column: pa.Array) -> pa.Array | None:
    """Times of the day as "08:15" or "08:15:30", NULL where there is none; None for a type that holds none.

    Parameters
    ----------
    column : pyarrow.Array
        Arrow's own times, or text and numbers as `clocks_said` accepts.
    """
    text = _text(column)
    if text is None:
        return None
    plain = pc.replace_substring_regex(text, r"^(\d{1,4})(?:\.0)?$", r"\1")
    digits = pc.fill_null(pc.match_substring_regex(plain, r"^\d{1,4}$"), False)
    plain = pc.if_else(digits, pc.utf8_lpad(plain, 4, "0"), plain)
    plain = pc.replace_substring_regex(plain, r"^(\d\d)(\d\d)$", r"\1:\2")
    plain = pc.replace_substring_regex(plain, r"^(\d\d)(\d\d)(\d\d(?:\.\d+)?)$", r"\1:\2:\3")
    return pc.if_else(pc.is_in(pc.utf8_lower(plain), UNKNOWN_TEXTS), pa.scalar(None, pa.large_string()), plain)


def clocks_said(name: str, pieces: list[pa.Array]) -> str:
    """Say in words how a column holds times of the day; empty if some cell is something else."""
    texts = [_text(piece) for piece in pieces]
    if any(text is None for text in texts):
        return ""
    known = known_texts(
        pa.chunked_array([text for text in texts if text is not None], pa.large_string()).combine_chunks()
    )
    if not len(known):
        return ""
    plain = plain_name(name)
    zone = ", in UTC" if plain in _IN_UTC else ""
    if _all(known, _WRITTEN):
        return f"times of the day{zone}"
    numbered = _all(known, _DIGITS) or (plain in _NUMBERED and _all(known, _SHORT))
    return f"hours and minutes in one number{zone}" if numbered else ""


def are_days(pieces: list[pa.Array]) -> bool:
    """Tell whether cells hold days alone, so that a time of the day may be added."""
    for piece in pieces:
        text = as_text(piece)
        if text is None:
            if (
                pa.types.is_timestamp(piece.type)
                and not pc.all(pc.equal(pc.floor_temporal(piece, unit="day"), piece)).as_py()
            ):
                return False
            continue
        plain = pc.replace_substring_regex(text.cast(pa.large_string()), MIDNIGHT, "")
        if pc.any(pc.match_substring_regex(plain, r"\d:\d\d|\dT\d")).as_py():
            return False
    return True


def _text(column: pa.Array) -> pa.Array | None:
    """Text of a column of times of the day; None for types that are none."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_time(column.type) or pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        column = column.cast(pa.large_string())
    text = as_text(column)
    return None if text is None else pc.utf8_trim_whitespace(text.cast(pa.large_string()))


def _all(text: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(text, pattern)).as_py())
