"""Appearance of a heat: tone, colours, background and legend."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.frozen import frozen
from heatlas.dataset.heat.labels import is_amount
from heatlas.style.colormaps import colormap
from heatlas.style.defaults import suiting_colours, suiting_tone_scale
from heatlas.style.legend_kinds import Legend, legend_for
from heatlas.style.sample import both_signs_matter, values_on_paths
from heatlas.style.ticks import nice_ticks
from heatlas.style.tone import Tone, ToneScale, fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.dataset.heat.labels import Labels
    from heatlas.raster.grid import Grid
    from heatlas.raster.pipeline import Drawn

__all__ = ["Appearance", "colours_of", "is_dark", "legend_of", "tone_of"]

_SHARE, _SHARE_OF_AMOUNTS = 0.98, 0.9995
"""Share of the pixels on paths that lie within the scale: of a ratio or a difference of means; of counts or sums."""
_DECADES = 100.0
"""Largest value over the least one that can be told from 0; for passes and activities the least one is 1."""
_SURE = 0.5
"""Least number of passes behind a value for it to be taken into account."""
_STEPS = 128
"""Knots on either side of 0."""
_INNER = (44, 211)
"""First and last colour of the diverging map that are visible on a dark background."""


@frozen
class Appearance:
    """Requested appearance of a heat."""

    tone: ToneScale | Tone | None = None
    """A scale in the base unit of the values, or a fitted tone; None: what suits the values."""
    colours: NDArray[np.uint8] | None = None
    """(256, 4) RGBA; None: what suits the values and the background."""
    background: tuple[int, int, int] | None = None
    """None is transparent."""


def tone_of(drawn: Drawn, labels: Labels, given: ToneScale | Tone | None) -> Tone:
    """Fit a tone, or return a given one.

    The tone of a difference is symmetric about 0. It is linear for means; for counts and sums it is logarithmic on
    either side (the inverse hyperbolic sine), so that one pass more differs from ten. The tone of a ratio of two heats
    of one measure is logarithmic about 1: half as many is as far from the middle as twice as many.

    Raises
    ------
    NothingToDraw
        When no pixel has a value.
    BadOption
        For a tone that cannot show these values.
    """
    if isinstance(given, Tone):
        return given
    if labels.middle is None:
        shown = _weighed(drawn)
        return fit(given or suiting_tone_scale(shown), shown, drawn.bare)
    if labels.middle == 1 and given not in (None, ToneScale("log")):
        return fit(given, drawn.smoothed, drawn.bare)
    reach = _reach(drawn, logarithmic=labels.middle == 1)
    if labels.middle == 1:
        return Tone("log", 1 / reach, reach)
    return _of_difference(drawn, given, reach)


def _weighed(drawn: Drawn) -> Grid:
    """Shown grid; marked as unsigned where its values below 0 do not matter."""
    shown = drawn.smoothed
    if not shown.signed or both_signs_matter(values_on_paths(shown, drawn.bare)):
        return shown
    return replace(shown, signed=False)


def _of_difference(drawn: Drawn, given: ToneScale | None, reach: float) -> Tone:
    # A difference of counts fades towards 0. In a difference of means, no change is worth seeing.
    amounts = is_amount(drawn.smoothed.measure)
    scale = given or ToneScale("log" if amounts else "linear")
    low, high = scale.range or (-reach, reach)
    if scale.curve == "linear":
        return Tone("linear", low, high, diverging=amounts)
    if scale.curve != "log" or scale.range is not None:
        raise BadOption("a difference has values below 0: take the tone linear, log, or a range such as -5:5")
    least = 1.0 if drawn.smoothed.measure.of_lines and amounts else reach / _DECADES
    steps = np.linspace(-1, 1, 2 * _STEPS + 1)
    knots = np.sinh(steps * np.arcsinh(reach / least)) * least
    return Tone("log", low, high, knots, diverging=amounts)


def _reach(drawn: Drawn, logarithmic: bool) -> float:
    """Distance from the middle within which nearly all pixels on paths lie; for a ratio a factor."""
    values = _sure_values(drawn, logarithmic)
    if not len(values):
        raise NothingToDraw("no pixel of the window has a value of this measure")
    if not logarithmic:
        moved = np.abs(values[values != 0])
        share = _SHARE_OF_AMOUNTS if is_amount(drawn.smoothed.measure) else _SHARE
        return float(np.quantile(moved, share)) if len(moved) else 1.0
    parts = values[values > 0]
    furthest = float(np.quantile(np.abs(np.log(parts)), _SHARE)) if len(parts) else 0.0
    return float(np.exp(max(furthest, 0.01)))


def _sure_values(drawn: Drawn, ratio: bool) -> NDArray[np.float32]:
    """Values on paths, without those that consist only of what smoothing spread."""
    on_path, count, values = drawn.bare.filled, drawn.smoothed.count, drawn.smoothed.values
    sure = on_path if count is None else on_path & (count >= _SURE)
    if ratio and count is not None:
        # The count stands for the divisor; count times ratio stands for the dividend. Where either is less than half a
        # pass, the ratio compares tails of Gaussians. Such values are used only where there are no others.
        both = sure & (values * count >= _SURE)
        sure = both if both.any() else sure
    sure_values: NDArray[np.float32] = values[sure]
    return sure_values[np.isfinite(sure_values)]


def is_dark(background: tuple[int, int, int] | None) -> bool | None:
    """Whether a background is dark; None where it is transparent."""
    return None if background is None else sum(background) < 3 * 128


def colours_of(drawn: Drawn, labels: Labels, look: Appearance) -> NDArray[np.uint8]:
    """(256, 4) RGBA that were requested, or that suit the values and the background."""
    if look.colours is not None:
        return look.colours
    if labels.middle is None:
        return suiting_colours(_weighed(drawn), look.background)
    if not is_dark(look.background):
        return colormap("balance")
    if labels.middle == 0 and is_amount(drawn.smoothed.measure):
        return colormap("polar")  # dark in the middle, where the heat fades
    inner: NDArray[np.uint8] = colormap("balance")[np.rint(np.linspace(*_INNER, 256)).astype(int)]
    return inner


def legend_of(drawn: Drawn, tone: Tone, labels: Labels) -> Legend:
    """Choose the legend: that of the measure, or a bar of what was computed from other grids."""
    shown = drawn.smoothed
    if labels.middle is None and not shown.worked:
        return legend_for(shown.measure, tone, labels.heading)
    return Legend("bar", labels.heading, tuple(nice_ticks(tone.low, tone.high, tone.above_fade, labels.unit)))
