"""Stream the objects of a JSON document, so that it may be large, and damage costs only what follows it."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any

from heatlas.core.regex import regex
from heatlas.sources.tables.streams import encoding_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ARRAY", "FEATURES", "LINES", "OBJECTS", "WHOLE", "Broken", "form_of", "objects", "objects_from"]

LINES, ARRAY, FEATURES, OBJECTS, WHOLE = "lines", "array", "features", "objects", "whole"
"""Forms: one object on each line; a list of them; a GeoJSON collection; objects without commas; one document."""

_FEATURES = regex(r'"features"\s*:\s*\[')
_BETWEEN = regex(r"[\s,\x1e]*")
_STRETCHES = " \t\r\n\x1e\ufeff"
_LARGEST = 1 << 26
"""Most characters of one object; a longer one is treated as damage, so that the rest is not held in memory."""


class Broken(Exception):
    """The document is truncated or damaged; the objects before that were yielded."""


def form_of(text: str, whole: bool) -> str:
    """Detect the form of a JSON document from its beginning.

    Parameters
    ----------
    text : str
        The beginning.
    whole : bool
        Whether this is the whole document.
    """
    text = text.lstrip(_STRETCHES)
    if text.startswith("["):
        return ARRAY
    lines = [line.strip(_STRETCHES) for line in text.split("\n")]
    lines = [line for line in (lines if whole else lines[:-1]) if line][:20]
    sound = sum(isinstance(_loaded(line), dict) for line in lines)
    if sound > 1 and sound * 2 >= len(lines):
        return LINES
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return FEATURES if _FEATURES.search(text) else LINES if sound else WHOLE
    if text[end:].lstrip(_STRETCHES).startswith("{"):
        return OBJECTS
    return FEATURES if _FEATURES.search(text) else WHOLE


def _loaded(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def objects(source: Iterator[bytes], head: bytes, form: str) -> Iterator[Any]:
    """Yield the objects of a document in any form but LINES, in order.

    Parameters
    ----------
    source : iterator of bytes
        The document.
    head : bytes
        Its beginning, to detect the encoding.
    form : str
        Result of `form_of`.

    Raises
    ------
    Broken
        When it is truncated or damaged.
    """
    encoding, mark = encoding_of(head)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    text = _Text((decoder.decode(piece) for piece in source), mark > 0)
    if form == WHOLE:
        yield from _whole(text)
        return
    if form == ARRAY:
        text.at = text.held.index("[") + 1
    elif form == FEATURES:
        while (found := _FEATURES.search(text.held)) is None:
            if not text.more():
                raise Broken
        text.at = found.end()
    yield from _one_by_one(text, closed=form != OBJECTS)


def objects_from(source: Iterator[bytes], closed: bool) -> Iterator[Any]:
    """Yield the objects of UTF-8 text that begins inside a list; with `closed` the list must end.

    Commas between them may be missing.

    Raises
    ------
    Broken
        When something is not JSON, or the list does not end.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return _one_by_one(_Text((decoder.decode(piece) for piece in source), marked=False), closed)


class _Text:
    """Part of a document in memory, and a position in it."""

    def __init__(self, pieces: Iterator[str], marked: bool) -> None:
        self._pieces, self.held, self.at = pieces, "", 0
        self.more()
        if marked:
            self.held = self.held.lstrip("\ufeff")

    def more(self) -> bool:
        """Drop the text before the position and read at least as much again as is left; False at the end."""
        kept = [self.held[self.at :]]
        wanted = len(kept[0])
        self.at = 0
        for piece in self._pieces:
            kept.append(piece)
            wanted -= len(piece)
            if piece and wanted <= 0:
                break
        found = len(kept) > 1
        self.held = "".join(kept)
        return found


def _one_by_one(text: _Text, closed: bool) -> Iterator[Any]:
    """Objects from the position on; with `closed` their list must end."""
    decode = json.JSONDecoder().raw_decode
    while True:
        between = _BETWEEN.match(text.held, text.at)
        assert between is not None
        text.at = between.end()
        if text.at == len(text.held):
            if not text.more():
                if closed:
                    raise Broken
                return
            continue
        if text.held[text.at] == "]":
            return
        try:
            found, text.at = decode(text.held, text.at)
        except RecursionError:
            raise Broken from None
        except ValueError:
            if len(text.held) - text.at > _LARGEST or not text.more():
                raise Broken from None
            continue
        yield found


def _whole(text: _Text) -> Iterator[Any]:
    """Objects of a single document: the one list of objects in it, or itself."""
    while text.more():
        pass
    document = _loaded(text.held)
    if not isinstance(document, dict):
        raise Broken
    lists = [value for value in document.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    if len(lists) == 1 and "type" not in document:
        yield from lists[0]
    elif "coordinates" in document or "geometries" in document:
        yield {"type": "Feature", "geometry": document, "properties": {}}
    else:
        yield document
