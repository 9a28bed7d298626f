"""Two metrics at once: each pixel is one of 3 x 3 classes, by the thirds in which its two means lie.

Each activity has one voice in a pixel, the mean of its passages there, as for `heatlas.raster.relations`. Classes are
numbered 3 * third of y + third of x, 0 to 8; thirds are 0 for the lowest values, 1, and 2 for the highest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Planes = Mapping[str, NDArray[Any]]
    """n, x, y of one shape."""

__all__ = ["CLASSES", "THIRDS", "Terciles", "fit_terciles", "third_of_both"]

THIRDS = 3
CLASSES = THIRDS * THIRDS


class Terciles(NamedTuple):
    """Values between the thirds of all pixels on paths. A value that equals one belongs to the lower third."""

    x_lower: float = 0.0
    x_upper: float = 0.0
    y_lower: float = 0.0
    y_upper: float = 0.0

    @property
    def x(self) -> tuple[float, float]:
        """Of the first metric."""
        return self.x_lower, self.x_upper

    @property
    def y(self) -> tuple[float, float]:
        """Of the second metric."""
        return self.y_lower, self.y_upper


def fit_terciles(planes: Planes) -> Terciles:
    """Find the terciles of both means over pixels on paths; all 0 where there is no pixel."""
    x, y = (mean[np.isfinite(mean)] for mean in _means(planes))
    if not (len(x) and len(y)):
        return Terciles()
    # Values that occur, not interpolated ones.
    between = [float(np.quantile(values, k / THIRDS, method="lower")) for values in (x, y) for k in (1, 2)]
    return Terciles(*between)


def third_of_both(planes: Planes, fitted: tuple[float, ...]) -> NDArray[Any]:
    """Class of each pixel, 0 to 8."""
    terciles = Terciles(*fitted)
    x, y = _means(planes)
    across, up = np.searchsorted(terciles.x, x, side="left"), np.searchsorted(terciles.y, y, side="left")
    return np.asarray(THIRDS * up + across, np.float64)


def _means(planes: Planes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means of x and y from planes in single precision, in which they are smoothed and stored."""
    n, x, y = (np.asarray(planes[name], np.float32).astype(np.float64) for name in ("n", "x", "y"))
    with np.errstate(divide="ignore", invalid="ignore"):
        return x / n, y / n
