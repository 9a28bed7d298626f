"""Draw a film of points into a file, with options that are checked before any work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.frozen import frozen
from heatlas.dataset.point_extent import framed, why_no_points
from heatlas.raster.softening import Softening
from heatlas.raster.spool import Tally
from heatlas.rendering.film.point_cast import UNDATED, PointCast, crowded, in_order
from heatlas.rendering.film.storyboard import Storyboard

if TYPE_CHECKING:
    from heatlas.core.window import Window
    from heatlas.dataset.points import PointSet
    from heatlas.raster.point_kernel import Kernel
    from heatlas.rendering.film.order import FilmOrder

__all__ = ["PointFilmJob"]


_LISTED = 20
"""Columns of a table that a message names, at most."""


@frozen
class PointFilmJob:
    """A film of points with checked options."""

    order: FilmOrder
    kernel: Kernel

    def __post_init__(self) -> None:
        if self.order.frame.bbox is not None:
            self.window(self.order.frame.bbox)

    def window(self, box: tuple[float, float, float, float]) -> Window:
        """Make the window over a box (see `FilmOrder.window`)."""
        return self.order.window(box, Softening(self.kernel))

    def run(self, points: PointSet, context: Context = NOBODY) -> dict[str, Any]:
        """Read, sort by time, count, paint and encode; return the report as plain data.

        All points are held in memory, some 50 bytes each.

        Raises
        ------
        BadOption
            When no column says when the points were.
        NothingToDraw
            When no point is left that has a time, or none lies in the window.
        SourceFailed
            When the table cannot be read to its end.
        """
        order, tally = self.order, Tally()
        if points.time is None:
            names = ", ".join(points.parts[0][0].schema.names[:_LISTED])
            raise BadOption(
                f"a film needs to know when each row was: say --time COLUMN of {points.name}; its columns are {names}"
            )
        started = time.perf_counter()
        told = context.counting("reading")
        ordered, undated = in_order(tally(points.chunks(timed=True), lambda rows: told(rows, points.size)))
        if undated:
            tally.dropped[UNDATED] += undated
        if not len(ordered):
            dated = f"none of the {undated:,} points of {points.name} says when it was, as a film needs to know"
            raise NothingToDraw(dated if undated else why_no_points(points.name, tally))
        tally.points -= undated
        assert ordered.time is not None
        stretched = crowded(ordered.time)
        box = order.frame.bbox or framed(tally.bbox or (0.0, 0.0, 0.0, 0.0), self.kernel.metres)
        window = self.window(box)
        read = time.perf_counter()
        cast = PointCast.of(ordered, window, order.measure, self.kernel, context.workers, points.weight)
        storyboard = None if cast is None else Storyboard.plan(cast, order.script, Context(context.workers))
        if storyboard is None:
            weightless = tally.lightest == tally.heaviest == 0
            raise NothingToDraw(why_no_points(points.name, tally, weightless=weightless))
        order.write(storyboard, context)
        done = time.perf_counter()
        said = points.data(tally, shown=order.frame.bbox is None)
        said["columns"]["time"] = points.time
        if stretched:
            said["files"]["warnings"].append({"file": points.name, "reason": stretched})
        return {
            **said,
            **order.report(storyboard),
            "kernel": self.kernel.data(),
            "seconds": {"read": read - started, "film": done - read},
        }
