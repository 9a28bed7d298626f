"""From heat to files: tone, colours and legend, checked before any work and applied when the heat is there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heatlas.colormaps import colormap
from heatlas.colour import parse_background
from heatlas.rendering import Style, paint
from heatlas.sinks import check, write
from heatlas.sinks.artwork import Artwork
from heatlas.tone import Scale, parse_scale
from heatlas.units import Unit, legend_title, unit_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.grid import Grid, Measure
    from heatlas.rendering import Heat
    from heatlas.tone import Tone
    from heatlas.window import Window

__all__ = [
    "Finish", "in_base_unit", "measure_unit", "suiting_colours", "suiting_scale", "window_data", "written_per_value",
]  # fmt: skip

_COLORMAPS = {"pace": "pace", "grade": "balance", "elevation": "relief"}
_VALUES = frozenset({".tif", ".tiff", ".npy"})


@dataclass(frozen=True, slots=True)
class Finish:
    """How heat is shown, and where it goes."""

    output: Path
    scale: Scale | None
    """In the base unit of the measure; None: what suits the measure."""
    colours: NDArray[np.uint8] | None
    """None: what suits the measure and the background."""
    background: tuple[int, int, int] | None
    legend: bool
    rgba: bool

    @classmethod
    def parse(
        cls,
        *,
        output: Path,
        measure: Measure,
        tone: str | None,
        colormap_name: str | None,
        background: str,
        legend: bool,
        rgba: bool,
    ) -> Finish:
        """Check the options.

        Raises
        ------
        BadOption, MissingExtra
            Before anything was read.
        """
        check(output)
        return cls(
            output,
            None if tone is None else in_base_unit(parse_scale(tone), measure_unit(measure)),
            None if colormap_name is None else colormap(colormap_name),
            parse_background(background),
            legend,
            rgba,
        )

    def write(self, heat: Heat, progress: Callable[[str, int, int], None]) -> dict[str, Any]:
        """Paint heat and write it; return what a report says of it."""
        started = time.perf_counter()
        progress("colouring", 0, 0)
        grid, unit = heat.smoothed, measure_unit(heat.smoothed.measure)
        style = Style(
            suiting_colours(grid, self.background) if self.colours is None else self.colours,
            self.scale or suiting_scale(grid),
            self.background,
        )
        picture, tone = paint(heat, style)
        measure = str(grid.measure)
        artwork = Artwork(
            window=grid.window,
            picture=picture,
            values=grid.values if self.output.suffix.lower() in _VALUES else None,
            legend=self._legend(tone, style, grid.measure, grid.window) if self.legend else None,
            title=legend_title(measure, unit),
            measure=measure,
            range=(tone.low, tone.high),
            rgba=self.rgba,
        )
        painted = time.perf_counter()
        progress("writing", 0, 0)
        outputs = write(self.output, artwork)
        done = time.perf_counter()
        return {
            "measure": measure,
            "unit": unit.label or unit.symbol,
            "range": [tone.low * written_per_value(unit), tone.high * written_per_value(unit)],
            "range_text": [unit.format(tone.low), unit.format(tone.high)],
            "total": heat.total,
            "seconds": {**heat.seconds, "colour": painted - started, "write": done - painted},
            "outputs": [str(path) for path in outputs],
        }

    def _legend(self, tone: Tone, style: Style, measure: Measure, window: Window) -> NDArray[np.uint8]:
        from heatlas.legend import draw_legend, fitting_scale
        from heatlas.ticks import nice_ticks

        ground, unit = self.background, measure_unit(measure)
        return draw_legend(
            style.colours,
            nice_ticks(tone.low, tone.high, tone.above_fade, unit),
            legend_title(str(measure), unit),
            dark=None if ground is None else sum(ground) < 3 * 128,
            scale=fitting_scale(window.width, window.height),
        )


def window_data(window: Window) -> dict[str, Any]:
    """A window as plain data."""
    return {
        "bbox": list(window.bbox),
        "width": window.width,
        "height": window.height,
        "zoom": window.zoom,
        "resolution_m": window.resolution,
    }


def measure_unit(measure: Measure) -> Unit:
    """Unit of a measure; a column of a table has none that is known, whatever it is called."""
    if measure.points and measure.metric and not measure.density:
        return Unit()
    return unit_of(str(measure))


def written_per_value(unit: Unit) -> float:
    """Number that people write per value: minutes per kilometre for a pace."""
    return unit.factor / 60 if unit.style == "pace" else unit.factor


def in_base_unit(scale: Scale, unit: Unit) -> Scale:
    """Turn a range that was given in the legend's unit."""
    if scale.range is None:
        return scale
    factor = written_per_value(unit)
    return Scale(scale.curve, (scale.range[0] / factor, scale.range[1] / factor))


def suiting_scale(grid: Grid) -> Scale:
    """Scale that suits a measure: log for counts and sums, linear for means and what may be below 0."""
    measure = grid.measure
    even = measure.reduction not in {"sum", "count"} if measure.points else bool(measure.metric)
    return Scale("linear" if even or grid.signed else "log")


def suiting_colours(grid: Grid, ground: tuple[int, int, int] | None) -> NDArray[np.uint8]:
    """Colours that suit a measure and what they are painted on."""
    if grid.signed:
        return colormap("balance")
    measure = grid.measure
    if measure.metric and measure.reduction not in {"sum", "count"}:
        return colormap("spectrum" if measure.points else _COLORMAPS.get(measure.metric, "spectrum"))
    bright = ground is not None and sum(ground) > 3 * 128
    return colormap("wine" if bright else "ember")
