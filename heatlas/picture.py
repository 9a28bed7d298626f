"""A coloured heat map, ready for a sink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Picture"]


@dataclass(frozen=True, slots=True)
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
