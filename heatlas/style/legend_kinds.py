"""Kinds of legends: which one a measure gets, what it says, and how it is painted.

====== =================================================================
kind   legend
====== =================================================================
bar    colours from the lowest to the highest value, with numbers
ring   colours of what goes round: directions, hours, months
square 3 x 3 colours of two metrics, with the values between their thirds
====== =================================================================

A new kind is one row of `_PAINTERS`, and a case of `legend_for`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.frozen import frozen
from heatlas.core.units import with_unit
from heatlas.raster.sides import words_of_sides
from heatlas.style.defaults import legend_head, measure_title, measure_unit, titled
from heatlas.style.square import square_of
from heatlas.style.ticks import cyclic_ticks, marked_ticks

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.raster.measure import Measure
    from heatlas.style.square import Square
    from heatlas.style.tone import Tone

__all__ = ["KINDS", "Legend", "legend_for", "paint_legend"]

_BEARINGS = 360.0
"""Degrees of a full turn: directions of a shorter period lie on the ring as often as they fit."""
_AMOUNTS, _LEVELS = ((0.0, "less"), (1.0, "more")), ((0.0, "lower"), (1.0, "higher"))
"""Ends of a local tone, whose colours stand for no numbers: of counts and sums; of means and extremes."""
_NEARBY = "relative to its surroundings"


@frozen
class Legend:
    """What a legend says, before it is painted or sent to a page."""

    kind: str
    title: str
    ticks: tuple[tuple[float, str], ...]
    """Place on the colours, 0 to 1, and label."""
    note: str = ""
    """A small line below: "n >= 6; paler = less sure"."""
    period: float = 0.0
    """Of a ring the value that equals 0."""
    turns: int = 1
    """Of a ring the number of periods that make a full turn."""
    square: Square | None = None
    """Axes and colours of a square."""

    def data(self) -> dict[str, Any]:
        """As plain data, without the title; keys that say nothing are left out."""
        found: dict[str, Any] = {"kind": self.kind, "ticks": [[place, words] for place, words in self.ticks]}
        if self.kind == "ring":
            found |= {"period": self.period, "turns": self.turns}
        if self.square is not None:
            found["square"] = self.square.data()
        return found | ({"note": self.note} if self.note else {})


def legend_for(measure: Measure, tone: Tone | None, title: str | None = None) -> Legend:
    """Choose the legend of a measure.

    Parameters
    ----------
    measure : Measure
        Measure that is shown.
    tone : Tone or None
        Its tone; None: there is nothing to see, and a bar has no numbers.
    title : str, optional
        Title; by default that of the measure, with its unit. Long filters of a difference stand in the note.
    """
    unit, note = measure_unit(measure), "" if measure.points else measure.layout.note
    head = legend_head(measure)
    usual = title is None or title == titled(measure)
    title = with_unit(head, unit) if usual or title is None else title
    if measure.period:
        turns = round(_BEARINGS / measure.period) if unit.style == "bearing" else 1
        return Legend("ring", title, tuple(cyclic_ticks(measure.period, unit)), note, measure.period, turns)
    square = None if tone is None else square_of(measure, tone.fitted)
    if square is not None:
        return Legend("square", title, (), note, square=square)
    if measure.sides and head != measure_title(measure):
        first, second = words_of_sides(measure.sides)
        note = f"{second} less {first}; {note}"
    if tone is not None and tone.local is not None:
        note = f"{_NEARBY}; {note}" if note else _NEARBY
        ends = _AMOUNTS if measure.layout.sums else _LEVELS
        return Legend("bar", head if usual else title, ends, note)
    ticks = () if tone is None else tuple(marked_ticks(tone.low, tone.high, tone.above_fade, unit, tone.beyond))
    return Legend("bar", title, ticks, note)


def paint_legend(
    legend: Legend, colours: NDArray[np.uint8], *, dark: bool | None = None, scale: float = 1.0
) -> NDArray[np.uint8]:
    """Paint a legend: (h, w, 4) RGBA. For `dark` and `scale` see `heatlas.style.legend.draw_legend`."""
    return _PAINTERS[legend.kind](legend, colours, dark, scale)


def _bar(legend: Legend, colours: NDArray[np.uint8], dark: bool | None, scale: float) -> NDArray[np.uint8]:
    from heatlas.style.legend import draw_legend

    return draw_legend(colours, legend.ticks, legend.title, legend.note, dark=dark, scale=scale)


def _ring(legend: Legend, colours: NDArray[np.uint8], dark: bool | None, scale: float) -> NDArray[np.uint8]:
    from heatlas.style.legend_ring import draw_ring

    return draw_ring(colours, legend.ticks, legend.title, legend.note, turns=legend.turns, dark=dark, scale=scale)


def _square(legend: Legend, _: NDArray[np.uint8], dark: bool | None, scale: float) -> NDArray[np.uint8]:
    from heatlas.style.legend_square import draw_square

    assert legend.square is not None
    return draw_square(legend.square, legend.title, legend.note, dark=dark, scale=scale)


_PAINTERS: dict[str, Callable[[Legend, NDArray[np.uint8], bool | None, float], NDArray[np.uint8]]] = {
    "bar": _bar,
    "ring": _ring,
    "square": _square,
}
"""Kind -> its painter."""
KINDS = tuple(_PAINTERS)
"""Names of the kinds."""
