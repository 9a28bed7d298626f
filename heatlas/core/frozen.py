"""Frozen dataclasses that cost a command little when it starts.

`dataclasses.dataclass(frozen=True, slots=True)` writes six methods of each class as text and compiles them while the
module is imported. A picture needs a hundred such classes, and that was a fifth of its whole command. Here all classes
share what does not depend on the names of fields. Most are called once or twice, for which an `__init__` that all share
serves as well; it is compiled for a class that is called more often.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, Field, FrozenInstanceError
from functools import partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["frozen"]

_Class = TypeVar("_Class", bound=type)
_FEW = 4
"""Calls of a class that are done without compiling for it. A compiled function pays after 20 or so."""


@overload
def frozen(given: _Class, /) -> _Class: ...
@overload
def frozen(*, kw_only: bool = ..., eq: bool = ..., slots: bool = ...) -> Callable[[_Class], _Class]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def frozen(given: Any = None, /, *, kw_only: bool = False, eq: bool = True, slots: bool = True) -> Any:
    """Make a class a dataclass whose instances have slots and do not change.

    It is that of `dataclass(frozen=True, slots=True)` for whoever uses it: `fields`, `replace`, matching, pickling,
    comparing and hashing of fields, `__post_init__` and `FrozenInstanceError`.

    Parameters
    ----------
    kw_only : bool
        Whether all fields are given by keyword.
    eq : bool
        Whether instances are equal whose fields are; else those that are one object are.
    slots : bool
        Whether instances have slots; a class with `functools.cached_property` has none.
    """

    def made(written: type) -> type:
        # Without a docstring dataclasses would write the signature of `object` for one.
        written.__doc__ = written.__doc__ or written.__name__
        cls: type = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(written)
        methods = _SHARED | {"__init__": _Init(cls)} | (_comparing(cls) if eq else {})
        for name, method in methods.items():
            if cls.__dict__.get(name) is None:  # as `__hash__` is where a class defines `__eq__` alone
                setattr(cls, name, method)
        return cls

    return made if given is None else made(given)


class _Init:
    """`__init__` of a class: compiled when it has been called some times, or is looked up in the class."""

    def __init__(self, owner: type) -> None:
        self._owner = owner
        self._calls = 0

    def __get__(self, instance: object, cls: type | None = None) -> Any:
        self._calls += 1
        if instance is not None and self._calls <= _FEW:
            return partial(self._fill, instance)
        return self._compiled().__get__(instance, cls)

    def _compiled(self) -> Any:
        compiled = _compiled_init(self._owner)
        setattr(self._owner, "__init__", compiled)  # noqa: B010 - a type checker takes no other for `__init__`
        return compiled

    def _fill(self, instance: Any, /, *given: Any, **named: Any) -> None:
        """Do what the compiled function does, which takes a tenth of a millisecond to compile."""
        fields = dataclasses.fields(self._owner)
        places = [field.name for field in fields if field.init and not field.kw_only]
        values = dict(zip(places, given, strict=False))
        open_names = {field.name for field in fields if field.init} - values.keys()
        needed = {f.name for f in fields if f.init and f.default is MISSING and f.default_factory is MISSING}
        if len(given) > len(places) or not named.keys() <= open_names or not needed <= values.keys() | named.keys():
            self._compiled()(instance, *given, **named)  # says what is wrong, in Python's own words
            return
        values |= named
        for field in fields:
            if field.name in values:
                continue
            if field.default_factory is not MISSING:
                values[field.name] = field.default_factory()
            elif field.default is not MISSING:
                values[field.name] = field.default
        for field in fields:
            if field.name in values:
                object.__setattr__(instance, field.name, values[field.name])
        if hasattr(instance, "__post_init__"):
            instance.__post_init__()


def _compiled_init(cls: type) -> Any:
    """Compile `__init__`, which sets fields as `object` does, because the class refuses to."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_MISSING": MISSING}
    given: list[str] = []
    named: list[str] = []
    lines: list[str] = []
    for field in dataclasses.fields(cls):
        value, default = _value_and_default(field, known)
        if field.init:
            (named if field.kw_only else given).append(field.name + default)
        if value:
            lines.append(f" _set(self, {field.name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    arguments = ["self", *given, *(["*", *named] if named else [])]
    exec(f"def __init__({', '.join(arguments)}):\n" + "\n".join(lines or [" pass"]), known)  # noqa: S102 - names of fields
    function = known["__init__"]
    function.__qualname__ = f"{cls.__qualname__}.__init__"
    function.__module__ = cls.__module__
    function.__annotations__ = {f.name: f.type for f in dataclasses.fields(cls) if f.init} | {"return": None}
    return function


def _value_and_default(field: Field[Any], known: dict[str, Any]) -> tuple[str, str]:
    """Expression that a field is set to, empty for none, and the default of its parameter."""
    name = f"_default_{field.name}"
    if field.default_factory is not MISSING:
        known[name] = field.default_factory
        made = f"{name}()"
        return (f"{made} if {field.name} is _MISSING else {field.name}", "=_MISSING") if field.init else (made, "")
    if field.default is not MISSING:
        known[name] = field.default
        return (field.name, f"={name}") if field.init else (name, "")
    return (field.name, "") if field.init else ("", "")


def _comparing(cls: type) -> dict[str, Any]:
    """`__eq__` and `__hash__` of a class, which compare and hash tuples of its fields."""
    fields = dataclasses.fields(cls)
    compared = _values_of([field.name for field in fields if field.compare])
    hashed = _values_of([field.name for field in fields if (field.compare if field.hash is None else field.hash)])

    def equal(self: object, other: object) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def hash_of(self: object) -> int:
        return hash(hashed(self))

    return {"__eq__": equal, "__hash__": hash_of}


def _values_of(names: list[str]) -> Callable[[object], tuple[Any, ...]]:
    """Return what takes the values of attributes from an object."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda found: tuple(getattr(found, name) for name in names)


@recursive_repr()
def _text(self: Any) -> str:
    values = [f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr]
    return f"{self.__class__.__qualname__}({', '.join(values)})"


def _refuse_to_set(self: object, name: str, value: object) -> NoReturn:  # noqa: ARG001 - the signature of `__setattr__`
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> NoReturn:  # noqa: ARG001
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    """Values of all fields, for pickling and copying."""
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


_SHARED = {
    "__repr__": _text,
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
    "__getstate__": _state,
    "__setstate__": _set_state,
}
