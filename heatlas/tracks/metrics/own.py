"""Metrics that people define: formulas over columns of passages, in the table for a process or for a while.

They are taken like any other: reduced, compared, asked for by a condition, shown in menus. An index has no column for
them, as they follow from columns that it has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import COLUMNS
from heatlas.core.errors import BadOption
from heatlas.core.hashing import blake2b
from heatlas.core.units import Unit
from heatlas.tracks.metrics.expression import FUNCTIONS, parse_expression
from heatlas.tracks.metrics.metric import Metric
from heatlas.tracks.metrics.table import ALIASES, AMOUNTS, METRICS, POSITION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Function = Callable[[Mapping[str, NDArray[np.float64]]], Any]
    """Columns of k passages by name -> (k,) numbers, NaN where unknown; booleans for a condition."""

__all__ = ["RESERVED", "definitions", "forget", "metric", "metrics_defined"]

RESERVED = frozenset({
    *AMOUNTS, *POSITION, *COLUMNS, *FUNCTIONS, *ALIASES, "and", "or", "not", "passes", "activities", "people", "days",
    "fixes", "mean", "min", "max", "std", "sum", "count", "share", "chance", "best", "circular", "concentration",
    "corr", "slope", "residual", "both", "diff", "voices", "t", "ratio", "sport", "year", "month", "weekday", "gear",
})  # fmt: skip
"""Words that mean something else in a measure, a formula, `--layers` or `--facet`."""
_OURS = frozenset(METRICS)
_SPENT = {"s": Unit("s", style="duration"), "m": Unit("m", style="distance")}
_PROBED = 3
"""Passages with which a function is tried."""
_LONGEST = 40
"""Characters of a name."""


def metric(
    name: str,
    formula: str | Function,
    *,
    unit: str = "",
    title: str = "",
    about: str = "",
    reads: Collection[str] = (),
    colours: str = "dusk",
    middle: float | None = None,
    good: int = 0,
) -> Metric:
    """Define a metric of passages; from now on, in this process, it is taken like any other.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and underscores. A name that was defined before gets the new formula.
    formula : str or callable
        Text such as "power / heart_rate" or "heart_rate >= 150 and grade > 2", over metrics and "seconds", "metres",
        "longitude" and "latitude" of a passage. Or a function of a mapping from these names to arrays (k,), NaN where
        unknown, which returns an array (k,). Comparisons are conditions, whose share is shown. Values are in base units
        (pace in s/m, speed in m/s, grade in percent), and are rounded to 2**-16 before they are added up.
    unit : str
        As legends write it. The unit of a metric of ours is written as there: "min/km" for values in s/m, "km/h" for
        values in m/s, "s" and "m" for durations and lengths.
    title : str
        As legends and menus write it; empty: the reduction and the name.
    about : str
        One sentence for people who choose it; empty: the formula.
    reads : collection of str
        Names that a function reads. Empty: they are found by trying it.
    colours : str
        Name of a colour map.
    middle : float, optional
        0 where values below and above 0 are opposites.
    good : int
        1 where more is better, -1 where less is, else 0.

    Returns
    -------
    Metric

    Raises
    ------
    BadOption
        For a name that is taken, or a formula that is none.

    Examples
    --------
    >>> import heatlas
    >>> entry = heatlas.metric("cost", "heart_rate * pace / 60", unit="beats/m")
    >>> entry.inputs
    ('heart_rate', 'pace')
    """
    _check_name(name)
    if middle not in {None, 0}:
        raise BadOption(f"the middle of metric {name!r} is 0 or None, not {middle!r}")
    if callable(formula):
        inputs, condition = _tried(name, formula, reads)
        function, definition = _of_function(formula, inputs, condition), f"{sorted(inputs)} {_code_of(formula)}"
    elif isinstance(formula, str) and formula.strip():
        expression = parse_expression(formula)
        function, definition = expression, expression.text
        inputs, condition = expression.names, expression.condition
        about = about or f"{name} = {expression.text}"
    else:
        raise BadOption(f"metric {name!r} needs a formula, such as power / heart_rate, or a function")
    if not inputs:
        raise BadOption(f"metric {name!r} reads no metric: it would be the same everywhere")
    if _is_made_of(inputs, name):
        raise BadOption(f"metric {name!r} is made of itself")
    entry = Metric(
        name, "Own", about or name, _unit_called(unit), title, inputs=tuple(inputs), formula=_finite(function),
        reduction="share" if condition else "mean", condition=condition, colours=colours, middle=middle, good=good,
        definition=f"{name} = {definition}",
    )  # fmt: skip
    METRICS[name] = entry
    return entry


def forget(*names: str) -> None:
    """Take metrics that were defined out of the table, with those that are made of them; by default all."""
    mine = [name for name, entry in METRICS.items() if entry.definition]
    gone = names or tuple(mine)
    for name in gone:
        if name not in mine:
            raise BadOption(f"no metric {name!r} was defined")
    for name in [name for name in mine if any(name == one or _is_made_of((name,), one) for one in gone)]:
        del METRICS[name]


@contextmanager
def metrics_defined(texts: Collection[str]) -> Iterator[None]:
    """Define metrics as the command line writes them, "name = formula" or "name [unit] = formula", for a while.

    Raises
    ------
    BadOption
        Naming the text that is none.
    """
    before = {name: entry for name, entry in METRICS.items() if entry.definition}
    try:
        seen = set()
        for text in texts:
            found = re.fullmatch(r"\s*([^\s=\[\]]+)\s*(?:\[([^\]]*)\])?\s*=(?!=)(.*)", text, re.DOTALL)
            if found is None:
                raise BadOption(f'--metric {text!r} is none: write it like "effort = heart_rate * pace"')
            name = found[1].lower().replace("-", "_")
            if name in seen:
                raise BadOption(f"--metric defines {name!r} twice")
            seen.add(name)
            metric(name, found[3], unit=(found[2] or "").strip())
        yield
    finally:
        for name in [name for name, entry in METRICS.items() if entry.definition]:
            del METRICS[name]
        METRICS.update(before)


def definitions(names: Collection[str]) -> str:
    """Definitions of all metrics that people defined among some names, and of those that these are made of."""
    if len(METRICS) == len(_OURS):
        return ""
    found: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        entry = METRICS.get(waiting.pop())
        if entry is not None and entry.formula is not None and entry.name not in found:
            found[entry.name] = entry.definition
            waiting += entry.inputs
    return "; ".join(text for _, text in sorted(found.items()) if text)


def _check_name(name: str) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name) or len(name) > _LONGEST:
        raise BadOption(f"{name!r} is no name for a metric: take lower-case letters, digits and underscores")
    if name in _OURS or name in RESERVED:
        raise BadOption(f"the name {name!r} is taken: call the metric otherwise, such as my_{name}")


def _is_made_of(names: Collection[str], name: str) -> bool:
    """Whether a metric is among some, or among what these are made of."""
    return any(
        one == name or (one in METRICS and _is_made_of(METRICS[one].inputs, name)) for one in names
    )  # our own formulas have no circles, and none is ever added


class _Named(Mapping[str, "NDArray[np.float64]"]):
    """Columns of passages, under other names of theirs too."""

    __slots__ = ("_columns",)

    def __init__(self, columns: Mapping[str, NDArray[np.float64]]) -> None:
        self._columns = columns

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        return self._columns[ALIASES.get(name, name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


class _Asked(_Named):
    """Columns of ones, which remember what was asked for."""

    __slots__ = ("asked",)

    def __init__(self) -> None:
        super().__init__(dict.fromkeys((*METRICS, *AMOUNTS, *POSITION), np.ones(_PROBED)))
        self.asked: dict[str, None] = {}

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        found = super().__getitem__(name).copy()
        self.asked[ALIASES.get(name, name)] = None
        return found


def _tried(name: str, function: Function, reads: Collection[str]) -> tuple[tuple[str, ...], bool]:
    """Names that a function reads, and whether it is a condition."""
    probe = _Asked()
    try:
        with np.errstate(all="ignore"):
            values = np.asarray(function(probe))
    except KeyError as error:
        raise BadOption(f"the function of metric {name!r} reads {error}, and there is no such column") from error
    except Exception as error:
        raise BadOption(f"the function of metric {name!r} fails: {error}") from error
    if values.shape != (_PROBED,) or values.dtype.kind not in "biuf":
        raise BadOption(f"the function of metric {name!r} must return one number for each passage")
    found = tuple(dict.fromkeys([*(ALIASES.get(word, word) for word in reads), *probe.asked]))
    for word in found:
        if word not in METRICS and word not in AMOUNTS and word not in POSITION:
            raise BadOption(f"metric {name!r} reads {word!r}, and there is no such metric")
    return found, values.dtype.kind == "b"


def _of_function(function: Function, inputs: Collection[str], condition: bool) -> Function:
    """The function of named columns; a condition is unknown where anything that it reads is."""

    def values(columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        known = {name: np.asarray(columns[name]) for name in inputs}  # refused while a formula is recorded
        found = np.asarray(function(_Named(known)), np.float64)
        if condition:
            found[np.any([np.isnan(columns[name]) for name in inputs], axis=0)] = np.nan
        return found

    return values


def _finite(function: Function) -> Callable[[Mapping[str, NDArray[np.float64]]], NDArray[np.float64]]:
    """The same, unknown where a number is infinite: one would fill its pixel for good."""

    def values(columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = function(columns)
        return np.where(np.isfinite(found), found, np.nan)

    return values


def _code_of(function: Function) -> str:
    """Digest of the code of a function, with the numbers and texts that it has from outside."""
    code = getattr(function, "__code__", None)
    if code is None:
        return f"{type(function).__qualname__} {getattr(function, '__name__', '')}"
    outside = [cell.cell_contents for cell in function.__closure__ or ()]
    plain = [value for value in outside if isinstance(value, (int, float, str, tuple))]
    said = repr((_spelled(code), plain, function.__defaults__))
    return blake2b(said.encode(), digest_size=8).hexdigest()


def _spelled(code: CodeType) -> tuple[Any, ...]:
    constants = tuple(_spelled(one) if isinstance(one, CodeType) else one for one in code.co_consts)
    return code.co_code, constants, code.co_names


def _unit_called(text: str) -> Unit:
    """Unit as one of our metrics has it, else the text itself."""
    text = text.strip()
    if text in _SPENT:
        return _SPENT[text]
    for unit in (entry.unit for entry in METRICS.values() if not entry.definition):
        if text and text == (unit.label or unit.symbol) and unit.style not in {"date", "clock", "month", "bearing"}:
            return unit
    return Unit(text, text)
