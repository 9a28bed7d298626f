"""Compile kernels by numba when they are called, and store them on disk.

Stored kernels belong to one state of all kernels' sources (`cache.py`). An edit of any of them recompiles all.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from numba import njit

from heatlas.kernels.cache import KernelCache

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["cache_of", "dispatcher"]


def dispatcher(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    """Let numba compile a function for the types of each call; under NUMBA_DISABLE_JIT it stays as it is."""
    made = njit(nogil=True, no_cfunc_wrapper=True, **options)(function)
    if made is not function:
        with contextlib.suppress(RuntimeError, OSError):  # the source has no file, as in an archive
            made._cache = KernelCache(function)
    return made


def cache_of(dispatcher: Any) -> KernelCache | None:
    """Where the code of a kernel is stored; None where it is not."""
    cache = getattr(dispatcher, "_cache", None)
    return cache if isinstance(cache, KernelCache) else None
