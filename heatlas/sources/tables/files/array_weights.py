"""Weights that Python passes as an array beside a frame in memory: they become a column of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["with_array_weights"]


def with_array_weights(sources: Sequence[Any], options: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Put an array of weights into the frame that it belongs to; sources and options are otherwise as they were.

    A Series of pandas is aligned with its frame by their indexes, as pandas does; anything else goes row by row.

    Parameters
    ----------
    sources : sequence
        As for `heatlas.open_points`.
    options : mapping
        Keywords; `weight` may be a Series, an array or a list of numbers, (rows,).

    Raises
    ------
    BadOption
        When there is no frame, or more than one, or it has another number of rows.
    """
    given = options.get("weight")
    if given is None or isinstance(given, (str, bool)):
        return tuple(sources), dict(options)
    name = str(getattr(given, "name", None) or "weight")
    kind = type(given).__name__
    if len(sources) != 1 or isinstance(sources[0], str):
        raise BadOption(f"--weight as a {kind} belongs to one frame in memory: of anything else name a column")
    return (_with_column(sources[0], name, given, kind),), {**options, "weight": name}


def _with_column(frame: Any, name: str, given: Any, kind: str) -> Any:
    array = np.asarray(given)
    rows = next(iter(map(len, frame.values())), 0) if isinstance(frame, Mapping) else _rows(frame)
    if array.ndim != 1 or array.dtype.kind not in "iufb":
        raise BadOption(f"--weight as a {kind} holds one number for each row, and this one does not")
    if rows is not None and len(array) != rows:
        raise BadOption(f"--weight as a {kind} has {len(array):,} numbers, and the frame has {rows:,} rows")
    if isinstance(frame, Mapping):
        return {**frame, name: array}
    if hasattr(frame, "assign") and hasattr(frame, "index"):
        return frame.assign(**{name: given if hasattr(given, "index") and hasattr(given, "iloc") else array})
    if hasattr(frame, "with_columns"):
        import polars as pl

        return frame.with_columns(pl.Series(name, array))
    if hasattr(frame, "append_column"):
        if name in frame.column_names:
            frame = frame.drop_columns([name])
        return frame.append_column(name, [array])
    raise BadOption(f"--weight as a {kind} belongs to a DataFrame, an Arrow table or a mapping: name a column")


def _rows(frame: Any) -> int | None:
    """Number of rows; None where it is not known before reading."""
    return len(frame) if hasattr(frame, "__len__") else None
