"""List the objects of a JSON document one after the other, whichever way they lie in it, as far as it is sound."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from heatlas.core.words import counted
from heatlas.sources.formats.json_lists import JsonLists
from heatlas.sources.tables.streams import encoding_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["JsonRows"]

_FIRST = re.compile(rb'\[[\s\[]*\{\s*"([^"\\]{1,40})"')
_MOST_DAMAGED = 1000
"""Damaged lines after which a file is given up: each costs time."""


class JsonRows:
    """Objects of a list in a document, of lists in such a list, or of lines of any text that end in an object.

    Parameters
    ----------
    data : bytes
        The document, in any encoding.
    names : tuple of str
        Keys of the list, wherever it is. Where there is none, the objects are those of the list that the document is,
        or of its lines.
    """

    def __init__(self, data: bytes, *names: str) -> None:
        encoding, mark = encoding_of(data[:4096])
        self._data = data[mark:] if encoding == "utf-8" else data[mark:].decode(encoding, "replace").encode()
        self._names = names
        self.warnings: list[str] = []
        """Damage that was found, once the objects were listed."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """List the objects. Damage costs the object, or the line, that it hits."""
        data = self._data
        found = re.search(rb'"(?:%b)"\s*:\s*\[' % "|".join(self._names).encode(), data)
        start = 0 if found is None else found.end() - 1
        if (found is None and data.lstrip()[:1] != b"[") or self._is_of_lines():
            yield from self._lines()
            return
        first = _FIRST.match(data[start : start + 4096].lstrip())
        lists = JsonLists(data[start:], (), (first[1].decode("utf-8", "replace") if first else "_",))
        for element in lists:
            if isinstance(element, dict):
                yield element
            else:
                yield from _objects(element)
        self.warnings += lists.warnings

    def _is_of_lines(self) -> bool:
        """Whether the first line is an object, and others follow."""
        end = self._data.find(b"\n")
        return end > 0 and self._data[:end].rstrip().endswith(b"}") and bool(self._data[end : end + 4096].strip())

    def _lines(self) -> Iterator[dict[str, Any]]:
        text = self._data.decode("utf-8", "replace")
        decoder, damaged, at = json.JSONDecoder(), 0, text.find("{")
        while at >= 0 and damaged < _MOST_DAMAGED:
            try:
                value, at = decoder.raw_decode(text, at)
            except (ValueError, RecursionError):
                damaged += 1
                at = text.find("\n", at)
                at = len(text) if at < 0 else at
            else:
                lists = [value[name] for name in self._names if isinstance(value.get(name), list)]
                if lists:
                    yield from _objects(lists)
                else:
                    yield value
            at = text.find("{", at)
        if damaged:
            self.warnings.append(f"{counted(damaged, 'lines')} {'is' if damaged == 1 else 'are'} cut off or damaged")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Objects of a value, of the lists in it, and of lists in these."""
    level = [value]
    for _ in range(3):
        level = [inner for each in level for inner in (each if isinstance(each, list) else [each])]
    yield from (each for each in level if isinstance(each, dict))
