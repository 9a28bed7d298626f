"""Colours and legend texts of two metrics at once: 3 x 3 classes by the thirds of both (`heatlas.raster.terciles`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.units import rounded_to, with_unit
from heatlas.raster.terciles import CLASSES, THIRDS, Terciles
from heatlas.tracks.metrics import metric_named

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from heatlas.raster.measure import Measure

__all__ = ["Axis", "Square", "square_colours", "square_map", "square_of", "square_report"]

_PALETTE = (("971800", "c8693e", "f4b080"), ("7d3448", "9a727e", "c9b6ba"), ("3f478b", "607fbf", "80bcf5"))
"""[how good y is][how good x is], 0 to 2: light where x is good, blue where y is, red where it is bad. Any two of them
differ by at least 17 (CIEDE2000) for normal vision, deuteranopia and protanopia (as simulated by Machado, Oliveira and
Fernandes, IEEE TVCG 15(6), 2009), and all of them by contrasts of 1.7 and more from dark and light backgrounds."""


@frozen
class Axis:
    """One metric of a square: columns from left to right, or rows from the bottom upwards, by ascending values."""

    title: str
    """Name and unit."""
    between: tuple[float, float]
    """Values between the thirds, in the unit that is written."""
    limits: tuple[str, str]
    """The same as texts."""

    @property
    def ranges(self) -> tuple[str, str, str]:
        """Range of each third, as text."""
        low, high = self.limits
        return f"up to {low}", f"{low} to {high}", f"above {high}"

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return {"title": self.title, "between": list(self.between), "limits": list(self.limits), "ranges": self.ranges}


@frozen
class Square:
    """Legend of two metrics."""

    x: Axis
    """Of the columns."""
    y: Axis
    """Of the rows."""
    colours: NDArray[np.uint8]
    """(9, 4) RGBA of classes 0 to 8: class 3 * row + column, rows from the bottom."""

    def data(self) -> dict[str, Any]:
        """As plain data; colours by class."""
        colours = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in self.colours[:, :3].tolist()]
        return {"x": self.x.data(), "y": self.y.data(), "colors": colours}


def square_colours(measure: Measure) -> NDArray[np.uint8]:
    """(9, 4) RGBA of the classes of a measure: what is good of its metrics decides which corner is which."""
    colours = np.full((THIRDS, THIRDS, 4), 255, np.uint8)
    colours[..., :3] = [[tuple(bytes.fromhex(colour)) for colour in row] for row in _PALETTE]
    if metric_named(measure.metric).good < 0:
        colours = colours[:, ::-1]
    if metric_named(measure.other).good < 0:
        colours = colours[::-1]
    return np.ascontiguousarray(colours.reshape(CLASSES, 4))


def square_map(measure: Measure, classes: Collection[int] = range(CLASSES)) -> NDArray[np.uint8]:
    """(256, 4) RGBA: the same colours as steps of a tone from 0 to 8; all but some classes are transparent."""
    colours = square_colours(measure)
    colours[[k for k in range(CLASSES) if k not in classes], 3] = 0
    steps: NDArray[np.uint8] = colours[np.rint(np.linspace(0, CLASSES - 1, 256)).astype(int)]
    return steps


def square_of(measure: Measure, fitted: tuple[float, ...] | None) -> Square | None:
    """Legend of a measure of two metrics whose terciles are known; None of all others."""
    if measure.reduction != "both" or fitted is None:
        return None
    terciles = Terciles(*fitted)
    return Square(_axis(measure.metric, terciles.x), _axis(measure.other, terciles.y), square_colours(measure))


def square_report(measure: Measure, fitted: tuple[float, ...] | None) -> dict[str, Any]:
    """Entry of a report: the square of a measure of two metrics; empty for all others."""
    square = square_of(measure, fitted)
    return {} if square is None else {"square": square.data()}


def _axis(name: str, between: tuple[float, float]) -> Axis:
    unit, words = metric_named(name).unit, name.replace("_", " ")
    factor = unit.factor / 60 if unit.style == "pace" else unit.factor
    low, high = between
    title = with_unit(words[:1].upper() + words[1:], unit)
    texts = [unit.format(value) for value in rounded_to(between, high - low, unit)]
    return Axis(title, (low * factor, high * factor), (texts[0], texts[1]))
