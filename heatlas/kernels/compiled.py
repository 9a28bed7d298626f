"""Decorators of kernels. Nothing is compiled, and numba not loaded, before a kernel is first called.

numba counts references to arrays to free their memory, which takes two locked instructions for each call. A kernel that
allocates nothing is compiled without counting, which makes its inner loops faster and compiling shorter. It fails to
compile if it allocates after all.
"""

from __future__ import annotations

import functools
import os
import threading
from typing import TYPE_CHECKING, Any

from heatlas.kernels.signatures import expanded

if TYPE_CHECKING:
    from collections.abc import Callable

    from heatlas.kernels.cache import KernelCache
    from heatlas.kernels.signatures import Type

__all__ = ["Kernel", "helper", "is_stored", "kernel", "never_compiled"]

_LOCK = threading.RLock()


class Kernel:
    """A function that is compiled when it is first called."""

    def __init__(self, function: Callable[..., Any], written: tuple[Any, ...], options: dict[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self.options = options
        self._written = written
        self._dispatcher: Any = None
        self._call = self._first

    @functools.cached_property
    def signatures(self) -> list[tuple[Type, ...]]:
        """Types of the parameters; one signature for each that the kernel is compiled for, none of a helper."""
        return expanded(self._written) if self._written else []

    def __call__(self, *arguments: Any) -> Any:
        """Call the compiled function."""
        return self._call(*arguments)

    def _first(self, *arguments: Any) -> Any:
        self._call = self._found()
        return self._call(*arguments)

    def _found(self) -> Callable[..., Any]:
        """The function as it was compiled when heatlas was built, or what numba makes of it."""
        ahead = None if _asks("NUMBA_DISABLE_JIT") else self._ahead()
        return self.dispatcher if ahead is None else ahead

    def _ahead(self) -> Callable[..., Any] | None:
        if _asks("HEATLAS_JIT") or not self._written:
            return None
        from heatlas.kernels.ahead import caller

        module = self.py_func.__module__.rpartition(".")[2]
        return caller(f"{module}.{self.py_func.__name__}", self.signatures)

    @property
    def dispatcher(self) -> Any:
        """What numba makes of the function, or the function itself where NUMBA_DISABLE_JIT is set."""
        with _LOCK:  # threads may call a kernel first at the same time
            if self._dispatcher is None:
                self._dispatcher = _jit().dispatcher(self.py_func, self.signatures, self.options)
            return self._dispatcher

    @property
    def _numba_type_(self) -> Any:
        """Numba asks for this when it compiles a function that calls this one."""
        if self._written:
            raise TypeError(f"{self.py_func.__name__} is a kernel, for calls from Python: kernels call helpers")
        return self.dispatcher._numba_type_


def kernel(*types: Any, allocates: bool = False, **options: Any) -> Callable[..., Any]:
    """Decorate a function that Python calls: serial, without the interpreter's lock, cached.

    Parameters
    ----------
    *types
        Types of its parameters, as `heatlas.kernels.signatures` writes them. It is compiled for these and no others.
    allocates : bool
        Whether it makes arrays.
    **options
        Other options of `numba.njit`.
    """
    if not types:
        raise TypeError("a kernel says the types of its parameters: kernel('const f8[:]', 'i8', ...)")
    return functools.partial(Kernel, written=types, options=_lean(allocates, options))


def helper(*, allocates: bool = False, **options: Any) -> Callable[..., Any]:
    """Decorate a function that only kernels call, with any types; without a way in from Python it compiles faster."""
    options = {"no_cpython_wrapper": True, **options}
    return functools.partial(Kernel, written=(), options=_lean(allocates, options))


def _lean(allocates: bool, options: dict[str, Any]) -> dict[str, Any]:
    return options if allocates else {"_nrt": False, **options}


def never_compiled(kernel: Kernel) -> bool:
    """Whether nothing is stored of a kernel for these sources, although it could be."""
    if kernel._ahead() is not None:
        return False
    cache: KernelCache | None = _jit().cache_of(kernel.py_func)
    return cache is not None and cache.can_store and cache.is_empty


def is_stored(kernel: Kernel) -> bool:
    """Whether another process finds a kernel compiled; where kernels are not compiled at all, it needs to find none."""
    if kernel._ahead() is not None:
        return True
    cache: KernelCache | None = _jit().cache_of(kernel.py_func)
    return cache is None or not cache.is_empty


def _asks(name: str) -> bool:
    """Whether a variable of the environment is set, and not to 0."""
    return os.environ.get(name, "0") not in {"", "0"}


def _jit() -> Any:
    """Return what compiles by numba.

    Raises
    ------
    MissingExtra
        Without numba, which an installation with compiled kernels does not need.
    """
    try:
        from heatlas.kernels import jit
    except ModuleNotFoundError as error:
        if error.name not in {"numba", "llvmlite"}:
            raise
        from heatlas.core.errors import MissingExtra

        raise MissingExtra("what was not compiled for this processor when heatlas was installed", "jit") from None
    return jit
