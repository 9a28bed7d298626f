"""Split NMEA 0183 into sentences and fields, all at once, and check them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.words import counted
from heatlas.sources.formats.arrays import finite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["KINDS", "Checks", "Sentences", "pieces"]

KINDS = (b"GGA", b"GNS", b"RMC", b"GLL", b"ZDA", b"VTG")
"""Kinds of sentences that are split, besides the track points of Magellan, which are called TRK here."""
_MAGELLAN = b"PMGNTRK,"
_WIDTH = 16
"""Bytes of a field that are read."""
_LONGEST = 250
"""Bytes of a sentence; 82 by the standard."""
_PIECE = 1 << 22
"""Bytes that are split at once."""
_HEX = np.full(256, -1, np.int64)
_HEX[[*b"0123456789abcdef"]] = _HEX[[*b"0123456789ABCDEF"]] = np.arange(16)


def pieces(data: bytes) -> Iterator[bytes]:
    """Cut text into pieces of whole lines."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at + _PIECE) + 1 or len(data)
        yield data[at:end]
        at = end


class Sentences:
    """Sentences of known kinds, and their fields."""

    def __init__(self, data: bytes) -> None:
        self._text = text = np.frombuffer(data + b"\n" * 2 * _WIDTH, np.uint8)
        self._windows = np.lib.stride_tricks.sliding_window_view(text, _WIDTH)
        starts = np.flatnonzero(text == ord("$")) + 1
        stops = np.flatnonzero(
            (text == 10) | (text == 13) | (text == ord("$")) | (text == ord("*")) | (text == ord("!"))
        )
        ends = stops[np.searchsorted(stops, starts)]
        names = self._cells(starts, starts + 8)
        kinds = self._cells(starts + 2, starts + 5)
        own = (self._cells(starts + 5, starts + 6) == b",") & np.isin(kinds, KINDS)
        magellan = names == _MAGELLAN
        kept = (own | magellan) & (ends - starts <= _LONGEST)
        self.starts, self.ends = starts[kept], ends[kept]
        self.kinds = np.where(magellan, b"TRK", kinds)[kept]
        self.talkers = self._cells(starts, starts + 2)[kept]
        self._commas = np.append(np.flatnonzero(text == ord(",")), np.full(_WIDTH, len(text)))
        self._first = np.searchsorted(self._commas, self.starts)

    def stated(self) -> NDArray[np.int64]:
        """Checksum that each states; negative where it states none."""
        high, low = (_HEX[self._text[np.minimum(self.ends + k, len(self._text) - 1)]] for k in (1, 2))
        has = (self._text[self.ends] == ord("*")) & (high >= 0) & (low >= 0)
        return np.where(has, high * 16 + low, -1)

    def checksums(self) -> NDArray[np.int64]:
        """Exclusive or of all bytes between the dollar sign and the asterisk."""
        running = np.bitwise_xor.accumulate(self._text)
        return np.asarray(running[self.ends - 1] ^ running[self.starts - 1], np.int64)

    def choose(self, kept: NDArray[np.bool_]) -> None:
        """Leave out all others."""
        self.starts, self.ends, self._first = self.starts[kept], self.ends[kept], self._first[kept]
        self.kinds, self.talkers = self.kinds[kept], self.talkers[kept]

    def texts(self, which: NDArray[np.int64], number: int) -> NDArray[np.bytes_]:
        """Fields with this number, from 0 behind the name; empty where the sentence is shorter."""
        first = self._commas[self._first[which] + number] + 1
        last = np.minimum(self._commas[self._first[which] + number + 1], self.ends[which])
        return self._cells(np.minimum(first, self.ends[which]), last)

    def numbers(self, which: NDArray[np.int64], number: int) -> NDArray[np.float64]:
        """Fields as numbers, NaN for other text."""
        texts = self.texts(which, number)
        try:
            return finite(np.where(texts == b"", b"nan", texts).astype(np.float64))
        except ValueError:
            return finite(np.array([_number(text) for text in texts.tolist()]))

    def _cells(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.bytes_]:
        """Bytes from and to some places, at most `_WIDTH`."""
        cells = self._windows[first]
        cells[np.arange(_WIDTH) >= (last - first)[:, None]] = 0
        return cells.view(f"S{_WIDTH}").ravel()


class Checks:
    """What checksums say of a file: whether they can be believed, and how many sentences are damaged."""

    def __init__(self, first: Sentences) -> None:
        stated = first.stated()
        has = stated >= 0
        self._all, self._bad = int(has.sum()), int((has & (stated != first.checksums())).sum())
        self._believed = 2 * self._bad <= self._all
        self._usual = 2 * self._all > len(stated)
        self._wrong = self._lacking = 0

    def leave_out_damaged(self, held: Sentences) -> None:
        """Leave out sentences whose checksum is wrong or was cut off."""
        if not self._believed or not len(held.starts):
            return
        stated = held.stated()
        wrong = (stated >= 0) & (stated != held.checksums())
        lacking = (stated < 0) & self._usual
        self._wrong += int(wrong.sum())
        self._lacking += int(lacking.sum())
        held.choose(~wrong & ~lacking)

    def told(self) -> list[str]:
        """Warnings, once all sentences were seen."""
        if not self._believed:
            number = f"{self._bad:,} of {self._all:,}"
            return [f"most checksums are wrong ({number}), so that they say nothing: all sentences were read"]
        return [
            f"{counted(number, 'sentences')} {what} {'is' if number == 1 else 'are'} left out"
            for number, what in ((self._wrong, "with a wrong checksum"), (self._lacking, "without a checksum"))
            if number
        ]


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
