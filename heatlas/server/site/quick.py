"""Make in the thread of the event loop what is soon made.

For a tile, handing it to another thread and back takes as long as counting its passes.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, TypeVar

from heatlas.core.once import spent_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

__all__ = ["Quick"]

T = TypeVar("T")
_SOON = 0.005
"""Seconds: others wait no longer than for a busy tile."""
_KINDS = 500
"""Kinds of answers that are remembered."""


class Quick:
    """What answers of each kind took last; used by the event loop's thread."""

    __slots__ = ("_took", "_waiting")

    def __init__(self) -> None:
        self._took: dict[Hashable, float] = {}
        """Kind -> seconds of the clock, without those for what is made once, such as the tone of a zoom."""
        self._waiting = 0
        """Answers that are waited for."""

    async def run(self, kind: Hashable, make: Callable[[], T], in_pool: Callable[[Callable[[], T]], Awaitable[T]]) -> T:
        """Make an answer here if nothing else is waited for and the last of its kind was soon made; else in a pool.

        Parameters
        ----------
        kind : hashable
            Answers of one kind take about as long as each other.
        make : callable
            Returns the answer.
        in_pool : callable
            Runs a function in another thread.
        """

        def timed() -> T:
            started, before = time.perf_counter(), spent_once()
            made = make()
            self._note(kind, time.perf_counter() - started - (spent_once() - before))
            return made

        self._waiting += 1
        try:
            if self._took.get(kind, math.inf) < _SOON and await self._is_alone():
                return timed()
            return await in_pool(timed)
        finally:
            self._waiting -= 1

    async def _is_alone(self) -> bool:
        """Whether nothing else is waited for, also after what arrived meanwhile was read, and then begun."""
        for _ in range(2):
            if self._waiting > 1:
                return False
            await asyncio.sleep(0)
        return self._waiting == 1

    def _note(self, kind: Hashable, took: float) -> None:
        self._took.pop(kind, None)
        self._took[kind] = took
        while len(self._took) > _KINDS:
            self._took.pop(next(iter(self._took)), None)
