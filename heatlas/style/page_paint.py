"""Paint a page in pixels: the map in its frame, all else on top of it (see `heatlas.style.page`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.style.decorations import DecoratedPixels, Patch
from heatlas.style.image import Picture
from heatlas.style.page import Box, Stamp, Text
from heatlas.style.text import ink_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.style.image import Pixels
    from heatlas.style.page import Page

__all__ = ["paint_page"]

_INCH = 25.4


@frozen
class _OnPaper:
    """A picture on a larger ground of one colour, row by row (see `heatlas.style.image.Pixels`)."""

    picture: Pixels
    left: int
    top: int
    width: int
    height: int
    ground: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    @property
    def palette(self) -> NDArray[np.uint8] | None:
        """None: letters have more colours than a palette can hold."""
        return None

    @property
    def opaque(self) -> bool:
        """Whether every pixel is opaque."""
        return True

    def rows(self, first: int, last: int) -> Picture:
        """Paint rows `first` to `last`."""
        pixels = np.full((last - first, self.width, 4), (*self.ground, 255), np.uint8)
        rows, columns = self.picture.shape
        begin, end = max(first, self.top), min(last, self.top + rows)
        if begin < end:
            part = self.picture.rows(begin - self.top, end - self.top).rgba
            pixels[begin - first : end - first, self.left : self.left + columns] = part
        return Picture(pixels)


def paint_page(page: Page, picture: Pixels, dpi: float) -> DecoratedPixels:
    """Paint a page with its bleed, at so many pixels per inch; the map's picture must be opaque and of that density."""
    sheet, scale = page.sheet, dpi / _INCH
    width, height = (round((side + 2 * sheet.bleed) * scale) for side in (sheet.width, sheet.height))
    left, top = (round((side + sheet.bleed) * scale) for side in sheet.frame[:2])
    paper = _OnPaper(picture, left, top, width, height, page.ground)
    found = [_patch(item, scale, sheet.bleed) for item in page.items]
    return DecoratedPixels(paper, tuple(_inside(patch, width, height) for patch in found))


def _patch(item: Text | Box | Stamp, scale: float, bleed: float) -> Patch:
    """Draw an item in its place."""
    x, y = (item.x + bleed) * scale, (item.y + bleed) * scale
    if isinstance(item, Text):
        size = item.size * scale
        mask = ink_for(None, 1.0).mask(item.words, size)
        drawn = np.empty((*mask.shape, 4), np.uint8)
        drawn[..., :3], drawn[..., 3] = item.colour, mask
        share = {"left": 0.0, "middle": 0.5, "right": 1.0}[item.anchor]
        return Patch(round(x - share * mask.shape[1]), round(y) - round(0.98 * size), drawn)
    width, height = max(1, round(item.width * scale)), max(1, round(item.height * scale))
    pixels = np.full((height, width, 4), 255, np.uint8)
    pixels[..., :3] = item.colour if isinstance(item, Box) else _stretched(item.pixels, width, height)
    return Patch(round(x), round(y), pixels)


def _stretched(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    from PIL import Image

    how = Image.Resampling.NEAREST if len(pixels) == 1 else Image.Resampling.LANCZOS
    return np.array(Image.fromarray(pixels).resize((width, height), how))


def _inside(patch: Patch, width: int, height: int) -> Patch:
    """Cut off what lies beyond the paper."""
    left, top = max(patch.left, 0), max(patch.top, 0)
    pixels = patch.pixels[top - patch.top : height - patch.top, left - patch.left : width - patch.left]
    return Patch(left, top, pixels)
