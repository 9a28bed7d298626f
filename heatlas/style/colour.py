"""Colour a toned grid."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.style.image import Picture
from heatlas.style.mean_colours import colours_of_means
from heatlas.style.stepping import steps_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.raster.grid import Grid
    from heatlas.style.tone import Tone, ToneScale

__all__ = ["BACKGROUNDS", "Style", "colour", "palette", "parse_background"]

BACKGROUNDS = {"none": None, "dark": (14, 17, 22), "light": (250, 249, 246)}
_NEUTRAL = 0.14
"""Share of [0, 1] on either side of 0 that fades, where sums may be below 0."""
_TONES = 64
"""Tones whose palettes are remembered."""
_BLOCK = 256
"""Rows that are toned at a time, to bound memory."""


@frozen
class Style:
    """How a grid becomes a picture."""

    colours: NDArray[np.uint8]
    """(256, 4) RGBA from the lowest to the highest value."""
    scale: ToneScale
    background: tuple[int, int, int] | None = None
    """None is transparent."""


def parse_background(text: str) -> tuple[int, int, int] | None:
    """Parse "none", "dark", "light", "#rrggbb" (also "#rgb") or a name of CSS such as white; None is transparent.

    Raises
    ------
    BadOption
        For any other text.
    """
    word = text.strip().lower()
    if word in BACKGROUNDS:
        return BACKGROUNDS[word]
    if re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})|[a-z]+", word):
        from PIL import ImageColor

        with suppress(ValueError):
            red, green, blue = ImageColor.getrgb(word)[:3]
            return red, green, blue
    raise BadOption(f"background {text!r} is none of {', '.join(BACKGROUNDS)} or a colour such as white or #102030")


def palette(colours: NDArray[np.uint8], tone: Tone, background: tuple[int, int, int] | None) -> NDArray[np.uint8]:
    """Make the colours of the 256 steps of a tone. Step 0 is empty; steps below the lowest value fade in.

    Parameters
    ----------
    colours : ndarray of uint8 (256, 4)
        RGBA from the lowest to the highest value.
    tone : Tone
        Tone whose fade is used.
    background : (int, int, int) or None
        Colour to paint on; None keeps the alpha channel.

    Returns
    -------
    ndarray of uint8 (256, 4)
    """
    neutral = float(tone.position(0)) if tone.diverging else None
    return _palette(colours.tobytes(), tone.fade, neutral, background).copy()


@lru_cache(_TONES)
def _palette(
    colours: bytes, fade: float, neutral: float | None, background: tuple[int, int, int] | None
) -> NDArray[np.uint8]:
    """Do what `palette` does; all tiles of a zoom have the same. `neutral` is the place of 0 that fades."""
    t = np.arange(256) / 255
    steps = np.clip((t - fade) / (1 - fade), 0, 1)
    faded = np.frombuffer(colours, np.uint8).reshape(-1, 4)[np.rint(steps * 255).astype(int)].astype(float)
    if fade:
        share = np.clip(t / fade, 0, 1)
        faded[:, 3] *= share * share * (3 - 2 * share)
    if neutral is not None:
        share = np.clip(np.abs(t - neutral) / _NEUTRAL, 0, 1)
        faded[:, 3] *= share * share * (3 - 2 * share)
    faded[0, 3] = 0
    if background is not None:
        alpha = faded[:, 3:] / 255
        faded[:, :3] = alpha * faded[:, :3] + (1 - alpha) * np.array(background)
        faded[:, 3] = 255
    table: NDArray[np.uint8] = np.rint(faded).astype(np.uint8)
    return table


def _palette_of_means(colours: NDArray[np.uint8], tone: Tone) -> NDArray[np.uint8]:
    """Palette on a transparent ground, in which no step is empty: what is empty has no opacity."""
    table = palette(colours, tone, None)
    table[0] = colours[0]
    return table


def colour(grid: Grid, tone: Tone, colours: NDArray[np.uint8], background: tuple[int, int, int] | None) -> Picture:
    """Colour a grid.

    Counts and sums become steps of a palette. The opacity of a mean follows the number of passes behind it: it fades
    where smoothing spread a fraction of a pass.

    Parameters
    ----------
    grid : Grid
        Grid to colour.
    tone : Tone
        Fitted to the whole map.
    colours : ndarray of uint8 (256, 4)
        RGBA from the lowest to the highest value.
    background : (int, int, int) or None
        Colour to paint on; None is transparent.

    Returns
    -------
    Picture
        With a palette for counts and sums, in RGBA for means.
    """
    if (plain := steps_of(grid, tone)) is not None:
        return Picture(plain, palette(colours, tone, background))
    if background is None and (means := colours_of_means(grid, tone, _palette_of_means(colours, tone))) is not None:
        return Picture(means)
    steps = np.empty((grid.window.height, grid.window.width), np.uint8)
    alpha = None if grid.sums else np.empty_like(steps)
    for top in range(0, len(steps), _BLOCK):
        part = grid.rows(top, top + _BLOCK)
        if tone.fitted is not None:
            part = replace(part, fitted=tone.fitted)
        values, opacity = part.values, part.opacity
        shown = np.isfinite(values) if part.layout.sparse else part.filled
        t = np.nan_to_num(tone.at(values[shown], shown, part.window), nan=0.0)
        block = np.zeros(shown.shape, np.uint8)
        block[shown] = np.rint(1 + t * 254) if tone.diverging else np.rint(t * 255)
        steps[top : top + _BLOCK] = block
        if alpha is not None and part.count is not None:
            share = np.clip((part.count - 0.1) / 0.5, 0, 1)
            share = share * share * (3 - 2 * share)
            if opacity is not None:
                share = share * opacity
            alpha[top : top + _BLOCK] = np.rint(np.where(shown, share, 0) * 255)
    if alpha is None:
        return Picture(steps, palette(colours, tone, background))
    pixels = Picture(steps, _palette_of_means(colours, tone)).rgba
    if background is None:
        pixels[..., 3] = (pixels[..., 3].astype(np.uint16) * alpha + 127) // 255
        return Picture(pixels)
    share16 = (pixels[..., 3:].astype(np.uint16) * alpha[..., None] + 127) // 255
    ground = np.array(background, np.uint16)
    pixels[..., :3] = (pixels[..., :3] * share16 + ground * (255 - share16) + 127) // 255
    pixels[..., 3] = 255
    return Picture(pixels)
