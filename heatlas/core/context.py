"""How work is done, whatever it is: on how many threads, and who hears of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["NOBODY", "Context", "Progress", "silent"]

Progress = Callable[[str, int, int], None]
"""Is told the stage, and how much of how much is done; 0 of 0 where nobody knows."""


def silent(stage: str, done: int, total: int) -> None:
    """Tell nobody how far a stage is."""


@dataclass(frozen=True, slots=True)
class Context:
    """How work is done."""

    workers: int | None = None
    """Threads to draw and processes to read; None: one for each processor."""
    progress: Progress = silent
    report: Callable[[dict[str, Any]], None] | None = None
    """Is given the report of each run of what goes on and on."""

    def counting(self, stage: str) -> Callable[[int, int], None]:
        """What tells how far one stage is."""
        return lambda done, total: self.progress(stage, done, total)

    @property
    def threads(self) -> int:
        """Number of threads, or of processes."""
        return self.workers or os.cpu_count() or 1

    def under(self, stage: str) -> Context:
        """The same, with all stages told under one name."""
        return replace(self, progress=lambda _, done, total: self.progress(stage, done, total))

    def within(self, title: str) -> Context:
        """The same for a part of the work, whose stages are told with its title."""
        return replace(self, progress=lambda stage, done, total: self.progress(f"{title}: {stage}", done, total))


NOBODY = Context()
"""As many threads as there are processors, and nobody is told."""
