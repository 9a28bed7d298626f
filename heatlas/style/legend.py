"""Legends: a bar of colours with true numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.style.fonts import Run, load_font, paint, runs, span, writable
from heatlas.style.ticks import nice_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

__all__ = [
    "CORNERS", "LABEL_SIZE", "PADDING", "RADIUS", "TITLE_SIZE", "Theme", "draw_legend", "fitting_scale", "framed",
    "nice_ticks", "note_height", "over", "panel", "shortened", "shrunk", "theme_on", "write_note",
]  # fmt: skip

CORNERS = ("bottom-right", "bottom-left", "top-right", "top-left")

_BAR_WIDTH, _BAR_HEIGHT = 248, 11
PADDING, RADIUS, _TICK = 14, 9, 4
TITLE_SIZE, LABEL_SIZE = 13.5, 12.0
_GAP = 6
"""Least room between two labels."""
_OVERSAMPLING = 4
_BLOCK = 128
"""Rows that are composed at a time."""


@frozen
class Theme:
    """Colours of a legend, RGBA."""

    panel: tuple[int, int, int, int]
    rim: tuple[int, int, int, int]
    text: tuple[int, int, int, int]
    faint: tuple[int, int, int, int]


_DARK = Theme((16, 19, 25, 230), (255, 255, 255, 46), (246, 246, 244, 255), (196, 199, 206, 255))
_LIGHT = Theme((255, 255, 255, 234), (20, 24, 32, 46), (26, 29, 36, 255), (82, 87, 98, 255))


def theme_on(dark: bool | None) -> Theme:
    """Colours of a legend on a dark or a light picture; on an unknown one a panel that is almost opaque."""
    theme = _LIGHT if dark is False else _DARK
    return theme if dark is not None else replace(theme, panel=(*theme.panel[:3], 242))


def fitting_scale(width: int, height: int) -> float:
    """Scale of a readable legend on a picture of so many pixels: 1 up to 900 x 900, then growing.

    A large picture is mostly looked at as a whole, on a screen or a phone: letters have some 1/70 of its side.
    """
    return max(1.0, math.sqrt(width * height) / 900)


def draw_legend(
    colors: NDArray[np.uint8],
    ticks: Sequence[tuple[float, str]],
    title: str,
    note: str = "",
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
        Place on the bar from 0 to 1, and its label. A label without room is left out.
    title : str
        Written above the bar; letters that no font has are replaced.
    note : str
        Written small below the numbers.
    dark : bool or None
        True for dark pictures, False for light ones. None when the picture below is unknown: the panel is then dark
        and almost opaque.
    scale : float
        1 for text of 12 to 14 px.

    Returns
    -------
    ndarray of uint8
        (h, w, 4) straight RGBA.
    """
    from PIL import ImageDraw as PillowDraw

    theme = theme_on(dark)
    title_font, label_font = load_font(TITLE_SIZE * scale), load_font(LABEL_SIZE * scale)
    pad, bar_width = round(PADDING * scale), round(_BAR_WIDTH * scale)
    bar_height = max(2, round(_BAR_HEIGHT * scale))
    title_height = round(TITLE_SIZE * scale * 1.5) if title else 0
    tick_height, label_height = round(_TICK * scale), round(LABEL_SIZE * scale * 1.15)
    bar_top = pad + title_height
    label_top = bar_top + bar_height + tick_height + round(2 * scale)
    width = bar_width + 2 * pad
    note_top = label_top + label_height if ticks else bar_top + bar_height
    height = note_top + note_height(note, scale) + pad

    image = panel(width, height, RADIUS * scale, theme, scale)
    image.alpha_composite(_bar(colors, bar_width, bar_height, theme.rim, scale), (pad, bar_top))
    draw = PillowDraw.Draw(image)
    if title:
        line = shortened(title, TITLE_SIZE * scale, _BAR_WIDTH * scale)
        paint(draw, pad, pad - round(scale) + title_font.getmetrics()[0], line, theme.text)
    for x, left, label in _layout(ticks, label_font, pad, bar_width, scale):
        top = bar_top + bar_height + round(scale)
        thickness = max(1, round(scale))
        x0 = x - thickness // 2
        draw.rectangle((x0, top, x0 + thickness - 1, top + tick_height - 1), fill=theme.faint)
        draw.text((left, label_top), label, font=label_font, fill=theme.text, anchor="la")
    write_note(draw, note, pad, note_top, theme, scale)
    return np.array(image)


def note_height(note: str, scale: float) -> int:
    """Pixels that a note takes below what is above it; 0 without one."""
    return len(_note_lines(note, scale)) * round(LABEL_SIZE * scale * 1.45)


def write_note(draw: ImageDraw, note: str, left: int, top: int, theme: Theme, scale: float) -> None:
    """Write a small line, or several where it is long, from the left on."""
    for k, line in enumerate(_note_lines(note, scale), 1):
        size = (LABEL_SIZE - 1) * scale
        baseline = top + k * round(LABEL_SIZE * scale * 1.45) - round(1.5 * scale)
        paint(draw, left, baseline, shortened(line, size, _BAR_WIDTH * scale), theme.faint)


def _note_lines(note: str, scale: float) -> list[str]:
    """Break a note that is wider than the bar, after semicolons where there are any."""
    size, lines = (LABEL_SIZE - 1) * scale, list[str]()
    if not note or span(runs(note, size))[1] <= _BAR_WIDTH * scale:
        return [note] if note else []
    for part in note.split("; "):
        words = part.split()
        while words:
            fits = len(words)
            while fits > 1 and span(runs(" ".join(words[:fits]), size))[1] > _BAR_WIDTH * scale:
                fits -= 1
            lines.append(" ".join(words[:fits]))
            words = words[fits:]
    return lines


def over(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay straight RGBA over straight RGBA (Porter and Duff, Compositing Digital Images, 1984)."""
    out = np.empty_like(lower)
    for top in range(0, len(out), _BLOCK):  # in blocks, as posters are large
        rows = slice(top, top + _BLOCK)
        a, b = (plane[rows, :, 3:] / np.float32(255) for plane in (upper, lower))
        beneath = b * (1 - a)
        alpha = a + beneath
        mixed = (upper[rows, :, :3] * a + lower[rows, :, :3] * beneath) / np.where(alpha > 0, alpha, 1)
        out[rows, :, :3], out[rows, :, 3:] = np.rint(mixed), np.rint(alpha * 255)
    return out


def shrunk(legend: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """Make straight RGBA smaller."""
    from PIL import Image

    size = max(1, int(legend.shape[1] * share)), max(1, int(legend.shape[0] * share))
    # Pillow weighs colours by alpha when it resizes premultiplied pixels.
    image = Image.fromarray(legend).convert("RGBa").resize(size, Image.Resampling.LANCZOS)
    return np.array(image.convert("RGBA"))


def panel(width: int, height: int, radius: float, theme: Theme, scale: float) -> Image:
    """Draw a rounded panel with a fine rim."""
    plane = np.zeros((height, width, 4), np.uint8)
    plane[:] = theme.panel
    return framed(plane, radius, theme.rim, scale)


def _bar(colors: NDArray[np.uint8], width: int, height: int, rim: tuple[int, int, int, int], scale: float) -> Image:
    """Draw the colours from left to right. The rim separates colours as pale or as dark as the panel from it."""
    # A first colour that is fully transparent stands for "nothing there" and is no part of the scale.
    first = 1 if colors[0, 3] == 0 else 0
    steps = np.rint(np.linspace(first, 255, width)).astype(int)
    return framed(np.repeat(colors[steps][None], height, axis=0), 3 * scale, rim, scale)


def framed(plane: NDArray[np.uint8], radius: float, rim: tuple[int, int, int, int], scale: float) -> Image:
    """Round the corners of RGBA and draw a fine rim."""
    from PIL import Image

    height, width = plane.shape[:2]
    thickness = max(1.0, scale * 0.8)
    outer = _rounded(width, height, radius, 0)
    inner = _rounded(width, height, max(radius - thickness, 0), thickness)
    plane[..., 3] = np.rint(plane[..., 3] * outer)
    edge = np.zeros_like(plane)
    edge[..., :3], edge[..., 3] = rim[:3], np.rint(np.maximum(outer - inner, 0) * rim[3])
    return Image.fromarray(over(edge, plane))


def _rounded(width: int, height: int, radius: float, inset: float) -> NDArray[np.float32]:
    """Cover of each pixel, 0 to 1, by a rounded rectangle: corners are drawn large and reduced, to be smooth."""
    from PIL import Image, ImageDraw

    down, across = (
        np.clip(np.minimum(np.arange(side) + 1, side - np.arange(side)) - inset, 0, 1).astype(np.float32)
        for side in (height, width)
    )
    cover = down[:, None] * across
    n, size = _OVERSAMPLING, min(math.ceil(radius + inset), width // 2, height // 2)
    if size:
        mask = Image.new("L", (size * n, size * n), 0)
        far = 4 * (size + radius) * n
        ImageDraw.Draw(mask).rounded_rectangle((inset * n, inset * n, far, far), radius * n, fill=255)
        corner = np.asarray(mask.reduce(n), np.float32) / 255
        cover[:size, :size], cover[:size, -size:] = corner, corner[:, ::-1]
        cover[-size:, :size], cover[-size:, -size:] = corner[::-1], corner[::-1, ::-1]
    return cover


def _layout(
    ticks: Sequence[tuple[float, str]], font: FreeTypeFont, pad: int, bar_width: int, scale: float
) -> list[tuple[int, float, str]]:
    """Place ticks and labels (centre, left edge, text) inside the panel, without overlaps."""
    placed: list[tuple[int, float, str]] = []
    free_from = 0.0
    rim = pad * 0.5
    for place, words in sorted(ticks):
        label = writable(words)
        length = font.getlength(label)
        x = pad + round(min(max(place, 0.0), 1.0) * (bar_width - 1))
        left = min(max(x - length / 2, rim), 2 * pad + bar_width - rim - length)
        if left >= free_from:
            placed.append((x, left, label))
            free_from = left + length + _GAP * scale
    return placed


def shortened(text: str, size: float, room: float) -> list[Run]:
    """Shorten a line that is longer than its room, pixels."""
    line = runs(text, size)
    while text and span(line)[1] > room:
        text = text[:-1]
        line = runs(text.rstrip() + "...", size)
    return line
