"""Formulas as people write them: "heart_rate >= 150 and grade > 2", "power / heart_rate"."""

from __future__ import annotations

import ast
import math
import operator
import re
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.regex import regex
from heatlas.tracks.metrics.table import ALIASES, AMOUNTS, METRICS, leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["FUNCTIONS", "Expression", "parse_condition", "parse_expression"]

_BINARY: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: np.divide, ast.Pow: np.power,
    ast.Mod: np.mod,
}  # fmt: skip
_COMPARED: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs, "sqrt": np.sqrt, "exp": np.exp, "log": np.log, "min": np.minimum, "max": np.maximum,
}  # fmt: skip
FUNCTIONS = tuple(_FUNCTIONS)
"""Functions that a formula may call."""
_LONGEST = 400
"""Characters; longer ones are a mistake, or somebody's attempt."""
_DEEPEST = 24
"""Brackets and operators inside of each other; deeper ones would use up the stack of calls."""
_LETTERS = regex(r"[A-Za-z0-9_ \t\n.+\-*/%()<>=!,]*")
_NUMBERS = regex(r"(?<![\w.])\d[\w.]*")
_DECIMAL = regex(r"\d+\.?\d*(e\d*)?", re.IGNORECASE)


@frozen
class Expression:
    """A formula over columns of passages."""

    text: str
    """In one form, so that equal formulas are equal."""
    reads: frozenset[str]
    """Columns of passages that it is made of in the end."""

    @property
    def names(self) -> tuple[str, ...]:
        """Metrics and columns that it names."""
        return tuple(_names(_parsed(self.text)))

    @property
    def condition(self) -> bool:
        """Whether it is 1 or 0 of a passage."""
        return _is_condition(_parsed(self.text))

    def __call__(self, columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Evaluate for k passages: (k,), conditions 1 or 0; NaN where anything read is unknown, and for no number."""
        tree = _parsed(self.text)
        with np.errstate(all="ignore"):
            values = _evaluated(tree, columns)
        unknown = np.logical_not(np.isfinite(values))
        for name in _names(tree):
            unknown = np.logical_or(unknown, np.isnan(columns[name]))
        return np.where(unknown, np.nan, values)


def parse_expression(text: str) -> Expression:
    """Read a formula over metrics: numbers, metrics, arithmetic, comparisons, and, or, not, and a few functions.

    Nothing else is ever evaluated, and the work for each passage is bounded by the length of the text.

    Raises
    ------
    BadOption
        For what is none, or names what is no metric.
    """
    return _read(text, tuple(metric.definition for metric in METRICS.values() if metric.definition))


@lru_cache(256)
def _read(text: str, _: tuple[str, ...]) -> Expression:
    """Read a formula; what it names depends on the metrics that people defined."""
    tree = _parsed(text)
    _refuse_odd(tree, text)
    written = _written(tree)
    if len(written) > _LONGEST:
        raise BadOption(f"the formula {text[:80]!r}... is too long: write it in less than {_LONGEST} characters")
    return Expression(written, frozenset().union(*map(leaves, _names(tree))))


def parse_condition(text: str) -> Expression:
    """Read a condition: a comparison, several with and, or, not, or a metric that is 0 or 1, such as dark.

    Raises
    ------
    BadOption
        For what is none, or names no metric.
    """
    found = parse_expression(text)
    if not found.names:
        raise BadOption(f"{text!r} names no metric: write it like heart_rate >= 150")
    if not found.condition:
        raise BadOption(f"share({text}) needs a condition, such as share(heart_rate >= 150) or share(dark)")
    return found


@lru_cache(256)
def _parsed(text: str) -> ast.expr:
    plain = re.sub(r"(?<![<>=!])=(?!=)", "==", text.strip()).replace("<>", "!=")
    plain = re.sub(r"\b(and|or|not)\b", lambda found: found[0].lower(), plain, flags=re.IGNORECASE)
    # Other letters, and numbers such as 0x1f or 1or, are at best something else to Python.
    if len(plain) <= _LONGEST and _LETTERS.fullmatch(plain) and all(map(_DECIMAL.fullmatch, _NUMBERS.findall(plain))):
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            tree = ast.parse(plain, mode="eval").body
            if _is_flat(tree):
                return tree
    raise BadOption(
        f"{text[:80]!r} is no formula: write it like heart_rate >= 150 and grade > 2, or power / heart_rate"
    )


def _is_flat(tree: ast.expr) -> bool:
    level: list[ast.AST] = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return not level


def _refuse_odd(tree: ast.expr, text: str) -> None:
    """Refuse all but numbers, metrics, arithmetic, comparisons and a few functions."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if id(node) not in called and node.id.lower() not in {*METRICS, *ALIASES, *AMOUNTS}:
                from difflib import get_close_matches

                known = [name for name, metric in METRICS.items() if metric.listed]
                close = get_close_matches(node.id.lower(), known, 3)
                there = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(known)}"
                raise BadOption(f"there is no metric {node.id!r} in {text.strip()!r}: {there}")
        elif isinstance(node, ast.Constant):
            if not _is_number(node.value):
                raise BadOption(f"{text!r} has something else than a number in it, or too large a one")
        elif isinstance(node, ast.Call):
            name = node.func.id.lower() if isinstance(node.func, ast.Name) else ""
            wanted = 2 if name in {"min", "max"} else 1
            if name not in _FUNCTIONS or node.keywords or len(node.args) != wanted:
                raise BadOption(f"{text!r} may call {', '.join(_FUNCTIONS)} alone; min and max of two")
        elif not isinstance(
            node,
            (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Load, ast.USub, ast.UAdd, ast.Not, ast.And, ast.Or,
             *_BINARY, *_COMPARED),
        ):  # fmt: skip
            raise BadOption(f"{text!r} has more than numbers, metrics, arithmetic and comparisons")


def _is_number(value: object) -> bool:
    """Whether a constant is a number that float64 holds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    with suppress(OverflowError):
        return math.isfinite(float(value))
    return False


def _names(tree: ast.expr) -> Iterator[str]:
    """Names of the metrics in a formula, each once."""
    found = {node.id.lower() for node in ast.walk(tree) if isinstance(node, ast.Name)} - _FUNCTIONS.keys()
    return iter(sorted({ALIASES.get(name, name) for name in found}))


class _OneForm(ast.NodeTransformer):
    """Names in small letters, aliases as what they stand for, whole numbers without a point."""

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Write a name in one form."""
        name = node.id.lower()
        return ast.Name(ALIASES.get(name, name), node.ctx)

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        """Write a number in one form."""
        value = float(node.value)  # type: ignore[arg-type]
        return ast.Constant(int(value) if value.is_integer() and abs(value) < 1e15 else value)


def _written(tree: ast.expr) -> str:
    """Write a formula in one form, which is read as the same again."""
    text = ast.unparse(_OneForm().visit(ast.parse(ast.unparse(tree), mode="eval").body))
    return text.replace("==", "=")


def _is_condition(tree: ast.expr) -> bool:
    if isinstance(tree, ast.BoolOp):
        return all(map(_is_condition, tree.values))
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return _is_condition(tree.operand)
    return isinstance(tree, ast.Compare) or (isinstance(tree, ast.Name) and _is_condition_named(tree.id))


def _is_condition_named(name: str) -> bool:
    metric = METRICS.get(name.lower())
    return metric is not None and metric.condition


def _evaluated(tree: ast.expr, columns: Mapping[str, Any]) -> Any:
    """Evaluate a part of a formula."""
    match tree:
        case ast.Constant(value=value):
            return float(value)  # type: ignore[arg-type]
        case ast.Name(id=name):
            name = name.lower()
            return columns[ALIASES.get(name, name)]
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_evaluated(left, columns), _evaluated(right, columns))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return np.logical_not(_evaluated(operand, columns) != 0)
        case ast.UnaryOp(op=op, operand=operand):
            value = _evaluated(operand, columns)
            return -value if isinstance(op, ast.USub) else value
        case ast.BoolOp(op=op, values=values):
            parts = [_evaluated(value, columns) != 0 for value in values]
            join = np.logical_and if isinstance(op, ast.And) else np.logical_or
            found = parts[0]
            for part in parts[1:]:
                found = join(found, part)
            return found
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [_evaluated(side, columns) for side in (left, *comparators)]
            found = np.bool_(True)
            for k, comparison in enumerate(ops):
                found = np.logical_and(found, _COMPARED[type(comparison)](sides[k], sides[k + 1]))
            return found
        case ast.Call(func=ast.Name(id=name), args=args):
            return _FUNCTIONS[name.lower()](*(_evaluated(arg, columns) for arg in args))
    raise AssertionError(ast.dump(tree))
