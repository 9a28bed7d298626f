"""Threads for the parts of a job that takes a few milliseconds."""

from __future__ import annotations

import _thread
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["one_ahead", "side_by_side"]

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


def one_ahead(job: Callable[[T], R], parts: Sequence[T]) -> Iterator[R]:
    """Results of a job, part by part. The next part is done in a bare thread while the caller works on this one.

    A pool would do the same. Its module takes 7 ms to import, which is more than many parts take.

    Parameters
    ----------
    job : callable
        Called with a part.
    parts : sequence
        Arguments of the job.

    Yields
    ------
    R
        Result of the job for each part. An error is raised where its result would be.
    """
    if not parts:
        return
    result = _begun(job, parts[0])
    try:
        for part in parts[1:]:
            found = result()
            result = _begun(job, part)
            yield found
        yield result()
    finally:  # its thread must not outlive the caller, who may want no more
        with suppress(Exception):
            result()


def _begun(job: Callable[[T], R], part: T) -> Callable[[], R]:
    """Begin a part in a thread; returns a function that waits for its result."""
    done: list[R] = []
    failed: list[BaseException] = []
    ended = _thread.allocate_lock()
    ended.acquire()

    def work() -> None:
        try:
            done.append(job(part))
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            failed.append(error)
        finally:
            ended.release()

    try:
        _thread.start_new_thread(work, ())
    except RuntimeError:  # the system allows no more threads
        work()

    def result() -> R:
        with ended:
            if failed:
                raise failed[0]
            return done[0]

    return result
