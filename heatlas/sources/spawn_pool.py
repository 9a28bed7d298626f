"""Share work out to fresh processes, where a fork is not safe: on macOS and Windows, and beside other threads.

A fresh process imports heatlas first, which takes about a second, so that only large jobs are worth it. It is started
as a command of its own: `multiprocessing` would run the main script again, which fails in scripts that do not expect
it.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from heatlas.core.resources import interpreter
from heatlas.core.stopping import STOPPING
from heatlas.sources.pool_results import gathered, receive_result, send_result, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

__all__ = ["SpawnPool", "serve_tasks"]

_TASK = struct.Struct("<i")
_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1])\n"
    "from heatlas.sources.spawn_pool import serve_tasks; serve_tasks()"
)
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)

T = TypeVar("T")


class SpawnPool(Generic[T]):
    """Processes that are started at once and get tasks one by one; see `results`.

    Parameters
    ----------
    work : callable
        Returns the result of a task, given by its number, in this process or another. Where it cannot be pickled, this
        process does all tasks.
    number : int
        Number of processes besides this one.
    """

    def __init__(self, work: Callable[[int], T], number: int) -> None:
        self._work = work
        self._order = b""
        self._running: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []
        self._tasks: SimpleQueue[int] = SimpleQueue()
        self._received: SimpleQueue[tuple[int, T] | None] = SimpleQueue()
        python = interpreter()
        with contextlib.suppress(pickle.PicklingError, TypeError, AttributeError):
            self._order = pickle.dumps(work)
        if python is None or not self._order:
            return
        for _ in range(number):
            with contextlib.suppress(OSError):  # too many processes: the pool is smaller then
                self._running.append(
                    subprocess.Popen(  # noqa: S603 - this interpreter, on code from here
                        [python, "-P", "-c", _CODE, json.dumps(sys.path)],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL,
                        creationflags=_NO_WINDOW,
                    )
                )

    def __enter__(self) -> SpawnPool[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            process.kill()
        for thread in self._threads:
            thread.join()
        for process in self._running:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):  # what was to be sent is not wanted any more
                    if pipe is not None:
                        pipe.close()

    def results(self, count: int) -> Iterator[tuple[int, T]]:
        """Do tasks 0 to count - 1 here and in the workers, each in the first that is free. Call it once.

        Yields
        ------
        int, T
            Number and result of each task, as they are done. A task that a worker failed at is done here.
        """
        for task in range(count):
            self._tasks.put(task)
        self._threads = started(
            [threading.Thread(target=self._drive, args=(process,), daemon=True) for process in self._running]
        )
        yield from gathered(count, self._taken(), self._work, self._received, len(self._threads))

    def _taken(self) -> Iterator[int]:
        """Take one task after the other."""
        with contextlib.suppress(Empty):
            while True:
                yield self._tasks.get_nowait()

    def _drive(self, process: subprocess.Popen[bytes]) -> None:
        """Give one worker its order, then tasks, and receive its results."""
        assert process.stdin is not None
        try:
            process.stdin.write(self._order)
            for task in self._taken():
                process.stdin.write(_TASK.pack(task))
                process.stdin.flush()
                self._received.put(receive_result(process.stdout))
            process.stdin.close()
        except (EOFError, OSError, MemoryError):
            pass  # the worker ended: its task is done by the parent
        finally:
            self._received.put(None)


def serve_tasks() -> None:
    """Do the tasks that arrive on stdin in a worker, until it ends; results go to stdout."""
    for stop in STOPPING:
        signal.signal(stop, signal.SIG_DFL)
    results = os.dup(1)
    os.dup2(2, 1)  # whatever libraries print must not stand among the results
    work = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own process
    while word := sys.stdin.buffer.read(_TASK.size):
        (task,) = _TASK.unpack(word)
        send_result(results, task, work(task))
