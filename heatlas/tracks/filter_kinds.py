"""Kinds of attributes in filters: comparisons that could never pass, and names of sports in any case."""

from __future__ import annotations

from typing import Any

from heatlas.core.errors import BadOption

__all__ = ["fold_sports", "refuse_kinds"]

_TEXTS = frozenset({"sport", "name", "gear", "device", "id", "source", "file"})
_NUMBERS = frozenset({"distance", "elapsed_time", "moving_time", "year", "month", "weekday", "hour", "utc_offset"})
_COMPARING = frozenset({"=", "<>", "<", "<=", ">", ">=", "in", "between"})
_EQUAL = frozenset({"=", "<>", "in"})
_SPORT = {"property": "sport"}


def refuse_kinds(node: Any, text: str) -> None:
    """Refuse to compare what is always text with a number, or what is always a number with text.

    Parameters
    ----------
    node : dict, list or value
        A filter, parsed.
    text : str
        The filter as it was written, for the error.

    Raises
    ------
    BadOption
        Naming the attribute.
    """
    if isinstance(node, list):
        for item in node:
            refuse_kinds(item, text)
    elif isinstance(node, dict) and "op" in node:
        if node["op"] in _COMPARING:
            compared = _flat(node["args"])
            for name in (one["property"] for one in compared if isinstance(one, dict) and "property" in one):
                for value in compared:
                    _refuse_kind(name, value, text)
        refuse_kinds(node.get("args", []), text)


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


def fold_sports(node: Any) -> Any:
    """Let sports be equal whatever their case: nobody means another sport by run than by Run."""
    if isinstance(node, list):
        return [fold_sports(item) for item in node]
    if not isinstance(node, dict) or "op" not in node:
        return node
    args = fold_sports(node.get("args", []))
    if node["op"] in _EQUAL and _SPORT in args:
        args = [
            [_folded(one) for one in arg] if isinstance(arg, list) else _folded(arg) if arg != _SPORT else _CASELESS
            for arg in args
        ]
    return {**node, "args": args}


_CASELESS = {"op": "casei", "args": [_SPORT]}


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
