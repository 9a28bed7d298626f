"""Defaults of a measure: its unit, its scale and its colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from heatlas.core.units import Unit, unit_of
from heatlas.style.colormaps import colormap
from heatlas.style.tone import ToneScale

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from heatlas.raster.grid import Measure

__all__ = ["ToneSubject", "in_base_unit", "measure_unit", "suiting_colours", "suiting_tone_scale", "written_per_value"]

_COLORMAPS = {"pace": "pace", "grade": "balance", "elevation": "relief"}


class ToneSubject(Protocol):
    """Heat that needs a tone and colours: a grid, or banded heat that does not fit into memory."""

    @property
    def measure(self) -> Measure:
        """Measure of the heat."""

    @property
    def signed(self) -> bool:
        """Whether there are sums below 0 that matter."""


def measure_unit(measure: Measure) -> Unit:
    """Unit of a measure. The unit of a table's column is unknown, whatever its name."""
    if measure.points and measure.metric and not measure.density:
        return Unit()
    return unit_of(str(measure))


def written_per_value(unit: Unit) -> float:
    """Number that people write per value: minutes per kilometre for a pace."""
    return unit.factor / 60 if unit.style == "pace" else unit.factor


def in_base_unit(scale: ToneScale, unit: Unit) -> ToneScale:
    """Convert a range from the legend's unit to the measure's."""
    if scale.range is None:
        return scale
    factor = written_per_value(unit)
    return ToneScale(scale.curve, (scale.range[0] / factor, scale.range[1] / factor))


def suiting_tone_scale(grid: ToneSubject) -> ToneScale:
    """Scale that suits a measure: log for counts and sums, linear for means and for sums below 0."""
    measure = grid.measure
    even = measure.reduction not in {"sum", "count"} if measure.points else bool(measure.metric)
    return ToneScale("linear" if even or grid.signed else "log")


def suiting_colours(grid: ToneSubject, ground: tuple[int, int, int] | None) -> NDArray[np.uint8]:
    """Colours that suit a measure and the background."""
    if grid.signed:
        return colormap("balance")
    measure = grid.measure
    if measure.metric and measure.reduction not in {"sum", "count"}:
        return colormap("spectrum" if measure.points else _COLORMAPS.get(measure.metric, "spectrum"))
    bright = ground is not None and sum(ground) > 3 * 128
    return colormap("wine" if bright else "ember")
