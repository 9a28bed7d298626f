"""Share work out to forked processes, each of which has its own interpreter lock.

Threads do not help where files are many and small, because most of the time is spent in Python. A forked process needs
no start-up, has its input in memory already, and sends arrays back through a pipe without copying them first.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import struct
import sys
import threading
import warnings
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from heatlas.core.stopping import STOPPING
from heatlas.sources.pool_results import gathered, receive_result, send_result, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

__all__ = ["ForkPool", "can_fork"]

_TASK = struct.Struct("<i")
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
            At most `heatlas.sources.pool_results.MOST_TASKS`: these fit into the pipe from which they are taken.

        Yields
        ------
        int, T
            Number and result of each task, as they are done. A task that a worker failed at is done here.
        """
        if not self._running:
            yield from gathered(count, iter(range(count)), self._work, self._received, 0)
            return
        os.write(self._give, b"".join(map(_TASK.pack, range(count))))
        os.close(self._give)  # the last writer: an empty pipe now reads as its end
        self._give = -1
        self._threads = started(
            [threading.Thread(target=self._receive, args=(pipe,), daemon=True) for pipe in self._running.values()]
        )
        yield from gathered(count, self._taken(), self._work, self._received, len(self._threads))

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
                send_result(give, task, self._work(task))
        finally:
            os._exit(0)  # whatever happened: reports and clean-up are the parent's

    def _receive(self, pipe: int) -> None:
        file = io.FileIO(pipe, closefd=False)
        try:
            while True:
                self._received.put(receive_result(file))
        except (EOFError, OSError, MemoryError):
            pass  # the worker is done, or was killed: its missing tasks are done by the parent
        finally:
            self._received.put(None)


def _widen(pipe: int) -> None:
    """Enlarge the buffer of a pipe, where that is allowed."""
    import fcntl  # only where there are forks

    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
