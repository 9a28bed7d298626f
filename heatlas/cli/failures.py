"""Failures in words: one sentence and an exit status for each error that a command may end with."""

from __future__ import annotations

import errno

from heatlas.core.errors import BadOption, HeatlasError
from heatlas.core.resources import address_space

__all__ = ["explain", "refuse_small_limit"]

_LEAST = 800 << 20
"""Bytes of addresses that are taken as soon as all libraries are loaded. With less, they end the process themselves."""
_MEMORY = "take a coarser --resolution, fewer files or --workers 1"
_NO_ROOM = ("cannot allocate memory", "failed to map segment", "memory allocation", "out of memory", "paging file")
"""Words of systems and libraries that cannot be loaded for want of memory."""


def explain(error: BaseException) -> tuple[str, int] | None:
    """Describe an error in a sentence, and choose the exit status; None for a fault of the program.

    Status 2 stands for wrong usage, 1 for everything else.
    """
    if isinstance(error, BadOption):
        return str(error), 2
    if _is_of_memory(error):
        return f"the memory {_where()} is not enough: {_MEMORY}", 1
    if isinstance(error, HeatlasError):
        return str(error), 1
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return "no more threads can be started: take --workers 1, or raise the limits (ulimit -u, ulimit -v)", 1
    if isinstance(error, OSError):
        if error.errno == errno.EAGAIN and not error.filename:
            return "the system allows no more processes: take --workers 1, or raise the limit (ulimit -u)", 1
        if "No usable temporary directory" in str(error):
            return "no folder for temporary files can be written: set TMPDIR to one that can", 1
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}", 1
    return None


def refuse_small_limit() -> None:
    """Refuse to work under a limit of addresses that not even the libraries fit into.

    Raises
    ------
    HeatlasError
        Says the limit and how to raise it.
    """
    most = address_space()[0]
    if most < _LEAST:
        raise HeatlasError(
            f"this process may have {most / 2**20:,.0f} MB of addresses (ulimit -v), and heatlas needs "
            f"{_LEAST / 2**20:,.0f} MB for its libraries alone: raise the limit, or limit the memory of a container or "
            "a service instead"
        )


def _is_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says that memory is missing."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
            return True
        if isinstance(error, (ImportError, OSError)) and any(words in str(error).lower() for words in _NO_ROOM):
            return True
        error = error.__cause__ or error.__context__
    return False


def _where() -> str:
    most = address_space()[0]
    return "of this machine" if most == float("inf") else f"of this process (ulimit -v: {most / 2**20:,.0f} MB)"
