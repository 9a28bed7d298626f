"""The loop behind `--watch` and `--every`: parts of the work are done when they are due, or when something has changed.

A part that fails is told of once and tried again after waits that grow; the others go on meanwhile. It is told of
again when it fails for another reason, and when it is well again.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from heatlas.core.errors import BadOption, HeatlasError, MissingExtra
from heatlas.core.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Alarm", "Part", "begin", "keep_going", "say", "until_well"]

T = TypeVar("T")

FIRST = 5.0
"""Seconds after the first failure; the next waits are twice as long each."""
LONGEST = 600.0
"""Seconds of the longest wait."""
_LAPSE = Unit(style="duration")


class Alarm:
    """Wakes the loop when something has changed, or when it is to end; from any thread."""

    def __init__(self) -> None:
        self._awake = threading.Event()
        self._rung = False
        self.stopped = False

    def ring(self) -> None:
        """Wake the loop: something has changed."""
        self._rung = True
        self._awake.set()

    def stop(self) -> None:
        """End the loop, after the part that is under way."""
        self.stopped = True
        self._awake.set()

    def wait(self, seconds: float) -> bool:
        """Wait until something happens, at most so long; returns whether something has changed."""
        self._awake.wait(max(seconds, 0.0))
        self._awake.clear()
        rung, self._rung = self._rung, False
        return rung


@dataclass(slots=True)
class Part:
    """A part of the work that is repeated."""

    name: str
    """What it follows, for messages: a folder, the address of a database."""
    work: Callable[[], float]
    """Does it, and returns the seconds until it is due again. A HeatlasError means: try again."""
    wakes: bool = False
    """Whether it is done at once when the alarm rings, unless it has failed."""
    due: float = 0.0
    """When it is due, by the monotonic clock."""
    failures: int = 0
    """Failures since it was well."""
    said: str = ""
    """The last failure that was told of."""


def begin(parts: Sequence[Part]) -> None:
    """Do each part once; what a person must mend is raised.

    Raises
    ------
    BadOption, MissingExtra
        When an option cannot be used, or a library is missing: trying again would help nobody.
    """
    for part in parts:
        _run(part, first=True)


def keep_going(parts: Sequence[Part], alarm: Alarm) -> None:
    """Do all parts, each when it is due or woken, until the alarm ends it or KeyboardInterrupt is raised."""
    rung = False
    while not alarm.stopped:
        for part in parts:
            woken = rung and part.wakes and not part.failures
            if not alarm.stopped and (woken or part.due <= time.monotonic()):
                _run(part)
        rung = not alarm.stopped and alarm.wait(min(part.due for part in parts) - time.monotonic())


def until_well(name: str, work: Callable[[], T]) -> T:
    """Do something until it does not fail, and return its result; see `begin` for what is raised at once."""
    found: list[T] = []

    def once() -> float:
        found.append(work())
        return 0.0

    part = Part(name, once)
    begin([part])
    while not found:
        time.sleep(max(part.due - time.monotonic(), 0.0))
        _run(part)
    return found[0]


def _run(part: Part, first: bool = False) -> None:
    try:
        pause = part.work()
    except HeatlasError as error:
        if first and isinstance(error, BadOption | MissingExtra):
            raise
        pause = min(FIRST * 2.0 ** min(part.failures, 30), LONGEST)
        part.failures += 1
        if str(error) != part.said:
            part.said = str(error)
            again = f"tried again after {_LAPSE.format(pause)}, then less and less often"
            say(f"{part.said}; {again}, at least every {_LAPSE.format(LONGEST)}")
    else:
        if part.failures:
            say(f"{part.name} is well again")
        part.failures, part.said = 0, ""
    part.due = time.monotonic() + pause


def say(text: str) -> None:
    """Tell the owner of a process that goes on."""
    logging.getLogger("heatlas.watching").warning("heatlas: %s", text)
