"""A model of an athlete's heart rate: what speed, slope, time and warming up make one expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["MODELLED", "Model", "fit_model", "levels", "model_change", "terms"]

MODELLED = ("pace", "grade_100", "elapsed", "steady_heart_rate")
"""Columns that it reads; the heart rate last."""
_LONGEST = 7200.0
"""Seconds after which a heart tires no further, as far as this is told."""
_WARM_UP = 120.0
"""Seconds in which a heart warms up."""
_FEWEST = 600.0
"""Seconds with a known heart rate below which nothing is fitted."""


def terms(columns: Mapping[str, NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Terms of the model, (k,) each: speed in m/s, slope in percent, hours, and how cold the heart is, 1 to 0."""
    elapsed = columns["elapsed"]
    speed = 1 / columns["pace"]
    return [speed, columns["grade_100"], np.minimum(elapsed, _LONGEST) / 3600, np.exp(-elapsed / _WARM_UP)]


@frozen
class Model:
    """Beats per minute for each unit of the terms; the activity's own level is no part of it."""

    speed: float
    """Per m/s."""
    grade: float
    """Per percent."""
    hour: float
    """Per hour, in the first two."""
    cold: float
    """At the very start, below what the effort asks for."""
    share: float
    """Of the variance inside activities that it explains, 0 to 1."""

    def predicted(self, columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Beats per minute (k,), but for a constant of each activity; NaN where a term is unknown."""
        with np.errstate(all="ignore"):
            speed, grade, hours, cold = terms(columns)
            return self.speed * speed + self.grade * grade + self.hour * hours + self.cold * cold

    def left_over(self, columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Beats per minute (k,) above what is expected, but for a constant of each activity."""
        return columns[MODELLED[-1]] - self.predicted(columns)

    def __str__(self) -> str:
        """In words."""
        return (
            f"heart rate {self.speed / 3.6:+.1f} bpm per km/h, {self.grade:+.2f} per % of slope, {self.hour:+.1f} per "
            f"hour, {self.cold:+.0f} at the start; explains {100 * self.share:.0f} % inside activities"
        )


def levels(moments: NDArray[np.float64], model: Model) -> NDArray[np.float64]:
    """Heart rate of each activity above the model's on the whole, (activities,); NaN where nothing is known."""
    mean = moments[:, 0, 1:]
    found = mean[:, -1] - mean[:, :-1] @ np.array([model.speed, model.grade, model.hour, model.cold])
    return np.where(moments[:, 0, 0] > 0, found, np.nan)


def model_change(moments: NDArray[np.float64], before: Model, now: Model) -> float:
    """Change of what is expected from one model to another, as a share of what the later one leaves unexplained.

    Both are root mean squares over the seconds inside activities.

    Parameters
    ----------
    moments : ndarray of float64 (activities, n, n)
        As `heatlas.tracks.metrics.means.moments_of` gives them.
    before, now : Model
        The two models.
    """
    products = moments[:, 1:, 1:].sum(axis=0)
    step = np.array(
        [now.speed - before.speed, now.grade - before.grade, now.hour - before.hour, now.cold - before.cold]
    )
    moved = float(step @ products[:-1, :-1] @ step)
    left = (1 - now.share) * float(products[-1, -1])
    if moved <= 0:
        return 0.0
    return float(np.sqrt(moved / left)) if left > 0 else float("inf")


def fit_model(moments: NDArray[np.float64]) -> Model | None:
    """Fit a model by least squares inside activities.

    Parameters
    ----------
    moments : ndarray of float64 (activities, n, n)
        As `heatlas.tracks.metrics.means.moments_of` gives them.

    Returns
    -------
    Model or None
        None where less than ten minutes are known.
    """
    seconds = float(moments[:, 0, 0].sum())
    if seconds < _FEWEST:
        return None
    products = moments[:, 1:, 1:].sum(axis=0)
    xx, xy, yy = products[:-1, :-1], products[:-1, -1], float(products[-1, -1])
    # Terms that do not vary, such as the slope of a flat town, get no part.
    scale = np.sqrt(np.maximum(np.diag(xx), 1e-12 * seconds))
    found = np.linalg.lstsq(xx / np.outer(scale, scale), xy / scale, rcond=1e-6)[0] / scale
    share = float(found @ xy) / yy if yy > 0 else 0.0
    speed, grade, hour, cold = found.tolist()
    return Model(speed, grade, hour, cold, min(max(share, 0.0), 1.0))
