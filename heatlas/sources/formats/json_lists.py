"""Stream the elements of lists in a JSON document, so that damage costs only the elements that it hits."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from heatlas.core.regex import regex
from heatlas.core.words import counted
from heatlas.sources.formats.text_window import TextWindow

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator

    from heatlas.sources.blobs import Content

__all__ = ["CUT", "JsonLists"]

CUT = "cut off or damaged at its end"
"""Warning for a document that does not end as it should."""
_BLANK = regex(r"[\s\ufeff]*")
_BETWEEN = regex(r"\s*,?\s*")
_TOKEN = regex(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
_CLOSING = {"[": "]", "{": "}"}
_LAST = 4096
"""Characters before the end of a document in which the fault of an element means that it was cut off."""
_WORK = 4
"""Times the length of the document that may be spent on damaged elements."""
_DEEP = 1 << 16
"""Characters that an element nested too deep counts as."""
_KEY = 256
"""Characters of a bracket, blanks and the first key of an element, at most."""
_LINES = 64
"""A fault costs one character for so many before it: Python counts the lines up to it."""
_NOTHING = object()


class JsonLists:
    """Elements of the lists of a document: of a list at the top, or of lists in an object at the top.

    An element that is damaged is left out, and reading goes on with the next one. Of an element in which the document
    is cut off, the sound part is given. One element is held in memory, not the document.

    Parameters
    ----------
    data : Content or TextWindow
        The document, or the part of one that begins with the list.
    names : collection of str
        Keys of the lists to read in an object; others are skipped.
    begin : collection of str
        Keys with which elements begin, and nothing inside of them does: by these the next element is found.
    deep : int
        Levels of lists in the lists whose elements are given instead of them.
    """

    def __init__(
        self, data: Content | TextWindow, names: Collection[str], begin: Collection[str], deep: int = 0
    ) -> None:
        self._window = data if isinstance(data, TextWindow) else TextWindow(data)
        self._names, self._deep = names, deep
        self._begin = re.compile(rf'\{{\s*"(?:{"|".join(map(re.escape, begin))})"\s*:')
        self._left = _WORK * self._window.size + _DEEP
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
        if self._is_at("[", at):
            yield from self._elements(at + 1, self._deep)
        elif self._is_at("{", at):
            yield from self._of_object(at + 1)
        else:
            self._cut = True

    def _of_object(self, at: int) -> Iterator[Any]:
        while at >= 0:
            at = self._skip(_BLANK, at)
            if self._is_at("}", at):
                return
            key, behind = self._value(at)
            behind = self._skip(_BLANK, behind)
            if not isinstance(key, str) or not self._is_at(":", behind):
                at = self._next(behind)
                at = at if at < 0 else (yield from self._elements(at, self._deep))
            else:
                at = self._skip(_BLANK, behind + 1)
                if key in self._names and self._is_at("[", at):
                    at = yield from self._elements(at + 1, self._deep)
                else:
                    at = self._value(at)[1]
            at = at if at < 0 else self._skip(_BETWEEN, at)

    def _elements(self, at: int, deep: int) -> Generator[Any, None, int]:
        """Yield the elements of a list; return the place behind it, or -1 where the document ends before."""
        at = self._skip(_BLANK, at)
        while not self._is_at("]", at):
            at = self._window.drop(at)
            if deep and self._is_at("[", at):
                at = yield from self._elements(at + 1, deep - 1)
                if at < 0:
                    return -1
                value, end = None, at
            else:
                value, end = self._value(at)
                if value is _NOTHING and self._is_at_the_end():
                    value, end = self._closed(at)
                if value is not _NOTHING:
                    yield value
            if value is not _NOTHING:
                at = self._skip(_BLANK, end)
                if self._is_at(",", at):
                    at = self._skip(_BLANK, at + 1)
                    continue
                if self._is_at("]", at):
                    break
            at = self._next(at + 1)
            if at < 0:
                return -1
        return at + 1

    def _is_at(self, char: str, at: int) -> bool:
        return self._window.text.startswith(char, at)

    def _skip(self, pattern: re.Pattern[str], at: int) -> int:
        return self._window.skip(pattern, at)

    def _is_at_the_end(self) -> bool:
        """Whether the last fault is where the document ends."""
        while self._fault >= len(self._window.text) - _LAST:
            if not self._window.more():
                return True
        return False

    def _value(self, at: int) -> tuple[Any, int]:
        """Parse the value at a place: it and its end, or `_NOTHING`."""
        try:
            return self._window.parse(at)
        except RecursionError:
            self._fault = at
            self._left -= _DEEP
        except ValueError as error:
            self._fault = getattr(error, "pos", at)
            self._left -= max(self._fault - at, 0) + self._fault // _LINES
        return _NOTHING, at

    def _closed(self, at: int) -> tuple[Any, int]:
        """Value of an element in which the document is cut off, without what is not whole, and the document's end."""
        text = self._window.text
        closing: list[str] = []
        mark, depth = at, 0
        for token in _TOKEN.finditer(text, at) if self._left > 0 else ():
            if token[0] in _CLOSING:
                closing.append(_CLOSING[token[0]])
            elif token[0] in "]}":
                if not closing or closing.pop() != token[0]:
                    return _NOTHING, at
                mark, depth = token.end(), len(closing)
        self._left -= len(text) - at
        if mark == at or not depth:
            return _NOTHING, at
        try:
            value = json.loads(text[at:mark] + "".join(reversed(closing[:depth])))
        except (ValueError, RecursionError):
            return _NOTHING, at
        return value, len(text)

    def _next(self, at: int) -> int:
        """Place of the next element from a place on; -1 where there is none, or too much was damaged."""
        found = self._window.search(self._begin, at, _KEY) if self._left > 0 else None
        if found is None:
            self._cut = True
            return -1
        self._lost += 1
        return found[0]
