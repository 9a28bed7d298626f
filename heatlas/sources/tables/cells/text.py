"""Read columns of any type as numbers or times: vectorised, and one bad cell costs one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heatlas.sources.sheets.strava_values import parse_date
from heatlas.sources.tables.cells.marks import either_way, undecorated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bad = NDArray[np.bool_] | None

__all__ = ["UNKNOWN_TEXTS", "as_text", "known_texts", "numbers", "seconds", "timestamps"]

_UNKNOWN = (
    *("", "-", "--", "?", ".", "na", "n/a", "n.a.", "#n/a"),
    *("nan", "null", "none", "nil", "\\n", "unknown"),
)
"""Texts that stand for a missing value, in lower case."""
UNKNOWN_TEXTS = pa.array(_UNKNOWN, pa.large_string())
_ENDLESS = r"^[-+]?(?i:inf|infinity)$"
_MOMENT = (
    r"^\s*(?P<base>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?)\d*"
    r"\s*(?:(?P<zulu>[Zz]|UTC|GMT)|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?)?\s*$"
)
_YEARS = (-62_135_596_800.0, 253_402_300_800.0)
"""The years 1 to 9999 in Unix seconds."""
_DIVISORS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (np.inf, 1e9))
"""(Upper limit of the largest value, units per second): seconds up to the year 5138, then ms, us and ns."""


def numbers(column: pa.Array) -> tuple[NDArray[np.float64], Bad]:
    """Read a column of any type as numbers.

    Parameters
    ----------
    column : pyarrow.Array
        Numbers of any width, decimals, booleans, or text. Text that has one meaning ("9,03", "1,234.5") is read so.
        Ambiguous text ("1,234") is read as most unambiguous cells are, else with a decimal comma. The columns of
        `heatlas.sources.tables.settled` hold no ambiguous text.

    Returns
    -------
    ndarray of float64 (n,)
        NaN where the cell is null, blank, "NA" or the like, or bad. Float64 without nulls is not copied.
    ndarray of bool (n,) or None
        Cells that hold something other than a number; None if there are none.
    """
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return numbers(column.storage)
    if pa.types.is_float64(kind):
        return column.to_numpy(zero_copy_only=False), None
    if pa.types.is_dictionary(kind):
        return _from_dictionary(column)
    if pa.types.is_boolean(kind):
        column, kind = column.cast(pa.uint8()), pa.uint8()
    if pa.types.is_decimal(kind):
        column = column.cast(pa.string())  # by way of text the result is the nearest double; a direct cast may miss it
        return column.cast(pa.float64()).to_numpy(zero_copy_only=False), None
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
        return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), None
    text = as_text(column)
    if text is not None:
        return _from_text(text)
    bad = column.is_valid().to_numpy(zero_copy_only=False)
    return np.full(len(column), np.nan), bad if bad.any() else None


def as_text(column: pa.Array) -> pa.Array | None:
    """Text of a column of text or bytes, with invalid UTF-8 replaced; None for other types."""
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind):
        column = column.cast(pa.large_binary())
    if pa.types.is_large_binary(column.type):
        try:
            return column.cast(pa.large_string())
        except pa.ArrowInvalid:
            texts = [None if cell is None else cell.decode("utf-8", "replace") for cell in column.to_pylist()]
            return pa.array(texts, pa.large_string())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column
    return None


def known_texts(text: pa.Array) -> pa.Array:
    """Cells of a column of text that say something, without blanks around them."""
    text = pc.utf8_trim_whitespace(text.drop_null())
    return text.filter(pc.invert(pc.is_in(pc.utf8_lower(text), UNKNOWN_TEXTS)))


def _at_once(text: pa.Array) -> NDArray[np.float64] | None:
    """Numbers of a column, if all are written with a decimal point and no other mark; else None."""
    first = b"".join(cell.as_buffer().to_pybytes() for cell in text.slice(0, 10) if cell.is_valid)
    if b"," in first:
        return None
    if b" " in first:
        text = pc.ascii_trim_whitespace(text)
    try:
        # The cast is cheap if all cells are numbers, and expensive if it fails; hence the check of the first cells.
        values: NDArray[np.float64] = text.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    return values


def _from_dictionary(column: pa.DictionaryArray) -> tuple[NDArray[np.float64], Bad]:
    values, bad = numbers(column.dictionary)
    known = column.is_valid().to_numpy(zero_copy_only=False)
    result, bad_rows = np.full(len(column), np.nan), np.zeros(len(column), bool)
    index = column.indices.filter(column.is_valid()).to_numpy(zero_copy_only=False)
    result[known] = values[index]
    if bad is not None:
        bad_rows[known] = bad[index]
    return result, bad_rows if bad_rows.any() else None


def _from_text(column: pa.Array) -> tuple[NDArray[np.float64], Bad]:
    text = column.cast(pa.large_string())
    if (values := _at_once(text)) is not None:
        return values, None
    text = undecorated(text)
    written, sound = either_way(text)
    endless = pc.match_substring_regex(text, _ENDLESS)
    written = pc.if_else(pc.fill_null(endless, False), text, written)
    result: NDArray[np.float64] = written.cast(pa.float64()).to_numpy(zero_copy_only=False).copy()
    known = pc.invert(pc.fill_null(pc.is_in(pc.utf8_lower(text), UNKNOWN_TEXTS), True))
    odd = pc.and_(pc.and_(known, pc.is_valid(text)), pc.invert(pc.or_(sound, pc.fill_null(endless, False))))
    bad = odd.to_numpy(zero_copy_only=False)
    return result, bad if bad.any() else None


def seconds(column: pa.Array) -> tuple[NDArray[np.float64], Bad]:
    """Read a column of any type as moments.

    Parameters
    ----------
    column : pyarrow.Array
        Timestamps, dates, ISO texts with or without a zone (UTC without), other written dates, or Unix time in
        seconds, milli-, micro- or nanoseconds. The largest value decides the unit of Unix time.

    Returns
    -------
    ndarray of float64 (n,)
        Unix seconds, UTC; NaN where unknown or bad.
    ndarray of bool (n,) or None
        Cells that hold something other than a moment; None if there are none.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return seconds(column.dictionary_decode())
    if pa.types.is_date(kind):
        days = column.cast(pa.int32() if pa.types.is_date32(kind) else pa.int64()).cast(pa.float64())
        return _sound(days.to_numpy(zero_copy_only=False) * (86_400 if pa.types.is_date32(kind) else 1e-3)), None
    if pa.types.is_timestamp(kind):
        per_second = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        whole = column.cast(pa.int64())
        known = whole.is_valid().to_numpy(zero_copy_only=False)
        ticks = pc.fill_null(whole, 0).to_numpy(zero_copy_only=False)
        return _sound(np.where(known, ticks / per_second, np.nan)), None
    text = as_text(column)
    if pa.types.is_boolean(kind):
        return np.full(len(column), np.nan), column.is_valid().to_numpy(zero_copy_only=False)
    if text is None:
        values, bad = numbers(column)
        return _unix(values), bad
    return _moments(text.cast(pa.large_string()))


def _sound(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace moments outside the years 1 to 9999 by NaN: databases write infinity as the largest number."""
    return np.where((moments >= _YEARS[0]) & (moments < _YEARS[1]), moments, np.nan)


def _unix(values: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max()) if len(finite) else 0.0
    return _sound(values / next(divisor for limit, divisor in _DIVISORS if largest < limit))


def _moments(text: pa.Array) -> tuple[NDArray[np.float64], Bad]:
    values, bad = _from_text(text)
    if bad is None:
        return _unix(values), None
    result = _unix(values)
    rows = np.flatnonzero(bad)
    parts = pc.extract_regex(text.take(pa.array(rows)), _MOMENT)
    iso = parts.is_valid().to_numpy(zero_copy_only=False)
    result[rows[iso]] = _iso(parts.filter(pa.array(iso)))
    for row in rows[~iso | np.isnan(result[rows])]:
        written = text[int(row)].as_py()
        found = None if written.lstrip()[:1] in {"[", "(", "{", "<"} else parse_date(written)  # ranges, lists, XML
        result[row] = np.nan if found is None else found
    bad &= np.isnan(result)
    return result, bad if bad.any() else None


def _iso(parts: pa.StructArray) -> NDArray[np.float64]:
    """Unix seconds of split ISO texts; NaN for all if one of the days does not exist, so that each is parsed alone."""
    base = pc.struct_field(parts, "base")
    try:
        ticks = base.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return np.full(len(parts), np.nan)
    signs = pc.struct_field(parts, "sign")
    result: NDArray[np.float64] = ticks / 1e6
    if pc.any(pc.not_equal(signs, "")).as_py():
        hours, minutes = (
            pc.if_else(pc.equal(held := pc.struct_field(parts, name), ""), "0", held).cast(pa.float64()).to_numpy()
            for name in ("hours", "minutes")
        )
        east = np.where(pc.equal(signs, "-").to_numpy(zero_copy_only=False), -1.0, 1.0)
        result = result - east * (hours * 3600 + minutes * 60)
    return result


def timestamps(seconds: NDArray[np.float64]) -> pa.Array:
    """Column of moments from Unix seconds (n,), null where NaN."""
    known = np.isfinite(seconds)
    ticks = np.round(np.where(known, seconds, 0.0) * 1e6).astype(np.int64)
    return pa.array(ticks, pa.int64(), mask=~known).cast(pa.timestamp("us"))
