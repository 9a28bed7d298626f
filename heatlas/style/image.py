"""A coloured heat map, ready to be written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Picture", "Pixels"]


class Pixels(Protocol):
    """A picture that is read by rows: in memory, or painted while it is written."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @property
    def palette(self) -> NDArray[np.uint8] | None:
        """(256, 4) RGBA, or None where rows are RGBA."""

    @property
    def opaque(self) -> bool:
        """Whether every pixel is opaque; False when unknown."""

    def rows(self, first: int, last: int) -> Picture:
        """Rows `first` to `last`; cheapest when requested from the top downwards."""


@frozen
class Picture:
    """Pixels in colour: either an index into a palette, or straight (not premultiplied) RGBA."""

    pixels: NDArray[np.uint8]
    """(height, width) palette indices, or (height, width, 4) RGBA when there is no palette."""
    palette: NDArray[np.uint8] | None = None
    """(256, 4) RGBA, or None."""

    @property
    def rgba(self) -> NDArray[np.uint8]:
        """(height, width, 4) RGBA of every pixel."""
        if self.palette is None:
            return self.pixels
        return (
            np.ascontiguousarray(self.palette)
            .view(np.uint32)
            .ravel()
            .take(self.pixels)
            .view(np.uint8)
            .reshape(*self.pixels.shape, 4)
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        height, width = self.pixels.shape[:2]
        return height, width

    @property
    def opaque(self) -> bool:
        """Whether every pixel is opaque."""
        if self.palette is None:
            alpha = self.pixels[..., 3]
            return bool((alpha[:1] == 255).all() and (alpha == 255).all())  # most that are not show it at once
        return bool((self.palette[:, 3] == 255).all())

    def rows(self, first: int, last: int) -> Picture:
        """Rows `first` to `last`, as a view."""
        return replace(self, pixels=self.pixels[first:last])
