"""Filters as people write them: units that are put into numbers, and errors that say what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from heatlas.core.regex import regex
from heatlas.tracks.quantities import QUANTITY, UNITS, parse_quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["about_unknown", "outside_quotes", "what_is_wrong", "without_units"]

_EXAMPLE = "sport = 'Run' AND distance > 10 km"
_QUOTED = regex(r"'[^']*'|\"[^\"]*\"")
_KEYWORDS = frozenset({
    "and", "or", "not", "in", "like", "between", "is", "null", "true", "false", "casei", "accenti", "date",
    "timestamp", "interval", "div",
})  # fmt: skip
_WORD = r"[^\W\d]\w*"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip


def outside_quotes(text: str) -> str:
    """Text with what stands in quotes replaced by as many zeros of ASCII."""
    return _QUOTED.sub(lambda match: "\x00" * len(match[0]), text)


def without_units(text: str) -> str:
    """Put distances in metres and durations in seconds, as numbers: ``distance > 10 km`` is ``distance > 10000``."""
    bare = outside_quotes(text)
    parts, at = [], 0
    for match in QUANTITY.finditer(bare):
        parts += [text[at : match.start()], f"{parse_quantity(match).value:.10g}"]
        at = match.end()
    return "".join(parts) + text[at:]


def what_is_wrong(text: str) -> str:
    """Say what is wrong with a filter that is no CQL2, and what to write instead; without a full stop."""
    bare = outside_quotes(text)
    for pattern, says in _FAULTS:
        match = pattern.search(bare)
        if match is not None and not _is_keyword(match):
            return says.format(*(text[slice(*match.span(k))] for k in range(len(match.groups()) + 1)))
    return f"write it like {_EXAMPLE}"


def _is_keyword(match: re.Match[str]) -> bool:
    """Whether a group called `word` is one of the language's own, or a unit."""
    return "word" in match.re.groupindex and match["word"].casefold() in {*_KEYWORDS, *UNITS}


def about_unknown(name: str, known: Iterable[str], names: Sequence[str]) -> str:
    """Say what may be meant by a name that is no attribute."""
    low = name.casefold()
    for numbers, attribute in ((_DAYS, "weekday"), (_MONTHS, "month")):
        meant = [k for k, word in enumerate(numbers, 1) if len(low) > 2 and word.startswith(low)]
        if meant:
            return f"write {attribute} = {meant[0]} for {numbers[meant[0] - 1].capitalize()}"
    if low in {"yes", "no"}:
        return f"write {'TRUE' if low == 'yes' else 'FALSE'} instead"
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), 3)
    if close:
        return f"did you mean {' or '.join(close)}"
    return f"put '{name}' in single quotes if it is text; there are {', '.join(names)}"


_COMPARISON = r"(?:[<>=]+|!=)"
_BETWEEN = "(?:and|or|not|is|between|in|like)"
_UNITS = ", ".join(UNITS)
_FAULTS = tuple(
    (regex(pattern, re.IGNORECASE), says)
    for pattern, says in (
        (r"^\s*$", f"it is empty; write it like {_EXAMPLE}"),
        (r"[\u2018\u2019\u201a\u201c\u201d\u201e\u00b4`]", "put text in straight quotes, such as 'Run'"),
        (r"['\"]", "a quotation mark has no other half; text stands in single quotes, such as 'Run'"),
        (r"==", "write a single = instead of =="),
        (r"=>|=<", "write >= or <= instead of {0}"),
        (r"&&?", "write AND instead of {0}"),
        (r"\|\|?", "write OR instead of {0}"),
        (r"\bin\s+(?!\()\S", "put what follows IN in brackets: IN (1, 2)"),
        (r"\bis\s+(?:not\s+)?(?:none|nan|na)\b", "write IS NULL or IS NOT NULL"),
        (r"\d,\d{3}(?!\d)", "write numbers without commas, such as 10000 or 10 km"),
        (r"\d,\d", "write numbers with a point, such as 7.5"),
        (
            rf"\d\s*(?P<word>{_WORD})(?=\s*(?:$|\)|and\b|or\b))",
            f"there is no unit '{{1}}'; there are {_UNITS}",
        ),
        (r"(<>|[<>]=?|!=|=|\band|\bor|\bnot|\bin|\blike|\bbetween|\bis)\s*$", "something is missing after {1}"),
        (rf"^\s*(and\b|or\b|{_COMPARISON})", "something is missing before {1}"),
        (r"\blike\s+([^\x00\s)]+)", "put the pattern in single quotes: LIKE '{1}'"),
        (
            rf"{_COMPARISON}\s*(?P<word>{_WORD}(?:\s+(?!{_BETWEEN}\b){_WORD})+)",
            "put '{1}' in single quotes",
        ),
        (
            rf"(?:\x00|\d|\))\s+(?P<word>{_WORD})\s*(?:{_COMPARISON}|\s{_BETWEEN}\b)",
            "put AND or OR before {1}",
        ),
        (r"\bis\s+(?!null\b|not\b)", "write = instead of IS"),
    )
)
"""Faults of filters, the most certain first: where one is seen, and what is said; groups are put in by their number."""
