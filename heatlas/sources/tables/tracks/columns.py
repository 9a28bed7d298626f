"""Read the columns beside positions and times: metrics of the fixes, and attributes of the tracks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from heatlas.core.frozen import frozen
from heatlas.core.regex import regex
from heatlas.sources.tables.cells.flags import (
    PRIVATE,
    VISIBILITY,
    is_hidden,
    is_odd,
    is_private,
    says_nothing,
    unnumbered,
)
from heatlas.sources.tables.cells.text import numbers
from heatlas.sources.tables.columns import plain_name
from heatlas.sources.tables.table import Role
from heatlas.sources.tables.tracks.groups import codes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from heatlas.sources.tables.table import Table
    from heatlas.sources.tables.tracks.groups import Groups

__all__ = [
    "ALWAYS",
    "COMMUTE",
    "GEAR",
    "NAMES",
    "SPORTS",
    "Described",
    "described",
    "metric_name",
    "metric_names",
    "snake",
]

_METRICS = {
    "elevation": "elevation ele alt altitude height elevationm altitudem elev enhancedaltitude hoehe",
    "heart_rate": "heartrate hr bpm heartratebpm pulse heartbeat puls",
    "speed": "speed velocity velocitysmooth speedms speedmps enhancedspeed groundspeed",
    "cadence": "cadence cad rpm runcadence cadencerpm",
    "power": "power watts watt pwr powerw powerinwatts",
    "temperature": "temperature temp atemp tempc temperaturec airtemperature",
}
_CONVERTED = {
    **dict.fromkeys(("speedkmh", "speedkph", "velocitykmh", "kmh", "kph"), ("speed", 1 / 3.6)),
    **dict.fromkeys(("speedmph", "mph"), ("speed", 0.44704)),
    **dict.fromkeys(("speedknots", "speedkn", "knots", "sog"), ("speed", 1852 / 3600)),
    **dict.fromkeys(("elevationft", "altitudeft", "elevationfeet", "altitudefeet"), ("elevation", 0.3048)),
}
_UNITS = regex(r"\b(km/h|kmh|kph|mph|knots|kn|ft|feet)\b", re.IGNORECASE)
SPORTS = ("sport", "sporttype", "activitytype", "workouttype", "type", "activity")
COMMUTE, GEAR = ("commute", "iscommute"), ("gear", "gearname")
NAMES = ("name", "title", "activityname", "trackname")
ALWAYS = frozenset((*SPORTS, *PRIVATE, *VISIBILITY, *COMMUTE, *GEAR, "indoor", "trainer", "virtual"))
"""Names of columns that are always read, as they decide what is drawn or who may see it."""
_OF_TRACKS = ALWAYS.union(NAMES)
_SURE = _OF_TRACKS - {"type", "activity", "name", "title"}
"""Names that always describe a track, never a fix."""


@frozen
class Described:
    """Metrics and attributes from the columns beside positions and times."""

    metrics: dict[str, NDArray[np.float32]]
    """Name -> (fixes,) values in the order of the groups."""
    attributes: dict[str, list[Any]]
    """Column -> one value for each track; None where it has none, or more than one."""
    private: NDArray[np.bool_]
    """(tracks,) whether any row of the track marks it as private."""


def metric_names(table: Table) -> list[str]:
    """Metric names of all columns of a table, whether or not they hold numbers."""
    return [metric_name(name)[0] or snake(name) for name in table.schema.names]


def described(held: dict[str, pa.Array], groups: Groups, used: Sequence[str | None], table: Table) -> Described:
    """Read the columns beside positions and times.

    Blanks never count as a value. A track has an attribute if the column has one value in it. A column whose name
    does not decide describes tracks if it differs within at most half of the tracks that have several values.

    Parameters
    ----------
    held : dict
        Column -> its cells, in the order of the table; emptied, to free memory.
    groups : Groups
        Rows of each track.
    used : sequence of str
        Columns to leave out, as they have another role.
    table : Table
        Gets a warning for attributes that differ within a track. Its `roles` say which columns describe tracks, where
        other rows have decided that already.
    """
    warnings, roles = table.warnings, table.roles
    metrics: dict[str, NDArray[np.float32]] = {}
    attributes: dict[str, list[Any]] = {}
    private = np.zeros(len(groups.keys), bool)
    for name in [name for name in held if name not in used]:
        column = held.pop(name)
        known, factor = metric_name(name)
        if unnumbered(name) in PRIVATE:
            private |= _any(column, groups, is_private)
            _warn_of_odd(name, column, warnings)
            continue
        if unnumbered(name) in VISIBILITY:
            private |= _any(column, groups, is_hidden)
        if pa.types.is_boolean(column.type) or pa.types.is_temporal(column.type):
            bad: NDArray[np.bool_] | None = np.ones(len(column), bool)
        else:
            values, bad = numbers(column)
        if bad is not None:
            found = _of_texts(name, column, groups, warnings, roles)
        elif known and known not in metrics:
            metrics[known] = (groups.ordered(values) * factor).astype(np.float32)
            continue
        elif np.isfinite(values).any():
            ordered = groups.ordered(values)
            found = _of_numbers(name, ordered, groups, warnings, roles)
            with np.errstate(over="ignore"):
                metrics.setdefault(snake(name), ordered.astype(np.float32))
        else:
            continue
        if found is not None:
            attributes[name] = found
    return Described(metrics, attributes, private)


def _any(column: pa.Array, groups: Groups, test: Callable[[Any], bool]) -> NDArray[np.bool_]:
    """Whether any row of each track passes a test."""
    codes, keys = codes_of(column)
    passes = np.array([*map(test, keys), False])  # the last is for code -1, rows without a value
    return np.logical_or.reduceat(passes[groups.ordered(codes)], groups.starts[:-1])


def _warn_of_odd(name: str, column: pa.Array, warnings: list[str]) -> None:
    codes, keys = codes_of(column)
    odd = [k for k, key in enumerate(keys) if is_odd(key)]
    if odd:
        count = int(np.isin(codes, odd).sum())
        warnings.append(
            f"{name!r}: {count:,} values are neither yes nor no, e.g. {str(keys[odd[0]])!r}: their tracks are private"
        )


def _of_texts(
    name: str, column: pa.Array, groups: Groups, warnings: list[str], roles: dict[str, Role]
) -> list[Any] | None:
    """Single value of each track; None if the column does not describe tracks."""
    codes, keys = codes_of(column)
    blank = np.array([*map(says_nothing, keys), True])
    codes = groups.ordered(np.where(blank[codes], -1, codes))
    firsts = groups.starts[:-1]
    last = np.maximum.reduceat(codes, firsts)
    first = np.minimum.reduceat(np.where(codes < 0, len(keys), codes), firsts)
    varies = (last >= 0) & (first < last)
    if not _describes(name, varies, np.add.reduceat((codes >= 0).astype(np.int64), firsts), warnings, roles):
        return None
    return [None if code < 0 or mixed else keys[code] for code, mixed in zip(last.tolist(), varies, strict=True)]


def _of_numbers(
    name: str, values: NDArray[np.float64], groups: Groups, warnings: list[str], roles: dict[str, Role]
) -> list[float | int | None] | None:
    """Single number of each track; None if the column does not describe tracks."""
    firsts = groups.starts[:-1]
    low, high = np.fmin.reduceat(values, firsts), np.fmax.reduceat(values, firsts)
    varies = low < high
    if not _describes(name, varies, np.add.reduceat((~np.isnan(values)).astype(np.int64), firsts), warnings, roles):
        return None
    return [None if mixed else _number(value) for value, mixed in zip(low.tolist(), varies, strict=True)]


def _describes(
    name: str, varies: NDArray[np.bool_], counts: NDArray[np.int64], warnings: list[str], roles: dict[str, Role]
) -> bool:
    """Whether a column describes tracks; warn of the tracks within which it differs."""
    plain, mixed, able = plain_name(name), int(varies.sum()), int((counts > 1).sum())
    role = roles.setdefault(name, Role(plain in _OF_TRACKS or 2 * mixed <= able))
    before = role.sentence(name)
    role.mixed, role.able, role.tracks = role.mixed + mixed, role.able + able, role.tracks + len(varies)
    if role.describes and role.mixed and (role.mixed < role.able or plain in _SURE):
        if before in warnings:
            warnings.remove(before)
        warnings.append(role.sentence(name))
    return role.describes


def metric_name(name: str) -> tuple[str, float]:
    """Column of `heatlas.core.batch.COLUMNS` for a name, or an empty name; and the factor to its unit."""
    plain = plain_name(name)
    unit = _UNITS.search(name)
    if unit:
        plain = plain_name(f"{_UNITS.sub(' ', name)} {unit[1].replace('/', '')}")
    if plain in _CONVERTED:
        return _CONVERTED[plain]
    return next((metric for metric, names in _METRICS.items() if plain in names.split()), ""), 1.0


def _number(value: float) -> float | int | None:
    if np.isnan(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 1 << 53 else value


def snake(name: str) -> str:
    """Write a column's name as that of a metric or attribute: its words in lower case, joined by underscores."""
    words = re.findall(r"[^\W_]+", re.sub(r"([a-z\d])([A-Z])", r"\1 \2", name))
    return "_".join(words).lower() or "column"
