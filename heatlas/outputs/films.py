"""Films of tracks: from options as people write them to the job that draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.api import tracks_from
from heatlas.errors import BadOption
from heatlas.frame import Frame
from heatlas.grid import parse_measure
from heatlas.outputs.pictures import other_metrics, without_cut_ends
from heatlas.outputs.refusing import refuse
from heatlas.outputs.zooms import picture_zoom
from heatlas.sources.resolve import GivenTracks, resolve_tracks
from heatlas.sources.tables.given import TableOptions
from heatlas.where import names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

__all__ = ["film"]


def film(
    *sources: Any,
    output: Path,
    measure: str | None = None,
    bbox: str | None = None,
    around: str | None = None,
    everything: bool = False,
    zoom: float | str | None = None,
    resolution: str | None = None,
    width: int | None = None,
    smooth: str | None = None,
    where: str | None = None,
    sports: Collection[str] = (),
    after: str | None = None,
    before: str | None = None,
    utc: bool = False,
    clip_ends: str | None = None,
    zones: Collection[str] = (),
    max_gap: str | None = None,
    max_gap_distance: str | None = None,
    query: str | None = None,
    table: str | None = None,
    lat: str | None = None,
    lon: str | None = None,
    geometry: str | None = None,
    crs: str | None = None,
    decimal: str | None = None,
    dates: str | None = None,
    time: str | None = None,
    track: str | None = None,
    tone: str | None = None,
    colormap: str | None = None,
    background: str | None = None,
    legend: bool = False,
    every: str | None = None,
    span: str | None = None,
    duration: str | None = None,
    fps: float | None = None,
    public: bool = False,
    public_least: int | None = None,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Draw a film; the options are those of `heatlas.render`.

    Returns
    -------
    dict
        The report, as plain data.
    """
    from heatlas.film import FilmJob

    if public_least is not None and not public:
        raise BadOption("--public-least is for --public, which leaves out what is of a few: say both or none")
    columns = {
        "query": query, "table": table, "lat": lat, "lon": lon, "geometry": geometry, "crs": crs, "decimal": decimal,
        "dates": dates,
    }  # fmt: skip
    given = resolve_tracks(sources, TableOptions(**columns, time=time, track=track))
    of_tables = isinstance(given, GivenTracks) and bool(given.tables)
    if isinstance(given, GivenTracks) and of_tables and given.track is None:
        raise BadOption(
            "a film is of tracks: say --track COLUMN where the rows of a table are their fixes, or --track all"
        )
    if not of_tables:
        refuse(
            {**{f"--{name}": value for name, value in columns.items()}, "--track": track, "--time": time},
            "tables, such as a .csv or a database: leave it out",
        )
    what = parse_measure(measure or "passes", other_metrics(given))
    frame = Frame.parse(
        bbox=bbox, around=around, everything=everything, zoom=picture_zoom(zoom), resolution=resolution, width=width,
        default="busiest place",
    )  # fmt: skip
    job = FilmJob.parse(
        what, frame, output=output, tone=tone, colormap_name=colormap, background=background, legend=legend,
        smooth=smooth or "auto", where=where, sports=sports, after=after, before=before, utc=utc, clip_ends=clip_ends,
        zones=zones, every=every, span=span, duration=duration, fps=fps,
        least=(5 if public_least is None else public_least) if public else 0,
    )  # fmt: skip
    tracks = tracks_from(
        given, columns=what.columns, attributes=names_in(where), max_gap=max_gap, max_gap_distance=max_gap_distance,
        workers=workers, measure=str(what), progress=progress,
    )  # fmt: skip
    return without_cut_ends(job.run(tracks, workers, progress), given)
