"""Directories of PMTiles: where each tile lies in the file.

Format: PMTiles Version 3 Specification, https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md.
"""

from __future__ import annotations

import gzip
import struct
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "HEADER", "MAGIC", "VERSION", "Directory", "joined", "pack_directory", "read_varints", "unpack_directory",
    "varints",
]  # fmt: skip

HEADER = struct.Struct("<7sB11QBBBBBB4iB2i")
"""Magic, version; offset and length of root, metadata, leaves and data; counts; types; zooms; bounds; centre."""
MAGIC, VERSION = b"PMTiles", 3


@frozen
class Directory:
    """Offsets and lengths of tiles in the file."""

    numbers: NDArray[np.int64]
    """(n,) along the Hilbert curve, ascending; each is the first of a run."""
    runs: NDArray[np.int64]
    """(n,) consecutive numbers with the same data; 0: the entry is a leaf of the directory."""
    offsets: NDArray[np.int64]
    """(n,) bytes from the start of the data."""
    lengths: NDArray[np.int64]
    """(n,) bytes."""

    def __len__(self) -> int:
        return len(self.numbers)

    def part(self, first: int, last: int) -> Directory:
        """Slice of the entries."""
        return Directory(*(plane[first:last] for plane in (self.numbers, self.runs, self.offsets, self.lengths)))

    def whole(self) -> Directory:
        """Expand runs to one entry for each tile."""
        steps = np.arange(int(self.runs.sum())) - np.repeat(np.cumsum(self.runs) - self.runs, self.runs)
        return Directory(
            np.repeat(self.numbers, self.runs) + steps, np.ones(len(steps), np.int64),
            np.repeat(self.offsets, self.runs), np.repeat(self.lengths, self.runs),
        )  # fmt: skip


def joined(entries: Directory) -> Directory:
    """Merge consecutive entries with the same data into runs; the inverse of `Directory.whole`."""
    if not len(entries):
        return entries
    ends = entries.numbers + entries.runs
    new = np.ones(len(entries), np.bool_)
    new[1:] = (entries.offsets[1:] != entries.offsets[:-1]) | (entries.numbers[1:] != ends[:-1])
    begins = np.flatnonzero(new)
    runs = np.add.reduceat(entries.runs, begins)
    return Directory(entries.numbers[begins], runs, entries.offsets[begins], entries.lengths[begins])


def varints(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Write whole numbers, 0 or more, as varints: seven bits to a byte, the lowest first (as Protocol Buffers do)."""
    left = values.astype(np.uint64)
    sizes = np.ones(len(left), np.int64)
    for bits in range(7, 64, 7):
        sizes += left >= np.uint64(1) << np.uint64(bits)
    at = np.cumsum(sizes) - sizes
    out = np.zeros(int(sizes.sum()), np.uint8)
    for k in range(int(sizes.max(initial=0))):
        there = sizes > k
        more = np.where(sizes[there] > k + 1, 128, 0).astype(np.uint8)
        out[at[there] + k] = (left[there] & np.uint64(127)).astype(np.uint8) | more
        left = left >> np.uint64(7)
    return out


def read_varints(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Read varints; the inverse of `varints`."""
    last = np.flatnonzero(data < 128)
    begins = np.concatenate(([0], last[:-1] + 1)) if len(last) else last
    place = np.arange(int(last[-1]) + 1 if len(last) else 0) - np.repeat(begins, last - begins + 1)
    parts = (data[: len(place)] & 127).astype(np.int64) << (7 * place)
    return np.add.reduceat(parts, begins) if len(begins) else np.zeros(0, np.int64)


def pack_directory(entries: Directory) -> bytes:
    """Write a directory, gzipped (section 5 of the specification)."""
    offsets = entries.offsets + 1
    follows = np.zeros(len(entries), np.bool_)
    follows[1:] = entries.offsets[1:] == entries.offsets[:-1] + entries.lengths[:-1]
    offsets[follows] = 0
    columns = (
        np.array([len(entries)]), np.diff(entries.numbers, prepend=0), entries.runs, entries.lengths, offsets,
    )  # fmt: skip
    return gzip.compress(varints(np.concatenate(columns)).tobytes(), 6, mtime=0)


def unpack_directory(data: bytes) -> Directory:
    """Read a directory; the inverse of `pack_directory`."""
    numbers = read_varints(np.frombuffer(gzip.decompress(data), np.uint8))
    count = int(numbers[0])
    steps, runs, lengths, told = numbers[1 : 1 + 4 * count].reshape(4, count)
    # 0 means "right behind the entry before": such offsets count from the last explicit one.
    base = np.maximum.accumulate(np.where(told > 0, np.arange(count), 0))
    before = np.cumsum(lengths) - lengths
    return Directory(np.cumsum(steps), runs, told[base] - 1 + before - before[base], lengths)
