"""Gaussian smoothing of grids, in pixels or in true metres."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.resources import processors
from heatlas.core.threads import side_by_side
from heatlas.raster.grid import filled_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.grid import Grid

__all__ = ["MAX_SIGMA", "Smoothing", "default_smoothing", "halo", "smooth"]

MAX_SIGMA = 256.0
"""Pixels. A wider blur needs a coarser window."""
_ROWS = 256
"""Rows that are smoothed in one go: their copy in single precision takes little memory."""


@frozen
class Smoothing:
    """The standard deviation of a Gaussian: the greater of a width on the ground and one on the screen."""

    metres: float = 0.0
    """True metres, the same on the ground in every row."""
    pixels: float = 0.0
    """Pixels, the same in every row."""

    def __post_init__(self) -> None:
        if not (0 <= self.metres < math.inf and 0 <= self.pixels < math.inf):
            raise BadOption("a smoothing width must be 0 or more, such as 4m or 2px")

    def sigma(self, window: Window) -> NDArray[np.float64]:
        """(height,) standard deviation in each row of a window, pixels; not to be changed."""
        return _widths(self.metres, self.pixels, window.scale, window.y, window.height)[0]


@lru_cache(maxsize=16)
def _widths(metres: float, pixels: float, scale: float, y: int, height: int) -> tuple[NDArray[np.float64], float]:
    """As `Smoothing.sigma`, and the greatest. Who draws tiles asks more than once for the rows of each."""
    if not (metres or pixels):
        found, greatest = np.zeros(height), 0.0  # nothing is smoothed, and no kernel needed
    else:
        from heatlas.kernels.blur import widths_of_rows

        found, greatest = widths_of_rows(metres, pixels, scale, y, height)
    found.setflags(write=False)
    return found, greatest


def default_smoothing() -> Smoothing:
    """Width of 4 m, at least 1 px. 4 m joins two runs on one path (positions are wrong by 3 to 10 m)."""
    return Smoothing(metres=4.0, pixels=1.0)


def halo(smoothing: Smoothing, window: Window) -> int:
    """Pixels the halo needs.

    Raises
    ------
    BadOption
        When the width is more than MAX_SIGMA pixels.
    """
    sigma = _widths(smoothing.metres, smoothing.pixels, window.scale, window.y, window.height)[1]
    if sigma > MAX_SIGMA:
        raise BadOption(
            f"smoothing over {sigma:.0f} px is too wide: take a coarser --resolution or at most "
            f"{MAX_SIGMA * window.resolution:.0f}m"
        )
    from heatlas.kernels.blur import REACH

    return math.ceil(REACH * sigma)


def _blur(
    plane: NDArray[Any], sigma: NDArray[np.float64], margin: int, unit_peak: bool, workers: int
) -> NDArray[np.float32]:
    from heatlas.kernels.blur import blur_rows

    height, width = plane.shape[0] - 2 * margin, plane.shape[1] - 2 * margin
    if workers == 1 and height <= _ROWS:  # a tile, where looking for empty rows takes as long as clearing them
        out = np.empty((height, width), np.float32)
        blur_rows(np.ascontiguousarray(plane, np.float32), sigma, margin, unit_peak, 0, height, out)
        return out
    # Rows that nothing reaches stay memory that was never written to.
    out = np.zeros((height, width), np.float32)
    first, last = filled_rows(plane)
    begin, end = max(first - 2 * margin, 0), min(last, len(out))
    # Busy rows lie together. Threads take rows in turns, so that none gets all of them.
    pieces = 1 if workers == 1 else 4 * workers
    step = max(64, 2 * margin, min(_ROWS, -(-(end - begin) // pieces)))

    def blur(top: int) -> None:
        rows = slice(top, min(top + step, end))
        source = np.ascontiguousarray(plane[top : rows.stop + 2 * margin], np.float32)
        blur_rows(source, sigma[rows], margin, unit_peak, 0, rows.stop - top, out[rows])

    side_by_side(blur, range(begin, end, step), workers)
    return out


def smooth(grid: Grid, smoothing: Smoothing, window: Window, workers: int | None = None) -> Grid:
    """Smooth a grid that was drawn with the halo around a window, and crop it to the window.

    Each plane is smoothed separately, so that a mean becomes blur(sum) / blur(count). Where
    one pass counts 1 in every pixel (passes, activities, means), the result is divided by the kernel's value
    at its centre: the middle of a lone straight pass then still reads 1, at every width.

    Parameters
    ----------
    grid : Grid
        Over ``window.grown(halo(smoothing, window))``.
    smoothing : Smoothing
        The width.
    window : Window
        Window of the result.
    workers : int, optional
        Threads; by default one for each processor.

    Returns
    -------
    Grid
        Over the window, planes of float32; the same grid when the width is 0.
    """
    margin = halo(smoothing, window)
    if grid.window != window.grown(margin):
        raise ValueError(f"a grid over {grid.window} does not hold the halo of {margin} px around {window}")
    if not margin:
        return grid
    sigma = smoothing.sigma(window)
    unit_peak, threads = grid.measure.of_lines, workers or processors()
    return grid.map(lambda plane: _blur(plane, sigma, margin, unit_peak, threads), window)
