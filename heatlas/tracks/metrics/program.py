"""Formulas as programs: what a formula does with its columns is recorded once, and done by kernels from then on.

A formula is called with symbols in place of arrays. Whatever numpy function of elements is applied to a symbol becomes
a step; equal steps are one. So a formula over columns is written once, as for arrays, and is worked out in one go by
`heatlas.kernels.formula`, over columns that tracing found or that an index holds. Formulas that do anything else than
call elementwise functions are opaque: they cannot be recorded, and are called with arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.kernels.operations import OPERATIONS, Formula

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Formulas = Mapping[str, "Function"]
    Function = Callable[[Mapping[str, Any]], Any]
    """Columns of k passages by name -> (k,) values, NaN where unknown."""

__all__ = ["Opaque", "Program", "record", "sine_of_sun"]

_CALLED = {
    "true_divide": "divide", "bitwise_and": "logical_and", "bitwise_or": "logical_or", "invert": "logical_not",
    "fmod": "", "positive": "",
}  # fmt: skip
"""Other names of operations, as numpy's functions have them; empty: not done."""
_SWAPPED = {"greater": "less", "greater_equal": "less_equal"}


class Opaque(TypeError):
    """Raised when a formula does what cannot be recorded."""


@frozen
class Program:
    """A recorded formula, or two."""

    reads: tuple[str, ...]
    """Columns, in the order of the first registers."""
    formula: Formula

    def __call__(self, columns: Mapping[str, NDArray[np.float64]], count: int) -> NDArray[np.float64]:
        """Work out the values of k passages, (k,), NaN where unknown, from columns (k,) of all that it reads."""
        from heatlas.kernels.formula import evaluate

        found = np.empty(count)
        held = np.stack([columns[name] for name in self.reads]) if self.reads else np.empty((0, count))
        evaluate(self.formula, np.ascontiguousarray(held, np.float64), found)
        return found


def record(function: Function, formulas: Mapping[str, Function]) -> Program:
    """Record a formula.

    Parameters
    ----------
    function : callable
        Takes a mapping of columns by name; may return a pair of values.
    formulas : mapping of str to callable
        Formulas of columns that follow from others; these are recorded along with it.

    Raises
    ------
    Opaque
        When it does what cannot be recorded.
    """
    recorder = _Recorder(formulas)
    found = function(recorder)
    return recorder.program([recorder.taken(value) for value in (found if isinstance(found, tuple) else (found,))])


def sine_of_sun(time: Any, longitude: Any, latitude: Any) -> Any:
    """Sine of the sun's elevation (k,), from Unix seconds and degrees (k,); a step while a formula is recorded."""
    for one in (time, longitude, latitude):
        if isinstance(one, _Symbol):
            return one.recorder.step("sine_of_sun", (time, longitude, latitude))
    columns = {"time": time, "longitude": longitude, "latitude": latitude}
    return _SUN(columns, len(time))


class _Symbol(np.lib.mixins.NDArrayOperatorsMixin):
    """Stands for the values of a node."""

    __slots__ = ("node", "recorder")

    def __init__(self, recorder: _Recorder, node: int) -> None:
        self.recorder, self.node = recorder, node

    def __array_ufunc__(self, function: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Record an elementwise function of numpy."""
        name = _CALLED.get(function.__name__, function.__name__)
        if name in _SWAPPED:
            name, inputs = _SWAPPED[name], inputs[::-1]
        if method != "__call__" or options or name not in OPERATIONS:
            raise Opaque(f"{function.__name__} cannot be recorded")
        return self.recorder.step(name, inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        """Record `numpy.where`."""
        if function is not np.where or len(args) != 3 or options:
            raise Opaque(f"{function.__name__} cannot be recorded")
        return self.recorder.step("where", args)

    def __getattr__(self, name: str) -> Any:
        """Refuse methods of arrays; numpy asks for names with underscores, to see what this is."""
        raise AttributeError(name) if name.startswith("__") else Opaque(f"{name} cannot be recorded")

    def _no_array(self, *_: Any, **__: Any) -> Any:
        raise Opaque("a formula must call elementwise functions alone")

    __array__ = __bool__ = __float__ = __int__ = __index__ = __len__ = __iter__ = __getitem__ = __setitem__ = _no_array


class _Recorder(Mapping[str, Any]):
    """Columns as symbols, and the steps that were done with them."""

    def __init__(self, formulas: Mapping[str, Function]) -> None:
        self._formulas = formulas
        self._columns: dict[str, _Symbol] = {}
        self._nodes: list[tuple[Any, ...]] = []
        """("column", name), ("constant", value), or an operation and the nodes that it takes."""
        self._known: dict[Any, int] = {}

    def __getitem__(self, name: str) -> _Symbol:
        if name not in self._columns:
            formula = self._formulas.get(name)
            found = self._symbol(("column", name)) if formula is None else self._wrapped(formula(self))
            self._columns[name] = found
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def step(self, operation: str, inputs: tuple[Any, ...]) -> _Symbol:
        """Record a step."""
        nodes = [self.taken(value) for value in inputs]
        if operation == "power" and self._nodes[nodes[1]] == ("constant", 2.0):
            operation, nodes = "multiply", [nodes[0], nodes[0]]  # as numpy squares
        return self._symbol((operation, *nodes))

    def taken(self, value: Any) -> int:
        """Node of a symbol or of a number."""
        if isinstance(value, _Symbol) and value.recorder is self:
            return value.node
        if not isinstance(value, (bool, int, float, np.bool_, np.number)):
            raise Opaque(f"{type(value).__name__} cannot be recorded")
        return self._symbol(("constant", float(value))).node

    def _wrapped(self, value: Any) -> _Symbol:
        return _Symbol(self, self.taken(value))

    def _symbol(self, node: tuple[Any, ...]) -> _Symbol:
        key = repr(node) if node[0] == "constant" else node  # NaN differs from itself
        if key not in self._known:
            self._known[key] = len(self._nodes)
            self._nodes.append(node)
        return _Symbol(self, self._known[key])

    def program(self, results: Sequence[int]) -> Program:
        """Make a program of the steps that one or two nodes need."""
        wanted = self._needed(results)
        of_kind = {kind: [k for k in wanted if self._nodes[k][0] == kind] for kind in ("column", "constant")}
        held = [*of_kind["column"], *of_kind["constant"]]
        register = {node: k for k, node in enumerate(held)}
        steps = [k for k in wanted if k not in register]
        last = {node: k for k in steps for node in self._nodes[k][1:]}  # the step that takes it last
        last |= dict.fromkeys(results, len(self._nodes))
        free: list[int] = []
        total, table = len(held), []
        for k in steps:
            operation, *inputs = self._nodes[k]
            # No result goes where one of its own inputs lies: rows that do not overlap are worked out faster.
            if free:
                register[k] = free.pop()
            else:
                register[k], total = total, total + 1
            taken = [register[node] for node in inputs]
            table.append([OPERATIONS.index(operation), register[k], *(taken + taken[-1:] * 2)[:3]])
            free += {register[node] for node in inputs if last[node] == k and node not in held}
        constants = np.array([self._nodes[k][1] for k in of_kind["constant"]], np.float64)
        first, second = register[results[0]], register[results[-1]]
        formula = Formula(np.array(table, np.int64).reshape(-1, 5), constants, total, first, second)
        return Program(tuple(self._nodes[k][1] for k in of_kind["column"]), formula)

    def _needed(self, results: Sequence[int]) -> list[int]:
        """Nodes that some nodes are made of, and themselves, in the order in which they were recorded."""
        found, waiting = set(), [*results]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                operation, *inputs = self._nodes[node]
                waiting += () if operation in {"column", "constant"} else inputs
        return sorted(found)


_SUN = record(lambda columns: sine_of_sun(columns["time"], columns["longitude"], columns["latitude"]), {})
