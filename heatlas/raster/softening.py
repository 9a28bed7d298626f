"""How what was counted becomes a field, for tracks and points alike: smoothed, or spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.core.frozen import frozen
from heatlas.raster.gaussian import Smoothing, halo, smooth

if TYPE_CHECKING:
    from heatlas.core.window import Window
    from heatlas.raster.grid import Grid
    from heatlas.raster.point_kernel import Kernel

__all__ = ["Softening"]


@frozen
class Softening:
    """A smoothing of tracks, or a kernel of points."""

    of: Smoothing | Kernel
    workers: int | None = None
    """Threads; None: one for each processor."""

    @property
    def local(self) -> bool:
        """Whether any part of a window is softened as in the whole, whatever rows lie in it."""
        return isinstance(self.of, Smoothing) or not self.of.metres

    def halo(self, window: Window) -> tuple[int, int]:
        """Columns on either side of a window, and rows above and below, that reach into it."""
        if isinstance(self.of, Smoothing):
            margin = halo(self.of, window)
            return margin, margin
        from heatlas.raster.point_kernel import halo as kernel_halo

        return kernel_halo(self.of, window)

    def grown(self, window: Window) -> Window:
        """A window with its halo."""
        return window.grown(*self.halo(window))

    def soften(self, counted: Grid, window: Window) -> Grid:
        """Soften a grid that holds a window and its halo, and crop it to the window."""
        part = counted.part(self.grown(window))
        if isinstance(self.of, Smoothing):
            return smooth(part, self.of, window, self.workers)
        from heatlas.raster.point_kernel import spread

        return spread(part, self.of, window, self.workers)
