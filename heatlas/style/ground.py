"""Grounds below the heat of a picture, painted in strips of rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.style.image import Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.style.image import Pixels

    Colour = tuple[int, int, int]

__all__ = ["Ground", "OnGround", "Painted"]

_WATER_DARK, _WATER_LIGHT = (4, 8, 16), (176, 199, 216)
_STRIP = 1 << 22
"""Pixels of a strip that is painted at once."""


class Painted(Protocol):
    """What `OnGround` needs of a ground."""

    def rows(self, first: int, last: int) -> NDArray[np.uint8]:
        """(last - first, width, 3) RGB of rows `first` to `last`; cheapest from the top downwards."""


@dataclass(slots=True)
class Ground:
    """The ground of a window: land in one colour, and water that is faint against it."""

    window: Window
    land: Colour
    strip: tuple[int, NDArray[np.uint8]] | None = None
    """First row and pixels of the strip that was painted last."""

    def rows(self, first: int, last: int) -> NDArray[np.uint8]:
        """(last - first, width, 3) RGB of rows `first` to `last`; cheapest from the top downwards."""
        high = max(64, _STRIP // self.window.width)
        parts, row = [], first
        while row < last:
            top = row // high * high
            if self.strip is None or self.strip[0] != top:
                height = min(high, self.window.height - top)
                self.strip = top, self._painted(replace(self.window, y=self.window.y + top, height=height))
            end = min(last, top + high)
            parts.append(self.strip[1][row - top : end - top])
            row = end
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _painted(self, window: Window) -> NDArray[np.uint8]:
        """(height, width, 3) RGB of some rows."""
        raise NotImplementedError

    @property
    def _dark(self) -> bool:
        return sum(self.land) < 3 * 128

    @property
    def _water(self) -> Colour:
        return self._mixed(_WATER_DARK, 0.6) if self._dark else self._mixed(_WATER_LIGHT, 0.6)

    def _mixed(self, other: Colour, share: float) -> Colour:
        red, green, blue = (round(a + share * (b - a)) for a, b in zip(self.land, other, strict=True))
        return red, green, blue


@frozen
class OnGround:
    """A transparent picture on a ground, painted row by row (see `heatlas.style.image.Pixels`)."""

    picture: Pixels
    ground: Painted

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.picture.shape

    @property
    def palette(self) -> NDArray[np.uint8] | None:
        """None: there are more colours than a palette can hold."""
        return None

    @property
    def opaque(self) -> bool:
        """Whether every pixel is opaque."""
        return True

    def rows(self, first: int, last: int) -> Picture:
        """Paint rows `first` to `last`."""
        heat = self.picture.rows(first, last).rgba
        below = self.ground.rows(first, last)
        alpha = heat[..., 3:].astype(np.uint16)
        pixels = np.empty_like(heat)
        pixels[..., :3] = (heat[..., :3] * alpha + below * (255 - alpha) + 127) // 255
        pixels[..., 3] = 255
        return Picture(pixels)
