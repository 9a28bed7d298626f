"""Filters and looks: which activities count, what is counted, and how it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from heatlas.core.frozen import frozen
from heatlas.style.colormaps import colormap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from heatlas.library.points.point_times import Span
    from heatlas.raster.gaussian import Smoothing
    from heatlas.raster.measure import Measure
    from heatlas.raster.point_kernel import Kernel
    from heatlas.style.stepping import Begins
    from heatlas.style.tone import ToneScale

__all__ = ["Brush", "Filter", "Look"]


@frozen
class Filter:
    """Filter of activities, as written, so that equal filters compare equal."""

    where: str | None = None
    sports: tuple[str, ...] = ()
    after: str | None = None
    before: str | None = None


@frozen
class Look:
    """Measure, smoothing or kernel, and style."""

    measure: Measure
    smoothing: Smoothing
    tone: ToneScale | None
    """In the base unit of the measure; None: the default of the measure."""
    colormap: str | None
    """None: the default of the measure."""
    point_set: str = ""
    """Name of the point set that is shown; empty: tracks are shown."""
    kernel: Kernel | None = None
    """Radius and shape by which points are spread; None for tracks, which are smoothed."""
    during: Span | None = None
    """For points: the span of time that is shown; None: all of them, also those whose time is unknown."""
    classes: frozenset[int] = frozenset()
    """Classes of two metrics that are shown; empty: all."""

    @property
    def colours(self) -> NDArray[np.uint8] | None:
        """(256, 4) RGBA of the colour map, or None."""
        return None if self.colormap is None else colormap(self.colormap)


class Brush(NamedTuple):
    """How all tiles of a zoom are coloured."""

    begins: Begins
    """Where steps begin."""
    palette: NDArray[np.uint8]
    """(256, 4) RGBA of the steps."""
