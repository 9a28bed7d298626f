"""Decorators that compile kernels once and store them on disk.

numba counts references to arrays to free their memory, which takes two locked instructions for each call. A kernel that
allocates nothing is compiled without counting, which makes its inner loops faster and compiling shorter. It fails to
compile if it allocates after all.

Stored kernels belong to one state of all kernels' sources (`cache.py`). An edit of any of them recompiles all.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from numba import njit

from heatlas.kernels.cache import KernelCache

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["helper", "is_stored", "kernel", "never_compiled"]


def kernel(*, allocates: bool = False, **options: Any) -> Callable[..., Any]:
    """Decorate a function that Python calls: serial, without the interpreter's lock, cached.

    Parameters
    ----------
    allocates : bool
        Whether it makes arrays.
    **options
        Other options of `numba.njit`.
    """
    lean = {} if allocates else {"_nrt": False}
    decorate = njit(nogil=True, no_cfunc_wrapper=True, **lean, **options)

    def cached(function: Callable[..., Any]) -> Any:
        made = decorate(function)
        if made is not function:  # NUMBA_DISABLE_JIT leaves it as it is
            with contextlib.suppress(RuntimeError, OSError):  # the source has no file, as in an archive
                made._cache = KernelCache(function)
        return made

    return cached


def helper(**options: Any) -> Callable[..., Any]:
    """Decorate a function that only kernels call and that allocates nothing; without a wrapper it compiles faster."""
    return kernel(no_cpython_wrapper=True, **options)


def never_compiled(kernel: Any) -> bool:
    """Whether nothing is stored of a kernel for these sources, although it could be."""
    cache = getattr(kernel, "_cache", None)
    return isinstance(cache, KernelCache) and cache.can_store and cache.is_empty


def is_stored(kernel: Any) -> bool:
    """Whether another process finds a kernel compiled; where kernels are not compiled at all, it needs to find none."""
    cache = getattr(kernel, "_cache", None)
    return cache is None or (isinstance(cache, KernelCache) and not cache.is_empty)
