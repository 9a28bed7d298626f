"""Types that a kernel is compiled for, as its decorator writes them.

``f8``, ``i8``, ``b1`` ...
    A number, or a bool, by NumPy's code.
``f8[:]``, ``u1[:, :]``
    An ndarray whose elements follow each other in memory (C order) and that the kernel may change.
``const f8[:]``
    One that is only read, and may be read-only.
``const f4[:] | const f8[:]``
    Either: the kernel is compiled for both.
``(..., ...)``, a `Struct`
    A tuple, a named tuple.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["CODES", "Array", "Number", "Struct", "Type", "expanded", "leaves"]

CODES = ("b1", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
"""Types of numbers and of elements of arrays."""


class Number(NamedTuple):
    """A number, or a bool."""

    code: str


class Array(NamedTuple):
    """An ndarray in C order."""

    code: str
    ndim: int
    const: bool
    """Whether it is only read."""


class Struct:
    """A named tuple of a class, and the types of its parts."""

    def __init__(self, kind: type, *parts: Any) -> None:
        self.kind = kind
        self.parts = parts


Type = Number | Array | Struct | tuple[Any, ...]
"""A type of one parameter: a number, an array, or a tuple or struct of types."""


def expanded(written: Sequence[Any]) -> list[tuple[Type, ...]]:
    """List the signatures that the types of parameters stand for: one for each choice of alternatives.

    Raises
    ------
    ValueError
        For a type that is written in another way.
    """
    return list(itertools.product(*map(_alternatives, written)))


def _alternatives(written: Any) -> list[Type]:
    if isinstance(written, Struct):
        return [Struct(written.kind, *parts) for parts in expanded(written.parts)]
    if isinstance(written, tuple):
        return list(expanded(written))
    return [_parsed(text) for text in written.split(" | ")]


def _parsed(text: str) -> Type:
    bare = text.removeprefix("const ")
    code, array, axes = bare.partition("[")
    ndim = axes.count(":")
    right = ndim > 0 and axes == f"{', '.join(':' * ndim)}]" if array else bare == text
    if code not in CODES or not right:
        raise ValueError(f"{text!r} is no type of a kernel")
    return Array(code, ndim, bare != text) if array else Number(code)


def leaves(types: Sequence[Type]) -> Iterator[Number | Array]:
    """Numbers and arrays of which types are made, in their order."""
    for one in types:
        if isinstance(one, Number | Array):
            yield one
        else:
            yield from leaves(one.parts if isinstance(one, Struct) else one)
