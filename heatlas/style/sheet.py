"""Sheets: small pictures of one size side by side, each with a line of text above, and one legend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.style.fonts import runs, span
from heatlas.style.legend import fitting_scale, framed, over, shrunk
from heatlas.style.text import ink_for, letters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.style.text import Ink

    RGBA = NDArray[np.uint8]
    """(h, w, 4) straight RGBA."""

__all__ = ["Cell", "Sheet", "cell_width", "columns_for", "lay_out"]

_PAGE = 1.5
"""Width by height of a sheet that looks well on a screen and on paper."""
_EMPTY = 0.8
"""Weight of empty places against a page of another form."""
_CELL = 470.0
"""Width of a cell at which letters have their usual sizes, pixels."""
_LABEL, _NOTE, _TITLE, _SUBTITLE, _CREDIT = 18.0, 13.5, 38.0, 15.0, 11.0
_MARGIN, _GUTTER, _RADIUS = 30.0, 20.0, 7.0
_SMALLEST_LEGEND = 0.55
_FAINT = 0.62
"""Share of the ink in small print."""
_PAPER = 0.3
"""How much darker than a dark cell the sheet is, and a tenth of that for a light one."""


@frozen
class Cell:
    """One picture of a sheet."""

    title: str
    note: str
    """Small, to the right of the title."""
    picture: RGBA
    """(height, width, 4), of one size in all cells."""


@frozen
class Sheet:
    """Where the cells of a sheet lie."""

    columns: int
    rows: int
    width: int
    height: int
    """Of the picture of a cell, pixels."""
    unit: float
    """Size of letters and gaps; 1 for cells of about 470 px."""

    @property
    def margin(self) -> int:
        """Pixels around."""
        return round(_MARGIN * self.unit)

    @property
    def gutter(self) -> int:
        """Pixels between cells."""
        return round(_GUTTER * self.unit)

    @property
    def label(self) -> int:
        """Height of the line above a cell, pixels."""
        return round(1.75 * _LABEL * self.unit)

    @property
    def total_width(self) -> int:
        """Width of the whole, pixels."""
        return 2 * self.margin + self.columns * self.width + (self.columns - 1) * self.gutter

    @property
    def body(self) -> int:
        """Height of all cells with their lines, pixels."""
        return self.rows * (self.label + self.height) + (self.rows - 1) * self.gutter

    def paint(
        self,
        cells: Sequence[Cell],
        ground: tuple[int, int, int] | None,
        *,
        title: str = "",
        subtitle: str = "",
        attribution: str = "",
        legend: RGBA | None = None,
    ) -> RGBA:
        """Put everything together.

        Parameters
        ----------
        cells : sequence of Cell
            Row by row.
        ground : (int, int, int) or None
            Background of the cells; None: transparent.
        title, subtitle, attribution : str
            Texts at the top, below that, and at the foot; empty: none.
        legend : ndarray of uint8 (h, w, 4), optional
            Goes into an empty place of the last row where it fits, else beside the title, else to the foot.
        """
        scale = fitting_scale(self.total_width, self.body)
        ink = ink_for(ground, 0.6 * scale)
        room = self.total_width - 2 * self.margin
        head = _lines([(title, _TITLE * scale), (subtitle, _SUBTITLE * scale)], ink, room)
        credit = _lines([(attribution, _CREDIT * scale)], ink, room)
        inside = beside = False
        if legend is not None:
            legend, inside = self._fitting(legend, len(cells))
            beside = not inside and head is not None and head.shape[1] + legend.shape[1] + self.gutter <= room
        feet = [piece for piece in (credit, None if inside or beside else legend) if piece is not None]
        heads = [piece for piece in (head, legend if beside else None) if piece is not None]
        foot, above = (max((len(piece) for piece in pieces), default=0) for pieces in (feet, heads))
        top = self.margin + (above + self.gutter if above else 0)
        tall = top + self.body + self.margin + (foot + self.gutter if foot else 0)
        canvas = np.zeros((tall, self.total_width, 4), np.uint8)
        if ground is not None:
            canvas[:] = (*_paper(ground), 255)
        if head is not None:
            _lay(canvas, head, self.margin - ink.air, self.margin + (above - len(head)) // 2)
        for k, cell in enumerate(cells):
            row, column = divmod(k, self.columns)
            left = self.margin + column * (self.width + self.gutter)
            self._put(canvas, cell, left, top + row * (self.label + self.height + self.gutter), ground)
        right, bottom = self.total_width - self.margin, top + self.body
        if credit is not None:
            _lay(canvas, credit, self.margin - ink.air, tall - self.margin - len(credit) + ink.air)
        if legend is not None:
            end = bottom if inside else self.margin + len(legend) if beside else tall - self.margin
            _lay(canvas, legend, right - legend.shape[1], end - len(legend))
        return canvas

    def _fitting(self, legend: RGBA, count: int) -> tuple[RGBA, bool]:
        """Shrink a legend to the room that there is; and whether that is an empty place of the last row."""
        free = self.columns * self.rows - count
        place = free * (self.width + self.gutter) - self.gutter
        tall, wide = legend.shape[:2]
        share = min(1.0, place / wide, (self.height + self.label) / tall) if free else 0.0
        if share >= _SMALLEST_LEGEND:
            return (legend if share == 1 else shrunk(legend, share)), True
        share = min(1.0, (self.total_width - 2 * self.margin) / wide)
        return (legend if share == 1 else shrunk(legend, share)), False

    def _put(self, canvas: RGBA, cell: Cell, left: int, top: int, ground: tuple[int, int, int] | None) -> None:
        """Paint a cell, its line above it."""
        ink = ink_for(ground, 0.5 * self.unit)
        size, small = _LABEL * self.unit, _NOTE * self.unit
        note = _text(cell.note, small, ink, 0.5 * self.width, faint=True)
        room = self.width - (0 if note is None else note.shape[1])
        name = _text(cell.title, size, ink, room)
        base = top + self.label - round(0.42 * size)
        for piece, height, x in ((name, size, left), (note, small, left + self.width)):
            if piece is not None:
                air = ink.air
                x = x - air if piece is name else x - piece.shape[1] + air  # noqa: PLW2901 - the edge of the letters
                _lay(canvas, piece, x, base - round(0.98 * height) - air)
        rim = (20, 24, 32, 40) if ground is not None and sum(ground) >= 3 * 128 else (255, 255, 255, 34)
        if ground is None:
            rim = (128, 132, 140, 110)
        picture = np.asarray(framed(cell.picture.copy(), _RADIUS * self.unit, rim, self.unit))
        _lay(canvas, picture, left, top + self.label)


def columns_for(count: int, aspect: float) -> int:
    """Number of columns in which pictures of one aspect (width by height) fill a page well."""

    def cost(columns: int) -> float:
        rows = -(-count // columns)
        return abs(math.log(columns * aspect / rows / _PAGE)) + _EMPTY * (columns * rows - count) / count

    return min(range(1, count + 1), key=cost)


def lay_out(count: int, columns: int, width: int, height: int) -> Sheet:
    """Lay out so many cells of one size, in pixels."""
    return Sheet(columns, -(-count // columns), width, height, _unit(width))


def cell_width(total: int, columns: int) -> int:
    """Width of a cell of a sheet that is so wide, pixels; 0 or less where there is no room."""
    unit = _unit(total / columns)
    return (total - 2 * round(_MARGIN * unit) - (columns - 1) * round(_GUTTER * unit)) // columns


def _unit(width: float) -> float:
    return max(0.6, math.sqrt(width / _CELL))


def _paper(ground: tuple[int, int, int]) -> tuple[int, int, int]:
    """Colour of the sheet: a little darker than its cells."""
    share = 1 - (_PAPER if sum(ground) < 3 * 128 else _PAPER / 10)
    red, green, blue = (round(share * part) for part in ground)
    return red, green, blue


def _lines(lines: Sequence[tuple[str, float]], ink: Ink, room: float) -> RGBA | None:
    """Draw lines that are not empty, smaller where they are too long."""
    lines = [(text, size) for text, size in lines if text]
    if not lines:
        return None
    longest = max(ink.length(text, size) for text, size in lines)
    share = min(1.0, (room - 2) / longest)
    return letters([text for text, _ in lines], [size * share for _, size in lines], ink, math.inf)


def _text(text: str, size: float, ink: Ink, room: float, *, faint: bool = False) -> RGBA | None:
    """Draw one line, shortened to the room that there is; None for none."""
    full = text
    while text and span(runs(text, size))[1] > room:
        text = text[: -4 if text.endswith("...") else -1].rstrip()
        text = f"{text}..." if text else ""
    if not text or (faint and text != full):
        return None
    drawn = letters([text], [size], ink, math.inf)
    if faint and drawn is not None and not ink.panel:
        drawn[..., 3] = np.rint(drawn[..., 3] * _FAINT)
    return drawn


def _lay(canvas: RGBA, piece: RGBA, left: int, top: int) -> None:
    """Lay a piece onto the canvas, as far as it lies inside."""
    height, width = canvas.shape[:2]
    rows, columns = slice(max(top, 0), min(top + len(piece), height)), slice(max(left, 0), left + piece.shape[1])
    columns = slice(columns.start, min(columns.stop, width))
    part = piece[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    canvas[rows, columns] = over(part, np.ascontiguousarray(canvas[rows, columns]))
