"""Threads for the parts of a job that takes a few milliseconds."""

from __future__ import annotations

import _thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["side_by_side"]

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(job: Callable[[T], R], parts: Sequence[T], workers: int) -> list[R]:
    """Do the parts of a job in threads.

    The threads are bare ones, and the calling thread is one of them. Setting up a pool takes longer than many parts
    take. A pool that stays would prevent forking (`heatlas.sources.fork_pool.can_fork`). `threading.Thread` waits
    until the new thread has begun.

    Parameters
    ----------
    job : callable
        Called with a part. Python code in it blocks the other threads, so a kernel is best.
    parts : sequence
        Arguments of the job.
    workers : int
        Threads, at most.

    Returns
    -------
    list
        Result of the job for each part. The first error is raised when all threads have ended.
    """
    done: dict[int, R] = {}
    failed: list[BaseException] = []
    threads = max(1, min(workers, len(parts)))

    def work(share: int) -> None:
        try:
            for k in range(share, len(parts), threads):
                done[k] = job(parts[k])
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            failed.append(error)

    def work_aside(share: int, ended: _thread.LockType) -> None:
        work(share)
        ended.release()

    running = []
    for share in range(1, threads):
        ended = _thread.allocate_lock()
        ended.acquire()
        try:
            _thread.start_new_thread(work_aside, (share, ended))
        except RuntimeError:  # the system allows no more threads
            work(share)
        else:
            running.append(ended)
    work(0)
    for ended in running:
        ended.acquire()
    if failed:
        raise failed[0]
    return [done[k] for k in range(len(parts))]
