"""Standard streams that never stop the work: closed, full, or unable to show a character."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO

from heatlas.core.errors import HeatlasError

__all__ = ["OutputLost", "ReaderGone", "prepare_streams"]


class OutputLost(HeatlasError):
    """The standard output cannot be written."""


class ReaderGone(Exception):
    """Nobody reads the standard output any more; no OSError, which click would make a failure of."""


def prepare_streams() -> None:
    """Make the standard streams safe to write to; call it once, before anything is printed.

    A stream that is closed becomes the null device, also for the system: otherwise the next file that is opened
    would take its number, and messages of libraries would go into it. Characters that a stream cannot encode are
    escaped. What cannot be written to stderr is lost without an error, because messages are no part of the result.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - as long as the process
    sys.stdout = _prepared(sys.stdout, 1, _Stdout)
    sys.stderr = _prepared(sys.stderr, 2, _Stderr)


def _prepared(stream: TextIO | None, number: int, kind: type[io.FileIO]) -> TextIO:
    if stream is None:  # closed, or a program without a console on Windows
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - as long as the process
    if not isinstance(stream, io.TextIOWrapper):
        return stream  # somebody's own
    stream.reconfigure(errors="backslashreplace")
    if stream.isatty() or _number_of(stream) != number:
        return stream
    stream.flush()
    raw = io.BufferedWriter(kind(number, "w", closefd=False))
    return io.TextIOWrapper(raw, stream.encoding, "backslashreplace", line_buffering=stream.line_buffering)


def _number_of(stream: io.TextIOWrapper) -> int:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return -1


class _Stderr(io.FileIO):
    """Raw stderr that is content with what can be written."""

    def write(self, data: object, /) -> int:
        """Write bytes; all count as written where the stream refuses."""
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError:
            return len(memoryview(data))  # type: ignore[arg-type]


class _Stdout(io.FileIO):
    """Raw stdout that says once that it cannot be written."""

    _lost = False

    def write(self, data: object, /) -> int:
        """Write bytes; raise OutputLost or ReaderGone at the first failure."""
        if not self._lost:
            try:
                return super().write(data)  # type: ignore[arg-type]
            except OSError as error:
                self._lost = True
                # Windows reports a pipe without a reader as EINVAL.
                if isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == errno.EINVAL):
                    raise ReaderGone from None
                raise OutputLost(
                    f"the standard output cannot be written ({error.strerror}): what was to be printed is lost, while "
                    "files that were asked for are complete"
                ) from None
        return len(memoryview(data))  # type: ignore[arg-type]
