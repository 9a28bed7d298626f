"""Draw lines of text as pixels, legible on heat, on a background or on transparency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.style.fonts import paint, runs, span
from heatlas.style.legend import framed, over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Ink", "ink_for", "letters", "on_panel"]

_LEADING, _LAST_LEADING = 1.18, 1.4
"""Distance between lines, in sizes of letters: of one size, and before a line of another size."""


@frozen
class Ink:
    """Colours of letters, and the space around them."""

    text: tuple[int, int, int]
    ground: tuple[int, int, int]
    """Colour of the glow around them, or of their panel."""
    panel: bool
    """Whether they stand on a panel, for an unknown background."""
    air: int
    """Pixels around the drawing, for the glow or to the panel's edge."""

    def length(self, words: str, size: float) -> float:
        """Width of words, pixels."""
        return sum(font.getlength(text) for text, font in runs(words, size))

    def mask(self, words: str, size: float) -> NDArray[np.uint8]:
        """Cover of each pixel by words. The height is that of the line, whatever the letters."""
        from PIL import Image, ImageDraw

        line = runs(words, size)
        left, right = span(line)
        image = Image.new("L", (max(1, round(right - left) + 1), max(1, round(1.25 * size))), 0)
        paint(ImageDraw.Draw(image), -left, round(0.98 * size), line, 255)
        return np.array(image)


def ink_for(ground: tuple[int, int, int] | None, scale: float) -> Ink:
    """Light letters on dark, dark ones on light, and light ones on dark panels where the ground is unknown."""
    if ground is None:
        return Ink((246, 246, 244), (16, 19, 25), panel=True, air=max(2, round(9 * scale)))
    light = sum(ground) < 3 * 128
    return Ink((246, 246, 244) if light else (26, 29, 36), ground, panel=False, air=max(2, round(7 * scale)))


def letters(lines: Sequence[str], sizes: Sequence[float], ink: Ink, width: float) -> NDArray[np.uint8] | None:
    """Draw lines of text, one below the other.

    Parameters
    ----------
    lines : sequence of str
        Texts to write.
    sizes : sequence of float
        Size of the letters of each line, pixels.
    ink : Ink
        Colours.
    width : float
        Available width, pixels.

    Returns
    -------
    ndarray of uint8 or None
        (h, w, 4) straight RGBA; None where a line is too long.
    """
    masks = [ink.mask(words, size) for words, size in zip(lines, sizes, strict=True)]
    pad = ink.air
    if max(mask.shape[1] for mask in masks) + 2 * pad > width:
        return None
    below = [*sizes[1:], sizes[-1]]
    steps = [
        round((_LEADING if size == other else _LAST_LEADING) * size) for size, other in zip(sizes, below, strict=True)
    ]
    tall = sum(steps[:-1]) + len(masks[-1])
    cover = np.zeros((tall + 2 * pad, max(mask.shape[1] for mask in masks) + 2 * pad), np.uint8)
    top = pad
    for mask, step in zip(masks, steps, strict=True):
        part = cover[top : top + len(mask), pad : pad + mask.shape[1]]
        np.maximum(part, mask[: len(part)], out=part)
        top += step
    return on_panel(cover, ink)


def on_panel(cover: NDArray[np.uint8], ink: Ink) -> NDArray[np.uint8]:
    """Colour a drawing and give it a glow, or a panel, of the ground's colour.

    Parameters
    ----------
    cover : ndarray of uint8
        (h, w) cover of each pixel by ink, with the ink's air around.
    ink : Ink
        Colours.

    Returns
    -------
    ndarray of uint8
        (h, w, 4) straight RGBA.
    """
    from PIL import Image, ImageFilter

    plane = np.empty((*cover.shape, 4), np.uint8)
    plane[..., :3], plane[..., 3] = ink.text, cover
    under = np.empty_like(plane)
    under[..., :3] = ink.ground
    if ink.panel:
        under[..., 3] = 236
        return over(plane, np.array(framed(under, 0.6 * ink.air, (255, 255, 255, 46), ink.air / 9)))
    glow = Image.fromarray(cover).filter(ImageFilter.GaussianBlur(ink.air / 2.5))
    under[..., 3] = np.minimum(np.asarray(glow, np.float32) * 2.6, 225)
    return over(plane, under)
