"""Filter the rows of a table by CQL2 text; whole columns are compared at once."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heatlas.core.errors import BadOption
from heatlas.sources.tables.cells.text import as_text, numbers, seconds
from heatlas.sources.tables.table import RAW
from heatlas.tracks.filters import parse_filter, without_accents
from heatlas.tracks.local_time import parse_date

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterator, Sequence

    from heatlas.sources.tables.table import Table

__all__ = ["FILTERED", "filtered"]

FILTERED = "rows that the filter left out"
"""Reason under which rows that do not pass are counted."""

_COMPARISONS = {
    "=": pc.equal, "<>": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal,
}  # fmt: skip
_ARITHMETIC = {"+": pc.add, "-": pc.subtract, "*": pc.multiply, "^": pc.power}
_TRUE = pa.array(["true", "t", "yes", "y", "1"], pa.large_string())


def filtered(
    table: Table,
    where: str | None = None,
    after: str | None = None,
    before: str | None = None,
    time: str | None = None,
) -> Table:
    """Keep the rows of a table that pass; the others are counted in `table.dropped`.

    A column is read as numbers if it is compared with a number, as moments if with a date, as text if with text.
    A comparison with an unknown value is unknown, and an unknown result does not pass.

    Parameters
    ----------
    table : Table
        Only its counts change.
    where : str, optional
        CQL2 text over the columns.
    after, before : str, optional
        Days or moments: rows at or after the one and before the other.
    time : str, optional
        Column to which `after` and `before` apply.

    Raises
    ------
    BadOption
        For an invalid filter, or a column that the table does not have.
    """
    tree = None if where is None else parse_filter(where)
    limits = [(">=", parse_date(after))] if after else []
    limits += [("<", parse_date(before))] if before else []
    if tree is None and not limits:
        return table
    if limits and time is None:
        raise BadOption(f"--after and --before need to know when: say --time COLUMN of {table.name}")
    names = [] if tree is None else list(dict.fromkeys(_columns(tree)))
    for name in names:
        _check_column(name, table)
    if table.raw and tree is not None:
        names += dict.fromkeys(RAW + name for name in _written(tree))
    if limits and time is not None:
        names.append(time)

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for batch in table.read(list(dict.fromkeys((*columns, *names)))):
            said = batch if tree is None else _with_days(batch, table.with_clocks)
            passes = pa.scalar(True) if tree is None else _truth(_evaluate(tree, said, where or ""), said)
            for op, moment in limits:
                passes = pc.and_kleene(passes, _compare(op, batch.column(time), moment))
            kept = batch.filter(passes)
            if len(kept) < len(batch):
                table.dropped[FILTERED] += len(batch) - len(kept)
            yield kept.select(list(dict.fromkeys(columns)))

    return replace(table, read=read, bounds=lambda column: None, size=None)


def _with_days(batch: pa.RecordBatch, names: Collection[str]) -> pa.RecordBatch:
    """Rows whose columns of days hold days alone, as in the file: a filter by a date means all of that day."""
    for name in {*names} & {*batch.schema.names}:
        place = batch.schema.names.index(name)
        batch = batch.set_column(place, name, pc.utf8_slice_codeunits(_text(batch.column(name)), 0, 10))
    return batch


def _columns(node: Any) -> Iterator[str]:
    """Names of all columns in a filter."""
    if isinstance(node, list):
        for item in node:
            yield from _columns(item)
    elif isinstance(node, dict):
        if "property" in node:
            yield node["property"]
        yield from _columns(node.get("args", []))


def _written(node: Any) -> Iterator[str]:
    """Names of the columns that a filter compares with text or numbers, and which may be needed as written."""
    if isinstance(node, list):
        for item in node:
            yield from _written(item)
    elif isinstance(node, dict) and "op" in node:
        args = node["args"]
        if _beside(node, (str, int, float)):
            yield from (arg["property"] for arg in args if isinstance(arg, dict) and "property" in arg)
        yield from _written(args)


def _beside(node: dict[str, Any], kinds: tuple[type, ...]) -> bool:
    """Whether a node has a constant of some kind beside its columns; CASEI and ACCENTI count as text."""
    flat = [item for arg in node["args"] for item in (arg if isinstance(arg, list) else [arg])]
    return any(isinstance(item, kinds) for item in flat) or (str in kinds and node["op"] in {"casei", "accenti"})


def _as_written(node: dict[str, Any], batch: pa.RecordBatch) -> list[Any]:
    """Arguments of a node, with columns as written where they are compared with text, or numbers read as dates."""
    of_text, of_numbers = _beside(node, (str,)), _beside(node, (int, float))
    args: list[Any] = []
    for given in node["args"]:
        arg = given
        name = arg.get("property") if isinstance(arg, dict) else None
        if name is not None and RAW + name in batch.schema.names:
            dated = pa.types.is_temporal(batch.schema.field(name).type)
            written = batch.schema.field(RAW + name).type
            if of_text or (of_numbers and dated and not pa.types.is_temporal(written)):
                arg = {"property": RAW + name}
        args.append(arg)
    return args


def _check_column(name: str, table: Table) -> None:
    count = table.schema.names.count(name)
    if count == 1:
        return
    if count:
        raise BadOption(f"{table.name} has {count} columns {name!r}: the filter cannot tell which is meant")
    known = table.schema.names
    close = get_close_matches(name, known, 3) or [k for k in known if k.lower() == name.lower()]
    hint = (
        f"did you mean {' or '.join(close)}?"
        if close
        else (f"put '{name}' in single quotes if it is text; its columns are {', '.join(known[:20])}")
    )
    raise BadOption(f"{table.name} has no column {name!r} for --where; {hint}")


def _evaluate(node: Any, batch: pa.RecordBatch, text: str) -> Any:
    """Value of a node: a column, a constant, or a list of constants."""
    if isinstance(node, list):
        return [_evaluate(item, batch, text) for item in node]
    if not isinstance(node, dict):
        return node
    if "property" in node:
        return batch.column(node["property"])
    for kind in ("date", "timestamp"):
        if kind in node:
            return parse_date(node[kind])
    op, args = node["op"], _evaluate(_as_written(node, batch), batch, text)
    try:
        return _apply(op, args, batch)
    except (pa.ArrowException, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, BadOption):
            raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadOption(f"the filter {text!r} cannot be worked out ({reason})") from None


def _apply(op: str, args: list[Any], batch: pa.RecordBatch) -> Any:
    if op in {"and", "or"}:
        join = pc.and_kleene if op == "and" else pc.or_kleene
        result = _truth(args[0], batch)
        for arg in args[1:]:
            result = join(result, _truth(arg, batch))
        return result
    if op == "not":
        return pc.invert(_truth(args[0], batch))
    if op == "isNull":
        return _is_null(args[0])
    if op in _COMPARISONS:
        return _compare(op, args[0], args[1])
    if op == "between":
        return pc.and_kleene(_compare(">=", args[0], args[1]), _compare("<=", args[0], args[2]))
    if op == "in":
        result = pa.scalar(False)
        for item in args[1]:
            result = pc.or_kleene(result, _compare("=", args[0], item))
        return result
    if op == "like":
        return pc.match_like(_text(args[0]), str(args[1]))
    if op in {"casei", "accenti"}:
        change = str.casefold if op == "casei" else without_accents
        return change(args[0]) if isinstance(args[0], str) else _changed(_text(args[0]), change)
    return _arithmetic(op, [_number(arg) for arg in args])


def _arithmetic(op: str, operands: list[Any]) -> Any:
    if len(operands) == 1:
        return pc.negate(operands[0])
    a, b = operands
    if op in _ARITHMETIC:
        return _ARITHMETIC[op](a, b)
    b = pc.if_else(pc.equal(b, 0.0), pa.scalar(None, pa.float64()), b)
    if op == "/":
        return pc.divide(a, b)
    whole = pc.floor(pc.divide(a, b))
    return whole if op == "div" else pc.subtract(a, pc.multiply(whole, b))


def _truth(value: Any, batch: pa.RecordBatch) -> Any:
    """Booleans of a column or a constant, one for each row."""
    if isinstance(value, bool):
        return pa.array(np.full(len(batch), value))
    if isinstance(value, pa.BooleanScalar):
        return pa.array([value.as_py()] * len(batch), pa.bool_())
    if not isinstance(value, (pa.Array, pa.ChunkedArray, pa.Scalar)):
        raise BadOption(f"{value!r} of the filter is neither true nor false: compare it, such as beds > 10")
    if pa.types.is_boolean(value.type):
        return value
    return pc.is_in(pc.utf8_lower(_text(value)), _TRUE)


def _compare(op: str, a: Any, b: Any) -> Any:
    """Compare two values, each a column or a constant."""
    import datetime as dt

    kinds = [value for value in (a, b) if not isinstance(value, pa.Array)]
    if any(isinstance(value, bool) for value in kinds):
        a, b = (value if isinstance(value, bool) else _boolean(value) for value in (a, b))
    elif any(isinstance(value, dt.datetime) for value in kinds) or _are_times(a, b):
        a, b = _moment(a), _moment(b)
    elif any(isinstance(value, str) for value in kinds):
        a, b = _text(a), _text(b)
    elif any(isinstance(value, (int, float)) for value in kinds) or _are_numbers(a, b):
        a, b = _number(a), _number(b)
    else:
        a, b = _text(a), _text(b)
    return _COMPARISONS[op](a, b)


def _are_times(a: Any, b: Any) -> bool:
    return any(isinstance(value, pa.Array) and pa.types.is_temporal(value.type) for value in (a, b))


def _are_numbers(*values: Any) -> bool:
    return any(
        pa.types.is_integer(v.type) or pa.types.is_floating(v.type) or pa.types.is_decimal(v.type) for v in values
    )


def _number(value: Any) -> Any:
    if not isinstance(value, pa.Array):
        return pa.scalar(float(value))
    found, bad = numbers(value)
    unknown = np.isnan(found) if bad is None else np.isnan(found) | bad
    return pa.array(found, mask=unknown)


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        value = parse_date(value)
    if not isinstance(value, pa.Array):
        return pa.scalar(_stamp(value))
    found, bad = seconds(value)
    unknown = np.isnan(found) if bad is None else np.isnan(found) | bad
    return pa.array(found, mask=unknown)


def _stamp(value: dt.datetime | float) -> float:
    return float(value) if isinstance(value, (int, float)) else value.timestamp()


def _boolean(column: pa.Array) -> Any:
    if pa.types.is_boolean(column.type):
        return column
    return pc.is_in(pc.utf8_lower(_text(column)), _TRUE, skip_nulls=True)


def _text(value: Any) -> Any:
    if not isinstance(value, pa.Array):
        return pa.scalar(str(value), pa.large_string())
    if pa.types.is_dictionary(value.type):
        value = value.dictionary_decode()
    text = as_text(value)
    if text is not None:
        return text.cast(pa.large_string())
    try:
        return value.cast(pa.large_string())
    except pa.ArrowException:  # such as lists
        return pa.array([None if cell is None else str(cell) for cell in value.to_pylist()], pa.large_string())


def _is_null(value: Any) -> Any:
    if not isinstance(value, pa.Array):
        return pa.scalar(value is None or value == "")
    missing = pc.is_null(value, nan_is_null=True)
    if pa.types.is_large_string(value.type) or pa.types.is_string(value.type) or pa.types.is_binary(value.type):
        missing = pc.or_(missing, pc.fill_null(pc.equal(_text(value), ""), True))
    return missing


def _changed(column: pa.Array, change: Any) -> Any:
    """Change each distinct text of a column once."""
    coded = column.dictionary_encode()
    words = pa.array([None if word is None else change(word) for word in coded.dictionary.to_pylist()])
    return words.take(coded.indices).cast(pa.large_string())
