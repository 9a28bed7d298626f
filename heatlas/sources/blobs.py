"""Bytes with random access: a file, a part of one, or unpacked bytes in a temporary file."""

from __future__ import annotations

import io
import os
import tempfile
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from heatlas.core.errors import Unreadable
from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = ["Blob", "Content", "Distant", "Shelf"]


class Shelf:
    """A temporary file without a name. It is created at the first `put`, and deleted with the last reference to it.

    Processes that are forked later can read it too.
    """

    def __init__(self) -> None:
        self._descriptor = -1
        self._end = 0
        self._lock = threading.Lock()

    def put(self, pieces: Iterable[bytes]) -> Blob:
        """Append some bytes.

        Raises
        ------
        OSError
            When the disk of temporary files is full.
        """
        if self._descriptor < 0:
            with tempfile.TemporaryFile(prefix="heatlas-") as file:
                self._descriptor = os.dup(file.fileno())
            weakref.finalize(self, os.close, self._descriptor)
        start = self._end
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                with self._lock:
                    os.lseek(self._descriptor, self._end, os.SEEK_SET)
                    written = os.write(self._descriptor, rest)
                self._end += written
                rest = rest[written:]
        return Blob(self, start, self._end - start)

    def read_at(self, start: int, size: int) -> bytes:
        """Read up to `size` bytes, from any thread or forked process."""
        if hasattr(os, "pread"):
            return os.pread(self._descriptor, size, start)
        with self._lock:  # Windows, where nothing is forked
            os.lseek(self._descriptor, start, os.SEEK_SET)
            return os.read(self._descriptor, size)


@frozen
class Blob:
    """A range of bytes of a file or shelf."""

    place: Path | Shelf
    start: int
    """Offset of the first byte."""
    size: int
    """Number of bytes."""

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the range for reading, seekable. Each call opens it anew, so threads share nothing."""
        if isinstance(self.place, Shelf):
            yield _buffered(self.place.read_at, self.start, self.size)
            return
        with self.place.open("rb") as file:
            if not self.start:
                yield file
                return

            def read_at(start: int, size: int) -> bytes:
                file.seek(start)
                return file.read(size)

            yield _buffered(read_at, self.start, self.size)

    def stretch(self, start: int, size: int) -> Blob:
        """Part of this range."""
        return Blob(self.place, self.start + start, min(size, max(self.size - start, 0)))

    def piece(self, start: int, size: int) -> bytes:
        """Read some bytes from an offset on; fewer where there are no more."""
        size = max(min(size, self.size - start), 0)
        if isinstance(self.place, Shelf):
            return self.place.read_at(self.start + start, size)
        with self.place.open("rb", buffering=0) as file:
            file.seek(self.start + start)
            return file.read(size)

    def head(self, size: int) -> bytes:
        """Read the first bytes."""
        with self.opened() as file:
            return file.read(min(size, self.size))


class Distant:
    """Content that stays where it is, and is read slice by slice, for files that are larger than memory."""

    __slots__ = ("_blob",)

    def __init__(self, blob: Blob) -> None:
        self._blob = blob

    def __len__(self) -> int:
        """Return its size in bytes."""
        return self._blob.size

    def __getitem__(self, part: slice) -> bytes:
        """Read a slice of it.

        Raises
        ------
        Unreadable
            When it cannot be read any more.
        """
        start, stop, _ = part.indices(self._blob.size)
        try:
            return self._blob.piece(start, stop - start)
        except OSError as error:
            raise Unreadable(f"cannot be read: {error.strerror or error}") from None

    def __bytes__(self) -> bytes:
        """Read all of it."""
        return self[:]


Content = bytes | Distant
"""Content of a file: only its length and slices may be asked for."""


def _buffered(read_at: Callable[[int, int], bytes], start: int, size: int) -> BinaryIO:
    return io.BufferedReader(_Stretch(read_at, start, size), 1 << 16)


class _Stretch(io.RawIOBase):
    """A range of bytes as a raw file."""

    def __init__(self, read_at: Callable[[int, int], bytes], start: int, size: int) -> None:
        super().__init__()
        self._read_at, self._start, self._size, self._at = read_at, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        data = self._read_at(self._start + self._at, max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
