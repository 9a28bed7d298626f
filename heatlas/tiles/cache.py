"""A cache with a limit in bytes. Each value is made once, even when several threads ask at the same time."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

__all__ = ["Cache"]

K = TypeVar("K", bound="Hashable")
T = TypeVar("T")
_OVERHEAD = 200
"""Bytes of an entry besides its value."""


class Cache(Generic[T]):
    """Values used last, up to a limit in bytes; thread-safe."""

    __slots__ = ("_bytes", "_entries", "_limit", "_lock", "_making", "_size")

    def __init__(self, limit: int, size: Callable[[T], int]) -> None:
        self._limit, self._size = limit, size
        self._entries: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._making: dict[Hashable, Future[dict[Any, T]]] = {}
        """Key that is being made -> all values that are made with it."""
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
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Stored value; else make it while others that ask for it wait. A failure is raised to all and not stored."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
                return entry[0]
        return self.get_all([key], lambda _: [make()])[0]

    def get_all(self, keys: Sequence[K], make: Callable[[list[K]], Sequence[T]]) -> list[T]:
        """Stored values of different keys of one size; those that are missing are made together, as `get` makes one."""
        found: dict[K, T] = {}
        awaited: list[tuple[K, Future[dict[Any, T]]]] = []
        missing: list[K] = []
        mine: Future[dict[Any, T]] | None = None  # it takes longer to make than a value to find
        with self._lock:
            for key in keys:
                if key in self._entries:
                    self._entries.move_to_end(key)
                    found[key] = self._entries[key][0]
                elif (waiting := self._making.get(key)) is not None:
                    awaited.append((key, waiting))
                else:
                    mine = Future() if mine is None else mine
                    missing.append(key)
                    self._making[key] = mine
        if mine is not None:
            found.update(self._made(missing, mine, make))
        # Whoever waits has made all that others may wait for.
        found.update((key, waiting.result()[key]) for key, waiting in awaited)
        return [found[key] for key in keys]

    def _made(self, missing: list[K], mine: Future[dict[Any, T]], make: Callable[[list[K]], Sequence[T]]) -> dict[K, T]:
        try:
            made = dict(zip(missing, make(missing), strict=True))
        except BaseException as error:
            with self._lock:
                for key in missing:
                    del self._making[key]
            mine.set_exception(error)
            raise
        overhead = _bytes_of(missing[0]) + _OVERHEAD
        with self._lock:
            for key, value in made.items():
                del self._making[key]
                self._keep(key, value, overhead)
        mine.set_result(made)
        return made

    def forget(self, stale: Callable[[Hashable], bool]) -> None:
        """Remove the entries of stale keys."""
        with self._lock:
            for key in [key for key in self._entries if stale(key)]:
                self._bytes -= self._entries.pop(key)[1]

    def _keep(self, key: Hashable, made: T, overhead: int) -> None:
        size = self._size(made) + overhead
        self._entries[key] = made, size
        self._bytes += size
        while self._bytes > self._limit and self._entries:
            _, (_, old) = self._entries.popitem(last=False)
            self._bytes -= old


def _bytes_of(key: Hashable) -> int:
    return sys.getsizeof(key) + (sum(map(_bytes_of, key)) if isinstance(key, tuple) else 0)
