"""The two sides of a difference: their filters, as people write them and as titles name them."""

from __future__ import annotations

import re

from heatlas.core.errors import BadOption
from heatlas.core.regex import regex

__all__ = ["OTHERS", "read_sides", "words_of_sides", "write_sides"]

OTHERS = "others"
"""Word for all activities that the other side does not choose, those of which it cannot be told among them."""
_NAMED = regex(r"(?:year|sport|gear)\s*=\s*(?:'((?:[^']|'')*)'|(\d+))", re.IGNORECASE)
"""A filter whose value says enough."""


def read_sides(first: str, second: str, text: str) -> tuple[str, str]:
    """Filters of both sides in CQL2, with `OTHERS` written out; `text` is the measure, for the error.

    Raises
    ------
    BadOption
        When both are `OTHERS`.
    """
    rest = [side.strip().lower() == OTHERS for side in (first, second)]
    if all(rest):
        raise BadOption(f"{text!r} compares others with others: one side needs a filter, such as year = 2023")
    return (_beside(second) if rest[0] else first), (_beside(first) if rest[1] else second)


def _beside(side: str) -> str:
    """Filter of all activities that a side does not choose: NOT alone leaves out where an attribute is unknown."""
    return f"NOT ({side}) OR ({side}) IS NULL"


def write_sides(sides: tuple[str, ...]) -> tuple[str, str]:
    """Both sides as people write them."""
    first, second = sides
    return (OTHERS if first == _beside(second) else first), (OTHERS if second == _beside(first) else second)


def words_of_sides(sides: tuple[str, ...]) -> tuple[str, str]:
    """Both sides as titles name them: "2023" and "all others"; filters of other kinds as they are."""
    written = write_sides(sides)
    words = [_words(side) for side in written]
    first, second = written if words[0] == words[1] else words
    return first, second


def _words(side: str) -> str:
    if side == OTHERS:
        return "all others"
    match = _NAMED.fullmatch(side.strip())
    if match is None:
        return side
    return match[2] or match[1].replace("''", "'")
