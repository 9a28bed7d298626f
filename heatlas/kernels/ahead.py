"""Kernels that were compiled when heatlas was built: found in a shared library, and called without numba.

What is read here is written by `ahead_build`. Of an ndarray the address of the object is handed over; the way into
the kernel (`ahead_entry`) makes sure that it is one, of the type that the kernel was compiled for, before it reads
where its elements lie.
"""

from __future__ import annotations

import ctypes
import functools
import json
import pickle
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.kernels.signatures import CODES, Array, Number, Struct, leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from heatlas.kernels.signatures import Type

__all__ = ["INDEX", "caller", "digest_of_sources", "find_library"]

_FOLDER = Path(__file__).parent
_IN_CHECKOUT = (_FOLDER.parents[1] / "pyproject.toml").exists()
INDEX = _FOLDER / "libkernels.json"
"""What is known of the library, which lies beside it."""
_SLOTS = {"b1": "?7x", "f4": "f4x", "f8": "d", "i8": "q", "u8": "Q"}
"""How a number is packed into its slot of eight bytes."""
_OTHER = -100
"""Status of a call with an argument that the kernel was not compiled for."""
_REFUSED: Any = object()
"""Stands for the result of such a call."""
_LARGE = 1 << 16
"""Bytes from which an array that a kernel made is taken over as it is; a smaller one is copied."""
_TAKEN = struct.Struct("=qqqq").pack
"""What `heatlas_take` takes."""
_WORDS = 64
"""Words of eight bytes that any result fits into."""


class _Library:
    """The shared library, with what its index says, for this processor."""

    def __init__(self) -> None:
        index = json.loads(INDEX.read_text(encoding="utf-8"))
        self.results: dict[str, list[Any]] = index["results"]
        self.sources: str = index["sources"]
        self._code = ctypes.CDLL(str(INDEX.with_name(index["library"])))
        level = self._code.heatlas_level()
        self.level: str | None = next((name for least, name in index["levels"] if level >= least), None)
        self.drop = self._code.heatlas_drop
        self.drop.argtypes, self.drop.restype = [ctypes.c_void_p], None
        self.take = self._code.heatlas_take
        self.take.argtypes, self.take.restype = [ctypes.c_void_p], None
        # The header of an object is longer in free-threaded Python.
        world = (object.__basicsize__, id(np.ndarray), *(id(np.dtype(code)) for code in CODES))
        for place, word in enumerate(world):
            (ctypes.c_int64 * len(world)).in_dll(self._code, "heatlas_world")[place] = word

    def entry(self, name: str, number: int) -> Any:
        """The way into a kernel, for one of its signatures."""
        found = getattr(self._code, f"heatlas_{self.level}_{name.replace('.', '_')}_{number}")
        found.argtypes, found.restype = [ctypes.c_void_p, ctypes.c_void_p], ctypes.c_int32
        return found


@functools.cache
def find_library() -> _Library | None:
    """Load the library; None where there is none of these sources, for this processor and this kind of Python."""
    if sys.implementation.name != "cpython" or not INDEX.exists():
        return None
    try:
        found = _Library()
    except (KeyError, ValueError, OSError, AttributeError):
        if not _IN_CHECKOUT:
            raise
        return None  # it was built from another state, in another form
    is_stale = _IN_CHECKOUT and found.sources != digest_of_sources()
    return None if found.level is None or is_stale else found


def digest_of_sources() -> str:
    """Digest of all files that decide how kernels are compiled; in a checkout they may have been edited since."""
    import hashlib

    digest = hashlib.sha256()
    for path in [*sorted(_FOLDER.glob("*.py")), _FOLDER.parent / "core" / "mercator.py"]:
        if path.stem not in {"ahead", "cache"}:
            digest.update(b"%s\0%s\0" % (path.name.encode(), path.read_bytes()))
    return digest.hexdigest()[:16]


def caller(name: str, signatures: Sequence[tuple[Type, ...]]) -> Callable[..., Any] | None:
    """Return what calls the compiled form of a kernel, "module.name"; None where it was not compiled."""
    library = find_library()
    if library is None or name not in library.results:
        return None
    ways: list[Callable[..., Any]] = []

    def otherwise(status: int, room: Any, arguments: tuple[Any, ...]) -> Any:
        """Raise what the kernel raised; or try other types, and then with plain arrays."""
        if status > 0:  # the exception and its arguments, as numba stored them in the library
            kind, given, *_ = pickle.loads(ctypes.string_at(room[0], room[1]))  # noqa: S301 - out of our own library
            raise kind(*given or ())
        for way in ways[1:]:
            found = way(_refused, *arguments)
            if found is not _REFUSED:
                return found
        plain = _plain(arguments)
        for way in ways:
            found = way(_refused, *plain)
            if found is not _REFUSED:
                return found
        given = ", ".join(map(_said, _flat(arguments)))
        raise TypeError(f"{name} is compiled for {_listed(signatures)}, not for {given}")

    def _refused(status: int, room: Any, arguments: tuple[Any, ...]) -> Any:
        return otherwise(status, room, arguments) if status > 0 else _REFUSED

    ways += [
        _way(library, name, library.entry(name, k), signature, result)
        for k, (signature, result) in enumerate(zip(signatures, library.results[name], strict=True))
    ]
    return functools.partial(ways[0], otherwise)


def _way(library: _Library, name: str, entry: Any, signature: tuple[Type, ...], result: Any) -> Callable[..., Any]:
    """Write the function that calls the way into a kernel: some kernels are called for each track and each tile."""
    kinds = list(leaves(signature))
    slots = ["q" if isinstance(one, Array) else _SLOTS[one.code] for one in kinds]
    called = name.rpartition(".")[2]
    names = [f"a{k}" for k in range(len(signature))]
    flat: list[str] = []
    opened = [f"{_opened(one, target, flat)} = {target}" for one, target in zip(signature, names, strict=True)]
    filled = [f"id({each})" if isinstance(one, Array) else each for one, each in zip(kinds, flat, strict=True)]
    layout: list[str] = []
    gives = _gives(result, layout)
    source = [
        f"def {called}(otherwise, {', '.join(names)}):",
        "    room, status = Room(), OTHER",
        "    try:",
        *(f"        {line}" for line in opened if "(" in line),
        f"        status = entry(room, pack({', '.join(filled)}))",
        "    except (Wrong, TypeError, ValueError):",  # of a tuple or a number that is none
        "        pass",
        "    if status:",
        f"        return otherwise(status, room, ({', '.join(names)},))",
        "    r = unpack(room)",
        f"    return {gives}",
    ]
    known: dict[str, Any] = {
        "OTHER": _OTHER, "Room": ctypes.c_int64 * _WORDS, "Wrong": struct.error, "entry": entry,
        "pack": struct.Struct("=" + "".join(slots)).pack, "unpack": struct.Struct("@" + "".join(layout)).unpack_from,
        "array": functools.partial(_array, library), **{f"{code}_": np.dtype(code) for code in CODES},
    }  # fmt: skip
    exec("\n".join(source), known)  # noqa: S102 - written above
    call: Callable[..., Any] = known[called]
    return call


def _opened(one: Type, name: str, flat: list[str]) -> str:
    """Target that takes an argument apart, such as (a1_0, a1_1); its names are appended to `flat`."""
    if isinstance(one, Number | Array):
        flat.append(name)
        return name
    parts = one.parts if isinstance(one, Struct) else one
    return "(" + "".join(f"{_opened(part, f'{name}_{k}', flat)}, " for k, part in enumerate(parts)) + ")"


def _gives(result: Any, layout: list[str]) -> str:
    """Expression that makes a result of the words `r`; how they follow each other in memory is appended to `layout`."""
    if isinstance(result, list):
        return "(" + "".join(f"{_gives(one, layout)}, " for one in result) + ")"
    at, (code, _, ndim) = sum(map(len, layout)), result.partition(":")
    if ndim:  # memory, parent, elements, bytes of one, data; shape; strides, as it lies in one piece
        layout.append("q" * (5 + 2 * int(ndim)))
        return f"array({code}_, r[{at}], r[{at + 2}] * r[{at + 3}], r[{at + 4}], r[{at + 5}:{at + 5 + int(ndim)}])"
    if code == "none":
        return "None"
    layout.append(_SLOTS[code][0])
    return f"r[{at}]"


def _array(library: _Library, kind: np.dtype[Any], made: int, size: int, data: int, shape: tuple[int, ...]) -> Any:
    """Array of what a kernel made, of `size` bytes."""
    if size > _LARGE and made:
        return np.asarray(_Owner(library, made, data, shape, kind.str))
    out = np.empty(shape, kind)
    library.take(_TAKEN(id(out), data, size, made))
    return out


class _Owner:
    """Memory that a kernel allocated, given back when no array needs it any more."""

    __slots__ = ("__array_interface__", "_drop", "_made")

    def __init__(self, library: _Library, made: int, data: int, shape: tuple[int, ...], kind: str) -> None:
        self._made, self._drop = made, library.drop
        self.__array_interface__ = {"version": 3, "shape": shape, "typestr": kind, "data": (data, False)}

    def __del__(self) -> None:
        self._drop(self._made)


def _flat(arguments: Sequence[Any]) -> Iterator[Any]:
    """Arguments with tuples taken apart."""
    for one in arguments:
        if isinstance(one, tuple):
            yield from _flat(one)
        else:
            yield one


def _plain(arguments: Sequence[Any]) -> tuple[Any, ...]:
    """Views as plain ndarrays with NumPy's own dtypes: of subclasses, and of types that only have another name."""
    found: list[Any] = []
    for one in arguments:
        if isinstance(one, tuple):
            found.append(_plain(one))
            continue
        if isinstance(one, np.ndarray):
            one = one.view(np.ndarray)
            code = one.dtype.str[1:]
            if one.dtype.isnative and code in CODES and one.dtype is not np.dtype(code):
                one = one.view(np.dtype(code))
        found.append(one)
    return tuple(found)


def _said(one: Any) -> str:
    if not isinstance(one, np.ndarray):
        return type(one).__name__
    how = "" if one.flags.c_contiguous else ", not in one piece"
    return f"{one.dtype}[{', '.join(':' * one.ndim)}]{how}{'' if one.flags.writeable else ', read-only'}"


def _listed(signatures: Sequence[tuple[Type, ...]]) -> str:
    return " or ".join(f"({', '.join(map(_named, signature))})" for signature in signatures)


def _named(one: Type) -> str:
    if isinstance(one, Number):
        return one.code
    if isinstance(one, Array):
        return f"{'const ' if one.const else ''}{one.code}[{', '.join(':' * one.ndim)}]"
    return f"({', '.join(map(_named, one.parts if isinstance(one, Struct) else one))})"
