"""Scale bars: a round length on the ground, true at the latitude where the bar lies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import ground_metres, to_lonlat
from heatlas.style.text import on_panel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.style.text import Ink

__all__ = ["bar_length", "draw_scale_bar", "words_for"]

_LETTERS = 13.0
_SHARE = 0.18
"""Greatest share of the picture's width that a bar takes."""
_LEAST = 60.0
"""Pixels, at size 1, that a bar may take on a narrow picture, up to half of its width."""
_STRETCH = 1.1
"""Ratio of lengths of pixels within a picture from which a bar names its latitude."""


def bar_length(window: Window, row: float, most: float) -> tuple[float, float]:
    """Longest round length on the ground that fits into `most` pixels at a row of a window.

    Parameters
    ----------
    window : Window
        Window of the picture.
    row : float
        Row of the window where the bar lies: Mercator stretches with the latitude.
    most : float
        Pixels.

    Returns
    -------
    float, float
        Metres: 1, 2 or 5 times a power of ten; and pixels.
    """
    east = float(ground_metres((window.y + row) / window.scale)[0]) / window.scale
    decade = 10.0 ** math.floor(math.log10(most * east))
    metres = max(digit * decade for digit in (1, 2, 5) if digit * decade <= most * east * (1 + 1e-12))
    return metres, metres / east


def draw_scale_bar(window: Window, row: float, ink: Ink, size: float) -> NDArray[np.uint8]:
    """Draw a bar between two ticks, with its length on the ground above it.

    Parameters
    ----------
    window : Window
        Window of the picture.
    row : float
        Row of the window where the bar lies.
    ink : Ink
        Colours.
    size : float
        1 on pictures of about 1000 px.

    Returns
    -------
    ndarray of uint8
        (h, w, 4) straight RGBA.
    """
    from PIL import Image, ImageDraw

    metres, pixels = bar_length(window, row, max(_SHARE * window.width, min(_LEAST * size, window.width / 2)))
    words = words_for(metres) + _where(window, row)
    thick, tick = max(1, round(1.6 * size)), max(3, round(7 * size))
    label = ink.mask(words, _LETTERS * size)
    pad, gap = ink.air, max(1, round(3 * size))
    length = max(round(pixels), 1)
    width = max(length, label.shape[1]) + 2 * pad
    height = len(label) + gap + tick + 2 * pad
    image = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(image)
    left, bottom = (width - length) // 2, height - pad - 1
    draw.rectangle((left, bottom - thick + 1, left + length - 1, bottom), fill=255)
    for x in (left, left + length - thick):
        draw.rectangle((x, bottom - tick + 1, x + thick - 1, bottom), fill=255)
    mask = np.array(image)
    begin = (width - label.shape[1]) // 2
    top = mask[pad : pad + len(label), begin : begin + label.shape[1]]
    np.maximum(top, label, out=top)
    return on_panel(mask, ink)


def words_for(metres: float) -> str:
    """Write a length for people: 50 cm, 500 m, 2,000 km."""
    if metres >= 1000:
        return f"{metres / 1000:,.0f} km"
    return f"{metres:g} m" if metres >= 1 else f"{metres * 100:g} cm"


def _where(window: Window, row: float) -> str:
    """Name the latitude of a bar, where its length would differ much elsewhere in the picture."""
    rows = window.y + np.array([0.0, row, window.height])
    top, here, bottom = (float(east) for east in ground_metres(rows / window.scale)[0])
    if max(top, bottom) < _STRETCH * min(top, bottom) and max(top, bottom) < _STRETCH * here:
        return ""
    latitude = round(float(to_lonlat(0.5, rows[1] / window.scale)[1]))
    return f" at {abs(latitude)}°{'S' if latitude < 0 else 'N' if latitude else ''}"
