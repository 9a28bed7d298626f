"""Kinds of attributes in filters: comparisons that could never pass, and names of sports in any case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["fold_sports", "refuse_kinds"]

_TEXTS = frozenset({"sport", "name", "gear", "device", "id", "source", "file"})
_NUMBERS = frozenset({"distance", "elapsed_time", "moving_time", "year", "month", "weekday", "hour", "utc_offset"})
_COMPARING = frozenset({"=", "<>", "<", "<=", ">", ">=", "in", "between"})
_EQUAL = frozenset({"=", "<>", "in"})
_SPORT = {"property": "sport"}


def refuse_kinds(tree: Any, text: str) -> None:
    """Refuse to compare what is always text with a number, or what is always a number with text.

    Parameters
    ----------
    tree : dict, list or value
        A filter, parsed.
    text : str
        The filter as it was written, for the error.

    Raises
    ------
    BadOption
        Naming the attribute.
    """
    for node in _operations(tree):
        if node["op"] in _COMPARING:
            compared = _flat(node["args"])
            for name in (one["property"] for one in compared if isinstance(one, dict) and "property" in one):
                for value in compared:
                    _refuse_kind(name, value, text)


def _operations(tree: Any) -> Iterator[dict[str, Any]]:
    """All operations of a filter, however deeply nested."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict) and "op" in node:
            waiting.append(node.get("args", []))
            yield node


def _flat(args: list[Any]) -> list[Any]:
    return [one for arg in args for one in (arg if isinstance(arg, list) else [arg])]


def _refuse_kind(name: str, value: Any, text: str) -> None:
    if name in _TEXTS and isinstance(value, (int, float)) and not isinstance(value, bool):
        said = f"{name}, which is text, with a number: put '{value:g}' in single quotes"
    elif name in _NUMBERS and isinstance(value, str):
        said = f"{name}, which is a number, with text: leave out the quotes"
    else:
        return
    raise BadOption(f"the filter {text!r} compares {said}")


def fold_sports(tree: Any) -> None:
    """Let sports of a parsed filter be equal whatever their case: nobody means another sport by run than by Run."""
    for node in _operations(tree):
        if node["op"] in _EQUAL and _SPORT in node["args"]:
            node["args"] = [
                [_folded(one) for one in arg] if isinstance(arg, list) else _folded(arg) if arg != _SPORT else _CASELESS
                for arg in node["args"]
            ]


_CASELESS = {"op": "casei", "args": [_SPORT]}


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
