"""Results of tasks that several processes share: sent through pipes, and gathered as they are done."""

from __future__ import annotations

import os
import pickle
import struct
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from heatlas.core.stopping import delayed_stops

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from queue import SimpleQueue

__all__ = ["MOST_TASKS", "gathered", "receive_result", "send_result", "started"]

MOST_TASKS = 1 << 13
"""Most tasks of a pool."""
_HEAD = struct.Struct("<2q")

T = TypeVar("T")


def send_result(pipe: int, task: int, result: object) -> None:
    """Write the result of a task into a pipe; arrays are not copied first."""
    buffers: list[pickle.PickleBuffer] = []
    found = pickle.dumps(result, 5, buffer_callback=buffers.append)
    parts = [memoryview(found), *(buffer.raw() for buffer in buffers)]
    sizes = struct.pack(f"<{len(parts)}q", *(part.nbytes for part in parts))
    for part in (memoryview(_HEAD.pack(task, len(parts)) + sizes), *parts):
        rest = part
        while rest:
            rest = rest[os.write(pipe, rest) :]


def receive_result(file: Any) -> tuple[int, Any]:
    """Read the number of a task and its result from a binary file.

    Raises
    ------
    EOFError
        When the process at the other end is done, or has ended.
    """
    task, parts = _HEAD.unpack(_read(file, _HEAD.size))
    sizes = struct.unpack(f"<{parts}q", _read(file, 8 * parts))
    found, *buffers = [_read(file, size) for size in sizes]
    return task, pickle.loads(found, buffers=buffers)  # noqa: S301 - from our own process


def _read(file: Any, size: int) -> memoryview:
    data = np.empty(size, np.uint8).data
    at = 0
    while at < size:
        got = file.readinto(data[at:])
        if not got:
            raise EOFError
        at += got
    return data


def started(threads: list[threading.Thread]) -> list[threading.Thread]:
    """Start threads, as many as the system allows; return those that run."""
    running: list[threading.Thread] = []
    for thread in threads:
        try:
            thread.start()
        except RuntimeError:
            break
        running.append(thread)
    return running


def gathered(
    count: int, own: Iterator[int], work: Callable[[int], T], received: SimpleQueue[tuple[int, T] | None], busy: int
) -> Iterator[tuple[int, T]]:
    """Do tasks in this process while others do more, and yield all results.

    Parameters
    ----------
    count : int
        Number of all tasks.
    own : iterator of int
        Takes the next task for this process.
    work : callable
        Returns the result of a task.
    received : queue
        Results of other processes; None for each process that has no more.
    busy : int
        Number of other processes.

    Yields
    ------
    int, T
        Number and result of each task, as they are done. What another process failed at is done here in the end.
    """

    def done(task: int) -> T:
        with delayed_stops():
            return work(task)

    left = set(range(count))
    mine = next(own, None)
    while mine is not None or busy:
        if mine is not None:
            left.discard(mine)
            yield mine, done(mine)
            mine = next(own, None)
        while busy and (mine is None or not received.empty()):
            found = received.get()
            if found is None:
                busy -= 1
            else:
                left.discard(found[0])
                yield found
    for task in sorted(left):
        yield task, done(task)
