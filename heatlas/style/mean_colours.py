"""Colour means and extremes of tracks by the values at which steps begin, in one pass over the pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.steps import colour_means
from heatlas.raster.reductions import MORE, ONCE
from heatlas.style.stepping import begins_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.raster.grid import Grid
    from heatlas.style.stepping import Begins
    from heatlas.style.tone import Tone

__all__ = ["colours_of_means"]

_PLAIN = ("mean", "min", "max")
"""Reductions whose values are sums by counts."""
_ROWS = 256
"""Rows that are coloured at a time, to bound memory."""


def colours_of_means(grid: Grid, tone: Tone, table: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Colour a grid in single precision of plain means or extremes; None for any other.

    Parameters
    ----------
    grid : Grid
        Grid to colour.
    tone : Tone
        Fitted to the whole map.
    table : ndarray of uint8 (256, 4)
        RGBA of each step; pixels without a value have the colour of the first.

    Returns
    -------
    ndarray of uint8 (height, width, 4) or None
        RGBA; fainter where smoothing spread a fraction of a passage, and where there are few passages.
    """
    begins = _begins_for(grid, tone)
    if begins is None:
        return None
    colours = table.copy()
    alphas = colours[:, 3].copy()
    colours[:, 3] = 0
    counts, sums = (np.ascontiguousarray(grid.planes[name]) for name in ("n", "x"))
    once, more = (1.0, 0.0) if grid.layout.opacity is None else (ONCE, MORE)
    pixels, means = np.empty(counts.shape, np.uint32), np.empty(counts[:_ROWS].size, np.float32)
    for top in range(0, len(pixels), _ROWS):
        rows = slice(top, top + _ROWS)
        some = means[: pixels[rows].size]
        colour_means(
            counts[rows].reshape(-1), sums[rows].reshape(-1), some, some.view(np.int32), *begins,
            colours.view(np.uint32).ravel(), alphas, np.float32(once), np.float32(more), pixels[rows].reshape(-1),
        )  # fmt: skip
    return pixels.view(np.uint8).reshape(*pixels.shape, 4)


def _begins_for(grid: Grid, tone: Tone) -> Begins | None:
    """Where the steps of a plain mean or extreme begin, unless its tone is diverging or local."""
    measure = grid.measure
    if grid.sums or grid.worked or grid.signed or not (measure.simple and measure.reduction in _PLAIN):
        return None
    if tone.diverging or tone.local is not None or tone.fitted is not None:
        return None
    if any(plane.dtype != np.float32 for plane in grid.planes.values()):
        return None
    return begins_of(tone, sums=False)
