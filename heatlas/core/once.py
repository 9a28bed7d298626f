"""Time that a thread spends on what is made once: it says nothing of how long the like of it takes next."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["made_once", "spent_once"]


class _Spent(threading.local):
    seconds = 0.0


_SPENT = _Spent()


@contextmanager
def made_once() -> Iterator[None]:
    """Count what this thread does inside as made once."""
    before, started = _SPENT.seconds, time.perf_counter()
    try:
        yield
    finally:
        _SPENT.seconds = before + time.perf_counter() - started  # what is inside again counts once


def spent_once() -> float:
    """Seconds that this thread has spent on what is made once."""
    return _SPENT.seconds
