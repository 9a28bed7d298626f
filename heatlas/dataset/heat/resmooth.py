"""Smooth a counted grid with another width, with the result of drawing it with that width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.options.parsing import kernel_of_smoothing, parse_smoothing
from heatlas.raster.gaussian import Smoothing, smooth
from heatlas.raster.gaussian import halo as smoothing_halo
from heatlas.raster.pipeline import Drawn
from heatlas.raster.point_kernel import Kernel, spread
from heatlas.raster.point_kernel import halo as kernel_halo

if TYPE_CHECKING:
    from collections.abc import Callable

    from heatlas.core.window import Window

__all__ = ["Width", "smoothed_anew"]

Width = Smoothing | Kernel
"""How tracks are smoothed, or points are spread."""


def smoothed_anew(
    drawn: Drawn,
    before: Width,
    width: str | float | Width,
    again: Callable[[Width], Drawn] | None,
    workers: int | None,
) -> tuple[Drawn, Width]:
    """Smooth the counted grid again, or count again where it does not reach far enough (see `Heat.smooth`)."""
    wanted = _parsed(width, drawn.smoothed.measure.points)
    if type(wanted) is not type(before):
        raise BadOption("points are spread by a Kernel, and tracks smoothed by a Smoothing: take the other")
    if _fits(drawn, wanted):
        return _anew(drawn, wanted, workers), wanted
    if again is None:
        raise BadOption(f"smoothing over {width} reads beyond what was counted: draw the heat anew, that wide")
    return again(wanted), wanted


def _parsed(width: str | float | Width, points: bool) -> Width:
    """Read "8m", "2px", 0 or "auto"; for points as a Gaussian kernel of that standard deviation."""
    if isinstance(width, (Smoothing, Kernel)):
        return width
    text = str(width)
    if not points:
        return parse_smoothing(text)
    return Kernel() if text.strip().lower() == "auto" else kernel_of_smoothing(text)


def _fits(drawn: Drawn, width: Width) -> bool:
    """Whether the counted grid reaches far enough beyond the window."""
    outer, inner = drawn.counted.window, drawn.smoothed.window
    columns, rows = _halo(width, inner)
    return columns <= inner.x - outer.x and rows <= inner.y - outer.y


def _anew(drawn: Drawn, width: Width, workers: int | None) -> Drawn:
    """Smooth the counted grid again; its halo must be wide enough (see `_fits`)."""
    outer, inner = drawn.counted.window, drawn.smoothed.window
    columns, rows = _halo(width, inner)
    # Kernels are compiled for contiguous planes, without gaps between rows.
    counted = drawn.counted.cropped(inner.x - outer.x - columns, inner.y - outer.y - rows).map(np.ascontiguousarray)
    if isinstance(width, Smoothing):
        shown = smooth(counted, width, inner, workers)
    else:
        shown = spread(counted, width, inner, workers)
    return Drawn(drawn.counted, shown, drawn.seconds).with_fit()


def _halo(width: Width, window: Window) -> tuple[int, int]:
    if isinstance(width, Kernel):
        return kernel_halo(width, window)
    margin = smoothing_halo(width, window)
    return margin, margin
