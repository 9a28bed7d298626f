"""Metrics of passages: formulas over columns that are stored for each passage, by tracing and in an index alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.tracks.metrics.fixes import CLIMBING, FASTEST_ASCENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Columns = Mapping[str, NDArray[np.float64]]
    """Name -> (k,), NaN where unknown."""

__all__ = [
    "climb", "climb_rate", "dark", "down", "efficiency", "flat_pace", "heart_rate_reserve", "hour", "month",
    "solar_elevation", "stopped", "street", "up", "wait", "watts_per_beat", "zone",
]  # fmt: skip

_COST = np.array([155.4, -30.4, -43.3, 46.3, 19.5, 3.6])
"""Coefficients of the energy cost of running by slope, J/(kg m), from g**5 to 1 (Minetti et al. 2002)."""
_STEEPEST = 0.45
"""Slope up to which the cost was measured."""
_TWILIGHT = 6.0
"""Degrees below the horizon at which street lights are needed."""
_PAUSE = 2.0
"""Seconds of waiting that a passage without a stop may seem to have: noise of positions and of their times.

Measured on 2.5 million passages of three people at 2.4 m a pixel: of those in which nobody stood, 30 to 46 % seem to
wait, 0.1 % by more than this.
"""
_STOP = 3.0
"""Seconds of waiting from which on a passage has a stop."""


def flat_pace(columns: Columns) -> NDArray[np.float64]:
    """Pace on the flat that costs as much energy, s/m.

    Pace times C(0) / C(g), where C is the cost of running by slope: Minetti et al. (2002), Energy cost of walking and
    running at extreme uphill and downhill slopes, J Appl Physiol 93(3).
    """
    slope = np.clip(columns["grade_100"] / 100, -_STEEPEST, _STEEPEST)
    cost = np.full(len(slope), _COST[0])
    for coefficient in _COST[1:]:  # as np.polyval, without arrays in between
        cost *= slope
        cost += coefficient
    np.divide(_COST[-1], cost, out=cost)
    cost *= columns["pace"]
    return cost


def efficiency(columns: Columns) -> NDArray[np.float64]:
    """Metres per heart beat."""
    return 60 / (columns["pace"] * _above_0(columns["heart_rate"]))


def heart_rate_reserve(columns: Columns) -> NDArray[np.float64]:
    """Heart rate as a share of the reserve, percent (Karvonen, Kentala & Mustala 1957)."""
    rest, most = columns["rest_heart_rate"], columns["max_heart_rate"]
    return 100 * (columns["heart_rate"] - rest) / _above_0(most - rest)


def zone(columns: Columns) -> NDArray[np.float64]:
    """Zone of the heart rate, 1 to 5: each bound belongs to the zone above it."""
    beats = columns["heart_rate"]
    found = np.ones(len(beats))
    for number in range(2, 6):
        bound = columns[f"zone_{number}_from"]
        found = np.where(np.isnan(bound), np.nan, found + (beats >= bound))
    return np.where(np.isnan(beats), np.nan, found)


def watts_per_beat(columns: Columns) -> NDArray[np.float64]:
    """Watts for each heart beat per minute."""
    return columns["power"] / _above_0(columns["heart_rate"])


def climb_rate(columns: Columns) -> NDArray[np.float64]:
    """Ascent, m/h, where it goes up by more than 3 %; unknown elsewhere, and where nobody could be as fast."""
    grade = columns["grade_100"]
    rate = grade / 100 / columns["pace"] * 3600
    return np.where((grade > CLIMBING) & (rate <= FASTEST_ASCENT), rate, np.nan)


def wait(columns: Columns) -> NDArray[np.float64]:
    """Seconds beyond those that the way takes at the passage's own pace; all of them where nobody moved.

    Up to 2 s are noise, which many passages would add up to what looks like a wait: they count 0.
    """
    seconds, pace = columns["seconds"], columns["pace"]
    waited = seconds - columns["metres"] * pace
    waited[waited <= _PAUSE] = 0.0
    stood = np.flatnonzero(np.isnan(pace))
    waited[stood] = np.where(seconds[stood] > 0, seconds[stood], np.nan)
    return waited


def stopped(columns: Columns) -> NDArray[np.float64]:
    """1 where a passage waited for more than 3 s, else 0."""
    waited = columns["wait"]
    return np.where(np.isnan(waited), np.nan, (waited > _STOP).astype(np.float64))


def climb(columns: Columns) -> NDArray[np.float64]:
    """Metres climbed, below 0 downhill."""
    return columns["metres"] * columns["grade"] / 100


def up(columns: Columns) -> NDArray[np.float64]:
    """Metres climbed; 0 downhill."""
    return np.maximum(_trusted_climb(columns), 0.0)


def down(columns: Columns) -> NDArray[np.float64]:
    """Metres descended; 0 uphill."""
    return np.maximum(-_trusted_climb(columns), 0.0)


def _trusted_climb(columns: Columns) -> NDArray[np.float64]:
    """Metres climbed; unknown where elevations cannot be trusted, as errors of one sign alone add up."""
    return np.where(np.isnan(columns["grade_100"]), np.nan, columns["climb"])


def hour(columns: Columns) -> NDArray[np.float64]:
    """Local time of day, hours."""
    return (columns["local_start"] + _known_or_0(columns["elapsed"])) / 3600 % 24


def month(columns: Columns) -> NDArray[np.float64]:
    """Time of the year, months from the first of January."""
    return columns["year_share"] * 12


def street(columns: Columns) -> NDArray[np.float64]:
    """Direction of the way, degrees from north below 180: whichever way it is gone."""
    return columns["bearing"] % 180


def solar_elevation(columns: Columns) -> NDArray[np.float64]:
    """Elevation of the sun, degrees above the horizon, without refraction."""
    from heatlas.kernels.sun import elevations

    time = columns["start"] + _known_or_0(columns["elapsed"])
    found: NDArray[np.float64] = elevations(time, columns["longitude"], columns["latitude"])
    return found


def dark(columns: Columns) -> NDArray[np.float64]:
    """1 where the sun is more than 6 degrees below the horizon (civil twilight is over), else 0."""
    height = columns["sun"]
    return np.where(np.isnan(height), np.nan, (height < -_TWILIGHT).astype(np.float64))


def _above_0(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values > 0, values, np.nan)


def _known_or_0(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds since the start; of a track without times that counts as its start."""
    return np.where(np.isnan(values), 0.0, values)
