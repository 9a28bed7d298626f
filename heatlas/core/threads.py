"""Parts of a job side by side, for jobs that are done in a few milliseconds."""

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

    Bare threads, of which this is one. A pool takes longer to set up than many a part takes to be done, one that is
    kept would forbid to fork (`heatlas.sources.fork_pool.can_fork`), and `threading.Thread` waits for the other to
    begin.

    Parameters
    ----------
    job : callable
        Is given a part. What it asks of Python holds the other threads up: best is a kernel.
    parts : sequence
        What it is given.
    workers : int
        Threads, at most.

    Returns
    -------
    list
        What the job returned of each part. Of errors the first is raised, when all threads have ended.
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
        except RuntimeError:  # there may be no more of them
            work(share)
        else:
            running.append(ended)
    work(0)
    for ended in running:
        ended.acquire()
    if failed:
        raise failed[0]
    return [done[k] for k in range(len(parts))]
