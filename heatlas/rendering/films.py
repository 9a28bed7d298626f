"""Films of tracks or points: run the job that fits the sources and options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.api import Needs, tracks_from
from heatlas.dataset.viewport import Viewport
from heatlas.options import refuse
from heatlas.options.parsing import parse_athlete_options
from heatlas.raster.measure import parse_measure, parse_point_measure
from heatlas.rendering.of_points import kernel_of, points_to_draw
from heatlas.rendering.pictures import other_metrics, without_cut_ends
from heatlas.sources.resolve import GivenLibrary, GivenPoints, resolve

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.core.context import Context
    from heatlas.dataset.points import PointSet
    from heatlas.options import RenderOptions

__all__ = ["film"]


def film(sources: tuple[Any, ...], output: Path, options: RenderOptions, context: Context) -> dict[str, Any]:
    """Draw a film.

    Returns
    -------
    dict
        The report, as plain data.
    """
    from heatlas.rendering.film import FilmJob

    given = resolve(sources, options.tables, options.read)
    held = points_to_draw(given, options)
    if held is not None:
        return _of_points(*held, output, options, context)
    refuse(options.points, "points in a table, and these are tracks: leave it out")
    assert not isinstance(given, GivenPoints)
    if isinstance(given, GivenLibrary) or not given.tables:
        refuse(options.tables, "tables, such as a .csv or a database: leave it out")
    measure = parse_measure(options.measure or "passes", other_metrics(given))
    job = FilmJob.parse(output, measure, Viewport.parse(options.frame, default="busiest place"), options)
    athlete = parse_athlete_options(options.athlete)
    tracks = tracks_from(given, options.gaps, Needs.of(measure, options.filter.where), context)
    if athlete is not None:
        tracks = tracks.with_athlete(athlete)
    return without_cut_ends(job.run(tracks, context), given)


def _of_points(
    opened: PointSet, written: str | None, output: Path, options: RenderOptions, context: Context
) -> dict[str, Any]:
    """Film points with a measure (without the name of their set)."""
    from heatlas.dataset.warm_up import compile_points, points_are_cold
    from heatlas.raster.point_kernel import Kernel
    from heatlas.rendering.film.order import FilmOrder
    from heatlas.rendering.film.point_job import PointFilmJob

    refuse(options.public, "tracks: points are what their owner chose to show")
    measure = parse_point_measure(written, opened.weight, options.points.density)
    order = FilmOrder.parse(output, measure, Viewport.parse(options.frame, default="all"), options)
    shape = options.points.kernel or "gaussian"
    job = PointFilmJob(order, kernel_of(options) or Kernel(shape))
    if points_are_cold():
        context.progress("compiling, only this once", 0, 0)
        compile_points(measure, shape)
    return job.run(opened, context)
