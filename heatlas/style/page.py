"""Printed pages: where the map, its title, figures and legend lie on a sheet of paper, in millimetres."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.style.scale_bar import bar_length, words_for
from heatlas.style.text import ink_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.style.legend_kinds import Legend

    RGB = tuple[int, int, int]

__all__ = ["Box", "Foot", "Page", "Sheet", "Stamp", "Text", "faint", "lay_page"]

_FOOT_TITLE, _FOOT_FIGURES, _FOOT_NOTES = 12.5, 9.0, 4.5
"""Heights of the parts of the foot, percent of the shorter side: title and legend, figures, scale bar and names."""
_GAP = 3.0
"""Between the map and the foot, percent of the shorter side."""
_TITLE, _SUBTITLE, _NUMBER, _UNIT, _LABEL, _CREDIT = 5.4, 1.9, 3.7, 1.6, 1.5, 1.2
"""Sizes of letters, percent of the shorter side."""
_LEGEND, _RAMP = 30.0, 1.5
"""Width of the legend and height of its bar, percent of the shorter side."""
_RULE = 0.12
"""Width of rules, percent of the shorter side."""
_FAINT = 0.6


@frozen
class Text:
    """A line of text."""

    words: str
    x: float
    """Left, middle or right end of the line, by the anchor."""
    y: float
    """Of the baseline."""
    size: float
    colour: RGB
    anchor: str = "left"
    """left, middle or right."""


@frozen
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: RGB


@frozen
class Stamp:
    """A small picture, stretched over a rectangle."""

    x: float
    y: float
    width: float
    height: float
    pixels: NDArray[np.uint8]
    """(h, w, 3) RGB."""


@frozen
class Sheet:
    """A sheet of paper: all lengths in millimetres."""

    width: float
    height: float
    margin: float
    """Around the map and its foot."""
    bleed: float = 0.0
    """Beyond the trimmed edge on all sides."""
    foot: float = 0.0
    """Height of the foot, with the gap above it."""

    @property
    def unit(self) -> float:
        """A hundredth of the shorter side."""
        return min(self.width, self.height) / 100

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Left, upper edge, width and height of the map."""
        inner = self.width - 2 * self.margin, self.height - 2 * self.margin - self.foot
        return self.margin, self.margin, *inner

    @property
    def aspect(self) -> float:
        """Width of the map by its height."""
        _, _, width, height = self.frame
        return width / height


@frozen
class Foot:
    """What stands below the map."""

    title: str = ""
    subtitle: str = ""
    figures: tuple[tuple[str, str], ...] = ()
    """Numbers and their units: ("1,234", "km")."""
    legend: Legend | None = None
    colours: NDArray[np.uint8] | None = None
    """(256, 4) RGBA of the legend."""
    stamp: NDArray[np.uint8] | None = None
    """(h, w, 3) the legend as a picture, where it is no bar."""
    scale_bar: bool = False
    attribution: str = ""

    def height(self, unit: float) -> float:
        """Height with the gap above it, for a hundredth of the paper's shorter side."""
        parts = [
            _FOOT_TITLE if self.title or self.legend is not None or self.stamp is not None else 0.0,
            _FOOT_FIGURES if self.figures else 0.0,
            _FOOT_NOTES if self.scale_bar or self.attribution else 0.0,
        ]
        return (sum(parts) + _GAP) * unit if any(parts) else 0.0


@frozen
class Page:
    """A page that is laid out: the map lies in the frame of its sheet, all else in items on top."""

    sheet: Sheet
    ground: RGB
    items: tuple[Text | Box | Stamp, ...] = field(default=())


def faint(ground: RGB, share: float = _FAINT) -> RGB:
    """Colour of small print on a ground: its ink, mixed with it."""
    ink = ink_for(ground, 1.0).text
    red, green, blue = (round(below + share * (above - below)) for below, above in zip(ground, ink, strict=True))
    return red, green, blue


def lay_page(sheet: Sheet, window: Window, foot: Foot, ground: RGB) -> Page:
    """Lay out what stands around the map of a page.

    Parameters
    ----------
    sheet : Sheet
        With the height of the foot (`Foot.height`).
    window : Window
        Window of the map, for the scale bar.
    foot : Foot
        What stands below the map.
    ground : (int, int, int)
        Colour of the paper.
    """
    unit, ink = sheet.unit, ink_for(ground, 1.0).text
    left, top, width, height = sheet.frame
    right, row = left + width, top + height + _GAP * unit
    items: list[Text | Box | Stamp] = list(_rules(sheet, faint(ground, 0.28)))
    legend = _LEGEND * unit if foot.legend is not None or foot.stamp is not None else 0.0
    if foot.title or legend:
        room = width - (legend + 2 * _GAP * unit if legend else 0.0)
        items += _head(foot, left, row, room, unit, ground)
        items += _legend(foot, right - legend, row, legend, unit, ground)
        row += _FOOT_TITLE * unit
    if foot.figures:
        step = width / max(len(foot.figures), 3)
        for k, (number, what) in enumerate(foot.figures):
            x = left + k * step
            items.append(Text(number, x, row + 4.2 * unit, _fitting(number, _NUMBER * unit, 0.92 * step), ink))
            items.append(Text(what, x, row + 6.7 * unit, _UNIT * unit, faint(ground)))
        row += _FOOT_FIGURES * unit
    base = top + height + sheet.foot
    if foot.attribution:
        size = _fitting(foot.attribution, _CREDIT * unit, 0.6 * width)
        items.append(Text(foot.attribution, left, base, size, faint(ground)))
    if foot.scale_bar:
        items += _scale_bar(window, width, right, base, unit, ground)
    return Page(sheet, ground, tuple(items))


def _rules(sheet: Sheet, colour: RGB) -> list[Box]:
    """Draw a fine frame around the map."""
    x, y, width, height = sheet.frame
    thick = _RULE * sheet.unit
    return [
        Box(x - thick, y - thick, width + 2 * thick, thick, colour),
        Box(x - thick, y + height, width + 2 * thick, thick, colour),
        Box(x - thick, y, thick, height, colour),
        Box(x + width, y, thick, height, colour),
    ]


def _head(foot: Foot, left: float, row: float, room: float, unit: float, ground: RGB) -> list[Text]:
    ink = ink_for(ground, 1.0).text
    items = []
    if foot.title:
        items.append(Text(foot.title, left, row + 5.2 * unit, _fitting(foot.title, _TITLE * unit, room), ink))
    if foot.subtitle:
        size = _fitting(foot.subtitle, _SUBTITLE * unit, room)
        items.append(Text(foot.subtitle, left, row + 8.8 * unit, size, faint(ground)))
    return items


def _legend(foot: Foot, left: float, row: float, width: float, unit: float, ground: RGB) -> list[Text | Box | Stamp]:
    """Lay out a bar of colours with its numbers, or a legend that is a picture."""
    if foot.stamp is not None:
        height = min((_FOOT_TITLE - 1) * unit, width * foot.stamp.shape[0] / foot.stamp.shape[1])
        wide = height * foot.stamp.shape[1] / foot.stamp.shape[0]
        return [Stamp(left + width - wide, row, wide, height, foot.stamp)]
    if foot.legend is None or foot.colours is None:
        return []
    ink, size = ink_for(ground, 1.0).text, _LABEL * unit
    bar, tall = row + 2.9 * unit, _RAMP * unit
    items: list[Text | Box | Stamp] = [
        Text(foot.legend.title, left, row + 1.6 * unit, _fitting(foot.legend.title, 1.7 * unit, width), ink),
        Stamp(left, bar, width, tall, _on(foot.colours, ground)[None]),
    ]
    free = -np.inf
    for place, words in sorted(foot.legend.ticks):
        length = _length(words) * size
        x = left + place * width
        begin = min(max(x - length / 2, left), left + width - length)
        if begin >= free:
            thick = _RULE * unit
            items.append(Box(x - thick / 2, bar + tall, thick, 0.5 * unit, faint(ground)))
            items.append(Text(words, begin, bar + tall + 2.2 * unit, size, ink))
            free = begin + length + 0.8 * unit
    if foot.legend.note:
        note = foot.legend.note
        items.append(Text(note, left, bar + tall + 4.4 * unit, _fitting(note, 1.3 * unit, width), faint(ground)))
    return items


def _on(colours: NDArray[np.uint8], ground: RGB) -> NDArray[np.uint8]:
    """(n, 3) colours (n, 4) as they look on a ground."""
    alpha = colours[:, 3:].astype(np.float32) / 255
    return np.rint(colours[:, :3] * alpha + np.array(ground, np.float32) * (1 - alpha)).astype(np.uint8)


def _scale_bar(
    window: Window, width: float, right: float, base: float, unit: float, ground: RGB
) -> list[Text | Box | Stamp]:
    """Lay out a bar that is true in the middle of the map, and says so."""
    metres, pixels = bar_length(window, window.height / 2, 0.2 * window.width)
    long, thick, colour = pixels / window.width * width, 1.4 * _RULE * unit, faint(ground, 0.9)
    return [
        Box(right - long, base - thick, long, thick, colour),
        Box(right - long, base - 0.9 * unit, thick, 0.9 * unit, colour),
        Box(right - thick, base - 0.9 * unit, thick, 0.9 * unit, colour),
        Text(words_for(metres), right - long / 2, base - 1.2 * unit, 1.4 * unit, colour, "middle"),
    ]


def _length(words: str) -> float:
    """Width of words in letters of size 1."""
    return ink_for(None, 1.0).length(words, 100.0) / 100


def _fitting(words: str, size: float, room: float) -> float:
    """Size of letters at which words fit into their room, at most `size`."""
    return min(size, room / max(_length(words), 1e-6))
