"""The file of towns: columns of differences and lines of names, each compressed by zstd.

Towns are ordered by country, region and longitude, so that neighbours have small differences of position. Positions
are multiples of `STEP`. A population is one byte: its logarithm in steps of 9 %. The file begins with the sizes of its
three parts: a line of JSON and lines of names, lines of other names, which only a search reads, and columns, byte
planes of 32-bit numbers from the lowest.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.zstd import zstd

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Lines", "Packed", "pack", "unpack"]

STEP = 0.005
"""Degrees: positions are exact to some 280 m, less than a town is wide."""
_FINE = 12.0
"""Steps of a population for each unit of its natural logarithm."""
_SIZES = struct.Struct("<3I")
_LEVEL, _WINDOW = 22, 23
"""Level of zstd, and the logarithm of the bytes that it looks back: 5 % larger than xz, and read in a tenth of the
time."""


class Lines(Sequence[str]):
    """Lines of a text in UTF-8, each after a line feed; one is decoded when it is asked for.

    Most who read the towns want the name of one. Decoding those of all takes as long as everything else.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._begins = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")) + 1

    def __len__(self) -> int:
        return len(self._begins)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return list(self)[index]
        begin = int(self._begins[index])
        end = self._text.find(b"\n", begin)
        return self._text[begin : end if end >= 0 else None].decode()

    def __iter__(self) -> Iterator[str]:
        return iter(self._text.decode().split("\n")[1:])


@frozen(kw_only=True)
class Packed:
    """Towns as they are stored."""

    names: Sequence[str]
    others: list[str]
    """Folded other names of each town, with | between them; empty where they were not read."""
    lat: NDArray[np.float64]
    """(n,) degrees."""
    lon: NDArray[np.float64]
    """(n,) degrees."""
    population: NDArray[np.float64]
    """(n,) people, to some 5 %."""
    region: NDArray[np.int64]
    """(n,) index into `regions`."""
    regions: list[tuple[str, str]]
    """Code and name of each: "FI.06", "Pirkanmaa". The code begins with that of the country."""
    countries: list[tuple[str, str, str]]
    """Code, code of three letters, name of each."""


def pack(towns: Packed) -> bytes:
    """Write towns, which are ordered as their neighbours in the file should be."""
    if any("\n" in line for line in (*towns.names, *towns.others)):
        raise ValueError("a name holds the end of a line")
    head = {"towns": len(towns.names), "regions": towns.regions, "countries": towns.countries}
    columns: list[NDArray[np.int64]] = [
        _steps(np.rint(towns.lat / STEP).astype(np.int64)),
        _steps(np.rint(towns.lon / STEP).astype(np.int64)),
        np.rint(np.log(np.maximum(towns.population, 1)) * _FINE).astype(np.int64),
        _steps(towns.region),
    ]
    names = "\n".join([json.dumps(head, ensure_ascii=False, separators=(",", ":")), *towns.names])
    texts = names.encode(), "\n".join(towns.others).encode()
    parts = [_compressed(part) for part in (*texts, b"".join(map(_planes, columns)))]
    return _SIZES.pack(*map(len, parts)) + b"".join(parts)


def unpack(data: bytes, *, others: bool = True) -> Packed:
    """Read towns; the inverse of `pack`, but for what it rounds. Without `others` other names are not read."""
    decompress, parts, begin = zstd().decompress, [], _SIZES.size
    for size in _SIZES.unpack_from(data):
        parts.append(memoryview(data)[begin : begin + size])
        begin += size
    text = decompress(parts[0])
    end = text.find(b"\n")
    end = len(text) if end < 0 else end
    head: dict[str, Any] = json.loads(text[:end])
    n, columns = head["towns"], decompress(parts[2])
    lat, lon, size, region = (_column(columns[4 * n * k : 4 * n * (k + 1)]) for k in range(4))
    return Packed(
        names=Lines(text[end:]),
        others=decompress(parts[1]).decode().split("\n") if others else [],
        lat=np.cumsum(lat).astype(np.float64) * STEP,
        lon=np.cumsum(lon).astype(np.float64) * STEP,
        population=np.exp(size / _FINE),
        region=np.cumsum(region, dtype=np.int64),
        regions=[(code, name) for code, name in head["regions"]],
        countries=[(code, long, name) for code, long, name in head["countries"]],
    )


def _compressed(part: bytes) -> bytes:
    made = zstd()
    options = {made.CompressionParameter.compression_level: _LEVEL, made.CompressionParameter.window_log: _WINDOW}
    packed: bytes = made.compress(part, options=options)
    return packed


def _steps(column: NDArray[np.int64]) -> NDArray[np.int64]:
    """Differences from row to row, the first from 0; the inverse of a cumulative sum."""
    before = np.concatenate((np.zeros(1, np.int64), column[:-1]))
    return column - before


def _planes(column: NDArray[np.int64]) -> bytes:
    """Four planes of bytes; signs are folded in, so that small numbers have small bytes."""
    folded = ((column << 1) ^ (column >> 63)).astype(np.uint32)
    return b"".join((folded >> np.uint32(bits) & np.uint32(255)).astype(np.uint8).tobytes() for bits in (0, 8, 16, 24))


def _column(data: bytes) -> NDArray[np.int32]:
    *low, high = np.frombuffer(data, np.uint8).reshape(4, -1)
    folded = high.astype(np.uint32)
    for plane in reversed(low):
        folded <<= 8
        folded |= plane
    sign = folded & 1
    folded >>= 1
    folded ^= np.negative(sign, out=sign)
    return folded.view(np.int32)
