"""The default engine: fresh processes of this machine, which live as long as the plan and end with it.

A worker gets tasks on stdin and answers on stdout. One whose driver was killed finds the end of its input. In the place
of one that was killed another is started, which does its task again.
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
from collections import Counter
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import HeatlasError, unworded
from heatlas.core.resources import interpreter
from heatlas.core.stopping import STOPPING
from heatlas.scale.engine import Attempt, attempt, refuse_more
from heatlas.sources.pool_results import receive_result, send_result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from heatlas.scale.engine import Done, Work

__all__ = ["Pool", "serve_tasks"]

_HEAD = struct.Struct("<qq")
"""Place of a task, and the bytes of it that follow."""
_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1])\nfrom heatlas.scale.pool import serve_tasks; serve_tasks()"
)
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
_KILLED = Attempt(None, "its process was killed, perhaps for want of memory: prepare smaller partitions")


class Pool:
    """Does tasks in processes of this machine; a context manager that ends them.

    Parameters
    ----------
    workers : int
        Number of processes.
    """

    def __init__(self, workers: int) -> None:
        self._workers = [_Worker() for _ in range(workers)]

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.end()

    @property
    def processes(self) -> list[int]:
        """Numbers of the processes that run."""
        return [worker.process.pid for worker in self._workers if worker.process is not None]

    def map(self, work: Work, tasks: Sequence[Any], done: Done) -> None:
        """Do all tasks (see `heatlas.scale.engine.Engine.map`)."""
        given: SimpleQueue[int | None] = SimpleQueue()
        made: SimpleQueue[tuple[int, Attempt]] = SimpleQueue()
        for place in range(len(tasks)):
            given.put(place)
        busy = self._workers[: len(tasks)]
        threads = [threading.Thread(target=one.drive, args=(work, tasks, given, made), daemon=True) for one in busy]
        for thread in threads:
            thread.start()
        tries: Counter[int] = Counter()
        left = len(tasks)
        try:
            while left:
                place, found = made.get()
                if found.result is not None:
                    left -= 1
                    done(place, found.result)
                    continue
                tries[place] += 1
                refuse_more(tasks[place], found, tries[place])
                given.put(place)
        except BaseException:
            for worker in busy:  # what they have in hand is not wanted any more
                worker.end()
            raise
        finally:
            for _ in threads:
                given.put(None)
            for thread in threads:
                thread.join()


class _Worker:
    """One process, started when it is needed, and again when it was killed."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._ended = False

    def drive(
        self,
        work: Work,
        tasks: Sequence[Any],
        given: SimpleQueue[int | None],
        made: SimpleQueue[tuple[int, Attempt]],
    ) -> None:
        """Give tasks to the process, and receive what comes of them."""
        while not self._ended and (place := given.get()) is not None:
            try:
                made.put((place, self._do(work, place, tasks[place])))
            except (EOFError, OSError):
                self._stop()
                made.put((place, _KILLED))
            except HeatlasError as error:
                made.put((place, Attempt(None, unworded(error), final=True)))

    def _do(self, work: Work, place: int, task: Any) -> Attempt:
        if self.process is None:
            self.process = _started()
        process = self.process
        assert process.stdin is not None
        order = pickle.dumps((work, task))
        process.stdin.write(_HEAD.pack(place, len(order)) + order)
        process.stdin.flush()
        found: Attempt = receive_result(process.stdout)[1]
        return found

    def end(self) -> None:
        """End the process for good."""
        self._ended = True
        if self.process is not None:
            self.process.kill()
        self._stop()

    def _stop(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what was to be sent is not wanted any more
                if pipe is not None:
                    pipe.close()


def _started() -> subprocess.Popen[bytes]:
    python = interpreter()
    if python is None:
        raise HeatlasError("no Python was found to start workers with: take --engine=dask, or one worker")
    return subprocess.Popen(  # noqa: S603 - this interpreter, on code from here
        [python, "-P", "-c", _CODE, json.dumps(sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=_NO_WINDOW,
    )


def serve_tasks() -> None:
    """Do the tasks that arrive on stdin, until it ends; results go to stdout."""
    for stop in STOPPING:
        signal.signal(stop, signal.SIG_IGN if stop == signal.SIGINT else signal.SIG_DFL)
    results = os.dup(1)
    os.dup2(2, 1)  # whatever libraries print must not stand among the results
    while head := sys.stdin.buffer.read(_HEAD.size):
        place, size = _HEAD.unpack(head)
        work, task = pickle.loads(sys.stdin.buffer.read(size))  # noqa: S301 - from our own process
        send_result(results, place, attempt(work, task))
