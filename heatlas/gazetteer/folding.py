"""Spellings that count as equal: case, accents and punctuation do not matter."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from heatlas.core.regex import regex

__all__ = ["fold"]

_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŋ": "n", "ə": "e"}
)
"""Letters that Unicode does not decompose into a base and an accent."""
_MARKS = regex("['`\u2018\u2019\u02bb\u02bc\u02b9]")
_OTHER = regex(r"[\W_]+")
_SAINT = regex(r"\b(?:st|ste|sankt)\b")


@lru_cache(maxsize=1 << 16)
def fold(name: str) -> str:
    """Return a name in lower case, without accents and punctuation: "Saint-Étienne" and "St. Etienne" are equal."""
    decomposed = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _SAINT.sub("saint", " ".join(_OTHER.sub(" ", _MARKS.sub("", bare)).split()))
