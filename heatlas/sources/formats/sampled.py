"""Recordings of services that write positions and sensors as lists of their own, each with its own times."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import Recording
from heatlas.core.regex import regex
from heatlas.sources.formats.xml_text import parse_time
from heatlas.sources.sheets.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heatlas.core.batch import Activity

__all__ = ["Fix", "clock", "number", "sampled_recording", "text_of"]

Fix = tuple[float, float, float, float]
"""Unix seconds, latitude and longitude in degrees, elevation in metres; NaN where unknown."""
_LONGEST = 500
_OFFSET = regex(r"(?:Z|[+-]\d\d:?\d\d)\s*\Z")


def number(value: Any) -> float:
    """Return a number, also one written as text; NaN for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        found = float(value[:40] if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return math.nan
    return found if abs(found) < 1e15 else math.nan


def clock(value: Any, offset: float = 0.0) -> float:
    """Return a time as Unix seconds, NaN if it is none; one without a zone is `offset` seconds ahead of UTC."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return math.nan
    try:
        found = parse_time(value)
    except OverflowError:
        return math.nan
    return found if _OFFSET.search(value) else found - offset


def text_of(value: Any) -> str:
    """Return a text without what cannot be printed; empty for all else."""
    return "".join(c for c in value[:_LONGEST] if c.isprintable()) if isinstance(value, str) else ""


def sampled_recording(
    activity: Activity,
    fixes: Sequence[Fix],
    sensors: Mapping[str, Sequence[tuple[float, float]]],
    warnings: tuple[str, ...] = (),
) -> Recording:
    """Make a recording of fixes, and of sensors that were read at other times.

    Parameters
    ----------
    activity : Activity
        Its attributes.
    fixes : sequence of Fix
        In the order of the file.
    sensors : mapping
        Column -> Unix seconds and value of each measurement.
    warnings : tuple of str
        Faults of the file.
    """
    way = np.array(fixes, np.float64).reshape(-1, 4)
    columns: dict[str, Any] = {}
    with np.errstate(over="ignore"):
        columns["elevation"] = way[:, 3].astype(np.float32)
    for name, measured in sensors.items():
        values = np.array(measured, np.float64).reshape(-1, 2)
        values = values[np.isfinite(values).all(axis=1) & (np.abs(values[:, 1]) < 1e6)]
        values = values[np.argsort(values[:, 0], kind="stable")]
        columns[name] = Pulse(values[:, 0], values[:, 1]).at(way[:, 0])
    return Recording(
        activity=activity,
        lon=np.ascontiguousarray(way[:, 2]),
        lat=np.ascontiguousarray(way[:, 1]),
        time=np.ascontiguousarray(way[:, 0]),
        columns={
            name: np.where(np.isinf(column), np.float32(np.nan), column)
            for name, column in columns.items()
            if np.isfinite(column).any()
        },
        warnings=warnings,
    )
