"""Write and read PMTiles: one file of tiles for any web server that supports range requests.

Format: PMTiles Version 3 Specification, https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md.
"""

from __future__ import annotations

import gzip
import json
import struct
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import SourceFailed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.publish.sink import Metadata

__all__ = ["Directory", "read_directory", "read_metadata", "write_archive"]

_HEADER = struct.Struct("<7sB11QBBBBBB4iB2i")
"""Magic, version; offset and length of root, metadata, leaves and data; counts; types; zooms; bounds; centre."""
_MAGIC, _VERSION = b"PMTiles", 3
_ROOM = 16384
"""Bytes in which the header and the root must fit."""
_GZIP, _PLAIN = 2, 1
_TYPES = {"png": 2, "webp": 4}
_LEAF = 4096
"""Entries of a leaf; doubled until the root is short enough."""


@dataclass(frozen=True, slots=True)
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


def _tree(entries: Directory) -> tuple[bytes, bytes]:
    """Root of the directory, and its leaves if the root alone would be too long."""
    root = pack_directory(entries)
    if len(root) <= _ROOM - _HEADER.size:
        return root, b""
    size = _LEAF
    while True:
        cuts = list(range(0, len(entries), size))
        leaves = [pack_directory(entries.part(cut, cut + size)) for cut in cuts]
        lengths = np.array([len(leaf) for leaf in leaves])
        root = pack_directory(
            Directory(entries.numbers[cuts], np.zeros_like(lengths), np.cumsum(lengths) - lengths, lengths)
        )
        if len(root) <= _ROOM - _HEADER.size:
            return root, b"".join(leaves)
        size *= 2


def write_archive(path: Path, tiles: Directory, pieces: Iterable[bytes], metadata: Metadata, generation: str) -> None:
    """Write an archive.

    Parameters
    ----------
    path : Path
        File to write; it is overwritten.
    tiles : Directory
        One entry for each tile; equal tiles may share their offset. Other offsets ascend without gaps.
    pieces : iterable of bytes
        All data, in order.
    metadata : Metadata
        Metadata of all tiles.
    generation : str
        Identifier stored in the archive's metadata.
    """
    entries = joined(tiles)
    root, leaves = _tree(entries)
    about = gzip.compress(json.dumps(_about(metadata, generation), ensure_ascii=False).encode(), 6, mtime=0)
    size = int((tiles.offsets + tiles.lengths).max(initial=0))
    parts, at = [], _HEADER.size
    for length in (len(root), len(about), len(leaves), size):
        parts += [at, length]
        at += length
    contents = len(np.unique(tiles.offsets))
    degrees = [round(edge * 1e7) for edge in metadata.bounds]
    lon, lat, zoom = metadata.center
    header = _HEADER.pack(
        _MAGIC, _VERSION, *parts, len(tiles), len(entries), contents, 1, _GZIP, _PLAIN, _TYPES[metadata.form],
        *metadata.zooms, *degrees, zoom, round(lon * 1e7), round(lat * 1e7),
    )  # fmt: skip
    with path.open("wb") as file:
        for piece in (header, root, about, leaves):
            file.write(piece)
        for data in pieces:
            file.write(data)


def _about(metadata: Metadata, generation: str) -> dict[str, Any]:
    data = {
        "name": metadata.title,
        "description": metadata.description,
        "attribution": metadata.attribution,
        "type": "overlay",
        "version": "1",
        "legend": metadata.legend,
        "generation": generation,
    }
    return {name: value for name, value in data.items() if value}


def _read_header(file: IO[bytes]) -> tuple[int, ...]:
    head = file.read(_HEADER.size)
    if len(head) < _HEADER.size or not head.startswith(_MAGIC + bytes([_VERSION])):
        raise SourceFailed("it is no PMTiles archive of version 3")
    return tuple(_HEADER.unpack(head)[2:])


def read_directory(file: IO[bytes]) -> tuple[Directory, int]:
    """Read the directory of an archive, with one entry for each tile.

    Returns
    -------
    Directory, int
        The directory, and the offset of the data in the file.

    Raises
    ------
    SourceFailed
        When the file is no archive.
    """
    root_at, root_size, _, _, leaves_at, _, data_at = _read_header(file)[:7]
    entries = unpack_directory(_at(file, root_at, root_size))
    leaf = entries.runs == 0
    parts = [entries.part(0, 0)]
    for k in range(len(entries)):
        if leaf[k]:
            data = _at(file, leaves_at + int(entries.offsets[k]), int(entries.lengths[k]))
            parts.append(unpack_directory(data))
    if leaf.any():
        columns = [np.concatenate([getattr(p, name) for p in parts]) for name in Directory.__slots__]
        entries = Directory(*columns)
    return entries.whole(), data_at


def read_metadata(file: IO[bytes]) -> dict[str, Any]:
    """Read the metadata of an archive."""
    _, _, at, size = _read_header(file)[:4]
    data: dict[str, Any] = json.loads(gzip.decompress(_at(file, at, size)))
    return data


def _at(file: IO[bytes], at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)
