"""Progress bars on stderr, with an estimate of the time left where the total is known."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Progress", "show_progress"]

_PATIENCE = 0.6
"""Seconds until the first bar is shown: quick work needs none."""


class Progress:
    """Receiver of the progress of stages; it shows nothing in the first _PATIENCE seconds."""

    def __init__(self, bars: Any = None) -> None:
        self._bars = bars
        self._task: Any = None
        self._stage = ""
        self._early: tuple[str, int, int] | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(_PATIENCE, self._late)
        self._timer.daemon = True
        self._waiting = bars is not None
        if self._waiting:
            self._timer.start()

    def stage(self, name: str) -> None:
        """Begin a stage of unknown length."""
        self.count(name, 0, 0)

    def count(self, name: str, done: int, total: int) -> None:
        """Report how far a stage is."""
        with self._lock:
            if self._waiting:
                self._early = name, done, total
            elif self._bars is not None:
                self._show(name, done, total)

    def _late(self) -> None:
        """Show the last stage reported during the wait: it may last long."""
        with self._lock:
            self._waiting = False
            if self._early is not None and self._bars is not None:
                self._show(*self._early)

    def _show(self, name: str, done: int, total: int) -> None:
        if name != self._stage:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._stage = name
            self._task = self._bars.add_task(name, total=total or None)
            self._bars.start()
        if total:
            self._bars.update(self._task, completed=done, total=total)

    def done(self) -> None:
        """Remove the bars."""
        self._timer.cancel()
        with self._lock:
            if self._bars is not None:
                self._bars.stop()
            self._bars, self._waiting = None, False


@contextmanager
def show_progress(quiet: bool) -> Iterator[Progress]:
    """Show bars on a terminal; nothing where stderr is no terminal, or when `quiet`."""
    if quiet or not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    shows_all = (sys.stderr.encoding or "").lower().startswith("utf")  # a terminal of Windows may not
    bars = Bars(
        SpinnerColumn("dots" if shows_all else "line"),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    progress = Progress(bars)
    try:
        yield progress
    finally:
        progress.done()
