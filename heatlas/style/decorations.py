"""Decorations of a picture: title, legend, scale bar and attribution, placed beside the heat and beside each other."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.style.image import Picture
from heatlas.style.legend import CORNERS, fitting_scale, over, shrunk
from heatlas.style.scale_bar import draw_scale_bar
from heatlas.style.text import Ink, ink_for, letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.style.cover import Cover
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
_TALLEST, _LEAST_TITLE = 0.09, 16.0
"""Size of a title, at most, as a share of the shorter side of a picture; pixels to which that does not apply."""


@frozen(kw_only=True)
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


@frozen
class Patch:
    """A decoration in its place."""

    left: int
    top: int
    pixels: RGBA


@frozen
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
    window: Window,
    decorations: Decorations,
    legend: RGBA | None,
    corner: str = "",
    cover: Cover | None = None,
) -> tuple[Patch, ...]:
    """Draw the decorations of a window and place each of them in the corner where it hides least heat.

    Parameters
    ----------
    window : Window
        Window of the picture. Its size sets the size of letters, its latitudes the length of the scale bar.
    decorations : Decorations
        As far as it hides no heat, the title goes to the upper left, the scale bar and the attribution to the lower
        left, and the legend to the lower right.
    legend : ndarray of uint8 or None
        (h, w, 4) RGBA of `heatlas.style.legend.draw_legend`; it shrinks where there is too little room.
    corner : str
        Where the legend must go, one of `heatlas.style.legend.CORNERS`; empty: where it hides least.
    cover : Cover, optional
        Where the heat is; None: unknown, and everything goes where it usually is.

    Returns
    -------
    tuple of Patch
        In pixels of the window; none overlaps another. The same cover gives the same places.

    Raises
    ------
    BadOption
        For an unknown corner, or a picture too small for readable decorations.
    """
    if corner and corner not in CORNERS:
        raise BadOption(f"{corner!r} is no corner for a legend: take one of {', '.join(CORNERS)}")
    if legend is None and not decorations.wanted:
        return ()
    scale = fitting_scale(window.width, window.height)
    share = 1.0
    while share >= _SMALLEST:
        pieces = _pieces(window, decorations, legend, corner, scale, share)
        patches = None if pieces is None else _least_hiding(window, pieces, scale * share, cover)
        if patches is not None:
            return patches
        share *= 0.9
    raise BadOption(
        f"a picture of {window.width} x {window.height} pixels is too small for what is to be written on it: "
        "make it larger or the text shorter, or leave out the legend, the title or the scale bar"
    )


@frozen
class _Piece:
    """A decoration that is drawn, or a scale bar, which depends on its place."""

    pixels: RGBA
    corners: tuple[str, ...]
    """Where it may go, the usual corner first."""
    edge: str = ""
    """Edge of the picture, "top" or "bottom", next to which it lies in a corner there."""
    ink: Ink | None = None
    """Of a scale bar."""


def _pieces(
    window: Window, decorations: Decorations, legend: RGBA | None, corner: str, scale: float, share: float
) -> list[_Piece] | None:
    """Draw everything at a share of its size; None where a text is too long."""
    size = scale * share
    width = window.width - 2 * _margin(size)
    if min(width, window.height - 2 * _margin(size)) < 1:
        return None
    pieces = []
    if legend is not None:
        # The legend was drawn for a picture with room, and shrinks with the rest.
        drawn = legend if share == 1 else shrunk(legend, share)
        pieces.append(_Piece(drawn, (corner,) if corner else CORNERS))
    ink = ink_for(decorations.ground, size)
    if decorations.title or decorations.subtitle:
        largest = min(_TITLE * size, share * max(_LEAST_TITLE, _TALLEST * min(window.width, window.height)))
        title = _title(decorations, ink, largest, size, width * _TITLE_SHARE)
        if title is None:
            return None
        pieces.append(_Piece(title, ("top-left", "top-right", "bottom-left", "bottom-right"), edge="top"))
    if decorations.attribution:
        credit = letters([decorations.attribution], [_CREDIT * size], ink, width)
        if credit is None:
            return None
        pieces.append(_Piece(credit, ("bottom-left", "bottom-right"), edge="bottom"))
    if decorations.scale_bar:
        bar = draw_scale_bar(window, window.height - _margin(size) - ink.air, ink, size)
        pieces.append(_Piece(bar, ("bottom-left", "bottom-right", "top-left", "top-right"), ink=ink))
    return pieces


def _margin(size: float) -> int:
    return max(4, round(_MARGIN * size))


def _least_hiding(window: Window, pieces: list[_Piece], size: float, cover: Cover | None) -> tuple[Patch, ...] | None:
    """Choose the corners that hide least heat, and of these the usual ones; None where nothing fits."""
    best: tuple[tuple[int, int], tuple[Patch, ...]] | None = None
    for unusual, patches in _layouts(window, pieces, size, usual=cover is None):
        hidden = 0
        if cover is not None:
            hidden = sum(cover.under(p.left, p.top, p.pixels.shape[1], p.pixels.shape[0]) for p in patches)
        if best is None or (hidden, unusual) < best[0]:
            best = (hidden, unusual), patches
    return None if best is None else best[1]


def _layouts(
    window: Window, pieces: list[_Piece], size: float, *, usual: bool
) -> Iterator[tuple[int, tuple[Patch, ...]]]:
    """Lay the pieces out in all ways that fit, or in the usual one, with how unusual their corners are."""
    margin, gap = _margin(size), round(6 * size)

    @cache
    def bar(row: int, ink: Ink) -> RGBA:
        """Draw it once for a row: dozens of layouts have it in one of a few."""
        return draw_scale_bar(window, row, ink, size)

    for choice in product(*(range(1 if usual else len(piece.corners)) for piece in pieces)):
        corners: dict[str, list[RGBA]] = {name: [] for name in CORNERS}
        for piece, chosen in zip(pieces, choice, strict=True):
            name = piece.corners[chosen]
            column, drawn, ink = corners[name], piece.pixels, piece.ink
            if ink is not None:
                beside = sum(len(other) + gap for other in column) + margin
                row = beside + len(drawn) if name.startswith("top") else window.height - beside
                drawn = bar(row - ink.air, ink)
            column.insert(0 if piece.edge and name.startswith(piece.edge) else len(column), drawn)
        patches = _stacked(corners, window.width, window.height, margin, gap)
        if patches is not None:
            yield sum(choice), patches


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


def _title(decorations: Decorations, ink: Ink, largest: float, size: float, width: float) -> RGBA | None:
    """Draw a title, over the number of lines that allows the largest letters, and the subtitle below it."""
    words = decorations.title.split()
    best: tuple[float, list[str]] = (0.0, [])
    for many in range(1, min(3, len(words)) + 1):
        lines = _wrapped(words, many)
        fits = largest * min(1.0, 1 / (many * 0.22 + 0.78)) if many > 1 else largest
        room = (width - 2 * ink.air - 4) / max(ink.length(line, 100.0) for line in lines) * 100.0
        if min(fits, room) > best[0]:
            best = min(fits, room), lines
    if words and best[0] < 0.5 * largest:
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
