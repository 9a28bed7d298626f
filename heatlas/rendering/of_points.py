"""Points that a picture or a film is asked for: opened and filtered, with the options that are for tracks refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.dataset.viewport import at_most_one
from heatlas.options import refuse
from heatlas.sources.resolve import GivenLibrary, GivenPoints

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.dataset.points import PointSet
    from heatlas.options import RenderOptions
    from heatlas.raster.point_kernel import Kernel
    from heatlas.sources.resolve import Given

__all__ = ["kernel_of", "points_to_draw"]


def points_to_draw(given: Given, options: RenderOptions) -> tuple[PointSet, str | None] | None:
    """Open the points that are to be drawn, filtered by rows.

    Returns
    -------
    (PointSet, str or None) or None
        The points, and the measure as it was asked for, without the name of a set of a library; None: tracks are meant.

    Raises
    ------
    BadOption
        For options of tracks, and as `heatlas.library.points.point_tables.chosen_points` and `PointSet.given` do.
    """
    held = _of_library(given.path, options.measure) if isinstance(given, GivenLibrary) else None
    if held is None and not isinstance(given, GivenPoints):
        return None
    of_tables = isinstance(given, GivenPoints)
    points_only = "tracks, and these are points: leave it out" + (", or say --track COLUMN" if of_tables else "")
    refuse(options.filter, points_only, "sport")
    refuse(options.hiding, points_only)
    refuse(options.own, points_only)
    refuse(options.athlete, points_only)
    refuse(options.picture, points_only, "facet")
    refuse(options.filter, points_only, "utc")
    refuse(options.gaps, points_only)
    refuse(options.public, points_only, "at_least", "round")
    if held is None:
        from heatlas.dataset.points import PointSet

        assert isinstance(given, GivenPoints)
        held = PointSet.given(given.tables), options.measure
    else:
        refuse(options.tables, "tables: say it to heatlas import")
    opened, written = held
    return opened.where(options.filter.where, options.filter.after, options.filter.before), written


def _of_library(path: Path, measure: str | None) -> tuple[PointSet, str | None] | None:
    from heatlas.library.points.point_tables import chosen_points

    return chosen_points(path, measure)


def kernel_of(options: RenderOptions) -> Kernel | None:
    """Read the kernel of points: a radius and a shape, or the width of a Gaussian; None without a radius.

    Raises
    ------
    BadOption
        For an invalid one, or for both.
    """
    from heatlas.options.parsing import kernel_of_smoothing, parse_kernel

    radius, shape, smooth = options.points.radius, options.points.kernel, options.smooth
    at_most_one({"--radius": radius, "--smooth": smooth})
    at_most_one({"--kernel": shape, "--smooth": smooth})
    if smooth is not None and smooth.strip().lower() != "auto":
        return kernel_of_smoothing(smooth)
    return None if radius is None else parse_kernel(radius, shape or "gaussian")
