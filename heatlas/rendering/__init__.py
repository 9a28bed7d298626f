"""Render pictures, films, tiles and pages, each with the options that it supports.

============= ==========================================================
`kinds`       kinds of output, chosen by the name; refuses other options
`pictures`    pictures of tracks and of points
`facets`      small pictures side by side
`facet_parts` the activities of each of them
`films`       films of tracks and of points
`film`        frames of films and their formats
`tiles`       folders and archives of tiles, and pages that hold tiles
`partitions`  tiles of partitions, built by tasks on an engine
`following`   tiles that follow their sources (`--watch`, `--every`)
`track_job`   drawing of tracks with checked options
`point_job`   drawing of points with checked options
`of_points`   points that are asked for, with options of tracks refused
`bands`       drawing of large windows band by band
`child`       one output in a process of its own
`finish`      tone, colours, legend and writing
`poster`      sheets of paper: the map composed, and what stands below
============= ==========================================================
"""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, Unpack

from heatlas.core.context import Context, silent
from heatlas.core.wording import worded_report
from heatlas.options import RenderOptions, gather
from heatlas.options.signature import with_keywords

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heatlas.core.context import Progress
    from heatlas.options.keywords import RenderKeywords

__all__ = ["render"]


@with_keywords(RenderOptions)
def render(
    *sources: Any,
    output: str | Path,
    told: Callable[[dict[str, Any]], None] | None = None,
    workers: int | None = None,
    progress: Progress = silent,
    **options: Unpack[RenderKeywords],
) -> dict[str, Any]:
    """Draw recordings or points as a heat map.

    Parameters
    ----------
    *sources : str, Path or object
        Strava exports, folders, archives, and files of .gpx, .fit and .tcx; a library; or tables (see
        `heatlas.open_points`), whose rows are points, or, with `track`, the fixes of tracks.
    output : str or Path
        File or folder to write; the ending decides the format. Pictures: .png, .webp, .tif, .kmz, .npy, .pdf. Films:
        .mp4, .gif, and .webp with an option of films. Tiles: .pmtiles, .mbtiles, .sqlitedb, or a folder. A page: .html.
    told : callable, optional
        For tiles with `watch` or `every`: is called with the report of each run, until KeyboardInterrupt.
    workers : int, optional
        Threads; by default one for each processor.
    progress : callable, optional
        Is called with the stage, the amount done and the total amount.
    **options
        Options of the command line, under the names of `heatlas.options.RenderOptions`. Here a text option may also be
        a number of metres, a sequence of numbers, or an object of `datetime`.

    Returns
    -------
    dict
        The report: what was read, drawn and written, as plain data.

    Raises
    ------
    HeatlasError
        With one sentence that says what to do.
    """
    from heatlas.rendering.kinds import make
    from heatlas.sources.resolve import refuse_odd
    from heatlas.tracks.metrics.own import metrics_defined

    refuse_odd(sources)
    if not isinstance(options.get("weight"), (str, NoneType)):
        from heatlas.sources.tables.files.array_weights import with_array_weights

        sources, options = with_array_weights(sources, options)  # type: ignore[assignment]
    asked = gather(RenderOptions, options)
    with metrics_defined(asked.own.metric):
        return worded_report(make(sources, output, asked, Context(workers, progress, told)))
