"""Interpret values that mean yes, no or hidden."""

from __future__ import annotations

from typing import Any

from heatlas.sources.tables.cells.text import UNKNOWN_TEXTS
from heatlas.sources.tables.columns import plain_name

__all__ = ["PRIVATE", "VISIBILITY", "is_hidden", "is_odd", "is_private", "says_nothing", "says_yes", "unnumbered"]

PRIVATE, VISIBILITY = ("private", "isprivate"), ("visibility", "privacy")
"""Names of the columns that hide tracks, as `unnumbered` returns them."""
_BLANK = frozenset(UNKNOWN_TEXTS.to_pylist())
_YES = frozenset({"true", "1", "1.0", "yes", "y", "t"})
_NO = frozenset({"false", "0", "0.0", "no", "n", "f", "off", "nein", "non", "public"})
_HIDDEN = frozenset({"only_me", "onlyme", "only me", "private", "me"})


def unnumbered(name: str) -> str:
    """Plain name of a column without a trailing number: the second of two equal names is "private_2"."""
    return plain_name(name).rstrip("0123456789")


def _word(value: Any) -> str:
    return "" if value is None else str(value).strip().casefold()


def says_nothing(value: Any) -> bool:
    """Whether a value is blank or stands for a missing one."""
    return _word(value) in _BLANK


def says_yes(value: Any) -> bool:
    """Whether a value means yes."""
    return _word(value) in _YES


def is_odd(value: Any) -> bool:
    """Whether a value is neither blank nor a word for yes or no."""
    return not (says_nothing(value) or _word(value) in _YES | _NO)


def is_private(value: Any) -> bool:
    """Whether a value of a column "private" hides the track: all values but no and blanks do, to be safe."""
    return not says_nothing(value) and _word(value) not in _NO


def is_hidden(value: Any) -> bool:
    """Whether a value of a column "visibility" hides the track from everybody else."""
    return _word(value) in _HIDDEN
