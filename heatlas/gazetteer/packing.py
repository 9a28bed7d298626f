"""The file of towns: columns of differences and lines of names, compressed together.

Towns are ordered by country, region and longitude, so that neighbours have small differences of position. Positions
are multiples of `STEP`. A population is one byte: its logarithm in steps of 9 %. The parts follow each other: a line of
JSON, the lines of names, the lines of other names, and the columns, byte planes of 32-bit numbers from the lowest.
"""

from __future__ import annotations

import json
import lzma
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Packed", "pack", "unpack"]

STEP = 0.005
"""Degrees: positions are exact to some 280 m, less than a town is wide."""
_FINE = 12.0
"""Steps of a population for each unit of its natural logarithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """Towns as they are stored."""

    names: list[str]
    others: list[str]
    """Folded other names of each town, with | between them."""
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
    lines = [*towns.names, *towns.others]
    if any("\n" in line for line in lines):
        raise ValueError("a name holds the end of a line")
    head = {"towns": len(towns.names), "regions": towns.regions, "countries": towns.countries}
    columns: list[NDArray[np.int64]] = [
        _steps(np.rint(towns.lat / STEP).astype(np.int64)),
        _steps(np.rint(towns.lon / STEP).astype(np.int64)),
        np.rint(np.log(np.maximum(towns.population, 1)) * _FINE).astype(np.int64),
        _steps(towns.region),
    ]
    text = "\n".join([json.dumps(head, ensure_ascii=False, separators=(",", ":")), *lines, ""]).encode()
    data = text + b"".join(map(_planes, columns))
    return lzma.compress(data, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, preset=9 | lzma.PRESET_EXTREME)


def unpack(data: bytes) -> Packed:
    """Read towns; the inverse of `pack`, but for what it rounds."""
    content = lzma.decompress(data)
    cut = content.index(b"\n")
    head: dict[str, Any] = json.loads(content[:cut])
    n = head["towns"]
    body, columns = content[cut + 1 : len(content) - 16 * n], content[len(content) - 16 * n :]
    lines = body.decode().split("\n")
    lat, lon, size, region = (_column(columns[4 * n * k : 4 * n * (k + 1)]) for k in range(4))
    return Packed(
        names=lines[:n],
        others=lines[n : 2 * n],
        lat=np.cumsum(lat).astype(np.float64) * STEP,
        lon=np.cumsum(lon).astype(np.float64) * STEP,
        population=np.exp(size / _FINE),
        region=np.cumsum(region),
        regions=[(code, name) for code, name in head["regions"]],
        countries=[(code, long, name) for code, long, name in head["countries"]],
    )


def _steps(column: NDArray[np.int64]) -> NDArray[np.int64]:
    """Differences from row to row, the first from 0; the inverse of a cumulative sum."""
    before = np.concatenate((np.zeros(1, np.int64), column[:-1]))
    return column - before


def _planes(column: NDArray[np.int64]) -> bytes:
    """Four planes of bytes; signs are folded in, so that small numbers have small bytes."""
    folded = ((column << 1) ^ (column >> 63)).astype(np.uint32)
    return b"".join((folded >> np.uint32(bits) & np.uint32(255)).astype(np.uint8).tobytes() for bits in (0, 8, 16, 24))


def _column(data: bytes) -> NDArray[np.int64]:
    planes = np.frombuffer(data, np.uint8).reshape(4, -1).astype(np.int64)
    folded = planes[0] | planes[1] << 8 | planes[2] << 16 | planes[3] << 24
    column: NDArray[np.int64] = (folded >> 1) ^ -(folded & 1)
    return column
