"""Compile kernels by numba when they are called, and store them on disk.

Stored kernels belong to one state of all kernels' sources (`cache.py`). An edit of any of them recompiles all.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import config, njit, types
from numba.np.numpy_support import as_dtype, from_dtype

from heatlas.kernels.cache import KernelCache
from heatlas.kernels.signatures import Array, Number, Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heatlas.kernels.signatures import Type

__all__ = ["cache_of", "compiled_code", "dispatcher", "numba_type"]


def dispatcher(function: Callable[..., Any], signatures: Sequence[tuple[Type, ...]], options: dict[str, Any]) -> Any:
    """Let numba compile a function for its signatures, and for no others; without any, for each set of types.

    Under NUMBA_DISABLE_JIT it stays as it is.
    """
    made = njit(nogil=True, no_cfunc_wrapper=True, **options)(function)
    if made is function:
        return made
    cache = cache_of(function)
    if cache is not None:
        made._cache = cache
    for signature in signatures:
        made.compile(tuple(map(numba_type, signature)))
    if signatures:
        made.disable_compile()
    return made


def numba_type(one: Type) -> Any:
    """Return a type of a parameter as numba has it."""
    if isinstance(one, Number):
        return _number(one.code)
    if isinstance(one, Array):
        return types.Array(_number(one.code), one.ndim, "C", readonly=one.const)
    if isinstance(one, Struct):
        return types.NamedTuple(list(map(numba_type, one.parts)), one.kind)
    return types.Tuple(list(map(numba_type, one)))


def _number(code: str) -> Any:
    return types.boolean if code == "b1" else from_dtype(np.dtype(code))


def cache_of(function: Callable[..., Any]) -> KernelCache | None:
    """Where the code of a function is stored, which is not compiled by this; None where it cannot be."""
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        return None
    with contextlib.suppress(RuntimeError, OSError):  # the source has no file, as in an archive
        return KernelCache(function)
    return None


def compiled_code(
    function: Callable[..., Any], signature: tuple[Type, ...], options: dict[str, Any]
) -> tuple[Any, str, str]:
    """Compile a kernel for one signature, to be linked elsewhere: its result, the symbol of its code, and LLVM IR.

    A result is "none", a number's code, an array's code with its dimensions such as "f8:2", or a list of results.
    """
    made = njit(nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True, **options)(function)
    made.compile(tuple(map(numba_type, signature)))
    (found,) = made.overloads.values()
    return _result(found.signature.return_type), found.fndesc.llvm_func_name, found.library.get_llvm_str()


def _result(kind: Any) -> Any:
    if isinstance(kind, types.BaseTuple):
        return [_result(one) for one in kind]  # type: ignore[attr-defined]
    if isinstance(kind, types.Array):
        if kind.layout != "C":
            raise TypeError(f"a kernel returns {kind}, which may not lie in one piece")
        return f"{_result(kind.dtype)}:{kind.ndim}"
    if kind == types.none:
        return "none"
    return "b1" if kind == types.boolean else as_dtype(kind).str[1:]
