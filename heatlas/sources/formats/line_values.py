"""Values beside a line, one for each position: times, sensors; and those that describe all of it."""

from __future__ import annotations

import json
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import COLUMNS
from heatlas.sources.formats.xml_text import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.sources.formats.ways import Way

__all__ = ["add_values", "plain_facts"]

_TIMES = ("coordtimes", "times", "timestamps")
"""Names of lists of times, in the order in which they are taken; without punctuation and case."""
_WITHIN = "coordinateproperties"
_HELD = 200
_LONGEST = 500
_HEART = ("heart", "hearts", "heartrates")


def plain_facts(properties: Any) -> dict[str, Any]:
    """Properties that describe a whole line: numbers, texts and booleans; of what is nested nothing."""
    if not isinstance(properties, dict):
        return {}
    facts: dict[str, Any] = {}
    for name, value in properties.items():
        if isinstance(value, (bool, int, str)) or (isinstance(value, float) and isfinite(value)):
            if _is_list(value) or not name or len(facts) >= _HELD:
                continue
            facts[_text(name)] = _text(value) if isinstance(value, str) else _sound(value)
    return facts


def _text(value: str) -> str:
    return "".join(c for c in value[:_LONGEST] if c.isprintable())


def _sound(value: Any) -> Any:
    """Number that a library can store."""
    return (
        float(value) if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63 and abs(value) < 1e300 else value
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, str) and len(value) > 2 and value[0] == "[" and value[-1] == "]"


def add_values(way: Way, properties: Any) -> None:
    """Add times and sensors of the positions of a way, where its properties hold lists of them.

    A list has one value for each position; of several lines it is one list, or one for each line.
    """
    lists = dict(_lists(properties))
    name = next((name for name in _TIMES if name in lists), None)
    if name is not None and all(np.isnan(part[:, 3]).all() for part in way.parts):
        _add_times(way, lists[name])
    for name, values in lists.items():
        if name not in _TIMES:
            _add_column(way, name, values)


def _lists(properties: Any) -> Iterator[tuple[str, list[Any]]]:
    """Lists among properties, and one level below: plain name and values."""
    if not isinstance(properties, dict):
        return
    for key, value in properties.items():
        name = "".join(c for c in str(key).lower() if c.isalnum())
        if name == _WITHIN and isinstance(value, dict):
            yield from _lists({key: inner for key, inner in value.items() if not isinstance(inner, dict)})
            continue
        held = value
        if _is_list(value):
            try:
                held = json.loads(value)
            except (ValueError, RecursionError):
                continue
        if isinstance(held, list) and held:
            yield name, [each for part in held for each in part] if all(isinstance(p, list) for p in held) else held


def _add_times(way: Way, values: list[Any]) -> None:
    way.uneven += len(values) != len(way)
    at = 0
    for number, part in enumerate(way.parts):
        for row, value in enumerate(values[at : at + len(part)]):
            if isinstance(value, str):
                part[row, 3] = moment = parse_time(value[:_LONGEST])
                if moment != moment and value.strip():
                    way.odd.append((number, row, value[:_LONGEST]))
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                way.odd.append((number, row, str(value)[:_LONGEST]))  # its unit follows from all times of the file
        at += len(part)


def _add_column(way: Way, name: str, values: list[Any]) -> None:
    from heatlas.sources.tables.tracks.columns import metric_name

    column, factor = ("heart_rate", 1.0) if name in _HEART else metric_name(name)
    if not column:
        column, factor = metric_name(name.removesuffix("s"))
    if column not in COLUMNS or len(values) != len(way):
        return
    numbers = np.array([float(v) if isinstance(v, (int, float)) and abs(v) < 1e30 else nan for v in values])
    at = 0
    for part, held in zip(way.parts, way.columns, strict=True):
        held.setdefault(column, (numbers[at : at + len(part)] * factor).astype(np.float32))
        at += len(part)
