"""How kernels are compiled: once, kept on disk, and without what they have no use for.

Arrays that numba hands about are counted, so that memory is given back when the last is gone: with two locked
instructions for each call. A kernel that allocates nothing is compiled without, which makes its inner loops faster and
compiling shorter. It fails to compile if it allocates after all.

What is kept belongs to one state of all kernels' sources (`cache.py`): an edit of any of them compiles anew.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from numba import njit

from heatlas.kernels.cache import KernelCache

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["helper", "kernel", "never_compiled"]


def kernel(*, allocates: bool = False, **options: Any) -> Callable[..., Any]:
    """Decorate what is called from Python: serial, without the interpreter's lock, cached.

    Parameters
    ----------
    allocates : bool
        Whether it makes arrays.
    **options
        What else `numba.njit` takes.
    """
    lean = {} if allocates else {"_nrt": False}
    decorate = njit(nogil=True, no_cfunc_wrapper=True, **lean, **options)

    def cached(function: Callable[..., Any]) -> Any:
        made = decorate(function)
        if made is not function:  # NUMBA_DISABLE_JIT leaves it as it is
            # No folder can be written: compiled in each process.
            with contextlib.suppress(RuntimeError):
                made._cache = KernelCache(function)
        return made

    return cached


def helper(**options: Any) -> Callable[..., Any]:
    """Decorate what only kernels call and allocates nothing: without a way in from Python it compiles faster."""
    return kernel(no_cpython_wrapper=True, **options)


def never_compiled(kernel: Any) -> bool:
    """Whether nothing is kept of a kernel, in these sources, though it could be."""
    cache = getattr(kernel, "_cache", None)
    return isinstance(cache, KernelCache) and cache.is_empty
