"""How work is done: number of threads, and the receivers of progress and reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from heatlas.core.frozen import frozen
from heatlas.core.resources import processors

__all__ = ["NOBODY", "Context", "Progress", "silent"]

Progress = Callable[[str, int, int], None]
"""Called with the stage, the number done and the total; 0 and 0 where they are unknown."""


def silent(stage: str, done: int, total: int) -> None:
    """Report no progress."""


@frozen
class Context:
    """Number of workers, and the receivers of progress and reports."""

    workers: int | None = None
    """Threads to draw and processes to read; None: one for each processor."""
    progress: Progress = silent
    report: Callable[[dict[str, Any]], None] | None = None
    """Called with the report of an import, and of each run of work that repeats (``--watch``, ``--every``)."""

    files: Callable[[int, int], None] | None = None
    """Called with the files of an import that were read, and their number."""

    def counting(self, stage: str) -> Callable[[int, int], None]:
        """Return a function that reports how far one stage is."""
        return lambda done, total: self.progress(stage, done, total)

    @property
    def threads(self) -> int:
        """Number of threads, or of processes."""
        return self.workers or processors()

    def under(self, stage: str) -> Context:
        """Return the same context, with all stages reported under one name."""
        return replace(self, progress=lambda _, done, total: self.progress(stage, done, total))

    def within(self, title: str) -> Context:
        """Return the same context for a part of the work, whose title precedes the names of its stages."""
        return replace(self, progress=lambda stage, done, total: self.progress(f"{title}: {stage}", done, total))


NOBODY = Context()
"""One thread for each processor, and no progress reported."""
