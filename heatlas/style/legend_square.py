"""Square legends: 3 x 3 colours of two metrics, with the values between their thirds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.raster.terciles import THIRDS
from heatlas.style.fonts import load_font, paint, span, writable
from heatlas.style.legend import (
    LABEL_SIZE,
    PADDING,
    RADIUS,
    TITLE_SIZE,
    framed,
    note_height,
    panel,
    shortened,
    theme_on,
    write_note,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.style.square import Square

__all__ = ["draw_square"]

_CELL = 32.0
_GAP = 6.0
"""Between the square and its labels."""
_WIDEST = 248.0


def draw_square(
    square: Square, title: str, note: str = "", *, dark: bool | None = None, scale: float = 1.0
) -> NDArray[np.uint8]:
    """Draw 3 x 3 colours with their axes on a translucent panel: columns by the first metric, rows by the second.

    Parameters
    ----------
    square : Square
        Axes and colours.
    title, note : str
        Written above and below.
    dark, scale
        As for `heatlas.style.legend.draw_legend`.

    Returns
    -------
    ndarray of uint8
        (h, w, 4) straight RGBA.
    """
    from PIL import ImageDraw

    theme, pad, gap = theme_on(dark), round(PADDING * scale), round(_GAP * scale)
    font, title_font = load_font(LABEL_SIZE * scale), load_font(TITLE_SIZE * scale)
    line, cell = round(LABEL_SIZE * scale * 1.35), round(_CELL * scale)
    upward, across = ([writable(words) for words in axis.limits] for axis in (square.y, square.x))
    shown, up, right = (
        shortened(words, size * scale, _WIDEST * scale)
        for words, size in ((title, TITLE_SIZE), (square.y.title, LABEL_SIZE), (square.x.title, LABEL_SIZE))
    )
    side, half = THIRDS * cell, math.ceil(max(map(font.getlength, across)) / 2)
    left = pad + max(math.ceil(max(map(font.getlength, upward))) + gap, half - cell)
    top = pad + (round(TITLE_SIZE * scale * 1.5) if title else 0) + line + gap
    lengths = [span(words)[1] if words else 0.0 for words in (shown, up, right)]
    below = top + side + gap
    width = max(left + side + max(0, half - cell) + pad, math.ceil(max(lengths)) + 2 * pad)
    height = below + 2 * line + note_height(note, scale) + round(pad * 0.75)

    image = panel(width, height, RADIUS * scale, theme, scale)
    cells = square.colours.reshape(THIRDS, THIRDS, 4)[::-1]
    image.alpha_composite(
        framed(cells.repeat(cell, axis=0).repeat(cell, axis=1), 3 * scale, theme.rim, scale), (left, top)
    )
    draw = ImageDraw.Draw(image)
    ascent = font.getmetrics()[0]
    if title:
        paint(draw, pad, pad - round(scale) + title_font.getmetrics()[0], shown, theme.text)
    paint(draw, pad, top - line - gap // 2 + ascent, up, theme.faint)
    for k, words in enumerate(upward):
        draw.text((left - gap, top + side - (k + 1) * cell), words, font=font, fill=theme.text, anchor="rm")
    for k, words in enumerate(across):
        draw.text((left + (k + 1) * cell, below), words, font=font, fill=theme.text, anchor="ma")
    paint(draw, left + side - min(math.ceil(lengths[2]), left + side - pad), below + line + ascent, right, theme.faint)
    write_note(draw, note, pad, below + 2 * line, theme, scale)
    return np.array(image)
