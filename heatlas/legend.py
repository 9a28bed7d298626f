"""Legends: a bar of colours with true numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatlas.errors import BadOption
from heatlas.picture import Picture
from heatlas.ticks import nice_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

__all__ = ["CORNERS", "draw_legend", "fitting_scale", "nice_ticks", "place_legend"]

CORNERS = ("bottom-right", "bottom-left", "top-right", "top-left")

_BAR_WIDTH, _BAR_HEIGHT = 248, 11
_PADDING, _RADIUS, _TICK = 14, 9, 4
_TITLE_SIZE, _LABEL_SIZE = 13.5, 12.0
_GAP = 6
"""Least room between two labels."""
_SMALLEST = 0.45
"""Share of its size to which a legend shrinks on small pictures before its text becomes unreadable."""
_OVERSAMPLING = 4
_KNOWN = frozenset(map(chr, range(32, 127))) | frozenset("°±·«»")
"""Characters that Pillow's own font has."""


@dataclass(frozen=True, slots=True)
class _Look:
    panel: tuple[int, int, int, int]
    rim: tuple[int, int, int, int]
    text: tuple[int, int, int, int]
    faint: tuple[int, int, int, int]


_DARK = _Look((16, 19, 25, 230), (255, 255, 255, 46), (246, 246, 244, 255), (196, 199, 206, 255))
_LIGHT = _Look((255, 255, 255, 234), (20, 24, 32, 46), (26, 29, 36, 255), (82, 87, 98, 255))


def fitting_scale(width: int, height: int) -> float:
    """Scale of a legend that reads well on a picture of so many pixels: 1 up to 1000 px, then growing."""
    return max(1.0, math.sqrt(width * height) / 1100)


def draw_legend(
    colors: NDArray[np.uint8],
    ticks: Sequence[tuple[float, str]],
    title: str,
    *,
    dark: bool | None = None,
    scale: float = 1.0,
) -> NDArray[np.uint8]:
    """Draw a bar of colours with its title and numbers on a translucent panel.

    Parameters
    ----------
    colors : ndarray of uint8
        (256, 4) RGBA from the lowest to the highest value.
    ticks : sequence of (float, str)
        Place on the bar from 0 to 1, and what to write there. A label without room is left out.
    title : str
        Written above the bar; characters that the font lacks are replaced.
    dark : bool or None
        True for dark pictures, False for light ones, None when what lies below is not known: dark, and
        almost opaque.
    scale : float
        1 for text of 12 to 14 px.

    Returns
    -------
    ndarray of uint8
        (h, w, 4) straight RGBA.
    """
    from PIL import ImageDraw

    look = _LIGHT if dark is False else _DARK
    panel_alpha = 242 if dark is None else look.panel[3]
    title_font, label_font = _font(_TITLE_SIZE * scale), _font(_LABEL_SIZE * scale)
    title = _shortened(_writable(title), title_font, _BAR_WIDTH * scale)
    pad, bar_width = round(_PADDING * scale), round(_BAR_WIDTH * scale)
    bar_height = max(2, round(_BAR_HEIGHT * scale))
    title_height = round(_TITLE_SIZE * scale * 1.5) if title else 0
    tick_height, label_height = round(_TICK * scale), round(_LABEL_SIZE * scale * 1.15)
    bar_top = pad + title_height
    label_top = bar_top + bar_height + tick_height + round(2 * scale)
    width = bar_width + 2 * pad
    height = (label_top + label_height if ticks else bar_top + bar_height) + pad

    image = _panel(width, height, _RADIUS * scale, (*look.panel[:3], panel_alpha), look.rim, scale)
    image.alpha_composite(_bar(colors, bar_width, bar_height, look.rim, scale), (pad, bar_top))
    draw = ImageDraw.Draw(image)
    if title:
        draw.text((pad, pad - round(scale)), title, font=title_font, fill=look.text, anchor="la")
    for x, left, label in _layout(ticks, label_font, pad, bar_width, scale):
        top = bar_top + bar_height + round(scale)
        thickness = max(1, round(scale))
        x0 = x - thickness // 2
        draw.rectangle((x0, top, x0 + thickness - 1, top + tick_height - 1), fill=look.faint)
        draw.text((left, label_top), label, font=label_font, fill=look.text, anchor="la")
    return np.array(image)


def place_legend(
    picture: Picture, legend: NDArray[np.uint8], corner: str = "bottom-right", margin: int | None = None
) -> Picture:
    """Paint a legend on a picture.

    Parameters
    ----------
    picture : Picture
        Left as it is; the result is a copy in RGBA.
    legend : ndarray of uint8
        (h, w, 4) RGBA of `draw_legend`. On a picture with too little room it shrinks.
    corner : str
        One of CORNERS.
    margin : int or None
        Pixels to the edges; None: a twentieth of the legend's width.

    Returns
    -------
    Picture
        Without a palette.

    Raises
    ------
    BadOption
        For an unknown corner, or where the legend could not be read any more.
    """
    if corner not in CORNERS:
        raise BadOption(f"{corner!r} is no corner for a legend: take one of {', '.join(CORNERS)}")
    height, width = picture.pixels.shape[:2]
    margin = max(4, legend.shape[1] // 20) if margin is None else margin
    room = min((width - 2 * margin) / legend.shape[1], (height - 2 * margin) / legend.shape[0])
    if room < _SMALLEST:
        needed = [math.ceil(side * _SMALLEST) + 2 * margin for side in (legend.shape[1], legend.shape[0])]
        raise BadOption(
            f"a picture of {width} x {height} pixels is too small for a legend: "
            f"make it at least {needed[0]} x {needed[1]}, or leave the legend out"
        )
    if room < 1:
        legend = _shrunk(legend, room)
    h, w = legend.shape[:2]
    top = margin if corner.startswith("top") else height - margin - h
    left = margin if corner.endswith("left") else width - margin - w
    pixels = picture.rgba.copy() if picture.palette is None else picture.rgba
    below = pixels[top : top + h, left : left + w]
    below[:] = _over(legend, below)
    return Picture(pixels)


def _over(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay straight RGBA over straight RGBA (Porter and Duff, Compositing Digital Images, 1984)."""
    a, b = upper[..., 3:] / 255.0, lower[..., 3:] / 255.0
    alpha = a + b * (1 - a)
    mixed = (upper[..., :3] * a + lower[..., :3] * b * (1 - a)) / np.where(alpha > 0, alpha, 1)
    return np.asarray(np.rint(np.concatenate([mixed, alpha * 255], axis=-1)), np.uint8)


def _shrunk(legend: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    from PIL import Image

    size = max(1, int(legend.shape[1] * share)), max(1, int(legend.shape[0] * share))
    # Pillow weighs colours by alpha when it resizes premultiplied pixels.
    image = Image.fromarray(legend).convert("RGBa").resize(size, Image.Resampling.LANCZOS)
    return np.array(image.convert("RGBA"))


def _panel(
    width: int,
    height: int,
    radius: float,
    fill: tuple[int, int, int, int],
    rim: tuple[int, int, int, int],
    scale: float,
) -> Image:
    """Draw a rounded panel with a fine rim."""
    plane = np.zeros((height, width, 4), np.uint8)
    plane[:] = fill
    return _framed(plane, radius, rim, scale)


def _bar(colors: NDArray[np.uint8], width: int, height: int, rim: tuple[int, int, int, int], scale: float) -> Image:
    """Draw the colours from left to right; the rim keeps apart from the panel what is as pale or as dark."""
    # A first colour that is fully transparent stands for "nothing there" and is no part of the scale.
    first = 1 if colors[0, 3] == 0 else 0
    steps = np.rint(np.linspace(first, 255, width)).astype(int)
    return _framed(np.repeat(colors[steps][None], height, axis=0), 3 * scale, rim, scale)


def _framed(plane: NDArray[np.uint8], radius: float, rim: tuple[int, int, int, int], scale: float) -> Image:
    """Round the corners of RGBA and draw a fine rim."""
    from PIL import Image

    height, width = plane.shape[:2]
    thickness = max(1.0, scale * 0.8)
    outer = _rounded(width, height, radius, 0)
    inner = _rounded(width, height, max(radius - thickness, 0), thickness)
    plane[..., 3] = np.rint(plane[..., 3] * outer)
    edge = np.zeros_like(plane)
    edge[..., :3], edge[..., 3] = rim[:3], np.rint(np.maximum(outer - inner, 0) * rim[3])
    return Image.fromarray(_over(edge, plane))


def _rounded(width: int, height: int, radius: float, inset: float) -> NDArray[np.float64]:
    """Cover of each pixel, 0 to 1, by a rounded rectangle: drawn large and reduced, for smooth corners."""
    from PIL import Image, ImageDraw

    n = _OVERSAMPLING
    mask = Image.new("L", (width * n, height * n), 0)
    box = (inset * n, inset * n, (width - inset) * n - 1, (height - inset) * n - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius * n, fill=255)
    return np.asarray(mask.reduce(n), np.float64) / 255


def _layout(
    ticks: Sequence[tuple[float, str]], font: FreeTypeFont, pad: int, bar_width: int, scale: float
) -> list[tuple[int, float, str]]:
    """Place ticks and labels (centre, left edge, text): inside the panel, never over one another."""
    placed: list[tuple[int, float, str]] = []
    free_from = 0.0
    rim = pad * 0.5
    for place, words in sorted(ticks):
        label = _writable(words)
        length = font.getlength(label)
        x = pad + round(min(max(place, 0.0), 1.0) * (bar_width - 1))
        left = min(max(x - length / 2, rim), 2 * pad + bar_width - rim - length)
        if left >= free_from:
            placed.append((x, left, label))
            free_from = left + length + _GAP * scale
    return placed


def _font(size: float) -> FreeTypeFont:
    """Load Pillow's own font (Aileron, CC0)."""
    from PIL import ImageFont

    try:
        font = ImageFont.load_default(size)
    except ImportError:
        font = None
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise BadOption("this Pillow was built without FreeType and cannot write a legend: install another")
    return font


def _writable(text: str) -> str:
    """Replace what the font lacks: accents are dropped, dashes become hyphens, all else a question mark."""
    import unicodedata

    plain = text.translate(str.maketrans("–—−×’‘“”\u00a0\u202f\u2009", "---x''\"\"   "))
    letters = (char if char in _KNOWN else unicodedata.normalize("NFKD", char)[:1] for char in " ".join(plain.split()))
    return "".join(letter if letter in _KNOWN else "?" for letter in letters)


def _shortened(text: str, font: FreeTypeFont, room: float) -> str:
    """Cut a title that is longer than the bar."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "...") > room:
        text = text[:-1]
    return text.rstrip() + "..."
