"""Parse dates, numbers and flags of Strava's table, in the language of its export."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

from heatlas.core.regex import regex

__all__ = ["fold", "parse_date", "parse_flag", "parse_number"]

_MONTHS = """
    jan ene gen янв tammi sty led oca січ ιαν | feb fev фев helmi lut uno sub лют φεβ |
    mar mrt mae мар maalis maart bre бер μαρ | apr abr avr апр huhti kwi dub nis кві απρ |
    may mai maj mei mag май мая touko kve тра μαι | jun jui giu июн kesa cze cvn haz чер ιουν |
    jul juil lug июл heina lip cvc tem лип ιουλ | aug ago aou авг elo sie srp agu сер αυγ |
    sep set сен syys szep wrz zar eyl вер σεπ | oct okt ott out окт loka paz rij eki жов οκτ |
    nov ноя marras lis kas лис νοε | dec dez dic des дек joulu gru pro ara гру δεκ
"""
_YEAR_FIRST = regex(r"(\d{4})\s*[-/.年년]\s*(\d{1,2})\s*[-/.月월]\s*(\d{1,2})")
_YEAR_LAST = regex(r"(?<!\d)(\d{1,2})([-/.])\s*(\d{1,2})[-/.]\s*(\d{4})")
_WORDS = regex(r"[^\W\d_]+")
_TIME = regex(r"(?<!\d)(\d{1,2})(?:[:.h]|[時时시]\s?)(\d{2})(?:(?:[:.]|[分분]\s?)(\d{2})(?:[.,]\d+)?)?(?!\d)")
_AFTERNOON = regex(r"\bp\.?\s?m\b|午後|下午|오후|\bμ\.?μ\b", re.IGNORECASE)
_MORNING = regex(r"\ba\.?\s?m\b|午前|上午|오전|\bπ\.?μ\b", re.IGNORECASE)
_OFFSET = regex(r"([+-])(\d{2}):?(\d{2})\s*$")
_YES = frozenset(
    {"1", "true", "yes", "wahr", "ja", "vrai", "oui", "verdadero", "si", "vero", "sim", "verdadeiro", "sand"}
    | {"kylla", "igen", "tak", "да", "истина", "是", "はい"}
)


def fold(text: str) -> str:
    """Turn text into lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


_MONTH_OF = {fold(start): month for month, starts in enumerate(_MONTHS.split("|"), 1) for start in starts.split()}
_LONGEST_NUMBER = 40
_LONGEST = max(map(len, _MONTH_OF))


def parse_date(text: str, month_first: bool | None = None) -> float | None:
    """Parse a date with a time; without an offset it is UTC, as in Strava's table.

    Parameters
    ----------
    text : str
        Any of the forms of the main languages: "Jul 8, 2012, 2:40:21 PM", "8 juil. 2012 à 14:40:21",
        "08.07.2012, 14:40:21", "2012-07-08 14:40:21", "2012年7月8日 14:40:21" ...
    month_first : bool, optional
        Whether 07/08/2012 is in July. By default it is in July if the time has AM or PM, else in August.

    Returns
    -------
    float or None
        Unix seconds; None if it is no date.
    """
    text = unicodedata.normalize("NFKC", text.strip())[:80]
    found = _find_date(text, month_first)
    if found is None:
        return None
    (year, month, day), rest = found
    clock = _TIME.search(rest)
    hour, minute, second = (int(part or 0) for part in clock.groups()) if clock else (0, 0, 0)
    if _AFTERNOON.search(rest):
        hour = hour % 12 + 12
    elif _MORNING.search(rest):
        hour %= 12
    offset = _OFFSET.search(rest)
    zone: timezone = UTC
    try:
        if offset and clock:
            away = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
            zone = timezone(away if offset[1] == "+" else -away)
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        return None


def _find_date(text: str, month_first: bool | None) -> tuple[tuple[int, int, int], str] | None:
    """Find year, month and day, and the text around them."""
    if match := _YEAR_FIRST.search(text):
        date = int(match[1]), int(match[2]), int(match[3])
        return date, f"{text[: match.start()]} {text[match.end() :].lstrip('T')}"
    if match := _YEAR_LAST.search(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        if month_first is None:
            month_first = match[2] == "/" and bool(_AFTERNOON.search(text) or _MORNING.search(text))
        if first > 12 or (second <= 12 and not month_first):
            first, second = second, first
        return (year, first, second), f"{text[: match.start()]} {text[match.end() :]}"
    year_match = re.search(r"(?<!\d)\d{4}(?!\d)", text)
    month = _month(text)
    if year_match is None or month is None:
        return None
    rest = f"{text[: year_match.start()]} | {text[year_match.end() :]}"
    clock = _TIME.search(rest)
    day = re.search(r"(?<!\d)\d{1,2}(?!\d)", rest[: clock.start()] + " " + rest[clock.end() :] if clock else rest)
    return ((int(year_match[0]), month, int(day[0])), rest) if day else None


def _month(text: str) -> int | None:
    """Find the month: the last word that begins like its name, because names of days come before it."""
    found = None
    for word in _WORDS.findall(fold(text)):
        for length in range(min(len(word), _LONGEST), 2, -1):
            if word[:length] in _MONTH_OF:
                found = _MONTH_OF[word[:length]]
                break
    return found


def parse_number(text: str, decimal_comma: bool = False) -> float | None:
    """Parse a number with a decimal point or comma, with or without marks between thousands, or h:mm:ss.

    Parameters
    ----------
    text : str
        The text.
    decimal_comma : bool
        Whether "1,500" is 1.5; else it is 1500.

    Returns
    -------
    float or None
        The number (seconds for h:mm:ss); None if it is none, or not finite.
    """
    if len(text) > _LONGEST_NUMBER:
        return None
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    text = re.sub(r"[\s'’_]", "", text)
    if re.fullmatch(r"\d+(:\d{2}){1,2}", text):
        seconds = 0
        for part in text.split(":"):
            seconds = seconds * 60 + int(part)
        return float(seconds)
    if "," in text:
        if "." in text:
            decimal_comma = text.rfind(",") > text.rfind(".")
        elif not re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+", text):
            decimal_comma = True
        text = text.replace(".", "").replace(",", ".") if decimal_comma else text.replace(",", "")
    if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,2})?", text, re.IGNORECASE):
        return None
    return float(text)


def parse_flag(text: str) -> bool:
    """Tell whether a text is true, yes, 1 or 1.0 in one of the main languages."""
    return fold(text.strip()).removesuffix(".0") in _YES
