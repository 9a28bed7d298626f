"""Defaults of a measure: its unit, its scale and its colours."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from heatlas.core.errors import BadOption
from heatlas.core.units import Unit, legend_title, unit_of, with_unit
from heatlas.raster.measure import RELATIONS, parse_measure
from heatlas.raster.sides import words_of_sides
from heatlas.style.colormaps import colormap
from heatlas.style.square import square_map
from heatlas.style.tone import ToneScale, parse_tone_scale
from heatlas.tracks.metrics import METRICS, metric_named

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from heatlas.raster.measure import Measure

__all__ = [
    "ToneSubject", "bright_colours", "in_base_unit", "legend_head", "measure_title", "measure_unit",
    "refuse_colours", "scale_for", "suiting_colours", "suiting_tone_scale", "title_named", "titled",
    "unit_named", "written_per_value",
]  # fmt: skip


_ON_BRIGHT = {
    "ember": "wine", "lamp": "wine", "aurora": "ink", "polar": "balance", "dusk": "berry", "pace": "berry_r",
    "relief": "ridge",
}  # fmt: skip
"""Colour map on a dark ground -> the one that says the same on a bright ground, where the dark colours stand out."""


_LONG = 34
"""Letters that fit above a legend, with a unit beside them."""


class ToneSubject(Protocol):
    """Heat that needs a tone and colours: a grid, or banded heat that does not fit into memory."""

    @property
    def measure(self) -> Measure:
        """Measure of the heat."""

    @property
    def signed(self) -> bool:
        """Whether there are sums below 0 that matter."""


def measure_unit(measure: Measure) -> Unit:
    """Unit of a measure; a column of a table has none that is known, whatever it is called."""
    if measure.points or not measure.metric:
        return Unit() if measure.metric and not measure.density else unit_of(str(measure))
    if measure.sides:
        return measure_unit(measure.mean)
    if measure.reduction == "share":
        return Unit("%", "%")
    if measure.reduction in {"corr", "both", "t"}:
        return Unit()
    if measure.reduction == "slope":
        return _ratio(metric_named(measure.other).unit, metric_named(measure.metric).unit)
    return metric_named(measure.metric).unit


def _ratio(above: Unit, below: Unit) -> Unit:
    """Unit of a slope."""
    label = f"{above.label or above.symbol} per {below.label or below.symbol}"
    factor = written_per_value(above) / written_per_value(below)
    return Unit(f"{above.symbol} per {below.symbol}", label, factor=factor)


def legend_head(measure: Measure) -> str:
    """Title of a measure above a legend, without its unit: short, where a difference is of long filters."""
    title = measure_title(measure)
    return f"{measure_title(measure.mean)}: difference" if measure.sides and len(title) > _LONG else title


def measure_title(measure: Measure) -> str:
    """Title of a measure without its unit: "Mean pace", "Mean pace: 2023 less 2019"."""
    if measure.points or not measure.metric:
        return legend_title(str(measure), Unit())
    name = _words(measure.metric)
    if measure.sides:
        first, second = words_of_sides(measure.sides)
        return f"{measure_title(measure.mean)}: {second} less {first}"
    if measure.reduction == "both":
        return f"{name.capitalize()} and {_words(measure.other)}"
    if measure.reduction == "share":
        entry = METRICS.get(measure.metric)
        return entry.title if entry is not None and entry.title else f"Passes with {name}"
    if measure.reduction == "corr":
        return f"Correlation of {name} and {_words(measure.other)}"
    if measure.reduction == "slope":
        return f"{_words(measure.other).capitalize()} by {name}"
    if measure.reduction == "residual":
        return f"{name.capitalize()} beyond the usual"
    entry = measure.entry
    if entry is not None and entry.title and measure.reduction in {entry.reduction, "mean"}:
        return entry.title
    if entry is not None and entry.title and measure.reduction == "sum":
        return f"{entry.title} in all"
    return (
        legend_title(f"{measure.reduction}({measure.metric})", Unit())
        if measure.reduction != "circular"
        else f"Mean {name}"
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def unit_named(text: str) -> Unit:
    """Unit of a measure by its name, also of points, whose columns have none."""
    measure = _named(text)
    return unit_of(text) if measure is None else measure_unit(measure)


def title_named(text: str) -> str:
    """Title of a measure by its name, with its unit."""
    measure = _named(text)
    return legend_title(text, unit_of(text)) if measure is None else titled(measure)


def _named(text: str) -> Measure | None:
    try:
        return parse_measure(text)
    except BadOption:
        return None


def titled(measure: Measure) -> str:
    """Title of a measure with its unit, as a legend shows it."""
    return with_unit(measure_title(measure), measure_unit(measure))


def written_per_value(unit: Unit) -> float:
    """Number that people write per value: minutes per kilometre for a pace."""
    return unit.factor / 60 if unit.style == "pace" else unit.factor


def in_base_unit(scale: ToneScale, unit: Unit) -> ToneScale:
    """Convert a range from the legend's unit to the measure's."""
    if scale.range is None:
        return scale
    factor = written_per_value(unit)
    return ToneScale(scale.curve, (scale.range[0] / factor, scale.range[1] / factor))


def scale_for(text: str, measure: Measure, name: str) -> ToneScale:
    """Read the tone of a measure, in the unit of its legend; for two metrics at once the values between their thirds.

    Parameters
    ----------
    text : str
        A tone as `heatlas.style.tone.parse_tone_scale` reads it; for two metrics "LO:HI,LO:HI".
    measure : Measure
        Measure that is drawn.
    name : str
        Name of the option, as users write it.

    Returns
    -------
    ToneScale
        In base units.

    Raises
    ------
    BadOption
        For an invalid tone.
    """
    if measure.reduction != "both":
        scale = parse_tone_scale(text)
        return in_base_unit(scale, measure_unit(measure)) if scale.local is None else _local_for(scale, measure, name)
    try:
        pairs = [tuple(float(number) for number in part.split(":")) for part in text.split(",")]
    except ValueError:
        pairs = []
    if [len(pair) for pair in pairs] != [2, 2] or not all(-math.inf < low <= high < math.inf for low, high in pairs):
        raise BadOption(
            f"{measure} has nine colours, one for each pair of thirds: leave {name} out, or say the values between the "
            f"thirds of both metrics, such as 4.5:5.5,140:155, not {text!r}"
        )
    factors = [written_per_value(metric_named(one).unit) for one in (measure.metric, measure.other)]
    (x_lower, x_upper), (y_lower, y_upper) = (
        (low / factor, high / factor) for (low, high), factor in zip(pairs, factors, strict=True)
    )
    return ToneScale("linear", None, (x_lower, x_upper, y_lower, y_upper))


def _local_for(scale: ToneScale, measure: Measure, name: str) -> ToneScale:
    """Local tone of a measure: it follows from the curve that suits the measure."""
    middled = measure.signed or measure.sides or measure.layout.fit is not None
    if middled or measure.period:
        why = "has a middle, on either side of which colours differ" if middled else "goes round"
        raise BadOption(
            f"{name} local ranks amounts and means among those nearby, and {measure} {why}: leave {name} out, "
            "or take linear"
        )
    entry = measure.entry
    suits = entry.curve if entry is not None and measure.reduction == entry.reduction else ""
    return replace(scale, curve=suits or ("log" if measure.layout.sums else "linear"))


def refuse_colours(measure: Measure, name: str | None) -> None:
    """Refuse colours for two metrics at once; `name`: of the option, as users write it, if it was given.

    Raises
    ------
    BadOption
        Naming the option.
    """
    if measure.reduction == "both" and name:
        raise BadOption(f"{measure} has nine colours, one for each pair of thirds: leave {name} out")


def suiting_tone_scale(grid: ToneSubject) -> ToneScale:
    """Scale that suits a measure: as its metric says; log for counts and sums, linear for means and sums below 0."""
    measure = grid.measure
    entry = measure.entry
    if entry is not None and measure.reduction == entry.reduction:
        return ToneScale(entry.curve, entry.range)
    even = measure.reduction not in {"sum", "count"} if measure.points or measure.metric else False
    return ToneScale("linear" if even or grid.signed else "log")


def suiting_colours(grid: ToneSubject, ground: tuple[int, int, int] | None) -> NDArray[np.uint8]:
    """Colours that suit a measure and the background."""
    if grid.signed:
        return colormap("balance")
    if grid.measure.reduction == "both":
        return square_map(grid.measure)
    name = _colours_of(grid.measure)
    bright = ground is not None and sum(ground) > 3 * 128
    return colormap(_ON_BRIGHT.get(name, name) if bright else name)


def bright_colours(measure: Measure) -> str:
    """Name of the colours for a bright ground that replace the usual ones; empty where these suit any ground."""
    if measure.reduction == "both":
        return ""
    return _ON_BRIGHT.get(_colours_of(measure), "")


def _colours_of(measure: Measure) -> str:
    """Name of the colours that suit what is measured, on a dark ground."""
    if not measure.metric or measure.reduction in {"sum", "count"}:
        return "ember"
    if measure.points:
        return "dusk"
    if measure.reduction == "share":
        return "lamp"
    if measure.reduction in RELATIONS:
        return "polar"  # nothing to tell is dark, and both ends stand out
    return metric_named(measure.metric).colours
