"""Text of a file that may be larger than memory: a part of it, which moves forwards."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any

from heatlas.sources.tables.streams import encoding_of

if TYPE_CHECKING:
    import re

    from heatlas.sources.blobs import Content

__all__ = ["TextWindow"]

_PIECE = 1 << 20
"""Bytes that are read at once."""
_LARGEST = 1 << 27
"""Most characters of one value; what is longer counts as damaged, so that it is not held in memory."""
_HEAD = 4096
_NEAR = 16
"""Characters before the end of what was read in which a fault may be that the rest is missing."""
_JSON = json.JSONDecoder()


class TextWindow:
    """A part of a text, from a place on; places are counted from its beginning, and move with it.

    Parameters
    ----------
    data : Content
        The file, in any encoding; invalid bytes become U+FFFD. It is read in slices.
    """

    __slots__ = ("_at", "_data", "_decoder", "text")

    def __init__(self, data: Content) -> None:
        self._data = data
        encoding, self._at = encoding_of(data[:_HEAD])
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self.text = ""
        """The part."""

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return len(self._data)

    @property
    def is_last(self) -> bool:
        """Whether nothing stands behind the part."""
        return self._at >= len(self._data)

    def more(self) -> bool:
        """Read as much again as is held, at least a megabyte; False at the end of the text."""
        wanted = max(len(self.text), _PIECE)
        pieces = [self.text]
        while wanted > 0 and not self.is_last:
            piece = self._data[self._at : self._at + _PIECE]
            self._at = self._at + len(piece) if piece else len(self._data)
            pieces.append(self._decoder.decode(piece, self.is_last))
            wanted -= len(pieces[-1])
        self.text = "".join(pieces)
        return len(self.text) > len(pieces[0])

    def drop(self, at: int) -> int:
        """Forget the text before a place, once it is much; returns the new place of it."""
        if at < min(_PIECE, len(self.text)):
            return at
        self.text = self.text[at:]
        return 0

    def skip(self, pattern: re.Pattern[str], at: int) -> int:
        """Place behind a run of characters, such as blanks; the text before it may be forgotten."""
        while True:
            match = pattern.match(self.text, at)
            at = at if match is None else match.end()
            if at < len(self.text):
                return at
            at = self.drop(at)
            if not self.more():
                return at

    def search(self, pattern: re.Pattern[str], at: int, longest: int) -> tuple[int, int] | None:
        """Places of the first match from a place on, of up to so many characters; what is before may be forgotten."""
        while True:
            found = pattern.search(self.text, at)
            if found is not None and (found.end() < len(self.text) or self.is_last):
                return found.span()
            at = self.drop(max(len(self.text) - longest, at))
            if not self.more() and found is None:
                return None

    def parse(self, at: int) -> tuple[Any, int]:
        """Parse the JSON value at a place, to its end: it, and the place behind it.

        Raises
        ------
        JSONDecodeError
            When it is damaged, cut off, or too long; `pos` is the place of the fault.
        RecursionError
            When it is nested too deep.
        """
        while True:
            try:
                value, end = _JSON.raw_decode(self.text, at)
            except json.JSONDecodeError as error:
                is_short = error.pos >= len(self.text) - _NEAR or error.msg.startswith("Unterminated")
                if is_short and len(self.text) - at < _LARGEST and self.more():
                    continue
                raise
            may_go_on = isinstance(value, (int, float)) and end >= len(self.text) - _NEAR  # as after "12."
            if not may_go_on or not self.more():
                return value, end
