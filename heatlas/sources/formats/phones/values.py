"""Read values of JSON as numbers and times; what is neither is unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from heatlas.sources.tables.cells.text import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["inside", "moments", "number", "odd_moments", "plain_moments"]

_DIVISORS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6))
"""Limits below which numbers since 1970 are seconds, thousandths and millionths."""


def number(value: Any) -> float:
    """Read a number, also one in quotes; NaN for anything else."""
    if type(value) is float:
        return value
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return float(value)
        except (ValueError, OverflowError):
            return np.nan
    return np.nan


def inside(value: Any, key: str) -> Any:
    """Value under a key; an empty mapping where there is none, or no mapping, so that calls can be chained."""
    found = value.get(key) if isinstance(value, dict) else None
    return {} if found is None else found


def moments(values: Sequence[Any]) -> NDArray[np.float64]:
    """Read times: those of `plain_moments`, and those that are written otherwise; (n,) Unix seconds, NaN for others."""
    found, odd = plain_moments(values)
    if odd:
        found[list(odd)] = odd_moments(odd.values())
    return found


def plain_moments(values: Sequence[Any]) -> tuple[NDArray[np.float64], dict[int, str]]:
    """Read times as most are written: ISO 8601 in text, or numbers since 1970 whose size tells their unit.

    Parameters
    ----------
    values : sequence (n,)
        Values of JSON, of any type.

    Returns
    -------
    ndarray of float64 (n,)
        Unix seconds; NaN for what is no time, or written otherwise.
    dict
        Index -> text, of what may be a time that is written otherwise: see `odd_moments`.
    """
    found = np.array([_moment(value) for value in values], np.float64).reshape(len(values))
    return found, {k: values[k] for k in np.flatnonzero(np.isnan(found)).tolist() if isinstance(values[k], str)}


def odd_moments(texts: Iterable[str]) -> NDArray[np.float64]:
    """Read times that are written otherwise, all of a file in one way; NaN for what is none."""
    whole = [text if text.isascii() else None for text in texts]  # others may hold half a character
    return seconds(pa.array(whole, pa.large_string()))[0]


def _moment(value: Any) -> float:
    """Read one time as most are written; NaN for any other."""
    if isinstance(value, str) and not value.isdecimal():
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            return np.nan
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    counted = number(value)
    return next((counted / divisor for limit, divisor in _DIVISORS if abs(counted) < limit), np.nan)
