"""What is asked for of points, read from the parameters of a request and held to limits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from heatlas.errors import BadOption
from heatlas.grid import parse_point_measure
from heatlas.library.point_tables import split_measure
from heatlas.parsing import parse_kernel
from heatlas.server.query import FILTER, OF_TRACKS, checked, parse_colours
from heatlas.smooth import Smoothing
from heatlas.tiling.look import Look

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from heatlas.spread import Kernel
    from heatlas.tiling.fields import Field
    from heatlas.tiling.snapshot import Snapshot

__all__ = ["doubled", "parse_point_look", "parse_spreading", "unfit_for"]

_WIDEST_PX, _WIDEST_M = 64.0, 1_000_000.0


def parse_point_look(query: QueryParams, snapshot: Snapshot, measure: str | None) -> Look | None:
    """Read a measure such as "sum(NAME)" with radius, kernel, density, colormap and tone; None: it is of tracks.

    Raises
    ------
    BadOption
        For a point set that is not there, for what is none, too wide or too long; and for filters, as the points of a
        pixel are added up already.
    """
    parts = None if measure is None else split_measure(checked("measure", measure) or "")
    if parts is None:
        return None
    reduction, name = parts
    stored = snapshot.point_sets.get(name)
    if stored is None:
        if reduction not in {"sum", "count"}:
            return None  # mean(pace): of tracks, or nothing at all
        known = ", ".join(snapshot.point_sets) or "none"
        raise BadOption(f"there is no point set {name!r}: there are {known}; write {reduction}(NAME)")
    for unfit in FILTER:
        if unfit in query:
            raise BadOption(f"{unfit} is for tracks: the points of {name} are added up already and cannot be filtered")
    if "smooth" in query:
        raise BadOption("smooth is for tracks: points have a radius, such as 15px or 500m, and a kernel")
    kernel, density = parse_spreading(query)
    if reduction != "count" and stored.weight is None:
        raise BadOption(f"the points of {name} have no weights: take count({name})")
    if density and reduction not in {"sum", "count"}:
        raise BadOption(f"density makes sense for sum and count, not for {reduction}")
    parsed = parse_point_measure(reduction, stored.weight, density)
    scale, colours = parse_colours(query, parsed)
    return Look(parsed, Smoothing(), scale, colours, name, kernel)


def unfit_for(measure: str) -> tuple[str, ...]:
    """Parameters that cannot be asked of a measure of points such as "mean(NAME)"."""
    return OF_TRACKS if measure.startswith(("sum", "count")) else (*OF_TRACKS, "density")


def parse_spreading(query: QueryParams) -> tuple[Kernel, bool]:
    """Read radius and kernel, and whether values are per square kilometre.

    Raises
    ------
    BadOption
        For what is none, or too wide.
    """
    radius = checked("radius", query.get("radius")) or "15px"
    kernel = parse_kernel(radius, checked("kernel", query.get("kernel", "gaussian")) or "")
    if kernel.pixels > _WIDEST_PX or kernel.metres > _WIDEST_M:
        raise BadOption(f"radius is too wide: at most {_WIDEST_PX:.0f}px or {_WIDEST_M / 1000:.0f}km")
    density = checked("density", query.get("density", "0"))
    if density not in {"0", "1"}:
        raise BadOption("density is 1, for values per square kilometre, or 0")
    return kernel, density == "1"


def doubled(field: Field) -> Field:
    """The same on a screen of double density, where as many pixels are half as far."""
    kernel = field.look.kernel
    if kernel is None:
        return field
    return replace(field, look=replace(field.look, kernel=replace(kernel, pixels=2 * kernel.pixels)))
