"""Stream the elements of lists in a JSON document, so that damage costs only the elements that it hits."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from heatlas.core.words import counted
from heatlas.sources.sniff import decode

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator

__all__ = ["CUT", "JsonLists"]

CUT = "cut off or damaged at its end"
"""Warning for a document that does not end as it should."""
_BLANK = re.compile(r"[\s\ufeff]*")
_BETWEEN = re.compile(r"\s*,\s*")
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
_CLOSING = {"[": "]", "{": "}"}
_LAST = 4096
"""Characters before the end of a document in which the fault of an element means that it was cut off."""
_WORK = 4
"""Times the length of the document that may be spent on damaged elements."""
_DEEP = 1 << 16
"""Characters that an element nested too deep counts as."""
_LINES = 64
"""A fault costs one character for so many before it: Python counts the lines up to it."""
_NOTHING = object()


class JsonLists:
    """Elements of the lists of a document: of a list at the top, or of lists in an object at the top.

    An element that is damaged is left out, and reading goes on with the next one. Of an element in which the document
    is cut off, the sound part is given.

    Parameters
    ----------
    data : bytes
        The document.
    names : collection of str
        Keys of the lists to read in an object; others are skipped.
    begin : collection of str
        Keys with which elements begin, and nothing inside of them does: by these the next element is found.
    """

    def __init__(self, data: bytes, names: Collection[str], begin: Collection[str]) -> None:
        self._text = decode(bytes(data))
        self._names = names
        self._begin = re.compile(rf'\{{\s*"(?:{"|".join(map(re.escape, begin))})"\s*:')
        self._decoder = json.JSONDecoder()
        self._left = _WORK * len(self._text) + _DEEP
        self._fault = 0
        self._lost = 0
        self._cut = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """Faults that were met, once all elements were read."""
        found = [f"damaged: {counted(self._lost, 'parts')} of it could not be read"] if self._lost else []
        return (*found, *([CUT] if self._cut else []))

    def __iter__(self) -> Iterator[Any]:
        """Yield the elements of all lists."""
        at = self._skip(_BLANK, 0)
        if self._text.startswith("[", at):
            yield from self._elements(at + 1)
        elif self._text.startswith("{", at):
            yield from self._of_object(at + 1)
        else:
            self._cut = True

    def _of_object(self, at: int) -> Iterator[Any]:
        while at >= 0:
            at = self._skip(_BLANK, at)
            if self._text.startswith("}", at):
                return
            key, behind = self._value(at)
            behind = self._skip(_BLANK, behind)
            if not isinstance(key, str) or not self._text.startswith(":", behind):
                at = self._next(at)
                at = at if at < 0 else (yield from self._elements(at))
            else:
                at = self._skip(_BLANK, behind + 1)
                if key in self._names and self._text.startswith("[", at):
                    at = yield from self._elements(at + 1)
                else:
                    at = self._value(at)[1]
            at = at if at < 0 else self._skip(_BETWEEN, at)

    def _elements(self, at: int) -> Generator[Any, None, int]:
        """Yield the elements of a list; return the place behind it, or -1 where the document ends before."""
        at = self._skip(_BLANK, at)
        while not self._text.startswith("]", at):
            value, end = self._value(at)
            if value is _NOTHING and self._fault >= len(self._text) - _LAST:
                value, end = self._closed(at)
            if value is not _NOTHING:
                yield value
                at = self._skip(_BLANK, end)
                if self._text.startswith(",", at):
                    at = self._skip(_BLANK, at + 1)
                    continue
                if self._text.startswith("]", at):
                    break
            at = self._next(at)
            if at < 0:
                return -1
        return at + 1

    def _value(self, at: int) -> tuple[Any, int]:
        """Parse the value at a place: it and its end, or `_NOTHING`."""
        try:
            return self._decoder.raw_decode(self._text, at)
        except RecursionError:
            self._fault = at
            self._left -= _DEEP
        except ValueError as error:
            self._fault = getattr(error, "pos", at)
            self._left -= max(self._fault - at, 0) + self._fault // _LINES
        return _NOTHING, at

    def _closed(self, at: int) -> tuple[Any, int]:
        """Value of an element in which the document is cut off, without what is not whole, and the document's end."""
        closing: list[str] = []
        mark, depth = at, 0
        for token in _TOKEN.finditer(self._text, at) if self._left > 0 else ():
            if token[0] in _CLOSING:
                closing.append(_CLOSING[token[0]])
            elif token[0] in "]}":
                if not closing or closing.pop() != token[0]:
                    return _NOTHING, at
                mark, depth = token.end(), len(closing)
        self._left -= len(self._text) - at
        if mark == at or not depth:
            return _NOTHING, at
        try:
            value = json.loads(self._text[at:mark] + "".join(reversed(closing[:depth])))
        except (ValueError, RecursionError):
            return _NOTHING, at
        return value, len(self._text)

    def _next(self, at: int) -> int:
        """Place of the next element behind a damaged one; -1 where there is none, or too much was damaged."""
        found = self._begin.search(self._text, at + 1) if self._left > 0 else None
        if found is None:
            self._cut = True
            return -1
        self._lost += 1
        return found.start()

    def _skip(self, pattern: re.Pattern[str], at: int) -> int:
        match = pattern.match(self._text, at)
        return at if match is None else match.end()
