"""Metrics of passages: formulas over columns that are stored for each passage, by tracing and in an index alike.

They are written as for arrays, and recorded once as steps (`heatlas.tracks.metrics.program`), so they call numpy's
elementwise functions alone, and change nothing in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.tracks.metrics.fixes import CLIMBING, FASTEST_ASCENT
from heatlas.tracks.metrics.program import sine_of_sun

if TYPE_CHECKING:
    from collections.abc import Mapping

    Values = Any
    """(k,) float64, NaN where unknown; or what stands for such an array while a formula is recorded."""
    Columns = Mapping[str, Values]

__all__ = [
    "climb", "climb_rate", "dark", "down", "efficiency", "flat_pace", "heart_rate_reserve", "hour", "month",
    "solar_elevation", "stopped", "street", "up", "wait", "watts_per_beat", "zone",
]  # fmt: skip

_COST = (155.4, -30.4, -43.3, 46.3, 19.5, 3.6)
"""Coefficients of the energy cost of running by slope, J/(kg m), from g**5 to 1 (Minetti et al. 2002)."""
_STEEPEST = 0.45
"""Slope up to which the cost was measured."""
_TWILIGHT = 6.0
"""Degrees below the horizon at which street lights are needed."""
_PAUSE = 2.0
"""Seconds of waiting that a passage without a stop may seem to have: noise of positions and of their times.

Measured on passages of three people at 2.4 m a pixel (benchmarks/waiting.py): of those in which nobody stood, 40 to
46 % seem to wait, 0.1 % by more than this.
"""
_STOP = 3.0
"""Seconds of waiting from which on a passage has a stop."""


def flat_pace(columns: Columns) -> Values:
    """Pace on the flat that costs as much energy, s/m.

    Pace times C(0) / C(g), where C is the cost of running by slope: Minetti et al. (2002), Energy cost of walking and
    running at extreme uphill and downhill slopes, J Appl Physiol 93(3).
    """
    slope = np.minimum(np.maximum(columns["grade_100"] / 100, -_STEEPEST), _STEEPEST)
    cost = slope * _COST[0] + _COST[1]
    for coefficient in _COST[2:]:
        cost = cost * slope + coefficient
    return _COST[-1] / cost * columns["pace"]


def efficiency(columns: Columns) -> Values:
    """Metres per heart beat."""
    return 60 / (columns["pace"] * _above_0(columns["heart_rate"]))


def heart_rate_reserve(columns: Columns) -> Values:
    """Heart rate as a share of the reserve, percent (Karvonen, Kentala & Mustala 1957)."""
    rest, most = columns["rest_heart_rate"], columns["max_heart_rate"]
    return 100 * (columns["heart_rate"] - rest) / _above_0(most - rest)


def zone(columns: Columns) -> Values:
    """Zone of the heart rate, 1 to 5: each bound belongs to the zone above it."""
    beats = columns["heart_rate"]
    found: Values = 1.0
    for number in range(2, 6):
        bound = columns[f"zone_{number}_from"]
        found = np.where(np.isnan(bound), np.nan, found + (beats >= bound))
    return np.where(np.isnan(beats), np.nan, found)


def watts_per_beat(columns: Columns) -> Values:
    """Watts for each heart beat per minute."""
    return columns["power"] / _above_0(columns["heart_rate"])


def climb_rate(columns: Columns) -> Values:
    """Ascent, m/h, where it goes up by more than 3 %; unknown elsewhere, and where nobody could be as fast."""
    grade = columns["grade_100"]
    rate = grade / 100 / columns["pace"] * 3600
    return np.where((grade > CLIMBING) & (rate <= FASTEST_ASCENT), rate, np.nan)


def wait(columns: Columns) -> Values:
    """Seconds beyond those that the way takes at the passage's own pace; all of them where nobody moved.

    Up to 2 s are noise, which many passages would add up to what looks like a wait: they count 0.
    """
    seconds, pace = columns["seconds"], columns["pace"]
    waited, stood = seconds - columns["metres"] * pace, np.where(seconds > 0, seconds, np.nan)
    return np.where(np.isnan(pace), stood, np.where(waited <= _PAUSE, 0.0, waited))


def stopped(columns: Columns) -> Values:
    """1 where a passage waited for more than 3 s, else 0."""
    waited = columns["wait"]
    return np.where(np.isnan(waited), np.nan, waited > _STOP)


def climb(columns: Columns) -> Values:
    """Metres climbed, below 0 downhill."""
    return columns["metres"] * columns["grade"] / 100


def up(columns: Columns) -> Values:
    """Metres climbed; 0 downhill."""
    return np.maximum(_trusted_climb(columns), 0.0)


def down(columns: Columns) -> Values:
    """Metres descended; 0 uphill."""
    return np.maximum(-_trusted_climb(columns), 0.0)


def _trusted_climb(columns: Columns) -> Values:
    """Metres climbed; unknown where elevations cannot be trusted, as errors of one sign alone add up."""
    return np.where(np.isnan(columns["grade_100"]), np.nan, columns["climb"])


def hour(columns: Columns) -> Values:
    """Local time of day, hours."""
    return (columns["local_start"] + _known_or_0(columns["elapsed"])) / 3600 % 24


def month(columns: Columns) -> Values:
    """Time of the year, months from the first of January."""
    return columns["year_share"] * 12


def street(columns: Columns) -> Values:
    """Direction of the way, degrees from north below 180: whichever way it is gone."""
    return columns["bearing"] % 180


def solar_elevation(columns: Columns) -> Values:
    """Elevation of the sun, degrees above the horizon, without refraction."""
    return np.arcsin(_sine_of_sun(columns)) * (180 / np.pi)


def dark(columns: Columns) -> Values:
    """1 where the sun is more than 6 degrees below the horizon (civil twilight is over), else 0."""
    sine = _sine_of_sun(columns)
    return np.where(np.isnan(sine), np.nan, sine < -np.sin(np.radians(_TWILIGHT)))


def _sine_of_sun(columns: Columns) -> Values:
    time = columns["start"] + _known_or_0(columns["elapsed"])
    return sine_of_sun(time, columns["longitude"], columns["latitude"])


def _above_0(values: Values) -> Values:
    return np.where(values > 0, values, np.nan)


def _known_or_0(values: Values) -> Values:
    """Seconds since the start; of a track without times that counts as its start."""
    return np.where(np.isnan(values), 0.0, values)
