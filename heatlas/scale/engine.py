"""Engines: a map of pure tasks with retries. A task that dies with its process is done again by another one.

A plan needs nothing else of an engine, so any system with such a map can be one. `heatlas.scale.pool` is the default.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from heatlas.core.errors import BadOption, HeatlasError, NothingToDraw, SourceFailed, unworded
from heatlas.core.filesystems import locate
from heatlas.core.frozen import frozen
from heatlas.scale.sealed import DamagedObject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Work = Callable[[Any], dict[str, Any]]
    Done = Callable[[int, dict[str, Any]], None]

__all__ = ["DAMAGED", "RETRIES", "Attempt", "Engine", "Here", "attempt", "attempt_rows", "refuse_more"]

DAMAGED = "damaged"
"""Key of a result that is none: the address of an input that must be made again."""
RETRIES = 3
"""Times that a task is tried again."""
_PAUSE = 0.5
"""Seconds before the first new try; each pause is twice as long as the one before."""


class Engine(Protocol):
    """Something that does tasks."""

    def map(self, work: Work, tasks: Sequence[Any], done: Done) -> None:
        """Do all tasks, in any order and side by side.

        Parameters
        ----------
        work : callable
            A function of a module, of one task, which writes one object and returns what it found.
        tasks : sequence
            Tasks, which can be pickled.
        done : callable
            Is called in this thread with the place and the result of each task as soon as it is done.

        Raises
        ------
        HeatlasError
            When a task fails again and again; the others are stopped.
        """


class Attempt(NamedTuple):
    """What came of a task: its result, or why it failed, in one sentence."""

    result: dict[str, Any] | None
    reason: str = ""
    final: bool = False
    """Whether another try would fail likewise."""


def attempt(work: Work, task: Any) -> Attempt:
    """Do a task in any process; errors are returned, as not all of them can be sent.

    Of a task that found an input damaged, the result is its address under DAMAGED.
    """
    try:
        _refuse_unseen(getattr(task, "output", ""))
        return Attempt(work(task))
    except DamagedObject as error:  # of an earlier phase: no other try of this task helps
        return Attempt({DAMAGED: error.uri})
    except (BadOption, NothingToDraw) as error:
        return Attempt(None, unworded(error), final=True)
    except HeatlasError as error:
        return Attempt(None, unworded(error))
    except MemoryError:
        return Attempt(None, "its memory does not suffice: make smaller partitions by heatlas prepare")
    except Exception as error:  # noqa: BLE001 - the driver says it in one sentence
        return Attempt(None, f"{type(error).__name__}: {error}")


def _refuse_unseen(output: str) -> None:
    """Refuse to write where nobody else would look: on a disk of another machine than the driver's."""
    folder = locate(output).parent if output else None
    if folder is not None and folder.is_local and folder.kind() != "folder":
        raise BadOption(
            f"the worker on {socket.gethostname()} does not see {folder.uri}: the working folder must have one name on "
            "all machines, such as that of a shared disk or of a bucket (--work)"
        )


def attempt_rows(work: Work, rows: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Attempt]]:
    """Do the tasks of a partition of rows, as engines that map over partitions do them.

    Parameters
    ----------
    work : callable
        As for `Engine.map`.
    rows : iterable of (int, task)
        Places and tasks.

    Yields
    ------
    (int, Attempt)
        The place, and what came of the task: see `refuse_more` for those that failed.
    """
    for place, task in rows:
        yield place, attempt(work, task)


def refuse_more(task: Any, made: Attempt, tries: int) -> None:
    """Raise the error of a task that failed for good, or so many times that another try makes no sense.

    Raises
    ------
    SourceFailed
        Names the task.
    """
    if not made.final and tries <= RETRIES:
        return
    what = type(task).__name__.removesuffix("Task").lower()
    of = getattr(task, "uri", None) or getattr(task, "output", "")
    times = "" if tries <= 1 else f", {tries} times"
    raise SourceFailed(f"the {what} of {of} failed{times}: {made.reason}")


@frozen
class Here:
    """Does tasks one after the other in this process."""

    def map(self, work: Work, tasks: Sequence[Any], done: Done) -> None:
        """Do all tasks."""
        for place, task in enumerate(tasks):
            for tried in range(1, RETRIES + 2):
                made = attempt(work, task)
                if made.result is not None:
                    done(place, made.result)
                    break
                refuse_more(task, made, tried)
                time.sleep(_PAUSE * 2 ** (tried - 1))
