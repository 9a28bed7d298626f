"""List the objects of a JSON document one after the other, whichever way they lie in it, as far as it is sound."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from heatlas.core.regex import regex
from heatlas.core.words import counted
from heatlas.sources.formats.json_lists import JsonLists
from heatlas.sources.formats.text_window import TextWindow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.sources.blobs import Content

__all__ = ["JsonRows"]

_FIRST = regex(r'\[[\s\[]*\{\s*"([^"\\]{1,40})"')
_HEAD = 4096
_LONGEST = 256
"""Characters of the key of the list, with what follows it."""
_DEEP = 2
"""Levels of lists in the list."""
_BLANK = regex(r"\s*")
_MOST_DAMAGED = 1000
"""Damaged lines after which a file is given up: each costs time."""


class JsonRows:
    """Objects of a list in a document, of lists in such a list, or of lines of any text that end in an object.

    Parameters
    ----------
    data : Content
        The document, in any encoding; a part of it is held in memory at a time.
    names : tuple of str
        Keys of the list, wherever it is. Where there is none, the objects are those of the list that the document is,
        or of its lines.
    """

    def __init__(self, data: Content, *names: str) -> None:
        self._data, self._names = data, names
        self.warnings: list[str] = []
        """Damage that was found, once the objects were listed."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """List the objects. Damage costs the object, or the line, that it hits."""
        window = None if self._is_of_lines() else self._of_list()
        if window is None:
            yield from self._lines()
            return
        first = _FIRST.match(window.text[:_HEAD])
        lists = JsonLists(window, (), (first[1] if first else "_",), _DEEP)
        for element in lists:
            if isinstance(element, dict):
                yield element
        self.warnings += lists.warnings

    def _of_list(self) -> TextWindow | None:
        """Document from the bracket of the list on; None if there is none."""
        window = TextWindow(self._data)
        key = re.compile(rf'"(?:{"|".join(self._names)})"\s*:\s*(?=\[)')
        found = window.search(key, 0, _LONGEST)
        start = -1 if found is None else found[1]
        if found is None:
            window = TextWindow(self._data)
            start = window.skip(_BLANK, 0)
        if not window.text.startswith("[", start):
            return None
        window.text = window.text[start:]
        return window

    def _is_of_lines(self) -> bool:
        """Whether the first line is an object, and others follow."""
        window, at = TextWindow(self._data), 0
        while window.more():
            end = window.text.find("\n", at)
            if end >= 0:
                window.more()
                before, behind = window.text[max(end - _HEAD, 0) : end], window.text[end : end + _HEAD]
                return before.rstrip().endswith("}") and bool(behind.strip())
            at = window.drop(max(len(window.text) - _HEAD, 0))
        return False

    def _lines(self) -> Iterator[dict[str, Any]]:
        window = TextWindow(self._data)
        damaged, at = 0, _find(window, "{", 0)
        while at >= 0 and damaged < _MOST_DAMAGED:
            try:
                value, at = window.parse(at)
            except (ValueError, RecursionError):
                damaged += 1
                at = _find(window, "\n", at)
            else:
                lists = [value[name] for name in self._names if isinstance(value.get(name), list)]
                if lists:
                    yield from _objects(lists)
                else:
                    yield value
            at = at if at < 0 else _find(window, "{", window.drop(at))
        if damaged:
            self.warnings.append(f"{counted(damaged, 'lines')} {'is' if damaged == 1 else 'are'} cut off or damaged")


def _find(window: TextWindow, char: str, at: int) -> int:
    """Place of the next such character, -1 if there is none; the text before it may be forgotten."""
    while (found := window.text.find(char, at)) < 0:
        at = window.drop(len(window.text))
        if not window.more():
            return -1
    return found


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Objects of a value, of the lists in it, and of lists in these."""
    level = [value]
    for _ in range(3):
        level = [inner for each in level for inner in (each if isinstance(each, list) else [each])]
    yield from (each for each in level if isinstance(each, dict))
