"""What is looked at: which activities count, what is counted, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heatlas.style.colormaps import colormap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from heatlas.raster.gaussian import Smoothing
    from heatlas.raster.grid import Measure
    from heatlas.raster.point_kernel import Kernel
    from heatlas.style.tone import ToneScale

__all__ = ["Filter", "Look"]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which activities count; as written, so that equal filters are equal."""

    where: str | None = None
    sports: tuple[str, ...] = ()
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What is counted and how it is shown."""

    measure: Measure
    smoothing: Smoothing
    tone: ToneScale | None
    """In the base unit of the measure; None: what suits the measure."""
    colormap: str | None
    """None: what suits the measure."""
    point_set: str = ""
    """Name of the point set that is shown; empty: tracks are."""
    kernel: Kernel | None = None
    """How far and in which shape each point is felt; None where tracks are shown, which are smoothed."""

    @property
    def colours(self) -> NDArray[np.uint8] | None:
        """(256, 4) RGBA, or None."""
        return None if self.colormap is None else colormap(self.colormap)
