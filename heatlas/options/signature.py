"""Options of a request in the signature and the docstring of a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from heatlas.options.option import options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["described", "with_keywords"]

F = TypeVar("F", bound="Callable[..., object]")


def with_keywords(request: type) -> Callable[[F], F]:
    """Say that the keywords of a function that ends in `**options` are those of a request; type checkers know them."""

    def decorate(function: F) -> F:
        function.__keywords__ = request  # type: ignore[attr-defined]
        return function

    return decorate


def described(function: F) -> F:
    """Show `help` and notebooks the keywords of a public function, in its signature and docstring.

    It is done where Python asks for the function: of the 10 ms that it takes for all, the command line needs none.
    """
    request = vars(function).pop("__keywords__", None)
    if request is None:
        return function
    import inspect

    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
    keywords = [
        inspect.Parameter(
            option.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=f"{option.annotation} | None"
        )
        for option in options_of(request).values()
    ]
    function.__signature__ = signature.replace(parameters=[*own, *keywords])  # type: ignore[attr-defined]
    if function.__doc__:
        function.__doc__ = "\n".join([inspect.cleandoc(function.__doc__), *_section(request)])
    return function


def _section(request: type) -> Iterator[str]:
    import textwrap

    yield from ("", "Other Parameters", "----------------")
    for option in options_of(request).values():
        yield f"{option.name} : {option.annotation}, optional"
        yield textwrap.fill(option.help, 116, initial_indent="    ", subsequent_indent="    ")
