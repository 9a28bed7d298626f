"""Remember how this process left libraries whose rows it has looked at, so that it need not look at them again.

Before a library is written, all of its small rows are compared with their digests and copies, which takes seconds where
there are very many. A process that opens the same library again and again, as one that follows a folder does, would
look as often. Nothing is to be found while nobody else changed the file: its chain of states ends where this process
left it, and size and times of the file and its log are those that it left.

What decays on the disk meanwhile is found when it is read, as in a process that keeps its library open.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from heatlas.library.file.states import log_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heatlas.library.file.states import States

__all__ = ["LOOKED", "Looked"]

_WORTH = 0.05
"""Seconds from which on a look is remembered: a shorter one is simply repeated."""
_MOST = 64
"""Files that are remembered."""


class _Left(NamedTuple):
    """How a file was left."""

    states: States
    times: tuple[int, ...]


class Looked:
    """Files of this process, by device and inode; for all threads."""

    def __init__(self) -> None:
        self._left: dict[tuple[int, int], _Left] = {}
        self._lock = threading.Lock()

    def is_as_left(self, path: Path, states: States | None) -> bool:
        """Whether a library is as this process left it, after a look at its rows."""
        found = _file(path)
        with self._lock:
            return found is not None and self._left.get(found[0]) == (states, found[1])

    def leave(self, path: Path, states: States | None, seconds: float = _WORTH) -> None:
        """Note a state that this process has written, on rows that it has looked at in so many seconds."""
        found = _file(path)
        if found is None or states is None or seconds < _WORTH:
            return
        with self._lock:
            self._left.pop(found[0], None)
            self._left[found[0]] = _Left(states, found[1])
            for oldest in list(self._left)[:-_MOST]:
                del self._left[oldest]

    @contextmanager
    def moving(self, path: Path) -> Iterator[None]:
        """Follow a file while this process moves its log into it, or shrinks it, which changes no state."""
        before = _file(path)
        yield
        after = _file(path)
        if before is None or after is None or before[0] != after[0]:
            return
        with self._lock:
            left = self._left.get(before[0])
            if left is not None and left.times == before[1]:
                self._left[before[0]] = left._replace(times=after[1])


LOOKED = Looked()
"""What this process knows."""


def _file(path: Path) -> tuple[tuple[int, int], tuple[int, ...]] | None:
    """Device and inode of a file; size and times of it and of its log, if that holds anything; None if it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    times: tuple[int, ...] = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    try:
        log = log_of(path).stat()
    except OSError:
        log = None
    if log is not None and log.st_size:
        times += (log.st_size, log.st_mtime_ns)
    return (status.st_dev, status.st_ino), times
