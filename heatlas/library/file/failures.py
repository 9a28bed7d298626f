"""Errors of SQLite as sentences about a library."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from heatlas.core.errors import SourceFailed
from heatlas.core.stopping import Stopped, stop_status
from heatlas.library.file.sound_rows import how_to_repair

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["cannot_write", "failures", "interruptible", "was_stopped"]

_REASONS = {
    "SQLITE_FULL": "the disk is full; the library is as it was before",
    "SQLITE_BUSY": "another process is writing to it: try again when it is done",
    "SQLITE_LOCKED": "another process is writing to it: try again when it is done",
    "SQLITE_READONLY": "the file or its folder cannot be written",
    "SQLITE_CANTOPEN": "the file or its folder cannot be opened",
    "SQLITE_NOTADB": "it is damaged from its first page on: {repair} mends what can be mended",
    "SQLITE_CORRUPT": "it is damaged: {repair} mends what can be mended",
    "SQLITE_CONSTRAINT_TRIGGER": "it is damaged: {repair} mends what can be mended",
    "SQLITE_CONSTRAINT": "it contradicts itself, as a damaged library does: {repair} mends what can be mended",
    "SQLITE_IOERR": "reading or writing the disk failed; the library is as it was before",
}


_INSTRUCTIONS = 100_000
"""Of SQLite's machine: some milliseconds."""
_UNWRITABLE = ("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_READONLY", "SQLITE_CANTOPEN")
"""Codes of failures that leave the library readable."""


@contextmanager
def failures(path: Path) -> Iterator[None]:
    """Turn each error of SQLite into a SourceFailed that names the library and the reason.

    Where a signal interrupted a statement of SQLite, what the signal raised is raised again.
    """
    try:
        yield
    except UnicodeDecodeError as error:  # Python cannot even read what SQLite says of a damaged schema
        said = _REASONS["SQLITE_CORRUPT"].format(repair=how_to_repair(path))
        raise SourceFailed(f"the library {path} cannot be used: {said}") from error
    except sqlite3.Error as error:
        if was_stopped(error):
            raise (KeyboardInterrupt if stop_status() is None else Stopped) from error
        code = _code(error)
        reason = next((said for start, said in _REASONS.items() if code.startswith(start)), str(error))
        said = reason.format(repair=how_to_repair(path)) if "{repair}" in reason else reason
        raise SourceFailed(f"the library {path} cannot be used: {said}") from error


def cannot_write(failure: SourceFailed) -> bool:
    """Whether a library failed only because it cannot be written now: no permission, no space, another writer."""
    return _code(failure.__cause__).startswith(_UNWRITABLE)


def was_stopped(error: sqlite3.Error) -> bool:
    """Whether a statement ended because Ctrl-C or another signal raised in a function that it calls.

    SQLite tells only that a function raised. Those of this package raise nothing of their own; for want of memory,
    Python raises MemoryError itself.
    """
    return _code(error).startswith("SQLITE_INTERRUPT") or "user-defined function raised exception" in str(error)


@contextmanager
def interruptible(connection: sqlite3.Connection) -> Iterator[None]:
    """Let signals interrupt a single long statement: SQLite runs them without returning to Python."""
    connection.set_progress_handler(lambda: 0, _INSTRUCTIONS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def _code(error: BaseException | None) -> str:
    return getattr(error, "sqlite_errorname", None) or ""
