"""Encoded passages that wait to be written: in memory, and where they are many in a temporary file without a name."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO

    from numpy.typing import NDArray

    from heatlas.library.index.encoding import EncodedTiles

__all__ = ["GatheredTiles"]

_IN_MEMORY = 32 << 20
"""Bytes that are held in memory; the data of what comes later lies in the file."""
_MOST, _FILED = 64 << 20, 128 << 20
"""Bytes in memory, what tells where data lies among them, and in the file, from which all is written to the index.
Until then what is added to a tile goes into one chunk: the passages of some 500 activities."""


class GatheredTiles:
    """Passages of groups of tracks by zoom, encoded. A context manager that closes the file."""

    def __init__(self, zooms: Iterable[int]) -> None:
        self._parts: dict[int, list[EncodedTiles]] = {zoom: [] for zoom in zooms}
        self._file: FileIO | None = None
        self._held, self._filed, self._refused = 0, 0, False

    def __enter__(self) -> GatheredTiles:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, zoom: int, part: EncodedTiles) -> None:
        """Take what a group of tracks left in tiles of a zoom."""
        self._held += part.nbytes
        if self._held + len(part.data) <= _IN_MEMORY:
            self._held += len(part.data)
        else:
            part = self._stored(part)
        self._parts[zoom].append(part)

    @property
    def is_full(self) -> bool:
        """Whether it is time to write."""
        return self._refused or self._held > _MOST or self._filed > _FILED

    def take(self) -> Iterator[tuple[int, list[EncodedTiles]]]:
        """All of it, zoom by zoom; forgotten as it is taken."""
        for zoom, parts in self._parts.items():
            self._parts[zoom] = []
            if parts:
                yield zoom, parts
        self._held, self._filed, self._refused = 0, 0, False

    def _stored(self, part: EncodedTiles) -> EncodedTiles:
        """Part with its data in the file; as it is where the disk of temporary files is full."""
        data = part.data
        assert isinstance(data, np.ndarray)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0, prefix="heatlas-")  # noqa: SIM115 - see `__exit__`
            self._file.seek(self._filed)
            self._refused = self._file.write(data.data) < len(data)
        except OSError:
            self._refused = True
        if self._refused or self._file is None:
            return part
        stored = _StoredBytes(self._file, self._filed, len(data))
        self._filed += len(data)
        return replace(part, data=stored)


class _StoredBytes:
    """Bytes of a file; for one thread."""

    __slots__ = ("_file", "_first", "_size")

    def __init__(self, file: FileIO, first: int, size: int) -> None:
        self._file, self._first, self._size = file, first, size

    def __len__(self) -> int:
        return self._size

    def read_into(self, begin: int, out: NDArray[np.uint8]) -> None:
        self._file.seek(self._first + begin)
        read, room = 0, out.data
        while read < len(room):
            more = self._file.readinto(room[read:])
            if not more:
                raise OSError("a temporary file is shorter than what was written to it")
            read += more
