"""Heart rate that was measured beside a recording, and stands in a table of its export."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.batch import Recording

__all__ = ["Pulse", "with_pulse"]

_FAR = 30.0
"""Seconds: farther from any measurement, the heart rate is unknown."""
_QUARTER, _FARTHEST = 900.0, 14 * 3600.0
"""Seconds: what offsets from UTC are multiples of, and the largest one."""


@frozen(eq=False)
class Pulse:
    """Measurements in the order of time."""

    time: NDArray[np.float64]
    """(n,) Unix seconds, ascending."""
    rate: NDArray[np.float64]
    """(n,) beats per minute."""
    local: bool = False
    """Whether times are those of a clock whose zone nobody states."""

    def __repr__(self) -> str:
        """Say which values it holds, so that a change of any is seen."""
        return f"Pulse({len(self.time)}, {zlib.crc32(self.time.tobytes() + self.rate.tobytes())})"

    def between(self, start: float, end: float) -> Pulse:
        """Measurements from a time to another, both included."""
        first, last = np.searchsorted(self.time, start, "left"), np.searchsorted(self.time, end, "right")
        return Pulse(self.time[first:last], self.rate[first:last])

    def at(self, time: NDArray[np.float64]) -> NDArray[np.float32]:
        """Heart rate at some times: between two measurements on the straight line, NaN far from all of them."""
        found = np.full(len(time), np.nan, np.float32)
        if not len(self.time):
            return found
        after = np.searchsorted(self.time, time).clip(0, len(self.time) - 1)
        before = (after - 1).clip(0)
        distance = np.fmin(np.abs(self.time[after] - time), np.abs(time - self.time[before]))
        near = distance <= _FAR  # false where the time is unknown
        found[near] = np.interp(time[near], self.time, self.rate)
        return found


def with_pulse(recording: Recording, pulse: Pulse | None) -> Recording:
    """Add the heart rate, if there is one, to a recording that has none of its own."""
    if pulse is None or "heart_rate" in recording.columns:
        return recording
    if pulse.local:
        pulse = _aligned(pulse, recording.time)
    rate = pulse.at(recording.time)
    if np.isnan(rate).all():
        return recording
    return replace(recording, columns={**recording.columns, "heart_rate": rate})


def _aligned(pulse: Pulse, time: NDArray[np.float64]) -> Pulse:
    """Move measurements by the whole quarters of an hour after which they begin as the recording does."""
    known = time[~np.isnan(time)]
    if not len(known) or not len(pulse.time):
        return pulse
    away = round((known.min() - pulse.time[0]) / _QUARTER) * _QUARTER
    return Pulse(pulse.time + away, pulse.rate) if abs(away) <= _FARTHEST else Pulse(pulse.time[:0], pulse.rate[:0])
