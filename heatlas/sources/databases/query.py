"""Check that a query is one statement that reads.

The check of the text is the first of two barriers, and gives an early and clear message. The second is the server,
which is set to refuse writes (see the modules of the single databases).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.core.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_query"]

_READING = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "FROM"})
_WRITING = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "TRUNCATE"})
_TOKEN = regex(
    r"""(?P<space>\s+|--[^\n]*)
      | (?P<run>/\*M?!)
      | (?P<comment>/\*)
      | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
      | (?P<quote>[eE]?'|"|`|\[)
      | (?P<word>[^\W\d][\w$]*)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def check_query(query: str, dialect: str) -> str:
    """Refuse anything but a single statement that reads; return the query without a closing semicolon.

    Raises
    ------
    BadOption
        For an empty text, several statements, and anything that could write.
    """
    tokens = list(_tokens(query, dialect))
    while tokens and tokens[-1][0] == ";":
        query = query[: tokens.pop()[1]].rstrip()
    words = [token for token, _ in tokens]
    if not words:
        raise BadOption("the query is empty: it is one SELECT statement")
    if ";" in words:
        raise BadOption("the query holds several statements: only one that reads is run")
    first = next((word for word in words if word != "("), "")
    if first not in _READING:
        raise BadOption(f"the query begins with {first or '('}: only reading statements (SELECT, WITH, VALUES) are run")
    if "INTO" in words:
        raise BadOption("the query holds INTO, which writes: only reading statements are run")
    for before, word, after in zip(words, words[1:], [*words[2:], ""], strict=False):
        if word in _WRITING and before in {"(", ")"} and re.match(r"\w", after):
            raise BadOption(f"the query holds {word}, which writes: only reading statements are run")
    return query


def _tokens(query: str, dialect: str) -> Iterator[tuple[str, int]]:
    """Yield upper-case words and single characters with their offsets; quoted text is one token ''."""
    at = 0
    mysql = dialect in {"mysql", "mariadb"}
    while at < len(query):
        if mysql and query[at] == "#":
            at = _after(query, "\n", at)
            continue
        token = _TOKEN.match(query, at)
        assert token is not None
        kind, text, start, at = token.lastgroup, token[0], at, token.end()
        if kind == "run" and mysql:
            raise BadOption("the query holds a comment that the server would run (/*! */): leave it out")
        if kind in {"run", "comment"}:
            at = _after_comment(query, at, nested=not mysql)
        elif kind == "dollar" and dialect in {"postgresql", "duckdb"}:
            at = _after(query, text, at)
            yield "''", start
        elif kind == "dollar":
            at = start + 1
            yield "$", start
        elif kind == "quote" and not (text == "[" and dialect != "mssql"):
            escapes = len(text) == 2 or (mysql and text != "`")
            at = _after_quote(query, "]" if text == "[" else text[-1], at, escapes=escapes)
            yield "''", start
        elif kind != "space":
            yield text.upper(), start


def _after(query: str, end: str, at: int) -> int:
    found = query.find(end, at)
    return len(query) if found < 0 else found + len(end)


def _after_comment(query: str, at: int, *, nested: bool) -> int:
    depth = 1
    while depth:
        mark = re.compile(r"/\*|\*/").search(query, at)
        if mark is None:
            return len(query)
        at = mark.end()
        depth += -1 if mark[0] == "*/" else int(nested)
    return at


def _after_quote(query: str, end: str, at: int, *, escapes: bool) -> int:
    """Offset after a quoted text; a doubled quote begins another quoted text, with the same result."""
    while at < len(query) and query[at] != end:
        at += 2 if escapes and query[at] == "\\" else 1
    return at + 1
