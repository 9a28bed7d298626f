"""Options in messages, called as the door calls them through which a message goes out.

Messages are written in words of the command line, with "=" before a value that could be taken for a word of the
sentence: "take a coarser --zoom, or --engine=pool". So they read:

========== =============================================
shell      take a coarser --zoom, or --engine pool
python     take a coarser zoom=, or engine="pool"
url        take a coarser zoom, or engine=pool
========== =============================================

Commands to type, such as ``heatlas library reindex --clip-ends 200m``, are commands behind every door.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from heatlas.core.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SWITCHES", "Door", "through", "worded", "worded_report"]

Door = Literal["shell", "python", "url"]

SWITCHES = frozenset(
    {
        "all", "density", "figures", "garmin", "legend", "missing", "no_zones", "public", "refit", "rgba",
        "round_positions", "routes", "scale_bar", "utc", "watch",
    }
)  # fmt: skip
"""Options without a value; a test holds this to the declarations."""
_COMMAND = (
    r"heatlas (?:demo|explore|import|info|library|prepare|render|serve|zones)\b[^;:,()]*(?:, or (?=--)[^;:,()]*)*"
)
_QUOTED = r"""'[^']*'|"[^"]*\""""
_SAID = rf"{_QUOTED}|[^\s;,]*(?:,[^\s;,]+)*"
"""Value after "=": to the next space."""
_PLAIN = rf"{_QUOTED}|[+-]?\d[\w.:,+-]*|[A-Z]+(?:[,.:|]\w+)*(?!\w)"
"""Value after a space: in quotes, a number, or a placeholder such as LAT,LON,RADIUS."""
_OPTION = regex(
    rf"(?P<command>{_COMMAND})|(?<![\w-])--(?P<name>[a-z]+(?:-[a-z]+)*)(?:=(?P<said>{_SAID})| (?P<plain>{_PLAIN}))?"
)
_MESSAGES = frozenset({"hints", "notes", "reason", "undecided", "warnings"})
"""Keys of reports whose texts are messages."""
_QUOTES = "'\""
_doors: list[Door] = ["python"]
T = TypeVar("T")


@contextmanager
def through(door: Door) -> Iterator[None]:
    """Word all messages of this process for a door; by default they are for Python."""
    _doors.append(door)
    try:
        yield
    finally:
        _doors.pop()


def worded(text: str, door: Door | None = None) -> str:
    """Call options in a message as a door does; by default that of `through`."""
    if "--" not in text:
        return text
    way = door or _doors[-1]
    return _OPTION.sub(lambda found: _called(found, way), text)


def _called(found: re.Match[str], door: Door) -> str:
    if found["command"]:
        return found["command"]
    name, whole = found["name"].replace("-", "_"), found["said"] or found["plain"] or ""
    if door == "shell":
        return f"--{found['name']} {whole}" if whole else found[0]
    value = whole.rstrip(",.:" if "(" in whole else ",.:)")
    if value:
        return f"{name}={_written(value) if door == 'python' else value.strip(_QUOTES)}{whole[len(value) :]}"
    if name in SWITCHES:
        return f"{name}=True" if door == "python" else f"{name}=1"
    return f"{name}=" if door == "python" else name


def _written(value: str) -> str:
    """Value as Python has it: a number, or text in quotes."""
    if value[0] in _QUOTES or re.fullmatch(r"[+-]?\d+(\.\d+)?", value):
        return value
    return f'"{value}"'


def worded_report(data: T) -> T:
    """Call options in the messages of a report as the door does; anything else is left as it is."""
    if isinstance(data, dict):
        return cast("T", {k: _all_worded(each) if k in _MESSAGES else worded_report(each) for k, each in data.items()})
    return cast("T", [worded_report(each) for each in data]) if isinstance(data, list) else data


def _all_worded(data: Any) -> Any:
    if isinstance(data, str):
        return worded(data)
    return [_all_worded(each) for each in data] if isinstance(data, list) else worded_report(data)
