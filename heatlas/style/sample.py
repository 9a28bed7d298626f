"""Values that a tone is fitted to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.grid import Grid
    from heatlas.raster.measure import Measure

__all__ = ["Sample", "both_signs_matter", "values_on_paths", "weighed"]

_FAINT = 0.05
"""Share of the highest sums below which sums of the other sign do not matter, as they would hardly be visible."""


@frozen
class Sample:
    """Values that a tone is fitted to, of a whole field or of a fair share of its pixels."""

    values: NDArray[np.float32]
    """Of pixels on paths, finite, in any order."""
    measure: Measure
    sums: bool
    """Whether a pixel is a count or a sum, not a mean or an extreme."""
    signed: bool
    """Whether there are sums below 0 that matter."""
    faint: float = 0.0
    """The lowest value below 0 that does not matter and is not among the values; 0 without such a value."""
    fitted: tuple[float, ...] | None = None
    """As `heatlas.raster.grid.Grid.fitted`."""
    share: float = 1.0
    """Share of the pixels on paths that have a value: the others hold too little to say anything."""
    places: NDArray[np.integer[Any]] | None = None
    """Index of each pixel in the window, row by row; None: unknown, and no local tone can be fitted."""
    window: Window | None = None
    """Window of the places."""


def values_on_paths(smoothed: Grid, bare: Grid | None) -> NDArray[np.float32]:
    """Smoothed values of the pixels that held anything before smoothing, row by row."""
    on_path = smoothed.values[... if bare is None else bare.filled].ravel()
    return on_path[np.isfinite(on_path)]


def both_signs_matter(values: NDArray[Any]) -> bool:
    """Decide whether sums below 0 are neither few nor small beside those above.

    Parameters
    ----------
    values : ndarray (n,)
        Sums of pixels on paths, or of any adjacent places.

    Returns
    -------
    bool
        Whether the lowest sums reach more than a twentieth as far below 0 as the highest above. The lowest and the
        highest 0.05 % are ignored; of few values, none is.
    """
    if not len(values):
        return False
    low = float(np.quantile(values, 0.0005, method="lower"))
    high = float(np.quantile(values, 0.9995, method="higher"))
    return low < 0 and -low > _FAINT * high


def weighed(sample: Sample) -> Sample:
    """Remove values of 0 and below from a sample, and its sign, where they do not matter."""
    if not sample.signed or both_signs_matter(sample.values):
        return sample
    above = sample.values > 0
    faint = float(sample.values.min(initial=0.0))
    places = None if sample.places is None else sample.places[above]
    return replace(sample, values=sample.values[above], signed=False, faint=faint, places=places)
