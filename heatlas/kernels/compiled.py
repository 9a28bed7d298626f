"""How kernels are compiled: once, kept on disk, and without what they have no use for.

Arrays that numba hands about are counted, so that memory is given back when the last is gone: with two locked
instructions for each call. A kernel that allocates nothing is compiled without, which makes its inner loops faster and
compiling shorter. It fails to compile if it allocates after all.

A cached kernel does not notice a change in a module that it imports: after editing one that others import, remove what
is cached (`*.nbi` and `*.nbc`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["helper", "kernel"]


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
    decorate: Callable[..., Any] = njit(cache=True, nogil=True, no_cfunc_wrapper=True, **lean, **options)
    return decorate


def helper(**options: Any) -> Callable[..., Any]:
    """Decorate what only kernels call and allocates nothing: without a way in from Python it compiles faster."""
    return kernel(no_cpython_wrapper=True, **options)
