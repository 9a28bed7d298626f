"""Relations between two metrics over the passages of a pixel: planes that add up, finished after smoothing.

Each activity has one voice in a pixel, the mean of its passages there, as laps are no evidence of their own. For
correlations, slopes and residuals the activity's own mean is taken off first: else half of what is seen is "fast days".
With few voices a pixel says little, so its value is held towards that of all pixels, which `fit_prior` finds once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Planes = Mapping[str, NDArray[Any]]
    """n, x, y, xx, yy, xy of one shape."""

__all__ = ["FEWEST", "Prior", "correlation", "fit_prior", "residual", "slope", "sureness"]

FEWEST = 6
"""Voices from which on a relation is shown."""
_FEW = 3.0
"""Voices that Fisher's z takes off."""
_WEIGHT = 20.0
"""Voices that the correlation of all pixels counts for.

With less, heart rates of other places show where few passed, as neighbours have the same voices. Not by the spread of
correlations among pixels: smoothing makes it smaller than chance (`benchmarks/null_relations.py`).
"""
_RESIDUAL_WEIGHT = 3.0
"""Voices for which nothing out of the ordinary counts."""
_NARROW = 0.05
"""Share of the usual spread of x below which nothing can be said of a slope."""


class Prior(NamedTuple):
    """What holds of all pixels."""

    correlation: float = 0.0
    slope: float = 0.0
    noise: float = 0.0
    """Variance of y about the slopes of pixels."""
    spread: float = 0.0
    """Variance of the true slopes of pixels, by moments."""
    usual: float = 0.0
    """Variance of x in a pixel."""


def _moments(planes: Planes) -> tuple[NDArray[np.float64], ...]:
    """Number of voices, and variances of x and y and their covariance."""
    n, x, y, xx, yy, xy = (np.asarray(planes[name], np.float64) for name in ("n", "x", "y", "xx", "yy", "xy"))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_x, mean_y = x / n, y / n
        return n, np.maximum(xx / n - mean_x**2, 0), np.maximum(yy / n - mean_y**2, 0), xy / n - mean_x * mean_y


def _arctanh(r: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.arctanh(np.clip(r, -0.999, 0.999))


def fit_prior(planes: Planes) -> Prior:
    """Fit what holds of all pixels, from planes of pixels on paths.

    Parameters
    ----------
    planes : mapping of str to ndarray
        n, x, y, xx, yy, xy of one shape, smoothed.

    Returns
    -------
    Prior
        All 0 where no pixel has voices enough.
    """
    n, vx, vy, cxy = _moments(planes)
    some = (n >= _FEW) & (vx > 0) & (vy > 0)
    if not some.any():
        return Prior()
    n, vx, vy, cxy = n[some], vx[some], vy[some], cxy[some]
    freedom = n - _FEW
    z = _arctanh(cxy / np.sqrt(vx * vy))
    r0 = float(np.tanh((z * freedom).sum() / freedom.sum())) if freedom.sum() > 0 else 0.0
    b0 = float((cxy * n).sum() / (vx * n).sum())
    b = cxy / vx
    noise = float((np.maximum(vy - b * cxy, 0) * n).sum() / np.maximum(n - 2, 0.1).sum())
    usual = float((vx * n).sum() / n.sum())
    good = (n >= FEWEST) & (vx >= _NARROW * usual)
    spread = 0.0
    if good.any() and noise > 0:
        weight = n[good] * vx[good] / noise
        spread = max(0.0, float(((b[good] - b0) ** 2 * weight).sum() - good.sum()) / float(weight.sum()))
    return Prior(r0, b0, noise, spread, usual)


def correlation(planes: Planes, fitted: tuple[float, ...]) -> NDArray[Any]:
    """Correlation, held towards that of all pixels by Fisher's z; NaN below FEWEST voices or without any spread."""
    prior = Prior(*fitted)
    n, vx, vy, cxy = _moments(planes)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = _arctanh(cxy / np.sqrt(vx * vy))
        held = np.tanh(((n - _FEW) * z + _WEIGHT * np.arctanh(prior.correlation)) / (n - _FEW + _WEIGHT))
        return np.where(_enough(n, vx, prior), held, np.nan)


def slope(planes: Planes, fitted: tuple[float, ...]) -> NDArray[Any]:
    """Slope of y on x, held towards that of all pixels by empirical Bayes; NaN as for `correlation`."""
    prior = Prior(*fitted)
    n, vx, _, cxy = _moments(planes)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = prior.spread / (prior.spread + prior.noise / (n * vx)) if prior.spread > 0 else np.zeros_like(n)
        return np.where(_enough(n, vx, prior), prior.slope + share * (cxy / vx - prior.slope), np.nan)


def _enough(n: NDArray[np.float64], vx: NDArray[np.float64], prior: Prior) -> NDArray[np.bool_]:
    return (n >= FEWEST) & (vx >= _NARROW * prior.usual) & (vx > 0)


def residual(planes: Planes) -> NDArray[Any]:
    """Mean of what a model leaves over, held towards 0 where few passed."""
    return np.asarray(planes["x"] / (planes["n"] + _RESIDUAL_WEIGHT))


def sureness(planes: Planes, _: tuple[float, ...] = ()) -> NDArray[np.float64]:
    """How sure a relation is, 0.25 to 1, by its voices: the opacity of a pixel."""
    return np.clip((np.asarray(planes["n"], np.float64) - 4) / 12, 0.25, 1)
