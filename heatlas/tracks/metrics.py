"""Metrics of a track: values measured or derived at each fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.kernels.path import change_over, metres_along

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch

__all__ = ["METRICS", "STOPPED", "Metric", "metric_named"]

STOPPED = 0.5
"""m/s below which a person stands still."""
_HALF_SECONDS = 5.0
_HALF_METRES = 25.0


class Metric(NamedTuple):
    """A metric: its values at fixes, and how a passage's value follows from them."""

    at_fixes: Callable[[Batch], NDArray[np.float64]]
    """Batch of n fixes -> (n,), NaN where unknown."""
    inverse: bool = False
    """Whether a passage's value is the reciprocal of its time-weighted mean (pace from speed)."""
    columns: frozenset[str] = frozenset()
    """Columns of the batch that it is computed from."""


def _column(name: str) -> Metric:
    def at_fixes(batch: Batch) -> NDArray[np.float64]:
        values = batch.columns.get(name)
        return np.full(batch.fixes, np.nan) if values is None else values.astype(np.float64)

    return Metric(at_fixes, columns=frozenset({name}))


def _along(batch: Batch) -> NDArray[np.float64]:
    """Metres from the batch's first fix; only differences inside a segment are meaningful."""
    metres = metres_along(batch.u, batch.v, batch.segments)
    return np.concatenate(([0.0], np.cumsum(metres[:-1])))


def _speed(batch: Batch) -> NDArray[np.float64]:
    """Speed over the ground from positions and times, m/s, over some 10 s."""
    speed: NDArray[np.float64] = change_over(batch.time, _along(batch), batch.segments, _HALF_SECONDS)
    return speed


def _moving_speed(batch: Batch) -> NDArray[np.float64]:
    """Speed as `_speed`, but NaN where a person stands still: a stop has no pace."""
    speed = _speed(batch)
    speed[speed < STOPPED] = np.nan
    return speed


def _grade(batch: Batch) -> NDArray[np.float64]:
    """Slope in percent from elevations, over some 50 m of the way."""
    elevation = batch.columns.get("elevation")
    if elevation is None:
        return np.full(batch.fixes, np.nan)
    slope: NDArray[np.float64] = change_over(_along(batch), elevation.astype(np.float64), batch.segments, _HALF_METRES)
    return slope * 100


METRICS = {
    "pace": Metric(_moving_speed, inverse=True),
    "speed": Metric(_speed),
    "grade": Metric(_grade, columns=frozenset({"elevation"})),
    **{name: _column(name) for name in ("heart_rate", "cadence", "power", "elevation", "temperature")},
}
"""Name -> metric. Units: pace s/m, speed m/s, grade percent, others as `heatlas.core.batch.COLUMNS`."""


def metric_named(name: str) -> Metric:
    """Look up a metric; any other name is a column of the tracks' table, whose values are used unchanged."""
    return METRICS.get(name) or _column(name)
