"""Draw points of tables into files, with options that are checked before any work."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import NothingToDraw
from heatlas.core.frozen import frozen
from heatlas.core.memory import check_memory
from heatlas.dataset.point_extent import framed, why_no_points
from heatlas.raster.pipeline import point_heat
from heatlas.raster.point_kernel import Kernel, halo, pixel_areas
from heatlas.raster.spool import Spool, Tally
from heatlas.rendering.bands import draw_in_bands

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heatlas.core.points import Points
    from heatlas.core.window import Window
    from heatlas.dataset.points import PointSet
    from heatlas.dataset.viewport import Viewport
    from heatlas.raster.measure import Measure
    from heatlas.raster.pipeline import Drawn
    from heatlas.rendering.bands import BandedHeat
    from heatlas.rendering.finish import Finish

__all__ = ["PointJob"]

_FAINT = "some sums are below 0, the lowest is {:.4g}: too little to matter, they show as nothing"
_SCREEN = 1024
"""Pixels of the longer side of a picture that is viewed at its own size."""


@frozen
class PointJob:
    """A drawing of points with checked options."""

    measure: Measure
    frame: Viewport
    finish: Finish
    kernel: Kernel | None
    """None: a kernel of `shape` whose radius suits the size of the picture."""
    shape: str = "gaussian"
    """Shape of the kernel when no radius was given."""

    def __post_init__(self) -> None:
        if self.frame.bbox is not None:
            self._window(self.frame.bbox)

    def _window(self, box: tuple[float, float, float, float]) -> tuple[Window, int]:
        """Make the window over a box; return it with the number of rows to draw at once."""
        poster = self.finish.poster
        window = self.frame.window(box) if poster is None else poster.laid(box).window(box)
        check_memory(window, 0, 0, self.measure.bytes_per_pixel)
        self.finish.check(window)
        columns, rows = halo(self._kernel(window), window)
        return window, check_memory(window, columns, rows, self.measure.bytes_per_pixel)

    def _kernel(self, window: Window) -> Kernel:
        """Requested kernel, or one of 15 px, wider on large pictures, which are viewed from further away."""
        if self.kernel is not None:
            return self.kernel
        of_a_map = self.frame.zoom is not None or self.frame.resolution is not None
        wider = 1.0 if of_a_map else max(1.0, max(window.width, window.height) / _SCREEN)
        return Kernel(self.shape, pixels=15 * wider)

    def run(self, points: PointSet, context: Context = NOBODY) -> dict[str, Any]:
        """Count, spread, paint and write; return the report as plain data.

        Raises
        ------
        NothingToDraw
            When no point is left, or none lies in the window.
        SourceFailed
            When the table cannot be read to its end.
        """
        tally, size = Tally(), points.size
        started = time.perf_counter()

        def told(rows: int) -> None:
            context.progress("reading", rows, size)

        told(0)
        with ExitStack() as kept:
            if self.frame.bbox is not None:
                window, rows = self._window(self.frame.bbox)
                chunks: Iterable[Points] = tally(points.chunks(), told, reach=False)
            else:
                box, chunks = kept.enter_context(points.located(tally, told))
                if box is None:
                    raise NothingToDraw(why_no_points(points.name, tally))
                window, rows = self._window(framed(box, 0.0 if self.kernel is None else self.kernel.metres))
            if rows < window.height and not isinstance(chunks, Spool):  # each band reads them again
                chunks = kept.enter_context(closing(Spool(chunks)))

            def make(part: Window, context: Context) -> Drawn:
                return point_heat(chunks, part, self.measure, self._kernel(window), context)

            field = kept.enter_context(draw_in_bands(make, window, rows, context))
            read = time.perf_counter() - started - sum(field.seconds.values())
            if not field.filled:
                weightless = tally.lightest == tally.heaviest == 0
                raise NothingToDraw(why_no_points(points.name, tally, weightless=weightless))
            finish = self.finish
            if finish.poster is not None:
                finish = replace(finish, poster=finish.poster.laid(field.window.bbox))
            finished = finish.write(field, context)
            if field.sample.faint:
                finished["warnings"].append(_FAINT.format(field.sample.faint))
            if points.weight is None:
                finished["warnings"] += points.hints()
            return {
                **points.data(tally, shown=self.frame.bbox is None),
                **self._balance(tally, field),
                "choice": self.frame.choice,
                "window": window.data(),
                "kernel": self._kernel(window).data(),
                **finished,
                "seconds": {"read": read, **finished.pop("seconds")},
            }

    def _balance(self, tally: Tally, field: BandedHeat) -> dict[str, float]:
        """Balance of the weight: the part outside of the window, and for densities the drawn and the spilled part."""
        if self.measure.reduction not in {"sum", "count"}:
            return {}
        everything = tally.total if self.measure.reduction == "sum" else float(tally.points)
        outside = everything - field.total
        # A difference within rounding is 0.
        sound = abs(outside) > 1e-9 * max(abs(everything), abs(field.total))
        balance = {"outside": outside if sound else 0.0}
        if self.measure.density:
            balance["drawn"] = float((field.row_sums() * pixel_areas(field.window)).sum())
            balance["spilled"] = everything - balance["drawn"]
        return balance
