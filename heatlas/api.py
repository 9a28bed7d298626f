"""heatlas as plain functions: open recordings, look into them, draw them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.batch import COLUMNS
from heatlas.report import place_data
from heatlas.tracks import Tracks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["inspect", "open_sources", "render"]


def open_sources(
    *sources: str | Path,
    columns: Collection[str] = COLUMNS,
    workers: int | None = None,
    measure: str = "passes",
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Tracks:
    """Read recordings: Strava exports, folders, archives, and files of .gpx, .fit and .tcx.

    Parameters
    ----------
    *sources : str or Path
        What to read.
    columns : collection of str
        Columns of fixes to keep in memory; fewer take less.
    workers : int, optional
        Threads; by default one for each processor.
    measure : str
        What will be drawn from it, so that a first run can compile that meanwhile.
    progress : callable, optional
        Is told the stage, and how much of how much is done.

    Returns
    -------
    Tracks

    Raises
    ------
    BadOption
        When a path does not exist.
    """
    from heatlas.sources.load import load
    from heatlas.warm import warm_up

    def ready(names: list[str]) -> None:
        progress("compiling, only this once", 0, 0)
        warm_up(names, measure)

    batches, report = load(
        [Path(source) for source in sources],
        columns,
        workers,
        lambda done, total: progress("reading", done, total),
        ready,
    )
    return Tracks(tuple(batches), report)


def inspect(
    *sources: str | Path,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Say what is in some sources, as plain data: files, activities by sport, dates, columns and places."""
    tracks = open_sources(*sources, workers=workers, progress=progress)
    sports: dict[str, dict[str, float]] = {}
    for activity in tracks.activities:
        counts = sports.setdefault(activity.sport, {"activities": 0, "distance_m": 0.0, "moving_s": 0.0})
        counts["activities"] += 1
        counts["distance_m"] += activity.distance or 0
        counts["moving_s"] += activity.moving_time or 0
    starts = sorted(start for activity in tracks.activities if (start := activity.start) is not None)
    known = {
        name: sum(int(np.isfinite(batch.columns[name]).sum()) for batch in tracks.batches if name in batch.columns)
        for name in COLUMNS
    }
    return {
        **tracks.data(),
        "sports": dict(sorted(sports.items(), key=lambda item: (-item[1]["activities"], item[0]))),
        "first": _iso(starts[0]) if starts else None,
        "last": _iso(starts[-1]) if starts else None,
        "columns": {name: n / tracks.fixes for name, n in known.items() if n},
        "places": [place_data(place) for place in tracks.places()],
        "seconds": tracks.report.seconds,
    }


def _iso(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat().replace("+00:00", "Z")


def render(
    *sources: str | Path,
    output: str | Path,
    measure: str = "passes",
    bbox: str | None = None,
    around: str | None = None,
    everything: bool = False,
    zoom: float | None = None,
    resolution: str | None = None,
    width: int | None = None,
    smooth: str = "auto",
    tone: str | None = None,
    colormap: str | None = None,
    background: str = "none",
    legend: bool = False,
    where: str | None = None,
    sports: Collection[str] = (),
    after: str | None = None,
    before: str | None = None,
    clip_ends: str | None = None,
    zones: Collection[str] = (),
    rgba: bool = False,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Draw recordings as a heat map; the options are those of the command line.

    Parameters
    ----------
    *sources : str or Path
        Strava exports, folders, archives, and files of .gpx, .fit and .tcx.
    output : str or Path
        What to write; its ending decides how.
    measure : str
        What to count (see `heatlas.grid.parse_measure`).
    bbox, around, everything
        What to draw: "W,S,E,N" in degrees, "LAT,LON,RADIUS", or all; by default the busiest place.
    zoom, resolution, width
        How finely, at most one of them: zoom of web maps, true metres per pixel ("1m"), or pixels across.
    smooth : str
        Standard deviation of the Gaussian: "4m", "2px", "0", or "auto".
    tone : str, optional
        "log", "linear", "sqrt", "rank", "LO:HI" or "log:LO:HI" in the unit of the legend.
    colormap : str, optional
        A name or stops (see `heatlas.colormaps.colormap`).
    background : str
        "none", "dark", "light" or "#rrggbb".
    legend : bool
        Draw a bar with numbers.
    where, sports, after, before
        Which activities (see `Tracks.where` and `Tracks.select`).
    clip_ends, zones
        What to hide: a length, and circles "LAT,LON,RADIUS".
    rgba : bool
        Colours instead of values in a GeoTIFF.
    workers : int, optional
        Threads; by default one for each processor.
    progress : callable, optional
        Is told the stage, and how much of how much is done.

    Returns
    -------
    dict
        The report: what was read, drawn and written, as plain data.

    Raises
    ------
    HeatlasError
        With one sentence that says what to do.
    """
    from heatlas.job import Job

    job = Job.parse(
        output=Path(output), measure=measure, bbox=bbox, around=around, everything=everything, zoom=zoom,
        resolution=resolution, width=width, smooth=smooth, tone=tone, colormap=colormap, background=background,
        legend=legend, where=where, sports=sports, after=after, before=before, clip_ends=clip_ends, zones=zones,
        rgba=rgba,
    )  # fmt: skip
    tracks = open_sources(
        *sources,
        columns=job.measure.columns,
        workers=workers,
        measure=str(job.measure),
        progress=progress,
    )
    return job.run(tracks, workers, progress)
