"""Convert columns of numbers to bytes: decimals as whole numbers, all others as their bits.

The differences of neighbours are written byte by byte, all lowest bytes first, as zstd compresses these well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import SourceFailed
from heatlas.kernels.planes import add_up_whole, take_apart_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Reader", "decimals_bytes", "single_bytes", "whole_bytes"]

_DECIMALS = 10
_BITS = 255
"""Value in place of the number of decimals, for numbers that are written as their bits."""
_LARGEST = 2.0**53
_SINGLES, _UNKNOWN = 5, -(1 << 31)
"""Most decimals of a float32, plus 1, and the whole number that stands for NaN."""
_FEW = 64


def whole_bytes(values: NDArray[Any]) -> bytes:
    """Bytes of whole numbers (n,) of 64 bits: a byte with the width of a difference, and the differences."""
    count = len(values)
    words, planes = np.empty(count, np.uint64), np.empty(8 * count, np.uint8)
    width = take_apart_whole(np.ascontiguousarray(values, np.int64), words, planes)
    return bytes([width]) + planes[: width * count].tobytes()


def decimals_bytes(values: NDArray[np.float64]) -> bytes:
    """Bytes of numbers (n,): a byte with their number of decimals, and whole numbers; or their bits."""
    for decimals in range(_DECIMALS):
        whole = None if _as_whole(values[:_FEW], decimals) is None else _as_whole(values, decimals)
        if whole is not None:
            return bytes([decimals]) + whole_bytes(whole)
    return bytes([_BITS]) + whole_bytes(np.ascontiguousarray(values).view(np.int64))


def single_bytes(values: NDArray[np.float32]) -> bytes | None:
    """Bytes of float32 numbers (n,), NaN among them: a byte with their decimals, and whole numbers.

    None where they have many decimals, or are very large.
    """
    for decimals in range(_SINGLES):
        whole = None if _single_whole(values[:_FEW], decimals) is None else _single_whole(values, decimals)
        if whole is not None:
            return bytes([decimals]) + whole_bytes(whole)
    return None


def _single_whole(values: NDArray[np.float32], decimals: int) -> NDArray[np.int64] | None:
    """Whole numbers that `_singles` makes all values of, to the last bit; None if there are none."""
    scaled = np.rint(values * np.float64(10.0**decimals))
    unknown = np.isnan(values)
    if unknown.any():
        scaled[unknown] = _UNKNOWN
    if not (np.abs(scaled) <= -_UNKNOWN).all():
        return None
    whole = scaled.astype(np.int64)
    return whole if np.array_equal(_singles(whole, decimals).view(np.int32), values.view(np.int32)) else None


def _singles(whole: NDArray[np.int64], decimals: int) -> NDArray[np.float32]:
    found = (whole / 10.0**decimals).astype(np.float32)
    found[whole == _UNKNOWN] = np.nan
    return found


def _as_whole(values: NDArray[np.float64], decimals: int) -> NDArray[np.int64] | None:
    """Whole numbers that, divided by a power of ten, equal all values to the last bit; None if there are none."""
    factor = 10.0**decimals
    scaled = values * factor
    if not (np.abs(scaled) < _LARGEST).all():
        return None
    whole = np.rint(scaled).astype(np.int64)
    return whole if np.array_equal((whole / factor).view(np.int64), values.view(np.int64)) else None


class Reader:
    """Reader of columns that follow each other in bytes.

    Raises
    ------
    SourceFailed
        When the bytes end too early, or are not a column.
    """

    __slots__ = ("_at", "_data")

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self._data, self._at = data, 0

    def _take(self, size: int) -> NDArray[np.uint8]:
        taken = self._data[self._at : self._at + size]
        self._at += size
        if len(taken) < size:
            raise SourceFailed("the library is damaged: a column of numbers is cut off")
        return taken

    def byte(self) -> int:
        """Read one byte."""
        return int(self._take(1)[0])

    def whole(self, count: int) -> NDArray[np.int64]:
        """Read whole numbers that `whole_bytes` wrote."""
        width = self.byte()
        if width > 8:
            raise SourceFailed("the library is damaged: a column of numbers is none")
        planes, words = self._take(count * width), np.empty(count, np.uint64)
        add_up_whole(planes, width, words)
        return words.view(np.int64)

    def decimals(self, count: int) -> NDArray[np.float64]:
        """Read numbers that `decimals_bytes` wrote."""
        decimals = self.byte()
        whole = self.whole(count)
        if decimals == _BITS:
            return whole.view(np.float64)
        if decimals >= _DECIMALS:
            raise SourceFailed("the library is damaged: a column of numbers is none")
        return np.asarray(whole / 10.0**decimals)

    def singles(self, count: int) -> NDArray[np.float32]:
        """Read numbers that `single_bytes` wrote."""
        decimals = self.byte()
        if decimals >= _SINGLES:
            raise SourceFailed("the library is damaged: a column of numbers is none")
        return _singles(self.whole(count), decimals)
