"""Caption strip below the map of a film: a line that shows time, the date, and totals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.style.fonts import load_font

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

__all__ = ["Caption", "caption_height"]

_HEIGHT, _MARGIN, _LINE = 92.0, 26.0, 4.0
_DATE, _NOTE, _NUMBER, _UNIT = 38.0, 14.0, 30.0, 14.0
_LEGIBLE = 8.5
"""Least size of the units of totals, pixels: where they have no room, totals are left out."""
_GAP = 34.0
"""Space between the columns of totals, pixels at scale 1."""
_SMALLEST, _ILLEGIBLE = 0.4, 0.1
"""Scale at which totals are left out one by one to make room, and below which text is illegible anyway."""


def caption_height(width: int) -> int:
    """Height of the strip of a film so wide, pixels."""
    return round(_HEIGHT * _scale(width))


def _scale(width: int) -> float:
    """Scale of the strip; 1 for a film 1280 px wide."""
    return max(_SMALLEST, math.sqrt(width / 1280))


def _towards_text(ground: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    """Mix the background with a text colour that contrasts with it."""
    text = (246, 246, 244) if sum(ground) < 3 * 128 else (26, 29, 36)
    red, green, blue = (round(below + share * (above - below)) for below, above in zip(ground, text, strict=True))
    return red, green, blue


@frozen
class Caption:
    """Layout of the strip; only the line, the date and the numbers change."""

    width: int
    height: int
    ground: tuple[int, int, int]
    text: tuple[int, int, int]
    faint: tuple[int, int, int]
    rail: tuple[int, int, int]
    accent: tuple[int, int, int]
    date: FreeTypeFont
    number: FreeTypeFont
    unit: FreeTypeFont
    columns: tuple[tuple[int, str], ...]
    """Left edge and unit of each total that has room."""
    years: tuple[float, ...]
    margin: int
    line: int

    @classmethod
    def lay_out(
        cls,
        width: int,
        ground: tuple[int, int, int],
        accent: tuple[int, int, int],
        dates: Sequence[str],
        largest: Sequence[tuple[str, str]],
        years: Sequence[float],
    ) -> Caption:
        """Find sizes at which the longest date and the largest totals fit side by side.

        Parameters
        ----------
        width : int
            Pixels.
        ground, accent : (int, int, int)
            Colours of the background and of the line.
        dates : sequence of str
            All texts that will be written as dates.
        largest : sequence of (str, str)
            Largest totals and their units.
        years : sequence of float
            Places on the line to mark, 0 to 1.
        """
        scale = _scale(width)
        while True:
            date, number = (load_font(size * scale) for size in (_DATE, _NUMBER))
            unit = load_font(max(_LEGIBLE, _UNIT * scale))
            margin = round(_MARGIN * scale)
            end = margin + max(date.getlength(words) for words in dates)
            columns = _columns(largest, number, unit, width - margin, _GAP * scale)
            if end + _GAP * scale <= columns[0][0] if columns else end <= width - margin or scale < _ILLEGIBLE:
                break
            if scale > _SMALLEST or not largest:
                scale *= 0.92
            else:
                largest = largest[:-1]
        return cls(
            width, caption_height(width), ground, _towards_text(ground, 0.96), _towards_text(ground, 0.58),
            _towards_text(ground, 0.15), accent, date, number, unit, tuple(columns), tuple(years), margin,
            max(2, round(_LINE * _scale(width))),
        )  # fmt: skip

    def letter(self, date: str, numbers: Sequence[str]) -> NDArray[np.uint8]:
        """Draw the text of the strip.

        Parameters
        ----------
        date : str
            Text in large letters.
        numbers : sequence of str
            Totals, one for each column.

        Returns
        -------
        ndarray of uint8 (height, width, 3)
        """
        from PIL import Image, ImageDraw

        image = Image.new("RGB", (self.width, self.height), self.ground)
        draw = ImageDraw.Draw(image)
        middle = self.line + (self.height - self.line) * 0.5
        base = round(middle + self.date.size * 0.36)
        draw.text((self.margin, base), date, font=self.date, fill=self.text, anchor="ls")
        for (left, unit), number in zip(self.columns, numbers, strict=False):
            _figures(draw, left, base - round(self.unit.size * 1.25), number, self.number, self.text)
            draw.text((left, base + round(self.unit.size * 0.1)), unit, font=self.unit, fill=self.faint, anchor="ls")
        return np.array(image)

    def run(self, strip: NDArray[np.uint8], share: float) -> None:
        """Draw the line on the strip, filled up to `share` of its width, with marks where years begin."""
        line = np.empty((self.width, 3))
        line[:] = self.rail
        reached = np.clip(share * self.width - np.arange(self.width), 0, 1)[:, None]
        line += reached * (np.array(self.accent, float) - line)
        for year in self.years:
            line[max(0, round(year * self.width) - 1) : round(year * self.width) + 1] = self.ground
        strip[: self.line] = np.rint(line)


def _columns(
    largest: Sequence[tuple[str, str]], number: FreeTypeFont, unit: FreeTypeFont, right: float, gap: float
) -> list[tuple[int, str]]:
    widths = [max(_length(words, number), unit.getlength(what)) for words, what in largest]
    columns: list[tuple[int, str]] = []
    for width, (_, what) in zip(widths[::-1], largest[::-1], strict=True):
        right -= width
        columns.insert(0, (round(right), what))
        right -= gap
    return columns


def _cell(font: FreeTypeFont) -> float:
    return max(font.getlength(digit) for digit in "0123456789")


def _length(number: str, font: FreeTypeFont) -> float:
    return sum(_cell(font) if char.isdigit() else font.getlength(char) for char in number)


def _figures(draw: ImageDraw, x: float, y: float, number: str, font: FreeTypeFont, fill: Any) -> None:
    """Write a number with digits of one width, so that it does not jitter while it grows."""
    cell = _cell(font)
    for char in number:
        length = font.getlength(char)
        room = cell if char.isdigit() else length
        draw.text((x + (room - length) / 2, y), char, font=font, fill=fill, anchor="ls")
        x += room
