"""Recordings in buckets: listed by name, and read some files ahead."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from heatlas.core.errors import SourceFailed, Unreadable, printable
from heatlas.core.filesystems import NOT_THERE
from heatlas.sources.compression import PACKED
from heatlas.sources.containers import look
from heatlas.sources.formats.known import TRUSTED
from heatlas.sources.found_files import At, Entry, Walk, is_clutter
from heatlas.sources.left_out import left_out
from heatlas.sources.sheets.kinds import Sheet, sheet_kind
from heatlas.sources.sniff import kind
from heatlas.sources.zips import MAX_BYTES, Budget

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heatlas.core.batch import Unread
    from heatlas.core.filesystems import Found, Location

__all__ = ["remote_entries"]

_AHEAD = 24
"""Files that are read ahead at once: an answer takes some 30 ms, a recording of 100 kB 2 ms to read."""
_LARGE = 16 << 20
"""Bytes from which a file is not read ahead."""
_HEAD = 1 << 16


def remote_entries(walk: Walk, location: Location, given: bool) -> Iterator[Entry | Unread]:
    """List the files of a bucket, a folder in it or a pattern, as `heatlas.sources.archive.entries` does on a disk.

    Files that are called as recordings are read when it is their turn. Of others the beginning is read; archives, and
    what may be a recording, are copied to a temporary file.

    Parameters
    ----------
    walk : Walk
        Tables of exports are added to it.
    location : Location
        A folder, a file or a pattern.
    given : bool
        Whether it is one file that was named.

    Raises
    ------
    SourceFailed
        When the bucket cannot be listed or read.
    """
    trusted: list[Found] = []
    others: list[Found] = []
    for file in location.found():
        if any(map(is_clutter, PurePosixPath(file.location.path[len(location.path) :]).parts)):
            continue
        name = printable(file.location.uri)
        if sheet := sheet_kind(file.location.name):
            walk.tables.append(Sheet(name, partial(_read, file.location), sheet))
        else:
            (trusted if name.lower().endswith(TRUSTED) else others).append(file)
    ahead = _Ahead([file.location for file in trusted if file.size <= _LARGE])
    for file in trusted:
        read = partial(ahead.read, file.location) if file.size <= _LARGE else partial(_read, file.location)
        yield Entry(printable(file.location.uri), read, file.size, changed=file.changed)
    for file in others:
        yield from _look(walk, file, given)


def _look(walk: Walk, file: Found, given: bool) -> Iterator[Entry | Unread]:
    """Look into a file that is not called as recordings are."""
    name = printable(file.location.uri)
    with file.location.opened() as source:
        head = bytes(source.read(_HEAD))
        if kind(head) not in {"zip", "tar", *PACKED}:
            left = left_out(name, head)
            if left is not None:
                yield replace(left, file=name, failed=left.failed and given)
                return
        source.seek(0)
        blob = walk.shelf.put(iter(lambda: bytes(source.read(1 << 22)), b""))
    for item in look(walk, blob, name, At(Path(), Budget(file.size)), given):
        yield replace(item, changed=file.changed) if isinstance(item, Entry) else item


def _read(location: Location) -> bytes:
    """Read a whole file.

    Raises
    ------
    Unreadable
        When it is gone.
    SourceFailed
        When the bucket cannot be read, which is no fault of the file.
    """
    try:
        data = location.read()
    except SourceFailed as error:
        if NOT_THERE in str(error):
            raise Unreadable("it was gone before it was read") from None
        raise
    if len(data) > MAX_BYTES:
        raise Unreadable("larger than 1 GiB, as no recording is")
    return data


class _Ahead:
    """Files that are read in threads before it is their turn."""

    def __init__(self, files: Sequence[Location]) -> None:
        self._files = files
        self._places = {file.path: k for k, file in enumerate(files)}
        self._waiting: dict[int, Future[bytes]] = {}
        self._next = 0
        self._pool: ThreadPoolExecutor | None = None

    def read(self, file: Location) -> bytes:
        """Read a file, and have the next ones read."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_AHEAD, "heatlas-bucket")
        place = self._places[file.path]
        if place >= self._next or place not in self._waiting:  # skipped, as those that an import knows, or read again
            self._next = max(self._next, place)
            self._waiting.setdefault(place, self._pool.submit(_read, file))
            self._next = max(self._next, place + 1)
        while self._next < min(place + _AHEAD, len(self._files)):
            self._waiting[self._next] = self._pool.submit(_read, self._files[self._next])
            self._next += 1
        for passed in [k for k in self._waiting if k < place]:
            self._waiting.pop(passed).cancel()
        found = self._waiting.pop(place).result()
        if place + 1 == len(self._files):
            self._pool.shutdown(wait=False)
            self._pool = None
        return found
