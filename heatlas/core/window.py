"""The rectangle of pixels that is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from heatlas.core.mercator import CIRCUMFERENCE, ground_metres, to_lonlat

__all__ = ["Window"]


@dataclass(frozen=True, slots=True, repr=False)
class Window:
    """A rectangle on the lattice of square pixels that divides the projected world.

    Windows of the same scale share one lattice, so they agree pixel by pixel where they overlap.
    """

    scale: float
    """Pixels across the world: 256 * 2**zoom."""
    x: int
    """Column of the left edge, counted from the antimeridian; may lie outside the world when the
    window crosses it."""
    y: int
    """Row of the upper edge, counted from 85.0511 N."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""

    @property
    def zoom(self) -> float:
        """Zoom of 256 px tiles; a whole number for windows of tiles."""
        return math.log2(self.scale / 256)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Outer edges in EPSG:3857: left, bottom, right, top, metres of the projection."""
        size = CIRCUMFERENCE / self.scale
        left, top = self.x * size - CIRCUMFERENCE / 2, CIRCUMFERENCE / 2 - self.y * size
        return left, top - self.height * size, left + self.width * size, top

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """Outer edges in degrees: west, south, east, north; east exceeds 180 across the antimeridian."""
        west, north = to_lonlat(self.x / self.scale, self.y / self.scale)
        east, south = to_lonlat((self.x + self.width) / self.scale, (self.y + self.height) / self.scale)
        return float(west), float(south), float(east), float(north)

    @property
    def resolution(self) -> float:
        """True ground metres per pixel at the centre (mean of east-west and north-south)."""
        east, north = ground_metres((self.y + self.height / 2) / self.scale)
        return math.sqrt(float(east) * float(north)) / self.scale

    def data(self) -> dict[str, Any]:
        """Return the window as plain data."""
        return {
            "bbox": list(self.bbox),
            "width": self.width,
            "height": self.height,
            "zoom": self.zoom,
            "resolution_m": self.resolution,
        }

    def meeting(self, other: Window) -> Window | None:
        """Return the pixels that both windows hold, which have one scale; None: there are none."""
        left, top = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Window(self.scale, left, top, right - left, bottom - top) if left < right and top < bottom else None

    def grown(self, columns: int, rows: int | None = None) -> Window:
        """Return the window grown by columns on either side, and by rows (by default as many): the smoothing halo."""
        rows = columns if rows is None else rows
        return Window(self.scale, self.x - columns, self.y - rows, self.width + 2 * columns, self.height + 2 * rows)

    def __repr__(self) -> str:
        west, south, east, north = self.bbox
        return (
            f"<Window bbox {west:.5g},{south:.5g},{east:.5g},{north:.5g}: {self.width:,} x {self.height:,} px of "
            f"{self.resolution:.3g} m, zoom {self.zoom:.4g}>"
        )
