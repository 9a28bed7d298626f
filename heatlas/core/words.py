"""Counts in words."""

from __future__ import annotations

from heatlas.core.regex import regex

__all__ = ["counted"]

_SINGULAR = {"activities": "activity", "copies": "copy", "fixes": "fix", "categories": "category"}
_VERBS = {"are": "is", "were": "was", "have": "has", "do": "does", "name": "names"}
_PLURAL = regex(r"\b\w+s\b")
_VERB = regex(rf"(\b\w+s|\bthat) ({'|'.join(_VERBS)})\b")


def counted(count: int, words: str) -> str:
    """Say how many there are: "3 rows that name no file", "1 row that names no file".

    Parameters
    ----------
    count : int
        How many.
    words : str
        Begins with the plural of what is counted; what it does may follow, with or without "that".
    """
    if count != 1:
        return f"{count:,} {words}"
    one = _VERB.sub(lambda found: f"{found[1]} {_VERBS[found[2]]}", words, count=1)
    return f"1 {_PLURAL.sub(lambda found: _SINGULAR.get(found[0], found[0][:-1]), one, count=1)}"
