"""Pictures of tracks or points: choose and run the job that fits the sources and options."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from heatlas.api import Needs, tracks_from
from heatlas.dataset.viewport import Viewport
from heatlas.options import refuse
from heatlas.options.parsing import parse_athlete_options
from heatlas.raster.measure import parse_measure, parse_point_measure
from heatlas.rendering.finish import Finish
from heatlas.rendering.of_points import kernel_of, points_to_draw
from heatlas.sources.resolve import GivenLibrary, GivenPoints, GivenTracks, resolve

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.core.context import Context
    from heatlas.dataset.points import PointSet
    from heatlas.options import RenderOptions, StyleOptions
    from heatlas.rendering.facets import FacetJob
    from heatlas.sources.resolve import Given

__all__ = ["other_metrics", "picture", "without_cut_ends"]


def picture(sources: tuple[Any, ...], output: Path, options: RenderOptions, context: Context) -> dict[str, Any]:
    """Draw one picture.

    Returns
    -------
    dict
        The report, as plain data.
    """
    _refuse_paint(output, options.style, options.picture.rgba)
    given = resolve(sources, options.tables, options.read)
    held = points_to_draw(given, options)
    if held is not None:
        return _of_points(*held, output, options, context)
    assert not isinstance(given, GivenPoints)
    frame = Viewport.parse(options.frame, default="busiest place")
    tracks_only = "points in a table, and these are tracks: leave it out"
    refuse(options.tables, tracks_only, "weight")
    refuse(options.points, tracks_only)
    if isinstance(given, GivenLibrary) or not given.tables:
        refuse(options.tables, "tables, such as a .csv or a database: leave it out")
    from heatlas.rendering.track_job import TrackJob

    measure = parse_measure(options.measure or "passes", other_metrics(given))
    facet = options.picture.facet
    if facet is not None:
        from heatlas.rendering.facets import FacetJob, check_facet

        check_facet(output, options)
    job: TrackJob | FacetJob
    job = TrackJob.parse(measure, frame, Finish.parse(output, measure, options), options)
    reads_times = job.reads_times
    if facet is not None:
        job = FacetJob(job, facet)
    athlete = parse_athlete_options(options.athlete)
    needs = replace(Needs.of(measure, options.filter.where), times=facet is not None or reads_times)
    tracks = tracks_from(given, options.gaps, needs, context)
    if athlete is not None:
        tracks = tracks.with_athlete(athlete)
    return without_cut_ends(job.run(tracks, context), given)


def _of_points(
    opened: PointSet, written: str | None, output: Path, options: RenderOptions, context: Context
) -> dict[str, Any]:
    """Draw points with a measure (without the name of their set)."""
    from heatlas.dataset.warm_up import compile_points, points_are_cold
    from heatlas.rendering.point_job import PointJob

    frame = Viewport.parse(options.frame, default="all")
    measure = parse_point_measure(written, opened.weight, options.points.density)
    shape = options.points.kernel or "gaussian"
    job = PointJob(measure, frame, Finish.parse(output, measure, options), kernel_of(options), shape)
    if points_are_cold():
        context.progress("compiling, only this once", 0, 0)
        compile_points(measure, shape)
    return job.run(opened, context)


def without_cut_ends(report: dict[str, Any], given: Given) -> dict[str, Any]:
    """Drop open places of a library: the ends that it shows are cut, and its own report names the true ones."""
    if isinstance(given, GivenLibrary):
        report.pop("open_places", None)
    return report


def _refuse_paint(output: Path, style: StyleOptions, rgba: bool) -> None:
    """Refuse options of colours where the file holds values and no legend is written beside it."""
    ending = output.suffix.lower()
    if style.legend or rgba or ending not in {".tif", ".tiff", ".npy"}:
        return
    hint = "write a .png" if ending == ".npy" else "add --rgba, write a .png"
    shown = replace(style, background=None) if style.background == "none" else style
    refuse(shown, f"what is painted, and {output.name} holds values: {hint}, or leave it out")


def other_metrics(given: Given) -> list[str]:
    """Names of all columns of tables whose rows are fixes: each may be a metric."""
    tables = [each for each in given.tables if not each.is_stdin] if isinstance(given, GivenTracks) else []
    if not tables:
        return []
    from heatlas.sources.tables.tracks.columns import metric_names

    return [name for each in tables for name in metric_names(each.table)]
