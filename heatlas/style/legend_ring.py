"""Ring legends: the colours of what goes round, as a wheel with labels: directions, hours, months."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.style.fonts import load_font, paint, writable
from heatlas.style.legend import (
    LABEL_SIZE,
    PADDING,
    RADIUS,
    TITLE_SIZE,
    note_height,
    over,
    panel,
    shortened,
    theme_on,
    write_note,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.ImageFont import FreeTypeFont

__all__ = ["draw_ring"]

_OUTER, _THICKNESS = 39.0, 12.0
"""Radius of the ring, and its width."""
_GAP = 5.0
"""Between the ring and its labels."""
_WIDEST = 248.0


def draw_ring(
    colors: NDArray[np.uint8],
    ticks: Sequence[tuple[float, str]],
    title: str,
    note: str = "",
    *,
    turns: int = 1,
    dark: bool | None = None,
    scale: float = 1.0,
) -> NDArray[np.uint8]:
    """Draw a ring of colours with its title and labels on a translucent panel.

    Parameters
    ----------
    colors : ndarray of uint8
        (256, 4) RGBA of one period. It begins at the top and goes clockwise.
    ticks : sequence of (float, str)
        Share of the period, 0 to below 1, and its label.
    title, note : str
        Written above and below.
    turns : int
        Number of periods that make a full turn: 2 for directions without a sense.
    dark, scale
        As for `heatlas.style.legend.draw_legend`.

    Returns
    -------
    ndarray of uint8
        (h, w, 4) straight RGBA.
    """
    from PIL import Image, ImageDraw

    theme = theme_on(dark)
    font, title_font = load_font(LABEL_SIZE * scale), load_font(TITLE_SIZE * scale)
    pad, radius = round(PADDING * scale), _OUTER * scale
    labels = [(2 * math.pi * place / turns, writable(words)) for place, words in ticks]
    left, right = (_reach(labels, font, side, radius + _GAP * scale) for side in (-1, 1))
    letters = round(LABEL_SIZE * scale * 1.3)
    title_line = shortened(title, TITLE_SIZE * scale, _WIDEST * scale)
    title_width = sum(face.getlength(words) for words, face in title_line)
    note_width = load_font((LABEL_SIZE - 1) * scale).getlength(writable(note)) if note else 0
    width = 2 * pad + math.ceil(max(left + right, title_width, note_width))
    title_height = round(TITLE_SIZE * scale * 1.5) if title else 0
    top = pad + title_height + letters + round(_GAP * scale * 0.6)
    middle = (width - left - right) / 2 + left, top + radius
    bottom = math.ceil(middle[1] + radius + _GAP * scale * 0.6) + letters
    height = bottom + note_height(note, scale) + round(pad * 0.75)

    image = panel(width, height, RADIUS * scale, theme, scale)
    image = Image.fromarray(over(_ring((height, width), middle, colors, turns, scale), np.array(image)))
    draw = ImageDraw.Draw(image)
    if title:
        paint(draw, pad, pad - round(scale) + title_font.getmetrics()[0], title_line, theme.text)
    for angle, words in labels:
        east, north, far = math.sin(angle), math.cos(angle), radius + _GAP * scale
        across = "l" if east > 0.3 else "r" if east < -0.3 else "m"
        down = "m" if across != "m" else "s" if north > 0 else "t"
        x, y = middle[0] + east * far, middle[1] - north * far
        draw.text((x, y), words, font=font, fill=theme.text, anchor=across + down)
    write_note(draw, note, pad, bottom, theme, scale)
    return np.array(image)


def _reach(labels: Sequence[tuple[float, str]], font: FreeTypeFont, side: int, radius: float) -> float:
    """Pixels that the ring and its labels need on one side of the middle: -1 left, 1 right."""
    far = [radius]
    for angle, words in labels:
        across, length = side * math.sin(angle), font.getlength(words)
        far.append(across * radius + length if across > 0.3 else length / 2 if across > -0.3 else 0.0)
    return max(far)


def _ring(
    shape: tuple[int, int], middle: tuple[float, float], colors: NDArray[np.uint8], turns: int, scale: float
) -> NDArray[np.uint8]:
    """Paint the ring: (h, w, 4) straight RGBA. Edges are as smooth as the cover of each pixel is exact to 1/2 px."""
    y, x = (np.arange(side) + 0.5 for side in shape)
    across, down = (x - middle[0])[None, :], (y - middle[1])[:, None]
    distance, outer = np.hypot(across, down), _OUTER * scale
    share = np.arctan2(across, -down) / (2 * math.pi) * turns % 1.0
    plane: NDArray[np.uint8] = colors[np.rint(share * 255).astype(int)]
    cover = np.clip(outer - distance + 0.5, 0, 1) * np.clip(distance - outer + _THICKNESS * scale + 0.5, 0, 1)
    plane[..., 3] = np.rint(plane[..., 3] * cover)
    return plane
