"""Compile kernels by numba when they are called, and store them on disk.

Stored kernels belong to one state of all kernels' sources (`cache.py`). An edit of any of them recompiles all.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import config, njit, types
from numba.core.registry import cpu_target
from numba.np.numpy_support import from_dtype

from heatlas.kernels.cache import KernelCache
from heatlas.kernels.signatures import Array, Number, Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heatlas.kernels.signatures import Type

__all__ = ["cache_of", "compile_for", "dispatcher", "numba_type"]

_stores = True
"""Whether code is stored on disk: it is for this processor."""


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
    if config.DISABLE_JIT or not _stores:  # type: ignore[attr-defined]
        return None
    with contextlib.suppress(RuntimeError, OSError):  # the source has no file, as in an archive
        return KernelCache(function)
    return None


def compile_for(machine: Any) -> None:
    """Have numba optimise for another processor in this process from now on, and make no code of what it optimised.

    Code that it made to be called at once would be for this processor, and making it changes the IR.

    Parameters
    ----------
    machine : llvmlite.binding.TargetMachine
        The processor.
    """
    global _stores
    _stores = False
    code = cpu_target.target_context.codegen()
    code._tm = machine
    code._engine.finalize_object = code.set_env = lambda *_: None
