"""A heat as it is shown: values, their position, and colours."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from heatlas.dataset.heat.appearance import Appearance, colours_of, is_dark, legend_of, tone_of
from heatlas.dataset.heat.labels import is_amount
from heatlas.style.colour import colour
from heatlas.style.legend_kinds import paint_legend

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.dataset.heat.arithmetic import LabelledHeat
    from heatlas.raster.grid import Grid
    from heatlas.style.image import Picture
    from heatlas.style.tone import Tone

__all__ = ["StyledGrid"]


@dataclass(frozen=True, eq=False, repr=False)
class StyledGrid:
    """A measure over a window with its appearance: the part of a `heatlas.Heat` that files and notebooks read."""

    worked: LabelledHeat
    """Grids that were counted and smoothed, or computed from other heats, with their labels."""
    look: Appearance = field(default_factory=Appearance)
    """Requested tone, colours and background."""

    @property
    def bare(self) -> Grid:
        """Counted grid over the window, before smoothing."""
        return self.worked.drawn.bare

    @property
    def smoothed(self) -> Grid:
        """Smoothed grid: the planes behind `values`."""
        return self.worked.drawn.smoothed

    @property
    def seconds(self) -> dict[str, float]:
        """Stage -> seconds it took."""
        return self.worked.drawn.seconds

    @cached_property
    def values(self) -> NDArray[np.float32]:
        """(height, width) float32 in `unit`, NaN where there is no value. Row 0 is the northernmost. Read only."""
        values = self.smoothed.values
        values.flags.writeable = False
        return values

    @property
    def window(self) -> Window:
        """Pixels on the lattice of the world; heats over equal windows can be compared."""
        return self.smoothed.window

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """West, south, east, north: outer edges in degrees. East exceeds 180 across the antimeridian."""
        return self.window.bbox

    @property
    def crs(self) -> str:
        """Coordinate reference system of the rows and columns."""
        return "EPSG:3857"

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, pixels."""
        return self.window.height, self.window.width

    @property
    def measure(self) -> str:
        """Measure as text: passes, mean(pace), ratio(seconds / metres) ..."""
        return str(self.smoothed.measure)

    @property
    def unit(self) -> str:
        """Unit of `values`, empty where they have none: passes, s, s/m (pace), bpm ..."""
        return self.worked.labels.unit.symbol

    @property
    def title(self) -> str:
        """Title in the legend."""
        return self.worked.labels.title

    @property
    def total(self) -> float:
        """Sum over the window before smoothing; for means, extremes and ratios the passages (or points) behind it."""
        bare = self.bare
        plane = bare.total if bare.count is None or is_amount(bare.measure) else bare.count
        return float(plane.sum(dtype=float))

    @cached_property
    def fitted(self) -> Tone:
        """Tone in which the heat is shown.

        Raises
        ------
        NothingToDraw
            When no pixel has a value to fit the tone to.
        """
        return tone_of(self.worked.drawn, self.worked.labels, self.look.tone)

    @property
    def colours(self) -> NDArray[np.uint8]:
        """(256, 4) RGBA from the lowest to the highest value of the scale."""
        return colours_of(self.worked.drawn, self.worked.labels, self.look)

    def picture(self) -> Picture:
        """Paint all pixels for the writers."""
        return colour(self.smoothed, self.fitted, self.colours, self.look.background)

    def legend(self, scale: float = 1.0) -> NDArray[np.uint8]:
        """Draw the legend: (h, w, 4) RGBA, some 280 px wide at a scale of 1."""
        legend = legend_of(self.worked.drawn, self.fitted, self.worked.labels)
        return paint_legend(legend, self.colours, dark=is_dark(self.look.background), scale=scale)
