"""Bounds of sensor values: limits of body and earth, and the values that formats and devices write for "unknown".

One table holds for every source. A value out of bounds becomes unknown (NaN) and is counted. A cadence, a power, a
speed, an elevation and a temperature of 0 are real; a heart rate of 0 is not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import COLUMNS
from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity, Recording

__all__ = ["FIT_UNKNOWN", "SENSORS", "Sensor", "possible", "possible_attributes", "reason"]


@frozen
class Sensor:
    """Bounds of the values of one column."""

    least: float
    greatest: float
    unknown: tuple[float, ...] = ()
    """Values within these bounds that devices and converters write for "unknown"."""


SENSORS: Mapping[str, Sensor] = {
    # Metres. No fix is deeper than a mine below a shore that is itself below the sea; balloons reach 41 km.
    # 32,767 is the greatest signed number of 16 bits; -32,768, -9,999 and 65,535 are out of bounds.
    "elevation": Sensor(-3_000.0, 45_000.0, (32_767.0,)),
    # Beats per minute. 0, 254 and 255 (FIT's unknown byte) are out of bounds.
    "heart_rate": Sensor(20.0, 250.0),
    # Metres per second. Phones write -1 for unknown; 65.535 is FIT's greatest number of 16 bits, in mm/s.
    "speed": Sensor(0.0, 1_000.0, (65.535,)),
    # Revolutions, or steps of one foot, per minute. 254 and 255 are out of bounds.
    "cadence": Sensor(0.0, 250.0),
    # Watts; sprinters on a track reach 2,500. 65,534 and 65,535 are out of bounds.
    "power": Sensor(0.0, 4_000.0),
    # Degrees Celsius: from the coldest air on earth to a device in the sun. 127 and 255 are out of bounds.
    "temperature": Sensor(-95.0, 85.0),
}
"""Column of `heatlas.core.batch.COLUMNS` -> its bounds, included."""

FIT_UNKNOWN: Mapping[str, tuple[float, ...]] = {"elevation": (12_607.0,)}
"""Column -> values of an unknown 16-bit number that a device copied into a 32-bit field."""

_ATTRIBUTES = {
    **{f"{kind}_{column}": column for kind in ("average", "max", "min") for column in COLUMNS},
    **{f"{kind}_watts": "power" for kind in ("average", "max")},
    "elevation_low": "elevation",
    "elevation_high": "elevation",
}
"""Attribute of an activity -> the column that it sums up."""


def reason(column: str) -> str:
    """Reason under which impossible values of a column or an attribute are counted."""
    return f"{column} values no sensor can mean"


def _impossible(values: NDArray[np.float32], sensor: Sensor) -> NDArray[np.bool_]:
    """Find impossible values; NaN is not one of them."""
    wrong: NDArray[np.bool_] = (values < sensor.least) | (values > sensor.greatest)
    for unknown in sensor.unknown:
        wrong |= values == np.float32(unknown)
    return wrong


def possible(recording: Recording, columns: Collection[str] = COLUMNS) -> tuple[Recording, Counter[str]]:
    """Replace impossible values by NaN.

    Parameters
    ----------
    recording : Recording
        Recording of any source.
    columns : collection of str
        Columns to check.

    Returns
    -------
    Recording
        The same object if all values are possible.
    Counter
        Reason -> number of values that were taken out.
    """
    taken: Counter[str] = Counter()
    sound = dict(recording.columns)
    for name, values in recording.columns.items():
        if name not in SENSORS or name not in columns:
            continue
        wrong = _impossible(values, SENSORS[name])
        if not wrong.any():
            continue
        taken[reason(name)] += int(wrong.sum())
        sound[name] = np.where(wrong, np.float32(np.nan), values)
        if np.isnan(sound[name]).all():
            del sound[name]
    return (replace(recording, columns=sound), taken) if taken else (recording, taken)


def possible_attributes(activity: Activity) -> tuple[Activity, Counter[str]]:
    """Take out impossible averages and extremes of an activity, and count them by reason."""
    wrong = {name for name, value in activity.extra.items() if name in _ATTRIBUTES and not _can_be(name, value)}
    if not wrong:
        return activity, Counter()
    kept = {name: value for name, value in activity.extra.items() if name not in wrong}
    return replace(activity, extra=kept), Counter(reason(name) for name in wrong)


def _can_be(attribute: str, value: Any) -> bool:
    sensor = SENSORS[_ATTRIBUTES[attribute]]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return sensor.least <= value <= sensor.greatest and value not in sensor.unknown
