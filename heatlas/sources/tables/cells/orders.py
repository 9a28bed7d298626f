"""Detect the order of day, month and year in a column of dates, and dates that are written as one number."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heatlas.sources.tables.cells.marks import joined

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "PERIODS", "SAID", "calendar_form", "first_days", "from_calendar", "iso_dates", "order_evidence", "period_form",
    "pivot",
]  # fmt: skip

_DATE = r"^\s*(?P<a>\d{1,4})\s*(?P<mark>[-/.])\s*(?P<b>\d{1,2})\s*[-/.]\s*(?P<c>\d{1,4})(?P<rest>\D.*)?$"
_NAMED = r"^(?P<before>\s*\d{1,2}[-/ .]+\pL{3,}\.?[-/ ,]+)'?(?P<year>\d{2})(?P<rest>[^\d:].*)?$"
_HALVES = r"(?i)\b[ap]\.?\s?m\b"
SAID = {
    "dmy": "day first: 03/02/2024 is 3 February 2024",
    "mdy": "month first: 03/02/2024 is 2 March 2024",
    "ymd": "year first: 24/02/03 is 3 February 2024",
}
PERIODS = {
    "months": "whole months: 2024-03 is 1 March 2024",
    "weeks": "weeks of ISO 8601: 2024-W10 is Monday, 4 March 2024",
}
_MONTH = r"^\s*(?:(?P<y>[12]\d{3})\s*[-/]\s*(?P<m>\d{1,2})|(?P<m2>\d\d[.]|\d{1,2}\s*[-/])\s*(?P<y2>[12]\d{3}))\s*$"
_WEEK = r"^\s*(?P<y>[12]\d{3})\s*-?\s*[wW](?P<w>\d{1,2})\s*$"
_PLACES = {"dmy": "cba", "mdy": "cab", "ymd": "abc"}
"""Parts of `_DATE` that are the year, the month and the day."""
_JULIAN_DAYS = (2_086_302.5, 2_597_641.5)
"""1 January 1000 to 1 January 2400."""
_JULIAN_1970 = 2_440_587.5


def pivot() -> int:
    """First of the hundred years that two digits may mean; the last one is next year."""
    return dt.datetime.now(dt.UTC).year + 1 - 99


def _parts(text: pa.Array) -> tuple[pa.StructArray, NDArray[np.bool_]]:
    parts = pc.extract_regex(text.cast(pa.large_string()), _DATE)
    return parts, parts.is_valid().to_numpy(zero_copy_only=False)


def order_evidence(text: pa.Array) -> Counter[str]:
    """Count the dates of a column by their order: "dmy", "mdy" and "ymd" if it is certain, else "either".

    "named" counts dates such as 3-Feb-24; "am" the dates of "either" with a slash and am or pm; "two" the dates with a
    year of two digits.

    Dates that begin with a year of four digits are unambiguous and not counted.
    """
    parts, hit = _parts(text)
    seen: Counter[str] = Counter(named=_named(text))
    if not hit.any():
        return +seen
    parts = parts.filter(pa.array(hit))
    a, b, c = (pc.struct_field(parts, name) for name in "abc")
    first, second, third = (part.cast(pa.int64()).to_numpy() for part in (a, b, c))
    short = pc.less(pc.utf8_length(a), 3).to_numpy(zero_copy_only=False)
    year_last = short & (pc.utf8_length(c).to_numpy() == 4)
    two = short & ~year_last
    year_first = two & (first > 31)
    day_first = (year_last | (two & ~year_first)) & (first > 12) & (first <= 31) & (second <= 12)
    # 13/02/24 may also begin with the year, unless the last part cannot be a day.
    day_first &= year_last | (third > 31) | (third == 0)
    month_first = (year_last | (two & ~year_first)) & (second > 12) & (first <= 12)
    seen["ymd"], seen["dmy"], seen["mdy"] = int(year_first.sum()), int(day_first.sum()), int(month_first.sum())
    either = (year_last | two) & ~(year_first | day_first | month_first)
    seen["either"] = int((either & (first != second)).sum())
    rest = pc.fill_null(pc.match_substring_regex(pc.struct_field(parts, "rest"), _HALVES), False)
    slashes = pc.equal(pc.struct_field(parts, "mark"), "/").to_numpy(zero_copy_only=False)
    seen["am"] = int((either & slashes & rest.to_numpy(zero_copy_only=False)).sum())
    seen["two"] = int(two.sum())
    return +seen


def iso_dates(text: pa.Array, order: str) -> pa.Array:
    """Write all dates that do not begin with a year of four digits in the form of ISO 8601.

    Dates that are invalid in this order become NULL, as later stages would read them in another order.
    """
    text = _whole_years(text.cast(pa.large_string()))
    parts, hit = _parts(text)
    if not hit.any():
        return text
    rows = np.flatnonzero(hit)
    chosen = parts.filter(pa.array(hit))
    held = {name: pc.struct_field(chosen, name) for name in "abc"}
    mine = pc.less(pc.utf8_length(held["a"]), 3).to_numpy(zero_copy_only=False)
    year, month, day = (held[name].cast(pa.int64()).to_numpy() for name in _PLACES[order])
    digits = pc.utf8_length(held[_PLACES[order][0]]).to_numpy()
    first = pivot()
    year = np.where(digits < 3, first + (year - first) % 100, year)
    sound = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (digits != 3)
    rest = pc.fill_null(pc.struct_field(chosen, "rest"), "")
    rest = pc.replace_substring_regex(rest, r"^[\s,T]+", " ")
    dates = [f"{y:04d}-{m:02d}-{d:02d}" for y, m, d in zip(year.tolist(), month.tolist(), day.tolist(), strict=True)]
    written = joined(pa.array(dates, pa.large_string()), rest)
    kept = text.take(pa.array(rows))
    new = pc.if_else(
        pa.array(mine & sound), written, pc.if_else(pa.array(mine), pa.scalar(None, pa.large_string()), kept)
    )
    return pc.replace_with_mask(text, pa.array(hit), new)


def period_form(text: pa.Array) -> str:
    """Detect months ("2024-03", "03/2024") or weeks ("2024-W10") in nine of ten texts; empty for other dates."""
    for form, pattern in (("months", _MONTH), ("weeks", _WEEK)):
        hit = pc.match_substring_regex(text.cast(pa.large_string()), pattern)
        if len(text) and (pc.sum(hit).as_py() or 0) >= 0.9 * len(text):
            return form
    return ""


def first_days(text: pa.Array, form: str) -> pa.Array:
    """Write months or weeks as their first days; impossible ones become NULL, and other texts stay."""
    text = text.cast(pa.large_string())
    parts = pc.extract_regex(text, _MONTH if form == "months" else _WEEK)
    hit = parts.is_valid()
    if not pc.any(hit).as_py():
        return text
    days = {cell: _first_day(cell, form) for cell in pc.unique(text.filter(hit)).to_pylist()}
    written = pa.array([days[cell] for cell in text.filter(hit).to_pylist()], pa.large_string())
    return pc.replace_with_mask(text, hit, written)


def _first_day(cell: str, form: str) -> str | None:
    """First day of a month or week; None where there is none such."""
    found = re.match(_MONTH if form == "months" else _WEEK, cell)
    assert found is not None
    try:
        if form == "weeks":
            return dt.date.fromisocalendar(int(found["y"]), int(found["w"]), 1).isoformat()
        return dt.date(int(found["y"] or found["y2"]), int((found["m"] or found["m2"]).strip(" -/.")), 1).isoformat()
    except ValueError:
        return None


def _named(text: pa.Array) -> int:
    return pc.sum(pc.match_substring_regex(text.cast(pa.large_string()), _NAMED)).as_py() or 0


def _whole_years(text: pa.Array) -> pa.Array:
    """Write the years of dates such as 3-Feb-24 with four digits."""
    parts = pc.extract_regex(text, _NAMED)
    hit = parts.is_valid()
    if not pc.any(hit).as_py():
        return text
    chosen, first = parts.filter(hit), pivot()
    years = [str(first + (int(year) - first) % 100) for year in pc.struct_field(chosen, "year").to_pylist()]
    before, rest = pc.struct_field(chosen, "before"), pc.fill_null(pc.struct_field(chosen, "rest"), "")
    return pc.replace_with_mask(text, hit, joined(before, pa.array(years, pa.large_string()), rest))


def calendar_form(values: NDArray[np.float64]) -> str:
    """Detect the form of moments written as numbers: "years", "days" (20240304), "clock" (20240304081500), "julian".

    Empty for Unix time in any unit.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return ""
    whole = bool((known == np.floor(known)).all())
    low, high = float(known.min()), float(known.max())
    if whole and low >= 1000 and high <= 2999:
        return "years"
    if low >= _JULIAN_DAYS[0] and high <= _JULIAN_DAYS[1]:
        return "julian"
    for form, unit in (("days", 1.0), ("clock", 1e6)):
        if whole and 1000_01_01 * unit <= low and high <= 2999_12_31 * unit + unit and _is_calendar(known, unit):
            return form
    return ""


def _is_calendar(values: NDArray[np.float64], unit: float) -> bool:
    day, clock = np.divmod(values, unit)
    months, days = day // 100 % 100, day % 100
    sound = (months >= 1) & (months <= 12) & (days >= 1) & (days <= 31)
    if unit > 1:
        sound &= (clock // 10_000 < 24) & (clock // 100 % 100 < 60) & (clock % 100 < 60)
    return bool(sound.all())


def from_calendar(values: NDArray[np.float64], form: str) -> NDArray[np.float64]:
    """Unix seconds of numbers in a `calendar_form`; NaN for numbers that are not of this form."""
    if form == "julian":
        seconds: NDArray[np.float64] = np.round((values - _JULIAN_1970) * 86_400, 3)
        return np.where((values >= _JULIAN_DAYS[0]) & (values <= _JULIAN_DAYS[1]), seconds, np.nan)
    held = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    day, clock = np.divmod(held, 1e6) if form == "clock" else (held, np.zeros_like(held))
    year, month, date = (held, np.ones_like(held), np.ones_like(held)) if form == "years" else (
        day // 10_000, day // 100 % 100, day % 100
    )  # fmt: skip
    sound = (year >= 1000) & (year <= 2999) & (month >= 1) & (month <= 12) & (date >= 1) & (date <= 31)
    months = np.where(sound, (year - 1970) * 12 + month - 1, 0).astype(np.int64).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(sound, date - 1, 0).astype(np.int64)
    sound &= days.astype("datetime64[M]") == months
    seconds = days.astype("datetime64[s]").astype(np.int64) + (
        clock // 10_000 * 3600 + clock // 100 % 100 * 60 + clock % 100
    )
    return np.where(sound, seconds, np.nan)
