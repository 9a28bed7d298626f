"""Outputs of a view that are made aside, one at a time: pictures, films, pages and tiles to download.

Each is made by `heatlas.render` in a process of its own, so that tiles are drawn meanwhile, a film can be stopped at
once, and its memory is given back. The process ends with the server.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.scratch import make_scratch

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.core.scratch import Scratch

__all__ = ["Order", "Outputs"]

_KEPT = 3600.0
"""Seconds for which a finished output can be downloaded."""
_MOST = 4
"""Outputs that wait or run at most."""
_STORED = 12
"""Finished outputs that are stored at most: the oldest give way."""
_PATIENCE = 3600.0
"""Seconds after which an output is given up."""


@frozen
class Order:
    """One output of a view, checked."""

    kind: str
    ending: str
    options: dict[str, Any]
    """As `heatlas.render` takes them."""

    @property
    def name(self) -> str:
        """Name of the file that is downloaded."""
        measure = "".join(char if char.isalnum() else "-" for char in self.options.get("measure") or "passes")
        return f"heatlas-{'-'.join(filter(None, measure.split('-')))[:60]}{self.ending}"


@dataclass(slots=True)
class _Job:
    order: Order
    scratch: Scratch
    state: str = "waiting"
    """waiting, running, done, failed or cancelled."""
    stage: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    ended: float | None = None
    process: subprocess.Popen[str] | None = field(default=None, repr=False)

    @property
    def path(self) -> Path:
        return self.scratch.path / self.order.name

    def data(self) -> dict[str, Any]:
        """State for the page; the sizes of a finished file."""
        known = {"kind": self.order.kind, "name": self.order.name, "state": self.state, "stage": self.stage}
        size = {"bytes": self.path.stat().st_size} if self.state == "done" else {}
        return {**known, "done": self.done, "total": self.total, "error": self.error, **size}


class Outputs:
    """Outputs of one library. Safe to use from several threads."""

    def __init__(self) -> None:
        self._jobs: dict[str, _Job] = {}
        self._waiting: deque[str] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, library: Path, order: Order) -> str:
        """Begin an output, or let it wait for those before it; returns its id.

        Raises
        ------
        BadOption
            When too many wait already.
        """
        with self._lock:
            self._forget()
            if sum(job.ended is None for job in self._jobs.values()) >= _MOST:
                raise BadOption(f"{_MOST} outputs are being made already: wait for one, or cancel it")
            # Beside the library: on the same disk, and readable by the same users.
            job = _Job(order, make_scratch(library.resolve().parent))
            number = secrets.token_urlsafe(12)
            self._jobs[number] = job
            self._waiting.append(number)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, args=(library,), name="heatlas-outputs", daemon=True)
                self._thread.start()
        return number

    def look(self, number: str) -> dict[str, Any] | None:
        """State of an output; None for one that is unknown or forgotten."""
        with self._lock:
            self._forget()
            job = self._jobs.get(number)
            return None if job is None else job.data()

    def file(self, number: str) -> tuple[Path, str] | None:
        """Path and name of a finished output."""
        with self._lock:
            job = self._jobs.get(number)
            return (job.path, job.order.name) if job is not None and job.state == "done" else None

    def cancel(self, number: str) -> bool:
        """Stop an output, and remove what there is of it; false for an unknown one."""
        with self._lock:
            job = self._jobs.get(number)
            if job is None:
                return False
            del self._jobs[number]
            working = job.process is not None and job.ended is None
            job.state, job.ended = "cancelled", time.monotonic()
            _kill(job)
            if not working:  # else whoever follows the process removes it, when that has ended
                job.scratch.close()
        return True

    def close(self) -> None:
        """Stop all outputs, and remove their files."""
        for number in list(self._jobs):
            self.cancel(number)
        thread = self._thread
        if thread is not None:
            thread.join(10)

    def _forget(self) -> None:
        """Remove files of outputs that ended long ago."""
        ended = sorted((job.ended, number) for number, job in self._jobs.items() if job.ended is not None)
        late = time.monotonic() - _KEPT
        for k, (when, number) in enumerate(ended):
            if when < late or k < len(ended) - _STORED:
                self._jobs.pop(number).scratch.close()

    def _work(self, library: Path) -> None:
        """Make what waits, one after the other, then end."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                job = self._jobs.get(self._waiting.popleft())
                if job is None or job.ended is not None:
                    continue
                job.state = "running"
                job.process = subprocess.Popen(
                    [sys.executable, "-m", "heatlas.rendering.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
                )  # fmt: skip
            try:
                self._follow(job, library)
            finally:
                self._end(job)

    def _follow(self, job: _Job, library: Path) -> None:
        """Read what the process says until it ends."""
        process = job.process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        timer = threading.Timer(_PATIENCE, process.kill)
        timer.daemon = True
        timer.start()
        order = {"sources": [str(library)], "output": str(job.path), "options": job.order.options}
        with suppress(OSError):  # it has ended already
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
        for line in process.stdout:
            with suppress(ValueError):
                said = json.loads(line)
                with self._lock:
                    job.error = said.get("error", "").replace(f"{job.scratch.path}{os.sep}", "")
                    if "stage" in said:
                        job.stage, job.done, job.total = said["stage"], said["done"], said["total"]
        timer.cancel()

    def _end(self, job: _Job) -> None:
        process = job.process
        assert process is not None
        for stream in filter(None, (process.stdin, process.stdout)):
            with suppress(OSError):
                stream.close()
        code = process.wait()
        with self._lock:
            if job.state == "cancelled":
                job.scratch.close()
                return
            job.ended = time.monotonic()
            job.state = "done" if code == 0 and job.path.is_file() else "failed"
            if job.state == "failed" and not job.error:
                job.error = "it ended before it was done: there may be too little memory for it; take a smaller one"


def _kill(job: _Job) -> None:
    if job.process is not None and job.process.poll() is None:
        job.process.kill()
