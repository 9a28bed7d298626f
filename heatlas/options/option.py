"""Fields of a dataclass that are options: their names, their help, and the values they take."""

from __future__ import annotations

import dataclasses
import numbers
import os
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

from heatlas.core.errors import BadOption, printable
from heatlas.core.frozen import frozen
from heatlas.options.renamed import with_new_names

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ALL", "Option", "gather", "given", "groups_of", "option", "options_of", "refuse"]

ALL = ("picture", "film", "tiles", "page")
"""Kinds of output, by their names in `heatlas.rendering.kinds.KINDS`."""
_KEY = "option"
_OBJECTS = frozenset({"background", "basemap", "bbox", "colormap", "engine", "weight"})
"""Keywords of options that take objects of Python, which `heatlas.options.values` writes as text."""
T = TypeVar("T")


@frozen(kw_only=True)
class Option:
    """An option of the command line and of Python."""

    name: str
    """Its keyword in Python."""
    value: str
    """Placeholder of the value in the help of the command line; empty for a switch."""
    help: str
    """Its effect, in a sentence or two."""
    kinds: tuple[str, ...]
    """Kinds of output that have it."""
    type: type
    """Type of its value: str, int, float, bool, or tuple for an option that may be repeated."""
    choices: tuple[str, ...]
    """All values that the command line takes; empty where there are too many to list."""
    limits: tuple[float | None, float | None]
    """Least and greatest number."""
    annotation: str
    """Type of the keyword in Python, without None."""
    takes: str
    """Types that Python may pass besides text, which are converted to text; empty: none."""

    @property
    def flag(self) -> str:
        """Its name on the command line: "--clip-ends" of clip_ends."""
        return "--" + self.name.replace("_", "-")


def option(
    value: str,
    help: str,  # noqa: A002 - as everybody calls it
    *,
    kinds: tuple[str, ...] = ALL,
    choices: tuple[str, ...] = (),
    limits: tuple[float | None, float | None] = (None, None),
    takes: str = "",
) -> Any:
    """Declare a field that is an option (see `Option`); its default is None."""
    said = {"value": value, "help": help, "kinds": kinds, "choices": choices, "limits": limits}
    return dataclasses.field(default=None, metadata={_KEY: {**said, "takes": takes}})


def switch(help: str, *, kinds: tuple[str, ...] = ALL) -> Any:  # noqa: A002
    """Declare an option that is on or off; by default off."""
    field = option("", help, kinds=kinds)
    return dataclasses.field(default=False, metadata=field.metadata)


def several(value: str, help: str, *, kinds: tuple[str, ...] = ALL) -> Any:  # noqa: A002
    """Declare an option that may be repeated; by default none."""
    field = option(value, help, kinds=kinds)
    return dataclasses.field(default=(), metadata=field.metadata)


def options_of(request: type) -> dict[str, Option]:
    """Return all options of a dataclass and of the groups in it, by their keywords, in the order of its fields."""
    return _options_of(request)


@cache
def _options_of(request: type) -> dict[str, Option]:
    found: dict[str, Option] = {}
    for field, kind in _fields_of(request):
        if _KEY in field.metadata:
            found[field.name] = _option_of(field, kind)
        else:
            found |= options_of(kind)
    return found


def groups_of(request: type) -> tuple[type, ...]:
    """Return the groups of a request, in the order of its fields."""
    return tuple(kind for field, kind in _fields_of(request) if _KEY not in field.metadata)


@cache
def _fields_of(request: type) -> tuple[tuple[dataclasses.Field[Any], Any], ...]:
    """Fields of a dataclass, each with its type."""
    hints = get_type_hints(request)
    return tuple((field, hints[field.name]) for field in dataclasses.fields(request))


def _option_of(field: dataclasses.Field[Any], hint: Any) -> Option:
    said = field.metadata[_KEY]
    kinds_of_value = [kind for kind in get_args(hint) if kind is not type(None)] or [hint]
    if isinstance(field.default, tuple):
        base: type = tuple
        annotation = "Collection[str]"
    else:
        base = kinds_of_value[0] if len(kinds_of_value) == 1 else str
        annotation = " | ".join(kind.__name__ for kind in kinds_of_value)
    return Option(
        name=field.name, type=base, annotation=annotation + (f" | {said['takes']}" if said["takes"] else ""),
        **said,
    )  # fmt: skip


def gather(request: type[T], keywords: Mapping[str, Any], function: str = "render") -> T:
    """Make a request from keywords; None, False and empty values count as not given.

    Parameters
    ----------
    request : type
        A dataclass of options and groups of options.
    keywords : mapping
        Names of options to their values.
    function : str
        Name of the function that takes the keywords, for the error.

    Raises
    ------
    TypeError
        When there is no such option.
    """
    known = options_of(request)
    keywords = with_new_names(keywords, known, function)
    for name in keywords:
        if name not in known:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
    values = {name: _written(known[name], value) for name, value in keywords.items()}
    filled: T = _filled(request, {name: value for name, value in values.items() if _is_given(value)})
    return filled


def _filled(request: type, values: Mapping[str, Any]) -> Any:
    fields: dict[str, Any] = {}
    for field, kind in _fields_of(request):
        if _KEY not in field.metadata:
            fields[field.name] = _filled(kind, values)
        elif field.name in values:
            fields[field.name] = values[field.name]
    return request(**fields)


def refuse_kind(option: Option, value: Any) -> None:
    """Refuse a value from Python of a kind, or a size, that the command line would refuse.

    Raises
    ------
    BadOption
        Says what to give.
    """
    words, (low, high) = option.annotation, option.limits
    switch, wanted = type(value).__name__ in {"bool", "bool_"}, "a date" if "date" in words else "text"
    if option.type is bool:
        fits, wanted = switch, "True or False"
    elif switch:
        fits, wanted = not value, "its value"
    elif isinstance(value, numbers.Real):
        number, whole = float(value), "int" in words and "float" not in words
        fits = any(kind in words for kind in ("Any", "float", "Literal")) or (whole and number == int(number))
        inside = (low is None or number >= low) and (high is None or number <= high)
        if whole or (fits and not inside):
            wanted = f"{'a whole number' if whole else 'a number'}{_said(low, high)}"
        fits = fits and inside
    elif isinstance(value, (str, os.PathLike)):
        fits, wanted = "str" in words, "a number"
    else:
        fits = option.type is tuple or bool(option.takes)
    if not fits:
        said = f"={value!r}" if isinstance(value, (str, numbers.Real, bool)) else f" as a {type(value).__name__}"
        raise BadOption(f"{option.flag}{said:.60} cannot be used: give {wanted}")


def _said(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "" if low is None else f" from {low:g} on"
    return f" from {low:g} to {high:g}"


def _is_given(value: Any) -> bool:
    return value is not None and value is not False and value != ()


def _written(option: Option, value: Any) -> Any:
    """Convert a value to the form of the command line: Python may pass numbers, lists of numbers, or dates for text.

    Bytes of a command line that the locale cannot decode become text that can be stored; names of files keep them.
    """
    if value is not None:
        refuse_kind(option, value)
    if option.type is tuple:
        given = (value,) if isinstance(value, str) else () if value is None or value is False else tuple(value)
        return tuple(printable(each) if isinstance(each, str) else each for each in given)
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str):
        return value if option.value == "FILE" else printable(value)
    if option.name in _OBJECTS and value is not None:
        from heatlas.options.values import text_of

        return text_of(option.name, value)
    if not option.takes or value is None:
        return value
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def given(options: Any) -> dict[str, Any]:
    """Return the options of a request, or of a group, that were given."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if _KEY not in field.metadata:
            found |= given(value)
        elif _is_given(value):
            found[field.name] = value
    return found


def refuse(options: Any, reason: str, *names: str) -> None:
    """Refuse options that would be ignored.

    Parameters
    ----------
    options : dataclass
        A group.
    reason : str
        Purpose of the options, and what to do.
    *names : str
        Options of the group; by default all.

    Raises
    ------
    BadOption
        Naming the first that was given.
    """
    known = options_of(type(options))
    for name in given(options):
        if not names or name in names:
            raise BadOption(f"{known[name].flag} is for {reason}")
