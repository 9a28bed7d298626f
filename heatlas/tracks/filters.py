"""Filters over the attributes of activities, written in CQL2 text (OGC 21-065r2)."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.regex import regex
from heatlas.tracks.filter_kinds import fold_sports, refuse_kinds
from heatlas.tracks.filter_words import about_unknown, what_is_wrong, without_units
from heatlas.tracks.local_time import offset_of, parse_moment, start_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from heatlas.core.batch import Activity

__all__ = [
    "ATTRIBUTES", "EFFORT", "attributes", "names_in", "needs_local_time", "parse_filter", "parse_where", "test_of",
    "without_accents",
]  # fmt: skip

ATTRIBUTES = (
    "sport", "name", "person", "start", "distance", "elapsed_time", "moving_time", "gear", "commute", "private",
    "planned", "device", "id", "source", "file", "year", "month", "weekday", "hour", "utc_offset", "decoupling",
    "mean_heart_rate", "normalised_power",
)  # fmt: skip
"""Attributes of every activity; a source may add more. Metres, seconds. Start, year, month, weekday (1 is Monday) and
hour are in the local time of the place where it began, which was utc_offset seconds ahead of UTC."""
EFFORT = ("decoupling", "mean_heart_rate", "normalised_power")
"""Those that follow from the track (`heatlas.tracks.metrics.means.efforts_of`): percent, beats/min, watts."""

_LOCAL = regex(r"start|year|month|weekday|hour|utc_offset", re.IGNORECASE)


def needs_local_time(where: str) -> bool:
    """Whether a filter may use attributes that depend on local time."""
    return _LOCAL.search(where) is not None


def attributes(activity: Activity) -> dict[str, Any]:
    """Return the attributes of an activity by name; None where unknown."""
    start = start_of(activity)
    return {
        **{name: activity.facts.get(name) for name in EFFORT},
        **activity.extra,
        "person": activity.person or activity.extra.get("person", ""),
        "sport": activity.sport,
        "name": activity.name,
        "start": start,
        "distance": activity.distance,
        "elapsed_time": activity.elapsed_time,
        "moving_time": activity.moving_time,
        "gear": activity.gear,
        "commute": activity.commute,
        "private": activity.private,
        "planned": activity.planned,
        "device": activity.device,
        "id": activity.id,
        "source": activity.source,
        "file": activity.source.rpartition("/")[2],
        "year": start and start.year,
        "month": start and start.month,
        "weekday": start and start.isoweekday(),
        "hour": start and start.hour,
        "utc_offset": start and offset_of(activity),
    }


def parse_where(text: str) -> Callable[[Mapping[str, Any]], bool]:
    """Turn CQL2 text into a test of attributes.

    A comparison with an unknown value is unknown, and an unknown result does not pass.

    Parameters
    ----------
    text : str
        For instance ``sport = 'Run' AND distance > 5000 AND start >= DATE('2024-01-01')``.

    Returns
    -------
    callable
        Attributes by name -> bool. Raises BadOption for an attribute that the mapping lacks.

    Raises
    ------
    BadOption
        When the text is not CQL2, or uses a part of it that is not supported.
    """
    tree = parse_filter(text)
    refuse_kinds(tree, text)
    fold_sports(tree)

    def passes(values: Mapping[str, Any]) -> bool:
        try:
            result = _evaluate(tree, values)
        except (TypeError, AttributeError):
            raise BadOption(
                f"the filter {text!r} cannot be worked out: it mixes kinds; text needs quotes, numbers must not have "
                "them, and a date is written DATE('2024-01-31')"
            ) from None
        except ArithmeticError:
            raise BadOption(f"the filter {text!r} cannot be worked out: its numbers are too large") from None
        if result is not None and not isinstance(result, bool):
            raise BadOption(f"the filter {text!r} is no condition: write it like sport = 'Run' AND distance > 5000")
        return result is True

    return passes


def test_of(text: str, among: Iterable[Activity]) -> Callable[[Activity], bool]:
    """Turn CQL2 text into a test of activities (see `parse_where`); what only some state is unknown of the others."""
    passes = parse_where(text)
    names = dict.fromkeys(name for activity in among for name in activity.extra)
    return lambda activity: passes({**names, **attributes(activity)})


def names_in(text: str | None) -> set[str]:
    """Names of the attributes that a filter uses.

    Raises
    ------
    BadOption
        When the text is not CQL2.
    """
    waiting: list[Any] = [parse_filter(text)] if text else []
    names = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            names |= {str(node["property"])} if "property" in node else set()
            waiting += [node.get("args", [])]
    return names


def parse_filter(text: str) -> Any:
    """Parse CQL2 text into its JSON form (OGC 21-065r2, clause 9), of supported operators only.

    Distances and durations may have units (`heatlas.tracks.quantities`): 10 km, 1h30.

    Raises
    ------
    BadOption
        When the text is not CQL2, or uses spatial or other unsupported operators.
    """
    import cql2

    if not 0 <= _depth(text) <= _DEEPEST:
        raise BadOption(f"the filter {text!r} has brackets without their other halves, or nested too deeply")
    try:
        tree = cql2.parse_text(without_units(text)).to_json()
    except Exception:  # noqa: BLE001 - the parser's own exception classes differ by version
        # What it says is of its grammar: nobody who looks for runs knows what an IsNullPostfix is.
        raise BadOption(f"the filter {text!r} is not understood: {what_is_wrong(text)}") from None
    _check(tree, text)
    return tree


_DEEPEST = 6
"""Most levels of nested brackets: each level doubles the time until the parser gives up."""


def _depth(text: str) -> int:
    """Depth of nested round brackets outside of quotes; -1 where they do not match."""
    depth = deepest = 0
    for char in re.sub(r"'[^']*'|\"[^\"]*\"", "", text):
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
        if depth < 0:
            return -1
    return -1 if depth else deepest


def without_accents(text: str) -> str:
    """Drop accents and other combining marks."""
    import unicodedata

    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else None,
    "%": lambda a, b: a % b if b else None,
    "div": lambda a, b: a // b if b else None,
    "^": lambda a, b: a**b,
}
_OTHERS = {"and", "or", "not", "isNull", "between", "in", "like", "casei", "accenti"}


def _check(node: Any, text: str) -> None:
    """Refuse unsupported operators, such as spatial ones."""
    if isinstance(node, list):
        for item in node:
            _check(item, text)
    elif isinstance(node, dict) and "op" in node:
        if node["op"] not in {*_COMPARISONS, *_ARITHMETIC, *_OTHERS}:
            raise BadOption(
                f"the filter {text!r} uses {node['op']!r}, which cannot be asked here; "
                "use comparisons, AND, OR, NOT, IN, LIKE, BETWEEN and IS NULL"
            )
        _check(node.get("args", []), text)


def _evaluate(node: Any, values: Mapping[str, Any]) -> Any:
    """Evaluate a node of the parsed filter; None is unknown."""
    if isinstance(node, list):
        return [_evaluate(item, values) for item in node]
    if not isinstance(node, dict):
        return node
    if "property" in node:
        return _attribute(node["property"], values)
    for kind in ("date", "timestamp"):
        if kind in node:
            return parse_moment(node[kind])
    op, args = node["op"], node["args"]
    if op in {"and", "or"}:
        decisive = op == "or"
        results = [_evaluate(arg, values) for arg in args]
        if decisive in results:
            return decisive
        return None if None in results else not decisive
    if op == "isNull":
        return _evaluate(args[0], values) in (None, "")
    operands = _evaluate(args, values)
    if any(operand is None for operand in operands):
        return None
    return _apply(op, operands)


def _apply(op: str, operands: list[Any]) -> Any:
    first = operands[0]
    if op == "not":
        return not first
    if op == "casei":
        return first.casefold() if isinstance(first, str) else first
    if op == "accenti":
        return without_accents(str(first))
    if op == "like":
        parts = re.split(r"(%|_)", str(operands[1]))
        pattern = "".join({"%": ".*", "_": "."}.get(part, re.escape(part)) for part in parts)
        return re.fullmatch(pattern, str(first), re.DOTALL) is not None
    if op == "in":
        return any(_compare("=", first, item) for item in operands[1])
    if op == "between":
        return _compare(">=", first, operands[1]) and _compare("<=", first, operands[2])
    if op in _COMPARISONS:
        return _compare(op, first, operands[1])
    if len(operands) == 1:
        return -first
    return _ARITHMETIC[op](first, operands[1])


def _compare(op: str, a: Any, b: Any) -> bool:
    """Compare two known values; a date may be compared with text, other values with their own kind only."""
    if isinstance(a, dt.datetime) and isinstance(b, str):
        b = parse_moment(b)
    elif isinstance(b, dt.datetime) and isinstance(a, str):
        a = parse_moment(a)
    if isinstance(a, dt.datetime) and isinstance(b, dt.datetime):
        # A moment without an offset gets that of the other one.
        a, b = a.replace(tzinfo=a.tzinfo or b.tzinfo), b.replace(tzinfo=b.tzinfo or a.tzinfo)
    return bool(_COMPARISONS[op](a, b))


def _attribute(name: str, values: Mapping[str, Any]) -> Any:
    if name in values:
        return values[name]
    raise BadOption(_unknown(name, values))


def _unknown(name: str, known: Iterable[str]) -> str:
    return f"no activity has an attribute {name!r}: {about_unknown(name, known, ATTRIBUTES)}"
