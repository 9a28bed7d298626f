"""Detect the decimal mark of written numbers, point or comma, for a column as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Evidence", "either_way", "evidence", "joined", "plain_text", "undecorated"]

_SPACES = r"[\s\x{00A0}\x{2007}\x{2009}\x{202F}'\x{2019}\x{02BC}]"
_GROUPED_BY_SPACES = rf"^[-+]?\d{{1,3}}(?:{_SPACES}\d{{3}})+(?:[.,]\d+)?$"
_CURRENCY = r"\p{Sc}|\b(?:USD|EUR|GBP|CHF|SEK|NOK|DKK|JPY|kr|Kč|Ft)\b\.?|zł"


def _beyond_doubt(group: str, mark: str) -> str:
    """Pattern of numbers that can be read only with this decimal mark, and `group` between thousands."""
    power = r"(?:[eE][-+]?\d+)?"
    forms = (
        rf"\d{{1,3}}(?:{group}\d{{2,3}})*{group}\d{{3}}{mark}\d*{power}",  # 1,234.5
        rf"\d{{1,3}}(?:{group}\d{{2,3}})+{group}\d{{3}}",  # 1,234,567 and 12,34,567
        rf"(?:0\d*|\d{{4,}}){mark}\d+{power}",  # 0.125 and 1234.567
        rf"\d*{mark}(?:\d{{1,2}}|\d{{4,}}){power}",  # 9.03 and .5
        rf"{mark}\d+{power}",
        rf"\d+{mark}",
        rf"\d+{mark}\d+[eE][-+]?\d+",
    )
    return f"^[-+]?(?:{'|'.join(forms)})$"


POINT, COMMA = _beyond_doubt(",", r"\."), _beyond_doubt(r"\.", ",")
_EITHER_COMMA = r"^[-+]?[1-9]\d{0,2},\d{3}$"
_EITHER_POINT = r"^[-+]?[1-9]\d{0,2}\.\d{3}$"
_WHOLE = r"^[-+]?\d+(?:[eE][-+]?\d+)?$"
_BY_POINT = rf"{POINT}|{_EITHER_COMMA}|{_EITHER_POINT}|{_WHOLE}"
_BY_COMMA = rf"{COMMA}|{_EITHER_COMMA}|{_EITHER_POINT}|{_WHOLE}"


_OTHER = {"point": "comma", "comma": "point"}


@dataclass(slots=True)
class Evidence:
    """Counts of the cells of a column that hint at its decimal mark."""

    point: int = 0
    """Cells such as 9.03 and 1,234.5, which certainly have a decimal point."""
    comma: int = 0
    """Cells such as 9,03 and 1.234,5, which certainly have a decimal comma."""
    either_comma: int = 0
    """Cells such as 1,234."""
    either_point: int = 0
    """Cells such as 1.234."""
    commas: int = 0
    """Cells with a comma of any kind."""

    def add(self, other: Evidence) -> None:
        """Add the counts of another piece of the column."""
        self.point += other.point
        self.comma += other.comma
        self.either_comma += other.either_comma
        self.either_point += other.either_point
        self.commas += other.commas

    @property
    def sure(self) -> str | None:
        """Mark of most of the unambiguous cells; None if there are no such cells."""
        if not (self.point or self.comma):
            return None
        return "point" if self.point >= self.comma else "comma"


def _count(text: pa.Array, pattern: str) -> int:
    return pc.sum(pc.match_substring_regex(text, pattern)).as_py() or 0


def joined(*parts: pa.Array | str) -> pa.Array:
    """Join texts cell by cell; NULL where a part is NULL."""
    large = pa.large_string()
    return pc.binary_join_element_wise(
        *(pa.scalar(part, large) if isinstance(part, str) else part.cast(large) for part in parts), pa.scalar("", large)
    )


def evidence(text: pa.Array) -> Evidence:
    """Count the hints in undecorated text, whose cells may be anything."""
    if not (_any(text, ".") or _any(text, ",")):
        return Evidence()
    return Evidence(*(_count(text, pattern) for pattern in (POINT, COMMA, _EITHER_COMMA, _EITHER_POINT, ",")))


def _any(text: pa.Array, mark: str) -> bool:
    return bool(pc.any(pc.match_substring(text, mark)).as_py())


def undecorated(text: pa.Array) -> pa.Array:
    """Strip numbers of blanks around them, spaces and apostrophes between thousands, and signs of currency.

    An amount in brackets is negative. Cells that are not numbers stay as they are.
    """
    text = pc.utf8_trim_whitespace(text.cast(pa.large_string()))
    text = pc.if_else(pc.match_substring_regex(text, "\u2212"), pc.replace_substring(text, "\u2212", "-"), text)
    money = pc.match_substring_regex(text, _CURRENCY)
    if pc.any(money).as_py():
        bare = pc.utf8_trim_whitespace(pc.replace_substring_regex(text, _CURRENCY, ""))
        bare = pc.replace_substring_regex(bare, r"^\(\s*(.*?)\s*\)$", r"-\1")
        bare = pc.replace_substring_regex(bare, r"^([-+])\s+|^(.*\d)\s*(-)$", r"\1\3\2")
        text = pc.if_else(pc.and_(money, pc.match_substring_regex(bare, r"^[-+]?[\d.,]")), bare, text)
    spaced = pc.match_substring_regex(text, _GROUPED_BY_SPACES)
    if pc.any(spaced).as_py():
        text = pc.if_else(spaced, pc.replace_substring_regex(text, _SPACES, ""), text)
    return text


def either_way(text: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Write undecorated numbers in plain form: ambiguous cells like most others, each other cell in its one reading."""
    seen = evidence(text)
    decimal = seen.sure or ("comma" if seen.either_comma else "point")
    written, sound = plain_text(text, decimal)
    other = plain_text(pc.if_else(sound, pa.scalar(None, pa.large_string()), text), _OTHER[decimal])
    return pc.coalesce(written, other[0]), pc.or_(sound, other[1])


def plain_text(text: pa.Array, decimal: str) -> tuple[pa.Array, pa.Array]:
    """Write undecorated numbers with a decimal point and no other mark.

    Parameters
    ----------
    text : pyarrow.Array of large_string
        Result of `undecorated`.
    decimal : str
        Decimal mark of the column, "point" or "comma".

    Returns
    -------
    pyarrow.Array of large_string, pyarrow.Array of bool
        The numbers, NULL where a cell is none with this mark; and which cells are.
    """
    group, mark, pattern = (",", ".", _BY_POINT) if decimal == "point" else (".", ",", _BY_COMMA)
    sound = pc.fill_null(pc.match_substring_regex(text, pattern), False)
    # The pattern excludes a group mark that is not followed by three digits.
    written = pc.replace_substring(pc.replace_substring(text, group, ""), mark, ".")
    return pc.if_else(sound, written, pa.scalar(None, pa.large_string())), sound
