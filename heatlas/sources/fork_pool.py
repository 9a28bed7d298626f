"""Share work out to forked processes, each of which has its own interpreter lock.

Threads do not help where files are many and small, because most of the time is spent in Python. A forked process needs
no start-up, has its input in memory already, and sends arrays back through a pipe without copying them first.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import struct
import sys
import threading
import warnings
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from heatlas.core.stopping import STOPPING, delayed_stops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

__all__ = ["MOST_TASKS", "ForkPool", "can_fork"]

MOST_TASKS = 1 << 13
"""Most tasks of a pool: these fit into the pipe from which they are taken."""
_TASK = struct.Struct("<i")
_HEAD = struct.Struct("<2q")
_PIPE = 1 << 20

T = TypeVar("T")


def can_fork() -> bool:
    """Tell whether a fork is safe: on Linux, while no other thread might hold a lock."""
    return sys.platform == "linux" and threading.active_count() == 1


class ForkPool(Generic[T]):
    """Processes that are forked at once and wait for tasks; see `results`.

    Parameters
    ----------
    work : callable
        Returns the result of a task, given by its number, in this process or another; the result can be pickled.
    number : int
        Number of processes besides this one.
    """

    def __init__(self, work: Callable[[int], T], number: int) -> None:
        self._work = work
        self._running: dict[int, int] = {}  # process -> the pipe for its results
        self._threads: list[threading.Thread] = []
        self._received: SimpleQueue[tuple[int, T] | None] = SimpleQueue()
        self._tasks, self._give = os.pipe()
        # A signal right after the fork, before the copy becomes a worker, would leave two running programs.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING) if number else None
        try:
            for _ in range(number):
                with contextlib.suppress(OSError):  # too many processes: the pool is smaller then
                    self._fork()
        finally:
            if before is not None:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def __enter__(self) -> ForkPool[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
        for thread in self._threads:
            thread.join()
        for pipe in (self._tasks, self._give, *self._running.values()):
            with contextlib.suppress(OSError):  # closed before
                os.close(pipe)

    def results(self, count: int) -> Iterator[tuple[int, T]]:
        """Do tasks 0 to count - 1 here and in the workers, each in the first that is free. Call it once.

        Parameters
        ----------
        count : int
            At most MOST_TASKS.

        Yields
        ------
        int, T
            Number and result of each task, as they are done. A task that a worker failed at is done here.
        """
        if not self._running:
            for task in range(count):
                yield task, self._done(task)
            return
        os.write(self._give, b"".join(map(_TASK.pack, range(count))))
        os.close(self._give)  # the last writer: an empty pipe now reads as its end
        self._give = -1
        self._threads = [
            threading.Thread(target=self._receive, args=(pipe,), daemon=True) for pipe in self._running.values()
        ]
        for thread in self._threads:
            thread.start()
        left, busy = set(range(count)), len(self._threads)
        own = self._taken()
        mine = next(own, None)
        while mine is not None or busy:
            if mine is not None:
                left.discard(mine)
                yield mine, self._done(mine)
                mine = next(own, None)
            while busy and (mine is None or not self._received.empty()):
                found = self._received.get()
                if found is None:
                    busy -= 1
                else:
                    left.discard(found[0])
                    yield found
        for task in sorted(left):
            yield task, self._done(task)

    def _done(self, task: int) -> T:
        with delayed_stops():
            return self._work(task)

    def _taken(self) -> Iterator[int]:
        """Take one task after the other. Reads of a few bytes from a pipe are atomic."""
        while word := os.read(self._tasks, _TASK.size):
            yield _TASK.unpack(word)[0]

    def _fork(self) -> None:
        results, give = os.pipe()
        with warnings.catch_warnings():
            # Python 3.12 and later warn of the threads of NumPy's linear algebra, which can handle forks.
            warnings.simplefilter("ignore", DeprecationWarning)
            process = os.fork()
        if process:
            os.close(give)
            self._running[process] = results
            return
        try:
            for stop in STOPPING:
                signal.signal(stop, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
            # Ends left open here would make a worker wait for ever after its parent is gone.
            for pipe in (results, self._give, *self._running.values()):
                os.close(pipe)
            _widen(give)
            for task in self._taken():
                _send(give, task, self._work(task))
        finally:
            os._exit(0)  # whatever happened: reports and clean-up are the parent's

    def _receive(self, pipe: int) -> None:
        try:
            while True:
                task, parts = _HEAD.unpack(_read(pipe, _HEAD.size))
                sizes = struct.unpack(f"<{parts}q", _read(pipe, 8 * parts))
                found, *buffers = [_read(pipe, size) for size in sizes]
                self._received.put((task, pickle.loads(found, buffers=buffers)))  # noqa: S301 - from our own process
        except (EOFError, OSError, MemoryError):
            pass  # the worker is done, or was killed: its missing tasks are done by the parent
        finally:
            self._received.put(None)


def _widen(pipe: int) -> None:
    """Enlarge the buffer of a pipe, where that is allowed."""
    import fcntl  # only where there are forks

    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _send(pipe: int, task: int, result: object) -> None:
    buffers: list[pickle.PickleBuffer] = []
    found = pickle.dumps(result, 5, buffer_callback=buffers.append)
    parts = [memoryview(found), *(buffer.raw() for buffer in buffers)]
    sizes = struct.pack(f"<{len(parts)}q", *(part.nbytes for part in parts))
    for part in (memoryview(_HEAD.pack(task, len(parts)) + sizes), *parts):
        rest = part
        while rest:
            rest = rest[os.write(pipe, rest) :]


def _read(pipe: int, size: int) -> memoryview:
    """Read exactly `size` bytes.

    Raises
    ------
    EOFError
        When there are fewer.
    """
    data = np.empty(size, np.uint8).data
    at = 0
    while at < size:
        got = os.readv(pipe, [data[at:]])
        if not got:
            raise EOFError
        at += got
    return data
