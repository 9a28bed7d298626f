"""Films of tracks: run the job that fits the sources and options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.api import Needs, tracks_from
from heatlas.core.errors import BadOption
from heatlas.dataset.viewport import Viewport
from heatlas.options import refuse
from heatlas.options.parsing import parse_athlete_options
from heatlas.raster.measure import parse_measure
from heatlas.rendering.pictures import other_metrics, without_cut_ends
from heatlas.sources.resolve import GivenTracks, resolve_tracks

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.core.context import Context
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

    given = resolve_tracks(sources, options.tables)
    if not isinstance(given, GivenTracks) or not given.tables:
        refuse(options.tables, "tables, such as a .csv or a database: leave it out")
    elif given.track is None:
        raise BadOption(
            "a film is of tracks: say --track COLUMN where the rows of a table are their fixes, or --track all"
        )
    measure = parse_measure(options.measure or "passes", other_metrics(given))
    job = FilmJob.parse(output, measure, Viewport.parse(options.frame, default="busiest place"), options)
    athlete = parse_athlete_options(options.athlete)
    tracks = tracks_from(given, options.gaps, Needs.of(measure, options.filter.where), context)
    if athlete is not None:
        tracks = tracks.with_athlete(athlete)
    return without_cut_ends(job.run(tracks, context), given)
