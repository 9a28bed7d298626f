"""A cache with a limit in bytes. Each value is made once, even when several threads ask at the same time."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Cache"]

T = TypeVar("T")
_OVERHEAD = 200
"""Bytes of an entry besides its value."""


class Cache(Generic[T]):
    """Values used last, up to a limit in bytes; thread-safe."""

    __slots__ = ("_bytes", "_entries", "_limit", "_lock", "_making", "_size")

    def __init__(self, limit: int, size: Callable[[T], int]) -> None:
        self._limit, self._size = limit, size
        self._entries: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._making: dict[Hashable, Future[T]] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """Size of all entries, with their keys: whoever asks chooses how long these are."""
        return self._bytes

    def look(self, key: Hashable) -> T | None:
        """Stored value, or None."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Stored value; else make it while others that ask for it wait. A failure is raised to all and not stored."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key][0]
            waiting = self._making.get(key)
            if waiting is None:
                mine = self._making[key] = Future()
        if waiting is not None:
            return waiting.result()
        try:
            made = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._making[key]
            self._keep(key, made)
        mine.set_result(made)
        return made

    def forget(self, stale: Callable[[Hashable], bool]) -> None:
        """Remove the entries of stale keys."""
        with self._lock:
            for key in [key for key in self._entries if stale(key)]:
                self._bytes -= self._entries.pop(key)[1]

    def _keep(self, key: Hashable, made: T) -> None:
        size = self._size(made) + _bytes_of(key) + _OVERHEAD
        self._entries[key] = made, size
        self._bytes += size
        while self._bytes > self._limit and self._entries:
            _, (_, old) = self._entries.popitem(last=False)
            self._bytes -= old


def _bytes_of(key: Hashable) -> int:
    return sys.getsizeof(key) + (sum(map(_bytes_of, key)) if isinstance(key, tuple) else 0)
