"""Decorations of a picture: title, legend, scale bar and attribution, placed so that none overlaps another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.style.image import Picture
from heatlas.style.legend import CORNERS, fitting_scale, over, shrunk
from heatlas.style.scale_bar import draw_scale_bar
from heatlas.style.text import Ink, ink_for, letters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.style.image import Pixels

    RGBA = NDArray[np.uint8]
    """(h, w, 4) straight RGBA."""

__all__ = ["DecoratedPixels", "Decorations", "Patch", "arrange"]

_TITLE, _SUBTITLE, _CREDIT = 40.0, 15.0, 11.0
"""Sizes of letters on a picture of about 1000 px."""
_MARGIN = 16.0
_SMALLEST = 0.45
"""Least share of their size to which decorations shrink on small pictures; smaller ones are unreadable."""
_TITLE_SHARE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Decorations:
    """Text and scale bar that are painted beside the heat."""

    title: str = ""
    """Large, at the top."""
    subtitle: str = ""
    """Small, below the title."""
    scale_bar: bool = False
    attribution: str = ""
    ground: tuple[int, int, int] | None = None
    """Background of the picture; None when unknown: letters then get panels."""

    @property
    def wanted(self) -> bool:
        """Whether there is anything to paint."""
        return bool(self.title or self.subtitle or self.scale_bar or self.attribution)


@dataclass(frozen=True, slots=True)
class Patch:
    """A decoration in its place."""

    left: int
    top: int
    pixels: RGBA


@dataclass(frozen=True, slots=True)
class DecoratedPixels:
    """A picture with decorations painted on, row by row (see `heatlas.style.image.Pixels`)."""

    picture: Pixels
    patches: tuple[Patch, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.picture.shape

    @property
    def palette(self) -> NDArray[np.uint8] | None:
        """Palette of a picture without decorations, else None: letters have more colours than a palette can hold."""
        return None if self.patches else self.picture.palette

    @property
    def opaque(self) -> bool:
        """Whether every pixel is opaque."""
        return self.picture.opaque

    def rows(self, first: int, last: int) -> Picture:
        """Paint rows `first` to `last`."""
        picture = self.picture.rows(first, last)
        if not self.patches:
            return picture
        pixels = picture.rgba.copy() if picture.palette is None else picture.rgba
        for patch in self.patches:
            begin, end = max(patch.top, first), min(patch.top + len(patch.pixels), last)
            if begin < end:
                below = pixels[begin - first : end - first, patch.left : patch.left + patch.pixels.shape[1]]
                below[:] = over(patch.pixels[begin - patch.top : end - patch.top], below)
        return Picture(pixels)


def arrange(
    window: Window, decorations: Decorations, legend: RGBA | None, corner: str = "bottom-right"
) -> tuple[Patch, ...]:
    """Draw the decorations of a window and place each of them.

    Parameters
    ----------
    window : Window
        Window of the picture. Its size sets the size of letters, its latitudes the length of the scale bar.
    decorations : Decorations
        The title goes to the upper left, the scale bar and the attribution to the lower left.
    legend : ndarray of uint8 or None
        (h, w, 4) RGBA of `heatlas.style.legend.draw_legend`; it shrinks where there is too little room.
    corner : str
        Where the legend goes, one of `heatlas.style.legend.CORNERS`.

    Returns
    -------
    tuple of Patch
        In pixels of the window; none overlaps another.

    Raises
    ------
    BadOption
        For an unknown corner, or a picture too small for readable decorations.
    """
    if corner not in CORNERS:
        raise BadOption(f"{corner!r} is no corner for a legend: take one of {', '.join(CORNERS)}")
    if legend is None and not decorations.wanted:
        return ()
    scale = fitting_scale(window.width, window.height)
    share = 1.0
    while share >= _SMALLEST:
        patches = _placed(window, decorations, legend, corner, scale, share)
        if patches is not None:
            return patches
        share *= 0.9
    raise BadOption(
        f"a picture of {window.width} x {window.height} pixels is too small for what is to be written on it: "
        "make it larger or the text shorter, or leave out the legend, the title or the scale bar"
    )


def _placed(
    window: Window, decorations: Decorations, legend: RGBA | None, corner: str, scale: float, share: float
) -> tuple[Patch, ...] | None:
    """Lay everything out at a share of its size; None where it does not fit."""
    margin, gap = max(4, round(_MARGIN * scale * share)), round(6 * scale * share)
    width, height = window.width - 2 * margin, window.height - 2 * margin
    if min(width, height) < 1:
        return None
    corners: dict[str, list[RGBA]] = {name: [] for name in CORNERS}
    if legend is not None:
        # The legend was drawn for a picture with room, and shrinks with the rest.
        corners[corner].append(legend if share == 1 else shrunk(legend, share))
    size = scale * share
    ink = ink_for(decorations.ground, size)
    if decorations.title or decorations.subtitle:
        title = _title(decorations, ink, size, width * _TITLE_SHARE)
        if title is None:
            return None
        corners["top-left"].insert(0, title)
    if decorations.attribution:
        credit = letters([decorations.attribution], [_CREDIT * size], ink, width)
        if credit is None:
            return None
        corners["bottom-left"].append(credit)
    if decorations.scale_bar:
        below = sum(len(piece) + gap for piece in corners["bottom-left"]) + margin + ink.air
        corners["bottom-left"].append(draw_scale_bar(window, window.height - below, ink, size))
    return _stacked(corners, window.width, window.height, margin, gap)


def _stacked(
    corners: dict[str, list[RGBA]], width: int, height: int, margin: int, gap: int
) -> tuple[Patch, ...] | None:
    """Stack the pieces of each corner from the edge inwards. Where two corners meet, one is stacked onto the other."""
    for edge in ("top", "bottom"):
        left, right = corners[f"{edge}-left"], corners[f"{edge}-right"]
        if left and right and _width(left) + _width(right) + 2 * margin + gap > width:
            corners[f"{edge}-left"] = [*left, *right] if edge == "top" else []
            corners[f"{edge}-right"] = [] if edge == "top" else [*right, *left]
    patches = []
    for side in ("left", "right"):
        columns = [corners[f"{edge}-{side}"] for edge in ("top", "bottom")]
        tall = sum(len(piece) + gap for column in columns for piece in column) - gap
        if max(map(_width, columns)) > width - 2 * margin or tall > height - 2 * margin:
            return None
        for edge, column in zip(("top", "bottom"), columns, strict=True):
            used = margin
            for piece in column:
                h, w = piece.shape[:2]
                x = margin if side == "left" else width - margin - w
                patches.append(Patch(x, used if edge == "top" else height - used - h, piece))
                used += h + gap
    # A stack on one side may still meet a wide piece on the other.
    for i, one in enumerate(patches):
        if any(_meet(one, other) for other in patches[:i]):
            return None
    return tuple(patches)


def _width(column: list[RGBA]) -> int:
    return max((piece.shape[1] for piece in column), default=0)


def _meet(one: Patch, other: Patch) -> bool:
    (h, w), (k, v) = one.pixels.shape[:2], other.pixels.shape[:2]
    beside = one.left >= other.left + v or other.left >= one.left + w
    return not (beside or one.top >= other.top + k or other.top >= one.top + h)


def _title(decorations: Decorations, ink: Ink, size: float, width: float) -> RGBA | None:
    """Draw a title, over the number of lines that allows the largest letters, and the subtitle below it."""
    words = decorations.title.split()
    best: tuple[float, list[str]] = (0.0, [])
    for many in range(1, min(3, len(words)) + 1):
        lines = _wrapped(words, many)
        fits = _TITLE * size * min(1.0, 1 / (many * 0.22 + 0.78)) if many > 1 else _TITLE * size
        room = (width - 2 * ink.air - 4) / max(ink.length(line, 100.0) for line in lines) * 100.0
        if min(fits, room) > best[0]:
            best = min(fits, room), lines
    if words and best[0] < 0.5 * _TITLE * size:
        return None
    below = [decorations.subtitle] if decorations.subtitle else []
    return letters([*best[1], *below], [best[0]] * len(best[1]) + [_SUBTITLE * size] * len(below), ink, width + 1)


def _wrapped(words: list[str], many: int) -> list[str]:
    """Break words into `many` lines of about equal length."""
    lines, rest = [], list(words)
    for left in range(many, 0, -1):
        target = len(" ".join(rest)) / left
        line = [rest.pop(0)]
        while len(rest) >= left and (left == 1 or len(" ".join([*line, rest[0]])) <= target + len(rest[0]) / 2):
            line.append(rest.pop(0))
        lines.append(" ".join(line))
    return lines
