"""Difference of two means in a pixel, and whether it is more than chance: Welch's t.

Each activity has one voice in a pixel, the mean of its passages there, as for `heatlas.raster.relations`. With few
voices a variance is known badly, so it is held towards that of all pixels, which `fit_variance` finds once.

Welch, B. L. (1947). The generalization of "Student's" problem when several different population variances are involved.
Biometrika 34, 28-35.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Planes = Mapping[str, NDArray[Any]]
    """n, x, xx of the first side and m, y, yy of the second: voices, sums and sums of squares, of one shape."""

__all__ = ["FEWEST", "SURE", "difference", "fit_variance", "significance", "welch"]

FEWEST = 4
"""Voices of either side from which on a difference is shown."""
SURE = 2.0
"""Least size of t of a difference that is more than chance."""
_PALE = 0.25
"""Opacity of all other differences."""
_WEIGHT = 4.0
"""Degrees of freedom that the variance of all pixels counts for."""
_ROUNDING = 1e-3
"""Voices that smoothing in single precision may lose."""


def _side(planes: Planes, names: tuple[str, str, str]) -> tuple[NDArray[np.float64], ...]:
    """Voices, mean and sample variance of one side."""
    n, x, xx = (np.asarray(planes[name], np.float64) for name in names)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = x / n
        return n, mean, np.maximum(xx / n - mean**2, 0) * n / (n - 1)


def _sides(planes: Planes) -> tuple[tuple[NDArray[np.float64], ...], tuple[NDArray[np.float64], ...]]:
    return _side(planes, ("n", "x", "xx")), _side(planes, ("m", "y", "yy"))


def _enough(n: NDArray[np.float64], m: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (n >= FEWEST - _ROUNDING) & (m >= FEWEST - _ROUNDING)


def fit_variance(planes: Planes) -> tuple[float]:
    """Find the variance of voices within a side of a pixel, pooled over pixels on paths; 0 where none has enough."""
    (n, _first, first), (m, _second, second) = _sides(planes)
    some = _enough(n, m)
    n, m, first, second = n[some], m[some], first[some], second[some]
    freedom = float((n + m - 2).sum())
    return ((float((first * (n - 1) + second * (m - 1)).sum()) / freedom) if freedom else 0.0,)


def difference(planes: Planes, _: tuple[float, ...]) -> NDArray[Any]:
    """Mean of the second side less that of the first; NaN where either has fewer than FEWEST voices."""
    (n, first, _v), (m, second, _w) = _sides(planes)
    return np.where(_enough(n, m), second - first, np.nan)


def welch(planes: Planes, fitted: tuple[float, ...]) -> NDArray[Any]:
    """Welch's t of the second side less the first; NaN where either has fewer than FEWEST voices."""
    (n, first, of_first), (m, second, of_second) = _sides(planes)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(_held(of_first, n, fitted) / n + _held(of_second, m, fitted) / m)
        t = np.where(error > 0, (second - first) / error, np.where(second == first, 0.0, np.nan))
    return np.where(_enough(n, m), t, np.nan)


def _held(variance: NDArray[np.float64], n: NDArray[np.float64], fitted: tuple[float, ...]) -> NDArray[np.float64]:
    """Variance, held towards that of all pixels."""
    return np.asarray(((n - 1) * variance + _WEIGHT * fitted[0]) / (n - 1 + _WEIGHT))


def significance(planes: Planes, fitted: tuple[float, ...]) -> NDArray[Any]:
    """Opacity of a difference: 1 where it is more than chance, else 0.25."""
    return np.where(np.abs(welch(planes, fitted)) > SURE, 1.0, _PALE)
